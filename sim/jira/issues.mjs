// Create, get, edit, delete and assign issues.

import * as answers from '../answers.mjs';
import { timeNow } from '../clock.mjs';
import { say } from '../texts.mjs';
import { findIssue, findProject, may, needIssue, needPermission } from './access.mjs';
import { byReference, typesOf } from './catalog.mjs';
import { newComment } from './comments.mjs';
import { FIELDS, fieldsOn, isRequired, readFields, refuseIfAny, setAssignee } from './fields.mjs';
import * as params from './params.mjs';
import * as render from './render.mjs';

const BULK_MAX = 50;
const FETCH_MAX = 100;

export function createIssue(ctx) {
    return answers.json(201, makeIssue(ctx, params.bodyObject(ctx)));
}

/** Makes the issue that a body describes -> { id, key, self }, or refuses. */
function makeIssue(ctx, { fields }) {
    const { project: projectRef, issuetype, ...given } = params.objectOrRefuse(fields);
    const { project, type } = readPlace(ctx, projectRef, issuetype);
    needPermission(ctx, 'CREATE_ISSUES', project.key, 400, 'no_create');
    const values = readFields(ctx, project, type.id, given,
        missingFields(ctx, project, type.id, given));
    const issue = newIssue(ctx, project, type, values);
    ctx.site.issues.push(issue);
    ctx.changed();
    const { id, key } = issue;
    return { id, key, self: render.api(ctx, `/issue/${id}`) };
}

/** Some may fail: 201 as long as one was made. */
export function createMany(ctx) {
    const { issueUpdates } = params.bodyObject(ctx);
    const account = ctx.caller.account;
    if (!Array.isArray(issueUpdates) || issueUpdates.length === 0) {
        return answers.errors(400, say(account, 'bulk_empty'));
    }
    if (issueUpdates.length > BULK_MAX) {
        return answers.errors(400, say(account, 'bulk_many', BULK_MAX));
    }
    const issues = [];
    const errors = [];
    issueUpdates.forEach((each, failedElementNumber) => {
        try {
            issues.push(makeIssue(ctx, params.objectOrRefuse(each)));
        } catch (error) {
            if (!(error instanceof answers.Refusal)) throw error;
            const { status, body } = error.answer;
            errors.push({ status, elementErrors: JSON.parse(body), failedElementNumber });
        }
    });
    return answers.json(issues.length ? 201 : 400, { issues, errors });
}

/** Those that are missing or invisible are named in `issueErrors`. */
export function fetchMany(ctx) {
    const { issueIdsOrKeys: wanted, fields } = params.bodyObject(ctx);
    const account = ctx.caller.account;
    if (!Array.isArray(wanted) || wanted.length === 0) {
        return answers.errors(400, say(account, 'bulk_empty'));
    }
    if (wanted.length > FETCH_MAX) return answers.errors(400, say(account, 'bulk_many', FETCH_MAX));
    const found = wanted.map((each) => findIssue(ctx, each));
    return answers.json(200, {
        issues: [...new Set(found.filter(Boolean))].map((issue) =>
            render.issue(ctx, issue, fields?.length ? fields : ['*navigable'])),
        issueErrors: wanted.filter((each, i) => !found[i])
            .map((id) => ({ id: String(id), errorMessage: say(account, 'issue_missing') })),
    });
}

function readPlace(ctx, projectRef, typeRef) {
    const errors = {};
    const project = findProject(ctx, projectRef?.id ?? projectRef?.key ?? '');
    if (!project) errors.project = say(ctx.caller.account, 'project_required');
    const type = project && byReference(typesOf(project), typeRef);
    if (typeRef === undefined || typeRef === null) {
        errors.issuetype = say(ctx.caller.account, 'type_required');
    } else if (project && !type) {
        errors.issuetype = say(ctx.caller.account, 'type_invalid');
    }
    refuseIfAny(errors);
    return { project, type };
}

function missingFields(ctx, project, typeId, given) {
    const errors = {};
    for (const field of fieldsOn(project, typeId)) {
        if (!isRequired(field, project, typeId)) continue;
        if (given[field.id] !== undefined && given[field.id] !== null) continue;
        const text = { summary: 'summary_required', parent: 'parent_required' }[field.id];
        errors[field.id] = say(ctx.caller.account, text ?? 'field_required', field.name);
    }
    return errors;
}

function newIssue(ctx, project, type, values) {
    const now = timeNow();
    const me = ctx.caller.account.accountId;
    const empty = Object.fromEntries(FIELDS.map((field) => [field.stored, null]));
    return {
        id: String(ctx.site.nextId++),
        key: `${project.key}-${project.nextNumber++}`,
        project: project.key,
        type: type.id,
        status: '10000',
        creator: me,
        created: now,
        updated: now,
        resolution: null,
        resolved: null,
        comments: [],
        links: [],
        worklogs: [],
        attachments: [],
        watchers: [me],
        ...empty,
        priority: '3',
        labels: [],
        reporter: me,
        ...values,
    };
}

export function getIssue(ctx) {
    const issue = needIssue(ctx, ctx.params[0]);
    const wanted = params.list(ctx, 'fields').filter((name) => name !== 'id');
    return answers.json(200, render.issue(ctx, issue, wanted.length ? wanted : ['*all']));
}

export function editIssue(ctx) {
    const issue = needIssue(ctx, ctx.params[0]);
    const body = params.bodyObject(ctx);
    needPermission(ctx, 'EDIT_ISSUES', issue.project, 403, 'no_edit');
    applyEdit(ctx, issue, body);
    if (ctx.query.get('returnIssue') !== 'true') return answers.empty(204);
    return answers.json(200, render.issue(ctx, issue, ['*all']));
}

/** Carries out `fields` and `update` of an edit or a transition: all of it, or a refusal. */
export function applyEdit(ctx, issue, body) {
    const given = { ...params.objectOrRefuse(body.fields) };
    const update = params.objectOrRefuse(body.update);
    const errors = {};
    const toComment = [];
    for (const [id, operations] of Object.entries(update)) {
        if (!Array.isArray(operations)) {
            throw new answers.Refusal(answers.unreadable(params.BODY_WRONG));
        }
        if (id in given) errors[id] = say(ctx.caller.account, 'both_fields_update', id);
        else if (id === 'comment') toComment.push(...operations);
        else given[id] = updated(issue, id, operations);
    }
    const project = ctx.site.projects.find((each) => each.key === issue.project);
    const values = readFields(ctx, project, issue.type, given, errors);
    const comments = toComment.map((each) => newComment(ctx, issue, each?.add ?? {}));
    issue.comments.push(...comments);
    Object.assign(issue, values, { updated: timeNow() });
    ctx.changed();
}

/** What a field becomes after `update` operations: set for all, add and remove for lists. */
function updated(issue, id, operations) {
    const field = FIELDS.find((each) => each.id === id);
    let value = field ? issue[field.stored] : null;
    for (const operation of operations.map(params.objectOrRefuse)) {
        if ('set' in operation) value = operation.set;
        if ('add' in operation) value = [...(value ?? []), operation.add];
        if ('remove' in operation) value = (value ?? []).filter((x) => x !== operation.remove);
    }
    return value;
}

export function assignIssue(ctx) {
    const issue = needIssue(ctx, ctx.params[0]);
    const body = params.bodyObject(ctx);
    needPermission(ctx, 'ASSIGN_ISSUES', issue.project, 403, 'no_edit');
    const result = setAssignee(ctx, body, { key: issue.project });
    if (result.error) refuseIfAny({ assignee: result.error });
    Object.assign(issue, { assignee: result.value, updated: timeNow() });
    ctx.changed();
    return answers.empty(204);
}

export function deleteIssue(ctx) {
    const issue = needIssue(ctx, ctx.params[0]);
    const account = ctx.caller.account;
    if (!may(ctx, 'DELETE_ISSUES', issue.project)) {
        return answers.errors(403, say(account, 'no_delete'));
    }
    const subtasks = ctx.site.issues.filter((each) => each.parent === issue.key &&
        each.type === '10003');
    if (subtasks.length && ctx.query.get('deleteSubtasks') !== 'true') {
        return answers.errors(400, say(account, 'has_subtasks', issue.key));
    }
    removeIssues(ctx, [issue, ...subtasks]);
    ctx.changed();
    return answers.empty(204);
}

function removeIssues({ site, files }, gone) {
    files.remove(gone.flatMap(({ attachments }) => attachments.map((each) => ({ id: each.file }))));
    const keys = new Set(gone.map((issue) => issue.key));
    site.issues = site.issues.filter((issue) => !keys.has(issue.key));
    for (const issue of site.issues) {
        issue.links = issue.links.filter((link) => !keys.has(link.key));
        if (keys.has(issue.parent)) issue.parent = null;
    }
}
