// JQL and the search operations.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { ACME, ANNA, BOB, GLOBEX, startSim } from './lib/sim.mjs';

let sim;
let anna;
before(async () => {
    sim = await startSim();
    anna = [ANNA, await sim.token(ANNA)];
});
after(() => sim.stop());

const search = (jql, more = '', user = anna, host = ACME) => sim.call('GET',
    `/rest/api/3/search/jql?jql=${encodeURIComponent(jql)}${more}`, { host, user });
const post = (json, user = anna) =>
    sim.call('POST', '/rest/api/3/search/jql', { host: ACME, user, json });

async function keys(jql, user = anna) {
    const answer = await search(jql, '&maxResults=5000&fields=key', user);
    assert.equal(answer.status, 200, answer.text);
    return answer.json.issues.map((each) => each.key);
}

describe('JQL', () => {
    it('finds by project, key, type and list', async () => {
        assert.equal((await keys('project = ACME')).length, 16);
        assert.equal((await keys('project in (acme, "Operations")')).length, 31);
        assert.deepEqual(await keys('key in (OPS-3, OPS-1) order by key'), ['OPS-1', 'OPS-3']);
        assert.deepEqual(await keys('key >= OPS-14 and key < OPS-16 order by key desc'),
            ['OPS-15', 'OPS-14']);
        assert.deepEqual(await keys('project = ACME AND type = Epic'), ['ACME-1']);
        assert.equal((await keys('project not in (ACME, OPS, HR)')).length, 15);
        assert.deepEqual(await keys('project = NOPE'), []);
    });

    it('knows words, their beginnings and other scripts', async () => {
        assert.deepEqual(await keys('text ~ "Müller"'), ['ACME-8']);
        assert.deepEqual(await keys('summary ~ "cert*" order by key'), ['ACME-9', 'HR-7']);
        assert.deepEqual(await keys('project = HR and summary !~ "designer" and key < HR-4 ' +
            'order by key'), ['HR-3']);
    });

    it('combines, negates and nests', async () => {
        const all = await keys('project = OPS');
        const bugs = await keys('project = OPS and type = Bug');
        const others = await keys('project = OPS and NOT type = Bug');
        const either = await keys('(project = OPS and type = Bug) or (project = OPS and not ' +
            '(type in (Bug)))');
        assert.ok(bugs.length > 0 && others.length > 0);
        assert.equal(bugs.length + others.length, all.length);
        assert.equal(either.length, all.length);
    });

    it('treats empty as neither equal nor different', async () => {
        const all = await keys('project = ACME');
        const empty = await keys('project = ACME and assignee is EMPTY');
        const bobs = await keys('project = ACME and assignee = "bob@acme.example"');
        const not = await keys('project = ACME and assignee != "bob@acme.example"');
        const some = await keys('project = ACME and assignee is not empty');
        assert.ok(empty.length > 0 && bobs.length > 0);
        assert.equal(some.length + empty.length, all.length);
        assert.equal(bobs.length + not.length, some.length);
    });

    it('knows who asks', async () => {
        const bob = [BOB, await sim.token(BOB)];
        const mine = await keys('assignee = currentUser()', bob);
        assert.deepEqual(mine, await keys('assignee = "Bob Builder"'));
        assert.ok(mine.length > 0);
        assert.deepEqual(await keys('project = SEC', bob), []);
        assert.equal((await keys('project = SEC')).length, 15);
    });

    it('compares dates and priorities, and orders', async () => {
        const early = await keys('project = ACME and created < "2026-09-02" order by created');
        const late = await keys('project = ACME and created >= 2026-09-02');
        assert.equal(early[0], 'ACME-1');
        assert.equal(early.length + late.length, 16);
        assert.deepEqual(await keys('project = ACME and created > now()'), []);
        assert.equal((await keys('project = ACME and created > -520w')).length, 16);
        const high = await keys('project = ACME and priority > Medium');
        const named = await keys('project = ACME and priority in (High, Highest)');
        assert.deepEqual(high.sort(), named.sort());
        const done = await keys('statusCategory = Done and project = ACME');
        assert.deepEqual(done, await keys('status = Done and project = ACME'));
        assert.ok(done.length > 0);
    });

    const faulty = [
        ['nosuchfield = 1', "Field 'nosuchfield' does not exist or you do not have permission to " +
            'view it.'],
        ['project = ', "Error in the JQL Query: Expecting a value, list or function but got 'end " +
            "of input'. (line 1, character 1)"],
        ['project ACME', "Error in the JQL Query: Expecting an operator ('=', '!=', '<', '>', " +
            "'<=', '>=', '~', '!~', 'IN', 'IS') but got 'ACME'. (line 1, character 9)"],
        ['assignee = nofunction()', "Unable to find JQL function 'nofunction()'."],
        ['summary > 5', "The operator '>' is not supported by the 'summary' field."],
        ['created > soon', "Date value 'soon' for field 'created' is invalid."],
        ['constructor = 1', "Field 'constructor' does not exist or you do not have permission " +
            'to view it.'],
    ];
    for (const [jql, message] of faulty) {
        it(`refuses: ${jql}`, async () => {
            const answer = await search(jql);
            assert.equal(answer.status, 400);
            assert.deepEqual(answer.json, { errorMessages: [message], errors: {} });
        });
    }
});

describe('search/jql', () => {
    it('answers ids alone unless fields are asked for', async () => {
        const bare = (await search('key = ACME-1')).json;
        assert.deepEqual(bare, { issues: [{ id: '10100' }], isLast: true });
        const more = (await search('key = ACME-1', '&fields=summary,status')).json.issues[0];
        assert.deepEqual(Object.keys(more.fields).sort(), ['status', 'summary']);
        const most = (await search('key = ACME-1', '&fields=*all,-comment')).json.issues[0];
        assert.equal(most.fields.comment, undefined);
        assert.equal(most.fields.issuetype.name, 'Epic');
    });

    it('pages by token, by GET and by POST', async () => {
        const seen = [];
        let token;
        do {
            const page = (await post({ jql: 'project = ACME', maxResults: 7, fields: ['key'],
                ...(token ? { nextPageToken: token } : {}) })).json;
            assert.equal(page.isLast, page.nextPageToken === undefined);
            assert.deepEqual([page.total, page.startAt], [undefined, undefined]);
            seen.push(...page.issues.map((each) => each.key));
            token = page.nextPageToken;
        } while (token);
        assert.deepEqual(seen, await keys('project = ACME'));
        const first = (await search('project = ACME', '&maxResults=7')).json;
        const second = await search('project = ACME',
            `&maxResults=7&nextPageToken=${first.nextPageToken}`);
        assert.equal(second.json.issues.length, 7);
        const other = await search('project = OPS', `&nextPageToken=${first.nextPageToken}`);
        assert.equal(other.status, 400);
        assert.equal((await search('project = ACME', '&nextPageToken=garbage')).status, 400);
    });

    it('wants a restriction and a fair page size', async () => {
        for (const jql of ['', 'order by created desc']) {
            const answer = await search(jql);
            assert.equal(answer.status, 400);
            assert.match(answer.json.errorMessages[0], /^Unbounded JQL queries are not allowed/);
        }
        for (const size of [0, -1, 5001]) {
            assert.equal((await search('project = ACME', `&maxResults=${size}`)).status, 400);
            assert.equal((await post({ jql: 'project = ACME', maxResults: size })).status, 400);
        }
        assert.equal((await search('project = ACME', '&maxResults=5000')).status, 200);
    });

    it('refuses members that it does not know, without `errors`', async () => {
        const answer = await post({ jql: 'project = ACME', startAt: 0 });
        assert.equal(answer.status, 400);
        assert.deepEqual(answer.json, { errorMessages: [
            'Invalid request payload. Refer to the REST API documentation and try again.'] });
        assert.equal((await post({ jql: 'project = ACME', expand: ['names'] })).status, 400);
    });

    it('finds a new issue only after a while, or when it is named', async () => {
        const jql = 'project = OPS and summary ~ "brandnew"';
        const made = await sim.call('POST', '/rest/api/3/issue', { host: ACME, user: anna,
            json: { fields: { project: { key: 'OPS' }, issuetype: { id: '10002' },
                summary: 'brandnew' } } });
        assert.deepEqual((await post({ jql })).json.issues, []);
        const named = await post({ jql, reconcileIssues: [Number(made.json.id)] });
        assert.deepEqual(named.json.issues, [{ id: made.json.id }]);
        await new Promise((resolve) => setTimeout(resolve, 700));
        assert.deepEqual((await post({ jql })).json.issues, [{ id: made.json.id }]);
    });

    it('counts, and knows the other site', async () => {
        const answer = await sim.call('POST', '/rest/api/3/search/approximate-count',
            { host: ACME, user: anna, json: { jql: 'project = ACME' } });
        assert.deepEqual(answer.json, { count: 16 });
        const other = await search('project = GLX', '&maxResults=100', anna, GLOBEX);
        assert.equal(other.json.issues.length, 12);
    });
});

describe('the old search', () => {
    it('is gone with the exact words, for GET and POST, whoever asks', async () => {
        const body = '{"errorMessages":["The requested API has been removed. Please migrate to ' +
            'the /rest/api/3/search/jql API. A full migration guideline is available at ' +
            'https://developer.atlassian.com/changelog/#CHANGE-2046"],"errors":{}}';
        for (const user of [anna, undefined]) {
            const got = await sim.call('GET', '/rest/api/3/search?jql=project=ACME',
                { host: ACME, user });
            const posted = await sim.call('POST', '/rest/api/3/search',
                { host: ACME, user, json: { jql: 'project = ACME' } });
            assert.deepEqual([got.status, got.text], [410, body]);
            assert.deepEqual([posted.status, posted.text], [410, body]);
        }
    });
});
