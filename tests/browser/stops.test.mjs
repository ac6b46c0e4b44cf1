// An emergency stop in a browser: an app admin stops the app, everybody sees it, it is lifted and works
// as before; a workspace admin stops a person, erases what they entered, and downloads the list.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, afterEach, before, test } from 'node:test';

import { addConnection, ANNA, BOB, connect, grant, makeApp } from '../lib/scene.mjs';
import { startStack } from '../lib/stack.mjs';
import { openBrowser } from './lib/browser.mjs';

let s;
let b;
let root;
let ada; // app admin
let rob; // runner
const clients = {};

before(async () => {
  s = await startStack(null);
  b = await openBrowser();
  clients.root = await s.setup();
  clients.ada = await s.user(clients.root, 'ada@example.com', 'Ada Admin');
  clients.rob = await s.user(clients.root, 'rob@example.com', 'Rob Runner');
  await makeApp(clients.ada, 'Release desk', { slug: 'desk' });
  await grant(clients.ada, 'desk', clients.rob);
  const id = await addConnection(clients.ada, 'desk', { name: 'Jira' });
  await connect(s, clients.ada, 'desk', id, ANNA);
  await connect(s, clients.rob, 'desk', id, BOB);
  [root, ada, rob] = await Promise.all(['root', 'ada', 'rob'].map((name) => b.person(s, { client: clients[name] })));
});
afterEach(() => b.calm());
after(async () => {
  await b?.close();
  await s?.close();
});

async function seen(who) {
  await who.visit('/apps/desk');
  return who.row('Jira').locator('.state').innerText();
}

test('the app is stopped and lifted by its admin', async () => {
  await ada.visit('/apps/desk/settings');
  await ada.page.getByRole('link', { name: 'Emergency stop…' }).click();
  await ada.page.getByLabel('Reason').fill('A script leaked a key');
  await ada.press('Stop this app');
  await ada.sees('Nothing of it is used from now on');
  await ada.sees('A script leaked a key');
  assert.deepEqual(await ada.page.locator('tbody th .person-name').allInnerTexts(), ['Anna Admin', 'Bob Builder']);
  for (const who of [ada, rob]) assert.match(await seen(who), /^Stopped by an admin since/);
  assert.equal(await rob.row('Jira').getByRole('button').filter({ visible: true }).count(), 0);
  await ada.visit('/apps/desk/settings');
  await ada.page.getByRole('link', { name: 'Open the stop' }).click();
  await ada.press('Lift the stop');
  await ada.sees('Everything works again as before');
  assert.match(await seen(rob), /^Connected as Bob Builder/);
});

test('a person is stopped, the list is downloaded, what they entered is erased', async () => {
  await root.visit(`/users/${clients.rob.me.id}`);
  await root.press('Stop everything');
  await root.sees('Nothing of it is used from now on');
  const [download] = await Promise.all([root.page.waitForEvent('download'),
    root.page.getByRole('link', { name: 'Download as CSV' }).click()]);
  assert.match(download.suggestedFilename(), /^to-revoke-\w+\.csv$/);
  assert.match(fs.readFileSync(await download.path(), 'utf8'), new RegExp(`"API token","Bob Builder","${BOB}"`));
  await root.page.getByText('Erase the secrets…').click();
  await root.sees('1 stored secret is erased for good');
  await root.page.getByRole('button', { name: 'Erase the secrets', exact: true }).click();
  await root.sees('Erased: 1 stored secret');
  await root.press('Lift the stop');
  assert.match(await seen(rob), /^Needs reconnecting: an admin stopped this in an emergency/);
  assert.match(await seen(ada), /^Connected as Anna Admin/);
});
