// Point 2: apps, groups, who is admin or runner, the last admin, leavers, who sees which app.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { noticesOf, textOf } from '../lib/page.mjs';
import { addConnection, assertFieldErrors, assertPage, assertProblem, grant, makeApp, unique }
  from '../lib/scene.mjs';
import { endsWell, startStack } from '../lib/stack.mjs';

let s;
let root;
let ada;
let bea;
let cyd;

before(async () => {
  s = await startStack(null, { sim: false });
  root = await s.setup();
  [ada, bea, cyd] = await Promise.all(['ada', 'bea', 'cyd'].map((name) =>
    s.user(root, `${name}@example.com`, name)));
});

const roleOf = async (client, app) => {
  const answer = await client.get(`/apps/${app}`);
  return answer.status === 200 ? answer.body.app.role : answer.code;
};
const slugs = async (client) => (await client.get('/apps')).body.apps.map((a) => a.slug);
const permissions = async (client, app) =>
  (await client.get(`/apps/${app}/permissions`)).body.permissions;
const permissionOf = async (client, app, who) =>
  (await permissions(client, app)).find((p) => p.user?.id === who.me.id);

test('whoever creates an app is its admin; the slug comes from the first name and stays', async () => {
  const made = await ada.post('/apps', { name: 'Größe & Co.', description: 'Line 1\nLine 2' });
  assert.equal(made.status, 201, made.text);
  assert.equal(made.headers.get('location'), '/api/v1/apps/grosse-co');
  assert.deepEqual([made.body.app.slug, made.body.app.role, made.body.app.description],
    ['grosse-co', 'admin', 'Line 1\nLine 2']);
  assert.equal(await makeApp(ada, 'Größe & Co.'), 'grosse-co-2');
  const renamed = await ada.patch('/apps/grosse-co', { name: 'Small' });
  assert.deepEqual([renamed.body.app.slug, renamed.body.app.name], ['grosse-co', 'Small']);
  assert.equal((await ada.get('/apps/grosse-co')).body.app.description, 'Line 1\nLine 2');
  assert.equal((await ada.patch('/apps/grosse-co', { description: '' })).body.app.description, '');
});

test('a slug can be chosen, but neither taken, reserved nor odd', async () => {
  assert.equal(await makeApp(ada, 'Whatever', { slug: 'my-own' }), 'my-own');
  for (const slug of ['my-own'])
    assertProblem(await bea.post('/apps', { name: 'x', slug }), 409, 'name_taken');
  for (const slug of ['new', 'A', 'a', '-a', 'a-', 'a b', 'ä', 'x'.repeat(41), '..', 'a/b'])
    assertFieldErrors(await bea.post('/apps', { name: 'x', slug }), 'slug');
  assert.equal(await makeApp(ada, 'New'), 'app');
});

test('people see only the apps they were added to, workspace admins included', async () => {
  const app = await makeApp(ada);
  for (const client of [bea, root]) {
    assert.ok(!(await slugs(client)).includes(app));
    assertProblem(await client.get(`/apps/${app}`), 404, 'not_found');
    assertProblem(await client.get(`/apps/${app}/settings`), 404, 'not_found');
    assertProblem(await client.delete(`/apps/${app}`), 404, 'not_found');
    assertPage(await client.page(`/apps/${app}`), 404);
  }
  await grant(ada, app, root);
  assert.ok((await slugs(root)).includes(app));
  assert.equal(await roleOf(root, app), 'runner');
  assertProblem(await root.get(`/apps/${app}/settings`), 403, 'not_app_admin');
});

test('a role comes from a user, a group or Everyone, and the highest wins', async () => {
  const app = await makeApp(ada);
  const group = (await root.post('/groups', { name: unique('Team') })).body;
  await grant(ada, app, 'everyone');
  assert.equal(await roleOf(bea, app), 'runner');
  const given = await ada.post(`/apps/${app}/permissions`,
    { kind: 'group', principal: group.id, role: 'admin' });
  assert.equal(given.status, 201, given.text);
  assert.equal(await roleOf(bea, app), 'runner');
  assert.equal((await root.post(`/groups/${group.id}/members`, { user: bea.me.email })).status, 200);
  assert.equal(await roleOf(bea, app), 'admin');
  await grant(ada, app, bea, 'runner');
  assert.equal(await roleOf(bea, app), 'admin');
  await root.delete(`/groups/${group.id}/members/${bea.me.id}`);
  assert.equal(await roleOf(bea, app), 'runner');
  for (const p of await permissions(ada, app))
    if (p.user?.id !== ada.me.id) await ada.delete(`/apps/${app}/permissions/${p.id}`);
  assert.equal(await roleOf(bea, app), 'not_found');
});

test('Everyone means active users, also those who come later', async () => {
  const app = await makeApp(ada);
  await grant(ada, app, 'everyone');
  const later = await s.user(root, 'later@example.com');
  assert.equal(await roleOf(later, app), 'runner');
});

test('adding twice, nobody, a disabled user: each has its sentence', async () => {
  const app = await makeApp(ada);
  const add = (body) => ada.post(`/apps/${app}/permissions`, body);
  await grant(ada, app, bea);
  assertProblem(await add({ kind: 'user', principal: bea.me.id, role: 'admin' }), 409, 'name_taken',
    /in the list already/);
  assertProblem(await add({ kind: 'user', principal: 'no@example.com', role: 'runner' }),
    422, 'invalid', /no user/);
  assertProblem(await add({ kind: 'group', principal: 'nonsense', role: 'runner' }),
    422, 'invalid', /no such group/);
  assertFieldErrors(await add({ kind: 'robot', principal: 'x', role: 'owner' }), 'kind', 'role');
  const gone = await s.user(root, 'gone@example.com');
  await root.patch(`/users/${gone.me.id}`, { disabled: true });
  assertProblem(await add({ kind: 'user', principal: 'gone@example.com', role: 'runner' }),
    422, 'invalid', /disabled/);
  assert.equal((await permissions(ada, app)).length, 2);
});

test('the last active app admin cannot step down, be demoted or removed', async () => {
  const app = await makeApp(ada);
  await grant(ada, app, bea);
  const mine = await permissionOf(ada, app, ada);
  const at = `/apps/${app}/permissions/${mine.id}`;
  assertProblem(await ada.delete(at), 409, 'last_admin');
  assertProblem(await ada.patch(at, { role: 'runner' }), 409, 'last_admin');
  assert.equal(await roleOf(ada, app), 'admin');
  const hers = await permissionOf(ada, app, bea);
  await ada.patch(`/apps/${app}/permissions/${hers.id}`, { role: 'admin' });
  assert.equal((await ada.patch(at, { role: 'runner' })).status, 200);
  assert.equal(await roleOf(ada, app), 'runner');
  assertProblem(await ada.get(`/apps/${app}/permissions`), 403, 'not_app_admin');
  assertProblem(await bea.patch(`/apps/${app}/permissions/${hers.id}`, { role: 'runner' }),
    409, 'last_admin');
});

test('two admins who remove each other at the same moment: one stays', async () => {
  const app = await makeApp(ada);
  await grant(ada, app, bea, 'admin');
  const [a, b] = [await permissionOf(ada, app, ada), await permissionOf(ada, app, bea)];
  const answers = await Promise.all([
    ada.delete(`/apps/${app}/permissions/${b.id}`), bea.delete(`/apps/${app}/permissions/${a.id}`)]);
  const statuses = answers.map((x) => x.status).sort();
  assert.equal(statuses[0], 204, JSON.stringify(statuses));
  assert.ok(statuses[1] >= 400, JSON.stringify(statuses));
  const roles = [await roleOf(ada, app), await roleOf(bea, app)].sort();
  assert.deepEqual(roles, ['admin', 'not_found']);
});

test('a leaver can always be disabled; the app is flagged and a new admin appointed', async () => {
  const leaver = await s.user(root, 'sole@example.com');
  const app = await makeApp(leaver, 'Orphan');
  await grant(leaver, app, cyd);
  const flagged = async () => (await root.get('/flagged-apps')).body.apps.map((a) => a.slug);
  assert.ok(!(await flagged()).includes(app));
  assertProblem(await root.post(`/flagged-apps/${app}/admins`, { user: cyd.me.email }),
    404, 'not_found');
  assert.equal((await root.patch(`/users/${leaver.me.id}`, { disabled: true })).status, 200);
  assert.ok((await flagged()).includes(app));
  assert.equal((await cyd.get(`/apps/${app}`)).body.app.flagged, true);
  assert.match(textOf((await cyd.page(`/apps/${app}`)).text), /no active admin/);
  assertProblem(await root.get(`/apps/${app}`), 404, 'not_found');
  assertProblem(await root.post(`/flagged-apps/${app}/admins`, { user: 'sole@example.com' }),
    422, 'invalid');
  const page = await root.page('/flagged-apps');
  const done = await root.submit(page, `POST /flagged-apps/${app}/admins`, { user: cyd.me.email });
  assert.match(noticesOf((await root.follow(done)).text).join(), /has an admin again/);
  assert.equal(await roleOf(cyd, app), 'admin');
  assert.ok(!(await flagged()).includes(app));
});

test('groups: made, renamed, filled, deleted with their permissions; workspace admins only', async () => {
  const name = unique('Squad');
  const made = await root.post('/groups', { name, description: 'd' });
  assert.equal(made.status, 201, made.text);
  const { id } = made.body;
  assertProblem(await root.post('/groups', { name: name.toUpperCase() }), 409, 'name_taken');
  assertFieldErrors(await root.post('/groups', { name: ' ' }), 'name');
  assertProblem(await ada.get('/groups'), 403, 'not_workspace_admin');
  assert.equal((await root.patch(`/groups/${id}`, { name: `${name} 2` })).body.name, `${name} 2`);
  assertProblem(await root.post(`/groups/${id}/members`, { user: 'no@example.com' }), 422, 'invalid');
  const full = await root.post(`/groups/${id}/members`, { user: bea.me.id });
  assert.deepEqual(full.body.members.map((m) => m.email), ['bea@example.com']);
  assertProblem(await root.delete(`/groups/${id}/members/${cyd.me.id}`), 404, 'not_found');
  const app = await makeApp(ada);
  await ada.post(`/apps/${app}/permissions`, { kind: 'group', principal: id, role: 'runner' });
  assert.equal(await roleOf(bea, app), 'runner');
  assert.equal((await root.get(`/users/${bea.me.id}`)).body.groups[0].name, `${name} 2`);
  assert.equal((await root.delete(`/groups/${id}`)).status, 204);
  assertProblem(await root.get(`/groups/${id}`), 404, 'not_found');
  assert.equal(await roleOf(bea, app), 'not_found');
  assert.equal((await permissions(ada, app)).length, 1);
});

test('deleting an app names what is lost, asks for its name, and takes all with it', async () => {
  const app = await makeApp(ada, 'Doomed');
  await addConnection(ada, app);
  await grant(ada, app, bea);
  const settings = await ada.get(`/apps/${app}/settings`);
  assert.deepEqual(settings.body.delete_cost, { connections: 1, credentials: 0, people: 0 });
  assertFieldErrors(await ada.delete(`/apps/${app}`, {}), 'confirm');
  const page = await ada.page(`/apps/${app}/settings`);
  const wrong = await ada.submit(page, `POST /apps/${app}?_method=DELETE`, { confirm: 'doomed' });
  assertPage(wrong, 422);
  assert.equal(await roleOf(bea, app), 'runner');
  const done = await ada.submit(wrong, `POST /apps/${app}?_method=DELETE`, { confirm: 'Doomed' });
  const list = await ada.follow(done);
  assert.match(noticesOf(list.text).join(), /The app "Doomed" was deleted/);
  for (const client of [ada, bea]) assert.equal(await roleOf(client, app), 'not_found');
  assert.equal(await makeApp(ada, 'Doomed'), 'doomed');
});

test('the list of apps is searched and goes on behind 100', async () => {
  const many = await s.user(root, 'many@example.com');
  for (let i = 0; i < 11; i += 1)
    await Promise.all(Array.from({ length: 10 }, (_, k) => makeApp(many, `Many ${i}-${k}`)));
  const first = (await many.get('/apps?query=many')).body;
  assert.deepEqual([first.apps.length, first.total], [100, 110]);
  const second = (await many.get(`/apps?query=many&after=${encodeURIComponent(first.next)}`)).body;
  assert.equal(second.apps.length, 10);
  assert.equal(second.next, null);
  assert.equal(new Set([...first.apps, ...second.apps].map((a) => a.slug)).size, 110);
  assert.equal((await many.get('/apps?query=MANY%207-3')).body.total, 1);
  assert.match(textOf((await many.page('/apps')).text), /Next page/);
});

endsWell(() => s);

test('a group of more than 100 is shown page by page', async (t) => {
  const s = await startStack(t, { sim: false });
  const admin = await s.setup();
  const group = (await admin.post('/groups', { name: 'Many' })).body;
  for (let i = 0; i < 101; i++) {
    const user = await admin.post('/users', { email: `m${String(i).padStart(3, '0')}@x.example` });
    assert.equal((await admin.post(`/groups/${group.id}/members`, { user: user.body.user.id })).status, 200);
  }
  const first = (await admin.get(`/groups/${group.id}`)).body;
  assert.equal(first.total, 101);
  assert.equal(first.members.length, 100);
  const rest = (await admin.get(`/groups/${group.id}?after=${encodeURIComponent(first.next)}`)).body;
  assert.deepEqual(rest.members.map((m) => m.email), ['m100@x.example']);
  assert.equal(rest.next, null);
  assert.match((await admin.page(`/groups/${group.id}`)).text, /Next page/);
});
