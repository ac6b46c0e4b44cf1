/* Entities of Markdown as characters (markdown_int.h): "&#65;", "&copy;". */
#include <md4c-html.h>

#include "jira/markdown_int.h"

static void add_utf8(struct buf *b, uint32_t c)
{
    if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        c = 0xfffd;
    if (c < 0x80) {
        buf_add_char(b, (char)(uint8_t)c);
    } else if (c < 0x800) {
        buf_add_char(b, (char)(uint8_t)(0xc0 | c >> 6));
        buf_add_char(b, (char)(uint8_t)(0x80 | (c & 0x3f)));
    } else {
        if (c < 0x10000) {
            buf_add_char(b, (char)(uint8_t)(0xe0 | c >> 12));
        } else {
            buf_add_char(b, (char)(uint8_t)(0xf0 | c >> 18));
            buf_add_char(b, (char)(uint8_t)(0x80 | (c >> 12 & 0x3f)));
        }
        buf_add_char(b, (char)(uint8_t)(0x80 | (c >> 6 & 0x3f)));
        buf_add_char(b, (char)(uint8_t)(0x80 | (c & 0x3f)));
    }
}

/* "&#65;", "&#x41;": md4c lets only such and named ones through. */
static void add_numeric(struct buf *b, str s)
{
    int hex = s.p[2] == 'x' || s.p[2] == 'X';
    uint32_t code = 0;

    for (size_t i = hex ? 3 : 2; i + 1 < s.n && code <= 0x10ffff; i++)
        code = code * (hex ? 16 : 10) + (uint32_t)str_hex_value(s.p[i]);
    add_utf8(b, code);
}

static void keep_html(const MD_CHAR *text, MD_SIZE size, void *buf)
{
    buf_add_bytes(buf, text, size);
}

/* The 2,125 names are in md4c's HTML part, which writes them as characters, four of them escaped
 * again; a name it does not know stays as it is. */
static void add_named(struct buf *b, str s)
{
    static const struct {
        str name;
        str text;
    } escaped[] = {{STR("&amp;"), STR("&")},  {STR("&lt;"), STR("<")}, {STR("&gt;"), STR(">")},
                   {STR("&AMP;"), STR("&")},  {STR("&LT;"), STR("<")}, {STR("&GT;"), STR(">")},
                   {STR("&quot;"), STR("\"")}};
    char name[64] = ""; /* with room behind it: MARKDOWN_PADDING */
    struct buf html BUF_AUTO;
    str text;

    buf_init(&html, 256);
    for (size_t i = 0; i < sizeof(escaped) / sizeof(escaped[0]); i++)
        if (str_eq(s, escaped[i].name)) {
            buf_add(b, escaped[i].text);
            return;
        }
    if (s.n >= sizeof(name)) { /* the longest name has 33 characters */
        buf_add(b, s);
        return;
    }
    memcpy(name, s.p, s.n);
    (void)md_html(name, (MD_SIZE)s.n, keep_html, &html, 0, 0);
    text = buf_str(&html);
    if (str_starts(text, STR("<p>")) && str_ends(text, STR("</p>\n")) &&
        !str_starts(text, STR("<p>&")))
        buf_add(b, str_slice(text, 3, text.n - 5));
    else
        buf_add(b, s);
}

void markdown_add_entity(struct buf *b, str s)
{
    if (s.n > 3 && s.p[1] == '#')
        add_numeric(b, s);
    else
        add_named(b, s);
}
