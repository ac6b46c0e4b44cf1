/* What CommonMark sees in characters (adf_inline_int.h). Pure. */
#include "jira/adf_inline_int.h"

uint32_t adf_decode(str s, size_t *ret_n)
{
    unsigned char c = (unsigned char)s.p[0];
    uint32_t code = c;
    size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

    if (n > s.n)
        n = s.n;
    if (n > 1)
        code = c & (0x7fu >> n);
    for (size_t i = 1; i < n; i++)
        code = code << 6 | ((unsigned char)s.p[i] & 0x3f);
    *ret_n = n;
    return code;
}

int adf_is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Unicode's category Zs. */
int adf_is_unicode_blank(uint32_t c)
{
    return c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x202f || c == 0x205f ||
           c == 0x3000;
}

static enum char_class class_of(uint32_t c)
{
    static const uint32_t letters[][2] = {
        {0xc0, 0xd6},     {0xd8, 0xf6},     {0xf8, 0x24f},    {0x391, 0x3ff},
        {0x400, 0x481},   {0x48a, 0x52f},   {0x3041, 0x3096}, {0x30a1, 0x30fa},
        {0x3400, 0x4dbf}, {0x4e00, 0x9fff}, {0xac00, 0xd7a3}, {0x1f300, 0x1faff},
    };

    if (c < 0x80)
        return c <= 0x20 || c == 0x7f           ? CLASS_BLANK
               : adf_is_alnum((char)(uint8_t)c) ? CLASS_LETTER
                                                : CLASS_PUNCT;
    if (adf_is_unicode_blank(c))
        return CLASS_BLANK;
    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
        if (c >= letters[i][0] && c <= letters[i][1])
            return CLASS_LETTER;
    return CLASS_UNSURE;
}

str adf_last_of(str s)
{
    size_t n = 1;

    while (n < s.n && ((unsigned char)s.p[s.n - n] & 0xc0) == 0x80)
        n++;
    return n <= s.n ? str_slice(s, s.n - n, s.n) : (str){NULL, 0};
}

enum char_class adf_class_of_str(str s)
{
    size_t n;

    return s.n > 0 ? class_of(adf_decode(s, &n)) : CLASS_BLANK;
}

/* Of the first or last character of a run: a letter that stands alone may become an entity for the
 * sake of the delimiter at its other side. */
enum char_class adf_class_in(str text, str character)
{
    enum char_class class = adf_class_of_str(character);

    return class == CLASS_LETTER && adf_last_of(text).n == text.n ? CLASS_UNSURE : class;
}

/* Up to the text's end counts as well: the next run may go on. */
int adf_may_be_entity(str s, size_t i)
{
    size_t n = i + 1;

    while (n < s.n && (adf_is_alnum(s.p[n]) || s.p[n] == '#'))
        n++;
    return n == s.n || (n > i + 1 && s.p[n] == ';');
}

/* md4c lets delimiters in an address pair with those outside, hence "*_~". */
int adf_needs_target_escape(str s, size_t i)
{
    if (s.p[i] == '_')
        return i == 0 || i + 1 == s.n || !adf_is_alnum(s.p[i - 1]) || !adf_is_alnum(s.p[i + 1]);
    if (s.p[i] == '&')
        return adf_may_be_entity(s, i);
    return strchr("\\<>|\"[]`*~", s.p[i]) != NULL;
}

void adf_add_target_text(struct buf *b, str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (adf_needs_target_escape(s, i))
            buf_add_char(b, '\\');
        buf_add_char(b, strchr("\n\r", s.p[i]) ? ' ' : s.p[i]);
    }
}

int adf_is_plain_target(str href)
{
    for (size_t i = 0; i < href.n; i++)
        if (!adf_is_alnum(href.p[i]) && !strchr("-._~:/?#@!$&'*+,;=%[]\\\"|", href.p[i]))
            return 0;
    return href.n > 0;
}
