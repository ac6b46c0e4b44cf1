// The authorise step as a browser meets it: sign-in, the consent page, Accept and Cancel, and
// the pages on which people are left who cannot be sent back.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';

import { AUTH, authorizePath, browser, CALLBACK, CLIENT, consent, csrfIn, ERIN, exchange, pkce,
    returned } from './lib/oauth.mjs';
import { ANNA, BOB, DAVE, startSim } from './lib/sim.mjs';

let sim;
before(async () => { sim = await startSim(); });
after(() => sim.stop());
beforeEach(() => sim.control('POST', 'reset'));

const open = async (changes, email, host) =>
    (await browser(sim, email, host))('GET', authorizePath(changes));

/** Left on the error page of the account host, never sent to the callback. */
function isStranded(answer, error, description) {
    assert.equal(answer.status, 302);
    const url = new URL(answer.headers.location);
    assert.deepEqual([url.host, url.pathname], [`id.localhost:${sim.port}`, '/error']);
    assert.deepEqual(Object.fromEntries(url.searchParams),
        { error, error_description: description });
}

/** A page in place of the consent, with these words and nothing to accept. */
function isPage(answer, status, words) {
    assert.equal(answer.status, status);
    assert.equal(answer.headers.location, undefined);
    assert.match(answer.text, words);
    assert.ok(!answer.text.includes('value="accept"'));
}

describe('signing in', () => {
    it('comes first, even for an unknown client, and leads back', async () => {
        const path = authorizePath({ client_id: 'unknown' });
        const first = await sim.call('GET', path, { host: AUTH });
        assert.equal(first.status, 302);
        assert.equal(first.headers.location, `/login?continue=${encodeURIComponent(path)}`);
        assert.match((await sim.call('GET', first.headers.location, { host: AUTH })).text,
            /name="password"/);
        const signedIn = await sim.call('POST', '/login', { host: AUTH,
            form: { email: ANNA, password: 'anna-secret', continue: path } });
        assert.deepEqual([signedIn.status, signedIn.headers.location], [303, path]);
        assert.match(signedIn.headers['set-cookie'][0], /HttpOnly; SameSite=Lax$/);
        isPage(await open({ client_id: 'unknown' }), 404, /failed to retrieve client/);
    });

    it('as somebody else goes on at the same place', async () => {
        const anna = await browser(sim);
        const path = authorizePath();
        const out = await anna('POST', '/logout', { continue: path });
        assert.deepEqual([out.status, out.headers.location], [303, path]);
        assert.match((await anna('GET', path)).headers.location, /^\/login\?continue=/);
    });
});

describe('the parameters', () => {
    it('are all needed, and Atlassian names the one that lacks', async () => {
        for (const name of ['audience', 'client_id', 'scope', 'redirect_uri', 'state',
            'response_type', 'prompt']) {
            isStranded(await open({ [name]: null }), 'invalid_request', `${name} is required`);
        }
        for (const name of ['audience', 'response_type', 'prompt']) {
            isStranded(await open({ [name]: 'x' }), 'invalid_request', `${name} is not supported`);
        }
        for (const half of [{ code_challenge: 'short', code_challenge_method: 'S256' },
            { ...pkce().parameters, code_challenge_method: 'plain' },
            { code_challenge_method: 'S256' }]) {
            isStranded(await open(half), 'invalid_request', 'code_challenge is not supported');
        }
    });

    it('leave people with another redirect_uri on a page of Atlassian', async () => {
        for (const wrong of [`${CALLBACK}/`, `${CALLBACK}?x=1`,
            'http://localhost:8081/oauth/callback', 'HTTP://localhost:8080/oauth/callback']) {
            const answer = await open({ redirect_uri: wrong });
            const words = `redirect_uri is not registered for client: ${wrong}`;
            isStranded(answer, 'unauthorized_client', words);
            const { pathname, search, hostname } = new URL(answer.headers.location);
            const page = await sim.call('GET', pathname + search, { host: hostname });
            isPage(page, 400, /redirect_uri is not registered/);
        }
        const byNumber = await open({ redirect_uri: 'x' }, ANNA, '127.0.0.1');
        assert.equal(new URL(byNumber.headers.location).host, `127.0.0.1:${sim.port}`);
    });

    it('cannot ask for scopes that the app does not have, or for eighty of them', async () => {
        isPage(await open({ scope: 'read:jira-work manage:jira-webhook' }), 400,
            /manage:jira-webhook/);
        const many = await open({ scope: 'read:something-with-a-long-name:jira '.repeat(230) });
        isPage(many, 400, /Request header is too\s+large/);
    });
});

describe('apps that are not shared', () => {
    it('are for their owner, who is told, and unknown to everybody else', async () => {
        await sim.control('POST', 'apps', { client_id: CLIENT, shared: false });
        isPage(await open({}, BOB), 404, /failed to retrieve client/);
        const page = await open({}, ANNA);
        assert.equal(page.status, 200);
        assert.match(page.text, /development mode/);
        await sim.control('POST', 'apps', { client_id: CLIENT, shared: true });
        assert.match((await open({}, BOB)).text, /not been reviewed by Atlassian/);
    });
});

describe('the consent page', () => {
    it('names the app, the person, the scopes by their titles, and the sites', async () => {
        const { text } = await open();
        for (const part of ['Mortise (make run)', ANNA, 'View Jira issue data',
            'View user profiles', '>Acme</option>', '>Globex</option>']) {
            assert.ok(text.includes(part), part);
        }
        assert.ok(!text.includes('offline_access</small>'));
        assert.ok(!text.includes('Choose a site'));
        assert.doesNotMatch(text, /id="accept" disabled/);
        const bobs = (await open({}, BOB)).text;
        assert.ok(bobs.includes('>Acme</option>') && !bobs.includes('>Globex</option>'));
    });

    it('of a resource-level app has Accept disabled until a site is chosen', async () => {
        await sim.control('POST', 'apps', { client_id: CLIENT, grant: 'resource' });
        const call = await browser(sim, BOB);
        const { text } = await call('GET', authorizePath());
        assert.match(text, /id="accept" disabled/);
        assert.match(text, /<option value="">Choose a site<\/option>/);
        const early = await call('POST', authorizePath(),
            { csrf: csrfIn(text), action: 'accept', site: '' });
        assert.equal(early.status, 400);
        assert.match(early.text, /Choose a site first/);
    });

    it('is for people with a site, unless no scope needs one', async () => {
        isPage(await open({}, ERIN), 403, /needs a Jira site/);
        await sim.control('POST', 'products', { site: 'globex', products: ['confluence'] });
        isPage(await open({}, DAVE), 403, /needs a Jira site/);
        await sim.control('POST', 'apps', { client_id: CLIENT, scopes: ['read:me'] });
        const answer = await consent(sim, { email: ERIN, scope: 'read:me' });
        assert.equal((await exchange(sim, returned(answer).code)).json.scope, 'read:me');
    });

    it('escapes what others wrote', async () => {
        await sim.control('POST', 'apps', { client_id: CLIENT, name: '<script>alert(1)</script>' });
        const { text } = await open({ state: '"><script>' });
        assert.ok(text.includes('&lt;script&gt;alert(1)'));
        assert.ok(!text.includes('<script>alert') && !text.includes('"><script>'));
    });
});

describe('the decision', () => {
    it('to accept brings a code and the state as it was sent', async () => {
        const answer = await consent(sim, { state: 'a b+c/ü&d=%20' });
        assert.equal(answer.status, 302);
        assert.ok(answer.headers.location.startsWith(`${CALLBACK}?`));
        const { state, code, ...rest } = returned(answer);
        assert.equal(state, 'a b+c/ü&d=%20');
        assert.deepEqual(rest, {});
        assert.equal((await exchange(sim, code)).status, 200);
    });

    it('to cancel brings an error and no state, and allows nothing', async () => {
        const answer = await consent(sim, { action: 'cancel' });
        assert.equal(answer.headers.location, `${CALLBACK}?error=access_denied` +
            '&error_description=User%20did%20not%20authorize%20the%20request');
        assert.deepEqual((await sim.control('GET', 'state')).grants, []);
    });

    it('needs the form of this session, a site of this person, and a registered callback',
        async () => {
            const call = await browser(sim, BOB);
            const csrf = csrfIn((await call('GET', authorizePath())).text);
            const { sites } = await sim.control('GET', 'state');
            const [acme, globex] = sites.map((each) => each.cloudId);
            const post = (form, changes) => call('POST', authorizePath(changes),
                { csrf, action: 'accept', site: acme, ...form });
            assert.equal((await post({ csrf: 'x' })).status, 403);
            assert.equal((await post({ site: globex })).status, 400);
            isStranded(await post({}, { redirect_uri: 'https://evil.example/' }),
                'unauthorized_client',
                'redirect_uri is not registered for client: https://evil.example/');
            assert.deepEqual((await sim.control('GET', 'state')).grants, []);
            assert.equal((await post({})).status, 302);
        });

    it('works the same on 127.0.0.1, for callers without host names', async () => {
        const answer = await consent(sim, { host: '127.0.0.1' });
        assert.equal((await exchange(sim, returned(answer).code)).status, 200);
    });
});

describe('the metadata', () => {
    it('names the endpoints on the host that was asked', async () => {
        const { json } = await sim.call('GET', '/.well-known/oauth-authorization-server',
            { host: AUTH });
        const base = `http://auth.localhost:${sim.port}`;
        assert.deepEqual([json.issuer, json.authorization_endpoint, json.token_endpoint,
            json.revocation_endpoint, json.code_challenge_methods_supported],
        [base, `${base}/authorize`, `${base}/oauth/token`, `${base}/oauth/revoke`, ['S256']]);
    });
});
