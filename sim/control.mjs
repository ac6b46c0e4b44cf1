// The control endpoint for tests, only on the account host, below /_control/. JSON in and out.
//   POST   tokens  {email, label, scopes?, days?}      make an API token
//   POST   revoke  {email and/or label}                revoke tokens
//   POST   expire  {email and/or label}                let tokens expire now
//   POST   rename  {site, to}                          give a site another host name
//   POST   unlock  {email?, site?}                     end CAPTCHA lockouts
//   POST   account {email, active?, password?}         deactivate, activate; change a password,
//                                                      which kills refresh tokens
//   POST   faults  (see faults.mjs)    GET, DELETE     add, list, remove faults
//   POST   limits  (see limits.mjs)                    rate limits that are counted
//   GET    log     DELETE                              recent requests
//   GET    state                                       a summary, without the tokens
//   POST   reset                                       the seed again; no faults, empty log
// and those of control-oauth.mjs: apps, oauth, age-tokens, revoke-grant, membership, products;
// of control-many.mjs: clock, people, consents, refreshes, families.

import { clearFailures } from './accounts.mjs';
import { MANY_ACTIONS } from './control-many.mjs';
import { OAUTH_ACTIONS, summarizeOauth } from './control-oauth.mjs';
import { accountOrRefuse, BadRequest, changed, flagOrRefuse, siteOrRefuse }
    from './control-tools.mjs';
import { addressOf } from './hosts.mjs';
import { killRefreshTokens } from './oauth/tokens.mjs';
import { expireTokens, makeToken, revokeTokens } from './tokens.mjs';

const ACTIONS = {
    'POST tokens': makeTokenFor,
    'POST revoke': ({ store }, body) =>
        changed(store, { revoked: revokeTokens(store.data, tokenMatcher(body)) }),
    'POST expire': ({ store }, body) =>
        changed(store, { expired: expireTokens(store.data, tokenMatcher(body)) }),
    'POST rename': renameSite,
    'POST unlock': ({ store }, { email, site }) => changed(store, {
        unlocked: clearFailures(store.data, (each) =>
            (!email || each.email === email) && (!site || each.site === site)),
    }),
    'POST account': changeAccount,
    'POST faults': addFault,
    'GET faults': ({ faults }) => ({ faults: faults.list() }),
    'DELETE faults': ({ faults }) => { faults.clear(); return {}; },
    'POST limits': setLimits,
    'GET log': ({ log }) => ({ requests: log.list() }),
    'DELETE log': ({ log }) => { log.clear(); return {}; },
    'GET state': summary,
    'POST reset': ({ store, files, faults, limits, log, refreshes }) => {
        store.reset();
        limits.set({});
        for (const each of [files, faults, log, refreshes]) each.clear();
        return {};
    },
    ...OAUTH_ACTIONS,
    ...MANY_ACTIONS,
};

/** `sim` = { store, files, faults, limits, log, refreshes, suffix }. */
export function answerControl(sim, { method, path, headers, body }) {
    const action = ACTIONS[`${method} ${path.slice('/_control/'.length)}`];
    if (!action) return reply(404, { error: `There is no ${method} ${path}.` });
    if (headers.origin !== undefined) {
        return reply(403, { error: 'The control endpoint is not for web pages.' });
    }
    try {
        return reply(200, action(sim, readBody(body), headers));
    } catch (error) {
        if (!(error instanceof BadRequest)) throw error;
        return reply(400, { error: error.message });
    }
}

function reply(status, value) {
    const headers = { 'Content-Type': 'application/json' };
    return { status, headers, body: JSON.stringify(value) };
}

function readBody(body) {
    if (body.length === 0) return {};
    try {
        const value = JSON.parse(body.toString('utf8'));
        if (value !== null && typeof value === 'object') return value;
    } catch {
        // told below, like every other body that is not an object
    }
    throw new BadRequest('The body must be a JSON object.');
}

function makeTokenFor(sim, { email, label = 'made by a test', scopes, days }) {
    const account = accountOrRefuse(sim, email);
    if (account.service && !Array.isArray(scopes)) {
        throw new BadRequest('Tokens of service accounts always have scopes.');
    }
    const { token, record } = makeToken(sim.store.data, account, { label, scopes, days });
    return changed(sim.store, { token, id: record.id, label,
        expires: new Date(record.expires).toISOString() });
}

function tokenMatcher({ email, label }) {
    if (email === undefined && label === undefined) {
        throw new BadRequest('Name the tokens by email, by label or by both.');
    }
    return (each) => (email === undefined || each.email === email.toLowerCase()) &&
        (label === undefined || each.label === label);
}

function renameSite(sim, { site: id, to }, headers) {
    const { store, suffix } = sim;
    const site = siteOrRefuse(sim, id);
    if (!/^[a-z][a-z0-9-]{0,62}$/.test(to ?? '') || ['id', 'api', 'auth'].includes(to)) {
        throw new BadRequest('"to" must be a host label of lower-case letters and digits.');
    }
    const isTaken = store.data.sites.some((each) => each !== site &&
        (each.host === to || each.formerHosts.includes(to)));
    if (isTaken) throw new BadRequest(`The name ${to} is taken.`);
    site.formerHosts = [...new Set([...site.formerHosts, site.host])].filter((x) => x !== to);
    site.host = to;
    return changed(store, { site: site.id, url: addressOf(site, suffix, headers.host),
        cloudId: site.cloudId });
}

function changeAccount(sim, { email, active, password }) {
    const account = accountOrRefuse(sim, email);
    if (password === undefined || active !== undefined) flagOrRefuse('active', active);
    if (active !== undefined) account.active = active;
    if (password !== undefined) changePassword(sim.store.data, account, password);
    return changed(sim.store, { email: account.email, active: account.active });
}

function changePassword(data, account, password) {
    if (typeof password !== 'string' || account.service) {
        throw new BadRequest('"password" must be a text, and service accounts have none.');
    }
    account.password = password;
    killRefreshTokens(data.oauth.pairs, (each) => each.email === account.email, 'password');
}

function addFault({ faults }, body) {
    const result = faults.add(body);
    if (typeof result === 'string') throw new BadRequest(result);
    return result;
}

function setLimits({ limits }, body) {
    for (const [name, value] of Object.entries(body)) {
        const isGood = name === 'quota_kind' ? ['global', 'tenant'].includes(value)
            : ['burst', 'issue_writes', 'quota'].includes(name) && value >= 0 &&
                Number.isInteger(value);
        if (!isGood) throw new BadRequest(`"${name}" is unknown, or cannot be that.`);
    }
    limits.set(body);
    return body;
}

function summary({ store, suffix, faults }, body, headers) {
    const { accounts, sites, tokens, lockouts } = store.data;
    return {
        accounts: accounts.map(({ email, name, accountId, password, active, locale, service }) =>
            ({ email, name, accountId, password, active, locale, service })),
        sites: sites.map((site) => ({
            id: site.id, name: site.name, cloudId: site.cloudId, formerHosts: site.formerHosts,
            url: addressOf(site, suffix, headers.host), members: site.members,
            products: site.products,
            projects: site.projects.map(({ key, name }) => ({ key, name })),
            issues: site.issues.length,
        })),
        tokens: tokens.map(({ hash, ...shown }) => shown),
        lockouts,
        faults: faults.list().length,
        ...summarizeOauth(store.data),
    };
}
