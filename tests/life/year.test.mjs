// A year of many people's connections, day by day with both clocks moved: sleeping and waking, outages of
// the token endpoint and of the server, client secrets rotated, a site renamed, consents revoked, API
// tokens expiring. Whenever somebody is told to reconnect, Atlassian itself is asked whether that is
// true; at the end every connection that it would still honour works, and every dead one says why.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { makeClock } from '../lib/clock.mjs';
import { inParallel } from '../lib/many.mjs';
import { sleep, until } from '../lib/scene.mjs';
import { endsWell, OAUTH_CLIENT, OAUTH_SECRET, startStack } from '../lib/stack.mjs';
import { LONG, tally } from '../lib/tally.mjs';
import { EVENTS } from './lib/events.mjs';
import { makeChance, World } from './lib/world.mjs';

const USERS = LONG ? 2000 : 60;
const DAYS = 365;
const AT_ONCE = 12;
const RECONNECTS = 0.6; // of those who are told to
const SEED = Number(process.env.MORTISE_SEED ?? 20261124);

// What a dead connection must say, by what really happened at Atlassian.
const SENTENCES = {
  oauth: /Atlassian no longer accepts this authorisation: it was revoked, .*expired, or the password/,
  interrupted: /was interrupted on/,
  aged: /it was given on .*, a year ago or more, and possibly .* or it was revoked/,
  idle: /was last renewed on .*not renewed for 90 days/,
  key: /Jira no longer accepts this API key|expired/,
  renamed: /renamed/,
};

let s;
let clock;
let world;
const wrong = []; // what should not have happened, as sentences

before(async () => {
  clock = makeClock();
  s = await startStack(null, { binary: clock.binary, renamed: 'globex-new', mayDie: true,
    env: { ...clock.env(), MORTISE_LOG: 'error', MORTISE_KEEPER_PERIOD: '1' } });
  await clock.attach(s);
  const root = await s.setup();
  root.timeout = 120000;
  await s.control('POST', 'apps', { client_id: OAUTH_CLIENT, callback: s.callback });
  await root.post('/settings/oauth-client', { client_id: OAUTH_CLIENT, client_secret: OAUTH_SECRET });
  world = new World(s, clock, makeChance(SEED));
  await world.build(root, USERS);
}, { timeout: 1800000 });

const running = []; // events that last
const excused = (code) => running.some(({ excuses }) => excuses?.test(code));
const isAway = () => running.some(({ away }) => away);

async function endEvents(day) {
  for (const event of running.filter((each) => each.until === day)) {
    running.splice(running.indexOf(event), 1);
    await event.end?.(world);
  }
}

async function beginEvents(day) {
  for (const event of EVENTS.filter((each) => each.day === day)) {
    await event.begin?.(world);
    if (event.days || event.excuses) running.push({ ...event, until: day + (event.days ?? 1) });
  }
}

async function duringEvents(day) {
  for (const event of EVENTS.filter((each) => each.day === day)) await event.during?.(world);
}

// Minutes later: what was interrupted can be finished, and the keeper does it.
async function recover(day) {
  const [event] = EVENTS.filter((each) => each.day === day && each.minutes);
  if (!event) return;
  await s.control('DELETE', 'faults');
  await clock.advance({ minutes: event.minutes });
  await until(() => world.open().length === 0, `an end of what was interrupted (${event.name})`, 20000);
}

const note = (day, user, text) => {
  wrong.push(`day ${day}: ${user.email}: ${text}`);
  if (wrong.length <= 20) console.log(wrong.at(-1));
};

// Told to reconnect: is it true? And many do so at once.
async function toldToReconnect(day, user, connection, detail, atAtlassian) {
  const why = atAtlassian(user, connection);
  if (why === null) note(day, user, `told to reconnect for nothing: ${detail}`);
  if (why === 'account' || excused('client_refused') || user.chance() > RECONNECTS) return;
  const problem = await world.connect(user, connection);
  if (problem && !running.length) note(day, user, `cannot reconnect: ${problem}`);
}

async function wake(day, user, told) {
  user.next = day + 1 + user.chance.below(2 * user.rhythm);
  for (const connection of user.connections) {
    const { ok, code, detail } = await world.use(user, connection);
    if (code === 'needs_reconnect') told.push({ user, connection, detail });
    else if (!ok && !excused(code)) note(day, user, `${code} ${detail}`);
  }
}

async function live(day) {
  const awake = world.users.filter((user) => user.next <= day);
  const told = [];
  await inParallel(awake, AT_ONCE, (user) => wake(day, user, told));
  if (told.length === 0) return;
  const atAtlassian = await world.atAtlassian();
  for (const { user, connection, detail } of told)
    await toldToReconnect(day, user, connection, detail, atAtlassian);
}

// Days pass faster here than the keeper looks: it gets its second every ten days.
let lastPause = 0;
async function letTheKeeperLook(day) {
  if (day % 10 !== 0 || isAway()) return;
  await sleep(Math.max(0, lastPause + 1200 - Date.now()));
  lastPause = Date.now();
}

test(`${USERS} people live for a year`, { timeout: 3600000 }, async () => {
  for (let day = 1; day <= DAYS; day += 1) {
    await clock.advance({ days: 1 });
    await endEvents(day);
    await beginEvents(day);
    if (day % 7 === 0) world.keepSessions();
    if (!isAway()) await Promise.all([live(day), duringEvents(day)]);
    await recover(day);
    await letTheKeeperLook(day);
    if (LONG && day % 30 === 0) console.log(`day ${day}`);
  }
  assert.deepEqual(running, [], 'everything that began has ended');
  assert.deepEqual(wrong.slice(0, 10), []);
});

// 'alive', 'dead_explained' or 'lost'
async function judge(user, connection, atAtlassian) {
  const { ok, code, detail } = await world.use(user, connection);
  const why = atAtlassian(user, connection);
  if (ok) return 'alive';
  const row = await world.stateOf(user, connection);
  const kind = why === 'renamed' ? 'renamed' : connection.kind;
  const said = `${detail} ${row.why ?? ''}`;
  const explained = why !== null && code === 'needs_reconnect' && row.state === 'needs_reconnect' &&
    (SENTENCES[kind].test(said) || (kind === 'oauth' &&
      (SENTENCES.interrupted.test(said) || SENTENCES.aged.test(said) || (why === 'inactive' && SENTENCES.idle.test(said)))));
  if (!explained) note('end', user, `${connection.kind}, at Atlassian ${why ?? 'honoured'}: ${code} ${said}`);
  return explained ? 'dead_explained' : 'lost';
}

test('at its end what Atlassian would honour works, and what is dead says why', { timeout: 600000 }, async () => {
  world.keepSessions();
  const atAtlassian = await world.atAtlassian();
  const worst = ['lost', 'dead_explained', 'alive'];
  const count = { users: USERS, alive: 0, dead_explained: 0, lost: 0 };
  await inParallel(world.users, AT_ONCE, async (user) => {
    const all = [];
    for (const connection of user.connections) all.push(await judge(user, connection, atAtlassian));
    count[worst.find((each) => all.includes(each))] += 1;
  });
  tally(count);
  assert.equal(count.lost, 0);
  assert.ok(count.alive > USERS / 2 && count.dead_explained > 0, 'the year was a year');
});

test('no token was ever used again after its leeway, and nothing is half done', async () => {
  const { families } = await s.control('GET', 'families');
  assert.deepEqual(families.filter(({ why }) => why === 'reused'), []);
  assert.deepEqual(world.open(), []);
});

endsWell(() => s);
