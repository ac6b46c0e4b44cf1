// Faults that tests ask for. A fault applies to requests that match, `times` times (default 1;
// "always" until it is removed). "delay" and "headers" add to whatever comes after them; of the
// others the first that matches decides. Faults live in memory only.
//   delay {ms, upto_ms?, after?}   headers {headers}        status {status, body?, headers?}
//   cut_before  no answer, nothing is done (reset: true sends a TCP reset instead of an end)
//   cut_after   no answer, but the request was carried out and saved
//   cut_body    half of the real answer     drip {ms, bytes}  the real answer, slowly
//   half_json   half of the real answer, which ends there as if it were whole
//   html {status?, body?}   invalid_utf8   huge {size?}   hang   redirect {to, status?}
//   ratelimit {retry_after?, date?, reason?, status?}   date: true: Retry-After as an HTTP date;
//     reason: jira-burst-based, jira-per-issue-on-write, jira-quota-global-based or
//     jira-quota-tenant-based, each with its headers (limits.mjs)
//   body {status?, type?, body or base64}
//   slow_reading {ms, bytes}  reads the request's body slowly    cut_reading {bytes}  ends the
//     connection after so many bytes of it; both do not see the body, and go with other kinds
// With after: true a kind that replaces the answer, delays it, or hangs, first carries out the
// request. A delay with upto_ms is of any length between the two.

import * as answers from './answers.mjs';
import { timeNow } from './clock.mjs';
import { limitAnswer } from './limits.mjs';

const KINDS = ['delay', 'headers', 'status', 'cut_before', 'cut_after', 'cut_body', 'drip', 'html',
    'half_json', 'invalid_utf8', 'huge', 'hang', 'redirect', 'ratelimit', 'body', 'slow_reading',
    'cut_reading'];
const READING = ['slow_reading', 'cut_reading'];
const ADDING = ['delay', 'headers'];

export class Faults {
    #faults = [];
    #nextId = 1;

    /** Returns the stored fault, or a sentence that says what is wrong with it. */
    add(fault) {
        if (!KINDS.includes(fault.kind)) return `kind must be one of: ${KINDS.join(', ')}`;
        const times = fault.times ?? 1;
        if (times !== 'always' && !(Number.isInteger(times) && times > 0)) {
            return 'times must be a positive whole number or "always"';
        }
        if (!isPattern(fault.match?.path)) return 'match.path is not a regular expression';
        const stored = { match: {}, ...fault, id: this.#nextId++, times, used: 0 };
        this.#faults.push(stored);
        return stored;
    }

    list() {
        return this.#faults;
    }

    clear() {
        this.#faults = [];
    }

    /** The faults that apply to this request, in order; each counts as used. */
    take(request) {
        const applied = [];
        for (const fault of this.#faults) {
            if (READING.includes(fault.kind)) continue;
            if (fault.times !== 'always' && fault.used >= fault.times) continue;
            if (!matches(fault.match, request)) continue;
            fault.used += 1;
            applied.push(fault);
            if (!ADDING.includes(fault.kind)) break;
        }
        return applied;
    }

    /** The fault that applies to reading this request's body, or null; it counts as used. */
    takeReading(request) {
        const found = this.#faults.find((fault) => READING.includes(fault.kind) &&
            (fault.times === 'always' || fault.used < fault.times) &&
            matches(fault.match, { ...request, body: '' }));
        if (found) found.used += 1;
        return found ?? null;
    }
}

/** `path` is a prefix, or a regular expression when it begins with ^; both see the query too.
 *  `body` is a text that the body contains. */
function matches({ method, path, host, body }, request) {
    if (method && method.toUpperCase() !== request.method) return false;
    if (host && host.toLowerCase() !== request.hostName) return false;
    if (body && !request.body.includes(body)) return false;
    if (!path) return true;
    const wholes = [request.url, request.urlInPlace];
    return path.startsWith('^')
        ? wholes.some((each) => new RegExp(path).test(each))
        : wholes.some((each) => each.startsWith(path));
}

function isPattern(path) {
    try {
        return !path?.startsWith('^') || Boolean(new RegExp(path));
    } catch {
        return false;
    }
}

/** The answer that a fault puts in place of the real one, or null when it makes none. */
export function replacement(fault) {
    switch (fault.kind) {
    case 'status': return statusAnswer(fault);
    case 'html': return answers.html(fault.status ?? 200, fault.body ?? MAINTENANCE_PAGE);
    case 'invalid_utf8': return answers.raw(fault.status ?? 200, answers.JSON_TYPE,
        Buffer.concat([Buffer.from('{"accountId":"'), Buffer.from([0xc3, 0x28, 0xff, 0xfe]),
            Buffer.from('","displayName":"broken"}')]));
    case 'huge': return answers.raw(fault.status ?? 200, answers.JSON_TYPE,
        hugeJson(fault.size ?? 3 * 1024 * 1024));
    case 'redirect': return answers.redirect(fault.to ?? 'https://example.com/',
        fault.status ?? 302);
    case 'ratelimit': return rateLimited(fault);
    case 'body': return answers.raw(fault.status ?? 200, fault.type ?? answers.JSON_TYPE,
        fault.base64 ? Buffer.from(fault.base64, 'base64') : fault.body ?? '');
    default: return null;
    }
}

function statusAnswer({ status = 500, body, headers = {} }) {
    const text = body ?? { errorMessages: ['Internal server error'], errors: {} };
    const type = typeof text === 'string' ? 'text/plain;charset=UTF-8' : answers.JSON_TYPE;
    return answers.raw(status, type, typeof text === 'string' ? text : JSON.stringify(text),
        headers);
}

const MAINTENANCE_PAGE = '<!DOCTYPE html><html lang="en"><head><title>Atlassian Cloud</title>' +
    '</head><body><h1>We will be right back</h1><p>Your site is currently unavailable. ' +
    '(simulated Atlassian)</p></body></html>';

/** Valid JSON of exactly `size` bytes. */
function hugeJson(size) {
    const frame = '{"values":["",""]}';
    const filler = 'x'.repeat(Math.max(0, size - frame.length));
    return `{"values":["${filler}",""]}`;
}

function rateLimited({ status = 429, retry_after: retryAfter = 5, date,
    reason = 'jira-burst-based' }) {
    const answer = limitAnswer(reason, retryAfter, status);
    if (date) answer.headers['Retry-After'] = new Date(timeNow() + retryAfter * 1000).toUTCString();
    return answer;
}
