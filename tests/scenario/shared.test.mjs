// Issue point 4: Shared credentials on and off (rule 3, the table of states), runners' view, rule 10,
// who has connected; for both types.

import assert from 'node:assert/strict';
import { before, beforeEach, test } from 'node:test';

import { connected } from '../lib/atlassian.mjs';
import { addConnection, ANNA, assertPage, assertProblem, BOB, connect, connectPath, DAVE, grant, makeApp,
  rowOf, run, tryConnect } from '../lib/scene.mjs';
import { endsWell, sql, startStack } from '../lib/stack.mjs';

let s;
let root;
let app;
let id;
let admin;
let one;
let two;
let people = 0;

before(async () => {
  s = await startStack(null, { oauth: true });
  root = await s.setup();
});

beforeEach(async () => {
  people += 1;
  app = await makeApp(root);
  [admin, one, two] = await Promise.all(['admin', 'one', 'two']
    .map((name) => s.user(root, `${name}${people}@example.com`)));
  await grant(root, app, admin, 'admin');
  await grant(root, app, one);
  await grant(root, app, two);
  id = await addConnection(root, app, { name: 'Jira' });
});

const patch = (client, body) => client.patch(`/apps/${app}/connections/${id}`, body);
const see = async (client) => {
  const { state, status, connect_label: label, can_connect: can, can_manage: menu } =
    await rowOf(client, app, id);
  return { state, status, label, can, menu };
};
const secrets = () => sql(s, `SELECT count(*) FROM credentials WHERE connection_id = '${id}'
  AND (sealed IS NOT NULL OR grant_id IS NOT NULL)`)[0][0];
const switched = async (on) => {
  const lost = secrets();
  const answer = await patch(admin, { shared: on, confirm_lost: lost });
  assert.equal(answer.status, 200, answer.text);
};

test('the table: own, shared and just switched, as admin and runner see them', async () => {
  assert.deepEqual(await see(one), { state: 'not_connected', status: 'Not connected', label: 'Connect',
    can: true, menu: false });
  await connect(s, one, app, id, BOB);
  assert.equal((await see(one)).status, 'Connected as Bob Builder on acme');
  assert.equal((await see(one)).menu, true);
  assert.equal((await see(two)).state, 'not_connected');

  await switched(true);
  assert.equal((await see(one)).state, 'waiting');
  assert.match((await see(one)).status, /An app admin has to connect this/);
  assert.deepEqual([(await see(one)).can, (await see(one)).menu], [false, false]);
  assert.equal((await see(two)).state, 'waiting');
  assert.deepEqual([(await see(admin)).state, (await see(admin)).label],
    ['needs_reconnect', 'Reconnect']);
  assertProblem(await run(one, app, id, { path: '/rest/api/3/myself' }), 409, 'connection_required');
  assertProblem(await tryConnect(s, one, app, id, BOB), 403, 'not_app_admin');

  await connect(s, admin, app, id, ANNA);
  assert.equal((await see(admin)).status, 'Connected (shared) as Anna Admin on acme');
  assert.equal((await see(admin)).menu, true);
  assert.deepEqual(await see(two), { state: 'connected', label: 'Reconnect', can: false, menu: false,
    status: 'Connected (shared) as Anna Admin on acme' });

  await switched(false);
  assert.equal(secrets(), 0);
  assert.equal((await see(one)).state, 'needs_reconnect');
  assert.equal((await see(one)).label, 'Reconnect');
  assert.deepEqual([(await see(two)).state, (await see(two)).label], ['not_connected', 'Connect']);
  assertProblem(await run(one, app, id, { path: '/rest/api/3/myself' }), 409, 'needs_reconnect');
  assertProblem(await run(two, app, id, { path: '/rest/api/3/myself' }), 409, 'connection_required');
  assert.equal(sql(s, `SELECT count(*) FROM credentials WHERE connection_id = '${id}'`)[0][0], 2,
    'the rows stay: account, site, history');
  await switched(true);
  assert.deepEqual([(await see(admin)).state, (await see(admin)).label], ['needs_reconnect', 'Reconnect']);
});

test('the admin confirms a sentence that names how many people lose what', async () => {
  await connect(s, one, app, id, BOB);
  await connect(s, two, app, id, BOB);
  const asked = assertProblem(await patch(admin, { shared: true }), 409, 'confirm_required');
  assert.match(asked.detail, /2 people/);
  assertProblem(await patch(admin, { shared: true, confirm_lost: 1 }), 409, 'confirm_required');
  assert.equal(secrets(), 2, 'nothing was lost by asking');
  assert.equal((await patch(admin, { shared: true, confirm_lost: 2 })).status, 200);
  assert.equal(secrets(), 0);
  await connect(s, admin, app, id, ANNA);
  const back = assertProblem(await patch(admin, { shared: false }), 409, 'confirm_required');
  assert.match(back.detail, /Anna Admin on acme/);
  assert.equal((await patch(admin, { shared: false, confirm_lost: 1 })).status, 200);
});

test('somebody who connects in between makes the question be asked again', async () => {
  await connect(s, one, app, id, BOB);
  assertProblem(await patch(admin, { shared: true }), 409, 'confirm_required');
  await connect(s, two, app, id, BOB);
  assertProblem(await patch(admin, { shared: true, confirm_lost: 1 }), 409, 'confirm_required');
});

test('switching to what it is changes nothing; runners may not switch', async () => {
  await connect(s, one, app, id, BOB);
  assert.equal((await patch(admin, { shared: false })).status, 200);
  assert.equal((await see(one)).state, 'connected');
  assertProblem(await patch(one, { shared: true }), 403, 'not_app_admin');
});

test('own -> shared -> own revives nobody', async () => {
  await connect(s, one, app, id, BOB);
  await switched(true);
  await switched(false);
  assertProblem(await run(one, app, id, { path: '/rest/api/3/myself' }), 409, 'needs_reconnect');
  assert.equal(secrets(), 0);
});

test('three users by OAuth2: their grants go with the switch', async () => {
  id = await addConnection(root, app, { type: 'jira_oauth2' });
  await connected(s, one, app, id, BOB);
  await connected(s, two, app, id, DAVE);
  await connected(s, admin, app, id, ANNA, { site: 'acme' });
  const asked = assertProblem(await patch(admin, { shared: true }), 409, 'confirm_required');
  assert.match(asked.detail, /3 people/);
  assert.equal((await patch(admin, { shared: true, confirm_lost: 3 })).status, 200);
  assert.equal(sql(s, 'SELECT count(*) FROM oauth_grants')[0][0], 0);
  await connected(s, admin, app, id, ANNA, { site: 'acme' });
  assert.equal((await see(one)).status, 'Connected (shared) as Anna Admin on acme');
  assertProblem(await one.post(connectPath(app, id)), 403, 'not_app_admin');
});

test('rule 10: requests on shared credentials are for app admins, unless the connection allows', async () => {
  await switched(true);
  await connect(s, admin, app, id, ANNA);
  assert.equal((await run(admin, app, id, { path: '/rest/api/3/myself' })).status, 200);
  assertProblem(await run(one, app, id, { path: '/rest/api/3/myself' }), 403, 'blocked_by_policy');
  assert.equal((await rowOf(one, app, id)).can_request, false);
  assertProblem(await patch(one, { runners_may_request: true }), 403, 'not_app_admin');
  assert.equal((await patch(admin, { runners_may_request: true })).status, 200);
  assert.equal((await run(one, app, id, { path: '/rest/api/3/myself' })).status, 200);
  assert.equal((await patch(admin, { runners_may_request: false })).status, 200);
  assertProblem(await run(one, app, id, { path: '/rest/api/3/myself' }), 403, 'blocked_by_policy');
});

test('a runner cannot test, reconnect or disconnect shared credentials', async () => {
  await switched(true);
  await connect(s, admin, app, id, ANNA);
  assertProblem(await one.post(`/apps/${app}/connections/${id}/test`), 403, 'not_app_admin');
  assertProblem(await one.delete(`/apps/${app}/connections/${id}/credential`), 403, 'not_app_admin');
  assert.equal((await admin.post(`/apps/${app}/connections/${id}/test`)).body.ok, true);
  assert.equal((await admin.delete(`/apps/${app}/connections/${id}/credential`)).status, 200);
  assert.equal((await see(one)).state, 'waiting');
});

test('shared credentials of somebody who left keep working and are flagged to the admins', async () => {
  await grant(root, app, root, 'admin').catch(() => {});
  await switched(true);
  await connect(s, admin, app, id, ANNA);
  await root.patch(`/users/${admin.me.id}`, { disabled: true });
  const row = await rowOf(root, app, id);
  assert.deepEqual([row.state, row.entered_by_left], ['connected', true]);
  assert.equal((await run(root, app, id, { path: '/rest/api/3/myself' })).status, 200);
});

test('who has connected: app admins see everybody and no secret', async () => {
  await connect(s, one, app, id, BOB);
  const path = `/apps/${app}/connections/${id}/credentials`;
  assertProblem(await one.get(path), 403, 'not_app_admin');
  const list = await admin.get(path);
  assert.equal(list.status, 200, list.text);
  assert.deepEqual(list.body.people.map((p) => [p.user?.email, p.account, p.site, p.state]),
    [[one.me.email, 'Bob Builder', 'acme', 'connected']]);
  assert.doesNotMatch(list.text, /ATATT|sealed/);
  assertPage(await admin.page(path));
});

test('the switch by its form, with the sentence to confirm', async () => {
  await connect(s, one, app, id, BOB);
  const page = await admin.page(`/apps/${app}/connections/${id}/edit`);
  assert.match(page.text, /Shared credentials/);
  assert.match(page.text, /1 person is/);
  const answer = await admin.form(`/apps/${app}/connections/${id}?_method=PATCH`,
    { _csrf: admin.csrf, shared: 'true', confirm_lost: '1' });
  assert.equal(answer.status, 303, answer.text);
  assert.equal((await see(one)).state, 'waiting');
});

endsWell(() => s);
