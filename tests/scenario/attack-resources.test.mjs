// What a stranger, a hostile member or a hostile Jira can make the server hold or compute: each of
// these once ended it, filled its memory, or kept everybody else waiting.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { before, test } from 'node:test';

import { addConnection, ANNA, assertProblem, connect, fault, makeApp, noFaults, run, sleep, until } from '../lib/scene.mjs';
import { endsWell, startStack } from '../lib/stack.mjs';

let s;
let anna;
let app;
let id;

before(async () => {
  s = await startStack(null, { env: { MORTISE_STALL_SECONDS: '600' } }); // what is not read stays, on a busy machine too
  const root = await s.setup();
  anna = await s.user(root, 'anna@example.com');
  app = await makeApp(anna);
  id = await addConnection(anna, app);
  await connect(s, anna, app, id, ANNA);
});

const MIB = 1024 * 1024;
const statusOf = (text) => Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]);

// A connection on which `bytes` were sent; its answer gathers in `got` unless nobody reads.
async function open(head, body, { reads = true } = {}) {
  const socket = net.connect(s.port, '127.0.0.1');
  socket.got = '';
  socket.on('error', () => {});
  await once(socket, 'connect');
  if (reads) socket.on('data', (data) => (socket.got += data.toString('latin1')));
  else socket.pause();
  socket.write(`${head.join('\r\n')}\r\nHost: localhost:${s.port}\r\n\r\n`);
  if (body) socket.write(body);
  return socket;
}

const signedIn = () => [
  `Cookie: ${[...anna.cookies].map(([name, value]) => `${name}=${value}`).join('; ')}`,
  `X-CSRF-Token: ${anna.csrf}`,
];

const json = (client, text) =>
  client.fetch('POST', `/api/v1/apps/${app}/connections/${id}/request`, {
    headers: { 'content-type': 'application/json', accept: 'application/json',
      ...(client.csrf && { 'x-csrf-token': client.csrf }) },
    body: text,
  });

test('thousands of parameters in a form\'s address are refused, by a stranger too', async () => {
  const query = 'a&'.repeat(15000);
  const socket = await open([`POST /session?${query} HTTP/1.1`, 'Connection: close',
    'Content-Type: application/x-www-form-urlencoded', 'Content-Length: 0']);
  await once(socket, 'close');
  assert.equal(statusOf(socket.got), 400, socket.got.slice(0, 200));
});

test('JSON of a million values is refused before anything is made of it', async () => {
  const bomb = `{"body":[${'{},'.repeat(1000000)}{}]}`;
  for (const client of [s.client(), anna])
    assertProblem(await json(client, bomb), 400, 'malformed', /more than 400000 values/);
  const many = `{"method":"POST","path":"/rest/api/3/issue","body":[${'0,'.repeat(300000)}0]}`;
  assert.equal((await json(anna, many)).status, 200);
});

test('a query of one long name and many values, and a million broken headers', async () => {
  const long = `{"path":"/rest/api/3/myself","query":{"${'k'.repeat(MIB)}":[${'1,'.repeat(300000)}1]}}`;
  assertProblem(await json(anna, long), 422, 'invalid');
  const lines = `{"path":"/rest/api/3/myself","headers":"${'a:\\n'.repeat(900000)}"}`;
  const { body } = await json(anna, lines);
  assert.ok(body.errors.length > 0 && body.errors.length <= 50, `${body.errors.length} errors`);
});

test('an app\'s connections come to an end', async () => {
  const full = await makeApp(anna);
  for (let i = 0; i < 200; i += 1) await addConnection(anna, full);
  const more = { type: 'jira_api', name: 'One more' };
  assertProblem(await anna.post(`/apps/${full}/connections`, more), 422, 'invalid', /at most/);
  assert.equal((await anna.page(`/apps/${full}`)).status, 200);
});

test('Jira\'s answer of millions of values is passed on as text', async () => {
  const bomb = `[${'{},'.repeat(2000000)}{}]`;
  await fault(s, 'body', { body: bomb });
  const answer = await run(anna, app, id, { path: '/rest/api/3/status' });
  assert.deepEqual([answer.status, answer.body.body_encoding, answer.body.body.length],
    [200, 'text', bomb.length]);
  await fault(s, 'body', { body: bomb });
  const page = await anna.form(`/apps/${app}/connections/${id}/request`, { path: '/rest/api/3/status' });
  assert.equal(page.status, 200);
});

test('a flood of sign-ins is turned away and leaves workers for everybody else', async () => {
  const answers = Array.from({ length: 40 }, (_, i) =>
    s.client().post('/session', { email: `flood${i}@example.com`, password: 'not the password' }));
  await sleep(20);
  const page = await anna.get('/me');
  const done = await Promise.race([Promise.all(answers), null]);
  assert.equal(page.status, 200);
  assert.equal(done, null, 'the flood was over before the page was asked for');
  const statuses = (await Promise.all(answers)).map((a) => a.status);
  assert.deepEqual([...new Set(statuses)].sort(), [401, 503]);
  assert.ok(statuses.filter((n) => n === 503).length > 20, statuses.join());
});

test('large bodies of strangers fill no memory, and forms still get through', async () => {
  const head = ['POST /api/v1/apps/x/request HTTP/1.1', 'Content-Type: application/json',
    `Content-Length: ${4 * MIB}`];
  const sockets = await Promise.all(
    Array.from({ length: 72 }, () => open(head, Buffer.alloc(4 * MIB - 1, 32))));
  const refused = () => sockets.filter((c) => statusOf(c.got) === 503).length;
  await until(() => refused() >= 5, 'a refusal', 20000);
  assert.equal((await anna.form('/me?_method=PATCH', { name: 'Anna' })).status, 303);
  assert.ok(refused() < 20, 'what fits is still taken');
  for (const socket of sockets) socket.destroy();
  const ask = { method: 'POST', path: '/rest/api/3/issue', body: 'x'.repeat(MIB) };
  await until(async () => (await run(anna, app, id, ask)).status === 200, 'room again');
});

test('large answers that nobody reads are not piled up', async () => {
  await fault(s, 'body', { body: 'x'.repeat(7 * MIB), times: 'always' });
  const text = '{"path":"/rest/api/3/status"}';
  const head = [`POST /api/v1/apps/${app}/connections/${id}/request HTTP/1.1`, ...signedIn(),
    'Content-Type: application/json', `Content-Length: ${text.length}`];
  const sockets = [];
  let last;
  do {
    const more = Array.from({ length: 16 }, () => open(head, text, { reads: false }));
    sockets.push(...await Promise.all(more));
    last = await run(anna, app, id, { path: '/rest/api/3/status' });
  } while (last.status === 200 && sockets.length < 128);
  assertProblem(last, 503, 'overloaded', /large answers/);
  assert.equal((await anna.get('/me')).status, 200);
  await noFaults(s);
  assert.equal((await run(anna, app, id, { path: '/rest/api/3/myself' })).status, 200);
  for (const socket of sockets) socket.destroy();
});

endsWell(() => s);
