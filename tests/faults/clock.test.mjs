// What time does to connections, with clocks that the test moves: an hour, 60 days with and without being
// kept alive, 91 days without a server, a leap second, clocks set back and ahead, and a database whose
// clock is not the server's. Every refresh is counted at Atlassian: there is never a storm of them, nobody
// is locked out, and who is told to reconnect is told so truly.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { makeClock } from '../lib/clock.mjs';
import { connectAs, connectMany, makePeople, pass, problemOf, problemsNow, staySignedIn } from '../lib/many.mjs';
import { assertProblem, rowOf, run, sleep, until } from '../lib/scene.mjs';
import { newPostgres, sql, startStack } from '../lib/stack.mjs';

const COUNT = 6;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

async function start(t, { env, offset = {}, ...options } = {}) {
  const clock = makeClock();
  await clock.set(offset);
  const s = await startStack(t, { oauth: true, binary: clock.binary, ...options,
    env: { ...clock.env(), MORTISE_LOG: 'error', MORTISE_KEEPER_PERIOD: '1', ...env } });
  await clock.attach(s);
  const root = await s.setup();
  const all = await connectMany(s, root, await makePeople(s, COUNT));
  await s.control('DELETE', 'refreshes');
  return { clock, s, root, all, pass: (span) => pass(s, clock, span) };
}

// Everybody works, and as many calls of the token endpoint were accepted for each; none was refused.
async function allWork({ s, root, all }, { accepted: expected, ...more } = {}) {
  assert.deepEqual(await problemsNow(root, all), []);
  const { accepted, refused, by_grant: byGrant } = await s.control('GET', 'refreshes');
  const each = Object.values(byGrant).map((one) => one.accepted);
  if (expected !== undefined) assert.deepEqual([accepted, each.every((n) => n === expected)],
    [expected * all.length, true], JSON.stringify({ each, ...more }));
  assert.equal(refused, 0);
  await s.control('DELETE', 'refreshes');
}

const issued = async ({ s }) => (await s.control('GET', 'families')).families.map((each) => each.issued);
const ask = ({ root }, { app, id }) => run(root, app, id, { path: '/rest/api/3/myself' });
const clocksAt = ({ clock }, ms) => clock.set({ ms: ms - Date.now() });

// Needs reconnecting, in the answer and in the row, and that is why.
async function assertDead(x, connection, why) {
  assertProblem(await ask(x, connection), 409, 'needs_reconnect', why);
  const row = await rowOf(x.root, connection.app, connection.id);
  assert.equal(row.state, 'needs_reconnect');
}

test('an hour: each is refreshed once, by whoever comes first', async (t) => {
  const x = await start(t);
  await allWork(x, { accepted: 0 });
  for (let i = 0; i < 3; i += 1) {
    await x.pass({ hours: 1 });
    await Promise.all([allWork(x), allWork(x)]);
    assert.deepEqual(await problemsNow(x.root, x.all), []);
  }
  await x.pass({ minutes: 54 });
  await allWork(x, { accepted: 0 });
  await x.pass({ minutes: 2 }); // less than five are left: refreshed behind, and used meanwhile
  await problemsNow(x.root, x.all);
  await until(async () => (await x.s.control('GET', 'refreshes')).accepted === COUNT, 'a refresh of each');
  await allWork(x, { accepted: 1 });
});

test('60 days and longer, and nobody uses them: they are kept alive', async (t) => {
  const x = await start(t);
  for (const days of [47, 47, 47]) {
    const before = Math.max(...await issued(x));
    await x.pass({ days });
    await until(async () => (await issued(x)).every((each) => each > before), 'a refresh of each');
    const { accepted, refused } = await x.s.control('GET', 'refreshes');
    assert.deepEqual([accepted, refused], [COUNT, 0], 'once each');
    await x.s.control('DELETE', 'refreshes');
  }
  await allWork(x);
});

test('60 days with idle_days set: what is used is kept, what is not lapses and says so', async (t) => {
  const x = await start(t, { env: { MORTISE_IDLE_DAYS: '30' } });
  const used = x.all.slice(0, 2);
  const idle = x.all.slice(2);
  for (const days of [20, 20, 20]) {
    await x.pass({ days });
    assert.deepEqual(await problemsNow(x.root, used), []);
  }
  await sleep(2500); // the keeper has looked
  const { accepted, by_grant: byGrant } = await x.s.control('GET', 'refreshes');
  assert.deepEqual(Object.values(byGrant).map((each) => each.email).sort(), used.map((each) => each.email).sort());
  assert.equal(accepted, 2 * 3);
  for (const each of used) assert.equal(await problemOf(x.root, each), null);
  await x.pass({ days: 31 });
  for (const each of idle) await assertDead(x, each, /last renewed on \d{4}-\d\d-\d\d, and Atlassian drops what was not renewed for 90 days/);
  assert.deepEqual(await problemsNow(x.root, used), []);
});

test('91 days without a server: exactly those are dead that Atlassian has dropped, and it says why', async (t) => {
  const x = await start(t);
  const alive = x.all.slice(0, 3);
  await x.pass({ days: 10 });
  assert.deepEqual(await problemsNow(x.root, alive), []);
  await x.s.server.stop();
  await x.pass({ days: 81 });
  await x.s.control('DELETE', 'refreshes');
  await x.s.start();
  for (const each of x.all.slice(3)) await assertDead(x, each, /90 days/);
  assert.deepEqual(await problemsNow(x.root, alive), []);
  const { families } = await x.s.control('GET', 'families');
  assert.equal(families.filter((each) => each.honoured).length, alive.length);
});

test('a year, where Atlassian lets no authorisation live longer: it says that this may be the cause', async (t) => {
  const x = await start(t);
  await x.s.control('POST', 'oauth', { absolute_days: 365 });
  for (let i = 0; i < 8; i += 1) {
    await x.pass({ days: 45 });
    await allWork(x);
  }
  const again = x.all.pop(); // consents anew, and has another year
  await connectAs(x.s, x.root, again);
  await x.pass({ days: 6 });
  for (const each of x.all)
    await assertDead(x, each, /given on \d{4}-\d\d-\d\d, a year ago or more, and possibly Atlassian lets none live longer/);
  assert.equal(await problemOf(x.root, again), null);
});

test('a leap second at midnight, while tokens expire: one refresh each, nobody notices', async (t) => {
  const x = await start(t);
  const midnight = Math.ceil((Date.now() + 2 * HOUR) / DAY) * DAY;
  await clocksAt(x, midnight - HOUR + 20_000);
  await x.pass({ ms: 0 });
  await allWork(x, { accepted: 1 }); // they expire 20 seconds behind midnight
  await clocksAt(x, midnight - 300);
  await x.pass({ ms: 0 });
  await x.s.control('POST', 'faults', { kind: 'delay', ms: 400, times: COUNT, match: { path: '/oauth/token' } });
  const using = [problemsNow(x.root, x.all), sleep(200).then(() => problemsNow(x.root, x.all))];
  await sleep(350);
  x.clock.advanceServers({ seconds: -1 }); // 00:00:00.05 is 23:59:59.05 once more
  using.push(problemsNow(x.root, x.all));
  assert.deepEqual((await Promise.all(using)).flat(), []);
  await allWork(x, { accepted: 1 });
});

for (const span of [{ hours: -5 }, { days: -3 }, { days: -100 }])
  test(`the server's clock is set back by ${JSON.stringify(span)}: no storm, nobody locked out`, async (t) => {
    const x = await start(t);
    const [failing] = x.all;
    await x.pass({ minutes: 61 });
    await x.s.control('POST', 'faults', { kind: 'status', status: 503, match: { path: '/oauth/token' } });
    assert.equal((await ask(x, failing)).code, 'upstream_unreachable'); // it backs off
    assert.deepEqual(await problemsNow(x.root, x.all.slice(1)), []);
    x.clock.advanceServers(span);
    staySignedIn(x.s, x.clock);
    await until(async () => await problemOf(x.root, failing) === null, 'an end of the back-off', 8000);
    await allWork(x, { accepted: 1, span });
    await allWork(x, { accepted: 0, span });
    for (let i = 0; i < 2; i += 1) { // and from then on as ever; the tokens of before die early
      await x.clock.advanceServers({ minutes: 61 });
      await x.s.control('POST', 'clock', { advance_ms: 61 * MINUTE });
      await allWork(x, { accepted: 1, span });
    }
    const now = x.clock.now();
    await x.s.restart(); // the sweep looks at what lies too far ahead
    await until(() => sql(x.s, `SELECT id FROM oauth_grants WHERE keep_at > ${now + 48 * DAY}`).length === 0,
      'times that can be');
  });

test('the server\'s clock is ahead of Atlassian\'s: one refresh each, then as ever', async (t) => {
  const x = await start(t);
  x.clock.advanceServers({ hours: 3 });
  staySignedIn(x.s, x.clock);
  await allWork(x, { accepted: 1 });
  for (let i = 0; i < 3; i += 1) await allWork(x, { accepted: 0 });
});

for (const hours of [-3, 3])
  test(`a database whose clock is ${hours} hours from the servers': leases, back-off and expiry hold`, async (t) => {
    const database = newPostgres();
    if (!database) return t.skip('MORTISE_TEST_POSTGRES is not set (tools/with-postgres.sh sets it)');
    const x = await start(t, { database, offset: { hours } });
    await allWork(x, { accepted: 0 });
    await x.pass({ minutes: 61 });
    await x.s.control('POST', 'faults', { kind: 'delay', ms: 300, times: COUNT, match: { path: '/oauth/token' } });
    await Promise.all([problemsNow(x.root, x.all), problemsNow(x.root, x.all)]);
    await allWork(x, { accepted: 1 });
    await x.pass({ minutes: 61 });
    await x.s.control('POST', 'faults', { kind: 'status', status: 503, match: { path: '/oauth/token' } });
    assert.equal((await ask(x, x.all[0])).code, 'upstream_unreachable');
    assert.match((await ask(x, x.all[0])).body.detail, /tries again at/);
    await until(async () => await problemOf(x.root, x.all[0]) === null, 'an end of the back-off', 8000);
    await allWork(x, { accepted: 1 });
    assert.equal(sql(x.s, 'SELECT grant_id FROM refresh_journal WHERE began IS NOT NULL').length, 0);
    return undefined;
  });
