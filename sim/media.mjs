// The media host (api.media.<suffix>): hands out the contents of attachments to whoever has the
// short-lived address that Jira redirected to, and refuses everybody who shows a credential there.
// A link names the file, its kind and its end, and is signed; nothing is kept.

import crypto from 'node:crypto';
import fs from 'node:fs';

import * as answers from './answers.mjs';
import { timeNow } from './clock.mjs';

const LINK_SECONDS = 600;
const secret = crypto.randomBytes(32);

// One grey pixel: every thumbnail.
const PIXEL = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAA' +
    'ggCBd81ytgAAAABJRU5ErkJggg==', 'base64');

/** `kind`: "binary" (the contents) or "image" (a thumbnail). */
export function mediaLink(base, kind, { file, filename, mimeType }) {
    const claims = { file, kind, filename, mimeType, until: timeNow() + LINK_SECONDS * 1000 };
    const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
    const query = new URLSearchParams({ token: `${payload}.${signatureOf(payload)}`,
        client: 'simulated-jira', name: filename });
    return `${base}/file/${file}/${kind}?${query}`;
}

function signatureOf(payload) {
    return crypto.createHmac('sha256', secret).update(payload).digest('base64url');
}

function claimsOf(token) {
    const [payload, signature] = String(token).split('.');
    if (signature !== signatureOf(payload)) return null;
    return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
}

export function answerMedia({ files }, { method, path, query, headers }) {
    const [, id, kind] = /^\/file\/([\w-]+)\/(binary|image)$/.exec(path) ?? [];
    if (!id) return refusal(404, 'NotFound');
    if (method !== 'GET' && method !== 'HEAD') return refusal(405, 'MethodNotAllowed');
    if (headers.authorization !== undefined) return refusal(400, 'AmbiguousCredentials');
    const claims = claimsOf(query.get('token'));
    const fits = claims && claims.file === id && claims.kind === kind;
    if (!fits) return refusal(403, 'JwtAuthoriser:InvalidToken');
    if (claims.until <= timeNow()) return refusal(403, 'JwtAuthoriser:TokenExpired');
    return kind === 'image' ? thumbnail() : contents(files.pathOf(id), claims, headers);
}

function refusal(status, code) {
    return answers.raw(status, 'application/json', JSON.stringify({ error: { code } }));
}

export function thumbnail() {
    return answers.raw(200, 'image/png', PIXEL);
}

/** The file, or the range of it that was asked for. */
export function contents(filePath, { filename, mimeType }, { range }) {
    const size = fs.existsSync(filePath) ? fs.statSync(filePath).size : null;
    if (size === null) return refusal(404, 'NotFound');
    const headers = { 'Accept-Ranges': 'bytes', 'Content-Disposition': disposition(filename) };
    if (range === undefined) return fileAnswer(200, mimeType, filePath, 0, size, headers);
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range) ?? [];
    if (from === undefined) return answers.raw(400, 'text/plain', 'Malformed range');
    if (Number(from) >= size) {
        return answers.raw(416, 'text/plain', '', { 'Content-Range': `bytes */${size}` });
    }
    const end = to === '' ? size : Math.min(size, Number(to) + 1);
    headers['Content-Range'] = `bytes ${from}-${end - 1}/${size}`;
    return fileAnswer(206, mimeType, filePath, Number(from), end, headers);
}

function fileAnswer(status, mimeType, filePath, start, end, headers) {
    return { ...answers.raw(status, mimeType, '', { ...headers, 'Content-Length': end - start }),
        file: { path: filePath, start, end } };
}

function disposition(filename) {
    const plain = filename.replace(/[^\x20-\x7e]|["\\]/g, '_');
    return `attachment; filename="${plain}"; filename*=UTF-8''${encodeURIComponent(filename)}`;
}
