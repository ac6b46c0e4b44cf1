// The operations of Jira's REST API that the simulator knows, below /rest/api/{2,3}. The order
// matters: the first pattern that fits is taken. `{}` is one path segment.

import * as comments from './comments.mjs';
import * as info from './server-info.mjs';
import * as issues from './issues.mjs';
import * as projects from './projects.mjs';
import * as search from './search.mjs';
import * as transitions from './transitions.mjs';
import * as users from './users.mjs';

// Operations without anonymous access; all others drop to an anonymous caller.
const SIGNED_IN = { signedIn: true };

const ROUTES = [
    ['GET', '/myself', users.getMyself, SIGNED_IN],
    ['GET', '/serverInfo', info.getServerInfo],
    ['GET', '/project/search', projects.searchProjects],
    ['GET', '/project/{}', projects.getProject],
    ['GET', '/issue/createmeta/{}/issuetypes', projects.createTypes],
    ['GET', '/issue/createmeta/{}/issuetypes/{}', projects.createFields],
    ['POST', '/issue', issues.createIssue],
    ['GET', '/issue/{}', issues.getIssue],
    ['PUT', '/issue/{}', issues.editIssue],
    ['DELETE', '/issue/{}', issues.deleteIssue],
    ['PUT', '/issue/{}/assignee', issues.assignIssue],
    ['GET', '/issue/{}/comment', comments.listComments],
    ['POST', '/issue/{}/comment', comments.postComment],
    ['POST', '/issue/{}/worklog', comments.postWorklog],
    ['GET', '/issue/{}/transitions', transitions.listTransitions],
    ['POST', '/issue/{}/transitions', transitions.doTransition],
    ['POST', '/issueLink', transitions.linkIssues],
    ['GET', '/issueLinkType', transitions.listLinkTypes],
    ['GET', '/search/jql', search.searchByGet],
    ['POST', '/search/jql', search.searchByPost],
    ['POST', '/search/approximate-count', search.approximateCount],
    ['GET', '/search', search.searchRemoved],
    ['POST', '/search', search.searchRemoved],
    ['GET', '/user', users.getUser],
    ['GET', '/user/search', users.searchUsers],
    ['GET', '/user/assignable/search', users.searchAssignable],
    ['GET', '/mypermissions', users.myPermissions],
    ['GET', '/field', info.listFields],
    ['GET', '/priority', info.listPriorities],
    ['GET', '/status', info.listStatuses],
    ['GET', '/issuetype', info.listIssueTypes],
].map(([method, path, handler, options = {}]) => ({
    method, path, handler, ...options, pattern: patternOf(path), operation: `${method} ${path}`,
}));

function patternOf(path) {
    const escaped = path.split('{}').map((part) => part.replace(/[.*+?^$()|[\]\\]/g, '\\$&'));
    return new RegExp(`^${escaped.join('([^/]+)')}$`);
}

/** { route, params }, { allow: methods } when only the method is wrong, or null. */
export function findRoute(method, path) {
    const wanted = method === 'HEAD' ? 'GET' : method;
    const fitting = ROUTES.filter((route) => route.pattern.test(path));
    if (fitting.length === 0) return null;
    const route = fitting.find((each) => each.method === wanted);
    if (!route) return { allow: [...new Set(fitting.map((each) => each.method))] };
    const [, ...params] = route.pattern.exec(path);
    return { route, params: params.map(decode) };
}

function decode(text) {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}
