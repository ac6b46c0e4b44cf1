/* Normalising the entered Base URL. Only what stands between "://" and the next '/', '?' or '#'
 * is looked at, and the origin is made anew from its parsed parts, so that nothing else of the
 * entered text can come through.
 */
#include "jira/base_url.h"

#define ENTERED_MAX 2048
#define SHOWN_MAX 80

#define refuse(f, ...) fail((f), ERR_BASE_URL_REFUSED, __VA_ARGS__)

/* Scheme in lower case ("" when there is none) and the authority of the entered text. */
static void take_apart(str entered, str *ret_scheme, str *ret_authority)
{
    size_t at = str_find(entered, STR("://"));
    size_t end;

    *ret_scheme = STR("");
    if (at != SIZE_MAX && str_find_char(str_slice(entered, 0, at), '/') == SIZE_MAX &&
        str_find_char(str_slice(entered, 0, at), '?') == SIZE_MAX) {
        *ret_scheme = str_slice(entered, 0, at);
        entered = str_slice(entered, at + 3, entered.n);
    } else if (str_starts(entered, STR("//"))) {
        entered = str_slice(entered, 2, entered.n);
    }
    for (end = 0; end < entered.n && strchr("/?#", entered.p[end]) == NULL; end++)
        continue;
    *ret_authority = str_slice(entered, 0, end);
}

static int is_ascii(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] >= 0x80)
            return 0;
    }
    return 1;
}

static int parse(struct arena *a, str scheme, str authority, struct upstream_url *ret)
{
    return upstream_url_parse(
        a, arena_printf(a, "%.*s://%.*s/", STR_ARG(scheme), STR_ARG(authority)), ret);
}

/* Why a host that is neither allowed nor a site is refused. */
static enum err refuse_host(const struct jira_policy *p, struct fault *f,
                            const struct upstream_url *u)
{
    str host = str_utf8_cut(u->host, SHOWN_MAX);
    str sites = str_slice(p->sites, 1, p->sites.n);

    if (u->is_address)
        return refuse(f,
                      "Enter the name of your Jira site, like https://yourteam.%.*s, instead of "
                      "an IP address.",
                      STR_ARG(sites));
    if (str_eq(u->host, sites))
        return refuse(f, "The name of your site is missing. Enter it as https://yourteam.%.*s.",
                      STR_ARG(sites));
    if (str_ends(u->host, STR(".atlassian.com")))
        return refuse(f,
                      "%.*s is Atlassian's own address, not your Jira site. Enter the address "
                      "that your browser shows in Jira, like https://yourteam.%.*s.",
                      STR_ARG(host), STR_ARG(sites));
    if (str_find_char(u->host, '.') == SIZE_MAX)
        return refuse(f, "\"%.*s\" is not a full address. Did you mean https://%.*s.%.*s?",
                      STR_ARG(host), STR_ARG(host), STR_ARG(sites));
    return refuse(f,
                  "%.*s is not a Jira Cloud site (those end in .%.*s). For Jira Data Center, ask "
                  "the operator of Mortise to list the host in MORTISE_ALLOW_HOSTS.",
                  STR_ARG(host), STR_ARG(sites));
}

static enum err judge(const struct jira_policy *p, struct fault *f, const struct upstream_url *u)
{
    if (u->has_user)
        return refuse(f, "The Base URL must not contain a user name, a password or an @. Enter "
                         "only the address, like https://yourteam.atlassian.net.");
    if (allow_list_has(p->allow, u))
        return ERR_OK;
    if (u->is_address || !jira_policy_is_cloud(p, u))
        return refuse_host(p, f, u);
    if (!str_eq(u->scheme, STR("https")))
        return refuse(f, "The Base URL must begin with https://, so that the API key is not sent "
                         "readable for everybody on the way.");
    if (u->port != 443)
        return refuse(f, "A Jira Cloud site has no port number. Leave out \":%d\".", u->port);
    return ERR_OK;
}

static enum err check_text(struct fault *f, str entered)
{
    if (entered.n == 0)
        return refuse(f, "Enter the Base URL of your Jira site, like "
                         "https://yourteam.atlassian.net.");
    if (entered.n > ENTERED_MAX)
        return refuse(f, "The Base URL is too long. Enter only the address of your Jira site, like "
                         "https://yourteam.atlassian.net.");
    if (str_has_control(entered) || !str_is_utf8(entered))
        return refuse(f, "The Base URL contains characters that no address has. Type it anew.");
    return ERR_OK;
}

enum err jira_base_url_check(const struct jira_policy *p, struct arena *a, struct fault *f,
                             str entered, str *ret_origin)
{
    struct upstream_url u;
    str scheme;
    str authority;
    enum err e;

    entered = str_trim(entered);
    e = check_text(f, entered);
    if (e)
        return e;
    take_apart(entered, &scheme, &authority);
    if (scheme.n && !str_eq_nocase(scheme, STR("https")) && !str_eq_nocase(scheme, STR("http")))
        return refuse(f, "The Base URL must begin with https://.");
    if (!is_ascii(authority))
        return refuse(f, "Enter an international host name in its ASCII form, which begins with "
                         "xn--.");
    if (!parse(a, scheme.n ? scheme : STR("https"), authority, &u))
        return refuse(f, "The Base URL cannot be read. Enter the address that your browser shows "
                         "in Jira, like https://yourteam.atlassian.net.");
    e = judge(p, f, &u);
    if (e && scheme.n == 0 && !u.has_user) { /* the operator may allow it as plain http only */
        struct upstream_url plain;
        if (parse(a, STR("http"), authority, &plain) && allow_list_has(p->allow, &plain)) {
            u = plain;
            e = ERR_OK;
        }
    }
    if (!e)
        *ret_origin = upstream_url_origin(a, &u);
    return e;
}
