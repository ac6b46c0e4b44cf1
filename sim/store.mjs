// The state file: everything that must survive a restart, as one JSON document.
// Every change is written within 50 ms: a new file, synced, then renamed over the old one.
// Faults, the request log and page tokens in flight are not kept here.

import fs from 'node:fs';
import path from 'node:path';

import { seed } from './seed.mjs';

const VERSION = 1;
const SAVE_AFTER_MS = 50;

export class Store {
    #path;
    #timer = null;

    constructor(filePath) {
        this.#path = filePath;
        this.data = readState(filePath) ?? seed();
        if (!fs.existsSync(filePath)) this.saveNow();
    }

    changed() {
        this.#timer ??= setTimeout(() => this.saveNow(), SAVE_AFTER_MS);
    }

    reset() {
        this.data = seed();
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
    if (version !== VERSION) {
        throw new Error(`${filePath} has version ${version}, this program wants ${VERSION}. ` +
            'Delete the file to start from the seed again.');
    }
    return data;
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
