// Runs every suite and adds them up: the C tests by meson, the black-box tests by node's runner, and
// the fuzz target's smoke run. Prints what failed or was skipped with its reason, then one line of sums.
// Not a test runner of its own: each suite's own report is read.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const report = path.join(root, 'build/report');
fs.mkdirSync(report, { recursive: true });
const total = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
const skips = [];

// What takes longer than any suite does hangs: it is ended, with what it started, and has failed.
const LONGEST_MS = (process.env.MORTISE_LONG ? 40 : 15) * 60_000;
const running = new Set(); // leaders of process groups
const end = (child) => running.delete(child) && process.kill(-child.pid, 'SIGKILL');
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => {
    running.forEach(end);
    process.exit(1);
  });

function run(command, args, { env = {}, log } = {}) {
  return new Promise((done) => {
    const out = fs.createWriteStream(log);
    const child = spawn(command, args, { cwd: root, env: { ...process.env, ...env }, detached: true });
    let text = '';
    const tooLong = setTimeout(() => {
      text += `\nnot done after ${LONGEST_MS / 60_000} minutes\n`;
      end(child);
    }, LONGEST_MS);
    running.add(child);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (part) => {
        text += part;
        out.write(part);
      });
    }
    child.on('close', (code) => {
      clearTimeout(tooLong);
      running.delete(child);
      out.end(() => done({ code, text }));
    });
  });
}

function count(name, outcome, detail) {
  total[outcome] += 1;
  if (outcome === 'failed') failures.push(`${name}\n${detail ?? ''}`);
  if (outcome === 'skipped') skips.push(`${name}: ${detail || 'no reason given'}`);
}

// One line a cmocka case: "[       OK ] name", "[  FAILED  ] name", "[  SKIPPED ] name".
function countCmocka(suite, stdout, result) {
  let cases = 0;
  for (const [, outcome, name] of stdout.matchAll(/^\[\s+(OK|FAILED|SKIPPED)\s+\] (?!\d+ test)(.+?)$/gm)) {
    if (outcome === 'OK') count(name, 'passed');
    else if (outcome === 'SKIPPED') count(`${suite} ${name}`, 'skipped', (stdout.match(/skipped: (.*)/) ?? [])[1]);
    else count(`${suite} ${name}`, 'failed', stdout.slice(-3000));
    cases += 1;
  }
  if (cases === 0 || (result !== 'OK' && !/FAILED/.test(stdout))) {
    const outcome = result === 'OK' ? 'passed' : result === 'SKIP' ? 'skipped' : 'failed';
    count(suite, outcome, stdout.slice(-3000));
  }
}

async function meson() {
  const log = path.join(root, 'build/asan/meson-logs/testlog.json');
  fs.rmSync(log, { force: true });
  const { code, text } = await run('meson', ['test', '-C', 'build/asan', '--no-rebuild', '--print-errorlogs'],
    { log: path.join(report, 'meson.log') });
  if (!fs.existsSync(log)) return count('meson', 'failed', text.slice(-3000));
  const before = total.failed;
  for (const line of fs.readFileSync(log, 'utf8').split('\n').filter(Boolean)) {
    const test = JSON.parse(line);
    countCmocka(test.name, `${test.stdout ?? ''}\n${test.stderr ?? ''}`, test.result);
  }
  if (code !== 0 && total.failed === before) count('meson', 'failed', text.slice(-3000));
}

// TAP of node's runner: leaves only (a test with subtests is counted by them).
function countTap(file, text, code) {
  const lines = text.split('\n');
  const before = total.failed;
  let found = 0;
  lines.forEach((line, i) => {
    const match = line.match(/^(\s*)(not )?ok \d+ - (.*?)(?: # (SKIP|TODO)\s?(.*))?$/);
    if (!match) return;
    const [, indent, not, name, directive, reason] = match;
    const block = lines.slice(i + 1, i + 60).join('\n');
    if (!directive && /^\s*---[^]*?type: 'suite'[^]*?\.\.\./.test(block.split(/^\s*\.\.\./m)[0] + '...')) return;
    const parent = lines.slice(0, i).reverse().find((l) => /^\s*# Subtest: /.test(l));
    if (parent && parent.match(/^\s*/)[0].length > indent.length) return; // its subtests were counted
    if (indent === '' && name.endsWith('.mjs')) return; // the file itself
    found += 1;
    if (directive) count(`${file} ${name}`, 'skipped', reason);
    else if (not) count(`${file} ${name}`, 'failed', block.split(/^\s*\.\.\.$/m)[0]);
    else count(name, 'passed');
  });
  if (found === 0 || (code !== 0 && total.failed === before)) // like a hook after the last test
    count(file, 'failed', `exit ${code}\n${text.slice(-3000)}`);
}

async function nodeTests(folder, above = 'tests/') {
  const at = path.join(root, above, folder);
  if (!fs.existsSync(at)) return;
  const files = fs.readdirSync(at).filter((f) => f.endsWith('.test.mjs')).sort();
  // Two at a time: two cores, and each starts a server and a simulator.
  const queue = [...files];
  await Promise.all([0, 1].map(async () => {
    for (let file = queue.shift(); file; file = queue.shift()) {
      const name = `${above}${folder}/${file}`;
      const { code, text } = await run(process.execPath,
        ['--test', '--test-reporter=tap', '--test-concurrency=1', name],
        { log: path.join(report, `${folder}-${file}.log`) });
      countTap(name, text, code);
    }
  }));
}

async function script(name, command, args) {
  const { code, text } = await run(command, args, { log: path.join(report, `${name}.log`) });
  if (code === 77) count(name, 'skipped', text.trim().split('\n').pop());
  else count(name, code === 0 ? 'passed' : 'failed', text.slice(-3000));
}

function step(name, work) {
  const started = Date.now();
  const before = { ...total };
  return work().then(() => {
    const part = Object.keys(total).map((k) => `${total[k] - before[k]} ${k}`).join(', ');
    console.log(`${name}: ${part} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  });
}

const only = process.argv.slice(2);
const steps = {
  unit: meson,
  sim: () => nodeTests('sim'),
  scenario: () => nodeTests('scenario'),
  clients: () => nodeTests('clients'),
  faults: () => nodeTests('faults'),
  life: () => nodeTests('life'),
  browser: () => nodeTests('browser'),
  bench: () => nodeTests('bench', ''),
  fuzz: () => script('fuzz-smoke', 'bash', ['tests/fuzz/smoke.sh']),
};
for (const [name, work] of Object.entries(steps))
  if (only.length === 0 || only.includes(name)) await step(name, work);

for (const failure of failures) console.log(`\nFAILED ${failure}`);
if (skips.length) console.log(`\nSkipped:\n${skips.map((s) => `  ${s}`).join('\n')}`);
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);
