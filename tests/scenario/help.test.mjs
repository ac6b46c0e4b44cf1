// The user's help page, made from docs/jira-connection.md: everybody can read it, everything it
// points to is there, nothing of its text is taken for a template's tag, and a fault in the Markdown
// (or cmark-gfm missing) ends the build with a sentence.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { textOf, titleOf } from '../lib/page.mjs';
import { assertPage } from '../lib/scene.mjs';
import { endsWell, ROOT, startStack } from '../lib/stack.mjs';

const AT = '/help/jira-connection';
const SOURCE = fs.readFileSync(path.join(ROOT, 'docs/jira-connection.md'), 'utf8');

let s;
let html;
let folder;

before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mortise-help-'));
  s = await startStack(null, { sim: false });
  html = assertPage(await s.client().page(AT)).text;
});
after(() => fs.rmSync(folder, { recursive: true, force: true }));

const all = (pattern, text = html) => [...text.matchAll(pattern)].map((m) => m[1]);

test('somebody who is not signed in can read it, and somebody who is has the usual menu', async () => {
  assert.match(html, /href="\/session">Sign in</);
  const [h1] = all(/<h1[^>]*>([^<]*)</g);
  assert.equal(titleOf(html), `${h1} · Help · Mortise`);
  const root = await s.setup();
  assert.match((await root.page(AT)).text, /Sign out/);
  assert.deepEqual((await s.client().get(AT)).body, { title: h1 });
});

test('every part that a dialog may point to is there, under the id that it has in a repository viewer', () => {
  const ids = all(/\sid="([^"]*)"/g);
  assert.equal(new Set(ids).size, ids.length);
  for (const id of ['add-a-connection', 'oauth2', 'api-key', 'shared-credentials', 'reconnecting',
    'disconnecting', 'details-and-test', 'notices', 'emergency-stop', 'keys-for-scripts', 'oauth-client',
    'problems']) assert.ok(ids.includes(id), id);
  for (const file of fs.readdirSync(path.join(ROOT, 'ui')).filter((f) => f.endsWith('.html'))) {
    const text = fs.readFileSync(path.join(ROOT, 'ui', file), 'utf8');
    for (const href of all(/href="(\/help\/[^"]*)"/g, text)) {
      const [at, id] = href.split('#');
      assert.equal(at, AT, `${file}: ${href}`);
      if (id) assert.ok(ids.includes(id), `${file}: ${href}`);
    }
  }
  const main = html.replace(/^[^]*?<main\b/, '');
  for (const id of all(/href="#([^"]*)"/g, main)) assert.ok(ids.includes(id), `#${id}`);
  for (const href of all(/href="([^"]*)"/g, main)) assert.match(href, /^(https:\/\/|#)/);
});

test('the pages that it has a part for lead to that part', () => {
  for (const [id, pages] of Object.entries({ 'details-and-test': ['connection', 'test'],
    'emergency-stop': ['stop', 'stops'], notices: ['notices', 'webhooks'],
    'keys-for-scripts': ['keys', 'app-keys'] }))
    for (const page of pages)
      assert.ok(fs.readFileSync(path.join(ROOT, 'ui', `${page}.html`), 'utf8').includes(`href="${AT}#${id}"`), page);
});

test('it has all pictures of the Markdown, each with its size and a description', async () => {
  const wanted = all(/!\[[^\]]+\]\(images\/([^)]+)\)/g, SOURCE);
  const shown = [...html.matchAll(/<img src="([^"]*)" alt="([^"]+)" width="(\d+)" height="(\d+)"/g)];
  assert.ok(wanted.length > 0);
  assert.equal(new Set(wanted).size, wanted.length, 'each picture once');
  assert.equal(shown.length, wanted.length);
  for (const [i, [, src, , width, height]] of shown.entries()) {
    assert.match(src, new RegExp(`^/assets/help/${wanted[i].replace('.png', '')}\\.\\w{12}\\.png$`));
    const answer = await s.client().page(src);
    assert.equal(answer.status, 200, src);
    assert.equal(answer.headers.get('content-type'), 'image/png');
    assert.match(answer.headers.get('cache-control'), /immutable/);
    assert.deepEqual(answer.bytes, fs.readFileSync(path.join(ROOT, 'docs/images', wanted[i])));
    assert.deepEqual([answer.bytes.readUInt32BE(16), answer.bytes.readUInt32BE(20)], [+width, +height]);
  }
});

test('the seed\'s words stand in it, nothing is left of Markdown or templates', () => {
  const text = textOf(html);
  for (const word of ['App settings', 'Description', '+ Add new connection', 'Jira (OAuth2)', 'Jira (API)',
    'Connect', 'Accept', 'Create API token', 'Base URL', 'Username', 'API key', 'Shared credentials',
    'Reconnect', 'https://id.atlassian.com/manage-profile/security/api-tokens'])
    assert.ok(text.includes(word), word);
  assert.doesNotMatch(html, /\{\{|\*\*|\]\(|^\|/m);
  assert.equal(all(/(<table>)/g).length, SOURCE.match(/^\|(-+\|)+$/gm).length);
});

// Makes a page of the Markdown. -> {status, stderr, html}
function make(markdown, cmark = 'cmark-gfm') {
  const file = (name) => path.join(folder, name);
  fs.rmSync(file('page.html'), { force: true });
  fs.writeFileSync(file('page.md'), markdown);
  fs.writeFileSync(file('other.md'), '# Other\n');
  const { status, stderr } = spawnSync('python3', [path.join(ROOT, 'tools/help_page.py'), cmark,
    file('page.md'), file('page.html'), file('page.d')], { encoding: 'utf8' });
  return { status, stderr, html: status === 0 ? fs.readFileSync(file('page.html'), 'utf8') : '' };
}

test('braces stay text; ids are a repository viewer\'s; links to what is not served become text', () => {
  const made = make('# A (b) `c-d`, {{x}} & e\n\n`{{{a}}}` {{>b}} [q](https://e.example/{{c}} "t")\n\n'
    + '[see](#a-b-c-d-x--e) [other](other.md#part)\n');
  assert.equal(made.status, 0, made.stderr);
  assert.match(made.html, /<h1 id="a-b-c-d-x--e">/);
  assert.doesNotMatch(made.html.replace(/^\{\{![^}]*\}\}/, ''), /\{/);
  assert.match(made.html, /<a href="#a-b-c-d-x--e">see<\/a> other</);
});

test('what would be a fault on the page is refused with a sentence', () => {
  for (const [markdown, sentence] of [
    ['# A\n\n[x](#b)\n', /no heading has the id #b/],
    ['# A\n\n[x](nothing.md)\n', /nothing\.md leads nowhere/],
    ['# A\n\n[x](/apps)\n', /\/apps leads nowhere/],
    ['# A\n\n[x](http://plain.example "with a title")\n', /plain\.example leads nowhere/],
    ['# A\n\n## A\n', /not unique: a/],
    ['# Main\n', /not unique: main/],
    ['# A\n\n<b onclick="x()">bold</b>\n', /raw HTML/],
    ['# A\n\n![x](images/none.png)\n', /no picture images\/none\.png/],
    ['# A\n\n![x](https://e.example/a.png "with a title")\n', /no picture https/],
  ]) {
    const made = make(markdown);
    assert.notEqual(made.status, 0, markdown);
    assert.match(made.stderr, sentence);
    assert.doesNotMatch(made.stderr, /Traceback/);
  }
  const made = make('# A\n', '/nowhere/cmark-gfm');
  assert.match(made.stderr, /cmark-gfm is missing: apt-get install cmark-gfm/);
});

// The folders of PATH, each as a folder of links without that program where it has it.
function pathWithout(program) {
  return process.env.PATH.split(':').map((at, i) => {
    if (!fs.existsSync(path.join(at, program))) return at;
    const copy = path.join(folder, `bin${i}`);
    fs.mkdirSync(copy);
    for (const name of fs.readdirSync(at))
      if (name !== program) fs.symlinkSync(path.join(at, name), path.join(copy, name));
    return copy;
  }).join(':');
}

test('without cmark-gfm the build says what is missing', () => {
  const { status, stdout, stderr } = spawnSync('meson', ['setup', path.join(folder, 'build'), ROOT,
    '-Dtests=false'], { encoding: 'utf8', env: { ...process.env, PATH: pathWithout('cmark-gfm') } });
  assert.notEqual(status, 0);
  assert.match(stdout + stderr, /ERROR: .*cmark-gfm is missing.*apt-get install cmark-gfm/);
});

endsWell(() => s);
