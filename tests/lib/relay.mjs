// What tests of the relay begin with: an app, a connection, somebody connected through a front (front.mjs),
// a Mortise key, and asking with it.

import assert from 'node:assert/strict';
import http from 'node:http';
import { once } from 'node:events';

import { addConnection, BOB, connect, grant, makeApp, unique } from './scene.mjs';
import { startFront } from './front.mjs';
import { startStack } from './stack.mjs';

export const bearer = (secret) => ({ authorization: `Bearer ${secret}` });
export const basic = (secret) => ({ authorization: `Basic ${Buffer.from(`me:${secret}`).toString('base64')}` });

export async function makeKey(client, more = {}) {
  const made = await client.post('/me/keys', { name: unique('Key'), ...more });
  assert.equal(made.status, 201, made.text);
  return made.body;
}

// options: of startStack(), and tls: a certificate for front.localhost, for HTTP/2 over TLS
// -> {s, front, root, admin, runner, app, connection, key}
export async function startRelay(options = {}) {
  const front = await startFront(options.tls);
  const env = { ...(options.tls && { MORTISE_CA_FILE: options.tls.file }), ...options.env };
  const s = await startStack(null, { ...options, env, allow: [front.url, ...(options.more ?? [])] });
  front.to(s.site());
  const root = await s.setup();
  const admin = await s.user(root, 'admin@example.com');
  const runner = await s.user(root, 'runner@example.com');
  const app = await makeApp(admin, 'Desk');
  await grant(admin, app, runner);
  const connection = await addConnection(admin, app, { name: 'My Jira' });
  await connect(s, runner, app, connection, BOB, { base_url: front.url });
  const key = (await makeKey(runner)).secret;
  front.seen.length = 0;
  return { s, front, root, admin, runner, app, connection, key };
}

// One request by Node's own client, streams in hand -> {request, response}
export async function open(r, path, { method = 'GET', headers = {}, key = r.key, connection = r.connection, agent, body, wait = true } = {}) {
  const request = http.request({ host: '127.0.0.1', port: r.s.port, method, agent, setHost: false,
    path: `/jira/${r.app}/${encodeURIComponent(connection)}${path}`,
    headers: { host: `localhost:${r.s.port}`, ...bearer(key), ...headers } });
  const answered = once(request, 'response');
  if (body !== undefined) request.end(body);
  else if (wait) request.end();
  if (!wait) return { request, answered };
  const [response] = await answered;
  request.on('error', () => {}); // said by the response as well
  return { request, response };
}

// A whole answer -> {status, headers, text, json}
export async function ask(r, path, options = {}) {
  const { response } = await open(r, path, options);
  return whole(response);
}

export async function whole(response) {
  let text = '';
  response.setEncoding('utf8');
  for await (const piece of response) text += piece;
  let json = null;
  try { json = JSON.parse(text); } catch { /* not JSON */ }
  assert.equal(response.headers['content-security-policy'], 'sandbox');
  assert.equal(response.headers['x-content-type-options'], 'nosniff');
  return { status: response.statusCode, headers: response.headers, text, json };
}

export function assertRefused(answer, status, code) {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.json?.code, code, answer.text);
  assert.match(answer.headers['content-type'], /^application\/problem\+json/);
  assert.ok(answer.json.errorMessages[0].startsWith(answer.json.detail), answer.text);
  assert.deepEqual(answer.json.errors, {});
}
