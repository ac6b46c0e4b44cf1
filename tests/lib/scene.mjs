// What most scenarios begin with (an app, a connection, a connected person) and how answers are
// judged. Steps that must succeed throw; what a test is about is called by the test itself.

import assert from 'node:assert/strict';
import http from 'node:http';

import { problemsOf, textOf } from './page.mjs';

export const ANNA = 'anna@acme.example'; // admin of everything on acme, member on globex
export const BOB = 'bob@acme.example'; // acme only; no project SEC
export const CARLA = 'carla@acme.example'; // both sites; reads German
export const DAVE = 'dave@globex.example'; // globex only
export const BOT = 'bot@serviceaccount.atlassian.com'; // scoped tokens only
export const SCOPES = ['read:jira-user', 'read:jira-work', 'write:jira-work'];

function done(answer, what, ...statuses) {
  assert.ok(statuses.includes(answer.status), `${what}: ${answer.status} ${answer.text}`);
  return answer.body;
}

// A sign-in from another address of this machine -> the status of its answer.
export const signInFrom = (stack, localAddress, email, password, more = {}) => new Promise((resolve, reject) => {
  const body = JSON.stringify({ email, password });
  const request = http.request({ host: '127.0.0.1', port: stack.port, localAddress, method: 'POST',
    path: '/api/v1/session', headers: { host: `localhost:${stack.port}`, 'content-type': 'application/json',
      'content-length': Buffer.byteLength(body), ...more } });
  request.on('error', reject);
  request.on('response', (response) => response.resume().on('end', () => resolve(response.statusCode)));
  request.end(body);
});

let names = 0;
export const unique = (word) => `${word} ${(names += 1)}`;

// -> its slug
export async function makeApp(client, name = unique('App'), more = {}) {
  return done(await client.post('/apps', { name, ...more }), 'app', 201).app.slug;
}

// who: a client, or 'everyone'
export async function grant(admin, app, who, role = 'runner') {
  const principal = who === 'everyone' ? { kind: 'everyone', principal: '' }
    : { kind: 'user', principal: who.me.email };
  return done(await admin.post(`/apps/${app}/permissions`, { ...principal, role }), 'grant', 201);
}

// -> its id
export async function addConnection(admin, app, more = {}) {
  const body = { type: 'jira_api', name: unique('Jira'), ...more };
  return done(await admin.post(`/apps/${app}/connections`, body), 'connection', 201).id;
}

export const connectPath = (app, id) => `/apps/${app}/connections/${id}/connect`;

// The answer, whatever it is. A token is made unless api_key is given.
export async function tryConnect(stack, client, app, id, email, more = {}) {
  const { token: options, ...fields } = more;
  const key = fields.api_key ?? await stack.token(email, options);
  return client.post(connectPath(app, id),
    { base_url: stack.site(), username: email, api_key: key, ...fields });
}

export async function connect(stack, client, app, id, email, more) {
  return done(await tryConnect(stack, client, app, id, email, more), 'connect', 200);
}

export async function rowOf(client, app, id) {
  const list = done(await client.get(`/apps/${app}`), 'app', 200).connections;
  return list.find((c) => c.id === id);
}

export const run = (client, app, id, body) =>
  client.post(`/apps/${app}/connections/${id}/request`, body);

// --- judging

const SENTENCE = /^\S+ [^]*[.?)"]$/;

// problem+json with a stable code and a sentence that tells what to do.
export function assertProblem(answer, status, code, detail) {
  const shown = `${answer.status} ${answer.text.slice(0, 600)}`;
  assert.equal(answer.status, status, shown);
  assert.equal(answer.headers.get('content-type'), 'application/problem+json', shown);
  assert.equal(answer.code, code, shown);
  assert.equal(answer.body.status, status);
  assert.match(answer.body.detail, SENTENCE);
  assert.ok(Array.isArray(answer.body.errors));
  assert.match(answer.body.instance, /^\w{10,}$/);
  assert.ok(answer.headers.get('x-request-id'));
  if (detail) assert.match(answer.body.detail, detail);
  return answer.body;
}

// 422 with a message beside each of the named fields.
export function assertFieldErrors(answer, ...fields) {
  const body = assertProblem(answer, 422, 'invalid');
  assert.deepEqual(body.errors.map((e) => e.field).sort(), [...fields].sort(), answer.text);
  for (const e of body.errors) assert.match(e.message, SENTENCE);
  return body;
}

// A page with that status; with `problem`, its alert says so.
export function assertPage(answer, status = 200, problem) {
  assert.equal(answer.status, status, answer.text.slice(0, 3000));
  assert.match(answer.headers.get('content-type'), /^text\/html; charset=utf-8$/);
  assert.match(answer.text, /<\/html>\s*$/);
  assert.doesNotMatch(answer.text, /\{\{(?!name\}\})/, 'a template shows its own source');
  if (problem) assert.match(problemsOf(answer.text).join(' ') || textOf(answer.text), problem);
  return answer;
}

// --- what Jira saw

// The calls to Jira since `stack.control('DELETE', 'log')`, as "METHOD host path [who]".
export async function callsOf(stack) {
  const { requests } = await stack.control('GET', 'log');
  return requests.map((r) => {
    const who = r.headers.authorization?.replace(/^Basic /, '');
    return `${r.method} ${r.host.replace(/:\d+$/, '')} ${r.path}${who ? ` as ${who}` : ''}`;
  });
}

export const clearLog = (stack) => stack.control('DELETE', 'log');

// A fault applies to REST calls of the site unless `match` says otherwise.
export const fault = (stack, kind, more = {}) =>
  stack.control('POST', 'faults', { kind, match: { path: '/rest/' }, ...more });
export const noFaults = (stack) => stack.control('DELETE', 'faults');

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Waits until `probe` gives something true.
export async function until(probe, what = 'it', ms = 10000) {
  for (const limit = Date.now() + ms; ;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > limit) throw new Error(`${what} did not happen`);
    await sleep(20);
  }
}

// Waits until Jira was asked for a path that contains `part`.
export const asked = (stack, part) =>
  until(async () => (await callsOf(stack)).some((c) => c.includes(part)), `a call of ${part}`);
