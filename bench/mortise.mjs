// The relay as one of the proxies: Mortise as it is shipped, with its own database, a person who has connected
// to each upstream with an API key, and that person's Mortise key. Everything the relay does is switched on.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';

import { addConnection, connectPath, makeApp } from '../tests/lib/scene.mjs';
import { ROOT, sql, Stack } from '../tests/lib/stack.mjs';
import { get } from './measure.mjs';
import { API_KEY, KINDS, USERNAME } from './servers.mjs';

const BINARY = path.resolve(ROOT, process.env.MORTISE_BENCH_BIN || 'build/release/src/main/mortise');

function makeFolder(place) {
  const folder = path.join(place.folder, 'mortise-data');
  fs.mkdirSync(folder, { mode: 0o700 });
  return place.own(folder);
}

export class Mortise {
  constructor(place, upstreams) {
    Object.assign(this, { place, upstreams, name: 'relay', connections: {} });
    this.stack = new Stack(makeFolder(place), {
      binary: place.copy(BINARY), wrap: place.on(place.proxyCpu),
      env: {
        MORTISE_ALLOW_HOSTS: KINDS.map((kind) => upstreams[kind].origin).join(),
        MORTISE_CA_FILE: upstreams.ca,
      },
    });
    place.processes.push({ stop: () => this.stop() });
  }

  // Once, with a server of its own: connections, credentials, the key.
  async prepare() {
    await this.stack.start();
    const admin = await this.stack.setup();
    this.app = await makeApp(admin, 'Bench');
    for (const kind of KINDS) {
      const id = await addConnection(admin, this.app, { type: 'jira_api', name: kind });
      const answer = await admin.post(connectPath(this.app, id),
        { base_url: this.upstreams[kind].origin, username: USERNAME, api_key: API_KEY });
      assert.equal(answer.status, 200, answer.text);
      this.connections[kind] = id;
    }
    const key = await admin.post('/me/keys', { name: 'bench' });
    assert.equal(key.status, 201, key.text);
    this.key = key.body.secret;
    await this.stop();
  }

  // wrap: a command to run it by
  async start(...wrap) {
    const { stack, place } = this;
    stack.server = stack.spawn(['serve'], {}, { wrap: [...place.on(place.proxyCpu), ...wrap] });
    await stack.ready(stack.server, stack.port);
  }

  async stop() {
    const code = await this.stack.server?.stop() ?? 0;
    this.stack.server = undefined;
    if (code !== 0) throw new Error(`mortise ended with ${code}:\n${this.stack.log.slice(-4000)}`);
  }

  pids() {
    return [this.stack.server.child.pid];
  }

  target(kind) {
    const base = `/jira/${this.app}/${this.connections[kind]}`;
    const { origin, body } = this.upstreams[kind];
    return { port: this.stack.port, path: `${base}/rest/api/3/issue/PAY-42`, authorization: `Bearer ${this.key}`,
      text: body.replaceAll(`${origin}/rest/`, `${this.stack.url}${base}/rest/`) };
  }

  // Beside the one that is used, so many credentials that are not.
  fill(count) {
    const [[columns]] = sql(this.stack, "SELECT group_concat(name) FROM pragma_table_info('connections')");
    const [[secrets]] = sql(this.stack, "SELECT group_concat(name) FROM pragma_table_info('credentials')");
    const id = this.connections.fast;
    const as = (list, changes) => list.split(',').map((name) => changes[name] ?? name).join();
    const n = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;
    sql(this.stack, `${n} INSERT INTO connections (${columns}) SELECT ${as(columns,
      { id: "'fill' || i", name: "'fill ' || i", name_key: "'fill ' || i" })} FROM connections, n WHERE id = '${id}'`);
    sql(this.stack, `${n} INSERT INTO credentials (${secrets}) SELECT ${as(secrets,
      { id: "'fill' || i", connection_id: "'fill' || i" })} FROM credentials, n WHERE connection_id = '${id}'`);
  }

  // Milliseconds from the start of the process to the first relayed answer.
  async firstAnswer() {
    const began = performance.now();
    this.stack.server = this.stack.spawn(['serve']);
    for (;;) {
      const answer = await get(this.target('fast')).catch(() => null);
      if (answer?.status === 200) return performance.now() - began;
      if (performance.now() - began > 20000) throw new Error(`no first answer: ${answer?.status} ${answer?.text}`);
      await new Promise((done) => setTimeout(done, 1));
    }
  }
}
