// API tokens: made on the account pages or by the control endpoint, shown once, kept hashed.
// Classic tokens have no scopes; tokens with scopes work only through the gateway.

import crypto from 'node:crypto';

import { timeNow } from './clock.mjs';

const DAY = 86400_000;
export const MAX_DAYS = 365;

/**
 * Makes a token and returns { token, record }. `scopes` null makes a classic token.
 * Negative days are for tests: the token has expired from the start.
 */
export function makeToken(data, account, { label, scopes = null, days = MAX_DAYS }) {
    const token = newSecret(account.service ? 'ATSTT3xFfGF0' : 'ATATT3xFfGF0');
    const record = {
        id: crypto.randomUUID(),
        email: account.email,
        label,
        hash: hashOf(token),
        scopes,
        created: timeNow(),
        expires: timeNow() + days * DAY,
    };
    data.tokens.push(record);
    return { token, record };
}

/** The token's record when it is this account's and still in force, else null. */
export function findToken(data, account, secret) {
    const hash = hashOf(secret);
    const record = data.tokens.find((each) => each.hash === hash);
    if (!record || record.email !== account.email || record.expires <= timeNow()) return null;
    return record;
}

/** Removes matching tokens and returns how many. */
export function revokeTokens(data, matches) {
    const before = data.tokens.length;
    data.tokens = data.tokens.filter((each) => !matches(each));
    return before - data.tokens.length;
}

export function expireTokens(data, matches) {
    const found = data.tokens.filter(matches);
    for (const record of found) record.expires = timeNow() - 1;
    return found.length;
}

function newSecret(prefix) {
    const body = crypto.randomBytes(126).toString('base64url');
    const check = hashOf(body).slice(0, 8).toUpperCase();
    return `${prefix}${body}=${check}`;
}

function hashOf(secret) {
    return crypto.createHash('sha256').update(secret).digest('hex');
}
