/* See the header. */
#include "jira/jql.h"

#include "base/buf.h"
#include "base/doc.h"

#define JQL_MAX ((size_t)8 << 20)

static void add_escaped(struct buf *b, char c)
{
    switch (c) {
    case '"':
    case '\\':
        buf_add_char(b, '\\');
        buf_add_char(b, c);
        break;
    case '\n':
        buf_add(b, STR("\\n"));
        break;
    case '\r':
        buf_add(b, STR("\\r"));
        break;
    case '\t':
        buf_add(b, STR("\\t"));
        break;
    default:
        if ((unsigned char)c < 0x20 || c == 0x7F)
            buf_addf(b, "\\u%04x", (unsigned)c);
        else
            buf_add_char(b, c);
    }
}

static void add_quoted(struct buf *b, str text)
{
    buf_add_char(b, '"');
    for (size_t i = 0; i < text.n; i++)
        add_escaped(b, text.p[i]);
    buf_add_char(b, '"');
}

static void add_value(struct arena *a, struct buf *b, const json_t *value)
{
    if (json_is_null(value))
        buf_add(b, STR("EMPTY"));
    else if (json_is_string(value))
        add_quoted(b, (str){json_string_value(value), json_string_length(value)});
    else
        add_quoted(b, doc_print(a, value));
}

str jira_jql_value(struct arena *a, const json_t *value)
{
    struct buf b;
    str text;

    buf_init(&b, JQL_MAX);
    if (!json_is_array(value))
        add_value(a, &b, value);
    else if (json_array_size(value) == 0)
        buf_add(&b, STR("EMPTY"));
    for (size_t i = 0; i < json_array_size(value); i++) {
        buf_add(&b, i ? STR(", ") : STR(""));
        add_value(a, &b, json_array_get(value, i));
    }
    text = buf_ok(&b) ? arena_str(a, buf_str(&b)) : (str){NULL, 0};
    buf_done(&b);
    return text;
}
