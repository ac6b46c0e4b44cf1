// Runs the whole benchmark and writes what it found to bench/results/. See README.md.
//
// usage: node bench/run.mjs [--only nginx,haproxy] (by tools/bench.sh, which builds first)

import fs from 'node:fs';
import path from 'node:path';

import { ROOT } from '../tests/lib/stack.mjs';
import { instructions } from './callgrind.mjs';
import { machine, othersWork } from './machine.mjs';
import { Mortise } from './mortise.mjs';
import * as plans from './plan.mjs';
import { stages } from './profile.mjs';
import { lastLine, page } from './report.mjs';
import { Direct, Haproxy, Nginx, NodeProxy, Place, startUpstreams } from './servers.mjs';

const MAKERS = { relay: Mortise, nginx: Nginx, haproxy: Haproxy, node: NodeProxy };

// -> {results, machine}; say(text): what is being done
export async function bench(plan, { only = Object.keys(MAKERS), say = () => {} } = {}) {
  const about = { ...machine(), load: [othersWork()], plan };
  const results = new plans.Results();
  const place = new Place();
  try {
    const upstreams = await startUpstreams(place);
    const direct = new Direct(upstreams);
    const proxies = only.map((name) => new MAKERS[name](place, upstreams, name));
    for (const proxy of proxies) {
      await proxy.prepare?.();
      await proxy.start();
    }
    const step = async (what, work) => {
      const began = Date.now();
      await work();
      say(`${what} (${((Date.now() - began) / 1000).toFixed(0)} s)`);
    };
    await step('idle', () => plans.idle(proxies, plan, results));
    await step('every answer is right', () => plans.proveAll([direct, ...proxies]));
    await step('saturation', () => plans.saturation(place, [direct, ...proxies], 'fast', plan, results));
    await step('saturation over TLS', () => plans.saturation(place, proxies, 'fast_tls', plan, results));
    await step('latency', () => plans.latency(place, proxies, direct, plan, results));
    for (const kind of ['fast', 'fast_tls'])
      await step(`stages, ${kind}`, () => stages(place, proxies, kind, plan, results));
    await step('thousands in flight', () => plans.inFlight(place, proxies, 'slow', plan, results));
    await step('thousands in flight over TLS', () => plans.inFlight(place, proxies, 'slow_tls', plan, results));
    for (const proxy of proxies) await proxy.stop();
    await step('instructions', () => instructions(place, proxies, plan, results));
    await step('start', () => plans.firstAnswer(proxies, plan, results));
  } finally {
    await place.close();
  }
  about.load.push(othersWork());
  return { results, about };
}

function keep(name, text, rows) {
  const folder = path.join(ROOT, 'bench/results');
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, `${name}.md`), text);
  fs.writeFileSync(path.join(folder, `${name}.jsonl`), rows.map((r) => `${JSON.stringify(r)}\n`).join(''));
  return path.relative(process.cwd(), path.join(folder, `${name}.md`));
}

async function main(args) {
  const at = args.indexOf('--only');
  const options = { say: (text) => console.log(`bench: ${text}`) };
  if (at >= 0) options.only = args[at + 1].split(',');
  setTimeout(() => {
    console.error('bench: not done after twelve minutes');
    process.exit(1);
  }, 720_000).unref();
  const { results, about } = await bench(plans.FULL, options);
  const text = page(results, about);
  console.log(`\n${text}`);
  if (!options.only) console.log(`bench: kept in ${keep(about.date.replace(/[: ]/g, '-'), text, results.rows)}`);
  console.log(lastLine(results));
}

for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130)); // servers end with it
if (process.argv[1] === path.join(ROOT, 'bench/run.mjs')) await main(process.argv.slice(2));
