#!/usr/bin/env python3
"""Makes the page that Mortise serves out of a Markdown file of docs/, as a template for embed.py.

usage: help_page.py CMARK PAGE.md OUTPUT.html DEPFILE

The Markdown is rendered by cmark-gfm with tables and without raw HTML. Headings get the ids that
repository viewers give them, so that one link works in both. Pictures become assets under "help/"
(embed.py is told so in src/http/meson.build); links to other Markdown files become plain text,
because these are not served. Braces are escaped, so that nothing of it is a template's tag.

What would be a fault on the page ends the build instead: a link that leads nowhere, a picture that
is missing or has no description, raw HTML, two headings of the same id.
"""
import html
import os
import re
import struct
import subprocess
import sys

FORMATS = "-e", "table"


def fail(text):
    sys.exit("help_page.py: " + text)


def render(cmark, page):
    try:
        done = subprocess.run([cmark, *FORMATS, page], stdout=subprocess.PIPE, check=False)
    except OSError:
        fail("%s is missing: apt-get install cmark-gfm" % cmark)
    if done.returncode != 0:
        fail("%s could not read %s" % (cmark, page))
    text = done.stdout.decode("utf-8")
    if "raw HTML omitted" in text:
        fail("%s: raw HTML is left out of the page; write Markdown" % page)
    # code that is wider than the page is scrolled, by the keyboard too
    return text.replace("{", "&#123;").replace("<pre>", '<pre tabindex="0">')


def id_of(heading):
    """GitHub's rule: small letters; only letters, digits, hyphens, spaces stay; spaces to hyphens."""
    text = html.unescape(re.sub(r"<[^>]*>", "", heading)).lower().strip()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def with_ids(text):
    ids = []

    def replace(match):
        level, heading = match.groups()
        ids.append(id_of(heading))
        return '<h%s id="%s">%s</h%s>' % (level, ids[-1], heading, level)

    text = re.sub(r"<h([1-6])>(.*?)</h\1>", replace, text, flags=re.S)
    twice = {name for name in ids if ids.count(name) > 1 or name in ("", "main")}
    if twice:
        fail("these ids of headings are not unique: %s" % ", ".join(sorted(twice)))
    return text, ids


def size_of(path):
    with open(path, "rb") as file:
        head = file.read(24)
    if head[:8] != b"\x89PNG\r\n\x1a\n":
        fail("%s is not a PNG" % path)
    return struct.unpack(">II", head[16:24])


def with_pictures(text, folder):
    pictures = []

    def replace(match):
        source, description = match.groups()
        path = os.path.join(folder, source)
        if not re.fullmatch(r"images/[a-z0-9-]+\.png", source) or not os.path.exists(path):
            fail("there is no picture %s" % source)
        if not description:
            fail("the picture %s has no description" % source)
        pictures.append(path)
        key = "help_" + re.sub(r"[^a-z0-9]", "_", os.path.basename(source))
        return '<img src="{{page.assets.%s}}" alt="%s" width="%d" height="%d">' % (
            key, description, *size_of(path))

    return re.sub(r'<img src="([^"]*)" alt="([^"]*)"[^>]*>', replace, text), pictures


def with_links(text, ids, folder):
    def replace(match):
        target, words = html.unescape(match.group(1)), match.group(2)
        if target.startswith("https://"):
            return match.group(0)
        if target.startswith("#"):
            return match.group(0) if target[1:] in ids else fail("no heading has the id %s" % target)
        path = target.partition("#")[0]
        if path.endswith(".md") and os.path.exists(os.path.join(folder, path)):
            return words
        return fail("the link %s leads nowhere in the product" % target)

    return re.sub(r'<a href="([^"]*)"[^>]*>(.*?)</a>', replace, text, flags=re.S)


def main(cmark, page, output, depfile):
    folder = os.path.dirname(page) or "."
    text, ids = with_ids(render(cmark, page))
    text = with_links(text, ids, folder)
    text, pictures = with_pictures(text, folder)
    with open(output, "w", encoding="utf-8") as file:
        file.write("{{! Made by tools/help_page.py from %s. }}\n%s" % (os.path.basename(page), text))
    with open(depfile, "w", encoding="utf-8") as file:
        names = [os.path.abspath(__file__), page, *pictures]
        file.write("%s: %s\n" % (output, " ".join(n.replace(" ", "\\ ") for n in names)))


if __name__ == "__main__":
    main(*sys.argv[1:])
