// What was asked lately, for tests. Bodies of the account pages and of the token endpoint are
// left out, an Authorization header is reduced to its scheme and user name, and of addresses
// that carry a state, a code or a page to go on with, only the names of those are kept. Calls of
// the token endpoint have `oauth`: { grant_type, client_id, encoding, outcome, detail? } and, for a
// refresh token that is known, { account, family, generation }. Uploads have `files`: of each
// { filename, type, size, sha256 }, in place of their body.

import { readBasic } from './auth.mjs';
import { timeNow } from './clock.mjs';

const MAX_ENTRIES = 1000;
const MAX_BODY = 64 * 1024;
const HIDDEN = ['state', 'continue', 'code', 'token'];

export class RequestLog {
    #entries = [];

    /** Returns the entry; the server fills in what became of the request. */
    add(request, kind) {
        const showsBody = kind === 'site' || kind === 'gateway' || kind === 'former';
        const entry = {
            at: new Date(timeNow()).toISOString(),
            kind,
            host: request.headers.host ?? '',
            method: request.method,
            path: showsBody ? request.url : withoutSecrets(request.url),
            headers: reduced(request.headers),
            ...(request.upload ? { files: request.upload.files.map(withoutId) } : {}),
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

function withoutId({ id, ...file }) {
    return file;
}

function reduced(headers) {
    const { authorization, cookie, referer, ...rest } = headers;
    const others = referer === undefined ? rest : { ...rest, referer: withoutSecrets(referer) };
    if (authorization === undefined) return others;
    const basic = readBasic(authorization);
    const scheme = authorization.split(' ')[0];
    return { ...others, authorization: basic ? `${scheme} ${basic.name}` : scheme };
}

function withoutSecrets(url) {
    const [path, ...search] = url.split('?');
    if (search.length === 0) return url;
    const query = new URLSearchParams(search.join('?'));
    for (const name of HIDDEN) if (query.has(name)) query.set(name, 'hidden');
    return `${path}?${query}`;
}
