/* Borrowed text: pointer and length, not NUL-terminated, never owned.
 *
 * Whoever makes a str says where its bytes live (an arena, a literal, a request buffer); a str
 * must not outlive them. All functions are pure and may be called from any thread.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"

typedef struct {
    const char *p; /* may be NULL when n is 0 */
    size_t n;
} str;

/* A literal as a str; does not compile with anything else. */
#define STR(literal) ((str){"" literal, sizeof(literal) - 1})
/* For printf-like functions: printf("%.*s", STR_ARG(s)). */
#define STR_ARG(s) (int)(s).n, ((s).p ? (s).p : "")

/* Borrows a NUL-terminated string; NULL gives the empty str. */
static inline str str_from(const char *cstring)
{
    return (str){cstring, cstring ? strlen(cstring) : 0};
}
static inline int str_empty(str s)
{
    return s.n == 0;
}

/* Equality; _nocase folds ASCII only. Not for secrets (crypto/hash.h). */
int str_eq(str a, str b);
int str_eq_nocase(str a, str b);
int str_starts(str s, str prefix);
int str_ends(str s, str suffix);
/* -1, 0, 1 by bytes. */
int str_cmp(str a, str b);

/* Index of the first byte c, or of the first needle; SIZE_MAX when absent. An empty needle is
 * found at 0. */
size_t str_find_char(str s, char c);
size_t str_find(str s, str needle);

/* Part [from, to) with both ends clamped to the length. */
str str_slice(str s, size_t from, size_t to);
/* Cuts ASCII white space at both ends. */
str str_trim(str s);

/* Takes everything before the first `c` off *rest and returns it; *rest then starts behind the
 * `c`. Without `c` it returns all of *rest and leaves it empty with p == NULL. */
str str_take_until(str *rest, char c);
/* 1 when `one` is among the words, which are separated by single spaces. */
int str_has_word(str words, str one);

/* Decimal integer, optional '-', nothing else (leading zeros pass), no overflow. Returns 1 and sets
 * *ret, or 0. */
int str_to_int64(str s, int64_t *ret);

/* Valid UTF-8 by RFC 3629 (no surrogates, no overlong forms). U+0000 counts as invalid: no text
 * of ours holds it and PostgreSQL refuses it. */
int str_is_utf8(str s);
/* Number of code points of valid UTF-8. */
size_t str_utf8_length(str s);
/* At most max bytes of valid UTF-8, ending with a whole character. */
str str_utf8_cut(str s, size_t max);
/* Any byte below 0x20 or 0x7f. */
int str_has_control(str s);
/* Value of a hexadecimal digit, or -1. */
int str_hex_value(char c);

#endif
