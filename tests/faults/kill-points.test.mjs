// kill -9 at every step of a refresh: each place of tables/fault_points.def is passed and is where the
// server dies; after a restart every connection works, nothing is open, and Atlassian was never asked
// with a token that it does not take.
//
// Access tokens live 30 seconds here, so every use of a connection refreshes it first.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';

import { connectMany, makePeople, problemsAfter, problemsNow } from '../lib/many.mjs';
import { assertProblem, rowOf, run, until } from '../lib/scene.mjs';
import { endsWell, FAULTS_BINARY, sql } from '../lib/stack.mjs';
import { FAULT_POINTS } from '../lib/tables.mjs';
import { LONG, tally } from '../lib/tally.mjs';
import { startVariant } from '../lib/variant.mjs';

const PASSES = LONG ? [1, 2, 3] : [1];
const CONNECTIONS = 4;

let s;
let root;
let all;
let passed;
let kills = 0;
let lost = 0;

before(async () => {
  s = await startVariant(null, { oauth: true, binary: FAULTS_BINARY, mayDie: true,
    env: { MORTISE_LOG: 'error', MORTISE_KEEPER_PERIOD: '1' } });
  passed = path.join(s.folder, 'passed');
  root = await s.setup();
  await s.control('POST', 'oauth', { access_seconds: 30 });
  all = await connectMany(s, root, await makePeople(s, CONNECTIONS));
});

const atToken = (kind, more) => s.control('POST', 'faults',
  { kind, match: { path: '/oauth/token', body: 'refresh_token' }, ...more });

// What has to happen at Atlassian, that a place is passed at all.
const PROVOKED_BY = {
  renewed: () => atToken('delay', { ms: 5500, times: 3 }), // a lease is renewed after 5 s
  noting: () => atToken('status', { status: 503, times: 3 }),
  noted: () => atToken('status', { status: 503, times: 3 }),
};

// Starts the server so that it dies at the given pass of that place, and uses everything until it does.
async function dieAt(point, pass) {
  await s.server.stop();
  await s.start({ MORTISE_FAULT_POINT: `${point}:${pass}`, MORTISE_FAULT_LOG: passed })
    .catch((error) => assert.match(error.message, /SIGKILL/));
  const limit = Date.now() + 20000;
  while (s.server.code === undefined && Date.now() < limit) await problemsNow(root, all);
  assert.equal(s.server.code, 'SIGKILL', `${point}:${pass} was not passed`);
  kills += 1;
}

async function comesBack() {
  await s.control('DELETE', 'faults');
  await s.start({ MORTISE_FAULT_LOG: passed });
  const wrong = await problemsAfter(root, all);
  lost += wrong.length;
  assert.deepEqual(wrong, []);
}

// The old token serves while a refresh that failed waits for its next try.
const nothingIsOpen = () =>
  sql(s, 'SELECT grant_id FROM refresh_journal WHERE began IS NOT NULL').length === 0;

// A consent is killed by tests/faults/consent.test.mjs.
for (const point of FAULT_POINTS.filter((each) => each !== 'exchanged'))
  for (const pass of PASSES)
    test(`killed at pass ${pass} of "${point}"`, async () => {
      await PROVOKED_BY[point]?.();
      await dieAt(point, pass);
      await comesBack();
      await until(nothingIsOpen, 'an end of all that was begun', 20000);
      assert.deepEqual(sql(s, "SELECT id FROM credentials WHERE status <> 'connected'"), []);
    });

test('no token was used that Atlassian no longer takes', async () => {
  const { accepted, refused, by_grant: byGrant } = await s.control('GET', 'refreshes');
  assert.equal(refused, 0);
  assert.ok(accepted > kills, `${accepted}`);
  for (const { email, by_generation: counts } of Object.values(byGrant))
    for (const [generation, n] of Object.entries(counts))
      assert.ok(n <= 2, `${email} refreshed ${n} times with generation ${generation}`);
});

for (const point of ['noting', 'noted'])
  test(`killed at "${point}" of a grant that is dead: it is dead afterwards, and says so`, async () => {
    const [email] = await makePeople(s, 1, { prefix: point });
    const [dead] = await connectMany(s, root, [email]);
    await s.control('POST', 'account', { email, password: 'another-secret' });
    all.push(dead);
    await dieAt(point, 1);
    all.pop();
    await comesBack();
    const { app, id } = dead;
    const answer = await run(root, app, id, { path: '/rest/api/3/myself' });
    // Said by the refresh that found it out, or by the row it left: which is first is not settled.
    assertProblem(answer, 409, 'needs_reconnect', /Atlassian no longer accepts this authorisation: it was revoked/);
    assert.equal((await rowOf(root, app, id)).state, 'needs_reconnect');
  });

test('every place was passed', () => {
  const names = new Set(fs.readFileSync(passed, 'utf8').split('\n').filter(Boolean));
  assert.deepEqual([...names].sort(), [...FAULT_POINTS].sort());
  tally({ kills, lost });
});

endsWell(() => s);
