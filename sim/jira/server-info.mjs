// What a site tells about itself and its lists; all of it without signing in.

import * as answers from '../answers.mjs';
import { timeNow } from '../clock.mjs';
import { say } from '../texts.mjs';
import { visibleIssues } from './access.mjs';
import { byId, CATEGORIES, ISSUE_TYPES, PRIORITIES, RESOLUTIONS, STATUSES } from './catalog.mjs';
import { FIELDS } from './fields.mjs';
import * as params from './params.mjs';
import * as render from './render.mjs';

export function getServerInfo(ctx) {
    return answers.json(200, {
        baseUrl: ctx.siteBase,
        displayUrl: ctx.siteBase,
        displayUrlServicedeskHelpCenter: ctx.siteBase,
        version: '1001.0.0-SNAPSHOT',
        versionNumbers: [1001, 0, 0],
        deploymentType: 'Cloud',
        buildNumber: 100285,
        buildDate: '2026-09-21T03:04:05.000+0000',
        serverTime: render.time(timeNow()),
        scmInfo: '5d1f4c5e7a524d0e9b5b2c8f6a3e9d70aa11bb22',
        serverTitle: `${ctx.site.name} Jira (simulated)`,
        serverTimeZone: 'Europe/London',
    });
}

// A list of values, and one of them by its id.
function listOf(table, show) {
    return (ctx) => answers.json(200, table.map(({ id }) => show(ctx, id)));
}

function oneOf(what, table, show) {
    return (ctx) => {
        const found = byId(table, ctx.params[0]);
        if (found) return answers.json(200, show(ctx, found.id));
        return answers.errors(404, say(ctx.caller.account, 'value_missing', what, ctx.params[0]));
    };
}

function priority(ctx, id) {
    const { statusColor } = byId(PRIORITIES, id);
    return { ...render.priority(ctx, id), statusColor, description: '' };
}

export const listStatuses = listOf(STATUSES, render.status);
export const getStatus = oneOf('status', STATUSES, render.status);
export const listPriorities = listOf(PRIORITIES, priority);
export const getPriority = oneOf('priority', PRIORITIES, priority);
export const listIssueTypes = listOf(ISSUE_TYPES, render.issueType);
export const getIssueType = oneOf('issue type', ISSUE_TYPES, render.issueType);
export const listResolutions = listOf(RESOLUTIONS, render.resolution);

export function listCategories(ctx) {
    return answers.json(200, Object.keys(CATEGORIES).map((key) => render.category(ctx, key)));
}

/** A page of anything: `values` is the whole list. */
function page(ctx, values, maximum) {
    const { startAt, maxResults } = params.paging(ctx, maximum, maximum);
    return answers.json(200, { maxResults, startAt, total: values.length,
        isLast: startAt + maxResults >= values.length,
        values: values.slice(startAt, startAt + maxResults) });
}

export function searchPriorities(ctx) {
    return page(ctx, PRIORITIES.map(({ id }) => ({ ...priority(ctx, id), isDefault: id === '3' })),
        50);
}

export function listLabels(ctx) {
    return page(ctx, [...new Set(visibleIssues(ctx).flatMap(({ labels }) => labels))].sort(), 1000);
}

export function getConfiguration() {
    return answers.json(200, {
        votingEnabled: true, watchingEnabled: true, unassignedIssuesAllowed: true,
        subTasksEnabled: true, issueLinkingEnabled: true, timeTrackingEnabled: true,
        attachmentsEnabled: true,
        timeTrackingConfiguration: { workingHoursPerDay: 8, workingDaysPerWeek: 5,
            timeFormat: 'pretty', defaultUnit: 'minute' },
    });
}

// Fields that are shown but not set through the screens.
const READ_ONLY = [
    ['issuetype', 'Issue Type', 'issuetype'], ['project', 'Project', 'project'],
    ['status', 'Status', 'status'], ['resolution', 'Resolution', 'resolution'],
    ['created', 'Created', 'datetime'], ['updated', 'Updated', 'datetime'],
    ['resolutiondate', 'Resolved', 'datetime'], ['creator', 'Creator', 'user'],
    ['comment', 'Comment', 'comments-page'], ['subtasks', 'Sub-tasks', 'array'],
    ['issuelinks', 'Linked Issues', 'array'],
];

export function listFields(ctx) {
    const settable = FIELDS.map(({ id, name, schema }) => describe(id, name, schema));
    const readOnly = READ_ONLY.map(([id, name, type]) => {
        const items = type === 'array' ? { items: 'issuelinks' } : {};
        return describe(id, name, { type, ...items, system: id });
    });
    return answers.json(200, [...settable, ...readOnly]);
}

function describe(id, name, schema) {
    const custom = id.startsWith('customfield_');
    const clauseNames = custom ? [`cf[${schema.customId}]`, name] : [id];
    return { id, key: id, name, custom, orderable: true, navigable: true, searchable: true,
        clauseNames, schema };
}
