// A consent whose code was exchanged, and whatever became of it: what else stands on the same Atlassian
// account and client stays alive, whether Atlassian treats consents as families of tokens of their own or
// as one family, of which an exchange uses up every token on file. On both databases, and both kinds, in the
// long form; else on SQLite, and of the second kind.
//
// Access tokens live an hour, so whatever was used up is first missed long after Atlassian's leeway of ten
// minutes. Four minutes after a consent nothing waits to be renewed any more: that is what `settle` proves.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';

import { callbackPath } from '../lib/atlassian.mjs';
import { makeClock, millisecondsOf } from '../lib/clock.mjs';
import { connectAs, makePeople, pass, problemOf } from '../lib/many.mjs';
import { addConnection, assertProblem, connectPath, grant, makeApp, rowOf, run, sleep, until } from '../lib/scene.mjs';
import { newPostgres, OAUTH_CLIENT, sql, startStack } from '../lib/stack.mjs';
import { LONG } from '../lib/tally.mjs';

const ENV = { MORTISE_LOG: 'error', MORTISE_KEEPER_PERIOD: '1' };

let s;
let clock;
let root;
let other; // another user of Mortise
let people;
let email;
let own; // connected, and used by nobody while a consent for the same account goes its way in another app
let app;

const counts = () => s.control('GET', 'refreshes');
const waiting = () => sql(s, 'SELECT grant_id, due FROM grant_renewals UNION ALL SELECT id, due FROM consents');

// PostgreSQL has a clock of its own, which nobody here moves: its times come nearer instead.
async function go(span) {
  await pass(s, clock, span);
  for (const table of s.options.database ? ['grant_renewals', 'consents'] : [])
    sql(s, `UPDATE ${table} SET due = due - ${millisecondsOf(span)}`);
}

async function settle() {
  await go({ minutes: 4 });
  await until(() => waiting().length === 0, 'an end of what was to be renewed');
}

async function stayAlive(...all) {
  for (const span of [{ minutes: 7 }, { minutes: 61 }, { days: 20 }, { minutes: 61 }]) {
    await go(span);
    for (const each of all) assert.equal(await problemOf(each.client ?? root, each), null, JSON.stringify(span));
  }
  assert.equal((await counts()).refused, 0);
}

// A connection that was kept open to the server before breaks once.
async function start(env) {
  await s.start(env);
  for (const client of [root, other]) await client.get('/apps').catch(() => null);
}

// Goes to Atlassian and back -> the answer of the callback.
async function consent(connection, more) {
  return (connection.client ?? root).get(await wayBack(connection, more));
}

async function wayBack({ id, app: at = app, client = root }, { as = email, site } = {}) {
  const asked = await client.post(connectPath(at, id));
  assert.equal(asked.status, 200, asked.text);
  const { locations } = await s.control('POST', 'consents', { consents: [{ email: as, url: asked.body.authorize_url, site }] });
  return callbackPath(locations[0]);
}

const add = (more) => addConnection(root, app, { type: 'jira_oauth2', ...more });
const globexToo = () => s.control('POST', 'membership', { site: 'globex', email, role: 'member' });

async function prepare() {
  for (const table of ['throttles', 'refresh_journal', 'grant_renewals', 'consents', 'credentials', 'oauth_grants']) sql(s, `DELETE FROM ${table}`);
  await s.control('DELETE', 'faults');
  await s.control('POST', 'oauth', { omit_refresh_token: 0 });
  await s.control('POST', 'apps', { client_id: OAUTH_CLIENT, grant: 'account' });
  email = people.pop();
  own = { app: await makeApp(root), email };
  own.id = await addConnection(root, own.app, { type: 'jira_oauth2' });
  app = await makeApp(root);
  await connectAs(s, root, own);
  sql(s, 'DELETE FROM consents');
  await s.control('DELETE', 'refreshes');
}

// --- what becomes of the consent of whoever is `client`; each returns what is connected beside `own`

const BECOMES = {
  'is left where a site has to be chosen': async (client) => {
    await globexToo();
    assertProblem(await consent({ id: await add(), client }, { site: 'globex' }), 409, 'choose_site');
  },
  'is left where a site has to be chosen, and none of them tells whose it is': async (client) => {
    await globexToo();
    await s.control('POST', 'faults', { kind: 'status', status: 503, times: 3, match: { path: '/rest/api/3/myself' } });
    assertProblem(await consent({ id: await add(), client }, { site: 'globex' }), 409, 'choose_site');
  },
  'is left where another account was found': async (client) => {
    const id = await add();
    const before = { app, id, email: people.pop(), client };
    await connectAs(s, client, before);
    assertProblem(await consent({ id, client }), 409, 'identity_changed');
    return before;
  },
  'is for another site than the fixed one': async (client) => {
    await globexToo();
    const id = await add({ base_url: s.site('globex'), base_url_fixed: true });
    await s.control('POST', 'membership', { site: 'globex', email, role: null });
    assertProblem(await consent({ id, client }), 409, 'no_site');
  },
  'brings no refresh token': async (client) => {
    await s.control('POST', 'oauth', { omit_refresh_token: 1 });
    assertProblem(await consent({ id: await add(), client }), 403, 'scope_missing');
  },
  'fails where its sites are asked for': async (client) => {
    await s.control('POST', 'faults', { kind: 'status', status: 503, times: 3, match: { path: '/oauth/token/accessible-resources' } });
    const answer = await consent({ id: await add(), client });
    assert.ok(answer.status >= 500, answer.text);
  },
  'is lost with the server, killed before it could save anything': async (client) => {
    const id = await add();
    await s.server.stop();
    await start({ MORTISE_FAULT_POINT: 'exchanged' });
    const back = await wayBack({ id, client });
    await assert.rejects(client.get(back));
    await until(() => s.server.code === 'SIGKILL', 'its end');
    await start();
  },
};

for (const kind of LONG ? ['SQLite', 'PostgreSQL'] : ['SQLite']) {
  const database = kind === 'SQLite' ? undefined : newPostgres();
  describe(kind, { skip: database === null && 'MORTISE_TEST_POSTGRES is not set (tools/with-postgres.sh sets it)' }, () => {
    before(async () => {
      clock = makeClock();
      s = await startStack(null, { oauth: true, binary: clock.binary, mayDie: true, database, env: { ...clock.env(), ...ENV } });
      await clock.attach(s);
      root = await s.setup();
      other = await s.user(root, 'other@mortise.example');
      people = await makePeople(s, 80);
    });
    after(() => s.close());

    for (const families of database || !LONG ? ['one'] : ['separate', 'one'])
      describe(`consents are ${families === 'one' ? 'one family of tokens' : 'families of their own'}`, () => {
        beforeEach(async () => {
          await prepare();
          await s.control('POST', 'oauth', { families });
        });
        theTests();
      });
  });
}

function theTests() {
  for (const [becomes, happen] of Object.entries(BECOMES))
    test(`somebody else's consent ${becomes}: what stood on the account goes on`, async () => {
      await grant(root, app, other);
      const beside = await happen(other);
      await s.control('DELETE', 'faults');
      assert.equal(await problemOf(root, own), null);
      await settle();
      await stayAlive(own, ...(beside ? [beside] : []));
    });

  test('the server is away for a while after that: it goes on in time', async () => {
    await BECOMES['is lost with the server, killed before it could save anything'](root);
    await s.server.stop();
    await go({ minutes: 8 });
    await start();
    await until(() => waiting().length === 0, 'an end of what was to be renewed');
    await stayAlive(own);
  });

  test('it is away for too long: what cannot be helped says why', async () => {
    await BECOMES['is left where a site has to be chosen'](root);
    await s.server.stop();
    await go({ minutes: 61 });
    await start();
    const answer = await run(root, own.app, own.id, { path: '/rest/api/3/myself' });
    const { families } = await s.control('GET', 'families');
    const mine = families.filter((each) => each.email === email);
    if (mine.some((each) => each.why === 'reused'))
      assertProblem(answer, 409, 'needs_reconnect', /Somebody went through a Connect at Atlassian on \d{4}-/);
    else assert.equal(answer.status, 200, answer.text);
    await until(() => waiting().length === 0, 'an end of what was to be renewed');
  });

  test('saved in time, after a question: all of it lives, the answer\'s tokens too', async () => {
    await globexToo();
    const id = await add();
    const question = assertProblem(await consent({ id }, { site: 'globex' }), 409, 'choose_site');
    const second = await add({ shared: true }); // and meanwhile another consent, whose question is left
    assertProblem(await consent({ id: second }, { site: 'globex' }), 409, 'choose_site');
    await go({ minutes: 6 });
    const chosen = await root.post(connectPath(app, id), { confirm: question.confirm, site: question.sites[0].id });
    assert.equal(chosen.status, 200, chosen.text);
    await until(() => waiting().length === 0, 'an end of what was to be renewed');
    await stayAlive(own, { app, id, email });
  });

  test('saved in time, after the question about another account: the same', async () => {
    const id = await add();
    await connectAs(s, root, { app, id, email: people.pop() });
    const question = assertProblem(await consent({ id }), 409, 'identity_changed');
    await globexToo();
    assertProblem(await consent({ id: await add({ shared: true }) }, { site: 'globex' }), 409, 'choose_site');
    await settle();
    await go({ minutes: 2 });
    const answer = await root.post(connectPath(app, id), { confirm: question.confirm });
    assert.equal(answer.status, 200, answer.text);
    await until(() => waiting().length === 0, 'an end of what was to be renewed');
    await stayAlive(own, { app, id, email });
  });

  test('tokens wait for an answer no longer than they can be renewed', async () => {
    await globexToo();
    const id = await add();
    const question = assertProblem(await consent({ id }, { site: 'globex' }), 409, 'choose_site');
    await settle();
    await go({ minutes: 3, seconds: 30 });
    assertProblem(await root.post(connectPath(app, id), { confirm: question.confirm, site: question.sites[0].id }), 410, 'confirm_expired');
    await stayAlive(own);
  });

  test('a refresh was under way: what it brings is renewed as well', async () => {
    await globexToo();
    const id = await add();
    await go({ minutes: 61 });
    await s.control('POST', 'faults', { kind: 'delay', ms: 2000, after: true, match: { path: '/oauth/token', body: 'refresh_token' } });
    const using = problemOf(root, own);
    await until(async () => (await counts()).accepted > 0, 'the token call');
    assertProblem(await consent({ id }, { site: 'globex' }), 409, 'choose_site');
    assert.equal(await using, null);
    assert.equal(waiting().length, 1, 'that refresh was begun before');
    await settle();
    await stayAlive(own);
  });

  test('one consent behind the other, none of them saved: none puts the renewal off', async () => {
    await globexToo();
    const id = await add();
    for (let i = 0; i < 5; i += 1) {
      assertProblem(await consent({ id }, { site: 'globex' }), 409, 'choose_site');
      await go({ minutes: 2, seconds: 30 });
      await sleep(1500); // the keeper looks
    }
    await settle();
    await stayAlive(own);
  });

  test('nobody knows whose it was: all grants of its client are renewed, once, and no others', async () => {
    const elsewhere = { app, email: people.pop(), id: await add() };
    await connectAs(s, root, elsewhere);
    sql(s, `UPDATE oauth_grants SET client_id = 'another' WHERE id =
      (SELECT grant_id FROM credentials WHERE connection_id = '${elsewhere.id}')`);
    const third = { app: await makeApp(root), email: people.pop() };
    third.id = await addConnection(root, third.app, { type: 'jira_oauth2' });
    await connectAs(s, root, third);
    await s.control('DELETE', 'refreshes');
    for (let i = 0; i < 3; i += 1) await BECOMES['fails where its sites are asked for'](root);
    await s.control('DELETE', 'faults');
    await settle();
    assert.equal((await counts()).accepted, 2);
    await stayAlive(own, third);
  });

  test('two consents at once, the first saved last, the second left: the grant that it made is renewed', async () => {
    const mine = { app, email: people.pop(), id: await add({ base_url: s.site('acme'), base_url_fixed: true }) };
    await s.control('POST', 'membership', { site: 'globex', email: mine.email, role: 'member' });
    const first = await wayBack({ id: mine.id }, { as: mine.email, site: 'globex' });
    const second = await wayBack({ id: await add({ shared: true }) }, { as: mine.email, site: 'acme' });
    await s.control('POST', 'faults', { kind: 'delay', ms: 2000, times: 1, match: { path: '/rest/api/3/myself' } });
    const saving = root.get(first);
    await sleep(700);
    assertProblem(await root.get(second), 409, 'choose_site');
    assert.equal((await saving).status, 200);
    await settle();
    await stayAlive(mine);
  });

  test('the same person goes on asking at Atlassian without telling whose consents these are: not for long', async () => {
    const id = await add();
    for (let i = 0; i < 10; i += 1) await BECOMES['fails where its sites are asked for'](root);
    await s.control('DELETE', 'faults');
    assertProblem(await consent({ id }), 429, 'too_many_attempts');
    sql(s, 'DELETE FROM throttles');
    for (let i = 0; i < 11; i += 1) assert.equal((await consent({ id })).status, 200, 'known ones are not counted');
  });

  test('a code that is refused: nothing is renewed', async () => {
    const asked = await root.post(connectPath(app, await add()));
    const state = new URL(asked.body.authorize_url).searchParams.get('state');
    const answer = await root.get(`/oauth/callback?code=nobodys&state=${state}`);
    assertProblem(answer, 409, 'code_refused');
    assert.deepEqual(waiting(), []);
  });

  test('grants of other accounts are left alone when the consent is known', async () => {
    const id = await add();
    await connectAs(s, root, { app, id, email: people.pop() });
    await settle();
    assert.equal((await counts()).accepted, 0);
  });

  test('a resource-level app, two sites, two people: both grants live', async () => {
    await s.control('POST', 'apps', { client_id: OAUTH_CLIENT, grant: 'resource' });
    await globexToo();
    const mine = await makeApp(root);
    const here = { app: mine, email, id: await addConnection(root, mine, { type: 'jira_oauth2' }) };
    const first = await consent(here, { site: 'acme' });
    assert.equal(first.status, 200, first.text);
    await grant(root, app, other);
    const there = { app, id: await add(), email, client: other };
    const second = await consent(there, { site: 'globex' });
    assert.equal(second.status, 200, second.text);
    const sites = [await rowOf(root, mine, here.id), await rowOf(other, app, there.id)].map((row) => row.site);
    assert.deepEqual(sites, ['acme', 'globex']);
    await settle();
    await stayAlive(here, there);
  });

  test('deleted or stopped meanwhile: nothing is renewed, nothing comes back', async () => {
    await BECOMES['is left where a site has to be chosen'](root);
    const stop = await root.post(`/apps/${own.app}/stops`, { reason: 'a test' });
    assert.ok([200, 201].includes(stop.status), stop.text);
    await go({ minutes: 4 });
    await sleep(2500);
    assert.deepEqual([(await counts()).accepted, waiting().length], [0, 1]);
    const gone = await root.delete(`/apps/${own.app}/connections/${own.id}/credential`);
    assert.equal(gone.status, 200, gone.text);
    assert.deepEqual(waiting(), []);
    await sleep(1500);
    assert.deepEqual([(await counts()).accepted, sql(s, 'SELECT count(*) FROM oauth_grants')[0][0]].map(Number), [0, 0]);
  });

  test('idle grants may lapse: it is renewed all the same', async () => {
    await s.server.stop();
    await start({ MORTISE_IDLE_DAYS: '3' });
    try {
      await go({ days: 10 });
      await BECOMES['is left where a site has to be chosen'](root);
      await settle();
      await stayAlive(own);
    } finally {
      await s.server.stop();
      await start();
    }
  });
}
