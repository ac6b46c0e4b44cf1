// The HTTP server: reads a request, finds its place, applies faults, and writes the answer with
// the headers that Atlassian's edge adds. Everything but reading and writing is synchronous, so
// no two requests ever change the state at the same time.

import crypto from 'node:crypto';
import http from 'node:http';
import { gzipSync } from 'node:zlib';

import * as answers from './answers.mjs';
import { timeNow } from './clock.mjs';
import { answerControl } from './control.mjs';
import { Faults, replacement } from './faults.mjs';
import { addressOf, placeOf, splitHost } from './hosts.mjs';
import { answerRest } from './jira/rest.mjs';
import { RequestLog } from './log.mjs';
import { answerApi } from './oauth/resources.mjs';
import { answerAccount } from './pages/account.mjs';
import { answerAuth } from './pages/authorize.mjs';
import { unavailablePage } from './pages/layout.mjs';
import { answerSitePage } from './pages/site.mjs';
import { Refreshes } from './refreshes.mjs';

const MAX_BODY = 10 * 1024 * 1024;
const GZIP_FROM = 1024;

export function createSim({ store, suffix, report = () => {} }) {
    const sim = { store, suffix, faults: new Faults(), log: new RequestLog(),
        refreshes: new Refreshes(), report };
    // As long as at Atlassian's edge: Node's five seconds cut connections that are being reused.
    const options = { maxHeaderSize: 64 * 1024, keepAliveTimeout: 60_000 };
    return http.createServer(options, (incoming, outgoing) => {
        serve(sim, incoming, outgoing).catch((error) => {
            report(`internal error: ${error.stack}`);
            outgoing.destroy();
        });
    });
}

async function serve(sim, incoming, outgoing) {
    const request = await readRequest(incoming);
    if (request === null) return send(outgoing, incoming, answers.html(413, 'Too large'));
    const place = placeOf(sim.store.data, sim.suffix, request.headers.host, request.path);
    if (place.kind === 'control') {
        return send(outgoing, incoming, answerControl(sim, { ...request, path: place.path }));
    }
    const inPlace = { ...request, path: place.path ?? request.path };
    const entry = sim.log.add(request, place.kind);
    const faults = sim.faults.take({ ...request, urlInPlace: inPlace.path + request.search });
    entry.faults = faults.map((fault) => fault.kind);
    outgoing.on('finish', () => sim.report(`${entry.status} ${request.method} ` +
        `${request.headers.host}${request.path}`));
    await perform(sim, place, inPlace, faults, entry, outgoing, incoming);
}

async function readRequest(incoming) {
    const chunks = [];
    let size = 0;
    for await (const chunk of incoming) {
        size += chunk.length;
        if (size > MAX_BODY) return null;
        chunks.push(chunk);
    }
    const body = Buffer.concat(chunks);
    const mark = incoming.url.indexOf('?');
    const path = mark < 0 ? incoming.url : incoming.url.slice(0, mark);
    const search = mark < 0 ? '' : incoming.url.slice(mark);
    return {
        method: incoming.method,
        url: incoming.url,
        path,
        search,
        query: new URLSearchParams(search),
        headers: incoming.headers,
        hostName: splitHost(incoming.headers.host).name,
        body,
        form: () => new URLSearchParams(body.toString('utf8')),
    };
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
    if (fault?.kind !== 'half_json') return answer;
    return { ...answer, body: answer.body.slice(0, Math.floor(answer.body.length / 2)) };
}

function cut(socket, { reset = false }) {
    if (reset) socket.resetAndDestroy();
    else socket.destroy();
}

function answerAt({ store, suffix }, place, request) {
    switch (place.kind) {
    case 'account': return answerAccount({ store, suffix }, request);
    case 'auth': return answerAuth({ store, suffix }, request);
    case 'api': return answerApi({ store, suffix }, request);
    case 'gateway': return answerGateway(store, suffix, place, request);
    case 'site': return answerSite(store, place, request);
    case 'former': return answerFormer(place, request);
    default: return answers.html(404, unavailablePage());
    }
}

function answerGateway(store, suffix, { site, prefix }, request) {
    if (!site || !request.path.startsWith('/rest/')) return answers.gateway(404, 'Not Found');
    if (!site.products.includes('jira')) return answers.html(403, unavailablePage());
    const { host } = request.headers;
    return answerRest({ store, site, via: 'gateway', base: `http://${host}${prefix}`,
        siteBase: addressOf(site, suffix, host) }, request);
}

function answerSite(store, { site, siteBase }, request) {
    if (request.path === '/_edge/tenant_info') {
        return answers.raw(200, 'application/json', JSON.stringify({ cloudId: site.cloudId }));
    }
    if (!site.products.includes('jira')) return answers.html(404, unavailablePage());
    if (request.path === '/rest' || request.path.startsWith('/rest/')) {
        return answerRest({ store, site, siteBase, base: siteBase, via: 'site' }, request);
    }
    return answerSitePage({ store, site, siteBase }, request);
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

function send(outgoing, incoming, { status, headers, body }) {
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

/** The whole length is promised, half of it is sent, then the connection ends. */
function sendHalf(outgoing, incoming, { status, headers, body }) {
    const bytes = Buffer.from(body ?? '');
    outgoing.writeHead(status, { ...headers, 'Content-Length': bytes.length || 100 });
    outgoing.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () =>
        setTimeout(() => incoming.socket.destroy(), 20));
}

async function sendSlowly(outgoing, { status, headers, body }, { ms = 100, bytes: step = 64 }) {
    const bytes = Buffer.from(body ?? '');
    outgoing.writeHead(status, headers);
    for (let at = 0; at < bytes.length && !outgoing.destroyed; at += step) {
        outgoing.write(bytes.subarray(at, at + step));
        await sleep(ms);
    }
    outgoing.end();
}

function sleep(ms) {
    return new Promise((resolve) => setTimeout(resolve, ms));
}
