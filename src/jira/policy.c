/* Reading the settings that say which addresses are Jira. */
#include "jira/policy.h"

/* One of Atlassian's own addresses; `variable` and `example` are for the sentence. */
static enum err read_atlassian(struct arena *a, struct fault *f, str text, struct jira_policy *p,
                               const char *variable, const char *example, str *ret_origin,
                               str *ret_path)
{
    struct upstream_url u;

    if (!upstream_url_parse(a, text, &u) || u.has_user || u.query.p)
        return fail(f, ERR_CONFIG, "The setting %s cannot be used. Write it like %s.", variable,
                    example);
    *ret_origin = upstream_url_origin(a, &u);
    while (str_ends(u.path, STR("/")))
        u.path = str_slice(u.path, 0, u.path.n - 1);
    *ret_path = u.path;
    allow_list_add(a, p->callable, &u);
    return ERR_OK;
}

static enum err read_sites(struct arena *a, struct fault *f, str text, struct jira_policy *p)
{
    struct upstream_url u;

    if (!upstream_url_parse(a, arena_printf(a, "https://%.*s", STR_ARG(text)), &u) || u.has_user ||
        u.query.p || u.port != 443 || !str_eq(u.path, STR("/")) || u.is_address)
        return fail(f, ERR_CONFIG,
                    "The setting MORTISE_ATLASSIAN_SITES cannot be used. Write a domain, like "
                    "atlassian.net.");
    p->sites = arena_printf(a, ".%.*s", STR_ARG(u.host));
    return ERR_OK;
}

enum err jira_policy_make(struct arena *a, struct fault *f, const struct settings *settings,
                          struct jira_policy *ret)
{
    struct jira_policy p = {0};
    enum err e = allow_list_parse(a, f, "MORTISE_ALLOW_HOSTS", settings->allow_hosts, &p.allow);

    if (!e)
        e = allow_list_parse(a, f, "MORTISE_ALLOW_HOSTS", settings->allow_hosts, &p.callable);
    if (!e)
        e = read_atlassian(a, f, settings->atlassian_api_url, &p, "MORTISE_ATLASSIAN_API_URL",
                           "https://api.atlassian.com", &p.api_origin, &p.api_path);
    if (!e)
        e = read_atlassian(a, f, settings->atlassian_auth_url, &p, "MORTISE_ATLASSIAN_AUTH_URL",
                           "https://auth.atlassian.com", &p.auth_origin, &p.auth_path);
    if (!e)
        e = read_sites(a, f, settings->atlassian_sites, &p);
    if (!e)
        *ret = p;
    return e;
}

int jira_policy_is_cloud(const struct jira_policy *p, const struct upstream_url *u)
{
    return !u->is_address && u->host.n > p->sites.n && str_ends(u->host, p->sites);
}

int jira_is_uuid(str s)
{
    if (s.n != 36)
        return 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        int dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? c != '-' : str_hex_value(c) < 0)
            return 0;
    }
    return 1;
}
