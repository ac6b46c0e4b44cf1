// Starts the simulated Atlassian for a test file and talks to it. Not a test itself.
// A Host header can be chosen for each call, which fetch() does not allow.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

export const REPO = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * Starts the simulator on a port of its own. `state`: a file to go on with, else a new one;
 * `args`: more of its command line.
 */
export async function startSim({ state, args = [] } = {}) {
    const folder = state ? null : fs.mkdtempSync(path.join(os.tmpdir(), 'mortise-sim-'));
    const stateFile = state ?? path.join(folder, 'state.json');
    const child = spawn(process.execPath, [path.join(REPO, 'sim/main.mjs'), '--quiet',
        '--listen', '127.0.0.1:0', '--state', stateFile, ...args],
    { stdio: ['ignore', 'pipe', 'pipe'] });
    const errors = [];
    child.stderr.on('data', (chunk) => errors.push(chunk));
    const ended = new Promise((resolve) => child.on('exit', resolve));
    const first = await waitForOutput(child.stdout, /\n/);
    const match = /^simulated Atlassian on (http:\/\/127\.0\.0\.1:(\d+))\n/.exec(first);
    if (!match) {
        await ended;
        if (folder) fs.rmSync(folder, { recursive: true });
        throw new Error(`the simulator did not start: ${first} ${Buffer.concat(errors)}`);
    }
    letGo(child);
    const sim = { url: match[1], port: Number(match[2]), state: stateFile };
    sim.call = (method, target, options) => call(sim, method, target, options);
    sim.control = async (method, name, body) => {
        const answer = await call(sim, method, `/_control/${name}`, { json: body });
        if (answer.status !== 200) throw new Error(`${method} ${name}: ${answer.text}`);
        return answer.json;
    };
    sim.token = async (email, more = {}) =>
        (await sim.control('POST', 'tokens', { email, label: 'test', ...more })).token;
    sim.stop = async (signal = 'SIGTERM') => {
        child.ref();
        child.kill(signal);
        const code = await ended;
        if (folder) fs.rmSync(folder, { recursive: true });
        return code;
    };
    return sim;
}

/** A test that fails before it stops its simulator must neither hang nor leave it running. */
function letGo(child) {
    for (const each of [child, child.stdout, child.stderr]) each.unref();
    process.on('exit', () => child.kill('SIGKILL'));
}

/** The output up to the first match, or all of it when the stream ends; it keeps flowing. */
export function waitForOutput(stream, pattern) {
    return new Promise((resolve) => {
        let text = '';
        stream.setEncoding('utf8');
        stream.on('data', (chunk) => {
            text += chunk;
            if (pattern.test(text)) resolve(text);
        });
        stream.on('end', () => resolve(text));
    });
}

/**
 * One request. Options: host (name without port), user [name, password], headers, json (a value
 * that is sent as JSON), body (text), form (an object). The answer has status, headers, text
 * and json (undefined when the text is not JSON). Rejects when the connection breaks.
 */
function call(sim, method, target, options = {}) {
    const headers = { ...options.headers };
    if (options.host) headers.Host = `${options.host}:${sim.port}`;
    if (options.user) {
        headers.Authorization = `Basic ${Buffer.from(options.user.join(':')).toString('base64')}`;
    }
    let { body } = options;
    if (options.json !== undefined) {
        body = JSON.stringify(options.json);
        headers['Content-Type'] ??= 'application/json';
    }
    if (options.form) {
        body = new URLSearchParams(options.form).toString();
        headers['Content-Type'] ??= 'application/x-www-form-urlencoded';
    }
    if (body !== undefined) headers['Content-Length'] ??= Buffer.byteLength(body);
    return new Promise((resolve, reject) => {
        const request = http.request({ host: '127.0.0.1', port: sim.port, method, path: target,
            headers, agent: false, timeout: options.timeout ?? 20_000 });
        request.on('timeout', () => request.destroy(new Error('timeout')));
        request.on('error', reject);
        request.on('response', (response) => collect(response).then(resolve, reject));
        request.end(body);
    });
}

async function collect(response) {
    const chunks = [];
    for await (const chunk of response) chunks.push(chunk);
    const raw = Buffer.concat(chunks);
    const bytes = response.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
    const text = bytes.toString('utf8');
    return { status: response.statusCode, headers: response.headers, bytes, text,
        json: parseOrNothing(text) };
}

function parseOrNothing(text) {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}

export const ANNA = 'anna@acme.example';
export const BOB = 'bob@acme.example';
export const CARLA = 'carla@acme.example';
export const DAVE = 'dave@globex.example';
export const BOT = 'bot@serviceaccount.atlassian.com';
export const ACME = 'acme.localhost';
export const GLOBEX = 'globex.localhost';
