// Atlassian's OpenAPI file as the judge: Prism stands in front of the simulator and turns every
// answer that breaks the file's schemas into 500, and every such request into 422.
// Not judged: /search (the file still lists it), uploads (their body is modelled as a Java class; the
// answer is), ADF, errors without a schema, unassigning by null (the file says string), and linking
// and watching (Prism cannot read their empty answers).
// The gateway's routes are not in the file.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

import { ANNA, REPO, startSim, waitForOutput } from './lib/sim.mjs';

const SPEC = process.env.MORTISE_JIRA_SPEC ?? path.join(REPO, '../shared/data/jira-v3.json');
const PRISM = path.join(REPO, 'tests/node_modules/@stoplight/prism-cli/dist/index.js');
const LISTENING = /is listening on/;
const skip = reasonToSkip();

function reasonToSkip() {
    if (!fs.existsSync(SPEC)) {
        return `the OpenAPI file is not at ${SPEC}; name it in MORTISE_JIRA_SPEC`;
    }
    if (!fs.existsSync(PRISM)) return 'Prism is not installed: run npm ci in tests/';
    return false;
}

let sim;
let prism;
let base;
let headers;

describe('the OpenAPI file', { skip }, () => {
    before(async () => {
        sim = await startSim();
        const token = await sim.token(ANNA);
        headers = { 'Content-Type': 'application/json', 'User-Agent': 'mortise-tests',
            Authorization: `Basic ${Buffer.from(`${ANNA}:${token}`).toString('base64')}` };
        const port = await freePort();
        base = `http://127.0.0.1:${port}/rest/api/3`;
        prism = spawn(process.execPath, [PRISM, 'proxy', SPEC, `${sim.url}/sites/acme`,
            '--errors', '-h', '127.0.0.1', '-p', String(port)], { stdio: ['ignore', 'pipe', 2] });
        assert.match(await waitForOutput(prism.stdout, LISTENING), LISTENING);
    });
    after(async () => {
        prism?.kill();
        await sim?.stop();
    });

    const reads = ['/myself', '/myself?expand=groups,applicationRoles', '/serverInfo',
        '/project/search?maxResults=2', '/project/ACME', '/issue/createmeta/HR/issuetypes',
        '/issue/createmeta/HR/issuetypes/10002', '/issue/createmeta/ACME/issuetypes/10001',
        '/issue/ACME-1', '/issue/ACME-1/comment', '/issue/ACME-1/transitions',
        '/search/jql?jql=project%3DACME&maxResults=3&fields=*all', '/search/jql?jql=key%3DACME-1',
        '/user/search?query=a', '/user?accountId=5b10ac8d82e05b22cc7d4ef5',
        '/user/assignable/search?project=ACME', '/issueLinkType', '/field', '/priority', '/status',
        '/issuetype', '/mypermissions?permissions=BROWSE_PROJECTS,CREATE_ISSUES', '/configuration',
        '/project', '/project/ACME/statuses', '/project/ACME/components', '/project/ACME/versions',
        '/issue/createmeta?projectKeys=HR&expand=projects.issuetypes.fields',
        '/issue/ACME-1/editmeta', '/issue/ACME-1/watchers', '/issue/ACME-1/worklog',
        '/issueLinkType/10000', '/attachment/meta', '/user/picker?query=b', '/users/search',
        '/label', '/priority/search', '/priority/3', '/status/3', '/statuscategory', '/resolution',
        '/issuetype/10001'];
    for (const target of reads) {
        it(`GET ${target}`, async () => {
            const answer = await fetch(base + target, { headers });
            assert.equal(answer.status, 200, await answer.text());
        });
    }

    const doc = { type: 'doc', version: 1,
        content: [{ type: 'paragraph', content: [{ type: 'text', text: 'x' }] }] };
    const fields = { project: { key: 'OPS' }, issuetype: { name: 'Task' }, summary: 's',
        description: doc };
    const writes = [
        ['POST', '/issue', { fields }, 201],
        ['POST', '/issue', { fields: { ...fields, summary: '' } }, 400],
        ['PUT', '/issue/OPS-16', { fields: { summary: 'changed' } }, 204],
        ['PUT', '/issue/OPS-16?returnIssue=true', { fields: { labels: ['x'] } }, 200],
        ['PUT', '/issue/OPS-16/assignee', { accountId: '-1' }, 204],
        ['POST', '/issue/OPS-16/comment', { body: doc }, 201],
        ['POST', '/issue/OPS-16/worklog', { timeSpentSeconds: 60 }, 201],
        ['POST', '/issue/OPS-16/transitions', { transition: { id: '21' } }, 204],
        ['POST', '/search/jql', { jql: 'project = OPS', maxResults: 2, fields: ['*all'] }, 200],
        ['POST', '/search/approximate-count', { jql: 'project = OPS' }, 200],
        ['POST', '/issue/bulk', { issueUpdates: [{ fields }, { fields: { ...fields, summary: '' } }] },
            201],
        ['POST', '/issue/bulkfetch', { issueIdsOrKeys: ['OPS-1', 'NO-1'], fields: ['*all'] }, 200],
        ['DELETE', '/issue/OPS-16', undefined, 204],
    ];
    for (const [method, target, body, status] of writes) {
        it(`${method} ${target} ${status}`, async () => {
            const answer = await fetch(base + target,
                { method, headers, body: body && JSON.stringify(body) });
            assert.equal(answer.status, status, await answer.text());
        });
    }

    // What has an id of its own: made, read, changed and removed by it.
    async function judge(method, target, body, status) {
        const answer = await fetch(base + target,
            { method, headers, body: body && JSON.stringify(body) });
        const text = await answer.text();
        assert.equal(answer.status, status, text);
        return text && JSON.parse(text);
    }
    for (const [what, made, changed] of [['comment', { body: doc }, { body: doc }],
        ['worklog', { timeSpent: '1h', comment: doc }, { timeSpentSeconds: 120 }]]) {
        it(`a ${what} by its id`, async () => {
            const at = `/issue/OPS-1/${what}`;
            const { id } = await judge('POST', at, made, 201);
            await judge('GET', `${at}/${id}`, undefined, 200);
            await judge('PUT', `${at}/${id}`, changed, 200);
            await judge('DELETE', `${at}/${id}`, undefined, 204);
            await judge('GET', `${at}/${id}`, undefined, 404);
        });
    }

    it('a link by its id', async () => {
        const body = { type: { name: 'Blocks' }, inwardIssue: { key: 'OPS-1' },
            outwardIssue: { key: 'OPS-3' } };
        await fetch(`${sim.url}/sites/acme/rest/api/3/issueLink`,
            { method: 'POST', headers, body: JSON.stringify(body) });
        const { fields: { issuelinks: [{ id }] } } =
            await judge('GET', '/issue/OPS-1?fields=issuelinks', undefined, 200);
        await judge('GET', `/issueLink/${id}`, undefined, 200);
        await judge('DELETE', `/issueLink/${id}`, undefined, 204);
    });

    it('attachments: what an upload answers, and what is known of one', async () => {
        const form = new FormData();
        form.append('file', new Blob(['GIF89a'], { type: 'image/gif' }), 'a.gif');
        const { 'Content-Type': _, ...rest } = headers;
        const upload = await fetch(`${sim.url}/sites/acme/rest/api/3/issue/OPS-1/attachments`,
            { method: 'POST', headers: { ...rest, 'X-Atlassian-Token': 'no-check' }, body: form });
        assert.equal(upload.status, 200);
        const [made] = await upload.json();
        assertLikeSchema(made, 'Attachment');
        await judge('GET', `/attachment/${made.id}`, undefined, 200);
        await judge('GET', '/issue/OPS-1?fields=*all', undefined, 200);
        const content = await fetch(`${base}/attachment/content/${made.id}?redirect=false`,
            { headers });
        assert.deepEqual([content.status, await content.text()], [200, 'GIF89a']);
        await judge('DELETE', `/attachment/${made.id}`, undefined, 204);
    });

    /** Each member that the file names is there with the file's type, and no other. */
    function assertLikeSchema(value, name) {
        const { properties } = JSON.parse(fs.readFileSync(SPEC)).components.schemas[name];
        assert.deepEqual(Object.keys(value).filter((key) => !properties[key]), []);
        for (const [key, { type }] of Object.entries(properties)) {
            const found = type === 'integer' ? 'number' : type ?? 'object';
            assert.equal(typeof value[key], found, `${name}.${key}`);
        }
    }

    it('would notice a wrong answer and a wrong request', async () => {
        await sim.control('POST', 'faults', { kind: 'body', body: '{"accountId":5}' });
        const wrong = await fetch(`${base}/myself`, { headers });
        assert.equal(wrong.status, 500);
        assert.match(await wrong.text(), /VIOLATIONS/);
        const asked = await fetch(`${base}/search/jql`, { method: 'POST', headers,
            body: '{"jql":"project = OPS","maxResults":"many"}' });
        assert.equal(asked.status, 422);
    });
});

async function freePort() {
    const server = net.createServer();
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    return port;
}
