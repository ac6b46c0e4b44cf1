// Races and tricks around sign-in, one-time links, limits and the last admin: whatever is done at
// once happens once, and nobody gets further than alone.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { addConnection, BOB, CARLA, connect, connectPath, fault, grant, makeApp, noFaults, signInFrom, tryConnect } from '../lib/scene.mjs';
import { PASSWORD } from '../lib/client.mjs';
import { endsWell, sql, startStack } from '../lib/stack.mjs';

let s;
let root;
let anna;
let app;
let id;

before(async () => {
  s = await startStack(null);
});

const count = (answers, status) => answers.filter((a) => a.status === status).length;
const times = (n, make) => Promise.all(Array.from({ length: n }, (_, i) => make(i)));

test('the link of the first admin, taken four times at once, makes one', async () => {
  const path = await s.setupPath();
  const answers = await times(4, (i) => s.client().post(path,
    { name: 'First', email: `first${i}@example.com`, password: PASSWORD }));
  assert.deepEqual([count(answers, 200), count(answers, 410)], [1, 3]);
  assert.equal(sql(s, 'SELECT count(*) FROM users')[0][0], 1);
  root = s.client();
  root.signedIn(answers.find((a) => a.status === 200));
  await root.signIn(root.me.email);
  anna = await s.user(root, 'anna@example.com');
  app = await makeApp(anna);
  id = await addConnection(anna, app);
});

test('who fails on purpose locks out themselves, not the owner of the account', async () => {
  for (let i = 0; i < 10; i += 1)
    assert.equal(await signInFrom(s, '127.0.0.2', 'anna@example.com', 'wrong password'), 401);
  assert.equal(await signInFrom(s, '127.0.0.2', 'ANNA@example.com', PASSWORD), 429);
  assert.equal(await signInFrom(s, '127.0.0.3', 'anna@example.com', PASSWORD), 200);
});

test('refused keys sent at once are as few as one after the other', async () => {
  const before = (await s.control('GET', 'log')).requests.length;
  const answers = await times(12, () => tryConnect(s, anna, app, id, CARLA, { api_key: 'no-such-key' }));
  assert.deepEqual([count(answers, 422), count(answers, 429)], [4, 8]);
  const calls = (await s.control('GET', 'log')).requests.slice(before);
  const secret = calls.filter((r) => r.headers.authorization && r.host.startsWith('acme.'));
  assert.equal(secret.length, 4);
});

test('an attempt that Jira did not judge is not counted as refused', async () => {
  await fault(s, 'status', { status: 503, times: 'always' });
  for (let i = 0; i < 5; i += 1)
    assert.equal((await tryConnect(s, anna, app, id, BOB)).status, 502);
  await noFaults(s);
  await connect(s, anna, app, id, BOB);
});

test('a question is answered once, however many answers come at once', async () => {
  const asked = await tryConnect(s, anna, app, id, 'anna@acme.example');
  assert.equal(asked.code, 'identity_changed');
  const answers = await times(4, () => anna.post(connectPath(app, id), { confirm: asked.body.confirm }));
  assert.deepEqual([count(answers, 200), count(answers, 410)], [1, 3]);
});

test('two admins who remove each other at once: one stays', async () => {
  const other = await s.user(root, 'other@example.com');
  await grant(anna, app, other, 'admin');
  const { permissions } = (await anna.get(`/apps/${app}/permissions`)).body;
  const answers = await times(permissions.length, (i) =>
    [anna, other][i % 2].delete(`/apps/${app}/permissions/${permissions[i].id}`));
  assert.ok(answers.some((a) => a.status !== 200 && a.status !== 204));
  assert.equal(sql(s, "SELECT count(*) FROM permissions WHERE role = 'admin'")[0][0], 1);
});

test('a new password voids the link to set one', async () => {
  const user = await s.user(root, 'link@example.com');
  const link = (await root.post(`/users/${user.me.id}/link`)).body.link;
  const changed = await user.post('/me/password',
    { current_password: PASSWORD, new_password: `${PASSWORD} again` });
  assert.equal(changed.status, 204, changed.text);
  const taken = await s.client().post(new URL(link).pathname, { password: PASSWORD });
  assert.equal(taken.status, 410, taken.text);
});

test('coming back after signing in never leads to another site', async () => {
  for (const away of ['//evil.example', '/\\evil.example', '/\t/evil.example', 'https://evil.example',
    'javascript:alert(1)', '/x\r\nSet-Cookie: mortise=1']) {
    const answer = await s.client().form('/session',
      { email: 'other@example.com', password: PASSWORD, return_to: away });
    assert.deepEqual([answer.status, answer.location], [303, '/apps'], away);
  }
});

endsWell(() => s);
