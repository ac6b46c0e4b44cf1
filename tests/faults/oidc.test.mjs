// What a person reads when npm's oidc-provider (lib/oidc.mjs), which nobody here wrote, has killed a family of
// tokens: because somebody else used a refresh token outside the leeway, and because a refresh was interrupted
// and could not be repeated in time. The suites of this folder are run against it by the files *-oidc.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { makeClock } from '../lib/clock.mjs';
import { connectMany, makePeople, pass, problemOf, problemsNow } from '../lib/many.mjs';
import { assertProblem, rowOf, run } from '../lib/scene.mjs';
import { FAULTS_BINARY, sql } from '../lib/stack.mjs';
import { startAtOidc } from '../lib/variant.mjs';

const CONNECTIONS = 5;

test('reuse outside the leeway kills the family, and the person reads why', async (t) => {
  const clock = makeClock();
  const s = await startAtOidc(t, { binary: clock.binary, mayDie: true, env: { ...clock.env(), MORTISE_LOG: 'error' } });
  const { oidc: o } = s;
  await clock.attach(s);
  const root = await s.setup();
  const all = await connectMany(s, root, await makePeople(s, CONNECTIONS));
  const [stolen, interrupted, ...others] = all;
  const refreshed = async (connection) => {
    await pass(s, clock, { minutes: 61 });
    await s.control('DELETE', 'refreshes');
    assert.equal(await problemOf(root, connection), null);
    return o.calls('refresh_token')[0].fields.refresh_token;
  };
  const dead = async ({ app, id }, why) => {
    assertProblem(await run(root, app, id, { path: '/rest/api/3/myself' }), 409, 'needs_reconnect', why);
    assert.match((await rowOf(root, app, id)).why, why);
  };

  // Somebody else uses what was used already.
  const old = await refreshed(stolen);
  await pass(s, clock, { minutes: 11 });
  assert.equal((await o.exchange({ grant_type: 'refresh_token', refresh_token: old })).status, 403);
  await dead(stolen, /no longer accepts this authorisation: it was revoked/);

  // The server died between answer and save, and came back after the leeway.
  await refreshed(interrupted);
  await s.server.stop();
  for (const table of ['grant_renewals', 'consents']) sql(s, `DELETE FROM ${table}`); // nothing but what is asked for may be the one that is cut off
  await s.start({ MORTISE_FAULT_POINT: 'answered:1' });
  await pass(s, clock, { minutes: 61 });
  await problemOf(root, interrupted);
  assert.equal(await s.server.ended, 'SIGKILL');
  await pass(s, clock, { minutes: 11 });
  await s.start();
  await dead(interrupted, /was interrupted on \d{4}-\d\d-\d\d at .* it could not be repeated in time/);
  assert.deepEqual(await problemsNow(root, others), [], 'and nobody else');
});

test('a person\'s consents: grants of their own from two browsers, one grant from one', async (t) => {
  const s = await startAtOidc(t, { binary: FAULTS_BINARY });
  const root = await s.setup();
  const [apart, together] = await makePeople(s, 2);
  for (const [email, families, grants] of [[apart, 'separate', 2], [together, 'one', 1]]) {
    await s.control('POST', 'oauth', { families });
    const all = [...await connectMany(s, root, [email]), ...await connectMany(s, root, [email])];
    const tokens = await s.oidc.tokens('RefreshToken', email);
    assert.deepEqual([tokens.length, new Set(tokens.map(({ grant }) => grant)).size], [2, grants]);
    assert.deepEqual(await problemsNow(root, all), []);
  }
});
