// The servers of the benchmark: the upstreams, the proxies it compares with, and where they run. All on
// loopback, pinned to a core, without privileges, in one folder that goes away with them.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { freePort, Process, ROOT } from '../tests/lib/stack.mjs';
import { bodyOf } from './body.mjs';
import { haproxy, nginxProxy, nginxTls } from './configs.mjs';
import { allowedCpus } from './machine.mjs';

export const KINDS = ['fast', 'slow', 'fast_tls', 'slow_tls'];
export const DELAY_MS = 200;
export const USERNAME = 'anna@acme.example';
export const API_KEY = 'ATATT3xFfGF0bench5Qw8';
export const AUTHORIZATION = `Basic ${Buffer.from(`${USERNAME}:${API_KEY}`).toString('base64')}`;
const TOOLS = path.join(ROOT, 'build/bench');
const NOBODY = 65534;

// Whoever still works in our folder: nginx's worker outlives a master that was killed.
function endAllIn(folder) {
  for (const pid of fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (fs.readlinkSync(`/proc/${pid}/cwd`).startsWith(folder)) process.kill(Number(pid), 'SIGKILL');
    } catch {
      // it has ended, or is somebody else's
    }
  }
}

export class Place {
  constructor() {
    const cpus = allowedCpus();
    if (cpus.length < 2) throw new Error('the benchmark needs two cores: one for the proxy, one for the load');
    [this.proxyCpu, this.loadCpu] = cpus;
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mortise-bench-'));
    fs.chmodSync(this.folder, 0o755);
    this.own(this.folder);
    this.processes = [];
    this.tool = (name) => this.copy(path.join(TOOLS, name));
    process.on('exit', () => {
      endAllIn(this.folder);
      fs.rmSync(this.folder, { recursive: true, force: true });
    });
    execFileSync('taskset', ['-pc', String(this.loadCpu), String(process.pid)]);
  }

  // Root's servers run as nobody, who need not be able to read where this tree lies.
  own(file) {
    if (process.getuid() === 0) fs.chownSync(file, NOBODY, NOBODY);
    return file;
  }

  copy(file) {
    const to = path.join(this.folder, path.basename(file));
    if (!fs.existsSync(to)) fs.copyFileSync(file, to);
    return to;
  }

  write(name, text) {
    const file = path.join(this.folder, name);
    fs.writeFileSync(file, text);
    return this.own(file);
  }

  // The start of a command line that runs on that core, without privileges.
  on(cpu) {
    const unprivileged = process.getuid() === 0
      ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--no-new-privs', '--inh-caps=-all'] : [];
    return ['taskset', '-c', String(cpu), ...unprivileged];
  }

  run(name, cpu, ...args) {
    const [command, ...rest] = [...this.on(cpu), ...args];
    const p = new Process(name, command, rest, { cwd: this.folder, env: { PATH: `${process.env.PATH}:/usr/sbin` } });
    this.processes.push(p);
    return p;
  }

  async close() {
    await Promise.all(this.processes.map((p) => p.stop()));
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

async function listening(p, port) {
  for (let i = 0; i < 400; i += 1) {
    if (p.code !== undefined) throw new Error(`${p.name} ended with ${p.code}:\n${p.out}`);
    const up = await fetch(`http://127.0.0.1:${port}/`).then((a) => a.arrayBuffer(), () => null);
    if (up) return;
    await new Promise((done) => setTimeout(done, 25));
  }
  throw new Error(`${p.name} does not listen:\n${p.out}`);
}

// --- upstreams

function certificate(place) {
  const key = path.join(place.folder, 'key.pem');
  const cert = path.join(place.folder, 'cert.pem');
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
    '-days', '2', '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1',
    '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return { key: place.own(key), cert: place.own(cert) };
}

// -> {fast: {origin, body}, slow: ..., fast_tls: ..., slow_tls: ..., ca}
export async function startUpstreams(place) {
  const ports = Object.fromEntries(await Promise.all(KINDS.map(async (kind) => [kind, await freePort()])));
  const ups = Object.fromEntries(KINDS.map((kind) => {
    const origin = `${kind.endsWith('_tls') ? 'https' : 'http'}://127.0.0.1:${ports[kind]}`;
    return [kind, { origin, port: ports[kind], body: bodyOf(origin) }];
  }));
  const { key, cert } = certificate(place);
  const plain = (name, port, kind, delay) => place.run(name, place.loadCpu, place.tool('bench-upstream'),
    String(port), place.write(`${name}.json`, ups[kind].body), String(delay), AUTHORIZATION).waitFor(/is ready/);
  const behindTls = await freePort();
  await plain('fast', ports.fast, 'fast', 0);
  await plain('slow', ports.slow, 'slow', DELAY_MS);
  await plain('slow-behind-tls', behindTls, 'slow_tls', DELAY_MS);
  const config = nginxTls({ folder: place.folder, cert, key, body: ups.fast_tls.body,
    authorization: AUTHORIZATION, fast: ports.fast_tls, slow: ports.slow_tls, slowPlain: behindTls });
  const tls = place.run('tls', place.loadCpu, 'nginx', '-e', 'stderr', '-c', place.write('tls.conf', config));
  await listening(tls, ports.fast_tls);
  return { ...ups, ca: cert };
}

// --- proxies. Each has: name, start(), stop(), pids(), target(kind) -> {port, path, authorization, text}

const PATH = '/rest/api/3/issue/PAY-42';

class Other {
  constructor(place, upstreams, name) {
    Object.assign(this, { place, upstreams, name });
  }

  async configure() {
    this.targets ??= await Promise.all(KINDS.map(async (kind) => (
      { kind, origin: this.upstreams[kind].origin, listen: await freePort() })));
    return { folder: this.place.folder, targets: this.targets, authorization: AUTHORIZATION, ca: this.upstreams.ca };
  }

  // wrap: a command to run it by
  async start(...wrap) {
    this.process = this.place.run(this.name, this.place.proxyCpu, ...wrap, ...this.command(await this.configure()));
    await listening(this.process, this.targets[0].listen);
  }

  stop() {
    return this.process.stop(this.name === 'haproxy' ? 'SIGINT' : 'SIGTERM');
  }

  pids() {
    const { pid } = this.process.child;
    const children = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return [pid, ...children.split(' ').filter(Boolean).map(Number)];
  }

  target(kind) {
    return { port: this.targets.find((t) => t.kind === kind).listen, path: PATH,
      authorization: 'Bearer nothing', text: this.upstreams[kind].body };
  }
}

export class Nginx extends Other {
  command(config) {
    const file = this.place.write('nginx.conf', nginxProxy(config));
    return ['nginx', '-e', 'stderr', '-c', file, ...this.single ? ['-g', 'master_process off;'] : []];
  }
}

export class Haproxy extends Other {
  command(config) {
    return ['haproxy', '-db', '-q', '-f', this.place.write('haproxy.cfg', haproxy(config))];
  }
}

export class NodeProxy extends Other {
  command({ targets, authorization, ca }) {
    return [process.execPath, this.place.copy(path.join(ROOT, 'bench/node-proxy.mjs')), authorization, ca,
      ...targets.map((t) => `${t.listen}=${t.origin}`)];
  }
}

// No proxy: what is added is added to this.
export class Direct {
  constructor(upstreams) {
    Object.assign(this, { upstreams, name: 'direct' });
  }

  start() {}

  stop() {}

  pids() {
    return [];
  }

  target(kind) {
    return { port: this.upstreams[kind].port, path: PATH, authorization: AUTHORIZATION,
      text: this.upstreams[kind].body };
  }
}
