/* Runs of text as Markdown (adf_int.h). Every character is escaped that would otherwise mean
 * something, and strong, em and strike are written so that CommonMark's flanking rules hold
 * whatever stands beside them: where they would not, a neighbour is written as a numeric entity,
 * which counts as punctuation. Not for blocks.
 */
#include "base/check.h"
#include "jira/adf_inline_int.h"

/* The last character written, as a delimiter behind it sees it. */
static str last_char(const struct writer *w)
{
    return adf_last_of(str_slice(buf_str(w->b), w->line, w->b->n));
}

/* Writes the last character again, as an entity. */
static void encode_last(struct writer *w)
{
    str last = last_char(w);
    size_t n;
    uint32_t code = adf_decode(last, &n);

    w->b->n -= last.n;
    adf_add_entity(w->b, code);
}

static int is_delimiter(unsigned mark)
{
    return (mark & MARK_FLANKING) != 0;
}

/* The class of what follows at run i: text as it will be written, or a delimiter. */
static enum char_class class_at(const struct writer *w, size_t i)
{
    const struct run *run;

    if (i >= runs_count(w->runs))
        return CLASS_BLANK;
    run = runs_at(w->runs, i);
    if (run->is_break)
        return CLASS_BLANK;
    return run->marks & MARK_CODE ? CLASS_PUNCT
                                  : adf_class_in(run_text(w->runs, run), run_text(w->runs, run));
}

/* The class of the last character in front of run i. */
static enum char_class class_before(const struct writer *w, size_t i)
{
    const struct run *run = runs_at(w->runs, i - 1);

    if (run->is_break || run->marks & MARK_CODE)
        return CLASS_PUNCT;
    return adf_class_in(run_text(w->runs, run), adf_last_of(run_text(w->runs, run)));
}

static int has_mark(const struct runs *r, size_t i, unsigned mark, const struct run *like)
{
    const struct run *run = runs_at(r, i);

    if (!(run->marks & mark))
        return 0;
    return mark != MARK_LINK ||
           (str_eq(run->link.href, like->link.href) && str_eq(run->link.title, like->link.title));
}

static size_t extent(const struct runs *r, size_t i, unsigned mark)
{
    const struct run *like = runs_at(r, i);
    size_t end = i;

    while (end < runs_count(r) && has_mark(r, end, mark, like))
        end++;
    return end;
}

/* Nothing but em begins or ends between the runs i - 1 and i. */
static int only_em_changes(const struct runs *r, size_t i)
{
    struct run a, b;

    if (i == 0 || i >= runs_count(r))
        return 1;
    a = *runs_at(r, i - 1);
    b = *runs_at(r, i);
    a.marks |= MARK_EM;
    b.marks |= MARK_EM;
    return !a.is_break && !b.is_break && !((a.marks ^ b.marks) & ~(unsigned)MARK_CODE) &&
           (!(a.marks & MARK_LINK) || str_eq(a.link.href, b.link.href));
}

static unsigned open_set(const struct writer *w)
{
    unsigned set = 0;

    for (size_t k = 0; k < w->depth; k++)
        set |= w->open[k].mark;
    return set;
}

/* Another mark begins inside of em, or has to be closed where em ends although it goes on. */
static int is_crossed(const struct writer *w, size_t i, size_t end)
{
    unsigned others = ~(unsigned)(MARK_CODE | MARK_EM) & ~open_set(w);

    for (size_t k = 0; k < w->depth; k++)
        if (w->open[k].end <= end)
            return 1;
    for (; i < end; i++)
        if (runs_at(w->runs, i)->marks & others)
            return 1;
    return 0;
}

/* "_" reads best and cannot be mistaken for strong's asterisks, but does nothing inside a word. */
static const char *em_delimiter(const struct writer *w, size_t i, size_t end)
{
    enum char_class before = adf_class_of_str(last_char(w)), behind = class_at(w, end);

    if ((before <= CLASS_PUNCT && behind <= CLASS_PUNCT) || class_at(w, i) != CLASS_LETTER ||
        class_before(w, end) != CLASS_LETTER || is_crossed(w, i, end))
        return "_";
    return only_em_changes(w->runs, i) && only_em_changes(w->runs, end) ? "*" : "_";
}

static const char *delimiter_of(const struct writer *w, unsigned mark, size_t i, size_t end)
{
    if (mark == MARK_LINK)
        return "[";
    if (mark == MARK_EM)
        return em_delimiter(w, i, end);
    return mark == MARK_STRONG ? "**" : "~~";
}

/* inside: what the delimiter encloses; outside is the last character written. */
static void open_delimiter(struct writer *w, const char *delimiter, enum char_class inside)
{
    enum char_class outside = adf_class_of_str(last_char(w));
    int strict = *delimiter == '_' || inside != CLASS_LETTER;

    if (strict && outside >= CLASS_LETTER)
        encode_last(w);
    buf_add_cstring(w->b, delimiter);
    w->encode_next = inside == CLASS_BLANK;
}

static void close_delimiter(struct writer *w, const char *delimiter, enum char_class outside)
{
    enum char_class inside = adf_class_of_str(last_char(w));

    if (inside == CLASS_BLANK)
        encode_last(w);
    buf_add_cstring(w->b, delimiter);
    w->encode_next = (*delimiter == '_' || inside != CLASS_LETTER) && outside >= CLASS_LETTER;
}

static void add_target(struct writer *w, const struct adf_link *link)
{
    int plain = adf_is_plain_target(link->href);

    buf_add_cstring(w->b, plain ? "](" : "](<");
    adf_add_target_text(w->b, link->href);
    buf_add_cstring(w->b, plain ? "" : ">");
    if (link->title.p) {
        buf_add_cstring(w->b, " \"");
        adf_add_target_text(w->b, link->title);
        buf_add_char(w->b, '"');
    }
    buf_add_char(w->b, ')');
    w->encode_next = 0;
}

static void close_marks(struct writer *w, size_t i, size_t keep)
{
    while (w->depth > keep) {
        const struct open_mark *top = &w->open[--w->depth];

        if (top->mark == MARK_LINK)
            add_target(w, &runs_at(w->runs, i - 1)->link);
        else
            close_delimiter(w, top->delimiter, w->depth > keep ? CLASS_PUNCT : class_at(w, i));
    }
}

/* The mark of the run that lasts longest among those that are not open; it becomes the outer. */
static unsigned longest(const struct writer *w, size_t i, size_t *ret_end)
{
    static const unsigned marks[] = {MARK_LINK, MARK_STRONG, MARK_STRIKE, MARK_EM};
    unsigned missing = runs_at(w->runs, i)->marks & ~open_set(w), best = 0;

    *ret_end = 0;
    for (size_t k = 0; k < sizeof(marks) / sizeof(marks[0]); k++) {
        size_t end = missing & marks[k] ? extent(w->runs, i, marks[k]) : 0;
        if (end > *ret_end) {
            best = marks[k];
            *ret_end = end;
        }
    }
    return best;
}

static void open_marks(struct writer *w, size_t i)
{
    unsigned mark;
    size_t end;

    while ((mark = longest(w, i, &end)) != 0) {
        unsigned left = runs_at(w->runs, i)->marks & ~open_set(w) & ~mark & ~(unsigned)MARK_CODE;
        struct open_mark open = {mark, end, delimiter_of(w, mark, i, end)};

        if (is_delimiter(mark))
            open_delimiter(w, open.delimiter, left ? CLASS_PUNCT : class_at(w, i));
        else {
            buf_add_cstring(w->b, open.delimiter);
            w->encode_next = 0;
        }
        must(w->depth < OPEN_MAX);
        w->open[w->depth++] = open;
    }
}

static void change_marks(struct writer *w, size_t i)
{
    size_t keep = 0;

    while (keep < w->depth && w->open[keep].end > i)
        keep++;
    close_marks(w, i, keep);
    if (i < runs_count(w->runs))
        open_marks(w, i);
}

/* A link whose text is its address: "<https://...>". */
static int is_autolink(const struct writer *w, size_t i)
{
    const struct run *run = runs_at(w->runs, i);
    str text = run_text(w->runs, run);

    if (run->is_break || run->marks != MARK_LINK || run->link.title.p ||
        !str_eq(text, run->link.href))
        return 0;
    for (size_t k = 0; k < text.n; k++)
        if (adf_needs_target_escape(text, k) ||
            (!adf_is_alnum(text.p[k]) && !strchr("-._:/?#@!$&'()+,;=%", text.p[k])))
            return 0;
    return extent(w->runs, i, MARK_LINK) == i + 1 && str_starts(text, STR("http")) &&
           str_find(text, STR("://")) < 6 && !(open_set(w) & MARK_LINK);
}

void adf_runs_markdown(struct buf *b, const struct runs *r, enum inline_place place, str prefix)
{
    struct writer w = {.b = b, .runs = r, .place = place, .prefix = prefix, .line = b->n};

    for (size_t i = 0; i < runs_count(r); i++) {
        struct run *run = runs_at(r, i);
        unsigned marks = run->marks;
        int autolink;

        autolink = is_autolink(&w, i);
        if (autolink)
            run->marks &= ~(unsigned)MARK_LINK;
        change_marks(&w, i);
        run->marks = marks;
        if (run->is_break)
            adf_add_break(&w);
        else if (autolink) {
            buf_add_char(b, '<');
            buf_add(b, run_text(r, run));
            buf_add_char(b, '>');
            w.encode_next = 0;
        } else if (marks & MARK_CODE)
            adf_add_code(&w, run_text(r, run));
        else
            adf_add_text(&w, run_text(r, run));
    }
    change_marks(&w, runs_count(r));
}
