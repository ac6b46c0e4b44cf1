// `mortise run APP/ACTION`: a client of the server with a Mortise key, tables or JSON on standard output,
// everything else on standard error, and an exit code that a script can ask.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { before, test } from 'node:test';

import { addConnection, ANNA, connect, fault, makeApp, noFaults, unique } from '../lib/scene.mjs';
import { BINARY, endsWell, startStack } from '../lib/stack.mjs';

let s;
let anna;
let app;
let key;

before(async () => {
  s = await startStack(null);
  anna = await s.user(await s.setup(), 'anna@example.com');
  app = await makeApp(anna, 'Desk');
  const jira = await addConnection(anna, app, { name: 'Jira' });
  await connect(s, anna, app, jira, ANNA);
  for (const [name, more] of Object.entries({
    Find: { path: '/rest/api/3/search/jql', query: { jql: 'project = {{input.project | jql}} ORDER BY key', fields: 'summary', maxResults: '3' } },
    Label: { method: 'PUT', path: '/rest/api/3/issue/{{item.key}}', body: { fields: { labels: '{{input.labels}}' } } },
  })) assert.equal((await anna.post(`/apps/${app}/requests`, { name, connection: 'Jira', ...more })).status, 201);
  key = (await anna.post('/me/keys', { name: unique('Key') })).body.secret;
  const draft = { inputs: [{ id: 'project', type: 'text', mandatory: true }, { id: 'labels', type: 'multiselect',
    options: [{ value: 'a' }, { value: 'b' }] }],
  steps: [{ request: 'Find' }, { request: 'Label', run_if: '{{input.labels}}', for_each: '{{request.Find.response.body.issues}}' }],
  outputs: [{ type: 'table', title: 'Issues', rows: '{{request.Find.response.body.issues}}',
    columns: [{ label: 'Key', value: '{{item.key}}' }, { label: 'Summary', value: '{{item.fields.summary}}\u001b[31m' }] },
  { type: 'key_value', pairs: [{ label: 'Found', value: '{{request.Find.response.status}}' }] },
  { type: 'bar', rows: '{{request.Find.response.body.issues}}', label: '{{item.key}}', value: '{{index}}' }] };
  await anna.post(`/apps/${app}/actions`, { name: 'Look', draft });
  assert.equal((await anna.post(`/apps/${app}/actions/look/apply`)).status, 200);
});

const mortise = (args, env = {}) => new Promise((done) => {
  const child = spawn(BINARY, ['run', ...args], { cwd: s.folder, env: { PATH: process.env.PATH, MORTISE_URL: s.url, MORTISE_KEY: key, ...env } });
  const out = { out: '', err: '' };
  child.stdout.on('data', (data) => { out.out += data; });
  child.stderr.on('data', (data) => { out.err += data; });
  child.on('close', (code) => done({ ...out, code }));
});

test('it prints tables', async () => {
  const p = await mortise([`${app}/look`, '--input', 'project=ACME']);
  assert.equal(p.code, 0, p.err);
  const lines = p.out.split('\n');
  assert.equal(lines[0], 'Issues');
  assert.match(lines[1], /^Key +Summary$/);
  assert.match(lines[2], /^ACME-1 +\S/);
  assert.match(p.out, /^Found +200$/m);
  assert.match(p.out, /^ACME-3 +#{40} 2$/m);
  assert.ok(!p.out.includes('\u001b'), 'nothing colours the terminal');
  assert.equal(p.err, '');
});

test('or the run as JSON', async () => {
  const p = await mortise([`${app}/Look`, '--json', '--input', 'project=ACME', '--input', 'labels=a', '--input', 'labels=b']);
  assert.equal(p.code, 0, p.err);
  const run = JSON.parse(p.out);
  assert.deepEqual([run.status, run.source, run.calls.done, run.inputs[1].value], ['successful', 'key', 4, ['a', 'b']]);
});

test('it says what went wrong, and its exit code tells', async () => {
  await fault(s, 'status', { match: { method: 'PUT', path: '^/rest/api/3/issue/ACME-2$' }, status: 400, body: { errorMessages: ['Not this one.'] }, times: 'always' });
  const partial = await mortise([`${app}/look`, '--input', 'project=ACME', '--input', 'labels=a']);
  assert.deepEqual([partial.code, partial.out.includes('Issues')], [3, true], partial.err);
  assert.match(partial.err, /Partially successful/);
  assert.match(partial.err, /Label 2: .*Not this one/);
  await noFaults(s);
  const missing = await mortise([`${app}/look`]);
  assert.equal(missing.code, 1);
  assert.match(missing.err, /project: Please fill this in/);
  assert.match((await mortise([`${app}/nosuch`])).err, /no such action/);
  assert.match((await mortise([`${app}/look`], { MORTISE_KEY: 'mk_wrong' })).err, /unknown, was revoked or has expired/);
  assert.match((await mortise([`${app}/look`], { MORTISE_KEY: '' })).err, /MORTISE_KEY/);
  assert.match((await mortise([`${app}/look`], { MORTISE_URL: 'http://localhost:9' })).err, /could not be reached/);
  for (const args of [[], ['look'], [`${app}/look`, '--input', 'nonsense'], [`${app}/look/x`]])
    assert.equal((await mortise(args)).code, 2, args.join(' '));
});

test('a dry run prints what would be sent, and its run confirms', async () => {
  const dry = await mortise([`${app}/look`, '--dry-run', '--input', 'project=ACME', '--input', 'labels=b']);
  assert.equal(dry.code, 0, dry.err);
  assert.match(dry.out, /^PUT \/rest\/api\/3\/issue\/ACME-1$/m);
  assert.match(dry.out, /^ {4}labels: .* -> b$/m);
  const id = /--confirm (\w+)/.exec(dry.out)[1];
  const p = await mortise([`${app}/look`, '--json', '--confirm', id]);
  assert.deepEqual([p.code, JSON.parse(p.out).inputs[1].value], [0, ['b']], p.err);
});

test('a run that takes longer is waited for', async () => {
  await fault(s, 'delay', { match: { method: 'PUT', path: '/rest/' }, ms: 300, times: 'always' });
  const p = await mortise([`${app}/look`, '--input', 'project=ACME', '--input', 'labels=a']);
  assert.equal(p.code, 0, p.err);
  await noFaults(s);
});

endsWell(() => s);
