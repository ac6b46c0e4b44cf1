// The relay: a drop-in base URL for clients of Jira, with a Mortise key where their token was.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { addConnection, ANNA, BOB, connect, grant, makeApp, unique } from '../lib/scene.mjs';
import { endsWell, startStack } from '../lib/stack.mjs';

let s;
let root;
let admin;
let runner;
let app;
let own;
let shared;
let key;

before(async () => {
  s = await startStack(null);
  root = await s.setup();
  admin = await s.user(root, 'admin@example.com');
  runner = await s.user(root, 'runner@example.com');
  app = await makeApp(admin, 'Desk');
  await grant(admin, app, runner);
  own = await addConnection(admin, app, { name: 'My Jira' });
  shared = await addConnection(admin, app, { name: 'Shared' });
  await admin.patch(`/apps/${app}/connections/${shared}`, { shared: true });
  await connect(s, admin, app, own, ANNA);
  await connect(s, runner, app, own, BOB);
  await connect(s, admin, app, shared, ANNA);
  key = await myKey(runner);
});

const myKey = async (client, more = {}) => {
  const made = await client.post('/me/keys', { name: unique('Key'), ...more });
  assert.equal(made.status, 201, made.text);
  return made.body;
};
const bearer = (secret) => ({ authorization: `Bearer ${secret}` });
const basic = (secret) => ({ authorization: `Basic ${Buffer.from(`me:${secret}`).toString('base64')}` });

async function ask(path, { method = 'GET', headers = bearer(key.secret), body, connection = own } = {}) {
  const answer = await fetch(`${s.url}/jira/${app}/${encodeURIComponent(connection)}${path}`, { method, headers, body, redirect: 'manual' });
  const text = await answer.text();
  let json = null;
  try { json = JSON.parse(text); } catch { /* not JSON */ }
  assert.equal(answer.headers.get('content-security-policy'), 'sandbox');
  assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
  return { status: answer.status, headers: answer.headers, text, json };
}

test('GET and POST go through, with the key as Bearer and as the password of Basic', async () => {
  for (const headers of [bearer(key.secret), basic(key.secret)]) {
    const me = await ask('/rest/api/3/myself', { headers });
    assert.equal(me.status, 200, me.text);
    assert.equal(me.json.emailAddress, BOB);
    assert.match(me.headers.get('server-timing'), /^mortise;dur=\d+\.\d, jira;dur=/);
  }
  const made = await ask('/rest/api/3/issue', {
    method: 'POST',
    headers: { ...bearer(key.secret), 'content-type': 'application/json' },
    body: JSON.stringify({ fields: { project: { key: 'ACME' }, issuetype: { name: 'Task' }, summary: 'By the relay' } }),
  });
  assert.equal(made.status, 201, made.text);
  const issue = await ask(`/rest/api/3/issue/${made.json.key}?fields=summary`);
  assert.equal(issue.json.fields.summary, 'By the relay');
  assert.ok(issue.json.self.startsWith(`${s.url}/jira/${app}/${own}/rest/api/3/issue/`), issue.json.self);
});

test('a connection is named by its id or, percent-encoded, by its name', async () => {
  for (const connection of [own, 'My Jira', 'my jira'])
    assert.equal((await ask('/rest/api/3/myself', { connection })).status, 200, connection);
  assert.equal((await ask('/rest/api/3/myself', { connection: 'No Jira' })).status, 404);
});

endsWell(() => s);
