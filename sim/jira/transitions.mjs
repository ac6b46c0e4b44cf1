// Transitions of an issue.

import * as answers from '../answers.mjs';
import { timeNow } from '../clock.mjs';
import { say } from '../texts.mjs';
import { may, needIssue } from './access.mjs';
import { byId, TRANSITIONS } from './catalog.mjs';
import { applyEdit } from './issues.mjs';
import * as params from './params.mjs';
import * as render from './render.mjs';

const DONE = '10002';

export function listTransitions(ctx) {
    const issue = needIssue(ctx, ctx.params[0]);
    const only = ctx.query.get('transitionId');
    const found = may(ctx, 'TRANSITION_ISSUES', issue.project)
        ? TRANSITIONS.filter((each) => each.from.includes(issue.status)) : [];
    return answers.json(200, {
        expand: 'transitions',
        transitions: found.filter((each) => only === null || each.id === only)
            .map((each) => renderTransition(ctx, each)),
    });
}

function renderTransition(ctx, { id, name, to }) {
    const withFields = (ctx.query.get('expand') ?? '').includes('transitions.fields');
    return {
        id,
        name,
        to: render.status(ctx, to),
        hasScreen: false,
        isGlobal: false,
        isInitial: false,
        isAvailable: true,
        isConditional: false,
        isLooped: false,
        ...(withFields ? { fields: {} } : {}),
    };
}

export function doTransition(ctx) {
    const issue = needIssue(ctx, ctx.params[0]);
    const body = params.bodyObject(ctx);
    const account = ctx.caller.account;
    const id = body.transition?.id;
    if (id === undefined) return answers.errors(400, say(account, 'transition_missing'));
    const transition = byId(TRANSITIONS, id);
    if (!transition || !may(ctx, 'TRANSITION_ISSUES', issue.project)) {
        return answers.errors(400, say(account, 'transition_unknown', id));
    }
    if (!transition.from.includes(issue.status)) {
        return answers.errors(400,
            say(account, 'transition_illegal', transition.name, issue.key));
    }
    applyEdit(ctx, issue, { fields: body.fields, update: body.update });
    moveTo(issue, transition.to);
    return answers.empty(204);
}

function moveTo(issue, status) {
    issue.status = status;
    issue.resolution = status === DONE ? '10000' : null;
    issue.resolved = status === DONE ? timeNow() : null;
}
