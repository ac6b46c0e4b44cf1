// Issue point 1 in a browser: a workspace admin follows the guide in Atlassian's developer console,
// enters what it gave, and people connect; a connection with an OAuth client of its own.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { ANNA, BOB, grant, makeApp } from '../lib/scene.mjs';
import { startStack } from '../lib/stack.mjs';
import { connectThere, consent, signInThere } from './lib/atlassian.mjs';
import { openBrowser } from './lib/browser.mjs';
import { helpPicture } from './lib/checks.mjs';

const SCOPES = ['read:jira-work', 'write:jira-work', 'read:jira-user'];

let s;
let b;
let root; // workspace admin
let ada; // app admin
let rob; // runner
const made = {}; // what the developer console gave: {id, secret}

before(async () => {
  s = await startStack(null);
  b = await openBrowser();
  const client = await s.setup();
  const admin = await s.user(client, 'ada@example.com', 'Ada Admin');
  await makeApp(admin, 'Release desk', { slug: 'desk' });
  await grant(admin, 'desk', 'everyone');
  root = await b.person(s, { client });
  ada = await b.person(s, { client: admin });
  rob = await b.person(s, { client: await s.user(client, 'rob@example.com', 'Rob Runner') });
});
afterEach(() => b.calm());
after(async () => {
  await b?.close();
  await s?.close();
});

const stateOf = (who, name) => who.row(name).locator('.state').innerText();

// From a page with the guide: every step of it in the console, in another tab. -> {id, secret}
async function followGuide(who, account, { name, grantLevel }) {
  const { context, page, stack } = who;
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: stack.url });
  await page.getByRole('button', { name: 'Copy', exact: true }).filter({ visible: true }).click();
  await page.getByRole('button', { name: 'Copied' }).waitFor();
  const callback = await page.evaluate('navigator.clipboard.readText()');
  const scopes = await page.locator('.scopes code').allInnerTexts();
  const [tab] = await Promise.all([context.waitForEvent('page'),
    page.getByRole('link', { name: /^Atlassian's developer console/ }).click()]);
  await tab.waitForLoadState();
  const there = Object.assign(Object.create(who), { page: tab });
  await signInThere(there, account);
  await there.fill('Name', name);
  await tab.getByRole('radio', { name: new RegExp(`^${grantLevel}`) }).check();
  await there.press('Create');
  for (const scope of scopes) await tab.getByRole('checkbox', { name: scope, exact: true }).check();
  await there.press('Save permissions');
  await there.fill('Callback URL', callback);
  await there.press('Save callback URL');
  await tab.getByRole('radio', { name: /^Sharing:/ }).check();
  await there.press('Save distribution');
  const given = { id: await tab.locator('#client-id').innerText(),
    secret: await tab.locator('#client-secret').innerText(), callback, scopes };
  await tab.close();
  await page.bringToFront();
  return given;
}

const enter = async (who, { id, secret }) => {
  await who.fill('Client ID', id);
  await who.fill('Secret', secret);
  await who.press('Save', who.page.locator('.client-form'));
};

test('without one, Jira (OAuth2) cannot be chosen, and the reason leads to Settings', async () => {
  await ada.visit('/apps/desk/connections/new');
  assert.equal(await ada.page.getByRole('radio', { name: /^Jira \(OAuth2\)/ }).isDisabled(), true);
  await ada.sees(/Ask a workspace admin/);
  await root.visit('/apps');
  await root.press('Settings');
  await root.sees('There is none yet: nobody can connect by Jira (OAuth2).');
});

test('the guide: what it says to copy and tick is what the console wants', async () => {
  Object.assign(made, await followGuide(root, ANNA, { name: 'Mortise at work', grantLevel: 'Account-level' }));
  assert.equal(made.callback, s.callback);
  assert.deepEqual(made.scopes, SCOPES);
});

test('a wrong secret is refused at its field, and nothing is saved', async () => {
  await enter(root, { id: made.id, secret: 'not the secret' });
  await root.page.locator('#client_secret-error').getByText(/does not accept this Client ID and secret/).waitFor();
  assert.equal(await root.page.getByLabel('Client ID').inputValue(), made.id);
  assert.equal(await root.page.getByLabel('Secret', { exact: true }).inputValue(), '');
  await root.sees('There is none yet: nobody can connect by Jira (OAuth2).');
});

test('the right one is saved and never shown; people connect, and read its name at Atlassian', async () => {
  await enter(root, made);
  assert.match(await root.notice(), /^Saved/);
  assert.ok(!(await root.page.content()).includes(made.secret));
  await root.press('Test it now');
  assert.match(await root.notice(), /Atlassian accepts/);
  await root.visit('/settings');
  await helpPicture(root, 'oauth-client', (page) => page.locator('main'));
  await ada.visit('/apps/desk/connections/new');
  await ada.page.getByRole('radio', { name: /^Jira \(OAuth2\)/ }).check();
  await ada.fill('Name', 'Jira');
  await ada.press('Save');
  await rob.visit('/apps/desk');
  await rob.press('Connect Jira');
  await signInThere(rob, BOB);
  await rob.sees('Mortise at work');
  await consent(rob, BOB);
  assert.equal(await rob.notice(), 'Connected to acme as Bob Builder.');
});

test('a connection\'s own client takes what stood on the other out of use, once confirmed', async () => {
  await ada.visit('/apps/desk/settings');
  await ada.press('Edit Jira');
  await ada.sees('This connection uses the workspace\'s OAuth client.');
  await ada.page.getByText('Use one of its own…').click();
  await ada.page.getByText('How to make one at Atlassian').click();
  const own = await followGuide(ada, BOB, { name: 'Desk only', grantLevel: 'Resource-level' });
  await enter(ada, own);
  await ada.page.locator('#confirm_lost-error').waitFor();
  assert.equal(await ada.page.getByLabel('Secret', { exact: true }).inputValue(), '');
  await ada.fill('Secret', own.secret);
  await ada.page.getByLabel(/^People may have to reconnect/).check();
  await ada.press('Save', ada.page.locator('.client-form'));
  await ada.sees('This connection uses an OAuth client of its own.');
  await rob.visit('/apps/desk');
  assert.match(await stateOf(rob, 'Jira'), /^Needs reconnecting: .*OAuth client was changed/);
});

test('a client with resource-level grants: Accept waits until a site is chosen', async () => {
  await rob.press('Reconnect Jira');
  await rob.sees('Desk only');
  assert.equal(await rob.page.getByRole('button', { name: 'Accept' }).isDisabled(), true);
  await consent(rob, BOB, { site: 'Acme' });
  assert.equal(await rob.notice(), 'Connected to acme as Bob Builder.');
  assert.equal(await stateOf(rob, 'Jira'), 'Connected as Bob Builder on acme');
});

test('removing it says what that costs; the workspace\'s is in force again', async () => {
  await ada.visit('/apps/desk/settings');
  await ada.press('Edit Jira');
  await ada.page.getByText('Remove it…').click();
  await ada.sees(/1 credential/);
  await ada.press('Remove the OAuth client');
  await ada.sees('This connection uses the workspace\'s OAuth client.');
  await rob.visit('/apps/desk');
  await connectThere(rob, 'Jira', BOB, { verb: 'Reconnect' });
  assert.equal(await rob.notice(), 'Connected to acme as Bob Builder.');
});
