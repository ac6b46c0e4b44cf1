// Which part of the source a function belongs to: our own by the file that defines it (a release build has names
// of functions, but no lines), everything else by its library.

import fs from 'node:fs';
import path from 'node:path';

import { ROOT } from '../tests/lib/stack.mjs';

function definitions() {
  const files = new Map();
  const src = path.join(ROOT, 'src');
  for (const layer of fs.readdirSync(src, { withFileTypes: true }).filter((each) => each.isDirectory()))
    for (const name of fs.readdirSync(path.join(src, layer.name)).filter((each) => each.endsWith('.c')))
      for (const [, defined] of fs.readFileSync(path.join(src, layer.name, name), 'utf8')
        .matchAll(/^(?:static |struct |enum |unsigned |const )*\w+ \**(\w+)\([^;]*?\)\n\{/gm))
        files.set(defined, [...files.get(defined) ?? [], `src/${layer.name}/${name}`]);
  return files;
}

let known;

// "src/http/parse.c", or null when nobody here defines it. Of several static ones with that name the first.
export function fileOf(name) {
  known ??= definitions();
  const plain = name.replace(/\.(isra|part|constprop|cold|lto_priv)\b.*$/, '').replace(/'\d+$/, '');
  if (plain.startsWith('llhttp_')) return 'src/http/llhttp';
  return known.get(plain)?.[0] ?? null;
}

export const libraryOf = (object) => path.basename(object).replace(/-2\.1\.so.*|\.so.*/, '');

// Where its instructions are booked.
export function placeOf(object, name) {
  const file = /mortise$/.test(object) ? fileOf(name) : null;
  return file ? file.split('/').slice(0, 2).join('/') : libraryOf(object);
}
