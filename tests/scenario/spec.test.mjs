// Atlassian's OpenAPI file judges what Mortise sends and what it is answered: Mortise -> Prism, which
// turns every request or answer that breaks the file into an error of its own -> the simulator.
// What the file does not know goes past Prism: /_edge/tenant_info, and the gateway. Exempt as in
// tests/sim/spec.test.mjs: /search, attachments, empty 201s.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, describe, test } from 'node:test';

import { addConnection, ANNA, assertProblem, connect, fault, makeApp, run } from '../lib/scene.mjs';
import { JIRA_PERMISSION_NAMES, JIRA_PERMISSIONS, JIRA_SCOPES } from '../lib/tables.mjs';
import { Judge, reasonToSkip, SPEC } from '../lib/prism.mjs';
import { startStack } from '../lib/stack.mjs';

let s;
let judge;
let user;
let app;
let id;

describe('what passes between Mortise and Jira', { skip: reasonToSkip() }, () => {
  before(async () => {
    judge = await Judge.find();
    s = await startStack(null, { allow: [judge.url] });
    await judge.start(s);
    const root = await s.setup();
    user = await s.user(root, 'user@example.com');
    app = await makeApp(user);
    id = await addConnection(user, app, { base_url: judge.url, base_url_fixed: true });
  });
  after(async () => {
    await judge?.stop();
    await s?.stop();
  });

  // Prism's own verdicts are problem documents of the type "https://stoplight.io/prism/errors#...".
  async function judged(request, status) {
    const answer = await run(user, app, id, request);
    assert.equal(answer.status, 200, answer.text);
    assert.doesNotMatch(answer.text, /stoplight\.io\/prism/, answer.text.slice(0, 2000));
    assert.equal(answer.body.status, status, answer.text.slice(0, 2000));
    return answer.body.body;
  }

  test('connect and Test ask as the file says', async () => {
    const done = await connect(s, user, app, id, ANNA, { base_url: '' });
    assert.equal(done.connection.account, 'Anna Admin');
    const tested = await user.post(`/apps/${app}/connections/${id}/test`);
    assert.equal(tested.body.ok, true, tested.text);
  });

  const v3 = (rest) => `/rest/api/3${rest}`;
  const adf = { type: 'doc', version: 1,
    content: [{ type: 'paragraph', content: [{ type: 'text', text: 'Grüße' }] }] };
  const fields = { project: { key: 'OPS' }, issuetype: { name: 'Task' }, summary: 'by spec',
    description: adf };

  for (const [target, query] of [['/myself'], ['/serverInfo'], ['/project/search', { maxResults: 2 }],
    ['/project/ACME'],
    ['/issue/createmeta/HR/issuetypes'], ['/issue/createmeta/ACME/issuetypes/10001'], ['/issue/ACME-1',
      { fields: ['summary', 'status'] }],
    ['/search/jql', { jql: 'project = ACME ORDER BY key', maxResults: 3, fields: '*all' }],
      ['/user/search', { query: 'a' }],
    ['/field'], ['/status'], ['/priority']])
    test(`GET ${target}`, () => judged({ path: v3(target), query }, 200));

  test('an issue is made, read, commented, changed, moved, found and deleted', async () => {
    const { key } = await judged({ method: 'POST', path: v3('/issue'), body: { fields } }, 201);
    const at = v3(`/issue/${key}`);
    assert.equal((await judged({ path: at }, 200)).fields.summary, 'by spec');
    await judged({ method: 'POST', path: `${at}/comment`, body: { body: adf } }, 201);
    await judged({ method: 'PUT', path: at, body: { fields: { summary: 'changed', labels: ['a'] } } }, 204);
    await judged({ method: 'POST', path: `${at}/transitions`, body: { transition: { id: '21' } } }, 204);
    await judged({ method: 'POST', path: v3('/search/jql'), body: { jql: `key = ${key}`,
      fields: ['summary'] } }, 200);
    await judged({ method: 'POST', path: v3('/search/approximate-count'),
      body: { jql: 'project = OPS' } }, 200);
    await judged({ method: 'POST', path: v3('/issue'), body: { fields: { ...fields, summary: '' } } }, 400);
    await judged({ method: 'DELETE', path: at }, 204);
    await judged({ path: at }, 404);
  });

  test('a violation would be noticed, in what is asked and in what is answered', async () => {
    await assert.rejects(judged({ method: 'POST', path: v3('/search/jql'), body: { jql: 'project = OPS',
      maxResults: 'many' } }, 200));
    await fault(s, 'body', { body: '{"accountId":5}' });
    await assert.rejects(judged({ path: v3('/myself') }, 200));
    assertProblem(await run(user, app, id, { path: '/secure' }), 403, 'blocked_by_policy');
  });

  test('the server ends well, and its log is clean', () => s.close());
});

// Not what passes, but what people read when a scope is missing (tables/jira_scopes.def).
describe('the scopes that Mortise names', {
  skip: fs.existsSync(SPEC) ? false : `the OpenAPI file is not at ${SPEC}; name it in MORTISE_JIRA_SPEC`,
}, () => {
  const operations = () => Object.entries(JSON.parse(fs.readFileSync(SPEC, 'utf8')).paths)
    .filter(([at]) => at.startsWith('/rest/api/3/'))
    .flatMap(([at, methods]) => Object.entries(methods)
      .filter(([, operation]) => operation['x-atlassian-oauth2-scopes'])
      .map(([method, operation]) => ({ method: method.toUpperCase(),
        segments: at.slice('/rest/api/3/'.length).split('/'),
        scopes: operation['x-atlassian-oauth2-scopes'].filter((each) => each.state === 'Current')
          .flatMap((each) => each.scopes) })))
    .filter(({ scopes }) => scopes.length);
  const fits = (row, { method, segments }) =>
    (row.method === 'ANY' || (row.method === 'GET') === (method === 'GET')) &&
    row.path.split('/').every((one, i) => one === segments[i] || (one === '*' && segments[i]));

  test('each row fits operations, and nine in ten of them want that scope', () => {
    const found = JIRA_SCOPES.map((row) => ({ row, all: 0, right: 0 }));
    for (const operation of operations()) {
      const one = found.find(({ row }) => fits(row, operation));
      if (!one) continue;
      one.all += 1;
      if (operation.scopes.includes(one.row.scope)) one.right += 1;
    }
    const wrong = found.filter(({ all, right }) => all === 0 || right / all < 0.9);
    assert.deepEqual(wrong, []);
  });
});

// What Test asks Jira about (tables/jira_permissions.def).
describe('the permissions that Mortise asks about', {
  skip: fs.existsSync(SPEC) ? false : `the OpenAPI file is not at ${SPEC}; name it in MORTISE_JIRA_SPEC`,
}, () => {
  const text = () => fs.readFileSync(SPEC, 'utf8');
  const operationOf = (paths, { method, path: wanted }) => {
    const found = Object.entries(paths).filter(([at, methods]) => methods[method.toLowerCase()] &&
      at.replace('/rest/api/3/', '').replace(/\{[^}]+\}/g, '*') === wanted);
    assert.equal(found.length, 1, `${method} ${wanted}`);
    return found[0][1][method.toLowerCase()];
  };

  test('each row is an operation, and its section on permissions names the permission', () => {
    const { paths } = JSON.parse(text());
    for (const row of JIRA_PERMISSIONS) {
      const [, section] = operationOf(paths, row).description.split('**[Permissions](#permissions) required');
      const name = JIRA_PERMISSION_NAMES[row.permission];
      assert.ok(section.toLowerCase().includes(`*${name.toLowerCase()}*`) ||
        section.toLowerCase().includes(`*${name.toLowerCase().replace(/s$/, '')}*`),
          `${row.method} ${row.path}: ${name} in ${section}`);
    }
  });

  test('each key is one of the documented permissions', () => {
    const [, list] = JSON.parse(text()).paths['/rest/api/3/permissionscheme'].get.description
      .split('Built-in permissions');
    for (const key of Object.keys(JIRA_PERMISSION_NAMES))
      assert.ok(list.includes(`\`${key}\``) || list.replaceAll('\\', '').includes(key), key);
  });

  test('what Test asks with is what the operation takes', () => {
    const { parameters, responses } = JSON.parse(text()).paths['/rest/api/3/mypermissions'].get;
    const names = parameters.map((each) => each.name);
    assert.ok(names.includes('permissions') && names.includes('projectKey'));
    assert.deepEqual(Object.keys(responses), ['200', '400', '401', '404']);
  });
});
