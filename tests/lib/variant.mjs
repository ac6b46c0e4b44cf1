// A suite of tests/faults may be run once more, against another authorization server or on another
// database; a file that does so has nothing else in it:
//
//   import { again } from '../lib/variant.mjs';
//   await again('lease', { server: 'oidc-provider' });
//   await again('lease', { database: 'postgresql' });
//
// The suite starts what it needs by startVariant(), and asks Atlassian by its control as always.

import { test } from 'node:test';

import { controlOf } from './oidc-control.mjs';
import { startOidc } from './oidc.mjs';
import { newPostgres, startStack } from './stack.mjs';

// Until again() says otherwise.
export const variant = { server: 'simulator', database: 'sqlite' };
export const isOidc = () => variant.server === 'oidc-provider';
export const isPostgres = () => variant.database === 'postgresql';

// A test of what only the simulator does, or does when it is told to.
export const testAtSimulator = (...args) => (isOidc() ? undefined : test(...args));

export async function again(suite, changes) {
  Object.assign(variant, changes);
  if (isPostgres() && !process.env.MORTISE_TEST_POSTGRES)
    test(`${suite} on PostgreSQL`, (t) => t.skip('MORTISE_TEST_POSTGRES is not set (tools/with-postgres.sh sets it)'));
  else await import(`../faults/${suite}.test.mjs`);
}

// As startStack(), beside npm's oidc-provider; `oidc` of what it gives is lib/oidc.mjs's.
export async function startAtOidc(t, options) {
  const s = await startStack(null, { ...options, oauth: false, start: false });
  const stopOthers = s.stop.bind(s);
  let o;
  s.stop = async () => {
    const code = await stopOthers();
    await o?.stop();
    return code;
  };
  try {
    o = await startOidc(s, { memory: true });
    s.oidc = o;
    s.control = controlOf(s, o);
    await s.start();
  } catch (error) {
    await s.stop();
    throw error;
  }
  t?.after?.(() => s.close());
  return s;
}

// As startStack(), as the variant wants it.
export function startVariant(t, options) {
  const all = isPostgres() ? { ...options, database: newPostgres() } : options;
  return isOidc() ? startAtOidc(t, all) : startStack(t, all);
}
