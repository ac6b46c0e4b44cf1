// Many raw connections at once, from loopback addresses of their own, so that the limit for one address
// does not count; and what they cost the server.

import fs from 'node:fs';
import net from 'node:net';

import { inParallel } from './many.mjs';
import { sleep } from './scene.mjs';

const AN_ADDRESS = 400;

// One connection; its answer gathers in `got`, `over` tells when it ended and `failed` how. Nobody reads
// from it with {reads: false}.
export function dial(port, from, { reads = true } = {}) {
  return new Promise((done) => {
    const socket = net.connect({ host: '127.0.0.1', port, localAddress: from });
    Object.assign(socket, { got: '', over: null, failed: null });
    socket.on('error', (error) => { socket.failed = error.code; });
    socket.on('close', () => { socket.over = Date.now(); done(socket); });
    socket.on('connect', () => done(socket.unref()));
    if (reads) socket.on('data', (data) => { socket.got += data.toString('latin1'); });
    else socket.pause();
  });
}

// `each(socket, i)` says what is sent first. Net 127.0.`net`.x.
export const crowd = (port, count, each, { net: third = 1, ...more } = {}) =>
  inParallel(Array.from({ length: count }), 64, async (_, i) => {
    const socket = await dial(port, `127.0.${third}.${1 + Math.floor(i / AN_ADDRESS)}`, more);
    each(socket, i);
    return socket;
  });

export const statusOf = (socket) => Number(/^HTTP\/1\.1 (\d+)/.exec(socket.got)?.[1] ?? 0);

// Waits until `count()` has got to `least`, at most so long -> what it is then.
export async function reaches(count, least, ms) {
  for (const limit = Date.now() + ms; count() < least && Date.now() < limit;) await sleep(50);
  return count();
}

// Resident memory in MB; open descriptors.
export const memoryOf = (pid) => Number(fs.readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]) / 1024;
// Of the connections to a port, those that this side of them has not closed (proc(5); 06 is TIME_WAIT).
export const connectionsTo = (port) => fs.readFileSync('/proc/net/tcp', 'utf8').split('\n').map((line) => line.trim().split(/\s+/))
  .filter(([, local, , state]) => local?.endsWith(`:${port.toString(16).toUpperCase().padStart(4, '0')}`) && !['06', '0A'].includes(state)).length;
export const descriptorsOf = (pid) => fs.readdirSync(`/proc/${pid}/fd`).length;
