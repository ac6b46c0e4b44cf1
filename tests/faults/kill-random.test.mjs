// kill -9 at random moments while everything is being refreshed all the time, against rotation, reuse
// detection and leeway: after each restart every connection works. With one server, and with two on one
// database, of which one lives on.
//
// Access tokens live 30 seconds here, so every use of a connection refreshes it first.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { clientAt, connectMany, makePeople, problemsAfter, useAll } from '../lib/many.mjs';
import { sleep } from '../lib/scene.mjs';
import { FAULTS_BINARY, sql } from '../lib/stack.mjs';
import { LONG, tally } from '../lib/tally.mjs';
import { isOidc, isPostgres, startVariant } from '../lib/variant.mjs';

const CONNECTIONS = 12;
const AGAIN = isOidc() || isPostgres(); // fewer then

// How often, in the long form and in the short one.
const killsOf = (long, short) => Math.ceil((LONG ? long : short) / (AGAIN ? 4 : 1));

async function startRefreshing(t) {
  const s = await startVariant(t, { oauth: true, binary: FAULTS_BINARY, mayDie: true,
    env: { MORTISE_LOG: 'error' } });
  const root = await s.setup();
  await s.control('POST', 'oauth', { access_seconds: 30 });
  const all = await connectMany(s, root, await makePeople(s, CONNECTIONS));
  // A reply takes a moment, before Atlassian does it and after.
  const match = { path: '/oauth/token', body: 'refresh_token' };
  for (const after of [false, true])
    await s.control('POST', 'faults', { kind: 'delay', ms: 0, upto_ms: 15, after, times: 'always', match });
  return { s, root, all };
}

async function nothingWasLost(s, kills, lost) {
  tally({ kills, lost });
  assert.equal(lost, 0);
  const { refused, by_grant: byGrant } = await s.control('GET', 'refreshes');
  assert.equal(refused, 0, 'no token was used that Atlassian no longer takes');
  assert.equal(Object.keys(byGrant).length, CONNECTIONS);
  const uses = Object.values(byGrant).flatMap((each) => Object.values(each.by_generation));
  assert.ok(uses.length > kills * CONNECTIONS, `${uses.length} tokens after ${kills} kills`);
  assert.ok(Math.max(...uses) <= 3, 'after a kill a token is used once more, not again and again');
  assert.deepEqual(sql(s, "SELECT id FROM credentials WHERE status <> 'connected'"), []);
  const { families } = await s.control('GET', 'families');
  assert.deepEqual(families.filter((each) => !each.honoured), []);
}

// Asks until everything works, and counts what never did.
async function countLost(client, all) {
  const wrong = await problemsAfter(client, all);
  for (const each of wrong) console.log(each);
  return wrong.length;
}

test('one server, killed again and again', { timeout: 600000 }, async (t) => {
  const { s, root, all } = await startRefreshing(t);
  const kills = killsOf(350, 25);
  let lost = 0;
  let i = 0;
  for (; i < kills && lost === 0; i += 1) {
    const stop = useAll(root, all);
    await sleep(5 + Math.random() * 120);
    await s.server.stop('SIGKILL');
    await stop();
    await s.start();
    lost = await countLost(root, all);
  }
  await nothingWasLost(s, i, lost);
});

test('two servers, one of them killed', { timeout: 600000 }, async (t) => {
  const { s, root, all } = await startRefreshing(t);
  const kills = killsOf(150, 10);
  let lost = 0;
  let i = 0;
  for (; i < kills && lost === 0; i += 1) {
    const node = await s.startNode();
    const stops = [useAll(root, all), useAll(clientAt(node.url, root), all)];
    await sleep(5 + Math.random() * 120);
    await node.server.stop('SIGKILL');
    lost = await countLost(root, all);
    await Promise.all(stops.map((stop) => stop()));
    s.nodes = s.nodes.filter((each) => each !== node);
  }
  await nothingWasLost(s, i, lost);
});
