// Rule 11: whatever finishes something begun earlier looks again at user, right, connection and
// credential. Jira answers late; meanwhile a right is withdrawn; nothing is saved or shown.

import assert from 'node:assert/strict';
import { before, beforeEach, test } from 'node:test';

import { addConnection, ANNA, asked, assertProblem, BOB, clearLog, connect, connectPath, fault, grant,
  makeApp, noFaults, rowOf, run, tryConnect } from '../lib/scene.mjs';
import { endsWell, sql, startStack } from '../lib/stack.mjs';

let s;
let root;
let admin;
let user;
let permission;
let app;
let id;
let people = 0;

before(async () => {
  s = await startStack(null);
  root = await s.setup();
  admin = await s.user(root, 'admin@example.com');
});

beforeEach(async () => {
  await noFaults(s);
  sql(s, 'DELETE FROM throttles'); // connects that came to nothing stay counted
  user = await s.user(root, `user${people += 1}@example.com`);
  app = await makeApp(admin);
  permission = await grant(admin, app, user);
  id = await addConnection(admin, app);
});

// Begins something, lets Jira wait with its answer, does `meanwhile`, and returns the answer.
async function during(begin, meanwhile, path = '/rest/api/3/') {
  await clearLog(s);
  await fault(s, 'delay', { ms: 700, match: { path } });
  const running = begin();
  await asked(s, path);
  await meanwhile();
  return running;
}

const connecting = (more) => () => tryConnect(s, user, app, id, BOB, more);
const requesting = () => run(user, app, id, { path: '/rest/api/3/myself' });
const removeUser = () => admin.delete(`/apps/${app}/permissions/${permission.id}`);
const disable = () => root.patch(`/users/${user.me.id}`, { disabled: true });
const stored = () => sql(s,
  `SELECT status, sealed IS NOT NULL FROM credentials WHERE owner = '${user.me.id}'`);

async function done(step) {
  const answer = await step;
  assert.ok(answer.status < 300, answer.text);
}

test('connect: the user is removed from the app', async () => {
  assertProblem(await during(connecting(), () => done(removeUser())), 404, 'not_found');
  assert.deepEqual(stored(), []);
  await grant(admin, app, user);
  assert.equal((await rowOf(user, app, id)).state, 'not_connected');
});

test('connect: the user is disabled, or signs out everywhere', async () => {
  assertProblem(await during(connecting(), () => done(disable())), 401, 'not_signed_in');
  assert.deepEqual(stored(), []);
  user = await s.user(root, `user${people += 1}@example.com`);
  await grant(admin, app, user);
  const other = s.client();
  await other.signIn(user.me.email);
  assertProblem(await during(connecting(), () => done(other.delete('/me/sessions'))), 401, 'not_signed_in');
  assert.deepEqual(stored(), []);
});

test('connect: the connection or the whole app is deleted', async () => {
  const { name } = await rowOf(admin, app, id);
  const gone = () => done(admin.delete(`/apps/${app}/connections/${id}`, { confirm: name }));
  assertProblem(await during(connecting(), gone), 404, 'not_found');
  id = await addConnection(admin, app);
  const { app: { name: appName } } = (await admin.get(`/apps/${app}`)).body;
  const all = () => done(admin.delete(`/apps/${app}`, { confirm: appName }));
  assertProblem(await during(connecting(), all), 404, 'not_found');
  assert.deepEqual(stored(), []);
});

test('connect: another Base URL is fixed meanwhile; the key for the old one is not kept', async () => {
  const fix = () => done(admin.patch(`/apps/${app}/connections/${id}`,
    { base_url: s.site('globex'), base_url_fixed: true }));
  assertProblem(await during(connecting(), fix), 409, 'conflict');
  assert.deepEqual(stored(), []);
  assert.equal((await rowOf(user, app, id)).state, 'not_connected');
});

test('the question: another Base URL is fixed before yes is said', async () => {
  await connect(s, user, app, id, ANNA, { base_url: s.site('globex') });
  const { confirm } = assertProblem(await connecting()(), 409, 'identity_changed');
  await done(admin.patch(`/apps/${app}/connections/${id}`,
    { base_url: s.site('globex'), base_url_fixed: true }));
  const answer = await user.post(connectPath(app, id), { confirm });
  assert.ok([409, 410].includes(answer.status), answer.text);
  assert.equal((await rowOf(user, app, id)).site_url, s.site('globex'));
});

test('reconnect: disconnected meanwhile, in another window; the new key does not revive it', async () => {
  await connect(s, user, app, id, BOB);
  const off = () => done(user.delete(`/apps/${app}/connections/${id}/credential`));
  assertProblem(await during(connecting(), off), 409, 'conflict', /Nothing was saved/);
  assert.deepEqual(stored(), [['disconnected', 0]]);
});

test('reconnect: two at once; the second to finish is told', async () => {
  await connect(s, user, app, id, BOB);
  const answer = await during(connecting(), () => connect(s, user, app, id, BOB));
  assertProblem(answer, 409, 'conflict');
  assert.equal((await rowOf(user, app, id)).state, 'connected');
});

test('test: disconnected meanwhile; its success does not revive the credential', async () => {
  await connect(s, user, app, id, BOB);
  const off = () => done(user.delete(`/apps/${app}/connections/${id}/credential`));
  await during(() => user.post(`/apps/${app}/connections/${id}/test`), off);
  assert.deepEqual(stored(), [['disconnected', 0]]);
});

test('test and request: an old refusal does not spoil the key entered meanwhile', async () => {
  for (const begin of [requesting, () => user.post(`/apps/${app}/connections/${id}/test`)]) {
    await connect(s, user, app, id, BOB, { token: { label: 'old' } });
    await fault(s, 'status', { status: 401, body: 'Client must be authenticated',
      match: { path: '/rest/api/3/myself' } });
    await during(begin, async () => connect(s, user, app, id, BOB), '/rest/api/3/myself');
    assert.equal((await rowOf(user, app, id)).state, 'connected');
    await noFaults(s);
  }
});

test('request: removed from the app, disabled, connection deleted: the answer is not shown', async () => {
  const { name } = await rowOf(admin, app, id);
  const ways = [
    [() => done(removeUser()), 404, 'not_found'],
    [() => done(admin.delete(`/apps/${app}/connections/${id}`, { confirm: name })), 404, 'not_found'],
    [() => done(disable()), 401, 'not_signed_in'],
  ];
  for (const [meanwhile, status, code] of ways) {
    await connect(s, user, app, id, BOB);
    const answer = await during(requesting, meanwhile);
    assertProblem(answer, status, code);
    assert.doesNotMatch(answer.text, /Bob|displayName/);
    permission = await grant(admin, app, user).catch(() => permission);
    if (status === 404) id = (await rowOf(admin, app, id))?.id ?? await addConnection(admin, app, { name });
  }
});

test('request on the page: the same', async () => {
  await connect(s, user, app, id, BOB);
  const page = await user.page(`/apps/${app}/request`);
  const begin = () => user.submit(page, `POST /apps/${app}/request`, { path: '/rest/api/3/myself' });
  const answer = await during(begin, () => done(removeUser()));
  assert.equal(answer.status, 404);
  assert.doesNotMatch(answer.text, /Bob/);
});

test('a demoted admin\'s form that was loaded before is refused', async () => {
  const second = await s.user(root, `user${people += 1}@example.com`);
  const given = await grant(admin, app, second, 'admin');
  const page = await second.page(`/apps/${app}/settings`);
  await done(admin.patch(`/apps/${app}/permissions/${given.id}`, { role: 'runner' }));
  const late = await second.submit(page, `POST /apps/${app}?_method=PATCH`, { name: 'Mine now' });
  assert.equal(late.status, 403);
  assert.notEqual((await admin.get(`/apps/${app}`)).body.app.name, 'Mine now');
});

test('a credential is suspended with its owner, and back when they are', async () => {
  await connect(s, user, app, id, BOB);
  await done(disable());
  await done(root.patch(`/users/${user.me.id}`, { disabled: false }));
  assert.equal((await user.signIn(user.me.email)).status, 200);
  assert.equal((await requesting()).body.body.displayName, 'Bob Builder');
});

endsWell(() => s);
