// The web pages: the index, sign-in, API tokens, and the few pages of a site.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';

import { ACME, ANNA, BOB, BOT, startSim } from './lib/sim.mjs';

const TOKENS = '/manage-profile/security/api-tokens';
const SERVICE = '/admin/service-accounts';

let sim;
before(async () => { sim = await startSim(); });
after(() => sim.stop());
beforeEach(() => sim.control('POST', 'reset'));

/** Signs in and returns a function that calls with the session's cookie. */
async function browser(email, password, host) {
    const answer = await sim.call('POST', '/login', { host, form: { email, password } });
    assert.equal(answer.status, 303);
    const cookie = answer.headers['set-cookie'][0].split(';')[0];
    return (method, path, form) =>
        sim.call(method, path, { host, form, headers: { Cookie: cookie } });
}

const csrfIn = (text) => /name="csrf" value="([^"]+)"/.exec(text)[1];
const tokenIn = (text) => /<code id="token">([^<]+)<\/code>/.exec(text)?.[1];
const inDays = (days) => new Date(Date.now() + days * 86400_000).toISOString().slice(0, 10);

describe('the index page', () => {
    it('says what it is and shows accounts, passwords and sites', async () => {
        const { text } = await sim.call('GET', '/');
        for (const part of ['simulated Atlassian', ANNA, 'anna-secret', BOT,
            `http://acme.localhost:${sim.port}`, `http://globex.localhost:${sim.port}`, TOKENS]) {
            assert.ok(text.includes(part), part);
        }
    });
});

describe('signing in', () => {
    it('refuses a wrong password in words, and leads on after a good one', async () => {
        const refused = await sim.call('POST', '/login',
            { form: { email: '"><b>', password: 'wrong' } });
        assert.equal(refused.status, 401);
        assert.match(refused.text, /Incorrect email address and \/ or password/);
        assert.ok(refused.text.includes('value="&quot;&gt;&lt;b&gt;"'));
        const form = { email: BOB, password: 'bob-secret' };
        for (const [target, location] of [['/x?y=1', '/x?y=1'], ['//evil.example', TOKENS],
            ['/\\evil.example', TOKENS], ['http://evil.example/', TOKENS]]) {
            const answer = await sim.call('POST', '/login',
                { form: { ...form, continue: target } });
            assert.deepEqual([answer.status, answer.headers.location], [303, location]);
        }
        const nobody = await sim.call('POST', '/login', { form: { email: BOT, password: 'null' } });
        assert.equal(nobody.status, 401);
    });

    it('is needed for the token page, and ends with signing out', async () => {
        const answer = await sim.call('GET', TOKENS);
        assert.equal(answer.headers.location, `/login?continue=${encodeURIComponent(TOKENS)}`);
        const bob = await browser(BOB, 'bob-secret');
        assert.equal((await bob('GET', TOKENS)).status, 200);
        assert.equal((await bob('POST', '/manage-profile/security/logout')).status, 303);
        assert.equal((await bob('GET', TOKENS)).status, 302);
    });
});

describe('the API token page', () => {
    const works = async (token) => (await sim.call('GET', '/rest/api/3/myself',
        { host: ACME, user: [BOB, token] })).status === 200;

    it('makes a classic token, shows it once, lists and revokes it', async () => {
        const bob = await browser(BOB, 'bob-secret');
        const csrf = csrfIn((await bob('GET', TOKENS)).text);
        const made = await bob('POST', `${TOKENS}/create`,
            { csrf, label: 'My <script>', kind: 'classic', expires: inDays(30) });
        const token = tokenIn(made.text);
        assert.match(token, /^ATATT3x.{150,}$/);
        assert.ok(await works(token));
        const list = (await bob('GET', TOKENS)).text;
        assert.ok(list.includes('My &lt;script&gt;') && list.includes(inDays(30)));
        assert.ok(!list.includes(token));
        const id = /name="id" value="([^"]+)"/.exec(list)[1];
        await bob('POST', `${TOKENS}/revoke`, { csrf: 'wrong', id });
        assert.ok(await works(token));
        await bob('POST', `${TOKENS}/revoke`, { csrf, id });
        assert.ok(!await works(token));
    });

    it('refuses wrong names, dates and scopes, and makes nothing', async () => {
        const bob = await browser(BOB, 'bob-secret');
        const csrf = csrfIn((await bob('GET', TOKENS)).text);
        const good = { csrf, label: 'x', kind: 'classic', expires: inDays(1) };
        for (const wrong of [{ label: ' ' }, { expires: inDays(0) }, { expires: inDays(367) },
            { kind: 'scoped' }, { kind: 'scoped', scope: 'rule:the-world' }, { csrf: 'x' }]) {
            const answer = await bob('POST', `${TOKENS}/create`, { ...good, ...wrong });
            assert.equal(answer.status, 400, JSON.stringify(wrong));
            assert.equal(tokenIn(answer.text), undefined);
        }
        assert.equal((await sim.control('GET', 'state')).tokens.length, 0);
    });

    it('makes a token with scopes that only the gateway takes', async () => {
        const bob = await browser(BOB, 'bob-secret');
        const csrf = csrfIn((await bob('GET', TOKENS)).text);
        const made = await bob('POST', `${TOKENS}/create`,
            { csrf, label: 's', kind: 'scoped', scope: 'read:jira-user', expires: '' });
        const token = tokenIn(made.text);
        assert.ok(!await works(token));
        const [{ scopes, expires }] = (await sim.control('GET', 'state')).tokens;
        assert.deepEqual(scopes, ['read:jira-user']);
        assert.ok(Math.abs(expires - Date.now() - 365 * 86400_000) < 60_000);
    });

    it('lets admins, and only them, make tokens of service accounts', async () => {
        const bob = await browser(BOB, 'bob-secret');
        assert.equal((await bob('GET', SERVICE)).status, 403);
        const anna = await browser(ANNA, 'anna-secret');
        const csrf = csrfIn((await anna('GET', SERVICE)).text);
        const made = await anna('POST', `${SERVICE}/create`, { csrf, label: 'ci', owner: BOT,
            scope: 'read:jira-user', expires: inDays(10) });
        assert.match(tokenIn(made.text), /^ATSTT3x/);
        assert.equal((await sim.control('GET', 'state')).tokens[0].email, BOT);
        const other = await anna('POST', `${SERVICE}/create`, { csrf, label: 'x', owner: BOB,
            scope: 'read:jira-user', expires: inDays(10) });
        assert.equal(other.status, 400);
    });
});

describe('the pages of a site', () => {
    it('show an issue to those who may see it', async () => {
        const start = await sim.call('GET', '/', { host: ACME });
        assert.equal(start.headers.location, `http://acme.localhost:${sim.port}/jira/your-work`);
        const first = await sim.call('GET', '/browse/ACME-1', { host: ACME });
        assert.equal(first.headers.location,
            `http://acme.localhost:${sim.port}/login?continue=%2Fbrowse%2FACME-1`);
        const bob = await browser(BOB, 'bob-secret', ACME);
        assert.match((await bob('GET', '/browse/ACME-1')).text, /Checkout in two steps/);
        assert.equal((await bob('GET', '/browse/SEC-1')).status, 404);
        const work = (await bob('GET', '/jira/your-work')).text;
        assert.ok(work.includes('OPS-1') && !work.includes('SEC-1'));
        assert.equal((await bob('GET', '/nothing')).status, 404);
    });

    it('do not sign REST calls in', async () => {
        const bob = await browser(BOB, 'bob-secret', ACME);
        assert.equal((await bob('GET', '/rest/api/3/myself')).status, 401);
    });
});
