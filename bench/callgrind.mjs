// Instructions a relayed request costs in user space, counted by callgrind: they do not depend on how busy
// the machine is. Each proxy is run twice, with few requests and with many, and what the start costs cancels out;
// one connection at a time, so that both have the same.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import { load } from './measure.mjs';
import { placeOf } from './symbols.mjs';

const WARM = 300;

// A file of callgrind's -> Map of "object\tfunction" to its own instructions
export function selfCosts(text) {
  const names = { ob: new Map(), fn: new Map() };
  const now = { ob: '', fn: '' };
  const costs = new Map();
  let inclusive = false; // the line behind calls= is what the callee cost
  for (const line of text.split('\n')) {
    const named = line.match(/^(c?)(ob|fn)=\((\d+)\)(?: (.*))?$/);
    if (named) {
      const [, callee, what, id, name] = named;
      if (name !== undefined) names[what].set(id, name);
      if (!callee) now[what] = names[what].get(id);
    } else if (line.startsWith('calls=')) {
      inclusive = true;
    } else if (/^[+\-*\d]/.test(line)) {
      const cost = Number(line.split(' ')[1]);
      const key = `${now.ob}\t${now.fn}`;
      if (!inclusive) costs.set(key, (costs.get(key) ?? 0) + cost);
      inclusive = false;
    }
  }
  return costs;
}

async function counted(place, proxy, kind, requests) {
  const file = path.join(place.folder, `callgrind.${proxy.name}`);
  await proxy.start('valgrind', '--tool=callgrind', `--callgrind-out-file=${file}`, '--quiet');
  const report = await load(place, { ...proxy, name: proxy.name, target: (k) => proxy.target(k), pids: () => [] },
    kind, { connections: 1, count: requests });
  if (report.lost > 0) throw new Error(`${proxy.name} under callgrind: ${report.said}`);
  await proxy.stop();
  return selfCosts(fs.readFileSync(file, 'utf8'));
}

export const hasValgrind = () => {
  try {
    return Boolean(execFileSync('valgrind', ['--version'], { stdio: ['ignore', 'pipe', 'ignore'] }));
  } catch {
    return false;
  }
};

// nginx as its single process, or its worker would not be seen.
export async function instructions(place, proxies, plan, results) {
  if (plan.requests === 0 || !hasValgrind()) return;
  for (const proxy of proxies.filter((p) => ['relay', 'nginx'].includes(p.name)))
    for (const kind of ['fast', 'fast_tls']) {
      proxy.single = true;
      const few = await counted(place, proxy, kind, WARM);
      const many = await counted(place, proxy, kind, WARM + plan.requests);
      proxy.single = false;
      const where = {};
      let all = 0;
      for (const [key, cost] of many) {
        const a = (cost - (few.get(key) ?? 0)) / plan.requests;
        const [object, name] = key.split('\t');
        where[placeOf(object, name)] = (where[placeOf(object, name)] ?? 0) + a;
        all += a;
      }
      results.add('instructions', proxy.name, kind, { all, where });
    }
}
