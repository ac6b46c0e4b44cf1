// The ways of OAuth that tests of the simulator walk: a browser with cookies, the consent page
// with its form, and the token endpoint. Not a test itself.

import crypto from 'node:crypto';

import { ANNA } from './sim.mjs';

export const CLIENT = 'mortise-try-out-client';
export const SECRET = 'ATOA-mortise-try-out-secret';
export const CALLBACK = 'http://localhost:8080/oauth/callback';
export const AUTH = 'auth.localhost';
export const API = 'api.localhost';
export const ERIN = 'erin@nowhere.example';
export const SCOPES = 'read:jira-work read:jira-user offline_access';

/** The address with all that Atlassian wants; `changes` replaces parameters, null leaves out. */
export function authorizePath(changes = {}) {
    const query = new URLSearchParams();
    const all = { audience: 'api.atlassian.com', client_id: CLIENT, scope: SCOPES,
        redirect_uri: CALLBACK, state: 's t/1', response_type: 'code', prompt: 'consent',
        ...changes };
    for (const [name, value] of Object.entries(all)) if (value !== null) query.set(name, value);
    return `/authorize?${query}`;
}

/** PKCE: { verifier, parameters } for authorizePath(). */
export function pkce() {
    const verifier = crypto.randomBytes(32).toString('base64url');
    const challenge = crypto.createHash('sha256').update(verifier).digest('base64url');
    return { verifier, parameters: { code_challenge: challenge, code_challenge_method: 'S256' } };
}

/** Signs in on that host and returns a function that calls with the session's cookie. */
export async function browser(sim, email = ANNA, host = AUTH) {
    const password = `${email.split('@')[0]}-secret`;
    const answer = await sim.call('POST', '/login', { host, form: { email, password } });
    if (answer.status !== 303) throw new Error(`sign-in of ${email}: ${answer.status}`);
    const cookie = answer.headers['set-cookie'][0].split(';')[0];
    return (method, path, form) =>
        sim.call(method, path, { host, form, headers: { Cookie: cookie } });
}

export const csrfIn = (text) => /name="csrf" value="([^"]+)"/.exec(text)?.[1];

/** The consent of `email`: opens the page, chooses, and presses the button -> the answer. */
export async function consent(sim, { email = ANNA, host = AUTH, site, action = 'accept',
    ...changes } = {}) {
    const call = await browser(sim, email, host);
    const path = authorizePath(changes);
    const { text, status, headers } = await call('GET', path);
    if (status !== 200) throw new Error(`no consent page: ${status} ${headers.location} ${text}`);
    const form = { csrf: csrfIn(text), action };
    const chosen = site === undefined ? /<option value="([^"]+)"/.exec(text)?.[1]
        : new RegExp(`<option value="([^"]+)">${site}<`).exec(text)?.[1];
    if (chosen) form.site = chosen;
    return call('POST', path, form);
}

/** The parameters that came back to the callback. */
export function returned(answer) {
    return Object.fromEntries(new URL(answer.headers.location).searchParams);
}

export async function codeFor(sim, options) {
    return returned(await consent(sim, options)).code;
}

export function tokenCall(sim, values, { encoding = 'json', host = AUTH } = {}) {
    return sim.call('POST', '/oauth/token', { host,
        [encoding]: { client_id: CLIENT, client_secret: SECRET, ...values } });
}

export function exchange(sim, code, more = {}) {
    return tokenCall(sim,
        { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, ...more });
}

export function refresh(sim, token, more = {}) {
    return tokenCall(sim, { grant_type: 'refresh_token', refresh_token: token, ...more });
}

/** A whole connect -> the token answer. */
export async function connect(sim, options = {}) {
    const { client, ...rest } = options;
    const changes = client ? { client_id: client.client_id, redirect_uri: client.callback } : {};
    const secrets = client ? { client_id: client.client_id, client_secret: client.client_secret,
        redirect_uri: client.callback } : {};
    const answer = await exchange(sim, await codeFor(sim, { ...changes, ...rest }), secrets);
    if (answer.status !== 200) throw new Error(`exchange: ${answer.status} ${answer.text}`);
    return answer.json;
}

export function bearer(sim, path, token, { host = API, ...more } = {}) {
    return sim.call('GET', path, { host, ...more, headers: { Authorization: `Bearer ${token}` } });
}
