// The developer console: one's own OAuth apps, making one, and changing it.

import { accountByEmail } from '../accounts.mjs';
import * as answers from '../answers.mjs';
import { findApp, findAppProblem, makeApp, removeApp, rotateSecret } from '../oauth/apps.mjs';
import { appMain } from './console-app.mjs';
import { csrfField, escape, notice, page } from './layout.mjs';

export const CONSOLE = '/console/myapps';

// What each form of an app's page may change.
const FORMS = {
    permissions: (form) => ({ scopes: form.getAll('scope') }),
    authorization: (form) => ({ callback: (form.get('callback') ?? '').trim() }),
    distribution: (form) => ({ shared: form.get('sharing') === 'on' }),
};

export function answerConsole(store, request, session) {
    const person = session && accountByEmail(store.data, session.email);
    if (!person) {
        return answers.redirect(`/login?continue=${encodeURIComponent(request.path)}`);
    }
    const [clientId, action] = request.path.slice(CONSOLE.length + 1).split('/');
    const app = findApp(store.data, clientId);
    const view = { store, person, session, app, home: `${CONSOLE}/${clientId}` };
    if (request.method === 'POST') return change(view, request.form(), clientId, action);
    if (clientId === '') return showList(view);
    return app?.owner === person.email && action === undefined ? showApp(view) : notFound(view);
}

function change(view, form, name, action) {
    const { store, app, person, session } = view;
    const isMine = app?.owner === person.email;
    if (name !== 'create' && !isMine) return notFound(view);
    const show = isMine ? showApp : showList;
    if (form.get('csrf') !== session.csrf) {
        return show(view, 'The form is too old. Please try again.', 403);
    }
    if (name === 'create') return create(view, form);
    if (action === 'delete') {
        removeApp(store.data, app.clientId);
    } else if (action === 'rotate') {
        rotateSecret(app);
    } else {
        if (!Object.hasOwn(FORMS, action)) return notFound(view);
        const given = FORMS[action](form);
        const problem = findAppProblem(given);
        if (problem) return showApp(view, problem, 400);
        Object.assign(app, given);
    }
    store.changed();
    return answers.redirect(action === 'delete' ? CONSOLE : view.home, 303);
}

function create(view, form) {
    const given = { name: (form.get('name') ?? '').trim(), grant: form.get('grant') ?? '' };
    const problem = given.name === '' ? 'Give the app a name.' : findAppProblem(given);
    if (problem) return showList(view, problem, 400);
    const app = makeApp(view.store.data, { ...given, owner: view.person.email });
    view.store.changed();
    return answers.redirect(`${CONSOLE}/${app.clientId}`, 303);
}

function frame({ person, session }, title, main) {
    return page({ title, main, person, csrf: session.csrf,
        nav: `<a href="/">Start page</a><a href="${CONSOLE}">My apps</a>` });
}

function notFound(view) {
    return answers.html(404, frame(view, 'Page not found',
        '<p>You have no such app, or there is nothing at this address.</p>'));
}

function showApp(view, error = '', status = 200) {
    return answers.html(status, frame(view, view.app.name,
        `${notice(error, 'error')}${appMain(view)}`));
}

function showList(view, error = '', status = 200) {
    const { store, person, session } = view;
    const apps = store.data.oauth.apps.filter((each) => each.owner === person.email);
    const items = apps.map((each) =>
        `<li><a href="${CONSOLE}/${escape(each.clientId)}">${escape(each.name)}</a></li>`);
    return answers.html(status, frame(view, 'My apps', `${notice(error, 'error')}
${items.length ? `<ul>${items.join('')}</ul>` : '<p>You have no apps yet.</p>'}
<h2>Create an OAuth 2.0 integration</h2>
<form method="post" action="${CONSOLE}/create">${csrfField(session.csrf)}
<label for="name">Name</label><input id="name" name="name" required maxlength="100">
<fieldset><legend>Access</legend>
<label><input type="radio" name="grant" value="account" checked> Account-level: one grant reaches
every site that its user allows over time</label>
<label><input type="radio" name="grant" value="resource"> Resource-level: a grant reaches only the
site that its user chose</label></fieldset>
<button>Create</button></form>`));
}
