// The developer console and its counterpart in the control, the seeded app, faults and the log at
// the token endpoint, and state files from before there was OAuth.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';

import { AUTH, authorizePath, bearer, browser, CALLBACK, CLIENT, codeFor, connect, consent, csrfIn,
    ERIN, exchange, refresh, SECRET } from './lib/oauth.mjs';
import { ANNA, BOB, startSim } from './lib/sim.mjs';

const CONSOLE = '/console/myapps';
const ID = 'id.localhost';

let sim;
before(async () => { sim = await startSim(); });
after(() => sim.stop());
beforeEach(() => sim.control('POST', 'reset'));

describe('the developer console', () => {
    const inPage = (text, id) => new RegExp(`id="${id}">([^<]*)<`).exec(text)[1];
    async function newApp(call, grant = 'account') {
        const csrf = csrfIn((await call('GET', CONSOLE)).text);
        const made = await call('POST', `${CONSOLE}/create`, { csrf, name: 'My <app>', grant });
        assert.equal(made.status, 303);
        const home = made.headers.location;
        return { csrf, home, post: (action, form) => call('POST', `${home}/${action}`,
            { csrf, ...form }) };
    }

    it('is for people who are signed in, on both hosts', async () => {
        for (const host of [ID, '127.0.0.1']) {
            const first = await sim.call('GET', CONSOLE, { host });
            assert.equal(first.headers.location, `/login?continue=${encodeURIComponent(CONSOLE)}`);
            const anna = await browser(sim, ANNA, host);
            assert.match((await anna('GET', CONSOLE)).text, /Mortise \(make run\)/);
        }
        const start = (await sim.call('GET', '/')).text;
        assert.ok(start.includes(CONSOLE) && start.includes('/manage-profile/apps'));
    });

    it('makes an app that works once callback, scopes and sharing are set', async () => {
        const bob = await browser(sim, BOB, ID);
        const { home, post } = await newApp(bob);
        const { text } = await bob('GET', home);
        assert.match(text, /<h1>My &lt;app&gt;<\/h1>/);
        const client = { client_id: inPage(text, 'client-id'),
            client_secret: inPage(text, 'client-secret'), callback: 'https://m.example/cb' };
        assert.match(client.client_id, /^[A-Za-z0-9]{32}$/);
        assert.match(client.client_secret, /^ATOA.{60,}$/);
        await assert.rejects(connect(sim, { client, email: BOB }), /redirect_uri%20is%20not/);
        assert.equal((await post('authorization', { callback: client.callback })).status, 303);
        await assert.rejects(connect(sim, { client, email: BOB }), /scopes that it was not given/);
        const scope = 'read:jira-user';
        assert.equal((await post('permissions', { scope })).status, 303);
        assert.equal((await connect(sim, { client, email: BOB, scope })).scope, scope);
        await assert.rejects(connect(sim, { client, scope }), /failed to retrieve client/);
        assert.equal((await post('distribution', { sharing: 'on' })).status, 303);
        assert.equal((await connect(sim, { client, scope })).scope, scope);
        const page = (await bob('GET', home)).text;
        assert.match(page, /value="read:jira-user" checked/);
        assert.match(page, /value="on" checked/);
    });

    it('rotates the secret, deletes the app, and makes resource-level ones', async () => {
        const anna = await browser(sim, ANNA, ID);
        const { home, post, csrf } = await newApp(anna, 'resource');
        const secretNow = async () => inPage((await anna('GET', home)).text, 'client-secret');
        const before = await secretNow();
        await post('rotate', {});
        assert.notEqual(await secretNow(), before);
        assert.match((await anna('GET', home)).text, /a resource-level grant/);
        await post('delete', {});
        assert.equal((await anna('GET', home)).status, 404);
        await connect(sim);
        await anna('POST', `${CONSOLE}/${CLIENT}/delete`, { csrf });
        assert.match((await anna('GET', '/manage-profile/apps')).text, /no connected apps/);
    });

    it('refuses bad callbacks, scopes, names, forms, and other people', async () => {
        const bob = await browser(sim, BOB, ID);
        const { home, post } = await newApp(bob);
        for (const callback of ['', '/oauth/callback', 'http://m.example/cb', 'ftp://localhost/',
            'http://127.0.0.1:8080/cb', 'https://*.example/cb', 'https://m.example/cb#x']) {
            const answer = await post('authorization', { callback });
            assert.equal(answer.status, 400, callback);
            assert.match(answer.text, /class="notice error"/);
        }
        assert.equal((await post('authorization', { callback: CALLBACK })).status, 303);
        assert.equal((await post('permissions', { scope: 'rule:the-world' })).status, 400);
        assert.equal((await post('rotate', { csrf: 'x' })).status, 403);
        assert.equal((await post('nonsense', {})).status, 404);
        assert.equal((await bob('GET', `${CONSOLE}/${CLIENT}`)).status, 404);
        const csrf = csrfIn((await bob('GET', CONSOLE)).text);
        assert.equal((await bob('POST', `${CONSOLE}/${CLIENT}/rotate`, { csrf })).status, 404);
        assert.equal((await bob('POST', `${CONSOLE}/create`,
            { csrf, name: ' ', grant: 'account' })).status, 400);
        assert.equal((await (await browser(sim, ANNA, ID))('GET', home)).status, 404);
        assert.equal((await connect(sim)).token_type, 'Bearer');
    });
});

describe('the control', () => {
    it('makes, changes and removes apps', async () => {
        const made = await sim.control('POST', 'apps', { callback: CALLBACK, owner: BOB,
            name: 'x', scopes: ['read:me'], shared: false, grant: 'resource', client_id: 'mine',
            client_secret: 'ATOA-mine' });
        assert.deepEqual(made, { callback: CALLBACK, owner: BOB, name: 'x', scopes: ['read:me'],
            shared: false, grant: 'resource', client_id: 'mine', client_secret: 'ATOA-mine' });
        const changed = await sim.control('POST', 'apps', { client_id: 'mine', shared: true });
        assert.deepEqual(changed, { ...made, shared: true });
        await sim.control('DELETE', 'apps', { client_id: 'mine' });
        assert.equal((await sim.control('GET', 'state')).apps.length, 1);
    });

    it('says what is wrong', async () => {
        const refuses = (name, body, words) =>
            assert.rejects(sim.control('POST', name, body), words);
        await refuses('apps', { callback: 'http://x.example/' }, /must begin with https/);
        await refuses('apps', { owner: 'x@y.example' }, /no account/);
        await refuses('apps', { scopes: ['x'] }, /no scope x/);
        await refuses('oauth', { leeway_seconds: -1 }, /leeway_seconds/);
        await refuses('oauth', { unknown: 1 }, /unknown/);
        await refuses('age-tokens', {}, /seconds/);
        await refuses('revoke-grant', { client_id: 'x' }, /no app x/);
        await refuses('membership', { site: 'acme', email: BOB, role: 'king' }, /role/);
        await refuses('products', { site: 'acme', products: ['x'] }, /products/);
        await refuses('account', { email: BOB }, /active/);
        await refuses('rename', { site: 'acme', to: 'auth' }, /taken|host label/);
    });

    it('knows people with no site, with one, and with several', async () => {
        const { accounts, sites } = await sim.control('GET', 'state');
        const count = (email) => sites.filter((each) => each.members[email]).length;
        assert.deepEqual([ERIN, BOB, ANNA].map(count), [0, 1, 2]);
        assert.equal(accounts.find((each) => each.email === ERIN).password, 'erin-secret');
    });
});

describe('the seeded app', () => {
    it('takes its callback from --callback, at every start and after a reset', async () => {
        const callback = 'http://localhost:9999/oauth/callback';
        const other = await startSim({ args: ['--callback', callback] });
        await other.control('POST', 'reset');
        const client = { client_id: CLIENT, client_secret: SECRET, callback };
        assert.equal((await connect(other, { client })).token_type, 'Bearer');
        await other.stop();
        await assert.rejects(startSim({ args: ['--callback', 'http://x.example'] }), /must begin/);
    });

    it('is there in a state file from before, with everything else as it was', async () => {
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mortise-sim-'));
        const state = path.join(folder, 'state.json');
        let other = await startSim({ state });
        const token = await other.token(BOB);
        await other.stop();
        const { oauth, ...old } = JSON.parse(fs.readFileSync(state, 'utf8'));
        assert.equal(oauth.apps.length, 1);
        old.version = 1;
        old.accounts = old.accounts.filter((each) => each.email !== ERIN);
        for (const site of old.sites) delete site.products;
        fs.writeFileSync(state, JSON.stringify(old));
        other = await startSim({ state });
        const me = await other.call('GET', '/sites/acme/rest/api/3/myself', { user: [BOB, token] });
        assert.equal(me.status, 200);
        const tokens = await connect(other);
        await assert.rejects(connect(other, { email: ERIN }), /needs a Jira site/);
        await other.stop('SIGTERM');
        const text = fs.readFileSync(state, 'utf8');
        assert.ok(!text.includes(tokens.access_token) && !text.includes(tokens.refresh_token));
        other = await startSim({ state });
        assert.equal((await refresh(other, tokens.refresh_token)).status, 200);
        await other.stop();
        fs.rmSync(folder, { recursive: true });
    });
});

describe('faults at the token endpoint', () => {
    const fault = (kind, more) => sim.control('POST', 'faults',
        { kind, match: { method: 'POST', path: '/oauth/token' }, ...more });

    it('cut after the rotation, which the leeway repairs', async () => {
        const tokens = await connect(sim);
        for (const kind of ['cut_after', 'hang']) {
            await fault(kind, { after: true });
            await assert.rejects(sim.call('POST', '/oauth/token', { host: AUTH, timeout: 200,
                json: { grant_type: 'refresh_token', client_id: CLIENT, client_secret: SECRET,
                    refresh_token: tokens.refresh_token } }), /hang up|ECONNRESET|timeout/);
        }
        const [grant] = (await sim.control('GET', 'state')).grants;
        assert.equal(grant.refreshes, 2);
        assert.equal((await refresh(sim, tokens.refresh_token)).status, 200);
    });

    it('are slow, or answer something else and leave the token alone', async () => {
        const tokens = await connect(sim);
        await fault('delay', { ms: 150 });
        const started = Date.now();
        await fault('status', { status: 503 });
        assert.equal((await refresh(sim, tokens.refresh_token)).status, 503);
        assert.ok(Date.now() - started >= 140);
        assert.equal((await sim.control('GET', 'state')).grants[0].refreshes, 0);
        await sim.control('POST', 'faults',
            { kind: 'html', match: { path: '/oauth/token/accessible' } });
        const page = await bearer(sim, '/oauth/token/accessible-resources', tokens.access_token);
        assert.match(page.headers['content-type'], /html/);
    });
});

describe('the log', () => {
    it('tells what became of token calls, and holds no secret', async () => {
        await consent(sim, { action: 'cancel' });
        const path = authorizePath({ state: 'a-secret-state' });
        await sim.call('GET', path, { host: AUTH,
            headers: { Referer: `http://auth.localhost${path}` } });
        const code = await codeFor(sim, { state: 'a-secret-state' });
        const tokens = (await exchange(sim, code)).json;
        await exchange(sim, code);
        await refresh(sim, tokens.refresh_token, { client_secret: 'wrong-secret' });
        await bearer(sim, '/me', tokens.access_token);
        const { requests } = await sim.control('GET', 'log');
        const calls = requests.filter((each) => each.path === '/oauth/token');
        assert.deepEqual(calls.map(({ oauth, status }) =>
            [oauth.grant_type, oauth.encoding, oauth.client_id, oauth.outcome, status]), [
            ['authorization_code', 'json', CLIENT, 'ok', 200],
            ['authorization_code', 'json', CLIENT, 'invalid_request', 400],
            ['refresh_token', 'json', CLIENT, 'access_denied', 401],
        ]);
        const text = JSON.stringify(requests);
        for (const secret of [SECRET, 'wrong-secret', code, tokens.access_token,
            tokens.refresh_token, 'a-secret-state', 'anna-secret']) {
            assert.ok(!text.includes(secret), secret);
        }
        assert.ok(text.includes('state=hidden') && text.includes('scope=read'));
    });
});
