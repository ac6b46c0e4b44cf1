// Point 5: Connect by Jira (API): the staged check, classic and scoped tokens, service accounts,
// the anonymous trap, limits on attempts, what Jira sees of all this.

import assert from 'node:assert/strict';
import { before, beforeEach, test } from 'node:test';

import { fieldError, noticesOf, textOf } from '../lib/page.mjs';
import { addConnection, ANNA, assertFieldErrors, assertPage, assertProblem, BOB, BOT, callsOf, CARLA,
  clearLog, connect, connectPath, DAVE, fault, grant, makeApp, noFaults, rowOf, run, SCOPES,
  tryConnect } from '../lib/scene.mjs';
import { endsWell, sql, startStack } from '../lib/stack.mjs';

const CLOUD_ID = '1d1f4c5e-7a52-4d0e-9b5b-2c8f6a3e9d70';

let s;
let root;
let user;
let app;
let id;
let people = 0;

before(async () => {
  s = await startStack(null);
  root = await s.setup();
  app = await makeApp(root);
  await grant(root, app, 'everyone');
  id = await addConnection(root, app, { name: 'Jira' });
});

// Attempts are limited for each user: everybody begins anew.
beforeEach(async () => {
  user = await s.user(root, `user${people += 1}@example.com`);
  await noFaults(s);
  await s.control('POST', 'unlock', {});
  await clearLog(s);
});

const attempt = (email, more) => tryConnect(s, user, app, id, email, more);
const withSecret = async () => (await callsOf(s)).filter((c) => / as /.test(c));
const notConnected = async () => assert.equal((await rowOf(user, app, id)).state, 'not_connected');

test('a classic token works on the site\'s host; the answer says who and where', async () => {
  const done = await attempt(BOB, { expires: '2099-12-31' });
  assert.equal(done.status, 200, done.text);
  assert.equal(done.body.sentence, 'Connected to acme as Bob Builder.');
  const row = done.body.connection;
  assert.deepEqual([row.state, row.account, row.account_email, row.site, row.site_url],
    ['connected', 'Bob Builder', BOB, 'acme', s.site()]);
  assert.equal(row.expires.slice(0, 10), '2099-12-31');
  assert.equal(row.status, 'Connected as Bob Builder on acme');
  assert.match(row.health.expiry.sentence, /expires on 31 December 2099/);
  assert.deepEqual(await withSecret(), [`GET acme.localhost /rest/api/3/myself as ${BOB}`]);
});

test('a scoped token is found out and used through the gateway, then and later', async () => {
  const done = await attempt(ANNA, { token: { scopes: SCOPES } });
  assert.equal(done.status, 200, done.text);
  assert.deepEqual([done.body.connection.account, done.body.connection.site_url], ['Anna Admin', s.site()]);
  assert.deepEqual(await withSecret(), [`GET acme.localhost /rest/api/3/myself as ${ANNA}`,
    `GET 127.0.0.1 /ex/jira/${CLOUD_ID}/rest/api/3/myself as ${ANNA}`]);
  await clearLog(s);
  const answer = await run(user, app, id, { path: '/rest/api/3/project/search' });
  assert.equal(answer.body.status, 200, answer.text);
  assert.deepEqual(await callsOf(s),
    [`GET 127.0.0.1 /ex/jira/${CLOUD_ID}/rest/api/3/project/search as ${ANNA}`]);
  const tested = await user.post(`/apps/${app}/connections/${id}/test`);
  assert.equal(tested.body.sentence, 'Everything works: this is Anna Admin on acme.', tested.text);
});

test('a service account connects like anybody', async () => {
  const done = await attempt(BOT, { token: { scopes: SCOPES } });
  assert.equal(done.body.connection?.account, 'Build Bot', done.text);
});

test('a wrong key is refused at the stage "token", asked once of each host, nothing saved', async () => {
  const answer = await attempt(BOB, { api_key: 'ATATT3xFfGF0-wrong' });
  const body = assertProblem(answer, 422, 'credential_refused', /make a new one/);
  assert.equal(body.stage, 'token');
  assert.deepEqual(await withSecret(), [`GET acme.localhost /rest/api/3/myself as ${BOB}`,
    `GET 127.0.0.1 /ex/jira/${CLOUD_ID}/rest/api/3/myself as ${BOB}`]);
  await notConnected();
});

test('somebody else\'s token, an expired one, an account that is not on the site: refused', async () => {
  const key = await s.token(ANNA);
  assertProblem(await attempt(BOB, { api_key: key }), 422, 'credential_refused');
  assertProblem(await attempt(BOB, { token: { days: -1 } }), 422, 'credential_refused');
  assertProblem(await attempt(DAVE), 422, 'credential_refused');
  await notConnected();
});

test('the Username is matched whatever its case, and spaces around values do no harm', async () => {
  const done = await attempt('  Bob@ACME.example ',
    { api_key: ` ${await s.token(BOB)}\n`, base_url: ` ${s.site()}/ ` });
  assert.equal(done.body.connection?.account, 'Bob Builder', done.text);
});

test('a pasted board or issue address is fine, with or without its scheme', async () => {
  const host = s.site().replace('http://', '');
  for (const base_url of [`${s.site()}/jira/software/projects/ACME/boards/1`,
    `${s.site().replace('acme', 'ACME')}/browse/ACME-1?focus=1#comment`, `${host}/`, host]) {
    const done = await attempt(BOB, { base_url });
    assert.equal(done.status, 200, `${base_url}: ${done.text}`);
    assert.equal(done.body.connection.site_url, s.site());
  }
});

test('a scoped token without read:jira-user: the missing scope is named', async () => {
  const answer = await attempt(ANNA, { token: { scopes: ['read:jira-work'] } });
  assertProblem(answer, 403, 'scope_missing', /read:jira-user/);
  await notConnected();
});

test('the CAPTCHA is named, and no second host is asked', async () => {
  const basic = Buffer.from(`${CARLA}:wrong`).toString('base64');
  for (let i = 0; i < 5; i += 1)
    await fetch(`${s.simUrl}/sites/acme/rest/api/3/myself`, { headers: { authorization: `Basic ${basic}` } });
  await clearLog(s);
  const answer = await attempt(CARLA);
  assertProblem(answer, 422, 'credential_refused', /Sign in to Jira once in a browser/);
  assert.deepEqual(await withSecret(), [`GET acme.localhost /rest/api/3/myself as ${CARLA}`]);
  await s.control('POST', 'unlock', { email: CARLA });
  assert.equal((await attempt(CARLA)).status, 200);
});

test('refused keys are limited for each host and Username over all users, before Jira locks', async () => {
  const other = await s.user(root, 'other-limits@example.com');
  const globex = { base_url: s.site('globex'), api_key: 'no-such-key' };
  for (const client of [user, other, user, other])
    assertProblem(await tryConnect(s, client, app, id, DAVE, globex), 422, 'credential_refused');
  await clearLog(s);
  for (const email of [DAVE, DAVE.toUpperCase()]) {
    const refused = await tryConnect(s, user, app, id, email, globex);
    assertProblem(refused, 429, 'too_many_attempts', /Wait \d+ minutes/);
    assert.ok(Number(refused.headers.get('retry-after')) > 0);
  }
  assert.deepEqual(await callsOf(s), []);
  const { lockouts } = await s.control('GET', 'state');
  assert.ok(lockouts.every((l) => l.failures < 5), JSON.stringify(lockouts));
  assert.equal((await attempt(BOB, {})).status, 200, 'another Username is not limited');
});

test('attempts are limited for each user', async () => {
  await fault(s, 'status', { status: 503, times: 'always' });
  for (let i = 0; i < 20; i += 1)
    assert.equal((await attempt(`nobody${i}@acme.example`, { api_key: 'x' })).status, 502);
  await clearLog(s);
  assertProblem(await attempt(BOB), 429, 'too_many_attempts');
  assert.deepEqual(await callsOf(s), []);
});

test('what is missing or odd is said beside its field, and Jira is not asked', async () => {
  assertFieldErrors(await user.post(connectPath(app, id), {}), 'api_key', 'base_url', 'username');
  assertFieldErrors(await attempt('bob:x', { api_key: 'k' }), 'username');
  assertFieldErrors(await attempt(BOB, { api_key: 'k'.repeat(5000) }), 'api_key');
  assertFieldErrors(await attempt(BOB, { api_key: 'k', expires: '31.12.2099' }), 'expires');
  assertFieldErrors(await attempt(BOB, { api_key: 'k', expires: '2020-01-01' }), 'expires');
  assertFieldErrors(await attempt(BOB, { api_key: 'k', base_url: 'https://jira.example.com' }), 'base_url');
  assert.deepEqual(await callsOf(s), []);
});

test('an address that is not a Jira site: the stage and what to do', async () => {
  const gone = await attempt(BOB, { base_url: s.site('nosuch') });
  assertFieldErrors(gone, 'base_url');
  for (const [kind, more, sentence] of [
    ['html', {}, /web page/],
    ['redirect', { to: `${s.site('globex')}/rest/api/3/myself` }, /redirection/],
    ['body', { body: '{"accountId":""}' }, /whose API key/],
    ['body', { body: '{"name":"x"}' }, /whose API key/],
    ['invalid_utf8', {}, /whose API key/],
    ['html', { status: 404 }, /no Jira site/],
  ]) {
    await noFaults(s);
    await clearLog(s);
    await fault(s, kind, { ...more, times: 'always', match: { path: '/rest/api/3/myself' } });
    const answer = await attempt(BOB, { api_key: await s.token(BOB) });
    assertProblem(answer, 502, 'upstream_not_jira', sentence);
    assert.ok((await callsOf(s)).every((c) => !/globex/.test(c)), 'a redirect was followed');
  }
  await notConnected();
});

test('serverInfo and empty lists that strangers get too prove nothing', async () => {
  await fault(s, 'body', { match: { path: '/rest/api/3/myself' }, times: 'always', status: 200,
    type: 'application/json', body: '' });
  assertProblem(await attempt(BOB), 502, 'upstream_not_jira');
  await noFaults(s);
  await fault(s, 'headers', { match: { path: '/rest/api/3/myself' }, times: 'always',
    headers: { 'X-Seraph-LoginReason': 'AUTHENTICATED_FAILED' } });
  assertProblem(await attempt(BOB), 422, 'credential_refused');
  await notConnected();
});

test('the gateway is asked only for a cloud id that is a UUID', async () => {
  for (const body of ['{"cloudId":"../../evil"}', '{"cloudId":""}', '{}', 'nonsense', '[]']) {
    await noFaults(s);
    await clearLog(s);
    await fault(s, 'body', { match: { path: '/_edge/tenant_info' }, times: 'always', body });
    const answer = await attempt(ANNA, { token: { scopes: SCOPES } });
    assertProblem(answer, 422, 'credential_refused');
    assert.ok((await callsOf(s)).every((c) => !c.includes('/ex/jira')), body);
    await s.control('POST', 'unlock', {});
    sql(s, 'DELETE FROM throttles');
  }
});

test('once connected, an answer given as to a stranger is never passed off as one\'s own', async () => {
  await connect(s, user, app, id, BOB);
  for (const path of ['/rest/api/3/project/search', '/rest/api/3/issue/ACME-1',
    '/rest/api/3/search/jql?jql=project%3DACME', '/rest/api/3/myself']) {
    await connect(s, user, app, id, BOB);
    await s.control('POST', 'revoke', { email: BOB });
    const answer = await run(user, app, id, { path });
    const body = assertProblem(answer, 409, 'needs_reconnect', /Reconnect/);
    assert.ok(body.connect_url.endsWith(connectPath(app, id)));
    assert.doesNotMatch(answer.text, /"values"|"issues"/);
    const row = await rowOf(user, app, id);
    assert.deepEqual([row.state, row.connect_label], ['needs_reconnect', 'Reconnect']);
    assert.match(row.status, /^Needs reconnecting: Jira/);
  }
});

test('the dialog: link to the tokens page, the failure\'s sentence, what was entered but no key',
    async () => {
  const page = assertPage(await user.page(connectPath(app, id)));
  assert.match(page.text, /href="http:[^"]*\/manage-profile\/security\/api-tokens" target="_blank"/);
  const form = `POST ${connectPath(app, id)}`;
  const wrong = await user.submit(page, form,
    { base_url: s.site(), username: BOB, api_key: 'ATATT-typed-wrong', expires: '2099-01-02' });
  assertPage(wrong, 422, /did not accept this Username and API key/);
  for (const kept of [s.site(), BOB, '2099-01-02']) assert.ok(wrong.text.includes(`value="${kept}"`), kept);
  assert.doesNotMatch(wrong.text, /typed-wrong/);
  const bad = await user.submit(wrong, form, { base_url: 'ftp://x', username: '', api_key: 'k' });
  assertPage(bad, 422);
  assert.match(fieldError(bad.text, 'base_url'), /https/);
  assert.ok(fieldError(bad.text, 'username'));
  const done = await user.submit(bad, form,
    { base_url: s.site(), username: BOB, api_key: await s.token(BOB) });
  const back = await user.follow(done);
  assert.deepEqual(noticesOf(back.text), ['Connected to acme as Bob Builder.']);
  assert.match(textOf(back.text), /Connected as Bob Builder on acme/);
  assert.deepEqual(noticesOf((await user.page(back.path)).text), [], 'a notice is shown once');
});

test('an expiry that is near is flagged', async () => {
  const soon = new Date(Date.now() + 5 * 86400e3).toISOString().slice(0, 10);
  const done = await attempt(BOB, { expires: soon });
  assert.deepEqual([done.body.connection.health.expiry.level, done.body.connection.state], ['week', 'connected']);
  assert.match(textOf((await user.page(`/apps/${app}`)).text), /expires in 5 days, on/);
});

endsWell(() => s);
