// POST /oauth/token and /oauth/revoke, and the server's metadata. Bodies are JSON or forms. The
// client is looked at before the code, so that a wrong secret can be told without a code.
// Answers carry a `note` for the request log: never a secret, but what became of the call.

import { readBasic } from '../auth.mjs';
import { METADATA_PATH } from '../hosts.mjs';
import { findApp } from './apps.mjs';
import { exchangeCode, exchangeRefreshToken, revokeToken } from './tokens.mjs';

const ENCODINGS = { 'application/json': 'json', 'application/x-www-form-urlencoded': 'form' };

/** `sim` = { store }; `base` is this host's own address. Null for a path that is not ours. */
export function answerOauth({ store }, request, base) {
    switch (`${request.method} ${request.path}`) {
    case 'POST /oauth/token': return answerToken(store, readParams(request));
    case 'POST /oauth/revoke': return answerRevoke(store, readParams(request));
    case `GET ${METADATA_PATH}`: return reply(200, metadata(base));
    default: return null;
    }
}

function reply(status, value, note) {
    const headers = { 'Content-Type': 'application/json' };
    return { status, headers, body: JSON.stringify(value), note };
}

function refuse(status, error, description, note) {
    return reply(status, { error, error_description: description },
        { ...note, outcome: error, detail: description });
}

/** { encoding, values, clientId, secret }, with null for values that cannot be read. */
function readParams({ headers, body }) {
    const type = (headers['content-type'] ?? '').split(';')[0].trim().toLowerCase();
    const text = body.toString('utf8');
    const encoding = ENCODINGS[type];
    const values = encoding === 'json' ? readJson(text)
        : encoding === 'form' ? Object.fromEntries(new URLSearchParams(text)) : null;
    const basic = readBasic(headers.authorization);
    return { encoding: encoding ?? type, values, clientId: basic?.name ?? values?.client_id,
        secret: basic?.password ?? values?.client_secret };
}

/** Only members that are texts count. */
function readJson(text) {
    try {
        return Object.fromEntries(Object.entries(JSON.parse(text))
            .filter(([, value]) => typeof value === 'string'));
    } catch {
        return null;
    }
}

function answerToken(store, { encoding, values, clientId, secret }) {
    const note = { grant_type: values?.grant_type, client_id: clientId, encoding };
    if (values === null) return refuse(400, 'invalid_request', 'The body cannot be read.', note);
    const app = findApp(store.data, clientId);
    if (!app || app.secret !== secret) return refuse(401, 'access_denied', 'Unauthorized', note);
    switch (values.grant_type) {
    case 'authorization_code': return tokenForCode(store, app, values, note);
    case 'refresh_token': return tokenForRefresh(store, app, values, note);
    default: return refuse(400, 'unsupported_grant_type', 'Unsupported grant type', note);
    }
}

function tokenForCode(store, app, values, note) {
    const tokens = exchangeCode(store.data, app, { code: values.code ?? '',
        redirectUri: values.redirect_uri, verifier: values.code_verifier });
    if (!tokens) return refuse(400, 'invalid_request', 'authorization_code is invalid', note);
    store.changed();
    return reply(200, tokens, { ...note, outcome: 'ok' });
}

function tokenForRefresh(store, app, values, note) {
    const { tokens, refused, about } =
        exchangeRefreshToken(store.data, app, values.refresh_token ?? '');
    store.changed();
    if (tokens) return reply(200, tokens, { ...note, ...about, outcome: 'ok' });
    const description = refused === 'revoked'
        ? 'Token was globally revoked' : 'refresh_token is invalid';
    return refuse(403, 'unauthorized_client', description, { ...note, ...about });
}

/** RFC 7009: 200 whether or not there was such a token. */
function answerRevoke(store, { encoding, values, clientId, secret }) {
    const note = { client_id: clientId, encoding };
    if (values === null) return refuse(400, 'invalid_request', 'The body cannot be read.', note);
    const app = findApp(store.data, clientId);
    if (!app || app.secret !== secret) return refuse(401, 'access_denied', 'Unauthorized', note);
    revokeToken(store.data, app, values.token ?? '');
    store.changed();
    return { status: 200, headers: {}, body: '', note: { ...note, outcome: 'ok' } };
}

function metadata(base) {
    return {
        issuer: base,
        authorization_endpoint: `${base}/authorize`,
        token_endpoint: `${base}/oauth/token`,
        revocation_endpoint: `${base}/oauth/revoke`,
        response_types_supported: ['code'],
        grant_types_supported: ['authorization_code', 'refresh_token'],
        code_challenge_methods_supported: ['S256'],
        token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
        scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    };
}
