// The simulator's control (sim/control.mjs) for what npm's oidc-provider decides in its place, as far as the
// suites of tests/faults ask for it: so that they need not know which of the two they are run against. What is
// not about authorization, like people and Jira, goes on to the simulator.
//
//   stack.control = controlOf(stack, oidc);
//
// Where the two are free to differ:
//   families   "separate": each consent comes from a new browser, and is a grant of its own; "one": a
//              person's consents come from one browser, and the provider makes them one grant, whose tokens
//              all die with the reuse of one of them. The simulator's "one" also retires the earlier tokens.
//   account    a changed password: the provider has none; it forgets the person's tokens.

const REFUSED = ['POST age-tokens', 'POST revoke-grant', 'DELETE apps']; // nobody asks for these yet

// How often refresh tokens were exchanged, as sim/refreshes.mjs counts it.
function refreshesOf(oidc) {
  const byGrant = {};
  let refused = 0;
  for (const { status, family, generation, email } of oidc.calls('refresh_token')) {
    if (status !== 200) refused += 1;
    if (status !== 200 || family === undefined) continue;
    const counts = byGrant[family] ??= { email, accepted: 0, by_generation: {} };
    counts.accepted += 1;
    counts.by_generation[generation] = (counts.by_generation[generation] ?? 0) + 1;
  }
  const accepted = Object.values(byGrant).reduce((sum, each) => sum + each.accepted, 0);
  return { accepted, refused, by_grant: byGrant };
}

// A grant whose every refresh token was used, or of which none is left, is honoured no longer.
async function familiesOf(oidc) {
  const grants = new Map();
  for (const { grant, account, used } of await oidc.tokens('RefreshToken'))
    grants.set(grant, { email: account, honoured: grants.get(grant)?.honoured || !used });
  return { families: [...grants.values()] };
}

async function settings(oidc, { families, omit_refresh_token: omit, ...times }) {
  if (omit) throw new Error('oidc-provider never omits the refresh token');
  if (families) oidc.oneBrowser = families === 'one';
  return oidc.control('POST', 'settings', times);
}

export function controlOf(stack, oidc) {
  const simulator = stack.control.bind(stack);
  const both = async (method, what, body) => {
    await oidc.control(method, what, body);
    return simulator(method, what, body);
  };
  const actions = {
    'POST consents': async ({ consents }) =>
      ({ locations: await Promise.all(consents.map(({ email, url }) => oidc.consent(email, url))) }),
    'POST oauth': (body) => settings(oidc, body),
    'GET refreshes': () => refreshesOf(oidc),
    'DELETE refreshes': () => oidc.forgetCalls(),
    'GET families': () => familiesOf(oidc),
    'POST clock': (body) => both('POST', 'clock', body),
    'POST account': async (body) => {
      for (const kind of ['RefreshToken', 'AccessToken'])
        await oidc.control('POST', 'forget', { kind, account: body.email });
      return simulator('POST', 'account', body);
    },
    'POST faults': (body) =>
      (body.match?.path === '/oauth/token' ? oidc.addFault(body) : simulator('POST', 'faults', body)),
    'DELETE faults': () => {
      oidc.faults = [];
      return simulator('DELETE', 'faults');
    },
  };
  return async (method, what, body) => {
    const name = `${method} ${what}`;
    if (REFUSED.includes(name) || body?.grant) throw new Error(`oidc-provider: no ${name}`);
    return actions[name] ? actions[name](body) : simulator(method, what, body);
  };
}
