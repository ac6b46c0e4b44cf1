// Mortise keys: who makes and sees them, what they open and what not, and that every change of a right
// counts for the very next call.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { addConnection, ANNA, assertProblem, BOB, connect, grant, makeApp, unique } from '../lib/scene.mjs';
import { Client, PASSWORD } from '../lib/client.mjs';
import { endsWell, sql, startStack } from '../lib/stack.mjs';

let s;
let root;
let admin;
let runner;
let app;
let own; // a connection in own scope
let shared;

before(async () => {
  s = await startStack(null);
  root = await s.setup();
  admin = await s.user(root, 'admin@example.com');
  runner = await s.user(root, 'runner@example.com');
  app = await makeApp(admin, 'Desk');
  await grant(admin, app, runner);
  own = await addConnection(admin, app, { name: 'Own' });
  shared = await addConnection(admin, app, { name: 'Shared' });
  await admin.patch(`/apps/${app}/connections/${shared}`, { shared: true });
  await connect(s, admin, app, own, ANNA);
  await connect(s, runner, app, own, BOB);
  await connect(s, admin, app, shared, ANNA);
});

const made = (answer) => {
  assert.equal(answer.status, 201, answer.text);
  assert.match(answer.body.secret, /^mk_[\w-]{43}$/);
  assert.ok(answer.body.secret.startsWith(answer.body.key.hint) && answer.body.key.hint.length === 9);
  return answer.body;
};
const myKey = async (client, more = {}) => made(await client.post('/me/keys', { name: unique('Key'), ...more }));
const appKey = async (more = {}) => made(await admin.post(`/apps/${app}/keys`, { name: unique('Key'), ...more }));

// A program: no cookie, no session, only the key.
function caller(key, basic) {
  const client = new Client(s.url);
  client.headers = { authorization: basic ? `Basic ${Buffer.from(`anybody:${key}`).toString('base64')}` : `Bearer ${key}` };
  s.seen && (client.seen = s.seen);
  return client;
}
const ask = (client, connection, more = {}) => client.json('POST', `/apps/${app}/connections/${connection}/request`,
  { method: 'GET', path: '/rest/api/3/myself', ...more });
const who = (answer) => {
  assert.equal(answer.status, 200, answer.text);
  return answer.body.body.emailAddress;
};

test('a key acts as its user, as Bearer and as the password of Basic', async () => {
  const key = await myKey(runner);
  assert.equal(who(await ask(caller(key.secret), own)), BOB);
  assert.equal(who(await ask(caller(key.secret, true), own)), BOB);
  const other = await myKey(admin);
  assert.equal(who(await ask(caller(other.secret), own)), ANNA);
});

test('it is shown once; lists tell its beginning, limits and last use', async () => {
  const { secret, key } = await myKey(runner, { app, connection: 'own', methods: 'post, get', paths: '/rest/api/3/issue/',
    expires: '2099-01-01' });
  await ask(caller(secret), own, { path: '/rest/api/3/issue/ACME-1' });
  const list = await runner.get('/me/keys');
  const row = list.body.keys.find((each) => each.id === key.id);
  assert.ok(!list.text.includes(secret));
  assert.deepEqual([row.app.slug, row.connection.name, row.methods, row.paths], [app, 'Own', 'GET POST', '/rest/api/3/issue']);
  assert.ok(row.last_used && row.expires.startsWith('2099-01-01') && !row.expired);
  assert.ok(!(await admin.get('/me/keys')).body.keys.some((each) => each.id === key.id));
  assert.ok(!(await admin.get(`/apps/${app}/keys`)).body.keys.some((each) => each.id === key.id));
  assert.deepEqual(sql(s, "SELECT count(*) FROM mortise_keys WHERE typeof(token_hmac) <> 'blob'"), [[0]]);
});

test('a key is for requests to Jira and for nothing else', async () => {
  const client = caller((await myKey(root)).secret);
  for (const [method, path, body] of [['GET', '/me'], ['GET', '/users'], ['GET', '/apps'], ['GET', '/me/keys'],
    ['POST', '/me/keys', { name: 'x' }], ['POST', '/apps', { name: 'x' }], ['PATCH', '/me', { name: 'x' }],
    ['POST', '/users', { email: 'x@example.com' }], ['DELETE', '/session']])
    assertProblem(await client.json(method, path, body), 403, 'blocked_by_policy');
  const mine = caller((await myKey(admin)).secret);
  for (const [method, path, body] of [['GET', `/apps/${app}`], ['GET', `/apps/${app}/settings`],
    ['PATCH', `/apps/${app}`, { name: 'x' }], ['POST', `/apps/${app}/connections/${own}/connect`, {}],
    ['POST', `/apps/${app}/connections/${own}/test`], ['DELETE', `/apps/${app}/connections/${own}/credential`]])
    assertProblem(await mine.json(method, path, body), 403, 'blocked_by_policy');
  const page = await mine.fetch('POST', `/apps/${app}/connections/${own}/request`, { headers: { accept: 'text/html',
    'content-type': 'application/json' }, body: JSON.stringify({ method: 'GET', path: '/rest/api/3/myself' }) });
  assert.equal(page.status, 403);
  assert.equal((await caller('nonsense').json('GET', '/healthz')).status, 200);
});

test('its limits hold, in every spelling', async () => {
  const readOnly = caller((await myKey(admin, { read_only: true })).secret);
  assert.equal((await ask(readOnly, own)).status, 200);
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH'])
    assertProblem(await ask(readOnly, own, { method, path: '/rest/api/3/issue/ACME-1', body: {} }), 403, 'blocked_by_policy');
  const below = caller((await myKey(admin, { paths: '/rest/api/3/issue\n/rest/api/3/myself' })).secret);
  assert.equal((await ask(below, own)).status, 200);
  assert.equal((await ask(below, own, { path: '/rest/api/3/issue/ACME-1?fields=summary' })).status, 200);
  for (const path of ['/rest/api/3/issueLink', '/rest/api/3/search/jql', '/rest/api/2/issue/ACME-1', '/rest/api/3/%69ssue/ACME-1',
    '/rest/api/3/issue/../project', '/rest/api/3/issue/%2e%2e/project', '/rest/api/3//issue', '/rest/api/3/Issue/ACME-1'])
    assert.ok(['blocked_by_policy', 'invalid'].includes((await ask(below, own, { path })).code), path);
  const one = caller((await myKey(admin, { app, connection: own })).secret);
  assert.equal((await ask(one, own)).status, 200);
  assertProblem(await ask(one, shared), 403, 'blocked_by_policy');
  const elsewhere = await makeApp(admin, 'Elsewhere');
  const other = caller((await myKey(admin, { app: elsewhere })).secret);
  assertProblem(await ask(other, own), 403, 'blocked_by_policy');
});

test('a key of the app runs on Shared credentials only, for admins of the app to make', async () => {
  assert.equal((await runner.get(`/apps/${app}/keys`)).code, 'not_app_admin');
  const key = caller((await appKey()).secret);
  assert.equal(who(await ask(key, shared)), ANNA);
  assertProblem(await ask(key, own), 403, 'blocked_by_policy');
  const other = await makeApp(root, 'Not theirs');
  const foreign = await addConnection(root, other);
  assertProblem(await key.json('POST', `/apps/${other}/connections/${foreign}/request`,
    { method: 'GET', path: '/rest/api/3/myself' }), 404, 'not_found');
  await admin.patch(`/apps/${app}/connections/${shared}`, { shared: false, confirm_lost: 9 });
  assertProblem(await ask(key, shared), 403, 'blocked_by_policy');
  await admin.patch(`/apps/${app}/connections/${shared}`, { shared: true, confirm_lost: 9 });
  assertProblem(await ask(key, shared), 409, 'connection_required');
  await connect(s, admin, app, shared, ANNA);
  assert.equal(who(await ask(key, shared)), ANNA);
});

test('rule 10: a runner\'s key does not open a shared connection, unless runners may', async () => {
  const key = caller((await myKey(runner)).secret);
  assertProblem(await ask(key, shared), 403, 'blocked_by_policy');
  await admin.patch(`/apps/${app}/connections/${shared}`, { runners_may_request: true });
  assert.equal(who(await ask(key, shared)), ANNA);
  await admin.patch(`/apps/${app}/connections/${shared}`, { runners_may_request: false });
});

test('revoked, expired, disabled, out of the app: the very next call is refused', async () => {
  const { secret, key } = await myKey(runner);
  const client = caller(secret);
  assert.equal((await ask(client, own)).status, 200);
  assertProblem(await admin.delete(`/me/keys/${key.id}`), 404, 'not_found'); // somebody else's
  assert.equal((await runner.delete(`/me/keys/${key.id}`)).status, 204);
  assertProblem(await ask(client, own), 401, 'key_refused');
  assertProblem(await runner.delete(`/me/keys/${key.id}`), 404, 'not_found');

  const second = await myKey(runner, { expires: '2099-01-01' });
  sql(s, `UPDATE mortise_keys SET expires = ${Date.now() - 1000} WHERE id = '${second.key.id}'`);
  assertProblem(await ask(caller(second.secret), own), 401, 'key_refused');
  assert.ok((await runner.get('/me/keys')).body.keys.find((each) => each.id === second.key.id).expired);

  const third = caller((await myKey(runner)).secret);
  await root.patch(`/users/${runner.me.id}`, { disabled: true });
  assertProblem(await ask(third, own), 401, 'key_refused');
  await root.patch(`/users/${runner.me.id}`, { disabled: false });
  await runner.signIn('runner@example.com');
  assert.equal((await ask(third, own)).status, 200);
  const { permissions } = (await admin.get(`/apps/${app}/permissions`)).body;
  await admin.delete(`/apps/${app}/permissions/${permissions.find((p) => p.user?.email === 'runner@example.com').id}`);
  assertProblem(await ask(third, own), 404, 'not_found');
  await grant(admin, app, runner);
});

test('an emergency stop stops keys: of a user, of whoever made an app\'s, of an app, of a site', async () => {
  const second = await s.user(root, 'second@example.com');
  await grant(admin, app, second, 'admin');
  const maker = made(await second.post(`/apps/${app}/keys`, { name: unique('Key') }));
  const ofApp = caller(maker.secret);
  const ofAnother = caller((await appKey()).secret);
  const ofUser = caller((await myKey(runner)).secret);
  const set = async (client, path, fields = {}) => {
    const answer = await client.post(path, fields);
    assert.equal(answer.status, 201, answer.text);
    return async () => assert.equal((await client.post(`${answer.body.path}/lift`)).status, 200);
  };
  const all = async (...expected) => {
    const asked = [await ask(ofApp, shared), await ask(ofAnother, shared), await ask(ofUser, own)];
    assert.deepEqual(asked.map((answer) => answer.code ?? answer.status), expected);
    return asked;
  };
  await all(200, 200, 200);
  let lift = await set(root, '/stops', { kind: 'user', user: 'second@example.com' });
  const [refused] = await all('stopped', 200, 200);
  assertProblem(refused, 409, 'stopped', /everything of the person who made this Mortise key/);
  assertProblem(await second.post(`/apps/${app}/keys`, { name: 'While stopped' }), 409, 'stopped');
  assertProblem(await second.post('/me/keys', { name: 'While stopped' }), 409, 'stopped');
  await lift();
  await root.patch(`/users/${second.me.id}`, { disabled: true }); // by design: it is the app's key
  await all(200, 200, 200);
  lift = await set(root, '/stops', { kind: 'user', user: 'second@example.com' });
  await all('stopped', 200, 200);
  await lift();
  lift = await set(root, '/stops', { kind: 'user', user: 'runner@example.com' });
  await all(200, 200, 'stopped');
  await lift();
  lift = await set(admin, `/apps/${app}/stops`);
  await all('stopped', 'stopped', 'stopped');
  assertProblem(await admin.post(`/apps/${app}/keys`, { name: 'While stopped' }), 409, 'stopped');
  assertProblem(await runner.post('/me/keys', { name: 'While stopped', app }), 409, 'stopped');
  await myKey(runner); // for all their apps: it is refused where one is stopped
  await lift();
  lift = await set(root, '/stops', { kind: 'site', site: s.site() });
  await all('stopped', 'stopped', 'stopped');
  await lift();
  await all(200, 200, 200);
});

const basic = (password, user = 'proxy') => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

test('another\'s Authorization, like a reverse proxy\'s, is ignored: the session counts', async () => {
  for (const header of ['Basic !!!', 'Basic', 'Digest username="x", nonce="y"', 'Negotiate YII=', 'Basic bm8gY29sb24=',
    basic('a password'), basic('', 'mk_user'), basic('Mk_x')]) {
    const answer = await admin.json('GET', '/me', undefined, { authorization: header });
    assert.deepEqual([answer.status, answer.body.email], [200, 'admin@example.com'], header);
    assertProblem(await s.client().json('GET', '/me', undefined, { authorization: header }), 401, 'not_signed_in');
  }
});

test('signed out everywhere, a changed or a reset password: one\'s own keys are revoked, nobody else\'s', async () => {
  const other = caller((await myKey(admin)).secret);
  const newKey = () => myKey(runner).then(({ secret }) => caller(secret));
  const ended = async (client) => {
    assertProblem(await ask(client, own), 401, 'key_refused');
    assert.equal((await ask(other, own)).status, 200);
  };
  let client = await newKey();
  const { keys } = (await root.get(`/users/${runner.me.id}`)).body;
  assert.equal(keys, (await runner.get('/me/keys')).body.keys.length);
  assert.equal((await ask(client, own)).status, 200);
  const fresh = 'another good password';
  assert.ok((await runner.post('/me/password', { current_password: 'wrong wrong wrong', new_password: fresh })).status >= 400);
  assert.equal((await ask(client, own)).status, 200);
  const changed = await runner.post('/me/password', { current_password: PASSWORD, new_password: fresh });
  assert.ok(changed.status < 300, changed.text);
  await ended(client);
  assert.equal((await root.get(`/users/${runner.me.id}`)).body.keys, 0);

  client = await newKey();
  const link = (await root.post(`/users/${runner.me.id}/link`)).body.link;
  assert.equal((await ask(client, own)).status, 200, 'until the link is used');
  runner = await s.accept(new URL(link).pathname, { password: PASSWORD });
  await ended(client);

  client = await newKey();
  assert.ok((await runner.delete('/me/sessions')).status < 300);
  await ended(client);
  await runner.signIn('runner@example.com');
});

test('what is no key is refused, and a cookie beside it does not help', async () => {
  for (const header of ['Bearer', 'Bearer ', 'Bearer mk_', `Bearer mk_${'x'.repeat(43)}`, `Bearer ${'x'.repeat(4000)}`,
    basic(`mk_${'x'.repeat(43)}`)]) {
    const answer = await admin.json('POST', `/apps/${app}/connections/${own}/request`,
      { method: 'GET', path: '/rest/api/3/myself' }, { authorization: header });
    assertProblem(answer, 401, 'key_refused');
    assert.match(answer.headers.get('www-authenticate'), /Bearer/);
    assert.doesNotMatch(answer.headers.get('www-authenticate'), /Basic/);
  }
});

test('bad input is said at its field', async () => {
  const bad = async (fields, field) => {
    const answer = await admin.post('/me/keys', { name: 'Key', ...fields });
    assertProblem(answer, 422, 'invalid');
    assert.deepEqual(answer.body.errors.map((each) => each.field), [field]);
  };
  await bad({ name: '' }, 'name');
  await bad({ methods: 'GET, FETCH' }, 'methods');
  await bad({ paths: '/api' }, 'paths');
  await bad({ paths: '/rest/api/3/%69ssue' }, 'paths');
  await bad({ paths: '/rest/a '.repeat(21) }, 'paths');
  await bad({ expires: '2001-01-01' }, 'expires');
  await bad({ expires: 'soon' }, 'expires');
  await bad({ app: 'nosuch' }, 'app');
  await bad({ app, connection: 'nosuch' }, 'connection');
  await bad({ connection: own }, 'connection'); // of which app?
  const limit = await s.user(root, 'many@example.com');
  for (let i = 0; i < 100; i += 1) await myKey(limit);
  assertProblem(await limit.post('/me/keys', { name: 'One more' }), 409, 'conflict');
});

endsWell(() => s);
