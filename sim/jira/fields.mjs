// The fields that can be set: what they are called, on which screens they are, and how a value
// from a request becomes the stored one. A setter returns { value } or { error: sentence }.

import { accountById } from '../accounts.mjs';
import { isDocument, isValidAdf, textToAdf } from '../adf.mjs';
import * as answers from '../answers.mjs';
import { say } from '../texts.mjs';
import { accountMay, findIssue } from './access.mjs';
import { byReference, DEPARTMENTS, PRIORITIES } from './catalog.mjs';

const STORY = '10001';
const SUBTASK = '10003';
const BUG = '10004';

// stored: the issue's property. on(project, typeId): is it on the screens? required: likewise.
export const FIELDS = [
    { id: 'summary', name: 'Summary', stored: 'summary', set: setSummary,
      schema: { type: 'string', system: 'summary' }, required: () => true },
    { id: 'description', name: 'Description', stored: 'description', set: setRichText,
      schema: { type: 'string', system: 'description' } },
    { id: 'priority', name: 'Priority', stored: 'priority', set: setPriority,
      schema: { type: 'priority', system: 'priority' } },
    { id: 'labels', name: 'Labels', stored: 'labels', set: setLabels,
      schema: { type: 'array', items: 'string', system: 'labels' },
      operations: ['add', 'set', 'remove'] },
    { id: 'assignee', name: 'Assignee', stored: 'assignee', set: setAssignee,
      schema: { type: 'user', system: 'assignee' } },
    { id: 'reporter', name: 'Reporter', stored: 'reporter', set: setReporter,
      schema: { type: 'user', system: 'reporter' } },
    { id: 'duedate', name: 'Due date', stored: 'duedate', set: setDate,
      schema: { type: 'date', system: 'duedate' } },
    { id: 'parent', name: 'Parent', stored: 'parent', set: setParent,
      schema: { type: 'issuelink', system: 'parent' },
      required: (project, type) => type === SUBTASK },
    { id: 'environment', name: 'Environment', stored: 'environment', set: setRichText,
      schema: { type: 'string', system: 'environment' }, on: (project, type) => type === BUG },
    { id: 'customfield_10016', name: 'Story point estimate', stored: 'points', set: setNumber,
      schema: { type: 'number', customId: 10016,
          custom: 'com.pyxis.greenhopper.jira:jsw-story-points' },
      on: (project) => project.kind === 'software' },
    { id: 'customfield_10031', name: 'Department', stored: 'department', set: setDepartment,
      schema: { type: 'option', customId: 10031,
          custom: 'com.atlassian.jira.plugin.system.customfieldtypes:select' },
      on: (project) => project.key === 'HR', required: (project) => project.key === 'HR' },
    { id: 'customfield_10032', name: 'Release notes', stored: 'notes', set: setRichText,
      schema: { type: 'string', customId: 10032,
          custom: 'com.atlassian.jira.plugin.system.customfieldtypes:textarea' },
      on: (project, type) => project.kind === 'software' && type === STORY },
];

export function fieldsOn(project, typeId) {
    return FIELDS.filter((field) => !field.on || field.on(project, typeId));
}

export function isRequired(field, project, typeId) {
    return field.required?.(project, typeId) ?? false;
}

/**
 * Reads the values of `given` for an issue of that project and type. Returns the stored values;
 * refuses with Jira's 400 when any is wrong. `errors` may already hold findings of the caller.
 */
export function readFields(ctx, project, typeId, given, errors = {}) {
    const values = {};
    for (const [id, value] of Object.entries(given)) {
        const field = fieldsOn(project, typeId).find((each) => each.id === id);
        if (!field) {
            errors[id] = say(ctx.caller.account, 'field_unknown', id);
            continue;
        }
        const result = field.set(ctx, value, project, field);
        if (result.error) errors[id] = result.error;
        else values[field.stored] = result.value;
    }
    refuseIfAny(errors);
    return values;
}

export function refuseIfAny(errors) {
    if (Object.keys(errors).length) throw new answers.Refusal(answers.errors(400, [], errors));
}

function wrong(ctx, id, ...values) {
    return { error: say(ctx.caller.account, id, ...values) };
}

function setSummary(ctx, value) {
    if (value === null || value === '') return wrong(ctx, 'summary_required');
    if (typeof value !== 'string') return wrong(ctx, 'want_string');
    if (/[\r\n]/.test(value)) return wrong(ctx, 'summary_newline');
    if (value.length > 255) return wrong(ctx, 'summary_long');
    return value.trim() === '' ? wrong(ctx, 'summary_required') : { value: value.trim() };
}

export function setRichText(ctx, value) {
    if (value === null) return { value: null };
    if (ctx.version === '2') {
        return typeof value === 'string' ? { value: textToAdf(value) } : wrong(ctx, 'want_string');
    }
    if (!isDocument(value)) return wrong(ctx, 'want_adf');
    if (!isValidAdf(value)) throw new answers.Refusal(answers.errors(400, 'INVALID_INPUT'));
    return { value };
}

function setPriority(ctx, value, project, field) {
    const found = byReference(PRIORITIES, value);
    return found ? { value: found.id } : wrong(ctx, 'option_invalid', field.name.toLowerCase());
}

function setLabels(ctx, value) {
    if (value === null) return { value: [] };
    if (!Array.isArray(value)) return wrong(ctx, 'want_array');
    if (!value.every((label) => typeof label === 'string')) return wrong(ctx, 'want_string');
    const spaced = value.find((label) => /\s/.test(label));
    return spaced === undefined
        ? { value: [...new Set(value)] } : wrong(ctx, 'label_spaces', spaced);
}

/** Also used by the assignee operation: "-1" means the project's default, which is nobody. */
export function setAssignee(ctx, value, project) {
    const id = value?.accountId ?? value?.id ?? null;
    if (value === null || id === null || id === '-1') return { value: null };
    const account = accountById(ctx.data, id);
    return accountMay(ctx.site, account, 'ASSIGNABLE_USER', project.key)
        ? { value: account.accountId } : wrong(ctx, 'assignee_invalid', id);
}

function setReporter(ctx, value) {
    const account = accountById(ctx.data, value?.accountId ?? value?.id);
    return account && ctx.site.members[account.email]
        ? { value: account.accountId } : wrong(ctx, 'reporter_invalid');
}

function setDate(ctx, value) {
    if (value === null) return { value: null };
    const isDate = /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value));
    return isDate ? { value } : wrong(ctx, 'date_invalid');
}

function setNumber(ctx, value) {
    if (value === null) return { value: null };
    return typeof value === 'number' ? { value } : wrong(ctx, 'want_number');
}

function setDepartment(ctx, value, project, field) {
    if (value === null) return { value: null };
    const found = byReference(DEPARTMENTS, value);
    return found ? { value: found.id } : wrong(ctx, 'option_invalid', field.name);
}

function setParent(ctx, value, project) {
    if (value === null) return { value: null };
    const found = findIssue(ctx, value.id ?? value.key ?? '');
    return found && found.project === project.key
        ? { value: found.key } : wrong(ctx, 'parent_invalid');
}
