// Attachments: uploads, what is known of them, the media host that has their contents, and what
// goes wrong on the way.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';

import { Malformed, readMultipart } from '../../sim/multipart.mjs';
import { ACME, ANNA, BOB, startSim } from './lib/sim.mjs';

const CLOUD = '1d1f4c5e-7a52-4d0e-9b5b-2c8f6a3e9d70';
const PROOF = { 'X-Atlassian-Token': 'no-check' };

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

const rest = (method, target, options = {}) =>
    sim.call(method, `/rest/api/3${target}`, { host: ACME, user: anna, ...options });
const hash = (bytes) => crypto.createHash('sha256').update(bytes).digest('hex');

/** A form of files [name, content, type], as curl writes it. */
function form(files, field = 'file') {
    const boundary = '------------------------a1b2c3';
    const parts = files.map(([name, content, type = 'text/plain']) => Buffer.concat([
        Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${field}"; ` +
            `filename="${name}"\r\nContent-Type: ${type}\r\n\r\n`),
        Buffer.from(content), Buffer.from('\r\n')]));
    return { body: Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]),
        headers: { 'Content-Type': `multipart/form-data; boundary=${boundary}`, ...PROOF } };
}

const attach = (files, options = {}) =>
    rest('POST', `/issue/${options.issue ?? 'OPS-1'}/attachments`, { ...form(files), ...options });

/** Follows a redirect to the media host; only there the Host header is the Location's. */
async function follow(location, options = {}) {
    const url = new URL(location);
    assert.equal(url.host, `api.media.localhost:${sim.port}`);
    return sim.call('GET', url.pathname + url.search, { host: url.hostname, ...options });
}

describe('an upload', () => {
    it('answers 200 and the attachment, which the issue then has', async () => {
        const made = await attach([['Grüße.txt', 'hello']]);
        assert.equal(made.status, 200, made.text);
        const [one] = made.json;
        const base = `http://acme.localhost:${sim.port}/rest/api/3/attachment`;
        assert.deepEqual([one.filename, one.size, one.mimeType, one.author.displayName, one.self,
            one.content, one.thumbnail], ['Grüße.txt', 5, 'text/plain', 'Anna Admin',
            `${base}/${one.id}`, `${base}/content/${one.id}`, undefined]);
        const issue = await rest('GET', '/issue/OPS-1?fields=attachment');
        assert.deepEqual(issue.json.fields.attachment, made.json);
        assert.equal((await rest('GET', `/attachment/${one.id}`)).json.id, Number(one.id));
    });

    it('takes several files, and names as clients encode them', async () => {
        const { body, headers } = form([['a%22b.txt', ''], ['c\\"d.txt', '\r\n--x\r\n']]);
        const made = await rest('POST', '/issue/OPS-1/attachments', { headers, body: Buffer.from(
            body.toString().replace('filename="a%22b.txt"', '$&; filename*=utf-8\'\'%C3%A4.txt')) });
        assert.deepEqual(made.json.map(({ filename, size }) => [filename, size]),
            [['ä.txt', 0], ['c"d.txt', 7]]);
    });

    it('wants proof that no web page sent it, a form with a file, and the right', async () => {
        const { headers, body } = form([['a', 'b']]);
        const post = (more, target = '/issue/OPS-1/attachments', options = {}) =>
            rest('POST', target, { headers: { ...headers, ...more }, body, ...options });
        const bare = await post({ 'X-Atlassian-Token': 'yes' });
        assert.deepEqual([bare.status, bare.text], [403, 'XSRF check failed']);
        assert.equal((await post({ 'X-Atlassian-Token': 'nocheck' })).status, 200);
        assert.equal((await post({ Origin: 'http://elsewhere.example' })).status, 403);
        assert.equal((await post({ 'Content-Type': 'application/json' })).status, 415);
        assert.equal((await post({}, '/issue/NOPE-1/attachments')).status, 404);
        assert.equal((await post({}, '/issue/HR-1/attachments', { user: bob })).status, 403);
        assert.equal((await post({}, '/issue/OPS-1/attachments', { user: [ANNA, 'x'] })).status, 404);
        assert.equal((await rest('POST', '/issue/OPS-1/attachments', form([['a', 'b']], 'other')))
            .status, 400);
        assert.equal((await rest('POST', '/issue/OPS-1/attachments',
            { headers, body: body.subarray(0, -10) })).status, 400);
        assert.deepEqual(kept(), 1);
    });

    const kept = () => (fs.existsSync(`${sim.state}.files`)
        ? fs.readdirSync(`${sim.state}.files`).length : 0);

    it('of 40 MB passes through the disk in chunks, and comes back the same', async () => {
        const block = crypto.randomBytes(1024 * 1024);
        const all = crypto.createHash('sha256');
        const { headers, body } = form([['big.bin', 'X', 'application/octet-stream']]);
        const at = body.indexOf('X\r\n--');
        const made = await new Promise((resolve, reject) => {
            const request = http.request({ port: sim.port, host: '127.0.0.1', method: 'POST',
                path: '/rest/api/3/issue/OPS-1/attachments', headers: { Host: ACME, ...headers,
                    Authorization: `Basic ${Buffer.from(anna.join(':')).toString('base64')}` } });
            request.on('error', reject).on('response', (response) => {
                let text = '';
                response.on('data', (part) => { text += part; })
                    .on('end', () => resolve(JSON.parse(text)[0]));
            });
            request.write(body.subarray(0, at)); // chunked: no length was said
            for (let i = 0; i < 40; i += 1) {
                all.update(block);
                request.write(block);
            }
            request.end(body.subarray(at + 1));
        });
        assert.equal(made.size, 40 * 1024 * 1024);
        const { location } = (await rest('GET', `/attachment/content/${made.id}`)).headers;
        const wanted = all.digest('hex');
        assert.equal(hash((await follow(location)).bytes), wanted);
        const entry = (await sim.control('GET', 'log')).requests.find((each) => each.files);
        assert.deepEqual(entry.files, [{ filename: 'big.bin', type: 'application/octet-stream',
            size: made.size, sha256: wanted }]);
    });

    it('is too large beyond 100 MB, or 60 files', async () => {
        const limit = (await rest('GET', '/attachment/meta')).json.uploadLimit;
        const large = await attach([['large', Buffer.alloc(limit + 1)]]);
        assert.equal(large.status, 413);
        assert.match(large.json.errorMessages[0], /too large/);
        assert.equal((await attach(Array.from({ length: 61 }, (_, i) => [`f${i}`, 'x']))).status, 413);
        assert.equal(kept(), 0);
    });
});

describe('the contents', () => {
    const make = async (...file) => (await attach([file])).json[0];

    it('are on the media host, which refuses a credential, a changed and an old address', async () => {
        const { id } = await make('a.txt', 'secret text');
        const answer = await rest('GET', `/attachment/content/${id}`);
        assert.deepEqual([answer.status, answer.text], [303, '']);
        const { location } = answer.headers;
        const found = await follow(location);
        assert.deepEqual([found.status, found.text], [200, 'secret text']);
        assert.match(found.headers['content-disposition'], /^attachment; filename="a.txt"/);
        assert.equal((await follow(location, { user: anna })).status, 400);
        assert.equal((await follow(location.replace('token=', 'token=x'))).status, 403);
        assert.equal((await follow(location.replace('/binary', '/image'))).status, 403);
        await sim.control('POST', 'clock', { advance_ms: 601_000 });
        assert.equal((await follow(location)).status, 403);
        await sim.control('POST', 'clock', { offset_ms: 0 });
        const { requests } = await sim.control('GET', 'log');
        assert.ok(requests.filter((each) => each.kind === 'media')
            .every((each) => /token=hidden/.test(each.path)));
    });

    it('are given by Jira itself with redirect=false, whole or a range', async () => {
        const { id } = await make('a.txt', '0123456789');
        const ask = (range) => rest('GET', `/attachment/content/${id}?redirect=false`,
            range ? { headers: { Range: range } } : {});
        assert.equal((await ask()).text, '0123456789');
        const part = await ask('bytes=2-4');
        assert.deepEqual([part.status, part.text, part.headers['content-range']],
            [206, '234', 'bytes 2-4/10']);
        assert.equal((await ask('bytes=7-')).text, '789');
        assert.deepEqual([(await ask('bytes=10-')).status, (await ask('lines=1')).status], [416, 400]);
        const head = await rest('HEAD', `/attachment/content/${id}?redirect=false`);
        assert.deepEqual([head.headers['content-length'], head.text], ['10', '']);
    });

    it('lead callers by number to another host, too', async () => {
        const made = await sim.call('POST', '/sites/acme/rest/api/3/issue/OPS-1/attachments',
            { user: anna, ...form([['a', 'b']]) });
        const { content, self } = made.json[0];
        assert.ok(content.startsWith(`${sim.url}/sites/acme/rest/api/3/attachment/content/`), content);
        assert.ok(self.startsWith(`${sim.url}/sites/acme/rest/api/3/attachment/`), self);
        const answer = await sim.call('GET', new URL(content).pathname, { user: anna });
        assert.ok(answer.headers.location.startsWith(`http://localhost:${sim.port}/file/`));
        assert.equal(await (await fetch(answer.headers.location
            .replace('//localhost', '//127.0.0.1'))).text(), 'b');
    });

    it('have thumbnails when they are pictures', async () => {
        const picture = await make('a.png', 'not really', 'image/png');
        assert.match(picture.thumbnail, /\/attachment\/thumbnail\/\d+$/);
        const answer = await rest('GET', `/attachment/thumbnail/${picture.id}`);
        const shown = await follow(answer.headers.location);
        assert.deepEqual([answer.status, shown.headers['content-type'], shown.bytes.toString('latin1', 1, 4)],
            [303, 'image/png', 'PNG']);
        const text = await make('a.txt', 'x');
        assert.equal((await rest('GET',
            `/attachment/thumbnail/${text.id}?fallbackToDefault=false`)).status, 404);
    });

    it('go with the attachment, and with the issue', async () => {
        const { id } = await make('a', 'b');
        const { location } = (await rest('GET', `/attachment/content/${id}`)).headers;
        assert.equal((await rest('DELETE', `/attachment/${id}`, { user: bob })).status, 403);
        assert.equal((await rest('DELETE', `/attachment/${id}`)).status, 204);
        assert.equal((await follow(location)).status, 404);
        for (const target of [`/attachment/${id}`, `/attachment/content/${id}`]) {
            assert.equal((await rest('GET', target)).status, 404);
        }
        const other = await make('c', 'd');
        await rest('DELETE', '/issue/OPS-1');
        assert.equal((await rest('GET', `/attachment/${other.id}`)).status, 404);
        assert.deepEqual(fs.readdirSync(`${sim.state}.files`), []);
    });

    it('name the site through the gateway, where `self` names the gateway', async () => {
        const gateway = (target, options) => sim.call(options ? 'POST' : 'GET',
            `/ex/jira/${CLOUD}/rest/api/2${target}`, { host: 'api.localhost', user: anna, ...options });
        const [one] = (await gateway('/issue/OPS-1/attachments', form([['a', 'b']]))).json;
        assert.equal(one.self, `http://api.localhost:${sim.port}/ex/jira/${CLOUD}/rest/api/2/attachment/${one.id}`);
        assert.equal(one.content,
            `http://acme.localhost:${sim.port}/rest/api/2/attachment/content/${one.id}`);
        const answer = await gateway(`/attachment/content/${one.id}`);
        assert.equal((await follow(answer.headers.location)).text, 'b');
    });
});

describe('a form that arrives in pieces', () => {
    const text = 'before\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n' +
        'Content-Type: x/y\r\n\r\none\r\n--\r\n-b\r\n--b\r\n\r\nbare\r\n--b\r\nX: y\r\n\r\n\r\n--b--\r\nafter';

    async function read(form, size) {
        const parts = [];
        await readMultipart(pieces(form, size), 'b', {
            begin: (part) => parts.push({ ...part, text: '' }),
            data: (bytes) => { parts.at(-1).text += bytes; },
            end: () => { parts.at(-1).ended = true; },
        });
        return parts;
    }

    async function* pieces(form, size) {
        for (let at = 0; at < form.length; at += size) yield Buffer.from(form.slice(at, at + size));
    }

    it('is the same in pieces of any size', async () => {
        const unnamed = { name: null, filename: null, type: null, ended: true };
        for (const size of [1, 2, 3, 5, 8, 1000]) {
            assert.deepEqual(await read(text, size), [
                { name: 'file', filename: 'a', type: 'x/y', text: 'one\r\n--\r\n-b', ended: true },
                { ...unnamed, text: 'bare' }, { ...unnamed, text: '' }]);
        }
    });

    it('is none when it has no end, or a boundary that goes on', async () => {
        const cut = text.slice(0, text.lastIndexOf('--b--'));
        for (const form of [cut, text.replace('--b\r\nX', '--bc\r\nX'), '', 'x']) {
            await assert.rejects(read(form, 4), Malformed);
        }
        await assert.rejects(read(`--b\r\n${'x'.repeat(20_000)}`, 4096), Malformed);
    });
});

describe('files and the state file', () => {
    const folderOf = () => fs.mkdtempSync(path.join(os.tmpdir(), 'mortise-sim-'));

    it('outlive a restart together, and go together', async () => {
        const folder = folderOf();
        const state = path.join(folder, 'state.json');
        let other = await startSim({ state });
        const user = [ANNA, await other.token(ANNA)];
        const { body, headers } = form([['a', 'kept']]);
        const made = await other.call('POST', '/rest/api/3/issue/OPS-1/attachments',
            { host: ACME, user, body, headers });
        await other.stop();
        other = await startSim({ state });
        const path3 = `/rest/api/3/attachment/content/${made.json[0].id}?redirect=false`;
        assert.equal((await other.call('GET', path3, { host: ACME, user })).text, 'kept');
        await other.stop();
        fs.rmSync(state);
        other = await startSim({ state });
        assert.ok(!fs.existsSync(`${state}.files`));
        await other.stop();
        fs.rmSync(folder, { recursive: true });
    });

    it('a state from before attachments is taken on', async () => {
        const folder = folderOf();
        const state = path.join(folder, 'state.json');
        let other = await startSim({ state });
        const user = [ANNA, await other.token(ANNA)];
        await other.stop();
        const old = JSON.parse(fs.readFileSync(state, 'utf8'));
        old.version = 3;
        for (const issue of old.sites.flatMap((site) => site.issues)) {
            delete issue.attachments;
            delete issue.watchers;
        }
        fs.writeFileSync(state, JSON.stringify(old));
        other = await startSim({ state });
        const { fields } = (await other.call('GET', '/rest/api/3/issue/OPS-1',
            { host: ACME, user })).json;
        assert.deepEqual([fields.attachment, fields.watches.watchCount], [[], 0]);
        await other.stop();
        fs.rmSync(folder, { recursive: true });
    });
});

describe('faults of files', () => {
    it('cut and drip downloads', async () => {
        const { id } = (await attach([['a', 'x'.repeat(1000)]])).json[0];
        const at = `/rest/api/3/attachment/content/${id}?redirect=false`;
        const match = { path: at };
        await sim.control('POST', 'faults', { kind: 'cut_body', match });
        await assert.rejects(sim.call('GET', at, { host: ACME, user: anna }), /aborted/);
        await sim.control('POST', 'faults', { kind: 'drip', ms: 30, bytes: 250, match });
        const began = Date.now();
        assert.equal((await sim.call('GET', at, { host: ACME, user: anna })).text.length, 1000);
        assert.ok(Date.now() - began >= 85);
    });

    it('cut uploads, which leave nothing behind, and read them slowly', async () => {
        const match = { path: '/rest/api/3/issue/OPS-1/attachments' };
        const file = ['a', Buffer.alloc(300_000)];
        await sim.control('POST', 'faults', { kind: 'cut_reading', bytes: 100_000, match });
        await assert.rejects(attach([file]));
        assert.deepEqual((await rest('GET', '/issue/OPS-1?fields=attachment')).json.fields.attachment, []);
        const [entry] = (await sim.control('GET', 'log')).requests;
        assert.deepEqual([entry.method, entry.status, entry.faults], ['POST', null, ['cut_reading']]);
        await sim.control('POST', 'faults',
            { kind: 'slow_reading', bytes: 100_000, ms: 50, match });
        const began = Date.now();
        assert.equal((await attach([file])).status, 200);
        assert.ok(Date.now() - began >= 150);
        assert.equal(fs.readdirSync(`${sim.state}.files`).length, 1);
    });
});
