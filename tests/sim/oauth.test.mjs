// The token endpoint: codes, refresh tokens with rotation, leeway and reuse, and the error
// bodies. Time passes by the control's age-tokens.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';

import { AUTH, bearer, CALLBACK, CLIENT, codeFor, connect, exchange, pkce, refresh, SCOPES, SECRET,
    tokenCall } from './lib/oauth.mjs';
import { ANNA, BOB, startSim } from './lib/sim.mjs';

const BAD_CODE = { error: 'invalid_request', error_description: 'authorization_code is invalid' };
const BAD_CLIENT = { error: 'access_denied', error_description: 'Unauthorized' };
const BAD_REFRESH = { error: 'unauthorized_client', error_description: 'refresh_token is invalid' };

let sim;
before(async () => { sim = await startSim(); });
after(() => sim.stop());
beforeEach(() => sim.control('POST', 'reset'));

const age = (seconds, more) => sim.control('POST', 'age-tokens', { seconds, ...more });
const isAlive = async (access) =>
    (await bearer(sim, '/oauth/token/accessible-resources', access)).status === 200;
const gives = (answer, status, body) =>
    assert.deepEqual([answer.status, answer.json], [status, body]);

describe('a code', () => {
    it('is long, shaped like a JWT, and is exchanged for tokens', async () => {
        const code = await codeFor(sim);
        assert.match(code, /^[\w-]+\.[\w-]+\.[\w-]{300,}$/);
        const { status, json, headers } = await exchange(sim, code);
        assert.equal(status, 200);
        assert.equal(headers['content-type'], 'application/json');
        assert.deepEqual(Object.keys(json).sort(),
            ['access_token', 'expires_in', 'refresh_token', 'scope', 'token_type']);
        assert.deepEqual([json.expires_in, json.token_type, json.scope], [3600, 'Bearer', SCOPES]);
        assert.ok(json.access_token.length > 1500);
        const payload = JSON.parse(Buffer.from(json.access_token.split('.')[1], 'base64url'));
        assert.equal(payload.sub, '5b10ac8d82e05b22cc7d4ef5');
        assert.ok(await isAlive(json.access_token));
    });

    it('is taken as JSON and as a form, on both hosts, with a Basic client', async () => {
        const values = async () => ({ grant_type: 'authorization_code', code: await codeFor(sim),
            redirect_uri: CALLBACK });
        assert.equal((await tokenCall(sim, await values(), { encoding: 'form' })).status, 200);
        assert.equal((await tokenCall(sim, await values(), { host: '127.0.0.1' })).status, 200);
        const basic = await sim.call('POST', '/oauth/token',
            { host: AUTH, user: [CLIENT, SECRET], form: await values() });
        assert.equal(basic.status, 200);
        const plain = await sim.call('POST', '/oauth/token', { host: AUTH, body: 'x' });
        assert.equal(plain.json.error, 'invalid_request');
    });

    it('brings a refresh token only with offline_access', async () => {
        const tokens = await connect(sim, { scope: 'read:jira-work' });
        assert.equal(tokens.refresh_token, undefined);
        assert.equal(tokens.scope, 'read:jira-work');
    });

    it('works once, for five minutes, with its own redirect_uri and client', async () => {
        const code = await codeFor(sim);
        gives(await exchange(sim, code, { redirect_uri: `${CALLBACK}/` }), 400, BAD_CODE);
        gives(await exchange(sim, code, { redirect_uri: undefined }), 400, BAD_CODE);
        const other = await sim.control('POST', 'apps', { callback: CALLBACK });
        await connect(sim, { client: other });
        gives(await exchange(sim, code, other), 400, BAD_CODE);
        await age(299);
        assert.equal((await exchange(sim, code)).status, 200);
        gives(await exchange(sim, code), 400, BAD_CODE);
        const late = await codeFor(sim);
        await age(300);
        gives(await exchange(sim, late), 400, BAD_CODE);
        gives(await exchange(sim, 'made up'), 400, BAD_CODE);
    });

    it('is nothing once its grant is revoked or its account is closed', async () => {
        const revoked = await codeFor(sim);
        await sim.control('POST', 'revoke-grant', { email: ANNA });
        gives(await exchange(sim, revoked), 400, BAD_CODE);
        const closed = await codeFor(sim);
        await sim.control('POST', 'account', { email: ANNA, active: false });
        gives(await exchange(sim, closed), 400, BAD_CODE);
    });

    it('with a challenge needs its verifier, and without one refuses any', async () => {
        const { verifier, parameters } = pkce();
        const bound = await codeFor(sim, parameters);
        gives(await exchange(sim, bound), 400, BAD_CODE);
        gives(await exchange(sim, bound, { code_verifier: pkce().verifier }), 400, BAD_CODE);
        assert.equal((await exchange(sim, bound, { code_verifier: verifier })).status, 200);
        const free = await codeFor(sim);
        gives(await exchange(sim, free, { code_verifier: verifier }), 400, BAD_CODE);
        assert.equal((await exchange(sim, free)).status, 200);
    });
});

describe('the client', () => {
    it('is looked at before the code', async () => {
        for (const wrong of [{ client_secret: 'x' }, { client_secret: undefined },
            { client_id: 'x' }, { client_id: undefined }]) {
            gives(await exchange(sim, 'dummy', wrong), 401, BAD_CLIENT);
            gives(await refresh(sim, 'dummy', wrong), 401, BAD_CLIENT);
        }
        gives(await exchange(sim, 'dummy'), 400, BAD_CODE);
        const unknown = await tokenCall(sim, { grant_type: 'password' });
        assert.deepEqual([unknown.status, unknown.json.error], [400, 'unsupported_grant_type']);
    });

    it('has to use the new secret after a rotation', async () => {
        const { refresh_token: token } = await connect(sim);
        await sim.control('POST', 'apps', { client_id: CLIENT, client_secret: 'ATOA-next' });
        gives(await refresh(sim, token), 401, BAD_CLIENT);
        assert.equal((await refresh(sim, token, { client_secret: 'ATOA-next' })).status, 200);
    });
});

describe('a refresh token', () => {
    it('is rotated, and the old pair dies ten minutes later', async () => {
        const first = await connect(sim);
        const second = (await refresh(sim, first.refresh_token)).json;
        assert.notEqual(second.refresh_token, first.refresh_token);
        assert.notEqual(second.access_token, first.access_token);
        assert.equal(second.scope, SCOPES);
        await age(599);
        assert.ok(await isAlive(first.access_token));
        await age(1);
        assert.ok(!await isAlive(first.access_token));
        assert.ok(await isAlive(second.access_token));
    });

    it('may be used again in the leeway, and then has two live successors', async () => {
        const first = await connect(sim);
        const one = (await refresh(sim, first.refresh_token)).json;
        await age(599);
        const two = (await refresh(sim, first.refresh_token)).json;
        assert.notEqual(one.refresh_token, two.refresh_token);
        for (const { access_token: access, refresh_token: token } of [one, two]) {
            assert.ok(await isAlive(access));
            assert.equal((await refresh(sim, token)).status, 200);
        }
    });

    it('kills its family when it is used after the leeway', async () => {
        const first = await connect(sim);
        const second = (await refresh(sim, first.refresh_token)).json;
        const apart = await connect(sim);
        await age(600);
        gives(await refresh(sim, first.refresh_token), 403, BAD_REFRESH);
        gives(await refresh(sim, second.refresh_token), 403, BAD_REFRESH);
        assert.ok(await isAlive(second.access_token));
        assert.equal((await refresh(sim, apart.refresh_token)).status, 200);
    });

    it('shares its family with earlier consents when told so', async () => {
        await sim.control('POST', 'oauth', { families: 'one', leeway_seconds: 60 });
        const first = await connect(sim);
        const second = await connect(sim);
        await age(60);
        assert.ok(!await isAlive(first.access_token));
        gives(await refresh(sim, first.refresh_token), 403, BAD_REFRESH);
        gives(await refresh(sim, second.refresh_token), 403, BAD_REFRESH);
    });

    it('dies after ninety days without use, and each use begins them again', async () => {
        const days = (count) => age(count * 86400);
        const first = await connect(sim);
        await days(89);
        const second = (await refresh(sim, first.refresh_token)).json;
        await days(89);
        const third = (await refresh(sim, second.refresh_token)).json;
        await days(90);
        gives(await refresh(sim, third.refresh_token), 403, BAD_REFRESH);
    });

    it('dies with a password change and a closed account, and has one client', async () => {
        const first = await connect(sim);
        const other = await sim.control('POST', 'apps', { callback: CALLBACK });
        await connect(sim, { client: other });
        gives(await refresh(sim, first.refresh_token, other), 403, BAD_REFRESH);
        gives(await refresh(sim, 'made up'), 403, BAD_REFRESH);
        gives(await refresh(sim, first.access_token), 403, BAD_REFRESH);
        const bobs = await connect(sim, { email: BOB });
        await sim.control('POST', 'account', { email: BOB, active: false });
        gives(await refresh(sim, bobs.refresh_token), 403, BAD_REFRESH);
        assert.ok(!await isAlive(bobs.access_token));
        await sim.control('POST', 'account', { email: ANNA, password: 'anna-secret' });
        gives(await refresh(sim, first.refresh_token), 403, BAD_REFRESH);
    });

    it('is left out of the next answers when told so, and then the old one stays', async () => {
        const first = await connect(sim);
        await sim.control('POST', 'oauth', { omit_refresh_token: 1 });
        const bare = await refresh(sim, first.refresh_token);
        assert.deepEqual([bare.status, 'refresh_token' in bare.json], [200, false]);
        assert.ok(await isAlive(bare.json.access_token));
        await age(700);
        const next = await refresh(sim, first.refresh_token);
        assert.equal(typeof next.json.refresh_token, 'string');
    });
});

describe('an access token', () => {
    it('lives for an hour, or as long as it is told', async () => {
        const { access_token: access } = await connect(sim);
        await age(3599);
        assert.ok(await isAlive(access));
        await age(1);
        assert.ok(!await isAlive(access));
        await sim.control('POST', 'oauth', { access_seconds: 5 });
        const short = await connect(sim);
        assert.equal(short.expires_in, 5);
        await age(5, { email: BOB });
        assert.ok(await isAlive(short.access_token));
        await age(5, { email: ANNA });
        assert.ok(!await isAlive(short.access_token));
    });

    it('ends with its family when the app revokes it', async () => {
        const revoke = (values) => sim.call('POST', '/oauth/revoke',
            { host: AUTH, form: { client_id: CLIENT, client_secret: SECRET, ...values } });
        const tokens = await connect(sim);
        const wrong = await revoke({ token: tokens.refresh_token, client_secret: 'x' });
        assert.equal(wrong.status, 401);
        assert.equal((await revoke({ token: 'unknown' })).status, 200);
        assert.ok(await isAlive(tokens.access_token));
        assert.equal((await revoke({ token: tokens.refresh_token })).status, 200);
        assert.ok(!await isAlive(tokens.access_token));
        assert.equal((await refresh(sim, tokens.refresh_token)).status, 403);
    });
});
