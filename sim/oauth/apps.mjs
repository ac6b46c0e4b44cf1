// OAuth 2.0 (3LO) apps, as the developer console keeps them. An app is { clientId, secret, name,
// owner (email), grant: 'account' | 'resource', callback (null until set), scopes, shared }.
// The secret is kept as it is, because the console shows it again.

import { CLASSIC_SCOPES, CONFLUENCE_SCOPES, GRANULAR_SCOPES, IDENTITY_SCOPES } from '../scopes.mjs';
import { newClientId, newClientSecret } from './shapes.mjs';

export const APP_SCOPES = [...CLASSIC_SCOPES, ...GRANULAR_SCOPES, ...IDENTITY_SCOPES,
    ...CONFLUENCE_SCOPES];

export const TRY_OUT_APP = {
    clientId: 'mortise-try-out-client',
    secret: 'ATOA-mortise-try-out-secret',
    name: 'Mortise (make run)',
    owner: 'anna@acme.example',
    grant: 'account',
    callback: 'http://localhost:8080/oauth/callback',
    scopes: ['read:jira-work', 'write:jira-work', 'read:jira-user'],
    shared: true,
};

export function findApp(data, clientId) {
    return data.oauth.apps.find((each) => each.clientId === clientId) ?? null;
}

/** `given` has been through findAppProblem. A new app has no callback and no scopes, and is
 *  its owner's only, until somebody changes that. */
export function makeApp(data, given) {
    const app = {
        clientId: newClientId(), secret: newClientSecret(), name: '', grant: 'account',
        callback: null, scopes: [], shared: false, ...given,
    };
    data.oauth.apps.push(app);
    return app;
}

export function rotateSecret(app) {
    app.secret = newClientSecret();
}

/** Removes the app and everything people allowed it. */
export function removeApp(data, clientId) {
    const others = (each) => each.clientId !== clientId;
    const { oauth } = data;
    for (const key of ['apps', 'grants', 'codes', 'pairs']) oauth[key] = oauth[key].filter(others);
}

/** A sentence about the first wrong property among those that are given, or null. */
export function findAppProblem({ name, callback, scopes, shared, grant, secret, clientId }) {
    const texts = { name, secret, clientId };
    for (const [key, value] of Object.entries(texts)) {
        if (value !== undefined && (typeof value !== 'string' || value.trim() === '')) {
            return `${key} must be a text that is not empty.`;
        }
    }
    if (grant !== undefined && grant !== 'account' && grant !== 'resource') {
        return 'The grant is "account" or "resource".';
    }
    if (shared !== undefined && typeof shared !== 'boolean') return 'Shared is true or false.';
    if (scopes !== undefined && !Array.isArray(scopes)) return 'The scopes must be a list.';
    const unknown = (scopes ?? []).find((scope) => !APP_SCOPES.includes(scope));
    if (unknown !== undefined) return `There is no scope ${unknown}.`;
    return callback === undefined || callback === null ? null : callbackProblem(callback);
}

function callbackProblem(callback) {
    let url;
    try {
        url = new URL(callback);
    } catch {
        return 'The callback URL must be a whole URL.';
    }
    if (url.hash || String(callback).includes('*')) {
        return 'The callback URL can have neither a # part nor a wildcard.';
    }
    const isLocal = url.protocol === 'http:' && url.hostname === 'localhost';
    return url.protocol === 'https:' || isLocal ? null
        : 'The callback URL must begin with https://. Only localhost may use http://.';
}
