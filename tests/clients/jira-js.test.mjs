// jira.js from npm, unmodified and configured as its README says: version 3 of the API.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, describe, test } from 'node:test';
import { Version2Client, Version3Client } from 'jira.js';

import { bigFile, hashOf, linksIn } from './lib/run.mjs';
import { DIRECT_ONLY, startTargets } from './lib/targets.mjs';

const { stack, targets } = await startTargets();
const text = (doc) => doc.content[0].content[0].text;

// -> the two clients, and every address that an answer named
function clientsOf(target, bearer) {
  const seen = [];
  const options = {
    host: target.base,
    authentication: bearer ? { oauth2: { accessToken: target.bearer } }
      : { basic: { email: target.basic[0], apiToken: target.basic[1] } },
    middlewares: { onResponse: (data) => linksIn(data, seen) },
  };
  return { v3: new Version3Client(options), v2: new Version2Client(options), seen };
}

describe('jira.js', () => {
  after(() => stack.stop());

  targets.forEach((target, i) => describe(`by ${target.name}`, () => {
    const { v3, v2, seen } = clientsOf(target, i % 2 === 1);
    const saw = (answer) => {
      linksIn(answer, seen);
      return answer;
    };
    let key;

    test('signs on', async () => {
      const me = saw(await v3.myself.getCurrentUser());
      assert.deepEqual([me.displayName, me.emailAddress], ['Anna Admin', 'anna@acme.example']);
      const info = await v3.serverInfo.getServerInfo();
      assert.deepEqual([info.deploymentType, info.baseUrl], ['Cloud', target.site]);
    });

    test('lists projects, a page at a time, and what creating needs', async () => {
      const first = saw(await v3.projects.searchProjects({ maxResults: 3 }));
      assert.deepEqual([first.values.map((each) => each.key), first.total], [['ACME', 'HR', 'OPS'], 4]);
      assert.ok(first.nextPage.startsWith(`${target.base}/rest/`), first.nextPage);
      const meta = await v3.issues.getCreateIssueMetaIssueTypeId({ projectIdOrKey: 'HR', issueTypeId: '10002' });
      assert.ok(meta.fields.some((each) => each.fieldId === 'customfield_10031' && each.required));
    });

    test('creates an issue, reads it, and changes it', async () => {
      const made = saw(await v3.issues.createIssue({ fields: { project: { key: 'OPS' },
        issuetype: { name: 'Task' }, summary: 'Grüße 🌻', description: 'Port 7 is dead' } }));
      ({ key } = made);
      assert.ok(made.self.startsWith(`${target.base}/rest/api/3/issue/`), made.self);
      const issue = saw(await v3.issues.getIssue({ issueIdOrKey: key, fields: ['summary', 'description'] }));
      assert.deepEqual([issue.fields.summary, text(issue.fields.description)], ['Grüße 🌻', 'Port 7 is dead']);
      assert.equal(await v3.issues.editIssue({ issueIdOrKey: key, fields: { summary: 'Changed' },
        update: { labels: [{ add: 'a' }] } }), '');
      const changed = saw(await v2.issues.getIssue({ issueIdOrKey: key }));
      assert.deepEqual([changed.fields.summary, changed.fields.description, changed.fields.labels],
        ['Changed', 'Port 7 is dead', ['a']]);
    });

    test('comments, changes the comment and takes it away', async () => {
      const made = saw(await v3.issueComments.addComment({ issueIdOrKey: key, comment: 'one' }));
      await v3.issueComments.updateComment({ issueIdOrKey: key, id: made.id, body: 'two' });
      const { comments } = saw(await v3.issueComments.getComments({ issueIdOrKey: key }));
      assert.deepEqual(comments.map((each) => text(each.body)), ['two']);
      await v3.issueComments.deleteComment({ issueIdOrKey: key, id: made.id });
      assert.equal((await v2.issueComments.getComments({ issueIdOrKey: key })).total, 0);
    });

    test('moves, assigns, logs work, links and watches', async () => {
      const { transitions } = await v3.issues.getTransitions({ issueIdOrKey: key });
      await v3.issues.doTransition({ issueIdOrKey: key, transition: { id: transitions[0].id } });
      const [bob] = saw(await v3.userSearch.findAssignableUsers({ project: 'OPS', query: 'bob' }));
      await v3.issues.assignIssue({ issueIdOrKey: key, accountId: bob.accountId });
      const work = saw(await v3.issueWorklogs.addWorklog({ issueIdOrKey: key, timeSpent: '1h 30m',
        comment: { type: 'doc', version: 1, content: [{ type: 'paragraph', content: [{ type: 'text', text: 'done' }] }] } }));
      assert.deepEqual([work.timeSpentSeconds, text(work.comment)], [5400, 'done']);
      await v3.issueLinks.linkIssues({ type: { name: 'Blocks' }, inwardIssue: { key }, outwardIssue: { key: 'OPS-1' } });
      await v3.issueWatchers.addWatcher({ issueIdOrKey: key, accountId: bob.accountId });
      const { fields } = saw(await v3.issues.getIssue({ issueIdOrKey: key }));
      assert.deepEqual([fields.status.name, fields.assignee.displayName, fields.issuelinks[0].outwardIssue.key,
        fields.watches.watchCount], ['In Progress', 'Bob Builder', 'OPS-1', 2]);
      await v3.issues.assignIssue({ issueIdOrKey: key, accountId: null });
    });

    const megabytes = target.name.endsWith('own') ? 20 : 1;
    test(`attaches ${megabytes} MB and gets them back, from Jira and by the redirect`, async () => {
      const big = bigFile(stack, megabytes);
      const [made] = saw(await v3.issueAttachments.addAttachment({ issueIdOrKey: key,
        attachment: { filename: 'Plan ä.bin', file: fs.readFileSync(big.path) } }));
      assert.deepEqual([made.filename, made.size], ['Plan ä.bin', big.size]);
      const straight = await v3.issueAttachments.getAttachmentContent({ id: made.id, redirect: false });
      assert.equal(hashOf(straight), big.hash);
      const redirected = await v3.issueAttachments.getAttachmentContent({ id: made.id, redirect: true });
      assert.equal(hashOf(redirected), big.hash);
      assert.equal(saw(await v3.issueAttachments.getAttachment(String(made.id))).id, Number(made.id));
      const { uploadLimit } = await v3.issueAttachments.getAttachmentMeta();
      assert.equal(uploadLimit, 100 * 1024 * 1024);
      await v3.issueAttachments.removeAttachment(String(made.id));
    });

    test('attaches from a stream, whose length nobody knows before', async () => {
      const big = bigFile(stack, 1);
      const [made] = await v3.issueAttachments.addAttachment({ issueIdOrKey: key,
        attachment: { filename: 'a.bin', file: fs.createReadStream(big.path) } });
      assert.equal(hashOf(await v3.issueAttachments.getAttachmentContent({ id: made.id, redirect: true })), big.hash);
    });

    test('searches page by page, counts, and gets many at once', async () => {
      const jql = 'project = ACME ORDER BY key';
      const keys = [];
      let nextPageToken;
      do {
        const page = saw(await v3.issueSearch.searchForIssuesUsingJqlEnhancedSearch({ jql, maxResults: 5,
          fields: ['summary'], nextPageToken }));
        keys.push(...page.issues.map((each) => each.key));
        ({ nextPageToken } = page);
      } while (nextPageToken);
      const { count } = await v3.issueSearch.countIssues({ jql });
      assert.ok(count > 10);
      assert.deepEqual(keys, Array.from({ length: count }, (_, n) => `ACME-${n + 1}`));
      const { issues } = await v3.issues.bulkFetchIssues({ issueIdsOrKeys: keys.slice(0, 3), fields: ['summary'] });
      assert.deepEqual(issues.map((each) => each.key), keys.slice(0, 3));
    });

    // Its searchForIssuesUsingJqlEnhancedSearchPost is one of these: version 4 sends it to /search.
    test('searches the old way', async () => {
      const jql = 'project = ACME ORDER BY key';
      for (const [client, search] of [[v3, 'searchForIssuesUsingJql'], [v2, 'searchForIssuesUsingJqlPost']]) {
        const asked = client.issueSearch[search]({ jql, startAt: 2, maxResults: 3 });
        if (!target.relay) {
          await assert.rejects(asked, (error) => error.status === 410);
          continue;
        }
        const page = saw(await asked);
        assert.deepEqual(page.issues.map((each) => each.key), ['ACME-3', 'ACME-4', 'ACME-5']);
        assert.deepEqual([page.startAt, page.maxResults, page.total > 10], [2, 3, true]);
        assert.ok(page.issues[0].fields.summary, 'the fields that the old search gave without being asked');
      }
    });

    test('finds people', async () => {
      const found = saw(await v3.userSearch.findUsers({ query: 'bob' }));
      assert.deepEqual(found.map((each) => each.displayName), ['Bob Builder']);
      const picked = await v3.userSearch.findUsersForPicker({ query: 'bob' });
      assert.equal(picked.users[0].html, '<strong>Bob</strong> Builder');
      assert.equal((await v3.userSearch.findUsers({ query: 'nobody' })).length, 0);
    });

    test('deletes', async () => {
      assert.equal(await v3.issues.deleteIssue({ issueIdOrKey: key }), '');
      await assert.rejects(v3.issues.getIssue({ issueIdOrKey: key }), (error) => error.status === 404);
    });

    test('was never led away from its base', () => {
      assert.ok(seen.length > 50, `${seen.length} links`);
      assert.deepEqual(seen.filter((each) => !each.startsWith(`${target.base}/rest/`)), []);
    });
  }));

  test('the server ends well, and its log is clean', { skip: DIRECT_ONLY && 'no server' }, () => stack.close());
});
