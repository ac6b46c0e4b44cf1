// The people of the year: Mortise users with their accounts at the simulated Atlassian, what they do
// when they are awake, what happens to them, and what Atlassian would say to each of their connections.
//
// A connection is {kind: 'oauth' | 'key', app, id, label, deadline}; `label` names the API token it has.

import http from 'node:http';

import { callbackPath } from '../../lib/atlassian.mjs';
import { inParallel } from '../../lib/many.mjs';
import { addConnection, connectPath, grant, makeApp, rowOf, run } from '../../lib/scene.mjs';
import { OAUTH_CLIENT, sql } from '../../lib/stack.mjs';

const DAY = 86400_000;
const AT_ONCE = 8;
const HASHES_AT_ONCE = 2; // Mortise computes no more passwords at a time

// The same year every time (a linear congruential generator, Numerical Recipes' numbers).
export function makeChance(seed) {
  let state = seed;
  const chance = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  chance.below = (n) => Math.floor(chance() * n);
  chance.pick = (list) => list[chance.below(list.length)];
  return chance;
}

export class World {
  constructor(stack, clock, chance) {
    Object.assign(this, { stack, clock, chance, users: [], labels: 0, said: [] });
  }

  // Apps that everybody may run; two with OAuth, so that one grant serves two connections.
  async build(root, count) {
    this.root = root;
    this.apps = await Promise.all(['jira_oauth2', 'jira_oauth2', 'jira_api'].map(async (type) => {
      const app = await makeApp(root);
      await grant(root, app, 'everyone');
      return { app, id: await addConnection(root, app, { type }), type };
    }));
    for (const [site, prefix, n] of [['acme', 'ada', Math.ceil(count * 0.7)],
      ['globex', 'gus', count - Math.ceil(count * 0.7)]]) {
      const { people } = await this.stack.control('POST', 'people', { count: n, prefix, site });
      for (const { email } of people) this.users.push({ email, site });
    }
    await inParallel(this.users, HASHES_AT_ONCE, async (user, i) => {
      user.client = await this.stack.user(this.root, `user${i}@mortise.example`);
      // Thousands of idle connections would be closed by the server just when they are used again.
      user.client.agent = new http.Agent({ keepAlive: false });
    });
    await inParallel(this.users, AT_ONCE, (user, i) => this.settle(user, i));
    sql(this.stack, 'DELETE FROM throttles');
  }

  async settle(user, i) {
    user.chance = makeChance(i); // their own, whoever comes first
    user.rhythm = user.chance.pick([2, 5, 12, 40, 130]); // days between two times awake, about
    user.next = user.chance.below(user.rhythm);
    const [first, second, third] = this.apps;
    const wanted = user.chance.pick([[first], [first], [first, second], [third], [second, third]]);
    user.connections = wanted.map(({ app, id, type }) =>
      ({ app, id, kind: type === 'jira_api' ? 'key' : 'oauth' }));
    for (const connection of user.connections) {
      const problem = await this.connect(user, connection);
      if (problem) throw new Error(`${user.email}: ${problem}`);
    }
  }

  // null, or what was said instead.
  async connect(user, connection) {
    const answer = await (connection.kind === 'key' ? this.enterKey(user, connection)
      : this.consent(user, connection)).catch((error) => ({ code: 'no_answer', text: error.message }));
    return answer.status === 200 ? null : `${answer.status} ${answer.code} ${answer.text.slice(0, 300)}`;
  }

  async consent(user, { app, id }) {
    const asked = await user.client.post(connectPath(app, id));
    if (asked.status !== 200) return asked;
    const consents = [{ email: user.email, url: asked.body.authorize_url }];
    const { locations } = await this.stack.control('POST', 'consents', { consents });
    return user.client.get(callbackPath(locations[0]));
  }

  async enterKey(user, connection) {
    const days = user.chance.pick([20, 90, 365]);
    const label = `key ${this.labels += 1}`;
    const { token, expires } = await this.stack.control('POST', 'tokens', { email: user.email, label, days });
    const names = await this.siteNames();
    const answer = await user.client.post(connectPath(connection.app, connection.id), {
      base_url: this.stack.site(names[user.site]), username: user.email, api_key: token,
      expires: expires.slice(0, 10) });
    if (answer.status === 200) Object.assign(connection, { label, entered: names[user.site] });
    return answer;
  }

  async siteNames() {
    const { sites } = await this.stack.control('GET', 'state');
    return Object.fromEntries(sites.map(({ id, url }) => [id, new URL(url).hostname.split('.')[0]]));
  }

  // --- what is asked

  // {ok} or {code, detail}
  async use(user, { app, id }) {
    const answer = await run(user.client, app, id, { path: '/rest/api/3/myself' })
      .catch((error) => ({ code: 'no_answer', text: error.message }));
    const ok = answer.status === 200 && answer.body.body?.emailAddress === user.email;
    return { ok, code: answer.code, detail: answer.body?.detail ?? answer.text.slice(0, 200) };
  }

  stateOf = (user, { app, id }) => rowOf(user.client, app, id);

  // What Atlassian would say to every consent and API token: look(user, connection) -> null (it would
  // be honoured), or why not.
  async atAtlassian() {
    const [{ families }, { tokens, accounts }, names] = await Promise.all([
      this.stack.control('GET', 'families'), this.stack.control('GET', 'state'), this.siteNames()]);
    const active = new Map(accounts.map((each) => [each.email, each.active]));
    const good = new Map(tokens.map((each) => [each.label, each.expires]));
    const newest = new Map();
    for (const each of families.filter((one) => one.client_id === OAUTH_CLIENT))
      if (!newest.has(each.email) || newest.get(each.email).began <= each.began) newest.set(each.email, each);
    return (user, connection) => {
      if (!active.get(user.email)) return 'account';
      if (connection.kind === 'oauth') return newest.get(user.email).why;
      if (!good.has(connection.label)) return 'revoked';
      if (good.get(connection.label) <= this.clock.now()) return 'expired';
      return connection.entered === names[user.site] ? null : 'renamed';
    };
  }

  // What was begun and not finished, of refreshes.
  open = () => sql(this.stack, 'SELECT grant_id FROM refresh_journal WHERE began IS NOT NULL');

  // People keep their sessions however long they sleep: this is about connections.
  keepSessions() {
    const now = this.clock.now();
    sql(this.stack, `UPDATE sessions SET created = ${now}, last_seen = ${now}, expires = ${now + 14 * DAY}`);
    sql(this.stack, 'DELETE FROM throttles');
  }
}
