/* Text and code as Markdown that means just that (adf_inline_int.h). */
#include "jira/adf_inline_int.h"

void adf_add_entity(struct buf *b, uint32_t code)
{
    buf_addf(b, "&#%u;", (unsigned)code);
}

/* How many backticks enclose the code: as many as stand nowhere in it. md4c knows up to 32; 0 when
 * all of these are taken. */
static size_t count_ticks(str s)
{
    uint64_t taken = 0;
    size_t n = 0, free_count = 1;

    for (size_t i = 0; i < s.n; i++) {
        n = s.p[i] == '`' ? n + 1 : 0;
        if (n > 0 && n <= 32 && (i + 1 == s.n || s.p[i + 1] != '`'))
            taken |= (uint64_t)1 << n;
    }
    while (free_count <= 32 && (taken >> free_count & 1))
        free_count++;
    return free_count <= 32 ? free_count : 0;
}

static void add_ticks(struct writer *w, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_add_char(w->b, '`');
}

/* 1 when the code needs a blank at both sides, which Markdown takes away again. */
static int is_padded(str s)
{
    size_t blanks = 0;

    while (blanks < s.n && s.p[blanks] == ' ')
        blanks++;
    return blanks < s.n &&
           (s.p[0] == '`' || s.p[s.n - 1] == '`' || (s.p[0] == ' ' && s.p[s.n - 1] == ' '));
}

/* "[`a]: b`](c)" at the start of a paragraph would define the address of "`a". */
static int reads_as_definition(const struct writer *w, str s)
{
    for (size_t i = 0; i < w->depth; i++)
        if (w->open[i].mark == MARK_LINK)
            return str_find(s, STR("]:")) != SIZE_MAX;
    return 0;
}

void adf_add_code(struct writer *w, str s)
{
    size_t ticks = count_ticks(s);

    if (ticks == 0 || reads_as_definition(w, s)) {
        adf_add_text(w, s);
        return;
    }
    add_ticks(w, ticks);
    buf_add_cstring(w->b, is_padded(s) ? " " : "");
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '|' && w->place == INLINE_CELL)
            buf_add_char(w->b, '\\');
        buf_add_char(w->b, s.p[i]);
    }
    buf_add_cstring(w->b, is_padded(s) ? " " : "");
    add_ticks(w, ticks);
    w->encode_next = 0;
}

/* Digits at the start of a line and then this character would be a list. */
static int ends_number(const struct writer *w, str s, size_t i)
{
    str line = str_slice(buf_str(w->b), w->line, w->b->n);

    if ((s.p[i] != '.' && s.p[i] != ')') || line.n == 0 || line.n > 9)
        return 0;
    for (size_t k = 0; k < line.n; k++)
        if (line.p[k] < '0' || line.p[k] > '9')
            return 0;
    return 1;
}

static int only_hashes(str s, size_t i)
{
    while (i < s.n && s.p[i] == '#')
        i++;
    return i == s.n;
}

static int needs_escape(const struct writer *w, str s, size_t i)
{
    char c = s.p[i], next = i + 1 < s.n ? s.p[i + 1] : 0;
    int first = w->place == INLINE_TEXT && w->b->n == w->line;

    switch (c) {
    case '\\':
    case '`':
    case '<': /* md4c takes "< a:>" for a link */
    case '*':
    case '[':
    case ']':
    case '~':
        return 1;
    case '_': /* deep inside a word: what is beside it is never written as an entity */
        return !(i > 1 && adf_is_alnum(s.p[i - 1]) && i + 2 < s.n && adf_is_alnum(next));
    case '&':
        return adf_may_be_entity(s, i);
    case '!':
        return next == 0 || next == '[';
    case ':':
        return first || next == 0 || next == '/';
    case '|':
        return first || w->place == INLINE_CELL;
    case '#':
        return first || (w->place == INLINE_HEADING && only_hashes(s, i));
    case '>':
    case '-':
    case '+':
    case '=':
        return first;
    default:
        return ends_number(w, s, i);
    }
}

/* A blank that Markdown would take away, or a character that has to be an entity. */
static int needs_entity(const struct writer *w, uint32_t code)
{
    int first = w->b->n == w->line;

    if (code == ' ' || code == '\t')
        return first;
    return code < 0x20 || code == 0x7f || (first && adf_is_unicode_blank(code));
}

void adf_add_text(struct writer *w, str s)
{
    size_t n;

    for (size_t i = 0; i < s.n; i += n) {
        uint32_t code = adf_decode(str_slice(s, i, s.n), &n);

        if (w->encode_next || needs_entity(w, code)) {
            adf_add_entity(w->b, code);
        } else {
            if (needs_escape(w, s, i))
                buf_add_char(w->b, '\\');
            buf_add(w->b, str_slice(s, i, i + n));
        }
        w->encode_next = 0;
    }
}

void adf_add_break(struct writer *w)
{
    if (w->place == INLINE_TEXT) {
        buf_add_cstring(w->b, "\\\n");
        buf_add(w->b, w->prefix);
        w->line = w->b->n;
    } else {
        buf_add_cstring(w->b, "<br>");
    }
    w->encode_next = 0;
}
