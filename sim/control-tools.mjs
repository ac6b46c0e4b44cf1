// What the control's actions have in common.

import { accountByEmail } from './accounts.mjs';

/** Answered with 400 and its message. */
export class BadRequest extends Error {}

export function changed(store, result) {
    store.changed();
    return result;
}

export function accountOrRefuse({ store }, email) {
    const account = accountByEmail(store.data, email ?? '');
    if (!account) throw new BadRequest(`There is no account ${email}.`);
    return account;
}

export function siteOrRefuse({ store }, id) {
    const site = store.data.sites.find((each) => each.id === id || each.host === id);
    if (!site) throw new BadRequest(`There is no site ${id}.`);
    return site;
}

export function flagOrRefuse(name, value) {
    if (typeof value !== 'boolean') throw new BadRequest(`"${name}" must be true or false.`);
}
