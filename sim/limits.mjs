// Atlassian's three rate limits: requests of one kind a second (burst), writes to one issue, and
// points an hour for an OAuth app (quota). None is in force until the control sets it; the counts
// live in memory only. All answer 429, and each has headers of its own.
//   POST limits {burst?, issue_writes?, quota?, quota_kind?}   burst: requests a second for each
//        site, operation and method; issue_writes: writes to one issue in two seconds; quota:
//        points until the hour ends, one a request, for callers with an app's token only;
//        quota_kind: "global" or "tenant". What is left out is not limited.

import * as answers from './answers.mjs';
import { timeNow } from './clock.mjs';

const HOUR = 3600_000;
const ISSUE_WINDOW_MS = 2000;
const ISSUE_PATH = /^\/rest\/api\/\w+\/issue\/([^/]+)(\/|$)/;

// What X-RateLimit-Limit says, and the name and window of the structured headers.
const KINDS = {
    'jira-burst-based': { limit: 100, window: 1 },
    'jira-per-issue-on-write': { limit: 20, window: 2 },
    'jira-quota-global-based': { limit: 65000, policy: 'global-app-quota', window: 3600 },
    'jira-quota-tenant-based': { limit: 100000, policy: 'tenant-app-quota', window: 3600 },
};

export class Limits {
    settings = {};
    #counts = new Map();

    set(settings) {
        this.settings = settings;
        this.#counts.clear();
    }

    /** One more in this window; returns whether that is more than `limit`. */
    exceeds(what, limit, windowMs) {
        const window = Math.floor(timeNow() / windowMs);
        const entry = this.#counts.get(what);
        const count = entry?.window === window ? entry.count + 1 : 1;
        this.#counts.set(what, { window, count });
        return count > limit;
    }
}

/** The 429 of the first limit that this request goes beyond, or null. */
export function refuseLimits({ limits, site }, { method, path }, found, caller) {
    const { burst, issue_writes: writes, quota, quota_kind: kind = 'global' } = limits.settings;
    if (quota !== undefined && caller.oauth && limits.exceeds('quota', quota, HOUR)) {
        return limitAnswer(`jira-quota-${kind}-based`, secondsLeft(HOUR));
    }
    const operation = `${site.id} ${found.route.operation}`;
    if (burst !== undefined && limits.exceeds(operation, burst, 1000)) {
        return limitAnswer('jira-burst-based', 1);
    }
    const issue = method === 'GET' || method === 'HEAD' ? null : ISSUE_PATH.exec(path)?.[1];
    if (writes !== undefined && issue &&
        limits.exceeds(`${site.id} ${issue}`, writes, ISSUE_WINDOW_MS)) {
        return limitAnswer('jira-per-issue-on-write', secondsLeft(ISSUE_WINDOW_MS));
    }
    return null;
}

function secondsLeft(windowMs) {
    return Math.ceil((windowMs - timeNow() % windowMs) / 1000);
}

export function limitAnswer(reason, retryAfter, status = 429) {
    const { limit, policy, window } = KINDS[reason] ?? { limit: 100 };
    const reset = new Date(timeNow() + retryAfter * 1000).toISOString().slice(0, 16) + 'Z';
    return answers.raw(status, answers.JSON_TYPE,
        '{"errorMessages":["Rate limit exceeded."],"errors":{}}', {
            'Retry-After': String(retryAfter),
            'RateLimit-Reason': reason,
            'X-RateLimit-Limit': String(limit),
            'X-RateLimit-Remaining': '0',
            'X-RateLimit-Reset': reset,
            ...(policy ? { 'RateLimit-Policy': `"${policy}";q=${limit};w=${window}`,
                'RateLimit': `"${policy}";r=0;t=${retryAfter}` } : {}),
        });
}
