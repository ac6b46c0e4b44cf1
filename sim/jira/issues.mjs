// Create, get, edit, delete and assign issues.

import * as answers from '../answers.mjs';
import { timeNow } from '../clock.mjs';
import { say } from '../texts.mjs';
import { findProject, may, needIssue, needPermission } from './access.mjs';
import { byReference, typesOf } from './catalog.mjs';
import { newComment } from './comments.mjs';
import { FIELDS, fieldsOn, isRequired, readFields, refuseIfAny, setAssignee } from './fields.mjs';
import * as params from './params.mjs';
import * as render from './render.mjs';

export function createIssue(ctx) {
    const body = params.bodyObject(ctx);
    const { project: projectRef, issuetype, ...given } = params.objectOrRefuse(body.fields);
    const { project, type } = readPlace(ctx, projectRef, issuetype);
    needPermission(ctx, 'CREATE_ISSUES', project.key, 400, 'no_create');
    const values = readFields(ctx, project, type.id, given,
        missingFields(ctx, project, type.id, given));
    const issue = newIssue(ctx, project, type, values);
    ctx.site.issues.push(issue);
    ctx.changed();
    const { id, key } = issue;
    return answers.json(201, { id, key, self: render.api(ctx, `/issue/${id}`) });
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
    removeIssues(ctx.site, [issue, ...subtasks]);
    ctx.changed();
    return answers.empty(204);
}

function removeIssues(site, gone) {
    const keys = new Set(gone.map((issue) => issue.key));
    site.issues = site.issues.filter((issue) => !keys.has(issue.key));
    for (const issue of site.issues) {
        issue.links = issue.links.filter((link) => !keys.has(link.key));
        if (keys.has(issue.parent)) issue.parent = null;
    }
}
