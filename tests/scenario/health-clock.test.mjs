// When an idle authorisation ends, foreseen and then seen: by servers and a simulated Atlassian whose
// clocks are moved, once with idle grants kept alive and once with those that lapse (MORTISE_IDLE_DAYS).

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { connected as connectedByOauth } from '../lib/atlassian.mjs';
import { makeClock } from '../lib/clock.mjs';
import { addConnection, BOB, grant, makeApp, rowOf, run, until } from '../lib/scene.mjs';
import { startStack } from '../lib/stack.mjs';

const DAY = 86400_000;

for (const [what, idleDays] of [['kept alive', '0'], ['left to lapse', '60']])
  describe(`idle authorisations are ${what}`, () => {
    let s;
    let clock;
    let user;
    let root;
    let app;
    let id;

    before(async () => {
      clock = makeClock();
      s = await startStack(null, { oauth: true, binary: clock.binary,
        env: { ...clock.env(), MORTISE_KEEPER_PERIOD: '1', MORTISE_IDLE_DAYS: idleDays } });
      await clock.attach(s);
      root = await s.setup();
      user = await s.user(root, 'bob@mortise.example');
      app = await makeApp(root);
      await grant(root, app, 'everyone');
      id = await addConnection(root, app, { type: 'jira_oauth2' });
      await connectedByOauth(s, user, app, id, BOB, { site: 'acme' });
    });
    after(() => s?.stop());

    const healthOf = async () => {
      await user.signIn('bob@mortise.example'); // sessions end after 14 days
      return (await rowOf(user, app, id)).health;
    };
    const renewed = (than) => until(async () => {
      const health = await healthOf();
      return health.renewed && Date.parse(health.renewed) > than && health;
    }, 'a renewal');
    const daysAhead = (time) => (Date.parse(time) - clock.now()) / DAY;

    test('the dates that follow from it, and what becomes of it', async () => {
      const fresh = await healthOf();
      assert.equal(fresh.idle_kept, idleDays === '0');
      assert.ok(Math.abs(daysAhead(fresh.hard_expires) - 365) < 0.1);
      if (idleDays !== '0') {
        assert.ok(Math.abs(daysAhead(fresh.idle_expires) - 135) < 0.1, fresh.idle_expires);
        assert.match(fresh.idle_sentence, /ends on \d+ \w+ \d{4}: .* idle for 60 days/);
      } else {
        assert.equal(fresh.idle_expires, null);
        assert.match(fresh.idle_sentence, /Mortise renews it in time/);
      }

      await clock.advance({ days: 47 });
      const once = await renewed(clock.now() - DAY);
      if (idleDays !== '0') assert.ok(Math.abs(daysAhead(once.idle_expires) - 90) < 0.1, once.idle_expires);

      await clock.advance({ days: 47 });
      if (idleDays === '0') {
        await renewed(clock.now() - DAY);
        await clock.advance({ days: 47 });
        await renewed(clock.now() - DAY);
      } else {
        const idle = await healthOf();
        assert.equal(idle.renewed, once.renewed, 'not renewed a second time');
        assert.ok(Math.abs(daysAhead(idle.idle_expires) - 43) < 0.1, idle.idle_expires);
        await clock.advance({ days: 44 });
      }
      await healthOf(); // signed in anew
      const answer = await run(user, app, id, { path: '/rest/api/3/myself' });
      assert.equal(answer.status, idleDays === '0' ? 200 : 409, answer.text);
      const row = await rowOf(user, app, id);
      if (idleDays === '0') return;
      assert.equal(row.state, 'needs_reconnect');
      assert.ok(Math.abs(daysAhead(row.health.state_since)) < 0.1);
      assert.match(row.health.last_error.sentence, /no longer accepts this authorisation/);
      assert.deepEqual([row.health.idle_expires, row.health.hard_expires, row.health.idle_sentence],
        [null, null, null]);
    });
  });
