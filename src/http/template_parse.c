/* Mustache source to a flat array of nodes, by the public Mustache specification (its required
 * modules: comments, delimiters, interpolation, inverted, partials, sections; none of the
 * optional ones). Pure.
 */
#include <stdint.h>

#include "base/check.h"
#include "base/mem.h"
#include "http/template_int.h"

#define SECTIONS_MAX 32

struct parser {
    struct fault *fault;
    struct compiled_template *t;
    str open;
    str close;
    size_t pos;      /* everything before is done */
    size_t last_tag; /* where the last tag ended, its line's end included when it stood alone */
    int line_start;  /* the next node is the first on its line */
    size_t sections[SECTIONS_MAX];
    size_t depth;
};

struct tag {
    char sigil; /* 0 for a plain value */
    str name;   /* or the content of a comment or delimiter tag */
    size_t start;
    size_t end;
};

static enum err broken(const struct parser *p, size_t at, const char *why)
{
    size_t line = 1;

    for (size_t i = 0; i < at; i++)
        line += p->t->source.p[i] == '\n';
    return fail(p->fault, ERR_CONFIG, "Template %s, line %zu: %s.", p->t->name, line, why);
}

static struct template_node *add_node(struct compiled_template *t, enum template_kind kind,
                                      str text)
{
    if (t->count == t->room) {
        t->room = t->room ? t->room * 2 : 32;
        t->nodes = mem_realloc(t->nodes, t->room * sizeof(struct template_node));
    }
    t->nodes[t->count] = (struct template_node){.kind = kind, .text = text};
    return &t->nodes[t->count++];
}

/* Adds a node that stands where the parser is within its line. */
static struct template_node *add_inline(struct parser *p, enum template_kind kind, str text)
{
    struct template_node *node = add_node(p->t, kind, text);

    node->starts_line = p->line_start;
    p->line_start = kind == TEMPLATE_TEXT && str_ends(text, STR("\n"));
    return node;
}

static void add_text(struct parser *p, size_t to)
{
    if (to > p->pos)
        (void)add_inline(p, TEMPLATE_TEXT, str_slice(p->t->source, p->pos, to));
    p->pos = to;
}

/* Where the white space before the tag starts, when nothing else is before it on its line;
 * otherwise SIZE_MAX. */
static size_t blank_before(const struct parser *p, const struct tag *tag)
{
    const char *s = p->t->source.p;
    size_t i = tag->start;

    while (i > p->last_tag && (s[i - 1] == ' ' || s[i - 1] == '\t'))
        i--;
    return i == 0 || s[i - 1] == '\n' ? i : SIZE_MAX;
}

/* The start of the next line, when nothing else follows the tag on its line. */
static size_t blank_behind(const struct parser *p, const struct tag *tag)
{
    str s = p->t->source;
    size_t i = tag->end;

    while (i < s.n && (s.p[i] == ' ' || s.p[i] == '\t'))
        i++;
    if (i + 1 < s.n && s.p[i] == '\r' && s.p[i + 1] == '\n')
        return i + 2;
    if (i == s.n || s.p[i] == '\n')
        return i == s.n ? i : i + 1;
    return SIZE_MAX;
}

/* Takes the text before the tag and the tag itself; a tag alone on its line takes the line with
 * it. Returns 1 then, with the white space before it in *ret_indent. */
static int take_tag(struct parser *p, const struct tag *tag, str *ret_indent)
{
    size_t before = SIZE_MAX, behind = SIZE_MAX;

    if (tag->sigil != 0 && tag->sigil != '{' && tag->sigil != '&') {
        before = blank_before(p, tag);
        behind = blank_behind(p, tag);
    }
    if (before == SIZE_MAX || behind == SIZE_MAX) {
        add_text(p, tag->start);
        p->pos = p->last_tag = tag->end;
        return 0;
    }
    add_text(p, before);
    *ret_indent = str_slice(p->t->source, before, tag->start);
    p->pos = p->last_tag = behind;
    return 1;
}

/* Reads the tag that starts at `start`. */
static enum err read_tag(struct parser *p, size_t start, struct tag *ret)
{
    str source = p->t->source;
    size_t from = start + p->open.n;
    char sigil = from < source.n ? source.p[from] : '\0';
    char closing[64];
    size_t closing_n = 0;

    if (str_find_char(STR("#^/>!={&"), sigil) == SIZE_MAX)
        sigil = '\0';
    if (sigil == '{' || sigil == '=')
        closing[closing_n++] = sigil == '{' ? '}' : '=';
    must(p->close.n < sizeof(closing) - 1);
    memcpy(closing + closing_n, p->close.p, p->close.n);
    closing_n += p->close.n;

    from += sigil != 0;
    size_t length = str_find(str_slice(source, from, source.n), (str){closing, closing_n});
    if (length == SIZE_MAX)
        return broken(p, start, "a tag is not closed");
    *ret = (struct tag){sigil, str_trim(str_slice(source, from, from + length)), start,
                        from + length + closing_n};
    if (sigil == '!' || sigil == '=')
        return ERR_OK;
    if (str_empty(ret->name))
        return broken(p, start, "a tag has no name");
    for (size_t i = 0; i < ret->name.n; i++)
        if (ret->name.p[i] == ' ' || ret->name.p[i] == '\n' || ret->name.p[i] == '\t')
            return broken(p, start, "a tag's name holds white space");
    return ERR_OK;
}

static enum err set_delimiters(struct parser *p, const struct tag *tag)
{
    size_t n = 0;

    while (n < tag->name.n && tag->name.p[n] != ' ' && tag->name.p[n] != '\n')
        n++;
    str open = str_slice(tag->name, 0, n);
    str close = str_trim(str_slice(tag->name, n, tag->name.n));
    if (str_empty(open) || str_empty(close) || open.n > 16 || close.n > 16)
        return broken(p, tag->start, "a tag that sets delimiters needs two of them");
    p->open = open;
    p->close = close;
    return ERR_OK;
}

static enum err open_section(struct parser *p, const struct tag *tag, int alone)
{
    enum template_kind kind = tag->sigil == '#' ? TEMPLATE_SECTION : TEMPLATE_INVERTED;

    if (p->depth == SECTIONS_MAX)
        return broken(p, tag->start, "sections are nested too deeply");
    p->sections[p->depth++] = p->t->count;
    if (alone)
        (void)add_node(p->t, kind, tag->name);
    else
        (void)add_inline(p, kind, tag->name);
    return ERR_OK;
}

static enum err close_section(struct parser *p, const struct tag *tag, int alone)
{
    if (p->depth == 0)
        return broken(p, tag->start, "a section is closed that is not open");
    /* the indentation before an end tag belongs into the section */
    if (!alone && p->line_start)
        (void)add_inline(p, TEMPLATE_TEXT, STR(""));
    struct template_node *section = &p->t->nodes[p->sections[--p->depth]];
    if (!str_eq(section->text, tag->name))
        return broken(p, tag->start, "a section is closed by another name");
    section->end = p->t->count;
    return ERR_OK;
}

static enum err add_tag(struct parser *p, const struct tag *tag)
{
    str indent = {NULL, 0};
    int alone = take_tag(p, tag, &indent);

    switch (tag->sigil) {
    case '!':
        return ERR_OK;
    case '=':
        return set_delimiters(p, tag);
    case '#':
    case '^':
        return open_section(p, tag, alone);
    case '/':
        return close_section(p, tag, alone);
    case '>':
        if (alone)
            add_node(p->t, TEMPLATE_PARTIAL, tag->name)->indent = indent;
        else
            (void)add_inline(p, TEMPLATE_PARTIAL, tag->name);
        return ERR_OK;
    case '{':
    case '&':
        (void)add_inline(p, TEMPLATE_RAW, tag->name);
        return ERR_OK;
    default:
        (void)add_inline(p, TEMPLATE_VALUE, tag->name);
        return ERR_OK;
    }
}

enum err template_parse(struct fault *f, struct compiled_template *t)
{
    struct parser p = {.fault = f, .t = t, .open = STR("{{"), .close = STR("}}"), .line_start = 1};

    for (;;) {
        size_t offset = str_find(str_slice(t->source, p.pos, t->source.n), p.open);
        struct tag tag = {0};

        if (offset == SIZE_MAX)
            break;
        enum err e = read_tag(&p, p.pos + offset, &tag);
        if (e == ERR_OK)
            e = add_tag(&p, &tag);
        if (e)
            return e;
    }
    add_text(&p, t->source.n);
    if (p.depth)
        return broken(&p, t->source.n, "a section is not closed");
    return ERR_OK;
}
