// Search by JQL. Finds no issue that was created a moment ago unless the caller names it in
// `reconcileIssues`: the real search is eventually consistent, and this one shows it.

import * as answers from '../answers.mjs';
import { timeNow } from '../clock.mjs';
import { say } from '../texts.mjs';
import { visibleIssues } from './access.mjs';
import { isBounded, runJql } from './jql.mjs';
import { JqlError } from './jql-parse.mjs';
import * as params from './params.mjs';
import * as render from './render.mjs';

const INDEX_LAG_MS = 500;
const TOKEN_LIFE_MS = 7 * 86400_000;
const FULL_PAGE_MAX = 100;
const BODY_MEMBERS = ['jql', 'maxResults', 'nextPageToken', 'fields', 'fieldsByKeys', 'expand',
    'properties', 'reconcileIssues'];

export function searchByGet(ctx) {
    return search(ctx, {
        jql: ctx.query.get('jql') ?? '',
        maxResults: params.integer(ctx, 'maxResults', 50),
        token: ctx.query.get('nextPageToken'),
        fields: params.list(ctx, 'fields'),
        reconcile: params.list(ctx, 'reconcileIssues'),
    });
}

export function searchByPost(ctx) {
    const body = params.bodyObject(ctx);
    const isKnown = Object.keys(body).every((name) => BODY_MEMBERS.includes(name));
    if (!isKnown || !isReadable(body)) return answers.unreadable(params.BODY_WRONG);
    return search(ctx, {
        jql: String(body.jql ?? ''),
        maxResults: 'maxResults' in body ? Math.trunc(Number(body.maxResults)) : 50,
        token: body.nextPageToken ?? null,
        fields: body.fields ?? [],
        reconcile: (body.reconcileIssues ?? []).map(String),
    });
}

/** Whether every member has a type that Jira would read, `expand` being a plain string. */
function isReadable({ jql, maxResults, nextPageToken, fields, expand, reconcileIssues }) {
    const isScalar = (value) => value === undefined || value === null || typeof value !== 'object';
    const isList = (value) => value === undefined || value === null || Array.isArray(value);
    return isScalar(jql) && isScalar(nextPageToken) && isScalar(expand) && isList(fields) &&
        isList(reconcileIssues) && (reconcileIssues ?? []).length <= 50 &&
        typeof maxResults !== 'boolean' && !Number.isNaN(Number(maxResults ?? 0));
}

function search(ctx, { jql, maxResults, token, fields, reconcile }) {
    const account = ctx.caller.account;
    const offset = token === null ? 0 : readToken(token, jql);
    if (offset === null) return answers.errors(400, say(account, 'page_token'));
    if (maxResults < 1 || maxResults > 5000) {
        return answers.errors(400, say(account, 'max_results'));
    }
    const found = find(ctx, jql, reconcile);
    const wanted = fields.length ? fields : ['id'];
    const isLight = wanted.every((name) => name === 'id' || name === 'key');
    const end = offset + (isLight ? maxResults : Math.min(maxResults, FULL_PAGE_MAX));
    const isLast = end >= found.length;
    return answers.json(200, {
        issues: found.slice(offset, end).map((issue) => render.issue(ctx, issue, wanted)),
        ...(isLast ? {} : { nextPageToken: makeToken(end, jql) }),
        isLast,
    });
}

export function approximateCount(ctx) {
    const body = params.bodyObject(ctx);
    return answers.json(200, { count: find(ctx, String(body.jql ?? ''), []).length });
}

/** The old search is gone for everybody, whoever asks. */
export function searchRemoved() {
    return answers.errors(410, 'The requested API has been removed. Please migrate to the ' +
        '/rest/api/3/search/jql API. A full migration guideline is available at ' +
        'https://developer.atlassian.com/changelog/#CHANGE-2046');
}

function find(ctx, jql, reconcile) {
    const indexedBefore = timeNow() - INDEX_LAG_MS;
    const issues = visibleIssues(ctx)
        .filter((issue) => issue.created <= indexedBefore || reconcile.includes(issue.id));
    try {
        if (isBounded(jql)) return runJql(ctx, jql, issues);
    } catch (error) {
        if (!(error instanceof JqlError)) throw error;
        refuse(ctx, error.textId, ...error.values);
    }
    return refuse(ctx, 'jql_unbounded');
}

function refuse(ctx, textId, ...values) {
    throw new answers.Refusal(answers.errors(400, say(ctx.caller.account, textId, ...values)));
}

function makeToken(offset, jql) {
    return Buffer.from(JSON.stringify({ offset, jql, until: timeNow() + TOKEN_LIFE_MS }))
        .toString('base64url');
}

/** Where a page starts, or null when the token is not one of ours, too old, or of another query. */
function readToken(token, jql) {
    try {
        const value = JSON.parse(Buffer.from(String(token), 'base64url').toString('utf8'));
        const fits = value.jql === jql && value.until > timeNow() &&
            Number.isInteger(value.offset);
        return fits ? value.offset : null;
    } catch {
        return null;
    }
}
