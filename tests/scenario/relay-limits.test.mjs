// Jira's three rate limits on the relay: Retry-After is obeyed by all, who waits goes in turn between
// keys, and when that takes too long or too many wait, the answer is our own 429.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { ask, assertRefused, makeKey, open, startRelay } from '../lib/relay.mjs';
import { endsWell } from '../lib/stack.mjs';

const JSON_TYPE = { 'content-type': 'application/json' };
let r;
before(async () => {
  r = await startRelay();
});

const limit = (reason, seconds) => (response) => response.writeHead(429, { 'retry-after': String(seconds), 'ratelimit-reason': reason,
  'content-type': 'application/json' }).end('{}');
const fine = (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{}');

// The first request to each path is limited, all others are fine; -> when they came
function once429(path, reason, seconds) {
  const times = [];
  r.front.on(path, (request, response) => {
    times.push(Date.now());
    request.resume().on('end', () => (times.length === 1 ? limit(reason, seconds)(response) : fine(response)));
  });
  return times;
}

test('burst: calls of that kind wait as long as Jira said, others do not', async () => {
  const times = once429('/rest/burst/kind', 'jira-burst-based', 2);
  const first = ask(r, '/rest/burst/kind');
  await sleep(300);
  const others = [1, 2, 3, 4].map(() => ask(r, '/rest/burst/kind'));
  const from = Date.now();
  assert.equal((await ask(r, '/rest/api/3/myself')).status, 200);
  assert.ok(Date.now() - from < 1000);
  for (const answer of await Promise.all([first, ...others])) assert.equal(answer.status, 200, answer.text);
  assert.equal(times.length, 6);
  assert.ok(times.slice(1).every((t) => t - times[0] >= 2000), times.map((t) => t - times[0]).join());
});

test('per issue: writes to that issue wait, writes to another do not', async () => {
  once429('/rest/api/3/issue/ACME-1/limited', 'jira-per-issue-on-write', 2);
  r.front.on('/rest/api/3/issue/ACME-', (request, response) => request.resume().on('end', () => fine(response)));
  const write = (issue, what) => ask(r, `/rest/api/3/issue/${issue}/${what}`, { method: 'PUT', headers: JSON_TYPE, body: '{}' });
  const first = write('ACME-1', 'limited');
  await sleep(300);
  const from = Date.now();
  await write('ACME-2', 'limited');
  assert.ok(Date.now() - from < 1000, 'another issue waited');
  await write('ACME-1', 'other');
  assert.ok(Date.now() - from > 1000, 'the same issue did not wait');
  assert.equal((await first).status, 200);
});

test('quota: everything of that place waits; who has no time for it is told at once, with the reason', async () => {
  once429('/rest/quota', 'jira-quota-tenant-based', 3);
  const first = ask(r, '/rest/quota');
  await sleep(300);
  const from = Date.now();
  const short = await ask(r, '/rest/api/3/myself', { headers: { 'x-mortise-timeout': '1' } });
  assertRefused(short, 429, 'rate_limited');
  assert.ok(Number(short.headers['retry-after']) >= 2);
  assert.match(short.json.detail, /allowance/);
  assert.equal(short.headers['ratelimit-reason'], 'jira-quota-tenant-based');
  assert.equal(short.json.reason, 'jira-quota-tenant-based');
  assert.ok(Date.now() - from < 800);
  assert.equal((await ask(r, '/rest/api/3/myself')).status, 200);
  assert.ok(Date.now() - from > 2000);
  assert.equal((await first).status, 200);
});

test('who waits goes in turns between keys, and the queue has an end', async () => {
  const other = (await makeKey(r.runner)).secret;
  const order = [];
  let n = 0;
  r.front.on('/rest/turns', (request, response) => {
    n += 1;
    if (n > 1) order.push(request.url.at(-1));
    setTimeout(() => (n === 1 ? limit('jira-burst-based', 2)(response) : fine(response)), 20);
  });
  const first = ask(r, '/rest/turns?k=0');
  await sleep(300);
  const busy = Array.from({ length: 20 }, () => ask(r, '/rest/turns?k=a'));
  await sleep(300);
  const few = Array.from({ length: 3 }, () => ask(r, '/rest/turns?k=b', { key: other }));
  const answers = await Promise.all([first, ...busy, ...few]);
  assert.ok(answers.every((a) => a.status === 200));
  assert.ok(order.lastIndexOf('b') < 12, order.join(''));

  n = 0;
  const again = ask(r, '/rest/turns?k=0');
  await sleep(300);
  const flood = await Promise.all([again, ...Array.from({ length: 260 }, () => ask(r, '/rest/turns?k=a'))]);
  const refused = flood.filter((a) => a.status !== 200);
  assert.ok(refused.length >= 50, `${refused.length}`);
  for (const each of refused.slice(0, 3)) {
    assertRefused(each, 429, 'rate_limited');
    assert.ok(Number(each.headers['retry-after']) >= 1);
    assert.equal(each.headers['ratelimit-reason'], 'jira-burst-based');
  }
});

test('our own 429 names the limit as Jira does, and nothing else of ours has the name', async () => {
  const short = { headers: { 'x-mortise-timeout': '1' } };
  for (const [reason, said, method] of [['jira-quota-global-based', 'jira-quota-global-based', 'GET'],
    ['jira-cost-based', 'jira-quota-tenant-based', 'GET'], ['jira-per-issue-on-write', 'jira-per-issue-on-write', 'PUT'],
    ['', 'jira-burst-based', 'GET']]) {
    const path = `/rest/api/3/issue/OPS-1/named${said}`;
    once429(path, reason, 2);
    const send = (more) => ask(r, path, { method, ...(method === 'PUT' && { body: '{}' }), ...more });
    const first = send();
    await sleep(200);
    const answer = await send(short);
    assertRefused(answer, 429, 'rate_limited');
    assert.deepEqual([answer.headers['ratelimit-reason'], answer.json.reason], [said, said]);
    assert.equal((await first).status, 200);
  }
  const other = await ask(r, '/rest/api/3/../x');
  assert.deepEqual([other.headers['ratelimit-reason'], other.json.reason], [undefined, null]);
});

test('the search in place of the removed one waits as any call of its kind, and others wait for it', async () => {
  const times = [];
  r.front.on('/rest/api/3/search/jql', (request, response) => {
    times.push(Date.now());
    request.resume().on('end', () => (times.length === 1 ? limit('jira-burst-based', 2)(response)
      : response.writeHead(200, { 'content-type': 'application/json' }).end('{"issues":[],"isLast":true}')));
  });
  const search = (more) => ask(r, '/rest/api/3/search?jql=x', more);
  const first = search();
  await sleep(300);
  const second = search();
  const short = await search({ headers: { 'x-mortise-timeout': '1' } });
  assertRefused(short, 429, 'rate_limited');
  assert.equal(short.headers['ratelimit-reason'], 'jira-burst-based');
  assert.deepEqual([(await first).status, (await second).status, times.length], [200, 200, 3]);
  assert.ok(times.slice(1).every((t) => t - times[0] >= 2000), times.map((t) => t - times[0]).join());
  assert.match((await first).headers['server-timing'], /repeats;desc=1/);
});

test('callers who leave while they wait hold nobody up', async () => {
  once429('/rest/leaving', 'jira-burst-based', 1);
  const first = ask(r, '/rest/leaving');
  await sleep(200);
  const { request, answered } = await open(r, '/rest/leaving', { wait: false });
  answered.catch(() => {});
  request.on('error', () => {});
  request.end();
  await sleep(200);
  request.destroy();
  assert.equal((await first).status, 200);
  assert.equal((await ask(r, '/rest/leaving')).status, 200);
});

endsWell(() => r.s);
test('the front ends', () => r.front.close());
