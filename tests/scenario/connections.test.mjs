// Points 3 and 4: App settings and Description: adding, editing and deleting connections, who sees
// and may do what, and what a deletion or another Base URL costs.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { fieldError, noticesOf, textOf } from '../lib/page.mjs';
import { ANNA, addConnection, assertFieldErrors, assertPage, assertProblem, BOB, connect, connectPath,
  grant, makeApp, rowOf, run, tryConnect } from '../lib/scene.mjs';
import { endsWell, startStack } from '../lib/stack.mjs';

let s;
let admin;
let runner;

before(async () => {
  s = await startStack(null);
  const root = await s.setup();
  [admin, runner] = await Promise.all([s.user(root, 'admin@example.com', 'Ad Min'),
    s.user(root, 'runner@example.com', 'Run Ner')]);
});

async function appWithRunner() {
  const app = await makeApp(admin);
  await grant(admin, app, runner);
  return app;
}

test('+ Add new connection -> type -> name: it stands on App settings and on Description', async () => {
  const app = await appWithRunner();
  const settings = assertPage(await admin.page(`/apps/${app}/settings`));
  assert.match(textOf(settings.text), /\+ Add new connection/);
  const page = assertPage(await admin.page(`/apps/${app}/connections/new`));
  const made = await admin.submit(page, `POST /apps/${app}/connections`,
    { type: 'jira_api', name: 'Team Jira' });
  const back = await admin.follow(made);
  assert.equal(back.path, `/apps/${app}/settings`);
  assert.match(noticesOf(back.text).join(), /"Team Jira" was added/);
  assert.match(textOf(back.text), /Team Jira Jira \(API\) Not connected Edit Connect/);
  const description = assertPage(await runner.page(`/apps/${app}`));
  assert.match(textOf(description.text), /Team Jira Jira \(API\) Not connected Connect/);
});

test('Jira (OAuth2) is listed, disabled, with its reason', async () => {
  const app = await appWithRunner();
  const { types } = (await admin.get(`/apps/${app}/connections/new`)).body;
  assert.deepEqual(types.map((t) => [t.label, t.available]),
    [['Jira (OAuth2)', false], ['Jira (API)', true]]);
  assert.match(types[0].reason, /\.$/);
  const page = await admin.page(`/apps/${app}/connections/new`);
  assert.match(page.text, /<input[^>]*value="jira_oauth2"[^>]*disabled/);
  assert.ok(textOf(page.text).includes(types[0].reason));
  const refused = await admin.post(`/apps/${app}/connections`, { type: 'jira_oauth2', name: 'x' });
  assertProblem(refused, 409, 'type_unavailable');
  assert.equal(refused.body.detail, types[0].reason);
  assertFieldErrors(await admin.post(`/apps/${app}/connections`, { type: 'jenkins', name: 'x' }), 'type');
  assert.deepEqual((await admin.get(`/apps/${app}`)).body.connections, []);
});

test('for others the tab is absent and every call behind it refused', async () => {
  const app = await appWithRunner();
  const id = await addConnection(admin, app, { name: 'Mine' });
  const page = assertPage(await runner.page(`/apps/${app}`));
  assert.doesNotMatch(page.text, /App settings|Permissions|\/settings"/);
  assert.match((await admin.page(`/apps/${app}`)).text, /App settings/);
  const calls = [['GET', 'settings'], ['GET', 'connections/new'], ['POST', 'connections'],
    ['GET', `connections/${id}/edit`], ['PATCH', `connections/${id}`], ['DELETE', `connections/${id}`]];
  for (const [method, path] of calls) {
    const body = method === 'GET' ? undefined : { name: 'Theirs', type: 'jira_api', confirm: 'Mine' };
    assertProblem(await runner.json(method, `/apps/${app}/${path}`, body), 403, 'not_app_admin');
    if (method === 'GET') assertPage(await runner.page(`/apps/${app}/${path}`), 403, /app admin/);
  }
  assert.equal((await rowOf(admin, app, id)).name, 'Mine');
});

test('names are unique in an app, whatever the case; several of one type are fine', async () => {
  const app = await appWithRunner();
  const id = await addConnection(admin, app, { name: 'Jira' });
  const page = await admin.page(`/apps/${app}/connections/new`);
  const again = await admin.submit(page, `POST /apps/${app}/connections`,
    { type: 'jira_api', name: 'JIRA' });
  assertPage(again, 409, /already has a connection of that name/);
  assert.match(again.text, /name="name"[^>]*value="JIRA"/);
  const other = await addConnection(admin, app, { name: 'Jira 2' });
  assertProblem(await admin.patch(`/apps/${app}/connections/${other}`, { name: 'jira' }),
    409, 'name_taken');
  assert.equal((await admin.patch(`/apps/${app}/connections/${id}`, { name: 'JIRA' })).body.name, 'JIRA');
});

test('a Base URL is prefilled or fixed, and normalised', async () => {
  const app = await appWithRunner();
  const made = await admin.post(`/apps/${app}/connections`, { type: 'jira_api', name: 'Pre',
    base_url: `${s.site()}/jira/software/projects/ACME/boards/1?x=y#z` });
  assert.equal(made.status, 201, made.text);
  assert.deepEqual([made.body.base_url, made.body.base_url_fixed], [s.site(), false]);
  assert.equal(made.headers.get('location'), `/api/v1/apps/${app}/connections/${made.body.id}`);
  const { id } = made.body;
  const free = await runner.page(connectPath(app, id));
  assert.match(free.text, new RegExp(`name="base_url"[^>]*value="${s.site()}"`));
  assertFieldErrors(await admin.patch(`/apps/${app}/connections/${id}`,
    { base_url: '', base_url_fixed: true }), 'base_url');
  const fixed = await admin.patch(`/apps/${app}/connections/${id}`, { base_url_fixed: true });
  assert.equal(fixed.body.base_url_fixed, true);
  const page = await runner.page(connectPath(app, id));
  assert.match(page.text, /readonly/);
  const key = await s.token(BOB);
  const elsewhere = await tryConnect(s, runner, app, id, BOB,
    { api_key: key, base_url: s.site('globex') });
  assert.match(assertFieldErrors(elsewhere, 'base_url').errors[0].message, /fixed/);
  const done = await runner.submit(page, `POST ${connectPath(app, id)}`,
    { username: BOB, api_key: key });
  assert.equal(done.status, 303, textOf(done.text));
});

test('the edit page keeps what was entered, and says what is wrong beside the field', async () => {
  const app = await appWithRunner();
  const id = await addConnection(admin, app, { name: 'Edit me' });
  const page = assertPage(await admin.page(`/apps/${app}/connections/${id}/edit`));
  const action = `POST /apps/${app}/connections/${id}?_method=PATCH`;
  const wrong = await admin.submit(page, action, { name: 'Edited', base_url: 'http://plain.example' });
  assertPage(wrong, 422);
  assert.match(fieldError(wrong.text, 'base_url'), /\.$/);
  assert.match(wrong.text, /value="http:\/\/plain.example"/);
  assert.match(wrong.text, /name="name"[^>]*value="Edited"/);
  assert.equal((await rowOf(admin, app, id)).name, 'Edit me');
  const done = await admin.submit(wrong, action,
    { name: 'Edited', base_url: s.site(), base_url_fixed: 'true' });
  assert.equal(done.location, `/apps/${app}/settings`);
  const row = await rowOf(runner, app, id);
  assert.deepEqual([row.name, row.base_url, row.base_url_fixed], ['Edited', s.site(), true]);
});

test('the type cannot be changed, and sharing is on or off', async () => {
  const app = await appWithRunner();
  const id = await addConnection(admin, app);
  assertFieldErrors(await admin.patch(`/apps/${app}/connections/${id}`, { type: 'jira_oauth2' }), 'type');
  assertFieldErrors(await admin.patch(`/apps/${app}/connections/${id}`, { shared: 'maybe' }), 'shared');
  assert.equal((await rowOf(admin, app, id)).shared, false);
});

test('fixing another Base URL takes credentials out of use: Reconnect, and nothing runs', async () => {
  const app = await appWithRunner();
  const id = await addConnection(admin, app);
  await connect(s, runner, app, id, BOB);
  await connect(s, admin, app, id, ANNA, { base_url: s.site('globex') });
  const page = await admin.page(`/apps/${app}/connections/${id}/edit`);
  const saved = await admin.submit(page, `POST /apps/${app}/connections/${id}?_method=PATCH`,
    { base_url: s.site('globex'), base_url_fixed: 'true' });
  assert.match(noticesOf((await admin.follow(saved)).text).join(), /1 credential was/);
  const row = await rowOf(runner, app, id);
  assert.deepEqual([row.state, row.connect_label, row.connected], ['needs_reconnect', 'Reconnect', false]);
  assert.match(row.status, /another Base URL/);
  const refused = await run(runner, app, id, { method: 'GET', path: '/rest/api/3/myself' });
  assertProblem(refused, 409, 'needs_reconnect');
  assert.equal((await rowOf(admin, app, id)).state, 'connected');
  await admin.patch(`/apps/${app}/connections/${id}`, { base_url: s.site(), base_url_fixed: true });
  assert.equal((await rowOf(runner, app, id)).state, 'needs_reconnect', 'a wiped secret came back');
});

test('deleting names what it costs, asks for the name, and wipes the credentials', async () => {
  const app = await appWithRunner();
  const id = await addConnection(admin, app, { name: 'Old one' });
  const cost = async () => (await admin.get(`/apps/${app}/connections/${id}/edit`)).body.cost;
  assert.match((await cost()).sentence, /Nobody has connected/);
  await connect(s, runner, app, id, BOB);
  await connect(s, admin, app, id, ANNA);
  assert.deepEqual([(await cost()).credentials, (await cost()).people], [2, 2]);
  const page = await admin.page(`/apps/${app}/connections/${id}/edit`);
  assert.ok(textOf(page.text).includes((await cost()).sentence));
  const action = `POST /apps/${app}/connections/${id}?_method=DELETE`;
  assertPage(await admin.submit(page, action, { confirm: 'Old' }), 422);
  assertFieldErrors(await admin.delete(`/apps/${app}/connections/${id}`), 'confirm');
  assert.equal((await rowOf(runner, app, id)).state, 'connected');
  const done = await admin.follow(await admin.submit(page, action, { confirm: 'Old one' }));
  assert.match(noticesOf(done.text).join(), /"Old one" was deleted/);
  assert.equal(await rowOf(runner, app, id), undefined);
  assertProblem(await run(runner, app, id, { path: '/rest/api/3/myself' }), 404, 'not_found');
  assertProblem(await runner.get(connectPath(app, id)), 404, 'not_found');
  assert.deepEqual((await runner.get('/me/connections')).body.connections
    .filter((c) => c.app.slug === app), []);
});

test('a row offers Connect, then "..." with Reconnect, Test and Disconnect', async () => {
  const app = await appWithRunner();
  const id = await addConnection(admin, app, { name: 'Row' });
  const before = await rowOf(runner, app, id);
  assert.deepEqual([before.can_connect, before.can_manage, before.connect_label],
    [true, false, 'Connect']);
  await connect(s, runner, app, id, BOB);
  const row = await rowOf(runner, app, id);
  assert.deepEqual([row.state, row.status, row.can_manage],
    ['connected', 'Connected as Bob Builder on acme', true]);
  const text = textOf((await runner.page(`/apps/${app}`)).text);
  assert.match(text, /Connected as Bob Builder on acme Not used yet Reconnect Test Details Disconnect/);
  assert.equal((await rowOf(admin, app, id)).state, 'not_connected', 'own means own');
  assert.equal((await runner.get('/apps')).body.apps.find((a) => a.slug === app).todo, 0);
  assert.equal((await admin.get('/apps')).body.apps.find((a) => a.slug === app).todo, 1);
});

test('connecting from App settings comes back to App settings', async () => {
  const app = await appWithRunner();
  const id = await addConnection(admin, app, { name: 'From settings' });
  const settings = await admin.page(`/apps/${app}/settings`);
  const dialog = await admin.submit(settings, `GET ${connectPath(app, id)}`);
  assertPage(dialog);
  const done = await admin.submit(dialog, `POST ${connectPath(app, id)}`,
    { base_url: s.site(), username: ANNA, api_key: await s.token(ANNA) });
  const back = await admin.follow(done);
  assert.equal(back.path, `/apps/${app}/settings`);
  assert.match(noticesOf(back.text).join(), /Connected to acme as Anna Admin/);
});

endsWell(() => s);
