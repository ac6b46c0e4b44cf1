// How Atlassian's secrets look: codes and tokens are long and shaped like JWTs, client secrets
// begin with ATOA. Nobody can verify these signatures; clients must take the whole as opaque.

import crypto from 'node:crypto';

import { timeNow } from '../clock.mjs';

const ISSUER = 'https://auth.atlassian.com';
const CLAIMS = 'https://id.atlassian.com/';

export function hashOf(secret) {
    return crypto.createHash('sha256').update(String(secret)).digest('hex');
}

export function newClientId() {
    return crypto.randomBytes(40).toString('base64').replace(/[^A-Za-z0-9]/g, '').slice(0, 32);
}

export function newClientSecret() {
    const body = crypto.randomBytes(48).toString('base64url');
    return `ATOA${body}${hashOf(body).slice(0, 8).toUpperCase()}`;
}

/** More than 1.5 kB. `sub` is the account id; everything else is nobody's business. */
export function newAccessToken({ app, account, scopes, expires, session }) {
    return jwt({
        ...common(app, account, scopes, expires),
        [`${CLAIMS}atlassian_token_type`]: 'ACCESS_TOKEN',
        [`${CLAIMS}session_id`]: session,
        client_auth_type: 'POST',
        [`${CLAIMS}ari`]: crypto.randomBytes(480).toString('base64url'),
    });
}

export function newRefreshToken({ app, account, scopes, expires, session }) {
    return jwt({
        ...common(app, account, scopes, expires),
        [`${CLAIMS}atlassian_token_type`]: 'ROTATING_REFRESH_TOKEN',
        [`${CLAIMS}parent_access_token_id`]: crypto.randomUUID(),
        [`${CLAIMS}refresh_chain_id`]: `${session}-${crypto.randomUUID()}`,
    });
}

export function newCode({ app, account, scopes, expires }) {
    return jwt({
        ...common(app, account, scopes, expires),
        [`${CLAIMS}atlassian_token_type`]: 'AUTH_CODE',
        [`${CLAIMS}processZone`]: 'us-east-1',
    });
}

function common(app, account, scopes, expires) {
    const now = Math.floor(timeNow() / 1000);
    return { jti: crypto.randomUUID(), sub: account.accountId, nbf: now, iss: ISSUER, iat: now,
        exp: Math.floor(expires / 1000), aud: app.clientId, scope: scopes.join(' ') };
}

function jwt(payload) {
    const header = { kid: 'auth.atlassian.com-ACCESS-a8a1d3f0', alg: 'RS256' };
    const parts = [header, payload].map((each) =>
        Buffer.from(JSON.stringify(each)).toString('base64url'));
    return [...parts, crypto.randomBytes(256).toString('base64url')].join('.');
}
