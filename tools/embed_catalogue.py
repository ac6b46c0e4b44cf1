#!/usr/bin/env python3
"""Embeds tables/catalogue/*.json into the binary as C (src/actions/catalogue.h), without the spaces
that are there for people.

usage: embed_catalogue.py FOLDER OUTPUT.c DEPFILE
"""
import json
import pathlib
import sys

from embed import literal


def main(folder, output, depfile):
    paths = sorted(pathlib.Path(folder).glob("*.json"))
    out = ["/* Made by tools/embed_catalogue.py from tables/catalogue. Do not edit. */"]
    out += ['#include "actions/catalogue.h"', ""]
    rows = []
    for number, path in enumerate(paths, start=1):
        data = json.dumps(json.loads(path.read_text(encoding="utf-8")), separators=(",", ":")).encode()
        out.append("static const char entry_%d[] =\n%s;\n" % (number, literal(data)))
        rows.append('    {"%s", {entry_%d, %d}},' % (path.stem, number, len(data)))
    out.append("static const struct catalogue_source sources[] = {\n%s\n};\n" % "\n".join(rows))
    out.append(
        "const struct catalogue_source *catalogue_embedded(size_t *ret_count)\n{\n"
        "    *ret_count = sizeof sources / sizeof *sources;\n    return sources;\n}\n"
    )
    with open(output, "w", encoding="ascii") as file:
        file.write("\n".join(out))
    with open(depfile, "w", encoding="utf-8") as file:
        file.write("%s: %s\n" % (output, " ".join(map(str, [folder, *paths]))))


main(*sys.argv[1:])
