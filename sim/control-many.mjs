// The control's actions for tests with thousands of people and a clock that moves.
//   GET    clock                       {now, offset_ms}
//   POST   clock     {offset_ms} or {advance_ms}   sets how far the clock is from the machine's, or
//                                      moves it on (or back) -> {now, offset_ms}
//   POST   people    {count, prefix?, site?, role?}   new accounts <prefix>1@many.example and so
//                                      on, members of the site -> {people: [{email, name}]}
//   POST   consents  {consents: [{email, url, site?}]}   each opens its address of /authorize and
//                                      presses Accept, without pages -> {locations: [...]}
//   GET    refreshes   DELETE          how often refresh tokens were exchanged (refreshes.mjs)
//   GET    families                    of every consent, whether a refresh token of it is still
//                                      good, else why none is: revoked, inactive (90 days), reused,
//                                      password, account, absolute

import crypto from 'node:crypto';

import { setClock, timeNow } from './clock.mjs';
import { rolesFor } from './control-oauth.mjs';
import { accountOrRefuse, BadRequest, changed, siteOrRefuse } from './control-tools.mjs';
import { accept, checkAuthorize } from './oauth/authorize.mjs';
import { familiesNow } from './oauth/tokens.mjs';

const MAX_COUNT = 100_000;

export const MANY_ACTIONS = {
    'GET clock': ({ store }) => clockOf(store),
    'POST clock': moveClock,
    'POST people': makePeople,
    'POST consents': (sim, { consents }) => changed(sim.store, {
        locations: (consents ?? []).map((each) => consentTo(sim, each)) }),
    'GET refreshes': ({ refreshes }) => refreshes.summary(),
    'DELETE refreshes': ({ refreshes }) => { refreshes.clear(); return {}; },
    'GET families': ({ store }) => ({ families: familiesNow(store.data) }),
};

function clockOf({ data }) {
    return { now: timeNow(), offset_ms: data.clock.offset };
}

function moveClock({ store }, { offset_ms: to, advance_ms: by }) {
    const offset = to ?? store.data.clock.offset + by;
    if (!Number.isSafeInteger(offset)) {
        throw new BadRequest('Give "offset_ms" or "advance_ms", a whole number of milliseconds.');
    }
    store.data.clock.offset = offset;
    setClock(store.data);
    return changed(store, clockOf(store));
}

function makePeople(sim, { count, prefix = 'person', site: id = 'acme', role = 'member' }) {
    const site = siteOrRefuse(sim, id);
    if (!Number.isInteger(count) || count < 1 || count > MAX_COUNT || !/^[a-z]+$/.test(prefix)) {
        throw new BadRequest('"count" must be a number, "prefix" lower-case letters.');
    }
    const roles = rolesFor(site, role);
    const known = new Set(sim.store.data.accounts.map((each) => each.email));
    const people = Array.from({ length: count }, (_, i) => personOf(prefix, i + 1));
    if (people.some((each) => known.has(each.email))) {
        throw new BadRequest(`There are people called ${prefix} already.`);
    }
    sim.store.data.accounts.push(...people);
    for (const { email } of people) site.members[email] = roles;
    return changed(sim.store, { people: people.map(({ email, name }) => ({ email, name })) });
}

function personOf(prefix, number) {
    const name = `${prefix}${number}`;
    return { email: `${name}@many.example`, name: `${name[0].toUpperCase()}${name.slice(1)}`,
        password: `${name}-secret`, accountId: `712020:${crypto.randomUUID()}`, locale: 'en_US',
        timeZone: 'Etc/UTC', emailVisible: true, active: true, service: false };
}

function consentTo(sim, { email, url, site: id }) {
    const { data } = sim.store;
    const account = accountOrRefuse(sim, email);
    const wanted = checkAuthorize(data, new URL(url).searchParams, account);
    const problem = wanted.description ?? wanted.text;
    if (problem) throw new BadRequest(`${email}: ${problem}`);
    const cloudId = id === undefined ? wanted.sites?.[0].cloudId ?? null
        : siteOrRefuse(sim, id).cloudId;
    if (cloudId !== null && !wanted.sites?.some((each) => each.cloudId === cloudId)) {
        throw new BadRequest(`${email} cannot choose that site.`);
    }
    return accept(data, wanted, account, cloudId);
}
