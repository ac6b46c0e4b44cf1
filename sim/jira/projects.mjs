// Projects, and what is needed to create an issue in one.

import { findProject, may, visibleProjects } from './access.mjs';
import * as answers from '../answers.mjs';
import { say } from '../texts.mjs';
import { DEPARTMENTS, PRIORITIES, typesOf } from './catalog.mjs';
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
    const project = findProject(ctx, ctx.params[0]);
    if (!project) return projectMissing(ctx, 404);
    return answers.json(200, render.projectDetails(ctx, project));
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

