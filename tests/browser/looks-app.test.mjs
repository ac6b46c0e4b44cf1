// The pages of an app and of its connections as everybody sees them: every check and four pictures
// each (build/screenshots/<name>-{light,dark,360,1600}.png), empty and failing states included; and
// the picture of the README, build/screenshots/app.png.

import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';

import { addConnection, ANNA, BOB, connect, makeApp } from '../lib/scene.mjs';
import { startStack } from '../lib/stack.mjs';
import { openBrowser } from './lib/browser.mjs';
import { PICTURES } from './lib/checks.mjs';
import { looks } from './lib/looks.mjs';
import { furnish, furnishLong } from './lib/scene.mjs';

let s;
let b;
let w; // the workspace, see furnish()
let at; // the app's path
let bare; // the path of an app without connections
const people = {};
const { page, complete } = looks('app');

before(async () => {
  s = await startStack(null);
  b = await openBrowser();
  const root = await s.setup();
  w = await furnish(s, root);
  at = `/apps/${w.app}`;
  bare = `/apps/${await makeApp(w.nora, 'Support triage')}`;
  people.nora = await b.person(s, { client: w.nora });
  people.sam = await b.person(s, { client: w.sam });
  people.mia = await b.person(s, { client: await s.user(root, 'mia.chen@example.com', 'Mia Chen') });
  const long = await furnishLong(s, root);
  people.long = await b.person(s, { client: long.client });
  people.long.at = `/apps/${long.app}/connections/${long.id}`;
});
afterEach(() => b.calm());
after(async () => {
  await b?.close();
  await s?.close();
});

const nora = () => people.nora; // app admin
const sam = () => people.sam; // runner, connected
const mia = () => people.mia; // runner, not connected
const long = () => people.long;
const of = (name, what) => () => `${at}/connections/${w.ids[name]}/${what}`;
const enter = async (p, key, username) => {
  if (username) await p.fill('Username', username);
  await p.fill('API key', key);
  await p.press('Reconnect');
};

test('the picture for the README', async () => {
  await nora().visit(at);
  await nora().page.screenshot({ path: path.join(PICTURES, 'app.png') });
});

page('app', nora, () => at);
page('app.menu', nora, async (p) => {
  await p.page.getByLabel('More for Planning').click();
  await p.page.getByRole('button', { name: 'Disconnect' }).filter({ visible: true }).waitFor();
});
page('app.runner', sam, () => at);
page('app.empty', nora, () => bare);
page('app-settings', nora, () => `${at}/settings`);
page('app-settings.empty', nora, async (p) => {
  await p.visit(`${bare}/settings`);
  await p.page.getByText('Delete the app…').click();
});
page('app-settings.wrong', nora, async (p) => {
  await p.page.locator('#confirm').fill('Something else');
  await p.press('Delete the app and all that is in it');
  await p.page.locator('#confirm-error').waitFor();
});
page('permissions', nora, () => `${at}/permissions`);
page('permissions.wrong', nora, async (p) => {
  await p.visit(`${at}/permissions`);
  await p.fill('A person', 'nobody@example.com');
  await p.press('Add this person');
  await p.sees('There is no user with this e-mail.');
});
page('connection-new', nora, () => `${at}/connections/new`);
page('connection-new.wrong', nora, async (p) => {
  await p.page.getByRole('radio', { name: /^Jira \(API\)/ }).check();
  await p.fill('Name', 'Acme Jira');
  await p.page.getByText('Base URL for everybody').click();
  await p.fill('Base URL', 'http://169.254.169.254/latest');
  await p.press('Save');
  await p.page.locator('#base_url-error').waitFor();
});
page('connection-edit', nora, of('planning', 'edit'));
page('connection-edit.delete', nora, async (p) => {
  await p.visit(of('jira', 'edit')());
  await p.page.getByText('Delete the connection…').click();
});

page('connect', mia, of('jira', 'connect'));
page('connect.fixed', mia, of('planning', 'connect'));
page('connect.wrong', sam, async (p) => {
  await p.visit(of('jira', 'connect')());
  await enter(p, 'wrong key', BOB);
  await p.sees('Jira did not accept this Username and API key');
});
page('connect.question', sam, async (p) => {
  await p.visit(of('jira', 'connect')());
  await enter(p, await s.token(ANNA), ANNA);
  await p.sees('Replace the account?');
});
page('credential', sam, of('jira', 'credential'));
page('test', sam, async (p) => {
  await p.visit(at);
  await p.choose('More for Acme Jira', 'Test');
  await p.sees('Acme Jira works');
});
page('test.failed', nora, async (p) => {
  await s.control('POST', 'faults', { kind: 'html', match: { path: '/rest/' } });
  await p.visit(at);
  await p.choose('More for Acme Jira', 'Test');
  await p.sees('Acme Jira does not work');
});
page('connect.test-needs-reconnecting', nora, async (p) => {
  await p.visit(at);
  await p.choose('More for Planning', 'Test');
  await p.sees('"Planning" needs reconnecting');
  await p.sees('Reconnect Planning');
});

page('request', nora, () => `${at}/request`);
page('request.connect', mia, () => `${at}/request`);
page('request.empty', nora, () => `${bare}/request`);
page('request.answer', nora, async (p) => {
  await p.visit(`${at}/request`);
  await p.page.getByLabel('Connection').selectOption(w.ids.jira);
  await p.fill('Path', '/rest/api/3/search/jql');
  await p.page.getByLabel('Query').fill('jql=project = ACME order by key&maxResults=3&fields=summary,status');
  await p.press('Run');
  await p.sees('200 OK');
  await p.page.getByText('Headers', { exact: true }).last().click();
});
page('request.failed', nora, async (p) => {
  await p.fill('Path', '/rest/api/3/issue/ACME-99999');
  await p.press('Run');
  await p.sees('404');
});
page('request.wrong', nora, async (p) => {
  await p.page.getByLabel('Method').selectOption('POST');
  await p.fill('Path', '/rest/../etc/passwd');
  await p.page.locator('#body').fill('{"fields": ');
  await p.press('Run');
  await p.page.locator('.error').first().waitFor();
});

page('my-connections', nora, async () => {
  const other = await makeApp(w.nora, 'Weekly report');
  await connect(s, w.nora, other, await addConnection(w.nora, other, { name: 'Jira' }), BOB);
  return '/me/connections';
});
page('my-connections.empty', mia, '/me/connections');

page('app.long', long, () => '/apps/long-names');
page('app-settings.long', long, () => '/apps/long-names/settings');
page('permissions.long', long, () => '/apps/long-names/permissions');
page('request.long', long, () => '/apps/long-names/request');
page('connection-edit.long', long, (p) => `${p.at}/edit`);
page('connect.long', long, (p) => `${p.at}/connect`);
page('credential.long', long, (p) => `${p.at}/credential`);
page('my-connections.long', long, '/me/connections');

complete();
