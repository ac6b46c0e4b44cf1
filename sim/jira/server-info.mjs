// What a site tells about itself and its lists; all of it without signing in.

import * as answers from '../answers.mjs';
import { timeNow } from '../clock.mjs';
import { ISSUE_TYPES, PRIORITIES, STATUSES } from './catalog.mjs';
import { FIELDS } from './fields.mjs';
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

export function listStatuses(ctx) {
    return answers.json(200, STATUSES.map(({ id }) => render.status(ctx, id)));
}

export function listPriorities(ctx) {
    return answers.json(200, PRIORITIES.map(({ id, statusColor }) =>
        ({ ...render.priority(ctx, id), statusColor, description: '' })));
}

export function listIssueTypes(ctx) {
    return answers.json(200, ISSUE_TYPES.map(({ id }) => render.issueType(ctx, id)));
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
