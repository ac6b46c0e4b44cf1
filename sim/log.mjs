// What was asked lately, for tests. Bodies of the account pages are left out (passwords), and
// an Authorization header is reduced to its scheme and user name.

import { readBasic } from './auth.mjs';

const MAX_ENTRIES = 1000;
const MAX_BODY = 64 * 1024;

export class RequestLog {
    #entries = [];

    /** Returns the entry; the server fills in what became of the request. */
    add(request, kind) {
        const showsBody = kind === 'site' || kind === 'gateway' || kind === 'former';
        const entry = {
            at: new Date().toISOString(),
            kind,
            host: request.headers.host ?? '',
            method: request.method,
            path: request.url,
            headers: reduced(request.headers),
            body: showsBody ? request.body.toString('utf8').slice(0, MAX_BODY) : '',
            status: null,
            faults: [],
        };
        this.#entries.push(entry);
        if (this.#entries.length > MAX_ENTRIES) this.#entries.shift();
        return entry;
    }

    list() {
        return this.#entries;
    }

    clear() {
        this.#entries = [];
    }
}

function reduced(headers) {
    const { authorization, cookie, ...others } = headers;
    if (authorization === undefined) return others;
    const basic = readBasic(authorization);
    const scheme = authorization.split(' ')[0];
    return { ...others, authorization: basic ? `${scheme} ${basic.name}` : scheme };
}
