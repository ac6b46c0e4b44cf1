// Answers as plain values: { status, headers, body }. The shapes are those that Atlassian's
// several layers use; nothing here knows about sites, accounts or routes.

export const JSON_TYPE = 'application/json;charset=UTF-8';
export const PROBLEM_TYPE = 'application/problem+json;charset=UTF-8';
export const HTML_TYPE = 'text/html;charset=UTF-8';

export function raw(status, type, body, headers = {}) {
    return { status, headers: type ? { 'Content-Type': type, ...headers } : headers, body };
}

export function json(status, value, headers = {}) {
    return raw(status, JSON_TYPE, JSON.stringify(value), headers);
}

/** Jira's usual refusal: sentences for the whole request, and one for each field. */
export function errors(status, messages, fields = {}) {
    return json(status, { errorMessages: [].concat(messages), errors: fields });
}

/** What Jira says when a body could not be read at all: there is no `errors` member. */
export function unreadable(message) {
    return json(400, { errorMessages: [message] });
}

/** RFC 7807, used for unknown paths, methods, media types and unconvertible parameters. */
export function problem(status, title, detail, instance, headers = {}) {
    const body = { type: 'about:blank', title, status, detail, instance };
    return raw(status, PROBLEM_TYPE, JSON.stringify(body), headers);
}

/** The gateway's own refusals (api.atlassian.com). */
export function gateway(status, message) {
    return raw(status, 'application/json', JSON.stringify({ code: status, message }));
}

export function html(status, body, headers = {}) {
    return raw(status, HTML_TYPE, body, headers);
}

export function redirect(location, status = 302) {
    return { status, headers: { Location: location }, body: '' };
}

/** Done, and nothing to say: Jira labels even its empty answers as JSON. */
export function empty(status) {
    return raw(status, JSON_TYPE, '');
}

/** Thrown by handlers deep inside; the REST entry turns it into the answer it carries. */
export class Refusal extends Error {
    constructor(answer) {
        super(`refused with ${answer.status}`);
        this.answer = answer;
    }
}
