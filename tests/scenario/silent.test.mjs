// Receivers that take the connection and say nothing: a mail server holds up no webhook, and a webhook's
// receiver no other's; what waits behind them is claimed a little at a time.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, test } from 'node:test';

import { startReceiver } from '../lib/receiver.mjs';
import { makeApp, until } from '../lib/scene.mjs';
import { endsWell, sql, startStack } from '../lib/stack.mjs';

const SOON = 4500; // a period of two seconds, and a busy machine

let s;
let root;
let app;
let smtp;
let tarpit;
let good;

async function startSilent() {
  const sockets = new Set();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).resume();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: server.address().port, sockets, close() {
    for (const socket of sockets) socket.destroy();
    server.close();
  } };
}

before(async () => {
  [smtp, tarpit, good] = [await startSilent(), await startSilent(), await startReceiver()];
  s = await startStack(null, { sim: false, env: { MORTISE_MAIL_FROM: 'mortise@example.com',
    MORTISE_SMTP_URL: `smtp://localhost:${smtp.port}`,
    MORTISE_WEBHOOK_HOSTS: `${good.host}, http://127.0.0.1:${tarpit.port}` } });
  root = await s.setup();
  app = await makeApp(root, 'Desk');
});
after(() => {
  smtp?.close();
  tarpit?.close();
  return good?.close();
});

async function hookTo(url) {
  const made = await root.post(`/apps/${app}/webhooks`, { url });
  assert.equal(made.status, 201, made.text);
  return made.body.webhook.id;
}
const testHook = async (id) => assert.ok((await root.post(`/apps/${app}/webhooks/${id}/test`)).status < 300);
async function arrivesSoon(id) {
  const from = good.requests.length;
  await testHook(id);
  await until(() => good.requests.length > from, 'the message', SOON);
}
const claimed = (what) => sql(s, `SELECT count(*) FROM deliveries WHERE ${what} AND attempts > 0`)[0][0];

test('a silent mail server with a backlog of mails holds up no webhook', async () => {
  sql(s, `INSERT INTO deliveries (id, user_id, event, subject, body, state, attempts, created, next_try, until)
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
    SELECT 'm' || i, id, 'incident.opened', 'A', 'B', 'pending', 0, unixepoch() * 1000, 1, 9000000000000
    FROM users, n`);
  await until(() => smtp.sockets.size > 0, 'the mail server is asked', 15000);
  const hook = await hookTo(good.url);
  for (let i = 0; i < 3; i += 1) await arrivesSoon(hook);
  assert.equal(smtp.sockets.size, 1);
  assert.equal(claimed('webhook_id IS NULL'), 3, 'no more mails are claimed than can be sent before the claim ends');
});

test('a silent receiver holds up no other', async () => {
  const [silent, hook] = [await hookTo(`http://127.0.0.1:${tarpit.port}/`), await hookTo(good.url)];
  await testHook(silent);
  await until(() => tarpit.sockets.size > 0, 'it is asked', 15000);
  for (let i = 0; i < 2; i += 1) await arrivesSoon(hook);
  assert.equal(claimed(`webhook_id = '${silent}' AND last_try IS NULL`), 1, 'and it is still being asked');
});

endsWell(() => s);
