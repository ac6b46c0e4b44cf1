// What GET /authorize checks once somebody is signed in. Most failures never come back to the
// app: its user is left on a page of Atlassian's.

import { findApp } from './apps.mjs';
import { allow, sitesFor } from './grants.mjs';
import { issueCode } from './tokens.mjs';
import { productOf } from '../scopes.mjs';

const REQUIRED = ['audience', 'client_id', 'scope', 'redirect_uri', 'state', 'response_type',
    'prompt'];
const FIXED = { audience: 'api.atlassian.com', response_type: 'code', prompt: 'consent' };

/**
 * Returns { app, scopes, redirectUri, state, challenge, sites }, where `sites` may be chosen
 * (null: the scopes need no site); or { error, description } for Atlassian's error page; or
 * { title, text, status } for a page in place of the consent.
 */
export function checkAuthorize(data, query, account) {
    const missing = REQUIRED.find((name) => !query.get(name));
    if (missing) return { error: 'invalid_request', description: `${missing} is required` };
    const app = findApp(data, query.get('client_id'));
    if (!app || (!app.shared && app.owner !== account.email)) return NO_CLIENT;
    const redirectUri = query.get('redirect_uri');
    if (redirectUri !== app.callback) {
        return { error: 'unauthorized_client',
            description: `redirect_uri is not registered for client: ${redirectUri}` };
    }
    const wrong = Object.keys(FIXED).find((name) => query.get(name) !== FIXED[name]);
    if (wrong) return { error: 'invalid_request', description: `${wrong} is not supported` };
    const challenge = query.get('code_challenge');
    if (!isChallenge(challenge, query.get('code_challenge_method'))) {
        return { error: 'invalid_request', description: 'code_challenge is not supported' };
    }
    const scopes = [...new Set(query.get('scope').split(' ').filter(Boolean))];
    const foreign = scopes.filter((each) =>
        each !== 'offline_access' && !app.scopes.includes(each));
    if (foreign.length > 0) return foreignScopes(app, foreign);
    const sites = needsSite(scopes) ? sitesFor(data, account, scopes) : null;
    if (sites?.length === 0) return noSite(app, account);
    return { app, scopes, redirectUri, state: query.get('state'), challenge, sites };
}

/** The account presses Accept with that site (null: none is needed): where it is sent back to.
 *  `wanted` is what checkAuthorize() found. */
export function accept(data, { app, scopes, redirectUri, state, challenge }, account, cloudId) {
    const given = { scopes, redirectUri, challenge, cloudId };
    allow(data, app, account, given);
    return withQuery(redirectUri, { state, code: issueCode(data, app, account, given) });
}

export function withQuery(address, values) {
    const query = Object.entries(values)
        .map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
    return `${address}${address.includes('?') ? '&' : '?'}${query}`;
}

/** None at all, or a whole one for S256. */
function isChallenge(challenge, method) {
    if (challenge === null) return method === null;
    return method === 'S256' && /^[A-Za-z0-9_-]{43}$/.test(challenge);
}

function needsSite(scopes) {
    return scopes.some((scope) => productOf(scope) !== null);
}

const NO_CLIENT = {
    title: 'Something went wrong',
    text: 'failed to retrieve client',
    status: 404,
};

function foreignScopes(app, scopes) {
    return {
        title: 'Something went wrong',
        text: `${app.name} asks for scopes that it was not given: ${scopes.join(' ')}`,
        status: 400,
    };
}

function noSite(app, account) {
    return {
        title: 'No Jira site',
        text: `${app.name} needs a Jira site, and ${account.email} has none. Ask an admin of ` +
            'your site to add you, or sign in with another account.',
        status: 403,
    };
}
