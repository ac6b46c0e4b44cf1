// Recognisable secrets are planted wherever one can be entered or answered, error paths included;
// then none of them may be in the database file, its WAL, the log, or any answer, header or page.
// A secret that somebody types into a field for something else may come back in the form that
// asks again, to nobody but its author, and nowhere else.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { before, test } from 'node:test';

import { atAtlassian, callbackPath, leadsTo } from '../lib/atlassian.mjs';
import { addConnection, ANNA, BOB, connectPath, fault, grant, makeApp, noFaults, run }
  from '../lib/scene.mjs';
import { endsWell, OAUTH_CLIENT, OAUTH_SECRET, sql, startStack } from '../lib/stack.mjs';
import { SECRET_FIELDS } from '../lib/tables.mjs';

const WITNESS = 'Witness-of-the-search-4711';
const planted = []; // {name, secret, user, allowed(entry) -> true where it may be seen}

let s;
let root;
let user;
let app;
let id;

function plant(name, { secret, username = BOB, allowed = () => false } = {}) {
  const value = secret ?? `CANARY+${name.replace(/\W+/g, '-')}=${'x7Q'.repeat(8)}/${planted.length}`;
  planted.push({ name, secret: value, username, allowed });
  return value;
}

// May come back in the answers to what `work` sends.
async function misplaced(name, work) {
  const from = s.seen.length;
  let to = Infinity;
  const secret = plant(name, { allowed: (entry) => s.seen.indexOf(entry) >= from
    && s.seen.indexOf(entry) < to });
  const answer = await work(secret);
  to = s.seen.length;
  return answer;
}

// A value that an answer gives away on purpose, in that answer's `where` only.
const given = (name, secret, where) => plant(name, { secret, allowed: where });
const inSetCookie = (token) => (entry) => !entry.text.includes(token)
  && entry.headers.every((h, i) => !h.includes(token) || /^set-cookie$/i.test(entry.headers[i - 1]));
const inLinkAnswer = (entry) => entry.status === 201 && entry.method === 'POST'
  && /\/(users|link)$/.test(entry.path);

function plantCookie(name, client) {
  const token = client.cookies.get('mortise');
  assert.match(token, /^[\w-]{43}$/);
  given(`session of ${name}`, token, inSetCookie(token));
}

const tokenOf = (link) => link.match(/\/links\/([\w-]{43})/)[1];
const key = async (name, username, options) =>
  plant(name, { secret: await s.token(username, options), username });
const fields = (api_key, more = {}) => ({ base_url: s.site(), username: BOB, api_key, ...more });

// Stands before Atlassian's token endpoint and plants what passes: Mortise gives these to nobody else.
const passed = new Map(); // kind -> how many
function plantPassing(kind, secret) {
  if (!secret || planted.some((each) => each.secret === secret)) return;
  passed.set(kind, (passed.get(kind) ?? 0) + 1);
  plant(`${kind} ${passed.get(kind)}`, { secret });
}

async function bodyOf(message) {
  const chunks = [];
  for await (const chunk of message) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function passOn(request, response) {
  const body = await bodyOf(request);
  const asked = JSON.parse(body);
  plantPassing('authorization code', asked.code);
  plantPassing('PKCE verifier', asked.code_verifier);
  const onward = http.request({ host: '127.0.0.1', port: s.simPort, method: request.method, path: request.url,
    headers: { ...request.headers, host: `auth.localhost:${s.simPort}` } });
  onward.on('error', () => response.destroy());
  onward.on('response', async (answer) => {
    const text = await bodyOf(answer).catch(() => null);
    if (text === null) return void response.destroy();
    if (answer.statusCode === 200 && text.startsWith('{')) {
      const tokens = JSON.parse(text);
      plantPassing('OAuth access token', tokens.access_token);
      plantPassing('OAuth refresh token', tokens.refresh_token);
    }
    response.writeHead(answer.statusCode, answer.headers).end(text);
  });
  onward.end(body);
}

before(async () => {
  const tokenEndpoint = http.createServer(passOn).listen(0, '127.0.0.1').unref();
  await once(tokenEndpoint, 'listening');
  s = await startStack(null, { env: {
    MORTISE_ATLASSIAN_AUTH_URL: `http://127.0.0.1:${tokenEndpoint.address().port}`,
    MORTISE_SMTP_URL: 'smtp://127.0.0.1:9', MORTISE_SMTP_USER: 'mortise',
    MORTISE_SMTP_PASSWORD: plant('password of the mail server', { username: 'mortise' }),
    MORTISE_MAIL_FROM: 'mortise@example.com' } });
  const setup = await s.setupPath();
  given('setup link', tokenOf(setup), () => false);
  root = await s.accept(setup, { name: 'Root', email: 'root@mortise.example',
    password: plant('setup password') });
  plantCookie('the admin', root);
  app = await makeApp(root, WITNESS);
  id = await addConnection(root, app, { name: 'Jira' });
  await grant(root, app, 'everyone');
});

test('passwords: right, wrong, too short, too long, in the wrong place', async () => {
  const invited = await root.post('/users', { email: 'user@example.com', name: 'User' });
  given('invitation', tokenOf(invited.body.link), inLinkAnswer);
  const link = `/links/${tokenOf(invited.body.link)}`;
  await s.client().post(link, { password: plant('too long').repeat(8) });
  await s.client().form(link, { password: plant('too long, form').repeat(8) });
  await s.client().form(link, { password: 'short', name: 'x'.repeat(300),
    current_password: plant('not asked for') });
  const password = plant('user password');
  user = await s.accept(link, { password });
  plantCookie('the user', user);
  await s.client().signIn('user@example.com', plant('wrong password'));
  await s.client().form('/session', { email: 'user@example.com', password: plant('wrong password, form') });
  await s.client().post('/session', { email: 'user@example.com', password: [plant('a list')] });
  await s.client().post('/session', { email: 5, password: plant('with a bad e-mail') });
  await misplaced('as the e-mail', (text) => s.client().form('/session', { email: text, password: 'x' }));
  await misplaced('as the e-mail, JSON', (text) => s.client().post('/session', { email: text,
    password: text }));
  const back = s.client();
  await back.signIn('user@example.com', password);
  plantCookie('the user again', back);
  await user.post('/me/password', { current_password: plant('wrong current'),
    new_password: plant('new, refused') });
  await user.form('/me/password', { current_password: plant('wrong current, form'),
    new_password: plant('new, form') });
  await user.form('/me/password', { current_password: password, new_password: 'short',
    password: plant('third') });
  const changed = plant('changed password');
  assert.equal((await user.post('/me/password', { current_password: password,
    new_password: changed })).status, 204);
  const reset = await root.form(`/users/${user.me.id}/link`);
  const token = reset.text.match(/\/links\/([\w-]{43})/)[1];
  given('reset link', token, inLinkAnswer);
  await s.client().page(`/links/${token}`);
  user = await s.accept(`/links/${token}`, { password: plant('password after reset') });
  plantCookie('the user after reset', user);
  await s.client().page(`/links/${token}`);
  const command = s.spawn(['user', 'link', 'user@example.com']);
  await command.ended;
  s.outputs.pop(); // what it prints is for the operator, not a log
  given('link of the command', tokenOf(command.out), () => false);
});

test('secret fields anywhere: addresses, other routes, broken bodies, refused senders', async () => {
  for (const name of SECRET_FIELDS) {
    const inAddress = (where) => `${name}=${encodeURIComponent(plant(`${name} ${where}`))}`;
    for (const client of [s.client(), user]) {
      await client.get(`/apps?${inAddress('in an address')}`);
      await client.page(`/apps?query=x&${inAddress('in an address of a page')}`);
      await client.page(`/session?return_to=/apps&${inAddress('at sign-in')}`);
      await client.page(`/apps?${inAddress('under another host')}`,
        { host: `127.0.0.1:${s.port}` });
      await client.page(`/no/such/page?${inAddress('nowhere')}`);
      await client.form(`/apps?${inAddress('in an address of a form')}`, { name: 'x' });
      await client.post('/apps', { name: '', [name]: plant(`${name} where it is not asked for`) });
      await client.form('/apps', { name: '', [name]: plant(`${name} in a form`) });
      await client.json('POST', '/apps', { [name]: plant(`${name} from elsewhere`) },
        { origin: 'https://evil.example' });
      await client.json('PUT', '/apps', { [name]: plant(`${name} to a wrong method`) });
    }
    const raw = (body, type = 'application/json') => user.fetch('POST', '/api/v1/apps',
      { headers: { 'content-type': type, 'x-csrf-token': user.csrf }, body });
    await raw(`{"${name}":"${plant(`${name} in broken JSON`)}",`);
    await raw(`{"${name}":"${plant(`${name} twice`)}","${name}":"${plant(`${name} twice, second`)}"}`);
    await raw(`{"a":{"${name}":"${plant(`${name} deeper`)}"},"name":5}`);
    await raw(`${inAddress('with a broken escape')}&x=%zz`,
      'application/x-www-form-urlencoded');
    await raw(`${name}=${plant(`${name} as text`)}`, 'text/plain');
    await raw(`{"${name}":"${plant(`${name}, too much`)}","x":"${'x'.repeat(70000)}"}`);
  }
});

test('API keys: accepted, refused, with every failure of Jira\'s, asked about, disconnected', async () => {
  const at = connectPath(app, id);
  await user.post(at, fields(plant('refused key')));
  await user.form(at, fields(plant('refused key, form')));
  await user.form(at, fields(plant('with a bad date'), { expires: 'soon' }));
  await user.post(at, fields(plant('with a bad address'), { base_url: 'http://10.0.0.1' }));
  await user.post(at, fields('x',
    { base_url: `http://bob:${encodeURIComponent(plant('in the address'))}@acme.localhost` }));
  await misplaced('key as Username', (text) => user.form(at, fields('k', { username: text })));
  await misplaced('key as Base URL', (text) => user.form(at, fields('k', { base_url: text })));
  await misplaced('key as date', (text) => user.form(at, fields('k', { expires: text })));
  for (const kind of ['status', 'cut_before', 'cut_body', 'html', 'invalid_utf8', 'redirect', 'ratelimit',
      'huge']) {
    await fault(s, kind, { times: 'always' });
    const send = kind === 'status' ? 'form' : 'post';
    await user[send](at, fields(await key(`key, ${kind}`, BOB)));
    await noFaults(s);
  }
  await user.post(at, fields(await key('first key', BOB)));
  await user.form(at, fields(await key('second key', BOB)));
  for (const [send, username] of [['post', ANNA], ['form', BOB]]) {
    const answer = await user[send](at, fields(await key(`other account, ${send}`, username), { username }));
    assert.equal(answer.status, 409, answer.text);
    const confirm = answer.body?.confirm ?? answer.text.match(/name="confirm" value="([\w-]{43})"/)[1];
    const own = s.seen.at(-1);
    given(`confirm id, ${send}`, confirm, (entry) => entry === own);
    if (send === 'post') await user.post(at, { confirm: `${confirm}x` });
    else assert.equal((await user.form(at, { confirm })).status, 303);
    await user.form(at, { confirm });
  }
  await user.page(at);
  await user.post(`/apps/${app}/connections/${id}/test`);
  await s.control('POST', 'revoke', { email: ANNA });
  await run(user, app, id, { path: '/rest/api/3/myself' });
  await user.delete(`/apps/${app}/connections/${id}/credential`);
});

test('Jira, or what stands before it, echoes the key', async () => {
  const secret = await key('echoed key', BOB);
  assert.equal((await user.post(connectPath(app, id), fields(secret))).status, 200);
  const basic = Buffer.from(`${BOB}:${secret}`).toString('base64');
  const said = { errorMessages: [`Basic ${basic} of ${secret}`], errors: {} };
  for (const [kind, more] of [
    ['headers', { headers: { 'X-Echo': `Basic ${basic}`, 'X-Raw': secret } }],
    ['status', { status: 400, body: said }], ['status', { status: 500, body: said }],
    ['status', { status: 403, body: said }], ['status', { status: 404, body: `plain ${secret}` }],
    ['body', { body: JSON.stringify({ echo: `Basic ${basic}`, again: secret }) }],
    ['body', { body: `not JSON: ${secret} ${basic}`, type: 'text/plain' }],
    ['body', { base64: Buffer.concat([Buffer.from([0xff]), Buffer.from(secret)]).toString('base64') }],
    ['html', { body: `<p>${secret} ${basic}</p>` }],
    ['redirect', { to: `https://evil.example/?k=${secret}` }],
  ]) {
    for (const send of [() => run(user, app, id, { path: '/rest/api/3/status' }),
      () => user.form(`/apps/${app}/request`, { connection: id, method: 'GET', path: '/rest/api/3/status' }),
      () => user.post(`/apps/${app}/connections/${id}/test`),
      () => user.form(connectPath(app, id), fields(secret))]) {
      await fault(s, kind, { ...more, times: 'always' });
      await send();
      await noFaults(s);
    }
  }
});

test('credentials typed into a request are neither shown again nor kept', async () => {
  const fresh = await addConnection(root, app, { name: 'Fresh' });
  for (const connection of [id, fresh]) {
    for (const name of ['Authorization', 'cookie', 'PROXY-Authorization']) {
      const value = plant(`header ${name}`);
      await run(user, app, connection, { path: '/rest/api/3/myself', headers: { [name]: value } });
      await user.form(`/apps/${app}/request`, { connection, method: 'GET', path: '/rest/api/3/myself',
        headers: `Accept: */*\r\n ${name} : ${plant(`header line ${name}`)}\nAccept-Language: de` });
    }
  }
});

test('client secrets: refused, with every failure of Atlassian\'s, kept, of a connection', async () => {
  const client = (client_secret, more = {}) => ({ client_id: OAUTH_CLIENT, client_secret, ...more });
  const at = '/settings/oauth-client';
  const secret = plant('client secret', { secret: OAUTH_SECRET, username: OAUTH_CLIENT });
  for (const send of ['post', 'form']) {
    await root[send](at, client(plant(`wrong client secret, ${send}`)));
    await root[send](at, client(plant(`client secret with bad scopes, ${send}`), { scopes: 'a"b' }));
    await root[send](at, { client_id: plant(`as Client ID, ${send}`,
      { allowed: (entry) => entry.path.endsWith(at) }), client_secret: '' });
    await user[send](at, client(plant(`client secret of somebody else, ${send}`)));
    for (const kind of ['status', 'cut_body', 'html']) {
      await s.control('POST', 'faults', { kind, times: 'always', match: { path: '/oauth/token' } });
      await root[send](at, client(plant(`client secret, ${kind}, ${send}`)));
      await noFaults(s);
    }
    assert.ok([200, 303].includes((await root[send](at, client(secret))).status));
    assert.ok([200, 303].includes((await root[send](at, client('', { scopes: 'read:jira-user' }))).status));
    assert.ok([200, 303].includes((await root[send](`${at}/test`)).status));
  }
  const own = await addConnection(root, app, { type: 'jira_oauth2', name: 'By OAuth2' });
  const below = `/apps/${app}/connections/${own}/oauth-client`;
  assert.equal((await root.post(below, client(secret))).status, 200);
  await root.form(below, client(plant('wrong secret of a connection')));
  for (const page of ['/settings', `/apps/${app}/connections/${own}/edit`]) {
    await root.get(page);
    await root.page(page);
  }
  await root.delete(below);
  await root.delete(at);
});

test('OAuth: codes, verifiers, states and tokens; connected, used, refreshed, refused, declined', async () => {
  const client = { client_id: OAUTH_CLIENT, client_secret: OAUTH_SECRET };
  assert.equal((await root.post('/settings/oauth-client', client)).status, 200);
  const oauth = await addConnection(root, app, { type: 'jira_oauth2', name: 'Tokens' });
  const at = connectPath(app, oauth);
  const browser = await atAtlassian(s, BOB);
  const leave = async (send) => { // the answer that sends the browser away carries the state, no other
    const answer = await user[send](at, {});
    const url = send === 'post' ? answer.body.authorize_url : leadsTo(answer);
    const own = s.seen.at(-1);
    given(`state, ${send}`, new URL(url).searchParams.get('state'), (entry) => entry === own);
    return url;
  };
  for (const send of ['post', 'form']) {
    const back = callbackPath(await browser.accept(await leave(send), { site: 'acme' }));
    const answer = await (send === 'post' ? user.get(back) : user.page(back));
    assert.ok([200, 303].includes(answer.status), answer.text);
    await user.get(back); // a second time
    await s.client().page(back);
  }
  const works = () => run(user, app, oauth, { path: '/rest/api/3/myself' });
  assert.equal((await works()).body?.status, 200);
  sql(s, 'UPDATE oauth_grants SET access_expires = 1');
  assert.equal((await works()).body.status, 200);
  assert.equal((await user.post(`/apps/${app}/connections/${oauth}/test`)).body.works, true);
  for (const kind of ['status', 'cut_body', 'html']) {
    const back = callbackPath(await browser.accept(await leave('post'), { site: 'acme' }));
    await s.control('POST', 'faults', { kind, times: 'always', match: { path: '/oauth/token' } });
    await user.get(back);
    await noFaults(s);
  }
  await user.get(callbackPath(await browser.cancel(await leave('form'))));
  const nobodys = (name) => encodeURIComponent(plant(`${name} of nobody`));
  await user.get(`/oauth/callback?code=${nobodys('code')}&state=${nobodys('state')}`);
  await user.page(`/oauth/callback?code=x&state=${nobodys('state, on a page,')}`);
  await s.control('POST', 'revoke-grant', { email: BOB });
  sql(s, 'UPDATE oauth_grants SET access_expires = 1');
  await works();
  for (const page of [`/apps/${app}`, `/apps/${app}/connections/${oauth}`]) {
    await user.get(page);
    await user.page(page);
  }
  for (const kind of ['authorization code', 'PKCE verifier', 'OAuth access token', 'OAuth refresh token'])
    assert.ok(passed.get(kind) >= 2, `${kind}: ${passed.get(kind)}`);
  await root.delete('/settings/oauth-client', { confirm_lost: 9 });
});

test('emergency stops, whose lists name accounts: set, erased, lifted, as a file, by the command', async () => {
  const secret = await key('key that is stopped', BOB);
  sql(s, 'DELETE FROM throttles');
  assert.equal((await user.post(connectPath(app, id), fields(secret))).status, 200);
  await misplaced('key as the reason', (text) => root.form('/stops',
    { kind: 'user', user: 'nobody@example.com', reason: text }));
  const { path: at } = (await root.post('/stops', { kind: 'user', user: 'user@example.com' })).body;
  await user.page(`/apps/${app}`);
  for (const page of [at, '/stops', `/users/${user.me.id}`]) {
    await root.get(page);
    await root.page(page);
  }
  assert.match((await root.page(`${at}/csv`)).text, /API token/);
  const command = s.spawn(['stop', 'show', at.split('/').pop()]);
  await command.ended; // its output stays with the logs
  assert.match(command.out, /API token/);
  await root.form(`${at}/erase`, { confirm_lost: 9 });
  await root.form(`${at}/lift`);
});

test('signing secrets of webhooks, and the mail server\'s password', async () => {
  const once = (entry) => entry.status === 201 && entry.method === 'POST' && /\/(webhooks|secret)$/.test(entry.path);
  for (const [who, at] of [[root, `/apps/${app}/webhooks`], [root, '/settings/webhooks']]) {
    const url = 'https://hooks.example.com/mortise';
    const { body: { secret, webhook } } = await who.post(at, { url });
    const page = (await who.form(`${at}/${webhook.id}/secret`, {})).text;
    const renewed = page.match(/whsec_([A-Za-z0-9+/]{43}=)/)[1];
    for (const [name, text] of [['signing secret', secret.slice(6)], ['renewed signing secret', renewed]]) {
      given(`${name} ${at}`, text, once);
      given(`${name} ${at}, raw`, Buffer.from(text, 'base64').toString('latin1'), () => false);
    }
    await who.post(`${at}/${webhook.id}/test`);
    await who.patch(`${at}/${webhook.id}`, { url: 'https://hooks.example.com/other' });
    for (const path of [at, `${at}/${webhook.id}`]) {
      await who.get(path);
      await who.page(path);
    }
    await user.get(`${at}/${webhook.id}`);
  }
  await root.post('/settings/mail/test');
  await new Promise((done) => setTimeout(done, 3000)); // until both were tried
  await root.get('/settings');
  await root.page('/settings');
});

test('Mortise keys: shown once, then called with, rightly and wrongly, in both schemes', async () => {
  for (const [at, send] of [['/me/keys', 'post'], ['/me/keys', 'form'], [`/apps/${app}/keys`, 'post'],
    [`/apps/${app}/keys`, 'form']]) {
    const answer = await root[send](at, { name: 'Canary' });
    const made = s.seen.at(-1);
    const secret = answer.body?.secret ?? answer.text.match(/value="(mk_[\w-]{43})"/)[1];
    given(`Mortise key, ${at} ${send}`, secret, (entry) => entry === made);
    for (const [method, path, body] of [['GET', '/me'], ['GET', at],
      ['POST', `/apps/${app}/connections/${id}/request`, { method: 'GET', path: '/rest/api/3/myself' }],
      ['POST', `/apps/${app}/connections/nosuch/request`, { method: 'GET', path: '/rest/api/3/myself' }]])
      for (const authorization of [`Bearer ${secret}`, `Basic ${Buffer.from(`${BOB}:${secret}`).toString('base64')}`,
        `Bearer ${secret}x`, `bearer  ${secret}`, secret])
        await s.client().json(method, path, body, { authorization });
    await root.get(at);
    await root.page(at);
  }
  const row = (await root.get('/me/keys')).body.keys[0];
  await root.delete(`/me/keys/${row.id}`);
});

function* spellings({ secret, username }) {
  yield secret;
  const bytes = [Buffer.from(secret), Buffer.from(`${username}:${secret}`)];
  for (const b of bytes) yield* [b.toString('base64'), b.toString('base64url'), b.toString('hex')];
  yield* [encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), secret.replaceAll('=', '&#61;')];
}

const foundIn = (text, each) => [...spellings(each)].some((spelling) => text.includes(spelling));

function stored() {
  const files = fs.readdirSync(s.folder).filter((f) => f.startsWith('mortise.db'));
  assert.ok(files.includes('mortise.db') && files.includes('mortise.db-wal'), files.join());
  return files.map((f) => [f, fs.readFileSync(path.join(s.folder, f)).toString('latin1')]);
}

test('none of them is in the database, its WAL, the log, an answer, a header or a page', () => {
  assert.ok(planted.length > 100);
  const files = stored();
  assert.ok(files.some(([, text]) => text.includes(WITNESS)), 'the search would find something stored');
  assert.ok(s.seen.some((entry) => entry.text.includes(WITNESS)), 'and something answered');
  assert.match(s.log, /event=request .*route=\/session/, 'and something logged');
  const log = s.log.replace(/Open this link once[^]*?\/links\/[\w-]{43}/g, '');
  const leaks = [];
  for (const each of planted) {
    for (const [file, text] of files) if (foundIn(text, each)) leaks.push(`${each.name}: in ${file}`);
    if (foundIn(log, each)) leaks.push(`${each.name}: in the log`);
    for (const entry of s.seen) {
      const inBody = foundIn(entry.text, each);
      if ((!inBody && !foundIn(entry.headers.join('\n'), each)) || each.allowed(entry)) continue;
      const answer = `${entry.status} ${entry.method} ${entry.path.slice(0, 60)}`;
      leaks.push(`${each.name}: ${inBody ? 'body' : 'headers'} of ${answer}`);
    }
  }
  assert.deepEqual(leaks, []);
});

endsWell(() => s);
