// The table of all pages: which test file shows which template. looks.test.mjs fails when a
// template is missing here, and each file when it did not show what is listed for it.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { look, pictured } from './checks.mjs';

export const LOOKS = {
  workspace: ['session', 'link', 'me', 'users', 'user', 'user-link', 'groups', 'group', 'flagged-apps',
    'apps', 'app-new', 'problem', 'help', 'settings', 'stops', 'stop',
    'notices', 'webhooks', 'webhook', 'webhook-secret', 'keys', 'key-made'],
  app: ['app', 'app-settings', 'permissions', 'connection', 'connection-new', 'connection-edit', 'connect', 'leave', 'callback',
    'credential', 'test', 'request', 'my-connections', 'credentials', 'app-keys', 'app-calls'],
  actions: ['actions', 'action-new', 'action', 'action-form', 'requests', 'request-edit', 'runs', 'run'],
  catalogue: ['catalogue'],
};

// -> {page(name, who, at), complete()}: `who` gives the person, `at` is a path or a function that
// gives one or walks there. A page is named after its template, with a variant behind a point.
export function looks(part) {
  const shown = new Set();
  return {
    page(name, who, at) {
      test(name, async () => {
        const person = await who();
        await pictured(person, name, async () => {
          const where = typeof at === 'function' ? await at(person) : at;
          if (where) await person.visit(where);
          shown.add(name.split('.')[0]);
          await look(person.page, name);
        });
      });
    },
    complete() {
      test(`every template of ${part} was shown`, () =>
        assert.deepEqual([...shown].sort(), [...LOOKS[part]].sort()));
    },
  };
}
