// The real thing for a test: the built server on a database of its own, beside a simulated
// Atlassian, both on free ports, in a folder that is removed afterwards.
//
//   const s = await startStack(t);           // t: node:test's context; stopped after the test
//   const admin = await s.setup();           // the workspace admin, signed in
//
// For a whole file: startStack(null) in before(), and at its end endsWell(() => s), a test of its own
// because the runner does not report what fails in after(). It fails when the server ended badly (a
// sanitizer's report, a leak) or a template used a name that its document lacks.
//
// MORTISE_BIN names the binary (default build/asan/mortise), MORTISE_FAULTS_BIN the one of tests that
// kill it or move its clock (build/faults). MORTISE_KEEP=1 keeps the folder.

import { execFileSync, spawn } from 'node:child_process';
import dns from 'node:dns';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Client, PASSWORD } from './client.mjs';

dns.setDefaultResultOrder('ipv4first'); // Node 18 tries ::1 first, where nobody listens

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const BINARY = path.resolve(ROOT, process.env.MORTISE_BIN || 'build/asan/src/main/mortise');
export const FAULTS_BINARY = path.resolve(ROOT,
  process.env.MORTISE_FAULTS_BIN || 'build/faults/src/main/mortise');

// Below those that the kernel gives to outgoing connections: until somebody listens there, one of them
// could take it.
export async function freePort() {
  const port = 11000 + Math.floor(Math.random() * 21000); // fetch refuses 10080
  const server = net.createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return freePort();
  }
  await new Promise((done) => server.close(done));
  return port;
}

// The OAuth app that the simulated Atlassian knows from the start; with options.oauth the server's.
export const OAUTH_CLIENT = 'mortise-try-out-client';
export const OAUTH_SECRET = 'ATOA-mortise-try-out-secret';

const running = new Set(); // processes never outlive the test
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

// A child process whose output is kept, with waiting for a line and an orderly end.
export class Process {
  constructor(name, command, args, options) {
    this.name = name;
    this.out = '';
    this.listeners = new Set();
    this.child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    running.add(this.child);
    this.ended = new Promise((done) => {
      this.child.on('error', (error) => {
        this.out += `${error}\n`;
      });
      this.child.on('close', (code, signal) => {
        running.delete(this.child);
        this.code = code ?? signal;
        done(this.code);
        this.wake();
      });
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => {
        this.out += text;
        this.wake();
      });
    }
  }

  wake() {
    for (const f of [...this.listeners]) f();
  }

  // The match of `pattern` in the output, as soon as it is there.
  async waitFor(pattern, ms = 20000) {
    const limit = Date.now() + ms;
    for (;;) {
      const match = this.out.match(pattern);
      if (match) return match;
      if (this.code !== undefined)
        throw new Error(`${this.name} ended with ${this.code}:\n${this.out}`);
      if (Date.now() > limit) throw new Error(`${this.name}: no ${pattern} in\n${this.out}`);
      await new Promise((done) => {
        const wake = () => {
          clearTimeout(timer);
          this.listeners.delete(wake);
          done();
        };
        const timer = setTimeout(wake, 200);
        this.listeners.add(wake);
      });
    }
  }

  async stop(signal = 'SIGTERM') {
    if (this.code === undefined) this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 20000);
    const code = await this.ended;
    clearTimeout(timer);
    return code;
  }
}

export class Stack {
  constructor(folder, options) {
    this.folder = folder;
    this.options = options;
    this.outputs = [];
    this.nodes = []; // other servers on the same database
    this.seen = []; // every answer that any client got
  }

  get log() {
    return this.outputs.map((p) => p.out).join('');
  }

  async startSim() {
    const listen = `127.0.0.1:${this.simPort ?? 0}`;
    this.sim = new Process('sim', process.execPath, [
      path.join(ROOT, 'sim/main.mjs'), '--listen', listen,
      '--state', path.join(this.folder, 'sim.json'), '--quiet',
    ], { cwd: this.folder });
    const [, port] = await this.sim.waitFor(/simulated Atlassian on http:\/\/127\.0\.0\.1:(\d+)/);
    this.simPort = Number(port);
    this.simUrl = `http://127.0.0.1:${port}`;
  }

  env() {
    const p = this.simPort;
    return {
      PATH: process.env.PATH,
      HOME: this.folder,
      ASAN_OPTIONS: 'abort_on_error=1:detect_leaks=1',
      UBSAN_OPTIONS: 'print_stacktrace=1:abort_on_error=1',
      MORTISE_LISTEN: `127.0.0.1:${this.port}`,
      MORTISE_PUBLIC_URL: this.url,
      MORTISE_DATABASE: this.options.database ?? `sqlite:${path.join(this.folder, 'mortise.db')}`,
      MORTISE_KEY_FILE: path.join(this.folder, 'key/master.key'),
      ...(p && {
        // api.media.localhost, or localhost for who calls the gateway by number: where attachments are
        MORTISE_ALLOW_HOSTS: ['acme.localhost', 'globex.localhost', '127.0.0.1', 'api.media.localhost', 'localhost',
          ...(this.options.renamed ? [`${this.options.renamed}.localhost`] : [])]
          .map((host) => `http://${host}:${p}`).concat(this.options.allow ?? []).join(),
        MORTISE_ATLASSIAN_SITES: 'localhost',
        MORTISE_ATLASSIAN_API_URL: `http://127.0.0.1:${p}`,
        MORTISE_ATLASSIAN_AUTH_URL: `http://auth.localhost:${p}`,
        MORTISE_GRANTS_PAGE_URL: `http://id.localhost:${p}/manage-profile/apps`,
        MORTISE_CONSOLE_URL: `http://id.localhost:${p}/console/myapps`,
        ...(this.options.oauth && {
          MORTISE_JIRA_CLIENT_ID: OAUTH_CLIENT,
          MORTISE_JIRA_CLIENT_SECRET: OAUTH_SECRET,
        }),
        MORTISE_TOKEN_PAGE_URL: `http://127.0.0.1:${p}/manage-profile/security/api-tokens`,
      }),
      ...this.options.env,
    };
  }

  // options.wrap: the start of a command line to run the server by, like ['setpriv', '--...'].
  spawn(args, env = {}, options = {}) {
    const [command, ...rest] = [...(options.wrap ?? this.options.wrap ?? []),
      options.binary ?? this.options.binary ?? BINARY, ...args];
    const p = new Process('mortise', command, rest, {
      cwd: this.folder, env: { ...this.env(), ...env }, ...options.spawn,
    });
    this.outputs.push(p);
    return p;
  }

  // Starts the server and waits until it answers.
  async start(env) {
    this.port ??= await freePort();
    this.url = `http://localhost:${this.port}`;
    this.callback = `${this.url}/oauth/callback`;
    if (this.simPort)
      await this.control('POST', 'apps', { client_id: OAUTH_CLIENT, callback: this.callback });
    this.server = this.spawn(['serve'], env);
    await this.ready(this.server, this.port);
    return this;
  }

  async ready(server, port) {
    const limit = Date.now() + 30000;
    for (;;) {
      if (server.code !== undefined)
        throw new Error(`mortise ended with ${server.code}:\n${server.out}`);
      const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null);
      await answer?.arrayBuffer();
      if (answer?.ok) return;
      if (Date.now() > limit) throw new Error(`mortise is not ready:\n${server.out}`);
      await new Promise((done) => setTimeout(done, 15));
    }
  }

  // Another server on the same database, with a port and an address of its own -> {server, url}.
  async startNode(env) {
    const port = await freePort();
    const url = `http://localhost:${port}`;
    const server = this.spawn(['serve'],
      { MORTISE_LISTEN: `127.0.0.1:${port}`, MORTISE_PUBLIC_URL: url, ...env });
    const node = { server, url };
    this.nodes.push(node);
    await this.ready(server, port);
    return node;
  }

  async restart(signal = 'SIGTERM') {
    const code = await this.server.stop(signal);
    await this.start();
    return code;
  }

  async stop() {
    const codes = await Promise.all([{ server: this.server }, ...this.nodes]
      .map(({ server }) => server?.stop() ?? 0));
    const code = codes.find((each) => each !== 0) ?? 0;
    if (code !== 0 && !this.options.mayDie)
      console.error(`mortise ended with ${code}:\n${this.log.slice(-6000)}`);
    if (this.sim) await this.sim.stop();
    if (process.env.MORTISE_KEEP) fs.writeFileSync(path.join(this.folder, 'log'), this.log);
    if (!process.env.MORTISE_KEEP) fs.rmSync(this.folder, { recursive: true, force: true });
    return code;
  }

  // stop(), and fails when the server's end or its log says that something is wrong.
  async close() {
    const code = await this.stop();
    const found = this.log.match(/.*(template_missing|AddressSanitizer|runtime error:).*/g);
    if (found) throw new Error(`in the log:\n${found.join('\n')}\n${this.log.slice(-4000)}`);
    if (code !== 0 && !this.options.mayDie) throw new Error(`mortise ended with ${code}`);
  }

  client(options) {
    return new Client(this.url, { seen: this.seen, ...options });
  }

  // The one-time link the server printed last (first admin), as a path.
  async setupPath() {
    await this.server.waitFor(/http:\/\/\S+\/links\/[\w-]{43}/);
    return new URL(this.server.out.match(/http:\/\/\S+\/links\/[\w-]{43}/g).pop()).pathname;
  }

  // Takes a one-time link and returns a signed-in client.
  async accept(path, fields) {
    const client = this.client();
    const answer = await client.post(path, { password: PASSWORD, ...fields });
    if (answer.status !== 200) throw new Error(`link: ${answer.status} ${answer.text}`);
    client.signedIn(answer);
    return client;
  }

  // Creates the workspace admin and returns a signed-in client.
  async setup(email = 'root@mortise.example', password = PASSWORD) {
    return this.accept(await this.setupPath(), { name: 'Root Admin', email, password });
  }

  // Invites a user, takes the link, returns a signed-in client.
  async user(admin, email, name = email.split('@')[0], password = PASSWORD) {
    const invited = await admin.post('/users', { email, name });
    if (invited.status !== 201) throw new Error(`invite: ${invited.status} ${invited.text}`);
    return this.accept(new URL(invited.body.link).pathname, { name, password });
  }

  // --- the simulated Atlassian's control endpoint

  async control(method, what, body) {
    const answer = await fetch(`${this.simUrl}/_control/${what}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`control ${what}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }

  async token(email, options = {}) {
    const { token } = await this.control('POST', 'tokens', { email, label: `t${Math.random()}`, ...options });
    return token;
  }

  site(name = 'acme') {
    return `http://${name}.localhost:${this.simPort}`;
  }
}

// Declares the last test of a file.
export function endsWell(get) {
  test('the server ends well, and its log is clean', () => get().close());
  after(() => get()?.stop());
}

// A database of its own in the PostgreSQL that tools/with-postgres.sh started -> its URL, or null when
// there is none.
export function newPostgres() {
  const url = process.env.MORTISE_TEST_POSTGRES;
  if (!url) return null;
  const name = `stack_${process.pid}_${databases += 1}`;
  execFileSync('psql', ['-q', '-d', url, '-c', `CREATE DATABASE ${name}`]);
  return url.replace('///postgres?', `///${name}?`);
}
let databases = 0;

// Reads or changes the database beside the running server. -> rows; blobs as hexadecimal text. From
// PostgreSQL everything comes as text.
export function sql(stack, statement) {
  if (stack.options.database?.startsWith('postgresql:')) {
    const text = execFileSync('psql', ['-qAt', '-F', '\x1f', '-d', stack.options.database, '-c',
      statement], { encoding: 'utf8' });
    return text.split('\n').filter(Boolean).map((line) => line.split('\x1f'));
  }
  const program = `import json, sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=20)
rows = db.execute(sys.argv[2]).fetchall()
db.commit()
print(json.dumps([[v.hex() if isinstance(v, bytes) else v for v in r] for r in rows]))`;
  const file = path.join(stack.folder, 'mortise.db');
  return JSON.parse(execFileSync('python3', ['-c', program, file, statement]));
}

// options: {oauth: true (the environment names an OAuth client), renamed: a name that a site may get later, allow: [more allowed hosts], sim: false,
// start: false, env: {...},
// database: "postgresql://...", wrap: [...]}
export async function startStack(t, options = {}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mortise-test-'));
  const stack = new Stack(folder, options);
  try {
    if (options.sim !== false) await stack.startSim();
    if (options.start !== false) await stack.start();
  } catch (error) {
    await stack.stop();
    throw error;
  }
  t?.after?.(() => stack.close());
  return stack;
}
