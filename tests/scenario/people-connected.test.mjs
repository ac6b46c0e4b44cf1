// Who has connected: every state a row can be in, the flags on people who left, and the pages.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { addConnection, ANNA, assertPage, BOB, connect, grant, makeApp } from '../lib/scene.mjs';
import { endsWell, sql, startStack } from '../lib/stack.mjs';

let s;
let root;
let app;
let id;
const people = {};

before(async () => {
  s = await startStack(null);
  root = await s.setup();
  app = await makeApp(root);
  id = await addConnection(root, app);
  for (const name of ['ada', 'ben', 'cyd', 'dan', 'eva']) {
    people[name] = await s.user(root, `${name}@example.com`, name);
    people[name].role = (await grant(root, app, people[name])).id;
  }
});

const path = () => `/apps/${app}/connections/${id}/credentials`;
const list = async (after = '') => (await root.get(path() + after)).body;
const states = async () => Object.fromEntries((await list()).people
  .map((p) => [p.user?.name ?? 'shared', [p.state, p.active, p.has_access]]));

test('nobody yet', async () => {
  assert.deepEqual([(await list()).people, (await list()).next], [[], null]);
  assert.match(assertPage(await root.page(path())).text, /Nobody has connected yet/);
});

test('by name, each in the state that its own person meets', async () => {
  for (const name of ['eva', 'dan', 'cyd', 'ben', 'ada']) await connect(s, people[name], app, id, BOB);
  assert.deepEqual((await list()).people.map((p) => p.user.name), ['ada', 'ben', 'cyd', 'dan', 'eva']);
  await people.ben.delete(`/apps/${app}/connections/${id}/credential`);
  await root.patch(`/users/${people.cyd.me.id}`, { disabled: true });
  await root.delete(`/apps/${app}/permissions/${people.dan.role}`);
  sql(s, `UPDATE credentials SET status = 'needs_reconnect', why = 'it was revoked.' WHERE owner =
    '${people.eva.me.id}'`);
  assert.deepEqual(await states(), {
    ada: ['connected', true, true], ben: ['disconnected', true, true],
    cyd: ['suspended', false, true], dan: ['suspended', true, false],
    eva: ['needs_reconnect', true, true] });
  const { people: [ada, , cyd, , eva] } = await list();
  assert.deepEqual([ada.entered_by, ada.account, ada.account_email, ada.site, ada.site_url],
    [null, 'Bob Builder', BOB, 'acme', s.site()]);
  assert.ok(Date.parse(ada.since) > Date.now() - 60000);
  assert.equal(eva.status, 'Needs reconnecting: it was revoked.');
  assert.match(cyd.status, /account is disabled/);
  const page = assertPage(await root.page(path()));
  assert.match(page.text, /No longer in the app/);
  assert.match(page.text, /Account disabled/);
});

test('shared: first the shared one and who entered it; the others are out of use', async () => {
  const lost = sql(s, 'SELECT count(*) FROM credentials WHERE sealed IS NOT NULL')[0][0];
  await root.patch(`/apps/${app}/connections/${id}`, { shared: true, confirm_lost: lost });
  await root.patch(`/apps/${app}/permissions/${people.ada.role}`, { role: 'admin' });
  await connect(s, people.ada, app, id, ANNA);
  const [first, ...others] = (await list()).people;
  assert.deepEqual([first.user, first.entered_by.name, first.state], [null, 'ada', 'connected']);
  assert.deepEqual(others.map((p) => p.state),
    ['out_of_use', 'disconnected', 'out_of_use', 'out_of_use', 'out_of_use']);
  assert.equal(others[0].status, 'Out of use: Shared credentials were switched on.');
  await root.patch(`/users/${people.ada.me.id}`, { disabled: true });
  const [left] = (await list()).people;
  assert.deepEqual([left.state, left.active, left.has_access], ['connected', false, true]);
  assert.match(assertPage(await root.page(path())).text, /entered by ada[^]*Account disabled/);
  await root.patch(`/apps/${app}/connections/${id}`, { shared: false, confirm_lost: 1 });
  assert.deepEqual((await states()).shared, ['out_of_use', false, true]);
});

test('a hundred a page, each once', async () => {
  const columns = (table, but) => sql(s, `SELECT name FROM pragma_table_info('${table}')`).flat()
    .filter((name) => !but.includes(name)).join();
  const users = columns('users', ['id', 'email', 'email_key', 'sort_key']);
  const rows = columns('credentials', ['id', 'owner']);
  const n = 'WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 219)';
  const eva = `'${people.eva.me.id}'`;
  sql(s, `${n} INSERT INTO users (id, email, email_key, sort_key, ${users}) SELECT 'u' || i,
    'u' || i || '@x.example', 'u' || i || '@x.example', 'zz' || i, ${users} FROM users, n WHERE id = ${eva}`);
  sql(s, `${n} INSERT INTO credentials (id, owner, ${rows}) SELECT 'c' || i, 'u' || i, ${rows}
    FROM credentials, n WHERE owner = ${eva}`);
  const first = await list();
  assert.equal(first.people.length, 101, 'the shared one comes on top');
  const second = await list(`?after=${encodeURIComponent(first.next)}`);
  assert.deepEqual([second.people.length, second.next], [25, null]);
  const ids = [...first.people, ...second.people].map((p) => p.user?.id);
  assert.equal(new Set(ids).size, 126);
  assert.match((await root.page(path())).text, /Next page/);
});

endsWell(() => s);
