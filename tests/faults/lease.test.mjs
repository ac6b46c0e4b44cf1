// The lease on a grant, with two servers on one database: its holder stopped (SIGSTOP) past its end and
// continued, killed, and slow beyond the lease's length. The newer token survives.

import assert from 'node:assert/strict';
import { before, beforeEach, test } from 'node:test';

import { makeClock } from '../lib/clock.mjs';
import { clientAt, connectMany, makePeople, problemOf, problemsNow } from '../lib/many.mjs';
import { sleep, until } from '../lib/scene.mjs';
import { endsWell, sql } from '../lib/stack.mjs';
import { LONG, tally } from '../lib/tally.mjs';
import { startVariant } from '../lib/variant.mjs';

let s;
let clock;
let root;
let node;
let there;
let connection;
let people;

before(async () => {
  clock = makeClock();
  s = await startVariant(null, { oauth: true, binary: clock.binary, mayDie: true,
    env: { ...clock.env(), MORTISE_LOG: 'error' } });
  await clock.attach(s);
  root = await s.setup();
  people = await makePeople(s, 10);
});

// A new connection with an expired token; `node` is the server that will hold the lease.
beforeEach(async () => {
  node = await s.startNode();
  there = clientAt(node.url, root);
  [connection] = await connectMany(s, root, [people.pop()]);
  await clock.advance({ minutes: 61 });
  await s.control('DELETE', 'refreshes');
  await s.control('DELETE', 'faults');
});

const slowly = (ms, more) => s.control('POST', 'faults',
  { kind: 'delay', ms, match: { path: '/oauth/token', body: 'refresh_token' }, ...more });
const counts = async () => s.control('GET', 'refreshes');
const here = () => problemOf(root, connection);
const isLeased = () => sql(s, 'SELECT owner FROM refresh_journal WHERE owner IS NOT NULL').length > 0;
const generation = () => Number(sql(s, `SELECT g.generation FROM oauth_grants g JOIN credentials c
  ON c.grant_id = g.id WHERE c.connection_id = '${connection.id}'`)[0][0]);

// Both servers use it, now, after the leeway, and after the next expiry; nothing was refused.
async function staysAlive() {
  for (const span of [{ seconds: 0 }, { minutes: 11 }, { minutes: 61 }]) {
    await clock.advance(span);
    assert.equal(await here(), null);
    if (node.server.code === undefined) assert.equal(await problemOf(there, connection), null);
  }
  assert.equal((await counts()).refused, 0);
}

test('the holder is stopped past its lease and continued: the newer token survives', async () => {
  await slowly(500, { after: true });
  const first = problemOf(there, connection);
  await until(async () => (await counts()).accepted === 1, 'the first call');
  node.server.child.kill('SIGSTOP');
  const before = generation();
  if (LONG) await sleep(16000);
  else await clock.advance({ seconds: 16 });
  assert.equal(await here(), null, 'the other server takes the lease over');
  assert.equal(generation(), before + 1);
  assert.equal((await counts()).accepted, 2);
  node.server.child.kill('SIGCONT');
  assert.equal(await first, null, 'who waited at the stopped server gets a token that works');
  assert.equal(generation(), before + 1, 'what came late was dropped');
  assert.ok(!isLeased());
  await staysAlive();
  tally({ lost: 0 });
});

test('stopped before it asked: it is late, its token may be used once more', async () => {
  await slowly(2500);
  const first = problemOf(there, connection);
  await until(isLeased, 'the lease');
  await sleep(150);
  node.server.child.kill('SIGSTOP');
  await clock.advance({ seconds: 16 });
  assert.equal(await here(), null);
  node.server.child.kill('SIGCONT');
  assert.equal(await first, null);
  await staysAlive();
});

test('the holder is killed: the other server does not wait for the lease\'s end', async () => {
  await slowly(60000);
  const first = problemOf(there, connection);
  await until(isLeased, 'the lease');
  node.server.child.kill('SIGKILL');
  assert.match(await first, /socket hang up|ECONNRESET/);
  const started = Date.now();
  assert.equal(await here(), null);
  assert.ok(Date.now() - started < 3000, `${Date.now() - started} ms`);
  await staysAlive();
});

test('a call that takes longer than the lease: it is renewed, nobody else asks', async () => {
  const seconds = LONG ? 22 : 17;
  await slowly(seconds * 1000);
  const all = [problemOf(there, connection), here(), here()];
  assert.deepEqual(await Promise.all(all), [null, null, null]);
  assert.equal((await counts()).accepted, 1);
  await staysAlive();
});

test('the clock is set back while the lease is held: nobody waits for ever', async () => {
  await slowly(1000, { after: true });
  const first = problemOf(there, connection);
  await until(async () => (await counts()).accepted === 1, 'the first call');
  node.server.child.kill('SIGSTOP');
  await clock.advance({ days: -1 });
  const started = Date.now();
  assert.equal(await here(), null);
  assert.ok(Date.now() - started < 20000);
  node.server.child.kill('SIGCONT');
  assert.equal(await first, null);
  await clock.advance({ days: 1 });
  assert.equal(await here(), null);
});

test('nothing was lost', async () => {
  const wrong = await problemsNow(root, [connection]);
  assert.deepEqual(wrong, []);
  assert.deepEqual(sql(s, "SELECT id FROM credentials WHERE status <> 'connected'"), []);
});

endsWell(() => s);
