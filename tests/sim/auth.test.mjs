// Who is let in where: Basic on a site, scoped tokens on the gateway, and the oddities that
// clients must recognise.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';

import { ACME, ANNA, BOB, BOT, CARLA, DAVE, GLOBEX, startSim } from './lib/sim.mjs';

let sim;
let token;
let cloudId;
before(async () => { sim = await startSim(); });
after(() => sim.stop());
beforeEach(async () => {
    await sim.control('POST', 'reset');
    token = await sim.token(ANNA);
    cloudId = (await sim.call('GET', '/_edge/tenant_info', { host: ACME })).json.cloudId;
});

const rest = (path, options) =>
    sim.call('GET', `/rest/api/3${path}`, { host: ACME, ...options });
const gateway = (path, user, id = cloudId) =>
    sim.call('GET', `/ex/jira/${id}/rest/api/3${path}`, { user });

describe('a classic token on the site host', () => {
    it('signs its owner in, whatever the case of the address', async () => {
        const answer = await rest('/myself', { user: ['Anna@ACME.example', token] });
        assert.equal(answer.status, 200);
        assert.equal(answer.json.accountId, '5b10ac8d82e05b22cc7d4ef5');
        assert.equal(answer.json.emailAddress, ANNA);
        assert.equal(answer.headers['x-seraph-loginreason'], 'OK');
        assert.equal(answer.headers['x-aaccountid'], '5b10ac8d82e05b22cc7d4ef5');
        assert.equal(answer.headers['content-type'], 'application/json;charset=UTF-8');
    });

    it('works the same below /sites/acme on the account host', async () => {
        const answer = await sim.call('GET', '/sites/acme/rest/api/2/myself',
            { user: [ANNA, token] });
        assert.equal(answer.status, 200);
        assert.match(answer.json.self,
            new RegExp(`^${sim.url}/sites/acme/rest/api/2/user`));
    });

    it('is nobody on a site where the account is no member', async () => {
        const daves = await sim.token(DAVE);
        const answer = await rest('/myself', { user: [DAVE, daves] });
        assert.equal(answer.status, 401);
        assert.equal((await rest('/myself', { host: GLOBEX, user: [DAVE, daves] })).status, 200);
    });

    it('is nobody with another owner, without a password, expired, revoked or deactivated',
        async () => {
            const failing = async (user) => {
                const answer = await rest('/myself', { user });
                assert.equal(answer.status, 401);
                assert.equal(answer.headers['x-seraph-loginreason'], 'AUTHENTICATED_FAILED');
            };
            await failing([BOB, token]);
            await failing([ANNA, '']);
            await failing([ANNA, 'anna-secret']);
            await failing([BOB, await sim.token(BOB, { days: -1 })]);
            const bobs = await sim.token(BOB, { label: 'second' });
            assert.equal((await rest('/myself', { user: [BOB, bobs] })).status, 200);
            await sim.control('POST', 'account', { email: BOB, active: false });
            await failing([BOB, bobs]);
            await sim.control('POST', 'revoke', { email: ANNA });
            await failing([ANNA, token]);
        });
});

describe('the anonymous trap', () => {
    const credentials = [
        ['a wrong password', { user: [ANNA, 'wrong'] }, 'AUTHENTICATED_FAILED'],
        ['an unknown name', { user: ['x@y.example', 'z'] }, 'AUTHENTICATED_FAILED'],
        ['an empty name', { user: ['', 'z'] }, undefined],
        ['no credential', {}, undefined],
        ['not base64', { headers: { Authorization: 'Basic %%%' } }, undefined],
        ['another scheme', { headers: { Authorization: 'Digest abc' } }, undefined],
        ['bearer with two spaces', { headers: { Authorization: 'Bearer  abc' } }, undefined],
        ['bearer in lower case', { headers: { Authorization: 'bearer abc' } }, undefined],
    ];
    for (const [name, options, reason] of credentials) {
        it(`answers 200, empty or 404 to ${name}`, async () => {
            const projects = await rest('/project/search', options);
            assert.equal(projects.status, 200);
            assert.deepEqual(projects.json.values, []);
            assert.equal(projects.headers['x-seraph-loginreason'], reason);
            const found = await rest('/search/jql?jql=project%3DACME', options);
            assert.equal(found.status, 200);
            assert.deepEqual(found.json, { issues: [], isLast: true });
            const issue = await rest('/issue/ACME-1', options);
            assert.equal(issue.status, 404);
            assert.equal(issue.headers['x-seraph-loginreason'], reason);
            assert.equal((await rest('/myself', options)).status, 401);
            assert.equal((await rest('/serverInfo', options)).status, 200);
        });
    }

    it('says a plain line to /myself whose label follows Accept', async () => {
        const labels = [['*/*', 'text/html;charset=UTF-8'], [undefined, 'text/plain'],
            ['application/json', 'application/json;charset=UTF-8']];
        for (const [accept, label] of labels) {
            const answer = await rest('/myself', { headers: accept ? { Accept: accept } : {} });
            assert.equal(answer.status, 401);
            assert.equal(answer.text, 'Client must be authenticated to access this resource.');
            assert.equal(answer.headers['content-length'], '53');
            assert.equal(answer.headers['content-type'], label);
            assert.equal(answer.headers['www-authenticate'],
                `OAuth realm="${encodeURIComponent(`http://acme.localhost:${sim.port}`)}"`);
        }
    });
});

describe('Bearer on the site host', () => {
    it('is refused by the edge on every route', async () => {
        const headers = { Authorization: 'Bearer opaque' };
        for (const path of ['/myself', '/serverInfo', '/project/search']) {
            const answer = await rest(path, { headers });
            assert.equal(answer.status, 403);
            assert.equal(answer.text, '{"error":"Failed to parse Connect Session Auth Token"}');
            assert.equal(answer.headers['content-type'], 'application/json');
        }
        assert.equal((await rest('/serverInfo',
            { headers: { Authorization: 'Bearer a.b.c' } })).status, 401);
    });
});

describe('tokens with scopes', () => {
    it('are like a wrong password on the site and work on the gateway', async () => {
        const scoped = await sim.token(BOB, { scopes: ['read:jira-user'] });
        const onSite = await rest('/myself', { user: [BOB, scoped] });
        const wrong = await rest('/myself', { user: [BOB, 'wrong'] });
        assert.equal(onSite.status, 401);
        assert.equal(onSite.text, wrong.text);
        const answer = await gateway('/myself', [BOB, scoped]);
        assert.equal(answer.status, 200);
        assert.equal(answer.json.displayName, 'Bob Builder');
        assert.ok(answer.json.self.startsWith(`${sim.url}/ex/jira/${cloudId}/rest/api/3/user`));
        assert.equal(answer.headers['x-seraph-loginreason'], undefined);
    });

    it('are bound to their scopes, classic or all granular ones', async () => {
        const mismatch = { code: 401, message: 'Unauthorized; scope does not match' };
        const reading = [ANNA, await sim.token(ANNA, { scopes: ['read:jira-work'] })];
        assert.deepEqual((await gateway('/myself', reading)).json, mismatch);
        assert.equal((await gateway('/issue/ACME-1', reading)).status, 200);
        assert.deepEqual((await gateway('/no/such/path', reading)).json, mismatch);
        const create = await sim.call('POST', `/ex/jira/${cloudId}/rest/api/3/issue`,
            { user: reading, json: { fields: {} } });
        assert.deepEqual([create.status, create.json], [401, mismatch]);
        const part = [ANNA, await sim.token(ANNA, { scopes: ['read:user:jira'] })];
        assert.equal((await gateway('/myself', part)).status, 401);
        const granular = [ANNA, await sim.token(ANNA, { scopes: ['read:application-role:jira',
            'read:group:jira', 'read:user:jira', 'read:avatar:jira'] })];
        assert.equal((await gateway('/myself', granular)).status, 200);
    });

    it('are the only ones that a service account can have', async () => {
        await assert.rejects(sim.token(BOT), /always have scopes/);
        const scoped = await sim.token(BOT, { scopes: ['read:jira-user', 'read:jira-work'] });
        const me = await gateway('/myself', [BOT, scoped]);
        assert.equal(me.json.displayName, 'Build Bot');
        const projects = await gateway('/project/search', [BOT, scoped]);
        assert.deepEqual(projects.json.values.map((each) => each.key), ['ACME', 'OPS']);
    });
});

describe('the gateway', () => {
    it('takes classic tokens too', async () => {
        assert.equal((await gateway('/myself', [ANNA, token])).status, 200);
    });

    it('refuses bad credentials, unknown cloud ids and foreign sites', async () => {
        const unauthorized = { code: 401, message: 'Unauthorized' };
        assert.deepEqual((await gateway('/project/search', [ANNA, 'wrong'])).json, unauthorized);
        assert.deepEqual((await gateway('/project/search')).json, unauthorized);
        const unknown = await gateway('/myself', [ANNA, token],
            '00000000-0000-4000-8000-000000000000');
        assert.equal(unknown.status, 404);
        assert.equal((await gateway('/myself', [DAVE, await sim.token(DAVE)])).status, 403);
    });

    it('has no web pages', async () => {
        const answer = await sim.call('GET', `/ex/jira/${cloudId}/browse/ACME-1`);
        assert.equal(answer.status, 404);
    });
});

describe('the CAPTCHA', () => {
    it('comes after five wrong passwords and goes with a good web sign-in', async () => {
        for (let i = 0; i < 5; i += 1) {
            assert.equal((await rest('/myself', { user: [ANNA, 'wrong'] })).status, 401);
        }
        const denied = await rest('/serverInfo', { user: [ANNA, token] });
        assert.equal(denied.status, 403);
        assert.equal(denied.headers['x-seraph-loginreason'], 'AUTHENTICATION_DENIED');
        assert.equal(denied.headers['x-authentication-denied-reason'],
            `CAPTCHA_CHALLENGE; login-url=http://acme.localhost:${sim.port}/login.jsp`);
        assert.match(denied.headers['content-type'], /^text\/html/);
        assert.equal((await rest('/myself', { host: GLOBEX, user: [ANNA, token] })).status, 200);
        assert.equal((await gateway('/myself', [ANNA, token])).status, 200);
        const form = { email: ANNA, password: 'anna-secret' };
        assert.equal((await sim.call('POST', '/login', { host: ACME, form })).status, 303);
        assert.equal((await rest('/myself', { user: [ANNA, token] })).status, 200);
    });

    it('counts anew after a good call, and can be ended by the control', async () => {
        const wrong = () => rest('/myself', { user: [BOB, 'wrong'] });
        const bob = [BOB, await sim.token(BOB)];
        for (let i = 0; i < 4; i += 1) await wrong();
        assert.equal((await rest('/myself', { user: bob })).status, 200);
        for (let i = 0; i < 5; i += 1) assert.equal((await wrong()).status, 401);
        assert.equal((await rest('/myself', { user: bob })).status, 403);
        await sim.control('POST', 'unlock', { email: BOB });
        assert.equal((await rest('/myself', { user: bob })).status, 200);
    });
});

describe('languages', () => {
    it('answers in the language of the account', async () => {
        const carla = [CARLA, await sim.token(CARLA)];
        const answer = await rest('/issue/HR-1', { user: carla });
        assert.equal(answer.status, 404);
        assert.match(answer.json.errorMessages[0], /^Der Vorgang existiert nicht/);
        assert.equal((await rest('/myself', { user: carla })).json.displayName, 'Carla Chén 🌻');
        const other = await rest('/issue/SEC-1', { user: [BOB, await sim.token(BOB)] });
        assert.equal(other.json.errorMessages[0],
            'Issue does not exist or you do not have permission to see it.');
    });
});
