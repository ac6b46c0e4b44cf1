// The main journey by keyboard alone: no mouse, no clicks by script; the focus can always be seen.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { PASSWORD } from '../lib/client.mjs';
import { ANNA } from '../lib/scene.mjs';
import { startStack } from '../lib/stack.mjs';
import { openBrowser } from './lib/browser.mjs';
import { keyboard } from './lib/keyboard.mjs';

let s;
let b;
let ada;
let keys;

before(async () => {
  s = await startStack(null);
  b = await openBrowser();
  ada = await b.person(s);
  keys = keyboard(ada);
});
afterEach(() => b.calm());
after(async () => {
  await b?.close();
  await s?.close();
});

test('set up: the first field has the focus, Enter sends the form', async () => {
  await ada.visit(await s.setupPath());
  assert.equal(await keys.name(), 'Your name');
  await keys.type('Your name', 'Ada Admin');
  await keys.type('E-mail', 'ada@example.com');
  await keys.type('Password', PASSWORD);
  await keys.enter();
  await ada.sees('No apps yet');
});

test('the first Tab offers to skip the menu', async () => {
  await keys.press('Tab');
  assert.equal(await keys.name(), 'Skip to the content');
  await keys.press('Enter');
  await keys.press('Tab');
  assert.equal(await keys.name(), '+ New app');
});

test('an app, and a connection in it', async () => {
  await keys.enter('+ New app');
  await keys.type('Name', 'Release desk');
  await keys.enter();
  await keys.enter('App settings');
  await keys.enter('+ Add new connection');
  await keys.to(/^Jira \(API\)/);
  await keys.press('Space');
  await keys.type('Name', 'Jira');
  await keys.to('Base URL for everybody optional');
  await keys.press('Space');
  await keys.type('Base URL', s.site());
  await keys.enter('Save');
  assert.match(await ada.notice(), /"Jira" was added/);
});

test('connecting', async () => {
  await keys.enter('Description');
  await keys.enter('Connect Jira');
  await keys.type('Username', ANNA);
  await keys.to('API key');
  await ada.page.keyboard.type(await s.token(ANNA));
  await keys.to('Show');
  await keys.press('Space');
  assert.equal(await keys.name(), 'API key', 'Show leads back to the field');
  await keys.enter('Connect');
  assert.equal(await ada.notice(), 'Connected to acme as Anna Admin.');
});

test('the ... menu: Enter opens it, Escape closes it, its items follow', async () => {
  const open = () => ada.page.locator('main details[open]').count();
  await keys.to('More for Jira');
  await keys.press('Enter');
  assert.equal(await open(), 1);
  await keys.to('Reconnect');
  await keys.press('Escape');
  assert.equal(await open(), 0);
  assert.equal(await keys.name(), 'More for Jira');
  await keys.press('Space');
  await keys.enter('Test');
  assert.equal(await ada.heading(), 'Jira works');
  await keys.enter('Done');
});

test('a request', async () => {
  await keys.enter('Request');
  await keys.to('Method');
  await ada.page.keyboard.type('GET');
  await keys.type('Path', '/rest/api/3/search/jql');
  await keys.type(/^Query/, 'jql=project = ACME&maxResults=1');
  await keys.enter('Run');
  await ada.sees('200 OK');
  await keys.to('Body of the answer');
});

test('disconnect, and sign out', async () => {
  await keys.enter('My connections');
  await keys.to('More for Jira');
  await keys.press('Enter');
  await keys.enter('Disconnect');
  await keys.enter('Disconnect');
  assert.match(await ada.notice(), /Disconnected/);
  await keys.to('Your account: Ada Admin');
  await keys.press('Enter');
  await keys.enter('Sign out');
  assert.equal(await ada.heading(), 'Sign in to Mortise');
});
