// Readers who stall while Jira answers by HTTP/2. Paused by libcurl they would hold up all calls that share
// the connection, and what has come for them has to have a bound.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { certificate } from '../lib/receiver.mjs';
import { ask, open, startRelay } from '../lib/relay.mjs';
import { endsWell } from '../lib/stack.mjs';

const MB = 1024 * 1024;
const BUDGET = 64 * os.cpus().length; // MB; upstream/client.h: UPSTREAM_STALLED_MAX, on each loop
const READERS = 200;
const ANSWER = Buffer.from(JSON.stringify({ text: Array.from({ length: 2.5 * MB }, (_, n) => String(n % 1e7).padStart(8)).join('') }));

let r;
let sent = 0; // answers that Jira is through with
before(async () => {
  r = await startRelay({ tls: certificate('front.localhost'), // freed memory counts as free
    env: { ASAN_OPTIONS: 'abort_on_error=1:detect_leaks=1:quarantine_size_mb=1:thread_local_quarantine_size_kb=64' } });
  r.front.on('/rest/large', (request, response) => {
    response.on('error', () => {}).on('close', () => { sent += 1; });
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(ANSWER);
  });
  r.front.on('/rest/sink', (request) => request.pause());
  for (let i = 0; i < 8; i++) await ask(r, '/rest/api/3/myself'); // every loop knows that it is HTTP/2
  assert.equal(r.front.calls('/rest/api/3/myself').at(-1).version, '2.0');
});

// Resident memory of the server in MB.
const memory = () => Number(fs.readFileSync(`/proc/${r.s.server.child.pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]) / 1024;

// Who asks and does not read, by a socket; the n-th of many (there is a limit an address).
function stall(n, start = 'GET /rest/large', headers = '') {
  const socket = net.connect({ host: '127.0.0.1', port: r.s.port, localAddress: n % 2 ? '127.0.0.2' : '127.0.0.3' });
  const [method, path] = start.split(' ');
  socket.on('error', () => {}).pause();
  socket.write(`${method} /jira/${r.app}/${r.connection}${path} HTTP/1.1\r\nHost: localhost:${r.s.port}\r\nAuthorization: Bearer ${r.key}\r\n${headers}\r\n`);
  return socket;
}

// 1 when all of it comes after all: a chunked answer that breaks off has no last chunk.
async function isWhole(socket) {
  let tail = '';
  socket.on('data', (piece) => { tail = (tail + piece.subarray(-8).toString('latin1')).slice(-8); });
  socket.resume();
  while (!socket.closed && !tail.endsWith('\r\n0\r\n\r\n')) await sleep(20);
  socket.destroy();
  return tail.endsWith('\r\n0\r\n\r\n');
}

test('200 stalled readers of 20 MB cost a bounded amount; who holds most has a broken answer', { timeout: 90000 }, async () => {
  const from = memory();
  let peak = 0;
  const watch = setInterval(() => { peak = Math.max(peak, memory()); }, 50);
  const sockets = Array.from({ length: READERS }, (_, n) => stall(n));
  while (sent < READERS) await sleep(100); // to the end, or told that nobody wants it
  clearInterval(watch);
  assert.ok(peak - from < BUDGET + 200, `${from} -> ${peak} MB`);
  const whole = await Promise.all(sockets.map(isWhole));
  const count = whole.filter(Boolean).length;
  assert.ok(count >= 1 && count <= 4 * os.cpus().length, `${count} whole`);
});

test('stalled readers and writers hold up nobody else', async () => {
  const sockets = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].flatMap((n) => [stall(n),
    stall(n, 'POST /rest/sink', `Content-Length: ${100 * MB}\r\n`)]);
  for (const each of sockets) each.write(Buffer.alloc(2 * MB));
  while (r.front.calls('/rest/sink').length < 10) await sleep(50);
  for (let i = 0; i < 20; i++)
    assert.equal((await ask(r, '/rest/api/3/myself', { headers: { 'x-mortise-timeout': '5' } })).status, 200);
  for (const each of sockets) each.destroy();
});

test('a reader who is slow gets every byte, long after Jira has sent it', async () => {
  const { response } = await open(r, '/rest/large');
  const hash = createHash('sha256');
  let n = 0;
  for await (const piece of response) {
    hash.update(piece);
    if (Math.floor((n + piece.length) / (2 * MB)) > Math.floor(n / (2 * MB))) await sleep(100);
    n += piece.length;
  }
  assert.deepEqual([n, hash.digest('hex')], [ANSWER.length, createHash('sha256').update(ANSWER).digest('hex')]);
});

test('X-Mortise-Timeout ends the answer of a reader who stalls; who leaves leaves nothing behind', async () => {
  const late = stall(0, 'GET /rest/large', 'X-Mortise-Timeout: 1\r\n');
  const gone = stall(1);
  await sleep(1800);
  gone.destroy();
  assert.equal(await isWhole(late), false);
  assert.equal((await ask(r, '/rest/api/3/myself')).status, 200);
});

endsWell(() => r.s);
test('the front ends', () => r.front.close());
