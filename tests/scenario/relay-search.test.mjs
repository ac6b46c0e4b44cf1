// The search that Jira has removed, answered by way of what replaced it, with its paging.

import assert from 'node:assert/strict';
import http from 'node:http';
import { before, test } from 'node:test';

import { ask, assertRefused, makeKey, startRelay } from '../lib/relay.mjs';
import { endsWell } from '../lib/stack.mjs';

const JSON_TYPE = { 'content-type': 'application/json' };
const JQL = 'project in (ACME, OPS) order by key';
const q = (more = {}) => `?${new URLSearchParams({ jql: JQL, ...more })}`;

let r;
let all; // keys, as the new search tells
before(async () => {
  r = await startRelay();
  const found = await ask(r, `/rest/api/3/search/jql${q({ fields: 'id', maxResults: 5000 })}`);
  all = found.json.issues.map((i) => i.id);
  assert.ok(all.length > 6, found.text);
});

const post = (body, version = 3) => ask(r, `/rest/api/${version}/search`, { method: 'POST', headers: JSON_TYPE, body: JSON.stringify(body) });

test('a first page: issues, total and paging as they were, with links to the relay, and marked', async () => {
  for (const version of [2, 3]) {
    const page = await ask(r, `/rest/api/${version}/search${q({ maxResults: 3 })}`);
    assert.equal(page.status, 200, page.text);
    assert.equal(page.headers['x-mortise-mapped'], 'search/jql');
    const { startAt, maxResults, total, issues } = page.json;
    assert.deepEqual([startAt, maxResults, total, issues.map((i) => i.id)], [0, 3, all.length, all.slice(0, 3)]);
    assert.ok(issues[0].fields.summary && issues[0].self.startsWith(`${r.s.url}/jira/`), page.text.slice(0, 300));
  }
});

test('paging by startAt reaches every issue once, by GET and POST', async () => {
  for (const ask1 of [(startAt) => ask(r, `/rest/api/3/search${q({ startAt, maxResults: 4, fields: 'summary,status' })}`),
    (startAt) => post({ jql: JQL, startAt, maxResults: 4, fields: ['summary'], expand: ['names'] })]) {
    const seen = [];
    for (let total = 1; seen.length < total;) {
      const page = (await ask1(seen.length)).json;
      assert.equal(page.startAt, seen.length);
      assert.ok(page.issues.length > 0, JSON.stringify(page));
      seen.push(...page.issues.map((i) => i.id));
      total = page.total;
    }
    assert.deepEqual(seen, all);
  }
});

test('beyond the end, none wanted, wrong JQL, an unreadable body', async () => {
  const beyond = (await post({ jql: JQL, startAt: 9999 })).json;
  assert.deepEqual([beyond.issues, beyond.total], [[], all.length]);
  const none = (await post({ jql: JQL, maxResults: 0 })).json;
  assert.deepEqual([none.issues, none.total], [[], all.length]);
  const wrong = await post({ jql: 'nonsense ~~' });
  assert.equal(wrong.status, 400);
  assert.ok(wrong.json.errorMessages.length > 0);
  const unread = await ask(r, '/rest/api/3/search', { method: 'POST', headers: JSON_TYPE, body: '{' });
  assert.equal(unread.status, 400);
  assert.ok(unread.json.errorMessages.length > 0);
  const many = await post({ jql: JQL, maxResults: 1, expand: Array(17_000).fill('a') });
  assert.equal(many.status, 200, many.text);
  assert.equal((await post({ jql: JQL, fields: Array(40_000).fill('summary') })).status, 400, 'too large to send again');
});

// Answers the n-th request below the path by the n-th step, all further ones by Jira.
function script(path, ...steps) {
  const bodies = [];
  const { host, port } = new URL(r.front.target);
  r.front.on(path, async (request, response) => {
    let text = '';
    for await (const piece of request) text += piece;
    bodies.push(JSON.parse(text));
    const step = steps[bodies.length - 1];
    if (step) return step(response);
    http.request({ host: '127.0.0.1', port, method: 'POST', path: request.url, headers: { ...request.headers, host } }, (answer) => {
      response.writeHead(answer.statusCode, answer.rawHeaders);
      answer.pipe(response);
    }).end(text);
  });
  return bodies;
}
const status = (code, headers = {}) => (response) => response.writeHead(code, { 'content-type': 'application/json', ...headers }).end('{}');
const die = (response) => response.destroy();

test('it only reads: repeated after bad luck as a GET is, by POST too', async (t) => {
  t.after(() => r.front.handlers.clear());
  for (const first of [status(502), status(503), status(504), status(429), die]) {
    for (const search of [() => ask(r, `/rest/api/3/search${q()}`), () => post({ jql: JQL })]) {
      const bodies = script('/rest/api/3/search/jql', first);
      const page = await search();
      assert.equal(page.status, 200, page.text);
      assert.equal(page.json.total, all.length);
      assert.equal(bodies.length, 2);
      assert.match(page.headers['server-timing'], /repeats;desc=1/);
    }
  }
  const bodies = script('/rest/api/3/search/jql', status(500));
  assert.equal((await post({ jql: JQL })).status, 500);
  assert.equal(bodies.length, 1);
});

test('repeated from where it went wrong, and no further than its time', async (t) => {
  t.after(() => r.front.handlers.clear());
  let bodies = script('/rest/api/3/search/jql', null, status(503), null);
  const page = await post({ jql: JQL, startAt: 2, maxResults: 2, fields: ['summary'] });
  assert.deepEqual(page.json.issues.map((i) => i.id), all.slice(2, 4));
  assert.deepEqual(bodies.map((b) => b.fields.join()), ['id', 'summary', 'summary']);
  assert.deepEqual(bodies[1], bodies[2]);
  const counts = script('/rest/api/3/search/approximate-count', die);
  bodies = script('/rest/api/3/search/jql');
  assert.equal((await post({ jql: JQL, maxResults: 2 })).json.total, all.length);
  assert.deepEqual([bodies.length, counts.length], [1, 2]);

  script('/rest/api/3/search/jql', ...Array.from({ length: 20 }, () => status(503)));
  assert.equal((await post({ jql: JQL })).status, 503);
  script('/rest/api/3/search/jql', ...Array.from({ length: 20 }, () => die));
  assertRefused(await post({ jql: JQL }), 502, 'upstream_interrupted');
  script('/rest/api/3/search/jql', status(503, { 'retry-after': '30' }));
  const from = Date.now();
  const short = await ask(r, `/rest/api/3/search${q()}`, { headers: { 'x-mortise-timeout': '2' } });
  assert.equal(short.status, 503);
  assert.ok(Date.now() - from < 1000);
});

test('a connection may leave it to Jira, which has removed it', async () => {
  const path = `/apps/${r.app}/connections/${r.connection}`;
  assert.equal((await r.admin.get(`${path}/edit`)).body.connection.old_search, true);
  assert.equal((await r.admin.patch(path, { old_search: false })).status, 200);
  const gone = await ask(r, `/rest/api/3/search${q()}`);
  assert.equal(gone.status, 410);
  assert.equal(gone.headers['x-mortise-mapped'], undefined);
  await r.admin.patch(path, { old_search: true });
  assert.equal((await ask(r, `/rest/api/3/search${q()}`)).status, 200);
});

test('a key\'s limits are about the address that was asked', async () => {
  const { secret } = await makeKey(r.runner, { methods: 'GET', paths: '/rest/api/3/search' });
  assert.equal((await ask(r, `/rest/api/3/search${q()}`, { key: secret })).status, 200);
});

endsWell(() => r.s);
test('the front ends', () => r.front.close());
