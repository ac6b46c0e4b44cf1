// Codes and tokens. Only hashes are kept, and times in milliseconds.
// A code is { hash, clientId, email, redirectUri, scopes, challenge, cloudId, created, used }.
// A pair is one token answer: { family, clientId, email, scopes, cloudId, accessHash,
// accessExpires, accessDead, refreshHash (null: none was given), issued, rotated (when the
// refresh token was first exchanged, or null), refreshDead (null, or why) }.
//
// An exchanged refresh token may be used again within the leeway, and then has two live
// successors; after it, its use kills every refresh token of the family. The access token of the
// same pair dies when the leeway ends. `cloudId` binds the tokens of resource-level apps to the
// site that was chosen; it is null for account-level apps, whose tokens reach the whole grant.

import crypto from 'node:crypto';

import { accountByEmail } from '../accounts.mjs';
import { findApp } from './apps.mjs';
import { findGrant } from './grants.mjs';
import { hashOf, newAccessToken, newCode, newRefreshToken } from './shapes.mjs';

const INACTIVE_AFTER = 90 * 86400_000;
const MAX_PAIRS = 2000;

export const SETTINGS = { accessSeconds: 3600, leewaySeconds: 600, codeSeconds: 300,
    families: 'separate', omitRefreshToken: 0 };

export function issueCode(data, app, account, { redirectUri, scopes, challenge, cloudId }) {
    const created = Date.now();
    const code = newCode({ app, account, scopes,
        expires: created + data.oauth.settings.codeSeconds * 1000 });
    data.oauth.codes.push({ hash: hashOf(code), clientId: app.clientId, email: account.email,
        redirectUri, scopes, challenge, cloudId: app.grant === 'resource' ? cloudId : null,
        created, used: false });
    return code;
}

/** Uses up a code: the token answer, or null when anything about it is wrong. */
export function exchangeCode(data, app, { code, redirectUri, verifier }) {
    const found = data.oauth.codes.find((each) => each.hash === hashOf(code));
    const account = found && accountByEmail(data, found.email);
    if (!account?.active || found.clientId !== app.clientId || found.used) return null;
    if (Date.now() >= found.created + data.oauth.settings.codeSeconds * 1000) return null;
    if (found.redirectUri !== redirectUri || !verifies(found.challenge, verifier)) return null;
    if (!findGrant(data, app.clientId, account.email)) return null;
    found.used = true;
    return issuePair(data, app, account, { family: familyFor(data, found), scopes: found.scopes,
        cloudId: found.cloudId });
}

/** PKCE is optional, but never by halves. */
function verifies(challenge, verifier) {
    if (challenge === null || verifier === undefined) return challenge === null && !verifier;
    return crypto.createHash('sha256').update(verifier).digest('base64url') === challenge;
}

/** A family of its own, or, where consents share one, the old one with its tokens rotated. */
function familyFor(data, { clientId, email }) {
    const earlier = data.oauth.pairs.filter((each) =>
        each.clientId === clientId && each.email === email && each.refreshDead === null);
    if (data.oauth.settings.families === 'separate' || earlier.length === 0) {
        return crypto.randomUUID();
    }
    for (const pair of earlier) retire(data, pair);
    return earlier.at(-1).family;
}

/** { tokens } for the caller, or { refused: 'invalid' | 'revoked' }. */
export function exchangeRefreshToken(data, app, secret) {
    const pair = data.oauth.pairs.find((each) =>
        each.refreshHash === hashOf(secret) && each.clientId === app.clientId);
    if (pair?.refreshDead === 'revoked') return { refused: 'revoked' };
    const account = pair && accountByEmail(data, pair.email);
    if (!account?.active || pair.refreshDead !== null) return { refused: 'invalid' };
    if (Date.now() >= pair.issued + INACTIVE_AFTER) return { refused: 'invalid' };
    if (pair.rotated !== null && Date.now() >= leewayEnd(data, pair)) {
        killRefreshTokens(data, (each) => each.family === pair.family, 'reused');
        return { refused: 'invalid' };
    }
    const tokens = issuePair(data, app, account, pair);
    if (tokens.refresh_token !== undefined) retire(data, pair);
    else pair.issued = Date.now();
    findGrant(data, app.clientId, account.email).refreshes += 1;
    return { tokens };
}

function retire(data, pair) {
    pair.rotated ??= Date.now();
    pair.accessExpires = Math.min(pair.accessExpires, leewayEnd(data, pair));
}

function leewayEnd(data, pair) {
    return pair.rotated + data.oauth.settings.leewaySeconds * 1000;
}

export function killRefreshTokens(data, matches, why) {
    const found = data.oauth.pairs.filter((each) => each.refreshDead === null && matches(each));
    for (const pair of found) pair.refreshDead = why;
    return found.length;
}

function issuePair(data, app, account, { family, scopes, cloudId }) {
    const { settings, pairs } = data.oauth;
    const grant = findGrant(data, app.clientId, account.email);
    const issued = Date.now();
    const held = scopes.filter((scope) => grant.scopes.includes(scope));
    const about = { app, account, scopes: held, session: family };
    const accessExpires = issued + settings.accessSeconds * 1000;
    const access = newAccessToken({ ...about, expires: accessExpires });
    const refresh = wantsRefreshToken(settings, scopes)
        ? newRefreshToken({ ...about, expires: issued + INACTIVE_AFTER }) : undefined;
    pairs.push({ family, clientId: app.clientId, email: account.email, scopes, cloudId,
        accessHash: hashOf(access), accessExpires, accessDead: false,
        refreshHash: refresh ? hashOf(refresh) : null, issued, rotated: null, refreshDead: null });
    if (pairs.length > MAX_PAIRS) pairs.splice(0, pairs.length - MAX_PAIRS);
    grant.issued += 1;
    return { access_token: access, expires_in: settings.accessSeconds, token_type: 'Bearer',
        refresh_token: refresh, scope: held.join(' ') };
}

function wantsRefreshToken(settings, scopes) {
    if (!scopes.includes('offline_access')) return false;
    if (settings.omitRefreshToken <= 0) return true;
    settings.omitRefreshToken -= 1;
    return false;
}

/** Who calls with this access token, and what it reaches: { account, scopes, sites }, or null. */
export function findAccess(data, token) {
    const pair = data.oauth.pairs.find((each) => each.accessHash === hashOf(token));
    if (!pair || pair.accessDead || pair.accessExpires <= Date.now()) return null;
    const account = accountByEmail(data, pair.email);
    const grant = findGrant(data, pair.clientId, pair.email);
    if (!account?.active || !grant || !findApp(data, pair.clientId)) return null;
    return {
        account,
        scopes: pair.scopes.filter((scope) => grant.scopes.includes(scope)),
        sites: grant.sites.filter((id) => pair.cloudId === null || pair.cloudId === id),
    };
}

/** What an app may do itself: either token ends the whole family. Unknown tokens are no news. */
export function revokeToken(data, app, token) {
    const hash = hashOf(token);
    const found = data.oauth.pairs.find((each) => each.clientId === app.clientId &&
        (each.accessHash === hash || each.refreshHash === hash));
    if (!found) return;
    for (const pair of data.oauth.pairs.filter((each) => each.family === found.family)) {
        pair.accessDead = true;
        pair.refreshDead ??= 'revoked';
    }
}

/** Makes codes and tokens older, so that tests need not wait. Returns how many answers. */
export function makeOlder(data, matches, seconds) {
    const pairs = data.oauth.pairs.filter(matches);
    for (const pair of pairs) {
        pair.issued -= seconds * 1000;
        pair.accessExpires -= seconds * 1000;
        if (pair.rotated !== null) pair.rotated -= seconds * 1000;
    }
    for (const code of data.oauth.codes.filter(matches)) code.created -= seconds * 1000;
    return pairs.length;
}
