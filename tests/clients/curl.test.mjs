// curl, as scripts use it: the name and key by -u, or the key as Bearer; files by -F, downloads by -L.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, describe, test } from 'node:test';

import { bigFile, hashOf, linksIn, run } from './lib/run.mjs';
import { DIRECT_ONLY, startTargets } from './lib/targets.mjs';

const { stack, targets } = await startTargets();

// One call of curl -> {status, headers, body, json}; the status is the last answer's.
async function curl(target, args, { bearer = false, bytes = false } = {}) {
  const head = path.join(stack.folder, `head-${Math.random()}`);
  const who = bearer ? ['-H', `Authorization: Bearer ${target.bearer}`] : ['-u', target.basic.join(':')];
  const { code, stdout, stderr } = await run('curl', ['-sS', '--max-time', '60', '-D', head, ...who,
    ...args.map((each) => (each.startsWith('/rest/') ? target.base + each : each))]);
  assert.equal(code, 0, stderr);
  const heads = fs.readFileSync(head, 'utf8').trim().split('\r\n\r\n').filter((each) => !/^HTTP\S+ 100/.test(each));
  fs.rmSync(head);
  const [first, ...lines] = heads.at(-1).split('\r\n');
  const headers = new Headers(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]));
  const body = bytes ? stdout : stdout.toString();
  return { status: Number(first.split(' ')[1]), headers, body, answers: heads.length,
    json: /json/.test(headers.get('content-type') ?? '') && /^[[{]/.test(body) ? JSON.parse(body) : undefined };
}

const json = (method, url, value) => ['-X', method, '-H', 'Content-Type: application/json', '-d', JSON.stringify(value), url];
const doc = (text) => ({ type: 'doc', version: 1, content: [{ type: 'paragraph', content: [{ type: 'text', text }] }] });

describe('curl', () => {
  after(() => stack.stop());

  targets.forEach((target, i) => describe(`by ${target.name}`, () => {
    const api = '/rest/api/3';
    const ask = (args, more) => curl(target, args, { bearer: target.relay && i % 2 === 0, ...more });
    let key;

    test('signs on by -u, and with the key as Bearer', async () => {
      const me = await ask([`${api}/myself`], { bearer: false });
      assert.deepEqual([me.status, me.json.displayName], [200, 'Anna Admin']);
      if (target.relay) assert.equal((await ask([`${api}/myself`], { bearer: true })).json.displayName, 'Anna Admin');
    });

    test('creates, reads, changes, comments, moves, assigns, logs work', async () => {
      const made = await ask(json('POST', `${api}/issue`, { fields: { project: { key: 'OPS' },
        issuetype: { name: 'Task' }, summary: 'by curl' } }));
      assert.equal(made.status, 201);
      ({ key } = made.json);
      assert.ok(made.json.self.startsWith(`${target.base}${api}/issue/`));
      const at = `${api}/issue/${key}`;
      const statuses = [
        await ask(json('PUT', at, { fields: { labels: ['a'] } })),
        await ask(json('POST', `${at}/comment`, { body: doc('one') })),
        await ask(json('POST', `${at}/transitions`, { transition: { id: '21' } })),
        await ask(json('PUT', `${at}/assignee`, { accountId: '5b10a2844c20165700ede21f' })),
        await ask(json('POST', `${at}/worklog`, { timeSpent: '5m' })),
      ].map((each) => [each.status, each.body.length > 0]);
      assert.deepEqual(statuses, [[204, false], [201, true], [204, false], [204, false], [201, true]]);
      const { fields } = (await ask([`/rest/api/2/issue/${key}`])).json;
      assert.deepEqual([fields.labels, fields.comment.comments[0].body, fields.status.name,
        fields.assignee.displayName, fields.worklog.total], [['a'], 'one', 'In Progress', 'Bob Builder', 1]);
    });

    test('reads compressed, and heads only', async () => {
      const whole = (await ask([`${api}/issue/${key}`])).json;
      const packed = await ask(['--compressed', `${api}/issue/${key}`]);
      assert.deepEqual(packed.json, whole);
      assert.deepEqual(linksIn(whole).filter((each) => !each.startsWith(`${target.base}/rest/`)), []);
      const head = await ask(['-I', `${api}/issue/${key}`]);
      assert.deepEqual([head.status, head.headers.get('content-type'), head.json], [200, 'application/json;charset=UTF-8', undefined]);
    });

    test('searches page by page, by GET and POST, and lists projects and people', async () => {
      const first = await ask(['-G', `${api}/search/jql`, '--data-urlencode', 'jql=project = ACME ORDER BY key',
        '-d', 'maxResults=2', '-d', 'fields=key']);
      assert.deepEqual(first.json.issues.map((each) => each.key), ['ACME-1', 'ACME-2']);
      const next = await ask(json('POST', `${api}/search/jql`, { jql: 'project = ACME ORDER BY key',
        maxResults: 2, fields: ['key'], nextPageToken: first.json.nextPageToken }));
      assert.deepEqual(next.json.issues.map((each) => each.key), ['ACME-3', 'ACME-4']);
      assert.equal((await ask([`${api}/project/search?maxResults=2`])).json.values.length, 2);
      assert.equal((await ask([`${api}/user/search?query=bob`])).json[0].displayName, 'Bob Builder');
    });

    test('attaches with a length, and in chunks; downloads by -L', async () => {
      const big = bigFile(stack, target.name.endsWith('shared') ? 20 : 2);
      for (const more of [[], ['-H', 'Transfer-Encoding: chunked']]) {
        const made = await ask(['-F', `file=@${big.path};filename="Plan ä.bin"`,
          '-H', 'X-Atlassian-Token: no-check', ...more, `${api}/issue/${key}/attachments`]);
        assert.equal(made.status, 200, made.body);
        const [{ filename, size, content, id }] = made.json;
        assert.deepEqual([filename, size], ['Plan ä.bin', big.size]);
        assert.ok(content.startsWith(`${target.base}/rest/`), content);
        const got = await ask(['-L', content], { bytes: true });
        assert.deepEqual([got.status, hashOf(got.body)], [200, big.hash]);
        assert.equal(got.answers, target.relay ? 1 : 2, 'the relay itself follows the redirect');
        const straight = await ask([`${api}/attachment/content/${id}?redirect=false`, '-H', 'Range: bytes=10-19'],
          { bytes: true });
        assert.deepEqual([straight.status, straight.body.length], [206, 10]);
        assert.equal((await ask(['-X', 'DELETE', `${api}/attachment/${id}`])).status, 204);
      }
    });

    test('an attachment without the proof is refused', async () => {
      const answer = await ask(['-F', 'file=x;filename=a', `${api}/issue/${key}/attachments`]);
      assert.deepEqual([answer.status, answer.body], [403, 'XSRF check failed']);
    });

    test('deletes', async () => {
      assert.equal((await ask(['-X', 'DELETE', `${api}/issue/${key}`])).status, 204);
      assert.equal((await ask([`${api}/issue/${key}`])).status, 404);
    });

    // The relay's promise alone.
    if (target.relay) test('no answer can act as a page, sets a cookie, or tells what served it', async () => {
      const { headers } = await ask([`${api}/myself`]);
      assert.match(headers.get('content-security-policy'), /sandbox/);
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.match(headers.get('server-timing'), /\bdur=/);
      for (const name of ['set-cookie', 'server', 'x-aaccountid', 'strict-transport-security', 'content-encoding'])
        assert.equal(headers.get(name), null, name);
    });
  }));

  test('the server ends well, and its log is clean', { skip: DIRECT_ONLY && 'no server' }, () => stack.close());
});
