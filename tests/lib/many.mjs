// Many grants at once, without pages: people of the simulated Atlassian, each with a connection of
// one Mortise user, made in seconds; and what is asked of all of them.

import assert from 'node:assert/strict';

import { callbackPath } from './atlassian.mjs';
import { Client } from './client.mjs';
import { addConnection, connectPath, makeApp, run } from './scene.mjs';
import { sql } from './stack.mjs';

// Runs `work(item, index)` for all, so many at a time -> what they gave, in order.
export async function inParallel(items, atOnce, work) {
  const results = [];
  let next = 0;
  await Promise.all(Array.from({ length: atOnce }, async () => {
    while (next < items.length) {
      const at = next;
      next += 1;
      results[at] = await work(items[at], at);
    }
  }));
  return results;
}

export async function makePeople(stack, count, more = {}) {
  const { people } = await stack.control('POST', 'people', { count, ...more });
  return people.map((each) => each.email);
}

const AN_APP = 100; // connections, at most

// One connection for each of these accounts, in as few apps as may be, connected by OAuth
// -> [{app, id, email}]. One person may not connect so often: the count is forgotten in between.
export async function connectMany(stack, client, emails, connect = connectAs) {
  const all = [];
  const atOnce = stack.options.database ? 1 : 8; // PostgreSQL serializes what adds to one app
  let app;
  for (let at = 0; at < emails.length; at += 20) {
    if (at % AN_APP === 0) app = await makeApp(client);
    sql(stack, 'DELETE FROM throttles');
    all.push(...await inParallel(emails.slice(at, at + 20), atOnce, async (email) => {
      const id = await addConnection(client, app, { type: 'jira_oauth2', name: email });
      await connect(stack, client, { app, id, email });
      return { app, id, email };
    }));
  }
  return all;
}

export async function connectAs(stack, client, { app, id, email }) {
  const asked = await client.post(connectPath(app, id));
  assert.equal(asked.status, 200, asked.text);
  const consent = { email, url: asked.body.authorize_url };
  const { locations } = await stack.control('POST', 'consents', { consents: [consent] });
  const done = await client.get(callbackPath(locations[0]));
  assert.equal(done.status, 200, done.text);
}

// Everybody is signed in by the servers' clock, wherever it was moved to.
export function staySignedIn(stack, clock) {
  sql(stack, `UPDATE sessions SET last_seen = ${Math.round(clock.now())},
    expires = ${Math.round(clock.now() + 30 * 86400_000)}`);
}

// Moves all clocks, and everybody stays signed in however long that is.
export async function pass(stack, clock, span) {
  await clock.advance(span);
  staySignedIn(stack, clock);
}

// The same session at another server of the same database.
export function clientAt(url, client) {
  const other = new Client(url, { timeout: client.timeout });
  other.cookies = client.cookies;
  other.csrf = client.csrf;
  return other;
}

// Uses the connections without pause until what it gives is called; that waits for the last answers.
export function useAll(client, all) {
  let going = true;
  const ended = Promise.all(all.map(async (each) => {
    while (going) if (await problemOf(client, each)) await new Promise((resolve) => setTimeout(resolve, 3));
  }));
  return async () => {
    going = false;
    await ended;
  };
}

// Every connection at every server, by three callers each, so many callers at once; each server begins
// somewhere else -> what is wrong.
export async function askEverywhere(clients, all, atOnce) {
  const wrong = await Promise.all(clients.map((client, i) => {
    const from = Math.floor(all.length / clients.length) * i;
    const order = [...all.slice(from), ...all.slice(0, from)].flatMap((each) => [each, each, each]);
    return inParallel(order, atOnce, (each) => problemOf(client, each));
  }));
  return wrong.flat().filter(Boolean);
}

// null when Jira answers as that account, else what is wrong.
export async function problemOf(client, { app, id, email }) {
  const answer = await run(client, app, id, { path: '/rest/api/3/myself' }).catch((error) => error);
  if (answer instanceof Error) return `${email}: ${answer.message}`;
  const who = answer.body?.body?.emailAddress;
  return answer.status === 200 && who === email ? null
    : `${email}: ${answer.status} ${answer.code ?? ''} ${who ?? answer.text.slice(0, 300)}`;
}

// What is wrong with any of them; empty when all work.
export async function problemsNow(client, connections, atOnce = 16) {
  const found = await inParallel(connections, atOnce, (each) => problemOf(client, each));
  return found.filter(Boolean);
}

// Asks again until all work or the time is over -> what is still wrong.
export async function problemsAfter(client, connections, ms = 20000) {
  let left = connections;
  for (const limit = Date.now() + ms; ;) {
    const found = await inParallel(left, 16, (each) => problemOf(client, each));
    left = left.filter((each, i) => found[i]);
    if (left.length === 0 || Date.now() > limit) return found.filter(Boolean);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
