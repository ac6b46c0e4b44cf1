// Links between issues, and who watches an issue.

import { accountById } from '../accounts.mjs';
import * as answers from '../answers.mjs';
import { say } from '../texts.mjs';
import { accountMay, findIssue, may, needIssue, visibleIssues } from './access.mjs';
import { byId, byReference, LINK_TYPES } from './catalog.mjs';
import * as params from './params.mjs';
import * as render from './render.mjs';

export function listLinkTypes(ctx) {
    return answers.json(200,
        { issueLinkTypes: LINK_TYPES.map((type) => render.linkType(ctx, type.id)) });
}

export function getLinkType(ctx) {
    const [id] = ctx.params;
    if (!byId(LINK_TYPES, id)) return answers.errors(404, say(ctx.caller.account, 'link_type', id));
    return answers.json(200, render.linkType(ctx, id));
}

/** Linking twice is answered 201 as well, and changes nothing. */
export function linkIssues(ctx) {
    const body = params.bodyObject(ctx);
    const account = ctx.caller.account;
    const type = byReference(LINK_TYPES, body.type);
    if (!type) return answers.errors(404, say(account, 'link_type', body.type?.name ?? ''));
    const [from, to] = [body.inwardIssue, body.outwardIssue]
        .map((each) => findIssue(ctx, each?.id ?? each?.key ?? ''));
    const mayLink = from && to && may(ctx, 'LINK_ISSUES', from.project);
    if (!mayLink) return answers.errors(404, say(account, 'issue_missing'));
    const isThere = from.links.some((each) =>
        each.type === type.id && each.direction === 'outwardIssue' && each.key === to.key);
    if (!isThere) {
        const id = String(ctx.site.nextId++);
        from.links.push({ id, type: type.id, direction: 'outwardIssue', key: to.key });
        to.links.push({ id, type: type.id, direction: 'inwardIssue', key: from.key });
        ctx.changed();
    }
    return answers.empty(201);
}

/** { link, from, to } seen from the issue that links outward; both issues must be visible. */
function needLink(ctx) {
    const [id] = ctx.params;
    for (const from of visibleIssues(ctx)) {
        const link = from.links.find((each) => each.id === id && each.direction === 'outwardIssue');
        const to = link && findIssue(ctx, link.key);
        if (to) return { link, from, to };
    }
    throw new answers.Refusal(answers.errors(404, say(ctx.caller.account, 'link_missing', id)));
}

export function getLink(ctx) {
    const { link, from, to } = needLink(ctx);
    return answers.json(200, render.wholeLink(ctx, link, from, to));
}

export function deleteLink(ctx) {
    const { link, from, to } = needLink(ctx);
    if (!may(ctx, 'LINK_ISSUES', from.project)) {
        return answers.errors(404, say(ctx.caller.account, 'link_missing', link.id));
    }
    for (const issue of [from, to]) {
        issue.links = issue.links.filter((each) => each.id !== link.id);
    }
    ctx.changed();
    return answers.empty(204);
}

export function listWatchers(ctx) {
    const issue = needIssue(ctx, ctx.params[0]);
    return answers.json(200, {
        ...render.watches(ctx, issue),
        watchers: issue.watchers.map((each) => render.user(ctx, accountById(ctx.data, each))),
    });
}

/** The body is the account id as a JSON string; without a body it is the caller. */
export function addWatcher(ctx) {
    const issue = needIssue(ctx, ctx.params[0]);
    const accountId = params.bodyString(ctx) ?? ctx.caller.account?.accountId ?? '';
    return changeWatchers(ctx, issue, accountId, (watchers) => [...watchers, accountId]);
}

export function removeWatcher(ctx) {
    const issue = needIssue(ctx, ctx.params[0]);
    const accountId = ctx.query.get('accountId') ?? '';
    return changeWatchers(ctx, issue, accountId, (watchers) => watchers);
}

/** `change` gets the watchers without this one, so that nobody stands there twice. */
function changeWatchers(ctx, issue, accountId, change) {
    const { account: me } = ctx.caller;
    const account = accountById(ctx.data, accountId);
    if (!me) return answers.errors(401, say(me, 'no_watchers'));
    if (accountId !== me.accountId && !may(ctx, 'MANAGE_WATCHERS', issue.project)) {
        return answers.errors(403, say(me, 'no_watchers'));
    }
    if (!accountMay(ctx.site, account, 'BROWSE_PROJECTS', issue.project)) {
        return answers.errors(account ? 400 : 404, say(me, 'watcher_missing', accountId));
    }
    issue.watchers = change(issue.watchers.filter((each) => each !== accountId));
    ctx.changed();
    return answers.empty(204);
}
