// The journeys of actions in a browser: building one from nothing, running Create issue with dependent
// selects, a bulk change with one failing issue, dry run and confirming, connecting in the middle.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { addConnection, ANNA, BOB, connect, fault, grant, makeApp, noFaults } from '../lib/scene.mjs';
import { startStack } from '../lib/stack.mjs';
import { connectForm } from './lib/atlassian.mjs';
import { openBrowser } from './lib/browser.mjs';

let s;
let b;
let api; // ada's
let ada; // app admin, connected
let rob; // runner, not connected
const at = '/apps/desk';

before(async () => {
  s = await startStack(null);
  b = await openBrowser();
  const root = await s.setup();
  api = await s.user(root, 'ada@example.com', 'Ada Admin');
  await makeApp(api, 'Release desk', { slug: 'desk' });
  const runner = await s.user(root, 'rob@example.com', 'Rob Runner');
  await grant(api, 'desk', runner);
  const id = await addConnection(api, 'desk', { name: 'Jira' });
  await connect(s, api, 'desk', id, ANNA);
  ada = await b.person(s, { client: api });
  rob = await b.person(s, { client: runner });
});
afterEach(async () => {
  await noFaults(s);
  b.calm();
});
after(async () => {
  await b?.close();
  await s?.close();
});

const save = async (name, more) => {
  const answer = await api.post(`${at}/requests`, { name, connection: 'Jira', ...more });
  assert.equal(answer.status, 201, answer.text);
};
async function apply(name, draft) {
  const made = await api.post(`${at}/actions`, { name, draft });
  assert.equal(made.status, 201, made.text);
  assert.equal((await api.post(`${at}/actions/${made.body.slug}/apply`)).status, 200);
  return `${at}/actions/${made.body.slug}`;
}
const writes = async () => (await s.control('GET', 'log')).requests.filter((each) => each.method !== 'GET').length;

test('an action is built from nothing, and run', async () => {
  await ada.visit(at);
  await ada.press('Actions');
  await ada.press('Saved requests');
  await ada.page.getByRole('link', { name: '+ Add request' }).first().click();
  await ada.fill('Name', 'GetIssue');
  await ada.page.getByLabel('Method').selectOption('GET');
  await ada.fill('Path', '/rest/api/3/issue/{{input.key}}');
  await ada.page.getByLabel('Query').fill('fields=summary');
  await ada.press('Save');
  assert.match(await ada.notice(), /GetIssue/);
  await ada.page.locator('#value-1').fill('ACME-1');
  await ada.press('Try out');
  await ada.sees('Run as Anna Admin on acme');
  await ada.visit(`${at}/actions`);
  await ada.page.getByRole('link', { name: '+ Add action' }).first().click();
  await ada.fill('Name', 'Look up');
  await ada.press('Add');
  await ada.sees('An action needs a step before it can be applied.');
  await ada.page.locator('#draft').fill(JSON.stringify({ inputs: [{ id: 'key', type: 'issue', label: 'Issue', mandatory: true }],
    steps: [{ request: 'GetIssue' }], outputs: [{ type: 'key_value', title: 'Found', pairs: [{ label: 'Summary',
      value: '{{request.GetIssue.response.body.fields.summary}}' }] }] }));
  await ada.press('Save draft');
  await ada.press('Apply changes');
  await ada.sees(/Runs use version 1/);
  await ada.press('Run it');
  await ada.fill('Issue', 'ACME-1');
  await ada.press('Run');
  await ada.sees('Successful');
  assert.match(await ada.within('Found').innerText(), /Summary\s+\S+/);
});

test('Create issue with dependent selects', async () => {
  await save('Projects', { path: '/rest/api/3/project/search' });
  await save('Types', { path: '/rest/api/3/issue/createmeta/{{input.project}}/issuetypes' });
  await save('People', { path: '/rest/api/3/user/search', query: { query: '{{search}}' } });
  await save('Create', { method: 'POST', path: '/rest/api/3/issue', body: { fields: { project: { key: '{{input.project}}' },
    issuetype: { id: '{{input.type}}' }, summary: '{{input.summary}}', assignee: { accountId: '{{input.who}}' } } } });
  const from = (request, list, value, label) => ({ request, list: `{{request.${request}.response.body${list}}}`, value: `{{item.${value}}}`, label: `{{item.${label}}}` });
  const where = await apply('Create issue', { inputs: [
    { id: 'project', type: 'select', label: 'Project', mandatory: true, options_from: from('Projects', '.values', 'key', 'name') },
    { id: 'type', type: 'select', label: 'Type', mandatory: true, options_from: from('Types', '.issueTypes', 'id', 'name') },
    { id: 'who', type: 'select', label: 'Who', mandatory: true, options_from: from('People', '', 'accountId', 'displayName') },
    { id: 'summary', type: 'text', label: 'Summary', mandatory: true }],
  steps: [{ request: 'Create' }], outputs: [{ type: 'key_value', title: 'Made', pairs: [{ label: 'Key', value: '{{request.Create.response.body.key}}' }] }] });
  await ada.visit(`${where}/form`);
  const type = ada.page.locator('#f-type');
  assert.equal(await type.locator('option').count(), 1);
  await ada.page.locator('#f-project').selectOption('ACME');
  await type.locator('option').nth(1).waitFor({ state: 'attached' });
  await type.selectOption({ index: 1 });
  await ada.page.getByLabel('Search: Who').fill('anna');
  await ada.page.locator('#f-who option', { hasText: 'Anna Admin' }).waitFor({ state: 'attached' });
  await ada.page.locator('#f-who').selectOption({ label: 'Anna Admin' });
  await ada.fill('Summary', 'Made in a browser');
  await ada.press('Run');
  await ada.sees('Successful');
  assert.match(await ada.within('Made').innerText(), /ACME-\d+/);
});

test('several outputs are switched by tabs, with the keyboard too', async () => {
  const where = await apply('Two outputs', { inputs: [], steps: [{ request: 'Projects' }], outputs: [
    { type: 'text', title: 'First', text: 'The one' }, { type: 'text', title: 'Second', text: 'The other' }] });
  await ada.visit(`${where}/form`);
  await ada.press('Run');
  await ada.sees('The one');
  await ada.seesNot('The other');
  await ada.page.getByRole('tab', { name: 'First' }).focus();
  await ada.page.keyboard.press('ArrowRight');
  await ada.sees('The other');
  await ada.seesNot('The one');
  assert.equal(await ada.page.getByRole('tab', { name: 'Second' }).getAttribute('aria-selected'), 'true');
});

test('a bulk change with one failing issue', async () => {
  await save('Find', { path: '/rest/api/3/search/jql', query: { jql: 'project = ACME ORDER BY key', fields: 'summary', maxResults: '4' } });
  await save('Label', { method: 'PUT', path: '/rest/api/3/issue/{{item.key}}', body: { fields: { labels: ['seen'] } } });
  const where = await apply('Label them', { inputs: [], steps: [{ request: 'Find' }, { request: 'Label', for_each: '{{request.Find.response.body.issues}}' }],
    outputs: [{ type: 'table', title: 'What became of them', rows: '{{request.Label.results}}', columns: [
      { label: 'Issue', value: '{{item.item.key}}' }, { label: 'Answer', value: '{{item.status}}' }] }] });
  await fault(s, 'status', { match: { method: 'PUT', path: '^/rest/api/3/issue/ACME-2$' }, status: 400, times: 'always', body: { errorMessages: ['No.'] } });
  await fault(s, 'delay', { match: { method: 'PUT', path: '/rest/' }, ms: 900, times: 'always' });
  await ada.visit(`${where}/form`);
  await ada.press('Run');
  await ada.page.locator('progress').waitFor(); // it goes on behind the page, which follows it
  await ada.sees('Partially successful');
  const table = await ada.within('What became of them').innerText();
  assert.match(table, /ACME-1\s+204/);
  assert.match(table, /ACME-2\s+400/);
  assert.match(table, /ACME-4\s+204/);
});

test('dry run, confirm, run', async () => {
  await save('Rename', { method: 'PUT', path: '/rest/api/3/issue/{{input.key}}', body: { fields: { summary: '{{input.summary}}' } } });
  const where = await apply('Rename', { inputs: [{ id: 'key', type: 'issue', label: 'Issue', mandatory: true },
    { id: 'summary', type: 'text', label: 'Summary', mandatory: true }], steps: [{ request: 'Rename' }], outputs: [], confirm: true });
  await ada.visit(`${where}/form`);
  assert.equal(await ada.page.getByRole('button', { name: 'Run', exact: true }).count(), 0);
  await ada.fill('Issue', 'ACME-3');
  await ada.fill('Summary', 'Shown before it is done');
  const before = await writes();
  await ada.press('Dry run');
  await ada.sees('Nothing was changed in Jira. What would be sent stands below.');
  assert.equal(await ada.page.locator('ins').innerText(), 'Shown before it is done');
  assert.equal(await writes(), before);
  await ada.press('Run it');
  await ada.sees('Successful');
  assert.equal(await writes(), before + 1);
});

test('connecting in the middle of running', async () => {
  await rob.visit(`${at}/actions`);
  await rob.page.getByRole('link', { name: 'Run Look up' }).click();
  await rob.sees('Connect Jira first');
  await rob.press('Connect');
  await connectForm(rob, { site: s.site(), username: BOB, key: await s.token(BOB) });
  await rob.fill('Issue', 'ACME-1');
  await rob.press('Run');
  await rob.sees('Successful');
  await rob.page.locator('.call summary').first().click();
  await rob.sees('As Bob Builder on acme');
  await rob.visit(`${at}/runs`);
  assert.equal(await rob.page.locator('.rows .row').count(), 1);
});
