/* Re-indenting JSON text. jansson only judges whether it is JSON; the bytes that come out are the
 * ones that went in, so that 1.10, 1e3 and 20-digit ids stay what they were.
 */
#include "base/buf.h"
#include "base/doc.h"

struct pretty {
    struct buf out;
    size_t depth;
};

/* Numbers and \u0000 that jansson cannot hold are no reason to refuse: its values are not used. */
static int is_json(str text)
{
    size_t flags = JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL;
    json_t *value =
        text.n && doc_is_parsable(text) ? json_loadb(text.p, text.n, flags, NULL) : NULL;

    json_decref(value);
    return value != NULL;
}

/* Index behind the string that starts at text.p[at]. */
static size_t end_of_string(str text, size_t at)
{
    for (at++; text.p[at] != '"'; at++) {
        if (text.p[at] == '\\')
            at++;
    }
    return at + 1;
}

static size_t skip_space(str text, size_t at)
{
    while (at < text.n && strchr(" \t\r\n", text.p[at]))
        at++;
    return at;
}

static void new_line(struct pretty *p)
{
    buf_add_char(&p->out, '\n');
    for (size_t i = 0; i < p->depth; i++)
        buf_add(&p->out, STR("  "));
}

/* Writes the opening bracket at text.p[at]; an empty {} or [] whole. Returns the index behind. */
static size_t add_opening(struct pretty *p, str text, size_t at)
{
    size_t next = skip_space(text, at + 1);

    buf_add_char(&p->out, text.p[at]);
    if (text.p[next] == '}' || text.p[next] == ']') {
        buf_add_char(&p->out, text.p[next]);
        return next + 1;
    }
    p->depth++;
    new_line(p);
    return next;
}

/* Writes what starts at text.p[at] and returns the index behind it. text is valid JSON, so that
 * no step looks beyond its end. */
static size_t add_token(struct pretty *p, str text, size_t at)
{
    size_t end;

    switch (text.p[at]) {
    case '"':
        end = end_of_string(text, at);
        buf_add(&p->out, str_slice(text, at, end));
        return end;
    case '{':
    case '[':
        return add_opening(p, text, at);
    case '}':
    case ']':
        p->depth--;
        new_line(p);
        break;
    default:
        break;
    }
    buf_add_char(&p->out, text.p[at]);
    if (text.p[at] == ',')
        new_line(p);
    else if (text.p[at] == ':')
        buf_add_char(&p->out, ' ');
    return at + 1;
}

int doc_pretty(struct arena *a, str text, size_t max, str *ret)
{
    struct pretty p = {.depth = 0};
    int fits;

    if (!is_json(text))
        return 0;
    buf_init(&p.out, max);
    for (size_t at = skip_space(text, 0); at < text.n && buf_ok(&p.out); at = skip_space(text, at))
        at = add_token(&p, text, at);
    fits = buf_ok(&p.out);
    if (fits)
        *ret = arena_str(a, buf_str(&p.out));
    buf_done(&p.out);
    return fits;
}
