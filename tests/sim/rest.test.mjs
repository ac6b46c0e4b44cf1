// Jira's operations on issues and what surrounds them.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';

import { ACME, ANNA, BOB, CARLA, startSim } from './lib/sim.mjs';

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

const get = (path, user = anna) => sim.call('GET', `/rest/api/3${path}`, { host: ACME, user });
const send = (method, path, json, user = anna, version = 3) =>
    sim.call(method, `/rest/api/${version}${path}`, { host: ACME, user, json });
const adf = (text) => ({ type: 'doc', version: 1,
    content: [{ type: 'paragraph', content: [{ type: 'text', text }] }] });
const task = (more = {}) => ({ fields: { project: { key: 'OPS' }, issuetype: { name: 'Task' },
    summary: 'A new switch', ...more } });

describe('creating an issue', () => {
    it('answers 201 with id, key and self, and the issue is there', async () => {
        const made = await send('POST', '/issue', task({ description: adf('Port 7 is dead'),
            labels: ['net'], priority: { name: 'High' }, duedate: '2026-12-24',
            assignee: { accountId: '5b10a2844c20165700ede21f' } }));
        assert.equal(made.status, 201);
        assert.deepEqual(Object.keys(made.json), ['id', 'key', 'self']);
        assert.equal(made.json.key, 'OPS-16');
        assert.equal(made.json.self,
            `http://acme.localhost:${sim.port}/rest/api/3/issue/${made.json.id}`);
        const { fields } = (await get('/issue/OPS-16')).json;
        assert.equal(fields.summary, 'A new switch');
        assert.deepEqual(fields.description, adf('Port 7 is dead'));
        assert.equal(fields.priority.name, 'High');
        assert.equal(fields.assignee.displayName, 'Bob Builder');
        assert.equal(fields.reporter.displayName, 'Anna Admin');
        assert.equal(fields.status.name, 'To Do');
        assert.match(fields.created, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$/);
    });

    const faulty = [
        ['no summary', { summary: undefined },
            { summary: 'You must specify a summary of the issue.' }],
        ['an unknown project', { project: { key: 'NOPE' } },
            { project: 'valid project is required' }],
        ['no issue type', { issuetype: undefined }, { issuetype: 'Specify an issue type' }],
        ['a wrong issue type', { issuetype: { id: '77' } },
            { issuetype: 'Specify a valid issue type' }],
        ['a long summary', { summary: 'x'.repeat(256) },
            { summary: 'Summary must be less than 255 characters.' }],
        ['a summary with a line break', { summary: 'a\nb' },
            { summary: 'The summary is invalid because it contains newline characters.' }],
        ['a text as description', { description: 'plain' }, { description: 'Operation value must ' +
            'be an Atlassian Document (see the Atlassian Document Format)' }],
        ['a field that is not on the screen', { customfield_10031: { value: 'Sales' } },
            { customfield_10031: "Field 'customfield_10031' cannot be set. It is not on the " +
                'appropriate screen, or unknown.' }],
        ['a label with a space', { labels: ['a b'] },
            { labels: "The label 'a b' contains spaces which is invalid." }],
        ['a number as text', { customfield_10016: '5' },
            { customfield_10016: 'Operation value must be a number' }],
        ['a wrong date', { duedate: '24.12.2026' },
            { duedate: 'Due date must be of the format "yyyy-MM-dd"' }],
        ['a subtask without parent', { issuetype: { name: 'Subtask' } }, { parent: 'Issue type ' +
            'is a sub-task but parent issue key or id not specified.' }],
    ];
    for (const [name, more, errors] of faulty) {
        it(`refuses ${name}`, async () => {
            const answer = await send('POST', '/issue', task(more));
            assert.equal(answer.status, 400);
            assert.deepEqual(answer.json, { errorMessages: [], errors });
        });
    }

    it('wants the fields that a project requires', async () => {
        const hr = task({ project: { key: 'HR' } });
        assert.deepEqual((await send('POST', '/issue', hr)).json.errors,
            { customfield_10031: 'Department is required.' });
        hr.fields.customfield_10031 = { value: 'Finance' };
        assert.equal((await send('POST', '/issue', hr)).status, 201);
    });

    it('refuses malformed documents', async () => {
        const inlineUnderDoc = { type: 'doc', version: 1, content: [{ type: 'text', text: 'x' }] };
        const emptyText = adf('');
        for (const description of [inlineUnderDoc, emptyText, { type: 'doc', version: 2 }]) {
            const answer = await send('POST', '/issue', task({ description }));
            assert.equal(answer.status, 400);
            assert.deepEqual(answer.json.errorMessages, ['INVALID_INPUT']);
        }
    });

    it('takes plain text in version 2, and only that', async () => {
        const made = await send('POST', '/issue', task({ description: 'one\n\ntwo' }), anna, 2);
        assert.equal(made.status, 201);
        const asText = await sim.call('GET', `/rest/api/2/issue/${made.json.key}`,
            { host: ACME, user: anna });
        assert.equal(asText.json.fields.description, 'one\n\ntwo');
        const asAdf = await get(`/issue/${made.json.key}`);
        assert.equal(asAdf.json.fields.description.content.length, 2);
        const refused = await send('POST', '/issue', task({ description: adf('x') }), anna, 2);
        assert.equal(refused.json.errors.description, 'Operation value must be a string');
    });

    it('needs a place where one may create', async () => {
        const there = await send('POST', '/issue', task({ project: { key: 'HR' } }), bob);
        assert.deepEqual(there.json.errorMessages,
            ['You do not have permission to create issues in this project.']);
        const hidden = await send('POST', '/issue', task({ project: { key: 'SEC' } }), bob);
        assert.deepEqual(hidden.json.errors, { project: 'valid project is required' });
        const nobody = await send('POST', '/issue', task(), [ANNA, 'wrong']);
        assert.equal(nobody.status, 400);
        assert.deepEqual(nobody.json.errors, { project: 'valid project is required' });
    });
});

describe('bodies and paths that are not right', () => {
    it('answers 415 before it looks at the credential', async () => {
        for (const user of [anna, [ANNA, 'wrong'], undefined]) {
            const answer = await sim.call('POST', '/rest/api/3/issue', { host: ACME, user,
                body: '{}', headers: { 'Content-Type': 'text/plain' } });
            assert.equal(answer.status, 415);
            assert.equal(answer.headers['content-type'], 'application/problem+json;charset=UTF-8');
            assert.deepEqual(answer.json, { type: 'about:blank', title: 'Unsupported Media Type',
                status: 415, detail: "Content-Type 'text/plain' is not supported.",
                instance: '/rest/api/3/issue' });
        }
        const none = await sim.call('POST', '/rest/api/3/search/jql', { host: ACME });
        assert.equal(none.json.detail, "Content-Type 'null' is not supported.");
    });

    it('tells an empty body from one that is not JSON and one that is no object', async () => {
        const post = (body) => sim.call('POST', '/rest/api/3/issue', { host: ACME, user: anna,
            body, headers: { 'Content-Type': 'application/json' } });
        assert.deepEqual((await post('')).json,
            { errorMessages: ['No content to map to Object due to end of input'] });
        assert.match((await post('{')).json.errorMessages[0], /^There was an error parsing JSON/);
        assert.match((await post('[]')).json.errorMessages[0], /^Invalid request payload/);
    });

    it('answers unknown paths and methods as problems', async () => {
        const missing = await sim.call('GET', '/rest/api/3/nope?x=1', { host: ACME });
        assert.equal(missing.status, 404);
        assert.deepEqual(missing.json, { type: 'about:blank', title: 'Not Found', status: 404,
            detail: 'No endpoint GET /rest/api/3/nope.', instance: '/rest/api/3/nope' });
        const wrong = await sim.call('DELETE', '/rest/api/3/myself', { host: ACME });
        assert.deepEqual([wrong.status, wrong.headers.allow], [405, 'GET']);
        const text = await get('/project/search?maxResults=abc');
        assert.equal(text.status, 400);
        assert.equal(text.json.detail, "Failed to convert 'maxResults' with value: 'abc'");
    });

    it('fails the XSRF check for whoever looks like a browser', async () => {
        const post = (headers) => sim.call('POST', '/rest/api/3/issue',
            { host: ACME, user: anna, json: task(), headers });
        const browser = { 'User-Agent': 'Mozilla/5.0 (X11)' };
        const refused = await post(browser);
        assert.deepEqual([refused.status, refused.text], [403, 'XSRF check failed']);
        assert.equal((await post({ Origin: 'http://localhost:8080' })).status, 403);
        assert.equal((await post({ Origin: 'http://localhost:8080',
            'X-Atlassian-Token': 'no-check' })).status, 403);
        assert.equal((await post({ ...browser, 'X-Atlassian-Token': 'no-check' })).status, 201);
        assert.equal((await post({ 'User-Agent': 'Mortise/1' })).status, 201);
        const reading = await sim.call('GET', '/rest/api/3/myself',
            { host: ACME, user: anna, headers: browser });
        assert.equal(reading.status, 200);
    });
});

describe('changing an issue', () => {
    it('edits with 204 and nothing, or 200 and the issue', async () => {
        const edit = await send('PUT', '/issue/OPS-1', { fields: { summary: 'Changed' } });
        assert.deepEqual([edit.status, edit.text], [204, '']);
        const whole = await send('PUT', '/issue/OPS-1?returnIssue=true',
            { update: { labels: [{ add: 'x' }, { add: 'y' }, { remove: 'x' }] } });
        assert.equal(whole.status, 200);
        assert.equal(whole.json.fields.summary, 'Changed');
        assert.ok(whole.json.fields.labels.includes('y'));
        assert.ok(!whole.json.fields.labels.includes('x'));
    });

    it('changes nothing when any field is wrong', async () => {
        const edit = await send('PUT', '/issue/OPS-1',
            { fields: { summary: 'Changed', duedate: 'never' } });
        assert.equal(edit.status, 400);
        assert.notEqual((await get('/issue/OPS-1')).json.fields.summary, 'Changed');
        const both = await send('PUT', '/issue/OPS-1',
            { fields: { labels: ['a'] }, update: { labels: [{ add: 'b' }] } });
        assert.match(both.json.errors.labels, /both 'fields' and 'update'/);
    });

    it('is for those who may', async () => {
        assert.equal((await send('PUT', '/issue/HR-1', { fields: { summary: 'x' } }, bob)).status,
            403);
        assert.equal((await send('PUT', '/issue/SEC-1', { fields: { summary: 'x' } }, bob)).status,
            404);
        assert.equal((await sim.call('DELETE', '/rest/api/3/issue/ACME-1',
            { host: ACME, user: bob })).status, 403);
    });

    it('deletes, and minds subtasks', async () => {
        const sub = task({ issuetype: { name: 'Subtask' }, parent: { key: 'OPS-2' } });
        const made = await send('POST', '/issue', sub);
        assert.equal(made.status, 201);
        const parent = await get('/issue/OPS-2?fields=subtasks');
        assert.deepEqual(parent.json.fields.subtasks.map((each) => each.key), [made.json.key]);
        const refused = await sim.call('DELETE', '/rest/api/3/issue/OPS-2',
            { host: ACME, user: anna });
        assert.equal(refused.status, 400);
        assert.equal((await sim.call('DELETE', '/rest/api/3/issue/OPS-2?deleteSubtasks=true',
            { host: ACME, user: anna })).status, 204);
        assert.equal((await get(`/issue/${made.json.key}`)).status, 404);
    });

    it('assigns, and to nobody', async () => {
        const to = (accountId) => send('PUT', '/issue/OPS-1/assignee', { accountId });
        assert.equal((await to('5b10a2844c20165700ede21f')).status, 204);
        assert.equal((await get('/issue/OPS-1')).json.fields.assignee.displayName, 'Bob Builder');
        assert.equal((await to(null)).status, 204);
        assert.equal((await get('/issue/OPS-1')).json.fields.assignee, null);
        assert.equal((await to('nobody-like-this')).status, 400);
    });

    it('moves through the workflow, and only there', async () => {
        const list = async () => (await get('/issue/OPS-1/transitions')).json.transitions
            .map((each) => each.name);
        const move = (id) => send('POST', '/issue/OPS-1/transitions', { transition: { id } });
        assert.equal((await get('/issue/OPS-1')).json.fields.status.name, 'To Do');
        assert.deepEqual(await list(), ['In Progress']);
        const illegal = await move('41');
        assert.equal(illegal.status, 400);
        assert.match(illegal.json.errorMessages[0],
            /workflow operation \(Done\) that is not valid/);
        assert.equal((await move('99')).status, 400);
        assert.equal((await move('21')).status, 204);
        assert.deepEqual(await list(), ['To Do', 'In Review', 'Done']);
        assert.equal((await move('41')).status, 204);
        const { fields } = (await get('/issue/OPS-1')).json;
        assert.deepEqual([fields.status.statusCategory.key, fields.resolution.name],
            ['done', 'Done']);
    });

    it('comments with a document, and refuses a text', async () => {
        const made = await send('POST', '/issue/OPS-1/comment', { body: adf('Hello') });
        assert.equal(made.status, 201);
        assert.deepEqual(made.json.body, adf('Hello'));
        assert.equal(made.json.author.displayName, 'Anna Admin');
        const refused = await send('POST', '/issue/OPS-1/comment', { body: 'Hello' });
        assert.deepEqual(refused.json.errors, { comment: 'Comment body is not valid!' });
        const plain = await send('POST', '/issue/OPS-1/comment', { body: 'Hello 2' }, anna, 2);
        assert.deepEqual([plain.status, plain.json.body], [201, 'Hello 2']);
        const page = (await get('/issue/OPS-1/comment?maxResults=1&orderBy=-created')).json;
        assert.equal(page.comments.length, 1);
        assert.deepEqual(page.comments[0].body, adf('Hello 2'));
        assert.ok(page.total >= 2);
        assert.equal((await get('/issue/OPS-1/comment?orderBy=bogus')).status, 400);
    });

    it('logs work and links, twice without harm', async () => {
        const work = await send('POST', '/issue/OPS-1/worklog', { timeSpent: '1h 30m' });
        assert.deepEqual([work.status, work.json.timeSpentSeconds], [201, 5400]);
        const link = { type: { name: 'Blocks' }, inwardIssue: { key: 'OPS-1' },
            outwardIssue: { key: 'OPS-3' } };
        for (let i = 0; i < 2; i += 1) {
            assert.equal((await send('POST', '/issueLink', link)).status, 201);
        }
        const { issuelinks } = (await get('/issue/OPS-3?fields=issuelinks')).json.fields;
        assert.deepEqual(issuelinks.map((each) => each.inwardIssue.key), ['OPS-1']);
    });
});

describe('lists', () => {
    it('pages projects and looks for text', async () => {
        const page = (await get('/project/search?maxResults=3')).json;
        assert.deepEqual(page.values.map((each) => each.key), ['ACME', 'HR', 'OPS']);
        assert.deepEqual([page.total, page.isLast], [4, false]);
        assert.match(page.nextPage, /startAt=3/);
        assert.deepEqual((await get('/project/search?query=secur')).json.values
            .map((each) => each.key), ['SEC']);
        assert.deepEqual((await get('/project/search?action=create', bob)).json.values
            .map((each) => each.key), ['ACME', 'OPS']);
        assert.equal((await get('/project/SEC')).json.name, 'Security');
        assert.equal((await get('/project/SEC', bob)).json.errorMessages[0],
            "No project could be found with key 'SEC'.");
    });

    it('tells what creating needs', async () => {
        const types = (await get('/issue/createmeta/HR/issuetypes')).json;
        assert.deepEqual(types.issueTypes.map((each) => each.name), ['Task', 'Subtask']);
        const meta = (await get('/issue/createmeta/HR/issuetypes/10002')).json;
        const required = meta.fields.filter((each) => each.required).map((each) => each.fieldId);
        assert.deepEqual(required, ['issuetype', 'project', 'summary', 'customfield_10031']);
        const page = (await get('/issue/createmeta/HR/issuetypes/10002?startAt=1&maxResults=2'))
            .json;
        assert.deepEqual([page.startAt, page.fields.length, page.total], [1, 2, meta.total]);
        assert.equal((await get('/issue/createmeta/SEC/issuetypes', bob)).status, 400);
    });

    it('finds users by the beginning of name or address, and shows few addresses', async () => {
        const found = (await get('/user/search?query=b')).json;
        assert.deepEqual(found.map((each) => each.displayName), ['Bob Builder', 'Build Bot']);
        assert.equal(found[0].emailAddress, undefined);
        assert.equal((await get('/user/search')).status, 400);
        assert.deepEqual((await get('/user/search?query=b', [ANNA, 'wrong'])).json, []);
        const assignable = (await get('/user/assignable/search?project=SEC')).json;
        assert.deepEqual(assignable.map((each) => each.displayName),
            ['Anna Admin', 'Carla Chén 🌻']);
        const carla = await get('/user?accountId=712020:0b9a5c3e-6a0f-4d5c-9a2c-3f1f7c2d9e10');
        assert.equal(carla.json.emailAddress, CARLA);
    });

    it('tells what one may do', async () => {
        const may = async (user) => (await get('/mypermissions?projectKey=HR&permissions=' +
            'BROWSE_PROJECTS,CREATE_ISSUES', user)).json.permissions;
        assert.equal((await may(bob)).BROWSE_PROJECTS.havePermission, true);
        assert.equal((await may(bob)).CREATE_ISSUES.havePermission, false);
        assert.equal((await may(anna)).CREATE_ISSUES.havePermission, true);
        assert.equal((await get('/mypermissions')).status, 400);
        assert.equal((await get('/mypermissions?permissions=FLY')).status, 400);
        const at = (key, user) => get(`/mypermissions?permissions=EDIT_ISSUES&projectKey=${key}`, user);
        assert.equal((await at('SEC', bob)).status, 404, 'invisible to Bob');
        assert.equal((await at('NONE', anna)).status, 404);
        assert.equal((await at('SEC', anna)).status, 200);
    });
});
