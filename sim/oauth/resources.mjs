// What an access token is asked on api.atlassian.com itself, before any site:
// GET /oauth/token/accessible-resources and GET /me.

import * as answers from '../answers.mjs';
import { readBearer } from '../auth.mjs';
import { addressOf, ME_PATH } from '../hosts.mjs';
import { productOf } from '../scopes.mjs';
import { productsOn } from './grants.mjs';
import { findAccess } from './tokens.mjs';

/** `sim` = { store, suffix }. */
export function answerApi({ store, suffix }, request) {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
        return answers.gateway(405, 'Method Not Allowed');
    }
    const token = readBearer(request.headers.authorization);
    const access = token && findAccess(store.data, token);
    if (!access) return answers.gateway(401, 'Unauthorized');
    if (request.path === ME_PATH) return answerMe(access);
    return answers.json(200, resourcesOf(store.data, access, (site) =>
        addressOf(site, suffix, request.headers.host)));
}

/** One entry for each site and product. The order means nothing: it follows the cloud ids. */
function resourcesOf(data, { account, scopes, sites }, addressFor) {
    return data.sites
        .filter((site) => sites.includes(site.cloudId) && site.members[account.email])
        .sort((a, b) => (a.cloudId < b.cloudId ? 1 : -1))
        .flatMap((site) => productsOn(site, scopes).map((product) => ({
            id: site.cloudId,
            url: addressFor(site),
            name: site.name,
            scopes: scopes.filter((scope) => productOf(scope) === product),
            avatarUrl: `${addressFor(site)}/avatars/240/site.png`,
        })));
}

function answerMe({ account, scopes }) {
    if (!scopes.includes('read:me')) {
        return answers.gateway(401, 'Unauthorized; scope does not match');
    }
    return answers.json(200, {
        account_type: 'atlassian',
        account_id: account.accountId,
        email: account.email,
        name: account.name,
        picture: 'https://secure.gravatar.com/avatar/0?d=mp',
        account_status: 'active',
        nickname: account.name.split(' ')[0],
        zoneinfo: account.timeZone,
        locale: account.locale.replace('_', '-'),
        extended_profile: { job_title: '', organization: '', department: '', location: '' },
    });
}
