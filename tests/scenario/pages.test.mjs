// Every page as a browser without JavaScript gets it: it renders for the right people, its forms
// work and keep what was entered, and what surrounds it (headers, cookies, host, origin) is right.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { PASSWORD } from '../lib/client.mjs';
import { fieldError, formsOf, noticesOf, problemsOf, textOf, titleOf } from '../lib/page.mjs';
import { addConnection, assertPage, assertProblem, BOB, connect, grant, makeApp, unique }
  from '../lib/scene.mjs';
import { endsWell, startStack } from '../lib/stack.mjs';

let s;
let root;
let admin;
let runner;
let app;
let id;
let group;

const NASTY = '<script>alert(1)</script> & "quotes" \' {{name}} 🌻';

before(async () => {
  s = await startStack(null);
  root = await s.setup();
  admin = await s.user(root, 'admin@example.com', NASTY);
  runner = await s.user(root, 'runner@example.com', 'Run Ner');
  app = await makeApp(admin, 'Pages', { description: NASTY });
  await grant(admin, app, runner);
  id = await addConnection(admin, app, { name: NASTY });
  await connect(s, runner, app, id, BOB);
  group = (await root.post('/groups', { name: NASTY, description: NASTY })).body.id;
  await root.post(`/groups/${group}/members`, { user: 'admin@example.com' });
});

const everybody = () => ['/session', '/me', '/me/connections', '/apps', '/apps/new', '/apps?query=x'];
const inApp = () => ['', '/request', `/connections/${id}/connect`, `/connections/${id}/credential`]
  .map((p) => `/apps/${app}${p}`);
const forAdmins = () => ['/settings', '/permissions', '/connections/new', `/connections/${id}/edit`]
  .map((p) => `/apps/${app}${p}`);
const forRoot = () => ['/users', '/users?query=run', `/users/${runner.me.id}`, '/groups', `/groups/${group}`,
  '/flagged-apps'];

async function allPages() {
  const pages = [];
  for (const [client, paths] of [[runner, [...everybody(), ...inApp()]],
    [admin, [...everybody(), ...inApp(), ...forAdmins()]], [root, [...everybody(), ...forRoot()]],
    [s.client(), ['/session']]])
    for (const path of paths) pages.push([path, assertPage(await client.page(path)), client]);
  return pages;
}

test('every page has a title, one heading, labels, and escapes what people wrote', async () => {
  for (const [path, page] of await allPages()) {
    assert.match(titleOf(page.text), / · Mortise$/, path);
    assert.doesNotMatch(titleOf(page.text), /^Error/, path);
    assert.match(page.text, /^<!doctype html>\s*<html lang="en">/, path);
    assert.equal((page.text.match(/<h1\b/g) ?? []).length, 1, path);
    assert.doesNotMatch(page.text, /<script>/, path);
    assert.doesNotMatch(page.text, /\sstyle=|\son\w+=|<script(?! defer src="\/assets\/)/, path);
    const ids = [...page.text.matchAll(/\sid="([^"]*)"/g)].map((m) => m[1]);
    assert.equal(new Set(ids).size, ids.length, `${path}: ids are not unique`);
    for (const [, name] of page.text.matchAll(/\s(?:for|aria-labelledby)="([^"]*)"/g))
      assert.ok(ids.includes(name), `${path}: ${name} labels nothing`);
    assert.deepEqual(problemsOf(page.text), [], path);
  }
});

test('every form that writes carries the session\'s token, and every link leads somewhere', async () => {
  const checked = new Set();
  for (const [path, page, client] of await allPages()) {
    for (const form of formsOf(page.text))
      if (form.method === 'POST') assert.equal(form.values._csrf, client.csrf ?? '',
        `${path} ${form.action}`);
    for (const [, href] of page.text.matchAll(/href="(\/[^"#]*)"/g)) {
      const key = `${client.me?.email} ${href}`;
      if (checked.has(key)) continue;
      checked.add(key);
      const answer = await client.page(href.replace(/&amp;/g, '&'));
      assert.ok([200, 303].includes(answer.status), `${path} -> ${href}: ${answer.status}`);
    }
  }
  assert.ok(checked.size > 30);
});

test('security headers are on everything', async () => {
  const answers = [await root.page('/apps'), await root.get('/apps'), await root.page('/nothing'),
    await s.client().page('/apps'), await root.form('/apps', { name: '' }), await root.get('/healthz'),
    await root.fetch('BREW', '/apps'), await root.post('/apps', {})];
  for (const { headers, status } of answers) {
    const csp = headers.get('content-security-policy') ?? '';
    if (status !== 501)
      for (const part of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'",
        "form-action 'self'",
        "script-src 'self'", "style-src 'self'"]) assert.ok(csp.includes(part), `${status}: ${csp}`);
    assert.doesNotMatch(csp, /unsafe/);
    assert.equal(headers.get('x-content-type-options'), 'nosniff', String(status));
    assert.equal(headers.get('cache-control'), 'no-store', String(status));
    assert.equal(headers.get('server'), null);
  }
  const page = await root.page('/apps');
  assert.equal(page.headers.get('referrer-policy'), 'same-origin');
  const [css] = page.text.match(/\/assets\/style\.[^"]+/);
  const asset = await s.client().page(css);
  assert.match(asset.headers.get('cache-control'), /immutable/);
  assert.match(asset.headers.get('content-type'), /^text\/css/);
  assert.equal((await s.client().page(css.replace(/\.\w{12}\./, '.000000000000.'))).status, 404);
});

test('a form that fails comes back with its status, sentence and all that was entered', async () => {
  const cases = [
    [root, '/users', 'POST /users', { email: 'bad mail', name: 'Kept' }, 'email', ['bad mail', 'Kept']],
    [root, '/groups', 'POST /groups', { name: ' ', description: 'Kept text' }, 'name', ['Kept text']],
    [root, `/groups/${group}`, `POST /groups/${group}?_method=PATCH`, { name: 'x'.repeat(300) }, 'name',
      ['x'.repeat(300)]],
    [root, `/users/${runner.me.id}`, `POST /users/${runner.me.id}?_method=PATCH`, { name: '\u0007' },
      'name', []],
    [admin, '/apps/new', 'POST /apps', { name: '', slug: 'NO WAY', description: 'Kept' }, 'slug',
      ['NO WAY', 'Kept']],
    [admin, `/apps/${app}/settings`, `POST /apps/${app}?_method=PATCH`, { name: 'y'.repeat(121) }, 'name',
      ['y'.repeat(121)]],
    [admin, `/apps/${app}/settings`, `POST /apps/${app}?_method=DELETE`, { confirm: 'no' }, 'confirm',
      ['no']],
    [runner, '/me', 'POST /me?_method=PATCH', { name: '' }, 'name', []],
    [runner, '/me', 'POST /me/password', { current_password: 'wrong wrong wrong', new_password: 'tiny' },
      'new_password', []],
  ];
  for (const [client, path, action, values, field, kept] of cases) {
    const page = await client.page(path);
    const forms = formsOf(page.text).filter((f) => `${f.method} ${f.action}` === action
      && Object.keys(values).every((k) => f.names.has(k)));
    assert.ok(forms.length >= 1, `${action} on ${path}`);
    const again = await client.form(forms[0].action, { ...forms[0].values, ...values });
    assertPage(again, 422);
    assert.match(titleOf(again.text), /^Error: /, action);
    assert.ok(fieldError(again.text, field), `${action}: nothing beside ${field}`);
    assert.match(again.text, /aria-invalid="true"/);
    for (const text of kept) assert.ok(again.text.includes(text), `${action}: lost ${text}`);
    for (const secret of ['wrong wrong wrong', 'tiny']) assert.ok(!again.text.includes(secret));
    assert.equal((await client.page(path)).text.includes('aria-invalid'), false);
  }
});

test('success leads on (303), with a notice that is shown once and cannot be made up', async () => {
  const page = await runner.page('/me');
  const done = await runner.submit(page, 'POST /me?_method=PATCH', { name: 'Run Ner II' });
  assert.equal(done.status, 303);
  assert.deepEqual(noticesOf((await runner.follow(done)).text), ['Saved.']);
  assert.deepEqual(noticesOf((await runner.page('/me')).text), []);
  const forged = Buffer.from('You have won').toString('base64url');
  runner.cookies.set('mortise-notice', `${Buffer.alloc(32).toString('base64url')}.${forged}`);
  assert.doesNotMatch((await runner.page('/me')).text, /You have won/);
  runner.cookies.delete('mortise-notice');
});

test('permissions are managed by forms alone: a person, a group, Everyone', async () => {
  const own = await makeApp(admin, unique('Forms'));
  const at = `/apps/${own}/permissions`;
  const post = async (values) => {
    const form = formsOf((await admin.page(at)).text)
      .find((f) => f.action === at && f.values.kind === values.kind);
    return admin.form(at, { ...form.values, ...values });
  };
  assert.equal((await post({ kind: 'user', principal: 'runner@example.com' })).status, 303);
  assert.equal((await post({ kind: 'group', principal: group, role: 'admin' })).status, 303);
  assert.equal((await post({ kind: 'everyone' })).location, at);
  const wrong = await post({ kind: 'user', principal: 'nobody@example.com' });
  assertPage(wrong, 422, /no user with this e-mail/);
  assert.match(wrong.text, /value="nobody@example.com"/);
  const page = await admin.page(at);
  assert.match(textOf(page.text), /Everyone All active users of the workspace Runner/);
  const { permissions } = (await admin.get(at)).body;
  const everyone = permissions.find((p) => p.everyone);
  assert.equal((await admin.submit(page, `POST ${at}/${everyone.id}?_method=DELETE`)).status, 303);
  assert.equal((await admin.get(at)).body.permissions.length, 3);
});

test('pages live under one name; JSON works under any, but cookies count only there', async () => {
  const host = `127.0.0.1:${s.port}`;
  const elsewhere = await runner.page('/apps?query=a', { host });
  assert.equal(elsewhere.status, 302);
  assert.equal(elsewhere.location, `${s.url}/apps?query=a`);
  assert.ok((await runner.form('/apps', { name: 'Elsewhere' }, { host })).status >= 400);
  assertProblem(await runner.json('GET', '/me', undefined, { host }), 401, 'not_signed_in');
  assertProblem(await runner.json('GET', '/me', undefined, { host: 'evil.example' }), 401, 'not_signed_in');
  const signIn = await s.client().json('POST', '/session',
    { email: 'runner@example.com', password: PASSWORD }, { host });
  assertProblem(signIn, 421, 'misdirected');
  assert.equal(signIn.headers.get('set-cookie'), null);
  assert.equal((await s.client().json('GET', '/healthz', undefined, { host })).status, 200);
  assert.equal((await s.client().fetch('GET', '/readyz', { headers: { host } })).status, 200);
  assert.equal((await runner.get('/me')).status, 200);
});

test('a write from another origin is refused, with and without its own token', async () => {
  for (const origin of ['https://evil.example', 'null', `http://localhost:${s.port + 1}`]) {
    assertPage(await runner.form('/me?_method=PATCH', { name: 'Evil' }, { origin }), 403);
    assertProblem(await runner.json('PATCH', '/me', { name: 'Evil' }, { origin }), 403, 'csrf');
    const signIn = await s.client().form('/session', { email: 'runner@example.com', password: PASSWORD },
      { origin });
    assert.equal(signIn.status, 403, 'a sign-in from another site');
  }
  assert.equal((await runner.form('/me?_method=PATCH', { name: 'Evil' },
    { 'sec-fetch-site': 'cross-site' })).status, 403);
  assert.equal((await runner.get('/me')).body.name, 'Run Ner II');
});

test('a page that is not there, and one that is not ours, say so in the session\'s own frame', async () => {
  const missing = assertPage(await runner.page('/no/such/page'), 404, /nothing here/);
  assert.match(missing.text, /Sign out/);
  assertPage(await s.client().page('/no/such/page'), 404);
  assertPage(await runner.page('/users'), 403, /Only a workspace admin/);
  assertProblem(await runner.get('/no/such/page'), 404, 'not_found');
  const wrong = await runner.json('PUT', '/apps');
  assertProblem(wrong, 405, 'method_not_allowed');
  assert.match(wrong.headers.get('allow'), /GET.*POST/);
});

endsWell(() => s);
