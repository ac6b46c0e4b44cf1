/* See the header. */
#include "resources/csv.h"

#include <string.h>

static int begins_formula(str text)
{
    static const str SIGNS[] = {STR("="),  STR("+"),  STR("-"),  STR("@"),
                                STR("＝"), STR("＋"), STR("－"), STR("＠")};

    for (size_t i = 0; i < sizeof(SIGNS) / sizeof(SIGNS[0]); i++)
        if (str_starts(text, SIGNS[i]))
            return 1;
    return 0;
}

/* OWASP "CSV Injection": what begins a formula, also behind white space that is trimmed. */
static int is_formula(str text)
{
    return begins_formula(str_trim(text)) || (text.n && memchr("\t\r\n", text.p[0], 3) != NULL);
}

/* Whether a cell begins behind this character for programs that split at more than commas, and
 * what follows would be a formula there. */
static int parts_formula(char c, str rest)
{
    if (memchr(";\t\r\n", c, 4) == NULL)
        return 0;
    while (rest.n && memchr(" \"'", rest.p[0], 3) != NULL)
        rest = str_slice(rest, 1, rest.n);
    return begins_formula(rest);
}

void csv_add(struct buf *b, str text)
{
    buf_add_char(b, '"');
    if (is_formula(text))
        buf_add_char(b, '\'');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"')
            buf_add_char(b, '"');
        buf_add_char(b, text.p[i]);
        if (parts_formula(text.p[i], str_slice(text, i + 1, text.n)))
            buf_add_char(b, '\'');
    }
    buf_add_cstring(b, "\",");
}

void csv_end(struct buf *b)
{
    if (b->n)
        b->n--;
    buf_add_cstring(b, "\r\n");
}
