"""A day with Python's jira (Debian's python3-jira), configured as its documentation says and
otherwise left alone. Says what it saw as JSON, one line a step: {"step", "value"} or {"step",
"error", "status"}; what that ought to be is the test's business.

usage: journey.py SERVER AUTH FILE STEPS   AUTH: "basic:NAME:SECRET" or "token:SECRET"
STEPS: names of the functions below, with commas between them, in that order
"""
import hashlib
import json
import logging
import os
import sys

from jira import JIRA
from jira.exceptions import JIRAError

logging.disable(logging.CRITICAL)
server, auth, big_file, steps = sys.argv[1:]
kind, _, rest = auth.partition(":")
signs_on = {"basic_auth": tuple(rest.split(":", 1))} if kind == "basic" else {"token_auth": rest}

found = {}  # what one step leaves to the next
links = []  # every address of REST that a record named


def client():
    if "jira" not in found:
        found["jira"] = JIRA(server, **signs_on)
    return found["jira"]


def note_links(raw):
    """Keeps the addresses of a record that clients follow."""
    if isinstance(raw, dict):
        for value in raw.values():
            note_links(value)
    elif isinstance(raw, list):
        for value in raw:
            note_links(value)
    elif isinstance(raw, str) and "/rest/" in raw and raw.startswith("http"):
        links.append(raw)


def sign_on():
    jira = client()
    me = jira.myself()
    note_links(me)
    return {"who": me["displayName"], "cloud": jira._is_cloud, "site": jira.server_info()["baseUrl"]}


def lists():
    jira = client()
    projects = jira.projects()
    note_links([each.raw for each in projects])
    return {
        "projects": sorted(each.key for each in projects),
        "project": jira.project("OPS").name,
        "types": [each.name for each in jira.issue_types()],
        "priorities": [each.name for each in jira.priorities()],
        "statuses": [each.name for each in jira.statuses()],
        "fields": any(each["id"] == "summary" for each in jira.fields()),
    }


def create():
    jira = client()
    issue = jira.create_issue(
        project="OPS", issuetype={"name": "Task"}, summary="Grüße 🌻", description="Port 7\n\nis dead"
    )
    found["issue"] = issue
    note_links(issue.raw)
    return {"key": issue.key, "summary": issue.fields.summary, "description": issue.fields.description,
            "reporter": issue.fields.reporter.displayName}


def edit():
    """Follows `self`."""
    issue = found["issue"]
    issue.update(fields={"summary": "Changed", "labels": ["a"]})
    issue.add_field_value("labels", "b")
    issue = client().issue(issue.key)
    return {"summary": issue.fields.summary, "labels": issue.fields.labels}


def comment():
    jira = client()
    issue = found["issue"]
    made = jira.add_comment(issue, "one")
    note_links(made.raw)
    made.update(body="two")
    bodies = [each.body for each in jira.comments(issue)]
    made.delete()
    return {"bodies": bodies, "left": len(jira.comments(issue))}


def transition():
    jira = client()
    issue = found["issue"]
    names = [each["name"] for each in jira.transitions(issue)]
    jira.transition_issue(issue, "In Progress")
    return {"names": names, "status": jira.issue(issue.key).fields.status.name}


def assign():
    jira = client()
    issue = found["issue"]
    jira.assign_issue(issue, "Bob Builder")
    return jira.issue(issue.key).fields.assignee.displayName


def worklog():
    jira = client()
    made = jira.add_worklog(found["issue"], timeSpent="1h 30m", comment="done")
    seconds = [each.timeSpentSeconds for each in jira.worklogs(found["issue"])]
    made.delete()
    return {"seconds": seconds, "left": len(jira.worklogs(found["issue"]))}


def watch_and_link():
    jira = client()
    issue = found["issue"]
    jira.create_issue_link("Blocks", issue.key, "OPS-1")
    links_now = jira.issue(issue.key).fields.issuelinks
    jira.delete_issue_link(links_now[0].id)
    return {"links": len(links_now), "watchers": jira.watchers(issue).watchCount}


def attach():
    """Follows `content`."""
    jira = client()
    with open(big_file, "rb") as file:
        made = jira.add_attachment(found["issue"], file, filename="Plan ä.bin")
    note_links(made.raw)
    got = hashlib.sha256()
    for part in jira.attachment(made.id).iter_content(1 << 16):
        got.update(part)
    with open(big_file, "rb") as file:
        wanted = hashlib.sha256(file.read()).hexdigest()
    whole = hashlib.sha256(jira.attachment(made.id).get()).hexdigest()
    jira.delete_attachment(made.id)
    return {"name": made.filename, "size": made.size == os.path.getsize(big_file),
            "same": got.hexdigest() == wanted and whole == wanted,
            "left": len(jira.issue(found["issue"].key).fields.attachment)}


def search():
    """The old search, which Jira has removed: pages by startAt, needs a total."""
    jira = client()
    page = jira.search_issues("project = ACME ORDER BY key", startAt=2, maxResults=3)
    note_links([each.raw for each in page])
    every = jira.search_issues("project = ACME ORDER BY key", maxResults=False)
    return {"page": [each.key for each in page], "start": page.startAt, "total": page.total >= 10,
            "summary": bool(page[0].fields.summary), "all": len(every) == page.total,
            "distinct": len({each.key for each in every}) == len(every)}


def users():
    jira = client()
    return {
        "search": [each.displayName for each in jira.search_users(query="bob")],
        "assignable": [each.displayName for each in
                       jira.search_assignable_users_for_projects("b", "OPS")]
        if not jira._is_cloud else
        [each.displayName for each in jira.search_assignable_users_for_issues(
            query="bob", project="OPS")],
    }


def delete():
    jira = client()
    found["issue"].delete()
    try:
        jira.issue(found["issue"].key)
    except JIRAError as error:
        return {"status": error.status_code, "text": error.text}
    return "it is still there"


def stay():
    """Where the records' addresses led to."""
    away = [each for each in links if not each.startswith(server + "/rest/")]
    return {"links": len(links), "away": away[:5]}


# What a client prints when something is wrong.

def field_error():
    return client().create_issue(project="OPS", issuetype={"name": "Task"}, summary="x",
                                 duedate="never")


def no_right():
    """Bob may read HR and nothing more."""
    return client().create_issue(project="HR", issuetype={"name": "Task"}, summary="x",
                                 customfield_10031={"value": "Sales"})


def not_found():
    return client().issue("NOPE-1")


def projects():
    return [each.key for each in client().projects()]


def limited():
    """Without its own repeats, which wait for long and want headers that only Data Center sends."""
    return [each.key for each in JIRA(server, max_retries=0, **signs_on).projects()]


def old_search():
    return client().search_issues("project = ACME ORDER BY key")[0].key


def validate():
    """The documentation's validate=True asks for the session, which is not below /rest/api."""
    return JIRA(server, validate=True, **signs_on).myself()["displayName"]


for name in steps.split(","):
    try:
        print(json.dumps({"step": name, "value": globals()[name]()}), flush=True)
    except JIRAError as error:
        print(json.dumps({"step": name, "error": error.text, "status": error.status_code,
                          "print": str(error)}), flush=True)
    except Exception as error:  # whatever else: the test shows it
        print(json.dumps({"step": name, "error": f"{type(error).__name__}: {error}"}), flush=True)
