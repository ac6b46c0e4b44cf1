// What happens in the year beside people's waking and sleeping. An event is {day, name, begin?, days?,
// end?, during?, excuses?, away?, minutes?}; its functions get the world.
//   begin    before people wake on that day; end  before they wake `days` days later
//   during   while they are awake on that day
//   excuses  which codes they may hear while it lasts, and no longer
//   away     nobody is answered while it lasts
//   minutes  it is over after so many minutes of that day, and what was interrupted is finished: where
//            Atlassian's replies are lost, ten minutes are all there is

import { sleep, until } from '../../lib/scene.mjs';
import { OAUTH_CLIENT, OAUTH_SECRET } from '../../lib/stack.mjs';

const atToken = (fault) => ({ stack }) => stack.control('POST', 'faults',
  { times: 'always', match: { path: '/oauth/token', body: 'refresh_token' }, ...fault });
const noFaults = ({ stack }) => stack.control('DELETE', 'faults');
const UPSTREAM = /^upstream_|^overloaded$|^rate_limited$/;

const tokenOutage = (day, days, name, fault) =>
  ({ day, days, name: `token endpoint: ${name}`, begin: atToken(fault), end: noFaults, excuses: UPSTREAM });

// Carried out, and the answer is lost.
const repliesLost = (day, name, fault) => ({ day, name: `replies lost: ${name}`, minutes: 3,
  begin: atToken(fault), excuses: UPSTREAM });

const killedAtWork = (day) => ({ day, name: 'server killed at work', minutes: 1, excuses: /^no_answer$/,
  during: async ({ stack }) => {
    await sleep(20);
    await stack.server.stop('SIGKILL');
    await stack.start();
  } });

// Not in the middle of a refresh of the keeper's, which nobody here waits for: what is cut off for days is
// beyond Atlassian's leeway, and tests/faults cuts it off at every step.
const serverAway = (day, days, signal) => ({
  day, days, name: `server away (${signal})`, away: true,
  begin: async (world) => {
    await until(() => world.open().length === 0, `an end of what is under way (day ${day})`, 20000);
    await world.stack.server.stop(signal);
  },
  end: ({ stack }) => stack.start(),
});

const newSecret = (world, secret) =>
  world.stack.control('POST', 'apps', { client_id: OAUTH_CLIENT, client_secret: secret });

// The client's secret is made anew at Atlassian; the admin hears of it days later.
const secretRotated = (day, days) => ({
  day, days, name: 'client secret rotated', excuses: /^client_refused$/,
  begin: (world) => newSecret(world, `${OAUTH_SECRET}-${day}`),
  end: async (world) => {
    const saved = await world.root.post('/settings/oauth-client',
      { client_id: OAUTH_CLIENT, client_secret: `${OAUTH_SECRET}-${day}` });
    if (saved.status !== 200) throw new Error(`the new secret: ${saved.status} ${saved.text}`);
  },
});

const rename = (day, site, to) => ({ day, name: `${site} renamed to ${to}`,
  begin: ({ stack }) => stack.control('POST', 'rename', { site, to }) });

// For some of the people, by chance, whom nothing of the kind has met yet.
const misfortune = (day, name, share, what) => ({ day, name, begin: async (world) => {
  for (const user of world.users.filter(() => world.chance() < share)) await what(world, user);
} });
const revoke = ({ stack }, { email }) =>
  stack.control('POST', 'revoke-grant', { email, client_id: OAUTH_CLIENT });
const newPassword = ({ stack, labels }, { email }) =>
  stack.control('POST', 'account', { email, password: `new-${labels}` });
const deactivate = ({ stack }, { email }) => stack.control('POST', 'account', { email, active: false });
const revokeKeys = ({ stack }, { email }) => stack.control('POST', 'revoke', { email });

export const EVENTS = [
  tokenOutage(12, 2, '503', { kind: 'status', status: 503 }),
  repliesLost(25, 'cut', { kind: 'cut_after' }),
  misfortune(31, 'consents revoked', 0.04, revoke),
  tokenOutage(40, 3, 'HTML', { kind: 'html' }),
  killedAtWork(52),
  secretRotated(60, 4),
  misfortune(75, 'passwords changed', 0.03, newPassword),
  serverAway(80, 30, 'SIGTERM'),
  rename(118, 'globex', 'globex-new'),
  repliesLost(130, 'half an answer', { kind: 'half_json' }),
  killedAtWork(131),
  misfortune(150, 'API tokens revoked', 0.05, revokeKeys),
  tokenOutage(160, 5, '429', { kind: 'ratelimit', retry_after: 120, date: true }),
  serverAway(170, 2, 'SIGKILL'),
  misfortune(190, 'accounts deactivated', 0.02, deactivate),
  secretRotated(205, 9),
  { day: 220, name: 'answers without a refresh token',
    begin: ({ stack }) => stack.control('POST', 'oauth', { omit_refresh_token: 25 }) },
  misfortune(240, 'consents revoked', 0.04, revoke),
  serverAway(260, 40, 'SIGKILL'),
  tokenOutage(310, 2, 'cut before', { kind: 'cut_before' }),
  killedAtWork(333),
  misfortune(340, 'consents revoked', 0.02, revoke),
];
