// Actions by the API: designing one, applying it, running it, what is kept of a run and who sees it.
// (Saved requests are in saved-requests.test.mjs; the pages at the end.)

import assert from 'node:assert/strict';
import { before, beforeEach, test } from 'node:test';

import { Client } from '../lib/client.mjs';
import { addConnection, ANNA, assertFieldErrors, assertProblem, BOB, callsOf, clearLog, connect, fault, grant, makeApp, noFaults,
  sleep, unique, until } from '../lib/scene.mjs';
import { endsWell, startStack } from '../lib/stack.mjs';

let s;
let root;
let anna; // admin of the app
let bob; // runner, connected with an account of their own
let eve; // runner, not connected
let app;
let own;
let shared;

before(async () => {
  s = await startStack(null);
  root = await s.setup();
  anna = await s.user(root, 'anna@example.com');
  bob = await s.user(root, 'bob@example.com');
  eve = await s.user(root, 'eve@example.com');
  app = await makeApp(anna);
  for (const runner of [bob, eve]) await grant(anna, app, runner);
  own = await addConnection(anna, app, { name: 'Own' });
  shared = await addConnection(anna, app, { name: 'Shared' });
  await anna.patch(`/apps/${app}/connections/${shared}`, { shared: true });
  await connect(s, anna, app, own, ANNA);
  await connect(s, anna, app, shared, ANNA);
  await connect(s, bob, app, own, BOB);
  await request('Get', { path: '/rest/api/3/issue/{{input.key}}', query: { fields: 'summary' } });
  await request('Create', { method: 'POST', path: '/rest/api/3/issue', body: { fields: { project: { key: '{{input.project}}' },
    issuetype: { name: 'Task' }, summary: '{{input.summary}}' } } });
  await request('Comment', { method: 'POST', path: '/rest/api/3/issue/{{request.Create.response.body.key}}/comment', body: { body: {
    type: 'doc', version: 1, content: [{ type: 'paragraph', content: [{ type: 'text', text: '{{input.summary}}' }] }] } } });
  await request('Find', { path: '/rest/api/3/search/jql', query: { jql: 'project = {{input.project | jql}} ORDER BY key', fields: 'summary',
    maxResults: '5' } });
  await request('Label', { method: 'PUT', path: '/rest/api/3/issue/{{item.key}}', body: { fields: { labels: ['{{input.label}}'] } } });
  await request('Find2', { path: '/rest/api/3/search/jql', query: { jql: 'project = ACME ORDER BY key', fields: 'summary', maxResults: '2' } });
  await request('Edit', { method: 'PUT', path: '/rest/api/3/issue/{{item.key}}', body: { fields: { summary: '{{input.summary}}' } } });
  await request('EditOne', { method: 'PUT', path: '/rest/api/3/issue/{{input.key}}', body: { fields: { summary: '{{input.summary}}' } } });
  await request('OwnGet', { connection: 'Own', path: '/rest/api/3/issue/{{input.key}}', query: { fields: 'summary' } });
});
beforeEach(async () => {
  await noFaults(s);
  await clearLog(s);
});

async function request(name, more) {
  const answer = await anna.post(`/apps/${app}/requests`, { name, connection: 'Shared', method: 'GET', ...more });
  assert.equal(answer.status, 201, answer.text);
  return answer.body;
}

const text = (id, more = {}) => ({ id, type: 'text', mandatory: true, ...more });
const PROJECT = text('project', { default: 'ACME' });
const draftOf = (inputs, steps, outputs = []) => ({ inputs, steps: steps.map((each) => typeof each === 'string' ? { request: each } : each), outputs });

// An applied action -> its slug.
async function action(draft, name = unique('Action')) {
  const made = await anna.post(`/apps/${app}/actions`, { name, draft });
  assert.equal(made.status, 201, made.text);
  const applied = await anna.post(`/apps/${app}/actions/${made.body.slug}/apply`, { version: made.body.version });
  assert.equal(applied.status, 200, applied.text);
  return made.body.slug;
}
const run = (slug, inputs = {}, client = anna, more = {}) => client.post(`/apps/${app}/actions/${slug}/run`, { inputs, ...more });
async function ran(slug, inputs, client, more) {
  const answer = await run(slug, inputs, client, more);
  assert.equal(answer.status, 201, answer.text);
  return answer.body;
}
const bad = (method, path, status, more = {}) => fault(s, 'status', { match: { method, path }, status, times: 'always', ...more });
const slow = (ms) => fault(s, 'delay', { match: { method: 'PUT', path: '/rest/api/3/issue/ACME' }, ms, times: 'always' });
const writes = async () => (await callsOf(s)).filter((each) => !each.startsWith('GET'));

test('an action is made, saved as a draft, applied, changed, reverted, disabled and deleted', async () => {
  const made = await anna.post(`/apps/${app}/actions`, { name: 'Look up', description: 'Shows an issue' });
  assert.equal(made.status, 201, made.text);
  assert.deepEqual([made.body.slug, made.body.is_draft, made.body.can_run, made.body.applied_version], ['look-up', true, false, null]);
  const path = `/apps/${app}/actions/look-up`;
  assertProblem(await anna.post(`${path}/apply`), 422, 'invalid'); // no step yet
  assertProblem(await run('look-up'), 409, 'conflict');
  assertProblem(await bob.get(`${path}/form`), 404, 'not_found');
  const draft = draftOf([text('key')], ['Get']);
  const saved = await anna.patch(path, { draft, version: 1 });
  assert.deepEqual([saved.status, saved.body.version, saved.body.is_draft], [200, 2, true], saved.text);
  assertProblem(await anna.patch(path, { draft, version: 1 }), 409, 'conflict');
  const applied = await anna.post(`${path}/apply`, { version: 2 });
  assert.deepEqual([applied.body.is_draft, applied.body.can_run, applied.body.applied_version], [false, true, 1], applied.text);
  assert.equal((await ran('look-up', { key: 'ACME-1' })).status, 'successful');

  const changed = await anna.patch(path, { draft: draftOf([text('key'), text('more')], ['Get']) });
  assert.equal(changed.body.is_draft, true);
  assert.equal((await ran('look-up', { key: 'ACME-1' })).action.version, 1); // runs use the applied one
  const reverted = await anna.post(`${path}/revert`, { version: changed.body.version });
  assert.equal(reverted.body.is_draft, false, reverted.text);
  assert.deepEqual((await anna.get(path)).body.draft, draft);

  assert.equal((await anna.patch(path, { enabled: false })).body.can_run, false);
  assertProblem(await run('look-up', { key: 'ACME-1' }), 409, 'conflict');
  assertProblem(await run('look-up', { key: 'ACME-1' }, bob), 404, 'not_found');
  assert.equal((await anna.patch(path, { enabled: true, name: 'Look it up' })).body.slug, 'look-up');
  assert.equal((await anna.delete(path)).status, 204);
  assertProblem(await anna.get(path), 404, 'not_found');
  const old = (await anna.get(`/apps/${app}/runs`)).body.runs.find((each) => each.action.name === 'Look up');
  assert.deepEqual([old.action.slug, old.status], [null, 'successful']);
});

test('a draft that cannot be run is refused, and says where', async () => {
  const refused = async (draft, field, says = '') => {
    const answer = await anna.post(`/apps/${app}/actions`, { name: unique('Wrong'), draft });
    assertProblem(answer, 422, 'invalid');
    const error = answer.body.errors.find((each) => each.field === field);
    assert.ok(error?.message.includes(says), `${field} ${says}: ${answer.text}`);
  };
  await refused(draftOf([], ['Get']), 'steps[0].request', '{{input.key}}');
  await refused(draftOf([text('key')], ['Nothing']), 'steps[0].request', 'Nothing');
  await refused(draftOf([text('summary')], ['Comment']), 'steps[0].request', '{{request.Create.response.body.key}}');
  await refused(draftOf([text('key'), text('key')], ['Get']), 'inputs[1].id');
  await refused(draftOf([text('key', { pattern: '(' })], ['Get']), 'inputs[0].pattern');
  await refused(draftOf([text('key')], ['Get'], [{ type: 'text', text: '{{request.Gte.response.body}}' }]), 'outputs[0].text', 'Gte');
  await refused({ steps: [] }, 'inputs');
  await refused('nonsense', 'draft');
  assertProblem(await anna.post(`/apps/${app}/actions`, { name: 'Twice' }).then(() => anna.post(`/apps/${app}/actions`, { name: 'TWICE' })),
    409, 'name_taken');
});

test('a request that is changed later changes nothing that was applied', async () => {
  await request('Moving', { path: '/rest/api/3/issue/{{input.key}}' });
  const slug = await action(draftOf([text('key')], ['Moving']));
  await anna.patch(`/apps/${app}/requests/Moving`, { path: '/rest/api/3/project/{{input.key}}' });
  assert.equal((await anna.get(`/apps/${app}/actions/${slug}`)).body.requests_changed, true);
  assert.equal((await ran(slug, { key: 'ACME-1' })).status, 'successful');
  assert.match((await callsOf(s))[0], /\/issue\/ACME-1/);
  await anna.delete(`/apps/${app}/requests/Moving`);
  assert.equal((await ran(slug, { key: 'ACME-1' })).status, 'successful');
  assertProblem(await anna.post(`/apps/${app}/actions/${slug}/apply`), 422, 'invalid');
});

test('steps follow one another, and what came of them is shown', async () => {
  const slug = await action(draftOf([PROJECT, text('summary')], ['Create', 'Comment'], [
    { type: 'key_value', title: 'Made', pairs: [{ label: 'Key', value: '{{request.Create.response.body.key}}',
      link: '{{request.Create.site}}/browse/{{request.Create.response.body.key}}' }] },
    { type: 'raw', step: 'Create' }, { type: 'text', text: 'Comment {{request.Comment.response.status}} by {{user.name}}' }]));
  const b = await ran(slug, { project: 'ACME', summary: 'Grüße "}, {"x' });
  assert.deepEqual([b.status, b.sentence, b.calls], ['successful', null, { done: 2, failed: 0, planned: 2 }]);
  const [pairs, raw, words] = b.outputs;
  const key = pairs.pairs[0].text;
  assert.match(key, /^ACME-\d+$/);
  assert.ok(pairs.pairs[0].link.endsWith(`/browse/${key}`) && pairs.pairs[0].link.startsWith('http'));
  assert.ok(raw.text.includes(`"key": "${key}"`));
  assert.equal(words.text, `Comment 201 by ${anna.me.name}`);
  assert.deepEqual(b.steps.map((each) => [each.number, each.step, each.state, each.status, each.write, each.shared]),
    [[1, 'Create', 'done', 201, true, true], [2, 'Comment', 'done', 201, true, true]]);
  assert.ok(b.steps[0].request_body.includes('Grüße') && b.steps[1].path.includes(`/issue/${key}/comment`));
  assert.equal((await writes()).length, 2);
  assert.deepEqual((await anna.get(`/apps/${app}/runs/${b.id}`)).body.run, b);
});

test('inputs are checked at the server, each at its field', async () => {
  const slug = await action(draftOf([text('key', { pattern: '[A-Z]+-\\d+' }), { id: 'n', type: 'integer', min: 1, max: 5 },
    { id: 'colour', type: 'select', options: [{ value: 'r', label: 'Red' }] }, { id: 'mail', type: 'email' },
    text('hidden', { hidden: true, default: '{{user.email}}' })], ['Get']));
  const wrong = await run(slug, { key: 'nonsense', n: '9', colour: 'g', mail: 'x', hidden: 'y', other: 1 });
  assertProblem(wrong, 422, 'invalid');
  assert.deepEqual(wrong.body.errors.map((each) => each.field).sort(), ['colour', 'hidden', 'key', 'mail', 'n', 'other']);
  assertFieldErrors(await run(slug, {}), 'key');
  const long = `${'x'.repeat(59)}ä`; // its quote ends amid a character
  assertFieldErrors(await run(slug, { key: 'A-1', [long]: 1 }), long);
  assertFieldErrors(await run(slug, { key: `A-${'1'.repeat(40000)}` }), 'key');
  assert.deepEqual(await callsOf(s), []);
  const b = await ran(slug, { key: 'ACME-1', n: '3', colour: 'r' });
  assert.deepEqual(Object.fromEntries(b.inputs.map((each) => [each.id, each.value])),
    { key: 'ACME-1', n: 3, colour: 'r', mail: null, hidden: 'anna@example.com' });
});

test('conditions, lists and rules of failure', async () => {
  const slug = await action(draftOf([PROJECT, { id: 'label', type: 'text' }], ['Find',
    { request: 'Label', run_if: '{{input.label}}', for_each: '{{request.Find.response.body.issues}}', limit: 3 }],
  [{ type: 'table', rows: '{{request.Label.results}}', columns: [{ label: 'Issue', value: '{{item.item.key}}' }, { label: 'Ok', value: '{{item.ok}}' }] }]));
  const skipped = await ran(slug, { project: 'ACME' });
  assert.deepEqual(skipped.steps.map((each) => each.state), ['done', 'skipped']);
  assert.deepEqual([skipped.status, skipped.calls, skipped.outputs[0].total], ['successful', { done: 1, failed: 0, planned: 1 }, 0]);
  const b = await ran(slug, { project: 'ACME', label: 'urgent' });
  assert.equal(b.status, 'successful', JSON.stringify(b));
  assert.deepEqual(b.steps.map((each) => [each.step, each.item]), [['Find', null], ['Label', 1], ['Label', 2], ['Label', 3]]);
  assert.match(b.sentence, /first 3 of 5 items/);
  assert.equal(b.outputs[0].rows.length, 3);
  assert.equal((await writes()).length, 3);
  const none = await ran(slug, { project: 'NOSUCH', label: 'x' });
  assert.deepEqual([none.status, none.calls.done, none.steps[1].state], ['successful', 1, 'skipped'], JSON.stringify(none));
});

test('one failing item leaves the others, and the run is partly successful', async () => {
  await bad('PUT', '^/rest/api/3/issue/ACME-2$', 400, { body: { errorMessages: ['No.'], errors: {} } });
  const list = draftOf([PROJECT, text('label')], ['Find', { request: 'Label', for_each: '{{request.Find.response.body.issues}}' }, 'Find2']);
  list.steps[2] = { request: 'Find', name: 'Again' };
  const b = await ran(await action(list), { project: 'ACME', label: 'x' });
  assert.equal(b.status, 'partial', JSON.stringify(b));
  assert.deepEqual(b.calls, { done: 6, failed: 1, planned: 7 });
  assert.deepEqual(b.steps.filter((each) => each.step === 'Label').map((each) => each.state), ['done', 'failed', 'done', 'done', 'done']);
  assert.match(b.sentence, /1 of 5 calls of step "Label" failed/);
  list.steps[1].on_failure = 'go_on';
  const on = await ran(await action(list), { project: 'ACME', label: 'x' });
  assert.deepEqual([on.status, on.calls.done], ['partial', 7]);
});

test('the first that fails stops, a later one leaves what was done', async () => {
  const slug = await action(draftOf([PROJECT, text('summary')], ['Create', 'Comment']));
  await bad('POST', '^/rest/api/3/issue$', 400, { body: { errorMessages: [], errors: { summary: 'Too dull.' } } });
  const stopped = await ran(slug, { project: 'ACME', summary: 'x' });
  assert.deepEqual([stopped.status, stopped.calls], ['stopped', { done: 1, failed: 1, planned: 2 }]);
  assert.match(stopped.sentence, /Step "Create"/);
  await noFaults(s);
  await bad('POST', '^/rest/api/3/issue/[^/]*/comment$', 403, { body: {} });
  const partial = await ran(slug, { project: 'ACME', summary: 'x' });
  assert.deepEqual([partial.status, partial.calls], ['partial', { done: 2, failed: 1, planned: 2 }]);
});

test('a write is made again only when Jira surely did nothing', async () => {
  const slug = await action(draftOf([PROJECT, text('summary')], ['Create']));
  await bad('POST', '^/rest/api/3/issue$', 429, { times: 1, headers: { 'retry-after': '1' }, body: {} });
  assert.equal((await ran(slug, { project: 'ACME', summary: 'limited' })).status, 'successful');
  assert.equal((await writes()).length, 2);
  await clearLog(s);
  await bad('POST', '^/rest/api/3/issue$', 503, { times: 1, body: {} });
  assert.equal((await ran(slug, { project: 'ACME', summary: 'unsure' })).status, 'stopped');
  assert.equal((await writes()).length, 1);
  const read = await action(draftOf([text('key')], ['Get']));
  await bad('GET', '/rest/api/3/issue/ACME-1', 503, { times: 1, body: {} });
  assert.equal((await ran(read, { key: 'ACME-1' })).status, 'successful');
});

test('each runs with their own account, and contents are theirs alone', async () => {
  const slug = await action(draftOf([text('key')], ['OwnGet'], [{ type: 'raw', step: 'OwnGet' }]));
  assertProblem(await run(slug, { key: 'ACME-1' }, eve), 409, 'connection_required');
  const b = await ran(slug, { key: 'ACME-1' }, bob);
  assert.deepEqual([b.own, b.mine, b.shows_contents, b.steps[0].account], [true, true, true, 'Bob Builder']);
  assert.ok(b.outputs[0].text.includes('ACME-1') && b.steps[0].response_body.includes('ACME-1'));
  const seen = (await anna.get(`/apps/${app}/runs/${b.id}`)).body.run;
  assert.deepEqual([seen.shows_contents, seen.outputs, seen.steps[0].response_body, seen.steps[0].path],
    [false, [], null, '/rest/api/3/issue/{{input.key}}']);
  assertProblem(await eve.get(`/apps/${app}/runs/${b.id}`), 404, 'not_found');
  const all = (await anna.get(`/apps/${app}/runs`)).body.runs;
  assert.ok(all.some((each) => each.id === b.id) && all.some((each) => each.user.id === anna.me.id));
  assert.ok((await bob.get(`/apps/${app}/runs`)).body.runs.every((each) => each.user.id === bob.me.id));
  assert.deepEqual((await eve.get(`/apps/${app}/runs`)).body.runs, []);
  // Shared credentials: runners run what admins saved, and admins see all of it.
  const by = await action(draftOf([text('key')], ['Get'], [{ type: 'raw', step: 'Get' }]));
  const common = await ran(by, { key: 'ACME-1' }, eve);
  assert.equal((await anna.get(`/apps/${app}/runs/${common.id}`)).body.run.outputs[0].text, common.outputs[0].text);
});

test('an admin who stops somebody\'s run sees no more of it than before', async () => {
  const slug = await action(draftOf([text('key')], ['OwnGet', 'Get'], [{ type: 'raw', step: 'OwnGet' }]));
  await fault(s, 'delay', { match: { method: 'GET', path: '/rest/api/3/issue/ACME-1' }, ms: 2500, times: 1 });
  const { id } = (await run(slug, { key: 'ACME-1' }, bob, { wait: 0 })).body;
  await sleep(700);
  const at = `/apps/${app}/runs/${id}`;
  const stopped = await anna.post(`${at}/stop`);
  assert.ok(stopped.status < 300, stopped.text);
  await until(async () => (await bob.get(at)).body.run.steps[0]?.status === 200, 'the answer of what was under way');
  const seen = (await anna.get(at)).body.run;
  assert.deepEqual([seen.own, seen.shows_contents, seen.steps[0].response_body], [true, false, null]);
  assert.ok((await bob.get(at)).body.run.steps[0].response_body.includes('ACME-1'));
  await noFaults(s);
});

test('what Jira said to an account of one\'s own is not for admins', async () => {
  const slug = await action(draftOf([text('key')], ['OwnGet']));
  await bad('GET', '/rest/api/3/issue/ACME-1', 400, { body: { errorMessages: ['a private word'] } });
  const b = await ran(slug, { key: 'ACME-1' }, bob);
  assert.match(b.sentence, /a private word/);
  const list = await anna.get(`/apps/${app}/runs`);
  assert.ok(!list.text.includes('private word') && !(await anna.get(`/apps/${app}/runs/${b.id}`)).text.includes('private word'));
  await noFaults(s);
});

test('the history is filtered', async () => {
  const slug = await action(draftOf([text('key')], ['Get']));
  const good = await ran(slug, { key: 'ACME-1' });
  const bad = await ran(slug, { key: 'NOSUCH-1' });
  const ids = async (query) => (await anna.get(`/apps/${app}/runs?action=${slug}&${query}`)).body.runs.map((each) => each.id);
  assert.deepEqual(await ids(''), [bad.id, good.id]);
  assert.deepEqual(await ids('status=stopped'), [bad.id]);
  assert.deepEqual(await ids('status=successful&source=api'), [good.id]);
  assert.deepEqual(await ids('source=page'), []);
  assert.deepEqual(await ids(`person=${bob.me.id}`), []);
  assert.deepEqual(await ids(`before=${bad.id}`), [good.id]);
  const today = new Date().toISOString().slice(0, 10);
  assert.deepEqual(await ids(`from=${today}&until=${today}`), [bad.id, good.id]);
  assert.deepEqual(await ids('until=2020-01-01'), []);
  assertFieldErrors(await anna.get(`/apps/${app}/runs?status=nonsense`), 'status');
  assertFieldErrors(await anna.get(`/apps/${app}/runs?from=nonsense`), 'from');
});

test('a long run shows how far it is, and can be stopped', async () => {
  await slow(700);
  const slug = await action(draftOf([PROJECT, text('label')], ['Find', { request: 'Label', for_each: '{{request.Find.response.body.issues}}' }]));
  const begun = await ran(slug, { project: 'ACME', label: 'x' }, anna, { wait: 0 });
  assert.equal(begun.status, 'running');
  let seen;
  for (let i = 0; i < 50 && !(seen?.calls.done > 1); i += 1) {
    await new Promise((done) => { setTimeout(done, 100); });
    seen = (await anna.get(`/apps/${app}/runs/${begun.id}`)).body.run;
  }
  assert.deepEqual([seen.status, seen.calls.planned], ['running', 6]);
  assertProblem(await bob.post(`/apps/${app}/runs/${begun.id}/stop`), 404, 'not_found');
  const stopped = await anna.post(`/apps/${app}/runs/${begun.id}/stop`);
  assert.deepEqual([stopped.status, stopped.body.status], [200, 'partial'], stopped.text);
  assertProblem(await anna.post(`/apps/${app}/runs/${begun.id}/stop`), 409, 'conflict');
  await new Promise((done) => { setTimeout(done, 1800); });
  const made = (await writes()).length;
  assert.ok(made < 5, `${made}`);
  assert.match((await anna.get(`/apps/${app}/runs/${begun.id}`)).body.run.sentence, /Stopped by/);
});

test('a right that is withdrawn in the middle ends the run', async () => {
  await slow(500);
  const slug = await action(draftOf([PROJECT, text('label')], ['Find', { request: 'Label', for_each: '{{request.Find.response.body.issues}}' }]));
  const begun = await ran(slug, { project: 'ACME', label: 'x' }, eve, { wait: 0 });
  await new Promise((done) => { setTimeout(done, 300); });
  const { permissions } = (await anna.get(`/apps/${app}/permissions`)).body;
  const hers = permissions.find((each) => each.user?.id === eve.me.id);
  await anna.delete(`/apps/${app}/permissions/${hers.id}`);
  let seen;
  for (let i = 0; i < 50 && seen?.status !== 'partial' && seen?.status !== 'stopped'; i += 1) {
    await new Promise((done) => { setTimeout(done, 100); });
    seen = (await anna.get(`/apps/${app}/runs/${begun.id}`)).body.run;
  }
  assert.ok((await writes()).length <= 2);
  assert.deepEqual(seen.outputs, []);
  await grant(anna, app, eve);
});

test('a Mortise key runs actions, within its limits', async () => {
  const slug = await action(draftOf([text('key')], ['Get']));
  const caller = (secret) => Object.assign(new Client(s.url), { headers: { authorization: `Bearer ${secret}` }, seen: s.seen });
  const key = async (more) => caller((await anna.post('/me/keys', { name: unique('Key'), ...more })).body.secret);
  const any = await key({});
  const b = await ran(slug, { key: 'ACME-1' }, any);
  assert.deepEqual([b.status, b.source, b.user.id], ['successful', 'key', anna.me.id]);
  assert.equal((await any.get(`/apps/${app}/runs/${b.id}`)).status, 200);
  assertProblem(await any.get(`/apps/${app}/runs`), 403, 'blocked_by_policy');
  const limited = await ran(slug, { key: 'ACME-1' }, await key({ paths: '/rest/api/3/project' }));
  assert.deepEqual([limited.status, limited.calls.failed], ['stopped', 1]);
  const apps = caller((await anna.post(`/apps/${app}/keys`, { name: unique('Key') })).body.secret);
  const asApp = await ran(slug, { key: 'ACME-1' }, apps);
  assert.deepEqual([asApp.status, asApp.user.id], ['successful', null]);
});

test('the form runs it without JavaScript, and the page of the run shows what came of it', async () => {
  const slug = await action({ ...draftOf([PROJECT, text('summary', { label: 'Summary', max: 30 }),
    { id: 'colour', type: 'select', label: 'Colour', options: [{ value: 'r', label: 'Red' }, { value: 'g', label: 'Green' }] },
    { id: 'areas', type: 'multiselect', label: 'Areas', options: [{ value: 'a', label: 'Area A' }, { value: 'b', label: 'Area B' }] },
    { id: 'sure', type: 'checkbox', label: 'Sure', mandatory: true }], ['Create']),
  outputs: [{ type: 'key_value', title: 'Made', pairs: [{ label: 'Key', value: '{{request.Create.response.body.key}}' }] },
    { type: 'bar', rows: '{{request.Create.results}}', label: '{{item}}', value: '1' },
    { type: 'text', title: '<b>', text: 'Colour {{input.colour}} {{input.areas}}' }] }, 'By the form');
  const list = await anna.page(`/apps/${app}/actions`);
  assert.ok(list.text.includes(`/apps/${app}/actions/${slug}/form`), list.text);
  const form = await anna.page(`/apps/${app}/actions/${slug}/form`);
  assert.equal(form.status, 200, form.text);
  assert.ok(form.text.includes('value="ACME"'));
  const wrong = await anna.submit(form, '/run', { 'i:summary': 'kept', 'i:colour': 'g', 'm1:areas': 'b' });
  assert.equal(wrong.status, 422, wrong.text);
  assert.ok(wrong.text.includes('This has to be ticked.') && wrong.text.includes('value="kept"'), wrong.text);
  assert.match(wrong.text, /value="g" selected/);
  assert.match(wrong.text, /value="b" checked/);
  const sent = await anna.submit(form, '/run', { 'i:summary': 'by form', 'i:colour': 'g', 'm0:areas': 'a', 'm1:areas': 'b', 'i:sure': 'on' });
  const page = await anna.follow(sent);
  assert.equal(page.status, 200);
  assert.ok(page.text.includes('Successful') && /ACME-\d+/.test(page.text), page.text);
  assert.ok(page.text.includes('&lt;b&gt;') && page.text.includes('Colour g [&quot;a&quot;,&quot;b&quot;]'), page.text);
  assert.ok(!page.text.includes('http-equiv="refresh"'));
  const history = await anna.page(`/apps/${app}/runs?action=${slug}`);
  assert.ok(history.text.includes('By the form') && history.text.includes('1 calls'), history.text);
});

test('a run that goes on has a page that looks again', async () => {
  await slow(1200);
  const slug = await action(draftOf([PROJECT, text('label')], ['Find', { request: 'Label', for_each: '{{request.Find.response.body.issues}}' }]));
  const sent = await anna.form(`/apps/${app}/actions/${slug}/run`, { 'i:project': 'ACME', 'i:label': 'x' });
  const page = await anna.follow(sent);
  assert.ok(page.text.includes('http-equiv="refresh"') && page.text.includes('<progress'), page.text);
  const stopped = await anna.submit(page, '/stop');
  const after = await anna.follow(stopped);
  assert.ok(after.text.includes('Stopped by'), after.text);
});

test('connecting in the middle comes back to the form, with what was entered', async () => {
  const slug = await action(draftOf([text('key')], ['OwnGet']));
  const carl = await s.user(root, 'carl@example.com');
  await grant(anna, app, carl);
  const first = await carl.page(`/apps/${app}/actions/${slug}/form`);
  assert.ok(first.text.includes('Connect Own first') && !first.text.includes(`${slug}/run`), first.text);
  const refused = await carl.form(`/apps/${app}/actions/${slug}/run`, { 'i:key': 'ACME-7' });
  assert.equal(refused.status, 409, refused.text);
  const back = decodeURIComponent(/name="return_to" value="([^"]*)"/.exec(refused.text)[1]);
  assert.match(back, new RegExp(`^/apps/${app}/actions/${slug}/form\\?draft=`));
  await connect(s, carl, app, own, ANNA);
  const form = await carl.page(back);
  assert.ok(form.text.includes('value="ACME-7"'), form.text);
  const page = await carl.follow(await carl.submit(form, '/run'));
  assert.ok(page.text.includes('Successful'), page.text);
});

test('what Jira says of a field stands beside the input that it is filled from', async () => {
  await request('Titled', { method: 'POST', path: '/rest/api/3/issue', body: { fields: { project: { key: 'ACME' }, issuetype: { name: 'Task' },
    summary: '{{input.title}}' } } });
  const slug = await action(draftOf([text('title', { label: 'Title' }), text('other')], ['Titled']));
  await bad('POST', '^/rest/api/3/issue$', 400, { body: { errorMessages: ['Look again.'], errors: { summary: 'Too dull.', unknown: 'x' } } });
  const b = await ran(slug, { title: 'x', other: 'kept' });
  assert.deepEqual(b.inputs.map((each) => [each.id, each.error]), [['title', 'Too dull.'], ['other', null]]);
  assert.match(b.sentence, /Look again/);
  const form = await anna.page(`/apps/${app}/actions/${slug}/form`);
  const back = await anna.submit(form, '/run', { 'i:title': 'dull', 'i:other': 'kept' });
  const page = await anna.follow(back);
  assert.ok(page.text.includes('Too dull.') && page.text.includes('value="kept"') && page.text.includes('Look again.'), page.text);
  await noFaults(s);
  assert.ok((await anna.follow(await anna.submit(page, '/run', { 'i:title': 'Bright' }))).text.includes('Successful'));
  // Nobody begins with what somebody else entered.
  assert.ok(!(await eve.page(`/apps/${app}/actions/${slug}/form?run=${b.id}`)).text.includes('value="kept"'));
});

test('tables are files, and no cell is a formula', async () => {
  const slug = await action(draftOf([text('word')], ['Find2'], [{ type: 'text', text: 'x' }, { type: 'table', rows: '{{request.Find2.response.body.issues}}',
    columns: [{ label: 'Key', value: '{{item.key}}' }, { label: '=Word', value: '{{input.word}}' }] }]));
  const b = await ran(slug, { word: '=a"b' });
  const csv = await anna.fetch('GET', `/apps/${app}/runs/${b.id}/outputs/2/csv`);
  assert.match(csv.headers.get('content-disposition'), /attachment; filename="run-\w+-2\.csv"/);
  assert.equal(csv.text.split('\r\n')[0], '"Key","\'=Word"');
  assert.equal(csv.text.split('\r\n')[1], '"ACME-1","\'=a""b"');
  const json = await anna.fetch('GET', `/apps/${app}/runs/${b.id}/outputs/2/json`);
  assert.deepEqual(JSON.parse(json.text)[0], { Key: 'ACME-1', '=Word': '=a"b' });
  for (const rest of ['1/csv', '3/csv', '0/csv', '2/xml', 'x/csv'])
    assertProblem(await anna.get(`/apps/${app}/runs/${b.id}/outputs/${rest}`), 404, 'not_found');
  assertProblem(await bob.get(`/apps/${app}/runs/${b.id}/outputs/2/csv`), 404, 'not_found');
});

test('whoever ran it is told when it gained a write', async () => {
  const slug = await action(draftOf([text('key')], ['Get']));
  const gained = async (who) => (await who.get(`/apps/${app}/actions/${slug}/form`)).body.gained_write;
  await ran(slug, { key: 'ACME-9' });
  assert.equal(await gained(anna), false);
  await anna.patch(`/apps/${app}/actions/${slug}`, { draft: draftOf([text('key'), text('summary')], ['Get', 'EditOne']) });
  assert.equal(await gained(anna), false); // a draft is not what is run
  await anna.post(`/apps/${app}/actions/${slug}/apply`);
  assert.equal(await gained(anna), true);
  assert.ok((await anna.page(`/apps/${app}/actions/${slug}/form`)).text.includes('has gained a step that changes something'));
  assert.equal(await gained(eve), false); // who never ran it sees it for the first time
  await ran(slug, { key: 'ACME-9', summary: 'x' }, anna, { dry_run: true });
  assert.equal(await gained(anna), true); // a dry run is no run
  await ran(slug, { key: 'ACME-9', summary: 'x' });
  assert.equal(await gained(anna), false);
});

test('a clone takes its configuration along, within the app and into another one, and no credential', async () => {
  const slug = await action(draftOf([text('key')], ['Get', 'OwnGet']), 'To be cloned');
  const clone = (body, client = anna) => client.post(`/apps/${app}/actions/${slug}/clone`, body);
  const here = await clone({ name: 'Cloned here' });
  assert.deepEqual([here.status, here.body.enabled, here.body.is_draft, here.body.can_run], [201, false, true, false], here.text);
  assertProblem(await clone({ name: 'Cloned here' }), 409, 'name_taken');
  const other = await makeApp(anna, 'Other desk');
  const there = await clone({ name: 'Cloned there', app: other });
  assert.equal(there.status, 201, there.text);
  assert.equal(there.body.path, `/apps/${other}/actions/cloned-there`);
  const { connections } = (await anna.get(`/apps/${other}`)).body;
  assert.deepEqual(connections.map((each) => [each.name, each.type, each.shared, each.connected]),
    [['Own', 'jira_api', false, false], ['Shared', 'jira_api', true, false]]);
  assert.deepEqual((await anna.get(`/apps/${other}/requests`)).body.requests.map((each) => each.name), ['Get', 'OwnGet']);
  assert.equal((await anna.post(`/apps/${other}/actions/cloned-there/apply`)).status, 200);
  assert.equal((await clone({ name: 'Once more', app: other })).status, 201); // what is the same is used
  await anna.patch(`/apps/${other}/requests/Get`, { path: '/rest/api/3/myself' });
  assertProblem(await clone({ name: 'And again', app: other }), 409, 'conflict');
  assert.equal((await anna.get(`/apps/${other}/actions`)).body.actions.length, 2); // nothing half
  const foreign = await makeApp(root, 'Not hers');
  assertProblem(await clone({ name: 'x', app: foreign }), 404, 'not_found');
  await grant(root, foreign, anna);
  assertProblem(await clone({ name: 'x', app: foreign }), 403, 'not_app_admin');
  assert.deepEqual((await root.get(`/apps/${foreign}`)).body.connections, []);
});

test('the design page saves, says what is wrong, and applies', async () => {
  const added = await anna.submit(await anna.page(`/apps/${app}/actions/new`), '/actions', { name: 'By the page', description: '' });
  const empty = await anna.follow(added);
  assert.ok(empty.text.includes('An action needs a step'), empty.text);
  const wrong = await anna.submit(empty, '_method=PATCH', { draft: JSON.stringify(draftOf([], ['Get'])) });
  assert.equal(wrong.status, 422);
  assert.ok(wrong.text.includes('{{input.key}}') && wrong.text.includes('It was not saved'), wrong.text);
  const broken = await anna.submit(empty, '_method=PATCH', { draft: '{' });
  assert.equal(broken.status, 422);
  const saved = await anna.follow(await anna.submit(empty, '_method=PATCH', { draft: JSON.stringify(draftOf([text('key')], ['Get'])) }));
  assert.ok(saved.text.includes('Draft') && !saved.text.includes('problem-line'), saved.text);
  const applied = await anna.follow(await anna.submit(saved, '/apply'));
  assert.ok(applied.text.includes('Runs use version 1'), applied.text);
});

test('a dry run shows what would be sent and changed, and sends no write', async () => {
  const slug = await action({ ...draftOf([PROJECT, text('summary')], ['Create', 'Comment', 'Find',
    { request: 'Edit', for_each: '{{request.Find.response.body.issues}}', limit: 2 }]), confirm: true });
  const b = await ran(slug, { project: 'ACME', summary: 'Dry' }, anna, { dry_run: true });
  assert.deepEqual([b.status, b.dry, b.can_confirm, b.outputs], ['successful', true, true, []], JSON.stringify(b));
  assert.deepEqual(b.steps.map((each) => [each.step, each.state]),
    [['Create', 'dry'], ['Comment', 'dry'], ['Find', 'done'], ['Edit', 'dry'], ['Edit', 'dry']]);
  assert.ok(b.steps[0].request_body.includes('"summary": "Dry"') && b.steps[0].path === '/rest/api/3/issue');
  assert.match(b.steps[1].sentence, /Known only when .*request.Create/);
  assert.deepEqual(b.steps[0].changes, null);
  assert.deepEqual(b.steps[3].changes.map((each) => [each.name, each.to]), [['summary', 'Dry']]);
  assert.ok(b.steps[3].changes[0].from.length > 1 && b.steps[3].method === 'PUT');
  assert.deepEqual(await writes(), []);

  assertProblem(await run(slug, { project: 'ACME', summary: 'Dry' }), 409, 'confirm_required');
  assertProblem(await run(slug, {}, anna, { confirm: 'nosuch' }), 410, 'confirm_expired');
  assertProblem(await run(slug, {}, eve, { confirm: b.id }), 410, 'confirm_expired');
  const real = await ran(slug, {}, anna, { confirm: b.id });
  assert.deepEqual([real.status, real.dry, real.inputs.find((each) => each.id === 'summary').value, real.calls.done], ['successful', false, 'Dry', 5]);
  assert.equal((await writes()).length, 4);
  const nothing = await ran(slug, { project: 'ACME', summary: 'Dry' }, anna, { dry_run: true });
  assert.deepEqual(nothing.steps.at(-1).changes, []);
  // What was applied since is not what was looked at.
  await anna.post(`/apps/${app}/actions/${slug}/apply`);
  assertProblem(await run(slug, {}, anna, { confirm: nothing.id }), 410, 'confirm_expired');
});

test('dry run, confirm, run: on the pages', async () => {
  const slug = await action({ ...draftOf([text('key'), text('summary')], ['EditOne']), confirm: true });
  const form = await anna.page(`/apps/${app}/actions/${slug}/form`);
  assert.ok(!form.text.includes('>Run</button>'), form.text);
  assert.match(form.text, /name="dry_run" value="true"/);
  const page = await anna.follow(await anna.form(`/apps/${app}/actions/${slug}/run`, { 'i:key': 'ACME-3', 'i:summary': 'By page', dry_run: 'true' }));
  assert.ok(page.text.includes('<ins>By page</ins>') && page.text.includes('Dry run'), page.text);
  assert.deepEqual(await writes(), []);
  const done = await anna.follow(await anna.submit(page, '/run'));
  assert.ok(done.text.includes('Successful') && !done.text.includes('<ins>'), done.text);
  assert.equal((await writes()).length, 1);
});

endsWell(() => s);
