// One measurement each: a run of the load, what a process holds in memory, one request looked at closely.

import fs from 'node:fs';
import http from 'node:http';

// The load against one kind of upstream behind a proxy -> its report (load.c).
export async function load(place, proxy, kind, options) {
  const { port, path, authorization, text } = proxy.target(kind);
  const words = Object.entries({ bytes: Buffer.byteLength(text), ...options }).map(([k, v]) => `${k}=${v}`);
  const p = place.run('load', place.loadCpu, place.tool('bench-load'), String(port), path, authorization,
    ...words, ...proxy.pids().map((pid) => `pid=${pid}`));
  const code = await p.ended;
  if (code !== 0) throw new Error(`load on ${proxy.name}: ${code}\n${p.out}`);
  const report = JSON.parse(p.out.match(/^\{.*\}$/m)[0]);
  if (report.lost || report.failed_connects) report.said = p.out.slice(0, 600);
  return report;
}

const kilobytes = (pid, field) =>
  Number(fs.readFileSync(`/proc/${pid}/status`, 'utf8').match(new RegExp(`${field}:\\s*(\\d+)`))[1]);
const sum = (proxy, field) => proxy.pids().reduce((all, pid) => all + kilobytes(pid, field), 0) / 1024;

// Megabytes resident: now, and at most since the process began. Of several processes what they share counts for each.
export const resident = (proxy) => sum(proxy, 'VmRSS');
export const residentAtMost = (proxy) => sum(proxy, 'VmHWM');

// Its part of what it shares with others; null where that may not be read.
export function proportional(proxy) {
  try {
    return proxy.pids().reduce((all, pid) => all +
      Number(fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8').match(/^Pss:\s*(\d+)/m)[1]), 0) / 1024;
  } catch {
    return null;
  }
}

export function get({ port, path, authorization }) {
  return new Promise((resolve, reject) => {
    const request = http.get({ host: '127.0.0.1', port, path, agent: false,
      headers: { host: `localhost:${port}`, authorization, accept: 'application/json' } });
    request.on('error', reject);
    request.on('response', async (response) => {
      const chunks = [];
      for await (const chunk of response) chunks.push(chunk);
      resolve({ status: response.statusCode, text: Buffer.concat(chunks).toString() });
    });
  });
}

// Through this proxy comes what the upstream said, whole, and with the right credential on the way.
export async function prove(proxy, kind) {
  const target = proxy.target(kind);
  const { status, text } = await get(target);
  if (status !== 200 || text !== target.text)
    throw new Error(`${proxy.name}, ${kind}: ${status}\n${text}\ninstead of\n${target.text}`);
}
