// Runs a client as a program of its own and reads what it printed.

import { spawn } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const JOURNEY = path.join(path.dirname(fileURLToPath(import.meta.url)), 'journey.py');
export const MEGABYTE = 1024 * 1024;

export const hashOf = (bytes) => crypto.createHash('sha256').update(bytes).digest('hex');

// -> {code, stdout (bytes), stderr}. Clients wait and repeat by themselves: after 90 s it is enough.
export function run(command, args) {
  const env = { PATH: process.env.PATH, HOME: '/nonexistent', LANG: 'C.UTF-8' };
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, timeout: 90_000, killSignal: 'SIGKILL', stdio: ['ignore', 'pipe', 'pipe'] });
    const out = [];
    const err = [];
    child.stdout.on('data', (part) => out.push(part));
    child.stderr.on('data', (part) => err.push(part));
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({ code, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString() }));
  });
}

// Python's jira against a target -> a Map from step to {value} or {error, status, print}. Debian's Python,
// because the package is Debian's.
export async function python(target, steps, { file = '/dev/null', bearer = false } = {}) {
  const auth = bearer ? `token:${target.bearer}` : `basic:${target.basic.join(':')}`;
  const { stdout, stderr } = await run('/usr/bin/python3', ['-W', 'ignore', JOURNEY, target.base, auth, file,
    steps.join()]);
  const seen = stdout.toString().split('\n').filter(Boolean).map((line) => JSON.parse(line));
  if (seen.length !== steps.length) throw new Error(`Python ended early: ${stdout}\n${stderr}`);
  return new Map(seen.map((each) => [each.step, each]));
}

// A file that compresses to nothing less, in the stack's folder -> {path, hash, size}
export function bigFile(stack, megabytes) {
  const file = path.join(stack.folder, `big-${megabytes}`);
  const bytes = crypto.randomBytes(megabytes * MEGABYTE);
  fs.writeFileSync(file, bytes);
  return { path: file, hash: hashOf(bytes), size: bytes.length };
}

// Every address of REST in a JSON value.
export function linksIn(value, found = []) {
  if (typeof value === 'string' && /^https?:.*\/rest\//.test(value)) found.push(value);
  else if (value && typeof value === 'object') Object.values(value).forEach((each) => linksIn(each, found));
  return found;
}
