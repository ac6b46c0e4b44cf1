#!/usr/bin/env python3
"""Writes the reference pages of docs/ that repeat a table: errors.md, routes.md, and the settings
in configuration.md (between its two markers; the rest of that page is written by hand).

usage: docs.py [--check]      --check writes nothing, names the stale pages and exits with 1

tests/scenario/docs.test.mjs runs the check, and reads the pages itself.
"""
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


def main():
    pages = {"configuration.md": configuration(), "errors.md": errors(), "routes.md": routes()}
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
