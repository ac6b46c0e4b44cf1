#!/usr/bin/env python3
"""Holds the tree against tables/layers.txt: who includes whom, include order, banned calls, who
exposes secrets, lengths of files and functions, raw tags in templates. Prints file:line: what, and
exits with 1 when there was anything. Text only; the compiler does the rest."""

import pathlib
import re
import subprocess
import sys

FUNCTION_MAX = 100
FILE_MAX = 1000
COLUMNS_MAX = 100
found = []


def say(path, line, what):
    found.append(f"{path}:{line}: {what}")


def read_table():
    layers, libraries, expose, banned = {}, {}, [], {}
    for line in pathlib.Path("tables/layers.txt").read_text().splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("expose "):
            expose.append(line.split()[1])
        elif line.startswith("ban "):
            _, name, *files = line.split()
            banned[name] = files
        elif ">" in line:
            prefix, users = line.split(">")
            libraries[prefix.strip()] = users.split()
        else:
            name, uses = line.split(":")
            layers[name.strip()] = uses.split()
    return layers, libraries, expose, banned


def code_only(text):
    """Comments and strings blanked, line structure kept."""
    blank = lambda m: re.sub(r"[^\n]", " ", m.group(0))
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.S)


def include_order(path, lines):
    """Groups: own header, system and library headers, ours; each sorted."""
    includes = [(n, m.group(1)) for n, l in enumerate(lines, 1)
                if (m := re.match(r'#include ([<"][^>"]+[>"])', l))]
    includes = [(n, i) for n, i in includes if not i.endswith('.def"')]
    rank = lambda i: 1 if i.startswith("<") else 2
    # A .c file may name its own header, and a test its support header, first.
    if includes and rank(includes[0][1]) == 2 and len(includes) > 1:
        includes = includes[1:]
    ranks = [rank(i) for _, i in includes]
    if ranks != sorted(ranks):
        say(path, includes[0][0], "includes: own header, then <...>, then ours")


def check_includes(path, layer, lines, layers, libraries):
    for number, line in enumerate(lines, 1):
        match = re.match(r'\s*#include ([<"])([^>"]+)[>"]', line)
        if not match:
            continue
        kind, name = match.groups()
        if kind == '"' and "/" in name and not name.endswith(".def"):
            used = name.split("/")[0]
            if used != layer and used not in layers[layer]:
                say(path, number, f"{layer} may not use {used} (tables/layers.txt)")
        for prefix, users in libraries.items():
            if name.startswith(prefix) and layer not in users:
                say(path, number, f"{layer} may not include <{name}> (tables/layers.txt)")


def check_calls(path, code, expose, banned):
    for name, files in banned.items():
        if any(str(path).startswith(f) for f in files):
            continue
        for match in re.finditer(rf"(?<![\w.>]){name}\s*\(", code):
            say(path, code.count("\n", 0, match.start()) + 1, f"{name}() is banned")
    if any(str(path).startswith(e) for e in expose):
        return
    for match in re.finditer(r"\bsecret_expose\s*\(", code):
        say(path, code.count("\n", 0, match.start()) + 1, "secret_expose() is not for this file")


def check_lengths(path, lines):
    if len(lines) > FILE_MAX:
        say(path, FILE_MAX, f"{len(lines)} lines; {FILE_MAX} at most")
    for number, line in enumerate(lines, 1):
        if len(line.expandtabs()) > COLUMNS_MAX:
            say(path, number, f"more than {COLUMNS_MAX} columns")


def check_functions(paths):
    tags = subprocess.run(["ctags", "--fields=+ne", "--c-kinds=f", "-f", "-", *map(str, paths)],
                          capture_output=True, text=True, check=True).stdout
    for line in tags.splitlines():
        name, path, *rest = line.split("\t")
        fields = dict(f.split(":", 1) for f in rest if ":" in f)
        length = int(fields.get("end", 0)) - int(fields["line"]) + 1
        if length > FUNCTION_MAX:
            say(path, fields["line"], f"{name}() has {length} lines; {FUNCTION_MAX} at most")


def check_templates():
    for path in sorted(pathlib.Path("ui").glob("*.html")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            # What the provider makes of Markdown is the one text that is HTML (core/provider.h).
            if "{{{" in line.replace("{{{html}}}", "") or "{{&" in line:
                say(path, number, "unescaped tag")
            if re.search(r"<(script|style)[\s>](?![^>]*src=)|\sstyle=|\son\w+=", line):
                say(path, number, "inline script or style: the page's policy forbids it")


def main():
    layers, libraries, expose, banned = read_table()
    sources = sorted(p for d in ("src", "tests") for p in pathlib.Path(d).rglob("*.[ch]")
                     if "node_modules" not in p.parts)
    for path in sources:
        text = path.read_text()
        lines = text.splitlines()
        include_order(path, lines)
        if path.parts[0] != "src":
            continue
        layer = path.parts[1]
        if not text.startswith("/*"):
            say(path, 1, "a file opens with what it is for")
        check_includes(path, layer, lines, layers, libraries)
        check_calls(path, code_only(text), expose, banned)
        check_lengths(path, lines)
    check_functions([p for p in sources if p.parts[0] == "src" and p.suffix == ".c"])
    check_templates()
    print("\n".join(found) if found else f"layers: {len(sources)} files are in order")
    sys.exit(bool(found))


main()
