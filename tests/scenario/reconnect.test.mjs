// Point 6: replacing, testing and ending one's own credential: a failure keeps the old one, another
// account or site is asked about once, a renamed site, disconnect.

import assert from 'node:assert/strict';
import { before, beforeEach, test } from 'node:test';

import { noticesOf, textOf } from '../lib/page.mjs';
import { addConnection, ANNA, assertPage, assertProblem, BOB, callsOf, CARLA, clearLog, connect,
  connectPath, fault, grant, makeApp, noFaults, rowOf, run, tryConnect } from '../lib/scene.mjs';
import { endsWell, sql, startStack } from '../lib/stack.mjs';

let s;
let root;
let user;
let app;
let id;
let people = 0;

before(async () => {
  s = await startStack(null, { renamed: 'acme-new' });
  root = await s.setup();
  app = await makeApp(root);
  await grant(root, app, 'everyone');
  id = await addConnection(root, app, { name: 'Jira' });
});

beforeEach(async () => {
  user = await s.user(root, `user${people += 1}@example.com`, `User ${people}`);
  await noFaults(s);
  await s.control('POST', 'unlock', {});
});

const attempt = (email, more, client = user) => tryConnect(s, client, app, id, email, more);
const answerYes = (confirm, client = user, connection = id) =>
  client.post(connectPath(app, connection), { confirm });
const whoAmI = async (client = user) => {
  const answer = await run(client, app, id, { path: '/rest/api/3/myself' });
  return answer.body.body?.displayName ?? answer.code;
};

// Connected as Anna on acme; then enters Bob's key, which is asked about.
async function ask() {
  await connect(s, user, app, id, ANNA);
  const answer = await attempt(BOB);
  return assertProblem(answer, 409, 'identity_changed', /Anna Admin.*Bob Builder.*\?$/);
}

test('nobody runs on somebody else\'s credential', async () => {
  await connect(s, user, app, id, ANNA);
  const other = await s.user(root, 'other@example.com');
  assertProblem(await run(other, app, id, { path: '/rest/api/3/myself' }), 409, 'connection_required');
  await connect(s, other, app, id, BOB);
  assert.deepEqual([await whoAmI(), await whoAmI(other)], ['Anna Admin', 'Bob Builder']);
  await other.delete(`/apps/${app}/connections/${id}/credential`);
  assert.deepEqual([await whoAmI(), await whoAmI(other)], ['Anna Admin', 'connection_required']);
});

test('the dialog of a reconnect is filled in beforehand, but never with the key', async () => {
  const key = await s.token(BOB);
  await connect(s, user, app, id, BOB, { api_key: key, expires: '2099-05-06' });
  const { form, reconnect } = (await user.get(connectPath(app, id))).body;
  assert.deepEqual([reconnect, form.base_url, form.username, form.expires],
    [true, s.site(), BOB, '2099-05-06']);
  const page = assertPage(await user.page(connectPath(app, id)));
  assert.match(textOf(page.text), /Reconnect Jira/);
  for (const value of [s.site(), BOB, '2099-05-06']) assert.ok(page.text.includes(`value="${value}"`));
  assert.ok(!page.text.includes(key));
});

test('a failing reconnect leaves the old credential in force', async () => {
  await connect(s, user, app, id, ANNA);
  assertProblem(await attempt(ANNA, { api_key: 'wrong' }), 422, 'credential_refused');
  await fault(s, 'cut_before', { times: 'always' });
  assertProblem(await attempt(ANNA), 502, 'upstream_interrupted');
  await noFaults(s);
  assert.equal((await rowOf(user, app, id)).state, 'connected');
  assert.equal(await whoAmI(), 'Anna Admin');
});

test('a new key of the same account and site replaces the old one without a question', async () => {
  await connect(s, user, app, id, ANNA, { token: { label: 'first' } });
  const row = await rowOf(user, app, id);
  await connect(s, user, app, id, ANNA);
  await s.control('POST', 'revoke', { label: 'first' });
  assert.equal(await whoAmI(), 'Anna Admin');
  assert.equal((await rowOf(user, app, id)).id, row.id);
});

test('another account: both are named, the old one stays until yes is said, once', async () => {
  const { confirm, before: old, now } = await ask();
  assert.deepEqual([old.account, old.site_url, now.account, now.account_email],
    ['Anna Admin', s.site(), 'Bob Builder', BOB]);
  assert.equal(await whoAmI(), 'Anna Admin');
  const done = await answerYes(confirm);
  assert.equal(done.status, 200, done.text);
  assert.equal(done.body.connection.account, 'Bob Builder');
  assert.equal(await whoAmI(), 'Bob Builder');
  assertProblem(await answerYes(confirm), 410, 'confirm_expired');
});

test('another site of the same account is asked about too', async () => {
  await connect(s, user, app, id, ANNA);
  const answer = await attempt(ANNA, { base_url: s.site('globex') });
  const body = assertProblem(answer, 409, 'identity_changed');
  assert.deepEqual([body.before.site_url, body.now.site_url], [s.site(), s.site('globex')]);
  assert.equal((await rowOf(user, app, id)).site_url, s.site());
  await answerYes(body.confirm);
  assert.equal((await rowOf(user, app, id)).site_url, s.site('globex'));
});

test('the answer counts only from the same session, user and connection', async () => {
  const { confirm } = await ask();
  const again = s.client();
  await again.signIn(user.me.email);
  const other = await s.user(root, `stranger${people}@example.com`);
  await connect(s, other, app, id, ANNA);
  const second = await addConnection(root, app);
  for (const [client, connection] of [[again, id], [other, id], [user, second]])
    assertProblem(await answerYes(confirm, client, connection), 410, 'confirm_expired');
  assertProblem(await answerYes('x'.repeat(43)), 410, 'confirm_expired');
  assert.equal(await whoAmI(), 'Anna Admin');
  assert.equal((await answerYes(confirm)).status, 200);
});

test('the question expires after 10 minutes', async () => {
  const { confirm } = await ask();
  const left = sql(s, 'SELECT max(until) FROM pending_connects')[0][0] - Date.now();
  assert.ok(left > 9 * 60e3 && left <= 10 * 60e3, `${left} ms`);
  sql(s, `UPDATE pending_connects SET until = ${Date.now() - 1}`);
  assertProblem(await answerYes(confirm), 410, 'confirm_expired');
  assert.equal(await whoAmI(), 'Anna Admin');
});

test('what happens in between voids the question: reconnect, disconnect, a new question', async () => {
  const { confirm } = await ask();
  await connect(s, user, app, id, ANNA);
  assertProblem(await answerYes(confirm), 410, 'confirm_expired');
  const asked = assertProblem(await attempt(BOB), 409, 'identity_changed');
  const newer = assertProblem(await attempt(CARLA), 409, 'identity_changed');
  assertProblem(await answerYes(asked.confirm), 410, 'confirm_expired');
  await user.delete(`/apps/${app}/connections/${id}/credential`);
  assertProblem(await answerYes(newer.confirm), 410, 'confirm_expired');
  assert.equal((await rowOf(user, app, id)).state, 'not_connected');
});

test('the page asks, and takes either answer', async () => {
  await connect(s, user, app, id, ANNA);
  const dialog = await user.page(`${connectPath(app, id)}?return_to=%2Fme%2Fconnections`);
  const action = `POST ${connectPath(app, id)}`;
  const fields = { base_url: s.site(), username: BOB, api_key: await s.token(BOB) };
  const question = await user.submit(dialog, action, fields);
  assertPage(question, 409);
  assert.match(textOf(question.text), /Replace the account\?.*Before Anna Admin.*Now Bob Builder/);
  assert.match(question.text, /<a [^>]*href="\/me\/connections">Keep the old one/);
  assert.ok(!question.text.includes(fields.api_key));
  const done = await user.follow(await user.submit(question, action));
  assert.equal(done.path, '/me/connections');
  assert.deepEqual(noticesOf(done.text), ['Connected to acme as Bob Builder.']);
  const late = await user.submit(question, action);
  assertPage(late, 410, /connect again/);
});

test('Disconnect wipes the key, says what stays at Atlassian, and asks before', async () => {
  await connect(s, user, app, id, ANNA);
  const page = assertPage(await user.page(`/apps/${app}`));
  const confirm = assertPage(await user.submit(page, `GET /apps/${app}/connections/${id}/credential`));
  assert.match(textOf(confirm.text), /Disconnect Jira\?.*erased.*revoke it there/);
  const done = await user.submit(confirm, `POST /apps/${app}/connections/${id}/credential`);
  const back = await user.follow(done);
  assert.match(noticesOf(back.text).join(), /Disconnected\..*revoke it at http/);
  const row = await rowOf(user, app, id);
  assert.deepEqual([row.state, row.status, row.account], ['not_connected', 'Not connected', null]);
  assert.equal(await whoAmI(), 'connection_required');
  const sealed = sql(s, `SELECT sealed, account_name, status FROM credentials c JOIN users u ON
    u.id = c.owner WHERE u.email = '${user.me.email}'`);
  assert.deepEqual(sealed, [[null, 'Anna Admin', 'disconnected']]);
  assertProblem(await user.delete(`/apps/${app}/connections/${id}/credential`), 404, 'not_found');
  assertProblem(await user.post(`/apps/${app}/connections/${id}/test`), 409, 'connection_required');
});

test('after Disconnect the same account comes back at once, another one is asked about', async () => {
  await connect(s, user, app, id, ANNA);
  await user.delete(`/apps/${app}/connections/${id}/credential`);
  const { confirm } = assertProblem(await attempt(BOB), 409, 'identity_changed');
  assert.equal((await rowOf(user, app, id)).state, 'not_connected');
  await connect(s, user, app, id, ANNA);
  assertProblem(await answerYes(confirm), 410, 'confirm_expired');
  assert.equal(await whoAmI(), 'Anna Admin');
});

test('Test goes through the stages and remembers what Jira says', async () => {
  await connect(s, user, app, id, ANNA);
  const at = `/apps/${app}/connections/${id}/test`;
  const fine = await user.post(at);
  assert.equal(fine.status, 200, fine.text);
  assert.equal(fine.body.ok, true);
  assert.deepEqual(fine.body.stages.map((x) => [x.stage, x.ok]), [['address', true], ['tls', true],
    ['token', true], ['identity', true], ['site', true], ['scopes', true], ['permissions', true]]);
  await fault(s, 'status', { status: 503 });
  const outage = await user.post(at);
  assert.deepEqual([outage.body.ok, outage.body.connection.state], [false, 'connected']);
  await s.control('POST', 'expire', { email: ANNA });
  const page = await user.page(`/apps/${app}`);
  const shown = await user.submit(page, `POST ${at}`);
  assertPage(shown);
  assert.match(textOf(shown.text), /Jira does not work.*Failed: Credential Jira no longer accepts this API key/);
  assert.equal((await rowOf(user, app, id)).state, 'needs_reconnect');
  assert.equal(await whoAmI(), 'needs_reconnect');
  const again = await user.post(at);
  assert.ok([200, 409].includes(again.status), again.text);
  await connect(s, user, app, id, ANNA);
  assert.equal(await whoAmI(), 'Anna Admin');
});

test('an account switched off in Jira needs reconnecting, and comes back by it', async () => {
  await connect(s, user, app, id, ANNA);
  await s.control('POST', 'account', { email: ANNA, active: false });
  assert.equal(await whoAmI(), 'needs_reconnect');
  await s.control('POST', 'account', { email: ANNA, active: true });
  await connect(s, user, app, id, ANNA);
  assert.equal(await whoAmI(), 'Anna Admin');
});

test('a renamed site: the old name stops, the new one is the same site', async () => {
  await connect(s, user, app, id, ANNA);
  await s.control('POST', 'rename', { site: 'acme', to: 'acme-new' });
  try {
    const tested = await user.post(`/apps/${app}/connections/${id}/test`);
    assert.equal(tested.body.ok, false);
    assert.match(tested.body.sentence, /renamed/);
    assert.equal(await whoAmI(), 'needs_reconnect');
    await clearLog(s);
    const done = await attempt(ANNA, { base_url: s.site('acme-new') });
    assert.equal(done.status, 200, 'the same account on the same site must not be asked about');
    assert.equal(done.body.connection.site_url, s.site('acme-new'));
    assert.ok((await callsOf(s)).every((c) => !c.includes(' acme.localhost')));
    assert.equal(await whoAmI(), 'Anna Admin');
  } finally {
    await s.control('POST', 'rename', { site: 'acme', to: 'acme' });
  }
});

endsWell(() => s);
