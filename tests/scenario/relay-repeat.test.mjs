// What the relay repeats and what it never does; refreshes in the middle; the end of the server while
// bodies stream.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { oauthConnect } from '../lib/oauth-relay.mjs';
import { ask, assertRefused, open, startRelay, whole } from '../lib/relay.mjs';
import { endsWell } from '../lib/stack.mjs';

const JSON_TYPE = { 'content-type': 'application/json' };
const POST = { method: 'POST', headers: JSON_TYPE, body: '{"a":1}' };

let r;
before(async () => {
  r = await startRelay({ oauth: true, renamed: 'acme-new' });
});

// Answers a path by a list of handlers, one a request; the last for all further ones.
function script(path, ...steps) {
  let n = 0;
  r.front.on(path, (request, response) => {
    const step = steps[Math.min(n, steps.length - 1)];
    n += 1;
    request.resume();
    request.on('end', () => step(response, request));
  });
}
const status = (code, headers = {}) => (response) => response.writeHead(code, { 'content-type': 'application/json', ...headers }).end('{}');
const ok = status(200);
const die = (response) => response.destroy();

test('GET is repeated after 502, 503, 504, 429 and a broken connection; the answer tells', async () => {
  for (const [i, first] of [status(502), status(503), status(504), status(429), die].entries()) {
    script(`/rest/get-${i}`, first, ok);
    const answer = await ask(r, `/rest/get-${i}`);
    assert.equal(answer.status, 200, `${i} ${answer.text}`);
    assert.equal(r.front.calls(`/rest/get-${i}`).length, 2);
    assert.match(answer.headers['server-timing'], /repeats;desc=1/);
  }
  script('/rest/get-500', status(500));
  assert.equal((await ask(r, '/rest/get-500')).status, 500);
  assert.equal(r.front.calls('/rest/get-500').length, 1);
});

test('a GET that fails again and again is answered with what came last', async () => {
  script('/rest/never', status(503, { 'x-arequestid': 'abc' }));
  const answer = await ask(r, '/rest/never');
  assert.equal(answer.status, 503);
  assert.ok(r.front.calls('/rest/never').length > 1);
});

test('a write is repeated after 429, with its body, and after nothing else', async () => {
  const bodies = [];
  let n = 0;
  r.front.on('/rest/limited', async (request, response) => {
    let text = '';
    for await (const piece of request) text += piece;
    bodies.push(text);
    n += 1;
    (n === 1 ? status(429, { 'retry-after': '1', 'ratelimit-reason': 'jira-burst-based' }) : ok)(response);
  });
  const from = Date.now();
  assert.equal((await ask(r, '/rest/limited', POST)).status, 200);
  assert.deepEqual(bodies, ['{"a":1}', '{"a":1}']);
  assert.ok(Date.now() - from >= 1000, 'Retry-After was not obeyed');
  for (const [i, step] of [status(500), status(502), status(503), status(504), die].entries()) {
    script(`/rest/post-${i}`, step, ok);
    const answer = await ask(r, `/rest/post-${i}`, POST);
    if (step === die) assertRefused(answer, 502, 'upstream_interrupted');
    else assert.ok(answer.status >= 500, answer.text);
    assert.equal(r.front.calls(`/rest/post-${i}`).length, 1, `post-${i}`);
  }
});

test('a POST on a connection that was kept and dies is not sent twice', async () => {
  script('/rest/kept', ok);
  await ask(r, '/rest/kept');
  script('/rest/dies', die);
  assertRefused(await ask(r, '/rest/dies', POST), 502, 'upstream_interrupted');
  await sleep(300);
  assert.equal(r.front.calls('/rest/dies').length, 1);
});

test('a large body is sent once, and Jira\'s 429 is passed on', async () => {
  script('/rest/large', status(429, { 'retry-after': '1', 'ratelimit-reason': 'jira-burst-based' }), ok);
  const answer = await ask(r, '/rest/large', { ...POST, body: Buffer.alloc(3 * 1024 * 1024, ' ') });
  assert.equal(answer.status, 429);
  assert.equal(answer.headers['ratelimit-reason'], 'jira-burst-based');
  assert.equal(r.front.calls('/rest/large').length, 1);
});

test('X-Mortise-Timeout bounds everything', async () => {
  r.front.on('/rest/hangs', () => {});
  const from = Date.now();
  assertRefused(await ask(r, '/rest/hangs', { headers: { 'x-mortise-timeout': '1' } }), 504, 'upstream_timeout');
  assert.ok(Date.now() - from < 2500);
  script('/rest/busy', status(429, { 'retry-after': '30' }));
  const limited = await ask(r, '/rest/busy', { headers: { 'x-mortise-timeout': '2' } });
  assert.equal(limited.status, 429);
  assert.equal(limited.headers['retry-after'], '30');
});

test('Jira is not there: said so, and nothing was sent', async () => {
  r.front.server.close();
  r.front.server.closeAllConnections();
  const { port } = new URL(r.front.url);
  const answer = await ask(r, '/rest/api/3/myself', { ...POST });
  assertRefused(answer, 502, 'upstream_unreachable');
  r.front.server.listen(Number(port), '127.0.0.1');
  await once(r.front.server, 'listening');
  assert.equal((await ask(r, '/rest/api/3/myself')).status, 200);
});

test('OAuth2: a token that is over is refreshed first, once for all who call', async () => {
  const o = await oauthConnect(r);
  assert.equal((await o.ask('/rest/api/3/myself')).status, 200);
  await o.age(3600);
  const answers = await Promise.all(Array.from({ length: 20 }, () => o.ask('/rest/api/3/myself')));
  assert.deepEqual([...new Set(answers.map((a) => a.status))], [200], answers[0].text);
  assert.equal(await o.refreshes(), 1);
  const self = (await o.ask('/rest/api/3/issue/ACME-1')).json.self;
  assert.ok(self.startsWith(`${r.s.url}/jira/${r.app}/${o.connection}/rest/`), self);
});

test('OAuth2: a 401 out of the blue is answered by one refresh and one repeat, of writes too', async () => {
  const o = await oauthConnect(r);
  await o.kill();
  const made = await o.ask('/rest/api/3/issue', { ...POST,
    body: JSON.stringify({ fields: { project: { key: 'ACME' }, issuetype: { name: 'Task' }, summary: 'After a refresh' } }) });
  assert.equal(made.status, 201, made.text);
  assert.equal(await o.refreshes(), 1);
});

test('OAuth2: the refresh goes on when its caller has left', async () => {
  const o = await oauthConnect(r);
  await o.age(3600);
  await r.s.control('POST', 'faults', { kind: 'delay', ms: 1000, match: { path: '/oauth/token' } });
  const { request, answered } = await open(r, '/rest/api/3/myself', { connection: o.connection, key: o.key, wait: false });
  answered.catch(() => {});
  request.on('error', () => {});
  request.end();
  await sleep(300);
  request.destroy();
  await sleep(1500);
  assert.equal(await o.refreshes(), 1);
  assert.equal((await o.ask('/rest/api/3/myself')).status, 200);
  assert.equal(await o.refreshes(), 1);
});

test('OAuth2: a site that is renamed: links by its old name still lead here, by the new one once a Test has told it', async () => {
  const o = await oauthConnect(r);
  const [old, present] = [r.s.site(), r.s.site('acme-new')];
  const own = `${r.s.url}/jira/${r.app}/${o.connection}/rest/`;
  const made = await o.ask('/rest/api/3/issue', { ...POST, body: JSON.stringify({ fields: { project: { key: 'ACME' },
    issuetype: { name: 'Task' }, summary: `${old}/rest/a ${present}/rest/b ${present}/browse/c` } }) });
  const shown = async () => (await o.ask(`/rest/api/3/issue/${made.json.key}`)).json.fields.summary;
  const test = () => r.admin.post(`/apps/${r.app}/connections/${o.connection}/test`);
  assert.equal(await shown(), `${own}a ${present}/rest/b ${present}/browse/c`);
  await r.s.control('POST', 'rename', { site: 'acme', to: 'acme-new' });
  try {
    assert.equal((await test()).body.ok, true);
    assert.equal(await shown(), `${own}a ${own}b ${present}/browse/c`);
  } finally {
    await r.s.control('POST', 'rename', { site: 'acme', to: 'acme' });
  }
  await test();
});

test('the server ends while bodies stream both ways', async () => {
  r.front.on('/rest/endless', (request, response) => {
    response.on('error', () => {});
    response.writeHead(200, { 'content-type': 'text/plain' });
    const timer = setInterval(() => response.write('x'.repeat(1000)), 20);
    response.on('close', () => clearInterval(timer));
  });
  r.front.on('/rest/sink', (request) => request.resume());
  const down = await open(r, '/rest/endless');
  down.response.on('error', () => {});
  down.response.resume();
  const up = await open(r, '/rest/sink', { method: 'POST', headers: { 'content-length': 100e6 }, wait: false });
  up.request.on('error', () => {});
  up.answered.catch(() => {});
  up.request.write('x'.repeat(1e6));
  await sleep(200);
});

endsWell(() => r.s);
test('the front ends', () => r.front.close());
