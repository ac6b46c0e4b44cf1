/* Comparing, searching, cutting and checking borrowed text. No allocation, no state. */
#include "base/str.h"

#include <strings.h>

int str_eq(str a, str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static int is_letter(unsigned char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

int str_eq_nocase(str a, str b)
{
    if (a.n != b.n)
        return 0;
    if (str_eq(a, b)) /* as it mostly is */
        return 1;
    for (size_t i = 0; i < a.n; i++) {
        unsigned char differs = (unsigned char)(a.p[i] ^ b.p[i]);
        if (differs && (differs != 0x20 || !is_letter((unsigned char)a.p[i])))
            return 0;
    }
    return 1;
}

int str_starts(str s, str prefix)
{
    return s.n >= prefix.n && str_eq((str){s.p, prefix.n}, prefix);
}

int str_ends(str s, str suffix)
{
    return s.n >= suffix.n && str_eq(str_slice(s, s.n - suffix.n, s.n), suffix);
}

int str_cmp(str a, str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;

    if (order == 0 && a.n != b.n)
        return a.n < b.n ? -1 : 1;
    return (order > 0) - (order < 0);
}

size_t str_find_char(str s, char c)
{
    const char *at = s.n ? memchr(s.p, c, s.n) : NULL;

    return at ? (size_t)(at - s.p) : SIZE_MAX;
}

size_t str_find(str s, str needle)
{
    const char *at;

    if (needle.n == 0)
        return 0;
    if (needle.n > s.n)
        return SIZE_MAX;
    at = memmem(s.p, s.n, needle.p, needle.n);
    return at ? (size_t)(at - s.p) : SIZE_MAX;
}

str str_slice(str s, size_t from, size_t to)
{
    if (to > s.n)
        to = s.n;
    if (from > to)
        from = to;
    if (s.p == NULL)
        return s;
    return (str){s.p + from, to - from};
}

static int is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

str str_trim(str s)
{
    while (s.n && is_space(s.p[0]))
        s = (str){s.p + 1, s.n - 1};
    while (s.n && is_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

str str_take_until(str *rest, char c)
{
    str all = *rest;
    size_t at = str_find_char(all, c);

    if (at == SIZE_MAX) {
        *rest = (str){NULL, 0};
        return all;
    }
    *rest = str_slice(all, at + 1, all.n);
    return str_slice(all, 0, at);
}

int str_has_word(str words, str one)
{
    while (words.n) {
        if (str_eq(str_take_until(&words, ' '), one))
            return 1;
    }
    return 0;
}

int str_to_int64(str s, int64_t *ret)
{
    int negative = s.n > 0 && s.p[0] == '-';
    int64_t value = 0;

    if (s.n == (size_t)negative)
        return 0;
    /* Counting downwards, because the most negative number has no positive counterpart. */
    for (size_t i = (size_t)negative; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return 0;
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, s.p[i] - '0', &value))
            return 0;
    }
    if (!negative && __builtin_sub_overflow(0, value, &value))
        return 0;
    *ret = value;
    return 1;
}

/* Length of the sequence that starts at p[0], or 0 when it is not well-formed: the table of
 * RFC 3629 section 4, less U+0000. */
static size_t utf8_sequence(const unsigned char *p, size_t n)
{
    unsigned char low = 0x80; /* what the second byte may be */
    unsigned char high = 0xBF;
    size_t length;

    if (p[0] < 0x80)
        return p[0] != 0;
    if (p[0] < 0xC2 || p[0] > 0xF4)
        return 0;
    length = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    if (p[0] == 0xE0)
        low = 0xA0; /* overlong */
    else if (p[0] == 0xED)
        high = 0x9F; /* surrogates */
    else if (p[0] == 0xF0)
        low = 0x90; /* overlong */
    else if (p[0] == 0xF4)
        high = 0x8F; /* beyond U+10FFFF */
    if (n < length || p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++) {
        if (p[i] < 0x80 || p[i] > 0xBF)
            return 0;
    }
    return length;
}

/* ASCII but U+0000, as nearly all text is. */
static int is_plain_ascii(str s)
{
    unsigned char other = 0;

    for (size_t i = 0; i < s.n; i++)
        other |= (unsigned char)(s.p[i] - 1) >= 0x7F;
    return !other;
}

int str_is_utf8(str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t i = 0;

    if (is_plain_ascii(s))
        return 1;
    while (i < s.n) {
        size_t length = utf8_sequence(p + i, s.n - i);
        if (length == 0)
            return 0;
        i += length;
    }
    return 1;
}

size_t str_utf8_length(str s)
{
    size_t count = 0;

    for (size_t i = 0; i < s.n; i++)
        count += ((unsigned char)s.p[i] & 0xC0) != 0x80;
    return count;
}

str str_utf8_cut(str s, size_t max)
{
    size_t n = max;

    if (s.n <= max)
        return s;
    while (n > 0 && ((unsigned char)s.p[n] & 0xC0) == 0x80)
        n--;
    return str_slice(s, 0, n);
}

int str_has_control(str s)
{
    unsigned char found = 0;

    for (size_t i = 0; i < s.n; i++) /* without a way out, so that it is done many at a time */
        found |= (unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7F;
    return found;
}

int str_hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}
