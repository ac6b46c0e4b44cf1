// The refresh suite once more, against npm's oidc-provider (lib/oidc.mjs), which nobody here wrote: it
// alone decides about rotation, reuse and what a family is; used refresh tokens count as used after a
// leeway of ten minutes, as at Atlassian. kill -9 at random moments, several servers on one database whose
// grants expire together, and what a person reads when a reuse did kill the family.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connectByOauth } from '../lib/atlassian.mjs';
import { makeClock } from '../lib/clock.mjs';
import { askEverywhere, clientAt, connectMany, makePeople, pass, problemOf, problemsAfter, problemsNow,
  useAll } from '../lib/many.mjs';
import { startOidc } from '../lib/oidc.mjs';
import { assertProblem, rowOf, run, sleep } from '../lib/scene.mjs';
import { FAULTS_BINARY, newPostgres, sql, startStack } from '../lib/stack.mjs';
import { LONG, tally } from '../lib/tally.mjs';

const CONNECTIONS = LONG ? 24 : 8;
const THREADS = 64;

async function start(t, accessSeconds, options) {
  const s = await startStack(null, { start: false, binary: FAULTS_BINARY, mayDie: true, ...options });
  t.after(() => s.close());
  const o = await startOidc(s, { memory: true });
  t.after(() => o.stop());
  await s.start();
  const root = await s.setup();
  await o.control('POST', 'settings', { access_seconds: accessSeconds });
  const all = await connectMany(s, root, await makePeople(s, CONNECTIONS), async (stack, client, { app, id, email }) => {
    const answer = await connectByOauth(stack, client, app, id, email, { browser: o.person(email) });
    assert.equal(answer.status, 200, answer.text);
  });
  o.tokenCalls.length = 0;
  return { s, o, root, all };
}

const refreshes = (o) => o.calls('refresh_token');
const refused = (o) => refreshes(o).filter(({ status }) => status !== 200);

// How often each refresh token was accepted.
function uses(o) {
  const counts = new Map();
  for (const { fields, status } of refreshes(o))
    if (status === 200) counts.set(fields.refresh_token, (counts.get(fields.refresh_token) ?? 0) + 1);
  return [...counts.values()];
}

function nothingIsLost({ s, o }) {
  assert.deepEqual(refused(o), [], 'no token was used that the provider no longer takes');
  assert.deepEqual(sql(s, "SELECT id FROM credentials WHERE status <> 'connected'"), []);
}

test('killed again and again while everything is being refreshed', { timeout: 600000 }, async (t) => {
  const { s, o, root, all } = await start(t, 30, { env: { MORTISE_LOG: 'error' } });
  const kills = LONG ? 100 : 12;
  let lost = 0;
  let i = 0;
  for (; i < kills && lost === 0; i += 1) {
    const stop = useAll(root, all);
    await sleep(5 + Math.random() * 150);
    await s.server.stop('SIGKILL');
    await stop();
    await s.start();
    lost = (await problemsAfter(root, all)).length;
  }
  tally({ kills: i, lost });
  assert.equal(lost, 0);
  nothingIsLost({ s, o });
  assert.ok(refreshes(o).length > kills * all.length, `${refreshes(o).length}`);
  assert.ok(Math.max(...uses(o)) <= 3, 'after a kill a token is used once more, not again and again');
});

async function expireTogether(t, database) {
  const clock = makeClock();
  const { s, o, root, all } = await start(t, 3600, { database, binary: clock.binary,
    env: { ...clock.env(), MORTISE_LOG: 'error' } });
  clock.stack = s;
  const nodes = [await s.startNode(), await s.startNode()];
  const clients = [root, ...nodes.map((node) => clientAt(node.url, root))];
  for (let round = 0; round < 3; round += 1) {
    await pass(s, clock, { minutes: 61 });
    o.tokenCalls.length = 0;
    assert.deepEqual((await askEverywhere(clients, all, THREADS)).slice(0, 5), []);
    const each = uses(o);
    assert.deepEqual([each.length, Math.max(...each)], [all.length, 1], 'one accepted call a grant and expiry');
    nothingIsLost({ s, o });
  }
}

test('three servers on one SQLite file, and all expires at once', { timeout: 600000 }, (t) => expireTogether(t));

test('three servers on PostgreSQL, and all expires at once', { timeout: 600000 }, (t) => {
  const database = newPostgres();
  return database ? expireTogether(t, database)
    : t.skip('MORTISE_TEST_POSTGRES is not set (tools/with-postgres.sh sets it)');
});

test('reuse outside the leeway kills the family, and the person reads why', async (t) => {
  const clock = makeClock();
  const { s, o, root, all } = await start(t, 3600, { binary: clock.binary,
    env: { ...clock.env(), MORTISE_LOG: 'error' } });
  clock.stack = s;
  const [stolen, interrupted, ...others] = all;
  const refreshed = async (connection) => {
    await pass(s, clock, { minutes: 61 });
    o.tokenCalls.length = 0;
    assert.equal(await problemOf(root, connection), null);
    return refreshes(o)[0].fields.refresh_token;
  };
  const dead = async ({ app, id }, why) => {
    assertProblem(await run(root, app, id, { path: '/rest/api/3/myself' }), 409, 'needs_reconnect', why);
    assert.match((await rowOf(root, app, id)).why, why);
  };

  // Somebody else uses what was used already.
  const old = await refreshed(stolen);
  await o.control('POST', 'settings', { leeway_seconds: 0 });
  assert.equal((await o.exchange({ grant_type: 'refresh_token', refresh_token: old })).status, 403);
  await o.control('POST', 'forget', { kind: 'AccessToken' });
  await dead(stolen, /no longer accepts this authorisation: it was revoked/);

  // The server died between answer and save, and came back after the leeway.
  await o.control('POST', 'settings', { leeway_seconds: 600 });
  await refreshed(interrupted);
  await s.server.stop();
  await s.start({ MORTISE_FAULT_POINT: 'answered:1' });
  await pass(s, clock, { minutes: 61 });
  await problemOf(root, interrupted);
  assert.equal(await s.server.ended, 'SIGKILL');
  await o.control('POST', 'settings', { leeway_seconds: 0 });
  await pass(s, clock, { minutes: 11 });
  await s.start();
  await dead(interrupted, /was interrupted on \d{4}-\d\d-\d\d at .* it could not be repeated in time/);
  assert.deepEqual(await problemsNow(root, others), [], 'and nobody else');
});
