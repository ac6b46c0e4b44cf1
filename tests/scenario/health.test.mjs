// Health that tells the truth: since when, last use, last error and when it is forgotten, an API key's
// date; Test to its last stage, which stops at the first rejection and asks nothing after it.

import assert from 'node:assert/strict';
import https from 'node:https';
import { before, beforeEach, test } from 'node:test';

import { connected as connectedByOauth } from '../lib/atlassian.mjs';
import { textOf } from '../lib/page.mjs';
import { certificate } from '../lib/receiver.mjs';
import { addConnection, ANNA, assertPage, assertProblem, BOB, BOT, CARLA, callsOf, clearLog, connect, fault,
  grant, makeApp, noFaults, rowOf, run, until } from '../lib/scene.mjs';
import { endsWell, freePort, OAUTH_CLIENT, OAUTH_SECRET, sql, startStack } from '../lib/stack.mjs';

let s;
let root;
let user;
let app;
let key; // a connection by API key
let oauth; // and one by OAuth2
let people = 0;
let trusted; // the certificate of a Jira of one's own
let tlsPort;
const ownSite = () => `https://localhost:${tlsPort}`;

before(async () => {
  trusted = certificate();
  tlsPort = await freePort();
  s = await startStack(null, { oauth: true, allow: [ownSite()],
    env: { MORTISE_KEEPER_PERIOD: '1', MORTISE_CA_FILE: trusted.file } });
  root = await s.setup();
  app = await makeApp(root);
  await grant(root, app, 'everyone');
});

beforeEach(async () => {
  user = await s.user(root, `user${people += 1}@example.com`, `User ${people}`);
  key = await addConnection(root, app);
  oauth = await addConnection(root, app, { type: 'jira_oauth2' });
  await noFaults(s);
  await s.control('POST', 'unlock', {});
});

const at = (id) => `/apps/${app}/connections/${id}`;
const healthOf = async (id, client = user) => (await rowOf(client, app, id)).health;
const call = (id, method, path, body, client = user) =>
  run(client, app, id, { method, path: `/rest/api/3${path}`, ...(body && { body }) });
const whoAmI = (id, client) => call(id, 'GET', '/myself', undefined, client);
const comment = (id, issue, client) => call(id, 'POST', `/issue/${issue}/comment`, { body: {
  type: 'doc', version: 1, content: [{ type: 'paragraph', content: [{ type: 'text', text: 'x' }] }] } },
client);
const summary = (tested) => tested.body.stages.map((x) => `${x.stage} ${x.verdict}`);
const stage = (tested, name) => tested.body.stages.find((x) => x.stage === name);
const role = (email, what) => s.control('POST', 'membership', { site: 'acme', email, role: what });

async function lock(email) { // as Jira does after failed sign-ins
  const authorization = `Basic ${Buffer.from(`${email}:wrong`).toString('base64')}`;
  for (let i = 0; i < 5; i += 1)
    await fetch(`${s.simUrl}/sites/acme/rest/api/3/myself`, { headers: { authorization } });
}

async function tested(id, client = user) {
  await clearLog(s);
  const answer = await client.post(`${at(id)}/test`);
  assert.equal(answer.status, 200, answer.text);
  return { ...answer, calls: (await callsOf(s)).length };
}

// --- what a row tells

test('an unused connection: connected since now, not used, nothing failed', async () => {
  const from = Date.now() - 1000;
  await connect(s, user, app, key, ANNA);
  const row = await rowOf(user, app, key);
  assert.ok(Date.parse(row.health.state_since) >= from);
  assert.ok(Date.parse(row.health.last_checked) >= from);
  assert.deepEqual([row.last_used, row.health.last_error, row.health.expiry], [null, null, null]);
  await whoAmI(key);
  assert.ok(Date.parse((await rowOf(user, app, key)).last_used) >= from);
});

test('an outage is the last error, without Jira\'s words and without another state, until it works', async () => {
  await connect(s, user, app, key, ANNA);
  const { state_since: since } = await healthOf(key);
  await fault(s, 'status', { body: { errorMessages: ['Secret plan of ACME'] } });
  const failed = await whoAmI(key);
  assert.match(failed.text, /Secret plan/, 'the caller reads it');
  const { last_error: error, state_since: still } = await healthOf(key);
  assert.match(error.sentence, /^Jira failed with an error of its own \(500\)\./);
  assert.ok(Math.abs(Date.parse(error.at) - Date.now()) < 60000);
  assert.equal(still, since);
  const admins = await root.get(`${at(key)}/credentials`);
  const [person] = admins.body.people;
  assert.match(person.last_error.sentence, /error of its own/);
  assert.equal(person.state_since, since);
  assert.doesNotMatch(admins.text, /Secret plan/);
  assert.match(textOf(assertPage(await user.page(at(key))).text), /Last error Jira failed/);
  await whoAmI(key);
  assert.equal((await healthOf(key)).last_error, null);
});

test('nor its words after a Test, nor the address of a redirection', async () => {
  await connect(s, user, app, key, ANNA);
  const asAdmin = async () => (await root.get(`${at(key)}/credentials`)).text;
  await fault(s, 'redirect', { to: 'https://files.example.com/x?signature=Very-Private-1' });
  assert.match((await whoAmI(key)).text, /Very-Private-1/, 'the caller reads it');
  assert.match((await healthOf(key)).last_error.sentence, /^The answer is a redirection, not/);
  assert.doesNotMatch(await asAdmin(), /Very-Private/);
  await whoAmI(key);
  await fault(s, 'status', { body: { errorMessages: ['Secret plan of ACME'] } });
  assert.match((await tested(key)).body.sentence, /Secret plan/, 'the caller reads it');
  assert.match((await healthOf(key)).last_error.sentence, /^Jira failed with an error of its own \(500\)\.[^"]*$/);
  await connectedByOauth(s, user, app, oauth, BOB, { site: 'acme' });
  await fault(s, 'status', { body: { message: 'Secret plan of ACME' }, match: { path: '/oauth/token/accessible-resources' } });
  assert.match((await tested(oauth)).body.sentence, /Secret plan/);
  assert.match((await healthOf(oauth)).last_error.sentence, /^Jira failed/);
  for (const id of [key, oauth])
    assert.doesNotMatch((await root.get(`${at(id)}/credentials`)).text, /Secret plan/);
});

test('also when nothing was answered, when the account is locked, and when the site went away', async () => {
  await connect(s, user, app, key, ANNA);
  const noted = async () => (await healthOf(key)).last_error?.sentence;
  await fault(s, 'cut_before', { times: 'always' });
  assertProblem(await whoAmI(key), 502, 'upstream_interrupted');
  await noFaults(s);
  assert.match(await noted(), /^The connection to/);
  await whoAmI(key);
  assert.equal(await noted(), undefined);
  await fault(s, 'headers', { headers: { 'X-Authentication-Denied-Reason': 'CAPTCHA_CHALLENGE' } });
  await whoAmI(key);
  assert.match(await noted(), /CAPTCHA/);
  assert.equal((await tested(key)).body.ok, true);
  await fault(s, 'html', { status: 404 });
  await whoAmI(key);
  assert.match(await noted(), /no Jira site at this address any more/);
  assert.equal((await rowOf(user, app, key)).state, 'connected', 'only a test finds out');
});

test('what is not the credential\'s fault is no error of it: 404, 403, 400, 429', async () => {
  await connect(s, user, app, key, BOB);
  await call(key, 'GET', '/issue/NONE-1');
  await call(key, 'DELETE', '/issue/ACME-2');
  await call(key, 'POST', '/issue', { fields: {} });
  await fault(s, 'ratelimit');
  await whoAmI(key);
  assert.equal((await healthOf(key)).last_error, null);
});

test('a refusal: needs reconnecting since then, with the sentence; connected again since the reconnect', async () => {
  await connect(s, user, app, key, ANNA, { token: { label: 'to be revoked' } });
  sql(s, `UPDATE credentials SET since = 1000, status_since = 1000 WHERE connection_id = '${key}'`);
  await s.control('POST', 'revoke', { label: 'to be revoked' });
  assertProblem(await whoAmI(key), 409, 'needs_reconnect');
  const refused = await healthOf(key);
  assert.ok(Date.now() - Date.parse(refused.state_since) < 60000);
  assert.match(refused.last_error.sentence, /no longer accepts this API key/);
  await whoAmI(key);
  assert.equal((await healthOf(key)).state_since, refused.state_since, 'still the same moment');
  await connect(s, user, app, key, ANNA);
  const again = await healthOf(key);
  assert.equal(again.last_error, null);
  assert.ok(Date.parse(again.state_since) >= Date.parse(refused.state_since));
});

test('calls that teach nothing new write nothing', async () => {
  await connect(s, user, app, key, ANNA);
  await call(key, 'GET', '/issue/ACME-1');
  const state = () => sql(s, `SELECT c.last_used, n.last_seen FROM credentials c
    JOIN credential_needs n ON n.credential_id = c.id WHERE c.connection_id = '${key}'`);
  const first = state();
  for (let i = 0; i < 5; i += 1) await call(key, 'GET', '/issue/ACME-1');
  assert.deepEqual(state(), first);
  sql(s, `UPDATE credentials SET last_used = last_used - 120000 WHERE connection_id = '${key}'`);
  await call(key, 'GET', '/issue/ACME-1');
  assert.notDeepEqual(state(), first);
});

test('an API key\'s date: 30, 14, 7 and 1 days ahead it stands out, in words', async () => {
  const day = (days) => new Date(Date.now() + days * 86400_000).toISOString().slice(0, 10);
  for (const [days, level, sentence] of [[40, 'fine', /expires on \d/], [30, 'month', /in 30 days/],
    [14, 'fortnight', /in 14 days, on \d{1,2} [A-Z][a-z]+ \d{4}\.$/], [7, 'week', /in 7 days/],
    [1, 'day', /tomorrow/], [0, 'day', /today/]]) {
    await connect(s, user, app, key, ANNA, { expires: day(days) });
    const { expiry } = await healthOf(key);
    assert.equal(expiry.level, level, `${days} days`);
    assert.match(expiry.sentence, sentence);
    assert.equal(expiry.days, days);
    const shown = textOf((await user.page(`/apps/${app}`)).text);
    assert.equal(shown.includes(expiry.sentence), days <= 30, `${days} days`);
  }
  sql(s, `UPDATE credentials SET expires = 1000 WHERE connection_id = '${key}'`);
  assert.equal((await healthOf(key)).expiry.level, 'past');
  assert.match(textOf((await user.page(at(key))).text), /was noted to expire on 1 January 1970/);
});

test('OAuth2: kept alive, possibly a year, and whose fault it is when renewing fails', async () => {
  await connectedByOauth(s, user, app, oauth, BOB, { site: 'acme' });
  const fine = await healthOf(oauth);
  assert.deepEqual([fine.idle_kept, fine.idle_expires, fine.renewal_failing], [true, null, null]);
  assert.equal(Date.parse(fine.hard_expires) - Date.parse(fine.granted), 365 * 86400_000);
  assert.match(fine.hard_sentence, /^Possibly /);
  assert.match(fine.scopes, /read:jira-work/);
  sql(s, `UPDATE oauth_grants SET access_expires = 1`);
  await fault(s, 'status', { status: 503, times: 'always', match: { path: '/oauth/token' } });
  await whoAmI(oauth);
  const failing = await healthOf(oauth);
  assert.equal(failing.renewal_failing.fault, 'transient');
  assert.ok(failing.renewal_failing.since && failing.renewal_failing.next_try);
  assert.ok(failing.idle_kept && failing.idle_expires);
  assert.match(failing.last_error.sentence, /\(503\)/);
  assert.equal((await rowOf(user, app, oauth)).state, 'connected');
  await noFaults(s);
  await s.control('POST', 'apps', { client_id: OAUTH_CLIENT, client_secret: 'another' });
  try {
    assert.equal(stage(await tested(oauth), 'token').verdict, 'failed');
    const { renewal_failing: theirs } = await healthOf(oauth);
    assert.equal(theirs.fault, 'operator');
    assert.match(theirs.advice, /Nobody has to reconnect/);
    assert.match(textOf((await user.page(at(oauth))).text), /cannot be renewed at present/);
  } finally {
    await s.control('POST', 'apps', { client_id: OAUTH_CLIENT, client_secret: OAUTH_SECRET });
  }
  assert.equal((await tested(oauth)).body.ok, true);
  const healed = await healthOf(oauth);
  assert.deepEqual([healed.renewal_failing, healed.last_error, healed.idle_expires], [null, null, null]);
});

test('a refused OAuth client: admins read how many it stops, and one button tries all again', async () => {
  await connectedByOauth(s, user, app, oauth, BOB, { site: 'acme' });
  sql(s, 'UPDATE oauth_grants SET access_expires = 1');
  await s.control('POST', 'apps', { client_id: OAUTH_CLIENT, client_secret: 'another' });
  try {
    assertProblem(await whoAmI(oauth), 409, 'client_refused');
    const { oauth_client: client } = (await root.get('/settings')).body;
    assert.equal(client.failing, 1);
    assert.match(client.failing_sentence, /^1 authorisation cannot be renewed.* Nobody has to reconnect\.$/);
    assert.match(textOf((await root.page('/settings')).text), /1 authorisation cannot.*Test it and try all again/);
    assertProblem(await root.post('/settings/oauth-client/test'), 409, 'client_refused');
    assert.equal((await root.get('/settings')).body.oauth_client.failing, 1);
  } finally {
    await s.control('POST', 'apps', { client_id: OAUTH_CLIENT, client_secret: OAUTH_SECRET });
  }
  const again = await root.post('/settings/oauth-client/test');
  assert.match(again.body.sentence, /1 authorisation was refused because of it before and is tried again\.$/);
  assert.deepEqual([again.body.oauth_client.failing, again.body.oauth_client.failing_sentence], [0, null]);
  assert.equal((await healthOf(oauth)).renewal_failing, null);
  await until(async () => (await healthOf(oauth)).renewed, 'a renewal that nobody asked for');
});

test('a runner of a shared connection learns its state and no more', async () => {
  await root.patch(at(key), { shared: true, confirm_lost: 9, runners_may_request: true });
  await connect(s, root, app, key, ANNA, { expires: '2099-01-01' });
  assert.ok((await healthOf(key, root)).expiry);
  assert.equal(await healthOf(key), null);
  const page = assertPage(await user.page(at(key)));
  assert.doesNotMatch(textOf(page.text), /When it ends|Last error|2099/);
  assert.equal((await rowOf(user, app, key)).expires, null);
  assert.match(textOf((await root.page(at(key))).text), /When it ends/);
  await connect(s, root, app, key, ANNA, { token: { label: 'shared, revoked' } });
  await s.control('POST', 'revoke', { label: 'shared, revoked' });
  assertProblem(await whoAmI(key, root), 409, 'needs_reconnect');
  assert.match((await rowOf(root, app, key)).why, /no longer accepts this API key/);
  const theirs = await rowOf(user, app, key);
  assert.deepEqual([theirs.state, theirs.why, theirs.health], ['waiting', null, null]);
  assert.doesNotMatch(JSON.stringify(theirs) + (await user.page(at(key))).text, /no longer accepts/);
});

test('a CAPTCHA: five requests are one call, and a Test after the sign-in ends it', async () => {
  await connect(s, user, app, key, BOB);
  await lock(BOB);
  const five = [];
  await clearLog(s);
  for (let i = 0; i < 5; i += 1) five.push(await whoAmI(key));
  assert.equal((await callsOf(s)).length, 1, await callsOf(s));
  assert.match(five[0].text, /"captcha"/);
  for (const refused of five.slice(1)) {
    assertProblem(refused, 409, 'needs_reconnect', /is locked: .*Sign in to Jira once in a browser.*then Test/);
    assert.ok(refused.body.connect_url);
  }
  const row = await rowOf(user, app, key);
  assert.deepEqual([row.state, row.can_manage], ['needs_reconnect', true]);
  assert.match(row.status, /^Locked: Jira has locked this account's API sign-in/);
  assert.match(assertPage(await user.page(at(key))).text, new RegExp(`action="${at(key)}/test"`));
  const still = await tested(key);
  assert.deepEqual([stage(still, 'token').verdict, still.calls], ['failed', 1]);
  await s.control('POST', 'unlock', { email: BOB });
  await clearLog(s);
  assertProblem(await whoAmI(key), 409, 'needs_reconnect');
  assert.deepEqual(await callsOf(s), [], 'nobody told Mortise of it yet');
  assert.equal((await tested(key)).body.ok, true);
  assert.equal((await whoAmI(key)).body.status, 200);
  const back = await rowOf(user, app, key);
  assert.deepEqual([back.state, back.why, back.health.last_error], ['connected', null, null]);
});

test('a CAPTCHA: a Reconnect ends it too, and what was switched meanwhile is not asked with', async () => {
  await connect(s, user, app, key, BOB);
  await lock(BOB);
  await whoAmI(key);
  await s.control('POST', 'unlock', { email: BOB });
  await connect(s, user, app, key, BOB);
  assert.equal((await whoAmI(key)).body.status, 200);
  await lock(BOB);
  await whoAmI(key);
  await root.patch(at(key), { base_url: s.site('globex'), base_url_fixed: true, confirm_lost: 9 });
  await clearLog(s);
  assertProblem(await user.post(`${at(key)}/test`), 409, 'needs_reconnect');
  assert.deepEqual(await callsOf(s), []);
});

// --- Test, stage by stage

test('every stage passes, and says what it found', async () => {
  await connectedByOauth(s, user, app, oauth, BOB, { site: 'acme' });
  await call(oauth, 'GET', '/issue/ACME-1');
  await comment(oauth, 'ACME-1');
  await call(oauth, 'GET', '/project/OPS');
  const fine = await tested(oauth);
  assert.deepEqual(summary(fine), ['address passed', 'tls passed', 'token passed', 'site passed',
    'identity passed', 'scopes passed', 'permissions passed']);
  assert.deepEqual([fine.body.ok, fine.body.works], [true, true]);
  assert.match(stage(fine, 'scopes').sentence, /granted: read:jira-work and write:jira-work\./);
  assert.match(stage(fine, 'permissions').sentence, /2 projects/);
  assert.deepEqual(fine.body.projects.map((p) => [p.project, p.answer]).sort(),
    [['ACME', 'granted'], ['OPS', 'granted']]);
  const asked = (await callsOf(s)).filter((c) => c.includes('/mypermissions'));
  assert.ok(asked.some((c) => /permissions=ADD_COMMENTS,BROWSE_PROJECTS&projectKey=ACME/.test(c)), asked);
  assert.equal(asked.length, 2);
});

test('a permission that was lost is named, and is no reason to reconnect', async () => {
  await connect(s, user, app, key, BOB);
  await comment(key, 'ACME-1');
  await call(key, 'GET', '/issue/OPS-1');
  await role(BOB, { ACME: 'reader', HR: 'reader' });
  try {
    const lost = await tested(key);
    assert.deepEqual([lost.body.ok, lost.body.works], [false, true]);
    assert.equal(stage(lost, 'permissions').verdict, 'lacking');
    const of = (project) => lost.body.projects.find((p) => p.project === project);
    assert.deepEqual([of('ACME').sentence, of('ACME').missing], ['Bob Builder may not add comments in ACME.',
      [{ permission: 'ADD_COMMENTS' }]]);
    assert.match(of('OPS').sentence, /no project OPS any more, or Bob Builder may not see it/);
    assert.equal(lost.body.connection.state, 'connected');
    assert.equal((await healthOf(key)).last_error, null);
    const page = await user.submit(await user.page(`/apps/${app}`), `POST ${at(key)}/test`);
    assert.match(textOf(page.text), /works, but not for everything.*Bob Builder may not add comments in ACME/);
  } finally {
    await role(BOB, 'member');
  }
  assert.equal((await tested(key)).body.ok, true);
});

test('what is asked about is only what the person did themselves', async () => {
  const other = await s.user(root, `other${people}@example.com`);
  await connect(s, user, app, key, ANNA);
  await call(key, 'GET', '/project/SEC');
  await connect(s, other, app, key, BOB);
  const theirs = await tested(key, other);
  assert.doesNotMatch(theirs.text, /SEC/);
  assert.equal((await tested(key)).body.projects[0].project, 'SEC');
});

test('a scope that the admin took away: which one, and who adds it', async () => {
  await connectedByOauth(s, user, app, oauth, BOB, { site: 'acme' });
  await comment(oauth, 'ACME-1');
  const fewer = ['read:jira-user', 'read:jira-work'];
  const { scopes } = await s.control('POST', 'apps', { client_id: OAUTH_CLIENT });
  const saved = await root.post('/settings/oauth-client', { client_id: OAUTH_CLIENT,
    client_secret: OAUTH_SECRET, scopes: fewer.join(' '), confirm_fewer: 99 });
  assert.equal(saved.status, 200, saved.text);
  await s.control('POST', 'apps', { client_id: OAUTH_CLIENT, scopes: fewer });
  try {
    await connectedByOauth(s, user, app, oauth, BOB, { site: 'acme' });
    const lacking = await tested(oauth);
    assert.deepEqual([lacking.body.ok, lacking.body.works], [false, true]);
    assert.deepEqual([stage(lacking, 'scopes').verdict, stage(lacking, 'permissions').verdict],
      ['lacking', 'passed']);
    assert.match(stage(lacking, 'scopes').sentence, /has used write:jira-work, which .* lacks\. A workspace admin/);
    await comment(oauth, 'ACME-1');
    assert.match((await healthOf(oauth)).last_error.sentence, /lacks a scope .* probably write:jira-work/);
    assert.equal((await rowOf(user, app, oauth)).state, 'connected');
  } finally {
    await s.control('POST', 'apps', { client_id: OAUTH_CLIENT, scopes });
    await root.delete('/settings/oauth-client', { confirm_lost: 99 });
  }
  await connectedByOauth(s, user, app, oauth, BOB, { site: 'acme' });
  const mended = await tested(oauth);
  assert.equal(mended.body.ok, true, mended.text);
});

test('a scoped API key: its scopes cannot be read, only what was refused tells', async () => {
  await connect(s, user, app, key, BOT, { token: { scopes: ['read:jira-user', 'read:jira-work'] } });
  await call(key, 'GET', '/issue/ACME-1');
  assert.match(stage(await tested(key), 'scopes').sentence, /cannot be read at Atlassian/);
  await comment(key, 'ACME-1');
  const lacking = stage(await tested(key), 'scopes');
  assert.deepEqual([lacking.verdict, /probably write:jira-work/.test(lacking.sentence)], ['lacking', true]);
  await connect(s, user, app, key, BOT,
    { token: { scopes: ['read:jira-user', 'read:jira-work', 'write:jira-work'] } });
  assert.equal(stage(await tested(key), 'scopes').verdict, 'passed', 'a new key is not the old one');
});

test('each stage fails for what it is there for, and nothing is asked after it', async () => {
  await connect(s, user, app, key, ANNA);
  await call(key, 'GET', '/issue/ACME-1');
  for (const [kind, more, where, state, calls] of [
    ['html', { status: 404 }, 'address', 'connected', 1],
    ['cut_before', { reset: true }, 'token', 'connected', 2], // once more on a connection that lives
    ['status', { status: 503 }, 'token', 'connected', 1],
    ['ratelimit', {}, 'token', 'connected', 1],
    ['status', { status: 403, body: 'x' }, 'token', 'connected', 1],
    ['body', { body: '{}' }, 'identity', 'connected', 1],
    ['html', { match: { path: '/_edge/' }, status: 200 }, 'site', 'connected', 2], // a proxy's page
    ['headers', { headers: { 'X-Seraph-LoginReason': 'AUTHENTICATION_DENIED' } }, 'token', 'needs_reconnect', 1],
    ['html', { match: { path: '/_edge/' }, status: 404 }, 'site', 'needs_reconnect', 2]]) {
    await fault(s, kind, { times: 'always', match: { path: '/rest/' }, ...more });
    const failed = await tested(key);
    await noFaults(s);
    const names = failed.body.stages.map((x) => x.stage);
    const stopped = names.indexOf(where);
    assert.deepEqual(failed.body.stages.map((x) => x.verdict), names.map((_, i) =>
      i < stopped ? 'passed' : i === stopped ? 'failed' : 'not_reached'), `${kind} ${where}: ${failed.text}`);
    assert.deepEqual([failed.body.ok, failed.body.works], [false, false]);
    assert.equal(failed.body.connection.state, state, kind);
    assert.ok(failed.calls <= calls, `${kind}: ${await callsOf(s)}`);
    assert.deepEqual(failed.body.projects, []);
  }
});

test('a certificate that nobody vouches for: the test ends at tls, and nothing is sent', async () => {
  const heard = [];
  const server = https.createServer(trusted, (request, response) => {
    heard.push(`${request.method} ${request.url}`);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ key: 'anna', name: 'anna', displayName: 'Anna', serverTitle: 'Our Jira',
      baseUrl: ownSite() }));
  });
  await new Promise((done) => server.listen(tlsPort, '127.0.0.1', done));
  try {
    await connect(s, user, app, key, 'anna', { base_url: ownSite(), api_key: 'Secret-4711' });
    assert.ok((await tested(key)).body.works);
    assert.deepEqual([...new Set(heard)], ['GET /rest/api/2/myself', 'GET /rest/api/2/serverInfo']);
    heard.length = 0;
    server.setSecureContext(certificate());
    server.closeAllConnections();
    const failed = await tested(key);
    assert.deepEqual(summary(failed), ['address passed', 'tls failed', 'token not_reached',
      'identity not_reached', 'site not_reached', 'scopes not_reached', 'permissions not_reached']);
    assert.match(stage(failed, 'tls').sentence,
      /^No secure connection to "localhost" could be made: .+\. Nothing was sent\.$/);
    assert.deepEqual([failed.body.works, failed.body.connection.state, failed.calls], [false, 'connected', 0]);
    assertProblem(await whoAmI(key), 502, 'upstream_unreachable', /No secure connection/);
    assert.deepEqual(heard, []);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

test('a refused key is not shown to Jira again, whatever is pressed', async () => {
  await connect(s, user, app, key, CARLA, { token: { label: 'soon gone' } });
  await call(key, 'GET', '/issue/ACME-1');
  await s.control('POST', 'revoke', { label: 'soon gone' });
  const refused = await tested(key);
  assert.equal(stage(refused, 'token').verdict, 'failed');
  assert.equal((await callsOf(s)).filter((c) => c.includes(' as ')).length, 1);
  await clearLog(s);
  assertProblem(await user.post(`${at(key)}/test`), 409, 'needs_reconnect');
  assert.deepEqual(await callsOf(s), []);
});

test('permissions: refused there after all, and an outage there', async () => {
  await connect(s, user, app, key, ANNA);
  await call(key, 'GET', '/issue/ACME-1');
  await call(key, 'GET', '/issue/OPS-1');
  const only = { match: { path: '/rest/api/3/mypermissions' }, times: 'always' };
  await fault(s, 'status', { ...only, status: 503 });
  const open = await tested(key);
  assert.equal(stage(open, 'permissions').verdict, 'open');
  assert.match(stage(open, 'permissions').sentence, /could not be asked about every project: Jira failed/);
  assert.deepEqual([open.body.works, open.body.projects.map((p) => p.answer)],
    [true, ['not_asked', 'not_asked']]);
  assert.equal((await callsOf(s)).filter((c) => c.includes('/mypermissions')).length, 1);
  await noFaults(s);
  await fault(s, 'headers', { ...only, headers: { 'X-Seraph-LoginReason': 'AUTHENTICATION_DENIED' } });
  const locked = await tested(key);
  assert.deepEqual([stage(locked, 'permissions').verdict, locked.body.connection.state], ['failed', 'needs_reconnect']);
  assert.equal((await callsOf(s)).filter((c) => c.includes('/mypermissions')).length, 1, 'CAPTCHA: no more');
  await noFaults(s);
  await fault(s, 'headers', { ...only, headers: { 'X-Seraph-LoginReason': 'AUTHENTICATED_FAILED' } });
  const refused = await tested(key);
  assert.deepEqual([stage(refused, 'permissions').verdict, refused.body.connection.state],
    ['failed', 'needs_reconnect']);
});

test('OAuth2: revoked at Atlassian, and the site taken back', async () => {
  await connectedByOauth(s, user, app, oauth, BOB, { site: 'acme' });
  await role(BOB, null);
  try {
    const gone = await tested(oauth);
    assert.deepEqual(summary(gone), ['address passed', 'tls passed', 'token passed', 'site failed',
      'identity not_reached', 'scopes not_reached', 'permissions not_reached']);
  } finally {
    await role(BOB, 'member');
  }
  await connectedByOauth(s, user, app, oauth, BOB, { site: 'acme' });
  await s.control('POST', 'revoke-grant', { email: BOB });
  const revoked = await tested(oauth);
  assert.deepEqual(summary(revoked), ['token failed', 'site not_reached', 'identity not_reached',
    'scopes not_reached', 'permissions not_reached']);
  assert.equal(revoked.body.connection.state, 'needs_reconnect');
});

endsWell(() => s);
