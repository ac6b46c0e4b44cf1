// Projects, and what is needed to create an issue in one.

import { findProject, may, needIssue, visibleProjects } from './access.mjs';
import * as answers from '../answers.mjs';
import { say } from '../texts.mjs';
import { byId, DEPARTMENTS, ISSUE_TYPES, PRIORITIES, STATUSES, typesOf } from './catalog.mjs';
import { fieldsOn, isRequired } from './fields.mjs';
import * as params from './params.mjs';
import * as render from './render.mjs';

const ACTIONS = { view: 'BROWSE_PROJECTS', browse: 'BROWSE_PROJECTS', create: 'CREATE_ISSUES',
    edit: 'ADMINISTER_PROJECTS' };

export function searchProjects(ctx) {
    const { startAt, maxResults } = params.paging(ctx, 50, 100);
    const found = visibleProjects(ctx).filter(projectFilter(ctx)).sort(projectOrder(ctx));
    const values = found.slice(startAt, startAt + maxResults)
        .map((project) => render.project(ctx, project));
    const link = (at) => `${render.api(ctx, '/project/search')}?maxResults=${maxResults}` +
        `&startAt=${at}`;
    const isLast = startAt + maxResults >= found.length;
    return answers.json(200, {
        self: link(startAt),
        ...(isLast ? {} : { nextPage: link(startAt + maxResults) }),
        maxResults,
        startAt,
        total: found.length,
        isLast,
        values,
    });
}

/** The deprecated list without pages. */
export function listProjects(ctx) {
    return answers.json(200, visibleProjects(ctx).sort(projectOrder(ctx))
        .map((project) => render.project(ctx, project)));
}

function needProject(ctx) {
    const project = findProject(ctx, ctx.params[0]);
    if (project) return project;
    throw new answers.Refusal(projectMissing(ctx, 404));
}

export function projectStatuses(ctx) {
    return answers.json(200, typesOf(needProject(ctx)).map(({ id, name, subtask }) => ({
        self: render.api(ctx, `/issuetype/${id}`), id, name, subtask,
        statuses: STATUSES.map((each) => render.status(ctx, each.id)),
    })));
}

/** Components and versions: no project of the seed has any. */
export function projectParts(ctx) {
    needProject(ctx);
    return answers.json(200, []);
}

function projectFilter(ctx) {
    const text = (ctx.query.get('query') ?? '').toLowerCase();
    const permission = ACTIONS[ctx.query.get('action') ?? 'view'] ?? 'BROWSE_PROJECTS';
    const keys = params.list(ctx, 'keys');
    const ids = params.list(ctx, 'id');
    const kinds = params.list(ctx, 'typeKey');
    return (project) =>
        (project.key.toLowerCase().includes(text) || project.name.toLowerCase().includes(text)) &&
        may(ctx, permission, project.key) &&
        (keys.length === 0 || keys.includes(project.key)) &&
        (ids.length === 0 || ids.includes(project.id)) &&
        (kinds.length === 0 || kinds.includes(project.kind));
}

function projectOrder(ctx) {
    const [, sign, name] = /^([ +-]?)(\w+)$/.exec(ctx.query.get('orderBy') ?? 'key') ?? [];
    const member = name === 'name' ? 'name' : 'key';
    const direction = sign === '-' ? -1 : 1;
    return (a, b) => (a[member] < b[member] ? -direction : direction);
}

export function getProject(ctx) {
    return answers.json(200, render.projectDetails(ctx, needProject(ctx)));
}

function projectMissing(ctx, status) {
    const text = say(ctx.caller.account, 'project_missing', ctx.params[0]);
    return answers.errors(status, text);
}

export function createTypes(ctx) {
    const { startAt, maxResults } = params.paging(ctx, 50, 200);
    const project = findProject(ctx, ctx.params[0]);
    if (!project) return projectMissing(ctx, 400);
    const types = may(ctx, 'CREATE_ISSUES', project.key) ? typesOf(project) : [];
    const issueTypes = types.slice(startAt, startAt + maxResults).map((type) => {
        const { avatarId, ...shown } = render.issueType(ctx, type.id);
        return shown;
    });
    return answers.json(200, { maxResults, startAt, total: types.length, issueTypes });
}

export function createFields(ctx) {
    const { startAt, maxResults } = params.paging(ctx, 50, 200);
    const project = findProject(ctx, ctx.params[0]);
    if (!project) return projectMissing(ctx, 400);
    const type = typesOf(project).find((each) => each.id === ctx.params[1]);
    if (!type) return answers.errors(400, say(ctx.caller.account, 'type_invalid'));
    const all = may(ctx, 'CREATE_ISSUES', project.key)
        ? [...placeFields(ctx, project, type), ...screenFields(ctx, project, type)] : [];
    const fields = all.slice(startAt, startAt + maxResults);
    return answers.json(200, { maxResults, startAt, total: all.length, fields });
}

/** The deprecated way: all projects, all types, and with `expand` their fields, in one answer. */
export function createMeta(ctx) {
    const keys = params.list(ctx, 'projectKeys');
    const ids = params.list(ctx, 'projectIds');
    const found = visibleProjects(ctx).filter((project) =>
        may(ctx, 'CREATE_ISSUES', project.key) &&
        (keys.length === 0 || keys.includes(project.key)) &&
        (ids.length === 0 || ids.includes(project.id)));
    return answers.json(200, { expand: 'projects', projects: found.map((project) => {
        const { self, id, key, name, avatarUrls } = render.project(ctx, project);
        return { expand: 'issuetypes', self, id, key, name, avatarUrls,
            issuetypes: metaTypes(ctx, project) };
    }) });
}

function metaTypes(ctx, project) {
    const names = params.list(ctx, 'issuetypeNames');
    const ids = params.list(ctx, 'issuetypeIds');
    const withFields = (ctx.query.get('expand') ?? '').includes('projects.issuetypes.fields');
    return typesOf(project)
        .filter((type) => (names.length === 0 || names.includes(type.name)) &&
            (ids.length === 0 || ids.includes(type.id)))
        .map((type) => ({
            ...render.issueType(ctx, type.id),
            ...(withFields ? { expand: 'fields', fields: byFieldId(
                [...placeFields(ctx, project, type), ...screenFields(ctx, project, type)]) } : {}),
        }));
}

function byFieldId(fields) {
    return Object.fromEntries(fields.map(({ fieldId, ...field }) => [fieldId, field]));
}

export function editMeta(ctx) {
    const issue = needIssue(ctx, ctx.params[0]);
    const project = ctx.site.projects.find((each) => each.key === issue.project);
    const fields = may(ctx, 'EDIT_ISSUES', project.key)
        ? screenFields(ctx, project, byId(ISSUE_TYPES, issue.type)) : [];
    return answers.json(200, { fields: byFieldId(fields) });
}

function meta(id, name, schema, required, more = {}) {
    return {
        required, schema, name, key: id, hasDefaultValue: false, operations: ['set'], ...more,
        fieldId: id,
    };
}

function placeFields(ctx, project, type) {
    const issuetype = { type: 'issuetype', system: 'issuetype' };
    return [
        meta('issuetype', 'Issue Type', issuetype, true,
            { operations: [], allowedValues: [render.issueType(ctx, type.id)] }),
        meta('project', 'Project', { type: 'project', system: 'project' }, true,
            { allowedValues: [render.project(ctx, project)] }),
    ];
}

function screenFields(ctx, project, type) {
    return fieldsOn(project, type.id).map((field) => meta(field.id, field.name, field.schema,
        isRequired(field, project, type.id), {
            ...(field.operations ? { operations: field.operations } : {}),
            ...fieldChoices(ctx, field),
        }));
}

function fieldChoices(ctx, field) {
    const autoComplete = (path) => ({ autoCompleteUrl: render.api(ctx, path) });
    switch (field.id) {
    case 'priority':
        return { hasDefaultValue: true, defaultValue: render.priority(ctx, '3'),
            allowedValues: PRIORITIES.map(({ id }) => render.priority(ctx, id)) };
    case 'customfield_10031':
        return { allowedValues: DEPARTMENTS.map(({ id, value }) =>
            ({ self: render.api(ctx, `/customFieldOption/${id}`), value, id })) };
    case 'assignee':
        return autoComplete('/user/assignable/search?project=');
    case 'reporter':
        return { hasDefaultValue: true, ...autoComplete('/user/recommend?context=Reporter') };
    default:
        return {};
    }
}

