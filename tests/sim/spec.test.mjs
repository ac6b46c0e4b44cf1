// Atlassian's OpenAPI file as the judge: Prism stands in front of the simulator and turns every
// answer that breaks the file's schemas into 500, and every such request into 422.
// Not judged: /search (the file still lists it), attachments, ADF, errors without a schema, and
// unassigning by null (the file says string), and linking (Prism cannot read its empty 201).
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
        '/issuetype', '/mypermissions?permissions=BROWSE_PROJECTS,CREATE_ISSUES'];
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
        ['DELETE', '/issue/OPS-16', undefined, 204],
    ];
    for (const [method, target, body, status] of writes) {
        it(`${method} ${target} ${status}`, async () => {
            const answer = await fetch(base + target,
                { method, headers, body: body && JSON.stringify(body) });
            assert.equal(answer.status, status, await answer.text());
        });
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
