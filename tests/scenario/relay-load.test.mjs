// Crowds and bad company on the relay: thousands of idle connections, slow writers and slow readers, what
// smugglers send, large heads, pipelines, and a Jira that stalls, dies, or closes under a POST. Others are
// served, memory stays bounded, nothing is sent twice; the limits are settings.

import assert from 'node:assert/strict';
import http from 'node:http';
import { once } from 'node:events';
import { before, test } from 'node:test';

import { connectionsTo, crowd, descriptorsOf, dial, memoryOf, reaches, statusOf } from '../lib/crowd.mjs';
import { ask, assertRefused, open, startRelay, whole } from '../lib/relay.mjs';
import { sleep } from '../lib/scene.mjs';
import { endsWell, startStack } from '../lib/stack.mjs';

const STALL_S = 3;
const HEAD_S = 4;
const TIMEOUT_S = 5; // more than STALL_S, so that it is clear who ended what
const LIMIT = 32 * 1024; // MORTISE_HEAD_KIB without a setting

let r;
let pid;
let begun; // descriptors
before(async () => {
  r = await startRelay({ env: { MORTISE_HEAD_SECONDS: HEAD_S, MORTISE_STALL_SECONDS: STALL_S, MORTISE_RELAY_TIMEOUT: TIMEOUT_S,
    ASAN_OPTIONS: 'abort_on_error=1:detect_leaks=1:quarantine_size_mb=1:thread_local_quarantine_size_kb=64' } }); // freed counts as free
  pid = r.s.server.child.pid;
  begun = descriptorsOf(pid);
});

const to = (path) => `/jira/${r.app}/${r.connection}/rest${path}`;
const head = (method, path, ...more) =>
  `${[`${method} ${to(path)} HTTP/1.1`, `Host: localhost:${r.s.port}`, `Authorization: Bearer ${r.key}`, ...more].join('\r\n')}\r\n\r\n`;
const destroy = (sockets) => sockets.forEach((socket) => socket.destroy());
const falls = async (count, most, ms) => -(await reaches(() => -count(), -most, ms));
const closed = (sockets) => sockets.filter((socket) => socket.over).length;
const logged = (pattern) => (r.s.log.match(pattern) ?? []).length;
const json = (response, value) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));

// A crowd that goes home with its test, whatever becomes of that.
async function invite(t, count, each, more) {
  const sockets = await crowd(r.s.port, count, each, more);
  t.after(() => destroy(sockets));
  return sockets;
}

// Somebody else asks ten times, each time on a new connection: answered, and soon.
async function othersAreServed() {
  for (let i = 0; i < 10; i += 1) {
    const from = Date.now();
    const answer = await ask(r, '/rest/api/3/myself');
    assert.equal(answer.status, 200, answer.text);
    assert.ok(Date.now() - from < 5000, `${Date.now() - from} ms`); // on two busy cores
  }
}

test('10,000 idle connections take all places and little memory; others are served in the place of the longest idle', async (t) => {
  const COUNT = 10000; // MORTISE_CONNECTIONS without a setting
  const start = memoryOf(pid);
  const refused = `GET ${to('/x')} HTTP/1.1\r\nHost: localhost:${r.s.port}\r\n\r\n`; // without a key: 401, and kept
  const sockets = await invite(t, COUNT, (socket) => socket.write(refused));
  assert.equal(await reaches(() => sockets.filter((socket) => statusOf(socket) === 401).length, COUNT, 30000), COUNT);
  const each = (memoryOf(pid) - start) * 1024 / COUNT;
  t.diagnostic(`${each.toFixed(1)} KiB a connection`);
  assert.ok(each < 12, `${each} KiB a connection`);
  await othersAreServed();
  assert.ok(closed(sockets) > 0 && closed(sockets) <= 40, `${closed(sockets)} were closed`);
  const kept = sockets.filter((socket) => !socket.over).at(-1);
  kept.got = '';
  kept.write(refused);
  assert.equal(await reaches(() => statusOf(kept), 401, 5000), 401);
  assert.equal(logged(/http_connections_full limit=connections /g), 1);
  destroy(sockets);
  assert.ok(await falls(() => descriptorsOf(pid), begun + 50, 10000) <= begun + 50, 'places are free again');
});

test('from one address only so many, whoever else is there', async (t) => {
  const sockets = [];
  t.after(() => destroy(sockets));
  for (let i = 0; i < 1010; i += 1) sockets.push(await dial(r.s.port, '127.0.7.7'));
  assert.equal(await reaches(() => closed(sockets), 10, 5000), 10);
  assert.ok(sockets.every((socket) => socket.got === ''), 'without a word');
  assert.equal(logged(/http_connections_full limit=connections_address /g), 1);
  await othersAreServed();
});

test('1,000 slow writers of heads and bodies are cut off at their deadlines, and Jira hears of no half call', async (t) => {
  const aborted = [];
  r.front.on('/rest/half', (request) => request.resume().on('error', () => {}).on('close', () => aborted.push(!request.complete)));
  r.front.on('/rest/slow', (request, response) => json(response, {}));
  const beginnings = [
    `GET ${to('/slow')} HTTP/1.1\r\nHost: localhost\r\nX-Slow: `,
    head('POST', '/slow', 'Content-Length: 1000'),
    `${head('POST', '/slow', 'Transfer-Encoding: chunked')}3e8\r\n`,
    head('POST', '/half', 'Content-Length: 5000000'), // larger than what is kept: sent on while it comes
  ];
  const from = Date.now();
  const sockets = await invite(t, 1000, (socket, i) => socket.write(beginnings[i % 4]), { net: 2 });
  const trickle = setInterval(() => sockets.forEach((socket) => socket.over || socket.write('a')), 700).unref();
  await othersAreServed();
  assert.equal(await reaches(() => closed(sockets), 1000, 15000), 1000);
  clearInterval(trickle);
  const took = Math.max(...sockets.map((socket) => socket.over)) - from;
  assert.ok(took < (Math.max(HEAD_S, STALL_S) + 6) * 1000, `${took} ms`);
  assert.deepEqual([...new Set(sockets.map(statusOf))], [408]);
  assert.equal(r.front.calls('/rest/slow').length, 0);
  assert.equal(r.front.calls('/rest/half').length, 250);
  assert.equal(await reaches(() => aborted.length, 250, 5000), 250);
  assert.ok(aborted.every(Boolean), 'a half body looked whole');
});

test('1,000 slow readers cost a bounded amount and are cut off', async (t) => {
  let over = 0;
  const piece = Buffer.alloc(64 * 1024, '"x",');
  r.front.on('/rest/large', (request, response) => {
    const go = () => { while (!response.destroyed && response.write(piece)); };
    response.on('error', () => {}).on('drain', go).on('close', () => { over += 1; });
    response.writeHead(200, { 'content-type': 'application/json' });
    go();
  });
  const start = memoryOf(pid);
  let peak = 0;
  const watch = setInterval(() => { peak = Math.max(peak, memoryOf(pid)); }, 50).unref();
  const sockets = await invite(t, 1000, (socket) => socket.write(head('GET', '/large', 'X-Mortise-Timeout: 300')), { net: 3, reads: false });
  assert.equal(await reaches(() => r.front.calls('/rest/large').length, 1000, 20000), 1000);
  await othersAreServed();
  assert.equal(await reaches(() => over, 1000, 30000), 1000, 'Jira is not read any more');
  clearInterval(watch);
  t.diagnostic(`${(peak - start).toFixed(0)} MB for 1,000 readers`);
  assert.ok(peak - start < 350, `${start} -> ${peak} MB`);
});

const SMUGGLED = () => `\r\n${head('GET', '/victim')}`;
const BAD_HEADS = {
  'length and chunks': ['Content-Length: 5', 'Transfer-Encoding: chunked'],
  'chunks and length': ['Transfer-Encoding: chunked', 'Content-Length: 5'],
  'two lengths': ['Content-Length: 5', 'Content-Length: 6'],
  'the same length twice': ['Content-Length: 5', 'Content-Length: 5'],
  'lengths in a list': ['Content-Length: 5, 5'],
  'a length with a sign': ['Content-Length: +5'],
  'a length below nothing': ['Content-Length: -5'],
  'a hexadecimal length': ['Content-Length: 0x5'],
  'a length that does not fit': ['Content-Length: 18446744073709551621'],
  'a space before the colon': ['Content-Length : 5'],
  'an unknown coding': ['Transfer-Encoding: xchunked'],
  'codings in a list': ['Transfer-Encoding: gzip, chunked'],
  'codings twice': ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'],
  'chunked behind a tab': ['Transfer-Encoding:\tchunked'],
  'a folded line': ['Transfer-Encoding:', ' chunked'],
  'a bare LF': ['X: a\nTransfer-Encoding: chunked'],
  'a bare CR': ['X: a\rTransfer-Encoding: chunked'],
  'a NUL': ['X: a\0Transfer-Encoding: chunked'],
};
const BAD_CHUNKS = {
  'no number': 'zz\r\n', 'a sign': '+5\r\nhello\r\n0\r\n\r\n', 'below nothing': '-1\r\n', 'a prefix': '0x5\r\nhello\r\n0\r\n\r\n',
  'does not fit': 'fffffffffffffffff\r\n', 'a space': '5 \r\nhello\r\n0\r\n\r\n', 'empty': '\r\nhello\r\n0\r\n\r\n',
  'bare LF behind the size': '5\nhello\r\n0\r\n\r\n', 'bare LF behind the data': '5\r\nhello\n0\r\n\r\n',
  'longer than it says': '3\r\nhello\r\n0\r\n\r\n', 'bare LF at the end': '5\r\nhello\r\n0\n\n', 'bare CR in an extension': '5;a\rb\r\nhello\r\n0\r\n\r\n',
};

test('every shape of smuggling is refused, the connection ends, and what stood behind it is no request', async () => {
  const shapes = [
    ...Object.entries(BAD_HEADS).map(([name, lines]) => [name, `${head('POST', '/smuggled', ...lines)}0\r\n`]),
    ...Object.entries(BAD_CHUNKS).map(([name, body]) => [`chunk: ${name}`, head('POST', '/smuggled', 'Transfer-Encoding: chunked') + body]),
    ['chunks in HTTP/1.0', `${head('POST', '/smuggled', 'Transfer-Encoding: chunked').replace('HTTP/1.1', 'HTTP/1.0')}0\r\n`],
  ];
  for (const [name, text] of shapes) {
    const socket = await dial(r.s.port);
    socket.write(text + SMUGGLED(), 'latin1');
    assert.equal(await reaches(() => statusOf(socket), 400, 5000) >= 400, true, `${name}: ${socket.got || socket.failed}`);
    assert.ok([400, 501].includes(statusOf(socket)), `${name}: ${socket.got}`);
    assert.equal(await reaches(() => closed([socket]), 1, 5000), 1, name);
    assert.equal(socket.got.match(/HTTP\/1\.1 /g).length, 1, `${name}: ${socket.got}`);
  }
  assert.deepEqual([...r.front.calls('/rest/smuggled'), ...r.front.calls('/rest/victim')], []);
});

test('chunks that go wrong late, when Jira has the beginning, are broken for Jira too', async () => {
  let complete = null;
  r.front.on('/rest/late', (request) => request.resume().on('error', () => {}).on('close', () => { complete = request.complete; }));
  const socket = await dial(r.s.port);
  socket.write(`${head('POST', '/late', 'Transfer-Encoding: chunked')}200000\r\n${'x'.repeat(0x200000)}\r\n`);
  assert.equal(await reaches(() => r.front.calls('/rest/late').length, 1, 5000), 1);
  socket.write(`5\nhello\r\n0\r\n\r\n${head('GET', '/victim')}`);
  assert.equal(await reaches(() => statusOf(socket), 400, 5000), 400);
  await reaches(() => Number(complete !== null), 1, 5000);
  assert.equal(complete, false);
  assert.deepEqual(r.front.calls('/rest/victim'), []);
});

// A call with a head of exactly so many bytes.
function sized(bytes, path = '/api/3/myself') {
  const bare = head('GET', path, 'X-Padding: ');
  return bare.replace('X-Padding: ', `X-Padding: ${'x'.repeat(bytes - bare.length)}`);
}

test('a head is taken up to the limit and refused with 431 beyond it, 64 kB too, and 414 when it is the line', async () => {
  for (const [text, status] of [[sized(LIMIT), 200], [sized(LIMIT + 1), 431], [sized(64 * 1024), 431],
    [head('GET', '/x', ...Array.from({ length: 64 }, (_, i) => `X-${i}: ${'y'.repeat(1000)}`)), 431],
    [head('GET', '/x', ...Array.from({ length: 120 }, (_, i) => `X-${i}: y`)), 431],
    [head('GET', `/x?${'q'.repeat(64 * 1024)}`), 414]]) {
    const socket = await dial(r.s.port);
    socket.write(text);
    await reaches(() => statusOf(socket), 1, 5000);
    assert.equal(statusOf(socket), status, `${text.slice(0, 200)}: ${socket.got || socket.failed}`);
    socket.destroy();
  }
});

test('100 calls in one pipeline, some with bodies: each once, answered in order', async () => {
  r.front.on('/rest/pipe', async (request, response) => {
    let body = '';
    for await (const piece of request) body += piece;
    setTimeout(() => json(response, { call: request.url.split('=')[1], body }), Math.random() * 10);
  });
  const calls = Array.from({ length: 100 }, (_, i) => (i % 3 ? head('GET', `/pipe?n=${i}`)
    : i % 2 ? `${head('POST', `/pipe?n=${i}`, 'Content-Length: 7')}body-${String(i).padStart(2, '0')}`
      : `${head('PUT', `/pipe?n=${i}`, 'Transfer-Encoding: chunked')}3\r\nbod\r\n4\r\ny-${String(i).padStart(2, '0')}\r\n0\r\n\r\n`));
  const socket = await dial(r.s.port);
  socket.write(calls.join(''));
  const answers = () => [...socket.got.matchAll(/\{"call":"(\d+)","body":"([^"]*)"\}/g)];
  assert.equal(await reaches(() => answers().length, 100, 20000), 100, socket.got.slice(-500));
  assert.deepEqual(answers().map(([, call, body]) => [Number(call), body]),
    calls.map((_, i) => [i, i % 3 ? '' : `body-${String(i).padStart(2, '0')}`]));
  assert.equal(r.front.calls('/rest/pipe').length, 100);
  socket.destroy();
});

// Answers with this head and half a body, then does what it is told.
const half = (path, headers, then) => r.front.on(path, (request, response) => {
  response.writeHead(200, { 'content-type': 'application/json', ...headers });
  response.write('{"half":');
  then(response);
});
const LENGTH = { 'content-length': 1000 };

test('Jira stalls in the middle of an answer: the caller\'s time or ours ends it, as a broken answer', async () => {
  const ways = [[LENGTH, '1', 1], [{}, '1', 1], [LENGTH, undefined, TIMEOUT_S], [{}, undefined, TIMEOUT_S]];
  await Promise.all(ways.map(async ([headers, asked, seconds], i) => {
    half(`/rest/stalls-${i}`, headers, () => {});
    const from = Date.now();
    const { response } = await open(r, `/rest/stalls-${i}`, { headers: asked ? { 'x-mortise-timeout': asked } : {} });
    await assert.rejects(async () => { for await (const piece of response) void piece; }, { code: 'ECONNRESET' });
    const took = Date.now() - from;
    assert.ok(took > seconds * 1000 - 100 && took < (2 * seconds + 2) * 1000, `${took} ms`);
    assert.equal(r.front.calls(`/rest/stalls-${i}`).length, 1);
  }));
});

test('a small body on a slow line takes longer than a call may, and is sent whole', async () => {
  r.front.on('/rest/slowly', (request, response) => request.resume().on('end', () => json(response, {})));
  const socket = await dial(r.s.port);
  socket.write(head('POST', '/slowly', 'Content-Length: 2400'));
  for (let i = 0; i < 8; i += 1) {
    socket.write('x'.repeat(300));
    await sleep(900);
  }
  await reaches(() => statusOf(socket) ?? 0, 200, 3000);
  assert.equal(statusOf(socket), 200, socket.got);
  socket.destroy();
});

test('Jira dies in the middle of an answer: a caller of HTTP/1.0, who reads until the end, sees a reset', async () => {
  half('/rest/dies-half', {}, (response) => setTimeout(() => response.destroy(), 100));
  const socket = await dial(r.s.port);
  socket.write(head('GET', '/dies-half').replace('HTTP/1.1', 'HTTP/1.0'));
  assert.equal(await reaches(() => closed([socket]), 1, 5000), 1);
  assert.match(socket.got, /\{"half":$/);
  assert.equal(socket.failed, 'ECONNRESET');
});

// What Jira's side does with a connection that was used before, when the next request comes on it.
const ENDS = {
  'a reset at the head': (request) => request.socket.resetAndDestroy(),
  'an end at the head': (request) => request.socket.destroy(),
  'a reset behind the body': (request) => request.resume().on('end', () => request.socket.resetAndDestroy()),
  'an end behind the body': (request) => request.resume().on('end', () => request.socket.destroy()),
};

test('a connection that was used before closes under a write: it was sent once, and the answer says what is known', async () => {
  const ports = [];
  for (const [i, [name, close]] of Object.entries(ENDS).entries()) {
    for (const [method, size] of [['POST', 10], ['DELETE', 0], ['PUT', 3e6]]) { // 3 MB: sent while it comes
      const path = `/rest/reused-${i}-${method}`;
      const agent = new http.Agent({ keepAlive: true, maxSockets: 1 }); // one loop of the server's, so one pool
      const used = [];
      r.front.on(path, (request, response) => {
        used.push(request.socket.remotePort);
        if (used.length === 1) json(response, {});
        else close(request);
      });
      assert.equal((await ask(r, path, { agent })).status, 200);
      const { request, answered } = await open(r, path, { method, agent, wait: false, headers: { 'content-length': size } });
      request.on('error', () => {}); // it is answered while it writes
      request.end(Buffer.alloc(size, 'x'));
      assertRefused(await whole((await answered)[0]), 502, 'upstream_interrupted');
      await sleep(100);
      assert.equal(used.length, 2, `${method}, ${name}: sent ${used.length - 1} times`);
      ports.push(used[0] === used[1]);
      agent.destroy();
    }
  }
  assert.ok(ports.every(Boolean), `reused: ${ports}`);
});

test('a connection that Jira closed while it was idle is not tried: the write goes out once, on another', async () => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  r.front.on('/rest/idle-end', (request, response) => {
    request.resume();
    json(response, {});
    if (request.method === 'GET') response.on('finish', () => setTimeout(() => request.socket.destroy(), 50));
  });
  assert.equal((await ask(r, '/rest/idle-end', { agent })).status, 200);
  await sleep(300);
  assert.equal((await ask(r, '/rest/idle-end', { agent, method: 'POST', headers: { 'content-length': 2 }, body: '{}' })).status, 200);
  assert.deepEqual(r.front.calls('/rest/idle-end').map((call) => call.method), ['GET', 'POST']);
  agent.destroy();
});

test('nothing is left over: connections both ways, and what waited', async () => {
  assert.equal((await ask(r, '/rest/api/3/myself')).status, 200);
  const callers = await falls(() => connectionsTo(r.s.port), 8, 10000);
  assert.ok(callers <= 8, `${callers} of callers`); // the set-up's are kept
  const allowed = begun + 2 * 96 + 50; // connections to Jira are kept: SHARD_CONNECTIONS a loop
  assert.ok(await falls(() => descriptorsOf(pid), allowed, 10000) <= allowed, `${begun} -> ${descriptorsOf(pid)}`);
});

endsWell(() => r.s);
test('the front ends', () => r.front.close());

test('the limits are settings; too few descriptors are said at the start', async (t) => {
  const s = await startStack(null, { sim: false, start: false });
  t.after(() => s.stop());
  s.options.wrap = ['prlimit', '--nofile=64:600'];
  s.options.env = { MORTISE_CONNECTIONS: 100, MORTISE_CONNECTIONS_ADDRESS: 3, MORTISE_HEAD_KIB: 64, MORTISE_IDLE_SECONDS: 1 };
  await s.start();
  const [line] = s.log.match(/.*descriptors_few.*/g) ?? [];
  assert.match(line ?? s.log, /600.*700/);
  await sleep(1200); // who asked whether it is ready has been idle
  const get = (padding) => `GET /healthz HTTP/1.1\r\nHost: localhost:${s.port}\r\nX: ${'x'.repeat(padding)}\r\n\r\n`;
  const sockets = [];
  for (let i = 0; i < 4; i += 1) sockets.push(await dial(s.port));
  sockets.forEach((socket) => socket.write(get(50000)));
  await reaches(() => sockets.filter((socket) => statusOf(socket) === 200).length, 3, 5000);
  assert.deepEqual(sockets.map(statusOf), [200, 200, 200, 0]);
  assert.equal(await reaches(() => closed(sockets), 4, 3000), 4, 'idle ones are closed after a second');
  assert.equal(s.log.match(/descriptors_few/g).length, 1);
  await s.close();
});
