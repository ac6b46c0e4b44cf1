// Myself, users, and what one may do.

import { accountById } from '../accounts.mjs';
import * as answers from '../answers.mjs';
import { say } from '../texts.mjs';
import { accountMay, findIssue, findProject, may, visibleProjects } from './access.mjs';
import { PERMISSION_NAMES } from './catalog.mjs';
import * as params from './params.mjs';
import * as render from './render.mjs';

export function getMyself(ctx) {
    const account = ctx.caller.account;
    const expanded = (ctx.query.get('expand') ?? '').split(',');
    const empty = { size: 0, items: [] };
    return answers.json(200, {
        ...render.user(ctx, account),
        locale: account.locale,
        groups: expanded.includes('groups') ? { size: 1, items: [userGroup(ctx)] } : empty,
        applicationRoles: expanded.includes('applicationRoles')
            ? { size: 1, items: [{ key: 'jira-software', name: 'Jira' }] } : empty,
        expand: 'groups,applicationRoles',
    });
}

function userGroup(ctx) {
    const name = `jira-users-${ctx.site.id}`;
    const groupId = `${ctx.site.cloudId.slice(0, 24)}00000000cafe`;
    return { name, groupId, self: render.api(ctx, `/group?groupId=${groupId}`) };
}

export function getUser(ctx) {
    const account = accountById(ctx.data, ctx.query.get('accountId'));
    const text = say(ctx.caller.account, 'user_missing');
    if (!ctx.caller.account) return answers.errors(401, text);
    if (!account || !ctx.site.members[account.email]) return answers.errors(404, text);
    return answers.json(200, {
        ...render.user(ctx, account),
        groups: { size: 0, items: [] },
        applicationRoles: { size: 0, items: [] },
        expand: 'groups,applicationRoles',
    });
}

/** Anonymous callers get an empty list. */
export function searchUsers(ctx) {
    const { startAt, maxResults } = params.paging(ctx, 50, 1000);
    const query = ctx.query.get('query');
    const accountId = ctx.query.get('accountId');
    if (query === null && accountId === null && ctx.query.get('property') === null) {
        return answers.errors(400, say(ctx.caller.account, 'user_query'));
    }
    if (!ctx.caller.account) return answers.json(200, []);
    const found = siteAccounts(ctx).filter((account) => (accountId === null
        ? matchesUser(account, query ?? '') : account.accountId === accountId));
    return answers.json(200, found.slice(startAt, startAt + maxResults)
        .map((account) => render.user(ctx, account)));
}

/** Everybody on the site. */
export function listUsers(ctx) {
    const { startAt, maxResults } = params.paging(ctx, 50, 1000);
    const found = ctx.caller.account ? siteAccounts(ctx) : [];
    return answers.json(200, found.slice(startAt, startAt + maxResults)
        .map((account) => render.user(ctx, account)));
}

/** For a field that suggests names while one types; the match is marked in `html`. */
export function pickUsers(ctx) {
    const query = ctx.query.get('query');
    if (query === null) return answers.errors(400, say(ctx.caller.account, 'user_query'));
    const maxResults = Math.min(1000, Math.max(1, params.integer(ctx, 'maxResults', 50)));
    const found = ctx.caller.account
        ? siteAccounts(ctx).filter((account) => matchesUser(account, query)) : [];
    const users = found.slice(0, maxResults).map((account) => pickedUser(ctx, account, query));
    return answers.json(200, { users, total: found.length,
        header: `Showing ${users.length} of ${found.length} matching users` });
}

function pickedUser(ctx, account, query) {
    const { name } = account;
    const at = query === '' ? -1 : name.toLowerCase().indexOf(query.toLowerCase());
    const end = at + query.length;
    const html = at < 0 ? name
        : `${name.slice(0, at)}<strong>${name.slice(at, end)}</strong>${name.slice(end)}`;
    const { accountId, accountType } = render.user(ctx, account);
    return { accountId, accountType, html, displayName: account.name };
}

export function searchAssignable(ctx) {
    const { startAt, maxResults } = params.paging(ctx, 50, 1000);
    const project = assignableProject(ctx);
    if (!project) {
        const wanted = ctx.query.get('project') ?? '';
        return answers.errors(404, say(ctx.caller.account, 'project_missing', wanted));
    }
    const query = ctx.query.get('query') ?? '';
    const page = siteAccounts(ctx).slice(startAt, startAt + maxResults);
    return answers.json(200, page
        .filter((each) => accountMay(ctx.site, each, 'ASSIGNABLE_USER', project))
        .filter((each) => matchesUser(each, query))
        .map((each) => render.user(ctx, each)));
}

function assignableProject(ctx) {
    const issue = ctx.query.get('issueKey') ?? ctx.query.get('issueId');
    if (issue !== null) return findIssue(ctx, issue)?.project ?? null;
    return findProject(ctx, ctx.query.get('project') ?? '')?.key ?? null;
}

function siteAccounts(ctx) {
    return ctx.data.accounts.filter((account) => account.active &&
        ctx.site.members[account.email]);
}

function matchesUser(account, query) {
    const wanted = query.toLowerCase();
    const words = account.name.toLowerCase().split(/\s+/);
    return account.name.toLowerCase().startsWith(wanted) ||
        words.some((word) => word.startsWith(wanted)) || account.email.startsWith(wanted);
}

export function myPermissions(ctx) {
    const wanted = params.list(ctx, 'permissions');
    if (wanted.length === 0) {
        return answers.errors(400, say(ctx.caller.account, 'permissions_missing'));
    }
    const unknown = wanted.filter((key) => !PERMISSION_NAMES[key]);
    if (unknown.length > 0) {
        return answers.errors(400, say(ctx.caller.account, 'permissions_unknown', unknown.join(', ')));
    }
    const keys = permissionProjects(ctx);
    if (keys === null) return answers.errors(404, missingPlace(ctx));
    const entries = wanted.map((key) => [key, {
        id: String(Object.keys(PERMISSION_NAMES).indexOf(key) + 10),
        key,
        name: PERMISSION_NAMES[key],
        type: 'PROJECT',
        description: '',
        havePermission: keys.some((project) => may(ctx, key, project)),
    }]);
    return answers.json(200, { permissions: Object.fromEntries(entries) });
}

function missingPlace(ctx) {
    const { account } = ctx.caller;
    const project = ctx.query.get('projectId') ?? ctx.query.get('projectKey');
    return project === null ? say(account, 'issue_missing')
        : say(account, 'project_missing', project);
}

/** The projects in question: the named one, the named issue's, or all that are visible. Null when
 *  the named one is not visible. */
function permissionProjects(ctx) {
    const project = ctx.query.get('projectId') ?? ctx.query.get('projectKey');
    const issue = ctx.query.get('issueId') ?? ctx.query.get('issueKey');
    const named = issue !== null ? findIssue(ctx, issue)?.project
        : project !== null ? findProject(ctx, project)?.key : undefined;
    if (issue !== null || project !== null) return named === undefined ? null : [named];
    return visibleProjects(ctx).map((each) => each.key);
}
