// Comments and worklogs of an issue.

import { isDocument, isValidAdf, textToAdf } from '../adf.mjs';
import * as answers from '../answers.mjs';
import { timeNow } from '../clock.mjs';
import { say } from '../texts.mjs';
import { needIssue, needPermission } from './access.mjs';
import { refuseIfAny, setRichText } from './fields.mjs';
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

export function postWorklog(ctx) {
    const issue = needIssue(ctx, ctx.params[0]);
    const body = params.bodyObject(ctx);
    needPermission(ctx, 'WORK_ON_ISSUES', issue.project, 400, 'no_edit');
    const seconds = body.timeSpentSeconds ?? secondsOf(body.timeSpent);
    if (!Number.isInteger(seconds) || seconds <= 0) {
        return answers.errors(400, say(ctx.caller.account, 'worklog_time'));
    }
    const comment = body.comment === undefined ? { value: null } : setRichText(ctx, body.comment);
    if (comment.error) refuseIfAny({ comment: comment.error });
    const now = timeNow();
    const started = Date.parse(body.started ?? new Date(now).toISOString());
    const worklog = {
        id: String(ctx.site.nextId++), author: ctx.caller.account.accountId,
        comment: comment.value, created: now, started: Number.isNaN(started) ? now : started,
        seconds,
    };
    issue.worklogs.push(worklog);
    ctx.changed();
    return answers.json(201, render.worklog(ctx, issue, worklog));
}

/** "1h 30m" in seconds, with Jira's working day of eight hours; NaN when it is no duration. */
function secondsOf(text) {
    const units = { w: 144000, d: 28800, h: 3600, m: 60 };
    const parts = String(text ?? '').trim().split(/\s+/);
    return parts.reduce((sum, part) => {
        const match = /^(\d+)([wdhm])$/.exec(part);
        return match ? sum + Number(match[1]) * units[match[2]] : NaN;
    }, 0);
}
