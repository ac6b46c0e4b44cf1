// What the tests of tests/faults, tests/life and the catalogue's count. The sums are what `make faults` and
// `make life` end with: each test adds a line of JSON to the file that MORTISE_TALLY names, and this
// file, as a program, adds them up:
//
//   node tests/lib/tally.mjs faults FILE     kills=N lost=N refreshes_per_expiry=X
//   node tests/lib/tally.mjs catalogue FILE  actions=N passed=N violations=N
//   node tests/lib/tally.mjs life FILE       users=N alive=N dead_explained=N lost=N

import fs from 'node:fs';
import { fileURLToPath } from 'node:url';

// The long form: MORTISE_LONG=1, as `make faults` and `make life` have it.
export const LONG = Boolean(process.env.MORTISE_LONG);

export function tally(counts) {
  console.log(Object.entries(counts).map(([name, n]) => `${name}=${n}`).join(' '));
  if (process.env.MORTISE_TALLY)
    fs.appendFileSync(process.env.MORTISE_TALLY, `${JSON.stringify(counts)}\n`);
}

function sumsOf(file) {
  const sums = {};
  for (const line of fs.readFileSync(file, 'utf8').split('\n').filter(Boolean))
    for (const [name, n] of Object.entries(JSON.parse(line))) sums[name] = (sums[name] ?? 0) + n;
  return sums;
}

const shown = (names, sums) => names.map((name) => `${name}=${sums[name] ?? 0}`).join(' ');

// Exactly 1 is shown as 1; anything else with its digits.
function perExpiry({ refreshes, expiries }) {
  if (!expiries) return 'none';
  return refreshes === expiries ? '1' : (refreshes / expiries).toFixed(5);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [kind, file] = process.argv.slice(2);
  const sums = sumsOf(file);
  if (kind === 'catalogue') console.log(shown(['actions', 'passed', 'violations'], sums));
  else console.log(kind === 'life' ? shown(['users', 'alive', 'dead_explained', 'lost'], sums)
    : `${shown(['kills', 'lost'], sums)} refreshes_per_expiry=${perExpiry(sums)}`);
}
