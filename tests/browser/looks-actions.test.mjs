// The pages of actions, saved requests and runs: every check and four pictures each, empty, failing and
// running states included (see looks-app.test.mjs).

import { after, afterEach, before } from 'node:test';

import { addConnection, ANNA, connect, fault, grant, makeApp, noFaults } from '../lib/scene.mjs';
import { startStack } from '../lib/stack.mjs';
import { openBrowser } from './lib/browser.mjs';
import { looks } from './lib/looks.mjs';

let s;
let b;
let nora; // app admin
let sam; // runner, not connected
let api; // nora's
const at = '/apps/desk';
const { page, complete } = looks('actions');

const LONG = 'A summary that is as long as people write them when nobody stops them, with averyveryverylongwordwithoutanyspacesinit';

before(async () => {
  s = await startStack(null);
  b = await openBrowser();
  const root = await s.setup();
  api = await s.user(root, 'nora.berg@example.com', 'Nora Berg');
  await makeApp(api, 'Release desk', { slug: 'desk' });
  const runner = await s.user(root, 'sam@example.com', 'Sam Okoro');
  await grant(api, 'desk', runner);
  nora = await b.person(s, { client: api });
  sam = await b.person(s, { client: runner });
});
afterEach(() => b.calm());
after(async () => {
  await b?.close();
  await s?.close();
});

async function furnish() {
  const jira = await addConnection(api, 'desk', { name: 'Acme Jira' });
  await connect(s, api, 'desk', jira, ANNA);
  for (const [name, more] of Object.entries({
    Find: { path: '/rest/api/3/search/jql', query: { jql: 'project = {{input.project | jql}} ORDER BY key', fields: 'summary,status', maxResults: '5' } },
    Edit: { method: 'PUT', path: '/rest/api/3/issue/{{item.key}}', body: { fields: { summary: '{{input.summary}}' } } },
    Projects: { path: '/rest/api/3/project/search' },
  })) await api.post(`${at}/requests`, { name, connection: 'Acme Jira', ...more });
  const inputs = [
    { id: 'project', type: 'select', label: 'Project', mandatory: true, help: 'Where the issues are.', options_from: { request: 'Projects',
      list: '{{request.Projects.response.body.values}}', value: '{{item.key}}', label: '{{item.name}}' } },
    { id: 'summary', type: 'text', label: 'New summary', placeholder: 'What it is about', mandatory: true, max: 200 },
    { id: 'note', type: 'textarea', label: 'Note' }, { id: 'day', type: 'date', label: 'Day', default: '{{today}}' },
    { id: 'areas', type: 'multiselect', label: 'Areas', options: [{ value: 'a', label: 'Documentation' }, { value: 'b', label: 'Server' }] },
    { id: 'sure', type: 'checkbox', label: 'I have looked twice' }];
  const steps = [{ request: 'Find' }, { request: 'Edit', for_each: '{{request.Find.response.body.issues}}', run_if: '{{input.sure}}', limit: 3 }];
  const outputs = [
    { type: 'table', title: 'Issues', rows: '{{request.Find.response.body.issues}}', columns: [
      { label: 'Key', value: '{{item.key}}', link: '{{request.Find.site}}/browse/{{item.key}}' }, { label: 'Summary', value: '{{item.fields.summary}}' },
      { label: 'Status', value: '{{item.fields.status.name}}' }] },
    { type: 'key_value', title: 'In short', pairs: [{ label: 'Project', value: '{{input.project}}' }, { label: 'Changed', value: '{{request.Edit.count}}' }] },
    { type: 'bar', title: 'By place', rows: '{{request.Find.response.body.issues}}', label: '{{item.key}}', value: '{{index}}' },
    { type: 'text', text: 'Looked at by {{user.name}}.' }, { type: 'raw', title: 'As it came', step: 'Find' }];
  await api.post(`${at}/actions`, { name: 'Rename issues', description: 'Gives every open issue of a project a new summary.', draft: { inputs, steps, outputs } });
  await api.post(`${at}/actions/rename-issues/apply`);
  await api.post(`${at}/actions`, { name: 'Not ready yet' });
}
const run = async (inputs, more = {}) => {
  const answer = await api.post(`${at}/actions/rename-issues/run`, { inputs: { project: 'ACME', summary: 'Rollout checklist', ...inputs }, ...more });
  if (answer.status !== 201) throw new Error(answer.text);
  return `${at}/runs/${answer.body.id}`;
};

page('actions.empty', () => nora, `${at}/actions`);
page('actions.empty-runner', () => sam, `${at}/actions`);
page('requests.empty', () => nora, `${at}/requests`);
page('runs.empty', () => nora, `${at}/runs`);
page('request-edit.bare', () => nora, `${at}/requests/new`);
page('actions', () => nora, async () => {
  await furnish();
  return `${at}/actions`;
});
page('actions.runner', () => sam, `${at}/actions`);
page('action-new', () => nora, `${at}/actions/new`);
page('action', () => nora, `${at}/actions/rename-issues`);
page('action.bare', () => nora, `${at}/actions/not-ready-yet`);
page('action.wrong', () => nora, async (p) => {
  await p.visit(`${at}/actions/not-ready-yet`);
  await p.page.locator('#draft').fill('{"inputs": [], "steps": [{"request": "Find"}], "outputs": []}');
  await p.press('Save draft');
  await p.sees('It was not saved:');
});
page('requests', () => nora, `${at}/requests`);
page('request-edit', () => nora, async (p) => {
  await p.visit(`${at}/requests/Find`);
  await p.page.locator('#value-1').fill('ACME');
  await p.press('Try out');
  await p.page.getByText('What was sent').click();
});
page('request-edit.wrong', () => nora, async (p) => {
  await p.visit(`${at}/requests/Find`);
  await p.fill('Path', '/rest/api/3/issue/{{inptu.key}}');
  await p.press('Save');
  await p.page.locator('#path-error').waitFor();
});
page('action-form', () => nora, `${at}/actions/rename-issues/form`);
page('action-form.wrong', () => nora, async (p) => {
  await p.visit(`${at}/actions/rename-issues/form`);
  await p.page.locator('form[data-options]').evaluate((form) => { form.noValidate = true; });
  await p.press('Run');
  await p.sees('Please fill this in.');
});
page('action-form.connect', () => sam, `${at}/actions/rename-issues/form`);
page('run', () => nora, () => run({}));
page('run.dry', () => nora, () => run({ sure: true, summary: LONG }, { dry_run: true }));
page('run.partial', () => nora, async (p) => {
  await fault(s, 'status', { match: { method: 'PUT', path: '^/rest/api/3/issue/ACME-2$' }, status: 400, times: 'always',
    body: { errorMessages: [LONG], errors: {} } });
  const where = await run({ sure: true });
  await noFaults(s);
  await p.visit(where);
  await p.page.locator('.call summary').nth(1).click();
});
page('run.running', () => nora, async () => {
  await fault(s, 'delay', { match: { method: 'PUT', path: '/rest/' }, ms: 8000, times: 'always' });
  return run({ sure: true }, { wait: 0 });
});
page('runs', () => nora, async () => {
  await noFaults(s);
  return `${at}/runs`;
});
page('runs.none', () => nora, `${at}/runs?status=interrupted`);
complete();
