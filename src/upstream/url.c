/* CURLU behind a struct of plain parts. */
#include "upstream/url.h"

#include <arpa/inet.h>
#include <curl/curl.h>

#include "base/check.h"

static int default_port(str scheme)
{
    return str_eq(scheme, STR("http")) ? 80 : 443;
}

int upstream_url_is_clean(str text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c <= 0x20 || c >= 0x7F || c == '\\')
            return 0;
    }
    return text.n <= UPSTREAM_URL_MAX;
}

/* Where the authority begins; 0: nowhere. libcurl itself takes one to three slashes for two. */
static size_t authority_at(str text)
{
    size_t i = str_find_char(text, ':');

    if (i == SIZE_MAX || i == 0 || !str_starts(str_slice(text, i, text.n), STR("://")) ||
        i + 3 == text.n || strchr("/?#", text.p[i + 3]))
        return 0;
    return i + 3;
}

str upstream_url_start(str text)
{
    size_t i = authority_at(text);

    while (i < text.n && text.p[i] != '/' && text.p[i] != '?' && text.p[i] != '#')
        i++;
    return str_slice(text, 0, i);
}

/* A part as a copy; p == NULL when the URL has none. Returns 0 when it cannot be had at all. */
static int take(struct arena *a, CURLU *u, CURLUPart part, unsigned flags, str *ret)
{
    char *text = NULL;
    CURLUcode code = curl_url_get(u, part, &text, flags);

    *ret = (str){NULL, 0};
    if (code == CURLUE_OK)
        *ret = arena_str_from(a, text);
    curl_free(text);
    return code == CURLUE_OK || code == CURLUE_NO_QUERY || code == CURLUE_NO_USER ||
           code == CURLUE_NO_PASSWORD;
}

static int is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

/* inet_aton and the WHATWG parser take a last label of digits or 0x... for an address. */
static int ends_in_number(str host)
{
    size_t at = host.n;
    str last;

    while (at > 0 && host.p[at - 1] != '.')
        at--;
    last = str_slice(host, at, host.n);
    if (str_starts(last, STR("0x")))
        return 1;
    for (size_t i = 0; i < last.n; i++) {
        if (last.p[i] < '0' || last.p[i] > '9')
            return 0;
    }
    return last.n > 0;
}

static int name_is_valid(str host)
{
    if (host.n == 0 || host.n > 253 || host.p[0] == '.')
        return 0;
    for (size_t i = 0; i < host.n; i++) {
        if (!is_name_char(host.p[i]) || (i && host.p[i] == '.' && host.p[i - 1] == '.'))
            return 0;
    }
    return 1;
}

static int judge_host(struct arena *a, struct upstream_url *u, str raw)
{
    char *host = arena_cstring(a, raw);
    unsigned char address[16];

    for (size_t i = 0; i < raw.n; i++) {
        if (host[i] >= 'A' && host[i] <= 'Z')
            host[i] = (char)(host[i] + ('a' - 'A'));
    }
    u->host = (str){host, raw.n};
    if (raw.n > 2 && host[0] == '[') {
        u->host = arena_str(a, str_slice(u->host, 1, raw.n - 1));
        u->is_address = 1;
        return inet_pton(AF_INET6, u->host.p, address) == 1;
    }
    if (u->host.n > 1 && u->host.p[u->host.n - 1] == '.')
        u->host = arena_str(a, str_slice(u->host, 0, u->host.n - 1));
    u->is_address = ends_in_number(u->host);
    return name_is_valid(u->host);
}

static int split(struct arena *a, CURLU *u, struct upstream_url *ret)
{
    str host;
    str port;
    str user;
    str password;
    int64_t number;

    if (!take(a, u, CURLUPART_SCHEME, 0, &ret->scheme) || !take(a, u, CURLUPART_HOST, 0, &host) ||
        host.p == NULL || !take(a, u, CURLUPART_PORT, CURLU_DEFAULT_PORT, &port) ||
        !take(a, u, CURLUPART_PATH, 0, &ret->path) || !take(a, u, CURLUPART_USER, 0, &user) ||
        !take(a, u, CURLUPART_PASSWORD, 0, &password) ||
        !take(a, u, CURLUPART_QUERY, 0, &ret->query))
        return 0;
    if (!str_eq(ret->scheme, STR("http")) && !str_eq(ret->scheme, STR("https")))
        return 0;
    if (!str_to_int64(port, &number) || number < 1 || number > 65535)
        return 0;
    ret->port = (int)number;
    ret->has_user = user.p != NULL || password.p != NULL;
    return judge_host(a, ret, host);
}

int upstream_url_parse(struct arena *a, str text, struct upstream_url *ret)
{
    struct upstream_url parts = {0};
    CURLU *u;
    int ok;

    if (!authority_at(text) || !upstream_url_is_clean(text))
        return 0;
    u = curl_url();
    must(u != NULL);
    ok = curl_url_set(u, CURLUPART_URL, arena_cstring(a, text), CURLU_PATH_AS_IS) == CURLUE_OK &&
         split(a, u, &parts);
    curl_url_cleanup(u);
    if (ok)
        *ret = parts;
    return ok;
}

str upstream_url_origin(struct arena *a, const struct upstream_url *u)
{
    int bracket = str_find_char(u->host, ':') != SIZE_MAX;
    const char *open = bracket ? "[" : "";
    const char *close = bracket ? "]" : "";

    if (u->port == default_port(u->scheme))
        return arena_printf(a, "%.*s://%s%.*s%s", STR_ARG(u->scheme), open, STR_ARG(u->host),
                            close);
    return arena_printf(a, "%.*s://%s%.*s%s:%d", STR_ARG(u->scheme), open, STR_ARG(u->host), close,
                        u->port);
}
