// A second Atlassian for the OAuth journeys, beside the project's simulator: behind it stands npm's
// oidc-provider (oidc-process.mjs), which nobody here wrote. This shim decides nothing about OAuth; it
// only gives Atlassian's names and shapes to what the provider decides:
//
//   auth.localhost:PORT  /authorize -> /auth; /oauth/token, JSON or form -> /token as a form, with
//                        Atlassian's status and body for a refusal; all else as it is (its own pages)
//   api.localhost:PORT   accessible-resources; /ex/jira/{id}/...: the bearer is shown to the provider
//                        (RFC 7662), and what is alive goes to the simulator's Jira with an API token of
//                        the same person and the same scopes
//
//   s = await startStack(null, { start: false });
//   o = await startOidc(s);                         // then: await s.start()
//   const back = await o.person(ANNA).accept(authorizeUrl);
//
// o.tokenCalls: what was asked of the token endpoint and what came back. A suite that is written for the
// simulator is run against it by variant.mjs.

import { once } from 'node:events';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { Client } from './client.mjs';
import { SCOPES } from './scene.mjs';
import { freePort, Process } from './stack.mjs';

const PROGRAM = path.join(path.dirname(fileURLToPath(import.meta.url)), 'oidc-process.mjs');
const RESOURCE_SERVER = { id: 'gateway', secret: 'the gateway asks whose token it is' };

export const CLIENT_ID = 'mortise-at-oidc-provider';
export const CLIENT_SECRET = 'a-secret-that-oidc-provider-knows';

// A refusal in Atlassian's words, or the provider's own where Atlassian's are not known.
function asAtlassian(grantType, status, body) {
  if (body.error === 'invalid_client')
    return [401, { error: 'access_denied', error_description: 'Unauthorized' }];
  if (body.error !== 'invalid_grant') return [status, body];
  if (grantType === 'refresh_token')
    return [403, { error: 'unauthorized_client', error_description: 'refresh_token is invalid' }];
  return [400, { error: 'invalid_request', error_description: 'authorization_code is invalid' }];
}

function answerJson(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}

const refuse = (response, message) => answerJson(response, 401, { code: 401, message });

// Until these delays are over; nothing waits for it when the test has ended.
async function waitFor(faults) {
  const ms = faults.filter(({ kind }) => kind === 'delay')
    .reduce((sum, { ms: least, upto }) => sum + least + Math.random() * (upto - least), 0);
  if (ms > 0) await new Promise((done) => setTimeout(done, ms).unref());
}

async function readAll(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

// Hands a request on and its answer back, untouched but for path and headers.
function forward(request, response, port, target, headers) {
  const onward = http.request({ host: '127.0.0.1', port, method: request.method, path: target,
    headers: { ...request.headers, ...headers } });
  onward.on('response', (answer) => {
    response.writeHead(answer.statusCode, answer.rawHeaders);
    answer.pipe(response);
  });
  onward.on('error', () => response.destroy()); // as when Atlassian is away
  request.pipe(onward);
}

class Oidc {
  constructor(stack, { memory = false } = {}) {
    this.stack = stack;
    this.memory = memory;
    this.sites = ['acme']; // which the person chose; what accessible-resources shows
    this.tokenCalls = [];
    this.faults = [];
    this.lineage = new Map(); // refresh token -> {family, generation, email}, as sim/refreshes.mjs names them
    this.consents = 0;
    this.codes = new Map(); // code -> whose consent it is
    this.oneBrowser = false; // for all consents of a person
    this.people = new Map();
    this.keys = new Map();
    this.server = http.createServer((request, response) => {
      this.answer(request, response).catch(() => response.destroy());
    });
    this.server.keepAliveTimeout = 0; // or it closes a connection just when it is used again
  }

  async start() {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = this.server.address().port;
    this.authUrl = `http://auth.localhost:${this.port}`;
    this.apiUrl = `http://api.localhost:${this.port}`;
    this.stack.port ??= await freePort();
    this.callback = `http://localhost:${this.stack.port}/oauth/callback`;
    Object.assign(this.stack.options.env ??= {}, {
      MORTISE_ATLASSIAN_AUTH_URL: this.authUrl, MORTISE_ATLASSIAN_API_URL: this.apiUrl,
      MORTISE_JIRA_CLIENT_ID: CLIENT_ID, MORTISE_JIRA_CLIENT_SECRET: CLIENT_SECRET,
    });
    await this.startProvider();
  }

  async startProvider() {
    this.provider = new Process('oidc-provider', process.execPath, [PROGRAM, JSON.stringify({
      port: this.providerPort ?? 0, issuer: this.authUrl, scopes: SCOPES,
      file: this.memory ? null : path.join(this.stack.folder, 'oidc.json'),
      clients: [
        { client_id: CLIENT_ID, client_secret: CLIENT_SECRET, redirect_uris: [this.callback],
          response_types: ['code'], grant_types: ['authorization_code', 'refresh_token'],
          token_endpoint_auth_method: 'client_secret_post' },
        { client_id: RESOURCE_SERVER.id, client_secret: RESOURCE_SERVER.secret, redirect_uris: [],
          response_types: [], grant_types: [], token_endpoint_auth_method: 'client_secret_post' },
      ],
    })], { cwd: this.stack.folder });
    const [, port] = await this.provider.waitFor(/oidc-provider on 127\.0\.0\.1:(\d+)/);
    this.providerPort = Number(port);
  }

  async stop() {
    this.server.close();
    this.server.closeAllConnections();
    await this.provider?.stop();
  }

  async answer(request, response) {
    const { pathname, search } = new URL(request.url, this.authUrl);
    if (request.headers.host.startsWith('api.localhost:')) {
      if (pathname === '/oauth/token/accessible-resources') return this.resources(request, response);
      if (pathname.startsWith('/ex/jira/')) return this.gateway(request, response);
      return answerJson(response, 404, { code: 404, message: 'Not Found' });
    }
    if (pathname === '/oauth/token') return this.token(request, response);
    const target = pathname === '/authorize' ? `/auth${search}` : pathname + search;
    return forward(request, response, this.providerPort, target, {});
  }

  ask(target, fields) {
    return fetch(`http://127.0.0.1:${this.providerPort}${target}`,
      { method: 'POST', body: new URLSearchParams(fields) });
  }

  async token(request, response) {
    const text = await readAll(request);
    const fields = /json/.test(request.headers['content-type']) ? JSON.parse(text)
      : Object.fromEntries(new URLSearchParams(text));
    const faults = fields.grant_type === 'refresh_token' ? this.takeFaults() : [];
    await waitFor(faults.filter(({ after }) => !after));
    const instead = faults.find(({ kind }) => kind === 'status');
    if (instead) return answerJson(response, instead.status, { error: 'temporarily_unavailable' });
    const said = await this.ask('/token', fields);
    const decided = await said.json();
    const [status, body] = said.ok ? [said.status, decided]
      : asAtlassian(fields.grant_type, said.status, decided);
    const call = { fields, status, body, decided, ...this.lineage.get(fields.refresh_token) };
    this.tokenCalls.push(call);
    if (said.ok) this.noteLineage(call);
    await waitFor(faults.filter(({ after }) => after));
    return answerJson(response, status, body);
  }

  // What a code gave is a consent's first refresh token; what a refresh token gave, its successor.
  noteLineage({ fields, body, family, generation = 0, email = this.codes.get(fields.code) }) {
    if (family === undefined) this.consents += 1;
    this.lineage.set(body.refresh_token,
      { family: family ?? `consent ${this.consents}`, generation: generation + 1, email });
  }

  // What the provider knows of the request's bearer: {active, sub, scope}
  async bearer(request) {
    const [, token] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? [];
    if (!token) return { active: false };
    const said = await this.ask('/token/introspection',
      { token, client_id: RESOURCE_SERVER.id, client_secret: RESOURCE_SERVER.secret });
    return said.json();
  }

  async resources(request, response) {
    const { active, scope } = await this.bearer(request);
    if (!active) return refuse(response, 'Unauthorized');
    const scopes = scope.split(' ').filter((each) => SCOPES.includes(each));
    const list = await Promise.all(this.sites.map(async (name) => {
      const info = await fetch(`${this.stack.simUrl}/sites/${name}/_edge/tenant_info`);
      const url = this.stack.site(name);
      return { id: (await info.json()).cloudId, url, name, scopes, avatarUrl: `${url}/avatar.png` };
    }));
    return answerJson(response, 200, list);
  }

  async gateway(request, response) {
    const { active, sub, scope } = await this.bearer(request);
    if (!active) return refuse(response, 'Unauthorized');
    const key = `${sub} ${scope}`;
    if (!this.keys.has(key)) {
      const scopes = scope.split(' ').filter((each) => SCOPES.includes(each));
      this.keys.set(key, this.stack.token(sub, { scopes }));
    }
    const basic = Buffer.from(`${sub}:${await this.keys.get(key)}`).toString('base64');
    return forward(request, response, this.stack.simPort, request.url,
      { host: `127.0.0.1:${this.stack.simPort}`, authorization: `Basic ${basic}` });
  }

  // --- for tests

  async control(method, what, body) {
    const answer = await fetch(`http://127.0.0.1:${this.providerPort}/_control/${what}`,
      { method, body: body && JSON.stringify(body) });
    if (!answer.ok) throw new Error(`control ${what}: ${answer.status}`);
    return answer.json();
  }

  // The tokens of a kind that the provider has on file for an account, oldest first.
  async tokens(kind, account) {
    const all = await this.control('GET', 'tokens');
    return all.filter((each) => each.kind === kind && (!account || each.account === account));
  }

  forgetCalls() {
    this.tokenCalls.length = 0;
  }

  // What a refresh meets at the token endpoint: {kind: 'delay', ms, upto_ms?, after?} or {kind: 'status',
  // status}, `times` times (default 1, or 'always'), as the simulator's faults (sim/faults.mjs).
  addFault({ kind, ms = 0, upto_ms: upto = ms, after = false, status, times = 1 }) {
    if (!['delay', 'status'].includes(kind)) throw new Error(`no fault ${kind} at oidc-provider`);
    this.faults.push({ kind, ms, upto, after, status, left: times === 'always' ? Infinity : times });
  }

  takeFaults() {
    const found = this.faults.filter(({ left }) => left > 0);
    for (const each of found) each.left -= 1;
    return found;
  }

  // Where the browser is sent when that person has accepted.
  async consent(login, url) {
    const known = this.oneBrowser && this.people.get(login);
    const person = known || this.person(login);
    if (this.oneBrowser) this.people.set(login, person);
    const back = await person.accept(url);
    this.codes.set(new URL(back).searchParams.get('code'), login);
    person.leave();
    return back;
  }

  calls(grantType) {
    return this.tokenCalls.filter(({ fields }) => fields.grant_type === grantType);
  }

  // The token endpoint straight, as Mortise would ask, with its client.
  async exchange(fields, asJson = true) {
    const all = { client_id: CLIENT_ID, client_secret: CLIENT_SECRET, ...fields };
    const answer = await fetch(`http://127.0.0.1:${this.port}/oauth/token`, {
      method: 'POST', headers: asJson ? { 'content-type': 'application/json' } : {},
      body: asJson ? JSON.stringify(all) : new URLSearchParams(all),
    });
    return { status: answer.status, body: await answer.json() };
  }

  person(login) {
    return new Person(this, login);
  }
}

// Somebody's browser at the provider, with cookies of its own.
class Person {
  constructor(oidc, login) {
    this.login = login;
    this.callback = oidc.callback;
    this.client = new Client(oidc.authUrl);
  }

  // Signs in where it is asked for, and presses the button of the consent page; -> the callback's URL.
  async accept(url) {
    return this.walk(url, (page) => this.client.submit(page, 'POST '));
  }

  async cancel(url) {
    return this.walk(url, (page) => this.client.page(page.text.match(/href="([^"]+\/abort)"/)[1]));
  }

  // Closes the browser's connections; it keeps its cookies.
  leave() {
    this.client.agent.destroy();
  }

  async walk(url, consent) {
    let answer = await this.client.page(url);
    for (let steps = 0; steps < 12; steps += 1) {
      const to = answer.location && new URL(answer.location, url).href;
      if (to?.startsWith(this.callback)) return to;
      if (to) answer = await this.client.page(to);
      else if (/name="login"/.test(answer.text))
        answer = await this.client.submit(answer, 'POST ', { login: this.login, password: 'any' });
      else if (/value="consent"/.test(answer.text)) answer = await consent(answer);
      else break;
    }
    throw new Error(`the provider sends ${this.login} nowhere: ${answer.status} ${answer.text}`);
  }
}

// Before the server starts: its settings are put into the stack's options. memory: true: the provider
// keeps its rows in memory only, which is quicker, and cannot be stopped.
export async function startOidc(stack, options) {
  const oidc = new Oidc(stack, options);
  try {
    await oidc.start();
  } catch (error) {
    await oidc.stop();
    throw error;
  }
  return oidc;
}
