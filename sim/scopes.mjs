// The scopes there are, and what a scoped token must hold for each operation, as Atlassian's
// OpenAPI file states it: the classic scope, or every one of the granular scopes. Scopes matter
// only on the gateway.

export const CLASSIC_SCOPES = ['read:jira-work', 'write:jira-work', 'read:jira-user',
    'manage:jira-project', 'manage:jira-configuration', 'manage:jira-webhook'];

// For OAuth apps only: the User identity API, and as much of Confluence as shows that there are
// other products. `offline_access` belongs to no API: it is asked for, never ticked.
export const IDENTITY_SCOPES = ['read:me'];
export const CONFLUENCE_SCOPES = ['read:confluence-space.summary', 'read:confluence-content.all',
    'search:confluence'];

const TITLES = {
    'read:jira-work': 'View Jira issue data',
    'write:jira-work': 'Create and manage issues',
    'read:jira-user': 'View user profiles',
    'manage:jira-project': 'Manage project settings',
    'manage:jira-configuration': 'Manage Jira global settings',
    'manage:jira-webhook': 'Manage Jira webhooks',
    'read:me': 'View active user profile',
    'read:confluence-space.summary': 'Read Confluence space summary',
    'read:confluence-content.all': 'Read Confluence detailed content',
    'search:confluence': 'Search Confluence content and space summaries',
};

/** What the consent page calls it; granular scopes are shown as they are. */
export function titleOf(scope) {
    return TITLES[scope] ?? scope;
}

/** 'jira', 'confluence', or null for what needs no site. */
export function productOf(scope) {
    if (CONFLUENCE_SCOPES.includes(scope)) return 'confluence';
    return IDENTITY_SCOPES.includes(scope) || scope === 'offline_access' ? null : 'jira';
}

const NEEDED = {
    'GET /myself': [
        ['read:jira-user'],
        ['read:application-role:jira', 'read:avatar:jira', 'read:group:jira', 'read:user:jira'],
    ],
    'GET /serverInfo': [
        [],
        [],
    ],
    'GET /project/search': [
        ['read:jira-work'],
        ['read:application-role:jira', 'read:avatar:jira', 'read:group:jira',
            'read:issue-type-hierarchy:jira', 'read:issue-type:jira',
            'read:project-category:jira', 'read:project-version:jira',
            'read:project.component:jira', 'read:project.property:jira', 'read:project:jira',
            'read:user:jira'],
    ],
    'GET /project/{}': [
        ['read:jira-work'],
        ['read:application-role:jira', 'read:avatar:jira', 'read:group:jira',
            'read:issue-type-hierarchy:jira', 'read:issue-type:jira',
            'read:project-category:jira', 'read:project-version:jira',
            'read:project.component:jira', 'read:project.property:jira', 'read:project:jira',
            'read:user:jira'],
    ],
    'GET /issue/createmeta/{}/issuetypes': [
        ['read:jira-work'],
        ['read:avatar:jira', 'read:field-configuration:jira', 'read:issue-meta:jira'],
    ],
    'GET /issue/createmeta/{}/issuetypes/{}': [
        ['read:jira-work'],
        ['read:avatar:jira', 'read:field-configuration:jira', 'read:issue-meta:jira'],
    ],
    'POST /issue': [
        ['write:jira-work'],
        ['read:issue:jira', 'write:attachment:jira', 'write:comment.property:jira',
            'write:comment:jira', 'write:issue:jira'],
    ],
    'GET /issue/{}': [
        ['read:jira-work'],
        ['read:avatar:jira', 'read:field-configuration:jira', 'read:issue-meta:jira',
            'read:issue-security-level:jira', 'read:issue.changelog:jira',
            'read:issue.vote:jira', 'read:issue:jira', 'read:status:jira', 'read:user:jira'],
    ],
    'PUT /issue/{}': [
        ['write:jira-work'],
        ['write:issue:jira'],
    ],
    'DELETE /issue/{}': [
        ['write:jira-work'],
        ['delete:issue:jira'],
    ],
    'PUT /issue/{}/assignee': [
        ['write:jira-work'],
        ['write:issue:jira'],
    ],
    'GET /issue/{}/comment': [
        ['read:jira-work'],
        ['read:avatar:jira', 'read:comment.property:jira', 'read:comment:jira',
            'read:group:jira', 'read:project-role:jira', 'read:project:jira', 'read:user:jira'],
    ],
    'POST /issue/{}/comment': [
        ['write:jira-work'],
        ['read:avatar:jira', 'read:comment.property:jira', 'read:comment:jira',
            'read:group:jira', 'read:project-role:jira', 'read:project:jira', 'read:user:jira',
            'write:comment:jira'],
    ],
    'GET /issue/{}/transitions': [
        ['read:jira-work'],
        ['read:field-configuration:jira', 'read:issue.transition:jira', 'read:status:jira'],
    ],
    'POST /issue/{}/transitions': [
        ['write:jira-work'],
        ['write:issue.property:jira', 'write:issue:jira'],
    ],
    'POST /issue/{}/worklog': [
        ['write:jira-work'],
        ['read:avatar:jira', 'read:group:jira', 'read:issue-worklog.property:jira',
            'read:issue-worklog:jira', 'read:project-role:jira', 'read:user:jira',
            'write:issue-worklog.property:jira', 'write:issue-worklog:jira'],
    ],
    'POST /issueLink': [
        ['write:jira-work'],
        ['write:comment:jira', 'write:issue-link:jira', 'write:issue:jira'],
    ],
    'GET /issueLinkType': [
        ['read:jira-work'],
        ['read:issue-link-type:jira'],
    ],
    'GET /search/jql': [
        ['read:jira-work'],
        ['read:audit-log:jira', 'read:avatar:jira', 'read:field-configuration:jira',
            'read:issue-details:jira', 'read:issue-meta:jira'],
    ],
    'POST /search/jql': [
        ['read:jira-work'],
        ['read:field.default-value:jira', 'read:field.option:jira', 'read:field:jira',
            'read:group:jira', 'read:issue-details:jira'],
    ],
    'GET /search': [['read:jira-work'], []],
    'POST /search': [['read:jira-work'], []],
    'POST /search/approximate-count': [
        ['read:jira-work'],
        ['read:field.default-value:jira', 'read:field.option:jira', 'read:field:jira',
            'read:group:jira', 'read:issue-details:jira'],
    ],
    'GET /user': [
        ['read:jira-user'],
        ['read:application-role:jira', 'read:avatar:jira', 'read:group:jira', 'read:user:jira'],
    ],
    'GET /user/search': [
        ['read:jira-user'],
        ['read:application-role:jira', 'read:avatar:jira', 'read:group:jira',
            'read:user.property:jira', 'read:user:jira'],
    ],
    'GET /user/assignable/search': [
        ['read:jira-user'],
        ['read:application-role:jira', 'read:avatar:jira', 'read:group:jira', 'read:issue:jira',
            'read:project:jira', 'read:user:jira'],
    ],
    'GET /field': [
        ['read:jira-work'],
        ['read:avatar:jira', 'read:field-configuration:jira', 'read:field:jira',
            'read:project-category:jira', 'read:project:jira'],
    ],
    'GET /priority': [
        ['read:jira-work'],
        ['read:priority:jira'],
    ],
    'GET /status': [
        ['read:jira-work'],
        ['read:status:jira'],
    ],
    'GET /issuetype': [
        ['read:jira-work'],
        ['read:avatar:jira', 'read:issue-type:jira', 'read:project-category:jira',
            'read:project:jira'],
    ],
    'GET /mypermissions': [
        ['read:jira-work'],
        ['read:permission:jira'],
    ],
    'GET /issue/{}/comment/{}': [
        ['read:jira-work'],
        ['read:avatar:jira', 'read:comment.property:jira', 'read:comment:jira', 'read:group:jira',
            'read:project-role:jira', 'read:project:jira', 'read:user:jira'],
    ],
    'PUT /issue/{}/comment/{}': [
        ['write:jira-work'],
        ['read:avatar:jira', 'read:comment.property:jira', 'read:comment:jira', 'read:group:jira',
            'read:project-role:jira', 'read:project:jira', 'read:user:jira', 'write:comment:jira'],
    ],
    'DELETE /issue/{}/comment/{}': [
        ['write:jira-work'],
        ['delete:comment.property:jira', 'delete:comment:jira'],
    ],
    'GET /issue/{}/worklog': [
        ['read:jira-work'],
        ['read:avatar:jira', 'read:group:jira', 'read:issue-worklog.property:jira',
            'read:issue-worklog:jira', 'read:project-role:jira', 'read:user:jira'],
    ],
    'GET /issue/{}/worklog/{}': [
        ['read:jira-work'],
        ['read:avatar:jira', 'read:comment:jira', 'read:group:jira',
            'read:issue-worklog.property:jira', 'read:issue-worklog:jira',
            'read:project-role:jira', 'read:user:jira'],
    ],
    'PUT /issue/{}/worklog/{}': [
        ['write:jira-work'],
        ['read:avatar:jira', 'read:comment:jira', 'read:group:jira',
            'read:issue-worklog.property:jira', 'read:issue-worklog:jira',
            'read:project-role:jira', 'read:user:jira', 'write:comment:jira',
            'write:issue-worklog.property:jira', 'write:issue-worklog:jira'],
    ],
    'DELETE /issue/{}/worklog/{}': [
        ['write:jira-work'],
        ['delete:issue-worklog.property:jira', 'delete:issue-worklog:jira',
            'write:issue.time-tracking:jira'],
    ],
    'POST /issue/{}/attachments': [
        ['write:jira-work'],
        ['read:attachment:jira', 'read:avatar:jira', 'read:user:jira', 'write:attachment:jira'],
    ],
    'GET /attachment/meta': [
        ['read:jira-work'],
        ['read:instance-configuration:jira'],
    ],
    'GET /attachment/{}': [
        ['read:jira-work'],
        ['read:application-role:jira', 'read:attachment:jira', 'read:avatar:jira',
            'read:group:jira', 'read:user:jira'],
    ],
    'DELETE /attachment/{}': [
        ['write:jira-work'],
        ['delete:attachment:jira'],
    ],
    'GET /attachment/content/{}': [
        ['read:jira-work'],
        ['read:attachment:jira'],
    ],
    'GET /attachment/thumbnail/{}': [
        ['read:jira-work'],
        ['read:attachment:jira'],
    ],
    'GET /user/picker': [
        ['read:jira-user'],
        ['read:user:jira'],
    ],
    'GET /users/search': [
        ['read:jira-user'],
        ['read:application-role:jira', 'read:avatar:jira', 'read:group:jira', 'read:user:jira'],
    ],
    'GET /issue/createmeta': [
        ['read:jira-work'],
        ['read:avatar:jira', 'read:field-configuration:jira', 'read:issue-meta:jira'],
    ],
    'GET /issue/{}/editmeta': [
        ['read:jira-work'],
        ['read:field-configuration:jira', 'read:issue-meta:jira'],
    ],
    'POST /issue/bulk': [
        ['write:jira-work'],
        ['read:issue:jira', 'write:attachment:jira', 'write:comment.property:jira',
            'write:comment:jira', 'write:issue:jira'],
    ],
    'POST /issue/bulkfetch': [
        ['read:jira-work'],
        ['read:avatar:jira', 'read:field-configuration:jira', 'read:issue-meta:jira',
            'read:issue-security-level:jira', 'read:issue.changelog:jira', 'read:issue.vote:jira',
            'read:issue:jira', 'read:status:jira', 'read:user:jira'],
    ],
    'GET /issueLink/{}': [
        ['read:jira-work'],
        ['read:avatar:jira', 'read:field:jira', 'read:issue-link-type:jira',
            'read:issue-type:jira', 'read:issue.time-tracking:jira', 'read:issue:jira',
            'read:priority:jira', 'read:project-category:jira', 'read:project:jira',
            'read:status:jira', 'read:user:jira'],
    ],
    'DELETE /issueLink/{}': [
        ['write:jira-work'],
        ['delete:issue-link:jira'],
    ],
    'GET /issueLinkType/{}': [
        ['read:jira-work'],
        ['read:issue-link-type:jira'],
    ],
    'GET /issue/{}/watchers': [
        ['read:jira-work'],
        ['read:avatar:jira', 'read:issue.watcher:jira', 'read:user:jira'],
    ],
    'POST /issue/{}/watchers': [
        ['write:jira-work'],
        ['write:issue.watcher:jira'],
    ],
    'DELETE /issue/{}/watchers': [
        ['write:jira-work'],
        ['write:issue.watcher:jira'],
    ],
    'GET /priority/search': [['manage:jira-configuration'], []],
    'GET /priority/{}': [
        ['read:jira-work'],
        ['read:priority:jira'],
    ],
    'GET /status/{}': [
        ['read:jira-work'],
        ['read:status:jira'],
    ],
    'GET /statuscategory': [
        ['read:jira-work'],
        ['read:status:jira'],
    ],
    'GET /issuetype/{}': [
        ['read:jira-work'],
        ['read:avatar:jira', 'read:issue-type:jira', 'read:project-category:jira',
            'read:project:jira'],
    ],
    'GET /resolution': [
        ['read:jira-work'],
        ['read:resolution:jira'],
    ],
    'GET /project': [
        ['read:jira-work'],
        ['read:application-role:jira', 'read:avatar:jira', 'read:group:jira',
            'read:issue-type-hierarchy:jira', 'read:issue-type:jira',
            'read:project-category:jira', 'read:project-version:jira',
            'read:project.component:jira', 'read:project.property:jira', 'read:project:jira',
            'read:user:jira'],
    ],
    'GET /project/{}/statuses': [
        ['read:jira-work'],
        ['read:issue-status:jira', 'read:issue-type:jira', 'read:status:jira'],
    ],
    'GET /project/{}/components': [
        ['read:jira-work'],
        ['read:application-role:jira', 'read:avatar:jira', 'read:group:jira',
            'read:project.component:jira', 'read:project:jira', 'read:user:jira'],
    ],
    'GET /project/{}/versions': [
        ['read:jira-work'],
        ['read:project-version:jira'],
    ],
    'GET /label': [
        ['read:jira-work'],
        ['read:label:jira'],
    ],
    'GET /configuration': [
        ['read:jira-user'],
        ['read:instance-configuration:jira', 'read:issue.time-tracking:jira'],
    ],
};

export const GRANULAR_SCOPES = [...new Set(
    Object.values(NEEDED).flatMap(([, granular]) => granular))].sort();

/** `operation` is a method and a path whose parameters are written `{}`. */
export function scopesSuffice(operation, held) {
    const needed = NEEDED[operation];
    return needed !== undefined && needed.some((scopes, index) =>
        (index === 0 || scopes.length > 0) && scopes.every((scope) => held.includes(scope)));
}
