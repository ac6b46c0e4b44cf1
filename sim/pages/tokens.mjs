// The API token pages: a list, the form that makes one, the token shown once, and revoking.

import * as answers from '../answers.mjs';
import { timeNow } from '../clock.mjs';
import { CLASSIC_SCOPES, GRANULAR_SCOPES } from '../scopes.mjs';
import { makeToken, MAX_DAYS, revokeTokens } from '../tokens.mjs';
import { csrfField, escape, notice, page, scopeTicks } from './layout.mjs';

const DAY = 86400_000;

export function showTokens(view, { error = '', made = null, status = 200 } = {}) {
    const title = view.forService ? 'Service accounts' : 'API Tokens';
    const main = `${notice(error, 'error')}${made ? madeNotice(made) : ''}
<p>A script or other process can use an API token to act in your name. Treat it like a password.
</p>${tokenTable(view)}${createForm(view)}`;
    return answers.html(status, page({ title, main, person: view.person,
        csrf: view.session.csrf, nav: '<a href="/">Start page</a>' }));
}

function madeNotice({ token, label }) {
    return `<div class="notice" role="status"><p>Your new API token
<strong>${escape(label)}</strong>. Copy it now: you will not be able to see it again.</p>
<p><code id="token">${escape(token)}</code></p>
<button type="button" onclick="navigator.clipboard.writeText(
document.getElementById('token').textContent); this.textContent='Copied'">Copy</button></div>`;
}

function tokenTable(view) {
    const emails = view.owners.map((owner) => owner.email);
    const tokens = view.store.data.tokens.filter((each) => emails.includes(each.email));
    if (tokens.length === 0) return '<p>There are no API tokens yet.</p>';
    const rows = tokens.map((each) => `<tr><td>${escape(each.label)}</td>
${view.forService ? `<td>${escape(each.email)}</td>` : ''}
<td>${each.scopes ? escape(each.scopes.join(', ')) : 'Classic (no scopes)'}</td>
<td>${new Date(each.expires).toISOString().slice(0, 10)}
${each.expires <= timeNow() ? '(expired)' : ''}</td>
<td><form method="post" action="${view.root}/revoke">${csrfField(view.session.csrf)}
<input type="hidden" name="id" value="${each.id}">
<button aria-label="Revoke ${escape(each.label)}">Revoke</button></form></td></tr>`);
    return `<table><tr><th>Name</th>${view.forService ? '<th>Account</th>' : ''}<th>Scopes</th>
<th>Expires</th><th></th></tr>${rows.join('')}</table>`;
}

function createForm(view) {
    const first = new Date(timeNow() + DAY).toISOString().slice(0, 10);
    const last = new Date(timeNow() + MAX_DAYS * DAY).toISOString().slice(0, 10);
    const owner = view.forService ? `<label for="owner">Service account</label>
<select id="owner" name="owner">${view.owners.map((each) =>
        `<option value="${escape(each.email)}">${escape(each.email)}</option>`).join('')}
</select>` : '';
    const kind = view.forService ? '' : `<fieldset><legend>Kind</legend>
<label class="tick"><input type="radio" name="kind" value="classic" checked> API token</label>
<label class="tick"><input type="radio" name="kind" value="scoped"> API token with scopes
</label></fieldset>`;
    return `<details open><summary>Create API token</summary>
<form method="post" action="${view.root}/create">${csrfField(view.session.csrf)}${owner}
<label for="label">Name</label><input id="label" name="label" required maxlength="255">
<label for="expires">Expires on (from one day to one year)</label>
<input id="expires" name="expires" type="date" required min="${first}" max="${last}"
value="${last}">${kind}
<fieldset><legend>Scopes (for tokens with scopes)</legend>${scopeTicks(CLASSIC_SCOPES)}
<details><summary>Granular scopes</summary>${scopeTicks(GRANULAR_SCOPES)}</details></fieldset>
<button>Create</button></form></details>`;
}

export function postToken(view, request) {
    const form = request.form();
    const problem = findProblem(view, form);
    if (problem) return showTokens(view, { error: problem, status: 400 });
    const owner = ownerOf(view, form);
    const isScoped = view.forService || form.get('kind') === 'scoped';
    const { token, record } = makeToken(view.store.data, owner, {
        label: form.get('label').trim(),
        scopes: isScoped ? form.getAll('scope') : null,
        days: daysUntil(form.get('expires')),
    });
    view.store.changed();
    return showTokens(view, { made: { token, label: record.label } });
}

function ownerOf(view, form) {
    if (!view.forService) return view.person;
    return view.owners.find((each) => each.email === form.get('owner'));
}

function findProblem(view, form) {
    if (form.get('csrf') !== view.session.csrf) return 'The form is too old. Please try again.';
    if (!(form.get('label') ?? '').trim()) return 'Give the token a name.';
    const days = daysUntil(form.get('expires'));
    if (!(days >= 1 && days <= MAX_DAYS)) {
        return 'A token lives from one day to one year: choose a date in that time.';
    }
    if (!ownerOf(view, form)) return 'Choose a service account.';
    const scopes = form.getAll('scope');
    const needsScopes = view.forService || form.get('kind') === 'scoped';
    if (needsScopes && scopes.length === 0) return 'Choose at least one scope.';
    const known = [...CLASSIC_SCOPES, ...GRANULAR_SCOPES];
    return scopes.every((scope) => known.includes(scope)) ? null : 'There is no such scope.';
}

/** Whole days from today to that date; an absent date means the default of one year. */
function daysUntil(text) {
    if (!text) return MAX_DAYS;
    const today = Math.floor(timeNow() / DAY);
    return Math.round(Date.parse(`${text}T00:00:00Z`) / DAY) - today;
}

export function postRevoke(view, request) {
    const form = request.form();
    if (form.get('csrf') !== view.session.csrf) {
        return showTokens(view, { error: 'The form is too old. Please try again.', status: 403 });
    }
    const emails = view.owners.map((owner) => owner.email);
    revokeTokens(view.store.data, (each) =>
        each.id === form.get('id') && emails.includes(each.email));
    view.store.changed();
    return answers.redirect(view.root, 303);
}
