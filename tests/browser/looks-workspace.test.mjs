// The pages outside apps as everybody sees them: every check and four pictures each
// (build/screenshots/<name>-{light,dark,360,1600}.png), empty and failing states included.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';

import { connected } from '../lib/atlassian.mjs';
import { PASSWORD } from '../lib/client.mjs';
import { startMail, startReceiver } from '../lib/receiver.mjs';
import { addConnection, BOB, makeApp, until } from '../lib/scene.mjs';
import { ROOT, startStack } from '../lib/stack.mjs';
import { openBrowser } from './lib/browser.mjs';
import { LOOKS, looks } from './lib/looks.mjs';
import { furnish } from './lib/scene.mjs';

let s;
let b;
let r;
let mail;
let w; // the workspace, see furnish()
const people = {};
const { page, complete } = looks('workspace');

before(async () => {
  r = await startReceiver();
  mail = await startMail();
  s = await startStack(null, { env: { MORTISE_INCIDENT_PERIOD: '1', MORTISE_WEBHOOK_HOSTS: r.host,
    MORTISE_SMTP_URL: `smtp://localhost:${mail.port}`, MORTISE_MAIL_FROM: 'mortise@example.com' } });
  b = await openBrowser();
  people.nobody = await b.person(s);
});
afterEach(() => b.calm());
after(async () => {
  await b?.close();
  await s?.close();
  await r?.close();
  await mail?.close();
});

const nobody = () => people.nobody;
const root = () => people.root;
const nora = () => people.nora;
const linkOf = async (answer) => new URL((await answer).body.link).pathname;
const TOO_LONG = 'x'.repeat(300);

test('the table of pages names every template', () => {
  const files = fs.readdirSync(path.join(ROOT, 'ui')).filter((f) => /^[^_].*\.html$/.test(f));
  assert.deepEqual(Object.values(LOOKS).flat().sort(), files.map((f) => f.replace('.html', '')).sort());
});

page('session.new', nobody, '/session');
page('link.setup', nobody, () => s.setupPath());

test('the first admin signs in', async () => {
  w = { root: await s.setup() };
  people.root = await b.person(s, { client: w.root });
});

page('apps.empty', root, '/apps');
page('groups.empty', root, '/groups');
page('notices.empty', root, '/me/notices');
page('flagged-apps.empty', root, '/flagged-apps');

test('the workspace is furnished', async () => {
  Object.assign(w, await furnish(s, w.root));
  people.nora = await b.person(s, { client: w.nora });
});

page('session', nobody, '/session?return_to=%2Fapps');
page('session.wrong', nobody, async (p) => {
  await p.fill('E-mail', 'nora.keller@example.com');
  await p.fill('Password', 'not the right one');
  await p.press('Sign in', p.page.locator('main'));
  await p.sees('do not match an active account');
});
page('session.signed-in', nora, '/session');
page('link.invite', nobody, () => linkOf(w.root.post(`/users/${w.invited}/link`)));
page('link.wrong', nobody, async (p) => {
  await p.fill('Password', `${'p'.repeat(1200)}`);
  await p.press('Create my account');
  await p.page.locator('#password-error').waitFor();
});
page('link.reset', nobody, () => linkOf(w.root.post(`/users/${w.sam.me.id}/link`)));
page('problem.link-used', nobody, `/links/${'a'.repeat(43)}`);
page('problem', nora, '/apps/no-such-app');
page('problem.not-allowed', nora, '/users');

page('help', nobody, '/help/jira-connection');
page('me', nora, '/me');
page('me.wrong', nora, async (p) => {
  await p.fill('Current password', 'not the right one');
  await p.fill('New password', PASSWORD);
  await p.press('Change the password');
  await p.page.locator('#current_password-error').waitFor();
});
page('users', root, '/users');
page('users.wrong', root, async (p) => {
  await p.fill('E-mail', 'nora.keller@example.com');
  await p.press('Make an invitation link');
  assert.match(await p.problem(), /./);
});
page('users.none', root, '/users?query=zebra');
page('user', root, () => `/users/${w.sam.me.id}`);
page('user.disabled', root, () => `/users/${w.disabled}`);
page('user.invited', root, () => `/users/${w.invited}`);
page('user-link', root, async (p) => {
  await p.press('Make a link');
  await p.sees('It is shown only now');
});
page('groups', root, '/groups');
page('group', root, () => `/groups/${w.group}`);
page('flagged-apps', root, async () => {
  const lone = await s.user(w.root, 'lone.admin@example.com', 'Lone Admin');
  await makeApp(lone, 'Onboarding');
  await w.root.patch(`/users/${lone.me.id}`, { disabled: true });
  return '/flagged-apps';
});
page('apps', nora, async () => {
  await makeApp(w.nora, 'Support triage', { description: 'Turns support mail into issues.' });
  await makeApp(w.nora, 'Weekly report');
  return '/apps';
});
page('apps.none', nora, '/apps?query=zebra');
page('app-new', nora, '/apps/new');
page('app-new.wrong', nora, async (p) => {
  await p.fill('Name', TOO_LONG);
  await p.page.getByLabel('Address').fill('Not A Slug!');
  await p.press('Create the app');
  await p.page.locator('#name-error').waitFor();
  await p.page.locator('#slug-error').waitFor();
});

page('keys.empty', nora, '/me/keys');
page('keys.wrong', nora, async (p) => {
  await p.visit('/me/keys');
  await p.fill('Name', 'Nightly report');
  await p.page.locator('#methods').fill('FETCH');
  await p.page.locator('#paths').fill('/api');
  await p.page.locator('#app').fill('nosuch');
  await p.press('Make the key');
  await p.page.locator('#methods-error').waitFor();
});
page('key-made', nora, async (p) => {
  await p.visit('/me/keys');
  await p.fill('Name', 'Nightly report');
  await p.page.getByLabel('Read only').check();
  await p.page.locator('#paths').fill('/rest/api/3/search');
  await p.press('Make the key');
  await p.sees('It is shown only now');
});
page('keys', nora, async () => {
  await w.nora.post('/me/keys', { name: 'Release bot', app: w.app, methods: 'GET, POST', expires: '2099-12-31' });
  await w.nora.post('/me/keys', { name: TOO_LONG.slice(0, 120), paths: '/rest/api/3/issue /rest/api/3/search/jql' });
  return '/me/keys';
});

// Settings: the OAuth client. Nobody has one before.
const another = () => s.control('POST', 'apps', { callback: s.callback, shared: true,
  scopes: ['read:jira-work', 'write:jira-work', 'read:jira-user'] });
const enterClient = async (p, client, secret = client.client_secret) => {
  await p.fill('Client ID', client.client_id);
  await p.fill('Secret', secret);
  await p.press('Save');
};

page('settings', root, '/settings');
page('settings.wrong', root, async (p) => {
  await enterClient(p, await another(), 'not the right one');
  await p.page.locator('#client_secret-error').waitFor();
});
page('settings.saved', root, async (p) => {
  await enterClient(p, await another());
  await p.sees('Saved. Atlassian accepts this OAuth client.');
});
page('settings.confirm', root, async (p) => {
  const app = await makeApp(w.nora, 'By OAuth2');
  const id = await addConnection(w.nora, app, { type: 'jira_oauth2' });
  await connected(s, w.nora, app, id, BOB);
  await p.visit('/settings');
  await enterClient(p, await another());
  await p.page.locator('#confirm_lost-error').waitFor();
});
page('settings.remove', root, async (p) => {
  await p.visit('/settings');
  await p.page.getByText('Remove it…').click();
});

// Emergency stops.
const stopped = async (fields) => (await w.root.post('/stops', fields)).body.path;

page('stops.empty', root, '/stops');
page('stops.wrong', root, async (p) => {
  await p.fill('Address', 'https://nobody.example');
  await p.press('Stop this site');
  await p.page.locator('#site-error').waitFor();
});
page('stop', root, async () => {
  w.stop = await stopped({ kind: 'site', site: s.site(), reason: 'A token of this site was found in a public repository' });
  return w.stop;
});
page('stop.erase', root, async (p) => {
  await p.visit(w.stop);
  await p.page.getByText('Erase the secrets…').click();
});
page('stop.lifted', root, async (p) => {
  await p.visit(w.stop);
  await p.press('Lift the stop');
  await p.sees('Everything works again as before');
});
page('stop.nothing', root, () => stopped({ kind: 'user', user: 'mika.lind@example.com' }));
page('stop.own', root, () => stopped({ kind: 'user', user: w.root.me.id }));
page('stops', root, '/stops');
page('user.stopped', root, async () => {
  await stopped({ kind: 'user', user: w.sam.me.id });
  return `/users/${w.sam.me.id}`;
});

page('settings.mail', root, async (p) => {
  await p.visit('/settings');
  await p.press('Send me a test mail');
  await until(() => mail.mails.length > 0, 'a mail', 15000);
  await until(async () => (await w.root.get('/settings')).body.mail.last_test.delivered, 'its outcome', 15000);
  return '/settings';
});

// Notices and webhooks.
const unread = async (client) => (await client.get('/me/notices')).body.unread;
page('notices', nora, async () => {
  await until(() => unread(w.nora), 'a notice');
  return '/me/notices';
});
page('notices.read', nora, async (p) => {
  await p.visit('/me/notices');
  await p.press('Mark all as read');
  await until(async () => (await unread(w.nora)) === 0, 'read');
  return '/me/notices';
});
const HOOKS = () => `/apps/${w.app}/webhooks`;
page('webhooks.empty', nora, HOOKS);
page('webhooks.workspace', root, '/settings/webhooks');
page('webhooks.wrong', nora, async (p) => {
  await p.visit(HOOKS());
  await p.fill('Address', 'https://10.0.0.1/hook');
  await p.press('Add the webhook');
  await p.page.locator('#url-error').waitFor();
});
page('webhook-secret', nora, async (p) => {
  await p.visit(HOOKS());
  await p.fill('Address', r.url);
  await p.press('Add the webhook');
  await p.sees('It is shown only now');
});
let hook;
page('webhook.empty', nora, async (p) => {
  hook = (await w.nora.get(HOOKS())).body.webhooks[0].path;
  return hook;
});
page('webhook', nora, async (p) => {
  const settled = (n) => until(async () => (await w.nora.get(hook)).body.deliveries
    .filter((v) => v.last_try).length === n, 'an outcome', 15000);
  await w.nora.post(`${hook}/test`);
  await settled(1);
  r.answer = () => 500;
  await p.visit(hook);
  await p.press('Send a test');
  await p.sees('It is on its way');
  await settled(2);
  return hook;
});
page('webhook.off', nora, async () => {
  r.answer = () => 410;
  await w.nora.post(`${hook}/test`);
  await until(async () => !(await w.nora.get(hook)).body.webhook.active, 'off', 15000);
  return hook;
});
page('webhooks', nora, async () => {
  await w.nora.post(HOOKS(), { url: `https://hooks.example.com/${'a-long-path/'.repeat(12)}` });
  return HOOKS();
});

complete();
