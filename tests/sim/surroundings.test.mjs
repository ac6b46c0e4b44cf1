// What surrounds an issue: comments, worklogs, links, watchers; many at once; the lists that forms
// are filled from; the same in version 2; and rate limits.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';

import { ACME, ANNA, BOB, startSim } from './lib/sim.mjs';

const CLOUD = '1d1f4c5e-7a52-4d0e-9b5b-2c8f6a3e9d70';
const BOB_ID = '5b10a2844c20165700ede21f';

let sim;
let anna;
let bob;
before(async () => { sim = await startSim(); });
after(() => sim.stop());
beforeEach(async () => {
    await sim.control('POST', 'reset');
    anna = [ANNA, await sim.token(ANNA)];
    bob = [BOB, await sim.token(BOB)];
});

const ask = (method, path, json, { user = anna, version = 3 } = {}) =>
    sim.call(method, `/rest/api/${version}${path}`, { host: ACME, user, json });
const adf = (text) => ({ type: 'doc', version: 1,
    content: [{ type: 'paragraph', content: [{ type: 'text', text }] }] });

describe('comments and worklogs have an id', () => {
    it('by which a comment is read, changed and deleted', async () => {
        const at = '/issue/OPS-1/comment';
        const { id, self } = (await ask('POST', at, { body: adf('one') })).json;
        assert.equal(self.replace(/\d+$/, id), self);
        const changed = await ask('PUT', `${at}/${id}`, { body: adf('two') });
        assert.deepEqual([changed.status, changed.json.body], [200, adf('two')]);
        const plain = await ask('GET', `${at}/${id}`, undefined, { version: 2 });
        assert.equal(plain.json.body, 'two');
        assert.deepEqual((await ask('PUT', `${at}/${id}`, { body: 'text' })).json.errors,
            { comment: 'Comment body is not valid!' });
        assert.equal((await ask('PUT', `${at}/${id}`, { body: adf('x') }, { user: bob })).status, 400);
        assert.equal((await ask('DELETE', `${at}/${id}`, undefined, { user: bob })).status, 400);
        assert.equal((await ask('DELETE', `${at}/${id}`)).status, 204);
        const gone = await ask('GET', `${at}/${id}`);
        assert.deepEqual([gone.status, gone.json.errorMessages],
            [404, [`Can not find a comment for the id: ${id}.`]]);
    });

    it('by which a worklog is read, changed and deleted', async () => {
        const at = '/issue/OPS-1/worklog';
        const made = await ask('POST', at, { timeSpent: '1h 30m', comment: adf('done'),
            started: '2026-01-02T03:04:05.000+0000' });
        assert.deepEqual([made.status, made.json.timeSpentSeconds, made.json.started],
            [201, 5400, '2026-01-02T03:04:05.000+0000']);
        const { id } = made.json;
        const changed = await ask('PUT', `${at}/${id}`, { timeSpentSeconds: 60 });
        assert.deepEqual([changed.json.timeSpentSeconds, changed.json.comment], [60, adf('done')]);
        assert.equal((await ask('PUT', `${at}/${id}`, { timeSpent: 'long' })).status, 400);
        assert.equal((await ask('POST', at, { comment: adf('x') })).status, 400);
        const list = (await ask('GET', at, undefined, { version: 2 })).json;
        assert.deepEqual([list.total, list.worklogs[0].id, list.worklogs[0].comment], [1, id, 'done']);
        assert.equal((await ask('DELETE', `${at}/${id}`, undefined, { user: bob })).status, 400);
        assert.equal((await ask('DELETE', `${at}/${id}`)).status, 204);
        assert.equal((await ask('GET', `${at}/${id}`)).status, 404);
    });
});

describe('links and watchers', () => {
    it('a link is read and removed from both issues', async () => {
        await ask('POST', '/issueLink', { type: { name: 'Blocks' }, inwardIssue: { key: 'OPS-1' },
            outwardIssue: { key: 'OPS-3' } });
        const links = async (key) => (await ask('GET', `/issue/${key}?fields=issuelinks`))
            .json.fields.issuelinks;
        const [{ id }] = await links('OPS-3');
        const whole = (await ask('GET', `/issueLink/${id}`)).json;
        assert.deepEqual([whole.type.name, whole.inwardIssue.key, whole.outwardIssue.key],
            ['Blocks', 'OPS-1', 'OPS-3']);
        assert.equal((await ask('DELETE', `/issueLink/${id}`)).status, 204);
        assert.deepEqual([await links('OPS-1'), await links('OPS-3')], [[], []]);
        assert.equal((await ask('GET', `/issueLink/${id}`)).status, 404);
    });

    it('people watch, and are taken off by those who may', async () => {
        const at = '/issue/OPS-1/watchers';
        const names = async () => (await ask('GET', at)).json.watchers.map((each) => each.displayName);
        assert.equal((await ask('POST', at, BOB_ID)).status, 204);
        assert.equal((await ask('POST', at, BOB_ID)).status, 204);
        const empty = await sim.call('POST', '/rest/api/3/issue/OPS-1/watchers', { host: ACME,
            user: anna, headers: { 'Content-Type': 'application/json' } });
        assert.equal(empty.status, 204);
        assert.deepEqual(await names(), ['Bob Builder', 'Anna Admin']);
        const { watches } = (await ask('GET', '/issue/OPS-1')).json.fields;
        assert.deepEqual([watches.watchCount, watches.isWatching], [2, true]);
        const annaId = '5b10ac8d82e05b22cc7d4ef5';
        const off = (id, user) => ask('DELETE', `${at}?accountId=${id}`, undefined, { user });
        assert.equal((await off(annaId, bob)).status, 403);
        assert.equal((await off(BOB_ID, bob)).status, 204);
        assert.equal((await off('nobody', anna)).status, 404);
        assert.deepEqual(await names(), ['Anna Admin']);
    });
});

describe('many at once', () => {
    const fields = { project: { key: 'OPS' }, issuetype: { name: 'Task' }, summary: 's' };

    it('makes those that are right, and tells which are not', async () => {
        const made = await ask('POST', '/issue/bulk',
            { issueUpdates: [{ fields }, { fields: { ...fields, summary: '' } }, { fields }] });
        assert.equal(made.status, 201);
        assert.deepEqual(made.json.issues.map((each) => each.key), ['OPS-16', 'OPS-17']);
        assert.deepEqual(made.json.errors.map((each) => [each.failedElementNumber, each.status,
            each.elementErrors.errors.summary]),
        [[1, 400, 'You must specify a summary of the issue.']]);
        const issueUpdates = Array.from({ length: 51 }, () => ({ fields }));
        assert.equal((await ask('POST', '/issue/bulk', { issueUpdates })).status, 400);
        assert.equal((await ask('POST', '/issue/bulk', { issueUpdates: [{ fields: {} }] })).status, 400);
    });

    it('gets those that are there, and names the others', async () => {
        const got = (await ask('POST', '/issue/bulkfetch',
            { issueIdsOrKeys: ['OPS-2', 'SEC-1', 'OPS-1'], fields: ['summary'] }, { user: bob })).json;
        assert.deepEqual(got.issues.map((each) => each.key), ['OPS-2', 'OPS-1']);
        assert.deepEqual(Object.keys(got.issues[0].fields), ['summary']);
        assert.deepEqual(got.issueErrors.map((each) => each.id), ['SEC-1']);
        const issueIdsOrKeys = Array.from({ length: 101 }, (_, i) => `OPS-${i}`);
        assert.equal((await ask('POST', '/issue/bulkfetch', { issueIdsOrKeys })).status, 400);
    });
});

describe('lists that forms are filled from', () => {
    const get = async (path, user) => (await ask('GET', path, undefined, { user })).json;

    it('pick people, with the match marked', async () => {
        const found = await get('/user/picker?query=bui');
        assert.deepEqual(found.users.map((each) => each.html),
            ['Bob <strong>Bui</strong>lder', '<strong>Bui</strong>ld Bot']);
        assert.equal(found.header, 'Showing 2 of 2 matching users');
        assert.equal((await get('/user/picker?query=bui', [ANNA, 'wrong'])).total, 0);
        assert.equal((await get('/users/search')).length, 4);
    });

    it('tell everything about creating, the old way', async () => {
        const { projects } = await get(
            '/issue/createmeta?projectKeys=HR&issuetypeNames=Task&expand=projects.issuetypes.fields');
        assert.deepEqual(projects.map((each) => each.key), ['HR']);
        const [{ fields }] = projects[0].issuetypes;
        assert.deepEqual([fields.customfield_10031.required, fields.duedate.required], [true, false]);
        assert.deepEqual((await get('/issue/createmeta', bob)).projects.map((each) => each.key),
            ['ACME', 'OPS']);
        assert.equal((await get('/issue/OPS-1/editmeta')).fields.summary.required, true);
        assert.deepEqual((await get('/issue/HR-1/editmeta', bob)).fields, {});
    });

    it('have values with ids', async () => {
        assert.equal((await get('/priority/1')).name, 'Highest');
        assert.equal((await get('/status/3')).name, 'In Progress');
        assert.equal((await get('/issuetype/10004')).name, 'Bug');
        assert.equal((await ask('GET', '/status/77')).status, 404);
        assert.deepEqual((await get('/statuscategory')).map((each) => each.key),
            ['new', 'indeterminate', 'done']);
        assert.deepEqual((await get('/resolution')).map((each) => each.name), ['Done']);
        assert.deepEqual((await get('/project', bob)).map((each) => each.key), ['ACME', 'HR', 'OPS']);
        assert.ok((await get('/label')).values.includes('seed'));
        assert.equal((await get('/project/HR/statuses')).length, 2);
        assert.equal((await ask('GET', '/project/SEC/versions', undefined, { user: bob })).status, 404);
        assert.equal((await get('/configuration')).attachmentsEnabled, true);
    });
});

describe('rate limits', () => {
    const limits = (body) => sim.control('POST', 'limits', body);
    const reason = (answer) => (answer.status === 429
        ? [answer.headers['ratelimit-reason'], answer.headers['x-ratelimit-limit']] : answer.status);

    it('of a burst are for one operation and method, and pass within a second', async () => {
        await limits({ burst: 2 });
        const answers = [];
        for (let i = 0; i < 5; i += 1) answers.push(await ask('GET', '/issue/OPS-1'));
        const refused = answers.find((each) => each.status === 429);
        assert.deepEqual([reason(refused), refused.headers['retry-after']],
            [['jira-burst-based', '100'], '1']);
        assert.match(refused.headers['x-ratelimit-reset'], /^\d{4}-\d\d-\d\dT\d\d:\d\dZ$/);
        assert.equal((await ask('GET', '/myself')).status, 200);
        await new Promise((resolve) => setTimeout(resolve, 1000));
        assert.equal((await ask('GET', '/issue/OPS-1')).status, 200);
    });

    it('of writes are for one issue, and reading goes on', async () => {
        await limits({ issue_writes: 1 });
        const write = (key) => ask('PUT', `/issue/${key}`, { fields: { labels: ['x'] } });
        const both = [reason(await write('OPS-1')), reason(await write('OPS-1')),
            reason(await write('OPS-1'))];
        assert.ok(both.some((each) => each[0] === 'jira-per-issue-on-write' && each[1] === '20'));
        assert.equal((await write('OPS-2')).status, 204);
        assert.equal((await ask('GET', '/issue/OPS-1')).status, 200);
    });

    it('of points are for apps, not for API tokens, until the hour ends', async () => {
        await limits({ quota: 0, quota_kind: 'tenant' });
        const path = `/ex/jira/${CLOUD}/rest/api/3/myself`;
        assert.equal((await sim.call('GET', path, { host: 'api.localhost', user: anna })).status, 200);
        const token = await appToken();
        const answer = await sim.call('GET', path,
            { host: 'api.localhost', headers: { Authorization: `Bearer ${token}` } });
        assert.deepEqual(reason(answer), ['jira-quota-tenant-based', '100000']);
        const wait = Number(answer.headers['retry-after']);
        assert.ok(wait > 0 && wait <= 3600);
        assert.equal(answer.headers['ratelimit-policy'], '"tenant-app-quota";q=100000;w=3600');
        assert.equal(answer.headers.ratelimit, `"tenant-app-quota";r=0;t=${wait}`);
    });

    /** An access token of the app that is there from the start. */
    async function appToken() {
        const client = { client_id: 'mortise-try-out-client',
            redirect_uri: 'http://localhost:8080/oauth/callback' };
        const query = new URLSearchParams({ ...client, audience: 'api.atlassian.com',
            scope: 'read:jira-user read:jira-work', state: 's', response_type: 'code',
            prompt: 'consent' });
        const { locations: [location] } = await sim.control('POST', 'consents', { consents: [
            { email: ANNA, url: `http://auth.localhost:${sim.port}/authorize?${query}` }] });
        const answer = await sim.call('POST', '/oauth/token', { host: 'auth.localhost', json: {
            ...client, grant_type: 'authorization_code', client_secret: 'ATOA-mortise-try-out-secret',
            code: new URL(location).searchParams.get('code') } });
        return answer.json.access_token;
    }

    it('are refused when they are none, and can be asked for one by one', async () => {
        await assert.rejects(limits({ burst: -1 }), /cannot be that/);
        for (const kind of ['jira-quota-global-based', 'jira-per-issue-on-write']) {
            await sim.control('POST', 'faults', { kind: 'ratelimit', reason: kind, retry_after: 7 });
            const answer = await ask('GET', '/myself');
            assert.deepEqual([reason(answer)[0], answer.headers['retry-after']], [kind, '7']);
        }
    });
});
