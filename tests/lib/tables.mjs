// The product's own tables (tables/*.def), read as data.

import fs from 'node:fs';
import path from 'node:path';

import { ROOT } from './stack.mjs';

function rows(file, word) {
  // Paths in strings may hold what would begin or end a comment.
  const text = fs.readFileSync(path.join(ROOT, 'tables', file), 'utf8')
    .replace(/("(?:[^"\\\n]|\\.)*")|\/\*[^]*?\*\//g, (all, string) => string ?? '');
  const found = [...text.matchAll(new RegExp(`^${word}\\((.*)\\) *$`, 'gm'))].map(([, inside]) =>
    [...inside.matchAll(/"((?:[^"\\]|\\.)*)"|([^\s,]+)/g)].map((m) => m[1] ?? m[2]));
  if (!found.length) throw new Error(`nothing in ${file}`);
  return found;
}

export const ROUTES = rows('routes.def', 'ROUTE').map(
  ([method, at, permission, body, template, begin, finish, again]) =>
    ({ name: `${method} ${at}`, method, path: at, permission, body, template, begin, finish, again }));

export const ERRORS = Object.fromEntries(rows('errors.def', 'ERR').map(
  ([name, code, status, sentence]) => [name, { code, status: Number(status), sentence }]));

export const PERMISSIONS = Object.fromEntries(rows('permissions.def', 'PERMISSION').map(
  ([name, error]) => [name, ERRORS[error]]));

export const FAULT_POINTS = rows('fault_points.def', 'FAULT_POINT').map(([, text]) => text);

export const JIRA_SCOPES = rows('jira_scopes.def', 'JIRA_SCOPE').map(
  ([method, at, scope]) => ({ method, path: at, scope }));

export const JIRA_PERMISSIONS = rows('jira_permissions.def', 'JIRA_PERMISSION').map(
  ([method, at, permission, place]) => ({ method, path: at, permission, place }));
export const JIRA_PERMISSION_NAMES = Object.fromEntries(
  rows('jira_permissions.def', 'JIRA_PERMISSION_NAME').map(([key, name]) => [key, name]));

export const SECRET_FIELDS = rows('secret_fields.def', 'SECRET_FIELD').map(([name]) => name);

export const SETTINGS = rows('settings.def', 'SETTING').map(
  ([field, variable, flag, fallback, kind, help]) => ({ field, variable, flag, fallback, kind, help }));
