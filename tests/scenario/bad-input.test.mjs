// Bad input: each kind has its status, a stable code and a sentence, and changes nothing.

import assert from 'node:assert/strict';
import net from 'node:net';
import { before, test } from 'node:test';

import { addConnection, assertFieldErrors, assertPage, assertProblem, BOB, callsOf, clearLog, connect,
  connectPath, makeApp, run, tryConnect } from '../lib/scene.mjs';
import { endsWell, sql, startStack } from '../lib/stack.mjs';

let s;
let root;
let app;
let id;
let fresh;

before(async () => {
  s = await startStack(null, { allow: ['http://169.254.169.254', 'https://[fd00:ec2::254]'] });
  root = await s.setup();
  app = await makeApp(root, 'Main');
  id = await addConnection(root, app, { name: 'Jira' });
  fresh = await addConnection(root, app, { name: 'Fresh' });
  await connect(s, root, app, id, BOB);
});

const snapshot = () => Promise.all(['/apps', `/apps/${app}/settings`, '/groups', '/users', '/me/connections']
  .map(async (path) => (await root.get(path)).text.replace(/"last_(seen|used)":[^,]*/g, '')));

// Sends a body as it is to POST /apps.
const raw = (body, type = 'application/json', more = {}) => root.fetch('POST', '/api/v1/apps',
  { headers: { 'content-type': type, 'x-csrf-token': root.csrf, ...more }, body });

async function unchanged(work) {
  const old = await snapshot();
  await work();
  assert.deepEqual(await snapshot(), old);
}

test('malformed JSON, other media types, broken forms', () => unchanged(async () => {
  const bytes = (...b) => Buffer.from(b);
  for (const body of ['{', '{"name":"x"', '[]', '"x"', '5', 'null', '{"name":"a\\u0000b"}', "{'name':'x'}",
    '{"name":"x"}{"name":"y"}', '{"name":"\\ud800"}', '{"na\\u0000me":"x"}', '{"name":"x","name":"y"}',
    `${'['.repeat(100000)}`, `{"a":${'['.repeat(3000)}${']'.repeat(3000)},"name":"x"}`, '\ufeff{"name":"x"}',
    Buffer.concat([Buffer.from('{"name":"'), bytes(0xc3, 0x28), Buffer.from('"}')]),
    Buffer.concat([Buffer.from('{"name":"'), bytes(0xed, 0xa0, 0x80), Buffer.from('"}')]),
    '{"":"x"}', `{"${'n'.repeat(65)}":1}`, `{${Array.from({ length: 201 }, (_, i) => `"k${i}":1`)}}`])
    assertProblem(await raw(body), body.length > 65536 ? 413 : 400,
      body.length > 65536 ? 'too_large' : 'malformed');
  const form = 'application/x-www-form-urlencoded';
  for (const body of ['name=%zz', 'name=%', 'name=%f', 'name=%ff', 'name=%00%c0%80', '=x',
    `${'n'.repeat(65)}=1`,
    Array.from({ length: 201 }, (_, i) => `k${i}=1`).join('&')])
    assertProblem(await raw(body, form), 400, 'malformed');
  for (const type of ['text/plain', 'multipart/form-data; boundary=x', 'application/xml', 'application/jsonx',
    'application/json; charset=latin1', 'nonsense'])
    assertProblem(await raw('{"name":"x"}', type), 415, 'unsupported_media_type');
  assertProblem(await root.fetch('GET', '/api/v1/apps',
    { headers: { 'content-type': 'application/json' }, body: '{}' }), 400, 'malformed');
  assertProblem(await root.get('/apps?query=%ff'), 400, 'malformed');
  assertProblem(await root.get('/apps?password=secret'), 400, 'malformed', /never into its address/);
}));

test('values of the wrong type', () => unchanged(async () => {
  for (const name of [5, null, true, ['x'], { a: 1 }])
    assertFieldErrors(await root.post('/apps', { name }), 'name');
  for (const email of [5, 'x', 'a@', '@b', 'a@b@c', 'a b@c', `${'a'.repeat(260)}@b.c`, 'a\nb@c'])
    assertFieldErrors(await root.post('/users', { email }), 'email');
  assertFieldErrors(await root.patch(`/users/${root.me.id}`, { workspace_admin: 'perhaps' }),
    'workspace_admin');
  const password = await s.client().post('/session', { email: 'root@mortise.example', password: ['x'] });
  assert.ok([401, 422].includes(password.status), password.text);
}));

test('too much: bodies, headers, targets; refused before they are read', () => unchanged(async () => {
  assertProblem(await raw(JSON.stringify({ name: 'x', description: 'd'.repeat(70000) })), 413, 'too_large');
  const big = JSON.stringify({ path: '/rest/api/3/myself', body: 'b'.repeat(4 * 1024 * 1024) });
  const answer = await root.fetch('POST', `/api/v1/apps/${app}/connections/${id}/request`,
    { headers: { 'content-type': 'application/json', 'x-csrf-token': root.csrf }, body: big });
  assertProblem(answer, 413, 'too_large');
  const problem = async (head, status, code) => {
    const text = await exchange(`${head}\r\nHost: localhost:${s.port}\r\n\r\n`);
    assert.match(text, new RegExp(`^HTTP/1.1 ${status} `));
    assert.ok(text.includes(`"code":"${code}"`), text);
  };
  await problem(`GET /api/v1/apps HTTP/1.1\r\nX-Big: ${'x'.repeat(40000)}`, 431, 'headers_too_large');
  await problem(`GET /api/v1/apps HTTP/1.1${'\r\nX-Many: x'.repeat(150)}`, 431, 'headers_too_large');
  await problem(`GET /${'x'.repeat(40000)} HTTP/1.1`, 414, 'target_too_long');
  await problem('POST /api/v1/apps HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 99999999999',
    413, 'too_large');
}));

function exchange(text) {
  return new Promise((resolve, reject) => {
    let got = '';
    const socket = net.connect(s.port, '127.0.0.1', () => socket.write(text));
    socket.setTimeout(10000, () => socket.destroy(new Error(`no answer to ${text.slice(0, 60)}: ${got}`)));
    socket.on('data', (part) => {
      got += part;
      if (/\r\n\r\n[^]*\}$/.test(got)) socket.destroy();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(got));
  });
}

const LONG = 'n'.repeat(300);
const paths = () => [['/apps', 'name', {}], ['/groups', 'name', {}],
  [`/apps/${app}/connections`, 'name', { type: 'jira_api' }]];

test('names that are empty, 300 characters long or hold control characters', () => unchanged(async () => {
  for (const [path, field, more] of paths())
    for (const name of ['', '   ', '\u00a0', LONG, '🌻'.repeat(121), 'a\u0000', 'a\nb', 'a\u0085',
        '\u202e\u202e', '\u200b \u3000', '\ufeff']) {
      const answer = await root.post(path, { ...more, [field]: name });
      if (name === 'a\u0000') assertProblem(answer, 400, 'malformed');
      else assertFieldErrors(answer, field);
    }
  assertFieldErrors(await root.patch('/me', { name: LONG }), 'name');
  assertFieldErrors(await root.post('/apps', { name: 'x', description: 'd'.repeat(2001) }), 'description');
}));

test('names with emoji, HTML and 120 characters are kept as they are', async () => {
  for (const name of ['👩‍👩‍👧‍👦 Team <b>&amp;</b> "x" \'y\' {{name}} %00', '🌻'.repeat(120), 'עברית',
      "'; DROP TABLE apps; --"]) {
    const made = await root.post('/apps', { name: `  ${name} ` });
    assert.equal(made.status, 201, made.text);
    assert.equal(made.body.app.name, name);
    const page = assertPage(await root.page(`/apps/${made.body.app.slug}`));
    assert.doesNotMatch(page.text, /<b>&amp;amp;<\/b>|<b>&/);
    await root.delete(`/apps/${made.body.app.slug}`, { confirm: name });
  }
});

test('ids that do not exist or are no ids', () => unchanged(async () => {
  for (const odd of ['nosuch', '0', '-1', 'x'.repeat(2000), '%F0%9F%8C%BB', "'%20OR%201=1", '%2e%2e',
      'a%2Fb', '%00', '%ff']) {
    for (const path of [`/apps/${odd}`, `/apps/${app}/connections/${odd}`,
      `/apps/${app}/connections/${odd}/connect`,
      `/users/${odd}`, `/groups/${odd}`]) {
      const answer = await root.get(path);
      assert.ok([400, 404].includes(answer.status), `${path}: ${answer.status}`);
      assert.ok(['not_found', 'malformed'].includes(answer.code), answer.text);
    }
    const link = await s.client().get(`/links/${odd}`);
    assert.ok([400, 404, 410].includes(link.status), `link ${odd}: ${link.status}`);
  }
}));

test('Base URLs that Mortise does not connect to', () => unchanged(async () => {
  await clearLog(s);
  const key = await s.token(BOB);
  for (const base_url of ['http://acme.atlassian.net', 'ftp://acme.localhost', 'javascript:alert(1)',
    'file:///etc/passwd',
    'https://localhost', 'https://127.0.0.1', 'https://10.0.0.1/', 'https://192.168.1.1',
    'https://169.254.169.254/latest',
    'https://2130706433', 'https://0x7f000001', 'https://0177.0.0.1', 'https://127.1', 'https://[::1]',
    'https://[::ffff:127.0.0.1]', 'https://[::ffff:7f00:1]', 'https://[fd00::1]',
    'https://acme.localhost@evil.example',
    'https://evil.example#.localhost', 'https://evil.example/.localhost', 'https://evil.example\\.localhost',
    'https://user:pw@acme.localhost', `https://acme.localhost:${s.simPort}`, 'https://acme.localhost:22',
    'https://acme.localhost.evil.example', 'https://evillocalhost', 'https://.localhost',
    'https://a..localhost',
    'https://metadata.google.internal', 'https://acme.localhost\r\nHost: evil', 'https://ac me.localhost',
    '//', 'https://',
    'https://acme%2elocalhost%2eevil.example', 'https://①②⑦.⓪.⓪.①',
    `https://${'a'.repeat(300)}.localhost`, 'x'.repeat(5000)]) {
    const answer = await tryConnect(s, root, app, fresh, BOB, { api_key: key, base_url });
    assertFieldErrors(answer, 'base_url');
    const saved = await root.patch(`/apps/${app}/connections/${fresh}`, { base_url });
    assertFieldErrors(saved, 'base_url');
  }
  assert.deepEqual(await callsOf(s), []);
}));

test('names that lead to private or metadata addresses, allowed ones too', () => unchanged(async () => {
  sql(s, 'DELETE FROM throttles');
  for (const base_url of ['https://sneaky.localhost', 'http://169.254.169.254', 'https://[fd00:ec2::254]']) {
    const answer = await tryConnect(s, root, app, fresh, BOB, { api_key: 'key', base_url });
    if (answer.body.errors?.length) assertFieldErrors(answer, 'base_url');
    else assert.equal(assertProblem(answer, 422, 'base_url_refused', /Nothing was sent/).stage, 'address');
  }
}));

test('request paths that lead elsewhere, or make or show credentials', async () => {
  await clearLog(s);
  const refused = ['/secure/admin', '/', '/rest', '/restx/api', '/rest/../secure',
    '/rest/api/3/../../../secure', '/rest/./api',
    '/rest//api', '//evil.example/rest/api', '/rest/api/3/issue/%2e%2e/%2E%2E/x', '/rest/api/%2e%2e%2fx',
    '/rest/api/3%2fmyself',
    '/rest/%252e%252e/x', '/rest/api/3/%2561', '/rest\\..\\secure', '/rest/api/3/my%5cself',
    '/rest/api/3/@evil', '/rest/a%40b',
    '@evil.example/rest/', '/rest/api/3/myself;x=1', '/rest/auth/1/session', '/REST/auth/1',
    '/rest/Auth/1/session', '/rest/%61uth/1',
    '/rest/pat/latest/tokens', '/rest/oauth2/latest/token', '/rest/oauth2', '/rest/api/3/user/apiToken',
    '/rest/api/2/TOKENS/x',
    '/ex/jira/x/rest/api/3/myself', '/_edge/tenant_info', 'rest/../x'];
  for (const path of refused)
    assertProblem(await run(root, app, id, { path }), 403, 'blocked_by_policy');
  const odd = ['', ' ', '/rest/api/3/my\r\nself', '/rest/api/3/my\nX: y', '/rest/%0d%0aX:y', '/rest/%00',
    '/rest/%', '/rest/%zz', '/rest/%ff',
    'http://evil.example/rest/api/3/myself', '/rest/api/3/x#y', `/rest/${'x'.repeat(9000)}`];
  for (const path of odd) {
    const answer = await run(root, app, id, { path });
    assertProblem(answer, 422, 'invalid');
  }
  for (const method of ['TRACE', 'CONNECT', 'HEAD', 'get post', 'GET\r\n'.repeat(2)])
    assertProblem(await run(root, app, id, { method, path: '/rest/api/3/myself' }), 422, 'invalid');
  for (const query of ['a=%', 'a=b\r\nX: y', 'a=\u0001', `a=${'x'.repeat(20000)}`])
    assertProblem(await run(root, app, id, { path: '/rest/api/3/myself', query }), 422, 'invalid');
  assert.deepEqual(await callsOf(s), [], 'none of these reached Jira');
  const key = await run(root, app, id, { path: '/rest/api/3/issue/TOKEN-1' });
  assert.equal(key.status, 200, 'an issue of a project called TOKEN');
});

test('the same on a page: the sentence, and no trace in the document', async () => {
  const dialog = await root.page(connectPath(app, fresh));
  const evil = '"><script>alert(1)</script>';
  const answer = await root.submit(dialog, `POST ${connectPath(app, fresh)}`,
    { base_url: evil, username: evil, api_key: evil, expires: evil });
  assertPage(answer, 422);
  assert.doesNotMatch(answer.text, /<script>alert/);
  assertPage(await root.page(`/apps/${encodeURIComponent(evil)}`), 404);
  assertPage(await root.form(`/apps/${app}?_method=BREW`), 400);
  assertPage(await root.fetch('POST', '/apps', { headers: { accept: 'text/html', 'content-type': 'text/plain',
    'x-csrf-token': root.csrf }, body: 'name=x' }), 415);
});

endsWell(() => s);
