// Who is told: a receiver of webhooks that verifies them by npm's standardwebhooks, and a mail server by
// npm's smtp-server. Nothing of either was written here.
//
//   const r = await startReceiver();
//   r.url, r.host                       // "http://127.0.0.1:PORT/hook" and what MORTISE_WEBHOOK_HOSTS allows
//   r.answer = (request) => 204;        // a status, {status, headers}, or a promise of one
//   r.requests                          // {headers, body (text), json}
//
//   const m = await startMail({secure, starttls, user, password});
//   m.mails                             // {from, to: [address], text}

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { Webhook } = require('standardwebhooks');
const { SMTPServer } = require('smtp-server');

export async function startReceiver() {
  const r = { requests: [], answer: () => 204 };
  const server = http.createServer(async (request, response) => {
    const chunks = [];
    request.on('error', () => {});
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString('utf8');
    const entry = { method: request.method, path: request.url, headers: request.headers, body,
      json: JSON.parse(body || 'null') };
    r.requests.push(entry);
    const said = await r.answer(entry);
    const { status, headers } = typeof said === 'number' ? { status: said } : said;
    response.writeHead(status, headers ?? {}).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  r.host = `http://127.0.0.1:${server.address().port}`;
  r.url = `${r.host}/hook`;
  r.close = () => new Promise((done) => {
    server.close(done);
    server.closeAllConnections();
  });
  return r;
}

// Throws unless the message was signed with this secret; -> its JSON. The library refuses messages that
// are five minutes old, so `now` moves its clock.
export function verify(secret, { headers, body }, now = Date.now()) {
  const real = Date.now;
  Date.now = () => now;
  try {
    return new Webhook(secret).verify(body, headers);
  } finally {
    Date.now = real;
  }
}

// A certificate for localhost (and more names), its own authority -> {key, cert, file}.
export function certificate(...names) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mortise-cert-'));
  process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(folder, name));
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj',
    '/CN=localhost', '-addext', `subjectAltName=${['localhost', ...names].map((name) => `DNS:${name}`)}`, '-addext', 'basicConstraints=critical,CA:TRUE',
    '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return { key: fs.readFileSync(key), cert: fs.readFileSync(cert), file: cert };
}

// options: secure (TLS from the start), starttls, tls: {key, cert}, user, password, refuse(address) -> error
export async function startMail(options = {}) {
  const m = { mails: [], refuse: options.refuse };
  const server = new SMTPServer({
    secure: !!options.secure, ...options.tls, authOptional: !options.user,
    disabledCommands: [...(options.secure || options.starttls ? [] : ['STARTTLS']),
      ...(options.user ? [] : ['AUTH'])],
    logger: false,
    onAuth({ username, password }, session, done) {
      m.signedIn = { username, secure: session.secure };
      done(username === options.user && password === options.password ? null : new Error('no'), { user: 1 });
    },
    onRcptTo({ address }, session, done) {
      m.lastSecure = session.secure;
      done(m.refuse?.(address) ?? null);
    },
    onData(stream, session, done) {
      const chunks = [];
      stream.on('data', (chunk) => chunks.push(chunk));
      stream.on('end', () => {
        m.mails.push({ from: session.envelope.mailFrom.address, secure: session.secure,
          to: session.envelope.rcptTo.map((each) => each.address),
          text: Buffer.concat(chunks).toString('utf8') });
        done();
      });
    },
  });
  server.on('error', () => {});
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  m.port = server.server.address().port;
  m.close = () => new Promise((done) => server.close(done));
  return m;
}

// Headers and the decoded body of a mail.
export function readMail(text) {
  const at = text.indexOf('\r\n\r\n');
  const lines = text.slice(0, at).replace(/\r\n[ \t]/g, ' ').split('\r\n');
  const headers = lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]);
  const words = (value) => value.replace(/(=\?utf-8\?B\?)([^?]*)\?=\s*/g,
    (all, start, word) => Buffer.from(word, 'base64').toString('latin1'));
  const named = Object.fromEntries(headers);
  return { headers, named, subject: Buffer.from(words(named.Subject).trim(), 'latin1').toString('utf8'),
    body: Buffer.from(text.slice(at + 4), 'base64').toString('utf8') };
}
