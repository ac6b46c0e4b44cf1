// The authorisation server's pages: sign-in, the consent with Accept and Cancel, and what people
// see instead when something is wrong. The consent keeps nothing between showing and accepting:
// the form comes back to the same address, and everything is checked again.

import { accountByEmail, sessionOf } from '../accounts.mjs';
import * as answers from '../answers.mjs';
import { accountAddress } from '../hosts.mjs';
import { accept, checkAuthorize, withQuery } from '../oauth/authorize.mjs';
import { answerOauth } from '../oauth/endpoints.mjs';
import { consentPage } from './consent.mjs';
import { escape, page } from './layout.mjs';
import { postSignIn, postSignOut, showSignIn } from './sign-in.mjs';

// Longer request lines never reach the server behind the edge; some eighty scopes make one.
const MAX_ADDRESS = 8000;

/** `sim` = { store, suffix }. */
export function answerAuth(sim, request) {
    const { method, path } = request;
    const { store } = sim;
    const isGet = method === 'GET' || method === 'HEAD';
    const answer = answerOauth(sim, request, `http://${request.headers.host}`);
    if (answer) return answer;
    if (path === '/authorize' && (isGet || method === 'POST')) return authorize(sim, request);
    if (path === '/login' && isGet) return showSignIn(request);
    if (path === '/login' && method === 'POST') return postSignIn(store, request, '/login');
    if (path === '/logout' && method === 'POST') {
        return postSignOut(store, sessionOf(store.data, request.headers.cookie), request, '/login');
    }
    return answers.html(404, page({ title: 'Page not found',
        main: '<p>There is nothing at this address.</p>' }));
}

function authorize({ store, suffix }, request) {
    if (request.url.length > MAX_ADDRESS) return tooLarge();
    const session = sessionOf(store.data, request.headers.cookie);
    const person = session && accountByEmail(store.data, session.email);
    if (!person?.active) {
        return answers.redirect(`/login?continue=${encodeURIComponent(request.url)}`);
    }
    const wanted = checkAuthorize(store.data, request.query, person);
    const view = { ...wanted, person, session, address: request.url };
    if (wanted.error) return answers.redirect(errorAddress(suffix, request, wanted));
    if (wanted.title) return answers.html(wanted.status, wordsPage(view));
    return request.method === 'POST' ? decide(store, view, request) : show(view);
}

function show(view, error = '', status = 200) {
    return answers.html(status, consentPage(view, error));
}

function decide(store, view, request) {
    const form = request.form();
    if (form.get('csrf') !== view.session.csrf) {
        return show(view, 'The form is too old. Please try again.', 403);
    }
    if (form.get('action') !== 'accept') {
        // As reported: a decline comes back without the state.
        return answers.redirect(withQuery(view.redirectUri, { error: 'access_denied',
            error_description: 'User did not authorize the request' }));
    }
    const site = view.sites?.find((each) => each.cloudId === form.get('site'));
    if (view.sites && !site) return show(view, 'Choose a site first.', 400);
    const back = accept(store.data, view, view.person, site?.cloudId ?? null);
    store.changed();
    return answers.redirect(back);
}

function errorAddress(suffix, request, { error, description }) {
    return withQuery(`${accountAddress(suffix, request.headers.host)}/error`,
        { error, error_description: description });
}

function wordsPage({ title, text, person, session, address }) {
    return page({ title, person, csrf: session.csrf, back: address,
        main: `<p>${escape(text)}</p>` });
}

function tooLarge() {
    return answers.html(400, '<!doctype html><html lang="en"><head><title>HTTP Status 400 – Bad ' +
        'Request</title></head><body><h1>HTTP Status 400 – Bad Request</h1><p>Request header is ' +
        'too large</p></body></html>');
}

/** The page on the account host where those end up who cannot be sent back to the app. */
export function errorPage({ query }) {
    return answers.html(400, page({ title: 'Something went wrong',
        main: `<p>${escape(query.get('error_description') ?? '')}</p>
<p>Error: <code>${escape(query.get('error') ?? '')}</code></p>
<p>Contact the developer of the app that sent you here.</p>` }));
}
