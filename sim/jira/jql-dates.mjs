// Dates in JQL: absolute ("2026-09-01", "2026/09/01 14:30"), relative ("-7d", "4w 2d"), and
// the functions now(), startOfDay(), endOfMonth() and so on with an optional increment.

import { timeNow } from '../clock.mjs';
import { JqlError } from './jql-parse.mjs';

const UNITS = { m: 60_000, h: 3600_000, d: 86400_000, w: 604800_000 };

/** The moment in milliseconds that a JQL value means. */
export function dateOf(value, field) {
    const now = new Date(timeNow());
    if (value.call !== undefined) return callDate(value, now);
    const text = (value.text ?? '').trim();
    const absolute = /^(\d{4})[-/](\d\d?)[-/](\d\d?)(?: (\d\d?):(\d\d))?$/.exec(text);
    if (absolute) {
        const [year, month, day, hour = 0, minute = 0] = absolute.slice(1)
            .map((part) => (part === undefined ? undefined : Number(part)));
        return Date.UTC(year, month - 1, day, hour, minute);
    }
    const offset = increment(text);
    if (offset === null) throw new JqlError('jql_date', text, field);
    return now.getTime() + offset;
}

/** "-1w 2d" in milliseconds; null when it is no duration. */
function increment(text) {
    const match = /^([+-]?)((?:\d+[mhdw]\s*)+)$/.exec(text);
    if (!match) return null;
    const total = [...match[2].matchAll(/(\d+)([mhdw])/g)]
        .reduce((sum, [, count, unit]) => sum + Number(count) * UNITS[unit], 0);
    return match[1] === '-' ? -total : total;
}

function callDate({ call, args }, now) {
    const name = call.toLowerCase();
    const shift = args.length ? increment(args[0]) ?? 0 : 0;
    if (name === 'now') return now.getTime();
    const match = /^(start|end)of(day|week|month|year)$/.exec(name);
    if (!match) throw new JqlError('jql_function', call);
    const [start, end] = period(match[2], now);
    return (match[1] === 'start' ? start : end - 1) + shift;
}

function period(unit, now) {
    const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
    const monday = day - (now.getUTCDay() + 6) % 7;
    switch (unit) {
    case 'day': return [Date.UTC(year, month, day), Date.UTC(year, month, day + 1)];
    case 'week': return [Date.UTC(year, month, monday), Date.UTC(year, month, monday + 7)];
    case 'month': return [Date.UTC(year, month, 1), Date.UTC(year, month + 1, 1)];
    default: return [Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1)];
    }
}
