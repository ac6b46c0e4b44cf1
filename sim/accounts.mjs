// People, their web sessions, and Jira's lockout after wrong passwords.

import crypto from 'node:crypto';

const FAILURES_BEFORE_CAPTCHA = 5;
const SESSION_COOKIE = 'cloud.session.token';

export function accountByEmail(data, email) {
    const wanted = String(email).trim().toLowerCase();
    return data.accounts.find((each) => each.email === wanted) ?? null;
}

export function accountById(data, accountId) {
    return data.accounts.find((each) => each.accountId === accountId) ?? null;
}

/** Web sign-in. A good one ends the account's lockouts, on every site. */
export function signIn(data, email, password) {
    const account = accountByEmail(data, email);
    if (!account?.active || account.password === null || account.password !== password) return null;
    clearFailures(data, (each) => each.email === account.email);
    const session = {
        id: crypto.randomBytes(24).toString('base64url'),
        csrf: crypto.randomBytes(18).toString('base64url'),
        email: account.email,
    };
    data.sessions.push(session);
    return session;
}

export function signOut(data, session) {
    data.sessions = data.sessions.filter((each) => each.id !== session.id);
}

export function sessionOf(data, cookieHeader) {
    const match = new RegExp(`(?:^|;\\s*)${SESSION_COOKIE}=([^;]*)`).exec(cookieHeader ?? '');
    return match ? data.sessions.find((each) => each.id === match[1]) ?? null : null;
}

export function sessionCookie(session) {
    return session
        ? `${SESSION_COOKIE}=${session.id}; Path=/; HttpOnly; SameSite=Lax`
        : `${SESSION_COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax`;
}

/** Jira counts wrong passwords for a known name on one site, and then asks for a CAPTCHA. */
export function noteFailure(data, site, account) {
    let entry = failuresOf(data, site, account);
    if (!entry) {
        entry = { site: site.id, email: account.email, failures: 0 };
        data.lockouts.push(entry);
    }
    entry.failures += 1;
}

export function isLockedOut(data, site, account) {
    return (failuresOf(data, site, account)?.failures ?? 0) >= FAILURES_BEFORE_CAPTCHA;
}

/** Returns how many entries were removed. */
export function clearFailures(data, matches) {
    const before = data.lockouts.length;
    data.lockouts = data.lockouts.filter((each) => !matches(each));
    return before - data.lockouts.length;
}

function failuresOf(data, site, account) {
    return data.lockouts.find((each) => each.site === site.id && each.email === account.email);
}
