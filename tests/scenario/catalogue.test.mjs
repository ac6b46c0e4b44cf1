// Every entry of the catalogue (tables/catalogue): added to a fresh app, and run against the simulator with
// good input and with bad. Where the OpenAPI file of Jira is there, it judges every call of them
// (tests/lib/prism.mjs). `make catalogue` counts what is tallied here.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';

import { addConnection, ANNA, assertPage, assertProblem, BOB, callsOf, clearLog, connect, fault, makeApp, noFaults, until } from '../lib/scene.mjs';
import { endsWell, ROOT, startStack } from '../lib/stack.mjs';
import { Judge, reasonToSkip } from '../lib/prism.mjs';
import { LONG, tally } from '../lib/tally.mjs';

const FOLDER = path.join(ROOT, 'tables/catalogue');
const ENTRIES = fs.readdirSync(FOLDER).filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -5)).sort();
const read = (entry) => JSON.parse(fs.readFileSync(path.join(FOLDER, `${entry}.json`), 'utf8'));

// A link is answered 201 without the JSON that the file says; a body that is one text loses its quotes in Prism.
const PAST = [/^POST \/rest\/api\/3\/issueLink$/, /^POST \/rest\/api\/3\/issue\/[^/]+\/watchers$/];
const skipped = reasonToSkip();
const passed = new Set();

let s;
let judge;
let anna;
let app;
let base;

before(async () => {
  judge = skipped ? null : await Judge.find(PAST);
  s = await startStack(null, judge ? { allow: [judge.url] } : {});
  await judge?.start(s);
  base = judge?.url ?? s.site();
  anna = await s.user(await s.setup(), 'anna@example.com');
  app = await freshApp();
  for (const entry of ENTRIES) assert.equal((await add(entry)).status, 201);
});
after(() => judge?.stop());
beforeEach(async () => {
  await noFaults(s);
  await clearLog(s);
});

async function freshApp() {
  const made = await makeApp(anna);
  await connect(s, anna, made, await addConnection(anna, made, { name: 'Jira' }), ANNA, { base_url: base });
  return made;
}
const add = (entry, to = app, connection = 'Jira') => anna.post(`/apps/${to}/catalogue/${entry}`, { connection });
const slugOf = async (entry) => (await anna.get(`/apps/${app}/catalogue`)).body.entries.find((each) => each.entry === entry).added[0].slug;

// Runs an entry; one that wants a dry run first gets it, and is confirmed.
async function run(entry, inputs = {}) {
  const at = `/apps/${app}/actions/${await slugOf(entry)}/run`;
  const first = await anna.post(at, read(entry).action.confirm ? { inputs, dry_run: true } : { inputs });
  if (first.status !== 201 || !first.body.dry || first.body.status !== 'successful') return first;
  return anna.post(at, { confirm: first.body.id });
}
async function runs(entry, inputs, status = 'successful') {
  const answer = await run(entry, inputs);
  assert.equal(answer.status, 201, answer.text);
  assert.equal(answer.body.status, status, JSON.stringify(answer.body, null, 1).slice(0, 4000));
  return answer.body;
}
// Refused before anything is sent, at these inputs.
async function refuses(entry, inputs, ...fields) {
  const answer = await run(entry, inputs);
  assertProblem(answer, 422, 'invalid');
  assert.deepEqual(answer.body.errors.map((each) => each.field).sort(), fields.sort(), answer.text);
}
// Refused by Jira, whose words stand at this input.
async function jiraRefuses(entry, inputs, field, says = /./) {
  const b = await runs(entry, inputs, 'stopped');
  const at = b.inputs.find((each) => each.id === field);
  assert.match(at.error ?? '', says, JSON.stringify(b, null, 1).slice(0, 3000));
  return b;
}
const jira = async (method, at, body) => {
  const answer = await fetch(`${s.simUrl}/sites/acme/rest/api/3${at}`, { method, body: body && JSON.stringify(body),
    headers: { 'content-type': 'application/json', authorization: `Basic ${Buffer.from(`${ANNA}:${await s.token(ANNA)}`).toString('base64')}` } });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${at}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : null;
};
const newIssue = async (summary, more = {}) => (await jira('POST', '/issue', { fields: { project: { key: 'OPS' }, issuetype: { name: 'Task' }, summary, ...more } })).key;
const pairsOf = (output) => Object.fromEntries(output.pairs.map(({ label, text }) => [label, text]));
const column = (output, label) => output.rows.map(({ cells }) => cells[output.columns.indexOf(label)].text);
const field = async (entry, inputs, id, search) => {
  const answer = await anna.post(`/apps/${app}/actions/${await slugOf(entry)}/form`, { inputs, search });
  assert.equal(answer.status, 200, answer.text);
  return answer.body.fields.find((each) => each.id === id);
};
const accountOf = async (name) => (await jira('GET', `/user/search?query=${name}`))[0].accountId;

// An entry's own tests; every entry has to have one.
const tested = new Set();
function entry(name, body) {
  tested.add(name);
  test(name, async () => {
    await body();
    passed.add(name);
  });
}

entry('my-open-issues', async () => {
  const { accountId } = await jira('GET', '/myself');
  const key = await newIssue('Mine and open', { assignee: { id: accountId } });
  await until(async () => column((await runs('my-open-issues')).outputs[0], 'Key').includes(key), 'the issue found');
  const [table] = (await runs('my-open-issues')).outputs;
  assert.ok(table.total > 0 && column(table, 'Assignee').every((name) => name === 'Anna Admin'), JSON.stringify(table));
  assert.ok(!column(table, 'Status').includes('Done'));
  assert.match(table.rows[0].cells[0].link, /\/browse\/[A-Z]+-\d+$/);
  await refuses('my-open-issues', { key: 'x' }, 'key');
});

entry('get-issue', async () => {
  const key = await newIssue('Look at me', { description: { type: 'doc', version: 1, content: [{ type: 'paragraph', content: [
    { type: 'text', text: 'bold', marks: [{ type: 'strong' }] }, { type: 'text', text: ' <script>alert(1)</script>' }] }] } });
  await jira('POST', `/issue/${key}/comment`, { body: { type: 'doc', version: 1, content: [{ type: 'paragraph', content: [{ type: 'text', text: 'First' }] }] } });
  const b = await runs('get-issue', { key });
  assert.deepEqual([pairsOf(b.outputs[0]).Key, pairsOf(b.outputs[0]).Summary], [key, 'Look at me']);
  assert.match(b.outputs[1].text, /^\*\*bold\*\*/);
  assert.ok(b.outputs[1].html.includes('<strong>bold</strong>') && !b.outputs[1].html.includes('<script'), b.outputs[1].html);
  assert.deepEqual(column(b.outputs[2], 'Comment'), ['First']);
  const page = assertPage(await anna.page(`/apps/${app}/runs/${b.id}`));
  assert.ok(page.text.includes('<strong>bold</strong>') && !page.text.includes('<script>alert'), page.text);
  await refuses('get-issue', { key: 'no key' }, 'key');
  assert.match((await runs('get-issue', { key: 'NOSUCH-1' }, 'stopped')).sentence, /GetIssue/);
});

entry('add-comment', async () => {
  const key = await newIssue('To be commented');
  const b = await runs('add-comment', { key, text: 'Hello **you**\n\n- one\n- two' });
  assert.equal(b.outputs[1].text, 'Hello **you**\n\n- one\n- two');
  const { comments } = await jira('GET', `/issue/${key}/comment`);
  assert.equal(comments.at(-1).body.content[1].type, 'bulletList');
  await refuses('add-comment', { key, text: '' }, 'text');
  assert.match((await runs('add-comment', { key: 'NOSUCH-1', text: 'x' }, 'stopped')).sentence, /AddComment/);
});

entry('search-by-jql', async () => {
  const b = await runs('search-by-jql', { jql: 'project = ACME ORDER BY key', most: 3 });
  assert.deepEqual([b.outputs[0].total, column(b.outputs[0], 'Key')[0]], [3, 'ACME-1']);
  await refuses('search-by-jql', { jql: '', most: 501 }, 'jql', 'most');
  assert.match((await runs('search-by-jql', { jql: 'nonsense' }, 'stopped')).sentence, /SearchByJql/);
});

entry('search-by-form', async () => {
  const key = await newIssue('Zebra "crossing"');
  const find = (more) => runs('search-by-form', { project: 'OPS', words: 'Zebra', ...more });
  await until(async () => column((await find()).outputs[0], 'Key').includes(key), 'the issue found');
  assert.deepEqual(column((await find({ state: 'statusCategory = Done' })).outputs[0], 'Key'), []);
  assert.deepEqual(column((await find({ words: '" OR key = ACME-1 OR text ~ "' })).outputs[0], 'Key'), []);
  await refuses('search-by-form', { project: 'OPS', words: 'x', state: 'project = ACME' }, 'state');
  await refuses('search-by-form', { project: 'OPS', words: '', most: 0 }, 'most', 'words');
  assert.equal((await runs('search-by-form', { project: 'NOSUCH', words: 'x' })).outputs[0].total, 0);
});

entry('recently-updated', async () => {
  const key = await newIssue('Brand new');
  await until(async () => column((await runs('recently-updated', { days: 1 })).outputs[0], 'Key').includes(key), 'the issue found');
  assert.equal((await runs('recently-updated', { days: 300, most: 2 })).outputs[0].total, 2);
  await refuses('recently-updated', { days: '1 OR project = SEC' }, 'days');
});

entry('create-issue', async () => {
  assert.ok((await field('create-issue', {}, 'project', { project: 'Operations' })).options.some((each) => each.value === 'OPS'));
  assert.equal((await field('create-issue', {}, 'type')).first, 'Project');
  const type = (await field('create-issue', { project: 'OPS' }, 'type')).options.find((each) => each.label === 'Task').value;
  const who = (await field('create-issue', { project: 'OPS' }, 'assignee', { assignee: 'bob' })).options[0].value;
  const least = await runs('create-issue', { project: 'OPS', type, summary: 'The least' });
  assert.equal((await jira('GET', `/issue/${pairsOf(least.outputs[0]).Issue}`)).fields.description, null);
  const b = await runs('create-issue', { project: 'OPS', type, summary: 'All of it', description: '# Why\n\nBecause', priority: '2', assignee: who,
    labels: 'one, two', due: '2030-01-31' });
  const { fields } = await jira('GET', `/issue/${pairsOf(b.outputs[0]).Issue}`);
  assert.deepEqual([fields.summary, fields.description.content[0].type, fields.priority.name, fields.assignee.displayName, fields.labels, fields.duedate],
    ['All of it', 'heading', 'High', 'Bob Builder', ['one', 'two'], '2030-01-31']);
  await refuses('create-issue', { project: 'OPS', type, due: 'soon' }, 'summary', 'due');
  await jiraRefuses('create-issue', { project: 'OPS', type, summary: 'x', assignee: 'nobody' }, 'assignee');
  assert.match((await runs('create-issue', { project: 'OPS', type: '99999', summary: 'x' }, 'stopped')).sentence, /^Type: .*not among the options/);
  // A type that demands what the form does not ask for: Jira says which field.
  const hr = (await field('create-issue', { project: 'HR' }, 'type')).options.find((each) => each.label === 'Task').value;
  assert.match((await runs('create-issue', { project: 'HR', type: hr, summary: 'x' }, 'stopped')).sentence, /Department/);
});

entry('edit-issue', async () => {
  const key = await newIssue('Before', { labels: ['old'], duedate: '2030-01-01' });
  const b = await runs('edit-issue', { key, summary: 'After', description: '*new*' });
  assert.deepEqual([pairsOf(b.outputs[0]).Summary, pairsOf(b.outputs[0]).Due], ['After', '2030-01-01']);
  assert.deepEqual(JSON.parse(b.steps[0].request_body), { fields: { summary: 'After', description: { type: 'doc', version: 1,
    content: [{ type: 'paragraph', content: [{ type: 'text', text: 'new', marks: [{ type: 'em' }] }] }] } } });
  await runs('edit-issue', { key, labels: 'a b', priority: '1' });
  const { fields } = await jira('GET', `/issue/${key}`);
  assert.deepEqual([fields.summary, fields.labels, fields.priority.name], ['After', ['a', 'b'], 'Highest']);
  await refuses('edit-issue', { key: '', summary: 'x'.repeat(256) }, 'key', 'summary');
  await fault(s, 'status', { match: { method: 'PUT', path: `/rest/api/3/issue/${key}` }, status: 400, body: { errorMessages: [], errors: { duedate: 'Not on a Sunday.' } } });
  await jiraRefuses('edit-issue', { key, due: '2030-01-06' }, 'due', /Sunday/);
});

entry('transition-issue', async () => {
  const key = await newIssue('On its way');
  assert.deepEqual((await field('transition-issue', { key }, 'transition')).options.map((each) => each.value), ['21']);
  const b = await runs('transition-issue', { key, transition: '21', comment: 'Begun' });
  assert.equal(pairsOf(b.outputs[0]).Status, 'In Progress');
  assert.equal((await jira('GET', `/issue/${key}/comment`)).comments.length, 1);
  await runs('transition-issue', { key, transition: '31' });
  assert.equal((await jira('GET', `/issue/${key}/comment`)).comments.length, 1);
  const wrong = await runs('transition-issue', { key, transition: '31' }, 'stopped');
  assert.match(wrong.sentence, /^Transition: .*not among the options/);
  assert.ok((await callsOf(s)).filter((each) => each.startsWith('POST') && each.includes(`${key}/transitions`)).length === 2);
  await refuses('transition-issue', { key }, 'transition');
});

entry('assign-issue', async () => {
  const key = await newIssue('Whose?');
  const [bob] = (await field('assign-issue', { key }, 'assignee', { assignee: 'bob' })).options;
  assert.equal(bob.label, 'Bob Builder');
  assert.equal(pairsOf((await runs('assign-issue', { key, assignee: bob.value })).outputs[0]).Assignee, 'Bob Builder');
  await refuses('assign-issue', { key, assignee: '' }, 'assignee');
  assert.match((await runs('assign-issue', { key, assignee: 'nobody' }, 'stopped')).sentence, /AssignIssue/);
});

entry('log-work', async () => {
  const key = await newIssue('Laborious');
  const b = await runs('log-work', { key, time: '1h 30m', started: '2026-11-27T10:00:00.000+0000', comment: 'Dug a **hole**' });
  assert.equal(pairsOf(b.outputs[0])['Time spent'], '1h 30m');
  await runs('log-work', { key, time: '10m' });
  const { worklogs } = await jira('GET', `/issue/${key}/worklog`);
  assert.deepEqual(worklogs.map((each) => [each.timeSpentSeconds, Boolean(each.comment)]), [[5400, true], [600, false]]);
  await refuses('log-work', { key, time: '', started: 'early' }, 'started', 'time');
  assert.match((await runs('log-work', { key, time: 'ages' }, 'stopped')).sentence, /LogWork/);
});

entry('link-issues', async () => {
  const [key, to] = [await newIssue('Blocker'), await newIssue('Blocked')];
  assert.ok((await field('link-issues', {}, 'type')).options.some((each) => each.label === 'blocks' && each.value === 'Blocks'));
  await runs('link-issues', { key, type: 'Blocks', to });
  const [one] = (await jira('GET', `/issue/${key}`)).fields.issuelinks;
  assert.deepEqual([one.type.outward, one.outwardIssue?.key], ['blocks', to]);
  await refuses('link-issues', { key, type: 'Blocks', to: 'that one' }, 'to');
  assert.match((await runs('link-issues', { key, type: 'Likes', to }, 'stopped')).sentence, /^Link: /);
  assert.equal((await runs('link-issues', { key, type: 'Blocks', to: 'NOSUCH-1' }, 'stopped')).calls.failed, 1);
});

entry('add-watcher', async () => {
  const key = await newIssue('Watch this');
  const [bob] = (await field('add-watcher', {}, 'person', { person: 'bob' })).options;
  assert.ok(column((await runs('add-watcher', { key, person: bob.value })).outputs[0], 'Name').includes('Bob Builder'));
  await refuses('add-watcher', { key }, 'person');
  assert.match((await runs('add-watcher', { key, person: 'nobody' }, 'stopped')).sentence, /AddWatcher/);
});

entry('bulk-create', async () => {
  const type = (await field('bulk-create', { project: 'OPS' }, 'type')).options.find((each) => each.label === 'Task').value;
  const rows = 'Summary\tDescription\tLabels\tPriority\nBulk one\t"**b**\nnext"\tx y\tHigh\nBulk two\t\t\t\n';
  const b = await runs('bulk-create', { project: 'OPS', type, rows });
  const keys = column(b.outputs[0], 'Key');
  assert.deepEqual([b.calls.done, column(b.outputs[0], 'Summary'), column(b.outputs[0], 'Done')], [2, ['Bulk one', 'Bulk two'], ['true', 'true']]);
  const [one, two] = [await jira('GET', `/issue/${keys[0]}`), await jira('GET', `/issue/${keys[1]}`)];
  assert.deepEqual([one.fields.labels, one.fields.priority.name, one.fields.description.content[0].content[0].marks], [['x', 'y'], 'High', [{ type: 'strong' }]]);
  assert.deepEqual([two.fields.summary, two.fields.description], ['Bulk two', null]);
  const part = await runs('bulk-create', { project: 'OPS', type, rows: 'Summary,Priority\nGood,Low\nBad,Enormous\n' }, 'partial');
  assert.deepEqual(column(part.outputs[0], 'Done'), ['true', 'false']);
  assert.match(column(part.outputs[0], 'What Jira says')[1], /riority/);
  await refuses('bulk-create', { project: 'OPS', type, rows: '' }, 'rows');
  // Without a dry run before it nothing is created.
  assertProblem(await anna.post(`/apps/${app}/actions/${await slugOf('bulk-create')}/run`, { inputs: { project: 'OPS', type, rows } }), 409, 'confirm_required');
});

entry('bulk-transition', async () => {
  const keys = [await newIssue('Flock one'), await newIssue('Flock two'), await newIssue('Flock three')];
  const jql = 'project = OPS AND summary ~ Flock ORDER BY key';
  await until(async () => (await field('bulk-transition', { jql }, 'issues')).options.length === 3, 'the issues found');
  assert.deepEqual((await field('bulk-transition', { jql, issues: keys }, 'transition')).options.map((each) => each.value), ['21']);
  const at = `/apps/${app}/actions/${await slugOf('bulk-transition')}/run`;
  const dry = await anna.post(at, { inputs: { jql, issues: keys, transition: '21' }, dry_run: true });
  assert.equal(dry.body.status, 'successful', dry.text);
  await jira('POST', `/issue/${keys[1]}/transitions`, { transition: { id: '21' } }); // meanwhile
  const b = (await anna.post(at, { confirm: dry.body.id })).body;
  assert.deepEqual([b.status, column(b.outputs[0], 'Issue'), column(b.outputs[0], 'Done')], ['partial', keys, ['true', 'false', 'true']], JSON.stringify(b));
  assert.ok(column(b.outputs[0], 'What Jira says')[1].length > 10);
  assert.equal((await jira('GET', `/issue/${keys[2]}`)).fields.status.name, 'In Progress');
  await refuses('bulk-transition', { jql, transition: '21' }, 'issues');
  assert.match((await runs('bulk-transition', { jql, issues: ['ACME-1'], transition: '21' }, 'stopped')).sentence, /^Issues: /);
});

test('adding an entry twice, beside other requests of its names, on another connection', async () => {
  const other = await freshApp();
  const more = await addConnection(anna, other, { name: 'Second' });
  await connect(s, anna, other, more, ANNA, { base_url: base });
  const mine = await anna.post(`/apps/${other}/requests`, { name: 'issuetypes', connection: 'Jira', method: 'GET', path: '/rest/api/3/myself' });
  assert.equal(mine.status, 201, mine.text);
  const names = async () => (await anna.get(`/apps/${other}/requests`)).body.requests.map((each) => each.name).sort();
  const first = await add('create-issue', other);
  assert.deepEqual([first.status, first.body.name, first.body.can_run, first.body.is_draft], [201, 'Create issue', true, false], first.text);
  const had = await names();
  assert.deepEqual(had, ['AssignableInProject', 'CreateIssue', 'IssueTypes2', 'Priorities', 'Projects', 'issuetypes']);
  const again = await add('create-issue', other);
  assert.deepEqual([again.body.name, again.body.slug], ['Create issue 2', 'create-issue-2'], again.text);
  assert.deepEqual(await names(), had); // the same requests serve both
  const second = await add('create-issue', other, 'Second');
  assert.equal(second.body.name, 'Create issue 3', second.text);
  assert.ok((await names()).includes('CreateIssue2') && (await names()).includes('IssueTypes3'));
  const form = await anna.post(`/apps/${other}/actions/create-issue/form`, { inputs: { project: 'OPS' } });
  assert.ok(form.body.fields.find((each) => each.id === 'type').options.length > 1, form.text);
  const { entries } = (await anna.get(`/apps/${other}/catalogue`)).body;
  assert.deepEqual(entries.map((each) => each.entry), ENTRIES);
  assert.deepEqual(entries.filter((each) => each.added.length).map((each) => [each.entry, each.added.length]), [['create-issue', 3]]);
  assert.deepEqual(entries.map((each) => each.writes), ENTRIES.map((each) => Object.values(read(each).requests).some(({ method }) => method !== 'GET')));
});

test('what cannot be added', async () => {
  const other = await makeApp(anna);
  assertProblem(await add('nothing', other), 404, 'not_found');
  const without = await add('get-issue', other);
  assertProblem(without, 422, 'invalid');
  assert.deepEqual(without.body.errors.map((each) => each.field), ['connection']);
  assert.deepEqual((await anna.get(`/apps/${other}/requests`)).body.requests, []);
  const page = assertPage(await anna.page(`/apps/${other}/catalogue`));
  assert.ok(page.text.includes('No connection yet') && !page.text.includes('formaction='), page.text);
});

test('the page adds, says what was added, and offers it again', async () => {
  const other = await freshApp();
  const at = `/apps/${other}/catalogue`;
  assert.ok(assertPage(await anna.page(`/apps/${other}/actions`)).text.includes(`href="${at}"`));
  const page = assertPage(await anna.page(at));
  assert.ok(!page.text.includes('>Added<') && page.text.includes(`formaction="${at}/get-issue"`), page.text);
  const { id } = (await anna.get(`/apps/${other}`)).body.connections[0];
  const done = assertPage(await anna.follow(await anna.form(`${at}/get-issue`, { connection: id })));
  assert.ok(done.text.includes('was added and applied') && done.text.includes('aria-label="Add again: Get issue"'), done.text);
  assert.ok(done.text.includes(`href="/apps/${other}/actions/get-issue"`));
  const wrong = await anna.form(`${at}/get-issue`, { connection: 'nonsense' });
  assert.ok(wrong.status === 422 && wrong.text.includes('Choose a connection of this app.'), wrong.text);
});

test('every entry has its test', () => {
  assert.deepEqual([...tested].sort(), ENTRIES);
});

test('what passed between Mortise and Jira is as the OpenAPI file says', { skip: LONG ? false : skipped }, () => {
  assert.ok(judge, skipped || '');
  assert.deepEqual(judge.violations, []);
  assert.ok(judge.judged > ENTRIES.length);
});

test('the sums', () => tally({ actions: ENTRIES.length, passed: passed.size, violations: judge?.violations.length ?? 0 }));

endsWell(() => s);
