/* Runs of text (adf_int.h): adding, and the normal form. Not for how they are written. */
#include "base/check.h"
#include "jira/adf_int.h"

#define LIST_MAX ((size_t)64 << 20)
#define NORMALISE_ROUNDS 8

void runs_init(struct runs *r)
{
    buf_init(&r->text, ADF_TEXT_MAX);
    buf_init(&r->list, LIST_MAX);
}

void runs_done(struct runs *r)
{
    buf_done(&r->text);
    buf_done(&r->list);
}

void runs_clear(struct runs *r)
{
    buf_clear(&r->text);
    buf_clear(&r->list);
}

int runs_ok(const struct runs *r)
{
    return buf_ok(&r->text) && buf_ok(&r->list);
}

size_t runs_count(const struct runs *r)
{
    return r->list.n / sizeof(struct run);
}

struct run *runs_at(const struct runs *r, size_t i)
{
    must(i < runs_count(r));
    return (struct run *)(void *)r->list.p + i;
}

str run_text(const struct runs *r, const struct run *run)
{
    return str_slice(buf_str(&r->text), run->at, run->at + run->n);
}

static int same_link(const struct run *a, const struct run *b)
{
    return str_eq(a->link.href, b->link.href) && str_eq(a->link.title, b->link.title) &&
           (a->link.title.p == NULL) == (b->link.title.p == NULL);
}

int run_same_marks(const struct run *a, const struct run *b)
{
    return a->marks == b->marks && (!(a->marks & MARK_LINK) || same_link(a, b));
}

/* Appends to a list, joined with the run before where that is possible. */
static void push(struct buf *list, const struct run *run)
{
    struct run *last = list->n ? (struct run *)(void *)(list->p + list->n) - 1 : NULL;

    if (!run->is_break && run->n == 0)
        return;
    if (last && !last->is_break && !run->is_break && run_same_marks(last, run) &&
        last->at + last->n == run->at)
        last->n += run->n;
    else
        buf_add_bytes(list, run, sizeof(*run));
}

static void add_piece(struct runs *r, unsigned marks, const struct adf_link *link, str text)
{
    struct run run = {.marks = marks, .at = r->text.n, .n = text.n};

    if (link && (marks & MARK_LINK))
        run.link = *link;
    buf_add(&r->text, text);
    if (buf_ok(&r->text))
        push(&r->list, &run);
}

void runs_add_break(struct runs *r)
{
    struct run run = {.is_break = 1, .at = r->text.n};

    push(&r->list, &run);
}

static size_t line_length(str text)
{
    size_t n = 0;

    while (n < text.n && text.p[n] != '\n' && text.p[n] != '\r')
        n++;
    return n;
}

void runs_add(struct runs *r, unsigned marks, const struct adf_link *link, str text)
{
    if (marks & MARK_CODE)
        marks &= ~(unsigned)MARK_FLANKING;
    while (text.n > 0) {
        size_t n = line_length(text);

        add_piece(r, marks, link, str_slice(text, 0, n));
        if (n == text.n)
            return;
        if (marks & MARK_CODE)
            add_piece(r, marks, link, STR(" "));
        else
            runs_add_break(r);
        n += str_starts(str_slice(text, n, text.n), STR("\r\n")) ? 2 : 1;
        text = str_slice(text, n, text.n);
    }
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static size_t blanks_before(str text)
{
    size_t n = 0;

    while (n < text.n && is_blank(text.p[n]))
        n++;
    return n;
}

static size_t blanks_behind(str text)
{
    size_t n = 0;

    while (n < text.n && is_blank(text.p[text.n - 1 - n]))
        n++;
    return n;
}

/* Takes the blanks off one side of a run; 1 when nothing but code or text is left at that side. */
static int trim_side(const struct runs *r, struct run *run, int front)
{
    size_t blanks;

    if (run->marks & MARK_CODE)
        return 1;
    blanks = front ? blanks_before(run_text(r, run)) : blanks_behind(run_text(r, run));
    run->n -= blanks;
    run->at += front ? blanks : 0;
    return run->n > 0;
}

static void trim(struct runs *r)
{
    size_t count = runs_count(r);
    int edge = 1;

    for (size_t i = 0; i < count; i++) {
        struct run *run = runs_at(r, i);
        if (run->is_break)
            edge = 1;
        else if (edge)
            edge = !trim_side(r, run, 1);
    }
    edge = 1;
    for (size_t i = count; i-- > 0;) {
        struct run *run = runs_at(r, i);
        if (run->is_break)
            edge = 1;
        else if (edge)
            edge = !trim_side(r, run, 0);
    }
}

/* Without empty runs and without breaks at the edges, neighbours joined. */
static void rebuild(struct runs *r, struct buf *list)
{
    const struct run *first = (const struct run *)(const void *)list->p;
    size_t count = list->n / sizeof(*first), from = 0;

    while (count > 0 && (first[count - 1].is_break || first[count - 1].n == 0))
        count--;
    while (from < count && (first[from].is_break || first[from].n == 0))
        from++;
    buf_clear(&r->list);
    for (; from < count; from++)
        push(&r->list, &first[from]);
}

static unsigned flanking_at(const struct runs *r, size_t i)
{
    return i < runs_count(r) ? runs_at(r, i)->marks & MARK_FLANKING : 0;
}

/* The run in up to three: blanks in front, text, blanks behind. The blanks keep only those of
 * strong, em and strike that their neighbour has as well. */
static void split_run(const struct runs *r, size_t i, struct buf *list)
{
    struct run run = *runs_at(r, i), part;
    unsigned before = i > 0 ? flanking_at(r, i - 1) : 0, behind = flanking_at(r, i + 1);
    str text = run_text(r, &run);
    size_t front = blanks_before(text), back = front < text.n ? blanks_behind(text) : 0;
    unsigned all = ~(unsigned)MARK_FLANKING;

    if (run.is_break || !(run.marks & MARK_FLANKING)) {
        push(list, &run);
        return;
    }
    part = run;
    part.n = front;
    part.marks &= all | (front == text.n ? before & behind : before);
    push(list, &part);
    part = run;
    part.at += front;
    part.n = text.n - front - back;
    push(list, &part);
    part = run;
    part.at += text.n - back;
    part.n = back;
    part.marks &= all | behind;
    push(list, &part);
}

static void mark_breaks(struct runs *r)
{
    for (size_t i = 0; i < runs_count(r); i++) {
        struct run *run = runs_at(r, i);
        const struct run *before, *behind;
        size_t next = i + 1;

        if (!run->is_break)
            continue;
        while (runs_at(r, next)->is_break) /* the last run is none */
            next++;
        before = runs_at(r, i - 1);
        behind = runs_at(r, next);
        run->marks = before->marks & behind->marks & ~(unsigned)MARK_CODE;
        run->link = before->link;
        if ((run->marks & MARK_LINK) && !same_link(before, behind))
            run->marks &= ~(unsigned)MARK_LINK;
    }
}

static int same_list(const struct buf *a, const struct buf *b)
{
    return a->n == b->n && (a->n == 0 || memcmp(a->p, b->p, a->n) == 0);
}

void runs_normalise(struct runs *r)
{
    struct buf list BUF_AUTO;

    buf_init(&list, LIST_MAX);
    for (int round = 0; round < NORMALISE_ROUNDS && runs_ok(r); round++) {
        trim(r);
        buf_clear(&list);
        for (size_t i = 0; i < runs_count(r); i++)
            split_run(r, i, &list);
        if (round > 0 && same_list(&list, &r->list))
            break;
        rebuild(r, &list);
    }
    if (runs_ok(r))
        mark_breaks(r);
}
