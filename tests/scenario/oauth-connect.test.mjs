// Issue points 2, 3, 5, 6: Connect by OAuth2 through the API: every way it can end, what is asked of
// Atlassian, reconnecting, refreshing, disconnecting.

import assert from 'node:assert/strict';
import { before, beforeEach, test } from 'node:test';

import { atAtlassian, authorizeUrl, callbackPath, connectByOauth, connected } from '../lib/atlassian.mjs';
import { addConnection, ANNA, assertProblem, BOB, callsOf, CARLA, clearLog, connectPath, DAVE, fault,
  grant, makeApp, noFaults, rowOf, run } from '../lib/scene.mjs';
import { endsWell, OAUTH_CLIENT, OAUTH_SECRET, sql, startStack } from '../lib/stack.mjs';

const ERIN = 'erin@nowhere.example';

let s;
let root;
let user;
let app;
let id;
let people = 0;

before(async () => {
  s = await startStack(null, { oauth: true, renamed: 'globex-new' });
  root = await s.setup();
  app = await makeApp(root);
  await grant(root, app, 'everyone');
});

// Everybody begins anew, with a connection of their own and an Atlassian without memory of them.
beforeEach(async () => {
  await noFaults(s);
  for (const email of [ANNA, BOB, CARLA, DAVE])
    await s.control('POST', 'revoke-grant', { email });
  user = await s.user(root, `oauth${(people += 1)}@example.com`);
  id = await addConnection(root, app, { type: 'jira_oauth2' });
  await clearLog(s);
});

const oauth = (email, options) => connectByOauth(s, user, app, id, email, options);
const state = async () => (await rowOf(user, app, id)).state;
const generation = () => sql(s, `SELECT g.generation FROM oauth_grants g JOIN credentials c
  ON c.grant_id = g.id WHERE c.connection_id = '${id}'`)[0][0];
const age = (seconds, email) => s.control('POST', 'age-tokens', { seconds, email });
// Mortise goes by the clock: what is older at Atlassian has to be older here too.
const ageHere = () => sql(s, 'UPDATE oauth_grants SET access_expires = 1');

test('the authorize URL has every documented parameter, PKCE, and a state of 256 bits', async () => {
  const url = new URL(await authorizeUrl(user, app, id));
  assert.equal(url.origin, `http://auth.localhost:${s.simPort}`);
  assert.equal(url.pathname, '/authorize');
  const q = Object.fromEntries(url.searchParams);
  assert.match(q.state, /^[\w-]{43}$/);
  assert.match(q.code_challenge, /^[\w-]{43}$/);
  assert.deepEqual({ ...q, state: 0, code_challenge: 0 }, {
    audience: 'api.atlassian.com', client_id: OAUTH_CLIENT, redirect_uri: s.callback,
    scope: 'read:jira-work write:jira-work read:jira-user offline_access', response_type: 'code',
    prompt: 'consent', code_challenge_method: 'S256', state: 0, code_challenge: 0,
  });
  const again = new URL(await authorizeUrl(user, app, id)).searchParams;
  assert.notEqual(again.get('state'), q.state);
  assert.notEqual(again.get('code_challenge'), q.code_challenge);
  const [[stored]] = sql(s, `SELECT count(*) FROM pending_connects WHERE instr(found, '${q.state}') > 0`);
  assert.equal(stored, 0);
});

test('one site: connected as who Jira says, and requests go through the gateway with Bearer', async () => {
  const done = await oauth(BOB);
  assert.equal(done.status, 200, done.text);
  assert.equal(done.body.sentence, 'Connected to acme as Bob Builder.');
  const row = done.body.connection;
  assert.deepEqual([row.state, row.type, row.account, row.site, row.site_url],
    ['connected', 'jira_oauth2', 'Bob Builder', 'acme', s.site()]);
  await clearLog(s);
  const answer = await run(user, app, id, { path: '/rest/api/3/myself' });
  assert.equal(answer.body?.body?.displayName, 'Bob Builder', answer.text);
  assert.equal(answer.body.credential.account, 'Bob Builder');
  const calls = await callsOf(s);
  assert.equal(calls.length, 1, calls.join('\n'));
  assert.match(calls[0], /\/ex\/jira\/[\w-]{36}\/rest\/api\/3\/myself/);
});

test('several sites: a question, good once, of this session; the choice is what requests use', async () => {
  const asked = await oauth(ANNA, { site: 'acme' });
  const first = asked.status === 200 ? await oauth(ANNA, { site: 'globex' }) : asked;
  const body = assertProblem(first, 409, 'choose_site');
  assert.deepEqual(body.sites.map((each) => each.name), ['acme', 'globex']);
  const other = await s.user(root, `other${people}@example.com`);
  assertProblem(await other.post(connectPath(app, id), { confirm: body.confirm, site: body.sites[1].id }),
    410, 'confirm_expired');
  const wrong = await user.post(connectPath(app, id), { confirm: body.confirm, site: 'nonsense' });
  assert.equal(wrong.status, 422, wrong.text);
  let done = await user.post(connectPath(app, id), { confirm: body.confirm, site: body.sites[1].id });
  if (done.code === 'identity_changed')
    done = await user.post(connectPath(app, id), { confirm: done.body.confirm });
  assert.equal(done.status, 200, done.text);
  assert.equal(done.body.connection.site, 'globex');
  assertProblem(await user.post(connectPath(app, id), { confirm: body.confirm, site: body.sites[1].id }),
    410, 'confirm_expired');
  const answer = await run(user, app, id, { path: '/rest/api/3/serverInfo' });
  assert.match(answer.text, /globex/);
});

test('declined: Atlassian sends no state; nothing changes and one can go again', async () => {
  const bob = await atAtlassian(s, BOB);
  const back = await bob.cancel(await authorizeUrl(user, app, id));
  assert.equal(new URL(back).searchParams.get('state'), null);
  const answer = await user.get(callbackPath(back));
  assertProblem(answer, 403, 'declined', /declined/);
  assert.equal(await state(), 'not_connected');
  assert.equal((await oauth(BOB, { browser: bob })).status, 200);
});

test('a decline keeps what was there', async () => {
  await oauth(BOB);
  const bob = await atAtlassian(s, BOB);
  assertProblem(await user.get(callbackPath(await bob.cancel(await authorizeUrl(user, app, id)))), 403,
    'declined');
  assert.equal((await run(user, app, id, { path: '/rest/api/3/myself' })).status, 200);
});

test('stranded at Atlassian: the page explains, and after ten minutes that it is over', async () => {
  await s.control('POST', 'apps', { client_id: OAUTH_CLIENT, callback: 'http://localhost:1/elsewhere' });
  try {
    const bob = await atAtlassian(s, BOB);
    const answer = await bob.open(await authorizeUrl(user, app, id));
    assert.match(answer.location ?? answer.text, /redirect_uri/);
  } finally {
    await s.control('POST', 'apps', { client_id: OAUTH_CLIENT, callback: s.callback });
  }
  const { unfinished } = (await user.get(connectPath(app, id))).body.connection;
  assert.equal(unfinished?.expired, false);
  const page = await user.page(connectPath(app, id));
  assert.match(page.text, /have not come back/);
  assert.match(page.text, /redirect_uri is not registered/);
  assert.ok(page.text.includes(s.callback), 'names the exact callback URL');
  sql(s, `UPDATE pending_connects SET until = 1 WHERE connection_id = '${id}'`);
  assert.equal((await user.get(connectPath(app, id))).body.connection.unfinished.expired, true);
});

test('an app that is not shared strands others; its owner gets through', async () => {
  await s.control('POST', 'apps', { client_id: OAUTH_CLIENT, shared: false });
  try {
    const bob = await atAtlassian(s, BOB);
    const answer = await bob.open(await authorizeUrl(user, app, id));
    assert.match(answer.text + answer.location, /failed to retrieve client/i);
  } finally {
    await s.control('POST', 'apps', { client_id: OAUTH_CLIENT, shared: true });
  }
  assert.match((await user.page(connectPath(app, id))).text, /failed to retrieve client/);
});

test('a wrong client secret is the operator\'s fault, said so, and nobody is sent to reconnect', async () => {
  await oauth(BOB);
  await s.control('POST', 'apps', { client_id: OAUTH_CLIENT, client_secret: 'another' });
  try {
    assertProblem(await oauth(BOB), 409, 'client_refused', /workspace admin/);
    ageHere();
    assertProblem(await run(user, app, id, { path: '/rest/api/3/myself' }), 409, 'client_refused');
    assert.equal(await state(), 'connected');
  } finally {
    await s.control('POST', 'apps', { client_id: OAUTH_CLIENT, client_secret: OAUTH_SECRET });
  }
  const backsOff = await run(user, app, id, { path: '/rest/api/3/myself' });
  assertProblem(backsOff, 409, 'client_refused', /tries again at \d\d:\d\d:\d\d UTC/);
  const tested = await root.post('/settings/oauth-client/test');
  assert.match(tested.body.sentence, /1 authorisation was refused because of it/, tested.text);
  assert.equal((await run(user, app, id, { path: '/rest/api/3/myself' })).status, 200);
});

test('a bad code, an old code: one sentence, and what was there stays', async () => {
  const bob = await atAtlassian(s, BOB);
  const bad = new URL(await bob.accept(await authorizeUrl(user, app, id)));
  bad.searchParams.set('code', 'invented');
  assertProblem(await user.get(callbackPath(bad)), 409, 'code_refused');
  const old = await bob.accept(await authorizeUrl(user, app, id));
  await age(3600);
  assertProblem(await user.get(callbackPath(old)), 409, 'code_refused');
  assert.equal(await state(), 'not_connected');
});

test('no Jira site, and a site without Jira', async () => {
  const bob = await atAtlassian(s, BOB);
  const url = await authorizeUrl(user, app, id);
  const back = await bob.accept(url);
  await s.control('POST', 'membership', { site: 'acme', email: BOB, role: null });
  try {
    assertProblem(await user.get(callbackPath(back)), 409, 'no_site');
  } finally {
    await s.control('POST', 'membership', { site: 'acme', email: BOB, role: 'member' });
  }
  const erin = await atAtlassian(s, ERIN);
  const stranded = await erin.open(await authorizeUrl(user, app, id));
  assert.notEqual(stranded.status, 302);
  assert.equal(await state(), 'not_connected');
});

test('a scope that the app lacks strands at Atlassian; one that a call needs is named as such', async () => {
  const own = await s.control('POST', 'apps', { callback: s.callback, scopes: ['read:jira-user'],
    owner: BOB, shared: true });
  const saved = await root.post(`/apps/${app}/connections/${id}/oauth-client`,
    { client_id: own.client_id, client_secret: own.client_secret, scopes: 'read:jira-user' });
  assert.equal(saved.status, 200, saved.text);
  assert.equal((await oauth(BOB)).status, 200);
  const answer = await run(user, app, id, { path: '/rest/api/3/project/search' });
  assert.match(answer.text, /lacks a scope/);
  assert.equal(await state(), 'connected');
});

test('reconnect as somebody else asks first; keeping the old one keeps it', async () => {
  await oauth(BOB);
  const asked = await oauth(CARLA, { site: 'acme' });
  const body = asked.code === 'choose_site'
    ? (await user.post(connectPath(app, id),
      { confirm: asked.body.confirm, site: asked.body.sites.find((x) => x.name === 'acme').id })).body
    : assertProblem(asked, 409, 'identity_changed');
  assert.equal(body.code, 'identity_changed');
  assert.equal(body.before.account, 'Bob Builder');
  assert.match(body.now.account, /Carla/);
  assert.equal((await rowOf(user, app, id)).account, 'Bob Builder');
  assert.equal((await run(user, app, id, { path: '/rest/api/3/myself' })).body.body.displayName,
    'Bob Builder');
  const yes = await user.post(connectPath(app, id), { confirm: body.confirm });
  assert.equal(yes.status, 200, yes.text);
  assert.match((await rowOf(user, app, id)).account, /Carla/);
  assertProblem(await user.post(connectPath(app, id), { confirm: body.confirm }), 410, 'confirm_expired');
});

test('an expired access token is refreshed when used: rotated, committed, once for all that wait', async () => {
  await oauth(BOB);
  await age(3600, BOB);
  ageHere();
  await clearLog(s);
  const before = generation();
  const answers = await Promise.all(Array.from({ length: 20 }, () =>
    run(user, app, id, { path: '/rest/api/3/myself' })));
  for (const answer of answers) assert.equal(answer.body?.status, 200, answer.text);
  const tokenCalls = (await callsOf(s)).filter((c) => c.includes('/oauth/token'));
  assert.equal(tokenCalls.filter((c) => !c.includes('accessible')).length, 1, tokenCalls.join('\n'));
  assert.equal(generation(), before + 1);
  // and the rotated one works the next time
  await age(3600, BOB);
  ageHere();
  assert.equal((await run(user, app, id, { path: '/rest/api/3/myself' })).body?.status, 200);
});

test('an answer without a refresh token keeps the old one', async () => {
  await oauth(BOB);
  await s.control('POST', 'oauth', { omit_refresh_token: 1 });
  for (let i = 0; i < 2; i += 1) {
    ageHere();
    const answer = await run(user, app, id, { path: '/rest/api/3/myself' });
    assert.equal(answer.body?.status, 200, answer.text);
  }
});

test('an access token that Atlassian dropped early: refreshed once, the call repeated once', async () => {
  await oauth(BOB);
  await age(3600, BOB); // Mortise believes that it lives
  await clearLog(s);
  const answer = await run(user, app, id, { method: 'POST', path: '/rest/api/3/issue',
    body: { fields: { project: { key: 'ACME' }, issuetype: { name: 'Task' }, summary: 'once' } } });
  assert.equal(answer.body?.status, 201, answer.text);
  const posts = (await callsOf(s)).filter((c) => c.startsWith('POST') && c.includes('/issue'));
  assert.equal(posts.length, 2, 'the 401 and the one that was carried out');
});

test('revoked at Atlassian: needs reconnecting, with the reason; reconnecting is all it takes', async () => {
  await oauth(BOB);
  await s.control('POST', 'revoke-grant', { email: BOB });
  const answer = await run(user, app, id, { path: '/rest/api/3/myself' });
  assertProblem(answer, 409, 'needs_reconnect');
  assert.ok(answer.body.connect_url);
  const row = await rowOf(user, app, id);
  assert.equal(row.state, 'needs_reconnect');
  assert.match(row.why, /revoked/);
  assert.equal((await oauth(BOB)).status, 200);
  assert.equal((await run(user, app, id, { path: '/rest/api/3/myself' })).body?.status, 200);
});

test('one grant per client and account: two apps, one grant; it goes with the last credential', async () => {
  sql(s, 'DELETE FROM credentials');
  sql(s, 'DELETE FROM oauth_grants');
  const other = await makeApp(root);
  await grant(root, other, user);
  const otherId = await addConnection(root, other, { type: 'jira_oauth2' });
  await oauth(BOB);
  await connected(s, user, other, otherId, BOB);
  const bobs = () => sql(s, `SELECT count(*) FROM oauth_grants g JOIN credentials c ON c.grant_id = g.id
    WHERE c.connection_id IN ('${id}', '${otherId}') GROUP BY g.id`);
  assert.deepEqual(bobs(), [[2]]);
  for (const [a, i] of [[app, id], [other, otherId]])
    assert.equal((await run(user, a, i, { path: '/rest/api/3/myself' })).body?.status, 200);
  const first = await user.delete(`/apps/${app}/connections/${id}/credential`);
  assert.match(first.body.sentence, /keeps the tokens .* because another connection uses them/);
  assert.ok(first.body.sentence.includes(`http://id.localhost:${s.simPort}/manage-profile/apps`));
  assert.equal((await run(user, other, otherId, { path: '/rest/api/3/myself' })).body?.status, 200);
  const last = await user.delete(`/apps/${other}/connections/${otherId}/credential`);
  assert.match(last.body.sentence, /erased/);
  assert.equal(sql(s, 'SELECT count(*) FROM oauth_grants')[0][0], 0);
});

test('a fixed site: no other will do, and when it is granted it is taken without a question', async () => {
  const fixed = await addConnection(root, app, { type: 'jira_oauth2', base_url: s.site('globex'),
    base_url_fixed: true });
  const wrong = await connectByOauth(s, user, app, fixed, BOB);
  assertProblem(wrong, 409, 'no_site', /globex/);
  await connectByOauth(s, user, app, fixed, ANNA, { site: 'acme' });
  const right = await connectByOauth(s, user, app, fixed, ANNA, { site: 'globex' });
  assert.equal(right.status, 200, right.text);
  assert.equal(right.body.connection.site, 'globex');
});

test('test of a connection: in stages, and says when the site is gone', async () => {
  await oauth(BOB);
  const path = `/apps/${app}/connections/${id}/test`;
  const good = await user.post(path);
  assert.equal(good.body.ok, true, good.text);
  assert.equal(good.body.sentence, 'Everything works: this is Bob Builder on acme.');
  assert.doesNotMatch(good.text, /API key/);
  await s.control('POST', 'membership', { site: 'acme', email: BOB, role: null });
  try {
    const gone = await user.post(path);
    assert.equal(gone.body.ok, false, gone.text);
    assert.equal(gone.body.stages.find((x) => x.stage === 'site').verdict, 'failed');
    assert.equal(await state(), 'needs_reconnect');
  } finally {
    await s.control('POST', 'membership', { site: 'acme', email: BOB, role: 'member' });
  }
});

test('a renamed site is still the same one: requests go on, and a test learns the name', async () => {
  await oauth(DAVE);
  await s.control('POST', 'rename', { site: 'globex', to: 'globex-new' });
  try {
    assert.equal((await run(user, app, id, { path: '/rest/api/3/myself' })).body?.status, 200);
    await user.post(`/apps/${app}/connections/${id}/test`);
    assert.match((await rowOf(user, app, id)).site_url, /globex-new/);
  } finally {
    await s.control('POST', 'rename', { site: 'globex', to: 'globex' });
  }
});

test('Atlassian fails in every way: nothing saved, a sentence, and it works again afterwards', async () => {
  for (const kind of ['status', 'cut_after']) {
    const bob = await atAtlassian(s, BOB);
    const back = await bob.accept(await authorizeUrl(user, app, id));
    await fault(s, kind, { status: 503, match: { path: '/oauth/token' } });
    const answer = await user.get(callbackPath(back));
    assert.ok([502, 503, 504].includes(answer.status), answer.text);
    await noFaults(s);
    assert.equal(await state(), 'not_connected');
  }
  assert.equal((await oauth(BOB)).status, 200);
});

endsWell(() => s);
