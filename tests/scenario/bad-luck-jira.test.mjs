// Bad luck with Atlassian: down, slow, cut off, 200 connects that hang. (Bad luck at home, with the
// database, the key, the port and the power, is in bad-luck-home.test.mjs.)

import assert from 'node:assert/strict';
import { before, beforeEach, test } from 'node:test';

import { textOf } from '../lib/page.mjs';
import { addConnection, ANNA, assertPage, assertProblem, BOB, callsOf, clearLog, connect, connectPath,
  fault, grant, makeApp, noFaults, rowOf, run, sleep, tryConnect, until } from '../lib/scene.mjs';
import { endsWell, sql, startStack } from '../lib/stack.mjs';

const LIMIT_S = 3;

let s;
let root;
let app;
let id;
let fresh;

before(async () => {
  s = await startStack(null, { env: { MORTISE_UPSTREAM_TIMEOUT: String(LIMIT_S) } });
  root = await s.setup();
  app = await makeApp(root);
  await grant(root, app, 'everyone');
  id = await addConnection(root, app);
  fresh = await addConnection(root, app);
  await connect(s, root, app, id, BOB);
});

beforeEach(async () => {
  await noFaults(s);
  await clearLog(s);
});

const myself = { path: '/rest/api/3/myself' };
const post = { method: 'POST', path: '/rest/api/3/search/approximate-count',
  body: { jql: 'project = ACME' } };

test('slow: after the limit one is told, and whether it may have been carried out', async () => {
  await fault(s, 'hang', { times: 'always' });
  const started = Date.now();
  const [read, write, connecting] = await Promise.all([run(root, app, id, myself), run(root, app, id, post),
    tryConnect(s, root, app, fresh, ANNA)]);
  const took = Date.now() - started;
  assert.ok(took > LIMIT_S * 1000 - 100 && took < LIMIT_S * 1000 + 3000, `${took} ms`);
  assertProblem(read, 504, 'upstream_timeout', /Try again, or ask for less/);
  assertProblem(write, 504, 'upstream_timeout', /may have been carried out/);
  assert.equal(assertProblem(connecting, 504, 'upstream_timeout').stage, 'token');
  assert.deepEqual((await callsOf(s)).map((c) => c.split(' ')[0]).sort(), ['GET', 'GET', 'POST']);
  assert.equal((await rowOf(root, app, id)).state, 'connected');
  assert.equal((await rowOf(root, app, fresh)).state, 'not_connected');
});

test('an answer that trickles in is bounded by the same limit', async () => {
  await fault(s, 'drip', { ms: 200, bytes: 8 });
  assertProblem(await run(root, app, id, myself), 504, 'upstream_timeout');
});

test('late but in time is no failure', async () => {
  await fault(s, 'delay', { ms: 1000 });
  const answer = await run(root, app, id, myself);
  assert.equal(answer.status, 200);
  assert.ok(answer.body.timings.jira_ms >= 990, JSON.stringify(answer.body.timings));
});

test('the gateway fails while a scoped key is proven: nothing is saved, nothing claimed', async () => {
  const options = { token: { scopes: ['read:jira-user'] } };
  for (const [match, kind, more, status, code] of [
    ['/_edge/tenant_info', 'cut_before', {}, 502, 'upstream_interrupted'],
    ['/ex/jira/', 'status', { status: 502 }, 502, 'upstream_unreachable'],
    ['/ex/jira/', 'ratelimit', {}, 429, 'rate_limited'],
  ]) {
    sql(s, 'DELETE FROM throttles');
    await s.control('POST', 'unlock', {});
    await fault(s, kind, { ...more, match: { path: match }, times: 'always' });
    const answer = await tryConnect(s, root, app, fresh, ANNA, options);
    assertProblem(answer, status, code);
    assert.equal((await rowOf(root, app, fresh)).state, 'not_connected');
    await noFaults(s);
  }
});

test('serverInfo may fail: the site is known by its cloud id', async () => {
  for (const kind of ['status', 'cut_before', 'html', 'invalid_utf8']) {
    await noFaults(s);
    await fault(s, kind, { match: { path: '/rest/api/3/serverInfo' }, times: 'always' });
    const done = await connect(s, root, app, fresh, ANNA);
    assert.equal(done.connection.site_url, s.site());
  }
  await root.delete(`/apps/${app}/connections/${fresh}/credential`);
});

test('a kept connection that Jira closed meanwhile: a read is asked again, a write never twice', async () => {
  await run(root, app, id, myself);
  await fault(s, 'cut_before', { reset: true });
  const write = await run(root, app, id, post);
  assertProblem(write, 502, 'upstream_interrupted');
  assert.equal((await callsOf(s)).filter((c) => c.startsWith('POST')).length, 1);
  assert.equal((await run(root, app, id, myself)).status, 200);
});

test('200 connects hang, and every page still answers at once', async () => {
  const people = [];
  for (let i = 0; i < 10; i += 2)
    people.push(...await Promise.all([i, i + 1].map((n) => s.user(root, `hang${n}@example.com`))));
  await fault(s, 'hang', { times: 'always' });
  const hanging = people.flatMap((client, i) => Array.from({ length: 20 }, (_, k) =>
    client.post(connectPath(app, fresh), { base_url: s.site(), username: `p${i}-${k}@acme.example`,
      api_key: 'k' })));
  const many = async () => (await callsOf(s)).length >= 100;
  const waiting = await until(many, '100 calls', 2500).catch(() => false);
  const slowest = { ms: 0 };
  const pages = ['/apps', `/apps/${app}`, `/apps/${app}/settings`, '/users', '/me', connectPath(app, fresh)];
  for (let round = 0; round < 3; round += 1) {
    for (const path of pages) {
      const started = Date.now();
      assertPage(await root.page(path));
      const ms = Date.now() - started;
      if (ms > slowest.ms) Object.assign(slowest, { ms, path });
    }
  }
  const started = Date.now();
  assert.equal((await root.post('/groups', { name: 'made meanwhile' })).status, 201);
  const answers = await Promise.all(hanging);
  assert.ok(waiting, 'not enough calls reached Jira at the same time');
  assert.ok(slowest.ms < 1500, `${slowest.path} took ${slowest.ms} ms`);
  assert.ok(Date.now() - started < LIMIT_S * 1000 + 4000);
  for (const answer of answers) assertProblem(answer, 504, 'upstream_timeout');
  assert.equal(sql(s, 'SELECT count(*) FROM credentials WHERE status = \'connected\'')[0][0], 1);
});

test('a client that goes away while Jira is asked does no harm', async () => {
  await fault(s, 'hang', { times: 'always' });
  const gone = s.client({ timeout: 300 });
  gone.cookies = root.cookies;
  gone.csrf = root.csrf;
  await assert.rejects(run(gone, app, id, myself));
  await sleep(LIMIT_S * 1000);
  await noFaults(s);
  assert.equal((await run(root, app, id, myself)).status, 200);
});

test('Atlassian down: nothing was sent, said by the API, the page and Test; then it is back', async () => {
  sql(s, 'DELETE FROM throttles');
  const key = await s.token(ANNA);
  await s.sim.stop();
  assertProblem(await run(root, app, id, post), 502, 'upstream_unreachable', /Nothing was sent/);
  const connecting = await tryConnect(s, root, app, fresh, ANNA, { api_key: key });
  assert.equal(assertProblem(connecting, 502, 'upstream_unreachable', /Nothing was sent/).stage, 'address');
  const tested = await root.post(`/apps/${app}/connections/${id}/test`);
  assert.deepEqual([tested.body.ok, tested.body.stages[0].ok], [false, false]);
  const page = await root.page(`/apps/${app}/request`);
  const shown = await root.submit(page, `POST /apps/${app}/request`, { connection: id,
    path: '/rest/api/3/myself' });
  assertPage(shown, 502, /Nothing was sent/);
  assert.match(textOf((await root.page(`/apps/${app}`)).text), /Connected as Bob Builder/);
  await s.startSim();
  assert.equal((await run(root, app, id, myself)).status, 200);
});

test('stopping while Jira is asked ends in order and tells the waiting client', async () => {
  await fault(s, 'hang', { times: 'always' });
  const asking = run(root, app, id, myself);
  await until(async () => (await callsOf(s)).length, 'the call');
  const started = Date.now();
  assert.equal(await s.restart(), 0);
  assert.ok(Date.now() - started < 15000);
  const answer = await asking.catch((error) => ({ status: error.code }));
  assert.ok([502, 503, 504, 'ECONNRESET'].includes(answer.status), String(answer.status));
  await noFaults(s);
  assert.equal((await run(root, app, id, myself)).status, 200);
});

endsWell(() => s);
