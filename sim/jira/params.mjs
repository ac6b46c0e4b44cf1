// Reading a request: query parameters as Jira converts them, and JSON bodies.

import * as answers from '../answers.mjs';

export const BODY_EMPTY = 'No content to map to Object due to end of input';
export const BODY_NOT_JSON =
    'There was an error parsing JSON. Check that your request body is valid.';
export const BODY_WRONG =
    'Invalid request payload. Refer to the REST API documentation and try again.';

/** An integer parameter; absent or empty gives the default, anything else not a number is 400. */
export function integer(ctx, name, fallback) {
    const text = ctx.query.get(name);
    const digits = (text ?? '').replace(/\s/g, '');
    if (digits === '') return fallback;
    if (/^[+-]?\d{1,10}$/.test(digits)) return Number(digits);
    throw new answers.Refusal(answers.problem(400, 'Bad Request',
        `Failed to convert '${name}' with value: '${text}'`, ctx.path));
}

/** startAt and maxResults, moved into their limits as Jira does without a word. */
export function paging(ctx, fallback, maximum) {
    const startAt = Math.max(0, integer(ctx, 'startAt', 0));
    const maxResults = Math.min(maximum, Math.max(1, integer(ctx, 'maxResults', fallback)));
    return { startAt, maxResults };
}

/** A list parameter: repeated, comma-separated, or both. */
export function list(ctx, name) {
    return ctx.query.getAll(name).flatMap((text) => text.split(','))
        .map((text) => text.trim()).filter((text) => text !== '');
}

/** The request's JSON object, or Jira's 400 for one that it cannot read. */
export function bodyObject(ctx) {
    const text = ctx.body.toString('utf8');
    if (text.trim() === '') throw new answers.Refusal(answers.unreadable(BODY_EMPTY));
    let value;
    try {
        value = JSON.parse(text);
    } catch {
        throw new answers.Refusal(answers.unreadable(BODY_NOT_JSON));
    }
    if (value === null || typeof value !== 'object' || Array.isArray(value)) {
        throw new answers.Refusal(answers.unreadable(BODY_WRONG));
    }
    return value;
}

/** The request's JSON string, or null when there is no body. */
export function bodyString(ctx) {
    const text = ctx.body.toString('utf8').trim();
    if (text === '') return null;
    try {
        const value = JSON.parse(text);
        if (typeof value === 'string') return value;
    } catch {
        throw new answers.Refusal(answers.unreadable(BODY_NOT_JSON));
    }
    throw new answers.Refusal(answers.unreadable(BODY_WRONG));
}

/** `value` when it is an object (or absent: an empty one), else Jira's 400. */
export function objectOrRefuse(value) {
    if (value === undefined || value === null) return {};
    if (typeof value === 'object' && !Array.isArray(value)) return value;
    throw new answers.Refusal(answers.unreadable(BODY_WRONG));
}
