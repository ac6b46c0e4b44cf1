// What is the same on every simulated site: statuses, the workflow, priorities, issue types,
// link types, options and permissions. Plain tables.

export const CATEGORIES = {
    new: { id: 2, key: 'new', colorName: 'blue-gray', name: 'To Do' },
    indeterminate: { id: 4, key: 'indeterminate', colorName: 'yellow', name: 'In Progress' },
    done: { id: 3, key: 'done', colorName: 'green', name: 'Done' },
};

export const STATUSES = [
    { id: '10000', name: 'To Do', category: 'new', description: '' },
    { id: '3', name: 'In Progress', category: 'indeterminate',
      description: 'This work item is being actively worked on at the moment by the assignee.' },
    { id: '10001', name: 'In Review', category: 'indeterminate', description: '' },
    { id: '10002', name: 'Done', category: 'done', description: '' },
];

// from: the statuses in which a transition may be used.
export const TRANSITIONS = [
    { id: '11', name: 'To Do', to: '10000', from: ['3', '10002'] },
    { id: '21', name: 'In Progress', to: '3', from: ['10000', '10001'] },
    { id: '31', name: 'In Review', to: '10001', from: ['3'] },
    { id: '41', name: 'Done', to: '10002', from: ['3', '10001'] },
];

export const PRIORITIES = [
    { id: '1', name: 'Highest', statusColor: '#d04437' },
    { id: '2', name: 'High', statusColor: '#f15C75' },
    { id: '3', name: 'Medium', statusColor: '#f79232' },
    { id: '4', name: 'Low', statusColor: '#707070' },
    { id: '5', name: 'Lowest', statusColor: '#999999' },
];

export const ISSUE_TYPES = [
    { id: '10000', name: 'Epic', subtask: false, hierarchyLevel: 1, avatarId: 10307,
      description: 'Tracks a collection of related bugs, stories, and tasks.' },
    { id: '10001', name: 'Story', subtask: false, hierarchyLevel: 0, avatarId: 10315,
      description: 'Functionality or a feature expressed as a user goal.' },
    { id: '10002', name: 'Task', subtask: false, hierarchyLevel: 0, avatarId: 10318,
      description: 'A small, distinct piece of work.' },
    { id: '10003', name: 'Subtask', subtask: true, hierarchyLevel: -1, avatarId: 10316,
      description: 'A small piece of work that is part of a larger task.' },
    { id: '10004', name: 'Bug', subtask: false, hierarchyLevel: 0, avatarId: 10303,
      description: 'A problem or error.' },
];

const BUSINESS_TYPES = ['10002', '10003'];

export const RESOLUTIONS = [
    { id: '10000', name: 'Done', description: 'Work has been completed on this item.' },
];

export const LINK_TYPES = [
    { id: '10000', name: 'Blocks', inward: 'is blocked by', outward: 'blocks' },
    { id: '10001', name: 'Cloners', inward: 'is cloned by', outward: 'clones' },
    { id: '10002', name: 'Duplicate', inward: 'is duplicated by', outward: 'duplicates' },
    { id: '10003', name: 'Relates', inward: 'relates to', outward: 'relates to' },
];

export const DEPARTMENTS = [
    { id: '10100', value: 'Sales' },
    { id: '10101', value: 'Engineering' },
    { id: '10102', value: 'Finance' },
];

const OWN = ['EDIT_OWN_COMMENTS', 'DELETE_OWN_COMMENTS', 'EDIT_OWN_WORKLOGS',
    'DELETE_OWN_WORKLOGS', 'CREATE_ATTACHMENTS', 'DELETE_OWN_ATTACHMENTS'];

// What each role in a project may do, by Jira's permission keys.
export const ROLES = {
    reader: ['BROWSE_PROJECTS'],
    member: ['BROWSE_PROJECTS', 'CREATE_ISSUES', 'EDIT_ISSUES', 'ADD_COMMENTS',
        'TRANSITION_ISSUES', 'ASSIGN_ISSUES', 'ASSIGNABLE_USER', 'LINK_ISSUES',
        'WORK_ON_ISSUES', ...OWN],
    admin: ['BROWSE_PROJECTS', 'CREATE_ISSUES', 'EDIT_ISSUES', 'ADD_COMMENTS',
        'TRANSITION_ISSUES', 'ASSIGN_ISSUES', 'ASSIGNABLE_USER', 'LINK_ISSUES',
        'WORK_ON_ISSUES', 'MODIFY_REPORTER', 'DELETE_ISSUES', 'ADMINISTER_PROJECTS', ...OWN,
        'EDIT_ALL_COMMENTS', 'DELETE_ALL_COMMENTS', 'EDIT_ALL_WORKLOGS', 'DELETE_ALL_WORKLOGS',
        'DELETE_ALL_ATTACHMENTS', 'MANAGE_WATCHERS', 'VIEW_VOTERS_AND_WATCHERS'],
};

export const PERMISSION_NAMES = {
    __proto__: null,
    BROWSE_PROJECTS: 'Browse Projects',
    CREATE_ISSUES: 'Create Issues',
    EDIT_ISSUES: 'Edit Issues',
    ADD_COMMENTS: 'Add Comments',
    TRANSITION_ISSUES: 'Transition Issues',
    ASSIGN_ISSUES: 'Assign Issues',
    ASSIGNABLE_USER: 'Assignable User',
    LINK_ISSUES: 'Link Issues',
    WORK_ON_ISSUES: 'Work On Issues',
    MODIFY_REPORTER: 'Modify Reporter',
    DELETE_ISSUES: 'Delete Issues',
    ADMINISTER_PROJECTS: 'Administer Projects',
    EDIT_OWN_COMMENTS: 'Edit Own Comments',
    DELETE_OWN_COMMENTS: 'Delete Own Comments',
    EDIT_ALL_COMMENTS: 'Edit All Comments',
    DELETE_ALL_COMMENTS: 'Delete All Comments',
    EDIT_OWN_WORKLOGS: 'Edit Own Worklogs',
    DELETE_OWN_WORKLOGS: 'Delete Own Worklogs',
    EDIT_ALL_WORKLOGS: 'Edit All Worklogs',
    DELETE_ALL_WORKLOGS: 'Delete All Worklogs',
    CREATE_ATTACHMENTS: 'Create Attachments',
    DELETE_OWN_ATTACHMENTS: 'Delete Own Attachments',
    DELETE_ALL_ATTACHMENTS: 'Delete All Attachments',
    MANAGE_WATCHERS: 'Manage Watchers',
    VIEW_VOTERS_AND_WATCHERS: 'View Voters and Watchers',
};

export function byId(table, id) {
    return table.find((each) => each.id === String(id)) ?? null;
}

/** Looks up `{ id }` or `{ name }` (or `{ value }` of an option) the way Jira's setters do. */
export function byReference(table, reference) {
    if (reference === null || typeof reference !== 'object') return null;
    if (reference.id !== undefined) return byId(table, reference.id);
    const name = reference.name ?? reference.value;
    return byName(table, name);
}

export function byName(table, name) {
    const wanted = String(name).toLowerCase();
    return table.find((each) => (each.name ?? each.value).toLowerCase() === wanted) ?? null;
}

export function typesOf(project) {
    return project.kind === 'business'
        ? ISSUE_TYPES.filter((type) => BUSINESS_TYPES.includes(type.id))
        : ISSUE_TYPES;
}
