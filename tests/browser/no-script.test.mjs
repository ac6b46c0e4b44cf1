// The main journey in browsers that run no scripts at all: from the first start over invitation,
// app, connection, Connect, a request, the question when the account changes, to signing out.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { PASSWORD } from '../lib/client.mjs';
import { ANNA, BOB } from '../lib/scene.mjs';
import { startStack } from '../lib/stack.mjs';
import { connectForm } from './lib/atlassian.mjs';
import { openBrowser } from './lib/browser.mjs';

let s;
let b;
let ada;
let rob;

before(async () => {
  s = await startStack(null);
  b = await openBrowser();
  ada = await b.person(s, { script: false });
  rob = await b.person(s, { script: false });
});
afterEach(() => b.calm());
after(async () => {
  await b?.close();
  await s?.close();
});

const stateOf = (who, name) => who.row(name).locator('.state').innerText();

test('first start and invitation', async () => {
  await ada.visit(await s.setupPath());
  assert.equal(await ada.page.getByRole('button').filter({ visible: true }).count(), 1,
    'what needs scripts is not offered');
  await ada.fill('Your name', 'Ada Admin');
  await ada.fill('E-mail', 'ada@example.com');
  await ada.fill('Password', PASSWORD);
  await ada.press('Create the workspace');
  await ada.press('Users');
  await ada.fill('E-mail', 'rob@example.com');
  await ada.press('Make an invitation link');
  assert.equal(await ada.page.getByRole('button', { name: 'Copy' }).count(), 0);
  await rob.visit(await ada.page.getByLabel('Link').inputValue());
  await rob.fill('Password', PASSWORD);
  await rob.press('Create my account');
  assert.equal(rob.path, '/apps');
});

test('app, connection, permission', async () => {
  await ada.press('Apps');
  await ada.press('Create an app');
  await ada.page.getByLabel('Name', { exact: true }).fill('Release desk');
  await ada.press('Create the app');
  await ada.press('+ Add new connection');
  await ada.page.getByRole('radio', { name: /^Jira \(API\)/ }).check();
  await ada.fill('Name', 'Jira');
  await ada.press('Save');
  assert.equal(await stateOf(ada, 'Jira'), 'Not connected');
  await ada.press('Permissions');
  await ada.press('Add everyone');
});

test('a runner connects from the Request page, with a token from Atlassian\'s page', async () => {
  await rob.visit('/apps');
  await rob.press('Release desk');
  await rob.press('Request');
  await rob.fill('Path', '/rest/api/3/myself');
  await rob.press('Run');
  assert.match(await rob.problem(), /Connect Jira first/);
  await rob.press('Connect');
  const [tab] = await Promise.all([rob.context.waitForEvent('page'),
    rob.page.getByRole('link', { name: /^Make an API token/ }).click()]);
  await tab.getByLabel('Email').fill(BOB);
  await tab.getByLabel('Password').fill('bob-secret');
  await tab.getByRole('button', { name: 'Log in' }).click();
  await tab.getByLabel('Name', { exact: true }).fill('Mortise');
  await tab.getByRole('button', { name: 'Create', exact: true }).click();
  const key = await tab.locator('#token').innerText();
  await tab.close();
  await connectForm(rob, { site: s.site(), username: BOB, key: 'not the key' });
  assert.match(await rob.problem(), /Jira did not accept/);
  await connectForm(rob, { username: BOB, key });
  assert.equal(await rob.notice(), 'Connected to acme as Bob Builder.');
  assert.equal(await rob.page.getByLabel('Path').inputValue(), '/rest/api/3/myself');
  await rob.press('Run');
  await rob.sees('200 OK');
  await rob.sees('Run as Bob Builder on acme');
});

test('another account is asked about; Test; Disconnect', async () => {
  await rob.press('Description');
  await rob.choose('More for Jira', 'Reconnect');
  await connectForm(rob, { username: ANNA, key: await s.token(ANNA), button: 'Reconnect' });
  assert.equal(await rob.heading(), 'Replace the account?');
  await rob.press('Replace');
  assert.equal(await stateOf(rob, 'Jira'), 'Connected as Anna Admin on acme');
  await rob.choose('More for Jira', 'Test');
  assert.equal(await rob.heading(), 'Jira works');
  await rob.press('Done');
  await rob.choose('More for Jira', 'Disconnect');
  await rob.press('Disconnect', rob.page.locator('main'));
  assert.equal(await stateOf(rob, 'Jira'), 'Not connected');
});

test('deleting asks for the name; signing out', async () => {
  await ada.press('App settings');
  await ada.page.getByText('Delete the app…').click();
  await ada.within('Delete this app').getByRole('textbox').fill('Release desk');
  await ada.press('Delete the app and all that is in it');
  assert.match(await ada.notice(), /was deleted/);
  await ada.page.getByLabel('Your account: Ada Admin').click();
  await ada.press('Sign out');
  assert.equal(await ada.heading(), 'Sign in to Mortise');
  await ada.visit('/apps');
  assert.match(ada.path, /^\/session/);
});
