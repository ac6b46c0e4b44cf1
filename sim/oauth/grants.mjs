// What people allowed apps: one grant for each app and account, { clientId, email, sites (cloud
// ids), scopes, issued, refreshes }. A later consent adds its site and replaces the scopes, and
// tokens that are out already follow at once.

import { productOf } from '../scopes.mjs';

export function findGrant(data, clientId, email) {
    return data.oauth.grants.find((each) =>
        each.clientId === clientId && each.email === email) ?? null;
}

/** The user pressed Accept. `cloudId` is null when the scopes need no site. */
export function allow(data, app, account, { scopes, cloudId }) {
    let grant = findGrant(data, app.clientId, account.email);
    if (!grant) {
        grant = { clientId: app.clientId, email: account.email, sites: [], issued: 0,
            refreshes: 0 };
        data.oauth.grants.push(grant);
    }
    grant.scopes = scopes;
    if (cloudId !== null && !grant.sites.includes(cloudId)) grant.sites.push(cloudId);
    return grant;
}

/** The user, or an admin, takes it back: every token of these grants dies. Returns how many. */
export function revokeGrants(data, matches) {
    const gone = data.oauth.grants.filter(matches);
    const isOfGone = (each) => gone.some((grant) =>
        grant.clientId === each.clientId && grant.email === each.email);
    data.oauth.grants = data.oauth.grants.filter((each) => !gone.includes(each));
    data.oauth.codes = data.oauth.codes.filter((each) => !isOfGone(each));
    for (const pair of data.oauth.pairs.filter(isOfGone)) {
        pair.accessDead = true;
        pair.refreshDead ??= 'revoked';
    }
    return gone.length;
}

/** The sites of this account that have a product which one of the scopes is for. */
export function sitesFor(data, account, scopes) {
    return data.sites.filter((site) => site.members[account.email] &&
        productsOn(site, scopes).length > 0);
}

/** The products of a site that the scopes speak of, by name. */
export function productsOn(site, scopes) {
    return [...site.products].sort()
        .filter((product) => scopes.some((scope) => productOf(scope) === product));
}
