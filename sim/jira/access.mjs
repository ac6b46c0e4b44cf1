// What a caller may see and do on a site. Anonymous callers may do nothing in any project; an
// invisible project or issue is reported exactly like one that does not exist.

import * as answers from '../answers.mjs';
import { say } from '../texts.mjs';
import { ROLES } from './catalog.mjs';

export function may(ctx, permission, projectKey) {
    return accountMay(ctx.site, ctx.caller.account, permission, projectKey);
}

export function accountMay(site, account, permission, projectKey) {
    const role = account && site.members[account.email]?.[projectKey];
    return role !== undefined && role !== null && ROLES[role].includes(permission);
}

export function visibleProjects(ctx) {
    return ctx.site.projects.filter((project) => may(ctx, 'BROWSE_PROJECTS', project.key));
}

export function visibleIssues(ctx) {
    return ctx.site.issues.filter((issue) => may(ctx, 'BROWSE_PROJECTS', issue.project));
}

/** By id or key; null when missing or invisible. */
export function findProject(ctx, idOrKey) {
    const wanted = String(idOrKey);
    return visibleProjects(ctx).find((project) =>
        project.id === wanted || project.key === wanted.toUpperCase()) ?? null;
}

export function findIssue(ctx, idOrKey) {
    const wanted = String(idOrKey).toUpperCase();
    return visibleIssues(ctx).find((issue) => issue.id === wanted || issue.key === wanted) ?? null;
}

export function needIssue(ctx, idOrKey) {
    const issue = findIssue(ctx, idOrKey);
    if (issue) return issue;
    throw new answers.Refusal(
        answers.errors(404, say(ctx.caller.account, 'issue_missing')));
}

export function needPermission(ctx, permission, projectKey, status, textId) {
    if (may(ctx, permission, projectKey)) return;
    throw new answers.Refusal(answers.errors(status, say(ctx.caller.account, textId)));
}
