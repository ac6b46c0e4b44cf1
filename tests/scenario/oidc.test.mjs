// Issue 3, proof 2: the OAuth journey against npm's oidc-provider, which nobody here wrote
// (lib/oidc.mjs). What it decides about PKCE, codes, rotation and reuse is a second opinion beside the
// simulator's; who somebody is and what is in Jira still comes from the simulator.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';

import { authorizeUrl, callbackPath, connectByOauth, connected, leadsTo } from '../lib/atlassian.mjs';
import { CLIENT_ID, CLIENT_SECRET, startOidc } from '../lib/oidc.mjs';
import { noticesOf, textOf } from '../lib/page.mjs';
import { addConnection, ANNA, assertPage, assertProblem, BOB, callsOf, clearLog, connectPath, grant,
  makeApp, rowOf, run, until } from '../lib/scene.mjs';
import { endsWell, startStack } from '../lib/stack.mjs';

let s;
let o;
let root;
let user;
let app;
let id;
let people = 0;

before(async () => {
  s = await startStack(null, { start: false });
  o = await startOidc(s);
  await s.start();
  root = await s.setup();
  app = await makeApp(root);
  await grant(root, app, 'everyone');
  id = await addConnection(root, app, { type: 'jira_oauth2', name: 'Jira' });
});
after(() => o?.stop());

beforeEach(async () => {
  user = await s.user(root, `user${people += 1}@example.com`);
  await o.control('POST', 'settings', { access_seconds: 3600, leeway_seconds: 600 });
  await clearLog(s);
  o.tokenCalls.length = 0;
});

// -> the callback's answer; what the provider gave for it is then o.tokenCalls.at(-1).body
const tryConnect = (login = ANNA) =>
  connectByOauth(s, user, app, id, login, { browser: o.person(login) });

async function connectAs(login = ANNA) {
  const answer = await tryConnect(login);
  assert.equal(answer.status, 200, answer.text);
  return o.tokenCalls.at(-1).body;
}

const myself = () => run(user, app, id, { path: '/rest/api/3/myself' });
const stateOf = async () => (await rowOf(user, app, id)).state;
const refreshes = () => o.calls('refresh_token');
const refresh = (token) => o.exchange({ grant_type: 'refresh_token', refresh_token: token });
const isUsed = async (token) =>
  (await o.tokens('RefreshToken')).find(({ value }) => value === token)?.used;

async function works(who = 'Anna Admin') {
  const answer = await myself();
  assert.equal(answer.body.body?.displayName, who, answer.text);
}

// Connected, and the provider has forgotten the access token before its time.
async function connectedAndForgotten() {
  const tokens = await connectAs();
  await o.control('POST', 'forget', { kind: 'AccessToken' });
  await clearLog(s);
  o.tokenCalls.length = 0;
  return tokens;
}

// Connected with an access token whose time is over; the next ones last an hour.
async function connectedAndExpired() {
  await o.control('POST', 'settings', { access_seconds: 4 });
  const tokens = await connectAs();
  await o.control('POST', 'settings', { access_seconds: 3600 });
  const bearer = { headers: { authorization: `Bearer ${tokens.access_token}` } };
  await until(async () => !(await o.bearer(bearer)).active, 'the end of the access token');
  await clearLog(s);
  o.tokenCalls.length = 0;
  return tokens;
}

test('the counterpart refuses by itself: PKCE, a used code, a reused refresh token', async () => {
  const verifier = crypto.randomBytes(32).toString('base64url');
  const asked = new URLSearchParams({ audience: 'api.atlassian.com', client_id: CLIENT_ID,
    scope: 'read:jira-user offline_access', redirect_uri: o.callback, state: 'S', prompt: 'consent',
    response_type: 'code', code_challenge_method: 'S256',
    code_challenge: crypto.createHash('sha256').update(verifier).digest('base64url') });
  const get = async () =>
    new URL(await o.person(BOB).accept(`${o.authUrl}/authorize?${asked}`)).searchParams.get('code');
  const exchange = (code, fields, asJson) => o.exchange({ grant_type: 'authorization_code', code,
    redirect_uri: o.callback, code_verifier: verifier, ...fields }, asJson);

  const wrong = await exchange(await get(), { code_verifier: 'w'.repeat(43) });
  assert.deepEqual([wrong.status, wrong.body.error], [400, 'invalid_request']);
  const impostor = await exchange(await get(), { client_secret: 'wrong' });
  assert.deepEqual([impostor.status, impostor.body.error], [401, 'access_denied']);

  const code = await get();
  const first = await exchange(code, {}, false); // as a form
  assert.deepEqual([first.status, first.body.token_type], [200, 'Bearer']);
  const second = await refresh(first.body.refresh_token);
  assert.equal(second.status, 200);
  assert.equal((await refresh(first.body.refresh_token)).status, 200, 'inside the leeway');
  await o.control('POST', 'settings', { leeway_seconds: 0 });
  for (const token of [first.body.refresh_token, second.body.refresh_token]) {
    const refused = await refresh(token);
    assert.deepEqual([refused.status, refused.body.error], [403, 'unauthorized_client']);
  }
  assert.equal((await exchange(code)).status, 400, 'a code is good once');
});

test('connect: PKCE, secret and code satisfy the provider; a request runs as that person', async () => {
  const url = new URL(await authorizeUrl(user, app, id));
  assert.equal(url.origin, o.authUrl);
  const answer = await user.get(callbackPath(await o.person(ANNA).accept(url.href)));
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.body.sentence, 'Connected to acme as Anna Admin.');
  assert.deepEqual(o.tokenCalls.map(({ fields, status }) => [fields.grant_type, status]),
    [['authorization_code', 200]]);
  const challenge = crypto.createHash('sha256').update(o.tokenCalls[0].fields.code_verifier);
  assert.equal(challenge.digest('base64url'), url.searchParams.get('code_challenge'));
  await clearLog(s);
  await works();
  assert.equal((await callsOf(s)).length, 1);
  assert.deepEqual(refreshes(), [], 'a token that lives is not refreshed');
  const tested = await user.post(`/apps/${app}/connections/${id}/test`);
  assert.equal(tested.body.ok, true, tested.text);
});

test('connect by pages: to the provider, and back to where it began', async () => {
  const home = await user.page(`/apps/${app}`);
  const gone = await user.submit(home, `POST ${connectPath(app, id)}`);
  const back = await user.page(callbackPath(await o.person(ANNA).accept(leadsTo(gone))));
  const page = assertPage(await user.follow(back));
  assert.equal(page.path, `/apps/${app}`);
  assert.deepEqual(noticesOf(page.text), ['Connected to acme as Anna Admin.']);
  assert.match(textOf(page.text), /Connected as Anna Admin on acme/);
});

test('cancelled at the provider: declined, nothing is exchanged, the state is used up', async () => {
  const back = callbackPath(await o.person(ANNA).cancel(await authorizeUrl(user, app, id)));
  assertProblem(await user.get(back), 403, 'declined');
  const late = back.replace('error=access_denied', 'code=abc');
  assertProblem(await user.get(late), 410, 'state_expired');
  assert.deepEqual([o.tokenCalls, await stateOf()], [[], 'not_connected']);
});

test('several sites: one is chosen, and requests go there', async () => {
  o.sites = ['globex', 'acme'];
  try {
    const done = await connected(s, user, app, id, ANNA, { browser: o.person(ANNA), site: 'globex' });
    assert.equal(done.connection.site_url, s.site('globex'));
  } finally {
    o.sites = ['acme'];
  }
  await clearLog(s);
  await works();
  const [call] = await callsOf(s);
  assert.match(call, /\/ex\/jira\//);
  assert.equal(o.calls('authorization_code').length, 1, 'a choice needs no second sign-in');
});

test('an expired access token: the next request refreshes, and the provider rotates', async () => {
  const old = await connectedAndExpired();
  assert.equal(await isUsed(old.refresh_token), false);
  await works();
  const [{ fields, status, body }, ...more] = refreshes();
  assert.deepEqual([fields.refresh_token, status, more], [old.refresh_token, 200, []]);
  assert.notEqual(body.refresh_token, old.refresh_token);
  assert.deepEqual([await isUsed(old.refresh_token), await isUsed(body.refresh_token)], [true, false]);
  await works();
  assert.equal(refreshes().length, 1, 'and its token is used from then on');
});

test('what was rotated to is what the next refresh uses, three times over', async () => {
  let { refresh_token: latest } = await connectAs();
  await o.control('POST', 'settings', { leeway_seconds: 0 }); // an old one would be the end
  for (let i = 0; i < 3; i += 1) {
    await o.control('POST', 'forget', { kind: 'AccessToken' });
    await works();
    const { fields, body } = o.tokenCalls.at(-1);
    assert.equal(fields.refresh_token, latest);
    latest = body.refresh_token;
  }
  assert.equal(refreshes().length, 3);
});

test('twenty requests at once at the expiry: one refresh', async () => {
  await connectedAndExpired();
  const answers = await Promise.all(Array.from({ length: 20 }, myself));
  for (const answer of answers) assert.equal(answer.body.body?.displayName, 'Anna Admin', answer.text);
  assert.deepEqual(refreshes().map(({ status }) => status), [200]);
  assert.equal((await callsOf(s)).filter((c) => c.includes('/myself')).length, 20);
});

test('an access token that ends before its time: refreshed on 401, and a POST is made once', async () => {
  await connectedAndForgotten();
  const answer = await run(user, app, id, { method: 'POST', path: '/rest/api/3/issue',
    body: JSON.stringify({ fields: { project: { key: 'ACME' }, summary: 'Once',
      issuetype: { name: 'Task' } } }) });
  assert.equal(answer.body.status, 201, answer.text);
  assert.equal(refreshes().length, 1);
  assert.equal((await callsOf(s)).filter((c) => c.startsWith('POST ')).length, 1);
});

test('the old refresh token used by somebody else inside the leeway: nobody is cut off', async () => {
  const old = await connectedAndForgotten();
  await works();
  assert.equal((await refresh(old.refresh_token)).status, 200);
  await works();
  await o.control('POST', 'forget', { kind: 'AccessToken' });
  await works();
  assert.equal(await stateOf(), 'connected');
});

test('reuse after the leeway ends the family: needs_reconnect; Reconnect works', async () => {
  const old = await connectedAndForgotten();
  await works();
  await o.control('POST', 'settings', { leeway_seconds: 0 });
  assert.equal((await refresh(old.refresh_token)).status, 403);
  assert.equal(await stateOf(), 'connected', 'nobody has told Mortise yet');
  const refused = assertProblem(await myself(), 409, 'needs_reconnect', /Reconnect/);
  assert.ok(refused.connect_url.endsWith(connectPath(app, id)), refused.connect_url);
  const row = await rowOf(user, app, id);
  assert.deepEqual([row.state, row.connect_label], ['needs_reconnect', 'Reconnect']);
  const asked = o.tokenCalls.length;
  assertProblem(await myself(), 409, 'needs_reconnect');
  assert.equal(o.tokenCalls.length, asked, 'a dead grant is not tried again');
  await connectAs();
  assert.equal(await stateOf(), 'connected');
  await works();
});

test('a code is good once: at Mortise the state is used, at the provider the grant dies', async () => {
  const back = callbackPath(await o.person(ANNA).accept(await authorizeUrl(user, app, id)));
  assert.equal((await user.get(back)).status, 200);
  const [{ fields }] = o.tokenCalls;
  assertProblem(await user.get(back), 410, 'state_expired');
  assert.equal(o.tokenCalls.length, 1, 'a replayed callback asks nobody');
  await works();
  const replayed = await o.exchange(fields); // as whoever has seen all that Mortise sent
  assert.deepEqual([replayed.status, replayed.body.error], [400, 'invalid_request']);
  assertProblem(await myself(), 409, 'needs_reconnect');
});

test('PKCE: a code that was issued for another challenge is refused', async () => {
  const second = await addConnection(root, app, { type: 'jira_oauth2' });
  const [mine, other] = await Promise.all([id, second].map(async (each) =>
    new URL(await o.person(ANNA).accept(await authorizeUrl(user, app, each)))));
  const injected = new URL(mine);
  injected.searchParams.set('code', other.searchParams.get('code'));
  assertProblem(await user.get(callbackPath(injected)), 409, 'code_refused');
  assert.equal(o.tokenCalls.at(-1).decided.error, 'invalid_grant');
  assert.equal(await stateOf(), 'not_connected');
  const right = await user.get(callbackPath(other));
  assert.equal(right.status, 200, `the code itself is good: ${right.text}`);
});

test('a wrong client secret is an operator\'s fault: nobody has to reconnect', async () => {
  const secret = (value) => o.control('POST', 'secret', { client_id: CLIENT_ID, secret: value });
  await connectedAndForgotten();
  await secret('another-secret-was-made');
  try {
    assertProblem(await myself(), 409, 'client_refused', /workspace admin/);
    assert.equal(await stateOf(), 'connected');
    assertProblem(await tryConnect(), 409, 'client_refused');
    assert.deepEqual(o.tokenCalls.map(({ status }) => status), [401, 401]);
  } finally {
    await secret(CLIENT_SECRET);
  }
  assert.equal((await root.post('/settings/oauth-client/test')).status, 200); // tries again at once
  await works();
  assert.equal(await stateOf(), 'connected');
});

test('the provider dies: bad luck, no reconnect; when it is back, all goes on', async () => {
  await connectedAndExpired();
  await o.provider.stop('SIGKILL');
  try {
    const answer = await myself();
    assert.match(answer.code, /^upstream_/, answer.text);
    assert.equal(await stateOf(), 'connected');
  } finally {
    await o.startProvider();
  }
  await until(async () => (await myself()).status === 200, 'the end of the back-off');
  assert.equal(refreshes().length, 1);
});

endsWell(() => s);
