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
  assert.ok(done.text.includes('was added and applied') && done.text.includes('aria-label="Add Get issue again"'), done.text);
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
