// Notices: who is told what and when, on a clock that moves: begun, still so after a day, over; a key
// that expires, an outage, an OAuth client that Atlassian refuses; own and shared credentials.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { connected } from '../lib/atlassian.mjs';
import { makeClock } from '../lib/clock.mjs';
import { addConnection, ANNA, assertFieldErrors, assertPage, assertProblem, BOB, CARLA, connect, grant, makeApp, run,
  sleep, until } from '../lib/scene.mjs';
import { endsWell, OAUTH_CLIENT, OAUTH_SECRET, sql, startStack } from '../lib/stack.mjs';

const MYSELF = { path: '/rest/api/3/myself' };
const clock = makeClock();
const w = {};
let s;

before(async () => {
  s = await startStack(null, { oauth: true, binary: clock.binary,
    env: { ...clock.env(), MORTISE_INCIDENT_PERIOD: '1', MORTISE_KEEPER_PERIOD: '1' } });
  clock.attach(s);
  w.root = await s.setup();
  for (const name of ['ada', 'abe', 'bob', 'cat'])
    w[name] = await s.user(w.root, `${name}@example.com`, name[0].toUpperCase() + name.slice(1));
  w.app = await makeApp(w.ada, 'Desk');
  await grant(w.ada, w.app, w.abe, 'admin');
  await grant(w.ada, w.app, w.bob);
  await grant(w.ada, w.app, w.cat);
});

const notices = async (who) => (await who.get('/me/notices')).body.notices;
// One look, which comes every second.
const looked = () => sleep(1500);
const keepSessions = () => sql(s, `UPDATE sessions SET created = ${clock.now()}, last_seen = ${clock.now()},`
  + ` expires = ${clock.now() + 14 * 86400e3}`);
async function on(span) {
  await clock.advance(span);
  keepSessions();
  await looked();
}
// What each has been told since `mark()`, oldest first: "event sentence".
let marked = {};
async function mark() {
  for (const name of ['ada', 'abe', 'bob', 'cat', 'root']) marked[name] = (await notices(w[name]))[0]?.id ?? '';
}
async function told() {
  const all = {};
  for (const name of ['ada', 'abe', 'bob', 'cat', 'root']) {
    const fresh = (await notices(w[name])).filter((n) => n.id > marked[name]).reverse();
    if (fresh.length) all[name] = fresh.map((n) => `${n.kind} ${n.event}`);
  }
  await mark();
  return all;
}
const open = async () => (await w.ada.get(`/apps/${w.app}/settings`)).body.incidents;
let labels = 0;
async function keyOf(email) {
  const label = `key ${labels += 1}`;
  return { label, api_key: await s.token(email, { label, days: 365 }) };
}
const inDays = (n) => new Date(clock.now() + n * 86400e3).toISOString().slice(0, 10);

test('own: the owner at once, the admins too after a day, and whoever was told at the end', async () => {
  await mark();
  const id = await addConnection(w.ada, w.app, { name: 'Own' });
  const key = await keyOf(BOB);
  await connect(s, w.bob, w.app, id, BOB, { api_key: key.api_key });
  await connect(s, w.cat, w.app, id, CARLA, { api_key: (await keyOf(CARLA)).api_key });
  await looked();
  assert.deepEqual(await told(), {});
  await s.control('POST', 'revoke', { label: key.label });
  await run(w.bob, w.app, id, MYSELF);
  await looked();
  assert.deepEqual(await told(), { bob: ['needs_reconnect opened'] });
  const [mine] = await notices(w.bob);
  assert.match(mine.sentence, /^"Own" in Desk on \S+ needs reconnecting: /);
  assert.equal(mine.link, `/apps/${w.app}/connections/${id}/connect`);
  assert.equal((await w.bob.page(mine.link)).status, 200);
  const [incident] = await open();
  assert.match(incident.sentence, /, connected by Bob, needs reconnecting: /);
  await on({ hours: 23 });
  assert.deepEqual(await told(), {});
  await on({ hours: 2 });
  assert.deepEqual(await told(), { ada: ['needs_reconnect still_open'], abe: ['needs_reconnect still_open'],
    bob: ['needs_reconnect still_open'] });
  const [theirs] = await notices(w.ada);
  assert.match(theirs.sentence, /, connected by Bob, still needs reconnecting, for a day now: /);
  assert.equal(theirs.link, `/apps/${w.app}/connections/${id}/credentials`);
  await on({ days: 5 });
  assert.deepEqual(await told(), {}, 'once more, not every day');
  await connect(s, w.bob, w.app, id, BOB, { api_key: (await keyOf(BOB)).api_key });
  await on({ minutes: 1 });
  assert.deepEqual(await open(), [], 'no longer shown');
  assert.deepEqual(await told(), {}, 'not yet for long enough');
  await on({ minutes: 6 });
  assert.deepEqual(await told(), { ada: ['needs_reconnect closed'], abe: ['needs_reconnect closed'],
    bob: ['needs_reconnect closed'] });
  assert.match((await notices(w.bob))[0].sentence, /works again\. It had needed reconnecting for 6 days\.$/);
  await connect(s, w.bob, w.app, id, BOB, { api_key: (await keyOf(BOB)).api_key });
  await w.bob.delete(`/apps/${w.app}/connections/${id}/credential`);
  await on({ minutes: 20 });
  assert.deepEqual(await told(), {}, 'Disconnect is no incident');
});

test('what comes and goes is told once, and ever more seldom', async () => {
  const id = await addConnection(w.ada, w.app, { name: 'Flapping' });
  const seen = [];
  let last;
  for (let i = 0; i < 6; i += 1) {
    last = await keyOf(BOB);
    await connect(s, w.bob, w.app, id, BOB, { api_key: last.api_key });
    await on({ minutes: 3 });
    await s.control('POST', 'revoke', { label: last.label });
    await run(w.bob, w.app, id, MYSELF);
    await on({ minutes: 1 });
    seen.push(...(await told()).bob ?? []);
  }
  assert.deepEqual(seen, ['needs_reconnect opened']);
  await connect(s, w.bob, w.app, id, BOB, { api_key: (await keyOf(BOB)).api_key });
  await on({ seconds: 10 });
  await on({ minutes: 6 });
  assert.deepEqual(await told(), { bob: ['needs_reconnect closed'] });
  const [[first]] = sql(s, "SELECT calm_ms FROM incidents WHERE name = 'Flapping'");
  assert.equal(first, 300000);
  sql(s, `UPDATE credentials SET status = 'needs_reconnect', why = 'it was.' WHERE connection_id = '${id}'`);
  await looked();
  const again = sql(s, "SELECT calm_ms FROM incidents WHERE name = 'Flapping' AND closed IS NULL");
  assert.deepEqual(again, [[600000]]);
  await w.ada.delete(`/apps/${w.app}/connections/${id}`, { confirm: 'Flapping' });
  await on({ seconds: 10 });
  await on({ minutes: 11 });
  assert.deepEqual(await told(), { bob: ['needs_reconnect opened', 'needs_reconnect closed'] });
  assert.match((await notices(w.bob))[0].sentence, /^"Flapping" in Desk .* no longer in use\.$/);
});

test('shared: the app\'s admins, not its runners', async () => {
  const id = await addConnection(w.ada, w.app, { name: 'Shared' });
  assert.equal((await w.ada.patch(`/apps/${w.app}/connections/${id}`, { shared: true })).status, 200);
  const key = await keyOf(ANNA);
  await connect(s, w.ada, w.app, id, ANNA, { api_key: key.api_key });
  await s.control('POST', 'revoke', { label: key.label });
  await run(w.ada, w.app, id, MYSELF);
  await looked();
  assert.deepEqual(await told(), { ada: ['needs_reconnect opened'], abe: ['needs_reconnect opened'] });
  assert.equal((await notices(w.abe))[0].link, `/apps/${w.app}/connections/${id}/connect`);
  await w.root.patch(`/users/${w.abe.me.id}`, { disabled: true });
  await on({ hours: 25 });
  await w.root.patch(`/users/${w.abe.me.id}`, { disabled: false });
  await w.abe.signIn(w.abe.me.email);
  assert.deepEqual(await told(), { ada: ['needs_reconnect still_open'] }, 'the disabled hear nothing');
  await w.ada.delete(`/apps/${w.app}/connections/${id}`, { confirm: 'Shared' });
  await on({ seconds: 10 });
  await on({ minutes: 30 });
  await told();
});

test('a switch, and a credential whose owner lost the app', async () => {
  const id = await addConnection(w.ada, w.app, { name: 'Switched' });
  const at = `/apps/${w.app}/connections/${id}`;
  await connect(s, w.bob, w.app, id, BOB, { api_key: (await keyOf(BOB)).api_key });
  assert.equal((await w.ada.patch(at, { shared: true, confirm_lost: 1 })).status, 200);
  await looked();
  assert.deepEqual(await told(), {}, 'there is nothing for bob to do while it is shared');
  assert.equal((await w.ada.patch(at, { shared: false, confirm_lost: 0 })).status, 200);
  await looked();
  assert.deepEqual(await told(), { bob: ['needs_reconnect opened'] });
  const { permissions } = (await w.ada.get(`/apps/${w.app}/permissions`)).body;
  const bobs = permissions.find((p) => p.user?.email === 'bob@example.com').id;
  await w.ada.delete(`/apps/${w.app}/permissions/${bobs}`);
  await on({ hours: 25 });
  assert.deepEqual(await told(), {}, 'whoever has lost the app hears nothing');
  assert.deepEqual(await open(), []);
  await grant(w.ada, w.app, w.bob);
  await w.ada.delete(at, { confirm: 'Switched' });
  await on({ minutes: 30 });
  await told();
});

test('a key that expires: 30, 14, 7 and 1 days ahead, each once', async () => {
  const id = await addConnection(w.ada, w.app, { name: 'Expiring' });
  await connect(s, w.bob, w.app, id, BOB, { api_key: (await keyOf(BOB)).api_key, expires: inDays(33) });
  const [[expires]] = sql(s, `SELECT expires FROM credentials WHERE connection_id = '${id}'`);
  await looked();
  await told();
  const seen = [];
  for (const days of [33, 31, 30, 29, 28, 20, 15, 14, 13, 8, 7, 6, 2, 1, 0, -1]) {
    await clock.set({ ms: expires - days * 86400e3 - Date.now() + 1000 });
    keepSessions();
    await looked();
    for (const [who, list] of Object.entries(await told())) for (const what of list) seen.push(`${days} ${who} ${what}`);
  }
  assert.deepEqual(seen, ['30 bob key_expires opened', '14 bob key_expires still_open', '7 bob key_expires still_open',
    '1 ada key_expires still_open', '1 abe key_expires still_open', '1 bob key_expires still_open']);
  const sentences = (await notices(w.bob)).filter((n) => n.kind === 'key_expires').map((n) => n.sentence).reverse();
  const date = new Date(expires).toISOString().slice(0, 10);
  assert.deepEqual(sentences.map((t) => t.match(/expires on (\S+), (.*?)\. Make/).slice(1)),
    ['30', '14', '7', '1'].map((n) => [date, `in ${n} day${n === '1' ? '' : 's'}`]));
  await connect(s, w.bob, w.app, id, BOB, { api_key: (await keyOf(BOB)).api_key, expires: inDays(300) });
  await looked();
  await on({ minutes: 6 });
  assert.deepEqual(Object.keys(await told()).sort(), ['abe', 'ada', 'bob']);
  assert.match((await notices(w.bob))[0].sentence, /^The API key of "Expiring" in Desk on \S+ was replaced\.$/);
  await connect(s, w.cat, w.app, id, CARLA, { api_key: (await keyOf(CARLA)).api_key, expires: inDays(5) });
  await looked();
  assert.deepEqual(await told(), { cat: ['key_expires opened'] }, 'entered with less than 30 days left: told at once');
});

test('an outage: told when the connection cannot be used; found over though nobody asks', async () => {
  const id = await addConnection(w.ada, w.app, { type: 'jira_oauth2', name: 'By OAuth2' });
  await connected(s, w.bob, w.app, id, BOB);
  w.oauth = id;
  await s.control('POST', 'faults', { kind: 'status', status: 503, times: 'always', match: { path: '/oauth/token' } });
  await on({ hours: 2 });
  await run(w.bob, w.app, id, MYSELF);
  await looked();
  assert.deepEqual(await told(), {}, 'not within a quarter of an hour');
  await on({ minutes: 16 });
  assert.deepEqual(await told(), { bob: ['refresh_failing opened'] });
  assert.match((await notices(w.bob))[0].sentence, /could not be renewed\. .* nobody has to reconnect\.$/);
  await s.control('DELETE', 'faults');
  await on({ minutes: 10 });
  await until(() => sql(s, 'SELECT id FROM oauth_grants WHERE last_class IS NOT NULL').length === 0, 'a refresh', 15000);
  await on({ seconds: 10 });
  await on({ minutes: 6 });
  assert.deepEqual(await told(), { bob: ['refresh_failing closed'] });
  assert.match((await notices(w.bob))[0].sentence, /works again\. Its authorisation could not be renewed for /);
});

test('an OAuth client that is refused: the workspace admins; nobody else is sent to reconnect', async () => {
  await s.control('POST', 'faults', { kind: 'status', status: 401, times: 'always', body: { error: 'access_denied',
    error_description: 'Unauthorized' }, match: { path: '/oauth/token' } });
  await on({ hours: 2 });
  const answer = await run(w.bob, w.app, w.oauth, MYSELF);
  assert.equal(answer.code, 'client_refused', answer.text);
  await looked();
  assert.deepEqual(await told(), { root: ['client_refused opened'] });
  assert.equal((await w.root.get('/settings')).body.incidents.length, 1);
  assert.match(assertPage(await w.root.page('/settings')).text, /does not accept the OAuth client of the workspace/);
  await on({ hours: 25 });
  assert.deepEqual(await told(), { root: ['client_refused still_open'] });
  await s.control('DELETE', 'faults');
  assert.equal((await w.root.post('/settings/oauth-client/test')).status, 200);
  await on({ seconds: 10 });
  await on({ minutes: 6 });
  assert.deepEqual(await told(), { root: ['client_refused closed'] });
  assert.equal((await run(w.bob, w.app, w.oauth, MYSELF)).status, 200);
});

test('scopes that somebody else\'s consent took: whoever had connected before, not who did it', async () => {
  const at = '/settings/oauth-client';
  const fewer = { client_id: OAUTH_CLIENT, client_secret: OAUTH_SECRET, scopes: 'read:jira-work read:jira-user' };
  const full = { ...fewer, scopes: `write:jira-work ${fewer.scopes}` };
  assert.equal((await w.root.post(at, full)).status, 200);
  await connected(s, w.bob, w.app, w.oauth, BOB);
  assert.equal((await w.root.post(at, { ...fewer, confirm_fewer: 1 })).status, 200);
  await on({ seconds: 10 });
  const mine = await connected(s, w.cat, w.app, w.oauth, BOB);
  assert.match(mine.sentence, /may no longer use write:jira-work:/);
  await looked();
  assert.deepEqual(await told(), { bob: ['scopes_lost opened'] });
  assert.match((await notices(w.bob))[0].sentence, /may do less than before: .* Missing: write:jira-work\. Once they are/);
  await on({ hours: 25 });
  assert.deepEqual(await told(), { ada: ['scopes_lost still_open'], abe: ['scopes_lost still_open'], bob: ['scopes_lost still_open'] });
  assert.equal((await w.root.post(at, full)).status, 200);
  await connected(s, w.cat, w.app, w.oauth, BOB);
  await looked();
  await on({ minutes: 6 });
  assert.deepEqual(await told(), { ada: ['scopes_lost closed'], abe: ['scopes_lost closed'], bob: ['scopes_lost closed'] });
  await w.cat.delete(`/apps/${w.app}/connections/${w.oauth}/credential`);
  await w.root.delete(at, { confirm_lost: 9 });
  await connected(s, w.bob, w.app, w.oauth, BOB);
  await mark();
});

test('a connection\'s own client that is refused: the app\'s admins', async () => {
  const at = `/apps/${w.app}/connections/${w.oauth}/oauth-client`;
  assert.equal((await w.ada.post(at, { client_id: OAUTH_CLIENT, client_secret: OAUTH_SECRET })).status, 200);
  await s.control('POST', 'faults', { kind: 'status', status: 401, times: 'always', body: { error: 'access_denied',
    error_description: 'Unauthorized' }, match: { path: '/oauth/token' } });
  await on({ hours: 2 });
  await run(w.bob, w.app, w.oauth, MYSELF);
  await looked();
  assert.deepEqual(await told(), { ada: ['client_refused opened'], abe: ['client_refused opened'] });
  assert.equal((await notices(w.ada))[0].link, `/apps/${w.app}/connections/${w.oauth}/edit`);
  await s.control('DELETE', 'faults');
  await w.ada.post(`${at}/test`);
  await on({ seconds: 10 });
  await on({ minutes: 6 });
  assert.deepEqual(await told(), { ada: ['client_refused closed'], abe: ['client_refused closed'] });
});

test('a grant that is dead at Atlassian: its owner has to reconnect', async () => {
  await s.control('POST', 'account', { email: BOB, password: 'another-secret' });
  await on({ hours: 2 });
  await run(w.bob, w.app, w.oauth, MYSELF);
  await looked();
  assert.deepEqual(await told(), { bob: ['needs_reconnect opened'] });
});

test('a kill -9 between two looks loses and doubles nothing', async () => {
  const id = await addConnection(w.ada, w.app, { name: 'Killed' });
  await connect(s, w.cat, w.app, id, CARLA, { api_key: (await keyOf(CARLA)).api_key });
  await told();
  for (let i = 0; i < 3; i += 1) {
    sql(s, `UPDATE credentials SET status = 'needs_reconnect', why = 'it was.' WHERE connection_id = '${id}'`);
    await sleep(150 * i);
    await s.restart('SIGKILL');
  }
  await looked();
  assert.deepEqual(await told(), { cat: ['needs_reconnect opened'] });
});

test('unread ones are counted on every page; one or all are marked as read; only one\'s own', async () => {
  const shown = async (who) => (await who.page('/apps')).text.match(/class="count">(\d+\+?)</)?.[1];
  const mine = await notices(w.bob);
  assert.ok(mine.length > 10 && mine.every((n) => n.read === null));
  assert.equal(await shown(w.bob), String(mine.length));
  assertProblem(await w.cat.post('/me/notices/read', { notice: mine[0].id }), 404, 'not_found');
  assertFieldErrors(await w.bob.post('/me/notices/read'), 'notice');
  assert.deepEqual((await w.bob.post('/me/notices/read', { notice: mine[0].id })).body, { unread: mine.length - 1 });
  assert.equal(await shown(w.bob), String(mine.length - 1));
  assert.match(assertPage(await w.bob.page('/me/notices')).text, /Mark all as read/);
  const answer = await w.bob.form('/me/notices/read', { all: 'true', return_to: 'https://evil.example/' });
  assert.deepEqual([answer.status, answer.location], [303, '/me/notices']);
  assert.equal(await shown(w.bob), undefined);
  assert.deepEqual((await notices(w.bob)).map((n) => n.id), mine.map((n) => n.id));
});

test('ten thousand notices are shown page by page, and the bar stays cheap', async () => {
  const [[incident]] = sql(s, 'SELECT id FROM incidents LIMIT 1');
  sql(s, 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)'
    + ' INSERT INTO notices (id, user_id, incident_id, event, sentence, link, created)'
    + ` SELECT printf('00000000000000000000%06d', i), '${w.cat.me.id}', '${incident}', 'opened',`
    + " 'Sentence ' || i, '/apps', i FROM n");
  const seen = new Set();
  for (let next = ''; next !== null;) {
    const { body } = await w.cat.get(`/me/notices?after=${next}`);
    for (const n of body.notices) seen.add(n.id);
    assert.equal(body.unread, 100);
    next = body.next;
  }
  assert.ok(seen.size >= 10000, `${seen.size}`);
  assert.match((await w.cat.page('/apps')).text, /class="count">100\+</);
  const started = Date.now();
  for (let i = 0; i < 50; i += 1) await w.cat.page('/apps');
  assert.ok(Date.now() - started < 5000, `${Date.now() - started} ms for 50 pages`);
});

endsWell(() => s);
