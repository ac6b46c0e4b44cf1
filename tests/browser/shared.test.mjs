// Issue points 4 and 5 in a browser: Shared credentials on and off with three people connected, each
// in a browser of their own, and what each of them then sees; runners' requests; who has connected.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { connected } from '../lib/atlassian.mjs';
import { addConnection, ANNA, BOB, CARLA, connect, DAVE, grant, makeApp } from '../lib/scene.mjs';
import { startStack } from '../lib/stack.mjs';
import { connectForm, consent } from './lib/atlassian.mjs';
import { openBrowser } from './lib/browser.mjs';
import { helpPicture } from './lib/checks.mjs';

let s;
let b;
let root; // an API client
const clients = {};
const roles = {}; // first name -> id of the permission in the app that was made last
let ada; // app admin
let rob; // runner
let mia; // runner
let nick; // runner who has connected nothing

before(async () => {
  s = await startStack(null, { oauth: true });
  b = await openBrowser();
  root = await s.setup();
  for (const name of ['Ada Admin', 'Rob Runner', 'Mia Runner', 'Nick New']) {
    const [first] = name.toLowerCase().split(' ');
    clients[first] = await s.user(root, `${first}@example.com`, name);
  }
  [ada, rob, mia, nick] = await Promise.all(['ada', 'rob', 'mia', 'nick']
    .map((first) => b.person(s, { client: clients[first] })));
});
afterEach(() => b.calm());
after(async () => {
  await b?.close();
  await s?.close();
});

// What the row of the connection offers that person: "status | buttons", on the app's Description.
async function sees(who, app, name) {
  await who.visit(`/apps/${app}`);
  const row = who.row(name);
  const status = await row.locator('.state').innerText();
  const buttons = await row.getByRole('button').filter({ visible: true }).allInnerTexts();
  const menu = await row.locator('summary').count() ? ['...'] : [];
  return [status, ...buttons.map((text) => text.trim()), ...menu].join(' | ');
}

// An app with Ada, Rob, Mia and Nick in it. -> the connection's id
async function makeScene(app, type) {
  await makeApp(clients.ada, 'Release desk', { slug: app });
  for (const first of ['rob', 'mia', 'nick'])
    roles[first] = (await grant(clients.ada, app, clients[first])).id;
  return addConnection(clients.ada, app, { name: 'Jira', type });
}

// On the connection's page: opens the part, reads the sentence, presses the button. -> the sentence
async function press(who, word) {
  const part = who.within('Shared credentials');
  await part.getByText(`${word} Shared credentials…`).click();
  const sentence = await part.locator('form > p').first().innerText();
  await who.press(`${word} Shared credentials`, part);
  return sentence;
}

async function openEdit(who, app) {
  await who.visit(`/apps/${app}/settings`);
  await who.press('Edit Jira');
}

const WAITING = 'An app admin has to connect this';
const SHARED = 'Connected (shared) as Anna Admin on acme';

// The table of states, from own credentials over shared ones and back. How people connect is the
// type's matter: `three` connects Ada, Rob and Mia, `share` is Ada's way through the dialog.
async function walkTable(app, type, { three, share, reconnect }) {
  const id = await makeScene(app, type);
  await three(app, id);
  assert.equal(await sees(rob, app, 'Jira'), 'Connected as Bob Builder on acme | ...');
  assert.equal(await sees(nick, app, 'Jira'), 'Not connected | Connect');

  await openEdit(ada, app);
  assert.match(await press(ada, 'Enable'), /3 people/);
  assert.match(await ada.notice(), /^Shared credentials are on for "Jira"/);
  for (const who of [rob, mia, nick]) assert.equal(await sees(who, app, 'Jira'), WAITING);
  assert.match(await sees(ada, app, 'Jira'), /^Needs reconnecting: .* \| Reconnect \| \.\.\.$/);

  await share(app);
  assert.equal(await ada.notice(), 'Connected to acme as Anna Admin.');
  assert.equal(await sees(ada, app, 'Jira'), `${SHARED} | ...`);
  for (const who of [rob, mia, nick]) assert.equal(await sees(who, app, 'Jira'), SHARED);

  await openEdit(ada, app);
  assert.match(await press(ada, 'Disable'), /Anna Admin on acme/);
  for (const who of [rob, mia])
    assert.match(await sees(who, app, 'Jira'), /^Needs reconnecting: .* \| Reconnect \| \.\.\.$/);
  assert.equal(await sees(nick, app, 'Jira'), 'Not connected | Connect');
  assert.match(await sees(ada, app, 'Jira'), /^Needs reconnecting: .* \| Reconnect \| \.\.\.$/);
  await rob.visit(`/apps/${app}`);
  await reconnect();
  assert.equal(await sees(rob, app, 'Jira'), 'Connected as Bob Builder on acme | ...');
}

test('Jira (OAuth2): own, shared, and own again, as four people see it', async () => {
  await walkTable('desk', 'jira_oauth2', {
    async three(app, id) {
      await connected(s, clients.ada, app, id, ANNA, { site: 'acme' });
      await connected(s, clients.rob, app, id, BOB);
      await connected(s, clients.mia, app, id, DAVE);
    },
    async share() {
      await ada.press('Reconnect Jira');
      await ada.sees('Everybody in this app will act in Jira as the account you sign in with.');
      await ada.press('Continue to Atlassian');
      await consent(ada, ANNA, { site: 'Acme' });
    },
    async reconnect() {
      await rob.press('Reconnect Jira');
      await consent(rob, BOB);
    },
  });
});

test('Jira (API): the same', async () => {
  await walkTable('keys', 'jira_api', {
    async three(app, id) {
      await connect(s, clients.ada, app, id, ANNA);
      await connect(s, clients.rob, app, id, BOB);
      await connect(s, clients.mia, app, id, CARLA);
    },
    async share() {
      await ada.press('Reconnect Jira');
      await ada.sees('Everybody in this app will act in Jira as the account you enter here.');
      await connectForm(ada, { site: s.site(), username: ANNA, key: await s.token(ANNA), button: 'Reconnect' });
    },
    async reconnect() {
      await rob.press('Reconnect Jira');
      await connectForm(rob, { site: s.site(), username: BOB, key: await s.token(BOB), button: 'Reconnect' });
    },
  });
});

test('somebody connects while the admin reads the sentence: it is asked again', async () => {
  const id = await makeScene('again', 'jira_oauth2');
  await openEdit(ada, 'again');
  await connected(s, clients.rob, 'again', id, BOB);
  await press(ada, 'Enable');
  await ada.sees(/1 person/);
  assert.equal(await sees(rob, 'again', 'Jira'), 'Connected as Bob Builder on acme | ...');
  await openEdit(ada, 'again');
  await press(ada, 'Enable');
  assert.match(await ada.notice(), /^Shared credentials are on for "Jira"/);
});

test('Connect and Reconnect of shared credentials, from App settings and its ...', async () => {
  await ada.visit('/apps/again/settings');
  await ada.press('Reconnect Jira');
  await ada.press('Continue to Atlassian');
  await consent(ada, ANNA, { site: 'Acme' });
  if (await ada.heading() === 'Which Jira site?') await ada.press('Connect');
  assert.equal(await ada.notice(), 'Connected to acme as Anna Admin.');
  assert.equal(ada.path, '/apps/again/settings');
  await helpPicture(ada, 'shared', (page) => page.getByRole('region', { name: 'Connections' }));
  await ada.choose('More for Jira', 'Reconnect');
  assert.equal(await ada.heading(), 'Reconnect Jira');
  await ada.press('Cancel');
  assert.equal(ada.path, '/apps/again/settings');
});

test('runners cannot make requests of their own on it, until the connection allows them', async () => {
  const option = rob.page.getByRole('option', { name: /^Jira · / });
  await rob.visit('/apps/again/request');
  assert.match(await option.innerText(), /requests are for app admins/);
  assert.equal(await option.isDisabled(), true);
  await openEdit(ada, 'again');
  await ada.page.getByLabel(/^Runners may make requests of their own/).check();
  await ada.press('Save', ada.within('Properties'));
  await rob.visit('/apps/again/request');
  await rob.fill('Path', '/rest/api/3/myself');
  await rob.press('Run');
  await rob.sees('200 OK');
  await rob.sees('Anna Admin');
});

test('who has connected: people and accounts, for app admins only', async () => {
  await ada.visit('/apps/desk');
  await ada.choose('More for Jira', 'Who has connected');
  assert.equal(await ada.heading(), 'Who has connected');
  const rows = await ada.page.locator('tbody tr').allInnerTexts();
  assert.equal(rows.length, 4, rows.join('\n'));
  assert.match(rows[0], /entered by Ada Admin[^]*Anna Admin[^]*Out of use/);
  const robs = rows.find((text) => text.includes('Rob Runner'));
  for (const part of ['rob@example.com', 'Bob Builder', 'acme', 'Connected']) assert.ok(robs.includes(part), robs);
  assert.match(rows.find((text) => text.includes('Mia Runner')), /Needs reconnecting/);
  const { pathname } = new URL(ada.page.url());
  await rob.visit('/apps/desk');
  await rob.row('Jira').locator('summary').click();
  assert.equal(await rob.page.getByText('Who has connected').count(), 0);
  assert.equal(await rob.visit(pathname), 403);
});

test('who entered the shared credentials leaves: they work, and the other admins are told', async () => {
  await clients.ada.patch(`/apps/again/permissions/${roles.mia}`, { role: 'admin' });
  await root.patch(`/users/${clients.ada.me.id}`, { disabled: true });
  assert.equal(await sees(mia, 'again', 'Jira'), `${SHARED} | ...`);
  await mia.row('Jira').getByText(/^Ada Admin has left this app/).waitFor();
  assert.equal(await sees(rob, 'again', 'Jira'), SHARED);
  await rob.seesNot(/has left this app/);
});

test('Disconnect of shared credentials: everybody waits', async () => {
  await mia.visit('/apps/again');
  await mia.choose('More for Jira', 'Disconnect');
  await mia.sees(/Nobody in this app can run on this connection/);
  await mia.press('Disconnect', mia.page.locator('main'));
  assert.match(await mia.notice(), /manage-profile\/apps/);
  assert.equal(await sees(rob, 'again', 'Jira'), WAITING);
});
