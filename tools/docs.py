#!/usr/bin/env python3
"""Writes the reference pages of docs/ that repeat a table: catalogue.md, errors.md, routes.md, and the settings
in configuration.md (between its two markers; the rest of that page is written by hand).

usage: docs.py [--check]      --check writes nothing, names the stale pages and exits with 1

tests/scenario/docs.test.mjs runs the check, and reads the pages itself.
"""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BEGIN = "<!-- settings: written by `make docs` from tables/settings.def -->"
END = "<!-- end of settings -->"


def table(name, word):
    """The table's lines in order: ("section", text) for a lone comment, else ("row", [fields])."""
    source = (ROOT / "tables" / name).read_text(encoding="utf-8")
    source = re.sub(r"\A\s*/\*.*?\*/", "", source, flags=re.S)
    lines = []
    for comment, inside in re.findall(rf"^/\* (.*?) \*/$|^{word}\((.*)\)$", source, flags=re.M):
        if comment:
            lines.append(("section", comment))
        else:
            fields = re.findall(r'"((?:[^"\\]|\\.)*)"|([^\s,"]+)', inside)
            lines.append(("row", [quoted or bare for quoted, bare in fields]))
    rows = sum(kind == "row" for kind, _ in lines)
    if rows != len(re.findall(rf"^{word}\(", source, flags=re.M)) or not rows:
        sys.exit(f"docs: cannot read every {word} line of tables/{name}")
    return lines


def cell(text):
    return text.replace("|", "\\|")


def code(text):
    return f"`{text}`" if text else ""


def settings():
    out = [BEGIN, "", "| Variable | Flag | Without it | What it is |", "|---|---|---|---|"]
    for kind, row in table("settings.def", "SETTING"):
        if kind == "row":
            _, variable, flag, fallback, _, text = row
            out.append(f"| `{variable}` | {code(flag) or 'none'} | {code(fallback)} | {cell(text)} |")
    return "\n".join([*out, "", END])


def configuration():
    page = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        sys.exit("docs: docs/configuration.md has lost its markers around the settings")
    return head + settings() + tail


ERRORS_HEAD = """# Errors

What can go wrong, for whoever calls the API. The answer is `application/problem+json`, see
[api.md](api.md#errors). Decide by `code`, which never changes; `detail` is for people, and often
more exact than the sentence here. 429 and 503 say in `Retry-After` when to come back.

Written by `make docs` from [tables/errors.def](../tables/errors.def)."""


def errors():
    out, shown = [ERRORS_HEAD], True
    for kind, row in table("errors.def", "ERR"):
        if kind == "section":
            shown = not row.startswith("internal")
            if shown:
                out.append(f"\n## {row[0].upper()}{row[1:]}\n")
                out.append("| Code | Status | What it says |\n|---|---|---|")
        elif shown:
            _, word, status, sentence = row
            out.append(f"| `{word}` | {status} | {cell(sentence)} |")
    return "\n".join(out) + "\n"


ROUTES_HEAD = """# Routes

Every address and who may use it. JSON is under `/api/v1`; where there is a page, a browser gets it
at the same path without the prefix. A browser's form posts with `?_method=PATCH` or
`?_method=DELETE`. What goes in and out: [api.md](api.md).

Written by `make docs` from [tables/routes.def](../tables/routes.def) and
[tables/permissions.def](../tables/permissions.def).

## Who

Nobody signed in gets `not_signed_in` where that is needed. Whoever is not in an app gets
`not_found` for everything below it, so nobody learns which apps exist.

| | Who that is |
|---|---|"""

ROUTES_TABLE = """
## Addresses

Body: `form` up to 64 KiB of JSON or form fields, `request` up to 4 MiB. "asks Jira" means that the
answer waits for Atlassian.

| Method | Path | Who | Body | Page | |
|---|---|---|---|---|---|"""


def words(name):
    return name.lower().replace("_", " ")


def routes():
    out = [ROUTES_HEAD]
    for kind, row in table("permissions.def", "PERMISSION"):
        if kind == "row":
            out.append(f"| {words(row[0])} | {cell(row[2])} |")
    out.append(ROUTES_TABLE)
    for kind, row in table("routes.def", "ROUTE"):
        if kind == "row":
            method, path, who, body, page, _, finish, _ = row
            waits = "asks Jira" if finish != "0" else ""
            wants = "" if body == "NONE" else words(body)
            shown = "yes" if page else ""
            out.append(f"| {method} | `{path}` | {words(who)} | {wants} | {shown} | {waits} |")
    return "\n".join(out) + "\n"


CATALOGUE_HEAD = """# The catalogue

Actions that are ready to be added to any app with a Jira connection: Actions, Catalogue, Add. Adding saves the
requests and the action in the app and applies it; from then on both are the app's own and can be changed. Long
texts are written in Markdown; Jira gets its own format, and what comes back is shown as Markdown.

Written by `make docs` from [tables/catalogue](../tables/catalogue), of which every file is one of them."""


def limits(one):
    """What an input wants, in words."""
    of = {"text": "letters", "textarea": "letters", "multiselect": "chosen"}.get(one["type"], "")
    said = [f"{word} {one[key]} {of}".strip() for key, word in (("min", "at least"), ("max", "at most")) if key in one]
    if "default" in one:
        shown = [each["label"] for each in one.get("options", []) if each["value"] == one["default"]]
        said.append(f"without it {shown[0] if shown else one['default']}")
    if "options" in one:
        said.append("one of " + ", ".join(each["label"] for each in one["options"]))
    if "options_from" in one:
        said.append(f"from the request {one['options_from']['request']}")
    return "; ".join([*([one["help"].rstrip(".")] if "help" in one else []), *said])


def shown_as(output):
    kind = {"table": "a table", "key_value": "values", "text": "a text", "bar": "bars", "raw": "the answer"}[output["type"]]
    parts = [each["label"] for each in output.get("columns", output.get("pairs", []))]
    title = f"{output['title']}: " if "title" in output else ""
    return f"- {title}{kind}{' with ' + ', '.join(parts) if parts else ''}"


def catalogue_entry(name, entry):
    action = entry["action"]
    out = [f"\n### {entry['name']}\n", entry["description"], f"\nEntry `{name}`."]
    if action.get("confirm"):
        out.append("A dry run shows what would be sent; it runs only when that is confirmed.")
    if action["inputs"]:
        out.append("\n| Input | | Type | Mandatory | |\n|---|---|---|---|---|")
    for one in action["inputs"]:
        out.append(f"| {one['label']} | `{one['id']}` | {one['type']} | {'yes' if one.get('mandatory') else ''} | {cell(limits(one))} |")
    out.append("\nIt sends:\n")
    for step in action["steps"]:
        request = entry["requests"][step["request"]]
        each = f", once for each item, {step.get('limit', 100)} at most" if "for_each" in step else ""
        out.append(f"- {step['request']}: `{request['method']} {request['path']}`{each}")
    sources = dict.fromkeys(one["options_from"]["request"] for one in action["inputs"] if "options_from" in one)
    out += [f"- {source}, for options: `{entry['requests'][source]['method']} {entry['requests'][source]['path']}`" for source in sources]
    return [*out, "\nIt shows:\n", *map(shown_as, action["outputs"])]


def catalogue():
    entries = [(path.stem, json.loads(path.read_text(encoding="utf-8")))
               for path in sorted((ROOT / "tables/catalogue").glob("*.json"))]
    out = [CATALOGUE_HEAD]
    for category in dict.fromkeys(sorted(entry["category"] for _, entry in entries)):
        out.append(f"\n## {category}")
        for name, entry in entries:
            if entry["category"] == category:
                out += catalogue_entry(name, entry)
    return "\n".join(out) + "\n"


def main():
    pages = {"catalogue.md": catalogue(), "configuration.md": configuration(), "errors.md": errors(), "routes.md": routes()}
    stale = []
    for name, text in pages.items():
        path = ROOT / "docs" / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in sys.argv[1:]:
                path.write_text(text, encoding="utf-8")
    if "--check" in sys.argv[1:] and stale:
        sys.exit(f"docs: {', '.join(stale)} no longer match tables/; run `make docs`")


main()
