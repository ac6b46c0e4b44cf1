// Point 2 in a browser: apps, their admins and runners, groups, Everyone, the rules on the last admin,
// apps that lost all admins, and lists that are too long for one page.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { startStack } from '../lib/stack.mjs';
import { openBrowser } from './lib/browser.mjs';

const MANY = 250;

let s;
let b;
let rootClient;
let root; // workspace admin
let ada; // app admin
let rob; // runner

before(async () => {
  s = await startStack(null, { sim: false });
  b = await openBrowser();
  rootClient = await s.setup();
  root = await b.person(s, { client: rootClient });
  ada = await b.person(s, { client: await s.user(rootClient, 'ada@example.com', 'Ada Admin') });
  rob = await b.person(s, { client: await s.user(rootClient, 'rob@example.com', 'Rob Runner') });
});
afterEach(() => b.calm());
after(async () => {
  await b?.close();
  await s?.close();
});

const tabs = (who) => who.page.getByRole('navigation', { name: 'App' }).getByRole('link').allInnerTexts();

test('a person creates an app and becomes its admin', async () => {
  await ada.visit('/apps');
  await ada.press('Create an app');
  await ada.page.getByLabel('Name', { exact: true }).fill('Release <b>desk</b> 🛠️');
  await ada.page.getByLabel('Description').fill('First line\n\n<script>alert(1)</script>');
  await ada.page.getByLabel('Address').fill('desk');
  await ada.press('Create the app');
  assert.equal(ada.path, '/apps/desk');
  assert.equal(await ada.heading(), 'Release <b>desk</b> 🛠️');
  await ada.sees('<script>alert(1)</script>');
  assert.deepEqual(await tabs(ada), ['Description', 'Actions', 'Request', 'Permissions', 'App settings']);
});

test('nobody else sees it, workspace admins included', async () => {
  for (const who of [rob, root]) {
    assert.equal(await who.visit('/apps/desk'), 404);
    await who.visit('/apps');
    await who.seesNot('Release <b>desk</b> 🛠️');
  }
});

test('App settings rename and describe it; the address stays', async () => {
  await ada.press('App settings');
  const form = ada.within('Name and description');
  await ada.fill('Name', 'x'.repeat(300), form);
  await ada.press('Save', form);
  await ada.page.locator('#name-error').waitFor();
  await ada.fill('Name', 'Release desk', form);
  await form.getByLabel('Description').fill('Keeps releases tidy.');
  await ada.press('Save', form);
  assert.equal(await ada.heading(), 'Release desk');
  assert.match(ada.path, /^\/apps\/desk/);
  await ada.press('Description');
  await ada.sees('Keeps releases tidy.');
});

test('a runner sees the app without App settings and Permissions', async () => {
  await ada.press('Permissions');
  await ada.fill('A person', 'rob@example.com');
  await ada.press('Add this person');
  await ada.sees('Rob Runner');
  await rob.visit('/apps');
  await rob.press('Release desk');
  assert.deepEqual(await tabs(rob), ['Description', 'Actions', 'Request']);
  for (const path of ['/apps/desk/settings', '/apps/desk/permissions', '/apps/desk/connections/new']) {
    assert.equal(await rob.visit(path), 403, path);
    await rob.sees('Only an app admin may do this');
  }
});

test('roles are changed in the row; the last admin cannot leave', async () => {
  await ada.choose('Change the permission of Rob Runner', 'Make app admin');
  await rob.visit('/apps/desk');
  assert.deepEqual(await tabs(rob), ['Description', 'Actions', 'Request', 'Permissions', 'App settings']);
  await ada.choose('Change the permission of Rob Runner', 'Make runner');
  await ada.choose('Change the permission of Ada Admin', 'Remove from the app');
  assert.match(await ada.problem(), /without an active admin/);
  await ada.choose('Change the permission of Rob Runner', 'Remove from the app');
  assert.equal(await rob.visit('/apps/desk'), 404);
});

test('a group gives its role to whoever is in it', async () => {
  await root.visit('/groups');
  await root.fill('Name', 'On duty');
  await root.press('Create the group');
  await root.visit('/groups');
  await root.press('On duty');
  await root.fill('Add a person', 'rob@example.com');
  await root.press('Add');
  await root.page.getByRole('button', { name: 'Remove Rob Runner' }).waitFor();
  await ada.visit('/apps/desk/permissions');
  await ada.page.getByLabel('A group').selectOption({ label: 'On duty' });
  await ada.page.getByLabel('Role of the group').selectOption('App admin');
  await ada.press('Add this group');
  await rob.visit('/apps/desk');
  assert.deepEqual(await tabs(rob), ['Description', 'Actions', 'Request', 'Permissions', 'App settings']);
  await root.press('Remove Rob Runner');
  assert.equal(await rob.visit('/apps/desk'), 404);
  await root.page.getByText('Delete the group…').click();
  await root.press('Yes, delete it');
  assert.equal(root.path, '/groups');
  await root.seesNot('On duty');
});

test('Everyone means everyone', async () => {
  await ada.visit('/apps/desk/permissions');
  await ada.press('Add everyone');
  await ada.sees('All active users of the workspace');
  for (const who of [rob, root]) assert.equal(await who.visit('/apps/desk'), 200);
});

test('an app that lost its admins gets one from a workspace admin', async () => {
  await root.visit('/users');
  await root.press('Ada Admin');
  await root.press('Disable');
  await root.visit('/apps/desk');
  await root.sees('This app has no active admin at the moment');
  await root.visit('/apps');
  await root.press('Apps without an admin');
  await root.fill('New admin of Release desk', 'rob@example.com');
  await root.press('Appoint');
  assert.match(await root.notice(), /has an admin again/);
  await root.sees('All is well');
  await rob.visit('/apps/desk/settings');
  assert.equal(rob.path, '/apps/desk/settings');
});

test('deleting an app names the cost and wants its name', async () => {
  await rob.page.getByText('Delete the app…').click();
  const form = rob.within('Delete this app');
  await form.getByRole('textbox').fill('release desk');
  await rob.press('Delete the app and all that is in it', form);
  await rob.page.locator('#confirm-error').waitFor();
  await rob.within('Delete this app').getByRole('textbox').fill('Release desk');
  await rob.press('Delete the app and all that is in it', rob.within('Delete this app'));
  assert.match(await rob.notice(), /"Release desk" was deleted/);
  assert.equal(await root.visit('/apps/desk'), 404);
});

// Walks "Next page" to the end, nine pages at most. -> the names of all pages, and how many pages there were
async function turnPages(who, path, rows) {
  await who.visit(path);
  const names = [];
  for (let pages = 1; ; pages += 1) {
    names.push(...await who.page.locator(rows).allInnerTexts());
    const next = who.page.getByRole('button', { name: 'Next page' });
    if (await next.count() === 0 || pages === 9) return { names, pages };
    await who.press('Next page');
  }
}

test(`${MANY} apps and users: pages to turn, and a search`, async () => {
  const client = rob.options.client;
  for (let i = 1; i <= MANY; i += 1) {
    const number = String(i).padStart(3, '0');
    const made = [await client.post('/apps', { name: `App ${number}` }),
      await rootClient.post('/users', { email: `p${number}@example.com`, name: `Person ${number}` })];
    assert.deepEqual(made.map((answer) => answer.status), [201, 201]);
  }
  const apps = await turnPages(rob, '/apps', 'main h2');
  assert.equal(apps.pages, 3);
  assert.equal(new Set(apps.names).size, MANY);
  const users = await turnPages(root, '/users', 'main .row-name');
  assert.equal(users.pages, 3);
  assert.equal(new Set(users.names).size, MANY + 3);
  await root.visit('/users');
  await root.page.getByLabel('Search by name or e-mail').fill('person 24');
  await root.press('Search');
  assert.equal(await root.page.locator('main .row-name').count(), 10);
  assert.equal(await root.page.getByRole('button', { name: 'Next page' }).count(), 0);
});
