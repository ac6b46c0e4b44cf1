// Comments of an issue.

import { isDocument, isValidAdf, textToAdf } from '../adf.mjs';
import * as answers from '../answers.mjs';
import { timeNow } from '../clock.mjs';
import { say } from '../texts.mjs';
import { needIssue, needPermission } from './access.mjs';
import { refuseIfAny } from './fields.mjs';
import * as params from './params.mjs';
import * as render from './render.mjs';

const PAGE_MAX = 100;

export function listComments(ctx) {
    const { startAt, maxResults } = params.paging(ctx, PAGE_MAX, PAGE_MAX);
    const newestFirst = readOrder(ctx);
    const issue = needIssue(ctx, ctx.params[0]);
    const ordered = newestFirst ? [...issue.comments].reverse() : issue.comments;
    const page = ordered.slice(startAt, startAt + maxResults);
    return answers.json(200, render.commentPage(ctx, issue, startAt, maxResults, page));
}

/** A literal `+` in a query arrives as a space, so both are stripped. */
function readOrder(ctx) {
    const text = ctx.query.get('orderBy');
    if (text === null) return false;
    const match = /^\s*([+-]?)\s*created\s*$/i.exec(text);
    if (match) return match[1] === '-';
    throw new answers.Refusal(
        answers.errors(400, say(ctx.caller.account, 'order_by', text.trim())));
}

export function postComment(ctx) {
    const issue = needIssue(ctx, ctx.params[0]);
    const comment = newComment(ctx, issue, params.bodyObject(ctx));
    issue.comments.push(comment);
    issue.updated = comment.created;
    ctx.changed();
    return answers.json(201, render.comment(ctx, issue, comment));
}

/** Checks the right and the text; the caller adds what it returns to the issue. */
export function newComment(ctx, issue, { body }) {
    needPermission(ctx, 'ADD_COMMENTS', issue.project, 400, 'no_comment');
    const now = timeNow();
    return {
        id: String(ctx.site.nextId++),
        author: ctx.caller.account.accountId,
        body: readBody(ctx, body),
        created: now,
        updated: now,
    };
}

function readBody(ctx, body) {
    const account = ctx.caller.account;
    const plain = ctx.version === '2';
    if (body === undefined || body === null || body === '') {
        refuseIfAny({ comment: say(account, 'comment_empty') });
    }
    const valid = plain ? typeof body === 'string' : isDocument(body) && isValidAdf(body);
    if (!valid) refuseIfAny({ comment: say(account, 'comment_invalid') });
    return plain ? textToAdf(body) : body;
}

function needComment(ctx) {
    const issue = needIssue(ctx, ctx.params[0]);
    const comment = issue.comments.find((each) => each.id === ctx.params[1]);
    if (comment) return { issue, comment };
    throw new answers.Refusal(
        answers.errors(404, say(ctx.caller.account, 'comment_missing', ctx.params[1])));
}

export function getComment(ctx) {
    const { issue, comment } = needComment(ctx);
    return answers.json(200, render.comment(ctx, issue, comment));
}

export function putComment(ctx) {
    const { issue, comment } = needComment(ctx);
    const { body } = params.bodyObject(ctx);
    needCommentRight(ctx, 'EDIT', issue, comment);
    comment.body = readBody(ctx, body);
    comment.updated = timeNow();
    comment.updateAuthor = ctx.caller.account.accountId;
    issue.updated = comment.updated;
    ctx.changed();
    return answers.json(200, render.comment(ctx, issue, comment));
}

export function deleteComment(ctx) {
    const { issue, comment } = needComment(ctx);
    needCommentRight(ctx, 'DELETE', issue, comment);
    issue.comments = issue.comments.filter((each) => each !== comment);
    issue.updated = timeNow();
    ctx.changed();
    return answers.empty(204);
}

function needCommentRight(ctx, verb, issue, { author }) {
    const whose = author === ctx.caller.account?.accountId ? 'OWN' : 'ALL';
    needPermission(ctx, `${verb}_${whose}_COMMENTS`, issue.project, 400, 'no_edit_comment');
}
