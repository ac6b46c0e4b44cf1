// More attacks on connecting by OAuth2, against an Atlassian that answers as it likes: odd tokens,
// sites and names, echoes, slowness; two people with one Atlassian account; runners of shared
// connections; rights withdrawn while a token is being refreshed; everything at once.

import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, beforeEach, test } from 'node:test';

import { addConnection, assertProblem, connectPath, grant, makeApp, rowOf, run, sleep, until } from '../lib/scene.mjs';
import { endsWell, sql, startStack } from '../lib/stack.mjs';

const CLOUD = '11111111-2222-3333-4444-555555555555';
const SCOPES = 'read:jira-work write:jira-work read:jira-user offline_access';
const SECRETS = ['EVIL-ACCESS', 'EVIL-REFRESH', 'EVIL-CLIENT', 'EVIL-CODE'];

// What it answers; each is (request, response, body) or null for the usual.
const evil = { token: null, resources: null, myself: null, rest: null, log: [] };

let s;
let server;
let root;
let app;
let id;
let people = 0;

function reply(response, status, body, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

const tokens = (more) => ({ access_token: 'EVIL-ACCESS', refresh_token: 'EVIL-REFRESH',
  expires_in: 3600, scope: SCOPES, token_type: 'Bearer', ...more });
const site = (cloud, name, more) => ({ id: cloud, url: `https://${name}.atlassian.net`, name,
  scopes: ['read:jira-work'], ...more });
const account = (more) => ({ accountId: 'account-1', displayName: 'Somebody',
  emailAddress: 'somebody@example.com', ...more });
const UNKNOWN_CODE = { error: 'invalid_request', error_description: 'authorization_code is invalid' };

function usual(request, response, body) {
  const { url } = request;
  if (url === '/oauth/token')
    reply(response, ...(body.includes('mortise-asks') ? [400, UNKNOWN_CODE] : [200, tokens()]));
  else if (url.endsWith('accessible-resources'))
    reply(response, 200, [site(CLOUD, 'acme')]);
  else
    reply(response, 200, url.endsWith('/myself') ? account() : {});
}

async function serve(request, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString();
  const { url } = request;
  evil.log.push(`${request.method} ${url} ${body}`);
  const kind = url === '/oauth/token' ? 'token' : url.endsWith('accessible-resources') ? 'resources'
    : url.endsWith('/myself') ? 'myself' : 'rest';
  (evil[kind] ?? usual)(request, response, body);
}

const always = (status, body, headers) => (request, response) => reply(response, status, body, headers);
const later = (ms, status, body) => (request, response) =>
  setTimeout(() => reply(response, status, body), ms);
const usualAgain = () => {
  for (const kind of ['token', 'resources', 'myself', 'rest']) evil[kind] = null;
  evil.log.length = 0;
};

const stateOf = async (client, connection = id) => {
  const answer = await client.post(connectPath(app, connection));
  assert.equal(answer.status, 200, answer.text);
  return new URL(answer.body.authorize_url).searchParams.get('state');
};
const callback = (state) => `/oauth/callback?code=EVIL-CODE&state=${state}`;
const connect = async (client, connection = id, how = 'get') =>
  client[how](callback(await stateOf(client, connection)));
const person = async (role) => {
  const client = await s.user(root, `p${(people += 1)}@example.com`);
  if (role) await grant(root, app, client, role);
  return client;
};
const share = (connection, shared) =>
  root.patch(`/apps/${app}/connections/${connection}`, { shared, confirm_lost: 99 });
const works = (client, connection = id) => run(client, app, connection, { path: '/rest/api/3/project' });

before(async () => {
  server = http.createServer(serve);
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${server.address().port}`;
  s = await startStack(null, { sim: false, env: {
    MORTISE_ATLASSIAN_API_URL: url, MORTISE_ATLASSIAN_AUTH_URL: url,
    MORTISE_JIRA_CLIENT_ID: 'evil-client', MORTISE_JIRA_CLIENT_SECRET: 'EVIL-CLIENT',
  } });
  root = await s.setup();
});

beforeEach(async () => {
  usualAgain();
  app = await makeApp(root);
  id = await addConnection(root, app, { type: 'jira_oauth2' });
});

after(() => {
  server.closeAllConnections?.();
  server.close();
});

// --- whose

test('after a revocation each person consents anew: one does not reconnect the other', async () => {
  const [anna, bob] = [await person('runner'), await person('runner')];
  for (const client of [anna, bob]) assert.equal((await connect(client)).status, 200);
  evil.token = always(403, { error: 'unauthorized_client', error_description: 'refresh_token is invalid' });
  evil.rest = always(401, { message: 'Unauthorized' });
  assertProblem(await works(anna), 409, 'needs_reconnect');
  assert.equal((await rowOf(bob, app, id)).state, 'needs_reconnect');
  usualAgain();
  assert.equal((await connect(anna)).status, 200);
  assert.equal((await works(anna)).status, 200);
  // bob perhaps no longer has the account's new password
  assertProblem(await works(bob), 409, 'needs_reconnect');
});

test('one odd 401 that a runner provokes does not take the shared credential from everybody', async () => {
  await share(id, true);
  assert.equal((await connect(root)).status, 200);
  await root.patch(`/apps/${app}/connections/${id}`, { runners_may_request: true });
  const runner = await person('runner');
  evil.rest = (request, response) =>
    reply(response, request.url.endsWith('/odd') ? 401 : 200, { message: 'Unauthorized' });
  await run(runner, app, id, { path: '/rest/api/3/odd' });
  assert.equal((await works(root)).status, 200, 'the token was renewed a moment ago: it lives');
});

test('a runner of a shared connection has no way to the admin\'s Jira', async () => {
  await share(id, true);
  assert.equal((await connect(root)).status, 200);
  const runner = await person('runner');
  const own = await addConnection(root, app, { type: 'jira_oauth2' });
  const body = { path: '/rest/api/3/project', connection: id };
  evil.log.length = 0;
  assertProblem(await run(runner, app, id, body), 403, 'blocked_by_policy');
  assertProblem(await runner.post(`/apps/${app}/request`, body), 403, 'blocked_by_policy');
  assertProblem(await run(runner, app, own, body), 409, 'connection_required');
  assertProblem(await runner.post(`/apps/${app}/connections/${id}/test`), 403, 'not_app_admin');
  assertProblem(await runner.post(connectPath(app, id)), 403, 'not_app_admin');
  assertProblem(await runner.delete(`/apps/${app}/connections/${id}/credential`), 403, 'not_app_admin');
  assert.deepEqual(evil.log, []);
});

test('a runner of a shared connection does not learn the e-mail of the account behind it', async () => {
  await share(id, true);
  assert.equal((await connect(root)).status, 200);
  const runner = await person('runner');
  for (const path of ['', '/connections', `/connections/${id}`, `/connections/${id}/connect`,
    `/connections/${id}/credential`, '/request']) {
    const answer = await runner.get(`/apps/${app}${path}`);
    assert.doesNotMatch(answer.text, /somebody@example\.com/, path);
  }
});

// --- when

for (const [what, withdraw] of Object.entries({
  disabled: (client) => root.patch(`/users/${client.me.id}`, { disabled: true }),
  removed: async (client) => {
    const { permissions } = (await root.get(`/apps/${app}/permissions`)).body;
    return root.delete(`/apps/${app}/permissions/${
      permissions.find((p) => p.user?.email === client.me.email).id}`);
  },
  disconnected: (client) => client.delete(`/apps/${app}/connections/${id}/credential`),
  switched: () => share(id, true),
})) {
  test(`${what} while the token is refreshed: the request that waited is not sent`, async () => {
    const [client, other] = [await person('runner'), await person('runner')];
    evil.token = always(200, tokens({ expires_in: 30 })); // stale at once
    const elsewhere = await addConnection(root, app, { type: 'jira_oauth2' });
    assert.equal((await connect(client)).status, 200);
    assert.equal((await connect(other, elsewhere)).status, 200); // the grant outlives the wipe
    evil.log.length = 0;
    evil.token = later(1200, 200, tokens());
    const slow = run(client, app, id, { method: 'POST', path: '/rest/api/3/issue', body: {} });
    await until(() => evil.log.length > 0, 'the refresh');
    const answer = await withdraw(client);
    assert.ok([200, 204].includes(answer.status), answer.text);
    assert.ok((await slow).status >= 400, 'no answer is shown');
    assert.deepEqual(evil.log.filter((line) => line.includes('/rest/api/3/issue')), []);
  });
}

test('a callback that was refused is used up', async () => {
  const client = await person('runner');
  const path = callback(await stateOf(client));
  const own = `/apps/${app}/connections/${id}/oauth-client`;
  assert.equal((await root.post(own, { client_id: 'another', client_secret: 'EVIL-CLIENT' })).status, 200);
  assertProblem(await client.get(path), 409, 'conflict');
  assert.equal((await root.delete(own)).status, 200);
  assertProblem(await client.get(path), 410, 'state_expired');
  assert.equal((await rowOf(client, app, id)).state, 'not_connected');
});

test('HEAD finishes nothing', async () => {
  const client = await person('runner');
  const path = callback(await stateOf(client));
  await client.fetch('HEAD', path, { headers: { accept: 'text/html' } });
  assert.equal((await client.get(path)).status, 200);
});

test('deleting an app erases the tokens that only it used', async () => {
  const doomed = await makeApp(root, 'Doomed');
  const connection = await addConnection(root, doomed, { type: 'jira_oauth2' });
  evil.myself = always(200, account({ accountId: 'of-the-doomed' }));
  const { authorize_url: url } = (await root.post(connectPath(doomed, connection))).body;
  assert.equal((await root.get(callback(new URL(url).searchParams.get('state')))).status, 200);
  const left = () => sql(s, 'SELECT count(*) FROM oauth_grants WHERE account_id = \'of-the-doomed\'')[0][0];
  assert.equal(left(), 1);
  assert.equal((await root.delete(`/apps/${doomed}`, { confirm: 'Doomed' })).status, 204);
  assert.equal(left(), 0);
});

test('connecting, choosing, confirming, switching, disconnecting, refreshing at once: no row lies', async () => {
  const clients = [root, await person('runner'), await person('runner')];
  const other = site(CLOUD.replaceAll('1', '9'), 'globex');
  evil.token = (request, response) => setTimeout(() => reply(response, 200,
    tokens({ expires_in: Math.random() < 0.5 ? 30 : 3600 })), Math.random() * 60);
  evil.resources = (request, response) => reply(response, 200,
    Math.random() < 0.5 ? [site(CLOUD, 'acme')] : [site(CLOUD, 'acme'), other]);
  evil.myself = (request, response) => reply(response, 200,
    account({ accountId: `account-${Math.random() < 0.5 ? 1 : 2}` }));
  const broken = [];
  const act = async (client) => {
    await sleep(Math.random() * 150);
    const begun = await client.post(connectPath(app, id));
    if (begun.status !== 200) return;
    let answer = await client.get(callback(new URL(begun.body.authorize_url).searchParams.get('state')));
    if (answer.code === 'choose_site')
      answer = await client.post(connectPath(app, id),
        { confirm: answer.body.confirm, site: answer.body.sites[0].id });
    if (answer.code === 'identity_changed')
      answer = await client.post(connectPath(app, id), { confirm: answer.body.confirm });
    if (answer.status >= 500 && answer.status !== 503) broken.push(answer.text);
    await works(client);
  };
  const flip = async () => {
    for (const on of [true, false, true]) {
      await sleep(Math.random() * 120);
      await share(id, on);
    }
  };
  const leave = async (client) => {
    await sleep(Math.random() * 300);
    await client.delete(`/apps/${app}/connections/${id}/credential`);
  };
  for (let round = 0; round < 4; round++) {
    await Promise.all([...clients, ...clients].map(act).concat(flip(), clients.map(leave)));
    const lies = sql(s, `SELECT c.id FROM credentials c JOIN connections n ON n.id = c.connection_id
      WHERE c.sealed IS NOT NULL AND (c.switch_counter <> n.switch_counter
      OR (c.owner IS NULL) <> (n.shared = 1))`);
    assert.deepEqual(lies, []);
    assert.equal(sql(s, `SELECT count(*) FROM oauth_grants g WHERE NOT EXISTS
      (SELECT 1 FROM credentials c WHERE c.grant_id = g.id)`)[0][0], 0);
  }
  assert.deepEqual(broken, []);
});

// --- what Atlassian says

const ODD = {
  token: ['a\r\nX: y', 'a b', 'é', '', 'x'.repeat(16385), 'x'.repeat(60000), 5, null, ['x'], {}, 'a\0b']
    .map((access_token) => tokens({ access_token }))
    .concat([-1, 1e18, '3600', 3.5, true].map((expires_in) => tokens({ expires_in })))
    .concat(['x '.repeat(30000), '<script>', 5, 'a\nb'].map((scope) => tokens({ scope })))
    .concat(tokens({ token_type: 'mac' }), tokens({ refresh_token: 'a\nb' }), '['.repeat(60000)),
  resources: ['../../x', `${CLOUD}/../x`, '', 5].map((cloud) => [site(cloud, 'acme')])
    .concat(['javascript:alert(1)', 'https://evil.example', 'https://acme.atlassian.net@evil.example',
      'http://acme.atlassian.net', 'https://evil.example/.atlassian.net', 'https://x.atlassian.net:444',
      `https://${'a'.repeat(3000)}.atlassian.net`].map((url) => [site(CLOUD, 'acme', { url })]))
    .concat([{}, null, [null, 5, []]], '['.repeat(250000),
      [Array.from({ length: 10000 }, (_, i) => site(CLOUD.slice(0, 30) + String(i).padStart(6, 0), `s${i}`))]),
  myself: ['', 5, null].map((accountId) => account({ accountId }))
    .concat([[], null, '['.repeat(9000), `{"x":"${'y'.repeat(600000)}"}`]),
};

test('odd tokens, sites and accounts connect nobody and break nothing', async () => {
  let client;
  let attempts = 0;
  for (const [kind, answers] of Object.entries(ODD)) {
    for (const answer of answers) {
      if (attempts++ % 8 === 0) client = await person('runner'); // attempts are limited
      usualAgain();
      evil[kind] = always(200, answer);
      const back = await connect(client);
      const shown = `${kind} ${JSON.stringify(answer).slice(0, 60)}: ${back.text.slice(0, 300)}`;
      assert.ok([403, 409, 502].includes(back.status), shown);
      assert.equal((await rowOf(client, app, id)).state, 'not_connected', shown);
    }
  }
});

test('names are text in every page, and no header', async () => {
  const client = await person('runner');
  for (const displayName of ['<script>alert(1)</script>', 'a\r\nSet-Cookie: x=y', '{{sentence}}']) {
    evil.myself = always(200, account({ displayName, emailAddress: displayName }));
    const back = await connect(client, id, 'page');
    assert.equal(back.status, 303, back.text);
    for (const page of [await client.page(back.location), await client.page('/me/connections'),
      await root.page(`/apps/${app}/connections/${id}/credentials`)]) {
      assert.equal(page.status, 200);
      assert.doesNotMatch(page.text, /<script>alert/);
      assert.doesNotMatch(page.headers.get('set-cookie') ?? '', /x=y/);
    }
  }
});

test('what echoes our secrets back does not get them shown', async () => {
  let client; // one for each kind: attempts that nobody knows whose they are are limited
  const echo = (status) => (request, response, body) => {
    const said = `${request.headers.authorization ?? ''} ${body}`;
    reply(response, status, { error: said, error_description: said, message: said, errorMessages: [said] },
      { location: `https://evil.example/?${encodeURIComponent(said)}`, 'x-echo': said.replace(/\s/g, ' ') });
  };
  const clean = (answer, what) => {
    for (const secret of SECRETS) assert.ok(!answer.text.includes(secret), `${what}: ${answer.text}`);
  };
  for (const kind of ['token', 'resources', 'myself']) {
    client = await person('runner');
    for (const status of [302, 400, 401, 403, 404, 500]) {
      usualAgain();
      evil[kind] = echo(status);
      const how = status % 2 ? 'page' : 'get';
      clean(await connect(client, id, how), `${kind} ${status}`);
    }
  }
  usualAgain();
  assert.equal((await connect(client)).status, 200);
  for (const status of [200, 302, 400, 403, 404, 500]) {
    evil.rest = echo(status);
    clean(await works(client), `request ${status}`);
  }
  for (const secret of SECRETS) assert.ok(!s.log.includes(secret), 'in the log');
});

// --- OAuth clients

test('an OAuth client is out of reach from another app, and tests of it are limited', async () => {
  const outsider = await person();
  const mine = await makeApp(outsider);
  const ours = await addConnection(outsider, mine, { type: 'jira_oauth2' });
  const entered = { client_id: 'x', client_secret: 'y', confirm_lost: 99 };
  for (const [method, path] of [['post', 'oauth-client'], ['delete', 'oauth-client'],
    ['post', 'oauth-client/test'], ['post', 'connect'], ['delete', 'credential'], ['post', 'test'],
    ['post', 'request']])
    assertProblem(await outsider[method](`/apps/${mine}/connections/${id}/${path}`, entered), 404, 'not_found');
  assertProblem(await outsider.get(`/apps/${mine}/connections/${id}/credentials`), 404, 'not_found');
  assertProblem(await outsider.post('/settings/oauth-client', entered), 403, 'not_workspace_admin');
  assert.deepEqual(evil.log, [], 'nothing was asked');
  // an empty secret keeps the one that is there, and nothing else
  assertProblem(await outsider.post(`/apps/${mine}/connections/${ours}/oauth-client`,
    { client_id: 'evil-client', client_secret: '' }), 422, 'invalid');
  // whether the workspace's secret is right is nobody else's business
  assertProblem(await outsider.post(`/apps/${mine}/connections/${ours}/oauth-client/test`), 404,
    'not_found');
  assert.deepEqual(evil.log, [], 'nothing was asked');
  let answer;
  for (let i = 0; i < 31; i++)
    answer = await outsider.post(`/apps/${mine}/connections/${ours}/oauth-client`,
      { client_id: `client-${i}`, client_secret: 'a-guess' });
  assertProblem(answer, 429, 'too_many_attempts');
  assert.ok(evil.log.length <= 30);
});

endsWell(() => s);
