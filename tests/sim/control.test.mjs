// The control endpoint, faults, hosts, renames, and the state file.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';

import { ACME, ANNA, BOB, startSim } from './lib/sim.mjs';

let sim;
let anna;
before(async () => { sim = await startSim(); });
after(() => sim.stop());
beforeEach(async () => {
    await sim.control('POST', 'reset');
    anna = [ANNA, await sim.token(ANNA)];
});

const myself = (options) =>
    sim.call('GET', '/rest/api/3/myself', { host: ACME, user: anna, ...options });
const fault = (body) => sim.control('POST', 'faults', body);
const create = (summary) => sim.call('POST', '/rest/api/3/issue', { host: ACME, user: anna,
    json: { fields: { project: { key: 'OPS' }, issuetype: { name: 'Task' }, summary } } });
const countOps = async () => (await sim.control('GET', 'state')).sites[0].issues;

describe('hosts', () => {
    it('answers like Atlassian for a host that is no site', async () => {
        for (const host of ['nosuch.localhost', 'acme.example', 'x.acme.localhost']) {
            const answer = await sim.call('GET', '/rest/api/3/serverInfo', { host });
            assert.equal(answer.status, 404);
            assert.match(answer.headers['content-type'], /^text\/html/);
            assert.match(answer.text, /Page unavailable/);
        }
    });

    it('knows the gateway by its own name as well', async () => {
        const { cloudId } = (await sim.call('GET', '/_edge/tenant_info', { host: ACME })).json;
        assert.match(cloudId, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
        const answer = await sim.call('GET', `/ex/jira/${cloudId}/rest/api/3/myself`,
            { host: 'api.localhost', user: anna });
        assert.equal(answer.status, 200);
    });

    it('has the control on the account host only, and not for web pages', async () => {
        const onSite = await sim.call('GET', '/_control/state', { host: ACME });
        assert.equal(onSite.status, 404);
        const fromPage = await sim.call('POST', '/_control/reset',
            { headers: { Origin: 'http://evil.example' } });
        assert.equal(fromPage.status, 403);
    });
});

describe('a renamed site', () => {
    it('refuses REST under the old name, leads pages on, and keeps the cloud id', async () => {
        const before = (await sim.call('GET', '/_edge/tenant_info', { host: ACME })).json;
        const { url } = await sim.control('POST', 'rename', { site: 'acme', to: 'umbrella' });
        assert.equal(url, `http://umbrella.localhost:${sim.port}`);
        assert.equal((await myself()).status, 401);
        assert.equal((await sim.call('GET', '/rest/api/3/serverInfo', { host: ACME })).status, 401);
        const page = await sim.call('GET', '/browse/ACME-1?x=1', { host: ACME });
        assert.deepEqual([page.status, page.headers.location],
            [301, `${url}/browse/ACME-1?x=1`]);
        const there = await myself({ host: 'umbrella.localhost' });
        assert.equal(there.status, 200);
        assert.ok(there.json.self.startsWith(url));
        assert.deepEqual((await sim.call('GET', '/_edge/tenant_info',
            { host: 'umbrella.localhost' })).json, before);
        await assert.rejects(sim.control('POST', 'rename', { site: 'globex', to: 'acme' }),
            /is taken/);
    });
});

describe('faults', () => {
    it('applies as often as asked, to what matches', async () => {
        await fault({ kind: 'status', status: 503, times: 2, match: { path: '/rest/api/3/my' } });
        assert.equal((await sim.call('GET', '/rest/api/3/serverInfo', { host: ACME })).status, 200);
        assert.equal((await myself()).status, 503);
        assert.equal((await myself()).status, 503);
        assert.equal((await myself()).status, 200);
        await fault({ kind: 'status', status: 500, times: 'always',
            match: { path: '^/rest/api/\\d/myself$', method: 'get', host: ACME } });
        assert.equal((await myself()).status, 500);
        assert.equal((await sim.call('GET', '/sites/acme/rest/api/3/myself', { user: anna }))
            .status, 200);
        await sim.control('DELETE', 'faults');
        assert.equal((await myself()).status, 200);
        await fault({ kind: 'status', status: 502, times: 2, match: { path: '/rest/api/3/my' } });
        const below = () => sim.call('GET', '/sites/acme/rest/api/3/myself', { user: anna });
        assert.deepEqual([(await below()).status, (await myself()).status], [502, 502]);
    });

    it('refuses faults that it does not understand', async () => {
        await assert.rejects(fault({ kind: 'nonsense' }), /kind must be one of/);
        await assert.rejects(fault({ kind: 'hang', times: 0 }), /times must be/);
        await assert.rejects(fault({ kind: 'hang', match: { path: '^(' } }), /regular expression/);
    });

    it('cuts before anything is done, and after everything is', async () => {
        const before = await countOps();
        await fault({ kind: 'cut_before' });
        await assert.rejects(create('never'), /socket hang up|ECONNRESET/);
        assert.equal(await countOps(), before);
        await fault({ kind: 'cut_before', reset: true });
        await assert.rejects(create('never'), /ECONNRESET/);
        await fault({ kind: 'cut_after' });
        await assert.rejects(create('done, but nobody knows'), /socket hang up|ECONNRESET/);
        assert.equal(await countOps(), before + 1);
        const log = (await sim.control('GET', 'log')).requests;
        assert.deepEqual(log.map((each) => [each.status, each.faults[0]]),
            [[null, 'cut_before'], [null, 'cut_before'], [null, 'cut_after']]);
    });

    it('cuts a body in the middle', async () => {
        await fault({ kind: 'cut_body' });
        await assert.rejects(myself(), /aborted|ECONNRESET/);
        assert.equal((await myself()).status, 200);
    });

    it('carries out a request and hides the answer behind another', async () => {
        const before = await countOps();
        await fault({ kind: 'status', status: 502, body: 'Bad Gateway', after: true });
        const answer = await create('hidden');
        assert.deepEqual([answer.status, answer.text], [502, 'Bad Gateway']);
        assert.equal(await countOps(), before + 1);
        await fault({ kind: 'status', status: 502 });
        assert.equal((await create('refused')).status, 502);
        assert.equal(await countOps(), before + 1);
    });

    it('answers HTML, broken UTF-8, three megabytes, or anything', async () => {
        await fault({ kind: 'html' });
        const html = await myself();
        assert.deepEqual([html.status, html.json], [200, undefined]);
        assert.match(html.headers['content-type'], /^text\/html/);
        await fault({ kind: 'invalid_utf8' });
        const broken = await myself();
        assert.throws(() => new TextDecoder('utf-8', { fatal: true }).decode(broken.bytes));
        await fault({ kind: 'huge' });
        const huge = await myself();
        assert.equal(huge.bytes.length, 3 * 1024 * 1024);
        assert.equal(huge.json.values.length, 2);
        await fault({ kind: 'body', status: 418, type: 'text/x', base64: 'AAEC' });
        const raw = await myself();
        assert.deepEqual([raw.status, raw.headers['content-type'], [...raw.bytes]],
            [418, 'text/x', [0, 1, 2]]);
    });

    it('delays, drips, hangs, redirects, limits and adds headers', async () => {
        await fault({ kind: 'delay', ms: 150 });
        await fault({ kind: 'headers', headers: { 'X-Extra': 'yes' } });
        const started = Date.now();
        const late = await myself();
        assert.ok(Date.now() - started >= 140);
        assert.deepEqual([late.status, late.headers['x-extra']], [200, 'yes']);
        await fault({ kind: 'drip', ms: 10, bytes: 100 });
        assert.equal((await myself()).json.emailAddress, ANNA);
        await fault({ kind: 'hang' });
        await assert.rejects(myself({ timeout: 200 }), /timeout/);
        await fault({ kind: 'redirect', to: 'http://127.0.0.1:1/' });
        const moved = await myself();
        assert.deepEqual([moved.status, moved.headers.location], [302, 'http://127.0.0.1:1/']);
        await fault({ kind: 'ratelimit', retry_after: 7 });
        const limited = await myself();
        assert.deepEqual([limited.status, limited.headers['retry-after'],
            limited.headers['ratelimit-reason']], [429, '7', 'jira-burst-based']);
        assert.match(limited.headers['x-ratelimit-reset'], /^\d{4}-\d\d-\d\dT\d\d:\d\dZ$/);
    });
});

describe('the log', () => {
    it('shows what was asked, without secrets', async () => {
        await myself();
        await create('logged');
        await sim.call('POST', '/login', { form: { email: ANNA, password: 'anna-secret' } });
        const { requests } = await sim.control('GET', 'log');
        assert.deepEqual(requests.map(({ method, path, status, kind }) =>
            [method, path, status, kind]), [
            ['GET', '/rest/api/3/myself', 200, 'site'],
            ['POST', '/rest/api/3/issue', 201, 'site'],
            ['POST', '/login', 303, 'account'],
        ]);
        assert.equal(requests[0].headers.authorization, `Basic ${ANNA}`);
        assert.match(requests[1].body, /"summary":"logged"/);
        const text = JSON.stringify(requests);
        assert.ok(!text.includes(anna[1]) && !text.includes('anna-secret'));
        await sim.control('DELETE', 'log');
        assert.deepEqual((await sim.control('GET', 'log')).requests, []);
    });
});

describe('compression', () => {
    it('packs longer JSON for those who take it', async () => {
        const plain = await sim.call('GET', '/rest/api/3/field', { host: ACME });
        const packed = await sim.call('GET', '/rest/api/3/field',
            { host: ACME, headers: { 'Accept-Encoding': 'gzip' } });
        assert.equal(plain.headers['content-encoding'], undefined);
        assert.equal(packed.headers['content-encoding'], 'gzip');
        assert.deepEqual(packed.json, plain.json);
    });
});

describe('the state file', () => {
    it('keeps everything over a clean stop and over a kill', async () => {
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mortise-sim-'));
        const state = path.join(folder, 'deep', 'state.json');
        let other = await startSim({ state });
        const token = await other.token(BOB);
        assert.equal(await other.stop('SIGINT'), 0);
        other = await startSim({ state });
        const call = (json) => other.call('PUT', '/rest/api/3/issue/OPS-1',
            { host: ACME, user: [BOB, token], json });
        assert.equal((await call({ fields: { summary: 'Kept' } })).status, 204);
        await new Promise((resolve) => setTimeout(resolve, 200));
        await other.stop('SIGKILL');
        other = await startSim({ state });
        const issue = await other.call('GET', '/rest/api/3/issue/OPS-1',
            { host: ACME, user: [BOB, token] });
        assert.equal(issue.json.fields.summary, 'Kept');
        assert.ok(!fs.readFileSync(state, 'utf8').includes(token));
        await other.control('POST', 'reset');
        assert.equal((await other.call('GET', '/rest/api/3/myself',
            { host: ACME, user: [BOB, token] })).status, 401);
        await other.stop();
        fs.rmSync(folder, { recursive: true });
    });

    it('says so when it cannot be read', async () => {
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mortise-sim-'));
        const state = path.join(folder, 'state.json');
        fs.writeFileSync(state, '{"version": 99}');
        await assert.rejects(startSim({ state }), /has version 99/);
        fs.rmSync(folder, { recursive: true });
    });
});
