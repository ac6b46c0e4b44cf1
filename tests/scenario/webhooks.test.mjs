// Webhooks: signed as an independent library verifies them, tried again, given up after a day, sent
// again, not sent where they may not go; and what of it survives kill -9.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { makeClock } from '../lib/clock.mjs';
import { startReceiver, verify } from '../lib/receiver.mjs';
import { addConnection, assertFieldErrors, assertPage, assertProblem, BOB, connect, fault, grant, makeApp, noFaults,
  run, sleep, until } from '../lib/scene.mjs';
import { endsWell, sql, startStack } from '../lib/stack.mjs';

let s;
let r; // the receiver
let other;
let root;
let admin;
let bob;
let app;
let id;
let hook;
let secret;
const clock = makeClock();

before(async () => {
  r = await startReceiver();
  other = await startReceiver();
  s = await startStack(null, { binary: clock.binary, mayDie: true, env: { ...clock.env(),
    MORTISE_WEBHOOK_HOSTS: `${r.host}, http://169.254.169.254, http://localhost:${new URL(r.host).port}`,
    MORTISE_INCIDENT_PERIOD: '1' } });
  clock.attach(s);
  root = await s.setup();
  admin = await s.user(root, 'admin@example.com', 'Ada Admin');
  bob = await s.user(root, 'bob@example.com', 'Bob Runner');
  app = await makeApp(admin, 'Release desk');
  await grant(admin, app, bob);
  id = await addConnection(admin, app, { name: 'Acme Jira' });
});
after(async () => {
  await r?.close();
  await other?.close();
});

const at = () => `/apps/${app}/webhooks`;
const deliveries = async () => (await admin.get(`${at()}/${hook}`)).body.deliveries;
const newest = async () => (await deliveries())[0];
const arrived = (n) => until(() => r.requests.length >= n, `message ${n}`, 15000);
const became = (state) => until(async () => (await newest()).state === state && newest(), state, 40000);
// Makes what is waiting due now.
const dueNow = () => sql(s, "UPDATE deliveries SET next_try = 0 WHERE state = 'pending'");

test('is made by an app admin; its secret is shown this once', async () => {
  assertProblem(await bob.post(at(), { url: r.url }), 403, 'not_app_admin');
  const made = await admin.post(at(), { url: r.url });
  assert.equal(made.status, 201, made.text);
  ({ secret } = made.body);
  hook = made.body.webhook.id;
  assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
  for (const answer of [await admin.get(at()), await admin.page(at()), await admin.get(`${at()}/${hook}`),
    assertPage(await admin.page(`${at()}/${hook}`))])
    assert.ok(!answer.text.includes(secret.slice(6)), 'the secret is shown again');
});

test('a test message is signed as Standard Webhooks says', async () => {
  const sent = await admin.post(`${at()}/${hook}/test`);
  assert.equal(sent.status, 200, sent.text);
  await arrived(1);
  const [message] = r.requests;
  const body = verify(secret, message, clock.now());
  assert.equal(body.type, 'webhook.test');
  assert.equal(body.id, message.headers['webhook-id']);
  assert.match(message.headers['content-type'], /^application\/json$/);
  assert.throws(() => verify(secret, { ...message, body: message.body.replace('test', 'tost') }), /signature/i);
  const v = await became('delivered');
  assert.deepEqual([v.event, v.attempts, v.last_status, v.last_error], ['webhook.test', 1, 204, null]);
});

test('an incident is told at once, and what is told names no secret', async () => {
  const key = await s.token(BOB, { label: 'of bob' });
  await connect(s, bob, app, id, BOB, { api_key: key });
  await s.control('POST', 'revoke', { label: 'of bob' });
  await run(bob, app, id, { path: '/rest/api/3/myself' });
  await arrived(2);
  const body = verify(secret, r.requests[1], clock.now());
  assert.equal(body.type, 'incident.opened');
  const { data } = body;
  assert.deepEqual(data.app, { slug: app, name: 'Release desk' });
  assert.deepEqual(data.connection, { id, name: 'Acme Jira' });
  assert.equal(data.incident.kind, 'needs_reconnect');
  assert.deepEqual(data.owner, { name: 'Bob Runner' });
  assert.match(data.sentence, /^"Acme Jira" in Release desk on \S+, connected by Bob Runner, needs reconnecting: /);
  assert.equal(data.link, `${s.url}/apps/${app}/connections/${id}/credentials`);
  assert.ok(!r.requests[1].body.includes(key) && !r.requests[1].body.includes('@'));
});

test('a receiver that fails is tried again with the same id, and Resend sends it once more', async () => {
  let n = 0;
  r.answer = () => ((n += 1) === 1 ? 500 : 200);
  const from = r.requests.length;
  await admin.post(`${at()}/${hook}/test`);
  await arrived(from + 1);
  const failed = await until(async () => (await newest()).last_status === 500 && newest(), 'a failure', 15000);
  assert.equal(failed.state, 'pending');
  assert.match(failed.last_error, /answered 500/);
  const wait = Date.parse(failed.next_try) - Date.parse(failed.last_try);
  assert.ok(wait >= 3900 && wait <= 7000, `${wait} ms`); // 5 s, a fifth more or less
  await arrived(from + 2);
  const v = await became('delivered');
  assert.equal(v.attempts, 2);
  assert.equal(r.requests[from].headers['webhook-id'], r.requests[from + 1].headers['webhook-id']);
  assert.equal(r.requests[from].body, r.requests[from + 1].body);
  assert.equal((await admin.post(`${at()}/${hook}/deliveries/${v.id}/resend`)).status, 200);
  await arrived(from + 3);
  assert.equal(verify(secret, r.requests[from + 2], clock.now()).id, v.id);
  await became('delivered');
});

test('a redirect is not followed', async () => {
  r.answer = () => ({ status: 307, headers: { location: other.url } });
  await admin.post(`${at()}/${hook}/test`);
  await until(async () => /redirects are not followed/.test((await newest()).last_error ?? ''), 'a refusal', 15000);
  assert.equal(other.requests.length, 0);
  r.answer = () => 200;
  await became('delivered');
});

test('is tried for a day with growing pauses, then given up', async () => {
  r.answer = () => 503;
  const from = r.requests.length;
  await admin.post(`${at()}/${hook}/test`);
  await arrived(from + 1);
  const v = async () => (await deliveries()).find((each) => each.id === r.requests[from].headers['webhook-id']);
  const tries = () => r.requests.slice(from).filter((m) => m.headers['webhook-id'] === r.requests[from].headers['webhook-id']);
  for (let n = 1; n < 30 && (await v()).state === 'pending'; n += 1) { // on to each next try
    await until(async () => (await v()).attempts === tries().length, 'a try that arrived', 15000);
    await sleep(700); // until its outcome is written
    const { attempts, next_try: next } = await v();
    if (next) await clock.advance({ ms: Date.parse(next) - clock.now() + 1000 });
    await until(async () => (await v()).attempts > attempts || (await v()).state !== 'pending', 'a try', 15000);
  }
  await until(async () => (await v()).state === 'given_up', 'an end', 15000);
  assert.equal((await v()).attempts, tries().length);
  assert.ok(tries().length >= 11 && tries().length <= 16, `${tries().length} tries`);
  const times = tries().map((t) => Number(t.headers['webhook-timestamp']));
  assert.ok(times.at(-1) - times[0] >= 86395 && times.at(-1) - times[0] <= 86460, `${times.at(-1) - times[0]} s`);
  const pauses = times.slice(1, -1).map((time, i) => time - times[i]);
  assert.ok(pauses[0] < 10 && pauses.at(-1) > 11000, pauses.join());
  r.answer = () => 200;
  const known = r.requests.length;
  await clock.advance({ days: 1 });
  await sleep(3000);
  assert.ok(r.requests.slice(known).every((m) => m.headers['webhook-id'] !== r.requests[from].headers['webhook-id']));
  await admin.post(`${at()}/${hook}/deliveries/${r.requests[from].headers['webhook-id']}/resend`);
  await until(async () => (await v()).state === 'delivered', 'its delivery', 15000);
});

test('kill -9 before, while and after it is sent: told at least once, with one id', async () => {
  // Before: the row is there, nobody has tried.
  r.answer = () => 200;
  await admin.post(`${at()}/${hook}/test`);
  const first = (await newest()).id;
  await s.restart('SIGKILL');
  await until(async () => r.requests.some((m) => m.headers['webhook-id'] === first), 'the first', 15000);
  // While: the receiver has it and does not answer.
  let release;
  r.answer = () => new Promise((done) => {
    release = () => done(200);
  });
  const from = r.requests.length;
  await admin.post(`${at()}/${hook}/test`);
  const second = (await newest()).id;
  await until(() => r.requests.slice(from).some((m) => m.headers['webhook-id'] === second), 'the second', 15000);
  await s.restart('SIGKILL');
  release();
  r.answer = () => 200;
  assert.equal((await newest()).state, 'pending');
  await sleep(2500);
  assert.equal(r.requests.length, from + 1, 'the claim of the dead holds for a while');
  await clock.advance({ minutes: 3 });
  await arrived(from + 2);
  assert.equal(r.requests[from + 1].headers['webhook-id'], second);
  await became('delivered');
  // After.
  await s.restart('SIGKILL');
  await sleep(2500);
  assert.equal(r.requests.length, from + 2);
  assert.equal((await newest()).state, 'delivered');
});

test('410 switches it off, and a person switches it on', async () => {
  r.answer = () => 410;
  await admin.post(`${at()}/${hook}/test`);
  const v = await became('given_up');
  assert.equal(v.last_status, 410);
  const { webhook } = (await admin.get(`${at()}/${hook}`)).body;
  assert.deepEqual([webhook.active, webhook.off_why],
    [false, 'The receiver answered 410 Gone, which means: no more.']);
  assertProblem(await admin.post(`${at()}/${hook}/test`), 409, 'conflict', /switched off/);
  assertProblem(await admin.post(`${at()}/${hook}/deliveries/${v.id}/resend`), 409, 'conflict');
  r.answer = () => 200;
  assert.equal((await admin.patch(`${at()}/${hook}`, { active: true })).body.webhook.off_why, null);
  assert.equal((await admin.post(`${at()}/${hook}/test`)).status, 200);
  await became('delivered');
});

test('a new secret counts at once, the old one no more', async () => {
  const made = await admin.form(`${at()}/${hook}/secret`, {});
  assert.equal(made.status, 201);
  const next = made.text.match(/whsec_[A-Za-z0-9+/]{43}=/)[0];
  const from = r.requests.length;
  await admin.post(`${at()}/${hook}/test`);
  await arrived(from + 1);
  assert.equal(verify(next, r.requests[from], clock.now()).type, 'webhook.test');
  assert.throws(() => verify(secret, r.requests[from], clock.now()), /signature/i);
  secret = next;
});

test('addresses that may not be called are refused where they are entered', async () => {
  for (const [url, why] of [
    ['http://example.com/hook', /https only/], ['https:///example.com/hook', /whole address/],
    ['https:/example.com/hook', /whole address/], ['https://10.0.0.1/', /private network/],
    ['https://[::1]/', /private network/], ['https://[::ffff:10.0.0.1]/', /private network/],
    ['https://0x7f.1/', /private network/], ['http://169.254.169.254/latest', /private network/],
    ['https://user@example.com/', /without a user/], ['ftp://example.com/', /whole address/],
    ['javascript:alert(1)', /whole address/], ['https://exa mple.com/', /whole address/],
    [`https://example.com/${'x'.repeat(2100)}`, /./]]) {
    const body = assertFieldErrors(await admin.post(at(), { url }), 'url');
    assert.match(body.errors[0].message, why, url);
    assertFieldErrors(await admin.patch(`${at()}/${hook}`, { url }), 'url');
  }
});

test('a name that leads inside, and an https address that does, are stopped where the socket is opened', async () => {
  const port = new URL(r.host).port;
  for (const url of [`https://localhost:${port}/`, 'https://acme.localhost/']) {
    assert.equal((await admin.patch(`${at()}/${hook}`, { url })).status, 200);
    await admin.post(`${at()}/${hook}/test`);
    await until(async () => /^Nothing was sent: its name leads to an address inside/
      .test((await newest()).last_error ?? ''), url, 15000);
  }
  // The list is one of scheme, host and port; API keys do not go there.
  assert.equal((await admin.patch(`${at()}/${hook}`, { url: r.url })).status, 200);
  const refused = await bob.post(`/apps/${app}/connections/${id}/connect`,
    { base_url: r.host, username: BOB, api_key: 'x'.repeat(24) });
  assertFieldErrors(refused, 'base_url');
});

test('another app\'s webhook is not found, and runners see none', async () => {
  const foreign = await s.user(root, 'other@example.com');
  const elsewhere = await makeApp(foreign, 'Elsewhere');
  const v = (await newest()).id;
  const mine = `/apps/${elsewhere}/webhooks/${hook}`;
  assertProblem(await foreign.get(mine), 404, 'not_found');
  assertProblem(await foreign.patch(mine, { active: false }), 404, 'not_found');
  assertProblem(await foreign.delete(mine), 404, 'not_found');
  for (const what of ['secret', 'test', `deliveries/${v}/resend`])
    assertProblem(await foreign.post(`${mine}/${what}`), 404, 'not_found');
  assertProblem(await foreign.get(`${at()}/${hook}`), 404, 'not_found');
  assertProblem(await bob.get(`${at()}/${hook}`), 403, 'not_app_admin');
  assertProblem(await root.get(`/settings/webhooks/${hook}`), 404, 'not_found');
  const own = (await foreign.post(`/apps/${elsewhere}/webhooks`, { url: r.url })).body.webhook.id;
  assertProblem(await foreign.post(`/apps/${elsewhere}/webhooks/${own}/deliveries/${v}/resend`), 404, 'not_found');
});

test('the workspace\'s hear of no app; there are ten at most', async () => {
  const made = await root.post('/settings/webhooks', { url: r.url });
  assert.equal(made.status, 201, made.text);
  const from = r.requests.length;
  assert.equal((await root.post(`/settings/webhooks/${made.body.webhook.id}/test`)).status, 200);
  await arrived(from + 1);
  assert.equal(verify(made.body.secret, r.requests[from], clock.now()).type, 'webhook.test');
  assertPage(await root.page(`/settings/webhooks/${made.body.webhook.id}`));
  for (let i = 1; i < 10; i += 1)
    assert.equal((await root.post('/settings/webhooks', { url: r.url })).status, 201);
  assertProblem(await root.post('/settings/webhooks', { url: r.url }), 422, 'invalid', /already/);
  assert.match(assertPage(await root.page('/settings/webhooks')).text, /as many as there can be/);
  await noFaults(s);
  await fault(s, 'delay', { ms: 1, times: 1 });
});

test('a receiver that hangs does not hold up the others for long', async () => {
  const dead = await startReceiver();
  await dead.close();
  r.answer = () => 200;
  const slow = (await admin.post(at(), { url: `http://localhost:${new URL(r.host).port}/slow` })).body.webhook.id;
  r.answer = ({ path }) => (path === '/slow' ? new Promise(() => {}) : 200);
  for (let i = 0; i < 20; i += 1) await admin.post(`${at()}/${slow}/test`);
  await sleep(2500);
  await admin.post(`${at()}/${hook}/test`);
  await until(async () => (await newest()).state === 'delivered', 'the quick one', 25000);
});

test('removed: what waited is gone with it', async () => {
  r.answer = () => 500;
  await admin.post(`${at()}/${hook}/test`);
  assert.equal((await admin.delete(`${at()}/${hook}`)).status, 204);
  assertProblem(await admin.get(`${at()}/${hook}`), 404, 'not_found');
  assert.deepEqual(sql(s, `SELECT count(*) FROM deliveries WHERE webhook_id = '${hook}'`), [[0]]);
  dueNow();
});

endsWell(() => s);
