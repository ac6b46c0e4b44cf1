// The state file: everything that must survive a restart, as one JSON document.
// Every change is written within 50 ms: a new file, synced, then renamed over the old one.
// Faults, the request log and page tokens in flight are not kept here.

import fs from 'node:fs';
import path from 'node:path';

import { findAppProblem, TRY_OUT_APP } from './oauth/apps.mjs';
import { seed } from './seed.mjs';

const VERSION = 2;
const SAVE_AFTER_MS = 50;

export class Store {
    #path;
    #timer = null;
    #callback;

    /** `callback`, when given, is what the seed's OAuth app has: now, and after every reset. */
    constructor(filePath, { callback } = {}) {
        const problem = findAppProblem({ callback });
        if (problem) throw new Error(problem);
        this.#path = filePath;
        this.#callback = callback;
        this.data = this.#prepared(readState(filePath) ?? seed());
        if (!fs.existsSync(filePath) || callback) this.saveNow();
    }

    #prepared(data) {
        const app = data.oauth.apps.find((each) => each.clientId === TRY_OUT_APP.clientId);
        if (app && this.#callback) app.callback = this.#callback;
        return data;
    }

    changed() {
        this.#timer ??= setTimeout(() => this.saveNow(), SAVE_AFTER_MS);
    }

    reset() {
        this.data = this.#prepared(seed());
        this.saveNow();
    }

    saveNow() {
        clearTimeout(this.#timer);
        this.#timer = null;
        writeDurably(this.#path, JSON.stringify({ version: VERSION, ...this.data }));
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
    if (version === 1) return upgraded(data);
    if (version !== VERSION) {
        throw new Error(`${filePath} has version ${version}, this program wants ${VERSION}. ` +
            'Delete the file to start from the seed again.');
    }
    return data;
}

/** Version 1 knew no OAuth: no apps, no products, and no account without a site. */
function upgraded(data) {
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
