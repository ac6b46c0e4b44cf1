// Python's jira, Debian's package and unmodified: it speaks version 2 of the API, and follows `self` and
// `content`.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, describe, test } from 'node:test';

import { bigFile, python } from './lib/run.mjs';
import { DIRECT_ONLY, startTargets } from './lib/targets.mjs';

const skip = fs.existsSync('/usr/lib/python3/dist-packages/jira') ? false
  : 'python3-jira is not installed: tools/install.sh test';
const STEPS = ['sign_on', 'lists', 'create', 'edit', 'comment', 'transition', 'assign', 'worklog',
  'watch_and_link', 'attach', 'search', 'users', 'delete', 'stay'];
const GONE = /The requested API has been removed. Please migrate to the \/rest\/api\/3\/search\/jql API/;

const { stack, targets } = skip ? { targets: [] } : await startTargets();

// Of a step: what the client saw, or a failure that tells what it said.
function valueOf(seen, step) {
  const { value, error, status } = seen.get(step);
  assert.equal(error, undefined, `${step}: ${status} ${error}`);
  return value;
}

describe('Python\'s jira', { skip }, () => {
  after(() => stack?.stop());

  targets.forEach((target, i) => describe(`by ${target.name}`, () => {
    let seen;
    test('its day runs to the end', async () => {
      const file = bigFile(stack, i === 1 ? 20 : 1);
      seen = await python(target, STEPS, { file: file.path, bearer: i % 2 === 0 && target.relay });
    });

    const sees = (step, check) => test(step, () => check(valueOf(seen, step)));
    sees('sign_on', (value) => assert.deepEqual(value,
      { who: 'Anna Admin', cloud: true, site: target.site }));
    sees('lists', (value) => {
      assert.deepEqual(value.projects, ['ACME', 'HR', 'OPS', 'SEC']);
      assert.deepEqual([value.project, value.fields], ['Operations', true]);
      assert.deepEqual(value.priorities, ['Highest', 'High', 'Medium', 'Low', 'Lowest']);
      assert.deepEqual(value.statuses, ['To Do', 'In Progress', 'In Review', 'Done']);
      assert.ok(value.types.includes('Subtask'));
    });
    sees('create', ({ key, ...value }) => {
      assert.match(key, /^OPS-\d+$/);
      assert.deepEqual(value, { summary: 'Grüße 🌻', description: 'Port 7\n\nis dead', reporter: 'Anna Admin' });
    });
    sees('edit', (value) => assert.deepEqual(value, { summary: 'Changed', labels: ['a', 'b'] }));
    sees('comment', (value) => assert.deepEqual(value, { bodies: ['two'], left: 0 }));
    sees('transition', (value) => assert.deepEqual(value, { names: ['In Progress'], status: 'In Progress' }));
    sees('assign', (value) => assert.equal(value, 'Bob Builder'));
    sees('worklog', (value) => assert.deepEqual(value, { seconds: [5400], left: 0 }));
    sees('watch_and_link', (value) => assert.deepEqual(value, { links: 1, watchers: 1 }));
    sees('attach', (value) => assert.deepEqual(value, { name: 'Plan ä.bin', size: true, same: true, left: 0 }));
    sees('users', (value) => assert.deepEqual(value, { search: ['Bob Builder'], assignable: ['Bob Builder'] }));
    sees('delete', (value) => assert.deepEqual(value,
      { status: 404, text: 'Issue does not exist or you do not have permission to see it.' }));
    sees('stay', ({ links, away }) => {
      assert.ok(links > 20, `${links} links`);
      assert.deepEqual(away, []);
    });
    test('search', () => {
      const { error, status, value } = seen.get('search');
      if (!target.relay) { // removed; the relay answers it all the same
        assert.equal(status, 410);
        return assert.match(error, GONE);
      }
      assert.equal(error, undefined, error);
      return assert.deepEqual(value, { page: ['ACME-3', 'ACME-4', 'ACME-5'], start: 2, total: true,
        summary: true, all: true, distinct: true });
    });
  }));

  test('the server ends well, and its log is clean', { skip: DIRECT_ONLY && 'no server' }, () => stack.close());
});
