#!/usr/bin/env python3
"""Embeds tables/migrations/NNNN_name.sql into the binary as C (src/db/migrate.h).

usage: embed_migrations.py OUTPUT.c FILE.sql...

The number is the position: 0001, 0002, ... without a gap. The checksum is the file's SHA-256.
"""
import hashlib
import os
import re
import sys

from embed import literal


def main(output, *paths):
    out = ["/* Made by tools/embed_migrations.py from tables/migrations. Do not edit. */"]
    out += ['#include "db/migrate.h"', ""]
    rows = []
    for position, path in enumerate(sorted(paths, key=os.path.basename), start=1):
        match = re.fullmatch(r"(\d{4})_([a-z0-9_]+)\.sql", os.path.basename(path))
        if not match or int(match.group(1)) != position:
            sys.exit("embed_migrations.py: %s: expected number %04d" % (path, position))
        with open(path, "rb") as file:
            data = file.read()
        data.decode("utf-8")
        out.append("static const char sql_%d[] =\n%s;\n" % (position, literal(data)))
        rows.append(
            '    {%d, "%s", sql_%d, "%s"},'
            % (position, match.group(2), position, hashlib.sha256(data).hexdigest())
        )
    out.append("static const struct migration migrations[] = {\n%s\n};\n" % "\n".join(rows))
    out.append(
        "const struct migration *migrations_embedded(size_t *ret_count)\n{\n"
        "    *ret_count = sizeof migrations / sizeof *migrations;\n    return migrations;\n}\n"
    )
    with open(output, "w", encoding="ascii") as file:
        file.write("\n".join(out))


if __name__ == "__main__":
    main(*sys.argv[1:])
