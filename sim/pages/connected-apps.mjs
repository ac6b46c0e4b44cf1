// A user's page of connected apps: what each may do and where, and taking it back.

import { accountByEmail } from '../accounts.mjs';
import * as answers from '../answers.mjs';
import { findApp } from '../oauth/apps.mjs';
import { revokeGrants } from '../oauth/grants.mjs';
import { titleOf } from '../scopes.mjs';
import { csrfField, escape, notice, page } from './layout.mjs';

export const CONNECTED = '/manage-profile/apps';

export function answerConnectedApps(store, request, session) {
    const person = session && accountByEmail(store.data, session.email);
    if (!person) return answers.redirect(`/login?continue=${encodeURIComponent(CONNECTED)}`);
    const view = { store, person, session };
    if (request.method === 'POST' && request.path === `${CONNECTED}/remove`) {
        return remove(view, request.form());
    }
    return request.path === CONNECTED ? show(view) : answers.redirect(CONNECTED, 303);
}

function remove(view, form) {
    const { store, person, session } = view;
    if (form.get('csrf') !== session.csrf) {
        return show(view, 'The form is too old. Please try again.', 403);
    }
    revokeGrants(store.data, (each) =>
        each.email === person.email && each.clientId === form.get('client_id'));
    store.changed();
    return answers.redirect(CONNECTED, 303);
}

function show(view, error = '', status = 200) {
    const { store, person, session } = view;
    const grants = store.data.oauth.grants.filter((each) => each.email === person.email);
    const list = grants.map((grant) => grantBlock(view, grant)).join('');
    return answers.html(status, page({ title: 'Connected apps', person, csrf: session.csrf,
        nav: '<a href="/">Start page</a>',
        main: `${notice(error, 'error')}<p>Apps that may use your Atlassian account.</p>
${list || '<p>There are no connected apps.</p>'}` }));
}

function grantBlock({ store, session }, grant) {
    const { name } = findApp(store.data, grant.clientId);
    const sites = store.data.sites.filter((each) => grant.sites.includes(each.cloudId))
        .map((each) => each.name).join(', ');
    const titles = grant.scopes.filter((scope) => scope !== 'offline_access').map(titleOf);
    return `<section><h2>${escape(name)}</h2>
<p>Sites: ${escape(sites || 'none')}<br>It may: ${escape(titles.join(', '))}</p>
<form method="post" action="${CONNECTED}/remove">${csrfField(session.csrf)}
<input type="hidden" name="client_id" value="${escape(grant.clientId)}">
<button aria-label="Remove access of ${escape(name)}">Remove access</button></form></section>`;
}
