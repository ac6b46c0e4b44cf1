// The contents of attachments: a file each, in a folder beside the state file. A file is written
// while its upload arrives (receive), belongs to nobody until an issue takes it, and is removed
// with whatever was not taken. The state keeps only ids.

import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { finished } from 'node:stream/promises';

import { readMultipart } from './multipart.mjs';

export const MAX_FILE = 100 * 1024 * 1024;
export const MAX_FILES = 60;

export class Files {
    #folder;

    constructor(folder) {
        this.#folder = folder;
    }

    pathOf(id) {
        return path.join(this.#folder, id);
    }

    /**
     * Reads an upload to its end, whatever it is, and returns { files, tooLarge }. Of each part
     * called "file": { id, filename, type, size, sha256 }; other parts are left out. A file is no
     * longer kept once it is too large. When reading fails, nothing is left behind.
     */
    async receive(stream, boundary) {
        const upload = new Upload(this);
        try {
            await readMultipart(stream, boundary, upload);
        } catch (error) {
            upload.abandon();
            this.remove(upload.files);
            throw error;
        }
        return { files: upload.files, tooLarge: upload.tooLarge };
    }

    create() {
        fs.mkdirSync(this.#folder, { recursive: true });
        const id = crypto.randomUUID();
        // Opened at once: opened later, it could appear after it was removed.
        const fd = fs.openSync(this.pathOf(id), 'wx', 0o600);
        return { id, out: fs.createWriteStream(null, { fd }) };
    }

    remove(files) {
        for (const { id } of files) fs.rmSync(this.pathOf(id), { force: true });
    }

    clear() {
        fs.rmSync(this.#folder, { recursive: true, force: true });
    }
}

/** The sink of readMultipart(): writes no faster than the disk takes it. */
class Upload {
    files = [];
    tooLarge = false;
    #store;
    #current = null;

    constructor(store) {
        this.#store = store;
    }

    begin({ name, filename, type }) {
        if (name !== 'file') return;
        const { id, out } = this.#store.create();
        const file = { id, filename: filename ?? 'file', type, size: 0, sha256: '' };
        this.files.push(file);
        if (this.files.length > MAX_FILES) this.tooLarge = true;
        this.#current = { file, out, hash: crypto.createHash('sha256') };
    }

    async data(bytes) {
        if (!this.#current) return;
        const { file, out, hash } = this.#current;
        file.size += bytes.length;
        if (file.size > MAX_FILE) this.tooLarge = true;
        if (this.tooLarge) return;
        hash.update(bytes);
        await new Promise((resolve, reject) =>
            out.write(bytes, (error) => (error ? reject(error) : resolve())));
    }

    async end() {
        if (!this.#current) return;
        const { file, out, hash } = this.#current;
        this.#current = null;
        out.end();
        await finished(out);
        file.sha256 = hash.digest('hex');
    }

    abandon() {
        this.#current?.out.destroy();
    }
}
