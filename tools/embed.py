#!/usr/bin/env python3
"""Embeds the files of ui/ into the binary as C (src/http/asset.h).

usage: embed.py UI_FOLDER OUTPUT.c DEPFILE [FILE | PREFIX=FOLDER]...

What follows the depfile is embedded as well: a file as if it stood in ui/, a folder as if it were
ui/PREFIX/.

*.html become template sources (named by their path without .html); every other known file becomes
an asset under /assets/<path>.<hash of content>.<ext>. In style sheets, url(NAME) of another asset
is replaced by that asset's address, so that it may be cached for ever as well. The depfile names
the files and folders, so that a new file is noticed.
"""
import hashlib
import os
import re
import sys

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}


def walk(folder):
    """All files below, by name, and all folders."""
    files, folders = [], []
    for here, names, entries in os.walk(folder):
        names.sort()
        folders.append(here)
        for entry in sorted(entries):
            if not entry.startswith(".") and not entry.endswith("~"):
                path = os.path.join(here, entry)
                files.append((os.path.relpath(path, folder).replace(os.sep, "/"), path))
    return sorted(files), folders


def literal(data):
    """C string literals, 64 bytes a line; octal escapes cannot run into what follows."""
    lines = []
    for start in range(0, len(data), 64):
        text = ""
        for byte in data[start : start + 64]:
            if 0x20 <= byte < 0x7F and byte not in b'"\\?':
                text += chr(byte)
            else:
                text += "\\%03o" % byte
        lines.append('    "%s"' % text)
    return "\n".join(lines) or '    ""'


def path_of(name, data):
    stem, ext = os.path.splitext(name)
    return "/assets/%s.%s%s" % (stem, hashlib.sha256(data).hexdigest()[:12], ext)


def link_styles(assets):
    """Replaces url(NAME) in style sheets by the other asset's address."""
    paths = {name: path_of(name, data) for name, data in assets.items()}

    def replace(match):
        return b"url(" + paths.get(match.group(1).decode(), match.group(1).decode()).encode() + b")"

    return {
        name: re.sub(rb"url\(['\"]?([\w./-]+)['\"]?\)", replace, data) if name.endswith(".css") else data
        for name, data in assets.items()
    }


def table(kind, rows, none):
    body = "\n".join(rows) if rows else "    {%s}," % none
    return "static const struct %s[] = {\n%s\n};\n" % (kind, body)


def generate(templates, assets):
    out = ["/* Made by tools/embed.py from ui/. Do not edit. */", '#include "http/asset.h"', ""]
    template_rows, asset_rows = [], []
    for i, (name, data) in enumerate(templates.items()):
        out.append("static const char template_%d[] =\n%s;\n" % (i, literal(data)))
        template_rows.append('    {"%s", {template_%d, %d}},' % (name[: -len(".html")], i, len(data)))
    for i, (name, data) in enumerate(assets.items()):
        key = re.sub(r"[^A-Za-z0-9]", "_", name)
        kind = TYPES[os.path.splitext(name)[1]]
        out.append("static const char asset_%d[] =\n%s;\n" % (i, literal(data)))
        asset_rows.append(
            '    {"%s", "%s", "%s", "%s", {asset_%d, %d}},'
            % (name, key, path_of(name, data), kind, i, len(data))
        )
    out.append(table("template_source templates", template_rows, "NULL, {NULL, 0}"))
    out.append(table("asset assets", asset_rows, "NULL, NULL, NULL, NULL, {NULL, 0}"))
    out.append(
        "const struct ui *ui_embedded(void)\n{\n"
        "    static const struct ui ui = {templates, %d, assets, %d};\n\n    return &ui;\n}\n"
        % (len(templates), len(assets))
    )
    return "\n".join(out)


def walk_all(folder, more):
    files, folders = walk(folder)
    for each in more:
        prefix, mark, path = each.partition("=")
        if not mark:
            files.append((os.path.basename(each), each))
            continue
        below, below_folders = walk(path)
        files += [("%s/%s" % (prefix, name), file) for name, file in below]
        folders += below_folders
    return sorted(files), folders


def main(folder, output, depfile, *more):
    files, folders = walk_all(folder, more)
    templates, assets = {}, {}
    for name, path in files:
        ext = os.path.splitext(name)[1]
        with open(path, "rb") as file:
            data = file.read()
        if ext == ".html":
            data.decode("utf-8")
            templates[name] = data
        elif ext in TYPES:
            assets[name] = data
        elif ext != ".md":
            sys.exit("embed.py: %s: no content type is known for this kind of file" % path)
    with open(output, "w", encoding="ascii") as file:
        file.write(generate(templates, link_styles(assets)))
    with open(depfile, "w", encoding="utf-8") as file:
        names = [path for _, path in files] + folders
        file.write("%s: %s\n" % (output, " ".join(n.replace(" ", "\\ ") for n in names)))


if __name__ == "__main__":
    main(*sys.argv[1:])
