// Point 7 by the API: methods, query, headers, bodies in both directions, and what each kind of
// failure is called. (The page is in request-page.test.mjs, forbidden paths in bad-input.)

import assert from 'node:assert/strict';
import { before, beforeEach, test } from 'node:test';

import { addConnection, ANNA, assertFieldErrors, assertProblem, BOB, callsOf, CARLA, clearLog, connect,
  connectPath, fault, makeApp, noFaults, rowOf, run, SCOPES } from '../lib/scene.mjs';
import { endsWell, startStack } from '../lib/stack.mjs';

let s;
let anna;
let app;
let id;
let scoped;

before(async () => {
  s = await startStack(null);
  const root = await s.setup();
  anna = await s.user(root, 'anna@example.com');
  app = await makeApp(anna);
  id = await addConnection(anna, app);
  scoped = await addConnection(anna, app);
  await connect(s, anna, app, id, ANNA);
  await connect(s, anna, app, scoped, BOB, { token: { scopes: SCOPES } });
});
beforeEach(async () => {
  await noFaults(s);
  await clearLog(s);
});

const lastRequest = async () => (await s.control('GET', 'log')).requests.pop();

async function ask(request, connection = id) {
  const answer = await run(anna, app, connection, request);
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  return answer.body;
}

test('an answer has status, headers, time, the untouched body and whose it was', async () => {
  const b = await ask({ method: 'GET', path: '/rest/api/3/myself' });
  assert.deepEqual([b.status, b.body_encoding, b.body.displayName, b.sentence, b.code],
    [200, 'json', 'Anna Admin', null, null]);
  assert.deepEqual(b.credential, { account: 'Anna Admin', site: 'acme', shared: false });
  assert.ok(b.timings.total_ms >= b.timings.jira_ms && b.timings.jira_ms >= 0);
  const names = b.headers.map((h) => h.name.toLowerCase());
  assert.ok(names.includes('content-type'));
  for (const never of ['set-cookie', 'transfer-encoding', 'connection', 'content-encoding'])
    assert.ok(!names.includes(never), never);
  assert.ok((await rowOf(anna, app, id)).last_used);
});

test('an issue is made, read, changed and deleted', async () => {
  const fields = { project: { key: 'ACME' }, issuetype: { name: 'Task' }, summary: 'Grüße 🌻' };
  const made = await ask({ method: 'POST', path: 'rest/api/3/issue', body: { fields } });
  assert.equal(made.status, 201, JSON.stringify(made));
  const path = `/rest/api/3/issue/${made.body.key}`;
  const changed = await ask({ method: 'PUT', path, body: { fields: { summary: 'Other' } } });
  assert.deepEqual([changed.status, changed.body, changed.body_encoding], [204, null, null]);
  const read = await ask({ path, query: { fields: 'summary' } });
  assert.equal(read.body.fields.summary, 'Other');
  assert.equal((await ask({ method: 'DELETE', path })).status, 204);
  assert.deepEqual((await callsOf(s)).map((c) => c.split(' ')[0]), ['POST', 'PUT', 'GET', 'DELETE']);
  const gone = await ask({ path });
  assert.deepEqual([gone.status, gone.code], [404, 'not_found']);
  assert.match(gone.sentence, /may not see it/);
});

test('a query is an object, text, or part of the path, and is encoded once', async () => {
  const jql = 'project = ACME AND summary ~ "a&b=c" ORDER BY key';
  await ask({ path: '/rest/api/3/search/jql', query: { jql, maxResults: 2, fields: ['key', 'summary'] } });
  let url = new URL((await lastRequest()).path, 'http://x');
  assert.equal(url.searchParams.get('jql'), jql);
  assert.deepEqual([url.searchParams.get('maxResults'), url.searchParams.getAll('fields')],
    ['2', ['key', 'summary']]);
  const found = await ask({ path: '/rest/api/3/search/jql?maxResults=1', query: 'jql=project = OPS' });
  assert.equal(found.body.issues.length, 1);
  url = new URL((await lastRequest()).path, 'http://x');
  assert.deepEqual([...url.searchParams], [['maxResults', '1'], ['jql', 'project = OPS']]);
  await ask({ path: '/rest/api/3/user/search', query: '?query=a%20b%2Bc' });
  assert.equal((await lastRequest()).path, '/rest/api/3/user/search?query=a%20b%2Bc');
  assertFieldErrors(await run(anna, app, id, { path: '/rest/api/3/myself', query: { a: { b: 1 } } }),
    'query');
  assertFieldErrors(await run(anna, app, id, { path: '/rest/api/3/myself', query: 5 }), 'query');
});

test('headers are an object or lines; what is Mortise\'s own cannot be given', async () => {
  await ask({ path: '/rest/api/3/myself', headers: { 'Accept-Language': 'de',
    'X-ExperimentalApi': 'opt-in' } });
  let sent = (await lastRequest()).headers;
  assert.deepEqual([sent['accept-language'], sent['x-experimentalapi'], sent.accept],
    ['de', 'opt-in', 'application/json']);
  assert.match(sent['user-agent'], /^Mortise/);
  await ask({ path: '/rest/api/3/myself', headers: 'Accept-Language: fr\r\nAccept: */*\n' });
  sent = (await lastRequest()).headers;
  assert.deepEqual([sent['accept-language'], sent.accept], ['fr', '*/*']);
  for (const name of ['Authorization', 'Cookie', 'Host', 'Content-Length', 'Transfer-Encoding',
    'Connection', 'Origin', 'User-Agent', 'X-Forwarded-For', 'Proxy-Authorization', 'X-A B', ''])
    assertProblem(await run(anna, app, id, { path: '/rest/api/3/myself', headers: { [name]: 'x' } }),
      422, 'invalid');
  for (const value of ['a\r\nX-Evil: 1', 'a\nb', 'a\u0001b'])
    assertProblem(await run(anna, app, id, { path: '/rest/api/3/myself', headers: { Accept: value } }),
      422, 'invalid');
  assertFieldErrors(await run(anna, app, id, { path: '/rest/api/3/myself', headers: 'no colon' }), 'headers');
  assertFieldErrors(await run(anna, app, id, { path: '/rest/api/3/myself', headers: { Accept: 1 } }),
    'headers');
});

test('a body reaches Jira as it was written, numbers too', async () => {
  const path = '/rest/api/3/search/approximate-count';
  const raw = '{"jql":"project = ACME","n":[0.1,1e3,-0.5,9007199254740993,1.7976931348623157e308]}';
  await anna.fetch('POST', `/api/v1/apps/${app}/connections/${id}/request`, {
    headers: { 'content-type': 'application/json', 'x-csrf-token': anna.csrf },
    body: `{"method":"POST","path":"${path}","body":${raw}}`,
  });
  let sent = await lastRequest();
  assert.equal(sent.headers['content-type'], 'application/json');
  assert.deepEqual(JSON.parse(sent.body), JSON.parse(raw)); // the same doubles, however written
  assert.match(sent.body, /\b9007199254740993\b/); // and integers beyond what a double holds
  await run(anna, app, id, { method: 'POST', path, body: raw });
  assert.equal((await lastRequest()).body, raw, 'text is sent as it is');
  await run(anna, app, id, { method: 'POST', path, body: [1, 'ä🌻"\\'] });
  assert.equal(JSON.parse((await lastRequest()).body)[1], 'ä🌻"\\');
  await run(anna, app, id, { method: 'POST', path });
  sent = await lastRequest();
  assert.deepEqual([sent.body, sent.headers['content-length']], ['', '0']);
  assertProblem(await run(anna, app, id, { method: 'GET', path: '/rest/api/3/myself', body: {} }),
    422, 'invalid', /GET request has no body/);
});

test('Jira\'s JSON comes back byte for byte; what we cannot parse is text, what is no text base64',
    async () => {
  const answers = [
    ['json', '{ "a" : 0.1, "b": 1e2, "c":[ 123456789012345678 ] }'],
    ['json', '[]'],
    ['json', '"just text"'],
    ['text', '{"big": 123456789012345678901234567890}'],
    ['text', '{"a":1,"a":2'],
    ['text', '{"nul":"\\u0000","lone":"\\ud800"}'],
    ['text', 'plain words'],
  ];
  for (const [encoding, body] of answers) {
    await fault(s, 'body', { body });
    const answer = await run(anna, app, id, { path: '/rest/api/3/status' });
    assert.equal(answer.body?.body_encoding, encoding, `${body}: ${answer.text}`);
    if (encoding === 'json') assert.ok(answer.text.endsWith(`"body":${body}}`), answer.text);
    else assert.equal(answer.body.body, body);
  }
  await fault(s, 'invalid_utf8');
  const odd = await ask({ path: '/rest/api/3/status' });
  assert.equal(odd.body_encoding, 'base64url');
  assert.ok(Buffer.from(odd.body, 'base64url').includes(Buffer.from([0xc3, 0x28, 0xff, 0xfe])));
});

test('3 MB of JSON pass; more than 8 MiB is refused with what to do', async () => {
  await fault(s, 'huge');
  const answer = await run(anna, app, id, { path: '/rest/api/3/status' });
  assert.equal(answer.status, 200);
  assert.equal(JSON.stringify(answer.body.body).length, 3 * 1024 * 1024);
  await fault(s, 'huge', { size: 9 * 1024 * 1024 });
  assertProblem(await run(anna, app, id, { path: '/rest/api/3/status' }), 502, 'upstream_too_large',
    /fields or maxResults/);
});

// Jira answered: 200, with a code and a plain sentence.
const said = [
  ['status', { status: 400, body: { errorMessages: ['Field x is required'], errors: {} } }, 400, 'invalid',
    /Jira says: "Field x is required"/],
  ['status', { status: 400, body: { errorMessages: [], errors: { summary: 'Too long' } } }, 400, 'invalid',
    /summary: Too long/],
  ['status', { status: 403, body: { message: 'No.' } }, 403, 'forbidden', /Ask your Jira administrator/],
  ['status', { status: 409 }, 409, 'invalid', /refused the request/],
  ['status', { status: 500 }, 500, 'jira_error', /an error of its own \(500\)/],
  ['status', { status: 503, body: 'busy' }, 503, 'jira_error', /again in a while/],
  ['ratelimit', { retry_after: 7 }, 429, 'rate_limited', /Nothing was changed; try again in 7 seconds/],
  ['ratelimit', { reason: 'jira-quota-tenant-based' }, 429, 'rate_limited', /this hour's allowance/],
];
for (const [kind, more, status, code, sentence] of said) {
  test(`Jira says ${status}: ${sentence}`, async () => {
    await fault(s, kind, more);
    const b = await ask({ path: '/rest/api/3/status' });
    assert.deepEqual([b.status, b.code], [status, code]);
    assert.match(b.sentence, sentence);
    assert.equal((await rowOf(anna, app, id)).state, 'connected');
  });
}

// No answer that could be shown: a problem.
const broken = [
  ['html', {}, 'upstream_not_jira', /web page/],
  ['redirect', { to: 'https://evil.example/x' }, 'upstream_not_jira', /evil\.example/],
  ['cut_before', {}, 'upstream_interrupted', /look in Jira before you send it again/],
  ['cut_after', {}, 'upstream_interrupted', /may have been carried out/],
  ['cut_body', {}, 'upstream_interrupted', /may have been carried out/],
];
for (const [kind, more, code, sentence] of broken) {
  test(`${kind}: ${code}, and a POST is sent once`, async () => {
    await fault(s, kind, { ...more, times: 'always' });
    const body = { jql: 'project = ACME' };
    const answer = await run(anna, app, id,
      { method: 'POST', path: '/rest/api/3/search/approximate-count', body });
    assertProblem(answer, 502, code, sentence);
    assert.equal((await callsOf(s)).length, 1);
    assert.equal((await rowOf(anna, app, id)).state, 'connected');
  });
}

test('cut off after it was carried out: the issue exists once', async () => {
  await ask({ path: '/rest/api/3/myself' }); // a connection that is kept and used again
  await fault(s, 'cut_after');
  const fields = { project: { key: 'ACME' }, issuetype: { name: 'Task' }, summary: 'only once please' };
  const answer = await run(anna, app, id, { method: 'POST', path: '/rest/api/3/issue', body: { fields } });
  assertProblem(answer, 502, 'upstream_interrupted');
  const { count } = (await ask({ method: 'POST', path: '/rest/api/3/search/approximate-count',
    body: { jql: 'summary ~ "only once please"' } })).body;
  assert.ok(count <= 1);
  assert.equal((await callsOf(s)).filter((c) => c.startsWith('POST') && c.includes('/issue ')).length, 1);
});

test('the removed /search is told from a wrong path, with where to go', async () => {
  const b = await ask({ path: '/rest/api/3/search', query: { jql: 'project = ACME' } });
  assert.deepEqual([b.status, b.code], [410, 'gone']);
  assert.match(b.sentence, /search\/jql/);
  assert.equal((await ask({ path: '/rest/api/3/nothing-like-that' })).status, 404);
});

test('a scope that is missing is named as such and keeps the credential', async () => {
  const b = await ask({ path: '/rest/api/3/field/search' }, scoped);
  assert.deepEqual([b.status, b.code], [401, 'scope_missing'], JSON.stringify(b));
  assert.match(b.sentence, /lacks a scope/);
  assert.equal((await rowOf(anna, app, scoped)).state, 'connected');
});

test('people see what their own Jira rights show them', async () => {
  const keys = async (connection) => (await ask({ path: '/rest/api/3/project/search' }, connection))
    .body.values.map((p) => p.key);
  assert.ok((await keys(id)).includes('SEC'));
  assert.ok(!(await keys(scoped)).includes('SEC'));
});

test('Jira\'s words in another language are passed on, our meaning is the same', async () => {
  const german = await addConnection(anna, app);
  await connect(s, anna, app, german, CARLA);
  const b = await ask({ path: '/rest/api/3/issue/ACME-99999' }, german);
  assert.deepEqual([b.status, b.code], [404, 'not_found']);
  assert.match(b.sentence, /^Jira found nothing here.*Jira says: "/);
});

test('without a credential: connection_required with the link, before the input is looked at', async () => {
  const fresh = await addConnection(anna, app);
  const answer = await run(anna, app, fresh, { method: 'BREW', path: 'nonsense' });
  const body = assertProblem(answer, 409, 'connection_required', /Connect first/);
  assert.equal(body.connect_url, s.url + connectPath(app, fresh));
  assert.deepEqual(await callsOf(s), []);
  assertProblem(await run(anna, app, 'nosuch', { path: '/rest/api/3/myself' }), 404, 'not_found');
});

endsWell(() => s);
