// Issue points 2, 5 and 6 in a browser: Connect by OAuth2 from both tabs and every way it can end;
// the simulated Atlassian is another site than Mortise, so that cookies and the form-action of the
// policy behave as they will with the real one. What people see of Shared credentials is in
// shared.test.mjs, the OAuth client in oauth-client.test.mjs.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { addConnection, ANNA, BOB, CARLA, callsOf, clearLog, grant, makeApp } from '../lib/scene.mjs';
import { OAUTH_CLIENT, OAUTH_SECRET, startStack } from '../lib/stack.mjs';
import { connectForm, connectThere, consent, signInThere } from './lib/atlassian.mjs';
import { openBrowser } from './lib/browser.mjs';
import { helpPicture } from './lib/checks.mjs';
import { keyboard } from './lib/keyboard.mjs';

const ERIN = 'erin@nowhere.example';

let s;
let b;
let root; // an API client
let admin; // an API client: Ada
let ada; // app admin
let rob; // runner
let nos; // runner whose browser runs no scripts

before(async () => {
  s = await startStack(null, { oauth: true });
  b = await openBrowser();
  root = await s.setup();
  admin = await s.user(root, 'ada@example.com', 'Ada Admin');
  await makeApp(admin, 'Release desk', { slug: 'desk' });
  await grant(admin, 'desk', 'everyone');
  ada = await b.person(s, { client: admin });
  rob = await b.person(s, { client: await s.user(root, 'rob@example.com', 'Rob Runner') });
  nos = await b.person(s, { client: await s.user(root, 'nos@example.com', 'Nora Script'), script: false });
});
afterEach(() => b.calm());
after(async () => {
  await b?.close();
  await s?.close();
});

const TABS = { Description: '/apps/desk', 'App settings': '/apps/desk/settings' };
const desk = (who) => who.visit('/apps/desk');
const stateOf = (who, name) => who.row(name).locator('.state').innerText();
const isThere = (who) => assert.equal(new URL(who.page.url()).host, `auth.localhost:${s.simPort}`);
const forget = (email) => s.control('POST', 'revoke-grant', { email });
const changeClient = (changes) => s.control('POST', 'apps', { client_id: OAUTH_CLIENT, ...changes });
const add = (name, more = {}) => addConnection(admin, 'desk', { name, type: 'jira_oauth2', ...more });

test('+ Add new connection: it stands on both tabs, with Connect', async () => {
  await desk(ada);
  await ada.press('App settings');
  await ada.press('+ Add new connection');
  await ada.page.getByRole('radio', { name: /^Jira \(OAuth2\)/ }).check();
  await ada.fill('Name', 'Jira');
  await helpPicture(ada, 'add-connection', (page) => page.locator('.dialog-card'));
  await ada.press('Save');
  for (const tab of Object.keys(TABS)) {
    await ada.press(tab);
    assert.equal(await stateOf(ada, 'Jira'), 'Not connected');
    await ada.page.getByRole('button', { name: 'Connect Jira' }).waitFor();
  }
  await desk(rob);
  await helpPicture(rob, 'connect-oauth', (page) => page.locator('main'));
});

test('one click leads to Atlassian; Accept leads back to where one was, on either tab', async () => {
  await desk(rob);
  await rob.press('Connect Jira');
  isThere(rob);
  await consent(rob, BOB);
  assert.equal(await rob.notice(), 'Connected to acme as Bob Builder.');
  assert.equal(rob.path, TABS.Description);
  assert.equal(await stateOf(rob, 'Jira'), 'Connected as Bob Builder on acme');
  await ada.visit(TABS['App settings']);
  await connectThere(ada, 'Jira', ANNA, { site: 'Acme' });
  assert.equal(await ada.notice(), 'Connected to acme as Anna Admin.');
  assert.equal(ada.path, TABS['App settings']);
});

test('requests run on it', async () => {
  await rob.press('Request');
  await rob.fill('Path', '/rest/api/3/myself');
  await rob.press('Run');
  await rob.sees('200 OK');
  await rob.sees('Run as Bob Builder on acme');
});

test('a grant that opens several sites: a page asks which one', async () => {
  await add('Second');
  await ada.visit(TABS['App settings']);
  await connectThere(ada, 'Second', ANNA, { site: 'Globex' });
  assert.equal(await ada.heading(), 'Which Jira site?');
  const sites = ada.page.getByRole('radio');
  assert.deepEqual([await sites.count(), await sites.first().isChecked()], [2, true]);
  await helpPicture(ada, 'choose-site', (page) => page.locator('.dialog-card'));
  await ada.page.reload();
  await ada.page.getByRole('radio', { name: /^globex/ }).check();
  await ada.press('Connect');
  assert.equal(await ada.notice(), 'Connected to globex as Anna Admin.');
  assert.equal(ada.path, TABS['App settings']);
  assert.equal(await stateOf(ada, 'Second'), 'Connected as Anna Admin on globex');
  assert.equal(await stateOf(ada, 'Jira'), 'Connected as Anna Admin on acme');
});

test('a site that was not chosen can be cancelled, and the row says so', async () => {
  await add('Third');
  await ada.visit(TABS.Description);
  await connectThere(ada, 'Third', ANNA, { site: 'Globex' });
  await ada.press('Cancel');
  assert.equal(ada.path, TABS.Description);
  assert.equal(await stateOf(ada, 'Third'), 'Not connected');
  await ada.row('Third').getByText('did not choose a site').waitFor();
});

test('declined: its sentence, nothing changed, Connect again goes on', async () => {
  await forget(BOB);
  await add('Declined');
  await desk(rob);
  await connectThere(rob, 'Declined', BOB, { button: 'Cancel' });
  assert.equal(await rob.heading(), 'Declined was not connected');
  assert.match(await rob.problem(), /access was declined\. Nothing was changed/);
  await rob.press('Connect again');
  await consent(rob, BOB);
  assert.equal(await rob.notice(), 'Connected to acme as Bob Builder.');
  assert.equal(rob.path, TABS.Description);
});

test('Reconnect from ... on both tabs; declining keeps what was there', async () => {
  for (const [tab, path] of Object.entries(TABS)) {
    await ada.visit(path);
    await ada.choose('More for Jira', 'Reconnect');
    isThere(ada);
    await consent(ada, ANNA, { site: 'Acme' });
    if (await ada.heading() === 'Which Jira site?') await ada.press('Connect');
    assert.equal(await ada.notice(), 'Connected to acme as Anna Admin.', tab);
    assert.equal(ada.path, path);
  }
  await ada.choose('More for Jira', 'Reconnect');
  await consent(ada, ANNA, { button: 'Cancel' });
  assert.equal(await ada.heading(), 'Nothing was changed');
  await ada.press('Go on');
  assert.equal(ada.path, TABS['App settings']);
  assert.equal(await stateOf(ada, 'Jira'), 'Connected as Anna Admin on acme');
});

test('Reconnect of Jira (API) from ... on both tabs', async () => {
  await add('By key', { type: 'jira_api', base_url: s.site() });
  for (const [verb, path] of [['Connect', TABS.Description], ...Object.values(TABS).map((p) => ['Reconnect', p])]) {
    await ada.visit(path);
    if (verb === 'Connect') await ada.press('Connect By key');
    else await ada.choose('More for By key', 'Reconnect');
    assert.equal(await ada.heading(), `${verb} By key`);
    if (verb === 'Connect') await helpPicture(ada, 'connect-api', (page) => page.locator('.dialog-card'));
    await connectForm(ada, { username: ANNA, key: await s.token(ANNA), button: verb });
    assert.equal(await ada.notice(), 'Connected to acme as Anna Admin.');
    assert.equal(ada.path, path);
  }
});

test('the picture of the menu', async () => {
  await ada.visit(TABS.Description);
  await ada.page.getByLabel('More for Jira').click();
  await helpPicture(ada, 'reconnect', (page) => page.locator('main'));
});

test('reconnect as somebody else: keep the old one, then replace it', async () => {
  await desk(rob);
  await rob.choose('More for Jira', 'Reconnect');
  await consent(rob, CARLA, { site: 'Acme' });
  assert.equal(await rob.heading(), 'Replace the account?');
  const shown = await rob.page.locator('.compare dd').allInnerTexts();
  assert.match(shown[0], /Bob Builder/);
  assert.match(shown[1], /Carla/);
  await rob.press('Keep the old one');
  assert.equal(await stateOf(rob, 'Jira'), 'Connected as Bob Builder on acme');
  await rob.choose('More for Jira', 'Reconnect');
  await consent(rob, CARLA, { site: 'Acme' });
  await rob.press('Replace');
  assert.match(await rob.notice(), /^Connected to acme as Carla/);
  assert.match(await stateOf(rob, 'Jira'), /^Connected as Carla .* on acme$/);
});

test('two tabs: the first one to come back connects, the other is told that it came too late', async () => {
  await add('Twice');
  const second = await rob.newTab();
  for (const tab of [rob, second]) {
    await desk(tab);
    await tab.press('Connect Twice');
    await signInThere(tab, BOB);
  }
  await consent(rob, BOB);
  assert.equal(await rob.notice(), 'Connected to acme as Bob Builder.');
  await consent(second, BOB);
  assert.equal(await second.heading(), 'Nothing was changed');
  assert.match(await second.problem(), /changed while you were at Atlassian, perhaps in another tab/);
  await second.press('Go on');
  assert.equal(second.path, TABS.Description);
  assert.equal(await stateOf(second, 'Twice'), 'Connected as Bob Builder on acme');
  await second.page.close();
});

test('a double click on Connect begins once', async () => {
  await add('Double');
  await desk(rob);
  let begun = 0;
  const count = (request) => {
    if (request.method() === 'POST' && request.url().endsWith('/connect')) begun += 1;
  };
  rob.page.on('request', count);
  await rob.leaving(() => rob.page.getByRole('button', { name: 'Connect Double' }).dblclick());
  await rob.page.waitForURL(/auth\.localhost/);
  rob.page.off('request', count);
  assert.equal(begun, 1);
  await consent(rob, BOB);
  assert.equal(await rob.notice(), 'Connected to acme as Bob Builder.');
});

test('the back button at Atlassian: one is where one was, and Connect still works', async () => {
  await add('Back');
  await desk(rob);
  await rob.press('Connect Back');
  isThere(rob);
  await rob.page.goBack();
  assert.equal(rob.path, TABS.Description);
  assert.equal(await rob.page.getByRole('button', { name: 'Connect Back' }).innerText(), 'Connect');
  await connectThere(rob, 'Back', BOB);
  assert.equal(await rob.notice(), 'Connected to acme as Bob Builder.');
});

test('the back button after success, and Accept again: used already, and still connected', async () => {
  await rob.page.goBack();
  isThere(rob);
  await clearLog(s);
  const refreshed = async () => (await s.control('GET', 'refreshes')).accepted;
  const before = await refreshed(); // the keeper may tend others meanwhile
  await rob.press('Accept');
  assert.equal(await rob.heading(), 'Nothing was changed');
  assert.match(await rob.problem(), /it counts once\. Nothing was changed/);
  const calls = await callsOf(s);
  const asked = calls.filter((c) => c.startsWith('POST') && c.endsWith('/oauth/token')).length;
  assert.ok(asked <= await refreshed() - before, 'no code is exchanged');
  await rob.press('Go on');
  assert.equal(await stateOf(rob, 'Back'), 'Connected as Bob Builder on acme');
});

test('consent in another browser is refused there; its way back counts in one\'s own only', async () => {
  await add('Elsewhere');
  await desk(rob);
  await rob.press('Connect Elsewhere');
  await signInThere(rob, BOB);
  await ada.page.goto(rob.page.url());
  await consent(ada, BOB);
  const callback = ada.page.url();
  const stranger = await b.person(s);
  await stranger.page.goto(callback);
  for (const who of [ada, stranger])
    assert.match(await who.problem(), /begun in another browser or by somebody else/);
  await stranger.press('Sign in', stranger.page.locator('main'));
  assert.match(stranger.path, /^\/session/);
  await desk(ada);
  assert.equal(await stateOf(ada, 'Elsewhere'), 'Not connected');
  await rob.page.goto(callback);
  assert.equal(await rob.notice(), 'Connected to acme as Bob Builder.');
  await stranger.leave();
});

test('removed from the app in between: nothing is saved', async () => {
  const app = await makeApp(admin, 'Night shift', { slug: 'night' });
  const role = await grant(admin, app, { me: { email: 'rob@example.com' } });
  await addConnection(admin, app, { name: 'Jira', type: 'jira_oauth2' });
  await rob.visit('/apps/night');
  await rob.press('Connect Jira');
  await signInThere(rob, BOB);
  await admin.delete(`/apps/night/permissions/${role.id}`);
  await rob.press('Accept');
  assert.equal(await rob.heading(), 'Not connected');
  await rob.press('Go to your apps');
  await rob.seesNot('Night shift');
});

test('stranded at Atlassian by the callback URL: the row and the dialog explain', async () => {
  await add('Stranded');
  await changeClient({ callback: 'http://localhost:1/elsewhere' });
  await desk(rob);
  await rob.press('Connect Stranded');
  await rob.sees(/redirect_uri is not registered for client/);
  await desk(rob);
  await rob.row('Stranded').getByText('You left for Atlassian and have not come back').waitFor();
  await rob.press('What happened?');
  await rob.page.getByText('Did Atlassian show an error?').click();
  await rob.sees(/redirect_uri is not registered/);
  await rob.sees(s.callback);
  await changeClient({ callback: s.callback, shared: false });
  await rob.press('Continue to Atlassian');
  await rob.sees(/failed to retrieve client/i);
  await changeClient({ shared: true });
  await rob.page.goBack();
  await rob.press('Continue to Atlassian');
  await consent(rob, BOB);
  assert.equal(await rob.notice(), 'Connected to acme as Bob Builder.');
  assert.equal(rob.path, TABS.Description);
});

test('an account without any Jira site stays at Atlassian', async () => {
  await add('No site');
  await desk(ada);
  await ada.press('Connect No site');
  await signInThere(ada, ERIN);
  isThere(ada);
  assert.equal(await ada.page.getByRole('button', { name: 'Accept' }).count(), 0);
  await desk(ada);
  assert.equal(await stateOf(ada, 'No site'), 'Not connected');
});

test('a client secret that is wrong by now: an admin\'s matter, said so', async () => {
  await changeClient({ client_secret: 'rotated-meanwhile' });
  await desk(rob);
  await connectThere(rob, 'No site', BOB);
  assert.match(await rob.problem(), /workspace admin has to correct/);
  await changeClient({ client_secret: OAUTH_SECRET });
  await rob.press('Connect again');
  await consent(rob, BOB);
  assert.equal(await rob.notice(), 'Connected to acme as Bob Builder.');
});

test('the dialogs and the failures lead to the help page', async () => {
  const id = await add('Helped');
  for (const [path, link, heading] of [
    [`/apps/desk/connections/${id}/connect`, 'Help on connecting', 'OAuth2'],
    ['/oauth/callback?error=access_denied', 'Help with problems', 'Problems']]) {
    await rob.visit(path);
    await rob.press(link);
    const title = rob.page.getByRole('heading', { name: heading, exact: true });
    const top = (await title.boundingBox()).y;
    assert.ok(top >= 0 && top < 200, `${heading} is at ${top}`);
  }
});

test('Test tells that it works, and when access was taken back at Atlassian', async () => {
  await desk(rob);
  await rob.choose('More for Back', 'Test');
  assert.equal(await rob.heading(), 'Back works');
  await rob.seesNot(/API key/);
  await rob.press('Done');
  await forget(BOB);
  await rob.choose('More for Back', 'Test');
  assert.equal(await rob.heading(), 'Back does not work');
  await rob.press('Reconnect');
  await consent(rob, BOB);
  assert.equal(await stateOf(rob, 'Back'), 'Connected as Bob Builder on acme');
});

test('Disconnect says what stays at Atlassian; one removes it there', async () => {
  await add('Last');
  await desk(ada);
  await ada.visit('/me/connections');
  await ada.choose('More for Jira', 'Disconnect');
  assert.equal(await ada.heading(), 'Disconnect Jira?');
  await ada.sees(/At Atlassian the access stays/);
  const [tab] = await Promise.all([ada.context.waitForEvent('page'),
    ada.page.getByRole('link', { name: /^remove it there/ }).click()]);
  const there = Object.assign(Object.create(ada), { page: tab });
  await tab.waitForLoadState();
  await signInThere(there, ANNA);
  await there.press('Remove access of Mortise (make run)');
  await there.sees('There are no connected apps.');
  await tab.close();
  await ada.press('Disconnect', ada.page.locator('main'));
  assert.match(await ada.notice(), /manage-profile\/apps/);
  await desk(ada);
  assert.equal(await stateOf(ada, 'Jira'), 'Not connected');
});

test('without scripts: connect, choose the site, another account, disconnect', async () => {
  await forget(ANNA);
  await desk(nos);
  await connectThere(nos, 'Jira', ANNA, { site: 'Acme' });
  assert.equal(await nos.notice(), 'Connected to acme as Anna Admin.');
  await nos.choose('More for Jira', 'Reconnect');
  await consent(nos, ANNA, { site: 'Globex' });
  await nos.page.getByRole('radio', { name: /^globex/ }).check();
  await nos.press('Connect');
  assert.equal(await nos.heading(), 'Replace the account?');
  await nos.press('Replace');
  assert.equal(await stateOf(nos, 'Jira'), 'Connected as Anna Admin on globex');
  await nos.choose('More for Jira', 'Disconnect');
  await nos.press('Disconnect', nos.page.locator('main'));
  assert.equal(await stateOf(nos, 'Jira'), 'Not connected');
});

test('by keyboard alone: connect, choose the site, reconnect and decline', async () => {
  const keys = keyboard(ada);
  await add('By hand');
  await desk(ada);
  await ada.press('Connect By hand');
  await signInThere(ada, ANNA);
  await desk(ada);
  await keys.enter('Connect By hand');
  await keys.to('Use app on');
  await ada.page.keyboard.type('Globex');
  await keys.enter('Accept');
  await keys.to(/^acme/);
  await keys.press('ArrowDown');
  await keys.enter('Connect');
  assert.equal(await ada.notice(), 'Connected to globex as Anna Admin.');
  await keys.to('More for By hand');
  await keys.press('Enter');
  await keys.enter('Reconnect');
  await keys.enter('Cancel');
  await keys.enter('Go on');
  assert.equal(await stateOf(ada, 'By hand'), 'Connected as Anna Admin on globex');
});
