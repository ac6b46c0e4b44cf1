// 100,000 credentials make no burst and do not slow the start: the first answer comes as soon as with an
// empty database, what the sweeper and the keeper do at the start hardly keeps anybody from writing, and
// grants that are due together are refreshed a few at a time while people are served.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';

import { makeClock } from '../lib/clock.mjs';
import { connectMany, makePeople, pass, problemOf } from '../lib/many.mjs';
import { sleep, until } from '../lib/scene.mjs';
import { FAULTS_BINARY, OAUTH_CLIENT, sql, startStack } from '../lib/stack.mjs';
import { LONG } from '../lib/tally.mjs';

const APPS = 100;
const USERS = LONG ? 1000 : 100; // one credential for each app and user
const GRANTS = LONG ? 2000 : 150; // that are due together
const KEEPER_AT_ONCE = 8; // src/life/keeper.h
const KEEPER_LOOK = 16; // src/life/keeper.c: of each kind
const HOUR = 3600_000;
const DAY = 24 * HOUR;

const numbers = (count) => `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${count - 1})`;

// People in one group that may run every app, each with a credential and a grant of their own there. The
// secrets are no secrets and do not open; none of the grants is due.
function fill(s) {
  const all = APPS * USERS;
  const insert = (count, into, values) => sql(s, `INSERT INTO ${into} ${numbers(count)} SELECT ${values} FROM n`);
  const now = Date.now();
  sql(s, `INSERT INTO sites VALUES ('many', 'http://many.example', 'many', ${now})`);
  sql(s, `INSERT INTO groups VALUES ('gmany', 'Many', 'many', 'many', '', ${now})`);
  insert(USERS, 'users', `'u' || i, 'u' || i || '@many.example', 'u' || i || '@many.example', 'U' || i, 'u' || i,
    'u' || i, NULL, 0, 'active', ${now}, NULL`);
  insert(USERS, 'group_members', `'gmany', 'u' || i, ${now}`);
  insert(APPS, 'apps', `'a' || i, 'many-' || i, 'Many ' || i, 'a' || i, 'many', '', ${now}, NULL`);
  insert(APPS, 'permissions', `'p' || i, 'a' || i, 'group', 'gmany', 'runner', ${now}`);
  insert(APPS, 'connections (id, app_id, type, name, name_key, base_url_fixed, shared, switch_counter, created)',
    `'c' || i, 'a' || i, 'jira_oauth2', 'Jira', 'jira', 0, 0, 1, ${now}`);
  insert(all, `oauth_grants (id, client_id, account_id, site_id, scopes, generation, sealed_access, sealed_refresh,
    access_expires, granted, keep_at, failures)`, `'g' || i, '${OAUTH_CLIENT}', 'account' || i, '', 'read:jira-work',
    1, x'00', x'00', ${now}, ${now}, ${now + DAY} + (i * 7919) % ${44 * DAY}, 0`);
  insert(all, `credentials (id, app_id, connection_id, owner, entered_by, switch_counter, generation, status,
    account_id, account_name, username, site_id, entered_origin, origin, base_path, sealed, grant_id, since)`,
  `'k' || i, 'a' || (i / ${USERS}), 'c' || (i / ${USERS}), 'u' || (i % ${USERS}), 'u' || (i % ${USERS}), 1, 1, 'connected',
    'account' || i, 'A', 'a', 'many', 'http://many.example', 'http://many.example', '', x'00', 'g' || i, ${now}`);
  return all;
}

// Takes the write lock again and again for so many ms -> the longest wait for it, in ms.
async function longestWait(s, ms) {
  const program = `import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
end = time.monotonic() + float(sys.argv[2]) / 1000
worst = 0
while time.monotonic() < end:
    began = time.monotonic()
    db.execute('BEGIN IMMEDIATE')
    worst = max(worst, time.monotonic() - began)
    db.execute('COMMIT')
    time.sleep(0.003)
print(int(worst * 1000))`;
  const child = spawn('python3', ['-c', program, path.join(s.folder, 'mortise.db'), String(ms)]);
  let out = '';
  child.stdout.on('data', (part) => { out += part; });
  await new Promise((done) => child.on('close', done));
  return Number(out);
}

// From the start of the process to the first page served, in ms; the least of three starts, and the
// longest that anybody waits to write while the server does what it does at a start.
async function startTimes(s) {
  let least = Infinity;
  let wait = 0;
  for (let i = 0; i < 3; i += 1) {
    await s.server.stop();
    const waiting = longestWait(s, 3000);
    await sleep(200);
    const began = performance.now();
    await s.start();
    await s.client().get('/login');
    least = Math.min(least, performance.now() - began);
    wait = Math.max(wait, await waiting);
  }
  return { least: Math.round(least), wait };
}

test(`${APPS * USERS} credentials do not slow the start`, { timeout: 300000 }, async (t) => {
  const s = await startStack(t, { oauth: true, binary: FAULTS_BINARY, env: { MORTISE_LOG: 'error' } });
  await s.setup();
  const empty = await startTimes(s);
  const count = fill(s);
  const full = await startTimes(s);
  console.log(`start: empty ${empty.least} ms, ${count} credentials ${full.least} ms;`
    + ` longest wait for the write lock ${empty.wait} ms, ${full.wait} ms`);
  assert.ok(full.least < empty.least + 500, `${full.least} ms`);
  assert.ok(full.wait < empty.wait + 250, `${full.wait} ms`);
});

test('what the sweep has to do to thousands is done in short transactions', { timeout: 300000 }, async (t) => {
  const s = await startStack(t, { oauth: true, binary: FAULTS_BINARY, env: { MORTISE_LOG: 'error' } });
  await s.setup();
  const count = fill(s);
  await s.server.stop();
  sql(s, 'DELETE FROM group_members'); // everybody has lost all apps
  const waiting = longestWait(s, LONG ? 20000 : 5000);
  await s.start();
  const suspended = () => sql(s, 'SELECT count(*) FROM credentials WHERE suspended IS NOT NULL')[0][0];
  await until(() => suspended() === count, 'a sweep', 60000);
  const wait = await waiting;
  console.log(`${count} credentials suspended; longest wait for the write lock ${wait} ms`);
  assert.ok(wait < 1500, `${wait} ms`); // a busy machine's; one transaction for all takes many seconds
});

// The most leases held at a time, looked at all the while -> stop() gives it.
function watchLeases(s) {
  const program = `import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], timeout=30)
most = 0
print('watching', flush=True)
while True:
    most = max(most, db.execute('SELECT count(*) FROM refresh_journal WHERE owner IS NOT NULL').fetchone()[0])
    print(most, flush=True)
    time.sleep(0.01)`;
  const child = spawn('python3', ['-c', program, path.join(s.folder, 'mortise.db')]);
  let out = '';
  child.stdout.on('data', (part) => { out += part; });
  return async () => {
    child.kill();
    await new Promise((done) => child.on('close', done));
    return Number(out.trim().split('\n').at(-1));
  };
}

test(`${GRANTS} grants due at once: a few at a time, and people are served meanwhile`, { timeout: 600000 }, async (t) => {
  const clock = makeClock();
  const s = await startStack(t, { oauth: true, binary: clock.binary,
    env: { ...clock.env(), MORTISE_LOG: 'error', MORTISE_KEEPER_PERIOD: '1' } });
  await clock.attach(s);
  const root = await s.setup();
  const all = await connectMany(s, root, await makePeople(s, GRANTS));
  await pass(s, clock, { days: 40 });
  const [awake] = all;
  assert.equal(await problemOf(root, awake), null);
  await s.control('DELETE', 'refreshes');
  await s.control('POST', 'faults', { kind: 'delay', ms: 20, upto_ms: 60, times: 'always', match: { path: '/oauth/token' } });
  const stop = watchLeases(s);
  await pass(s, clock, { days: 7 });
  sql(s, `UPDATE oauth_grants SET access_expires = ${clock.now() + DAY} WHERE id IN
    (SELECT grant_id FROM credentials WHERE connection_id = '${awake.id}')`);
  await s.control('POST', 'age-tokens', { email: awake.email, seconds: -7 * 86400 });
  const began = Date.now();
  const counts = () => s.control('GET', 'refreshes');
  const took = [];
  while ((await counts()).accepted < GRANTS - 1) {
    assert.ok(Date.now() - began < 300_000, 'the keeper is too slow');
    const asked = performance.now();
    assert.equal(await problemOf(root, awake), null);
    took.push(performance.now() - asked);
    await sleep(5);
  }
  const seconds = (Date.now() - began) / 1000;
  const { accepted, refused, by_grant: byGrant } = await counts();
  assert.deepEqual([accepted, refused], [GRANTS - 1, 0]);
  assert.ok(Object.values(byGrant).every((each) => each.accepted === 1), 'once each');
  const most = await stop();
  assert.ok(most > 1 && most <= KEEPER_AT_ONCE, `${most} at a time`);
  took.sort((a, b) => a - b);
  const slowest = Math.round(took.at(-1));
  console.log(`${accepted} grants in ${seconds.toFixed(1)} s, at most ${most} at a time; meanwhile ${took.length} requests,`
    + ` half of them in ${Math.round(took[took.length >> 1])} ms, the slowest in ${slowest} ms`);
  assert.ok(slowest < 3000, `${slowest} ms`);
  const next = sql(s, 'SELECT keep_at FROM oauth_grants ORDER BY keep_at').flat();
  assert.ok(next.at(-1) - next[1] > 0.9 * DAY, 'the next time is spread over a day');
  const anHour = next.map((at) => next.filter((each) => each >= at && each < at + HOUR).length);
  assert.ok(Math.max(...anHour) < GRANTS / 24 * 4 + 5, 'and evenly');
});

test('all grants of a client to be renewed within minutes: the keeper goes on until that is done', { timeout: 300000 }, async (t) => {
  const s = await startStack(t, { oauth: true, binary: FAULTS_BINARY, env: { MORTISE_LOG: 'error', MORTISE_KEEPER_PERIOD: '60' } });
  const root = await s.setup();
  const count = 8 * KEEPER_LOOK; // more than one look takes
  await connectMany(s, root, await makePeople(s, count));
  await s.server.stop();
  sql(s, `INSERT INTO consents (id, client_id, account_id, due) VALUES ('of nobody known', '${OAUTH_CLIENT}', '', ${Date.now()})`);
  await s.control('DELETE', 'refreshes');
  const began = Date.now();
  await s.start();
  await until(async () => (await s.control('GET', 'refreshes')).accepted === count, 'all of them', 30000);
  console.log(`${count} grants renewed in ${((Date.now() - began) / 1000).toFixed(1)} s`);
  await until(() => sql(s, 'SELECT grant_id FROM grant_renewals').length === 0, 'an end of it');
});
