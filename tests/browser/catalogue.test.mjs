// The catalogue in a browser: choosing a connection, adding, running what was added; and how its page
// looks when it is empty, was refused, and has some added (see looks-app.test.mjs).

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { addConnection, ANNA, connect, makeApp } from '../lib/scene.mjs';
import { startStack } from '../lib/stack.mjs';
import { openBrowser } from './lib/browser.mjs';
import { look } from './lib/checks.mjs';
import { looks } from './lib/looks.mjs';

let s;
let b;
let api;
let ada; // app admin
const at = '/apps/desk';
const { page, complete } = looks('catalogue');

before(async () => {
  s = await startStack(null);
  b = await openBrowser();
  const root = await s.setup();
  api = await s.user(root, 'ada@example.com', 'Ada Admin');
  await makeApp(api, 'Release desk', { slug: 'desk' });
  ada = await b.person(s, { client: api });
});
afterEach(() => b.calm());
after(async () => {
  await b?.close();
  await s?.close();
});

page('catalogue.empty', () => ada, `${at}/catalogue`);

test('an action is added from the catalogue, and run', async () => {
  await connect(s, api, 'desk', await addConnection(api, 'desk', { name: 'Acme Jira' }), ANNA);
  await ada.visit(`${at}/actions`);
  await ada.press('Add one from the catalogue');
  await ada.page.getByLabel('Connection').selectOption({ index: 0 });
  await ada.press('Add Add comment');
  assert.match(await ada.notice(), /"Add comment" was added and applied/);
  await ada.page.getByRole('button', { name: 'Add again: Add comment' }).waitFor();
  await ada.page.getByRole('link', { name: 'Add comment', exact: true }).waitFor();
  await ada.visit(`${at}/actions/add-comment/form`);
  await ada.fill('Issue', 'ACME-1');
  await ada.page.getByLabel('Comment').fill('Hello **you**');
  await ada.press('Run');
  await ada.sees('Successful');
  assert.equal(await ada.page.locator('.rich strong').innerText(), 'you');
});

page('catalogue', () => ada, async () => {
  const entries = ['get-issue', 'bulk-transition'];
  for (const entry of entries) assert.equal((await api.post(`${at}/catalogue/${entry}`, { connection: 'Acme Jira' })).status, 201);
  return `${at}/catalogue`;
});
page('catalogue.refused', () => ada, async (p) => {
  await p.visit(`${at}/catalogue`);
  await p.page.locator('#connection').evaluate((select) => { select.options[0].value = 'gone'; });
  await p.press('Add Create issue');
  await p.sees('Choose a connection of this app.');
});
test('Markdown of an output as people read it', async () => {
  const text = '# Heading\n\nSome **bold** text with `code` and a [link](https://example.com).\n\n- one\n- two\n\n> Quoted\n\n```\nint x;\n```\n\n| A | B |\n|---|---|\n| 1 | 2 |';
  const answer = await api.post(`${at}/actions/add-comment/run`, { inputs: { key: 'ACME-1', text } });
  assert.equal(answer.body.status, 'successful', answer.text);
  await ada.visit(`${at}/runs/${answer.body.id}`);
  assert.equal(await ada.page.locator('.rich h4').innerText(), 'Heading');
  await look(ada.page, 'run.rich');
});
complete();
