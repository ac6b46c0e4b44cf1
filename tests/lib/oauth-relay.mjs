// A connection by OAuth2 on the relay, with its tokens in the test's hand.

import assert from 'node:assert/strict';

import { connectByOauth } from './atlassian.mjs';
import { ask } from './relay.mjs';
import { addConnection, ANNA, unique } from './scene.mjs';
import { makeKey } from './relay.mjs';
import { sql } from './stack.mjs';

// Anna's, for the admin of startRelay(); every call starts counting refreshes anew.
export async function oauthConnect(r) {
  const connection = await addConnection(r.admin, r.app, { type: 'jira_oauth2', name: unique('OAuth') });
  const back = await connectByOauth(r.s, r.admin, r.app, connection, ANNA, { site: 'acme' });
  assert.ok(back.status < 400, back.text);
  const key = (await makeKey(r.admin)).secret;
  const kill = (seconds = 3600) => r.s.control('POST', 'age-tokens', { seconds, email: ANNA });
  await r.s.control('DELETE', 'refreshes');
  return {
    connection,
    key,
    ask: (path, options) => ask(r, path, { connection, key, ...options }),
    kill, // Atlassian no longer takes the token, and Mortise does not know
    age: async (seconds) => { // and Mortise knows
      await kill(seconds);
      sql(r.s, `UPDATE oauth_grants SET access_expires = access_expires - ${seconds * 1000}`);
    },
    refreshes: async () => (await r.s.control('GET', 'refreshes')).accepted,
  };
}
