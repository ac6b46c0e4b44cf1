// Selects whose options come from Jira: which are looked up when, what depends on what, searching, and that the
// server checks what was chosen. (In the browser: tests/browser/actions.test.mjs.)

import assert from 'node:assert/strict';
import { before, beforeEach, test } from 'node:test';

import { addConnection, ANNA, callsOf, clearLog, connect, fault, grant, makeApp, noFaults } from '../lib/scene.mjs';
import { endsWell, startStack } from '../lib/stack.mjs';

let s;
let anna;
let eve;
let app;

before(async () => {
  s = await startStack(null);
  const root = await s.setup();
  anna = await s.user(root, 'anna@example.com');
  eve = await s.user(root, 'eve@example.com');
  app = await makeApp(anna, 'Desk');
  await grant(anna, app, eve);
  const jira = await addConnection(anna, app, { name: 'Jira' });
  await connect(s, anna, app, jira, ANNA);
  for (const [name, more] of Object.entries({
    Projects: { path: '/rest/api/3/project/search' },
    Types: { path: '/rest/api/3/issue/createmeta/{{input.project}}/issuetypes' },
    People: { path: '/rest/api/3/user/search', query: { query: '{{search}}' } },
    Create: { method: 'POST', path: '/rest/api/3/issue', body: { fields: { project: { key: '{{input.project}}' },
      issuetype: { id: '{{input.type}}' }, summary: '{{input.summary}}' } } },
  })) assert.equal((await anna.post(`/apps/${app}/requests`, { name, connection: 'Jira', ...more })).status, 201);
  const from = (request, list, value, label) => ({ request, list: `{{request.${request}.response.body${list}}}`, value: `{{item.${value}}}`, label: `{{item.${label}}}` });
  const draft = { inputs: [
    { id: 'project', type: 'select', label: 'Project', mandatory: true, options_from: from('Projects', '.values', 'key', 'name') },
    { id: 'type', type: 'select', label: 'Type', mandatory: true, options_from: from('Types', '.issueTypes', 'id', 'name') },
    { id: 'who', type: 'select', label: 'Who', options_from: from('People', '', 'accountId', 'displayName') },
    { id: 'summary', type: 'text', label: 'Summary', mandatory: true }],
  steps: [{ request: 'Create' }], outputs: [{ type: 'raw', step: 'Create' }] };
  const made = await anna.post(`/apps/${app}/actions`, { name: 'Create issue', draft });
  assert.equal(made.status, 201, made.text);
  assert.equal((await anna.post(`/apps/${app}/actions/create-issue/apply`)).status, 200);
});
beforeEach(async () => {
  await noFaults(s);
  await clearLog(s);
});

const path = () => `/apps/${app}/actions/create-issue`;
const fieldsOf = (answer) => {
  assert.equal(answer.status, 200, answer.text);
  return Object.fromEntries(answer.body.fields.map((each) => [each.id, each]));
};
const form = async (inputs, search) => fieldsOf(await anna.post(`${path()}/form`, { inputs, search }));
const values = (field) => field.options.map((each) => each.value);

test('what depends on nothing is there at once, the rest waits for what it depends on', async () => {
  const first = fieldsOf(await anna.get(`${path()}/form`));
  assert.ok(values(first.project).includes('ACME') && values(first.project).length > 1, JSON.stringify(first.project));
  assert.deepEqual([values(first.type), first.type.first, first.type.depends], [[], 'Project', ['project']]);
  assert.ok((await callsOf(s)).every((each) => !each.includes('createmeta')));
  const second = await form({ project: 'ACME' });
  assert.ok(second.type.options.length > 1 && second.type.first === null);
  assert.ok(second.type.options.every((each) => each.label && each.value));
  assert.ok(second.project.options.find((each) => each.value === 'ACME').selected);
});

test('what somebody types is looked for', async () => {
  const found = await form({}, { who: 'bob' });
  assert.ok(found.who.searches && !found.project.searches);
  assert.deepEqual(found.who.options.map((each) => each.label), ['Bob Builder']);
});

test('a source that fails says so beside its field, and the others are there', async () => {
  await fault(s, 'status', { match: { path: '^/rest/api/3/project/search' }, status: 403, body: { errorMessages: ['No.'] }, times: 'always' });
  const b = await form({ project: 'ACME' });
  assert.ok(b.project.problem && b.type.options.length > 1, JSON.stringify(b.project));
  assert.deepEqual(values(b.project), ['ACME']); // what was chosen stays chosen
});

test('a list of 100,000 is cut, and says so', async () => {
  const many = Array.from({ length: 100000 }, (_, i) => (i % 2 ? { key: `K${i}` } : { key: `K${i}`, name: `Name ${i}` }));
  await fault(s, 'body', { match: { path: '^/rest/api/3/project/search' }, status: 200, type: 'application/json', times: 'always',
    body: JSON.stringify({ values: many }) });
  const b = await form({});
  assert.deepEqual([b.project.options.length, b.project.cut, b.project.problem], [1000, true, null]);
  assert.deepEqual(b.project.options.slice(0, 2).map((each) => each.label), ['Name 0', 'K1']);
});

test('the server checks what was chosen, before anything is written', async () => {
  const type = (await form({ project: 'ACME' })).type.options[0].value;
  const run = (inputs) => anna.post(`${path()}/run`, { inputs });
  const good = await run({ project: 'ACME', type, summary: 'By select' });
  assert.deepEqual([good.body.status, good.body.calls.done], ['successful', 1], good.text);
  await clearLog(s);
  const wrong = await run({ project: 'ACME', type: '999999', summary: 'x' });
  assert.deepEqual([wrong.body.status, wrong.body.calls.done], ['stopped', 0], wrong.text);
  assert.match(wrong.body.sentence, /^Type: .*not among the options/);
  assert.match((await run({ project: 'NOSUCH', type, summary: 'x' })).body.sentence, /^Project: /);
  assert.ok((await callsOf(s)).every((each) => each.startsWith('GET')));
});

test('the page loads them without JavaScript, also when it is shown again', async () => {
  const page = await anna.page(`${path()}/form`);
  assert.ok(page.text.includes('>Load options</button>') && page.text.includes('Choose Project first'), page.text);
  const loaded = await anna.form(`${path()}/form`, { 'i:project': 'ACME', 'i:summary': 'kept' });
  assert.equal(loaded.status, 200, loaded.text);
  assert.ok(loaded.text.includes('value="kept"') && /<option value="ACME" selected>/.test(loaded.text), loaded.text);
  const type = /data-from="type"[^]*?<option value="(\d+)">/.exec(loaded.text)[1];
  const wrong = await anna.submit(loaded, '/run', { 'i:type': type, 'i:summary': '' });
  assert.equal(wrong.status, 422, wrong.text);
  assert.ok(wrong.text.includes('Please fill this in.') && wrong.text.includes(`<option value="${type}" selected>`), wrong.text);
  const done = await anna.follow(await anna.submit(wrong, '/run', { 'i:summary': 'At last' }));
  assert.ok(done.text.includes('Successful'), done.text);
});

test('nobody looks up with an account of somebody else', async () => {
  const b = await eve.get(`${path()}/form`);
  assert.deepEqual([b.body.ready, b.body.fields[0].options], [false, []], b.text);
  assert.deepEqual(await callsOf(s), []);
});

endsWell(() => s);
