// The reference pages of docs/ say what the tables say: settings, errors, routes. Freshness is held by
// the generator's own check; that every row is really on its page is read here, without the generator.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { ROOT } from '../lib/stack.mjs';
import { ERRORS, ROUTES, SETTINGS } from '../lib/tables.mjs';

const read = (name) => fs.readFileSync(path.join(ROOT, 'docs', name), 'utf8');
const INTERNAL = ['RETRY']; // handled inside, never anybody's answer

// The cells of each table row whose first cells are `start`.
function rowsOf(page, ...start) {
  return page.split('\n').filter((line) => line.startsWith(`| ${start.join(' | ')} |`))
    .map((line) => line.slice(2, -2).split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|')));
}

function oneRow(page, ...start) {
  const found = rowsOf(page, ...start);
  assert.equal(found.length, 1, `${start.join(' ')}: ${found.length} rows`);
  return found[0];
}

test('the generated pages are as the tables are', () => {
  const { status, stderr } = spawnSync('python3', ['tools/docs.py', '--check'], { cwd: ROOT, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});

test('docs/configuration.md has every setting with its flag, its value without it, its sentence', () => {
  const page = read('configuration.md');
  for (const { variable, flag, fallback, help } of SETTINGS) {
    const wanted = [`\`${variable}\``, flag ? `\`${flag}\`` : 'none', fallback && `\`${fallback}\``, help];
    assert.deepEqual(oneRow(page, `\`${variable}\``), wanted);
  }
});

test('docs/errors.md has every code that can be answered, with status and sentence', () => {
  const page = read('errors.md');
  for (const [name, { code, status, sentence }] of Object.entries(ERRORS)) {
    if (INTERNAL.includes(name)) assert.deepEqual(rowsOf(page, `\`${code}\``), []);
    else assert.deepEqual(oneRow(page, `\`${code}\``), [`\`${code}\``, String(status), sentence]);
  }
});

test('docs/routes.md has every route with who may use it and whether there is a page', () => {
  const page = read('routes.md');
  for (const { method, path: at, permission, template } of ROUTES) {
    const row = oneRow(page, method, `\`${at}\``);
    assert.equal(row[2], permission.toLowerCase().replaceAll('_', ' '));
    assert.equal(row[4], template ? 'yes' : '');
  }
});

test('no link within README.md and docs/ leads nowhere', () => {
  for (const name of ['README.md', ...fs.readdirSync(path.join(ROOT, 'docs')).map((n) => `docs/${n}`)]) {
    if (!name.endsWith('.md')) continue;
    const text = fs.readFileSync(path.join(ROOT, name), 'utf8');
    for (const [, target] of text.matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g))
      assert.ok(fs.existsSync(path.join(ROOT, path.dirname(name), target)), `${name}: ${target}`);
  }
});
