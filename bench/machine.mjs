// What the figures were measured on, and with what.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';

function first(command, ...args) {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).split('\n')[0];
  } catch {
    return 'missing';
  }
}

const version = (name) => first('dpkg-query', '-W', '-f', '${Version}', name);

// The processors this process may use, by number.
export function allowedCpus() {
  const [, list] = fs.readFileSync('/proc/self/status', 'utf8').match(/Cpus_allowed_list:\s*(\S+)/);
  return list.split(',').flatMap((part) => {
    const [from, to = from] = part.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
}

// How busy the machine is with other things: processes that want a core, on average over a minute.
export const othersWork = () => os.loadavg()[0];

export function machine() {
  return {
    date: new Date().toISOString().slice(0, 19).replace('T', ' '),
    cpu: `${os.cpus()[0].model}, ${allowedCpus().length} cores used of ${os.cpus().length}`,
    memory: `${(os.totalmem() / 2 ** 30).toFixed(0)} GB`,
    kernel: `${os.type()} ${os.release()}`,
    commit: first('git', 'describe', '--always', '--dirty'),
    versions: {
      nginx: version('nginx'), haproxy: version('haproxy'), node: process.version,
      libcurl: version('libcurl4'), libevent: version('libevent-core-2.1-7'), openssl: version('libssl3'),
      gcc: first('gcc', '-dumpfullversion'),
    },
  };
}
