// Runs that take long: a hundred steps and a list of a thousand items with bounded memory and progress; a
// server that is killed or stopped in the middle.

import assert from 'node:assert/strict';
import { before, beforeEach, test } from 'node:test';

import { memoryOf } from '../lib/crowd.mjs';
import { addConnection, ANNA, clearLog, connect, fault, makeApp, noFaults, sleep, unique, until } from '../lib/scene.mjs';
import { endsWell, sql, startStack } from '../lib/stack.mjs';

let s;
let anna;
let app;

before(async () => {
  s = await startStack(null, { env: { // freed counts as free
    ASAN_OPTIONS: 'abort_on_error=1:detect_leaks=1:quarantine_size_mb=1:thread_local_quarantine_size_kb=64' } });
  anna = await s.user(await s.setup(), 'anna@example.com');
  app = await makeApp(anna);
  const jira = await addConnection(anna, app, { name: 'Jira' });
  await connect(s, anna, app, jira, ANNA);
  const requests = {
    Who: { path: '/rest/api/3/myself' },
    List: { path: '/rest/api/3/project' },
    Look: { path: '/rest/api/3/issue/{{item.key}}', query: { fields: 'summary' } },
    Label: { method: 'PUT', path: '/rest/api/3/issue/ACME-1', body: { fields: { labels: ['l{{item.id}}'] } } },
  };
  for (const [name, more] of Object.entries(requests)) {
    const answer = await anna.post(`/apps/${app}/requests`, { name, connection: 'Jira', ...more });
    assert.equal(answer.status, 201, answer.text);
  }
});
beforeEach(async () => {
  await noFaults(s);
  await clearLog(s);
});

async function action(steps, outputs = []) {
  const made = await anna.post(`/apps/${app}/actions`, { name: unique('Long'), draft: { inputs: [], steps, outputs } });
  assert.equal(made.status, 201, made.text);
  assert.equal((await anna.post(`/apps/${app}/actions/${made.body.slug}/apply`)).status, 200);
  return made.body.slug;
}
const list = (count) => fault(s, 'body', { match: { path: '^/rest/api/3/project$' }, status: 200, type: 'application/json', times: 'always',
  body: JSON.stringify(Array.from({ length: count }, (_, i) => ({ id: i, key: 'ACME-1' }))) });
const begin = async (slug) => (await anna.post(`/apps/${app}/actions/${slug}/run`, { wait: 0 })).body.id;
const look = async (id) => (await anna.get(`/apps/${app}/runs/${id}`)).body.run;
const writes = async () => (await s.control('GET', 'log')).requests.filter((each) => each.method === 'PUT').length;

test('a hundred steps, one of them over a thousand items', async () => {
  await list(1200);
  const steps = [{ request: 'List' }, { request: 'Look', for_each: '{{request.List.response.body}}', limit: 1000 }];
  while (steps.length < 100) steps.push({ request: 'Who', name: `Who${steps.length}` });
  const slug = await action(steps, [{ type: 'table', rows: '{{request.Look.results}}', columns: [{ label: 'Key', value: '{{item.body.key}}' }] }]);
  await begin(slug); // the first fills what is kept anyway
  await until(async () => (await anna.get(`/apps/${app}/runs?status=running`)).body.runs.length === 0, 'the first', 120000);
  const old = memoryOf(s.server.child.pid);
  const id = await begin(slug);
  const seen = new Set();
  let most = 0;
  const run = await until(async () => {
    const now = await look(id);
    seen.add(now.calls.done);
    most = Math.max(most, memoryOf(s.server.child.pid));
    return now.status !== 'running' && now;
  }, 'its end', 120000);
  assert.deepEqual([run.status, run.calls], ['successful', { done: 1099, failed: 0, planned: 1099 }], run.sentence);
  assert.match(run.sentence, /first 1000 of 1200 items/);
  assert.ok(seen.size > 3, `progress was seen ${seen.size} times`);
  assert.ok(most - old < 100, `${most - old} MB`);
  assert.deepEqual([run.outputs[0].rows.length, run.outputs[0].rows[999].cells[0].text], [1000, 'ACME-1']);
  let number = 0;
  for (let next = 0; next !== null;) {
    const page = (await anna.get(`/apps/${app}/runs/${id}?after=${next}`)).body.run;
    for (const each of page.steps) assert.equal(each.number, number += 1);
    next = page.next;
  }
  assert.equal(number, 1099);
});

test('a server that is killed in the middle says afterwards what was done', async () => {
  await list(20);
  await fault(s, 'delay', { match: { method: 'PUT', path: '/rest/' }, ms: 150, times: 'always' });
  const id = await begin(await action([{ request: 'List' }, { request: 'Label', for_each: '{{request.List.response.body}}' }]));
  await until(async () => await writes() >= 4, 'four writes');
  await s.server.stop('SIGKILL');
  const sent = await writes();
  sql(s, 'UPDATE runs SET beat = beat - 60000'); // as if a minute had passed
  await s.start();
  assert.equal((await anna.signIn('anna@example.com')).status, 200);
  const run = await until(async () => {
    const now = await look(id);
    return now.status !== 'running' && now;
  });
  assert.equal(run.status, 'interrupted');
  assert.match(run.sentence, /look in Jira/);
  const labels = run.steps.filter((each) => each.step === 'Label');
  // Every write that Jira saw is on file; the last of them was under way.
  assert.ok(labels.length === sent || labels.length === sent + 1, `${labels.length} on file, ${sent} sent`);
  assert.deepEqual(labels.map((each) => each.state), [...Array(labels.length - 1).fill('done'), 'sending']);
  await sleep(500);
  assert.equal(await writes(), sent); // and nothing goes on by itself
  await until(async () => sql(s, `SELECT status FROM runs WHERE id = '${id}'`)[0][0] === 'interrupted', 'the note', 15000);
});

test('a server that is stopped ends its runs, and says so', async () => {
  await list(50);
  await fault(s, 'delay', { match: { method: 'PUT', path: '/rest/' }, ms: 200, times: 'always' });
  const id = await begin(await action([{ request: 'List' }, { request: 'Label', for_each: '{{request.List.response.body}}' }]));
  await until(async () => await writes() >= 2, 'two writes');
  await s.restart();
  assert.equal((await anna.signIn('anna@example.com')).status, 200);
  const run = await look(id);
  assert.equal(run.status, 'partial', JSON.stringify(run));
  assert.match(run.sentence, /being stopped/);
  assert.ok(run.steps.every((each) => each.state !== 'sending'), JSON.stringify(run.steps));
});

endsWell(() => s);
