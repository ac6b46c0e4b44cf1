/* See the header. */
#include "http/guard.h"

#include <stdint.h>

static str scheme_of(str url)
{
    size_t at = str_find(url, STR("://"));

    return at == SIZE_MAX ? (str){NULL, 0} : str_slice(url, 0, at);
}

static str authority_of(str url)
{
    return str_slice(url, scheme_of(url).n + 3, url.n);
}

static str without_default_port(str scheme, str authority)
{
    str port = str_eq_nocase(scheme, STR("https")) ? STR(":443") : STR(":80");

    return str_ends(authority, port) ? str_slice(authority, 0, authority.n - port.n) : authority;
}

int guard_host_is_public(str public_url, str host)
{
    str scheme = scheme_of(public_url);

    return !str_empty(host) &&
           str_eq_nocase(without_default_port(scheme, host),
                         without_default_port(scheme, authority_of(public_url)));
}

enum err guard_origin(struct fault *f, str public_url, str origin, str fetch_site)
{
    if (!str_empty(origin) && (!str_eq_nocase(scheme_of(origin), scheme_of(public_url)) ||
                               !guard_host_is_public(public_url, authority_of(origin))))
        return fail(f, ERR_CSRF, "");
    if (str_eq_nocase(fetch_site, STR("cross-site")) || str_eq_nocase(fetch_site, STR("same-site")))
        return fail(f, ERR_CSRF, "");
    return ERR_OK;
}
