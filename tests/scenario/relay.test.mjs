// The relay: a drop-in base URL for clients of Jira, with a Mortise key where their token was: who gets
// through, which headers do, where links lead, what refusals look like.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { addConnection, ANNA, BOB, connect, makeApp } from '../lib/scene.mjs';
import { ask, assertRefused, basic, bearer, makeKey, open, startRelay, whole } from '../lib/relay.mjs';
import { endsWell, sql } from '../lib/stack.mjs';

let r;
before(async () => {
  r = await startRelay();
});

const JSON_TYPE = { 'content-type': 'application/json' };
const SUMMARY = (summary) => JSON.stringify({ fields: { project: { key: 'ACME' }, issuetype: { name: 'Task' }, summary } });

test('GET and POST go through, with the key as Bearer and as the password of Basic', async () => {
  for (const headers of [bearer(r.key), basic(r.key)]) {
    const me = await ask(r, '/rest/api/3/myself', { headers });
    assert.equal(me.status, 200, me.text);
    assert.equal(me.json.emailAddress, BOB);
    assert.match(me.headers['server-timing'], /^mortise;dur=\d+\.\d, jira;dur=\d+\.\d, wait;dur=\d+\.\d, repeats;desc=0$/);
  }
  const made = await ask(r, '/rest/api/3/issue', { method: 'POST', headers: JSON_TYPE, body: SUMMARY('By the relay') });
  assert.equal(made.status, 201, made.text);
  const issue = await ask(r, `/rest/api/3/issue/${made.json.key}?fields=summary`);
  assert.equal(issue.json.fields.summary, 'By the relay');
  const gone = await ask(r, `/rest/api/3/issue/${made.json.key}`, { method: 'PUT', headers: JSON_TYPE, body: '{"fields":{"summary":"Anew"}}' });
  assert.deepEqual([gone.status, gone.text], [204, '']);
  const head = await ask(r, `/rest/api/3/issue/${made.json.key}`, { method: 'HEAD' });
  assert.deepEqual([head.status, head.text], [200, '']);
});

test('a connection is named by its id or, percent-encoded, by its name', async () => {
  for (const connection of [r.connection, 'My Jira', 'my jira'])
    assert.equal((await ask(r, '/rest/api/3/myself', { connection })).status, 200, connection);
  assertRefused(await ask(r, '/rest/api/3/myself', { connection: 'No Jira' }), 404, 'not_found');
  assertRefused(await ask({ ...r, app: 'nowhere' }, '/rest/api/3/myself'), 404, 'not_found');
});

test('links stay on the relay, those of people stay on the site', async () => {
  const own = `${r.s.url}/jira/${r.app}/${r.connection}/rest/`;
  const issue = await ask(r, '/rest/api/3/issue/ACME-1');
  assert.ok(issue.json.self.startsWith(own), issue.json.self);
  assert.ok(!issue.text.includes(`${r.s.site()}/rest/`) && !issue.text.includes(`${r.front.url}/rest/`));
  assert.equal((await ask(r, new URL(issue.json.self).pathname.slice(own.length - '/rest/'.length - r.s.url.length))).status, 200);
  r.front.on('/rest/links', (request, response) => {
    response.writeHead(201, { 'content-type': 'application/json', location: `${r.front.url}/rest/api/3/issue/1`,
      link: `<${r.s.site()}/rest/api/3/x?startAt=2>; rel="next", <${r.s.site()}/browse/ACME-1>; rel="up"` });
    response.end(JSON.stringify({ browse: `${r.s.site()}/browse/ACME-1`, self: `${r.s.site()}/rest/api/3/x` }));
  });
  const links = await ask(r, '/rest/links');
  assert.equal(links.headers.location, `${own}api/3/issue/1`);
  assert.equal(links.headers.link, `<${own}api/3/x?startAt=2>; rel="next", <${r.s.site()}/browse/ACME-1>; rel="up"`);
  assert.deepEqual(links.json, { browse: `${r.s.site()}/browse/ACME-1`, self: `${own}api/3/x` });
});

test('headers pass by allow-list, both ways', async () => {
  r.front.on('/rest/headers', (request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', etag: '"1"', 'set-cookie': 'a=b', server: 'AtlassianEdge',
      'x-ausername': 'bob', 'strict-transport-security': 'max-age=1', 'retry-after': '3', 'x-unknown': 'x',
      'access-control-allow-origin': '*', 'content-security-policy': 'none' });
    response.end('{}');
  });
  const sent = { accept: 'application/json', 'x-atlassian-token': 'no-check', 'if-none-match': '"0"', cookie: 'mortise=1; b=2',
    origin: 'https://evil.example', referer: 'https://evil.example/', 'x-forwarded-for': '1.2.3.4', forwarded: 'for=1.2.3.4',
    'user-agent': 'Mozilla/5.0', 'x-atlassian_token': 'x', accept_language: 'x', 'proxy-authorization': 'Basic eDp4', te: 'trailers',
    'x-other': 'x', connection: 'x-atlassian-token, close', 'keep-alive': '5' };
  const answer = await ask(r, '/rest/headers?a=%41+b&c=;/?', { headers: sent });
  const got = r.front.calls('/rest/headers')[0];
  assert.equal(got.url, '/rest/headers?a=%41+b&c=;/?');
  assert.deepEqual(Object.keys(got.headers).sort(), ['accept', 'accept-encoding', 'authorization', 'host', 'if-none-match', 'user-agent', 'x-atlassian-token']);
  assert.match(got.headers['user-agent'], /^Mortise\/[\d.]+$/);
  assert.match(got.headers.authorization, /^Basic /);
  assert.ok(!Buffer.from(got.headers.authorization.slice(6), 'base64').toString().includes(r.key));
  assert.deepEqual(Object.keys(answer.headers).sort(), ['connection', 'content-security-policy', 'content-type', 'date', 'etag',
    'retry-after', 'server-timing', 'transfer-encoding', 'x-content-type-options'].sort());
});

test('without a key, with a wrong one, with a cookie, from a browser: refused', async () => {
  assertRefused(await ask(r, '/rest/api/3/myself', { headers: { authorization: 'Bearer mk_wrong' } }), 401, 'key_refused');
  const { request, answered } = await open(r, '/rest/api/3/myself', { wait: false });
  request.removeHeader('authorization');
  request.setHeader('cookie', r.runner.cookie ?? 'mortise_session=x');
  request.end();
  const none = await whole((await answered)[0]);
  assertRefused(none, 401, 'key_refused');
  assert.equal(none.headers['www-authenticate'], 'Bearer realm="Mortise"');
  assertRefused(await ask(r, '/rest/api/3/myself', { headers: { 'sec-fetch-mode': 'navigate' } }), 403, 'forbidden');
});

test('paths that show credentials, and those outside /rest/, are refused', async () => {
  for (const path of ['/rest/auth/1/session', '/rest/pat/latest/tokens', '/rest/oauth2/x', '/rest/api/3/my%54oken', '/browse/ACME-1',
    '/rest/api/3/../../secure', '/rest/%2e%2e/x', '/rest/api%2f3/x', '/rest//x', '/rest/x;y', '/'])
    assertRefused(await ask(r, path), 403, 'blocked_by_policy');
  assert.equal(r.front.calls('/rest/auth').length, 0);
  assertRefused(await ask(r, '', {}), 404, 'not_found');
  assertRefused(await ask(r, '/rest/api/3/myself', { method: 'TRACE' }), 405, 'method_not_allowed');
});

test('a key\'s limits hold on the relay', async () => {
  const { secret } = await makeKey(r.runner, { methods: 'GET', paths: '/rest/api/3/issue' });
  assert.equal((await ask(r, '/rest/api/3/issue/ACME-1', { key: secret })).status, 200);
  assertRefused(await ask(r, '/rest/api/3/myself', { key: secret }), 403, 'blocked_by_policy');
  assertRefused(await ask(r, '/rest/api/3/issue', { key: secret, method: 'POST', headers: JSON_TYPE, body: '{}' }), 403, 'blocked_by_policy');
  assert.equal((await ask(r, '/rest/api/3/issue/ACME-1', { key: secret, method: 'HEAD' })).status, 403);
});

test('no credential: a typed problem with the link to mend it, printed well by clients', async () => {
  const empty = await addConnection(r.admin, r.app, { name: 'Empty' });
  const answer = await ask(r, '/rest/api/3/myself', { connection: empty });
  assertRefused(answer, 409, 'connection_required');
  assert.equal(answer.json.connect_url, `${r.s.url}/apps/${r.app}/connections/${empty}/connect`);
  assert.ok(answer.json.errorMessages[0].includes(answer.json.connect_url));
});

test('a credential that Jira refuses is noted, and the link is given', async () => {
  const c = await addConnection(r.admin, r.app, { name: 'Refused' });
  await connect(r.s, r.runner, r.app, c, BOB, { base_url: r.front.url });
  r.front.on('/rest/refused', (request, response) => {
    response.writeHead(401, { 'content-type': 'text/plain' });
    response.end('Client must be authenticated to access this resource.');
  });
  const answer = await ask(r, '/rest/refused', { connection: c });
  assertRefused(answer, 409, 'needs_reconnect');
  assert.ok(answer.json.connect_url.endsWith(`/${c}/connect`));
  for (let i = 0; i < 50 && (await ask(r, '/rest/api/3/myself', { connection: c })).status === 200; i++);
  const noted = await ask(r, '/rest/api/3/myself', { connection: c });
  assertRefused(noted, 409, 'needs_reconnect');
  assert.deepEqual(sql(r.s, `SELECT status FROM credentials WHERE connection_id = '${c}'`), [['needs_reconnect']]);
});

test('an answer as to a stranger is none; a write answered so is reported and not repeated', async () => {
  const c = await addConnection(r.admin, r.app, { name: 'Stranger' });
  for (const method of ['GET', 'POST']) {
    await connect(r.s, r.runner, r.app, c, BOB, { base_url: r.front.url });
    r.front.on(`/rest/stranger-${method}`, (request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'x-seraph-loginreason': 'AUTHENTICATED_FAILED' });
      response.end('[]');
    });
    const answer = await ask(r, `/rest/stranger-${method}`, { connection: c, method, headers: JSON_TYPE, ...(method === 'POST' && { body: '{}' }) });
    assertRefused(answer, 409, 'needs_reconnect');
    assert.match(answer.json.detail, /stranger/);
    assert.equal(r.front.calls(`/rest/stranger-${method}`).length, 1);
    for (let i = 0; i < 50 && sql(r.s, `SELECT status FROM credentials WHERE connection_id = '${c}'`)[0][0] === 'connected'; i++);
  }
});

test('an emergency stop stops the very next call, and lifting it lets it through', async () => {
  const { root, admin, app } = r;
  assert.equal((await ask(r, '/rest/api/3/myself')).status, 200);
  for (const [who, at, body] of [[admin, `/apps/${app}/stops`, {}],
    [root, '/stops', { kind: 'user', user: 'runner@example.com' }]]) {
    const stop = await who.post(at, body);
    assert.equal(stop.status, 201, stop.text);
    assertRefused(await ask(r, '/rest/api/3/myself'), 409, 'stopped');
    assert.equal((await who.post(`${stop.body.path}/lift`)).status, 200);
    assert.equal((await ask(r, '/rest/api/3/myself')).status, 200);
  }
});

test('revoked, disabled, removed, switched: the very next call is refused', async () => {
  const { s, root, admin, runner, app } = r;
  const made = await makeKey(runner);
  const one = (more) => ask(r, '/rest/api/3/myself', { key: made.secret, ...more });
  assert.equal((await one()).status, 200);
  assert.equal((await runner.delete(`/me/keys/${made.key.id}`)).status, 204);
  assertRefused(await one(), 401, 'key_refused');

  const users = (await root.get('/users')).body.users;
  const id = users.find((u) => u.email === 'runner@example.com').id;
  assert.equal((await ask(r, '/rest/api/3/myself')).status, 200);
  assert.equal((await root.patch(`/users/${id}`, { disabled: true })).status, 200);
  assertRefused(await ask(r, '/rest/api/3/myself'), 401, 'key_refused');
  assert.equal((await root.patch(`/users/${id}`, { disabled: false })).status, 200);
  await runner.signIn('runner@example.com');

  const granted = (await admin.get(`/apps/${app}/permissions`)).body.permissions.find((p) => p.user?.email === 'runner@example.com');
  assert.equal((await ask(r, '/rest/api/3/myself')).status, 200);
  await admin.delete(`/apps/${app}/permissions/${granted.id}`);
  assertRefused(await ask(r, '/rest/api/3/myself'), 404, 'not_found');
  await admin.post(`/apps/${app}/permissions`, { kind: 'user', principal: 'runner@example.com', role: 'runner' });
  assert.equal((await ask(r, '/rest/api/3/myself')).status, 200);

  const c = await addConnection(admin, app, { name: 'Switched' });
  const adminKey = (await makeKey(admin)).secret;
  await connect(s, admin, app, c, ANNA, { base_url: r.front.url });
  assert.equal((await ask(r, '/rest/api/3/myself', { connection: c, key: adminKey })).status, 200);
  await admin.patch(`/apps/${app}/connections/${c}`, { shared: true, confirm_lost: 9 });
  assertRefused(await ask(r, '/rest/api/3/myself', { connection: c, key: adminKey }), 409, 'connection_required');
  await connect(s, admin, app, c, ANNA, { base_url: r.front.url });
  assert.equal((await ask(r, '/rest/api/3/myself', { connection: c, key: adminKey })).status, 200);
  assertRefused(await ask(r, '/rest/api/3/myself', { connection: c }), 403, 'blocked_by_policy'); // rule 10
  await admin.delete(`/apps/${app}/connections/${c}/credential`);
  assertRefused(await ask(r, '/rest/api/3/myself', { connection: c, key: adminKey }), 409, 'connection_required');
});

test('a change by another process counts within a second', async () => {
  const { secret, key } = await makeKey(r.runner);
  assert.equal((await ask(r, '/rest/api/3/myself', { key: secret })).status, 200);
  sql(r.s, `DELETE FROM mortise_keys WHERE id = '${key.id}'`);
  const from = Date.now();
  while ((await ask(r, '/rest/api/3/myself', { key: secret })).status === 200)
    assert.ok(Date.now() - from < 1300, 'still let through');
});

test('a hit of the decision cache asks no database', async () => {
  await ask(r, '/rest/api/3/myself');
  const waits = [];
  for (let i = 0; i < 20; i++) waits.push(Number((await ask(r, '/rest/api/3/myself')).headers['server-timing'].match(/wait;dur=([\d.]+)/)[1]));
  assert.ok(waits.filter((w) => w === 0).length >= 15, waits.join());
});

test('the app\'s admins see what was called: kind, issue, key, person, status; nobody else does', async () => {
  const { secret, key } = await makeKey(r.runner);
  await ask(r, '/rest/api/3/issue/ACME-1?fields=secretfield', { key: secret });
  await ask(r, '/rest/api/3/issue/ACME-99999/comment/77', { key: secret });
  await ask(r, '/rest/pat/x', { key: secret });
  let mine = [];
  for (let i = 0; i < 80 && mine.length < 2; i++) {
    await sleep(100);
    mine = (await r.admin.get(`/apps/${r.app}/calls?key=${key.id}`)).body.calls;
  }
  assert.deepEqual(mine.map((c) => [c.method, c.template, c.issue, c.status, c.code, c.user.email, c.key.name, c.connection.name, c.repeats]), [
    ['GET', '/rest/api/3/issue/{issue}/comment/{id}', 'ACME-99999', 404, null, 'runner@example.com', key.name, 'My Jira', 0],
    ['GET', '/rest/api/3/issue/{issue}', 'ACME-1', 200, null, 'runner@example.com', key.name, 'My Jira', 0]]);
  assert.ok(mine.every((c) => c.ms >= 0 && c.credential && Date.parse(c.came) > Date.now() - 60000));
  const by = async (query) => (await r.admin.get(`/apps/${r.app}/calls?${query}`)).body;
  assert.deepEqual((await by(`key=${key.id}&status=4xx`)).calls.map((c) => c.status), [404]);
  assert.deepEqual((await by(`key=${key.id}&issue=ACME-1`)).calls.map((c) => c.status), [200]);
  assert.equal((await r.admin.get(`/apps/${r.app}/calls?status=abc`)).status, 422);
  const page = await by('');
  assert.ok(page.calls.length <= 50);
  if (page.next) assert.ok((await by(`before=${page.next}`)).calls.every((c) => c.id < page.next));
  assert.equal((await r.runner.get(`/apps/${r.app}/calls`)).code, 'not_app_admin');
  const shown = await r.admin.page(`/apps/${r.app}/calls?key=${key.id}`);
  assert.equal(shown.status, 200);
  assert.ok(shown.text.includes('/rest/api/3/issue/{issue}') && !shown.text.includes('secretfield'));
});

test('where few calls fit, the page says how far it looked and goes on from there', async () => {
  const app = await makeApp(r.admin, 'Busy');
  const kinds = JSON.stringify([['c', 'Jira', 'k', 'Key', null, 'x', 'GET', '/rest/api/3/myself', null]]);
  const from = Date.now() - 3600000;
  sql(r.s, `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 2100)
    INSERT INTO relay_call_groups (id, app_id, first_at, last_at, calls)
    SELECT printf('01jddq2rj5%016d', i), a.id, ${from} + i, ${from} + i,
      '{"kinds":${kinds},"calls":[[0,5,' || CASE i WHEN 7 THEN 500 ELSE 200 END || ',0,0,null]]}'
    FROM n, apps a WHERE a.slug = '${app}'`);
  const first = (await r.admin.get(`/apps/${app}/calls?status=5xx`)).body;
  assert.deepEqual([first.calls, Date.parse(first.looked_to)], [[], from + 100]);
  const text = (await r.admin.page(`/apps/${app}/calls?status=5xx`)).text;
  assert.ok(text.includes('Look further back') && text.includes(first.looked_to) && !text.includes('No calls yet'));
  const second = (await r.admin.get(`/apps/${app}/calls?status=5xx&before=${first.next}`)).body;
  assert.deepEqual(second.calls.map((c) => [c.status, Date.parse(c.came), c.as_app]), [[500, from + 2, true]]);
  assert.deepEqual([second.next, second.looked_to], [null, null]);
  const all = (await r.admin.get(`/apps/${app}/calls`)).body;
  assert.deepEqual([all.calls.length, all.next, all.looked_to], [50, all.calls[49].id, null]);
  assert.equal((await r.admin.get(`/apps/${app}/calls?before=yesterday`)).status, 422);
});

endsWell(() => r.s);
test('the front ends', () => r.front.close());
