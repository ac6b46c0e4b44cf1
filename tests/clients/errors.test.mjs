// What people read in their own client when something is wrong. What Jira says passes unchanged: the same
// as without Mortise. What Mortise says stands where clients look for it (errorMessages), and leads to the
// page where it is mended.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Version3Client } from 'jira.js';

import { connected } from '../lib/atlassian.mjs';
import { addConnection, BOB, connect, grant, unique } from '../lib/scene.mjs';
import { python, run } from './lib/run.mjs';
import { DIRECT_ONLY, startTargets, targetOf } from './lib/targets.mjs';

const { stack, targets } = await startTargets();
const [direct, ...relays] = targets;
const byName = (name) => relays.find((each) => each.name === name);
const issue = (project, more) => ({ fields: { project: { key: project }, issuetype: { name: 'Task' }, summary: 'x', ...more } });

// The same call by each client -> {status, said} of what it raised or printed.
const jiraJs = (target) => new Version3Client({ host: target.base,
  authentication: { basic: { email: target.basic[0], apiToken: target.basic[1] } } });
async function byJiraJs(target, call) {
  const error = await call(jiraJs(target)).then((value) => assert.fail(`no error: ${JSON.stringify(value)}`), (e) => e);
  const data = error.response?.data;
  return { status: error.status, said: data?.errorMessages?.join('\n') || JSON.stringify(data?.errors ?? data), data };
}
async function byPython(target, step) {
  const { status, error, print, value } = (await python(target, [step])).get(step);
  assert.ok(print, `no JIRAError: ${error ?? JSON.stringify(value)}`);
  return { status, said: error || print, print };
}
async function byCurl(target, path, args = []) {
  const { stdout } = await run('curl', ['-sS', '-u', target.basic.join(':'), '-w', '\n%{http_code}', ...args, target.base + path]);
  const [, body, status] = /^([^]*)\n(\d+)$/.exec(stdout.toString());
  return { status: Number(status), said: body };
}

// Three clients, one wrong call: each prints the status and the sentence.
async function all(target, status, pattern, { step = 'sign_on', path = '/rest/api/3/myself', args, call } = {}) {
  const said = [await byPython(target, step), await byCurl(target, path, args),
    await byJiraJs(target, call ?? ((client) => client.myself.getCurrentUser()))];
  for (const [i, each] of said.entries()) {
    const who = ['Python', 'curl', 'jira.js'][i];
    assert.equal(each.status, status, `${who}: ${each.said}`);
    assert.match(each.said, pattern, who);
  }
  return said;
}

after(() => stack.stop());

describe('what Jira says passes', () => {
  // Each by Python and jira.js, first without Mortise, then through it.
  const wrong = [
    ['a wrong field', 'field_error', (client) => client.issues.createIssue(issue('OPS', { duedate: 'never' })),
      400, /Due date must be of the format/],
    ['an issue that is not there', 'not_found', (client) => client.issues.getIssue({ issueIdOrKey: 'NOPE-1' }),
      404, /Issue does not exist or you do not have permission to see it\./],
  ];
  for (const [name, step, call, status, pattern] of wrong)
    test(name, async () => {
      const expected = [await byPython(direct, step), await byJiraJs(direct, call)];
      for (const each of expected) {
        assert.equal(each.status, status);
        assert.match(each.said, pattern);
      }
      for (const target of relays) {
        const seen = [await byPython(target, step), await byJiraJs(target, call)];
        assert.deepEqual(seen.map(({ status: s, data }) => [s, data]), expected.map(({ status: s, data }) => [s, data]));
        assert.match(seen[0].said, pattern);
      }
    });

  test('the search that is gone', async () => {
    const { status, said } = await byCurl(direct, '/rest/api/2/search?jql=project%3DOPS');
    assert.deepEqual([status, JSON.parse(said).errors], [410, {}]);
  });
});

describe('what Mortise says', { skip: DIRECT_ONLY && 'no server' }, () => {
  let runner;
  let runnerKey;
  const keyOf = async (client, more) => (await client.post('/me/keys', { name: unique('Key'), ...more })).body.secret;
  const with_ = (target, secret) => targetOf(stack, target.name, target.connection, secret);

  before(async () => {
    runner = await stack.user(stack.root, 'runner@example.com');
    await grant(stack.admin, stack.app, runner);
    runnerKey = await keyOf(runner);
  });

  // The page that mends it, in the sentence that clients print.
  const leads = (said) => assert.match(said[0].said, new RegExp(`${stack.url}/\\S+`), 'no way on');

  test('a wrong key', async () => {
    const said = await all(with_(relays[0], `mk_${'x'.repeat(43)}`), 401, /key/i);
    assert.doesNotMatch(JSON.stringify(said), /x{43}/);
    assert.equal(JSON.parse(said[1].said).code, 'key_refused');
  });

  for (const name of ['Jira (API), own', 'Jira (OAuth2), own'])
    test(`${name}: not connected`, async () => {
      const said = await all(with_(byName(name), runnerKey), 409, /connect/i);
      assert.equal(said[2].data.code, 'connection_required');
      leads(said);
    });

  test('somebody else\'s shared connection', async () => {
    const said = await all(with_(byName('Jira (API), shared'), runnerKey), 403, /shared/i);
    assert.equal(said[2].data.code, 'blocked_by_policy');
  });

  test('a key that only reads', async () => {
    const target = with_(byName('Jira (API), own'), await keyOf(stack.admin, { read_only: true }));
    assert.equal((await jiraJs(target).myself.getCurrentUser()).displayName, 'Anna Admin');
    await all(target, 403, /GET/, { step: 'field_error', path: '/rest/api/3/issue',
      args: ['-d', '{}', '-H', 'Content-Type: application/json'],
      call: (client) => client.issues.createIssue(issue('OPS')) });
  });

  test('a path that makes or shows credentials', async () => {
    const { status, said } = await byPython(relays[0], 'validate');
    assert.equal(status, 403);
    assert.match(said, /credential|session|path/i);
  });

  test('a token that was revoked: never an empty list', async () => {
    const id = await addConnection(stack.admin, stack.app, { name: 'Dying' });
    await connect(stack, runner, stack.app, id, BOB);
    const target = targetOf(stack, 'dying', id, runnerKey);
    assert.equal((await jiraJs(target).myself.getCurrentUser()).displayName, 'Bob Builder');
    await stack.control('POST', 'revoke', { email: BOB });
    const said = await all(target, 409, /reconnect/i, { step: 'projects', path: '/rest/api/3/project',
      call: (client) => client.projects.searchProjects() });
    assert.equal(said[2].data.code, 'needs_reconnect');
    leads(said);
  });

  test('a grant that was taken back at Atlassian', async () => {
    const id = await addConnection(stack.admin, stack.app, { type: 'jira_oauth2', name: 'Taken back' });
    await connected(stack, runner, stack.app, id, BOB);
    const target = targetOf(stack, 'taken back', id, runnerKey);
    assert.equal((await jiraJs(target).myself.getCurrentUser()).displayName, 'Bob Builder');
    await stack.control('POST', 'revoke-grant', { email: BOB });
    const said = await all(target, 409, /reconnect/i);
    assert.equal(said[2].data.code, 'needs_reconnect');
    leads(said);
  });

  test('a connection or an app that is not there', async () => {
    const target = { ...relays[0], base: relays[0].base.replace(/[^/]+$/, 'none') };
    const said = await all(target, 404, /\S/);
    assert.equal(said[2].data.code, 'not_found');
  });

  test('a field that the token may not: Jira\'s own words, by Bob', async () => {
    const id = await addConnection(stack.admin, stack.app, { name: 'Bob\'s' });
    await connect(stack, runner, stack.app, id, BOB);
    const target = targetOf(stack, 'Bob', id, runnerKey);
    const { status, said } = await byPython(target, 'no_right');
    assert.equal(status, 400);
    assert.match(said, /You do not have permission to create issues in this project\./);
  });

  test('the server ends well, and its log is clean', () => stack.close());
});
