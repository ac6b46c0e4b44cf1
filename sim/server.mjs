// The HTTP server: finds a request's place, reads it, applies faults, and writes the answer with
// the headers that Atlassian's edge adds. Everything but reading and writing is synchronous, so
// no two requests ever change the state at the same time. Files pass through the disk, both ways;
// everything else is held in memory.

import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import { gzipSync } from 'node:zlib';

import * as answers from './answers.mjs';
import { timeNow } from './clock.mjs';
import { answerControl } from './control.mjs';
import { Faults, replacement } from './faults.mjs';
import { addressOf, mediaAddress, placeOf, splitHost } from './hosts.mjs';
import { answerRest } from './jira/rest.mjs';
import { takesFiles } from './jira/routes.mjs';
import { Limits } from './limits.mjs';
import { RequestLog } from './log.mjs';
import { answerMedia } from './media.mjs';
import { boundaryOf, Malformed } from './multipart.mjs';
import { answerApi } from './oauth/resources.mjs';
import { answerAccount } from './pages/account.mjs';
import { answerAuth } from './pages/authorize.mjs';
import { unavailablePage } from './pages/layout.mjs';
import { answerSitePage } from './pages/site.mjs';
import { Refreshes } from './refreshes.mjs';

const MAX_BODY = 10 * 1024 * 1024;
const GZIP_FROM = 1024;

export function createSim({ store, files, suffix, report = () => {} }) {
    const sim = { store, files, suffix, faults: new Faults(), limits: new Limits(),
        log: new RequestLog(), refreshes: new Refreshes(), report };
    // As long as at Atlassian's edge: Node's five seconds cut connections that are being reused.
    const options = { maxHeaderSize: 64 * 1024, keepAliveTimeout: 60_000 };
    return http.createServer(options, (incoming, outgoing) => {
        serve(sim, incoming, outgoing).catch((error) => {
            if (!incoming.destroyed || incoming.complete) report(`internal error: ${error.stack}`);
            outgoing.destroy();
        });
    });
}

async function serve(sim, incoming, outgoing) {
    const head = headOf(incoming);
    const placeNow = () => placeOf(sim.store.data, sim.suffix, head.headers.host, head.path);
    const request = await readRequest(sim, head, placeNow(), incoming);
    if (request === null) return send(outgoing, incoming, answers.html(413, 'Too large'));
    const place = placeNow(); // what was read may have taken long
    if (place.kind === 'control') {
        return send(outgoing, incoming, answerControl(sim, { ...request, path: place.path }));
    }
    try {
        await serveIn(sim, place, request, outgoing, incoming);
    } finally {
        dropUpload(sim, request);
    }
}

/** Removes the files of an upload that no issue took. */
function dropUpload({ files }, { upload }) {
    if (upload) files.remove(upload.files.splice(0));
}

async function serveIn(sim, place, request, outgoing, incoming) {
    const inPlace = { ...request, path: place.path ?? request.path };
    const entry = sim.log.add(request, place.kind);
    const faults = sim.faults.take({ ...request, urlInPlace: inPlace.path + request.search });
    entry.faults = faults.map((fault) => fault.kind);
    outgoing.on('finish', () => sim.report(`${entry.status} ${request.method} ` +
        `${request.headers.host}${request.path}`));
    await perform(sim, place, inPlace, faults, entry, outgoing, incoming);
}

function headOf({ method, url, headers }) {
    const mark = url.indexOf('?');
    const search = mark < 0 ? '' : url.slice(mark);
    return { method, url, path: mark < 0 ? url : url.slice(0, mark), search,
        query: new URLSearchParams(search), headers, hostName: splitHost(headers.host).name };
}

/** The request with its body, or with `upload` when the body is files; null when it is too large.
 *  Whoever gets an upload removes the files that nobody took. */
async function readRequest(sim, head, place, incoming) {
    const pathInPlace = place.path ?? head.path;
    const fault = place.kind === 'control' ? null
        : sim.faults.takeReading({ ...head, urlInPlace: pathInPlace + head.search });
    if (fault?.kind === 'cut_reading') {
        sim.log.add({ ...head, body: Buffer.alloc(0) }, place.kind).faults = [fault.kind];
    }
    const body = fault ? faultyBody(incoming, fault) : incoming;
    const boundary = boundaryOf(head.headers['content-type']);
    if (boundary && takesFiles(head.method, pathInPlace)) {
        const upload = await readUpload(sim.files, body, boundary);
        return { ...head, upload, body: Buffer.alloc(0) };
    }
    const chunks = [];
    let size = 0;
    for await (const chunk of body) {
        size += chunk.length;
        if (size > MAX_BODY) return null;
        chunks.push(chunk);
    }
    const bytes = Buffer.concat(chunks);
    return { ...head, body: bytes, form: () => new URLSearchParams(bytes.toString('utf8')) };
}

async function readUpload(files, body, boundary) {
    try {
        return await files.receive(body, boundary);
    } catch (error) {
        if (error instanceof Malformed) return { files: [], malformed: true };
        throw error;
    }
}

/** The body as a fault lets it be read: slowly, or not to its end. */
async function* faultyBody(incoming, { kind, ms = 100, bytes = 64 * 1024 }) {
    let size = 0;
    for await (const chunk of incoming) {
        for (let at = 0; at < chunk.length; at += bytes) {
            const part = chunk.subarray(at, at + bytes);
            size += part.length;
            if (kind === 'slow_reading') await sleep(ms);
            else if (size >= bytes) incoming.socket.destroy();
            yield part;
        }
    }
}

/** Runs the request with its faults. `entry.status` stays null when no byte is answered. */
async function perform(sim, place, request, faults, entry, outgoing, incoming) {
    const fault = faults.find((each) => !['delay', 'headers'].includes(each.kind));
    const delays = faults.filter(({ kind }) => kind === 'delay');
    await pause(delays.filter(({ after }) => !after));
    if (fault?.kind === 'cut_before') return cut(incoming.socket, fault);
    const replaced = fault && replacement(fault);
    const holdsBack = (replaced || fault?.kind === 'hang') && !fault.after;
    const answer = holdsBack ? replaced : answerAt(sim, place, request);
    dropUpload(sim, request);
    if (answer?.note) {
        entry.oauth = answer.note;
        sim.refreshes.add(answer.note);
    }
    await pause(delays.filter(({ after }) => after));
    if (fault?.kind === 'hang') return;
    if (fault?.kind === 'cut_after') {
        sim.store.saveNow();
        return cut(incoming.socket, fault);
    }
    const final = withEdgeHeaders(finished(replaced ?? answer, fault), place, request);
    for (const { headers } of faults.filter(({ kind }) => kind === 'headers')) {
        Object.assign(final.headers, headers);
    }
    entry.status = final.status;
    if (fault?.kind === 'cut_body') return sendHalf(outgoing, incoming, final);
    if (fault?.kind === 'drip') return sendSlowly(outgoing, final, fault);
    send(outgoing, incoming, final);
}

/** Each as long as it says, or by chance up to `upto_ms`. */
async function pause(delays) {
    for (const { ms = 1000, upto_ms: upTo = ms } of delays) {
        await sleep(ms + Math.random() * (upTo - ms));
    }
}

/** half_json: the answer ends in the middle, in good order. */
function finished(answer, fault) {
    if (fault?.kind !== 'half_json' || answer.file) return answer;
    return { ...answer, body: answer.body.slice(0, Math.floor(answer.body.length / 2)) };
}

function cut(socket, { reset = false }) {
    if (reset) socket.resetAndDestroy();
    else socket.destroy();
}

function answerAt(sim, place, request) {
    const { store, suffix } = sim;
    switch (place.kind) {
    case 'account': return answerAccount({ store, suffix }, request);
    case 'auth': return answerAuth({ store, suffix }, request);
    case 'api': return answerApi({ store, suffix }, request);
    case 'media': return answerMedia(sim, request);
    case 'gateway': return answerGateway(sim, place, request);
    case 'site': return answerSite(sim, place, request);
    case 'former': return answerFormer(place, request);
    default: return answers.html(404, unavailablePage());
    }
}

function answerGateway(sim, { site, prefix }, request) {
    if (!site || !request.path.startsWith('/rest/')) return answers.gateway(404, 'Not Found');
    if (!site.products.includes('jira')) return answers.html(403, unavailablePage());
    const { host } = request.headers;
    const siteBase = addressOf(site, sim.suffix, host);
    return answerRest({ ...jiraOf(sim, request), site, via: 'gateway',
        base: `http://${host}${prefix}`, siteBase, contentBase: siteBase }, request);
}

function jiraOf({ store, files, limits, suffix }, { headers }) {
    return { store, files, limits, mediaBase: mediaAddress(suffix, headers.host) };
}

function answerSite(sim, { site, siteBase, base }, request) {
    if (request.path === '/_edge/tenant_info') {
        return answers.raw(200, 'application/json', JSON.stringify({ cloudId: site.cloudId }));
    }
    if (!site.products.includes('jira')) return answers.html(404, unavailablePage());
    if (request.path === '/rest' || request.path.startsWith('/rest/')) {
        return answerRest({ ...jiraOf(sim, request), site, siteBase, base, contentBase: base,
            via: 'site' }, request);
    }
    return answerSitePage({ store: sim.store, site, siteBase }, request);
}

/** After a rename: pages lead on to the new name, REST calls are refused. */
function answerFormer({ siteBase }, { path, search }) {
    if (path === '/rest' || path.startsWith('/rest/')) {
        return answers.raw(401, 'text/html;charset=UTF-8', 'Unauthorized');
    }
    return answers.redirect(`${siteBase}${path}${search}`, 301);
}

function withEdgeHeaders(answer, place, request) {
    const trace = crypto.randomBytes(16).toString('hex');
    const headers = {
        'Server': 'AtlassianEdge',
        'Cache-Control': 'no-cache, no-store, no-transform',
        'Strict-Transport-Security': 'max-age=63072000; includeSubDomains; preload',
        'X-Content-Type-Options': 'nosniff',
        'X-XSS-Protection': '1; mode=block',
        'Atl-Traceid': trace,
        'Atl-Request-Id': crypto.randomUUID(),
        'Timing-Allow-Origin': '*',
        'Vary': 'Accept-Encoding',
        'Date': new Date(timeNow()).toUTCString(),
        ...answer.headers,
    };
    if (request.path.startsWith('/rest/')) {
        headers['X-AREQUESTID'] = trace;
        const state = headers['X-AACCOUNTID'] ? 'lin' : 'lout';
        headers['Set-Cookie'] ??= `atlassian.xsrf.token=${trace}${trace.slice(0, 8)}_${state}; ` +
            'Path=/; SameSite=None; Secure';
    }
    return { ...answer, headers };
}

function send(outgoing, incoming, { status, headers, body, file }) {
    if (file) return sendFile(outgoing, incoming, status, headers, file);
    let bytes = Buffer.from(body ?? '');
    const out = { ...headers };
    const type = out['Content-Type'] ?? '';
    const accepts = /\bgzip\b/.test(incoming.headers['accept-encoding'] ?? '');
    if (accepts && type.includes('json') && bytes.length >= GZIP_FROM) {
        bytes = gzipSync(bytes);
        out['Content-Encoding'] = 'gzip';
    }
    outgoing.writeHead(status, out);
    if (incoming.method === 'HEAD' || bytes.length === 0) outgoing.end();
    else outgoing.end(bytes);
}

function sendFile(outgoing, incoming, status, headers, file) {
    outgoing.writeHead(status, headers);
    if (incoming.method === 'HEAD' || file.end === file.start) return outgoing.end();
    const reading = readFile(file);
    outgoing.on('close', () => reading.destroy());
    reading.on('error', () => outgoing.destroy()).pipe(outgoing);
}

function readFile({ path, start, end }, options) {
    return fs.createReadStream(path, { start, end: end - 1, ...options });
}

/** The whole length is promised, half of it is sent, then the connection ends. */
function sendHalf(outgoing, incoming, { status, headers, body, file }) {
    const cutSoon = () => setTimeout(() => incoming.socket.destroy(), 20);
    if (file) {
        outgoing.writeHead(status, headers);
        const half = { ...file, end: file.start + Math.ceil((file.end - file.start) / 2) };
        return readFile(half).on('end', cutSoon).pipe(outgoing, { end: false });
    }
    const bytes = Buffer.from(body ?? '');
    outgoing.writeHead(status, { ...headers, 'Content-Length': bytes.length || 100 });
    outgoing.write(bytes.subarray(0, Math.floor(bytes.length / 2)), cutSoon);
}

async function sendSlowly(outgoing, { status, headers, body, file }, { ms = 100, bytes = 64 }) {
    outgoing.writeHead(status, headers);
    const parts = file ? readFile(file, { highWaterMark: bytes }) : partsOf(body, bytes);
    for await (const part of parts) {
        if (outgoing.destroyed) return;
        outgoing.write(part);
        await sleep(ms);
    }
    outgoing.end();
}

function* partsOf(body, step) {
    const bytes = Buffer.from(body ?? '');
    for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
}

function sleep(ms) {
    return new Promise((resolve) => setTimeout(resolve, ms));
}
