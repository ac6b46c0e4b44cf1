// What is measured, in which order, how often. Short rounds that take turns, so that whatever else happens on
// the machine happens to all of them.

import { load, proportional, prove, resident, residentAtMost } from './measure.mjs';
import { KINDS } from './servers.mjs';

// opened: connections a second, when there are many of them
export const FULL = { rounds: 5, warm: 0.4, seconds: 2, connections: 64, sizes: [1000, 5000, 9500], opened: 2000,
  settle: 1.5, window: 2.5, again: 3, idle: 1000, requests: 2000, fill: 100_000, profile: 3 };
export const SMOKE = { rounds: 1, warm: 0.1, seconds: 0.3, connections: 16, sizes: [50], opened: 500, settle: 0.1,
  window: 0.5, again: 1, idle: 0, requests: 0, fill: 100, profile: 0 };

// Every result of a measurement is pushed here, with what it was: {what, name, kind, size, round, ...report}
export class Results {
  constructor() {
    this.rows = [];
  }

  add(what, name, kind, report, more = {}) {
    this.rows.push({ what, name, kind, ...more, ...report });
    return report;
  }

  of(what, name, kind, size) {
    return this.rows.filter((r) => r.what === what && (!name || r.name === name) && (!kind || r.kind === kind) &&
      (size === undefined || r.size === size));
  }

  median(field, ...which) {
    return median(this.of(...which).map((r) => r[field]));
  }
}

export function median(values) {
  if (values.length === 0) return NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// From the lowest to the highest, as a part of the median.
export function spread(values) {
  return values.length < 2 ? 0 : (Math.max(...values) - Math.min(...values)) / median(values);
}

// Before anything is asked of them, in the order of the table.
export async function idle(proxies, plan, results) {
  await new Promise((done) => setTimeout(done, plan.idle));
  for (const proxy of proxies)
    results.add('idle', proxy.name, '', { mb: resident(proxy), pss: proportional(proxy) });
}

export async function proveAll(proxies) {
  for (const proxy of proxies)
    for (const kind of KINDS)
      if (proxy.name !== 'direct' || !kind.endsWith('_tls')) await prove(proxy, kind);
}

// As many as they can, with 64 connections.
export async function saturation(place, proxies, kind, plan, results) {
  const { connections, seconds, warm } = plan;
  for (let round = 0; round < plan.rounds; round += 1)
    for (const proxy of proxies)
      results.add('saturation', proxy.name, kind,
        await load(place, proxy, kind, { connections, seconds, warm }), { round });
}

// At a fixed rate: a third of what the relay can, for all that can bear it.
export async function latency(place, proxies, direct, plan, results) {
  const { connections, seconds, warm } = plan;
  const third = (name) => results.median('rps', 'saturation', name, 'fast') / 3;
  const wanted = third(proxies[0].name);
  for (let round = 0; round < plan.rounds; round += 1)
    for (const proxy of [direct, ...proxies]) {
      const rate = proxy === direct ? wanted : Math.min(wanted, third(proxy.name));
      results.add('latency', proxy.name, 'fast',
        await load(place, proxy, 'fast', { connections, seconds, warm, rate: Math.round(rate) }),
        { round, at: Math.round(rate) });
    }
}

// Thousands at once, all waiting for an upstream that takes its time. Each in a process of its own, because
// memory once grown is not given back.
export async function inFlight(place, proxies, kind, plan, results) {
  for (const size of plan.sizes)
    for (let round = 0; round < (size === 5000 ? plan.again : 1); round += 1)
      for (const proxy of proxies) {
        if (round > 0 && !['relay', 'nginx'].includes(proxy.name)) continue;
        await proxy.stop();
        await proxy.start();
        const report = await load(place, proxy, kind,
          { connections: size, ramp: size / plan.opened, warm: plan.settle, seconds: plan.window });
        results.add('in flight', proxy.name, kind, report,
          { size, round, mb: residentAtMost(proxy), pss: proportional(proxy) });
      }
}

// From the start of the process to the first answer, with many credentials in the database.
export async function firstAnswer(proxies, plan, results) {
  const relay = proxies.find((p) => p.firstAnswer);
  if (!relay) return;
  relay.fill(plan.fill);
  for (let round = 0; round < plan.rounds; round += 1) {
    results.add('start', relay.name, 'fast', { ms: await relay.firstAnswer() }, { round });
    await relay.stop();
  }
}
