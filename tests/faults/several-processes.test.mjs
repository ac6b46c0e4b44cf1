// 64 threads of callers at each of three servers on one database, and every grant expires at once:
// Atlassian accepts exactly one token call for each grant and expiry. On SQLite and on PostgreSQL.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { makeClock } from '../lib/clock.mjs';
import { askEverywhere, clientAt, connectMany, makePeople } from '../lib/many.mjs';
import { newPostgres, sql } from '../lib/stack.mjs';
import { LONG, tally } from '../lib/tally.mjs';
import { isOidc, startVariant } from '../lib/variant.mjs';

const GRANTS = LONG ? 1000 : isOidc() ? 16 : 60;
const ROUNDS = 2;
const THREADS = 64;

async function expireTogether(s, clock, clients, all) {
  await clock.advance({ minutes: 61 });
  await s.control('DELETE', 'refreshes');
  const wrong = await askEverywhere(clients, all, THREADS);
  const { accepted, refused, by_grant: byGrant } = await s.control('GET', 'refreshes');
  tally({ refreshes: accepted, expiries: all.length, lost: wrong.length });
  assert.deepEqual(wrong.slice(0, 5), []);
  const twice = Object.values(byGrant).filter((each) => each.accepted !== 1);
  assert.deepEqual(twice, [], 'one accepted call for each grant');
  assert.deepEqual([accepted, refused], [all.length, 0]);
}

async function prove(t, database) {
  const clock = makeClock();
  const s = await startVariant(t, { oauth: true, binary: clock.binary, database,
    env: { ...clock.env(), MORTISE_LOG: 'error', MORTISE_UPSTREAM_TIMEOUT: '120' } }); // one simulator answers thousands
  await clock.attach(s);
  const root = await s.setup();
  const nodes = [await s.startNode(), await s.startNode()];
  const clients = [root, ...nodes.map((node) => clientAt(node.url, root))];
  const all = await connectMany(s, root, await makePeople(s, GRANTS));
  for (let i = 0; i < ROUNDS; i += 1) await expireTogether(s, clock, clients, all);
  assert.deepEqual(sql(s, "SELECT id FROM credentials WHERE status <> 'connected'"), []);
  assert.deepEqual(sql(s, 'SELECT grant_id FROM refresh_journal WHERE began IS NOT NULL'), []);
}

test(`${GRANTS} grants, three servers on one SQLite file`, { timeout: 600000 }, (t) =>
  prove(t, undefined));

test(`${GRANTS} grants, three servers on PostgreSQL`, { timeout: 600000 }, (t) => {
  const database = newPostgres();
  return database ? prove(t, database)
    : t.skip('MORTISE_TEST_POSTGRES is not set (tools/with-postgres.sh sets it)');
});
