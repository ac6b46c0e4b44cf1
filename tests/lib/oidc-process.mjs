// npm's oidc-provider as a process of its own, so that it can die: an OAuth server that nobody here
// wrote. It alone decides about codes, PKCE, tokens, rotation and reuse; its pages are its own
// (devInteractions: any name signs in). This file configures it, keeps its rows in a file (unless "file" is null) so that
// they outlive the process, and has a few switches for tests. What makes it look like Atlassian is oidc.mjs.
//
// 8.8.1 is the newest that runs on Debian 12's Node 18: 9.13.3 calls URL.parse(), which came later.
//
//   node oidc-process.mjs '{"port", "issuer", "file", "clients": [...], "scopes": [...]}'
//
// On the same port, below /_control/:
//   GET  tokens    [{kind, value, account, grant, used}]: used: it was exchanged already
//   POST settings  {access_seconds, leeway_seconds}: a used refresh token counts as used only after the
//                  leeway, as at Atlassian; what is set is true at once, for older tokens too
//   POST secret    {client_id, secret}
//   POST forget    {kind: 'AccessToken', account?}: all of that kind (of that account) are gone, before their time
//   POST clock     {offset_ms}: how far its clock is from the machine's

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';

import Provider from 'oidc-provider';

const DAY = 86400;
const machineNow = Date.now;
const setup = JSON.parse(process.argv[2]);
const state = setup.file && fs.existsSync(setup.file) ? JSON.parse(fs.readFileSync(setup.file))
  : { access_seconds: 3600, leeway_seconds: 600, rows: {} };
for (const client of setup.clients) state.rows[`Client:${client.client_id}`] ??= { payload: client };

const save = () => setup.file && fs.writeFileSync(setup.file, JSON.stringify(state));

class Rows {
  constructor(model) {
    this.model = model;
  }

  async upsert(id, payload, seconds) {
    state.rows[`${this.model}:${id}`] = { payload, until: seconds && Date.now() + seconds * 1000 };
    save();
  }

  async find(id) {
    const row = state.rows[`${this.model}:${id}`];
    if (!row || (row.until && row.until <= Date.now())) return undefined;
    return structuredClone({ ...row.payload, ...(countsAsUsed(row) && { consumed: row.used / 1000 }) });
  }

  async findByUid(uid) {
    const found = Object.entries(state.rows)
      .find(([key, row]) => key.startsWith(`${this.model}:`) && row.payload.uid === uid);
    return found && this.find(found[0].slice(this.model.length + 1));
  }

  async consume(id) {
    state.rows[`${this.model}:${id}`].used ??= Date.now();
    save();
  }

  async destroy(id) {
    delete state.rows[`${this.model}:${id}`];
    save();
  }

  async revokeByGrantId(grant) {
    for (const [key, row] of Object.entries(state.rows))
      if (key.startsWith(`${this.model}:`) && row.payload.grantId === grant) delete state.rows[key];
    save();
  }
}

function countsAsUsed({ payload, used }) {
  const leeway = payload.kind === 'RefreshToken' ? state.leeway_seconds * 1000 : 0;
  return used !== undefined && used + leeway <= Date.now();
}

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const provider = new Provider(setup.issuer, {
  adapter: Rows,
  clients: [], // all are rows
  scopes: ['openid', 'offline_access', ...setup.scopes],
  pkce: { methods: ['S256'], required: () => true },
  rotateRefreshToken: true,
  features: { introspection: { enabled: true }, revocation: { enabled: true } },
  jwks: { keys: [privateKey.export({ format: 'jwk' })] },
  cookies: { keys: [randomBytes(16).toString('hex')] },
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  ttl: { AccessToken: () => state.access_seconds, AuthorizationCode: 60, Grant: 400 * DAY, IdToken: 60,
    Interaction: 600, RefreshToken: 90 * DAY, Session: 400 * DAY },
});

const CONTROL = {
  'GET tokens': () => Object.entries(state.rows)
    .filter(([, { payload }]) => /Token$|^AuthorizationCode$/.test(payload.kind))
    .map(([key, { payload, used }]) => ({ kind: payload.kind, value: key.split(':')[1],
      account: payload.accountId, grant: payload.grantId, used: used !== undefined })),
  'POST settings': (body) => Object.assign(state, body),
  'POST secret': ({ client_id: id, secret }) => {
    state.rows[`Client:${id}`].payload.client_secret = secret;
  },
  'POST forget': ({ kind, account }) => {
    for (const [key, { payload }] of Object.entries(state.rows))
      if (key.startsWith(`${kind}:`) && (!account || payload.accountId === account)) delete state.rows[key];
  },
  'POST clock': ({ offset_ms: offset }) => {
    Date.now = () => machineNow() + offset; // what the provider asks for the time
  },
};

async function control(request, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const action = CONTROL[`${request.method} ${request.url.slice('/_control/'.length)}`];
  const result = action?.(chunks.length ? JSON.parse(Buffer.concat(chunks)) : {});
  save();
  response.writeHead(action ? 200 : 404, { 'content-type': 'application/json' });
  response.end(JSON.stringify(result ?? {}));
}

const answer = provider.callback();
const server = http.createServer((request, response) =>
  (request.url.startsWith('/_control/') ? control : answer)(request, response));
server.keepAliveTimeout = 0; // or it closes a connection just when it is used again
server.listen(setup.port, '127.0.0.1', () =>
  console.log(`oidc-provider on 127.0.0.1:${server.address().port}`));
