/* See the header. The value is HMAC-SHA-256 and text, each in base64url, with a dot between. */
#include "http/notice.h"

#include "base/url.h"
#include "crypto/hash.h"

/* A browser keeps 4096 bytes of a cookie; base64 makes 4 of 3. */
#define NOTICE_MAX 2500

str notice_cookie_name(str public_url)
{
    return str_starts(public_url, STR("https://")) ? STR("__Host-mortise-notice")
                                                   : STR("mortise-notice");
}

str notice_seal(struct arena *a, const struct secret *key, str notice)
{
    unsigned char mac[HASH_BYTES];

    if (str_empty(notice) || notice.n > NOTICE_MAX)
        return (str){NULL, 0};
    hash_hmac(key, notice, mac);
    return arena_printf(a, "%.*s.%.*s", STR_ARG(url_base64(a, mac, sizeof(mac))),
                        STR_ARG(url_base64(a, notice.p, notice.n)));
}

str notice_open(struct arena *a, const struct secret *key, str value)
{
    unsigned char expected[HASH_BYTES];
    str mac, notice, rest = value;
    str sealed = str_take_until(&rest, '.');

    if (!url_unbase64(a, sealed, &mac) || !rest.p || !url_unbase64(a, rest, &notice))
        return (str){NULL, 0};
    hash_hmac(key, notice, expected);
    if (!hash_equal(mac, (str){(const char *)expected, sizeof(expected)}) || !str_is_utf8(notice))
        return (str){NULL, 0};
    return notice;
}
