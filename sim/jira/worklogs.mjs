// Worklogs of an issue.

import * as answers from '../answers.mjs';
import { timeNow } from '../clock.mjs';
import { say } from '../texts.mjs';
import { needIssue, needPermission } from './access.mjs';
import { refuseIfAny, setRichText } from './fields.mjs';
import * as params from './params.mjs';
import * as render from './render.mjs';

const PAGE_MAX = 5000;

export function listWorklogs(ctx) {
    const { startAt, maxResults } = params.paging(ctx, PAGE_MAX, PAGE_MAX);
    const { worklogs, ...issue } = needIssue(ctx, ctx.params[0]);
    return answers.json(200, {
        startAt, maxResults, total: worklogs.length,
        worklogs: worklogs.slice(startAt, startAt + maxResults)
            .map((each) => render.worklog(ctx, issue, each)),
    });
}

export function postWorklog(ctx) {
    const issue = needIssue(ctx, ctx.params[0]);
    const body = params.bodyObject(ctx);
    needPermission(ctx, 'WORK_ON_ISSUES', issue.project, 400, 'no_edit');
    const now = timeNow();
    const worklog = { id: String(ctx.site.nextId++), author: ctx.caller.account.accountId,
        comment: null, created: now, started: now, seconds: NaN, ...readWorklog(ctx, body) };
    if (!(worklog.seconds > 0)) return answers.errors(400, say(ctx.caller.account, 'worklog_time'));
    worklog.updated = now;
    issue.worklogs.push(worklog);
    ctx.changed();
    return answers.json(201, render.worklog(ctx, issue, worklog));
}

/** What a body says about a worklog; `seconds` is NaN when it says no duration that is one. */
function readWorklog(ctx, { timeSpentSeconds, timeSpent, comment, started }) {
    const read = {};
    if (timeSpentSeconds !== undefined || timeSpent !== undefined) {
        const seconds = timeSpentSeconds ?? secondsOf(timeSpent);
        read.seconds = Number.isInteger(seconds) && seconds > 0 ? seconds : NaN;
    }
    if (comment !== undefined) {
        const { value, error } = setRichText(ctx, comment);
        if (error) refuseIfAny({ comment: error });
        read.comment = value;
    }
    const time = Date.parse(started ?? '');
    if (!Number.isNaN(time)) read.started = time;
    return read;
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

function needWorklog(ctx) {
    const issue = needIssue(ctx, ctx.params[0]);
    const worklog = issue.worklogs.find((each) => each.id === ctx.params[1]);
    if (worklog) return { issue, worklog };
    throw new answers.Refusal(
        answers.errors(404, say(ctx.caller.account, 'worklog_missing', ctx.params[1])));
}

export function getWorklog(ctx) {
    const { issue, worklog } = needWorklog(ctx);
    return answers.json(200, render.worklog(ctx, issue, worklog));
}

export function putWorklog(ctx) {
    const { issue, worklog } = needWorklog(ctx);
    const body = params.bodyObject(ctx);
    needWorklogRight(ctx, 'EDIT', issue, worklog);
    const changes = readWorklog(ctx, body);
    if (Number.isNaN(changes.seconds)) {
        return answers.errors(400, say(ctx.caller.account, 'worklog_time'));
    }
    Object.assign(worklog, changes, { updated: timeNow() });
    ctx.changed();
    return answers.json(200, render.worklog(ctx, issue, worklog));
}

export function deleteWorklog(ctx) {
    const { issue, worklog } = needWorklog(ctx);
    needWorklogRight(ctx, 'DELETE', issue, worklog);
    issue.worklogs = issue.worklogs.filter((each) => each !== worklog);
    ctx.changed();
    return answers.empty(204);
}

function needWorklogRight(ctx, verb, issue, { author }) {
    const whose = author === ctx.caller.account?.accountId ? 'OWN' : 'ALL';
    needPermission(ctx, `${verb}_${whose}_WORKLOGS`, issue.project, 400, 'no_worklog');
}
