// The search that Jira has removed, for scripts that still ask for it: the same answers as ever, made of
// what Jira has now. Compared with Jira's new search, asked without Mortise.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { ANNA } from '../lib/scene.mjs';
import { python } from './lib/run.mjs';
import { DIRECT_ONLY, startTargets } from './lib/targets.mjs';

const skip = DIRECT_ONLY && 'no server';
const { stack, targets } = skip ? {} : await startTargets();
const JQL = 'project = ACME ORDER BY key DESC';

describe('the old search', { skip }, () => {
  let keys; // what there is, in its order
  const [direct, api, , oauth] = targets ?? [];
  const ask = async (target, path, body) => {
    const answer = await fetch(target.base + path, { method: body ? 'POST' : 'GET', body: body && JSON.stringify(body),
      headers: { authorization: `Basic ${Buffer.from(target.basic.join(':')).toString('base64')}`,
        'user-agent': 'a script', ...(body && { 'content-type': 'application/json' }) } });
    return { status: answer.status, headers: answer.headers, body: await answer.json() };
  };
  const get = (query, { target = api, version = 2 } = {}) =>
    ask(target, `/rest/api/${version}/search?${new URLSearchParams({ jql: JQL, ...query })}`);
  const post = (body, { target = api, version = 2 } = {}) =>
    ask(target, `/rest/api/${version}/search`, { jql: JQL, ...body });
  const keysOf = ({ status, body }) => {
    assert.equal(status, 200, JSON.stringify(body));
    return body.issues.map((each) => each.key);
  };

  before(async () => {
    keys = keysOf(await ask(direct, `/rest/api/3/search/jql?maxResults=100&fields=key&${new URLSearchParams({ jql: JQL })}`));
    assert.ok(keys.length > 12);
  });

  test('pages by startAt, by GET and POST, in both versions, over both types', async () => {
    for (const target of [api, oauth])
      for (const version of [2, 3])
        for (const search of [get, post]) {
          const answer = await search({ startAt: 3, maxResults: 4 }, { target, version });
          assert.deepEqual(keysOf(answer), keys.slice(3, 7));
          assert.deepEqual([answer.body.startAt, answer.body.maxResults, answer.body.total], [3, 4, keys.length]);
        }
  });

  test('walks to the end, and no further', async () => {
    const all = [];
    for (let startAt = 0; startAt < keys.length; startAt += 5)
      all.push(...keysOf(await get({ startAt, maxResults: 5 })));
    assert.deepEqual(all, keys);
    assert.deepEqual(keysOf(await get({ startAt: keys.length + 10 })), []);
  });

  test('counts without a single issue', async () => {
    for (const search of [get, post]) {
      const { status, body } = await search({ maxResults: 0 });
      assert.deepEqual([status, body.issues, body.total], [200, [], keys.length]);
    }
  });

  test('gives the fields that it always gave, or those that were asked for', async () => {
    const [issue] = (await get({ maxResults: 1 })).body.issues;
    assert.ok(issue.fields.summary && issue.fields.status.name && issue.self.startsWith(`${api.base}/rest/api/2/`));
    assert.equal(typeof issue.fields.description, 'string');
    assert.equal((await post({ maxResults: 1 }, { version: 3 })).body.issues[0].fields.description.type, 'doc');
    assert.deepEqual(Object.keys((await get({ maxResults: 1, fields: 'summary,status' })).body.issues[0].fields).sort(),
      ['status', 'summary']);
    assert.deepEqual(Object.keys((await post({ maxResults: 1, fields: ['summary'] })).body.issues[0].fields), ['summary']);
  });

  test('takes what old scripts also send', async () => {
    assert.deepEqual(keysOf(await get({ maxResults: 2, validateQuery: 'strict', fieldsByKeys: 'false', expand: 'names' })),
      keys.slice(0, 2));
    assert.deepEqual(keysOf(await post({ maxResults: 2, validateQuery: 'strict', fieldsByKeys: false, expand: ['names'],
      properties: [] })), keys.slice(0, 2));
  });

  test('says in a header that it was mapped', async () => {
    assert.equal((await get({})).headers.get('x-mortise-mapped'), 'search/jql');
  });

  test('renews an access token that grew old', async () => {
    await stack.control('POST', 'age-tokens', { email: ANNA, seconds: 3700 });
    assert.deepEqual(keysOf(await get({ maxResults: 2 }, { target: oauth })), keys.slice(0, 2));
  });

  test('is gone where the connection says so, in Jira\'s own words', async () => {
    const at = `/apps/${stack.app}/connections/${api.id}`;
    assert.equal((await stack.admin.patch(at, { old_search: false })).status, 200);
    const { status, body } = await get({});
    assert.deepEqual([status, body], [410, (await get({}, { target: direct })).body]);
    const said = (await python(api, ['old_search'])).get('old_search');
    assert.deepEqual([said.status, said.error], [410, body.errorMessages[0]]);
    await stack.admin.patch(at, { old_search: true });
    assert.deepEqual(keysOf(await get({})), keys);
    assert.equal((await python(api, ['old_search'])).get('old_search').value, keys.at(-1));
  });

  test('a wrong question gets Jira\'s own words', async () => {
    const wrong = 'nosuchfield = 1';
    const expected = await ask(direct, `/rest/api/3/search/jql?${new URLSearchParams({ jql: wrong })}`);
    for (const search of [get, post]) {
      const answer = await search({ jql: wrong });
      assert.deepEqual([answer.status, answer.body.errorMessages], [400, expected.body.errorMessages]);
    }
    assert.match(expected.body.errorMessages[0], /nosuchfield/);
  });
});

test('the server ends well, and its log is clean', { skip }, () => stack.close());
after(() => stack?.stop());
