// Where the relay spends its microseconds: a sampling profile while 64 connections are at work, each sample
// booked to a stage of a call (stages.txt) by the functions it was in. Needs perf, and leave to use it.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import { ROOT, Process } from '../tests/lib/stack.mjs';
import { load } from './measure.mjs';
import { fileOf, libraryOf } from './symbols.mjs';

const HERTZ = 997;

export function tableOfStages() {
  return fs.readFileSync(path.join(ROOT, 'bench/stages.txt'), 'utf8').split('\n')
    .filter((line) => line.trim() && !line.startsWith('#'))
    .map((line) => line.match(/^([^|]*)\|(.*)$/).slice(1).map((part) => part.trim()))
    .map(([stage, pattern]) => ({ stage, pattern: new RegExp(pattern) }));
}

// perf script's text -> samples, each its frames from the innermost outwards: {name, object}
export function samplesOf(text) {
  return text.split('\n\n').map((block) => block.split('\n').flatMap((line) => {
    const match = line.match(/^\s+[0-9a-f]+ (.*) \(([^()]*)\)$/);
    return match ? [{ name: match[1].replace(/\+0x[0-9a-f]+$/, ''), object: match[2] }] : [];
  })).filter((frames) => frames.length > 0);
}

export const frameName = ({ name, object }) => {
  const file = /mortise$/.test(object) ? fileOf(name) : null;
  return file ? `${file}:${name}` : `${libraryOf(object)}:${name}`;
};

export function stageOf(frames, table) {
  for (const name of frames.map(frameName)) {
    const rule = table.find(({ pattern }) => pattern.test(name));
    if (rule) return rule.stage;
  }
  return 'the loop';
}

export async function record(place, proxy, kind, plan) {
  const data = path.join(place.folder, `perf.${kind}`);
  const under = load(place, proxy, kind, { connections: plan.connections, seconds: plan.profile + 1 });
  const perf = new Process('perf', 'perf', ['record', '-q', '-F', String(HERTZ), '--call-graph', 'dwarf,16384',
    '-e', 'cpu-clock', '-o', data, '-p', String(proxy.pids()[0]), '--', 'sleep', String(plan.profile)], {});
  const code = await perf.ended;
  const report = await under;
  if (code !== 0) return null;
  const { stdout } = spawnSync('perf', ['script', '-i', data, '--no-inline', '-F', 'ip,sym,dso'],
    { encoding: 'utf8', maxBuffer: 2 ** 30 });
  return { report, samples: samplesOf(stdout ?? '') };
}

// Books the relay's microseconds of the saturation to stages, and names its hottest functions.
export async function stages(place, proxies, kind, plan, results) {
  const relay = proxies.find((p) => p.name === 'relay');
  if (!relay || plan.profile === 0) return;
  const found = await record(place, relay, kind, plan);
  if (!found || found.samples.length < 100) return;
  const table = tableOfStages();
  const us = results.median('cpu_us', 'saturation', 'relay', kind);
  const share = us / found.samples.length;
  const by = (keyOf) => found.samples.reduce((sums, frames) => {
    const key = keyOf(frames);
    return { ...sums, [key]: (sums[key] ?? 0) + share };
  }, {});
  results.add('stages', 'relay', kind, { samples: found.samples.length, us, stages: by((f) => stageOf(f, table)),
    hottest: by((frames) => frameName(frames[0])) });
}
