// Point 1: the first start, invitations, signing in and out, passwords, disabling, lost passwords.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';

import { PASSWORD } from '../lib/client.mjs';
import { fieldError, noticesOf, textOf } from '../lib/page.mjs';
import { assertFieldErrors, assertPage, assertProblem } from '../lib/scene.mjs';
import { endsWell, startStack } from '../lib/stack.mjs';

let s;
let root;

before(async () => {
  s = await startStack(null, { sim: false });
});

const pathOf = (link) => new URL(link).pathname;

async function invite(email, more = {}) {
  const answer = await root.post('/users', { email, ...more });
  assert.equal(answer.status, 201, answer.text);
  return answer.body;
}

test('a fresh start makes database and key, private to their owner', () => {
  for (const file of ['mortise.db', 'key/master.key'])
    assert.equal(fs.statSync(path.join(s.folder, file)).mode & 0o777, 0o600, file);
});

test('before there is an admin, the sign-in page says where the link is', async () => {
  const page = assertPage(await s.client().page('/session'));
  assert.match(textOf(page.text), /Open the link that it printed/);
  assert.equal((await s.client().get('/session')).body.needs_setup, true);
});

test('each start prints a new link until there is an admin; the one before is void', async () => {
  const old = await s.setupPath();
  await s.restart();
  const now = await s.setupPath();
  assert.notEqual(now, old);
  assertProblem(await s.client().get(old), 410, 'link_expired');
  const page = assertPage(await s.client().page(now));
  assert.match(textOf(page.text), /Set up Mortise/);
});

test('the link creates the workspace admin, once', async () => {
  const link = await s.setupPath();
  const fresh = s.client();
  assertFieldErrors(await fresh.post(link, { name: '', email: 'nope', password: 'short' }),
    'email', 'name', 'password');
  const page = await fresh.page(link);
  const weak = await fresh.submit(page, 'POST',
    { name: 'Root Admin', email: 'root@mortise.example', password: 'short' });
  assertPage(weak, 422);
  assert.match(fieldError(weak.text, 'password'), /at least 12 characters/);
  assert.match(weak.text, /value="Root Admin"/);
  assert.doesNotMatch(weak.text, /value="short"/);
  root = await s.setup();
  assert.equal(root.me.workspace_admin, true);
  assert.equal((await root.get('/me')).body.email, 'root@mortise.example');
  assertProblem(await s.client().get(link), 410, 'link_expired');
  assertProblem(await s.client().post(link, { name: 'B', email: 'b@b.example', password: PASSWORD }),
    410, 'link_expired');
  assert.equal((await s.client().get('/session')).body.needs_setup, false);
});

test('with an admin, a start prints no link', async () => {
  await s.restart();
  assert.doesNotMatch(s.server.out, /\/links\//);
});

test('a user is invited by a one-time link, which works once', async () => {
  const { user, link, expires } = await invite('Ina@Example.com', { name: 'Ina' });
  assert.equal(user.state, 'invited');
  const days = (Date.parse(expires) - Date.now()) / 86400e3;
  assert.ok(days > 6.9 && days < 7.1, expires);
  const shown = await s.client().get(pathOf(link));
  assert.deepEqual([shown.body.kind, shown.body.name, shown.body.email],
    ['invite', 'Ina', 'Ina@Example.com']);
  assertProblem(await s.client().signIn('ina@example.com'), 401, 'sign_in_failed');
  const ina = await s.accept(pathOf(link), { password: PASSWORD });
  assert.equal(ina.me.workspace_admin, false);
  assertProblem(await s.client().get(pathOf(link)), 410, 'link_expired');
  assertProblem(await s.client().post(pathOf(link), { password: PASSWORD }), 410, 'link_expired');
  assert.equal((await s.client().signIn('INA@example.COM')).status, 200);
  assertProblem(await root.post('/users', { email: 'ina@EXAMPLE.com' }), 409, 'name_taken');
});

test('two uses of one link at the same moment: one wins', async () => {
  const { link } = await invite('race@example.com');
  const answers = await Promise.all([1, 2, 3].map((n) =>
    s.client().post(pathOf(link), { password: `${PASSWORD} ${n}` })));
  assert.deepEqual(answers.map((a) => a.status).sort(), [200, 410, 410]);
});

test('a new link voids the one before', async () => {
  const { user, link } = await invite('later@example.com');
  const again = await root.post(`/users/${user.id}/link`);
  assert.equal(again.status, 201, again.text);
  assertProblem(await s.client().get(pathOf(link)), 410, 'link_expired');
  await s.accept(pathOf(again.body.link), {});
});

test('signing in by the page: a failure keeps the e-mail, success goes where one wanted', async () => {
  const browser = s.client();
  const asked = await browser.page('/me/connections?x=1');
  assert.equal(asked.status, 303);
  assert.equal(asked.location, '/session?return_to=%2Fme%2Fconnections%3Fx%3D1');
  const page = await browser.page(asked.location);
  const wrong = await browser.submit(page, 'POST /session',
    { email: 'root@mortise.example', password: 'not the right one' });
  assertPage(wrong, 401, /E-mail and password do not match/);
  assert.match(wrong.text, /value="root@mortise.example"/);
  assert.doesNotMatch(wrong.text, /not the right one/);
  const right = await browser.submit(wrong, 'POST /session',
    { email: 'root@mortise.example', password: PASSWORD });
  assert.equal(right.status, 303, right.text);
  assert.equal(right.location, '/me/connections?x=1');
  const session = right.headers.get('set-cookie').split(', ').find((c) => c.startsWith('mortise='));
  assert.match(session, /HttpOnly/);
  assert.match(session, /SameSite=Lax/);
  assertPage(await browser.page(right.location));
  for (const evil of ['https://evil.example/', '//evil.example', '/\\evil.example', 'javascript:x']) {
    const answer = await s.client().form('/session',
      { email: 'root@mortise.example', password: PASSWORD, return_to: evil });
    assert.equal(answer.location, '/apps', evil);
  }
});

test('unknown, invited and disabled people get the same sentence', async () => {
  await invite('waiting@example.com');
  const answers = [];
  for (const email of ['nobody@example.com', 'waiting@example.com', 'root@mortise.example'])
    answers.push(await s.client().signIn(email, 'this is not right'));
  for (const answer of answers) assertProblem(answer, 401, 'sign_in_failed');
  assert.equal(new Set(answers.map((a) => a.body.detail)).size, 1);
});

test('wrong passwords are limited for each e-mail, and a right one is refused meanwhile', async () => {
  const user = await s.user(root, 'limited@example.com');
  for (let i = 0; i < 10; i += 1)
    assertProblem(await s.client().signIn('limited@example.com', `wrong ${i}, quite`),
      401, 'sign_in_failed');
  const refused = await s.client().signIn('LIMITED@example.com');
  assertProblem(refused, 429, 'too_many_attempts', /Wait \d+ minutes/);
  assert.ok(Number(refused.headers.get('retry-after')) > 0);
  assert.equal((await user.get('/me')).status, 200);
  assert.equal((await s.client().signIn('root@mortise.example')).status, 200);
});

test('changing the password asks for the old one and ends all other sessions', async () => {
  const here = await s.user(root, 'change@example.com');
  const there = s.client();
  await there.signIn('change@example.com');
  const wrong = await here.post('/me/password',
    { current_password: 'never was it', new_password: 'another good one' });
  assertFieldErrors(wrong, 'current_password');
  assertFieldErrors(await here.post('/me/password',
    { current_password: PASSWORD, new_password: 'short' }), 'new_password');
  const done = await here.post('/me/password',
    { current_password: PASSWORD, new_password: 'another good one' });
  assert.equal(done.status, 204, done.text);
  assert.equal((await here.get('/me')).status, 200);
  assertProblem(await there.get('/me'), 401, 'not_signed_in');
  assertProblem(await s.client().signIn('change@example.com'), 401, 'sign_in_failed');
  assert.equal((await s.client().signIn('change@example.com', 'another good one')).status, 200);
});

test('signing out here leaves other sessions; everywhere ends them all', async () => {
  const here = await s.user(root, 'out@example.com');
  const there = s.client();
  await there.signIn('out@example.com');
  const before = { ...Object.fromEntries(here.cookies) };
  const listed = (await here.get('/me')).body.sessions;
  assert.deepEqual(listed.map((x) => x.current).sort(), [false, true]);
  assert.equal((await here.delete('/session')).status, 204);
  assert.equal(here.cookies.get('mortise'), undefined);
  const stolen = s.client();
  stolen.cookies.set('mortise', before.mortise);
  assertProblem(await stolen.get('/me'), 401, 'not_signed_in');
  assert.equal((await there.get('/me')).status, 200);
  await here.signIn('out@example.com');
  const page = await here.page('/me');
  const out = await here.submit(page, 'POST /me/sessions?_method=DELETE');
  assert.equal(out.location, '/session');
  const after = await here.follow(out);
  assert.match(noticesOf(after.text).join(), /signed out everywhere/);
  assertProblem(await there.get('/me'), 401, 'not_signed_in');
});

test('a disabled user is out at once, and in again when enabled', async () => {
  const user = await s.user(root, 'leaver@example.com');
  const { id } = user.me;
  const link = (await root.post(`/users/${id}/link`)).body.link;
  assert.equal((await root.patch(`/users/${id}`, { disabled: true })).body.state, 'disabled');
  assertProblem(await user.get('/me'), 401, 'not_signed_in');
  assertProblem(await s.client().signIn('leaver@example.com'), 401, 'sign_in_failed');
  assertProblem(await s.client().get(pathOf(link)), 410, 'link_expired');
  assertProblem(await root.post(`/users/${id}/link`), 409, 'conflict', /Enable them first/);
  assert.equal((await root.patch(`/users/${id}`, { disabled: false })).body.state, 'active');
  assertProblem(await user.get('/me'), 401, 'not_signed_in');
  assert.equal((await s.client().signIn('leaver@example.com')).status, 200);
});

test('the last active workspace admin can neither be disabled nor demoted', async () => {
  const me = `/users/${root.me.id}`;
  assertProblem(await root.patch(me, { disabled: true }), 409, 'last_admin');
  assertProblem(await root.patch(me, { workspace_admin: false }), 409, 'last_admin');
  const second = await s.user(root, 'second@example.com');
  assertProblem(await second.get('/users'), 403, 'not_workspace_admin');
  await root.patch(`/users/${second.me.id}`, { workspace_admin: true });
  assert.equal((await second.get('/users')).status, 200);
  assert.equal((await root.patch(`/users/${second.me.id}`, { disabled: true })).status, 200);
  assertProblem(await root.patch(me, { workspace_admin: false }), 409, 'last_admin');
});

test('a lost password gets a one-time link, by the page and by the command', async () => {
  const user = await s.user(root, 'lost@example.com', 'Lost');
  const page = await root.page(`/users/${user.me.id}`);
  const shown = await root.submit(page, `POST /users/${user.me.id}/link`);
  assertPage(shown, 201);
  const [url] = shown.text.match(/http:\/\/localhost:\d+\/links\/[\w-]{43}/);
  assert.match(textOf((await s.client().page(pathOf(url))).text), /Choose a new password Hello Lost/);
  await s.accept(pathOf(url), { password: 'a password from the page' });
  assertProblem(await user.get('/me'), 401, 'not_signed_in');

  const command = s.spawn(['user', 'link', 'LOST@example.com']);
  assert.equal(await command.ended, 0, command.out);
  const [printed] = command.out.match(/http:\/\/localhost:\d+\/links\/[\w-]{43}/);
  await s.accept(pathOf(printed), { password: 'a password from the command' });
  const back = await s.client().signIn('lost@example.com', 'a password from the command');
  assert.equal(back.status, 200);
  const unknown = s.spawn(['user', 'link', 'nobody@example.com']);
  assert.notEqual(await unknown.ended, 0);
  assert.match(unknown.out, /no user with the e-mail nobody@example.com/);
});

test('one changes one\'s own name; users are listed, searched and renamed', async () => {
  const user = await s.user(root, 'zoe@example.com', 'Zoë Übel');
  assert.equal((await user.patch('/me', { name: 'Zoë Über' })).body.name, 'Zoë Über');
  const found = (await root.get('/users?query=zoe%20uber')).body;
  assert.deepEqual(found.users.map((u) => u.email), ['zoe@example.com']);
  assert.equal(found.total, 1);
  const renamed = await root.patch(`/users/${user.me.id}`, { name: 'Zoë' });
  assert.equal(renamed.body.name, 'Zoë');
  assertFieldErrors(await user.patch('/me', { name: '  ' }), 'name');
});

endsWell(() => s);
