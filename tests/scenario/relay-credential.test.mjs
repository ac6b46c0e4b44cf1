// A credential's life on the relay: taken out of use at once when Jira locks it; a token in its last
// minute; how long is waited for a new one; and what calls taught is told as it is for requests.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';

import { oauthConnect } from '../lib/oauth-relay.mjs';
import { ask, assertRefused, makeKey, startRelay } from '../lib/relay.mjs';
import { addConnection, BOB, BOT, connect, fault, noFaults, rowOf, sleep, unique, until } from '../lib/scene.mjs';
import { endsWell, sql } from '../lib/stack.mjs';

let r;
before(async () => {
  r = await startRelay({ oauth: true });
});
after(() => r.front.close());
beforeEach(() => noFaults(r.s));

const JSON_TYPE = { 'content-type': 'application/json' };
const issue = (more = {}) => ({ method: 'POST', headers: JSON_TYPE,
  body: JSON.stringify({ fields: { project: { key: 'ACME' }, issuetype: { name: 'Task' }, summary: 'By the relay', ...more } }) });
const atToken = { match: { path: '/oauth/token' } };

// --- CAPTCHA

async function lockedConnection() {
  const connection = await addConnection(r.admin, r.app, { name: unique('Locked') });
  await connect(r.s, r.runner, r.app, connection, BOB, { base_url: r.front.url });
  r.front.on('/rest/locked', (request, response) => {
    response.writeHead(403, { 'content-type': 'application/json', 'x-authentication-denied-reason': 'CAPTCHA_CHALLENGE; login-url=x' });
    response.end('{}');
  });
  r.front.seen.length = 0;
  return connection;
}

const calls = () => r.front.calls('/rest/').length;

test('a CAPTCHA: five calls are one at Jira, the key is out of use, and a Test ends it', async () => {
  const connection = await lockedConnection();
  const five = [];
  for (let i = 0; i < 5; i += 1) five.push(await ask(r, '/rest/locked', { connection }));
  assert.equal(calls(), 1);
  assertRefused(five[0], 403, 'forbidden');
  for (const refused of five.slice(1)) {
    assertRefused(refused, 409, 'needs_reconnect');
    assert.match(refused.json.detail, /is locked: .*solve the CAPTCHA/);
  }
  const row = await rowOf(r.runner, r.app, connection);
  assert.match(row.status, /^Locked: Jira has locked this account's API sign-in/);
  const tested = await r.runner.post(`/apps/${r.app}/connections/${connection}/test`);
  assert.equal(tested.body.ok, true, tested.text);
  assert.equal((await ask(r, '/rest/api/3/myself', { connection })).status, 200);
});

// Holds the database's write lock, as a large backup or a slow disk does -> release()
async function busyDatabase() {
  const program = `import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=20, isolation_level=None)
db.execute('BEGIN IMMEDIATE')
print('held', flush=True)
sys.stdin.read()`;
  const child = spawn('python3', ['-c', program, path.join(r.s.folder, 'mortise.db')], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return async () => { child.stdin.end(); await once(child, 'exit'); };
}

test('a CAPTCHA: calls that come before it is written wait for that, with whatever key', async () => {
  const connection = await lockedConnection();
  const { secret: other } = await makeKey(r.runner);
  for (const key of [r.key, other]) assert.equal((await ask(r, '/rest/api/3/myself', { connection, key })).status, 200);
  r.front.seen.length = 0;
  const release = await busyDatabase();
  let more;
  try {
    assertRefused(await ask(r, '/rest/locked', { connection }), 403, 'forbidden');
    more = [r.key, other, r.key, other].map((key) => ask(r, '/rest/api/3/myself', { connection, key }));
    await sleep(300);
  } finally {
    await release();
  }
  for (const refused of await Promise.all(more)) assertRefused(refused, 409, 'needs_reconnect');
  assert.equal(calls(), 1);
});

// --- a token in its last minute

// The token at hand has so long to live, by what Mortise knows.
const lives = (o, seconds) => sql(r.s, `UPDATE oauth_grants SET access_expires = ${Date.now() + seconds * 1000}
  WHERE id = (SELECT grant_id FROM credentials WHERE connection_id = '${o.connection}')`);

// Fresh enough to be sent, and in its last minute when the answer comes.
async function ending(status, times = 1) {
  const o = await oauthConnect(r);
  lives(o, 62.5);
  await fault(r.s, 'delay', { ms: 4000, times: 1 });
  await fault(r.s, 'status', { status, body: { errorMessages: ['Nothing here'] }, times });
  await fault(r.s, 'delay', { ms: 5500, times: 1, ...atToken }); // the one that goes behind
  return o;
}

for (const status of [403, 404]) {
  test(`${status} to a token in its last minute: renewed once and asked again, reads and writes`, async () => {
    const o = await ending(status);
    const read = await o.ask('/rest/api/3/issue/ACME-1');
    assert.equal(read.status, 200, read.text);
    assert.match(read.headers['server-timing'], /repeats;desc=1/);
    assert.equal(await o.refreshes(), 1);
    const other = await ending(status);
    const made = await other.ask('/rest/api/3/issue', issue());
    assert.equal(made.status, 201, made.text);
    assert.equal(await other.refreshes(), 1);
    const third = await ending(status);
    const found = await third.ask('/rest/api/3/search?jql=project=ACME&maxResults=1');
    assert.equal(found.status, 200, found.text);
    assert.equal(found.headers['x-mortise-mapped'], 'search/jql');
    assert.equal(await third.refreshes(), 1);
  });

  test(`${status} again after that: passed on as it is`, async () => {
    const o = await ending(status, 'always');
    const answer = await o.ask('/rest/api/3/issue/ACME-1');
    assert.equal(answer.status, status, answer.text);
    assert.deepEqual(answer.json, { errorMessages: ['Nothing here'] });
    assert.match(answer.headers['server-timing'], /repeats;desc=1/);
    assert.equal(await o.refreshes(), 1);
  });
}

test('404 to a token in its last minute, and the body was not kept: said so, and renewed', async () => {
  const o = await ending(404);
  const answer = await o.ask('/rest/api/3/issue', issue({ description: 'x'.repeat(3 * 1024 * 1024) }));
  assertRefused(answer, 503, 'overloaded');
  assert.match(answer.json.detail, /Jira has done nothing; send the request again/);
  await until(async () => await o.refreshes() === 1, 'the refresh');
});

test('403 and 404 to a token that lives are passed on at once', async () => {
  const o = await oauthConnect(r);
  for (const status of [403, 404]) {
    lives(o, 3000);
    await fault(r.s, 'status', { status, body: {} });
    const answer = await o.ask('/rest/api/3/issue/ACME-1');
    assert.deepEqual([answer.status, answer.text], [status, '{}']);
    assert.match(answer.headers['server-timing'], /repeats;desc=0/);
  }
  assert.equal(await o.refreshes(), 0);
});

test('the token endpoint is down: a token in its last minute serves as long as it lives', async () => {
  const o = await oauthConnect(r);
  await fault(r.s, 'status', { status: 503, times: 'always', ...atToken });
  lives(o, 30);
  const answer = await o.ask('/rest/api/3/myself');
  assert.equal(answer.status, 200, answer.text);
  lives(o, -1);
  await sleep(1100); // a decision is kept for a second
  assert.ok((await o.ask('/rest/api/3/myself')).status >= 500);
});

test('who said how long waits no longer for a new token, and reads why', async () => {
  const o = await oauthConnect(r);
  lives(o, -1);
  await fault(r.s, 'delay', { ms: 4000, ...atToken });
  const from = Date.now();
  const answer = await o.ask('/rest/api/3/myself', { headers: { 'x-mortise-timeout': '1' } });
  assert.ok(Date.now() - from < 2500);
  assertRefused(answer, 504, 'upstream_timeout');
  assert.match(answer.json.detail, /X-Mortise-Timeout/);
});

// --- health of an app that works through the relay alone

const rowAt = (connection, client = r.admin) => rowOf(client, r.app, connection);
const testOf = async (connection, client = r.admin) => (await client.post(`/apps/${r.app}/connections/${connection}/test`)).body;
const stage = (tested, name) => tested.stages.find((each) => each.stage === name);
const needsOf = (connection) => sql(r.s, `SELECT n.project, n.value FROM credential_needs n
  JOIN credentials c ON c.id = n.credential_id WHERE c.connection_id = '${connection}' ORDER BY n.kind, n.project, n.value`);

test('Test says what the app needs, and in which projects', async () => {
  const o = await oauthConnect(r);
  for (const at of ['/rest/api/3/issue/ACME-1', '/rest/api/3/project/OPS', '/rest/api/3/issue/ACME-99999', '/rest/api/3/issue/NONE-1'])
    await o.ask(at);
  assert.equal((await o.ask('/rest/api/3/issue/ACME-1', { method: 'PUT', headers: JSON_TYPE, body: '{"fields":{"summary":"Anew"}}' })).status, 204);
  assert.equal((await o.ask('/rest/api/3/issue', issue({ project: { key: 'NONE' } }))).status, 400);
  assert.equal((await o.ask('/rest/api/3/issue', issue())).status, 201);
  await until(() => needsOf(o.connection).length >= 6, 'the note');
  assert.deepEqual(needsOf(o.connection), [['ACME', 'BROWSE_PROJECTS'], ['ACME', 'CREATE_ISSUES'], ['ACME', 'EDIT_ISSUES'],
    ['OPS', 'BROWSE_PROJECTS'],
    ['', 'read:jira-work'], ['', 'write:jira-work']]);
  const tested = await testOf(o.connection);
  assert.match(stage(tested, 'scopes').sentence, /granted: read:jira-work and write:jira-work\./);
  assert.deepEqual(tested.projects.map((p) => [p.project, p.answer]).sort(), [['ACME', 'granted'], ['OPS', 'granted']]);
});

test('a failure of Jira\'s is the last error, without its words, until it works; the caller\'s own patience is not', async () => {
  const connection = await addConnection(r.admin, r.app, { name: unique('Failing') });
  await connect(r.s, r.runner, r.app, connection, BOB, { base_url: r.front.url });
  r.front.on('/rest/fails', (request, response) => {
    response.writeHead(500, { 'content-type': 'application/json' });
    response.end('{"errorMessages":["Secret plan of ACME"]}');
  });
  r.front.on('/rest/hangs', () => {});
  const error = async () => (await rowAt(connection, r.runner)).health.last_error?.sentence;
  await ask(r, '/rest/fails', { connection });
  await until(error, 'the note');
  assert.match(await error(), /^Jira failed with an error of its own \(500\)\.[^"]*$/);
  await ask(r, '/rest/api/3/issue/NONE-1', { connection });
  await until(async () => await error() === undefined, 'its end');
  assert.ok((await rowAt(connection, r.runner)).last_used);
  await ask(r, '/rest/hangs', { connection, headers: { 'x-mortise-timeout': '1' } });
  await ask(r, '/rest/hangs', { connection, headers: { 'x-mortise-timeout': '1' } });
  await until(async () => (await r.admin.get(`/apps/${r.app}/calls?connection=${connection}&status=504`)).body.calls.length === 2, 'the records');
  assert.equal(await error(), undefined);
});

test('a scope that is lacking is the last error, and Test names it', async () => {
  const connection = await addConnection(r.admin, r.app, { name: unique('Scoped') });
  await connect(r.s, r.admin, r.app, connection, BOT, { token: { scopes: ['read:jira-user', 'read:jira-work'] } });
  const key = (await makeKey(r.admin)).secret;
  assertRefused(await ask(r, '/rest/api/3/issue', { ...issue(), connection, key }), 403, 'scope_missing');
  await until(async () => (await rowAt(connection)).health.last_error, 'the note');
  assert.match((await rowAt(connection)).health.last_error.sentence, /lacks a scope .* probably write:jira-work/);
  const lacking = stage(await testOf(connection), 'scopes');
  assert.deepEqual([lacking.verdict, /probably write:jira-work/.test(lacking.sentence)], ['lacking', true]);
});

endsWell(() => r.s);
