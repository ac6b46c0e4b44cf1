// What clients notice when Jira has a bad day, or their token grows old: as little as may be, never a wrong
// thing for a right one, and no write twice. The clients are jira.js and curl; each wants no more than the
// relay's address.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, afterEach, describe, test } from 'node:test';
import { Version3Client } from 'jira.js';

import { ANNA } from '../lib/scene.mjs';
import { bigFile, hashOf, python, run } from './lib/run.mjs';
import { DIRECT_ONLY, startTargets } from './lib/targets.mjs';

const skip = DIRECT_ONLY && 'no server';
const { stack, targets } = skip ? {} : await startTargets();
const clientOf = (target) => new Version3Client({ host: target.base,
  authentication: { basic: { email: target.basic[0], apiToken: target.basic[1] } } });

describe('bad weather', { skip }, () => {
  const [, api, , oauth] = targets ?? [];
  const fault = (kind, match, more = {}) => stack.control('POST', 'faults', { kind, match, ...more });
  const issue = { fields: { project: { key: 'OPS' }, issuetype: { name: 'Task' }, summary: 'x' } };
  // Calls of REST and the media host since the last test -> [[method, status, faults]]
  const seenByJira = async (part) => (await stack.control('GET', 'log')).requests
    .filter((each) => each.path.includes(part)).map((each) => [each.method, each.status, each.faults]);

  afterEach(async () => {
    await stack.control('DELETE', 'faults');
    await stack.control('DELETE', 'log');
  });

  test('a read that fails once is repeated, and nobody notices', async () => {
    for (const [kind, more] of [['status', { status: 503 }], ['status', { status: 502 }], ['cut_before', {}],
      ['ratelimit', { retry_after: 1, reason: 'jira-burst-based' }]]) {
      await fault(kind, { path: '/rest/api/3/issue/OPS-1' }, more);
      const { key } = await clientOf(api).issues.getIssue({ issueIdOrKey: 'OPS-1' });
      assert.equal(key, 'OPS-1');
    }
    assert.equal((await seenByJira('/issue/OPS-1')).length, 8);
  });

  test('a write that Jira refused for its pace is repeated, whichever of its limits it was', async () => {
    for (const reason of ['jira-burst-based', 'jira-per-issue-on-write', 'jira-quota-global-based']) {
      await fault('ratelimit', { path: '/rest/api/3/issue' }, { retry_after: 1, reason });
      assert.match((await clientOf(api).issues.createIssue(issue)).key, /^OPS-/);
    }
    assert.deepEqual((await seenByJira('/issue')).map((each) => each[1]), [429, 201, 429, 201, 429, 201]);
  });

  test('more at once than Jira takes in a second: all are served, by its pace', async () => {
    await stack.control('POST', 'limits', { burst: 10 });
    const client = clientOf(api);
    const began = Date.now();
    const all = await Promise.allSettled(Array.from({ length: 30 }, () => client.issues.getIssue({ issueIdOrKey: 'OPS-1' })));
    await stack.control('POST', 'limits', {});
    assert.deepEqual(all.filter((each) => each.status === 'rejected').map((each) => each.reason.response?.data), []);
    assert.ok(Date.now() - began >= 1000, 'that was no limit');
  });

  test('a write that may have been done is reported, and sent once', async () => {
    for (const [kind, more] of [['cut_after', {}], ['status', { status: 503, after: true }]]) {
      await stack.control('DELETE', 'log');
      await fault(kind, { method: 'POST', path: '/rest/api/3/issue' }, more);
      await assert.rejects(clientOf(api).issues.createIssue(issue), (error) => error.status >= 502 && error.status <= 504);
      assert.equal((await seenByJira('/issue')).length, 1, kind);
    }
  });

  test('a download that dies is not taken for whole, and one that is slow arrives', async () => {
    const big = bigFile(stack, 2);
    const client = clientOf(api);
    const [{ id, content }] = await client.issueAttachments.addAttachment({ issueIdOrKey: 'OPS-2',
      attachment: { filename: 'a.bin', file: fs.readFileSync(big.path) } });
    for (const match of [{ path: '/file/' }, { path: `/rest/api/3/attachment/content/${id}?redirect=false` }]) {
      await fault('cut_body', match, { times: 'always' });
      const url = match.path.startsWith('/file') ? content : `${content}?redirect=false`;
      const file = path.join(stack.folder, 'half');
      const { code, stderr } = await run('curl', ['-sS', '-f', '-L', '-u', api.basic.join(':'), '-o', file, url]);
      assert.ok([18, 22, 56, 92].includes(code), `curl took it for whole: ${code} ${stderr}`);
      await stack.control('DELETE', 'faults');
    }
    await fault('drip', { path: '/file/' }, { bytes: 256 * 1024, ms: 50 });
    assert.equal(hashOf(await client.issueAttachments.getAttachmentContent({ id, redirect: true })), big.hash);
  });

  test('links are found wherever an answer is torn', async () => {
    const ask = async () => (await run('curl', ['-sS', '-u', api.basic.join(':'), `${api.base}/rest/api/3/issue/OPS-2`])).stdout.toString();
    const whole = await ask();
    const links = whole.split(`${api.base}/rest/`).length;
    assert.ok(links > 10, `${links} links`);
    for (const bytes of [7, 41]) {
      await fault('drip', { path: '/rest/api/3/issue/OPS-2' }, { bytes, ms: 0 });
      assert.equal(await ask(), whole);
    }
  });

  test('an upload that dies is sent once, and leaves nothing', async () => {
    const big = bigFile(stack, 2);
    await fault('cut_reading', { path: '/rest/api/3/issue/OPS-3/attachments' }, { bytes: 300_000 });
    const client = clientOf(api);
    await assert.rejects(client.issueAttachments.addAttachment({ issueIdOrKey: 'OPS-3',
      attachment: { filename: 'a.bin', file: fs.readFileSync(big.path) } }), (error) => error.status === 502 || !error.status);
    assert.deepEqual(await seenByJira('/attachments'), [['POST', null, ['cut_reading']]]);
    assert.deepEqual((await client.issues.getIssue({ issueIdOrKey: 'OPS-3' })).fields.attachment, []);
  });

  test('an upload that Jira reads slowly arrives', async () => {
    const big = bigFile(stack, 2);
    await fault('slow_reading', { path: '/rest/api/3/issue/OPS-3/attachments' }, { bytes: 128 * 1024, ms: 30 });
    const [made] = await clientOf(api).issueAttachments.addAttachment({ issueIdOrKey: 'OPS-3',
      attachment: { filename: 'a.bin', file: fs.readFileSync(big.path) } });
    assert.equal(made.size, big.size);
    const { requests } = await stack.control('GET', 'log');
    assert.equal(requests.find((each) => each.files).files[0].sha256, big.hash);
  });

  test('an access token that grew old is renewed in the middle of a script', async () => {
    const client = clientOf(oauth);
    assert.equal((await client.myself.getCurrentUser()).displayName, 'Anna Admin');
    await stack.control('POST', 'age-tokens', { email: ANNA, seconds: 3700 });
    const { key } = await client.issues.createIssue(issue);
    assert.match(key, /^OPS-/);
    assert.equal((await client.myself.getCurrentUser()).displayName, 'Anna Admin');
  });

  test('twenty scripts at once, in the moment in which the token is too old', async () => {
    await stack.control('POST', 'age-tokens', { email: ANNA, seconds: 3700 });
    await stack.control('DELETE', 'refreshes');
    const all = await Promise.all(Array.from({ length: 20 }, () => clientOf(oauth).issues.createIssue(issue)));
    assert.equal(new Set(all.map((each) => each.key)).size, 20);
    const refreshed = (await stack.control('GET', 'log')).requests.filter((each) => each.oauth);
    assert.ok(refreshed.length <= 2, `${refreshed.length} refreshes`);
  });

  // The last, because it lasts.
  test('a limit that lasts for long is passed on with its reason, and Jira is left alone until then', async () => {
    await fault('ratelimit', { path: '/rest/api/3/myself' }, { retry_after: 3000, reason: 'jira-quota-tenant-based' });
    for (let i = 0; i < 3; i += 1) {
      const { response, status, cause } = await clientOf(api).myself.getCurrentUser().then(() => assert.fail(), (e) => e);
      assert.equal(status, 429);
      assert.ok(response.data.errorMessages[0]);
      const { headers } = cause.response;
      if (i === 0) assert.equal(headers['ratelimit-reason'], 'jira-quota-tenant-based'); // later ones are Mortise's own
      assert.ok(Number(headers['retry-after']) > 2900, headers['retry-after']);
    }
    assert.equal((await seenByJira('/myself')).length, 1);
    const seen = (await python(api, ['limited'])).get('limited');
    assert.equal(seen.status, 429, seen.error);
    assert.match(seen.error, /Jira asks to slow down/);
  });
});

test('the server ends well, and its log is clean', { skip }, () => stack.close());
after(() => stack?.stop());
