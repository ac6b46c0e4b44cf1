// Saved requests: who saves them, what is refused when saving, and trying one out with one's own
// credential. (Their use in actions is in actions.test.mjs.)

import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { addConnection, ANNA, assertFieldErrors, assertProblem, BOB, callsOf, clearLog, connect, grant, makeApp,
  unique } from '../lib/scene.mjs';
import { endsWell, startStack } from '../lib/stack.mjs';

let s;
let anna;
let runner;
let app;
let jira;

before(async () => {
  s = await startStack(null);
  const root = await s.setup();
  anna = await s.user(root, 'anna@example.com');
  runner = await s.user(root, 'runner@example.com');
  app = await makeApp(anna);
  await grant(anna, app, runner);
  jira = await addConnection(anna, app, { name: 'Jira' });
  await connect(s, anna, app, jira, ANNA);
  await connect(s, runner, app, jira, BOB);
});

let names = 0;
const save = (more = {}, client = anna) => client.post(`/apps/${app}/requests`, { name: `Request${(names += 1)}`,
  connection: 'Jira', method: 'GET', path: '/rest/api/3/issue/{{input.key}}', ...more });
async function saved(more) {
  const answer = await save(more);
  assert.equal(answer.status, 201, answer.text);
  return answer.body;
}
const tryOut = (id, values = {}, client = anna) => client.post(`/apps/${app}/requests/${id}/try`, { values });

test('a request is saved, listed, read, changed and deleted', async () => {
  const made = await saved({ name: 'FindIssue', query: { fields: ['summary', 'status'] }, headers: { 'Accept-Language': 'en' },
    body: null });
  assert.deepEqual([made.name, made.connection, made.method, made.writes, made.names, made.version],
    ['FindIssue', { id: jira, name: 'Jira' }, 'GET', false, ['input.key'], 1]);
  assert.deepEqual(made.query, [{ name: 'fields', value: 'summary' }, { name: 'fields', value: 'status' }]);
  assert.deepEqual(made.headers, [{ name: 'Accept-Language', value: 'en' }]);
  const path = `/apps/${app}/requests/${made.id}`;
  assert.deepEqual((await anna.get(path)).body.request, made);
  assert.equal((await anna.get(`/apps/${app}/requests/findissue`)).body.request.id, made.id);
  assert.ok((await anna.get(`/apps/${app}/requests`)).body.requests.some((each) => each.id === made.id));
  const changed = await anna.patch(path, { method: 'PUT', body: { fields: { summary: '{{input.summary}}' } }, version: 1 });
  assert.equal(changed.status, 200, changed.text);
  assert.deepEqual([changed.body.method, changed.body.path, changed.body.body, changed.body.writes, changed.body.version],
    ['PUT', made.path, { fields: { summary: '{{input.summary}}' } }, true, 2]);
  assertProblem(await anna.patch(path, { method: 'GET', version: 1 }), 409, 'conflict');
  assert.equal((await anna.delete(path)).status, 204);
  assertProblem(await anna.get(path), 404, 'not_found');
});

test('names are unique in the app, and can stand in a template', async () => {
  await saved({ name: 'Taken' });
  assertProblem(await save({ name: 'TAKEN' }), 409, 'name_taken');
  for (const name of ['', 'two words', '1st', 'a.b', 'Größe', 'x'.repeat(51), '{{a}}'])
    assertFieldErrors(await save({ name }), 'name');
  assert.equal((await save({ name: 'x'.repeat(50) })).status, 201);
});

test('what cannot work is refused at its field, and an unknown name is quoted', async () => {
  await saved({ name: 'Earlier' });
  const refused = async (more, field, says) => {
    const answer = await save(more);
    assertFieldErrors(answer, field);
    if (says) assert.ok(answer.body.errors[0].message.includes(says), answer.text);
  };
  await refused({ path: '/rest/api/3/issue/{{inptu.key}}' }, 'path', '{{inptu.key}}');
  await refused({ path: '/rest/api/3/issue/{{input.key' }, 'path', '{{input.key');
  await refused({ path: '/rest/api/3/issue/{{input.{{input.a}}}}' }, 'path', '{{input.{{');
  await refused({ path: '/rest/api/3/issue?fields=summary' }, 'path');
  await refused({ path: '' }, 'path');
  await refused({ path: '/rest/auth/1/session' }, 'path');
  await refused({ path: 'https://evil.example/' }, 'path');
  await refused({ method: 'TRACE' }, 'method');
  await refused({ query: { jql: 'key = {{input.key | sql}}' } }, 'query', 'sql');
  await refused({ query: { a: { b: 1 } } }, 'query');
  await refused({ headers: { Authorization: 'x' } }, 'headers');
  await refused({ body: { a: '{{request.Unknown.response.body}}' } }, 'body', '{{request.Unknown.response.body}}');
  await refused({ connection: 'nosuch' }, 'connection');
  await refused({ connection: undefined }, 'connection');
  assert.equal((await save({ body: { a: '{{request.Earlier.response.body.key}} {{user.email}} {{now}} {{item.key}}' } })).status, 201);
  // Ten thousand deep, and a body that is no JSON, from a form.
  const form = (body) => anna.form(`/apps/${app}/requests`, { name: 'Deep', connection: jira, method: 'POST', path: '/rest/api/3/issue', body });
  assert.equal((await form(`${'['.repeat(10000)}${']'.repeat(10000)}`)).status, 422);
  assert.equal((await form('{"a": }')).status, 422);
});

test('it is tried out with one\'s own credential, and values stay values', async () => {
  const summary = `"}, {"x": "\\ & {{input.key}} ${unique('x')}`;
  const create = await saved({ method: 'POST', path: '/rest/api/3/issue', body: { fields: { project: { key: '{{input.project}}' },
    issuetype: { name: 'Task' }, summary: '{{input.summary}}' } } });
  await clearLog(s);
  const made = await tryOut(create.id, { 'input.project': 'ACME', 'input.summary': summary });
  assert.equal(made.status, 200, made.text);
  assert.equal(made.body.status, 201, made.text);
  assert.deepEqual(made.body.credential, { account: 'Anna Admin', site: 'acme', shared: false });
  assert.equal(JSON.parse(made.body.sent.body).fields.summary, summary);
  assert.deepEqual(await callsOf(s), [`POST acme.localhost /rest/api/3/issue as ${ANNA}`]);
  const read = await saved({ query: { fields: 'summary' } });
  const found = await tryOut(read.id, { 'input.key': made.body.body.key });
  assert.equal(found.body.body.fields.summary, summary);
  const jql = await saved({ path: '/rest/api/3/search/jql', query: { jql: 'key = {{input.key | jql}}', fields: 'summary' } });
  const quoted = await tryOut(jql.id, { 'input.key': `${made.body.body.key}" OR project = "OPS` });
  assert.equal(quoted.body.sent.query.includes(encodeURIComponent('\\" OR')), true, quoted.text);
  assert.ok(quoted.body.status === 400 || quoted.body.body.issues.length === 0, quoted.text);
});

test('a missing value is said before anything is sent', async () => {
  const read = await saved();
  await clearLog(s);
  const answer = await tryOut(read.id);
  assertProblem(answer, 422, 'invalid');
  assert.ok(answer.body.detail.includes('{{input.key}}'), answer.text);
  assertProblem(await tryOut(read.id, { 'input.key': '..' }), 422, 'invalid');
  assertProblem(await tryOut(read.id, { 'input key': 'x' }), 422, 'invalid');
  assert.deepEqual(await callsOf(s), []);
});

test('secrets in bodies are masked', async () => {
  const post = await saved({ method: 'PUT', path: '/rest/api/3/issue/ACME-1/properties/test', body: { api_token: '{{input.a}}', plain: '{{input.b}}' } });
  const answer = await tryOut(post.id, { 'input.a': 'canary-1', 'input.b': 'seen' });
  assert.ok(!answer.text.includes('canary-1') && answer.text.includes('seen'), answer.text);
});

test('they are the admins\', and without a connection nothing is sent', async () => {
  const read = await saved();
  for (const answer of [await runner.get(`/apps/${app}/requests`), await save({}, runner), await tryOut(read.id, {}, runner)])
    assertProblem(answer, 403, 'not_app_admin');
  const gone = await addConnection(anna, app, { name: 'Gone' });
  const orphan = await saved({ connection: gone });
  const answer = await tryOut(orphan.id, { 'input.key': 'ACME-1' });
  assertProblem(answer, 409, 'connection_required');
  assert.match(answer.body.connect_url, /\/connect/);
  await anna.delete(`/apps/${app}/connections/${gone}`, { confirm: 'Gone' });
  assert.equal((await anna.get(`/apps/${app}/requests/${orphan.id}`)).body.request.connection, null);
  assertProblem(await tryOut(orphan.id, { 'input.key': 'ACME-1' }), 422, 'invalid');
});

test('the page saves and tries out as the API does', async () => {
  const page = await anna.page(`/apps/${app}/requests/new`);
  assert.equal(page.status, 200, page.text);
  const wrong = await anna.submit(page, '/requests', { name: 'ByPage', connection: jira, method: 'GET', path: '/rest/api/3/issue/{{oops}}',
    query: 'fields=summary' });
  assert.equal(wrong.status, 422);
  assert.ok(wrong.text.includes('{{oops}}') && wrong.text.includes('value="ByPage"'), wrong.text);
  const added = await anna.submit(page, '/requests', { name: 'ByPage', connection: jira, method: 'GET', path: '/rest/api/3/issue/{{input.key}}',
    query: 'fields=summary\n\nexpand = names ' });
  const shown = await anna.follow(added);
  assert.equal(shown.status, 200);
  assert.ok(shown.text.includes('fields=summary\nexpand=names'), shown.text);
  const tried = await anna.submit(shown, '/try', { value1: 'ACME-1' });
  assert.equal(tried.status, 200, tried.text);
  assert.ok(tried.text.includes('/rest/api/3/issue/ACME-1?fields=summary&amp;expand=names'), tried.text);
  assert.ok(tried.text.includes('200 OK') && tried.text.includes('value="ACME-1"'), tried.text);
  const missing = await anna.submit(shown, '/try', {});
  assert.equal(missing.status, 422);
  assert.ok(missing.text.includes('role="alert"'), missing.text);
  const list = await anna.page(`/apps/${app}/requests`);
  assert.ok(list.text.includes('ByPage'));
});

endsWell(() => s);
