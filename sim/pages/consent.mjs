// The consent page: what the app is called, what it may do, and on which site. Accept stays
// disabled while no site is chosen, which only apps with a resource-level grant begin with.

import { titleOf } from '../scopes.mjs';
import { csrfField, escape, notice, page } from './layout.mjs';

/** `view` = { app, scopes, sites, person, session, address }. */
export function consentPage(view, error) {
    const { app, scopes, person, session, address } = view;
    const titles = scopes.filter((scope) => scope !== 'offline_access')
        .map((scope) => `<li>${escape(titleOf(scope))} <small>${escape(scope)}</small></li>`);
    const main = `${notice(error, 'error')}${notice(bannerFor(app, person))}
<p><strong>${escape(app.name)}</strong> is requesting access to your Atlassian account
<strong>${escape(person.email)}</strong>. It would like to:</p>
<ul>${titles.join('')}</ul>
<form method="post" action="${escape(address)}">${csrfField(session.csrf)}${chooser(view)}
<p>You can take this back at any time on the connected apps page of your profile.</p>
<button name="action" value="accept" id="accept"${chosenFirst(view) ? '' : ' disabled'}>Accept
</button><button name="action" value="cancel" formnovalidate>Cancel</button></form>${SCRIPT}`;
    return page({ title: 'Authorize app', main, person, csrf: session.csrf, back: address });
}

function bannerFor(app, person) {
    if (app.shared) return 'This app has not been reviewed by Atlassian.';
    return app.owner === person.email
        ? 'This app is in development mode. Only you, its owner, can use it.' : '';
}

function chosenFirst({ app, sites }) {
    return sites === null || app.grant === 'account';
}

function chooser(view) {
    if (view.sites === null) return '';
    const first = chosenFirst(view) ? '' : '<option value="">Choose a site</option>';
    return `<label for="site">Use app on</label><select id="site" name="site" required>${first}
${view.sites.map((site) => `<option value="${site.cloudId}">${escape(site.name)}</option>`)
        .join('')}</select>`;
}

// A browser that goes back fills the field in after loading, so it is looked at then, too.
const SCRIPT = `<script>
const site = document.getElementById('site');
const look = () => { document.getElementById('accept').disabled = Boolean(site) && !site.value; };
site?.addEventListener('change', look);
addEventListener('pageshow', look);
</script>`;
