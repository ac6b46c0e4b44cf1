/* See the header. */
#include "http/forwarded.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#define ADDRESS_MAX 46

/* --- addresses -------------------------------------------------------------------------------- */

static int read_address(str text, unsigned char ret[static 16], int *ret_is_v4)
{
    char copy[ADDRESS_MAX] = "";
    struct in_addr v4;

    if (text.n == 0 || text.n >= sizeof(copy))
        return 0;
    memcpy(copy, text.p, text.n);
    *ret_is_v4 = inet_pton(AF_INET, copy, &v4) == 1;
    if (!*ret_is_v4)
        return inet_pton(AF_INET6, copy, ret) == 1;
    memset(ret, 0, 10);
    memset(ret + 10, 0xff, 2);
    memcpy(ret + 12, &v4, sizeof(v4));
    return 1;
}

/* Some proxies write "192.0.2.1:4711" or "[2001:db8::1]:4711". */
static str without_port(str text)
{
    str rest = text;

    if (str_starts(text, STR("["))) {
        rest = str_slice(text, 1, text.n);
        return str_take_until(&rest, ']');
    }
    str host = str_take_until(&rest, ':');
    return str_find_char(rest, ':') == SIZE_MAX ? host : text;
}

static int is_within(const struct forwarded_range *r, const unsigned char address[static 16])
{
    int whole = r->bits / 8;
    int part = r->bits % 8;

    if (memcmp(r->base, address, (size_t)whole) != 0)
        return 0;
    return part == 0 || (r->base[whole] ^ address[whole]) >> (8 - part) == 0;
}

static int is_proxy(const struct forwarded *f, str text)
{
    unsigned char address[16];
    int is_v4;

    if (!read_address(without_port(text), address, &is_v4))
        return 0;
    for (size_t i = 0; i < f->count; i++) {
        if (is_within(&f->proxies[i], address))
            return 1;
    }
    return 0;
}

/* --- the setting ------------------------------------------------------------------------------ */

static int read_range(str text, struct forwarded_range *ret)
{
    int64_t bits = 0;
    int is_v4;
    int has_bits = str_find_char(text, '/') != SIZE_MAX;
    str address = str_take_until(&text, '/');

    if (!read_address(address, ret->base, &is_v4))
        return 0;
    if (!has_bits)
        bits = is_v4 ? 32 : 128;
    else if (!str_to_int64(text, &bits) || bits < 0 || bits > (is_v4 ? 32 : 128))
        return 0;
    ret->bits = (int)bits + (is_v4 ? 96 : 0);
    return 1;
}

enum err forwarded_parse(struct arena *a, struct fault *f, str proxies, struct forwarded *ret)
{
    struct forwarded_range *ranges = arena_alloc_array(a, proxies.n / 2 + 1, sizeof(*ranges));
    size_t count = 0;

    while (proxies.n) {
        str one = str_trim(str_take_until(&proxies, ','));
        if (one.n == 0)
            continue;
        if (!read_range(one, &ranges[count++]))
            return fail(f, ERR_CONFIG,
                        "MORTISE_TRUSTED_PROXIES: \"%.*s\" is no address or network. Write them "
                        "like 127.0.0.1, 10.0.0.0/8, fd00::/8.",
                        STR_ARG(str_utf8_cut(one, 60)));
    }
    *ret = (struct forwarded){ranges, count};
    return ERR_OK;
}

/* --- a request -------------------------------------------------------------------------------- */

/* The last member of a list, which gets shorter by it. */
static str take_last(str *list)
{
    size_t at = list->n;

    while (at > 0 && list->p[at - 1] != ',')
        at--;
    str last = str_trim(str_slice(*list, at, list->n));
    *list = str_slice(*list, 0, at ? at - 1 : 0);
    return last;
}

/* One hop back: what a trusted proxy says it heard from. Returns 0 when the search is over. */
static int go_back(const struct forwarded *f, str text, str *client)
{
    unsigned char address[16];
    int is_v4;
    str host = without_port(text);

    if (!read_address(host, address, &is_v4))
        return 0;
    *client = host;
    return is_proxy(f, host);
}

str forwarded_client(const struct forwarded *f, const struct http_request *r)
{
    str client = str_from(r->remote);
    int goes_on = is_proxy(f, client);

    for (size_t i = r->header_count; goes_on && i-- > 0;) {
        str list = r->headers[i].value;
        if (!str_eq_nocase(r->headers[i].name, STR("X-Forwarded-For")))
            continue;
        while (goes_on && list.n)
            goes_on = go_back(f, take_last(&list), &client);
    }
    return client;
}
