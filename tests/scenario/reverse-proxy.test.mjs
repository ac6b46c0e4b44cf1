// Behind a reverse proxy that the operator named, limits of attempts count people and not the proxy;
// nobody else's word on their own address is believed.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { PASSWORD } from '../lib/client.mjs';
import { signInFrom } from '../lib/scene.mjs';
import { endsWell, startStack } from '../lib/stack.mjs';

const PROXY = '127.0.0.2';
const EMAIL = 'anna@example.com';
let s;

before(async () => {
  s = await startStack(null, { sim: false, env: { MORTISE_TRUSTED_PROXIES: `192.0.2.0/24, ${PROXY}` } });
  await s.user(await s.setup(), EMAIL);
});

const forwarded = (list) => ({ 'x-forwarded-for': list });

test('ten wrong passwords of one person lock out that address, not the others behind the proxy', async () => {
  for (let i = 0; i < 10; i += 1) // each with a lie before the proxy's own word
    assert.equal(await signInFrom(s, PROXY, EMAIL, 'wrong password', forwarded(`10.0.0.${i}, 198.51.100.7`)), 401);
  assert.equal(await signInFrom(s, PROXY, EMAIL, PASSWORD, forwarded('198.51.100.7')), 429);
  assert.equal(await signInFrom(s, PROXY, EMAIL, PASSWORD, forwarded('198.51.100.8')), 200);
});

test('who is no proxy of ours is counted by the own address, whatever it says', async () => {
  for (let i = 0; i < 10; i += 1)
    assert.equal(await signInFrom(s, '127.0.0.3', EMAIL, 'wrong password', forwarded(`203.0.113.${i}`)), 401);
  assert.equal(await signInFrom(s, '127.0.0.3', EMAIL, PASSWORD, forwarded('203.0.113.99')), 429);
});

test('a list that cannot be read is said at the start', async () => {
  const failed = s.spawn(['serve', '--trusted-proxies', 'localhost', '--listen', '127.0.0.1:1']);
  assert.notEqual(await failed.ended, 0);
  assert.match(failed.out, /MORTISE_TRUSTED_PROXIES/);
});

endsWell(() => s);
