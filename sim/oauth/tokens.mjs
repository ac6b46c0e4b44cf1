// Codes and tokens. Only hashes are kept, and times in milliseconds.
// A code is { hash, clientId, email, redirectUri, scopes, challenge, cloudId, created, used }.
// A pair is one token answer: { family, generation (1 for a consent's first), clientId, email,
// scopes, cloudId, accessHash, accessExpires, accessDead, refreshHash (null: none was given),
// issued, began (the consent), rotated (when the refresh token was first exchanged, or null),
// refreshDead (null, or why) }.
//
// An exchanged refresh token may be used again within the leeway, and then has two live
// successors; after it, its use kills every refresh token of the family. The access token of the
// same pair dies when the leeway ends. `cloudId` binds the tokens of resource-level apps to the
// site that was chosen; it is null for account-level apps, whose tokens reach the whole grant.

import crypto from 'node:crypto';

import { accountByEmail } from '../accounts.mjs';
import { timeNow } from '../clock.mjs';
import { findApp } from './apps.mjs';
import { findGrant } from './grants.mjs';
import { addPair, allFamilies, pairByAccess, pairByRefresh, pairsOfFamily } from './pairs.mjs';
import { hashOf, newAccessToken, newCode, newRefreshToken } from './shapes.mjs';

const DAY = 86400_000;
const INACTIVE_AFTER = 90 * DAY;
const CODES_KEPT = 3600_000;

/** absoluteDays 0: a family has no age at which it ends. */
export const SETTINGS = { accessSeconds: 3600, leewaySeconds: 600, codeSeconds: 300,
    families: 'separate', omitRefreshToken: 0, absoluteDays: 0 };

export function issueCode(data, app, account, { redirectUri, scopes, challenge, cloudId }) {
    const created = timeNow();
    const code = newCode({ app, account, scopes,
        expires: created + data.oauth.settings.codeSeconds * 1000 });
    data.oauth.codes = data.oauth.codes.filter((each) => created < each.created + CODES_KEPT);
    data.oauth.codes.push({ hash: hashOf(code), clientId: app.clientId, email: account.email,
        redirectUri, scopes, challenge, cloudId: app.grant === 'resource' ? cloudId : null,
        created, used: false });
    return code;
}

/** Uses up a code: the token answer, or null when anything about it is wrong. */
export function exchangeCode(data, app, { code, redirectUri, verifier }) {
    const hash = hashOf(code);
    const found = data.oauth.codes.find((each) => each.hash === hash);
    const account = found && accountByEmail(data, found.email);
    if (!account?.active || found.clientId !== app.clientId || found.used) return null;
    if (timeNow() >= found.created + data.oauth.settings.codeSeconds * 1000) return null;
    if (found.redirectUri !== redirectUri || !verifies(found.challenge, verifier)) return null;
    if (!findGrant(data, app.clientId, account.email)) return null;
    found.used = true;
    return issuePair(data, app, account, { ...familyFor(data, found), scopes: found.scopes,
        cloudId: found.cloudId, began: timeNow() });
}

/** PKCE is optional, but never by halves. */
function verifies(challenge, verifier) {
    if (challenge === null || verifier === undefined) return challenge === null && !verifier;
    return crypto.createHash('sha256').update(verifier).digest('base64url') === challenge;
}

/** A family of its own, or, where consents share one, the old one with its tokens rotated. */
function familyFor(data, { clientId, email }) {
    const fresh = { family: crypto.randomUUID(), generation: 1 };
    if (data.oauth.settings.families === 'separate') return fresh;
    const earlier = data.oauth.pairs.filter((each) =>
        each.clientId === clientId && each.email === email && each.refreshDead === null);
    if (earlier.length === 0) return fresh;
    for (const pair of earlier) retire(data, pair);
    const { family } = earlier.at(-1);
    const generations = pairsOfFamily(data, family).map((each) => each.generation);
    return { family, generation: Math.max(...generations) + 1 };
}

/** { tokens } for the caller, or { refused: 'invalid' | 'revoked' }; both with `about`, what is
 *  known of the token: { account, family, generation }. */
export function exchangeRefreshToken(data, app, secret) {
    const pair = pairByRefresh(data, hashOf(secret));
    if (pair?.clientId !== app.clientId) return { refused: 'invalid', about: {} };
    const { email, family, generation } = pair;
    const about = { account: email, family, generation };
    const account = accountByEmail(data, email);
    const end = account?.active ? endOf(data, pair) : pair.refreshDead ?? 'account';
    if (end === 'reused') {
        killRefreshTokens(pairsOfFamily(data, family), () => true, 'reused');
    }
    if (end !== null) return { refused: end === 'revoked' ? 'revoked' : 'invalid', about };
    const tokens = issuePair(data, app, account, { ...pair, generation: generation + 1 });
    if (tokens.refresh_token !== undefined) retire(data, pair);
    else pair.issued = timeNow();
    findGrant(data, app.clientId, email).refreshes += 1;
    return { tokens, about };
}

/** Why this refresh token is no longer accepted, or null. */
function endOf(data, pair) {
    const { absoluteDays } = data.oauth.settings;
    const time = timeNow();
    if (pair.refreshDead !== null) return pair.refreshDead;
    if (time >= pair.issued + INACTIVE_AFTER) return 'inactive';
    if (absoluteDays > 0 && time >= pair.began + absoluteDays * DAY) return 'absolute';
    return pair.rotated !== null && time >= leewayEnd(data, pair) ? 'reused' : null;
}

function retire(data, pair) {
    pair.rotated ??= timeNow();
    pair.accessExpires = Math.min(pair.accessExpires, leewayEnd(data, pair));
}

function leewayEnd(data, pair) {
    return pair.rotated + data.oauth.settings.leewaySeconds * 1000;
}

export function killRefreshTokens(pairs, matches, why) {
    const found = pairs.filter((each) => each.refreshDead === null && matches(each));
    for (const pair of found) pair.refreshDead = why;
    return found.length;
}

function issuePair(data, app, account, { family, generation, scopes, cloudId, began }) {
    const { settings } = data.oauth;
    const grant = findGrant(data, app.clientId, account.email);
    const issued = timeNow();
    const held = scopes.filter((scope) => grant.scopes.includes(scope));
    const about = { app, account, scopes: held, session: family };
    const accessExpires = issued + settings.accessSeconds * 1000;
    const access = newAccessToken({ ...about, expires: accessExpires });
    const refresh = wantsRefreshToken(settings, scopes)
        ? newRefreshToken({ ...about, expires: issued + INACTIVE_AFTER }) : undefined;
    addPair(data, { family, generation, clientId: app.clientId, email: account.email, scopes,
        cloudId, accessHash: hashOf(access), accessExpires, accessDead: false,
        refreshHash: refresh ? hashOf(refresh) : null, issued, began, rotated: null,
        refreshDead: null }, (pair) => isSpent(data, pair));
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

function isSpent(data, pair) {
    return !isAlive(pair) && (pair.refreshHash === null || endOf(data, pair) !== null);
}

function isAlive(pair) {
    return !pair.accessDead && pair.accessExpires > timeNow();
}

/** Who calls with this access token, and what it reaches: { account, scopes, sites }, or null. */
export function findAccess(data, token) {
    const pair = pairByAccess(data, hashOf(token));
    if (!pair || !isAlive(pair)) return null;
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
    const found = pairByAccess(data, hash) ?? pairByRefresh(data, hash);
    if (found?.clientId !== app.clientId) return;
    for (const pair of pairsOfFamily(data, found.family)) {
        pair.accessDead = true;
        pair.refreshDead ??= 'revoked';
    }
}

/** Of each family: whether one of its refresh tokens is still good, and else why none is. */
export function familiesNow(data) {
    return allFamilies(data).map(([family, pairs]) => {
        const last = pairs.filter((each) => each.refreshHash !== null).at(-1);
        const { clientId, email, began, issued } = last ?? pairs.at(-1);
        const active = accountByEmail(data, email)?.active;
        const ends = pairs.filter((each) => each.refreshHash !== null)
            .map((each) => (active ? endOf(data, each) : 'account'));
        const honoured = ends.includes(null);
        return { client_id: clientId, email, family, began, issued, honoured,
            why: honoured ? null : ends.at(-1) ?? 'none was given' };
    });
}

/** Makes codes and tokens older, so that tests need not wait. Returns how many answers. */
export function makeOlder(data, matches, seconds) {
    const pairs = data.oauth.pairs.filter(matches);
    for (const pair of pairs) {
        pair.issued -= seconds * 1000;
        pair.began -= seconds * 1000;
        pair.accessExpires -= seconds * 1000;
        if (pair.rotated !== null) pair.rotated -= seconds * 1000;
    }
    for (const code of data.oauth.codes.filter(matches)) code.created -= seconds * 1000;
    return pairs.length;
}
