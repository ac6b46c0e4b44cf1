/* Percent-encoding and base64url. */
#include "base/url.h"

static int is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

str url_encode(struct arena *a, str s)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t n = 0;
    char *p;

    for (size_t i = 0; i < s.n; i++)
        n += is_unreserved(s.p[i]) ? 1 : 3;
    p = arena_alloc(a, n + 1);
    n = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (is_unreserved(s.p[i])) {
            p[n++] = s.p[i];
            continue;
        }
        p[n++] = '%';
        p[n++] = hex[c >> 4];
        p[n++] = hex[c & 15];
    }
    return (str){p, n};
}

int url_decode(struct arena *a, str s, enum url_plus plus, str *ret)
{
    size_t n = 0;
    char *p;

    if (str_find_char(s, '%') == SIZE_MAX &&
        (plus != URL_PLUS_IS_SPACE || str_find_char(s, '+') == SIZE_MAX)) {
        *ret = (str){arena_cstring(a, s), s.n};
        return 1;
    }
    p = arena_alloc(a, s.n + 1);
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '%') {
            int high = i + 2 < s.n ? str_hex_value(s.p[i + 1]) : -1;
            int low = i + 2 < s.n ? str_hex_value(s.p[i + 2]) : -1;
            if (high < 0 || low < 0)
                return 0;
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus == URL_PLUS_IS_SPACE) {
            c = ' ';
        }
        p[n++] = c;
    }
    *ret = (str){p, n};
    return 1;
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

str url_base64(struct arena *a, const void *bytes, size_t size)
{
    const unsigned char *from = bytes;
    char *p = arena_alloc(a, size / 3 * 4 + 5);
    size_t n = 0;
    uint32_t bits = 0;
    int have = 0;

    for (size_t i = 0; i < size; i++) {
        bits = (bits << 8 | from[i]) & 0xFFFF;
        for (have += 8; have >= 6; have -= 6)
            p[n++] = alphabet[bits >> (have - 6) & 63];
    }
    if (have > 0)
        p[n++] = alphabet[bits << (6 - have) & 63];
    return (str){p, n};
}

int url_unbase64(struct arena *a, str s, str *ret)
{
    char *p = arena_alloc(a, s.n / 4 * 3 + 4);
    size_t n = 0;
    uint32_t bits = 0;
    int have = 0;

    if (s.n % 4 == 1)
        return 0;
    for (size_t i = 0; i < s.n; i++) {
        const char *at = s.p[i] ? strchr(alphabet, s.p[i]) : NULL;
        if (at == NULL)
            return 0;
        bits = (bits << 6 | (uint32_t)(at - alphabet)) & 0xFFFF;
        have += 6;
        if (have >= 8) {
            have -= 8;
            p[n++] = (char)(bits >> have & 0xFF);
        }
    }
    if ((bits & ((UINT32_C(1) << have) - 1)) != 0)
        return 0; /* the same bytes have another, canonical form */
    *ret = (str){p, n};
    return 1;
}
