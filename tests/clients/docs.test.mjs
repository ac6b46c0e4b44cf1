// docs/relay.md tells how each client is configured: its examples are run as they stand, with nothing but
// the address put in.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, describe, test } from 'node:test';

import { addConnection, ANNA, connect } from '../lib/scene.mjs';
import { ROOT } from '../lib/stack.mjs';
import { DIRECT_ONLY, startTargets } from './lib/targets.mjs';

const skip = DIRECT_ONLY && 'no server';
const { stack } = skip ? {} : await startTargets();
const page = fs.readFileSync(path.join(ROOT, 'docs/relay.md'), 'utf8');
const PROGRAMS = { sh: ['/bin/sh', '-eu'], python: ['/usr/bin/python3', '-W', 'ignore'], js: [process.execPath] };

// The page's example in that language, as a file in a folder with what it needs beside it -> its output.
async function runExample(language) {
  const examples = [...page.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].filter((each) => each[1] === language);
  assert.equal(examples.length, 1, `one example in ${language}`);
  const [, , text] = examples[0];
  assert.ok(text.includes('https://mortise.example/jira/desk/team'));
  const file = path.join(stack.folder, `example.${language === 'js' ? 'mjs' : language}`);
  fs.writeFileSync(file, text.replaceAll('https://mortise.example', stack.url));
  fs.writeFileSync(path.join(stack.folder, 'report.pdf'), '%PDF-1.4');
  const modules = path.join(stack.folder, 'node_modules');
  if (!fs.existsSync(modules)) fs.symlinkSync(path.join(ROOT, 'tests/node_modules'), modules);
  const [program, ...args] = PROGRAMS[language];
  return new Promise((resolve, reject) => {
    execFile(program, [...args, file], { cwd: stack.folder, timeout: 60_000,
      env: { PATH: process.env.PATH, KEY: stack.ownKey, LANG: 'C.UTF-8', NODE_OPTIONS: '--dns-result-order=ipv4first' } },
    (error, stdout, stderr) => (error ? reject(new Error(`${error}\n${stderr}`)) : resolve(stdout)));
  });
}

describe('the examples of docs/relay.md', { skip }, () => {
  test('a connection like theirs', async () => {
    const id = await addConnection(stack.admin, stack.app, { name: 'Team' });
    await connect(stack, stack.admin, stack.app, id, ANNA);
  });

  test('curl', async () => {
    const answers = await runExample('sh');
    assert.match(answers, /"displayName":"Anna Admin"[^]*"key":"OPS-\d+"[^]*"filename":"report.pdf"/);
  });

  test('Python', async () => {
    assert.match(await runExample('python'), /^(OPS-\d+ .+\n){5}$/);
  });

  test('jira.js', async () => {
    assert.match(await runExample('js'), /^OPS-\d+ \[/);
  });
});

test('the server ends well, and its log is clean', { skip }, () => stack.close());
after(() => stack?.stop());
