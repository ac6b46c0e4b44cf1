// Where the clients are sent: to Jira itself (the simulator: is it Jira enough for them?), and to Mortise in
// front of it, over connections of both types in own and in shared scope. A target is
//   { name, base, basic: [name, secret], bearer, site, relay, connection, id }
// base: what the client is given as its server; bearer: the same secret, where Bearer is understood
// (null where it is not); site: the address that browse links must keep.
//
// MORTISE_CLIENTS=direct runs the direct part alone, without Mortise.

import { connected } from '../../lib/atlassian.mjs';
import { addConnection, ANNA, connect, makeApp } from '../../lib/scene.mjs';
import { startStack } from '../../lib/stack.mjs';

export const DIRECT_ONLY = process.env.MORTISE_CLIENTS === 'direct';

export async function startTargets(more = {}) {
  const stack = await startStack(null, { oauth: true, start: !DIRECT_ONLY, ...more });
  try {
    const targets = [await direct(stack)];
    if (!DIRECT_ONLY) targets.push(...await relays(stack));
    return { stack, targets };
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

async function direct(stack) {
  return { name: 'Jira itself', base: `${stack.simUrl}/sites/acme`, relay: false,
    basic: [ANNA, await stack.token(ANNA)], bearer: null, site: stack.site() };
}

async function relays(stack) {
  const root = await stack.setup();
  const admin = await stack.user(root, 'admin@example.com');
  const app = await makeApp(admin, 'Desk');
  const own = (await admin.post('/me/keys', { name: 'Scripts' })).body.secret;
  const ofApp = (await admin.post(`/apps/${app}/keys`, { name: 'Robot' })).body.secret;
  Object.assign(stack, { root, admin, app, ownKey: own, appKey: ofApp });
  const targets = [];
  for (const type of ['jira_api', 'jira_oauth2'])
    for (const shared of [false, true]) {
      const id = await addConnection(admin, app, { type, name: `${type} ${shared ? 'shared' : 'own'}` });
      if (shared) await admin.patch(`/apps/${app}/connections/${id}`, { shared: true });
      if (type === 'jira_api') await connect(stack, admin, app, id, ANNA);
      else await connected(stack, admin, app, id, ANNA, { site: 'Acme' });
      const name = `${type === 'jira_api' ? 'Jira (API)' : 'Jira (OAuth2)'}, ${shared ? 'shared' : 'own'}`;
      // By its id, or by its name, which is easier to read in a script.
      const inUrl = type === 'jira_api' ? id : encodeURIComponent(`${type} ${shared ? 'shared' : 'own'}`);
      targets.push({ ...targetOf(stack, name, inUrl, shared ? ofApp : own), id });
    }
  return targets;
}

export function targetOf(stack, name, connection, secret) {
  return { name, base: `${stack.url}/jira/${stack.app}/${connection}`, relay: true, connection,
    basic: ['script@example.com', secret], bearer: secret, site: stack.site() };
}
