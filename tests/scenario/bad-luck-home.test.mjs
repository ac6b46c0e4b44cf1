// Bad luck at home: the database is locked, read-only, full or damaged; the master key is missing
// or another one; the port is taken; the process is killed while it saves. Each test has a server
// of its own.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

import { PASSWORD } from '../lib/client.mjs';
import { assertPage, assertProblem, BOB, connect, makeApp, addConnection, run, sleep }
  from '../lib/scene.mjs';
import { BINARY, freePort, startStack } from '../lib/stack.mjs';

const NOBODY = 65534;
const quiet = { sim: false };

// Everything below the folder, with contents.
function picture(folder) {
  const files = fs.readdirSync(folder, { recursive: true }).map(String).sort();
  return files.filter((f) => fs.statSync(path.join(folder, f)).isFile()).map((f) =>
    `${f} ${crypto.createHash('sha256').update(fs.readFileSync(path.join(folder, f))).digest('hex')}`);
}

// A start that must fail: with one plain line on the terminal, at once.
async function refused(s, pattern, options = {}) {
  s.port ??= await freePort();
  s.url = `http://localhost:${s.port}`;
  const p = s.spawn(['serve'], options.env, options);
  const timer = setTimeout(() => p.child.kill('SIGKILL'), 15000);
  const code = await p.ended;
  clearTimeout(timer);
  assert.ok(Number.isInteger(code) && code > 0, `ended with ${code}: ${p.out}`);
  const said = p.out.split('\n').filter((line) => line && !/event=/.test(line));
  assert.equal(said.length, 1, `one line, please:\n${p.out}`);
  assert.match(said[0], pattern);
  assert.match(said[0], /^mortise: .*\.( \(.*\))?$/); // what the system said may follow
  assert.doesNotMatch(p.out, /Sanitizer|runtime error|Assertion|links\//);
}

async function stopped(t, more = {}) {
  const s = await startStack(t, { ...quiet, ...more });
  const root = await s.setup();
  await makeApp(root, 'Before');
  await s.server.stop();
  return s;
}

test('the port is taken', async (t) => {
  const s = await startStack(t, { ...quiet, start: false });
  const other = net.createServer().listen(0, '127.0.0.1');
  t.after(() => other.close());
  await new Promise((done) => other.once('listening', done));
  s.port = other.address().port;
  await refused(s, new RegExp(`127\\.0\\.0\\.1:${s.port}: another program uses this port`));
});

test('settings that cannot be used are named', async (t) => {
  const s = await startStack(t, { ...quiet, start: false });
  for (const [env, pattern] of [
    [{ MORTISE_LISTEN: 'nonsense' }, /MORTISE_LISTEN|listen/i],
    [{ MORTISE_PUBLIC_URL: 'localhost' }, /MORTISE_PUBLIC_URL/],
    [{ MORTISE_DATABASE: 'mysql://x' }, /MORTISE_DATABASE|database/i],
    [{ MORTISE_UPSTREAM_TIMEOUT: 'soon' }, /MORTISE_UPSTREAM_TIMEOUT/],
    [{ MORTISE_WORKERS: '0' }, /MORTISE_WORKERS/],
    [{ MORTISE_ALLOW_HOSTS: 'http://' }, /MORTISE_ALLOW_HOSTS/],
    [{ MORTISE_CA_FILE: '/no/such/file' }, /certificate authorities "\/no\/such\/file" cannot be read/],
    [{ MORTISE_LOG: 'loud' }, /MORTISE_LOG/],
  ]) await refused(s, pattern, { env });
  const bad = s.spawn(['serve', '--no-such-flag']);
  assert.notEqual(await bad.ended, 0);
  assert.match(bad.out, /--no-such-flag/);
});

for (const [what, change, pattern] of [
  ['missing', (file) => fs.rmSync(file), /key/],
  ['another one', (file) => fs.writeFileSync(file, flipped(fs.readFileSync(file))), /does not (fit|belong)/],
  ['damaged', (file) => fs.writeFileSync(file, 'not a key\n'), /key/],
  ['empty', (file) => fs.writeFileSync(file, ''), /key/],
  ['readable by others', (file) => fs.chmodSync(file, 0o644), /0?600|others/],
]) {
  test(`the master key is ${what}: said, and nothing touched`, async (t) => {
    const s = await stopped(t);
    const file = path.join(s.folder, 'key/master.key');
    const kept = fs.readFileSync(file);
    change(file);
    const old = picture(s.folder);
    await refused(s, pattern);
    assert.deepEqual(picture(s.folder), old);
    const link = s.spawn(['user', 'link', 'root@mortise.example']);
    assert.notEqual(await link.ended, 0, link.out);
    assert.deepEqual(picture(s.folder), old);
    fs.writeFileSync(file, kept);
    fs.chmodSync(file, 0o600);
    await s.start();
    assert.equal((await s.client().signIn('root@mortise.example')).status, 200);
  });
}

// Another well-formed key: its first sign is another one.
function flipped(text) {
  const key = text.toString().trim();
  return `${key.startsWith('a') ? 'b' : 'a'}${key.slice(1)}\n`;
}

test('the database is not one of ours, or damaged', async (t) => {
  const s = await stopped(t);
  const file = path.join(s.folder, 'mortise.db');
  for (const extra of ['-wal', '-shm']) fs.rmSync(file + extra, { force: true });
  fs.writeFileSync(file, crypto.randomBytes(40000));
  await refused(s, /database/i);
  fs.rmSync(file);
  fs.mkdirSync(file);
  await refused(s, /database/i);
});

test('the database is read-only', async (t) => {
  const s = await stopped(t);
  const user = process.getuid() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  const inside = fs.readdirSync(s.folder, { recursive: true }).map((f) => path.join(s.folder, String(f)));
  if (user.uid) for (const f of [s.folder, ...inside]) fs.chownSync(f, NOBODY, NOBODY);
  fs.chmodSync(path.join(s.folder, 'mortise.db'), 0o400);
  fs.chmodSync(s.folder, 0o500);
  t.after(() => fs.existsSync(s.folder) && fs.chmodSync(s.folder, 0o700));
  const old = picture(s.folder);
  // The checkout may lie where nobody else can look, such as below /root.
  const place = fs.mkdtempSync(path.join(os.tmpdir(), 'mortise-binary-'));
  t.after(() => fs.rmSync(place, { recursive: true, force: true }));
  const binary = path.join(place, 'mortise');
  fs.copyFileSync(BINARY, binary);
  fs.chmodSync(place, 0o755);
  fs.chmodSync(binary, 0o755);
  await refused(s, /read-only|written|write/, { spawn: user, binary });
  assert.deepEqual(picture(s.folder), old);
});

// Holds the write lock until it is told to let go.
async function lock(s) {
  const program = `import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=20, isolation_level=None)
db.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()`;
  const child = spawn('python3', ['-c', program, path.join(s.folder, 'mortise.db')],
    { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise((done) => child.stdout.once('data', done));
  return () => child.stdin.end();
}

test('the database is locked by somebody else: reads go on, writes say so and change nothing', async (t) => {
  const s = await startStack(t, quiet);
  const root = await s.setup();
  const app = await makeApp(root, 'Locked');
  const release = await lock(s);
  const writes = [root.post('/apps', { name: 'Lost' }),
    root.form(`/apps/${app}?_method=PATCH`, { name: 'Lost' })];
  await sleep(100);
  const started = Date.now();
  assertPage(await root.page('/apps'));
  assert.equal((await root.get(`/apps/${app}`)).status, 200);
  assert.ok(Date.now() - started < 1500, 'reads waited for the lock');
  const [api, page] = await Promise.all(writes);
  assertProblem(api, 503, 'storage_busy', /Nothing was changed/);
  assert.ok(Number(api.headers.get('retry-after')) > 0);
  assertPage(page, 503, /Nothing was changed/);
  release();
  assert.deepEqual((await root.get('/apps')).body.apps.map((a) => a.name), ['Locked']);
  assert.equal((await root.post('/apps', { name: 'After' })).status, 201);
});

test('Jira has carried a request out while the database was locked: its answer is not lost', async (t) => {
  const s = await startStack(t, { env: { MORTISE_LOG: 'error' } });
  const root = await s.setup();
  const app = await makeApp(root);
  const id = await addConnection(root, app);
  await connect(s, root, app, id, BOB);
  const release = await lock(s);
  const answer = await run(root, app, id, { method: 'POST', path: '/rest/api/3/issue',
    body: { fields: { project: { key: 'ACME' }, issuetype: { name: 'Task' }, summary: 'Only once' } } });
  release();
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.body.status, 201, answer.text);
});

test('the disk is full: 503, nothing lost or half done, and it goes on when there is room', async (t) => {
  // No file may grow beyond this many blocks of 1 KiB; SIGXFSZ is ignored, as on a full disk.
  const wrap = ['bash', '-c', 'trap "" XFSZ; ulimit -S -f 1500; exec "$0" "$@"'];
  const s = await startStack(t, { ...quiet, wrap });
  const root = await s.setup();
  const description = 'd'.repeat(1900);
  const saved = [];
  let full;
  for (let i = 0; i < 600 && !full; i += 1) {
    const answer = await root.post('/apps', { name: `App ${i}`, description });
    if (answer.status === 201) saved.push(answer.body.app.slug);
    else full = answer;
  }
  assertProblem(full, 503, 'storage_failed', /Nothing was changed/);
  assert.ok(saved.length > 10);
  const listed = async () => {
    const found = [];
    for (let after = ''; after !== null;) {
      const { apps, next } = (await root.get(`/apps?after=${after}`)).body;
      found.push(...apps.map((a) => a.slug));
      after = next;
    }
    return found.sort();
  };
  assert.deepEqual(await listed(), [...saved].sort());
  assertPage(await root.page(`/apps/${saved[0]}`));
  await s.server.stop();
  s.options.wrap = undefined;
  await s.start();
  assert.deepEqual(await listed(), [...saved].sort());
  assert.equal((await root.post('/apps', { name: 'Room again' })).status, 201);
});

test('killed while saving, again and again: everything acknowledged is there', async (t) => {
  const s = await startStack(t, { ...quiet, mayDie: true });
  const root = await s.setup();
  const acknowledged = [];
  for (let round = 0; round < 5; round += 1) {
    let alive = true;
    const writers = [0, 1, 2, 3].map(async (n) => {
      for (let i = 0; alive; i += 1) {
        const name = `r${round}-${n}-${i}`;
        const answer = await root.post('/groups', { name }).catch(() => null);
        if (answer?.status === 201) acknowledged.push(name);
      }
    });
    await sleep(150 + Math.random() * 250);
    const killed = s.server.stop('SIGKILL');
    await killed;
    alive = false;
    await Promise.all(writers);
    await s.start();
    assert.equal((await root.get('/me')).status, 200, 'the session was lost');
  }
  const names = new Set((await root.get('/groups')).body.groups.map((g) => g.name));
  const lost = acknowledged.filter((name) => !names.has(name));
  assert.ok(acknowledged.length > 50, `only ${acknowledged.length} were saved`);
  assert.deepEqual(lost, []);
  assert.equal((await s.client().signIn('root@mortise.example', PASSWORD)).status, 200);
});

test('a restart keeps sessions, credentials and one\'s place', async (t) => {
  const s = await startStack(t);
  const root = await s.setup();
  const app = await makeApp(root);
  const id = await addConnection(root, app);
  await connect(s, root, app, id, BOB);
  assert.equal(await s.restart(), 0);
  assert.equal((await root.get('/me')).status, 200);
  assert.equal((await root.patch('/me', { name: 'Same token' })).status, 200);
  assert.equal((await run(root, app, id, { path: '/rest/api/3/myself' })).body.body.displayName,
    'Bob Builder');
});
