// One grant, several credentials: the same Atlassian account connected in two apps, own here and shared
// there, by account-level and by resource-level OAuth apps, whether Atlassian treats the consents as one
// family of tokens or as two. And what ends or replaces a credential while its grant is being refreshed
// wins: nothing revives a secret that was wiped.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';

import { callbackPath } from '../lib/atlassian.mjs';
import { makeClock } from '../lib/clock.mjs';
import { connectAs, makePeople, pass, problemOf } from '../lib/many.mjs';
import { addConnection, assertProblem, BOB, connectPath, makeApp, rowOf, run, until } from '../lib/scene.mjs';
import { OAUTH_CLIENT, OAUTH_SECRET, sql } from '../lib/stack.mjs';
import { LONG } from '../lib/tally.mjs';
import { startVariant, testAtSimulator } from '../lib/variant.mjs';

const EXPIRIES = LONG ? 4 : 2; // of each kind

let s;
let clock;
let root;
let people;
let email;
let own; // a connection with own credentials, and one with shared ones in another app
let shared;

before(async () => {
  clock = makeClock();
  s = await startVariant(null, { oauth: true, binary: clock.binary,
    env: { ...clock.env(), MORTISE_LOG: 'error', MORTISE_KEEPER_PERIOD: '1' } });
  await clock.attach(s);
  root = await s.setup();
  people = await makePeople(s, 40);
});
after(() => s.close());

async function add(more) {
  const app = await makeApp(root);
  return { app, id: await addConnection(root, app, { type: 'jira_oauth2', ...more }), email };
}

beforeEach(async () => {
  for (const table of ['throttles', 'refresh_journal', 'grant_renewals', 'consents', 'credentials', 'oauth_grants', 'oauth_clients']) sql(s, `DELETE FROM ${table}`);
  await s.control('DELETE', 'faults');
  await s.control('DELETE', 'refreshes');
  await s.control('POST', 'oauth', { families: 'separate', omit_refresh_token: 0 });
  email = people.pop();
  own = await add({});
  shared = await add({ shared: true });
});

const counts = async () => s.control('GET', 'refreshes');
const disconnect = ({ app, id }) => root.delete(`/apps/${app}/connections/${id}/credential`);
const grantsOf = (...ids) => sql(s, `SELECT DISTINCT grant_id FROM credentials
  WHERE connection_id IN (${ids.map((each) => `'${each.id}'`)}) AND grant_id IS NOT NULL`).flat();
const tokensOf = (connection) => sql(s, `SELECT g.generation, g.sealed_access, g.sealed_refresh FROM oauth_grants g
  JOIN credentials c ON c.grant_id = g.id WHERE c.connection_id = '${connection.id}'`)[0];

// What a consent may have used up is renewed some minutes after it (tests/faults/consent.test.mjs).
async function settle() {
  await pass(s, clock, { minutes: 4 });
  await until(() => sql(s, 'SELECT grant_id FROM grant_renewals UNION ALL SELECT id FROM consents').length === 0, 'an end of what was to be renewed');
}

// Over several expiries, long ones too; each of them uses the grant first once.
async function stayAlive(...connections) {
  for (let i = 0; i < EXPIRIES; i += 1)
    for (const span of [{ minutes: 61 }, { days: 20 }]) {
      await pass(s, clock, span);
      connections.push(connections.shift());
      for (const each of connections) assert.equal(await problemOf(root, each), null);
    }
  assert.equal((await counts()).refused, 0);
}

for (const families of ['separate', 'one'])
  describe(`consents are ${families === 'one' ? 'one family of tokens' : 'families of their own'}`, () => {
    beforeEach(() => s.control('POST', 'oauth', { families }));

    test('own here and shared there: both stay alive', async () => {
      await connectAs(s, root, own);
      await pass(s, clock, { days: 2 });
      await connectAs(s, root, shared);
      assert.equal(grantsOf(own, shared).length, 1);
      await stayAlive(own, shared);
      const { by_grant: byGrant } = await counts();
      for (const { by_generation: each } of Object.values(byGrant))
        assert.ok(Object.values(each).every((n) => n === 1), 'each token was used once');
    });

    test('disconnected in one place, it stays alive in the other', async () => {
      for (const each of [own, shared]) await connectAs(s, root, each);
      assert.equal((await disconnect(shared)).status, 200);
      await stayAlive(own);
      await connectAs(s, root, shared);
      assert.equal((await disconnect(own)).status, 200);
      await stayAlive(shared);
      await disconnect(shared);
      assert.deepEqual(grantsOf(own, shared), []);
    });

    test('connected again in one place, again and again: the other goes on', async () => {
      for (const each of [own, shared]) await connectAs(s, root, each);
      for (let i = 0; i < 3; i += 1) {
        await pass(s, clock, { minutes: 30 });
        await connectAs(s, root, i % 2 ? own : shared);
        for (const each of [own, shared]) assert.equal(await problemOf(root, each), null);
      }
      await stayAlive(own, shared);
    });

    test('a consent while the grant is being refreshed: the late answer is dropped', async () => {
      for (const each of [own, shared]) await connectAs(s, root, each);
      await pass(s, clock, { minutes: 61 });
      await slowly();
      const using = problemOf(root, own);
      await until(isAsked, 'the token call');
      await connectAs(s, root, shared);
      const consented = tokensOf(shared);
      assert.equal(await using, null);
      assert.deepEqual(tokensOf(own), consented, 'the consent\'s tokens are the ones on file');
      await stayAlive(own, shared);
    });

    for (const grant of ['account', 'resource'])
      testAtSimulator(`${grant}-level OAuth app, a later consent for another site: both stay alive`, async () => {
        await s.control('POST', 'apps', { client_id: OAUTH_CLIENT, grant });
        await s.control('POST', 'membership', { site: 'globex', email, role: 'member' });
        try {
          await connectTo(own, 'acme');
          await connectTo(shared, 'globex');
          assert.equal(grantsOf(own, shared).length, grant === 'resource' ? 2 : 1);
          const sites = await Promise.all([own, shared].map(async ({ app, id }) => (await rowOf(root, app, id)).site));
          assert.deepEqual(sites, ['acme', 'globex']);
          await settle();
          await stayAlive(own, shared);
        } finally {
          await s.control('POST', 'apps', { client_id: OAUTH_CLIENT, grant: 'account' });
        }
      });

    testAtSimulator('a consent without a refresh token saves nothing, and mixes no two accounts', async () => {
      await connectAs(s, root, own);
      const tokens = tokensOf(own);
      await s.control('POST', 'oauth', { omit_refresh_token: 1 });
      const asked = await root.post(connectPath(own.app, own.id));
      const { locations } = await s.control('POST', 'consents', { consents: [{ email: BOB, url: asked.body.authorize_url }] });
      assertProblem(await root.get(callbackPath(locations[0])), 403, 'scope_missing', /no refresh token/);
      assert.deepEqual(tokensOf(own), tokens);
      await settle();
      await stayAlive(own);
      const replaced = { ...own, email: BOB }; // and with one it is the other account's alone
      const again = await root.post(connectPath(own.app, own.id));
      const back = await s.control('POST', 'consents', { consents: [{ email: BOB, url: again.body.authorize_url }] });
      const question = assertProblem(await root.get(callbackPath(back.locations[0])), 409, 'identity_changed');
      const yes = await root.post(connectPath(own.app, own.id), { confirm: question.confirm });
      assert.equal(yes.status, 200, yes.text);
      await stayAlive(replaced);
    });
  });

// --- fewer scopes

async function consentOf(connection) {
  const asked = await root.post(connectPath(connection.app, connection.id));
  const { locations } = await s.control('POST', 'consents', { consents: [{ email, url: asked.body.authorize_url }] });
  return root.get(callbackPath(locations[0]));
}

testAtSimulator('a consent where fewer scopes are set up does not take them from where more are', async () => {
  const less = { client_id: OAUTH_CLIENT, client_secret: OAUTH_SECRET };
  const more = { ...less, scopes: 'read:jira-work write:jira-work read:jira-user manage:jira-project' };
  await s.control('POST', 'apps', { client_id: OAUTH_CLIENT, scopes: more.scopes.split(' ') });
  const saved = await root.post(`/apps/${shared.app}/connections/${shared.id}/oauth-client`, more);
  assert.equal(saved.status, 200, saved.text);
  await connectAs(s, root, shared);
  await connectAs(s, root, own); // the environment's client, of the same id, has three scopes
  const [[scopes]] = sql(s, `SELECT scopes FROM oauth_grants WHERE id = '${grantsOf(own, shared)[0]}'`);
  assert.ok(scopes.split(' ').includes('manage:jira-project'), scopes);
  await stayAlive(own, shared);
});

testAtSimulator('whoever sets up fewer scopes for the same client id is told whom that would cost, before', async () => {
  const answer = await root.post(`/apps/${own.app}/connections/${own.id}/oauth-client`,
    { client_id: OAUTH_CLIENT, client_secret: OAUTH_SECRET, scopes: 'read:jira-work' });
  assertProblem(answer, 422, 'invalid', /used elsewhere in Mortise with the scope .* would take it from everybody there/);
});

testAtSimulator('whoever leaves out scopes that were granted is told how many hold them, before; and who connects then, what it cost', async () => {
  const at = '/settings/oauth-client';
  const known = { client_id: OAUTH_CLIENT, client_secret: OAUTH_SECRET };
  const fewer = { ...known, scopes: 'read:jira-work read:jira-user' };
  const full = { ...known, scopes: `write:jira-work ${fewer.scopes}` };
  assert.equal((await root.post(at, full)).status, 200);
  try {
    await connectAs(s, root, own);
    await s.control('DELETE', 'log');
    const asked = assertProblem(await root.post(at, fewer), 409, 'confirm_required', /^1 credential may use write:jira-work/);
    assert.equal(asked.fewer, 1);
    assert.deepEqual((await s.control('GET', 'log')).requests, [], 'asked before Atlassian is');
    const page = await root.form(at, fewer);
    assert.match(page.text, /name="confirm_fewer" value="1"/);
    assert.equal((await root.post(at, full)).status, 200, 'as many cost nothing');
    assert.equal((await root.post(at, { ...fewer, confirm_fewer: 1 })).status, 200);
    const answer = await consentOf(shared);
    assert.match(answer.body.sentence, /^Connected to .* Other connections with this account may no longer use write:jira-work:/);
    assert.match((await consentOf(own)).body.sentence, /^Connected to [^.]*\.$/, 'said once');
  } finally {
    await root.delete(at, { confirm_lost: 9 });
  }
});

// --- one site, and another later

async function connectTo(connection, site) {
  const asked = await root.post(connectPath(connection.app, connection.id));
  const consents = [{ email, url: asked.body.authorize_url, site }];
  const { locations } = await s.control('POST', 'consents', { consents });
  let answer = await root.get(callbackPath(locations[0]));
  if (answer.code === 'choose_site') {
    const { confirm, sites } = answer.body;
    const chosen = sites.find((each) => each.name.toLowerCase().startsWith(site));
    answer = await root.post(connectPath(connection.app, connection.id), { confirm, site: chosen.id });
  }
  assert.equal(answer.status, 200, answer.text);
}

// --- what happens while a refresh is under way

const slowly = () => s.control('POST', 'faults', { kind: 'delay', ms: 700, after: true,
  match: { path: '/oauth/token', body: 'refresh_token' } });
const isAsked = async () => (await counts()).accepted > 0;

// The connection is used with an expired token; `meanwhile` happens while Atlassian is being asked.
async function duringRefresh(connection, meanwhile) {
  await pass(s, clock, { minutes: 61 });
  await slowly();
  const using = run(root, connection.app, connection.id, { path: '/rest/api/3/myself' });
  await until(isAsked, 'the token call');
  await meanwhile();
  return using;
}

const secretsOf = ({ id }) => sql(s, `SELECT count(*) FROM credentials WHERE connection_id = '${id}'
  AND (sealed IS NOT NULL OR grant_id IS NOT NULL)`)[0][0];
const allGrants = () => sql(s, 'SELECT count(*) FROM oauth_grants')[0][0];

test('disconnected while it is refreshed: nothing comes back', async () => {
  await connectAs(s, root, own);
  const grants = allGrants();
  const answer = await duringRefresh(own, async () => assert.equal((await disconnect(own)).status, 200));
  assert.notEqual(answer.status, 200, answer.text);
  assert.deepEqual([secretsOf(own), allGrants()], [0, grants - 1]);
  assertProblem(await run(root, own.app, own.id, { path: '/rest/api/3/myself' }), 409, 'connection_required');
});

test('switched to shared credentials while it is refreshed: the own one stays out of use', async () => {
  await connectAs(s, root, own);
  const answer = await duringRefresh(own, async () => {
    const done = await root.patch(`/apps/${own.app}/connections/${own.id}`, { shared: true, confirm_lost: 1 });
    assert.equal(done.status, 200, done.text);
  });
  assert.notEqual(answer.status, 200, answer.text);
  assert.equal(secretsOf(own), 0);
});

test('connection and app deleted while it is refreshed: grant and journal are gone', async () => {
  for (const [connection, path] of [[own, `/apps/${own.app}/connections/${own.id}`], [shared, `/apps/${shared.app}`]]) {
    await connectAs(s, root, connection);
    await s.control('DELETE', 'refreshes');
    const answer = await duringRefresh(connection, async () => {
      const { body } = await root.get(`/apps/${connection.app}`);
      const confirm = connection === own ? body.connections[0].name : body.app.name;
      const gone = await root.delete(path, { confirm });
      assert.ok([200, 204].includes(gone.status), gone.text);
    });
    assert.notEqual(answer.status, 200, answer.text);
    assert.deepEqual(grantsOf(connection), []);
    assert.deepEqual(sql(s, 'SELECT j.grant_id FROM refresh_journal j LEFT JOIN oauth_grants g ON g.id = j.grant_id WHERE g.id IS NULL'), []);
  }
});

test('connected as somebody else while it is refreshed: the new account it is', async () => {
  await connectAs(s, root, own);
  const other = people.pop();
  await duringRefresh(own, async () => {
    await disconnect(own);
    const asked = await root.post(connectPath(own.app, own.id));
    const { locations } = await s.control('POST', 'consents', { consents: [{ email: other, url: asked.body.authorize_url }] });
    const answer = await root.get(callbackPath(locations[0]));
    const { confirm } = answer.status === 409 ? answer.body : {};
    if (confirm) assert.equal((await root.post(connectPath(own.app, own.id), { confirm })).status, 200);
    else assert.equal(answer.status, 200, answer.text);
  });
  await stayAlive({ ...own, email: other });
});
