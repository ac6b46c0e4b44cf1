// The clocks of a test, moved together: that of the servers by libfaketime, that of the simulated
// Atlassian by its control. Timers inside the servers go on as before (the monotonic clock is left
// alone): what moves is what they believe the time to be.
//
//   const clock = makeClock();
//   s = await startStack(null, { oauth: true, env: clock.env(), binary: clock.binary });
//   clock.attach(s);
//   await clock.advance({ days: 60 });         // back as well: { hours: -1 }
//   await clock.set({ days: 0 });              // as far from the machine's clock
//   clock.advanceServers({ hours: -5 });        // theirs alone
//   clock.now()                                // what the servers believe
//
// The sanitizers' build cannot be used (AddressSanitizer wants to be the first library), so the
// servers are the build named by MORTISE_FAULTS_BIN, or build/faults.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { FAULTS_BINARY } from './stack.mjs';

// The one for threads: the other, when it reads the file in two threads at once, tells one of them the
// machine's own time now and then.
const NAME = 'faketime/libfaketimeMT.so.1';
const LIBRARY = fs.readdirSync('/usr/lib').map((each) => path.join('/usr/lib', each, NAME))
  .find((each) => fs.existsSync(each));
const UNITS = { days: 86400_000, hours: 3600_000, minutes: 60_000, seconds: 1000, ms: 1 };

export const millisecondsOf = (span) => Object.entries(span).reduce((sum, [unit, n]) => {
  if (!(unit in UNITS)) throw new Error(`no unit ${unit}`);
  return sum + UNITS[unit] * n;
}, 0);

class Clock {
  constructor() {
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mortise-clock-'));
    this.file = path.join(this.folder, 'offset');
    this.offset = 0;
    this.write();
    this.binary = FAULTS_BINARY;
    process.on('exit', () => fs.rmSync(this.folder, { recursive: true, force: true }));
  }

  // A reader finds the old file or the new one, never half of it.
  write() {
    const next = `${this.file}.next`;
    const sign = this.offset < 0 ? '-' : '+';
    fs.writeFileSync(next, `${sign}${(Math.abs(this.offset) / 1000).toFixed(3)}\n`);
    fs.renameSync(next, this.file);
  }

  env() {
    return {
      LD_PRELOAD: LIBRARY, FAKETIME_TIMESTAMP_FILE: this.file, FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1', NO_FAKE_STAT: '1',
    };
  }

  attach(stack) {
    this.stack = stack;
    return this.set({ ms: this.offset });
  }

  async set(span) {
    this.offset = millisecondsOf(span);
    this.write();
    await this.stack?.control('POST', 'clock', { offset_ms: this.offset });
  }

  // The servers' clock alone, as far from where it is; Atlassian's stays.
  advanceServers(span) {
    this.offset += millisecondsOf(span);
    this.write();
  }

  advance(span) {
    return this.set({ ms: this.offset + millisecondsOf(span) });
  }

  now() {
    return Date.now() + this.offset;
  }
}

export function makeClock() {
  if (!LIBRARY) throw new Error(`${NAME} is missing (apt-get install faketime)`);
  return new Clock();
}
