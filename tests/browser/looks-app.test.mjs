// The pages of an app and of its connections as everybody sees them: every check and four pictures
// each (build/screenshots/<name>-{light,dark,360,1600}.png), empty and failing states included; and
// the picture of the README, build/screenshots/app.png.

import assert from 'node:assert/strict';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';

import { atAtlassian, authorizeUrl, callbackPath, connected } from '../lib/atlassian.mjs';
import { addConnection, ANNA, BOB, CARLA, connect, grant, makeApp, run, until } from '../lib/scene.mjs';
import { OAUTH_CLIENT, OAUTH_SECRET, sql, startStack } from '../lib/stack.mjs';
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
  s = await startStack(null, { env: { MORTISE_INCIDENT_PERIOD: '1' } });
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
page('app-keys.empty', nora, () => `${at}/keys`);
page('app-keys', nora, async () => {
  await w.nora.post(`${at}/keys`, { name: 'Sprint board', read_only: true });
  return `${at}/keys`;
});
page('app-calls.empty', nora, () => `${at}/calls`);
page('app-calls', nora, async () => {
  const { secret } = (await w.nora.post('/me/keys', { name: 'Nightly report' })).body;
  const connection = w.ids.jira;
  for (const path of ['myself', 'issue/ACME-1?fields=summary', 'issue/NOPE-1']) {
    const answer = await fetch(`${s.url}/jira/${w.app}/${connection}/rest/api/3/${path}`,
      { headers: { authorization: `Bearer ${secret}` } });
    await answer.arrayBuffer();
  }
  await until(async () => (await w.nora.get(`${at}/calls`)).body.calls.length >= 3, 'three records', 15000);
  return `${at}/calls`;
});
page('app-calls.none', nora, () => `${at}/calls?issue=ZEBRA-1`);
page('app-calls.far', nora, () => {
  const kinds = JSON.stringify([['c', 'Planning', 'k', 'Sprint board', null, 'x', 'GET', '/rest/api/3/myself', null]]);
  const from = Date.now() - 24 * 3600000;
  sql(s, `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 2100)
    INSERT INTO relay_call_groups (id, app_id, first_at, last_at, calls)
    SELECT printf('01jddq2rj5%016d', i), a.id, ${from} + i, ${from} + i,
      '{"kinds":${kinds},"calls":[[0,5,' || CASE i WHEN 2000 THEN 503 ELSE 200 END || ',0,0,null]]}'
    FROM n, apps a WHERE a.slug = '${w.app}'`);
  return `${at}/calls?status=503`;
});
page('app-calls.far-none', nora, () => `${at}/calls?status=504`);
page('permissions', nora, () => `${at}/permissions`);
page('permissions.wrong', nora, async (p) => {
  await p.visit(`${at}/permissions`);
  await p.fill('A person', 'nobody@example.com');
  await p.press('Add this person');
  await p.sees('There is no user with this e-mail.');
});
page('connection', nora, () => `${at}/connections/${w.ids.jira}`);
page('connection.soon', sam, () => `${at}/connections/${w.ids.jira}`);
page('connection.refused', nora, () => `${at}/connections/${w.ids.planning}`);
page('connection.empty', mia, () => `${at}/connections/${w.ids.jira}`);
page('connection.long', long, () => people.long.at);
page('test.lacking', sam, async (p) => {
  const call = (method, path, body) => run(w.sam, w.app, w.ids.jira, { method, path: `/rest/api/3${path}`, body });
  await call('PUT', '/issue/ACME-1', { fields: { summary: 'Rollout checklist' } });
  await call('GET', '/issue/OPS-1');
  await call('GET', '/project/HR');
  await s.control('POST', 'membership', { site: 'acme', email: BOB, role: { ACME: 'reader', HR: 'reader' } });
  await p.visit(at);
  await p.choose('More for Acme Jira', 'Test');
  await p.sees('works, but not for everything');
});
page('test.stopped', sam, async (p) => {
  await s.control('POST', 'membership', { site: 'acme', email: BOB, role: 'member' });
  await s.control('POST', 'faults', { kind: 'status', status: 503, times: 'always', match: { path: '/rest/' } });
  await p.visit(at);
  await p.choose('More for Acme Jira', 'Test');
  await p.sees('does not work');
});
page('connection.failed', sam, async (p) => {
  await p.visit(`${at}/connections/${w.ids.jira}`);
  await s.control('DELETE', 'faults');
  await p.sees('Last error');
});
page('app.failed', sam, () => at);
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

// Shared credentials, OAuth clients, who has connected.
let y; // {at: the app's path, of(name, what) -> path of a connection's page}
test('connections of every kind', async () => {
  const root = s.client();
  await root.signIn('root@mortise.example');
  await root.post('/settings/oauth-client', { client_id: OAUTH_CLIENT, client_secret: OAUTH_SECRET });
  const app = await makeApp(w.nora, 'On-call desk');
  const lee = await s.user(root, 'lee.wong@example.com', 'Lee Wong');
  const ana = await s.user(root, 'ana.costa@example.com', 'Ana Costa');
  await grant(w.nora, app, w.sam);
  const ids = {
    oauth: await addConnection(w.nora, app, { name: 'Jira by OAuth2', type: 'jira_oauth2' }),
    shared: await addConnection(w.nora, app, { name: 'Team Jira' }),
    fresh: await addConnection(w.nora, app, { name: 'Sandbox' }),
  };
  const leesRole = await grant(w.nora, app, lee);
  await grant(w.nora, app, ana);
  await connected(s, w.nora, app, ids.oauth, ANNA, { site: 'acme' });
  await connected(s, w.sam, app, ids.oauth, BOB);
  await connected(s, lee, app, ids.oauth, BOB);
  await connected(s, ana, app, ids.oauth, CARLA, { site: 'acme' });
  await run(w.nora, app, ids.oauth, { path: '/rest/api/3/myself' });
  await connect(s, w.sam, app, ids.shared, BOB);
  await w.nora.patch(`/apps/${app}/connections/${ids.shared}`, { shared: true, confirm_lost: 1 });
  await connect(s, w.nora, app, ids.shared, ANNA);
  await w.nora.delete(`/apps/${app}/permissions/${leesRole.id}`);
  await root.patch(`/users/${ana.me.id}`, { disabled: true });
  y = { at: `/apps/${app}`, of: (name, what) => () => `/apps/${app}/connections/${ids[name]}/${what}` };
});
const open = (where, text) => async (p) => {
  await p.visit(where());
  await p.page.getByText(text, { exact: true }).click();
};
page('app-settings.kinds', nora, () => `${y.at}/settings`);
page('app.kinds', nora, () => y.at);
page('app.kinds-runner', sam, () => y.at);
page('connection-new.both', nora, () => `${y.at}/connections/new`);
page('connection-edit.oauth', nora, () => y.of('oauth', 'edit')());
page('connection-edit.oauth-guide', nora, async (p) => {
  await p.visit(y.of('oauth', 'edit')());
  await p.page.getByText('Use one of its own…').click();
  await p.page.getByText('How to make one at Atlassian').click();
});
page('connection-edit.oauth-wrong', nora, async (p) => {
  await p.visit(y.of('oauth', 'edit')());
  await p.page.getByText('Use one of its own…').click();
  await p.fill('Client ID', 'another-client');
  await p.fill('Secret', 'whatever');
  await p.page.locator('.client-form').getByRole('button', { name: 'Save' }).click();
  await p.page.locator('#confirm_lost-error').waitFor();
});
page('connection-edit.enable', nora, (p) => open(y.of('oauth', 'edit'), 'Enable Shared credentials…')(p));
page('connection-edit.disable', nora, (p) => open(y.of('shared', 'edit'), 'Disable Shared credentials…')(p));
page('connection-edit.enable-again', nora, async (p) => {
  await p.visit(y.of('oauth', 'edit')());
  await p.page.getByText('Enable Shared credentials…').click();
  await p.page.locator('#shared-credentials [name=confirm_lost]').evaluate((e) => (e.value = '0'));
  await p.page.getByRole('button', { name: 'Enable Shared credentials', exact: true }).click();
  await p.sees('Confirm that to go on');
});
page('credentials', nora, () => y.of('oauth', 'credentials')());
page('credentials.shared', nora, () => y.of('shared', 'credentials')());
page('credentials.empty', nora, () => y.of('fresh', 'credentials')());
page('request.shared-runner', sam, () => `${y.at}/request`);
page('credentials.long', long, (p) => `${p.at}/credentials`);

// Connecting by way of Atlassian: the dialog and its questions, and every way back.
let o; // {at, of(name, what), ids, kim: app admin, per: runner}
test('connections by way of Atlassian', async () => {
  const root = s.client();
  await root.signIn('root@mortise.example');
  await root.post('/settings/oauth-client', { client_id: OAUTH_CLIENT, client_secret: OAUTH_SECRET });
  const kim = await s.user(root, 'kim.berg@example.com', 'Kim Berg');
  const per = await s.user(root, 'per.lund@example.com', 'Per Lund');
  const app = await makeApp(kim, 'Incident room');
  await grant(kim, app, per);
  const ids = {};
  for (const [key, name, more] of [['own', 'Jira'], ['left', 'Jira staging'], ['dead', 'Jira archive'],
    ['fixed', 'Globex', { base_url: s.site('globex'), base_url_fixed: true }], ['shared', 'Team Jira'],
    ['empty', 'Team sandbox']])
    ids[key] = await addConnection(kim, app, { name, type: 'jira_oauth2', ...more });
  await connected(s, per, app, ids.own, BOB);
  await authorizeUrl(per, app, ids.left); // and does not come back
  await connected(s, per, app, ids.dead, CARLA, { site: 'globex' });
  await s.control('POST', 'revoke-grant', { email: CARLA });
  await run(per, app, ids.dead, { path: '/rest/api/3/myself' });
  for (const id of [ids.shared, ids.empty])
    await kim.patch(`/apps/${app}/connections/${id}`, { shared: true, confirm_lost: 0 });
  await connected(s, kim, app, ids.shared, ANNA, { site: 'acme' });
  people.kim = await b.person(s, { client: kim });
  people.per = await b.person(s, { client: per });
  people.nobody = await b.person(s);
  o = { ids, kim, per, app, at: `/apps/${app}`, of: (name, what) => `/apps/${app}/connections/${ids[name]}/${what}` };
});
const kim = () => people.kim;
const per = () => people.per;
// Goes by way of Atlassian and leaves the browser on the way back.
const back = async (p, client, name, email, more = {}) => {
  const browser = await atAtlassian(s, email);
  const url = await authorizeUrl(client, o.app, o.ids[name]);
  const path = callbackPath(await (more.cancel ? browser.cancel(url) : browser.accept(url, more)));
  await p.visit(path);
  return path;
};

page('app.oauth', per, () => o.at);
page('app.oauth-menu', kim, async (p) => {
  await p.visit(o.at);
  await p.page.getByLabel('More for Team Jira').click();
  await p.page.getByRole('link', { name: 'Who has connected' }).filter({ visible: true }).waitFor();
});
page('connection.oauth', per, () => `${o.at}/connections/${o.ids.own}`);
page('connection.oauth-failing', per, async (p) => {
  sql(s, 'UPDATE oauth_grants SET access_expires = 1');
  await s.control('POST', 'apps', { client_id: OAUTH_CLIENT, client_secret: 'changed-at-atlassian' });
  await run(o.per, o.app, o.ids.own, { path: '/rest/api/3/myself' });
  await s.control('POST', 'apps', { client_id: OAUTH_CLIENT, client_secret: OAUTH_SECRET });
  await p.visit(`${o.at}/connections/${o.ids.own}`);
  await p.sees('cannot be renewed at present');
});
page('connect.oauth', kim, () => o.of('own', 'connect'));
page('connect.oauth-reconnect', per, () => o.of('dead', 'connect'));
page('connect.oauth-fixed', per, () => o.of('fixed', 'connect'));
page('connect.oauth-shared', kim, () => o.of('empty', 'connect'));
page('connect.oauth-waiting', per, () => o.of('empty', 'connect'));
page('connect.oauth-unfinished', per, async (p) => {
  await p.visit(o.of('left', 'connect'));
  await p.page.getByText('Did Atlassian show an error?').click();
});
page('leave', kim, async (p) => {
  await p.page.route('http://auth.localhost:*/**', (route) => route.fulfill({ status: 204 })); // stays
  await p.visit(o.of('own', 'connect'));
  await p.page.getByRole('button', { name: 'Continue to Atlassian' }).click();
  await p.sees('Opening Atlassian');
});
page('connect.site', kim, async (p) => {
  await back(p, o.kim, 'own', ANNA, { site: 'globex' }); // besides acme, which she granted before
  await p.sees('Which Jira site?');
});
page('connect.oauth-question', per, async (p) => {
  await back(p, o.per, 'own', CARLA, { site: 'acme' });
  await p.sees('Replace the account?');
});
page('callback.declined', per, async (p) => {
  await back(p, o.per, 'left', BOB, { cancel: true });
  await p.sees('access was declined');
});
page('callback.again', per, async (p) => {
  const path = await back(p, o.per, 'left', BOB);
  assert.match(await p.notice(), /^Connected to acme as Bob/);
  await p.visit(path);
  await p.sees('it counts once');
});
page('callback.foreign', () => people.nobody, async (p) => {
  await p.visit(callbackPath('http://x/oauth/callback?code=1&state=2'));
  await p.sees('another browser or by somebody else');
});
page('callback.no-site', per, async (p) => {
  await back(p, o.per, 'fixed', BOB);
  await p.sees(/globex/);
});
page('callback.operator', kim, async (p) => {
  await s.control('POST', 'apps', { client_id: OAUTH_CLIENT, client_secret: 'changed-at-atlassian' });
  try {
    await back(p, o.kim, 'left', ANNA, { site: 'acme' });
    await p.sees('A workspace admin has to correct them');
  } finally {
    await s.control('POST', 'apps', { client_id: OAUTH_CLIENT, client_secret: OAUTH_SECRET });
  }
});
page('credential.oauth', per, () => o.of('own', 'credential'));
page('test.oauth', per, async (p) => {
  await p.visit(o.at);
  await p.choose('More for Jira', 'Test');
  await p.sees('Atlassian accepted the authorisation.');
});

test('an app admin stops the app', async () => {
  assert.equal((await w.nora.post(`${at}/stops`, { reason: 'A script leaked a key' })).status, 201);
});

page('app.stopped', sam, () => at);
page('app-settings.stopped', nora, () => `${at}/settings`);
page('connect.stopped', sam, of('jira', 'connect'));
page('request.stopped', sam, () => `${at}/request`);
page('credentials.stopped', nora, of('jira', 'credentials'));

complete();
