// Mail: notices and tests of it by a mail server that nobody here wrote, over TLS, STARTTLS and plain
// to this machine; what is refused, and what a mail looks like.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { certificate, readMail, startMail } from '../lib/receiver.mjs';
import { addConnection, assertProblem, BOB, connect, grant, makeApp, run, until } from '../lib/scene.mjs';
import { endsWell, sql, startStack } from '../lib/stack.mjs';

const PASSWORD = 'a password for mail: Zebra?4711';
const FROM = 'mortise@example.com';

let s;
let root;
let tls;
let mail;

before(async () => {
  tls = certificate();
  mail = await startMail({ secure: true, tls, user: 'mortise', password: PASSWORD });
  s = await startStack(null, { env: { MORTISE_INCIDENT_PERIOD: '1' } });
  root = await s.setup();
});
after(async () => {
  await mail?.close();
});

async function restartWith(env) {
  s.options.env = { MORTISE_INCIDENT_PERIOD: '1', ...env };
  assert.equal(await s.server.stop(), 0);
  await s.start();
}

const withServer = (scheme, port, more = {}) => restartWith({ MORTISE_MAIL_FROM: FROM,
  MORTISE_SMTP_URL: `${scheme}://localhost:${port}`, MORTISE_CA_FILE: tls.file, ...more });
const lastTest = async () => (await root.get('/settings')).body.mail.last_test;
async function sendTest(m) {
  const from = m.mails.length;
  const answer = await root.post('/settings/mail/test');
  assert.equal(answer.status, 200, answer.text);
  await until(() => m.mails.length > from, 'a mail', 15000);
  await until(async () => (await lastTest()).delivered, 'delivered', 15000);
  return m.mails[from];
}
async function failedTest(pattern) {
  assert.equal((await root.post('/settings/mail/test')).status, 200);
  await until(async () => pattern.test((await lastTest()).last_error ?? ''), `${pattern}`, 20000);
  sql(s, "DELETE FROM deliveries WHERE state = 'pending'");
}

test('without a mail server there is none, and that is said', async () => {
  assert.deepEqual((await root.get('/settings')).body.mail,
    { configured: false, server: null, from: null, last_test: null });
  assertProblem(await root.post('/settings/mail/test'), 409, 'conflict', /MORTISE_SMTP_URL/);
});

test('by TLS, signed in: a whole mail arrives', async () => {
  await withServer('smtps', mail.port, { MORTISE_SMTP_USER: 'mortise', MORTISE_SMTP_PASSWORD: PASSWORD });
  const got = await sendTest(mail);
  assert.deepEqual([got.from, got.to, got.secure], [FROM, [root.me.email], true]);
  assert.equal(mail.signedIn.username, 'mortise');
  const { named, subject, body } = readMail(got.text);
  assert.equal(subject, 'Mortise: a test');
  assert.equal(named.From, `Mortise <${FROM}>`);
  assert.equal(named.To, `<${root.me.email}>`);
  assert.match(named['Message-ID'], /^<[0-9a-z]{26}@example\.com>$/);
  assert.ok(Math.abs(Date.parse(named.Date) - Date.now()) < 60000, named.Date);
  assert.equal(named['Auto-Submitted'], 'auto-generated');
  assert.match(body, /^Hello Root Admin,\r\n\r\nThis is a test/);
});

test('a notice goes to whom it concerns, with names as they are and no header of theirs', async () => {
  const evil = 'Ünïcode Jira ✓ Bcc: evil@example.com ' + 'long '.repeat(12);
  const bob = await s.user(root, 'bob@example.com', 'Bob Runner');
  const app = await makeApp(root, 'Desk');
  await grant(root, app, bob);
  const id = await addConnection(root, app, { name: evil });
  await connect(s, bob, app, id, BOB, { token: { label: 'of bob' } });
  const from = mail.mails.length;
  await s.control('POST', 'revoke', { label: 'of bob' });
  await run(bob, app, id, { path: '/rest/api/3/myself' });
  await until(() => mail.mails.length > from, 'a mail', 15000);
  const got = mail.mails[from];
  assert.deepEqual(got.to, ['bob@example.com']);
  const { headers, subject, body } = readMail(got.text);
  assert.deepEqual(headers.map(([name]) => name), ['Date', 'From', 'To', 'Message-ID', 'Subject',
    'Auto-Submitted', 'MIME-Version', 'Content-Type', 'Content-Transfer-Encoding']);
  assert.match(subject, /^Mortise: "Ünïcode Jira ✓ Bcc$/);
  assert.ok(body.includes(`"${evil.trim()}" in Desk on `), body);
  assert.match(body, / needs reconnecting: /);
  assert.ok(body.includes(`${s.url}/apps/${app}/connections/${id}/connect`));
  assert.ok(got.text.split('\r\n').every((line) => line.length <= 78 && /^[\x20-\x7e]*$/.test(line)));
  assert.equal(mail.mails.length, from + 1, 'the owner alone');
});

test('a mail that is refused is tried again; one who was disabled meanwhile gets none', async () => {
  mail.refuse = () => Object.assign(new Error('try later'), { responseCode: 451 });
  await failedTest(/mail server answered 451/);
  const gone = await s.user(root, 'gone@example.com');
  await root.patch(`/users/${gone.me.id}`, { workspace_admin: true });
  await gone.post('/settings/mail/test');
  sql(s, `UPDATE deliveries SET next_try = 9000000000000, attempts = attempts + 1 WHERE user_id = '${gone.me.id}'`);
  await root.patch(`/users/${gone.me.id}`, { disabled: true });
  mail.refuse = undefined;
  const from = mail.mails.length;
  sql(s, `UPDATE deliveries SET next_try = 0 WHERE user_id = '${gone.me.id}'`);
  const row = await until(() => sql(s, `SELECT state, last_error FROM deliveries WHERE user_id = '${gone.me.id}'`
    + " AND state <> 'pending'")[0], 'an end', 15000);
  assert.deepEqual(row, ['given_up', 'This person\'s account is no longer active.']);
  assert.equal(mail.mails.length, from);
});

test('a wrong password, another certificate, no server: nothing is sent, and why is said', async () => {
  await withServer('smtps', mail.port, { MORTISE_SMTP_USER: 'mortise', MORTISE_SMTP_PASSWORD: 'wrong one' });
  await failedTest(/did not accept the user name and password/);
  await withServer('smtps', mail.port, { MORTISE_CA_FILE: certificate().file });
  await failedTest(/No secure connection/);
  await withServer('smtps', 1);
  await failedTest(/could not be reached/);
});

test('smtp: plain to this machine; elsewhere only after STARTTLS', async () => {
  const plain = await startMail();
  await withServer('smtp', plain.port);
  assert.equal((await sendTest(plain)).secure, false);
  // A name that leads here but is not "localhost" is not believed to be this machine.
  await restartWith({ MORTISE_MAIL_FROM: FROM, MORTISE_SMTP_URL: `smtp://mail.localhost:${plain.port}` });
  await failedTest(/does not offer STARTTLS/);
  assert.equal(plain.mails.length, 1);
  await plain.close();
  const starttls = await startMail({ starttls: true, tls });
  await restartWith({ MORTISE_MAIL_FROM: FROM, MORTISE_SMTP_URL: `smtp://mail.localhost:${starttls.port}`,
    MORTISE_CA_FILE: tls.file });
  await failedTest(/No secure connection/); // the certificate is localhost's
  assert.equal(starttls.mails.length, 0);
  await starttls.close();
  const named = certificate('mail.localhost');
  const good = await startMail({ starttls: true, tls: named, user: 'mortise', password: PASSWORD });
  await restartWith({ MORTISE_MAIL_FROM: FROM, MORTISE_SMTP_URL: `smtp://mail.localhost:${good.port}`,
    MORTISE_CA_FILE: named.file, MORTISE_SMTP_USER: 'mortise', MORTISE_SMTP_PASSWORD: PASSWORD });
  assert.equal((await sendTest(good)).secure, true);
  assert.deepEqual(good.signedIn, { username: 'mortise', secure: true });
  await good.close();
});

test('settings that cannot be used are refused at the start', async () => {
  s.options.env = {}; // what the server runs with would complete what is missing
  for (const [env, pattern] of [
    [{ MORTISE_SMTP_URL: 'https://localhost:1', MORTISE_MAIL_FROM: FROM }, /MORTISE_SMTP_URL must be like/],
    [{ MORTISE_SMTP_URL: 'smtps://u:p@localhost:1', MORTISE_MAIL_FROM: FROM }, /MORTISE_SMTP_URL must be like/],
    [{ MORTISE_SMTP_URL: 'smtps://localhost:1' }, /MORTISE_MAIL_FROM must be one plain address/],
    [{ MORTISE_SMTP_URL: 'smtps://localhost:1', MORTISE_MAIL_FROM: 'a@b> RCPT' }, /MORTISE_MAIL_FROM/],
    [{ MORTISE_SMTP_URL: 'smtps://localhost:1', MORTISE_MAIL_FROM: FROM, MORTISE_SMTP_USER: 'u' }, /belong together/],
    [{ MORTISE_WEBHOOK_HOSTS: 'gopher://x' }, /of MORTISE_WEBHOOK_HOSTS cannot be read/]]) {
    const p = s.spawn(['serve'], { MORTISE_LISTEN: '127.0.0.1:0', MORTISE_MAIL_FROM: '', MORTISE_SMTP_URL: '', ...env });
    assert.notEqual(await p.ended, 0);
    assert.match(p.out, pattern);
  }
});

endsWell(() => s);
