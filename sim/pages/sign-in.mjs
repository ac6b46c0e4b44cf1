// Signing in and out with e-mail and password, on the account host and on each site alike.

import { sessionCookie, signIn, signOut } from '../accounts.mjs';
import * as answers from '../answers.mjs';
import { escape, notice, page } from './layout.mjs';

export function showSignIn({ query }, error = '', email = '') {
    const target = query.get('continue') ?? '';
    const main = `${notice(error, 'error')}
<form method="post" action="login">
<input type="hidden" name="continue" value="${escape(target)}">
<label for="email">Email</label>
<input id="email" name="email" type="email" required autofocus value="${escape(email)}">
<label for="password">Password</label>
<input id="password" name="password" type="password" required>
<p><button>Log in</button></p></form>`;
    return answers.html(error ? 401 : 200, page({ title: 'Log in to continue', main }));
}

export function postSignIn(store, request, fallback) {
    const form = request.form();
    const session = signIn(store.data, form.get('email') ?? '', form.get('password') ?? '');
    if (!session) {
        return showSignIn(request, 'Incorrect email address and / or password.',
            form.get('email') ?? '');
    }
    store.changed();
    const answer = answers.redirect(ownPath(form.get('continue')) ?? fallback, 303);
    answer.headers['Set-Cookie'] = sessionCookie(session);
    return answer;
}

/**
 * `target` when it is a path on this host and nothing else, or null: never "//host", "/\host"
 * or a whole URL.
 */
export function ownPath(target) {
    return /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(target ?? '') ? target : null;
}

export function postSignOut(store, session, request, fallback) {
    if (session) signOut(store.data, session);
    store.changed();
    const answer = answers.redirect(ownPath(request.form().get('continue')) ?? fallback, 303);
    answer.headers['Set-Cookie'] = sessionCookie(null);
    return answer;
}
