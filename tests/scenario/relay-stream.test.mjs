// The relay's bodies: large ones stream both ways without being held, stalled readers and writers cost a
// bounded amount, Expect waits for the decision, broken upstreams give broken answers, content is fetched
// from where Jira keeps it.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { ask, assertRefused, open, startRelay, whole } from '../lib/relay.mjs';
import { startFront } from '../lib/front.mjs';
import { endsWell } from '../lib/stack.mjs';

const MB = 1024 * 1024;
const SIZE = 100 * MB;

let r;
let media;
before(async () => {
  media = await startFront();
  r = await startRelay({ more: [media.url], // freed memory counts as free
    env: { ASAN_OPTIONS: 'abort_on_error=1:detect_leaks=1:quarantine_size_mb=1:thread_local_quarantine_size_kb=64' } });
});

// Resident memory of the server in MB.
const memory = () => Number(fs.readFileSync(`/proc/${r.s.server.child.pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]) / 1024;

async function send(response, size, chunk = Buffer.alloc(64 * 1024, 'abcdefgh')) {
  for (let left = size; left > 0 && !response.destroyed; left -= chunk.length) {
    if (!response.write(left < chunk.length ? chunk.subarray(0, left) : chunk))
      await new Promise((done) => {
        const go = () => { response.off('drain', go).off('close', go); done(); };
        response.on('drain', go).on('close', go);
      });
  }
  response.end();
}

async function digest(stream) {
  const hash = createHash('sha256');
  let n = 0;
  for await (const piece of stream) {
    hash.update(piece);
    n += piece.length;
  }
  return { n, hash: hash.digest('hex') };
}

test('100 MB down, with its length, without being held', async () => {
  r.front.on('/rest/api/3/attachment/content/1', (request, response) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': SIZE, 'content-disposition': 'attachment' });
    void send(response, SIZE);
  });
  const before = memory();
  let peak = 0;
  const watch = setInterval(() => { peak = Math.max(peak, memory()); }, 50);
  const { response } = await open(r, '/rest/api/3/attachment/content/1');
  assert.equal(response.headers['content-length'], String(SIZE));
  assert.equal((await digest(response)).n, SIZE);
  clearInterval(watch);
  assert.ok(peak - before < 40, `${before} -> ${peak} MB`);
});

test('100 MB up, by length and chunked, without being held', async () => {
  r.front.on('/rest/api/3/issue/ACME-1/attachments', async (request, response) => {
    const got = await digest(request);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ ...got, length: request.headers['content-length'] ?? null, expect: request.headers.expect ?? null }));
  });
  const chunk = Buffer.alloc(64 * 1024, 'xyz');
  const expected = createHash('sha256');
  for (let i = 0; i < SIZE / chunk.length; i++) expected.update(chunk);
  const hash = expected.digest('hex');
  for (const headers of [{ 'content-length': SIZE }, { 'transfer-encoding': 'chunked' }]) {
    const before = memory();
    let peak = 0;
    const watch = setInterval(() => { peak = Math.max(peak, memory()); }, 50);
    const { request, answered } = await open(r, '/rest/api/3/issue/ACME-1/attachments', { method: 'POST', headers, wait: false });
    await send(request, SIZE, chunk);
    const [response] = await answered;
    const answer = await whole(response);
    clearInterval(watch);
    assert.deepEqual(answer.json, { n: SIZE, hash, length: headers['content-length'] ? String(SIZE) : null, expect: null });
    assert.ok(peak - before < 40, `${before} -> ${peak} MB`);
  }
});

test('200 stalled readers and 200 stalled writers cost a bounded amount, and others are served', async () => {
  r.front.on('/rest/endless', (request, response) => {
    response.on('error', () => {});
    response.writeHead(200, { 'content-type': 'application/json' });
    void send(response, SIZE);
  });
  r.front.on('/rest/sink', (request) => request.pause());
  const before = memory();
  const sockets = [];
  const head = (path, more) => `${path} HTTP/1.1\r\nHost: localhost:${r.s.port}\r\nAuthorization: Bearer ${r.key}\r\n${more}\r\n`;
  for (let i = 0; i < 200; i++) {
    const from = { host: '127.0.0.1', port: r.s.port, localAddress: i % 2 ? '127.0.0.2' : '127.0.0.3' }; // there is a limit an address
    const reader = net.connect(from).on('error', () => {});
    reader.pause();
    reader.write(head(`GET /jira/${r.app}/${r.connection}/rest/endless`, ''));
    const writer = net.connect(from).on('error', () => {});
    writer.write(head(`POST /jira/${r.app}/${r.connection}/rest/sink`, `Content-Length: ${SIZE}\r\n`));
    writer.write(Buffer.alloc(2 * MB));
    sockets.push(reader, writer);
  }
  const asked = () => [r.front.calls('/rest/endless').length, r.front.calls('/rest/sink').length];
  for (let i = 0; i < 150 && asked().some((n) => n < 200); i++) await sleep(100);
  await sleep(1000);
  const grown = memory() - before;
  assert.equal((await ask(r, '/rest/api/3/myself')).status, 200);
  assert.deepEqual(asked(), [200, 200]);
  for (const each of sockets) each.destroy();
  assert.ok(grown < 200, `${grown} MB`);
  await sleep(500);
  assert.equal((await ask(r, '/rest/api/3/myself')).status, 200);
});

test('100 Continue comes after key, limits and credential were decided, and Jira never gets Expect', async () => {
  r.front.on('/rest/expect', async (request, response) => {
    const got = await digest(request);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ n: got.n, expect: request.headers.expect ?? null }));
  });
  const begin = (key) => open(r, '/rest/expect', { method: 'POST', key, wait: false, headers: { expect: '100-continue', 'content-length': 10 } });
  const good = await begin(r.key);
  good.request.flushHeaders();
  await once(good.request, 'continue');
  good.request.end('0123456789');
  assert.deepEqual((await whole((await good.answered)[0])).json, { n: 10, expect: null });
  const bad = await begin('mk_wrong');
  let continued = false;
  bad.request.on('continue', () => { continued = true; });
  bad.request.on('error', () => {});
  bad.request.flushHeaders();
  assertRefused(await whole((await bad.answered)[0]), 401, 'key_refused');
  assert.equal(continued, false);
  bad.request.destroy();
});

test('an answer that breaks off is broken for the caller too', async () => {
  for (const headers of [{ 'content-length': 1000 }, {}]) {
    r.front.on('/rest/cut', (request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', ...headers });
      response.write('{"half":');
      setTimeout(() => response.destroy(), 50);
    });
    const { response } = await open(r, '/rest/cut');
    assert.equal(response.statusCode, 200);
    await assert.rejects(async () => { for await (const piece of response) void piece; });
  }
});

test('chunked answers of many small pieces arrive as they come, with links across their borders', async () => {
  const self = `{"self":"${r.s.site()}/rest/api/3/issue/1","x":"y"}`;
  r.front.on('/rest/slow', async (request, response) => {
    response.writeHead(200, { 'content-type': 'application/json;charset=UTF-8' });
    for (const byte of self) {
      response.write(byte);
      await new Promise((done) => setImmediate(done));
    }
    response.end();
  });
  const answer = await ask(r, '/rest/slow');
  assert.equal(answer.json.self, `${r.s.url}/jira/${r.app}/${r.connection}/rest/api/3/issue/1`);
});

test('an attachment\'s content is fetched once from where Jira keeps it, without the credential', async () => {
  const file = Buffer.from(`{"self":"${r.s.site()}/rest/api/3/issue/1"}`);
  media.on('/file/1', (request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': file.length });
    response.end(file);
  });
  media.on('/file/2', (request, response) => response.writeHead(303, { location: `${media.url}/file/1` }).end());
  media.on('/file/3', (request, response) => response.writeHead(403, { 'content-type': 'application/json' }).end('{}'));
  const to = (n, location) => r.front.on(`/rest/api/3/attachment/content/${n}`, (request, response) => response.writeHead(303, { location }).end());
  to(21, `${media.url}/file/1`);
  to(22, `${media.url}/file/2`);
  to(23, `${media.url}/file/3`);
  to(24, 'https://evil.example/file');
  to(25, 'http://169.254.169.254/latest');
  const answer = await ask(r, '/rest/api/3/attachment/content/21', { headers: { range: 'bytes=0-', accept: 'x/y' } });
  assert.deepEqual([answer.status, answer.text], [200, file.toString()]); // content is nobody's to rewrite
  assert.equal(answer.headers['content-length'], String(file.length));
  const got = media.calls('/file/1')[0];
  assert.equal(got.headers.authorization, undefined);
  assert.equal(got.headers.range, 'bytes=0-');
  assert.equal((await ask(r, '/rest/api/3/attachment/content/22')).status, 303);
  assert.equal((await ask(r, '/rest/api/3/attachment/content/23')).status, 403);
  for (const n of [24, 25]) assert.equal((await ask(r, `/rest/api/3/attachment/content/${n}`)).status, 303);
  assert.equal((await ask(r, '/rest/api/3/attachment/content/21', { method: 'HEAD' })).status, 303);
  assert.equal((await ask(r, '/rest/api/3/myself')).status, 200); // nothing was held against the credential
});

test('what a smuggler sends is refused before anybody is asked', async () => {
  const path = `/jira/${r.app}/${r.connection}/rest/smuggled`;
  const head = `POST ${path} HTTP/1.1\r\nHost: localhost:${r.s.port}\r\nAuthorization: Bearer ${r.key}\r\n`;
  for (const rest of ['Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 'Content-Length: 5\r\nContent-Length: 6\r\n\r\n12345',
    'Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n', 'Transfer-Encoding: chunked\r\n\r\n5\n12345\n0\n\n', 'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
    'X: a\n\r\n', ' X: folded\r\n\r\n', `X: ${'x'.repeat(70000)}\r\n\r\n`]) {
    const socket = net.connect(r.s.port, '127.0.0.1');
    socket.write(head + rest);
    const [answer] = await once(socket, 'data');
    assert.match(answer.toString(), /^HTTP\/1\.1 (4\d\d|501) /, rest.slice(0, 60));
    socket.destroy();
  }
  assert.deepEqual(r.front.calls('/rest/smuggled'), []);
});

test('pipelined calls are answered in order', async () => {
  const socket = net.connect(r.s.port, '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8').on('data', (piece) => { text += piece; });
  for (const n of [1, 2, 3])
    socket.write(`GET /jira/${r.app}/${r.connection}/rest/api/3/issue/ACME-${n}?fields=x HTTP/1.1\r\nHost: localhost:${r.s.port}\r\nAuthorization: Bearer ${r.key}\r\n\r\n`);
  for (let i = 0; i < 100 && (text.match(/"key":"ACME-\d"/g) ?? []).length < 3; i++) await sleep(50);
  socket.destroy();
  assert.deepEqual(text.match(/"key":"ACME-\d"/g), ['"key":"ACME-1"', '"key":"ACME-2"', '"key":"ACME-3"']);
});

endsWell(() => r.s);
test('the fronts end', () => { r.front.close(); media.close(); });
