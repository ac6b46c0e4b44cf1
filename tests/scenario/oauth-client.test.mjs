// Issue point 1: the OAuth client of the workspace, of the environment, and of a connection; what
// changing one costs; what Atlassian being away means. And where a type of connection can be chosen.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { connected } from '../lib/atlassian.mjs';
import { Client } from '../lib/client.mjs';
import { addConnection, ANNA, assertFieldErrors, assertPage, assertProblem, BOB, grant, makeApp, noFaults,
  rowOf, run } from '../lib/scene.mjs';
import { endsWell, OAUTH_CLIENT, OAUTH_SECRET, sql, startStack } from '../lib/stack.mjs';

const AT = '/settings/oauth-client';
const KNOWN = { client_id: OAUTH_CLIENT, client_secret: OAUTH_SECRET };
const SCOPES = 'read:jira-work write:jira-work read:jira-user';

let s;
let root;
let admin; // app admin, not workspace admin
let runner;
let app;

before(async () => {
  s = await startStack(null);
  root = await s.setup();
  admin = await s.user(root, 'admin@example.com', 'Ada Min');
  runner = await s.user(root, 'runner@example.com');
  app = await makeApp(admin);
  await grant(admin, app, runner);
});

const inForce = async () => (await root.get('/settings')).body.oauth_client;
const outage = () => s.control('POST', 'faults', { kind: 'cut_before', times: 'always',
  match: { path: '/oauth/token' } });
const stored = () => sql(s, 'SELECT client_id FROM oauth_clients ORDER BY client_id').flat();
const another = () => s.control('POST', 'apps', { callback: s.callback, shared: true,
  scopes: SCOPES.split(' ') });

test('without a client, Jira (OAuth2) is offered but disabled, with the reason', async () => {
  const [oauth, key] = (await admin.get(`/apps/${app}/connections/new`)).body.types;
  assert.deepEqual([oauth.available, oauth.selected, key.available, key.selected],
    [false, false, true, true], 'the only one that can be used is chosen');
  assert.match(oauth.reason, /Ask a workspace admin/);
  const page = assertPage(await admin.page(`/apps/${app}/connections/new`));
  assert.match(page.text, /value="jira_oauth2"[^>]*disabled/);
  assert.doesNotMatch(page.text, /href="\/settings"/);
  assertProblem(await admin.post(`/apps/${app}/connections`, { type: 'jira_oauth2', name: 'x' }),
    409, 'type_unavailable');
  const own = await makeApp(root);
  assert.match((await root.page(`/apps/${own}/connections/new`)).text, /href="\/settings">Open Settings/);
});

test('the settings page: none in force, the guide with callback and scopes', async () => {
  const { oauth_client: client, guide } = (await root.get('/settings')).body;
  assert.deepEqual([client.source, client.client_id, client.here, client.scopes], [null, null, false, SCOPES]);
  assert.equal(guide.redirect_uri, `${s.url}/oauth/callback`);
  assert.equal(guide.redirect_refused, false, 'http is for localhost only, and this is it');
  assert.deepEqual(guide.scopes.map((x) => x.scope), SCOPES.split(' '));
  const page = assertPage(await root.page('/settings'));
  assert.match(page.text, new RegExp(`value="${s.url}/oauth/callback" readonly`));
  assert.match(page.text, /<a href="\/settings" aria-current="page">Settings/);
  assertProblem(await root.post(`${AT}/test`), 409, 'type_unavailable');
  assertProblem(await root.delete(AT), 404, 'not_found');
});

test('what cannot be right is said at its field, and Atlassian is not asked', async () => {
  await s.control('DELETE', 'log');
  assertFieldErrors(await root.post(AT, {}), 'client_id', 'client_secret');
  assertFieldErrors(await root.post(AT, { ...KNOWN, client_id: 'two words' }), 'client_id');
  assertFieldErrors(await root.post(AT, { ...KNOWN, client_secret: ' ' }), 'client_secret');
  assertFieldErrors(await root.post(AT, { ...KNOWN, client_secret: 'x'.repeat(5000) }), 'client_secret');
  assertFieldErrors(await root.post(AT, { ...KNOWN, scopes: 'read:"x"' }), 'scopes');
  assert.deepEqual((await s.control('GET', 'log')).requests, []);
  assert.deepEqual(stored(), []);
});

test('a pair that Atlassian refuses, or cannot be asked about, is not saved', async () => {
  assertFieldErrors(await root.post(AT, { ...KNOWN, client_secret: 'wrong' }), 'client_secret');
  const page = assertPage(await root.form(AT, { ...KNOWN, client_secret: 'wrong', scopes: 'read:me' }), 422);
  assert.match(page.text, /Atlassian does not accept this Client ID and secret together/);
  assert.match(page.text, /Enter it again/);
  assert.match(page.text, new RegExp(`value="${OAUTH_CLIENT}"`), 'what is no secret is kept');
  assert.doesNotMatch(page.text, /"wrong"/);
  await outage();
  const away = await root.post(AT, KNOWN);
  assertProblem(away, away.status, away.code, /^Nothing was saved/);
  assert.ok(away.status >= 500, away.text);
  await noFaults(s);
  assert.deepEqual(stored(), []);
});

test('saved: in force, its secret gone from sight; then tested again and by whom it was saved', async () => {
  await s.control('DELETE', 'log');
  const saved = await root.post(AT, { ...KNOWN, client_secret: `\n ${OAUTH_SECRET} ` });
  assert.equal(saved.status, 200, saved.text);
  assert.match(saved.body.sentence, /^Saved/);
  const calls = (await s.control('GET', 'log')).requests.map((r) => `${r.method} ${r.path}`);
  assert.deepEqual(calls, ['POST /oauth/token'], 'asked once');
  const client = await inForce();
  assert.deepEqual([client.source, client.client_id, client.here, client.saved_by, client.scopes],
    ['workspace', OAUTH_CLIENT, true, root.me.name, SCOPES]);
  assert.doesNotMatch((await root.page('/settings')).text + (await root.get('/settings')).text,
    new RegExp(OAUTH_SECRET));
  assert.equal((await root.post(`${AT}/test`)).status, 200);
  assert.ok((await admin.get(`/apps/${app}/connections/new`)).body.types.every((t) => t.available));
});

test('an empty secret keeps the one on file, for the same Client ID only', async () => {
  assert.equal((await root.form(AT, { client_id: OAUTH_CLIENT, client_secret: '', scopes:
    'read:jira-work,\nread:jira-user offline_access' })).status, 303);
  assert.equal((await inForce()).scopes, 'read:jira-work read:jira-user');
  assert.equal((await root.post(`${AT}/test`)).status, 200, 'the secret still opens');
  await s.control('DELETE', 'log');
  assertFieldErrors(await root.post(AT, { client_id: 'another', client_secret: '' }), 'client_secret');
  assert.deepEqual((await s.control('GET', 'log')).requests, [], 'the stored one goes with no other id');
  assert.equal((await root.post(AT, { client_id: OAUTH_CLIENT, scopes: SCOPES })).status, 200);
});

test('a secret that Atlassian no longer accepts is told by the test, and nothing is lost', async () => {
  const own = await another();
  assert.equal((await root.post(AT, own)).status, 200);
  sql(s, `UPDATE oauth_clients SET client_id = '${OAUTH_CLIENT}'`); // moved by SQL: does not open
  assertProblem(await root.post(`${AT}/test`), 409, 'client_refused', /cannot be opened/);
  assertFieldErrors(await root.post(AT, { client_id: OAUTH_CLIENT }), 'client_secret');
  assert.equal((await root.post(AT, KNOWN)).status, 200);
});

test('another client takes what stood on the old one out of use, once that is confirmed', async () => {
  const id = await addConnection(admin, app, { type: 'jira_oauth2' });
  await connected(s, admin, app, id, ANNA, { site: 'acme' });
  await connected(s, runner, app, id, BOB);
  const own = await another();
  assert.equal((await root.post(AT, KNOWN)).status, 200, 'the same one costs nothing');
  assert.match((await inForce()).change_sentence, /^2 credentials of 1 connection stand/);
  await s.control('DELETE', 'log');
  const asked = assertProblem(await root.post(AT, own), 409, 'confirm_required');
  assert.equal(asked.lost, 2);
  assertProblem(await root.post(AT, { ...own, confirm_lost: 1 }), 409, 'confirm_required');
  assert.deepEqual((await s.control('GET', 'log')).requests, [], 'asked before Atlassian is');
  const page = assertPage(await root.form(AT, { ...own, scopes: '' }), 409);
  assert.match(page.text, /enter the secret again/);
  assert.equal((await rowOf(runner, app, id)).state, 'connected');

  const saved = await root.form(AT, { ...own, confirm_lost: '2' });
  assert.equal(saved.status, 303, saved.text);
  const row = await rowOf(runner, app, id);
  assert.equal(row.state, 'needs_reconnect');
  assert.match(row.status, /OAuth client was changed/);
  assertProblem(await run(runner, app, id, { path: '/rest/api/3/myself' }), 409, 'needs_reconnect');
  assert.equal(sql(s, 'SELECT count(*) FROM oauth_grants')[0][0], 0);

  await connected(s, runner, app, id, BOB);
  const gone = assertProblem(await root.delete(AT), 409, 'confirm_required');
  assert.equal(gone.lost, 1);
  assert.equal((await root.delete(AT, { confirm_lost: 1 })).status, 200);
  assert.equal((await rowOf(runner, app, id)).state, 'needs_reconnect');
  assert.equal((await inForce()).source, null);
  await admin.delete(`/apps/${app}/connections/${id}`, { confirm: (await rowOf(admin, app, id)).name });
});

test('a connection\'s own client is used before the workspace\'s, by app admins only', async () => {
  assert.equal((await root.post(AT, KNOWN)).status, 200);
  const id = await addConnection(admin, app, { type: 'jira_oauth2' });
  const at = `/apps/${app}/connections/${id}/oauth-client`;
  const edit = async () => (await admin.get(`/apps/${app}/connections/${id}/edit`)).body.oauth_client;
  assert.deepEqual([(await edit()).source, (await edit()).here], ['workspace', false]);
  assertProblem(await admin.delete(at), 404, 'not_found');
  await connected(s, runner, app, id, BOB);
  const own = await another();
  assertProblem(await admin.post(at, own), 409, 'confirm_required', /1 credential/);
  const saved = await admin.post(at, { ...own, confirm_lost: 1 });
  assert.equal(saved.status, 200, saved.text);
  assert.deepEqual([saved.body.lost, (await edit()).source, (await edit()).client_id, (await edit()).next],
    [1, 'own', own.client_id, 'workspace']);
  assert.equal((await inForce()).client_id, OAUTH_CLIENT, 'the workspace keeps its own');
  assert.equal((await rowOf(runner, app, id)).state, 'needs_reconnect');
  await connected(s, runner, app, id, BOB);
  assert.equal((await run(runner, app, id, { path: '/rest/api/3/myself' })).status, 200);
  assertPage(await admin.page(`/apps/${app}/connections/${id}/edit`));

  assert.equal((await root.delete(AT)).status, 200, 'nothing stands on the workspace\'s');
  assert.equal((await run(runner, app, id, { path: '/rest/api/3/myself' })).status, 200);
  assert.equal((await admin.delete(at, { confirm_lost: 1 })).status, 200);
  assert.equal((await rowOf(runner, app, id)).state, 'needs_reconnect');
  assert.equal((await edit()).source, null);
  assertPage(await admin.page(`/apps/${app}/connections/${id}/edit`));
});

test('Jira (API) connections have none', async () => {
  const id = await addConnection(admin, app);
  const answer = await admin.post(`/apps/${app}/connections/${id}/oauth-client`, KNOWN);
  assertProblem(answer, 422, 'invalid', /no OAuth client/);
  assert.equal((await admin.get(`/apps/${app}/connections/${id}/edit`)).body.oauth_client, null);
});

test('the environment\'s client: told, tested, and outranked by the workspace\'s', async () => {
  s.options.env = { ...s.options.env, MORTISE_JIRA_CLIENT_ID: OAUTH_CLIENT,
    MORTISE_JIRA_CLIENT_SECRET: OAUTH_SECRET, MORTISE_JIRA_SCOPES: 'read:jira-user' };
  await s.restart();
  const client = await inForce();
  assert.deepEqual([client.source, client.here, client.client_id, client.scopes, client.saved_by],
    ['environment', false, OAUTH_CLIENT, 'read:jira-user', null]);
  assert.equal((await root.post(`${AT}/test`)).status, 200);
  assert.match((await root.page('/settings')).text, /from the server's configuration is in use/);
  assertFieldErrors(await root.post(AT, { client_id: OAUTH_CLIENT }), 'client_secret');
  assert.equal((await root.post(AT, KNOWN)).body.oauth_client.source, 'workspace');
  const gone = await root.delete(AT);
  assert.equal(gone.body.oauth_client.source, 'environment');
});

test('a public address that Atlassian will not register as a callback is warned of', async () => {
  const url = `http://mortise.localhost:${s.port}`;
  s.options.env = { ...s.options.env, MORTISE_PUBLIC_URL: url };
  await s.restart();
  const there = new Client(url, s.seen);
  await there.signIn(root.me.email);
  const { guide } = (await there.get('/settings')).body;
  assert.deepEqual([guide.redirect_refused, guide.redirect_uri], [true, `${url}/oauth/callback`]);
  assert.match((await there.page('/settings')).text, /accepts <code>http<\/code> callbacks for/);
});

endsWell(() => s);
