/* See the header. */
#include "relay/rewrite.h"

#include "base/check.h"

void rewrite_init(struct rewrite *r, const str *prefixes, size_t count, str replacement)
{
    r->prefixes = prefixes;
    r->count = count;
    r->replacement = replacement;
    r->held_n = 0;
    must(count <= REWRITE_PREFIXES_MAX);
    for (size_t i = 0; i < count; i++)
        must(prefixes[i].n > 0);
}

static int is_usable(str prefix)
{
    return prefix.n <= REWRITE_PREFIX_MAX;
}

/* memmem() makes itself a table each time. Prefixes have a slash, and most slashes of an answer are
 * in its links. */
static size_t find(str text, str prefix)
{
    size_t slash = str_find_char(prefix, '/');

    if (slash == SIZE_MAX)
        return str_find(text, prefix);
    for (size_t at = slash; at < text.n; at++) {
        size_t next = str_find_char(str_slice(text, at, text.n), '/');
        if (next == SIZE_MAX)
            break;
        at += next;
        if (text.p[at - slash] == prefix.p[0] &&
            str_starts(str_slice(text, at - slash, text.n), prefix))
            return at - slash;
    }
    return SIZE_MAX;
}

/* Where each prefix is next, not before `from`; SIZE_MAX: nowhere. Each is looked for once over all
 * of a text, however many links of the others there are. */
struct search {
    str text;
    size_t from;
    size_t next[REWRITE_PREFIXES_MAX];
};

static void search_begin(const struct rewrite *r, str text, struct search *s)
{
    *s = (struct search){.text = text};
    for (size_t i = 0; i < r->count; i++)
        s->next[i] = is_usable(r->prefixes[i]) ? find(text, r->prefixes[i]) : SIZE_MAX;
}

static void search_go_on(const struct rewrite *r, struct search *s, size_t from)
{
    s->from = from;
    for (size_t i = 0; i < r->count; i++) {
        if (s->next[i] >= from)
            continue;
        s->next[i] = find(str_slice(s->text, from, s->text.n), r->prefixes[i]);
        s->next[i] += s->next[i] == SIZE_MAX ? 0 : from;
    }
}

/* The first of any, of those in the same place the longest; SIZE_MAX when there is none. */
static size_t search_first(const struct rewrite *r, const struct search *s, size_t *ret_length)
{
    size_t first = SIZE_MAX;

    *ret_length = 0;
    for (size_t i = 0; i < r->count; i++) {
        size_t at = s->next[i];
        if (at < first || (at == first && at != SIZE_MAX && r->prefixes[i].n > *ret_length)) {
            first = at;
            *ret_length = r->prefixes[i].n;
        }
    }
    return first;
}

/* How many bytes at the end of the text may be the beginning of a prefix. */
static size_t tail_of(const struct rewrite *r, str text)
{
    size_t longest = 0;

    for (size_t i = 0; i < r->count; i++) {
        str prefix = r->prefixes[i];
        size_t from = text.n >= prefix.n ? text.n - prefix.n + 1 : 0;
        if (!is_usable(prefix))
            continue;
        for (; from < text.n && text.n - from > longest; from++) {
            if (text.p[from] == prefix.p[0] && str_starts(prefix, str_slice(text, from, text.n))) {
                longest = text.n - from;
                break;
            }
        }
    }
    return longest;
}

static void pass(struct rewrite *r, str text, struct buf *to)
{
    struct search s;
    size_t at, length;

    search_begin(r, text, &s);
    while ((at = search_first(r, &s, &length)) != SIZE_MAX) {
        buf_add(to, str_slice(text, s.from, at));
        buf_add(to, r->replacement);
        search_go_on(r, &s, at + length);
    }
    text = str_slice(text, s.from, text.n);
    r->held_n = tail_of(r, text);
    buf_add(to, str_slice(text, 0, text.n - r->held_n));
    if (r->held_n)
        memmove(r->held, text.p + text.n - r->held_n, r->held_n);
}

void rewrite_piece(struct rewrite *r, str piece, struct buf *to)
{
    if (piece.n == 0)
        return;
    if (r->held_n == 0) {
        pass(r, piece, to);
        return;
    }
    BUF_AUTO struct buf joined;
    buf_init(&joined, r->held_n + piece.n);
    buf_add_bytes(&joined, r->held, r->held_n);
    buf_add(&joined, piece);
    must(buf_ok(&joined));
    pass(r, buf_str(&joined), to);
}

void rewrite_end(struct rewrite *r, struct buf *to)
{
    buf_add_bytes(to, r->held, r->held_n);
    r->held_n = 0;
}
