// Points 3, 4, 5, 6 and 8 in a browser: App settings and + Add new connection, Connect by Jira (API)
// with a token made on Atlassian's page, wrong keys, the question when the account changes, Test,
// Reconnect and Disconnect, everybody with their own credential, My connections.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { ANNA, BOB, grant, makeApp } from '../lib/scene.mjs';
import { startStack } from '../lib/stack.mjs';
import { connectForm, makeToken } from './lib/atlassian.mjs';
import { openBrowser } from './lib/browser.mjs';

let s;
let b;
let ada; // app admin
let rob; // runner
const LOST = 'Jira no longer accepts this API key';

before(async () => {
  s = await startStack(null);
  b = await openBrowser();
  const root = await s.setup();
  const admin = await s.user(root, 'ada@example.com', 'Ada Admin');
  await makeApp(admin, 'Release desk', { slug: 'desk' });
  await grant(admin, 'desk', 'everyone');
  ada = await b.person(s, { client: admin });
  rob = await b.person(s, { client: await s.user(root, 'rob@example.com', 'Rob Runner') });
});
afterEach(() => b.calm());
after(async () => {
  await b?.close();
  await s?.close();
});

const desk = (who) => who.visit('/apps/desk');
const stateOf = (who, name) => who.row(name).locator('.state').innerText();

test('+ Add new connection: Jira (OAuth2) is offered but disabled, with the reason', async () => {
  await desk(ada);
  await ada.sees('No connections yet');
  await ada.press('App settings');
  await ada.press('+ Add new connection');
  const oauth = ada.page.getByRole('radio', { name: /^Jira \(OAuth2\)/ });
  assert.equal(await oauth.isDisabled(), true);
  await ada.sees(/No OAuth client is set up yet/);
  await ada.page.getByRole('radio', { name: /^Jira \(API\)/ }).check();
  await ada.fill('Name', 'Jira');
  await ada.press('Save');
  assert.match(await ada.notice(), /"Jira" was added/);
  assert.equal(ada.path, '/apps/desk/settings');
  assert.equal(await stateOf(ada, 'Jira'), 'Not connected');
});

test('a name counts once in an app; what was entered stays', async () => {
  await ada.press('+ Add new connection');
  await ada.page.getByRole('radio', { name: /^Jira \(API\)/ }).check();
  await ada.fill('Name', 'Jira');
  await ada.page.getByText('Base URL for everybody').click();
  await ada.fill('Base URL', s.site());
  await ada.press('Save');
  assert.match(await ada.problem(), /already has a connection of that name/);
  assert.equal(await ada.page.getByLabel('Base URL', { exact: true }).inputValue(), s.site());
  await ada.fill('Name', 'Fixed');
  await ada.page.getByRole('radio', { name: /^It is fixed/ }).check();
  await ada.press('Save');
  assert.match(await ada.notice(), /"Fixed" was added/);
});

test('Connect from the Description with a token made on Atlassian\'s page', async () => {
  await desk(rob);
  await rob.press('Connect Jira');
  assert.equal(await rob.heading(), 'Connect Jira');
  const token = await makeToken(rob, BOB);
  await connectForm(rob, { site: `${s.site()}/jira/software/projects/ACME/boards/1`, username: BOB });
  assert.equal(await rob.notice(), 'Connected to acme as Bob Builder.');
  assert.equal(rob.path, '/apps/desk');
  assert.equal(await stateOf(rob, 'Jira'), 'Connected as Bob Builder on acme');
  assert.ok(!(await rob.page.content()).includes(token));
});

test('everybody connects for themselves: others still see Connect', async () => {
  await desk(ada);
  assert.equal(await stateOf(ada, 'Jira'), 'Not connected');
  await ada.page.getByLabel('More for Jira').click(); // she is an app admin
  const items = ada.page.locator('.menu[open] .menu-item');
  assert.deepEqual(await items.allInnerTexts(), ['Who has connected']);
});

test('a wrong key says what to do and keeps what was entered, but not the key', async () => {
  await ada.visit('/apps/desk/settings');
  await ada.press('Connect Jira');
  await connectForm(ada,
    { site: s.site(), username: ANNA, key: 'ATATT3xWrongWrongWrong', expires: '2099-01-31' });
  assert.match(await ada.problem(), /Jira did not accept this Username and API key/);
  const values = ['Base URL', 'Username', 'API key'].map((label) =>
    ada.page.getByLabel(label, { exact: true }).inputValue());
  assert.deepEqual(await Promise.all(values), [s.site(), ANNA, '']);
  assert.equal(await ada.page.getByLabel('Expiry date').inputValue(), '2099-01-31');
});

test('addresses that are no Jira site are refused at the field', async () => {
  for (const [site, sentence] of [['http://169.254.169.254/', /https/], ['https://127.0.0.1', /./]]) {
    await connectForm(ada, { site, username: ANNA, key: 'some key' });
    assert.match(await ada.page.locator('#base_url-error').innerText(), sentence);
  }
});

test('Connect from App settings comes back there', async () => {
  await makeToken(ada, ANNA);
  await connectForm(ada, { site: s.site(), username: ANNA });
  assert.equal(await ada.notice(), 'Connected to acme as Anna Admin.');
  assert.equal(ada.path, '/apps/desk/settings');
  assert.match(await stateOf(ada, 'Jira'), /^Connected as Anna Admin on acme/);
});

test('a fixed Base URL is shown and cannot be changed', async () => {
  await desk(ada);
  await ada.press('Connect Fixed');
  const field = ada.page.getByLabel('Base URL', { exact: true });
  assert.equal(await field.inputValue(), s.site());
  assert.equal(await field.isEditable(), false);
  await connectForm(ada, { username: ANNA, key: await s.token(ANNA) });
  assert.equal(await stateOf(ada, 'Fixed'), 'Connected as Anna Admin on acme');
});

test('Test tells stage by stage that it works', async () => {
  await ada.choose('More for Jira', 'Test');
  assert.equal(await ada.heading(), 'Jira works');
  const stages = await ada.page.locator('.stages li').allInnerTexts();
  assert.equal(stages.length, 7);
  for (const stage of stages) assert.match(stage, /Fine:/);
  await ada.press('Done');
  assert.equal(ada.path, '/apps/desk');
});

test('Details tells how it is doing, and leads to Test and back', async () => {
  await ada.choose('More for Jira', 'Details');
  assert.equal(await ada.heading(), 'Jira');
  await ada.sees('None since it last worked');
  await ada.sees('When it ends');
  await ada.press('Test');
  assert.equal(await ada.heading(), 'Jira works');
  await ada.press('Done');
  assert.match(ada.path, /\/connections\/\w+$/);
  await ada.press('Back to the app');
  assert.equal(ada.path, '/apps/desk');
});

test('Reconnect to another account asks first; Keep the old one keeps it', async () => {
  await ada.choose('More for Jira', 'Reconnect');
  assert.equal(await ada.heading(), 'Reconnect Jira');
  assert.equal(await ada.page.getByLabel('Username').inputValue(), ANNA);
  await connectForm(ada, { username: BOB, key: await s.token(BOB), button: 'Reconnect' });
  assert.equal(await ada.heading(), 'Replace the account?');
  const shown = await ada.page.locator('.compare dd').allInnerTexts();
  assert.match(shown[0], /Anna Admin/);
  assert.match(shown[1], /Bob Builder/);
  await ada.press('Keep the old one');
  assert.match(await stateOf(ada, 'Jira'), /^Connected as Anna Admin on acme/);
});

test('Reconnect to another site asks first; Replace replaces', async () => {
  await ada.choose('More for Jira', 'Reconnect');
  const key = await s.token(ANNA);
  await connectForm(ada, { site: s.site('globex'), username: ANNA, key, button: 'Reconnect' });
  const shown = await ada.page.locator('.compare dd').allInnerTexts();
  assert.deepEqual(shown.map((text) => /globex/.test(text)), [false, true]);
  await ada.press('Replace');
  assert.equal(await ada.notice(), 'Connected to globex as Anna Admin.');
  assert.match(await stateOf(ada, 'Jira'), /^Connected as Anna Admin on globex/);
});

test('a revoked token: Test finds out, the row says why, Reconnect heals', async () => {
  await s.control('POST', 'revoke', { email: BOB });
  await desk(rob);
  await rob.choose('More for Jira', 'Test');
  assert.equal(await rob.heading(), 'Jira does not work');
  await rob.sees(LOST);
  await rob.press('Close');
  assert.match(await stateOf(rob, 'Jira'), new RegExp(`^Needs reconnecting: ${LOST}`));
  await rob.choose('More for Jira', 'Test');
  assert.equal(await rob.heading(), 'Reconnect Jira');
  assert.match(await rob.problem(), /"Jira" needs reconnecting/);
  await connectForm(rob, { username: BOB, key: await s.token(BOB), button: 'Reconnect' });
  assert.equal(await stateOf(rob, 'Jira'), 'Connected as Bob Builder on acme');
});

test('My connections lists one\'s own over all apps, and only those', async () => {
  await ada.visit('/apps');
  await ada.press('My connections');
  const names = await ada.page.locator('.row-name').allInnerTexts();
  assert.deepEqual(names.sort(), ['Fixed', 'Jira']);
  await ada.sees('Release desk');
  await rob.visit('/me/connections');
  assert.deepEqual(await rob.page.locator('.row-name').allInnerTexts(), ['Jira']);
});

test('Disconnect says what is lost, and touches nobody else', async () => {
  await ada.choose('More for Jira', 'Disconnect');
  assert.equal(await ada.heading(), 'Disconnect Jira?');
  await ada.press('Keep it');
  assert.equal(ada.path, '/me/connections');
  await ada.choose('More for Jira', 'Disconnect');
  await ada.sees('erased here, at once');
  await ada.press('Disconnect', ada.page.locator('main'));
  assert.match(await ada.notice(), /Disconnected/);
  await desk(ada);
  assert.equal(await stateOf(ada, 'Jira'), 'Not connected');
  await desk(rob);
  assert.equal(await stateOf(rob, 'Jira'), 'Connected as Bob Builder on acme');
});

test('Edit renames; another fixed Base URL takes credentials out of use', async () => {
  await ada.visit('/apps/desk/settings');
  await ada.press('Edit Fixed');
  await ada.fill('Name', 'Fixed at Globex');
  await ada.fill('Base URL optional', s.site('globex'));
  await ada.press('Save');
  assert.match(await ada.notice(), /1 credential/);
  assert.match(await stateOf(ada, 'Fixed at Globex'), /^Needs reconnecting/);
});

test('deleting a connection names the cost and wants its name', async () => {
  await ada.press('Edit Jira');
  const part = ada.within('Delete this connection');
  assert.match(await part.innerText(), /1 stored credential is lost, 1 person has to connect anew/);
  await part.getByText('Delete the connection…').click();
  await part.getByRole('textbox').fill('Jira');
  await ada.press('Delete the connection', part);
  assert.match(await ada.notice(), /"Jira" was deleted/);
  await desk(rob);
  await rob.seesNot('Connected as Bob Builder on acme');
});
