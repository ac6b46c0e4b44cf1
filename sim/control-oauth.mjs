// The control's actions around OAuth: apps, grants, the age of tokens, and who is on which site.
//   POST   apps  {client_id?, client_secret?, name?, callback?, scopes?, shared?, owner?, grant?}
//                make an app, or change the one with that client_id -> the app with its secret
//   DELETE apps  {client_id}                     remove it with all its grants
//   POST   oauth {access_seconds?, leeway_seconds?, code_seconds?, families?, omit_refresh_token?,
//                absolute_days?}  families: "separate" or "one"; the next omit_refresh_token
//                answers carry none; absolute_days 0: consents have no age at which they end
//   POST   age-tokens {email?, client_id?, seconds}     make codes and tokens so much older
//   POST   revoke-grant {email?, client_id?, site?}     whole grants, or one site of them
//   POST   membership {site, email, role}  "admin", "member", "reader", {KEY: role}, or null: gone
//   POST   products {site, products}       what a site has: "jira", "confluence"

import { accountOrRefuse, BadRequest, changed, siteOrRefuse } from './control-tools.mjs';
import { ROLES } from './jira/catalog.mjs';
import { findApp, findAppProblem, makeApp, removeApp } from './oauth/apps.mjs';
import { revokeGrants } from './oauth/grants.mjs';
import { makeOlder } from './oauth/tokens.mjs';

const DEFAULT_APP = {
    name: 'Made by a test', owner: 'anna@acme.example', shared: true,
    scopes: ['read:jira-work', 'write:jira-work', 'read:jira-user'],
};
const PRODUCTS = ['jira', 'confluence'];
const NUMBERS = { access_seconds: 'accessSeconds', leeway_seconds: 'leewaySeconds',
    code_seconds: 'codeSeconds', omit_refresh_token: 'omitRefreshToken',
    absolute_days: 'absoluteDays' };

export const OAUTH_ACTIONS = {
    'POST apps': putApp,
    'DELETE apps': ({ store }, { client_id: clientId }) => {
        appOrRefuse(store, clientId);
        return changed(store, removeApp(store.data, clientId) ?? {});
    },
    'POST oauth': setOptions,
    'POST age-tokens': ageTokens,
    'POST revoke-grant': revokeGrant,
    'POST membership': setMembership,
    'POST products': setProducts,
};

function putApp(sim, body) {
    const { store } = sim;
    const app = body.client_id === undefined ? null : findApp(store.data, body.client_id);
    const given = readApp(sim, body);
    const problem = findAppProblem(given);
    if (problem) throw new BadRequest(problem);
    const made = app ? Object.assign(app, given)
        : makeApp(store.data, { ...DEFAULT_APP, ...given });
    return changed(store, { ...describeApp(made), client_secret: made.secret });
}

/** Only what the body has; `owner` must be somebody. */
function readApp(sim, { client_id: clientId, client_secret: secret, owner, ...body }) {
    const given = { clientId, secret, owner: owner && accountOrRefuse(sim, owner).email };
    for (const key of ['name', 'callback', 'scopes', 'shared', 'grant']) given[key] = body[key];
    return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function describeApp({ clientId, name, owner, grant, callback, scopes, shared }) {
    return { client_id: clientId, name, owner, grant, callback, scopes, shared };
}

function appOrRefuse(store, clientId) {
    const app = findApp(store.data, clientId);
    if (!app) throw new BadRequest(`There is no app ${clientId}.`);
    return app;
}

function setOptions({ store }, body) {
    const { settings } = store.data.oauth;
    for (const [name, value] of Object.entries(body)) {
        const isGood = name === 'families' ? ['one', 'separate'].includes(value)
            : name in NUMBERS && Number.isInteger(value) && value >= 0;
        if (!isGood) throw new BadRequest(`"${name}" is unknown, or cannot be that.`);
    }
    for (const [name, value] of Object.entries(body)) settings[NUMBERS[name] ?? name] = value;
    return changed(store, { ...settings });
}

function matcher(sim, { email, client_id: clientId }) {
    const account = email === undefined ? null : accountOrRefuse(sim, email);
    if (clientId !== undefined) appOrRefuse(sim.store, clientId);
    return (each) => (!account || each.email === account.email) &&
        (clientId === undefined || each.clientId === clientId);
}

function ageTokens(sim, body) {
    if (!Number.isFinite(body.seconds)) throw new BadRequest('"seconds" must be a number.');
    return changed(sim.store,
        { aged: makeOlder(sim.store.data, matcher(sim, body), body.seconds) });
}

function revokeGrant(sim, body) {
    const { data } = sim.store;
    const matches = matcher(sim, body);
    if (body.site === undefined) {
        return changed(sim.store, { revoked: revokeGrants(data, matches) });
    }
    const { cloudId } = siteOrRefuse(sim, body.site);
    const found = data.oauth.grants.filter((each) => matches(each) && each.sites.includes(cloudId));
    for (const grant of found) grant.sites = grant.sites.filter((each) => each !== cloudId);
    return changed(sim.store, { revoked: found.length });
}

function setMembership(sim, { site: id, email, role }) {
    const site = siteOrRefuse(sim, id);
    const account = accountOrRefuse(sim, email);
    if (role === null) delete site.members[account.email];
    else site.members[account.email] = rolesFor(site, role);
    return changed(sim.store, { site: site.id, members: site.members });
}

export function rolesFor(site, role) {
    const roles = typeof role === 'object' ? role
        : Object.fromEntries(site.projects.map(({ key }) => [key, role]));
    if (roles && Object.values(roles).every((each) => Object.hasOwn(ROLES, each))) return roles;
    throw new BadRequest(`"role" must be null, a role for each project, or one for all: ${
        Object.keys(ROLES).join(', ')}.`);
}

function setProducts(sim, { site: id, products }) {
    const site = siteOrRefuse(sim, id);
    if (!Array.isArray(products) || !products.every((each) => PRODUCTS.includes(each))) {
        throw new BadRequest(`"products" must be a list of: ${PRODUCTS.join(', ')}.`);
    }
    site.products = products;
    return changed(sim.store, { site: site.id, products });
}

/** For the summary: everything but the secrets. */
export function summarizeOauth({ oauth }) {
    return {
        apps: oauth.apps.map(describeApp),
        grants: oauth.grants.map(({ clientId, ...shown }) => ({ client_id: clientId, ...shown })),
        oauth: { ...oauth.settings },
    };
}
