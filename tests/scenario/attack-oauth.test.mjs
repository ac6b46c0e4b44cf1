// Attacks on connecting by OAuth2, each refused: whoever can make a browser open a link, replay,
// inject, race, switch, withdraw or write to the database gets no credential that is not theirs.

import assert from 'node:assert/strict';
import { before, beforeEach, test } from 'node:test';

import { atAtlassian, authorizeUrl, callbackPath, connectByOauth, connected } from '../lib/atlassian.mjs';
import { addConnection, ANNA, assertProblem, BOB, callsOf, CARLA, clearLog, connectPath, DAVE, grant,
  makeApp, rowOf, run } from '../lib/scene.mjs';
import { endsWell, sql, startStack } from '../lib/stack.mjs';

let s;
let root;
let app;
let id;
let victim;
let attacker;
let victimAtAtlassian;
let attackerAtAtlassian;
let people = 0;

before(async () => {
  s = await startStack(null, { oauth: true });
  root = await s.setup();
});

beforeEach(async () => {
  for (const email of [ANNA, BOB, CARLA, DAVE])
    await s.control('POST', 'revoke-grant', { email });
  people += 1;
  app = await makeApp(root);
  victim = await s.user(root, `victim${people}@example.com`);
  attacker = await s.user(root, `attacker${people}@example.com`);
  await grant(root, app, victim);
  await grant(root, app, attacker);
  id = await addConnection(root, app, { type: 'jira_oauth2' });
  victimAtAtlassian = await atAtlassian(s, BOB);
  attackerAtAtlassian = await atAtlassian(s, DAVE);
  await clearLog(s);
});

const exchanges = async () =>
  (await callsOf(s)).filter((c) => c.startsWith('POST') && c.endsWith('/oauth/token')).length;
const stateOf = async (client) => (await rowOf(client, app, id)).state;
const nobodyConnected = async () => {
  for (const client of [victim, attacker]) assert.equal(await stateOf(client), 'not_connected');
};
const shared = (on) => root.patch(`/apps/${app}/connections/${id}`, { shared: on, confirm_lost: 9 });

test('session fixation 1: the victim opens the attacker\'s callback', async () => {
  const back = await attackerAtAtlassian.accept(await authorizeUrl(attacker, app, id));
  assertProblem(await victim.get(callbackPath(back)), 403, 'state_foreign');
  assert.equal(await exchanges(), 0, 'the code went nowhere');
  await nobodyConnected();
  // and the attacker's own is not used up by that
  assert.equal((await attacker.get(callbackPath(back))).status, 200);
});

test('session fixation 2: the victim consents by the attacker\'s authorise link', async () => {
  const back = await victimAtAtlassian.accept(await authorizeUrl(attacker, app, id));
  assertProblem(await victim.get(callbackPath(back)), 403, 'state_foreign');
  assert.equal(await exchanges(), 0);
  await nobodyConnected();
});

test('another browser of the same person, and nobody signed in', async () => {
  const back = await victimAtAtlassian.accept(await authorizeUrl(victim, app, id));
  const elsewhere = s.client();
  assertProblem(await elsewhere.get(callbackPath(back)), 403, 'state_foreign');
  await elsewhere.signIn(victim.me.email);
  assertProblem(await elsewhere.get(callbackPath(back)), 403, 'state_foreign');
  assert.equal(await exchanges(), 0);
  const page = await elsewhere.page(callbackPath(back));
  assert.equal(page.status, 403);
  assert.match(page.text, /another browser/);
});

test('a state counts once: double click, back button, replay', async () => {
  const back = callbackPath(await victimAtAtlassian.accept(await authorizeUrl(victim, app, id)));
  assert.equal((await victim.get(back)).status, 200);
  const again = assertProblem(await victim.get(back), 410, 'state_expired');
  assert.match(again.detail, /before/);
  assert.equal(await exchanges(), 1);
  assert.equal(await stateOf(victim), 'connected');
  const page = await victim.page(back);
  assert.equal(page.status, 410);
  assert.ok(page.text.includes(`/apps/${app}`), 'shows the way back');
});

test('callbacks in parallel: one goes on', async () => {
  const back = callbackPath(await victimAtAtlassian.accept(await authorizeUrl(victim, app, id)));
  const answers = await Promise.all(Array.from({ length: 12 }, () => victim.get(back)));
  assert.equal(answers.filter((a) => a.status === 200).length, 1);
  for (const a of answers.filter((each) => each.status !== 200))
    assert.ok([409, 410, 503].includes(a.status), a.text);
  assert.equal(await exchanges(), 1);
});

test('a state that is invented, empty, too long, or of the wrong kind', async () => {
  const asked = await authorizeUrl(victim, app, id);
  for (const state of ['', 'x', 'A'.repeat(43), 'A'.repeat(9000), '%00', new URL(asked).searchParams
    .get('code_challenge')]) {
    const answer = await victim.get(`/oauth/callback?code=abc&state=${state}`);
    assert.ok([400, 403, 414].includes(answer.status), answer.text);
  }
  assert.equal(await exchanges(), 0);
  for (const query of ['', '?code=abc', '?state=', '?error=server_error', '?code=a&code=b&state=c'])
    assert.ok((await victim.get(`/oauth/callback${query}`)).status >= 400);
});

test('a confirm id is no state and a state no confirm id', async () => {
  await connected(s, victim, app, id, ANNA, { site: 'acme' });
  await connectByOauth(s, victim, app, id, ANNA, { site: 'globex' });
  const asked = await connectByOauth(s, victim, app, id, ANNA, { site: 'globex' });
  assert.equal(asked.code, 'choose_site', asked.text);
  assertProblem(await victim.get(`/oauth/callback?code=x&state=${asked.body.confirm}`), 403,
    'state_foreign');
  const state = new URL(await authorizeUrl(victim, app, id)).searchParams.get('state');
  assertProblem(await victim.post(connectPath(app, id), { confirm: state, site: 'x' }), 410,
    'confirm_expired');
});

test('a state begun for one connection saves nothing in another', async () => {
  const second = await addConnection(root, app, { type: 'jira_oauth2' });
  const back = await victimAtAtlassian.accept(await authorizeUrl(victim, app, second));
  assert.equal((await victim.get(callbackPath(back))).status, 200);
  assert.equal(await stateOf(victim), 'not_connected');
  assert.equal((await rowOf(victim, app, second)).state, 'connected');
});

test('a code injected into somebody\'s own callback is refused by PKCE', async () => {
  const theirs = new URL(await attackerAtAtlassian.accept(await authorizeUrl(attacker, app, id)));
  const mine = new URL(await victimAtAtlassian.accept(await authorizeUrl(victim, app, id)));
  mine.searchParams.set('code', theirs.searchParams.get('code'));
  assertProblem(await victim.get(callbackPath(mine)), 409, 'code_refused');
  await nobodyConnected();
});

test('own -> shared -> own between start and callback revives nothing', async () => {
  const back = callbackPath(await victimAtAtlassian.accept(await authorizeUrl(victim, app, id)));
  assert.equal((await shared(true)).status, 200);
  assert.equal((await shared(false)).status, 200);
  const answer = await victim.get(back);
  assert.ok(['state_foreign', 'conflict', 'state_expired'].includes(answer.code), answer.text);
  assert.equal(await exchanges(), 0);
  await nobodyConnected();
});

test('switched while a site is being chosen, and while the tokens are fetched', async () => {
  await connectByOauth(s, victim, app, id, ANNA, { site: 'acme' });
  const asked = await connectByOauth(s, victim, app, id, ANNA, { site: 'globex' });
  assert.equal(asked.code, 'choose_site', asked.text);
  await shared(true);
  await shared(false);
  assertProblem(await victim.post(connectPath(app, id),
    { confirm: asked.body.confirm, site: asked.body.sites[0].id }), 410, 'confirm_expired');
  await s.control('POST', 'faults', { kind: 'delay', ms: 1500, match: { path: '/oauth/token' } });
  const back = callbackPath(await victimAtAtlassian.accept(await authorizeUrl(victim, app, id)));
  const slow = victim.get(back);
  await new Promise((done) => setTimeout(done, 500));
  assert.equal((await shared(true)).status, 200);
  assert.ok((await slow).status >= 400);
  assert.equal(sql(s, `SELECT count(*) FROM credentials WHERE connection_id = '${id}'
    AND sealed IS NOT NULL`)[0][0], 0);
});

test('rights withdrawn between start and callback: removed, disabled, connection deleted', async () => {
  const permissions = (await root.get(`/apps/${app}/permissions`)).body.permissions;
  const mine = permissions.find((p) => p.user?.email === victim.me.email);
  const back = callbackPath(await victimAtAtlassian.accept(await authorizeUrl(victim, app, id)));
  await root.delete(`/apps/${app}/permissions/${mine.id}`);
  assertProblem(await victim.get(back), 404, 'not_found');
  assert.equal(await exchanges(), 0);

  const back2 = callbackPath(await attackerAtAtlassian.accept(await authorizeUrl(attacker, app, id)));
  await root.patch(`/users/${attacker.me.id}`, { disabled: true });
  const answer = await attacker.get(back2);
  assert.ok([401, 403].includes(answer.status), answer.text);
  await root.patch(`/users/${attacker.me.id}`, { disabled: false });
  assert.equal(await exchanges(), 0);

  await grant(root, app, victim);
  const back3 = callbackPath(await victimAtAtlassian.accept(await authorizeUrl(victim, app, id)));
  const { name } = await rowOf(root, app, id);
  await root.delete(`/apps/${app}/connections/${id}`, { confirm: name });
  assert.ok((await victim.get(back3)).status >= 400);
  assert.equal(await exchanges(), 0);
});

test('the right withdrawn while the tokens are fetched: nothing is saved', async () => {
  const permissions = (await root.get(`/apps/${app}/permissions`)).body.permissions;
  const mine = permissions.find((p) => p.user?.email === victim.me.email);
  await s.control('POST', 'faults', { kind: 'delay', ms: 1500, match: { path: '/oauth/token' } });
  const back = callbackPath(await victimAtAtlassian.accept(await authorizeUrl(victim, app, id)));
  const slow = victim.get(back);
  await new Promise((done) => setTimeout(done, 500));
  await root.delete(`/apps/${app}/permissions/${mine.id}`);
  assertProblem(await slow, 404, 'not_found');
  assert.equal(sql(s, 'SELECT count(*) FROM credentials WHERE connection_id = \'' + id + '\'')[0][0], 0);
});

test('the OAuth client changed between start and callback', async () => {
  const back = callbackPath(await victimAtAtlassian.accept(await authorizeUrl(victim, app, id)));
  const own = await s.control('POST', 'apps', { callback: s.callback, shared: true,
    scopes: ['read:jira-work', 'write:jira-work', 'read:jira-user'] });
  const saved = await root.post(`/apps/${app}/connections/${id}/oauth-client`,
    { client_id: own.client_id, client_secret: own.client_secret });
  assert.equal(saved.status, 200, saved.text);
  assertProblem(await victim.get(back), 409, 'conflict');
  assert.equal(await exchanges(), 1, 'only the test of the new client');
});

test('values moved by SQL between rows, owners and hosts do not open', async () => {
  await connected(s, victim, app, id, BOB);
  await connected(s, attacker, app, id, DAVE);
  const works = async (client) => (await run(client, app, id, { path: '/rest/api/3/myself' }));
  assert.equal((await works(attacker)).body.body.displayName.startsWith('Dave'), true);
  const row = (who) => `(SELECT id FROM users WHERE email = '${who.me.email}')`;
  const mine = `owner = ${row(attacker)} AND connection_id = '${id}'`;
  const theirs = `owner = ${row(victim)} AND connection_id = '${id}'`;
  const take = (column) => `(SELECT ${column} FROM credentials WHERE ${theirs})`;
  const before = sql(s, `SELECT sealed, grant_id, account_id, base_path, origin FROM credentials
    WHERE ${mine}`)[0];
  const restore = () => sql(s, `UPDATE credentials SET sealed = x'${before[0]}', grant_id =
    '${before[1]}', account_id = '${before[2]}', base_path = '${before[3]}', origin = '${before[4]}'
    WHERE ${mine}`);
  const moves = [
    `grant_id = ${take('grant_id')}`,
    `grant_id = ${take('grant_id')}, account_id = ${take('account_id')}`,
    `sealed = ${take('sealed')}`,
    `sealed = ${take('sealed')}, grant_id = ${take('grant_id')}, account_id = ${take('account_id')}`,
    `base_path = ${take('base_path')}`,
    `origin = '${s.site()}', base_path = ''`,
  ];
  for (const move of moves) {
    sql(s, `UPDATE credentials SET ${move} WHERE ${mine}`);
    await clearLog(s);
    const answer = await works(attacker);
    assert.ok(answer.status >= 400, `${move}: ${answer.text}`);
    assert.doesNotMatch(answer.text, /Bob/);
    assert.equal((await callsOf(s)).filter((c) => c.includes('myself')).length, 0, move);
    restore();
  }
  assert.equal((await works(attacker)).status, 200);
  // tokens of one grant in the row of another
  const [[bobs], [daves]] = [theirs, mine].map((where) =>
    sql(s, `SELECT grant_id FROM credentials WHERE ${where}`));
  sql(s, `UPDATE oauth_grants SET sealed_access = (SELECT sealed_access FROM oauth_grants
    WHERE id = '${bobs[0]}'), sealed_refresh = (SELECT sealed_refresh FROM oauth_grants
    WHERE id = '${bobs[0]}') WHERE id = '${daves[0]}'`);
  assertProblem(await works(attacker), 409, 'needs_reconnect');
  assert.equal((await works(victim)).status, 200, 'its own row still opens');
});

test('nobody learns of a connection by its callback: an app one has lost is not found', async () => {
  const back = new URL(await authorizeUrl(victim, app, id));
  const stranger = await s.user(root, `stranger${people}@example.com`);
  assertProblem(await stranger.get(`/oauth/callback?code=x&state=${back.searchParams.get('state')}`), 403,
    'state_foreign');
});

test('a link that sends a browser to a declined callback changes nothing', async () => {
  const url = await authorizeUrl(victim, app, id);
  assertProblem(await victim.get('/oauth/callback?error=access_denied'), 403, 'declined');
  const back = await victimAtAtlassian.accept(url);
  assert.equal((await victim.get(callbackPath(back))).status, 200);
});

test('the way back is a path of ours, whatever was asked for', async () => {
  for (const evil of ['//evil.example/', 'https://evil.example/', '/\\evil.example']) {
    const bob = await atAtlassian(s, BOB);
    const url = await authorizeUrl(victim, app, id, { return_to: evil });
    const answer = await victim.page(callbackPath(await bob.accept(url)));
    assert.equal(answer.status, 303, answer.text);
    assert.match(answer.location, /^\/apps\//);
  }
});

test('the redirect goes to the registered client only, and the code is in no log', async () => {
  const back = await victimAtAtlassian.accept(await authorizeUrl(victim, app, id));
  const code = new URL(back).searchParams.get('code');
  await victim.get(callbackPath(back));
  assert.ok(!s.log.includes(code), 'the code stands in the log');
  assert.ok(!s.log.includes(new URL(back).searchParams.get('state')), 'the state stands in the log');
});

endsWell(() => s);
