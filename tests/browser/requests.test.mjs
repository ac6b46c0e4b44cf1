// Point 7 in a browser: the Request page with answers and failures in plain sentences; without a
// credential it offers Connect and comes back to the filled form.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { addConnection, ANNA, BOB, connect, fault, grant, makeApp, noFaults } from '../lib/scene.mjs';
import { startStack } from '../lib/stack.mjs';
import { connectForm, makeToken } from './lib/atlassian.mjs';
import { openBrowser } from './lib/browser.mjs';

let s;
let b;
let ada; // app admin, connected
let rob; // runner, not connected
let id;

before(async () => {
  s = await startStack(null);
  b = await openBrowser();
  const root = await s.setup();
  const admin = await s.user(root, 'ada@example.com', 'Ada Admin');
  await makeApp(admin, 'Release desk', { slug: 'desk' });
  await grant(admin, 'desk', 'everyone');
  id = await addConnection(admin, 'desk', { name: 'Jira' });
  await connect(s, admin, 'desk', id, ANNA);
  ada = await b.person(s, { client: admin });
  rob = await b.person(s, { client: await s.user(root, 'rob@example.com', 'Rob Runner') });
});
afterEach(async () => {
  await noFaults(s);
  b.calm();
});
after(async () => {
  await b?.close();
  await s?.close();
});

async function run(who, { method = 'GET', path, query = '', headers, body = '' }) {
  await who.page.getByLabel('Method').selectOption(method);
  await who.fill('Path', path);
  await who.page.getByLabel('Query').fill(query);
  if (headers !== undefined) {
    const part = who.page.locator('details').filter({ has: who.page.locator('#headers') });
    if (await part.getAttribute('open') === null) await part.locator('summary').click();
    await who.page.locator('#headers').fill(headers);
  }
  await who.page.locator('#body').fill(body);
  await who.press('Run');
}

const answer = (who) => who.within('Answer');
const pill = (who) => answer(who).locator('.pill').innerText();
const json = async (who) => JSON.parse(await answer(who).locator('pre').innerText());

test('a request shows status, time, headers, pretty JSON and who it ran as', async () => {
  await ada.visit('/apps/desk');
  await ada.press('Request');
  await run(ada, { path: '/rest/api/3/myself' });
  assert.equal(await pill(ada), '200 OK');
  await ada.sees(/^\d+ ms, Jira \d+ ms$/);
  await ada.sees('Run as Anna Admin on acme');
  assert.match(await answer(ada).locator('pre').innerText(), /^\{\n {2}"/);
  assert.equal((await json(ada)).displayName, 'Anna Admin');
  await answer(ada).getByText('Headers').click();
  await ada.sees(/^application\/json/);
});

test('query, headers and a JSON body reach Jira as entered; the form stays filled', async () => {
  await run(ada, { path: '/rest/api/3/search/jql',
    query: 'jql=project = ACME AND summary ~ "a%2Bb é" order by key&maxResults=2',
    headers: 'Accept-Language: de' });
  assert.equal(await pill(ada), '200 OK');
  const last = async () => (await s.control('GET', 'log')).requests.pop();
  const search = await last();
  assert.equal(new URL(search.path, s.simUrl).searchParams.get('jql'),
    'project = ACME AND summary ~ "a+b é" order by key');
  assert.equal(search.headers['accept-language'], 'de');
  assert.equal(await ada.page.getByLabel('Path').inputValue(), '/rest/api/3/search/jql');
  const summary = 'Größe 🛠️ <b>';
  const issue = { fields: { project: { key: 'ACME' }, issuetype: { name: 'Task' }, summary } };
  await run(ada, { method: 'POST', path: '/rest/api/3/issue', headers: '', body: JSON.stringify(issue) });
  assert.equal(await pill(ada), '201 Created');
  const { key } = await json(ada);
  await run(ada, { path: `/rest/api/3/issue/${key}` });
  assert.equal((await json(ada)).fields.summary, summary);
  await run(ada, { method: 'DELETE', path: `/rest/api/3/issue/${key}` });
  assert.equal(await pill(ada), '204 No Content');
  await ada.sees('The answer has no body.');
});

test('Format makes JSON readable', async () => {
  await ada.page.locator('#body').fill('{"a":[1,2]}');
  await ada.page.getByRole('button', { name: 'Format' }).click();
  assert.equal(await ada.page.locator('#body').inputValue(), JSON.stringify({ a: [1, 2] }, null, 2));
  await ada.page.locator('#body').fill('{"a":');
  await ada.page.getByRole('button', { name: /Format/ }).click();
  await ada.page.getByRole('button', { name: 'Not valid JSON' }).waitFor();
});

test('what Jira refuses is shown as an answer, with a sentence', async () => {
  for (const [request, status, sentence] of [
    [{ path: '/rest/api/3/issue/ACME-99999' }, '404 Not Found', /^Jira found nothing here/],
    [{ method: 'POST', path: '/rest/api/3/issue', body: '{"fields":{}}' }, '400 Bad Request', /Jira says/],
    [{ path: '/rest/api/3/search' }, '410 Gone', /./],
  ]) {
    await run(ada, request);
    assert.equal(await pill(ada), status);
    assert.match(await answer(ada).locator('.answer-sentence').innerText(), sentence);
  }
});

test('what we refuse is said with the reason, and nothing is sent', async () => {
  await s.control('DELETE', 'log');
  await run(ada, { method: 'POST', path: '/rest/api/3/issue', body: '{"a":' });
  await ada.page.locator('#body-error').waitFor();
  assert.equal(await ada.page.evaluate('document.activeElement.id'), 'body', 'the cursor is there');
  for (const [request, sentence] of [[{ path: '/rest/api/3/../../secure' }, /path/],
    [{ path: '/rest/api/3/myself', headers: 'Authorization: Basic x' }, /Authorization cannot be given/],
    [{ path: '/rest/pat/latest/tokens', headers: '' }, /./]]) {
    await run(ada, request);
    assert.match(await ada.problem(), sentence);
    assert.equal(await ada.page.getByLabel('Path').inputValue(), request.path);
  }
  assert.equal((await s.control('GET', 'log')).requests.length, 0);
});

test('Atlassian down, cut off, or answering a web page: plain sentences, the form kept', async () => {
  await ada.expectingFailure(async () => {
    for (const [kind, sentence] of [['cut_before', /broke|could not be reached/],
      ['html', /web page/], ['cut_after', /may have been carried out/]]) {
      await noFaults(s);
      await fault(s, kind, { times: 'always' });
      await run(ada, { method: 'POST', path: '/rest/api/3/issue', body: '{"fields":{"summary":"kept"}}' });
      assert.match(await ada.page.locator('main').innerText(), sentence);
      assert.match(await ada.page.locator('#body').inputValue(), /kept/);
    }
  });
});

test('without a credential: Connect, and back to the filled form', async () => {
  await rob.visit('/apps/desk/request');
  await rob.sees('Connect Jira first');
  await run(rob, { path: '/rest/api/3/search/jql', query: 'jql=project = ACME',
    headers: 'X-ExperimentalApi: opt-in' });
  assert.match(await rob.problem(), /Connect Jira first/);
  await rob.press('Connect');
  await makeToken(rob, BOB);
  await connectForm(rob, { site: s.site(), username: BOB });
  assert.match(rob.path, /^\/apps\/desk\/request/);
  assert.equal(await rob.notice(), 'Connected to acme as Bob Builder.');
  assert.equal(await rob.page.getByLabel('Path').inputValue(), '/rest/api/3/search/jql');
  assert.equal(await rob.page.getByLabel('Query').inputValue(), 'jql=project = ACME');
  assert.match(await rob.page.locator('#headers').inputValue(), /X-ExperimentalApi: opt-in/);
  await rob.press('Run');
  assert.equal(await pill(rob), '200 OK');
  await rob.sees('Run as Bob Builder on acme');
});

test('a key that Jira no longer takes: Reconnect, and back to the filled form', async () => {
  await s.control('POST', 'revoke', { email: BOB });
  await run(rob, { path: '/rest/api/3/myself', headers: '' });
  await rob.sees(/Jira no longer accepts this API key/);
  await run(rob, { path: '/rest/api/3/myself' });
  assert.match(await rob.problem(), /Reconnect Jira first/);
  await rob.press('Reconnect');
  await connectForm(rob, { username: BOB, key: await s.token(BOB), button: 'Reconnect' });
  assert.equal(await rob.page.getByLabel('Path').inputValue(), '/rest/api/3/myself');
  await rob.press('Run');
  assert.equal((await json(rob)).displayName, 'Bob Builder');
});
