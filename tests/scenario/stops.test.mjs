// Emergency stops: from the press of the button on nothing of an app, a user or a site is used, also
// what was in flight; lifting costs nobody anything; erasing does, and asks first; and the list of
// what has to be revoked at Atlassian is right, and safe to open.

import assert from 'node:assert/strict';
import { before, beforeEach, test } from 'node:test';

import { atAtlassian, authorizeUrl, callbackPath, connected } from '../lib/atlassian.mjs';
import { clientAt } from '../lib/many.mjs';
import { addConnection, ANNA, asked, assertFieldErrors, assertPage, assertProblem, BOB, callsOf, CARLA,
  clearLog, connect, connectPath, DAVE, fault, grant, makeApp, noFaults, rowOf, run, tryConnect }
  from '../lib/scene.mjs';
import { endsWell, newPostgres, OAUTH_CLIENT, sql, startStack } from '../lib/stack.mjs';

const MYSELF = { path: '/rest/api/3/myself' };
const SITE = 'https?://acme\\.localhost:\\d+';

let s;
let root; // workspace admin, in no app
let admin; // of both apps
let other; // workspace admin as well
const people = {};
let app;
let elsewhere;
let key; // connections: own API key, own OAuth, shared key; in the other app: own key
let oauth;
let shared;
let far;

before(async () => {
  s = await startStack(null, { oauth: true });
  root = await s.setup();
  admin = await s.user(root, 'admin@example.com', 'Ada Admin');
  other = await s.user(root, 'second@example.com', 'Second Boss');
  await root.patch(`/users/${other.me.id}`, { workspace_admin: true });
  for (const name of ['ben', 'cyd', 'dan']) people[name] = await s.user(root, `${name}@example.com`, name);
  app = await makeApp(admin, 'Secret project');
  elsewhere = await makeApp(admin, 'Elsewhere');
  for (const each of Object.values(people)) {
    await grant(admin, app, each);
    await grant(admin, elsewhere, each);
  }
  key = await addConnection(admin, app, { name: 'Hidden key' });
  oauth = await addConnection(admin, app, { name: 'Hidden grant', type: 'jira_oauth2' });
  shared = await addConnection(admin, app, { name: 'Hidden shared' });
  await admin.patch(`/apps/${app}/connections/${shared}`, { shared: true, runners_may_request: true });
  far = await addConnection(admin, elsewhere, { name: 'Far' });
  await everybodyConnects();
});

async function everybodyConnects() {
  await connect(s, people.ben, app, key, BOB);
  await connected(s, people.ben, app, oauth, BOB, { site: 'acme' });
  await connect(s, people.cyd, app, key, CARLA);
  await connect(s, people.dan, elsewhere, far, DAVE, { base_url: s.site('globex') });
  await connect(s, people.ben, elsewhere, far, BOB);
  await connect(s, admin, app, shared, ANNA);
}

beforeEach(async () => {
  await noFaults(s);
  sql(s, 'DELETE FROM throttles');
});

function ok(answer, status = 200) {
  assert.equal(answer.status, status, answer.text);
  return answer.body;
}

const stopApp = async (client = admin) => ok(await client.post(`/apps/${app}/stops`, { reason: 'leak' }), 201);
const stop = async (fields, client = root) => ok(await client.post('/stops', fields), 201);
const lift = async (t, client = root) => ok(await client.post(`${t.path}/lift`));
const expire = () => sql(s, 'UPDATE oauth_grants SET access_expires = 1');

// What a request of each gives: 200 or the error's code. Jira must not be asked for a refused one.
async function uses() {
  const all = [['ben', app, key], ['ben', app, oauth], ['ben', app, shared], ['cyd', app, key],
    ['cyd', app, shared], ['ben', elsewhere, far], ['dan', elsewhere, far]];
  const results = [];
  for (const [who, where, id] of all) {
    await clearLog(s);
    const answer = await run(people[who], where, id, MYSELF);
    if (answer.status !== 200) assert.deepEqual(await callsOf(s), []);
    results.push(answer.status === 200 ? 'ok' : answer.code);
  }
  return results.join(' ');
}
const ALL = 'ok ok ok ok ok ok ok';

test('an app: nothing in it is used, connected or tested; lifted, all works as before', async () => {
  assert.equal(await uses(), ALL);
  const before = sql(s, 'SELECT id, generation, sealed, status FROM credentials ORDER BY id');
  const t = await stopApp();
  assert.deepEqual([t.kind, t.label, t.reason, t.stopped_by, t.is.open, t.by_workspace],
    ['app', 'Secret project', 'leak', 'Ada Admin', true, false]);
  assert.equal(await uses(), 'stopped stopped stopped stopped stopped ok ok');
  for (const client of [admin, people.ben, people.dan]) {
    const row = await rowOf(client, app, key);
    assert.deepEqual([row.state, row.can_connect, row.can_manage, row.is.stopped], ['stopped', false, false, true]);
    assert.match(row.status, /^Stopped by an admin since \d{4}-\d\d-\d\d \d\d:\d\d UTC: everything of this app\. Ask /);
  }
  await clearLog(s);
  assertProblem(await tryConnect(s, people.dan, app, key, BOB), 409, 'stopped', /app admin/);
  assertProblem(await people.dan.post(connectPath(app, oauth)), 409, 'stopped');
  assertProblem(await people.ben.post(`/apps/${app}/connections/${key}/test`), 409, 'stopped');
  assert.deepEqual(await callsOf(s), []);
  const mine = (await people.ben.get('/me/connections')).body.connections;
  assert.deepEqual(mine.map((c) => c.state), ['connected', 'stopped', 'stopped']);
  const who = (await admin.get(`/apps/${app}/connections/${key}/credentials`)).body.people;
  assert.deepEqual(who.map((p) => p.state), ['stopped', 'stopped']);
  assertPage(await people.ben.page(`/apps/${app}`));
  assert.match(assertPage(await people.ben.page(`/apps/${app}/request`)).text, /Stopped by an admin since/);
  assertPage(await admin.page(`/apps/${app}/connections/${key}/credentials`));

  await lift(t, admin);
  assert.equal(await uses(), ALL);
  assert.deepEqual(sql(s, 'SELECT id, generation, sealed, status FROM credentials ORDER BY id'), before);
});

test('a user: their own in all apps, shared credentials they entered, and what they do', async () => {
  let t = await stop({ kind: 'user', user: 'ben@example.com' });
  assert.equal(await uses(), 'stopped stopped stopped ok ok stopped ok');
  assert.equal((await rowOf(people.cyd, app, key)).state, 'connected');
  assertProblem(await tryConnect(s, people.ben, elsewhere, far, BOB), 409, 'stopped', /workspace admin/);
  await lift(t);
  t = await stop({ kind: 'user', user: admin.me.id });
  assert.equal(await uses(), 'ok ok stopped ok stopped ok ok');
  assert.match((await rowOf(people.cyd, app, shared)).status, /the person who entered this/);
  await lift(t);
  assert.equal(await uses(), ALL);
});

test('the page of a stopped connection tells of the stop, and not that it cannot be renewed', async () => {
  sql(s, `UPDATE oauth_grants SET last_class = 'transient', last_error = 'It broke.', failures = 3,
    access_expires = 1, next_try = 9999999999999, failing_since = 1`);
  const at = `/apps/${app}/connections/${oauth}`;
  assert.match(assertPage(await people.ben.page(at)).text, /cannot be renewed at present/);
  const t = await stopApp();
  const { text } = assertPage(await people.ben.page(at));
  assert.match(text, /Stopped by an admin since/);
  assert.doesNotMatch(text, /cannot be renewed at present/);
  await lift(t, admin);
  sql(s, `UPDATE oauth_grants SET last_class = NULL, last_error = NULL, failures = 0, next_try = NULL,
    failing_since = NULL`);
  assert.equal(await uses(), ALL);
});

test('a site: in all apps, and new connects to it, before anything is sent there', async () => {
  const t = await stop({ kind: 'site', site: s.site() });
  assert.equal(await uses(), 'stopped stopped stopped stopped stopped stopped ok');
  await clearLog(s);
  assertProblem(await tryConnect(s, people.cyd, elsewhere, far, CARLA), 409, 'stopped', /this Jira site/);
  assert.deepEqual(await callsOf(s), []);
  await connect(s, people.cyd, elsewhere, far, CARLA, { base_url: s.site('globex') }); // another one
  await people.cyd.delete(`/apps/${elsewhere}/connections/${far}/credential`);
  const browser = await atAtlassian(s, BOB);
  const at = await authorizeUrl(people.dan, app, oauth);
  const back = await people.dan.get(callbackPath(await browser.accept(at, { site: 'acme' })));
  if (back.code === 'choose_site') {
    const acme = back.body.sites.find((each) => each.name === 'acme');
    assertProblem(await people.dan.post(connectPath(app, oauth), { confirm: back.body.confirm, site: acme.id }),
      409, 'stopped');
  } else {
    assertProblem(back, 409, 'stopped');
  }
  assert.equal((await rowOf(people.dan, app, oauth)).state, 'not_connected');
  await lift(t);
  assert.equal(await uses(), ALL);
});

// --- what was in flight

async function during(begin, meanwhile, path) {
  await clearLog(s);
  await fault(s, 'delay', { ms: 900, match: { path } });
  const running = begin();
  await asked(s, path);
  const t = await meanwhile();
  return [await running, t];
}

test('a request that waits for a refresh is not sent; the refreshed token is kept', async () => {
  for (const [set, by] of [[stopApp, admin], [() => stop({ kind: 'user', user: 'ben@example.com' }), root],
    [() => stop({ kind: 'site', site: s.site() }), root]]) {
    expire();
    const [[, generation]] = sql(s, 'SELECT id, generation FROM oauth_grants');
    const [answer, t] = await during(() => run(people.ben, app, oauth, MYSELF), set, '/oauth/token');
    assertProblem(answer, 409, 'stopped');
    assert.deepEqual((await callsOf(s)).filter((c) => c.includes('/myself')), []);
    assert.equal(Number(sql(s, 'SELECT generation FROM oauth_grants')[0][0]), Number(generation) + 1);
    assertProblem(await run(people.ben, app, oauth, MYSELF), 409, 'stopped');
    await lift(t, by);
    ok(await run(people.ben, app, oauth, MYSELF));
  }
});

test('an answer that comes after the stop is not shown, and it says that Jira was asked', async () => {
  const [answer, t] = await during(() => run(people.ben, app, key, MYSELF), stopApp, '/rest/api/3/myself');
  assertProblem(answer, 409, 'stopped', /may have carried it out/);
  assert.doesNotMatch(answer.text, /bob@acme/i);
  await lift(t, admin);
});

test('nor is it shown when the credential is erased or replaced meanwhile', async () => {
  const begins = [() => run(people.ben, app, key, MYSELF),
    () => people.ben.post(`/apps/${app}/connections/${key}/test`)];
  const gone = async (stopped) => {
    const t = await stopped();
    ok(await people.ben.delete(`/apps/${app}/connections/${key}/credential`));
    return t;
  };
  for (const begin of begins) {
    const [answer, t] = await during(begin, () => gone(() => stop({ kind: 'site', site: s.site() })), '/rest/api/3/');
    assertProblem(answer, 409, 'stopped', /everything on this Jira site/);
    assert.doesNotMatch(answer.text, /bob@acme/i);
    await lift(t);
    await connect(s, people.ben, app, key, BOB);
  }
  // Shared, and whoever entered it is stopped.
  const switched = async () => {
    const t = await stop({ kind: 'user', user: admin.me.id });
    sql(s, `CREATE TABLE kept AS SELECT id, sealed, generation FROM credentials WHERE connection_id = '${shared}'`);
    sql(s, `UPDATE credentials SET sealed = NULL, generation = generation + 1 WHERE connection_id = '${shared}'`);
    return t;
  };
  const [answer, t] = await during(() => run(people.ben, app, shared, MYSELF), switched, '/rest/api/3/');
  assertProblem(answer, 409, 'stopped', /the person who entered this/);
  await lift(t);
  sql(s, `UPDATE credentials SET (sealed, generation) = (SELECT k.sealed, k.generation FROM kept k
    WHERE k.id = credentials.id) WHERE connection_id = '${shared}'`);
  sql(s, 'DROP TABLE kept');
  assert.equal(await uses(), ALL);
});

test('a test, and a connect by key, that end after the stop learn and save nothing', async () => {
  let [answer, t] = await during(() => people.ben.post(`/apps/${app}/connections/${key}/test`), stopApp,
    '/rest/api/3/');
  assertProblem(answer, 409, 'stopped');
  await lift(t, admin);
  for (const set of [stopApp, () => stop({ kind: 'site', site: s.site() }),
    () => stop({ kind: 'user', user: 'dan@example.com' })]) {
    [answer, t] = await during(() => tryConnect(s, people.dan, app, key, BOB), set, '/rest/api/3/');
    assertProblem(answer, 409, 'stopped');
    assert.equal(sql(s, `SELECT id FROM credentials WHERE owner = '${people.dan.me.id}'
      AND connection_id = '${key}'`).length, 0);
    await lift(t, set === stopApp ? admin : root);
  }
});

test('what is on file and stopped is not replaced by an account on another site', async () => {
  const elsewhereNow = () => tryConnect(s, people.ben, elsewhere, far, DAVE, { base_url: s.site('globex') });
  const before = sql(s, `SELECT id, generation, sealed FROM credentials WHERE connection_id = '${far}'`);
  const [answer, t] = await during(elsewhereNow, () => stop({ kind: 'site', site: s.site() }), '/rest/api/3/');
  assertProblem(answer, 409, 'stopped', /this Jira site/);
  assertProblem(await elsewhereNow(), 409, 'stopped', /this Jira site/);
  await lift(t);
  const asksFirst = await elsewhereNow();
  assertProblem(asksFirst, 409, 'identity_changed');
  const { path } = await stop({ kind: 'site', site: s.site() });
  assertProblem(await people.ben.post(connectPath(elsewhere, far), { confirm: asksFirst.body.confirm }), 409, 'stopped');
  await lift({ path });
  assert.deepEqual(sql(s, `SELECT id, generation, sealed FROM credentials WHERE connection_id = '${far}'`), before);
});

test('a callback under way connects nothing, at Atlassian or already exchanging', async () => {
  const browser = await atAtlassian(s, BOB);
  let back = await browser.accept(await authorizeUrl(people.dan, app, oauth), { site: 'acme' });
  let t = await stopApp();
  await clearLog(s);
  assertProblem(await people.dan.get(callbackPath(back)), 409, 'stopped');
  assert.deepEqual(await callsOf(s), [], 'the code is not exchanged');
  await lift(t, admin);
  assertProblem(await people.dan.get(callbackPath(back)), 410, 'state_expired'); // counts once
  back = await browser.accept(await authorizeUrl(people.dan, app, oauth), { site: 'acme' });
  const [answer, second] = await during(() => people.dan.get(callbackPath(back)),
    () => stop({ kind: 'user', user: 'dan@example.com' }), '/oauth/token');
  assertProblem(answer, 409, 'stopped');
  await lift(second);
  back = await browser.accept(await authorizeUrl(people.dan, app, oauth), { site: 'acme' });
  t = await stopApp();
  const page = assertPage(await people.dan.page(callbackPath(back)), 409);
  assert.match(page.text, /Stopped by an admin since/);
  await lift(t, admin);
  assert.deepEqual(sql(s, `SELECT id FROM credentials WHERE owner = '${people.dan.me.id}'
    AND connection_id = '${oauth}'`), []);
});

// --- erasing

test('erasing asks with the number, wipes, and people reconnect after lifting', async () => {
  const t = await stop({ kind: 'user', user: 'ben@example.com' });
  const shown = ok(await root.get(t.path));
  assert.deepEqual([shown.secrets, shown.may_end], [3, true]);
  const refused = await root.post(`${t.path}/erase`, { confirm_lost: 2 });
  assertProblem(refused, 409, 'confirm_required', /3 stored secrets are erased/);
  assert.equal(refused.body.lost, 3);
  const erased = ok(await root.post(`${t.path}/erase`, { confirm_lost: 3 }));
  assert.deepEqual([erased.erased_count, erased.erased_by, erased.is.open], [3, 'Root Admin', true]);
  assert.deepEqual(sql(s, `SELECT count(*) FROM credentials WHERE entered_by = '${people.ben.me.id}'
    AND sealed IS NOT NULL`), [[0]]);
  assert.deepEqual(sql(s, 'SELECT count(*) FROM oauth_grants'), [[0]]);
  const whose = ok(await admin.get(`/apps/${app}/connections/${key}/credentials`)).people;
  assert.deepEqual(whose.map((p) => [p.user.name, p.state]), [['ben', 'stopped'], ['cyd', 'connected']]);
  assert.match(whose[0].status, /everything of the person who entered this/);
  assert.equal(await uses(), 'stopped stopped stopped ok ok stopped ok');
  await lift(t);
  assert.equal(await uses(), 'needs_reconnect needs_reconnect ok ok ok needs_reconnect ok');
  const row = await rowOf(people.ben, app, key);
  assert.deepEqual([row.state, row.connect_label, row.can_connect], ['needs_reconnect', 'Reconnect', true]);
  assert.match(row.status, /an admin stopped this in an emergency and erased what was stored/);
  const late = ok(await root.get(t.path)); // the list stays
  assert.deepEqual(late.list.map((i) => i.kind).sort(), ['api_key', 'oauth']);
  assertProblem(await root.post(`${t.path}/erase`, { confirm_lost: 9 }), 409, 'conflict');
  await connect(s, people.ben, app, key, BOB);
  await connected(s, people.ben, app, oauth, BOB, { site: 'acme' });
  await connect(s, people.ben, elsewhere, far, BOB);
  assert.equal(await uses(), ALL);
});

// --- the list

test('the list: one entry a thing to revoke, with account, person, site, where; no app is named', async () => {
  const t = await stop({ kind: 'site', site: s.site(), reason: '=cmd()' });
  const { list, next, files, stop: shown } = ok(await root.get(t.path));
  assert.deepEqual([shown.items, next, files.length], [4, null, 1]);
  const bobs = list.filter((i) => i.person === 'ben');
  assert.deepEqual(bobs.map((i) => [i.kind, i.credentials]).sort(), [['api_key', 2], ['oauth', 1]]);
  const byOauth = bobs.find((i) => i.is.oauth);
  assert.equal(byOauth.client_id, OAUTH_CLIENT);
  assert.match(byOauth.revoke_page, /manage-profile\/apps$/);
  const anna = list.find((i) => i.person === 'Ada Admin');
  assert.deepEqual([anna.account_email, anna.kind, anna.person_email], [ANNA, 'api_key', 'admin@example.com']);
  assert.match(anna.revoke_page, /api-tokens$/);
  assert.match(anna.site_url, new RegExp(`^${SITE}$`));
  assert.ok(anna.last_used >= anna.since);
  const csv = await root.fetch('GET', files[0].path);
  assert.match(csv.headers.get('content-type'), /^text\/csv/);
  assert.match(csv.headers.get('content-disposition'), /^attachment; filename="to-revoke-\w+\.csv"$/);
  assert.equal(csv.text.trim().split('\r\n').length, 5);
  const page = assertPage(await root.page(t.path));
  for (const seen of [JSON.stringify(list), csv.text, page.text,
    (await root.get('/stops')).text, (await root.page('/stops')).text])
    assert.doesNotMatch(seen, /Hidden|Secret project|secret-project|Elsewhere|Far\b/);
  assert.match(page.text, /href="http[^"]+api-tokens"/);
  await lift(t);
});

test('a spreadsheet finds no formula in the list', async () => {
  const evil = ['=HYPERLINK("http://evil.example")', '+1+1', '-2', '@SUM(A1)', '  =1+1', '＝1+1', '＋1', '－1', '＠SUM(A1)'];
  const inside = { '\t=1': "'\t'=1", 'x;=1': "x;'=1", 'x; "+1': `x;' ""+1`, 'x\t@y': "x\t'@y", 'x\r\n-1': "x\r\n'-1", 'x;＝1': "x;'＝1",
    '"quoted",x': '""quoted"",x', 'a-b; c=d': 'a-b; c=d' };
  for (const [name, wanted] of [...evil.map((each) => [each, `'${each.replaceAll('"', '""')}`]), ...Object.entries(inside)]) {
    sql(s, `UPDATE credentials SET account_name = '${name}' WHERE connection_id = '${key}'
      AND owner = '${people.cyd.me.id}'`);
    const t = await stop({ kind: 'user', user: 'cyd@example.com' });
    const { text } = await root.fetch('GET', `${t.path}/csv`);
    const cell = text.match(/^"API token","((?:[^"]|"")*)"/m)[1];
    assert.equal(cell, wanted);
    await lift(t);
  }
  sql(s, `UPDATE credentials SET account_name = 'Carla' WHERE owner = '${people.cyd.me.id}'`);
});

test('a list of 25,000 is written at once, and is read in pages', async () => {
  const [row] = sql(s, `SELECT app_id, id FROM connections WHERE id = '${far}'`);
  const columns = 'app_id, connection_id, owner, entered_by, switch_counter, generation, status,'
    + ' account_id, account_name, username, site_id, entered_origin, origin, base_path, sealed, since';
  sql(s, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25000)
    INSERT INTO users (id, email, email_key, name, sort_key, search, workspace_admin, state, created)
    SELECT 'u' || i, 'u' || i || '@x', 'u' || i || '@x', 'U', 'u' || (100000 + i), '', 0, 'active', 1 FROM n`);
  sql(s, "INSERT INTO sites VALUES ('cloud-many', 'https://many.test', 'many', 1)");
  sql(s, `INSERT INTO credentials (id, ${columns}) SELECT 'c' || id, '${row[0]}', '${row[1]}', id, id, 0, 1,
    'connected', 'acc' || id, 'Many', 'm@x', 'cloud-many', 'o', 'o', '', x'01', 5 FROM users WHERE name = 'U'`);
  const began = Date.now();
  const t = await stop({ kind: 'site', site: 'cloud-many' });
  const took = Date.now() - began;
  assert.equal(t.items, 25000);
  assert.ok(took < 10000, `${took} ms`);
  const { list, next, files } = ok(await root.get(t.path));
  assert.deepEqual([list.length, next], [100, 100]);
  assert.equal(ok(await root.get(`${t.path}?after=24950`)).list.length, 50);
  assert.deepEqual(files.map((f) => [f.from, f.to]), [[1, 10000], [10001, 20000], [20001, 25000]]);
  const lines = [];
  for (const file of files) lines.push(...(await root.fetch('GET', file.path)).text.trim().split('\r\n').slice(1));
  assert.equal(new Set(lines).size, 25000);
  const fast = Date.now();
  ok(await run(people.dan, elsewhere, far, MYSELF));
  assert.ok(Date.now() - fast < 3000);
  const erasing = Date.now();
  ok(await root.post(`${t.path}/erase`, { confirm_lost: 25000 }));
  console.log(`25,000 credentials: stopped in ${took} ms, erased in ${Date.now() - erasing} ms`);
  await lift(t);
  sql(s, "DELETE FROM credentials WHERE site_id = 'cloud-many'");
  sql(s, "DELETE FROM users WHERE name = 'U'");
});

// --- who may

test('an app\'s stop is its own admins\' and its workspace admins\'; others find nothing', async () => {
  assertProblem(await people.ben.post(`/apps/${app}/stops`), 403, 'not_app_admin');
  assertProblem(await root.post(`/apps/${app}/stops`), 404, 'not_found');
  assertProblem(await admin.post('/stops', { kind: 'user', user: 'ben@example.com' }), 403, 'not_workspace_admin');
  assertFieldErrors(await root.post('/stops', { kind: 'app', user: app }), 'kind');
  assertFieldErrors(await root.post('/stops', { kind: 'site', site: 'https://nobody.example' }), 'site');
  assertFieldErrors(await root.post('/stops', { kind: 'user', user: 'nobody@example.com' }), 'user');
  const foreign = await s.user(root, 'foreign@example.com');
  const theirs = await makeApp(foreign);
  const t = await stopApp();
  const { stops } = ok(await admin.get(`/apps/${app}/stops`));
  assert.equal(stops[0].id, t.id);
  for (const [client, at] of [[foreign, t.path], [foreign, `/apps/${theirs}/stops/${t.id}`],
    [root, `/stops/${t.id}`], [root, t.path], [root, `/stops/nosuch`]]) {
    assertProblem(await client.get(at), 404, 'not_found');
    assertProblem(await client.post(`${at}/lift`), 404, 'not_found');
    assertProblem(await client.post(`${at}/erase`, { confirm_lost: 99 }), 404, 'not_found');
    assert.equal((await client.fetch('GET', `/api/v1${at}/csv`)).status, 404);
  }
  assert.ok(!ok(await root.get('/stops')).stops.some((each) => each.id === t.id));
  assertProblem(await admin.post(`/apps/${app}/stops`), 409, 'conflict');
  await lift(t, admin);
});

test('what a workspace admin stopped, an app admin does not lift; nobody lifts their own', async () => {
  await grant(admin, app, other);
  const t = await stopApp(other); // a runner of the app, and a workspace admin
  assert.equal(t.by_workspace, true);
  assertProblem(await admin.post(`${t.path}/lift`), 403, 'not_workspace_admin');
  assertProblem(await admin.post(`${t.path}/erase`, { confirm_lost: 99 }), 403, 'not_workspace_admin');
  assertPage(await admin.page(t.path));
  assert.ok(ok(await other.get('/stops')).stops.some((each) => each.id === t.id));
  await lift(t, other);
  const own = await stop({ kind: 'user', user: other.me.id });
  assertProblem(await other.post(`${own.path}/lift`), 403, 'forbidden');
  await lift(own);
});

test('what is under a workspace admin\'s stop, an app admin does not erase in another way', async () => {
  const before = sql(s, 'SELECT id, generation, sealed, status FROM credentials ORDER BY id');
  const at = `/apps/${app}/connections/${shared}`;
  const tries = [() => admin.delete(`/apps/${app}`, { confirm: 'Secret project' }),
    () => admin.delete(at, { confirm: 'Hidden shared' }), () => admin.delete(`${at}/credential`),
    () => admin.patch(at, { shared: false, confirm_lost: 99 }),
    () => admin.patch(at, { base_url: s.site('globex'), base_url_fixed: true })];
  for (const [set, by] of [[() => stopApp(other), other], [() => stop({ kind: 'site', site: s.site() }), root],
    [() => stop({ kind: 'user', user: admin.me.id }), root]]) {
    const t = await set();
    for (const attempt of tries) {
      const answer = await attempt();
      assertProblem(answer, 409, 'stopped', /is kept until a workspace admin lifts it/);
    }
    await lift(t, by);
  }
  const onOwn = await stop({ kind: 'user', user: 'cyd@example.com' }); // nothing of theirs is in `shared`
  assertProblem(await admin.delete(`/apps/${app}/connections/${key}`, { confirm: 'Hidden key' }), 409, 'stopped');
  const free = await addConnection(admin, app, { name: 'Free' });
  assert.equal((await admin.delete(`/apps/${app}/connections/${free}`, { confirm: 'Free' })).status, 204);
  await lift(onOwn);
  assert.deepEqual(sql(s, 'SELECT id, generation, sealed, status FROM credentials ORDER BY id'), before);
});

test('whoever stopped an app sees that also out of the app, and once the app is gone', async () => {
  const doomed = await makeApp(admin, 'Doomed');
  await grant(admin, doomed, other);
  const t = ok(await other.post(`/apps/${doomed}/stops`), 201);
  const { permissions } = ok(await admin.get(`/apps/${doomed}/permissions`));
  await admin.delete(`/apps/${doomed}/permissions/${permissions.find((p) => p.user?.id === other.me.id).id}`);
  assertProblem(await other.get(`/apps/${doomed}/stops`), 404, 'not_found');
  const seen = async () => ok(await other.get('/stops')).stops.find((each) => each.id === t.id);
  const { path } = await seen();
  assert.equal(path, `/stops/${t.id}`);
  assertPage(await other.page(path));
  assertPage(await other.page('/stops'));
  assert.equal(ok(await other.get(path)).may_end, true);
  assertProblem(await root.get(path), 404, 'not_found'); // another workspace admin, of no app
  assert.ok(!ok(await root.get('/stops')).stops.some((each) => each.id === t.id));
  assertProblem(await admin.delete(`/apps/${doomed}`, { confirm: 'Doomed' }), 409, 'stopped');
  await lift({ path }, other);
  assert.equal((await admin.delete(`/apps/${doomed}`, { confirm: 'Doomed' })).status, 204);
  assert.equal((await seen()).is.open, false);
  assertPage(await other.page(path));
});

test('pages: the forms stop, lift and erase; rows say so', async () => {
  let page = assertPage(await admin.page(`/apps/${app}/settings`));
  assert.match(page.text, new RegExp(`href="/apps/${app}/stops"`));
  page = assertPage(await admin.page(`/apps/${app}/stops`));
  page = assertPage(await admin.follow(await admin.submit(page, `POST /apps/${app}/stops`, { reason: 'a <b>leak</b>' })));
  assert.match(page.text, /a &lt;b&gt;leak&lt;\/b&gt;/);
  assert.match(page.text, /Nothing of it is used from now on/);
  assert.match(assertPage(await admin.page(`/apps/${app}/settings`)).text, /This app is stopped since/);
  assert.match(assertPage(await people.ben.page(connectPath(app, key))).text, /Stopped by an admin since/);
  page = assertPage(await admin.follow(await admin.submit(page, '/lift')));
  assert.match(page.text, /Everything works again as before/);
  page = assertPage(await root.page(`/users/${people.cyd.me.id}`));
  page = assertPage(await root.follow(await root.submit(page, 'POST /stops')));
  page = assertPage(await root.follow(await root.submit(page, '/erase')));
  assert.match(page.text, /Erased: 1 stored secret/);
  assert.match(assertPage(await root.page(`/users/${people.cyd.me.id}`)).text, /nothing that this person connected/);
  page = assertPage(await root.follow(await root.submit(page, '/lift')));
  assert.match(page.text, /has to be reconnected/);
  page = assertPage(await root.page('/stops'));
  page = assertPage(await root.submit(page, 'POST /stops', { site: 'nobody.example' }), 422);
  assert.match(page.text, /Nobody has connected to a site/);
  await connect(s, people.cyd, app, key, CARLA);
});

// --- elsewhere

async function command(...args) {
  const p = s.spawn(['stop', ...args]);
  await p.ended;
  return p;
}

test('the command line stops what its user does not see, prints the list, lifts, erases', async () => {
  sql(s, `UPDATE credentials SET account_name = 'Ca\u009b31m\u001b[1m\u00a9r' WHERE owner = '${people.cyd.me.id}'`);
  let p = await command('app', app, '--reason', 'from the console');
  assert.match(p.out, /^API token\tCa\?31m\?\[1m©r </m, 'nothing colours the terminal');
  sql(s, `UPDATE credentials SET account_name = 'Carla' WHERE owner = '${people.cyd.me.id}'`);
  assert.equal(p.code, 0, p.out);
  assert.match(p.out, /To be revoked at Atlassian/);
  assert.match(p.out, new RegExp(`^API token\\t.*<${ANNA}>\\t${SITE}\\tentered by admin@example.com`, 'm'));
  assert.match(p.out, /emergency_stop_set .*by="?command line/);
  const id = p.out.match(/^(\w{10,})  app  Secret project/m)[1];
  assert.equal(await uses(), 'stopped stopped stopped stopped stopped ok ok'); // the running server
  assertProblem(await admin.post(`/apps/${app}/stops/${id}/lift`), 403, 'not_workspace_admin');
  p = await command('app', app);
  assert.equal(p.code, 1);
  assert.match(p.out, /stopped already/);
  p = await command('list');
  assert.match(p.out, new RegExp(`${id}  app  Secret project`));
  p = await command('show', id);
  assert.match(p.out, /OAuth access\t/);
  p = await command('erase', id);
  assert.deepEqual([p.code, /Confirm this/.test(p.out)], [1, true]);
  p = await command('lift', id);
  assert.equal(p.code, 0, p.out);
  assert.equal(await uses(), ALL);
  p = await command('user', 'BEN@example.com');
  const ben = p.out.match(/^(\w{10,})  user/m)[1];
  p = await command('erase', ben, '--confirm-lost', '3');
  assert.match(p.out, /Erased: 3\./);
  await command('lift', ben);
  for (const wrong of [[], ['app'], ['planet', 'x'], ['erase', 'x', '--confirm-lost', 'many']])
    assert.equal((await command(...wrong)).code, 2, wrong.join(' '));
  assert.equal((await command('app', 'no-such-app')).code, 1);
  await connect(s, people.ben, app, key, BOB);
  await connected(s, people.ben, app, oauth, BOB, { site: 'acme' });
  await connect(s, people.ben, elsewhere, far, BOB);
});

test('every stop, erasing and lifting is in the log, with who', async () => {
  const log = s.server.out;
  for (const event of ['set', 'erased', 'lifted'])
    assert.match(log, new RegExp(`emergency_stop_${event} .*by=root@mortise\\.example`));
  assert.match(log, /emergency_stop_set .*by=admin@example\.com/);
});

// Calls go on at both servers while the stop is set: it is not held up, and none gets through later.
async function underLoad(two, boss, there, slug, id) {
  let running = true;
  const late = [];
  let stoppedAt = Infinity;
  const callers = [boss, there].flatMap((client) => Array.from({ length: 8 }, async () => {
    while (running) {
      const began = Date.now();
      const answer = await run(client, slug, id, MYSELF);
      if (answer.status === 200 && began > stoppedAt) late.push(answer.text);
      else if (answer.status !== 200 && answer.code !== 'stopped' && answer.status !== 503) late.push(answer.text);
    }
  }));
  await new Promise((resolve) => setTimeout(resolve, 300));
  const began = Date.now();
  const made = ok(await boss.post(`/apps/${slug}/stops`), 201);
  stoppedAt = Date.now();
  await new Promise((resolve) => setTimeout(resolve, 300));
  running = false;
  await Promise.all(callers);
  assert.deepEqual(late, []);
  assert.equal(made.items, 1);
  assert.ok(stoppedAt - began < 5000, `${stoppedAt - began} ms`);
  ok(await boss.post(`${made.path}/lift`));
}

// Two servers: one stops, the other refuses its very next call, and a refresh of it saves.
async function twoServers(t, database) {
  const two = await startStack(t, { oauth: true, database });
  const boss = await two.setup();
  const node = await two.startNode();
  const there = clientAt(node.url, boss);
  const slug = await makeApp(boss);
  const id = await addConnection(boss, slug, { type: 'jira_oauth2' });
  await connected(two, boss, slug, id, BOB, { site: 'acme' });
  ok(await run(there, slug, id, MYSELF));
  const made = ok(await boss.post(`/apps/${slug}/stops`), 201);
  assertProblem(await run(there, slug, id, MYSELF), 409, 'stopped');
  ok(await there.post(`${made.path}/lift`));
  ok(await run(boss, slug, id, MYSELF));
  await underLoad(two, boss, there, slug, id);
  sql(two, 'UPDATE oauth_grants SET access_expires = 1');
  await fault(two, 'delay', { ms: 900, match: { path: '/oauth/token' } });
  await clearLog(two);
  const waiting = run(there, slug, id, MYSELF);
  await asked(two, '/oauth/token');
  const second = ok(await boss.post(`/apps/${slug}/stops`), 201);
  assertProblem(await waiting, 409, 'stopped');
  assert.deepEqual((await callsOf(two)).filter((c) => c.includes('/myself')), []);
  ok(await boss.post(`${second.path}/lift`));
  ok(await run(there, slug, id, MYSELF));
}

test('two servers on one SQLite file', (t) => twoServers(t, undefined));
test('two servers on PostgreSQL', (t) => {
  const database = newPostgres();
  return database ? twoServers(t, database)
    : t.skip('MORTISE_TEST_POSTGRES is not set (tools/with-postgres.sh sets it)');
});

endsWell(() => s);
