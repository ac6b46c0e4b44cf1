// JQL over the issues of a site: which match, and in which order. As in Jira, a comparison
// with an empty field is never true (`!=` included), and an unknown value matches nothing.

import { accountById } from '../accounts.mjs';
import { adfToText } from '../adf.mjs';
import { byId, CATEGORIES, DEPARTMENTS, ISSUE_TYPES, PRIORITIES, RESOLUTIONS, STATUSES,
} from './catalog.mjs';
import { JqlError, parseJql } from './jql-parse.mjs';
import { dateOf } from './jql-dates.mjs';

const EQUALS = ['=', '!=', 'in', 'not in'];
const ORDERED = [...EQUALS, '<', '>', '<=', '>='];
const TEXT = ['=', '!=', '~', '!~'];

const named = (table, property) => ({
    ops: EQUALS,
    read: (issue) => names(byId(table, issue[property])),
    rank: (issue) => table.findIndex((each) => each.id === issue[property]),
});
const person = (property) => ({
    ops: EQUALS,
    read: (issue, ctx) => {
        const account = issue[property] && accountById(ctx.data, issue[property]);
        return account ? [account.accountId, account.email, account.name] : [];
    },
});
const date = (property) => ({
    ops: ORDERED,
    isDate: true,
    read: (issue) => {
        const value = issue[property];
        return value === null ? [] : [typeof value === 'string' ? Date.parse(value) : value];
    },
});
const text = (read) => ({ ops: TEXT, isText: true, read });

function names(entry) {
    return entry ? [entry.id, entry.name ?? entry.value] : [];
}

const numberOf = (key) => Number(key.split('-')[1]);
const comments = (issue) => issue.comments.map((each) => adfToText(each.body));

const FIELDS = {
    __proto__: null,
    project: {
        ops: EQUALS,
        read: (issue, ctx) => {
            const found = ctx.site.projects.find((each) => each.key === issue.project);
            return [found.key, found.name, found.id];
        },
    },
    key: {
        ops: ORDERED,
        read: (issue) => [issue.key, issue.id],
        compare: (issue, wanted) => {
            const [project, number] = wanted.toUpperCase().split('-');
            return issue.project === project ? numberOf(issue.key) - Number(number) : NaN;
        },
        rank: (issue) => issue.project.padEnd(12) + String(numberOf(issue.key)).padStart(8, '0'),
    },
    summary: text((issue) => [issue.summary]),
    description: text((issue) => [adfToText(issue.description)]),
    environment: text((issue) => [adfToText(issue.environment)]),
    comment: text(comments),
    text: text((issue) => [issue.summary, adfToText(issue.description), ...comments(issue)]),
    status: named(STATUSES, 'status'),
    statuscategory: {
        ops: EQUALS,
        read: (issue) => {
            const { id, key, name } = CATEGORIES[byId(STATUSES, issue.status).category];
            return [String(id), key, name];
        },
    },
    priority: { ...named(PRIORITIES, 'priority'), ops: ORDERED,
        compare: (issue, wanted) => {
            const at = PRIORITIES.findIndex((each) => sameText(each.name, wanted) ||
                each.id === wanted);
            return at < 0 ? NaN : at + 1 - Number(issue.priority);
        } },
    issuetype: named(ISSUE_TYPES, 'type'),
    resolution: named(RESOLUTIONS, 'resolution'),
    department: named(DEPARTMENTS, 'department'),
    labels: { ops: EQUALS, read: (issue) => issue.labels },
    parent: { ops: EQUALS, read: (issue) => (issue.parent ? [issue.parent] : []) },
    assignee: person('assignee'),
    reporter: person('reporter'),
    creator: person('creator'),
    created: date('created'),
    updated: date('updated'),
    resolved: date('resolved'),
    due: date('duedate'),
    points: {
        ops: ORDERED,
        read: (issue) => (issue.points === null ? [] : [String(issue.points)]),
        compare: (issue, wanted) => issue.points - Number(wanted),
        rank: (issue) => issue.points ?? -1,
    },
};

const ALIASES = {
    __proto__: null,
    issuekey: 'key', issue: 'key', id: 'key', type: 'issuetype', duedate: 'due',
    createddate: 'created', updateddate: 'updated', resolutiondate: 'resolved',
    'story point estimate': 'points', 'cf[10016]': 'points', customfield_10016: 'points',
    'cf[10031]': 'department',
};

function fieldOf(name) {
    const lower = name.toLowerCase();
    const field = FIELDS[ALIASES[lower] ?? lower];
    if (!field) throw new JqlError('jql_field', name);
    return field;
}

/** Whether the query restricts the search at all; one that only orders does not. */
export function isBounded(jql) {
    return parseJql(jql).where !== null;
}

/** The matching ones of `issues`, in order. Throws JqlError. */
export function runJql(ctx, jql, issues) {
    const { where, order } = parseJql(jql);
    const test = where ? compile(ctx, where) : () => true;
    const sorters = (order.length ? order : [{ field: 'created', descending: true }])
        .map((each) => sorterOf(ctx, each));
    return issues.filter(test).sort((a, b) => {
        for (const sorter of sorters) {
            const result = sorter(a, b);
            if (result) return result;
        }
        return Number(b.id) - Number(a.id);
    });
}

function sorterOf(ctx, { field, descending }) {
    const { rank, read } = fieldOf(field);
    const valueOf = rank ?? ((issue) => read(issue, ctx).at(-1) ?? '');
    const direction = descending ? -1 : 1;
    return (a, b) => {
        const [x, y] = [valueOf(a), valueOf(b)];
        return x < y ? -direction : x > y ? direction : 0;
    };
}

function compile(ctx, node) {
    if (node.or) {
        const parts = node.or.map((each) => compile(ctx, each));
        return (issue) => parts.some((part) => part(issue));
    }
    if (node.and) {
        const parts = node.and.map((each) => compile(ctx, each));
        return (issue) => parts.every((part) => part(issue));
    }
    if (node.not) {
        const inner = compile(ctx, node.not);
        return (issue) => !inner(issue);
    }
    return compileClause(ctx, node);
}

function compileClause(ctx, { field: name, op, values }) {
    const field = fieldOf(name);
    const isEmptyTest = values.length === 1 && values[0].empty;
    if (!field.ops.includes(op) && !(isEmptyTest && ['=', '!='].includes(op))) {
        throw new JqlError('jql_operator', op, name);
    }
    if (isEmptyTest) {
        return (issue) => (field.read(issue, ctx).join('') === '') === (op === '=');
    }
    if (field.isText) return textTest(ctx, field, op, resolve(ctx, values[0]));
    if (field.isDate) return dateTest(ctx, field, op, name, values);
    const wanted = values.map((value) => resolve(ctx, value));
    if (/[<>]/.test(op)) return orderTest(field, op, wanted[0]);
    const negative = op === '!=' || op === 'not in';
    return (issue) => {
        const found = field.read(issue, ctx).map(String);
        if (found.length === 0) return false;
        return found.some((each) => wanted.some((want) => sameText(each, want))) !== negative;
    };
}

function resolve(ctx, value) {
    if (value.call === undefined) return value.text ?? '';
    if (value.call.toLowerCase() === 'currentuser') {
        return ctx.caller.account?.accountId ?? 'nobody';
    }
    throw new JqlError('jql_function', value.call);
}

function sameText(a, b) {
    return a.toLowerCase() === b.toLowerCase();
}

/** `~` finds all words, each as the beginning of a word; a quoted phrase inside stays whole. */
function textTest(ctx, field, op, wanted) {
    const negative = op === '!~' || op === '!=';
    const words = wanted.toLowerCase().replace(/[*?"]/g, ' ').split(/\s+/).filter(Boolean);
    return (issue) => {
        const found = field.read(issue, ctx).join(' ').toLowerCase()
            .split(/[^\p{L}\p{N}\p{M}]+/u);
        const matches = words.every((word) => word.split(/[^\p{L}\p{N}\p{M}]+/u).filter(Boolean)
            .every((part) => found.some((each) => each.startsWith(part))));
        return matches !== negative;
    };
}

function dateTest(ctx, field, op, name, values) {
    const wanted = values.map((value) => dateOf(value, name));
    return (issue) => {
        const [found] = field.read(issue, ctx);
        if (found === undefined) return false;
        if (op === 'in' || op === '=') return wanted.includes(found);
        if (op === 'not in' || op === '!=') return !wanted.includes(found);
        return holds(op, found - wanted[0]);
    };
}

function orderTest(field, op, wanted) {
    return (issue) => {
        const difference = field.compare(issue, wanted);
        return !Number.isNaN(difference) && holds(op, difference);
    };
}

function holds(op, difference) {
    switch (op) {
    case '<': return difference < 0;
    case '<=': return difference <= 0;
    case '>': return difference > 0;
    default: return difference >= 0;
    }
}
