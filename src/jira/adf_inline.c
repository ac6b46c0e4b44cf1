/* Runs of text as Markdown (adf_int.h). Every character is escaped that would otherwise mean
 * something, and strong, em and strike are written so that CommonMark's flanking rules hold
 * whatever stands beside them: where they would not, a neighbour is written as a numeric entity,
 * which counts as punctuation. Not for blocks.
 */
#include "base/check.h"
#include "jira/adf_int.h"

/* What CommonMark sees in a character beside a delimiter. Unsure: may be punctuation. */
enum char_class { CLASS_BLANK, CLASS_PUNCT, CLASS_LETTER, CLASS_UNSURE };

/* A mark that is open, until before the run `end`. */
struct open_mark {
    unsigned mark;
    size_t end;
    const char *delimiter;
};

enum { OPEN_MAX = 5 }; /* each mark once */

struct writer {
    struct buf *b;
    const struct runs *runs;
    enum inline_place place;
    str prefix;
    size_t line; /* of the line in b */
    struct open_mark open[OPEN_MAX];
    size_t depth;
    int encode_next; /* the next character, if text, as an entity */
};

static uint32_t decode(str s, size_t *ret_n)
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

static int is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Unicode's category Zs. */
static int is_unicode_blank(uint32_t c)
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
        return c <= 0x20 || c == 0x7f       ? CLASS_BLANK
               : is_alnum((char)(uint8_t)c) ? CLASS_LETTER
                                            : CLASS_PUNCT;
    if (is_unicode_blank(c))
        return CLASS_BLANK;
    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
        if (c >= letters[i][0] && c <= letters[i][1])
            return CLASS_LETTER;
    return CLASS_UNSURE;
}

static str last_of(str s)
{
    size_t n = 1;

    while (n < s.n && ((unsigned char)s.p[s.n - n] & 0xc0) == 0x80)
        n++;
    return n <= s.n ? str_slice(s, s.n - n, s.n) : (str){NULL, 0};
}

/* The last character written, as a delimiter behind it sees it. */
static str last_char(const struct writer *w)
{
    return last_of(str_slice(buf_str(w->b), w->line, w->b->n));
}

static enum char_class class_of_str(str s)
{
    size_t n;

    return s.n > 0 ? class_of(decode(s, &n)) : CLASS_BLANK;
}

/* Of the first or last character of a run: a letter that stands alone may become an entity for the
 * sake of the delimiter at its other side. */
static enum char_class class_in(str text, str character)
{
    enum char_class class = class_of_str(character);

    return class == CLASS_LETTER && last_of(text).n == text.n ? CLASS_UNSURE : class;
}

static void add_entity(struct buf *b, uint32_t code)
{
    buf_addf(b, "&#%u;", (unsigned)code);
}

/* Writes the last character again, as an entity. */
static void encode_last(struct writer *w)
{
    str last = last_char(w);
    size_t n;
    uint32_t code = decode(last, &n);

    w->b->n -= last.n;
    add_entity(w->b, code);
}

/* Up to the text's end counts as well: the next run may go on. */
static int may_be_entity(str s, size_t i)
{
    size_t n = i + 1;

    while (n < s.n && (is_alnum(s.p[n]) || s.p[n] == '#'))
        n++;
    return n == s.n || (n > i + 1 && s.p[n] == ';');
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
                                  : class_in(run_text(w->runs, run), run_text(w->runs, run));
}

/* The class of the last character in front of run i. */
static enum char_class class_before(const struct writer *w, size_t i)
{
    const struct run *run = runs_at(w->runs, i - 1);

    if (run->is_break || run->marks & MARK_CODE)
        return CLASS_PUNCT;
    return class_in(run_text(w->runs, run), last_of(run_text(w->runs, run)));
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
    enum char_class before = class_of_str(last_char(w)), behind = class_at(w, end);

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
    enum char_class outside = class_of_str(last_char(w));
    int strict = *delimiter == '_' || inside != CLASS_LETTER;

    if (strict && outside >= CLASS_LETTER)
        encode_last(w);
    buf_add_cstring(w->b, delimiter);
    w->encode_next = inside == CLASS_BLANK;
}

static void close_delimiter(struct writer *w, const char *delimiter, enum char_class outside)
{
    enum char_class inside = class_of_str(last_char(w));

    if (inside == CLASS_BLANK)
        encode_last(w);
    buf_add_cstring(w->b, delimiter);
    w->encode_next = (*delimiter == '_' || inside != CLASS_LETTER) && outside >= CLASS_LETTER;
}

/* md4c lets delimiters in an address pair with those outside, hence "*_~". */
static int needs_target_escape(str s, size_t i)
{
    if (s.p[i] == '_')
        return i == 0 || i + 1 == s.n || !is_alnum(s.p[i - 1]) || !is_alnum(s.p[i + 1]);
    if (s.p[i] == '&')
        return may_be_entity(s, i);
    return strchr("\\<>|\"[]`*~", s.p[i]) != NULL;
}

static void add_target_text(struct buf *b, str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (needs_target_escape(s, i))
            buf_add_char(b, '\\');
        buf_add_char(b, strchr("\n\r", s.p[i]) ? ' ' : s.p[i]);
    }
}

static int is_plain_target(str href)
{
    for (size_t i = 0; i < href.n; i++)
        if (!is_alnum(href.p[i]) && !strchr("-._~:/?#@!$&'*+,;=%[]\\\"|", href.p[i]))
            return 0;
    return href.n > 0;
}

static void add_target(struct writer *w, const struct adf_link *link)
{
    int plain = is_plain_target(link->href);

    buf_add_cstring(w->b, plain ? "](" : "](<");
    add_target_text(w->b, link->href);
    buf_add_cstring(w->b, plain ? "" : ">");
    if (link->title.p) {
        buf_add_cstring(w->b, " \"");
        add_target_text(w->b, link->title);
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

static void add_text(struct writer *w, str s);

static void add_code(struct writer *w, str s)
{
    size_t ticks = count_ticks(s);

    if (ticks == 0) {
        add_text(w, s);
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
        return !(i > 1 && is_alnum(s.p[i - 1]) && i + 2 < s.n && is_alnum(next));
    case '&':
        return may_be_entity(s, i);
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
    return code < 0x20 || code == 0x7f || (first && is_unicode_blank(code));
}

static void add_text(struct writer *w, str s)
{
    size_t n;

    for (size_t i = 0; i < s.n; i += n) {
        uint32_t code = decode(str_slice(s, i, s.n), &n);

        if (w->encode_next || needs_entity(w, code)) {
            add_entity(w->b, code);
        } else {
            if (needs_escape(w, s, i))
                buf_add_char(w->b, '\\');
            buf_add(w->b, str_slice(s, i, i + n));
        }
        w->encode_next = 0;
    }
}

static void add_break(struct writer *w)
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

/* A link whose text is its address: "<https://...>". */
static int is_autolink(const struct writer *w, size_t i)
{
    const struct run *run = runs_at(w->runs, i);
    str text = run_text(w->runs, run);

    if (run->is_break || run->marks != MARK_LINK || run->link.title.p ||
        !str_eq(text, run->link.href))
        return 0;
    for (size_t k = 0; k < text.n; k++)
        if (needs_target_escape(text, k) ||
            (!is_alnum(text.p[k]) && !strchr("-._:/?#@!$&'()+,;=%", text.p[k])))
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
            add_break(&w);
        else if (autolink) {
            buf_add_char(b, '<');
            buf_add(b, run_text(r, run));
            buf_add_char(b, '>');
            w.encode_next = 0;
        } else if (marks & MARK_CODE)
            add_code(&w, run_text(r, run));
        else
            add_text(&w, run_text(r, run));
    }
    change_marks(&w, runs_count(r));
}
