// The operations of Jira's REST API that the simulator knows, below /rest/api/{2,3}. The order
// matters: the first pattern that fits is taken. `{}` is one path segment.

import * as attachments from './attachments.mjs';
import * as comments from './comments.mjs';
import * as info from './server-info.mjs';
import * as issues from './issues.mjs';
import * as links from './links.mjs';
import * as projects from './projects.mjs';
import * as search from './search.mjs';
import * as transitions from './transitions.mjs';
import * as users from './users.mjs';
import * as worklogs from './worklogs.mjs';

export const API_PATH = /^\/rest\/api\/(2|3|latest)(\/.*)$/;

// Operations without anonymous access; all others drop to an anonymous caller.
const SIGNED_IN = { signedIn: true };
// The body is a multipart form and no JSON; it wants proof that no web page sent it.
const UPLOAD = { upload: true };

const ROUTES = [
    ['GET', '/myself', users.getMyself, SIGNED_IN],
    ['GET', '/serverInfo', info.getServerInfo],
    ['GET', '/configuration', info.getConfiguration, SIGNED_IN],
    ['GET', '/project', projects.listProjects],
    ['GET', '/project/search', projects.searchProjects],
    ['GET', '/project/{}', projects.getProject],
    ['GET', '/project/{}/statuses', projects.projectStatuses],
    ['GET', '/project/{}/components', projects.projectParts],
    ['GET', '/project/{}/versions', projects.projectParts],
    ['GET', '/issue/createmeta', projects.createMeta],
    ['GET', '/issue/createmeta/{}/issuetypes', projects.createTypes],
    ['GET', '/issue/createmeta/{}/issuetypes/{}', projects.createFields],
    ['POST', '/issue', issues.createIssue],
    ['POST', '/issue/bulk', issues.createMany],
    ['POST', '/issue/bulkfetch', issues.fetchMany],
    ['GET', '/issue/{}', issues.getIssue],
    ['PUT', '/issue/{}', issues.editIssue],
    ['DELETE', '/issue/{}', issues.deleteIssue],
    ['PUT', '/issue/{}/assignee', issues.assignIssue],
    ['POST', '/issue/{}/attachments', attachments.postAttachments, UPLOAD],
    ['GET', '/issue/{}/comment', comments.listComments],
    ['POST', '/issue/{}/comment', comments.postComment],
    ['GET', '/issue/{}/comment/{}', comments.getComment],
    ['PUT', '/issue/{}/comment/{}', comments.putComment],
    ['DELETE', '/issue/{}/comment/{}', comments.deleteComment],
    ['GET', '/issue/{}/editmeta', projects.editMeta],
    ['GET', '/issue/{}/transitions', transitions.listTransitions],
    ['POST', '/issue/{}/transitions', transitions.doTransition],
    ['GET', '/issue/{}/watchers', links.listWatchers],
    ['POST', '/issue/{}/watchers', links.addWatcher],
    ['DELETE', '/issue/{}/watchers', links.removeWatcher],
    ['GET', '/issue/{}/worklog', worklogs.listWorklogs],
    ['POST', '/issue/{}/worklog', worklogs.postWorklog],
    ['GET', '/issue/{}/worklog/{}', worklogs.getWorklog],
    ['PUT', '/issue/{}/worklog/{}', worklogs.putWorklog],
    ['DELETE', '/issue/{}/worklog/{}', worklogs.deleteWorklog],
    ['POST', '/issueLink', links.linkIssues],
    ['GET', '/issueLink/{}', links.getLink],
    ['DELETE', '/issueLink/{}', links.deleteLink],
    ['GET', '/issueLinkType', links.listLinkTypes],
    ['GET', '/issueLinkType/{}', links.getLinkType],
    ['GET', '/attachment/meta', attachments.attachmentMeta],
    ['GET', '/attachment/{}', attachments.getAttachment],
    ['DELETE', '/attachment/{}', attachments.deleteAttachment],
    ['GET', '/attachment/content/{}', attachments.getContent],
    ['GET', '/attachment/thumbnail/{}', attachments.getThumbnail],
    ['GET', '/search/jql', search.searchByGet],
    ['POST', '/search/jql', search.searchByPost],
    ['POST', '/search/approximate-count', search.approximateCount],
    ['GET', '/search', search.searchRemoved],
    ['POST', '/search', search.searchRemoved],
    ['GET', '/user', users.getUser],
    ['GET', '/user/search', users.searchUsers],
    ['GET', '/user/picker', users.pickUsers],
    ['GET', '/user/assignable/search', users.searchAssignable],
    ['GET', '/users/search', users.listUsers],
    ['GET', '/mypermissions', users.myPermissions],
    ['GET', '/field', info.listFields],
    ['GET', '/label', info.listLabels],
    ['GET', '/priority', info.listPriorities],
    ['GET', '/priority/search', info.searchPriorities],
    ['GET', '/priority/{}', info.getPriority],
    ['GET', '/status', info.listStatuses],
    ['GET', '/status/{}', info.getStatus],
    ['GET', '/statuscategory', info.listCategories],
    ['GET', '/resolution', info.listResolutions],
    ['GET', '/issuetype', info.listIssueTypes],
    ['GET', '/issuetype/{}', info.getIssueType],
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

/** Whether a path below /rest takes a file, so that its body must not be read into memory. */
export function takesFiles(method, path) {
    const match = API_PATH.exec(path);
    return Boolean(match && findRoute(method, match[2])?.route?.upload);
}

function decode(text) {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}
