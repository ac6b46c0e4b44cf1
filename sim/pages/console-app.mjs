// One app's page in the developer console. Atlassian spreads this over several pages; here each
// of them is a heading.

import { CLASSIC_SCOPES, CONFLUENCE_SCOPES, GRANULAR_SCOPES, IDENTITY_SCOPES } from '../scopes.mjs';
import { csrfField, escape, scopeTicks } from './layout.mjs';

/** `view` = { app, session, home }. */
export function appMain(view) {
    const { app } = view;
    const level = app.grant === 'account' ? 'an account-level' : 'a resource-level';
    return `<p>OAuth 2.0 (3LO) app with ${level} grant.</p>
<h2>Permissions</h2>${form(view, 'permissions', permissions(app))}
<h2>Authorization</h2>${form(view, 'authorization', callbackField(app))}
<h2>Distribution</h2>${form(view, 'distribution', sharing(app))}
<h2>Settings</h2>
<p>Client ID<br><code id="client-id">${escape(app.clientId)}</code></p>
<p>Secret<br><code id="client-secret">${escape(app.secret)}</code></p>
${form(view, 'rotate', '<button>Rotate secret</button>')}
${form(view, 'delete', '<button>Delete app</button>')}`;
}

function form({ session, home }, action, fields) {
    return `<form method="post" action="${escape(`${home}/${action}`)}">${csrfField(session.csrf)}
${fields}</form>`;
}

function permissions({ scopes }) {
    return `<fieldset><legend>User identity API</legend>${scopeTicks(IDENTITY_SCOPES, scopes)}
</fieldset>
<fieldset><legend>Jira API</legend>${scopeTicks(CLASSIC_SCOPES, scopes)}
<details><summary>Granular scopes</summary>${scopeTicks(GRANULAR_SCOPES, scopes)}</details>
</fieldset>
<fieldset><legend>Confluence API</legend>${scopeTicks(CONFLUENCE_SCOPES, scopes)}</fieldset>
<button>Save permissions</button>`;
}

function callbackField({ callback }) {
    return `<label for="callback">Callback URL</label>
<input id="callback" name="callback" type="url" required value="${escape(callback ?? '')}">
<p>It must be exactly what the app sends, with its path. Only localhost may use http.</p>
<button>Save callback URL</button>`;
}

function sharing({ shared }) {
    const state = (value) => (shared === value ? ' checked' : '');
    return `<fieldset><legend>Distribution status</legend>
<label><input type="radio" name="sharing" value="off"${state(false)}> Not sharing: only you can use
the app</label>
<label><input type="radio" name="sharing" value="on"${state(true)}> Sharing: everybody with an
Atlassian account can use it</label></fieldset>
<label for="vendor">Vendor name</label><input id="vendor" name="vendor">
<label for="privacy">Privacy policy</label><input id="privacy" name="privacy" type="url">
<p>Vendor name and privacy policy are not kept here.</p>
<button>Save distribution</button>`;
}
