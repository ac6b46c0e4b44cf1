// The simulator's clock, the limits of time that tokens have by it, the count of refreshes, faults
// of the token endpoint, and thousands of people at once.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';

import { authorizePath, bearer, connect, exchange, refresh } from './lib/oauth.mjs';
import { ACME, ANNA, BOB, startSim } from './lib/sim.mjs';

const HOUR = 3600_000;
const DAY = 24 * HOUR;
const RESOURCES = '/oauth/token/accessible-resources';

let sim;
before(async () => { sim = await startSim(); });
after(() => sim.stop());
beforeEach(() => sim.control('POST', 'reset'));

const advance = (ms) => sim.control('POST', 'clock', { advance_ms: ms });
const aliveNow = async (tokens) =>
    (await bearer(sim, RESOURCES, tokens.access_token)).status === 200;
const families = async () => (await sim.control('GET', 'families')).families;
async function refreshed(tokens) {
    const answer = await refresh(sim, tokens.refresh_token);
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
}

describe('the clock', () => {
    it('is moved, told, shown in answers, and kept in the state file', async () => {
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mortise-sim-'));
        const state = path.join(folder, 'state.json');
        let own = await startSim({ state });
        const moved = await own.control('POST', 'clock', { offset_ms: 60 * DAY });
        assert.ok(Math.abs(moved.now - Date.now() - 60 * DAY) < 5000);
        await own.control('POST', 'clock', { advance_ms: -DAY });
        await own.stop();
        own = await startSim({ state });
        assert.equal((await own.control('GET', 'clock')).offset_ms, 59 * DAY);
        const answer = await own.call('GET', '/rest/api/3/serverInfo', { host: ACME });
        const wanted = Date.now() + 59 * DAY;
        assert.ok(Math.abs(Date.parse(answer.headers.date) - wanted) < 5000);
        assert.ok(Math.abs(Date.parse(answer.json.serverTime) - wanted) < 5000);
        await own.stop();
        fs.rmSync(folder, { recursive: true });
    });

    it('is right again after a reset, and refuses what is no number', async () => {
        await advance(DAY);
        await sim.control('POST', 'reset');
        assert.equal((await sim.control('GET', 'clock')).offset_ms, 0);
        for (const body of [{}, { offset_ms: 'x' }, { advance_ms: 0.5 }]) {
            const answer = await sim.call('POST', '/_control/clock', { json: body });
            assert.equal(answer.status, 400, answer.text);
        }
    });

    it('ends access tokens after an hour, and ten minutes after they were replaced', async () => {
        const first = await connect(sim);
        await advance(HOUR - 60_000);
        assert.equal(await aliveNow(first), true);
        await advance(61_000);
        assert.equal(await aliveNow(first), false);
        const second = await refreshed(first);
        await refreshed(second);
        await advance(599_000);
        assert.equal(await aliveNow(second), true);
        await advance(2_000);
        assert.equal(await aliveNow(second), false);
    });

    it('forgives a second exchange for ten minutes, and then ends the family', async () => {
        const first = await connect(sim);
        const second = await refreshed(first);
        await advance(599_000);
        await refreshed(first);
        await advance(2_000);
        assert.equal((await refresh(sim, first.refresh_token)).status, 403);
        assert.equal((await refresh(sim, second.refresh_token)).status, 403);
        assert.deepEqual((await families()).map(({ honoured, why }) => [honoured, why]),
            [[false, 'reused']]);
    });

    it('ends what was idle for 90 days; every use begins them anew', async () => {
        let tokens = await connect(sim);
        for (let month = 0; month < 3; month += 1) {
            await advance(60 * DAY);
            tokens = await refreshed(tokens);
        }
        await advance(90 * DAY - 1000);
        assert.equal((await families())[0].honoured, true);
        await advance(2000);
        assert.equal((await families())[0].why, 'inactive');
        assert.equal((await refresh(sim, tokens.refresh_token)).status, 403);
    });

    it('ends API tokens, and codes', async () => {
        const user = [ANNA, await sim.token(ANNA, { days: 30 })];
        await advance(29 * DAY);
        const me = () => sim.call('GET', '/rest/api/3/myself', { host: ACME, user });
        assert.equal((await me()).status, 200);
        await advance(2 * DAY);
        assert.equal((await me()).status, 401);
        const { locations } = await sim.control('POST', 'consents',
            { consents: [{ email: ANNA, url: `http://auth${authorizePath()}` }] });
        await advance(301_000);
        const code = new URL(locations[0]).searchParams.get('code');
        assert.equal((await exchange(sim, code)).status, 400);
    });
});

describe('a limit of 365 days', () => {
    it('is a switch; it counts from the consent, however often it was used', async () => {
        await sim.control('POST', 'oauth', { absolute_days: 365 });
        let tokens = await connect(sim);
        for (let month = 0; month < 12; month += 1) {
            await advance(30 * DAY);
            tokens = await refreshed(tokens);
        }
        await advance(6 * DAY);
        assert.equal((await refresh(sim, tokens.refresh_token)).status, 403);
        assert.equal((await families())[0].why, 'absolute');
        await sim.control('POST', 'oauth', { absolute_days: 0 });
        assert.equal((await refresh(sim, tokens.refresh_token)).status, 200);
    });
});

describe('the count of refreshes', () => {
    const counts = () => sim.control('GET', 'refreshes');

    it('tells for each generation of a grant how often its token was accepted', async () => {
        const first = await connect(sim);
        const other = await connect(sim, { email: BOB });
        const second = await refreshed(first);
        await refreshed(first);
        await refreshed(second);
        await refreshed(other);
        await refresh(sim, 'nobody-knows-it');
        await advance(HOUR);
        await refresh(sim, second.refresh_token);
        const { accepted, refused, by_grant: byGrant } = await counts();
        assert.deepEqual([accepted, refused], [4, 2]);
        const of = (email) => Object.values(byGrant).find((each) => each.email === email);
        assert.deepEqual(of(ANNA).by_generation, { 1: 2, 2: 1 });
        assert.deepEqual([of(ANNA).accepted, of(ANNA).refused], [3, 1]);
        assert.deepEqual(of(BOB).by_generation, { 1: 1 });
        await sim.control('DELETE', 'refreshes');
        assert.deepEqual(await counts(), { accepted: 0, refused: 0, by_grant: {} });
    });

    it('counts what was carried out, whether or not the answer arrived', async () => {
        const tokens = await connect(sim);
        const fault = (kind) => sim.control('POST', 'faults',
            { kind, match: { path: '/oauth/token', body: 'refresh_token' } });
        await fault('cut_before');
        await assert.rejects(refresh(sim, tokens.refresh_token));
        assert.equal((await counts()).accepted, 0);
        await fault('cut_after');
        await assert.rejects(refresh(sim, tokens.refresh_token));
        assert.equal((await counts()).accepted, 1);
    });
});

describe('faults of the token endpoint', () => {
    const fault = (body) => sim.control('POST', 'faults',
        { match: { path: '/oauth/token', body: 'refresh_token' }, ...body });
    const accepted = async () => (await sim.control('GET', 'refreshes')).accepted;

    it('half_json is a whole answer that ends in the middle, and the token is used', async () => {
        const tokens = await connect(sim);
        await fault({ kind: 'half_json' });
        const answer = await refresh(sim, tokens.refresh_token);
        assert.equal(answer.status, 200);
        assert.equal(answer.json, undefined);
        assert.match(answer.text, /^\{"access_token":"/);
        assert.equal(await accepted(), 1);
    });

    it('Retry-After may be a date', async () => {
        const tokens = await connect(sim);
        await advance(DAY);
        await fault({ kind: 'ratelimit', retry_after: 90, date: true });
        const { status, headers } = await refresh(sim, tokens.refresh_token);
        assert.equal(status, 429);
        const wait = Date.parse(headers['retry-after']) - Date.parse(headers.date);
        assert.ok(wait >= 89_000 && wait <= 91_000, `${wait}`);
        assert.equal(await accepted(), 0);
    });

    it('a delay comes before the work, or after it; only where the body matches', async () => {
        const tokens = await connect(sim);
        await fault({ kind: 'delay', ms: 400 });
        const slow = refresh(sim, tokens.refresh_token);
        await new Promise((resolve) => setTimeout(resolve, 150));
        assert.equal(await accepted(), 0);
        const next = (await slow).json;
        await fault({ kind: 'delay', ms: 300, upto_ms: 400, after: true });
        await connect(sim, { email: BOB });
        const started = Date.now();
        const again = refresh(sim, next.refresh_token);
        await new Promise((resolve) => setTimeout(resolve, 150));
        assert.equal(await accepted(), 2);
        assert.equal((await again).status, 200);
        assert.ok(Date.now() - started >= 300);
    });
});

describe('many people', () => {
    it('2,000 accounts and 1,000 consents are made, and refreshed, in seconds', async () => {
        const started = Date.now();
        const { people } = await sim.control('POST', 'people', { count: 2000 });
        assert.equal(people.length, 2000);
        const { locations } = await sim.control('POST', 'consents', { consents:
            people.slice(0, 1000).map(({ email }, i) =>
                ({ email, url: `http://auth${authorizePath({ state: `s${i}` })}` })) });
        assert.equal(new URL(locations[999]).searchParams.get('state'), 's999');
        for (let at = 0; at < 1000; at += 50) {
            await Promise.all(locations.slice(at, at + 50).map(async (location) => {
                const code = new URL(location).searchParams.get('code');
                const { json } = await exchange(sim, code);
                await refreshed(json);
            }));
        }
        const { accepted, by_grant: byGrant } = await sim.control('GET', 'refreshes');
        assert.deepEqual([accepted, Object.keys(byGrant).length], [1000, 1000]);
        const seconds = (Date.now() - started) / 1000;
        assert.ok(seconds < 30, `${seconds} s`);
    });

    it('consents are refused as on the page; the site is chosen by name', async () => {
        const url = `http://auth${authorizePath()}`;
        const ask = (consent) => sim.call('POST', '/_control/consents',
            { json: { consents: [consent] } });
        assert.equal((await ask({ email: BOB, url, site: 'globex' })).status, 400);
        assert.equal((await ask({ email: 'erin@nowhere.example', url })).status, 400);
        assert.equal((await ask({ email: ANNA, url, site: 'acme' })).status, 200);
        assert.equal((await ask({ email: ANNA, url: url.replace('consent', 'none') })).status, 400);
        const { json } = await ask({ email: ANNA, url, site: 'globex' });
        const code = new URL(json.locations[0]).searchParams.get('code');
        const tokens = (await exchange(sim, code)).json;
        const found = (await bearer(sim, RESOURCES, tokens.access_token)).json;
        assert.deepEqual(found.map((each) => each.name).sort(), ['Acme', 'Globex']);
    });

    it('a family of hundreds of generations stays small on file, and alive', async () => {
        let tokens = await connect(sim);
        for (let i = 0; i < 60; i += 1) {
            tokens = await refreshed(tokens);
            await advance(HOUR);
        }
        await sim.control('POST', 'oauth', {});
        await new Promise((resolve) => setTimeout(resolve, 300));
        const { oauth } = JSON.parse(fs.readFileSync(sim.state, 'utf8'));
        assert.ok(oauth.pairs.length <= 12, `${oauth.pairs.length} pairs`);
        await refreshed(tokens);
    });
});
