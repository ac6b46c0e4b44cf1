// Points 7 and 8 in a browser without JavaScript: the Request page, Connect and back to the filled
// form, every failure's sentence on the page; and My connections.

import assert from 'node:assert/strict';
import { before, beforeEach, test } from 'node:test';

import { fieldError, formsOf, noticesOf, problemsOf, textOf } from '../lib/page.mjs';
import { addConnection, ANNA, assertPage, BOB, callsOf, clearLog, connect, connectPath, fault, grant,
  makeApp, noFaults, rowOf } from '../lib/scene.mjs';
import { endsWell, startStack } from '../lib/stack.mjs';

let s;
let root;
let admin;
let user;
let app;
let id;
let people = 0;

before(async () => {
  s = await startStack(null);
  root = await s.setup();
  admin = await s.user(root, 'admin@example.com');
  app = await makeApp(admin, 'Reports');
  await grant(admin, app, 'everyone');
  id = await addConnection(admin, app, { name: 'Jira' });
});
beforeEach(async () => {
  user = await s.user(root, `user${people += 1}@example.com`);
  await noFaults(s);
  await clearLog(s);
});

const requestPage = (client = user) => client.page(`/apps/${app}/request`);
const send = (page, values, client = user) => client.submit(page, `POST /apps/${app}/request`, values);
const formOf = (page) => formsOf(page.text).find((f) => f.action === `/apps/${app}/request`).values;
const filled = { method: 'POST', path: '/rest/api/3/search/jql', query: 'a=b&c=ü',
  headers: 'Accept-Language: de', body: '{\n  "jql": "project = ACME & <b>"\n}' };

test('the connection check comes before the form; connecting returns to what was entered', async () => {
  const page = assertPage(await requestPage());
  assert.match(textOf(page.text), /Connect Jira first/);
  const refused = await send(page, filled);
  assertPage(refused, 409);
  assert.match(textOf(refused.text), /Connect Jira first .*What you entered is kept/);
  assert.deepEqual({ ...formOf(refused), _csrf: 0 }, { connection: id, ...filled, _csrf: 0 });
  assert.deepEqual(await callsOf(s), []);

  const dialog = assertPage(await user.submit(refused, `GET ${connectPath(app, id)}`));
  const connected = await user.submit(dialog, `POST ${connectPath(app, id)}`,
    { base_url: s.site(), username: BOB, api_key: await s.token(BOB) });
  const back = await user.follow(connected);
  assert.match(back.path, new RegExp(`^/apps/${app}/request\\?draft=`));
  assert.match(noticesOf(back.text).join(), /Connected to acme as Bob Builder/);
  assert.deepEqual({ ...formOf(back), _csrf: 0 }, { connection: id, ...filled, _csrf: 0 });

  const answer = await send(back, { query: '', body: '{"jql":"project = ACME","maxResults":1}' });
  assertPage(answer);
  assert.match(textOf(answer.text), /Answer 200 OK \d+ ms, Jira \d+ ms .*Run as Bob Builder on acme/);
});

test('a draft is its author\'s alone', async () => {
  const refused = await send(await requestPage(), filled);
  const dialog = formsOf(refused.text).find((f) => f.action === connectPath(app, id));
  const draft = dialog.values.return_to;
  assert.match(draft, /draft=/);
  assert.equal(formOf(await user.page(draft)).path, filled.path);
  const other = assertPage(await admin.page(draft));
  assert.doesNotMatch(other.text, /search\/jql|project = ACME/);
});

test('a runner who cannot connect yet sees no menu; the admin tab stays hidden', async () => {
  const page = await requestPage();
  assert.doesNotMatch(page.text, /App settings/);
  assert.doesNotMatch(textOf((await user.page(`/apps/${app}`)).text), /Disconnect/);
});

test('the answer: status, headers, pretty JSON; numbers as Jira wrote them; HTML stays text', async () => {
  await connect(s, user, app, id, BOB);
  await fault(s, 'body', { body: '{"a":0.1,"big":123456789012345678,"t":"<script>alert(1)</script>"}' });
  const page = await send(await requestPage(), { method: 'GET', path: '/rest/api/3/status' });
  assertPage(page);
  assert.match(textOf(page.text), /\{ "a": 0\.1, "big": 123456789012345678, "t": "<script>/);
  assert.doesNotMatch(page.text, /<script>alert/);
  assert.match(page.text, /<dt>[Cc]ontent-[Tt]ype<\/dt>/);
  assert.doesNotMatch(page.text, /<dt>[Ss]et-[Cc]ookie<\/dt>/);
  assert.equal(formOf(page).path, '/rest/api/3/status', 'the form keeps what was run');
});

test('big, empty and binary answers are shown within reason', async () => {
  await connect(s, user, app, id, BOB);
  const get = { method: 'GET', path: '/rest/api/3/status' };
  await fault(s, 'huge');
  const big = assertPage(await send(await requestPage(), get));
  assert.match(textOf(big.text), /3\.1 MB/);
  assert.match(textOf(big.text), /The rest is not shown here/);
  assert.ok(big.text.length < 1.5e6);
  await fault(s, 'invalid_utf8');
  const binary = assertPage(await send(await requestPage(), get));
  assert.match(textOf(binary.text), /The answer is not text \(application\/json/);
  await fault(s, 'status', { status: 204, body: '' });
  assert.match(textOf((await send(await requestPage(), get)).text), /204 No Content.*has no body/);
});

test('mistakes are said beside the field, and what was typed stays', async () => {
  await connect(s, user, app, id, BOB);
  await clearLog(s);
  const wrong = await send(await requestPage(), { ...filled, body: '{"jql": ' });
  assertPage(wrong, 422);
  assert.ok(fieldError(wrong.text, 'body'));
  assert.deepEqual([formOf(wrong).body, formOf(wrong).query], ['{"jql": ', filled.query]);
  const outside = await send(wrong, { path: '/secure/admin', body: '{}' });
  assertPage(outside, 403, /must begin with \/rest\//);
  assert.equal(formOf(outside).path, '/secure/admin');
  assertPage(await send(wrong, { path: '', body: '' }), 422);
  assert.deepEqual(await callsOf(s), []);
});

test('each failure has its sentence and status on the page', async () => {
  await connect(s, user, app, id, BOB);
  for (const [kind, more, status, sentence] of [
    ['cut_before', {}, 502, /broke before the answer was complete\. Try again\./],
    ['html', {}, 502, /web page/],
    ['ratelimit', { retry_after: 9 }, 200, /try again in 9 seconds/],
    ['status', { status: 500 }, 200, /error of its own/],
  ]) {
    await noFaults(s);
    await fault(s, kind, { ...more, times: 'always' });
    const page = await send(await requestPage(), { method: 'GET', path: '/rest/api/3/status' });
    assertPage(page, status);
    assert.match(status === 200 ? textOf(page.text) : problemsOf(page.text).join(), sentence);
    assert.equal(formOf(page).path, '/rest/api/3/status');
  }
});

test('a key that Jira refuses: Reconnect on the page, and back to the filled form', async () => {
  await connect(s, user, app, id, BOB, { token: { label: 'page' } });
  await s.control('POST', 'revoke', { label: 'page' });
  const refused = await send(await requestPage(), { method: 'GET', path: '/rest/api/3/project/search' });
  assertPage(refused, 409);
  assert.match(textOf(refused.text),
    /Reconnect Jira first Needs reconnecting: Jira .*What you entered is kept/);
  const dialog = assertPage(await user.submit(refused, `GET ${connectPath(app, id)}`));
  assert.match(textOf(dialog.text), /Reconnect Jira/);
  const back = await user.follow(await user.submit(dialog, `POST ${connectPath(app, id)}`,
    { api_key: await s.token(BOB) }));
  assert.equal(formOf(back).path, '/rest/api/3/project/search');
  assertPage(await send(back, {}), 200);
});

test('an app without connections says whom to ask', async () => {
  const empty = await makeApp(admin);
  await grant(admin, empty, user);
  assert.match(textOf((await user.page(`/apps/${empty}/request`)).text), /Ask one of this app's admins/);
  assert.match(textOf((await admin.page(`/apps/${empty}/request`)).text), /Add one first/);
});

test('My connections lists one\'s own credentials over all apps, with the same controls', async () => {
  assert.match(textOf((await user.page('/me/connections')).text), /Nothing connected yet/);
  const second = await makeApp(admin, 'Alarms');
  const permission = await grant(admin, second, user);
  const other = await addConnection(admin, second, { name: 'Globex' });
  await connect(s, user, app, id, BOB);
  await connect(s, user, second, other, ANNA, { base_url: s.site('globex') });
  await connect(s, admin, app, id, ANNA);
  const list = (await user.get('/me/connections')).body.connections;
  assert.deepEqual(list.map((c) => [c.app.name, c.name, c.status]),
    [['Alarms', 'Globex', 'Connected as Anna Admin on globex'],
      ['Reports', 'Jira', 'Connected as Bob Builder on acme']]);
  const page = assertPage(await user.page('/me/connections'));
  assert.match(textOf(page.text), /Globex .* Alarms Reconnect Test Details Disconnect/);
  const gone = await user.submit(
    await user.submit(page, `GET /apps/${app}/connections/${id}/credential`),
    `POST /apps/${app}/connections/${id}/credential`);
  assert.equal((await user.follow(gone)).path, '/me/connections');
  const left = (await user.get('/me/connections')).body.connections;
  assert.deepEqual(left.filter((c) => c.connected).map((c) => c.name), ['Globex']);

  await admin.delete(`/apps/${second}/permissions/${permission.id}`);
  const [suspended] = (await user.get('/me/connections')).body.connections;
  assert.deepEqual([suspended.state, suspended.can_manage], ['suspended', false]);
  assert.match(suspended.status, /within 30 days/);
  await grant(admin, second, user);
  assert.equal((await rowOf(user, second, other)).state, 'connected', 'given back in time');
});

endsWell(() => s);
