// The token answers on file (tokens.mjs says what a pair is), found by hash without walking through
// all of them: thousands of people refresh for a simulated year. Everything that adds or removes
// single pairs goes through here; whoever replaces the whole list has it indexed anew.

const KEPT_A_FAMILY = 8;

const indexes = new WeakMap(); // the list -> { access, refresh, families }

function indexOf(data) {
    const { pairs } = data.oauth;
    if (!indexes.has(pairs)) {
        const index = { access: new Map(), refresh: new Map(), families: new Map() };
        indexes.set(pairs, index);
        for (const pair of pairs) enter(index, pair);
    }
    return indexes.get(pairs);
}

function enter({ access, refresh, families }, pair) {
    access.set(pair.accessHash, pair);
    if (pair.refreshHash !== null) refresh.set(pair.refreshHash, pair);
    if (!families.has(pair.family)) families.set(pair.family, []);
    families.get(pair.family).push(pair);
}

export function pairByAccess(data, hash) {
    return indexOf(data).access.get(hash) ?? null;
}

export function pairByRefresh(data, hash) {
    return indexOf(data).refresh.get(hash) ?? null;
}

/** Oldest first. */
export function pairsOfFamily(data, family) {
    return indexOf(data).families.get(family) ?? [];
}

/** [family, its pairs] of all of them. */
export function allFamilies(data) {
    return [...indexOf(data).families];
}

/** Of a long family the oldest are forgotten, as far as `isSpent` says that nothing is lost: they
 *  are refused as unknown from then on. */
export function addPair(data, pair, isSpent) {
    const index = indexOf(data);
    data.oauth.pairs.push(pair);
    enter(index, pair);
    const family = index.families.get(pair.family);
    if (family.length <= KEPT_A_FAMILY) return;
    const oldest = family.find(isSpent);
    if (oldest) forget(data, index, family, oldest);
}

function forget(data, { access, refresh }, family, pair) {
    family.splice(family.indexOf(pair), 1);
    data.oauth.pairs.splice(data.oauth.pairs.indexOf(pair), 1);
    access.delete(pair.accessHash);
    refresh.delete(pair.refreshHash);
}
