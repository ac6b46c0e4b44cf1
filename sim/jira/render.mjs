// The site's records as Jira's JSON. Every `self` begins with the base that the caller used
// for REST: the site's address, or the gateway's when the call came through the gateway.

import { accountByEmail, accountById } from '../accounts.mjs';
import { adfToText } from '../adf.mjs';
import * as catalog from './catalog.mjs';

export function api(ctx, path) {
    return `${ctx.base}/rest/api/${ctx.version}${path}`;
}

/** Jira's own form of a time: milliseconds and an offset without a colon. */
export function time(ms) {
    return ms === null ? null : new Date(ms).toISOString().replace('Z', '+0000');
}

function avatars(ctx, path) {
    const sizes = ['48x48', '24x24', '16x16', '32x32'];
    const url = (size) => `${ctx.base}${path}?size=${size.split('x')[0]}`;
    return Object.fromEntries(sizes.map((size) => [size, url(size)]));
}

/** A user as others see them; the e-mail address only when their profile shows it. */
export function user(ctx, account) {
    if (!account) return null;
    const showsEmail = account.emailVisible || account === ctx.caller.account;
    return {
        self: api(ctx, `/user?accountId=${encodeURIComponent(account.accountId)}`),
        accountId: account.accountId,
        ...(showsEmail ? { emailAddress: account.email } : {}),
        avatarUrls: avatars(ctx, `/avatar/${encodeURIComponent(account.accountId)}`),
        displayName: account.name,
        active: account.active,
        timeZone: account.timeZone,
        accountType: 'atlassian',
    };
}

function userById(ctx, accountId) {
    return accountId === null ? null : user(ctx, accountById(ctx.data, accountId));
}

export function category(ctx, key) {
    const found = catalog.CATEGORIES[key];
    return { self: api(ctx, `/statuscategory/${found.id}`), ...found };
}

export function status(ctx, id) {
    const { name, description, category: key } = catalog.byId(catalog.STATUSES, id);
    return {
        self: api(ctx, `/status/${id}`),
        description,
        iconUrl: `${ctx.base}/images/icons/statuses/generic.png`,
        name,
        id,
        statusCategory: category(ctx, key),
    };
}

export function priority(ctx, id) {
    const { name } = catalog.byId(catalog.PRIORITIES, id);
    const iconUrl = `${ctx.base}/images/icons/priorities/${name.toLowerCase()}_new.svg`;
    return { self: api(ctx, `/priority/${id}`), iconUrl, name, id };
}

export function issueType(ctx, id) {
    const type = catalog.byId(catalog.ISSUE_TYPES, id);
    return {
        self: api(ctx, `/issuetype/${id}`),
        id,
        description: type.description,
        iconUrl: `${ctx.base}/images/issuetypes/${type.avatarId}.svg`,
        name: type.name,
        subtask: type.subtask,
        avatarId: type.avatarId,
        hierarchyLevel: type.hierarchyLevel,
    };
}

export function project(ctx, found) {
    return {
        self: api(ctx, `/project/${found.id}`),
        id: found.id,
        key: found.key,
        name: found.name,
        projectTypeKey: found.kind,
        simplified: false,
        style: 'classic',
        isPrivate: false,
        avatarUrls: avatars(ctx, `/avatar/project/${found.id}`),
    };
}

export function projectDetails(ctx, found) {
    return {
        expand: 'description,lead,issueTypes,url,projectKeys,permissions,insight',
        ...project(ctx, found),
        description: found.description,
        lead: user(ctx, accountByEmail(ctx.data, found.lead)),
        components: [],
        issueTypes: catalog.typesOf(found).map((type) => issueType(ctx, type.id)),
        assigneeType: 'UNASSIGNED',
        versions: [],
        roles: {},
        properties: {},
    };
}

/** Rich text is a document in v3 and plain text in v2. */
export function richText(ctx, adf) {
    if (adf === null) return null;
    return ctx.version === '3' ? adf : adfToText(adf);
}

export function comment(ctx, issue, found) {
    const author = userById(ctx, found.author);
    return {
        self: api(ctx, `/issue/${issue.id}/comment/${found.id}`),
        id: found.id,
        author,
        body: richText(ctx, found.body),
        updateAuthor: userById(ctx, found.updateAuthor ?? found.author),
        created: time(found.created),
        updated: time(found.updated),
        jsdPublic: true,
    };
}

export function commentPage(ctx, issue, startAt, maxResults, comments) {
    return {
        startAt,
        maxResults,
        total: issue.comments.length,
        comments: comments.map((each) => comment(ctx, issue, each)),
    };
}

/** "1w 2d 3h 30m": a day has eight hours and a week five days, as on a new site. */
function duration(seconds) {
    let left = Math.max(1, Math.round(seconds / 60));
    const parts = [];
    for (const [unit, minutes] of [['w', 2400], ['d', 480], ['h', 60], ['m', 1]]) {
        const n = Math.floor(left / minutes);
        if (n) parts.push(`${n}${unit}`);
        left -= n * minutes;
    }
    return parts.join(' ');
}

export function worklog(ctx, issue, found) {
    const author = userById(ctx, found.author);
    return {
        self: api(ctx, `/issue/${issue.id}/worklog/${found.id}`),
        author,
        updateAuthor: author,
        ...(found.comment ? { comment: richText(ctx, found.comment) } : {}),
        created: time(found.created),
        updated: time(found.updated ?? found.created),
        started: time(found.started),
        timeSpent: duration(found.seconds),
        timeSpentSeconds: found.seconds,
        id: found.id,
        issueId: issue.id,
    };
}

function brief(ctx, key) {
    const issue = ctx.site.issues.find((each) => each.key === key);
    if (!issue) return null;
    return {
        id: issue.id,
        key: issue.key,
        self: api(ctx, `/issue/${issue.id}`),
        fields: {
            summary: issue.summary,
            status: status(ctx, issue.status),
            priority: priority(ctx, issue.priority),
            issuetype: issueType(ctx, issue.type),
        },
    };
}

export function linkType(ctx, id) {
    return { ...catalog.byId(catalog.LINK_TYPES, id), self: api(ctx, `/issueLinkType/${id}`) };
}

/** A link as it stands at one of its issues: the other one only. */
function link(ctx, found) {
    return {
        id: found.id,
        self: api(ctx, `/issueLink/${found.id}`),
        type: linkType(ctx, found.type),
        [found.direction]: brief(ctx, found.key),
    };
}

export function wholeLink(ctx, found, from, to) {
    const shown = link(ctx, found);
    return { ...shown, inwardIssue: brief(ctx, from.key), outwardIssue: brief(ctx, to.key) };
}

export function watches(ctx, issue) {
    return {
        self: api(ctx, `/issue/${issue.key}/watchers`),
        watchCount: issue.watchers.length,
        isWatching: issue.watchers.includes(ctx.caller.account?.accountId),
    };
}

/** Only pictures have one. */
export function hasThumbnail({ mimeType }) {
    return mimeType.startsWith('image/');
}

/** `content` and `thumbnail` name the site's host, whichever way the call came. */
export function attachment(ctx, found) {
    const { id, filename, size, mimeType } = found;
    const onSite = { ...ctx, base: ctx.contentBase };
    return {
        self: api(ctx, `/attachment/${id}`),
        id,
        filename,
        author: userById(ctx, found.author),
        created: time(found.created),
        size,
        mimeType,
        content: api(onSite, `/attachment/content/${id}`),
        ...(hasThumbnail(found) ? { thumbnail: api(onSite, `/attachment/thumbnail/${id}`) } : {}),
    };
}

function option(ctx, id) {
    const found = catalog.byId(catalog.DEPARTMENTS, id);
    return found && { self: api(ctx, `/customFieldOption/${id}`), value: found.value, id };
}

export function resolution(ctx, id) {
    const found = catalog.byId(catalog.RESOLUTIONS, id);
    return found && { self: api(ctx, `/resolution/${id}`), ...found };
}

// How each field of an issue is shown, in the order in which Jira's answers are built.
const FIELDS = {
    statuscategorychangedate: (ctx, issue) => time(issue.updated),
    issuetype: (ctx, issue) => issueType(ctx, issue.type),
    parent: (ctx, issue) => (issue.parent ? brief(ctx, issue.parent) : undefined),
    project: (ctx, issue) =>
        project(ctx, ctx.site.projects.find((each) => each.key === issue.project)),
    fixVersions: () => [],
    resolution: (ctx, issue) => issue.resolution && resolution(ctx, issue.resolution),
    resolutiondate: (ctx, issue) => time(issue.resolved),
    created: (ctx, issue) => time(issue.created),
    updated: (ctx, issue) => time(issue.updated),
    priority: (ctx, issue) => priority(ctx, issue.priority),
    labels: (ctx, issue) => issue.labels,
    assignee: (ctx, issue) => userById(ctx, issue.assignee),
    status: (ctx, issue) => status(ctx, issue.status),
    components: () => [],
    description: (ctx, issue) => richText(ctx, issue.description),
    environment: (ctx, issue) => richText(ctx, issue.environment),
    summary: (ctx, issue) => issue.summary,
    creator: (ctx, issue) => userById(ctx, issue.creator),
    reporter: (ctx, issue) => userById(ctx, issue.reporter),
    duedate: (ctx, issue) => issue.duedate,
    subtasks: (ctx, issue) => ctx.site.issues
        .filter((each) => each.parent === issue.key && each.type === '10003')
        .map((each) => brief(ctx, each.key)),
    issuelinks: (ctx, issue) => issue.links.map((each) => link(ctx, each)),
    watches: (ctx, issue) => watches(ctx, issue),
    attachment: (ctx, issue) => issue.attachments.map((each) => attachment(ctx, each)),
    worklog: (ctx, issue) => ({
        startAt: 0, maxResults: 20, total: issue.worklogs.length,
        worklogs: issue.worklogs.map((each) => worklog(ctx, issue, each)),
    }),
    comment: (ctx, issue) => ({
        ...commentPage(ctx, issue, 0, issue.comments.length, issue.comments),
        self: api(ctx, `/issue/${issue.id}/comment`),
    }),
    customfield_10016: (ctx, issue) => issue.points,
    customfield_10031: (ctx, issue) => issue.department && option(ctx, issue.department),
    customfield_10032: (ctx, issue) => richText(ctx, issue.notes),
};

const NOT_NAVIGABLE = ['comment', 'worklog', 'attachment'];

/** The ids of the wanted fields; `wanted` holds names, `*all`, `*navigable` and `-name`. */
function chooseFields(wanted) {
    const all = Object.keys(FIELDS);
    const chosen = new Set();
    for (const name of wanted) {
        if (name === '*all') all.forEach((each) => chosen.add(each));
        else if (name === '*navigable') {
            all.filter((each) => !NOT_NAVIGABLE.includes(each)).forEach((each) => chosen.add(each));
        } else if (!name.startsWith('-')) chosen.add(name);
    }
    if (wanted.length && wanted.every((name) => name.startsWith('-'))) {
        all.forEach((each) => chosen.add(each));
    }
    for (const name of wanted) if (name.startsWith('-')) chosen.delete(name.slice(1));
    return all.filter((each) => chosen.has(each));
}

/** An issue with the wanted fields. A search that asks for `id` alone gets nothing but the id. */
export function issue(ctx, found, wanted) {
    if (wanted.length === 1 && wanted[0] === 'id') return { id: found.id };
    const fields = {};
    for (const name of chooseFields(wanted)) fields[name] = FIELDS[name](ctx, found);
    return {
        expand: 'renderedFields,names,schema,operations,editmeta,changelog,' +
            'versionedRepresentations',
        id: found.id,
        self: api(ctx, `/issue/${found.id}`),
        key: found.key,
        fields,
    };
}

export { FIELDS as RENDERED_FIELDS };
