// What a grant reaches: sites, products and scopes, accessible-resources, /me, Jira through the
// gateway, and how each of them ends.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';

import { API, bearer, browser, CALLBACK, CLIENT, connect, consent, csrfIn, refresh, SCOPES }
    from './lib/oauth.mjs';
import { ACME, ANNA, BOB, startSim } from './lib/sim.mjs';

const RESOURCES = '/oauth/token/accessible-resources';
const UNAUTHORIZED = { code: 401, message: 'Unauthorized' };
const MISMATCH = { code: 401, message: 'Unauthorized; scope does not match' };

let sim;
let ids;
before(async () => { sim = await startSim(); });
after(() => sim.stop());
beforeEach(async () => {
    await sim.control('POST', 'reset');
    const { sites } = await sim.control('GET', 'state');
    ids = Object.fromEntries(sites.map((each) => [each.id, each.cloudId]));
});

const resources = async (tokens) => (await bearer(sim, RESOURCES, tokens.access_token)).json;
const siteIds = async (tokens) => (await resources(tokens)).map((each) => each.id);
const jira = (tokens, path, site = 'acme', more = {}) =>
    bearer(sim, `/ex/jira/${ids[site]}/rest/api/3${path}`, tokens.access_token, more);
const statusOf = async (...args) => (await jira(...args)).status;
const grants = async () => (await sim.control('GET', 'state')).grants;
const revokedBody = { error: 'unauthorized_client',
    error_description: 'Token was globally revoked' };

describe('accessible-resources', () => {
    it('is a bare array with the site that was chosen', async () => {
        const found = await resources(await connect(sim, { site: 'Globex' }));
        assert.deepEqual(found, [{
            id: ids.globex,
            url: `http://globex.localhost:${sim.port}`,
            name: 'Globex',
            scopes: ['read:jira-work', 'read:jira-user'],
            avatarUrl: `http://globex.localhost:${sim.port}/avatars/240/site.png`,
        }]);
    });

    it('repeats an id for each product, in no order that means anything', async () => {
        await sim.control('POST', 'apps', { client_id: CLIENT,
            scopes: ['read:jira-work', 'search:confluence'] });
        const scope = 'read:jira-work search:confluence offline_access';
        await connect(sim, { scope, site: 'Globex' });
        const tokens = await connect(sim, { scope, site: 'Acme' });
        assert.deepEqual((await resources(tokens)).map(({ id, scopes }) => [id, scopes]), [
            [ids.globex, ['read:jira-work']],
            [ids.acme, ['search:confluence']],
            [ids.acme, ['read:jira-work']],
        ]);
        await sim.control('POST', 'products', { site: 'acme', products: ['confluence'] });
        assert.deepEqual((await resources(tokens)).map((each) => each.scopes),
            [['read:jira-work'], ['search:confluence']]);
        const answer = await jira(tokens, '/serverInfo');
        assert.equal(answer.status, 403);
        assert.match(answer.headers['content-type'], /^text\/html/);
    });

    it('is empty without a usable site, and 401 with a dead token', async () => {
        const tokens = await connect(sim, { email: BOB });
        await sim.control('POST', 'membership', { site: 'acme', email: BOB, role: null });
        const empty = await bearer(sim, RESOURCES, tokens.access_token);
        assert.deepEqual([empty.status, empty.json], [200, []]);
        for (const token of ['made-up', 'a.b.c', tokens.refresh_token]) {
            const dead = await bearer(sim, RESOURCES, token);
            assert.deepEqual([dead.status, dead.json], [401, UNAUTHORIZED]);
        }
        assert.equal((await sim.call('GET', RESOURCES, { host: API })).status, 401);
        assert.equal((await bearer(sim, RESOURCES, tokens.access_token,
            { host: '127.0.0.1' })).status, 200);
    });
});

describe('/me', () => {
    it('needs read:me and tells who it is', async () => {
        await sim.control('POST', 'apps', { client_id: CLIENT, scopes: ['read:me'] });
        const { access_token: token } = await connect(sim, { scope: 'read:me' });
        const { json } = await bearer(sim, '/me', token);
        assert.deepEqual([json.account_id, json.email, json.name, json.account_status],
            ['5b10ac8d82e05b22cc7d4ef5', ANNA, 'Anna Admin', 'active']);
        await sim.control('POST', 'reset');
        const other = await connect(sim);
        assert.deepEqual((await bearer(sim, '/me', other.access_token)).json, MISMATCH);
        assert.deepEqual((await bearer(sim, '/me', token)).json, UNAUTHORIZED);
    });
});

describe('a later consent', () => {
    it('adds its site, and tokens that are out reach it', async () => {
        const first = await connect(sim, { site: 'Acme' });
        assert.equal(await statusOf(first, '/myself', 'globex'), 403);
        const second = await connect(sim, { site: 'Globex' });
        for (const tokens of [first, second]) {
            assert.deepEqual(await siteIds(tokens), [ids.globex, ids.acme]);
            assert.equal(await statusOf(tokens, '/myself', 'globex'), 200);
        }
        const [grant, ...others] = await grants();
        assert.deepEqual(others, []);
        assert.deepEqual([grant.client_id, grant.email, grant.issued, grant.refreshes],
            [CLIENT, ANNA, 2, 0]);
    });

    it('reaches only its own site when the app has a resource-level grant', async () => {
        await sim.control('POST', 'apps', { client_id: CLIENT, grant: 'resource' });
        const first = await connect(sim, { site: 'Acme' });
        const second = await connect(sim, { site: 'Globex' });
        assert.deepEqual(await siteIds(first), [ids.acme]);
        assert.deepEqual(await siteIds(second), [ids.globex]);
        const third = (await refresh(sim, second.refresh_token)).json;
        assert.deepEqual(await siteIds(third), [ids.globex]);
        assert.equal(await statusOf(third, '/myself', 'acme'), 403);
    });

    it('replaces the scopes, for tokens that are out too', async () => {
        const first = await connect(sim);
        assert.equal(await statusOf(first, '/myself'), 200);
        await connect(sim, { scope: 'read:jira-work' });
        const answer = await jira(first, '/myself');
        assert.deepEqual([answer.status, answer.json], [401, MISMATCH]);
        assert.equal(await statusOf(first, '/issue/ACME-1'), 200);
        const next = (await refresh(sim, first.refresh_token)).json;
        assert.equal(next.scope, 'read:jira-work');
        assert.deepEqual((await resources(next))[0].scopes, ['read:jira-work']);
    });
});

describe('Jira through the gateway', () => {
    it('knows the account, its rights, and the scopes', async () => {
        const tokens = await connect(sim, { email: BOB });
        const me = await jira(tokens, '/myself');
        assert.equal(me.json.displayName, 'Bob Builder');
        assert.equal(me.headers['x-aaccountid'], me.json.accountId);
        assert.equal(await statusOf(tokens, '/issue/ACME-1'), 200);
        assert.equal(await statusOf(tokens, '/issue/SEC-1'), 404);
        const post = await sim.call('POST', `/ex/jira/${ids.acme}/rest/api/3/issue`, { host: API,
            json: {}, headers: { Authorization: `Bearer ${tokens.access_token}` } });
        assert.deepEqual([post.status, post.json], [401, MISMATCH]);
    });

    it('refuses dead tokens, foreign sites, and people who have left', async () => {
        const tokens = await connect(sim, { email: BOB });
        assert.equal(await statusOf(tokens, '/myself', 'globex'), 403);
        const dead = await jira({ access_token: 'a.b.c' }, '/myself');
        assert.deepEqual([dead.status, dead.json], [401, UNAUTHORIZED]);
        await sim.control('POST', 'membership', { site: 'acme', email: BOB, role: null });
        assert.equal(await statusOf(tokens, '/myself'), 403);
        await sim.control('POST', 'membership', { site: 'acme', email: BOB, role: 'admin' });
        assert.equal(await statusOf(tokens, '/issue/SEC-1'), 200);
        await sim.control('POST', 'account', { email: BOB, active: false });
        assert.equal(await statusOf(tokens, '/myself'), 401);
    });

    it('is the only way: a site refuses access tokens', async () => {
        const { access_token: token } = await connect(sim);
        const answer = await bearer(sim, '/rest/api/3/myself', token, { host: ACME });
        assert.equal(answer.status, 401);
        assert.equal(answer.text, '{"error":"Unauthorized"}');
    });
});

describe('a revoked grant', () => {
    it('kills every token of the app and the account, and of nobody else', async () => {
        const client = await sim.control('POST', 'apps', { callback: CALLBACK });
        const gone = [await connect(sim), await connect(sim)];
        const kept = [await connect(sim, { email: BOB }), await connect(sim, { client })];
        await sim.control('POST', 'revoke-grant', { email: ANNA, client_id: CLIENT });
        for (const tokens of gone) {
            assert.equal(await statusOf(tokens, '/myself'), 401);
            const answer = await refresh(sim, tokens.refresh_token);
            assert.deepEqual([answer.status, answer.json], [403, revokedBody]);
        }
        for (const tokens of kept) assert.equal(await statusOf(tokens, '/myself'), 200);
        const again = await connect(sim);
        assert.equal(await statusOf(again, '/myself'), 200);
        assert.equal(await statusOf(gone[0], '/myself'), 401);
    });

    it('can be everybody\'s at once, or one site of it', async () => {
        await connect(sim, { site: 'Acme' });
        const annas = await connect(sim, { site: 'Globex' });
        await sim.control('POST', 'revoke-grant', { email: ANNA, site: 'acme' });
        assert.deepEqual(await siteIds(annas), [ids.globex]);
        const bobs = await connect(sim, { email: BOB });
        await sim.control('POST', 'revoke-grant', { client_id: CLIENT });
        assert.deepEqual(await grants(), []);
        for (const tokens of [annas, bobs]) {
            assert.equal(await statusOf(tokens, '/serverInfo'), 401);
        }
    });

    it('is made on the page of connected apps', async () => {
        const page = '/manage-profile/apps';
        const host = 'id.localhost';
        const asked = await sim.call('GET', page, { host });
        assert.equal(asked.headers.location, `/login?continue=${encodeURIComponent(page)}`);
        const tokens = await connect(sim);
        const bob = await browser(sim, BOB, host);
        assert.match((await bob('GET', page)).text, /no connected apps/);
        const anna = await browser(sim, ANNA, host);
        const { text } = await anna('GET', page);
        assert.match(text, /<h2>Mortise \(make run\)<\/h2>\s*<p>Sites: Acme<br>It may: View Jira/);
        const remove = (call, csrf) => call('POST', `${page}/remove`, { csrf, client_id: CLIENT });
        assert.equal((await remove(anna, 'x')).status, 403);
        await remove(bob, csrfIn((await bob('GET', page)).text));
        assert.equal(await statusOf(tokens, '/myself'), 200);
        assert.equal((await remove(anna, csrfIn(text))).headers.location, page);
        assert.equal(await statusOf(tokens, '/myself'), 401);
        assert.equal((await refresh(sim, tokens.refresh_token)).json.error_description,
            'Token was globally revoked');
    });
});

describe('the summary', () => {
    it('counts, and shows no secret', async () => {
        const tokens = await connect(sim);
        const next = (await refresh(sim, tokens.refresh_token)).json;
        const state = await sim.control('GET', 'state');
        assert.deepEqual(state.apps, [{ client_id: CLIENT, name: 'Mortise (make run)', owner: ANNA,
            grant: 'account', callback: CALLBACK, shared: true,
            scopes: ['read:jira-work', 'write:jira-work', 'read:jira-user'] }]);
        const [{ issued, refreshes, sites, scopes }] = state.grants;
        assert.deepEqual([issued, refreshes, sites, scopes],
            [2, 1, [ids.acme], SCOPES.split(' ')]);
        const text = JSON.stringify(state);
        for (const secret of ['ATOA', tokens.access_token, next.refresh_token]) {
            assert.ok(!text.includes(secret));
        }
        assert.equal((await consent(sim)).status, 302);
    });
});
