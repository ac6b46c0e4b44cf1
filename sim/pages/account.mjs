// The account host: an index of the simulated world, sign-in, and the API token pages.

import { accountByEmail, sessionOf } from '../accounts.mjs';
import * as answers from '../answers.mjs';
import { addressOf } from '../hosts.mjs';
import { errorPage } from './authorize.mjs';
import { answerConnectedApps, CONNECTED } from './connected-apps.mjs';
import { answerConsole, CONSOLE } from './console.mjs';
import { escape, page } from './layout.mjs';
import { postSignIn, postSignOut, showSignIn } from './sign-in.mjs';
import { showTokens, postToken, postRevoke } from './tokens.mjs';

const TOKENS = '/manage-profile/security/api-tokens';
const SERVICE = '/admin/service-accounts';

/** `sim` = { store, suffix }. */
export function answerAccount(sim, request) {
    const { method, path } = request;
    const session = sessionOf(sim.store.data, request.headers.cookie);
    const get = method === 'GET' || method === 'HEAD';
    if (get && path === '/') return showIndex(sim, request, session);
    if (get && path === '/login') return showSignIn(request);
    if (method === 'POST' && path === '/login') return postSignIn(sim.store, request, TOKENS);
    if (method === 'POST' && path.endsWith('/logout')) {
        return postSignOut(sim.store, session, request, '/');
    }
    if (get && path === '/error') return errorPage(request);
    if (isBelow(CONSOLE, path)) return answerConsole(sim.store, request, session);
    if (isBelow(CONNECTED, path)) return answerConnectedApps(sim.store, request, session);
    if (isBelow(TOKENS, path)) {
        return tokenPages(sim, request, session, TOKENS);
    }
    if (isBelow(SERVICE, path)) {
        return tokenPages(sim, request, session, SERVICE);
    }
    return answers.html(404, page({ title: 'Page not found',
        main: '<p>There is nothing at this address. <a href="/">Start page</a></p>' }));
}

function isBelow(root, path) {
    return path === root || path.startsWith(`${root}/`);
}

/** Personal tokens, or the service accounts' ones, which a site's admins manage. */
function tokenPages(sim, request, session, root) {
    if (!session) return answers.redirect(`/login?continue=${encodeURIComponent(root)}`);
    const { store } = sim;
    const person = accountByEmail(store.data, session.email);
    const forService = root === SERVICE;
    if (forService && !isAdmin(store.data, person)) {
        return answers.html(403, page({ title: 'Only for admins', person, csrf: session.csrf,
            main: '<p>Service accounts are managed by the admins of a site.</p>' }));
    }
    const owners = forService ? store.data.accounts.filter((each) => each.service) : [person];
    const view = { store, root, session, person, owners, forService };
    const action = `${request.method} ${request.path.slice(root.length)}`;
    switch (action) {
    case 'GET ': case 'HEAD ': return showTokens(view);
    case 'POST /create': return postToken(view, request);
    case 'POST /revoke': return postRevoke(view, request);
    default: return answers.redirect(root, 303);
    }
}

function isAdmin(data, person) {
    return data.sites.some((site) =>
        Object.values(site.members[person.email] ?? {}).includes('admin'));
}

function showIndex({ store, suffix }, request, session) {
    const { accounts, sites } = store.data;
    const person = session && accountByEmail(store.data, session.email);
    const sitesOf = (account) => sites.filter((site) => site.members[account.email])
        .map((site) => `${site.id} (${Object.entries(site.members[account.email])
            .map(([key, role]) => `${key}: ${role}`).join(', ')})`).join('<br>');
    const main = `<p>This is not Atlassian. It plays Jira Cloud for trying out and testing, with
these people and sites. API tokens are made on the <a href="${TOKENS}">API tokens</a> page, OAuth
apps in the <a href="${CONSOLE}">developer console</a>. What people allowed such apps is on their
page of <a href="${CONNECTED}">connected apps</a>.</p>
<h2>Accounts</h2><table><tr><th>Name</th><th>Email</th><th>Password</th><th>Sites</th></tr>
${accounts.map((each) => `<tr><td>${escape(each.name)}</td><td>${escape(each.email)}</td>
<td>${each.password ? `<code>${escape(each.password)}</code>`
        : `none: tokens on <a href="${SERVICE}">Service accounts</a>`}</td>
<td>${sitesOf(each)}</td></tr>`).join('\n')}
</table>
<h2>Sites</h2><table><tr><th>Name</th><th>Address</th><th>Cloud id</th><th>Issues</th></tr>
${sites.map((site) => siteRow(site, suffix, request)).join('\n')}
</table>`;
    return answers.html(200, page({ title: 'A small Atlassian of your own', main, person,
        csrf: session?.csrf, nav: `<a href="${TOKENS}">API tokens</a>` +
            `<a href="${SERVICE}">Service accounts</a>` +
            `<a href="${CONSOLE}">Developer console</a>` +
            `<a href="${CONNECTED}">Connected apps</a>` }));
}

function siteRow(site, suffix, request) {
    const url = addressOf(site, suffix, request.headers.host);
    return `<tr><td>${escape(site.name)}</td><td><a href="${url}">${url}</a><br>
<small>also <code>/sites/${site.host}</code> on this host</small></td>
<td><code>${site.cloudId}</code></td><td>${site.issues.length}</td></tr>`;
}
