// Every route of tables/routes.def with every role, by the API and as a page: exactly what the
// permission column says. Refused calls carry valid bodies, so that nothing but the permission
// stops them, and change nothing. A route without a sample here fails.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { addConnection, ANNA, assertProblem, connect, grant, makeApp, unique } from '../lib/scene.mjs';
import { endsWell, OAUTH_CLIENT, OAUTH_SECRET, startStack } from '../lib/stack.mjs';
import { ERRORS, PERMISSIONS, ROUTES } from '../lib/tables.mjs';

const MEMBERS = ['runner', 'admin'];
const ALLOWED = {
  PUBLIC: ['out', 'stranger', 'runner', 'admin', 'boss', 'other'],
  SIGNED_IN: ['stranger', 'runner', 'admin', 'boss', 'other'],
  WORKSPACE_ADMIN: ['boss'],
  APP_MEMBER: MEMBERS,
  APP_GUARD: ['admin'], // and workspace admins among the members: stops.test.mjs
  APP_ADMIN: ['admin'],
};
const ROLES = ALLOWED.PUBLIC;

const w = {}; // the world: clients by role, and ids
let s;

before(async () => {
  s = await startStack(null, { oauth: true, env: { // nobody answers there
    MORTISE_SMTP_URL: 'smtp://127.0.0.1:9', MORTISE_MAIL_FROM: 'mortise@example.com' } });
  w.boss = await s.setup();
  for (const role of ['stranger', 'runner', 'admin', 'other'])
    w[role] = await s.user(w.boss, `${role}@example.com`);
  w.out = s.client();
  w.app = await makeApp(w.admin, 'Main');
  w.otherApp = await makeApp(w.other, 'Other');
  await grant(w.admin, w.app, w.runner);
  w.group = (await w.boss.post('/groups', { name: 'Group' })).body.id;
  w.user = (await s.user(w.boss, 'someone@example.com')).me.id;
  w.permission = (await w.admin.post(`/apps/${w.app}/permissions`,
    { kind: 'group', principal: w.group, role: 'runner' })).body.id;
  w.connection = await addConnection(w.admin, w.app, { name: 'Jira' });
  w.oauth = await addConnection(w.admin, w.app, { name: 'By OAuth2', type: 'jira_oauth2' });
  w.otherConnection = await addConnection(w.other, w.otherApp, { name: 'Jira' });
  w.otherPermission = (await w.other.get(`/apps/${w.otherApp}/permissions`)).body.permissions[0].id;
  w.stop = (await stopped()).stop;
  w.otherStop = (await w.other.post(`/apps/${w.otherApp}/stops`)).body.id;
  await w.other.post(`/apps/${w.otherApp}/stops/${w.otherStop}/lift`);
  const hook = { url: 'https://hooks.example.com/mortise' };
  w.webhook = (await w.admin.post(`/apps/${w.app}/webhooks`, hook)).body.webhook.id;
  w.otherWebhook = (await w.other.post(`/apps/${w.otherApp}/webhooks`, hook)).body.webhook.id;
  w.workspaceWebhook = (await w.boss.post('/settings/webhooks', hook)).body.webhook.id;
  await w.admin.post(`/apps/${w.app}/webhooks/${w.webhook}/test`);
  w.delivery = (await w.admin.get(`/apps/${w.app}/webhooks/${w.webhook}`)).body.deliveries[0].id;
  w.otherKey = (await w.other.post(`/apps/${w.otherApp}/keys`, { name: 'A key' })).body.key.id;
  w.otherRequest = (await w.other.post(`/apps/${w.otherApp}/requests`, savedRequest())).body.id;
  w.token = 'x'.repeat(43);
  w.apiKey = await s.token(ANNA);
  for (const role of MEMBERS) await connect(s, w[role], w.app, w.connection, ANNA, { api_key: w.apiKey });
  w.request = (await w.admin.post(`/apps/${w.app}/requests`, savedRequest())).body.name;
  w.action = (await newAction()).action;
  w.run = (await newRun('runner')).run;
  Object.assign(w, { output: '1', format: 'csv' });
});

let requests = 0;
const savedRequest = () => ({ name: `Request${(requests += 1)}`, connection: 'Jira', method: 'GET', path: '/rest/api/3/myself' });
const newSaved = async () => ({ request: (await w.admin.post(`/apps/${w.app}/requests`, savedRequest())).body.id });
// An action that was applied, and a run of it.
async function newAction() {
  const draft = { inputs: [], steps: [{ request: w.request }], outputs: [{ type: 'table', rows: `{{request.${w.request}.results}}`, columns: [{ label: 'Ok', value: '{{item.ok}}' }] }] };
  const { slug } = (await w.admin.post(`/apps/${w.app}/actions`, { name: unique('Action'), draft })).body;
  await w.admin.post(`/apps/${w.app}/actions/${slug}/apply`);
  return { action: slug };
}
const newRun = async (role) => ({ run: (await w[role].post(`/apps/${w.app}/actions/${w.action}/run`)).body.id });

const newMail = () => `${unique('x').replace(' ', '')}@example.com`;
const newGroup = async () => (await w.boss.post('/groups', { name: unique('Group') })).body.id;
const newPrincipal = async () => ({ kind: 'group', principal: await newGroup(), role: 'runner' });
const connectFields = () => ({ base_url: s.site(), username: ANNA, api_key: w.apiKey });
const oauthClient = { client_id: OAUTH_CLIENT, client_secret: OAUTH_SECRET };
const request = { method: 'GET', path: '/rest/api/3/myself' };

// The same eight routes below an app and below the workspace's settings.
function webhookSamples(at, role, { foreign, webhook }) {
  const one = `${at}/{webhook}`;
  const url = 'https://hooks.example.com/mortise';
  const where = () => at.replace('{app}', w.app);
  const make = async () => (await w[role].post(where(), { url })).body.webhook.id;
  const here = () => ({ webhook: webhook() });
  const again = async () => {
    await w[role].post(`${where()}/${webhook()}/test`);
    const { deliveries } = (await w[role].get(`${where()}/${webhook()}`)).body;
    return { webhook: webhook(), delivery: deliveries[0].id };
  };
  return {
    [`GET ${at}`]: { api: 200, page: 200 },
    [`POST ${at}`]: { api: 201, page: 201, body: { url }, done: async () => {
      for (const each of (await w[role].get(where())).body.webhooks)
        if (each.id !== webhook()) await w[role].delete(`${where()}/${each.id}`);
    } },
    [`GET ${one}`]: { api: 200, page: 200, foreign, fresh: here },
    [`PATCH ${one}`]: { api: 200, page: 303, foreign, body: { active: true }, fresh: here },
    [`DELETE ${one}`]: { api: 204, page: 303, foreign, fresh: async () => ({ webhook: await make() }) },
    [`POST ${one}/secret`]: { api: 201, page: 201, foreign, fresh: here },
    [`POST ${one}/test`]: { api: 200, page: 303, foreign, fresh: here },
    [`POST ${one}/deliveries/{delivery}/resend`]: { api: 200, page: 303, foreign, fresh: again },
  };
}

// body: valid for whoever may; fresh: makes what an allowed call uses up, and returns parameters
// (and the body) to use instead; done: puts a role back in order.
const SAMPLES = {
  'GET /': { api: 200, page: 303 },
  'GET /healthz': { api: 200, page: 200 },
  'GET /readyz': { api: 200, page: 200 },
  'GET /help/jira-connection': { api: 200, page: 200 },
  'GET /oauth/callback': { api: 400, page: 400 },
  'GET /session': { api: 200, page: 200 },
  'POST /session': { api: 401, page: 401,
    fresh: () => ({ body: { email: newMail(), password: 'not a password' } }) },
  'DELETE /session': { api: 204, page: 303, done: signInAgain },
  'GET /links/{token}': { api: 410, page: 410 },
  'POST /links/{token}': { api: 410, page: 410, body: { password: 'correct horse battery' } },
  'GET /me': { api: 200, page: 200 },
  'PATCH /me': { api: 200, page: 303, body: { name: 'Still me' } },
  'POST /me/password': { api: 422, page: 422,
    body: { current_password: 'not the right one', new_password: 'a fine new password' } },
  'DELETE /me/sessions': { api: 204, page: 303, done: signInAgain },
  'GET /me/connections': { api: 200, page: 200 },
  'GET /me/notices': { api: 200, page: 200 },
  'POST /me/notices/read': { api: 200, page: 303, body: { all: true } },
  'GET /me/keys': { api: 200, page: 200 },
  'POST /me/keys': { api: 201, page: 201, body: { name: 'A key' } },
  'DELETE /me/keys/{key}': { api: 204, page: 303,
    fresh: async (role) => ({ key: (await w[role].post('/me/keys', { name: 'A key' })).body.key.id }) },
  'GET /users': { api: 200, page: 200 },
  'POST /users': { api: 201, page: 201, body: { email: 'invited@example.com' },
    fresh: () => ({ body: { email: newMail() } }) },
  'GET /users/{user}': { api: 200, page: 200 },
  'PATCH /users/{user}': { api: 200, page: 303, body: { name: 'Renamed' } },
  'POST /users/{user}/link': { api: 201, page: 201 },
  'GET /groups': { api: 200, page: 200 },
  'POST /groups': { api: 201, page: 303, body: { name: 'Made' },
    fresh: () => ({ body: { name: unique('Made') } }) },
  'GET /groups/{group}': { api: 200, page: 200 },
  'PATCH /groups/{group}': { api: 200, page: 303, body: { description: 'Changed' } },
  'DELETE /groups/{group}': { api: 204, page: 303, fresh: async () => ({ group: await newGroup() }) },
  'POST /groups/{group}/members': { api: 200, page: 303, body: { user: 'someone@example.com' } },
  'DELETE /groups/{group}/members/{user}': { api: 200, page: 303, fresh: async () => {
    await w.boss.post(`/groups/${w.group}/members`, { user: w.user });
    return {};
  } },
  'GET /settings': { api: 200, page: 200 },
  'POST /settings/oauth-client': { api: 200, page: 303, body: oauthClient },
  'DELETE /settings/oauth-client': { api: 200, page: 303, fresh: async () => {
    await w.boss.post('/settings/oauth-client', oauthClient);
    return {};
  } },
  'POST /settings/oauth-client/test': { api: 200, page: 303 },
  'POST /settings/mail/test': { api: 200, page: 303 },
  ...webhookSamples('/settings/webhooks', 'boss', { webhook: () => w.workspaceWebhook }),
  'GET /flagged-apps': { api: 200, page: 200 },
  'POST /flagged-apps/{app}/admins': { api: 204, page: 303, body: { user: 'someone@example.com' },
    fresh: flagged },
  'GET /stops': { api: 200, page: 200 },
  'POST /stops': { api: 201, page: 303, body: { kind: 'user', user: 'someone@example.com' },
    fresh: async () => ({ body: { kind: 'user', user: (await newUser()).me.id } }) },
  'GET /stops/{stop}': { api: 200, page: 200, fresh: stopped },
  'POST /stops/{stop}/lift': { api: 200, page: 303, fresh: stopped },
  'POST /stops/{stop}/erase': { api: 200, page: 303, fresh: stopped },
  'GET /stops/{stop}/csv': { api: 200, page: 200, fresh: stopped },
  'GET /apps': { api: 200, page: 200 },
  'GET /apps/new': { api: 200, page: 200 },
  'POST /apps': { api: 201, page: 303, body: { name: 'Made' } },
  'GET /apps/{app}': { api: 200, page: 200 },
  'PATCH /apps/{app}': { api: 200, page: 303, body: { description: 'Changed' } },
  'DELETE /apps/{app}': { api: 204, page: 303, body: { confirm: 'Main' },
    fresh: async () => ({ app: await makeApp(w.admin, 'Main') }) },
  'GET /apps/{app}/settings': { api: 200, page: 200 },
  ...webhookSamples('/apps/{app}/webhooks', 'admin', { foreign: true, webhook: () => w.webhook }),
  'GET /apps/{app}/permissions': { api: 200, page: 200 },
  'POST /apps/{app}/permissions': { api: 201, page: 303,
    body: { kind: 'everyone', principal: '', role: 'runner' },
    fresh: async () => ({ body: await newPrincipal() }) },
  'PATCH /apps/{app}/permissions/{permission}': { api: 200, page: 303, foreign: true,
    body: { role: 'runner' } },
  'DELETE /apps/{app}/permissions/{permission}': { api: 204, page: 303, foreign: true,
    fresh: async () => {
      const made = await w.admin.post(`/apps/${w.app}/permissions`, await newPrincipal());
      return { permission: made.body.id };
    } },
  'GET /apps/{app}/stops': { api: 200, page: 200 },
  'POST /apps/{app}/stops': { api: 201, page: 303, fresh: async () => ({ app: await makeApp(w.admin) }) },
  'GET /apps/{app}/stops/{stop}': { api: 200, page: 200, foreign: true, fresh: stoppedApp },
  'POST /apps/{app}/stops/{stop}/lift': { api: 200, page: 303, foreign: true, fresh: stoppedApp },
  'POST /apps/{app}/stops/{stop}/erase': { api: 200, page: 303, foreign: true, fresh: stoppedApp },
  'GET /apps/{app}/stops/{stop}/csv': { api: 200, page: 200, foreign: true, fresh: stoppedApp },
  'GET /apps/{app}/calls': { api: 200, page: 200 },
  'GET /apps/{app}/keys': { api: 200, page: 200 },
  'POST /apps/{app}/keys': { api: 201, page: 201, body: { name: 'A key' } },
  'DELETE /apps/{app}/keys/{key}': { api: 204, page: 303, foreign: true,
    fresh: async () => ({ key: (await w.admin.post(`/apps/${w.app}/keys`, { name: 'A key' })).body.key.id }) },
  'GET /apps/{app}/connections': { api: 200, page: 200 },
  'GET /apps/{app}/connections/new': { api: 200, page: 200 },
  'POST /apps/{app}/connections': { api: 201, page: 303, body: { type: 'jira_api', name: 'Made' },
    fresh: () => ({ body: { type: 'jira_api', name: unique('Made') } }) },
  'GET /apps/{app}/connections/{connection}': { api: 200, page: 200, foreign: true },
  'GET /apps/{app}/connections/{connection}/edit': { api: 200, page: 200, foreign: true },
  'PATCH /apps/{app}/connections/{connection}': { api: 200, page: 303, foreign: true,
    body: { name: 'Jira' } },
  'DELETE /apps/{app}/connections/{connection}': { api: 204, page: 303, foreign: true,
    body: { confirm: 'Jira' },
    fresh: async () => {
      const name = unique('Gone');
      return { connection: await addConnection(w.admin, w.app, { name }), body: { confirm: name } };
    } },
  'POST /apps/{app}/connections/{connection}/oauth-client': { api: 200, page: 303, foreign: true,
    body: oauthClient, fresh: () => ({ connection: w.oauth }) },
  'DELETE /apps/{app}/connections/{connection}/oauth-client': { api: 200, page: 303, foreign: true,
    fresh: async () => {
      await w.admin.post(`/apps/${w.app}/connections/${w.oauth}/oauth-client`, oauthClient);
      return { connection: w.oauth };
    } },
  'POST /apps/{app}/connections/{connection}/oauth-client/test': { api: 200, page: 303, foreign: true,
    fresh: async () => {
      await w.admin.post(`/apps/${w.app}/connections/${w.oauth}/oauth-client`, oauthClient);
      return { connection: w.oauth };
    } },
  'GET /apps/{app}/connections/{connection}/credentials': { api: 200, page: 200, foreign: true },
  'GET /apps/{app}/connections/{connection}/connect': { api: 200, page: 200, foreign: true },
  'POST /apps/{app}/connections/{connection}/connect': { api: 200, page: 303, foreign: true,
    body: connectFields },
  'GET /apps/{app}/connections/{connection}/credential': { api: 200, page: 200, foreign: true },
  'DELETE /apps/{app}/connections/{connection}/credential': { api: 200, page: 303, foreign: true,
    done: (role) => connect(s, w[role], w.app, w.connection, ANNA, { api_key: w.apiKey }) },
  'POST /apps/{app}/connections/{connection}/test': { api: 200, page: 200, foreign: true },
  'GET /apps/{app}/actions': { api: 200, page: 200 },
  'GET /apps/{app}/actions/new': { api: 200, page: 200 },
  'POST /apps/{app}/actions': { api: 201, page: 303, fresh: () => ({ body: { name: unique('Action') } }) },
  'GET /apps/{app}/actions/{action}': { api: 200, page: 200, foreign: true },
  'PATCH /apps/{app}/actions/{action}': { api: 200, page: 303, foreign: true, body: { description: 'Changed' }, fresh: newAction },
  'DELETE /apps/{app}/actions/{action}': { api: 204, page: 303, foreign: true, fresh: newAction },
  'POST /apps/{app}/actions/{action}/apply': { api: 200, page: 303, foreign: true, fresh: newAction },
  'POST /apps/{app}/actions/{action}/clone': { api: 201, page: 303, foreign: true, body: () => ({ name: unique('Clone') }) },
  'POST /apps/{app}/actions/{action}/revert': { api: 200, page: 303, foreign: true, fresh: newAction },
  'GET /apps/{app}/actions/{action}/form': { api: 200, page: 200, foreign: true },
  'POST /apps/{app}/actions/{action}/form': { api: 200, page: 200, foreign: true },
  'POST /apps/{app}/actions/{action}/run': { api: 201, page: 303, foreign: true },
  'GET /apps/{app}/runs': { api: 200, page: 200 },
  'GET /apps/{app}/runs/{run}': { api: 200, page: 200, foreign: true, fresh: newRun },
  'GET /apps/{app}/runs/{run}/outputs/{output}/{format}': { api: 200, page: 200, foreign: true, fresh: newRun },
  'POST /apps/{app}/runs/{run}/stop': { api: 409, page: 409, foreign: true, fresh: newRun },
  'GET /apps/{app}/catalogue': { api: 200, page: 200 },
  'POST /apps/{app}/catalogue/{entry}': { api: 201, page: 303, body: { connection: 'Jira' }, fresh: () => ({ entry: 'my-open-issues' }) },
  'GET /apps/{app}/requests': { api: 200, page: 200 },
  'GET /apps/{app}/requests/new': { api: 200, page: 200 },
  'POST /apps/{app}/requests': { api: 201, page: 303, body: () => savedRequest() },
  'GET /apps/{app}/requests/{request}': { api: 200, page: 200, foreign: true, fresh: newSaved },
  'PATCH /apps/{app}/requests/{request}': { api: 200, page: 303, foreign: true, body: { method: 'GET' }, fresh: newSaved },
  'DELETE /apps/{app}/requests/{request}': { api: 204, page: 303, foreign: true, fresh: newSaved },
  'POST /apps/{app}/requests/{request}/try': { api: 200, page: 200, foreign: true, fresh: newSaved },
  'GET /apps/{app}/request': { api: 200, page: 200 },
  'POST /apps/{app}/request': { api: 200, page: 200,
    body: () => ({ ...request, connection: w.connection }) },
  'POST /apps/{app}/connections/{connection}/request': { api: 200, page: 200, foreign: true,
    body: request },
};

async function signInAgain(role) {
  if (role !== 'out') assert.equal((await w[role].signIn(w[role].me.email)).status, 200);
}

const newUser = () => s.user(w.boss, newMail());

async function stopped() {
  const answer = await w.boss.post('/stops', { kind: 'user', user: (await newUser()).me.id });
  return { stop: answer.body.id };
}

async function stoppedApp() {
  const app = await makeApp(w.admin);
  return { app, stop: (await w.admin.post(`/apps/${app}/stops`)).body.id };
}

async function flagged() {
  const leaver = await s.user(w.boss, newMail());
  const app = await makeApp(leaver);
  await w.boss.patch(`/users/${leaver.me.id}`, { disabled: true });
  return { app };
}

function call(route, kind, client, params) {
  const at = route.path.replace(/\{(\w+)\}/g, (all, name) => ({ ...w, ...params })[name]);
  const sample = SAMPLES[route.name];
  const body = params.body ?? (typeof sample.body === 'function' ? sample.body() : sample.body) ?? {};
  if (kind === 'api') return client.json(route.method, at, route.method === 'GET' ? undefined : body);
  if (route.method === 'GET') return client.page(at);
  const method = route.method === 'POST' ? '' : `?_method=${route.method}`;
  return client.form(at + method, body);
}

// The error that the table gives this role on this route; undefined when it is allowed.
function refusal({ permission }, role) {
  if (ALLOWED[permission].includes(role)) return undefined;
  if (role === 'out') return ERRORS.NOT_SIGNED_IN;
  const needsApp = permission.startsWith('APP_');
  return needsApp && !MEMBERS.includes(role) ? ERRORS.NOT_FOUND : PERMISSIONS[permission];
}

function assertRefused(route, kind, answer, { status, code }, role) {
  const what = `${role} ${kind} ${route.name}`;
  if (kind === 'api') {
    assertProblem(answer, status, code);
  } else if (role === 'out' && route.method === 'GET') {
    assert.equal(answer.status, 303, what);
    assert.match(answer.location, /^\/session\?return_to=%2F/, what);
  } else {
    assert.equal(answer.status, status, what);
    assert.match(answer.headers.get('content-type'), /^text\/html/, what);
  }
}

// What could have changed, as those see it who may.
async function snapshot() {
  const docs = [
    await w.boss.get('/users'), await w.boss.get('/groups'), await w.boss.get(`/groups/${w.group}`),
    await w.admin.get(`/apps/${w.app}/settings`), await w.admin.get(`/apps/${w.app}/permissions`),
    await w.runner.get(`/apps/${w.app}`), await w.other.get('/apps'), await w.boss.get('/apps')];
  return docs.map((d) => d.text.replace(/"last_(seen|used)":[^,]*/g, ''));
}

test('the tables and the samples name the same routes and permissions', () => {
  assert.deepEqual(ROUTES.map((r) => r.name).sort(), Object.keys(SAMPLES).sort());
  for (const route of ROUTES) assert.ok(ALLOWED[route.permission], route.permission);
});

test('whoever may not is refused as the table says, and nothing changes', async () => {
  const old = await snapshot();
  let count = 0;
  for (const route of ROUTES) {
    for (const role of ROLES) {
      const expected = refusal(route, role);
      if (!expected) continue;
      for (const kind of ['api', 'page']) {
        assertRefused(route, kind, await call(route, kind, w[role], {}), expected, role);
        count += 1;
      }
    }
  }
  assert.ok(count > 300, `${count} refusals`);
  assert.deepEqual(await snapshot(), old);
});

test('another app\'s connections, permissions and webhooks are not found below one\'s own app, nor the reverse',
    async () => {
  for (const route of ROUTES.filter((r) => SAMPLES[r.name].foreign)) {
    for (const kind of ['api', 'page']) {
      const foreign = { connection: w.otherConnection, permission: w.otherPermission, stop: w.otherStop,
        webhook: w.otherWebhook, key: w.otherKey, request: w.otherRequest, action: 'nosuch', run: 'nosuch' };
      for (const params of [foreign, { app: w.otherApp },
        { connection: 'nosuch', permission: 'nosuch', stop: 'nosuch', webhook: 'nosuch', key: 'nosuch', request: 'nosuch', action: 'nosuch', run: 'nosuch' }]) {
        const answer = await call(route, kind, w.admin, params);
        assert.equal(answer.status, 404, `${kind} ${route.name} ${JSON.stringify(params)} ${answer.text}`);
      }
    }
  }
  for (const kind of ['api', 'page']) {
    const route = ROUTES.find((r) => r.name === 'POST /apps/{app}/request');
    const answer = await call(route, kind, w.admin, { body: { ...request, connection: w.otherConnection } });
    assert.equal(answer.status, 404, `${kind} request ${answer.text}`);
  }
  for (const route of ROUTES.filter((r) => /\{(user|group)\}/.test(r.path))) {
    const answer = await call(route, 'api', w.boss, { user: 'nosuch', group: 'nosuch' });
    assertProblem(answer, 404, 'not_found');
  }
  const { connections } = (await w.other.get(`/apps/${w.otherApp}`)).body;
  assert.deepEqual(connections.map((c) => [c.name, c.state]), [['Jira', 'not_connected']]);
});

test('a write without the session\'s token is refused, by cookie and form alike', async () => {
  for (const route of ROUTES.filter((r) => r.method !== 'GET')) {
    const client = w[ALLOWED[route.permission].at(-1)];
    const { csrf } = client;
    for (const wrong of [null, 'x'.repeat(64), w.stranger.csrf]) {
      client.csrf = wrong;
      assertProblem(await call(route, 'api', client, {}), 403, 'csrf');
      assert.equal((await call(route, 'page', client, {})).status, 403, route.name);
    }
    client.csrf = csrf;
  }
});

test('whoever may is served, by the API and as a page', async () => {
  for (const route of ROUTES) {
    const sample = SAMPLES[route.name];
    for (const role of ALLOWED[route.permission]) {
      for (const kind of ['api', 'page']) {
        const answer = await call(route, kind, w[role], await sample.fresh?.(role) ?? {});
        const what = `${role} ${kind} ${route.name}: ${answer.status} ${answer.text.slice(0, 1500)}`;
        assert.equal(answer.status, sample[kind], what);
        assert.notEqual(answer.code, 'not_signed_in', what);
        await sample.done?.(role);
      }
    }
  }
});

endsWell(() => s);
