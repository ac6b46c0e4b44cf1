// The state file: everything that must survive a restart, as one JSON document.
// Every change is written within 50 ms: a new file, synced, then renamed over the old one. When
// writing takes long, because thousands of people are in it, it is done less often instead: nine
// tenths of the time are for answering.
// Faults, the request log and page tokens in flight are not kept here, nor are the contents of
// attachments (files.mjs).

import fs from 'node:fs';
import path from 'node:path';

import { setClock } from './clock.mjs';
import { findAppProblem, TRY_OUT_APP } from './oauth/apps.mjs';
import { SETTINGS } from './oauth/tokens.mjs';
import { seed } from './seed.mjs';

const VERSION = 4;
const SAVE_AFTER_MS = 50;
const SAVE_SHARE = 10;

export class Store {
    #path;
    #timer = null;
    #took = 0;
    #callback;

    /** `callback`, when given, is what the seed's OAuth app has: now, and after every reset. */
    constructor(filePath, { callback } = {}) {
        this.isNew = !fs.existsSync(filePath);
        const problem = findAppProblem({ callback });
        if (problem) throw new Error(problem);
        this.#path = filePath;
        this.#callback = callback;
        this.data = this.#prepared(readState(filePath) ?? seed());
        if (this.isNew || callback) this.saveNow();
    }

    #prepared(data) {
        const app = data.oauth.apps.find((each) => each.clientId === TRY_OUT_APP.clientId);
        if (app && this.#callback) app.callback = this.#callback;
        setClock(data);
        return data;
    }

    changed() {
        const wait = Math.max(SAVE_AFTER_MS, this.#took * SAVE_SHARE);
        this.#timer ??= setTimeout(() => this.saveNow(), wait);
    }

    reset() {
        this.data = this.#prepared(seed());
        this.saveNow();
    }

    saveNow() {
        clearTimeout(this.#timer);
        this.#timer = null;
        const started = performance.now();
        writeDurably(this.#path, JSON.stringify({ version: VERSION, ...this.data }));
        this.#took = performance.now() - started;
    }

    close() {
        if (this.#timer) this.saveNow();
    }
}

function readState(filePath) {
    let text;
    try {
        text = fs.readFileSync(filePath, 'utf8');
    } catch (error) {
        if (error.code === 'ENOENT') return null;
        throw error;
    }
    const { version, ...data } = JSON.parse(text);
    if (version === 1) return withAttachments(withClock(withOauth(data)));
    if (version === 2) return withAttachments(withClock(data));
    if (version === 3) return withAttachments(data);
    if (version !== VERSION) {
        throw new Error(`${filePath} has version ${version}, this program wants ${VERSION}. ` +
            'Delete the file to start from the seed again.');
    }
    return data;
}

/** Version 1 knew no OAuth: no apps, no products, and no account without a site. */
function withOauth(data) {
    const fresh = seed();
    const known = data.accounts.map((each) => each.email);
    return {
        ...fresh,
        ...data,
        accounts: [...data.accounts,
            ...fresh.accounts.filter((each) => !known.includes(each.email))],
        sites: data.sites.map((site) => ({
            ...site, products: fresh.sites.find((each) => each.id === site.id).products,
        })),
    };
}

/** Version 2 knew neither the clock nor where in its family a token stands. */
function withClock({ oauth, ...data }) {
    return {
        ...data,
        clock: { offset: 0 },
        oauth: {
            ...oauth,
            settings: { ...SETTINGS, ...oauth.settings },
            pairs: oauth.pairs.map((pair) => ({ generation: 1, began: pair.issued, ...pair })),
        },
    };
}

/** Version 3 knew neither attachments nor watchers. */
function withAttachments({ sites, ...data }) {
    return { ...data, sites: sites.map(({ issues, ...site }) => ({ ...site,
        issues: issues.map((issue) => ({ attachments: [], watchers: [], ...issue })) })) };
}

function writeDurably(filePath, text) {
    fs.mkdirSync(path.dirname(filePath), { recursive: true });
    const temporary = `${filePath}.new`;
    const file = fs.openSync(temporary, 'w', 0o600);
    try {
        fs.writeSync(file, text);
        fs.fsyncSync(file);
    } finally {
        fs.closeSync(file);
    }
    fs.renameSync(temporary, filePath);
    const folder = fs.openSync(path.dirname(filePath), 'r');
    fs.fsyncSync(folder);
    fs.closeSync(folder);
}
