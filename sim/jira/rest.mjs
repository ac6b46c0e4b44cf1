// One REST request to a site, whichever way it came: on the site's host or through the gateway.
// The order of the checks is Jira's: edge, sign-in, path, method, media type, XSRF, 401.

import * as answers from '../answers.mjs';
import { callerOnGateway, callerOnSite, refuseBearer } from '../auth.mjs';
import { scopesSuffice } from '../scopes.mjs';
import { refuseLimits } from '../limits.mjs';
import { API_PATH, findRoute } from './routes.mjs';

/**
 * `place` = { store, files, limits, site, siteBase, base, contentBase, mediaBase,
 * via: 'site' | 'gateway' }; `request.path` is what follows the site or the gateway prefix, and
 * starts with /rest.
 */
export function answerRest(place, request) {
    const known = place.via === 'site' ? askSite(place, request) : askGateway(place, request);
    if (known.answer) return known.answer;
    const answer = dispatch(place, request, known.caller);
    return withCaller(answer, place, request, known.caller);
}

function askSite({ store, site, siteBase }, { headers }) {
    const refused = refuseBearer(headers.authorization);
    if (refused) return { answer: refused };
    return callerOnSite(store, site, headers.authorization, siteBase);
}

function askGateway({ store, site }, { headers }) {
    return callerOnGateway(store, site, headers.authorization);
}

function dispatch(place, request, caller) {
    const { method, path } = request;
    if (method === 'PATCH') return answers.html(400, '<html><h1>400 Bad Request</h1></html>');
    const match = API_PATH.exec(path);
    const found = match && findRoute(method, match[2]);
    const refused = refuseScope(found, caller) ?? refuseRoute(found, request) ??
        refuseLimits(place, request, found, caller) ?? refuseMediaType(found, request) ??
        refuseXsrf(found, place, request) ?? refuseAnonymous(found, place, request, caller);
    if (refused) return refused;
    const version = match[1] === '3' ? '3' : '2';
    return run(found, {
        ...place, data: place.store.data, changed: () => place.store.changed(), caller, version,
        path, query: request.query, headers: request.headers, body: request.body,
        upload: request.upload, params: found.params,
    });
}

function run({ route }, ctx) {
    try {
        return route.handler(ctx);
    } catch (error) {
        if (error instanceof answers.Refusal) return error.answer;
        throw error;
    }
}

/** The gateway checks scopes before Jira sees the path, so an unknown path is a mismatch too. */
function refuseScope(found, { scopes }) {
    if (scopes === null) return null;
    if (found?.route && scopesSuffice(found.route.operation, scopes)) return null;
    return answers.gateway(401, 'Unauthorized; scope does not match');
}

function refuseRoute(found, { method, path }) {
    if (!found) {
        return answers.problem(404, 'Not Found', `No endpoint ${method} ${path}.`, path);
    }
    if (found.route) return null;
    if (method === 'OPTIONS') {
        return answers.html(200, '', { Allow: [...found.allow, 'HEAD', 'OPTIONS'].join(',') });
    }
    return answers.problem(405, 'Method Not Allowed', `Method '${method}' is not supported.`,
        path, { Allow: found.allow.join(', ') });
}

function refuseMediaType({ route }, { method, headers, path }) {
    if (method !== 'POST' && method !== 'PUT') return null;
    const type = headers['content-type'] ?? '';
    const wanted = route.upload ? 'multipart/form-data' : 'application/json';
    if (type.split(';')[0].trim().toLowerCase() === wanted) return null;
    return answers.problem(415, 'Unsupported Media Type',
        `Content-Type '${type || 'null'}' is not supported.`, path, { Accept: wanted });
}

/** Jira takes whoever looks like a browser for one, and wants proof that its own page asks; for a
 *  file it wants that from everybody. */
function refuseXsrf({ route }, { siteBase }, { method, headers }) {
    if (method !== 'POST' && method !== 'PUT' && method !== 'DELETE') return null;
    const { origin } = headers;
    const isForeign = origin !== undefined && origin !== siteBase;
    const isBrowser = /mozilla\//i.test(headers['user-agent'] ?? '');
    const hasProof = ['no-check', 'nocheck'].includes(headers['x-atlassian-token']);
    if (!isForeign && ((!isBrowser && !route.upload) || hasProof)) return null;
    return answers.raw(403, 'text/plain;charset=UTF-8', 'XSRF check failed');
}

function refuseAnonymous(found, { siteBase }, { headers }, caller) {
    if (caller.account || !found.route.signedIn) return null;
    const body = 'Client must be authenticated to access this resource.';
    return answers.raw(401, typeForPlainText(headers.accept), body, {
        'WWW-Authenticate': `OAuth realm="${encodeURIComponent(siteBase)}"`,
        'Content-Length': String(body.length),
    });
}

/** The body stays plain text; only its label follows Accept. */
function typeForPlainText(accept) {
    if (accept === undefined) return 'text/plain';
    return accept.includes('json') ? answers.JSON_TYPE : answers.HTML_TYPE;
}

function withCaller(answer, { via }, request, { account, reason }) {
    const headers = { ...answer.headers };
    if (account) headers['X-AACCOUNTID'] = encodeURIComponent(account.accountId);
    if (via === 'site' && reason) headers['X-Seraph-LoginReason'] = reason;
    return { ...answer, headers };
}
