// Which part of Atlassian a request is for, by its Host header (the port does not matter):
//   127.0.0.1, localhost, id.<suffix>   account pages, /sites/..., the control, and all of the
//                                       next two
//   auth.<suffix>                       the authorisation server, with a sign-in of its own
//   api.<suffix>                        the gateway, and what access tokens are asked
//   api.media.<suffix>                  the contents of attachments; callers by number find it as
//                                       localhost, and callers of localhost as 127.0.0.1, so that
//                                       it is another host for them, too
//   <site>.<suffix>                     a Jira site, or the former name of one
// Returns { kind, ... } with the path that remains for that part.

export const METADATA_PATH = '/.well-known/oauth-authorization-server';
export const RESOURCES_PATH = '/oauth/token/accessible-resources';
export const ME_PATH = '/me';

const AUTH_PATHS = ['/authorize', '/oauth/token', '/oauth/revoke', METADATA_PATH];
const API_PATHS = [RESOURCES_PATH, ME_PATH];
const ACCOUNT_HOSTS = ['127.0.0.1', 'localhost', '[::1]'];
const GATEWAY_PATH = /^\/ex\/jira\/([^/]+)(\/.*)?$/;
const MEDIA_PATH = /^\/file\//;
const SITES_PATH = /^\/sites\/([^/]+)(\/.*)?$/;

export function splitHost(header) {
    const [, name, port] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(header ?? '') ?? [null, '', ''];
    return { name: name.toLowerCase().replace(/\.$/, ''), port: port ?? '' };
}

export function placeOf(data, suffix, hostHeader, path) {
    const { name, port } = splitHost(hostHeader);
    if (name === `api.${suffix}`) return apiPlace(data, path) ?? { kind: 'unknown' };
    if (name === `auth.${suffix}`) return { kind: 'auth', path };
    if (name === `api.media.${suffix}`) return { kind: 'media', path };
    if (ACCOUNT_HOSTS.includes(name) || name === `id.${suffix}`) {
        return accountPlace(data, suffix, hostHeader, path);
    }
    if (!name.endsWith(`.${suffix}`)) return { kind: 'unknown' };
    return sitePlace(data, suffix, port, name.slice(0, -suffix.length - 1), path);
}

function accountPlace(data, suffix, hostHeader, path) {
    if (path.startsWith('/_control/')) return { kind: 'control', path };
    if (MEDIA_PATH.test(path)) return { kind: 'media', path };
    const inSite = SITES_PATH.exec(path);
    if (inSite) {
        const { port } = splitHost(hostHeader);
        const place = sitePlace(data, suffix, port, inSite[1].toLowerCase(), inSite[2] ?? '/');
        return { ...place, base: `http://${hostHeader}/sites/${inSite[1]}` };
    }
    if (AUTH_PATHS.includes(path)) return { kind: 'auth', path };
    return apiPlace(data, path) ?? { kind: 'account', path };
}

function apiPlace(data, path) {
    return API_PATHS.includes(path) ? { kind: 'api', path } : gatewayPlace(data, path);
}

function gatewayPlace(data, path) {
    const match = GATEWAY_PATH.exec(path);
    if (!match) return null;
    const site = data.sites.find((each) => each.cloudId === match[1].toLowerCase()) ?? null;
    return { kind: 'gateway', site, prefix: `/ex/jira/${match[1]}`, path: match[2] ?? '/' };
}

function sitePlace(data, suffix, port, label, path) {
    const site = data.sites.find((each) => each.host === label);
    const former = site ? null : data.sites.find((each) => each.formerHosts.includes(label));
    const found = site ?? former;
    if (!found) return { kind: 'unknown' };
    const siteBase = `http://${found.host}.${suffix}${port ? `:${port}` : ''}`;
    return { kind: former ? 'former' : 'site', site: found, siteBase, base: siteBase, path };
}

/** A site's present address, for links; the port is the one that the request came to. */
export function addressOf(site, suffix, hostHeader) {
    return addressAt(site.host, suffix, hostHeader);
}

export function addressAt(label, suffix, hostHeader) {
    const { port } = splitHost(hostHeader);
    return `http://${label}.${suffix}${port ? `:${port}` : ''}`;
}

/** Where the contents of attachments are, for this caller. */
export function mediaAddress(suffix, hostHeader) {
    const { name, port } = splitHost(hostHeader);
    const byNumber = { '127.0.0.1': 'localhost', 'localhost': '127.0.0.1' }[name];
    return byNumber ? `http://${byNumber}${port ? `:${port}` : ''}`
        : addressAt('api.media', suffix, hostHeader);
}

/** The account pages' address as seen from here; callers by number stay there. */
export function accountAddress(suffix, hostHeader) {
    return ACCOUNT_HOSTS.includes(splitHost(hostHeader).name)
        ? `http://${hostHeader}` : addressAt('id', suffix, hostHeader);
}
