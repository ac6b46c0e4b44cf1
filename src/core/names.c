/* Keys, search text and slugs made from names. See the header. */
#include "core/names.h"

#define SORT_BYTES 32

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

str name_key(struct arena *a, str name)
{
    char *p = arena_alloc(a, name.n + 1);

    for (size_t i = 0; i < name.n; i++)
        p[i] = lower(name.p[i]);
    return (str){p, name.n};
}

/* Base letters of U+00C0..U+00FF; '-' for the two signs, '*' for those that become two letters. */
static const char latin1[] = "aaaaaa*ceeeeiiiidnooooo-ouuuuy**aaaaaa*ceeeeiiiidnooooo-ouuuuy*y";
/* Base letters of U+0100..U+017F. */
static const char latin_a[] = "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkkllllllllll"
                              "nnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";
_Static_assert(sizeof(latin1) == 64 + 1 && sizeof(latin_a) == 128 + 1, "one letter a code point");

/* U+00C6 and U+00E6 (ae), U+00DE and U+00FE (thorn), U+00DF (sharp s). */
static const char *two_letters(unsigned code)
{
    if (code == 0xC6 || code == 0xE6)
        return "ae";
    return code == 0xDF ? "ss" : "th";
}

str name_search(struct arena *a, str name)
{
    char *p = arena_alloc(a, name.n + 1); /* two bytes become at most two letters */
    size_t n = 0;

    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];
        unsigned code = 0;

        if (c >= 0xC3 && c <= 0xC5 && i + 1 < name.n)
            code = (unsigned)(c & 0x1F) << 6 | ((unsigned char)name.p[i + 1] & 0x3F);
        if (code == 0) {
            p[n++] = lower(name.p[i]);
            continue;
        }
        i++;
        char letter = code < 0x100 ? latin1[code - 0xC0] : latin_a[code - 0x100];
        if (letter == '*') {
            p[n++] = two_letters(code)[0];
            letter = two_letters(code)[1];
        }
        p[n++] = letter;
    }
    return (str){p, n};
}

str name_sort_key(struct arena *a, str name, str id)
{
    static const char digits[] = "0123456789abcdef";
    str from = str_slice(name_search(a, name), 0, SORT_BYTES);
    char *p = arena_alloc(a, 2 * from.n + id.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < from.n; i++) {
        unsigned char c = (unsigned char)from.p[i];
        p[n++] = digits[c >> 4];
        p[n++] = digits[c & 15];
    }
    if (id.n)
        memcpy(p + n, id.p, id.n);
    return (str){p, n + id.n};
}

static int is_slug_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

str name_slug(struct arena *a, str name)
{
    str from = name_search(a, name);
    char *p = arena_alloc(a, from.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < from.n && n < SLUG_LENGTH_MAX - 5; i++) {
        if (is_slug_letter(from.p[i]))
            p[n++] = from.p[i];
        else if (n > 0 && p[n - 1] != '-')
            p[n++] = '-';
    }
    while (n > 0 && p[n - 1] == '-')
        n--;
    return name_slug_valid((str){p, n}) ? (str){p, n} : STR("app");
}

int name_slug_valid(str slug)
{
    if (slug.n < SLUG_LENGTH_MIN || slug.n > SLUG_LENGTH_MAX || str_eq(slug, STR("new")))
        return 0;
    for (size_t i = 0; i < slug.n; i++) {
        if (!is_slug_letter(slug.p[i]) && slug.p[i] != '-')
            return 0;
    }
    return slug.p[0] != '-' && slug.p[slug.n - 1] != '-';
}

int name_email_valid(str email)
{
    size_t at = str_find_char(email, '@');

    if (at == SIZE_MAX || at == 0 || at + 1 == email.n || email.n > 254)
        return 0;
    if (str_find_char(str_slice(email, at + 1, email.n), '@') != SIZE_MAX)
        return 0;
    return !str_has_control(email) && str_find_char(email, ' ') == SIZE_MAX;
}
