// Who is calling? Site hosts and the gateway answer this question differently:
// - a site host takes classic tokens only, and turns everything else into an anonymous caller;
// - the gateway takes both kinds of token and OAuth access tokens, and refuses everything else.
// A caller is { account, scopes, reason }: account null = anonymous, scopes null = unlimited,
// reason = what X-Seraph-LoginReason will say (null: nothing), oauth = it came with an app's token.

import { accountByEmail, clearFailures, isLockedOut, noteFailure } from './accounts.mjs';
import * as answers from './answers.mjs';
import { findAccess } from './oauth/tokens.mjs';
import { findToken } from './tokens.mjs';

const ANONYMOUS = { account: null, scopes: null, reason: null };
const FAILED = { account: null, scopes: null, reason: 'AUTHENTICATED_FAILED' };

/** { name, password }, or null for no header, another scheme or a value that cannot be read. */
export function readBasic(header) {
    const match = /^basic +([A-Za-z0-9+/=_-]+) *$/i.exec(header ?? '');
    if (!match) return null;
    const text = Buffer.from(match[1], 'base64').toString('utf8');
    const colon = text.indexOf(':');
    return colon < 0 ? null : { name: text.slice(0, colon), password: text.slice(colon + 1) };
}

export function readBearer(header) {
    return /^bearer +(\S+) *$/i.exec(header ?? '')?.[1] ?? null;
}

/** The site's edge looks at Bearer before Jira does; returns its answer, or null to go on. */
export function refuseBearer(header) {
    const match = /^Bearer (\S+)$/.exec(header ?? '');
    if (!match) return null;
    if (match[1].split('.').length === 3) {
        return answers.raw(401, 'application/json', '{"error":"Unauthorized"}');
    }
    const body = '{"error":"Failed to parse Connect Session Auth Token"}';
    return answers.raw(403, 'application/json', body);
}

/** Returns { caller } or, when Jira wants a CAPTCHA first, { answer }. */
export function callerOnSite(store, site, header, siteBase) {
    const basic = readBasic(header);
    if (!basic || basic.name === '') return { caller: ANONYMOUS };
    const account = accountByEmail(store.data, basic.name);
    if (!account) return { caller: FAILED };
    if (isLockedOut(store.data, site, account)) return { answer: captchaAnswer(siteBase) };
    const token = findToken(store.data, account, basic.password);
    if (!token || token.scopes !== null) {
        noteFailure(store.data, site, account);
        store.changed();
        return { caller: FAILED };
    }
    if (!account.active || !site.members[account.email]) return { caller: FAILED };
    if (clearFailures(store.data, (each) => isEntry(each, site, account))) store.changed();
    return { caller: { account, scopes: null, reason: 'OK' } };
}

/** Returns { caller } or { answer }. Failures here do not count towards a CAPTCHA. */
export function callerOnGateway(store, site, header) {
    const bearer = readBearer(header);
    if (bearer !== null) return callerWithAccessToken(store, site, bearer);
    const basic = readBasic(header);
    const account = basic && accountByEmail(store.data, basic.name);
    const token = account?.active ? findToken(store.data, account, basic.password) : null;
    if (!token) return { answer: answers.gateway(401, 'Unauthorized') };
    if (!site.members[account.email]) return { answer: answers.gateway(403, 'Forbidden') };
    return { caller: { account, scopes: token.scopes, reason: null } };
}

/** A site that the user did not allow is refused like one whose member the user is not. */
function callerWithAccessToken(store, site, token) {
    const access = findAccess(store.data, token);
    if (!access) return { answer: answers.gateway(401, 'Unauthorized') };
    const { account, scopes, sites } = access;
    if (!sites.includes(site.cloudId) || !site.members[account.email]) {
        return { answer: answers.gateway(403, 'Forbidden') };
    }
    return { caller: { account, scopes, reason: null, oauth: true } };
}

function isEntry(each, site, account) {
    return each.site === site.id && each.email === account.email;
}

function captchaAnswer(siteBase) {
    const body = '<!DOCTYPE html><html><head><title>Forbidden (403)</title></head><body>' +
        '<h1>Forbidden (403)</h1><p>Encountered a "403 - Forbidden" error while loading this ' +
        'page.</p><p>Basic Authentication Failure - Reason : AUTHENTICATION_DENIED</p>' +
        '</body></html>';
    return answers.html(403, body, {
        'X-Seraph-LoginReason': 'AUTHENTICATION_DENIED',
        'X-Authentication-Denied-Reason': `CAPTCHA_CHALLENGE; login-url=${siteBase}/login.jsp`,
    });
}
