// The few web pages of a site: its start page, an issue, and sign-in (which also ends a
// lockout). REST does not take the web session.

import { accountByEmail, sessionOf } from '../accounts.mjs';
import { adfToText } from '../adf.mjs';
import * as answers from '../answers.mjs';
import { accountMay } from '../jira/access.mjs';
import { byId, STATUSES } from '../jira/catalog.mjs';
import { escape, page } from './layout.mjs';
import { postSignIn, postSignOut, showSignIn } from './sign-in.mjs';

const HOME = '/jira/your-work';

/** `place` = { store, site, siteBase }. */
export function answerSitePage(place, request) {
    const { method, path } = request;
    const session = sessionOf(place.store.data, request.headers.cookie);
    const isGet = method === 'GET' || method === 'HEAD';
    if (isGet && path === '/') return answers.redirect(`${place.siteBase}${HOME}`);
    if (path === '/login' || path === '/login.jsp') {
        return isGet ? showSignIn(request) : postSignIn(place.store, request, HOME);
    }
    if (method === 'POST' && path.endsWith('/logout')) {
        return postSignOut(place.store, session, request, '/login');
    }
    const issuePath = /^\/browse\/([A-Za-z][A-Za-z0-9]*-\d+)$/.exec(path);
    if (isGet && (path === HOME || issuePath)) {
        if (!session) return answers.redirect(loginAddress(place, path));
        return signedInPage(place, session, issuePath?.[1]);
    }
    return answers.html(404, page({ title: "Oops, you've found a dead link.",
        main: '<p><a href="/">Go to the start page</a></p>' }));
}

/** Always on the site's own host: /sites/... is for REST, and cookies belong to a host. */
function loginAddress({ siteBase }, path) {
    return `${siteBase}/login?continue=${encodeURIComponent(path)}`;
}

function signedInPage(place, session, key) {
    const { store, site } = place;
    const person = accountByEmail(store.data, session.email);
    const visible = site.issues
        .filter((each) => accountMay(site, person, 'BROWSE_PROJECTS', each.project));
    const frame = { person, csrf: session.csrf, nav: `<a href="${HOME}">${escape(site.name)}</a>` };
    if (!key) {
        return answers.html(200, page({ ...frame, title: `${site.name}: your work`,
            main: issueTable(visible) }));
    }
    const issue = visible.find((each) => each.key === key.toUpperCase());
    if (issue) {
        return answers.html(200, page({ ...frame, title: `${issue.key} ${issue.summary}`,
            main: issueMain(store, issue) }));
    }
    return answers.html(404, page({ ...frame, title: "We can't find that issue",
        main: '<p>It may have been deleted, or you may not be allowed to see it.</p>' }));
}

function issueTable(issues) {
    const rows = issues.map((issue) => `<tr><td><a href="/browse/${issue.key}">${issue.key}</a>
</td><td>${escape(issue.summary)}</td><td>${byId(STATUSES, issue.status).name}</td></tr>`);
    return `<table><tr><th>Key</th><th>Summary</th><th>Status</th></tr>${rows.join('')}</table>`;
}

function issueMain(store, issue) {
    const name = (accountId) => escape(store.data.accounts
        .find((each) => each.accountId === accountId)?.name ?? 'Unassigned');
    const comments = issue.comments.map((each) =>
        `<li>${name(each.author)}: ${escape(adfToText(each.body))}</li>`);
    return `<table><tr><th>Status</th><td>${byId(STATUSES, issue.status).name}</td></tr>
<tr><th>Assignee</th><td>${name(issue.assignee)}</td></tr>
<tr><th>Reporter</th><td>${name(issue.reporter)}</td></tr>
<tr><th>Labels</th><td>${escape(issue.labels.join(', '))}</td></tr></table>
<pre>${escape(adfToText(issue.description))}</pre>
<h2>Comments</h2><ul>${comments.join('')}</ul>`;
}
