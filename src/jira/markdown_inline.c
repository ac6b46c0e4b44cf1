/* Spans and texts of Markdown as runs (markdown_int.h). Entities are markdown_entity.c's, bare
 * addresses markdown_url.c's, blocks markdown_adf.c's.
 */

#include "base/check.h"
#include "jira/adf.h"
#include "jira/markdown_int.h"

int markdown_count(struct reader *r, size_t nodes, size_t bytes)
{
    r->nodes += nodes;
    r->bytes += bytes;
    if (r->nodes > ADF_NODES_MAX || r->bytes > ADF_OUTPUT_MAX)
        r->too_large = 1;
    return !r->too_large;
}

str markdown_attribute(struct reader *r, const MD_ATTRIBUTE *attribute)
{
    struct buf b BUF_AUTO;
    size_t size = attribute->size;

    buf_init(&b, ADF_OUTPUT_MAX);
    if (!attribute->text)
        return (str){NULL, 0};
    if (!markdown_count(r, 0, size))
        return STR("");
    for (size_t i = 0; attribute->substr_offsets[i] < size; i++) {
        size_t from = attribute->substr_offsets[i], to = attribute->substr_offsets[i + 1];
        str part = {attribute->text + from, to - from};

        if (attribute->substr_types[i] == MD_TEXT_ENTITY)
            markdown_add_entity(&b, part);
        else
            buf_add(&b, part);
    }
    for (size_t i = 0; i < b.n; i++)
        b.p[i] = b.p[i] == '\n' || b.p[i] == '\r' ? ' ' : b.p[i];
    return arena_str(r->a, b.n ? buf_str(&b) : STR(""));
}

static unsigned current_marks(const struct reader *r)
{
    return r->marks | r->base;
}

static void add_run(struct reader *r, str text)
{
    struct adf_link link = r->marks & MARK_LINK ? r->link : r->image;
    unsigned marks = current_marks(r);

    if (r->images > 0 && !r->image_is_text)
        marks |= MARK_LINK;
    if (markdown_count(r, 0, text.n))
        runs_add(&r->runs, marks, &link, text);
}

/* A picture inside a link, or one whose address cannot be a link, keeps its address as text. */
static void leave_image(struct reader *r)
{
    struct adf_link image = r->image;
    int empty = r->runs.text.n == r->image_at;

    if (r->images == 0 || --r->images > 0)
        return;
    if (empty && !(r->marks & MARK_LINK) && !r->image_is_text) {
        r->images = 1;
        add_run(r, image.href);
        r->images = 0;
    } else if ((r->marks & MARK_LINK) || r->image_is_text) {
        add_run(r, empty ? STR("(") : STR(" ("));
        add_run(r, image.href);
        add_run(r, STR(")"));
    }
    r->image = (struct adf_link){{NULL, 0}, {NULL, 0}};
}

static void enter_image(struct reader *r, const MD_SPAN_IMG_DETAIL *detail)
{
    if (r->images++ > 0)
        return;
    r->image = (struct adf_link){markdown_attribute(r, &detail->src),
                                 markdown_attribute(r, &detail->title)};
    if (r->image.title.n == 0)
        r->image.title.p = NULL;
    r->image_is_text = !adf_is_link(r->image.href);
    r->image_at = r->runs.text.n;
}

/* The outer one of links inside each other holds. */
static void enter_link(struct reader *r, const MD_SPAN_A_DETAIL *detail)
{
    if (r->links++ > 0)
        return;
    r->link = (struct adf_link){markdown_attribute(r, &detail->href),
                                markdown_attribute(r, &detail->title)};
    if (r->link.title.n == 0)
        r->link.title.p = NULL;
    r->link_at = r->runs.text.n;
    r->link_is_text = !adf_is_link(r->link.href);
    if (!r->link_is_text)
        r->marks |= MARK_LINK;
}

static void leave_link(struct reader *r)
{
    str text = str_slice(buf_str(&r->runs.text), r->link_at, r->runs.text.n);
    int same = str_eq(text, r->link.href), empty = text.n == 0;

    if (r->links == 0 || --r->links > 0)
        return;
    if (empty && !r->link_is_text)
        add_run(r, r->link.href);
    r->marks &= ~(unsigned)MARK_LINK;
    if (r->link_is_text && !same && r->link.href.n > 0) {
        add_run(r, empty ? STR("(") : STR(" ("));
        add_run(r, r->link.href);
        add_run(r, STR(")"));
    }
}

/* Spans of one kind nest ("*a *b* c*"). */
static void count_mark(struct reader *r, size_t i, unsigned mark, int by)
{
    if (by > 0 || r->counts[i] > 0)
        r->counts[i] += (unsigned)by;
    if (r->counts[i] > 0)
        r->marks |= mark;
    else
        r->marks &= ~mark;
}

static void change_mark(struct reader *r, MD_SPANTYPE type, int by)
{
    if (type == MD_SPAN_EM)
        count_mark(r, 0, MARK_EM, by);
    else if (type == MD_SPAN_STRONG)
        count_mark(r, 1, MARK_STRONG, by);
    else if (type == MD_SPAN_DEL)
        count_mark(r, 2, MARK_STRIKE, by);
}

int markdown_enter_span(MD_SPANTYPE type, void *detail, void *reader)
{
    struct reader *r = reader;

    markdown_begin_text(r);
    if (type == MD_SPAN_A)
        enter_link(r, detail);
    else if (type == MD_SPAN_IMG)
        enter_image(r, detail);
    else if (type == MD_SPAN_CODE)
        r->marks |= MARK_CODE;
    else
        change_mark(r, type, 1);
    return r->too_large;
}

int markdown_leave_span(MD_SPANTYPE type, void *detail, void *reader)
{
    struct reader *r = reader;

    (void)detail;
    if (type == MD_SPAN_A)
        leave_link(r);
    else if (type == MD_SPAN_IMG)
        leave_image(r);
    else if (type == MD_SPAN_CODE)
        r->marks &= ~(unsigned)MARK_CODE;
    else
        change_mark(r, type, -1);
    return r->too_large;
}

static int is_br(str html)
{
    str name = str_trim(str_slice(html, 1, html.n - 1));

    if (str_ends(name, STR("/")))
        name = str_trim(str_slice(name, 0, name.n - 1));
    return str_eq_nocase(name, STR("br"));
}

/* md4c hands code in a table on with its "\|". */
static void add_cell_code(struct reader *r, str text)
{
    while (text.n > 0) {
        size_t at = str_find(text, STR("\\|"));

        add_run(r, str_slice(text, 0, at == SIZE_MAX ? text.n : at));
        text = at == SIZE_MAX ? STR("") : str_slice(text, at + 1, text.n);
        if (text.n > 0)
            add_run(r, STR("|"));
        text = str_slice(text, 1, text.n);
    }
}

/* A newline inside of HTML is no hard break. */
static void add_html(struct reader *r, str text)
{
    if (is_br(text)) {
        runs_add_break(&r->runs);
        return;
    }
    while (text.n > 0) {
        size_t at = str_find_char(text, '\n');

        add_run(r, str_slice(text, 0, at == SIZE_MAX ? text.n : at));
        if (at == SIZE_MAX)
            return;
        add_run(r, STR(" "));
        text = str_slice(text, at + 1, text.n);
    }
}

/* A part of what was given, not a text of md4c's own. */
static int is_input(const struct reader *r, str text)
{
    uintptr_t p = (uintptr_t)text.p, first = (uintptr_t)r->input.p;

    return p >= first && p + text.n <= first + r->input.n;
}

/* Remembers how far a table's row was read: markdown_adf.c looks for cells behind it. */
static void note_place(struct reader *r, str text)
{
    if (is_input(r, text)) {
        r->seen = text.p + text.n;
        r->seen_cell = r->cells ? r->cells - 1 : 0;
    }
}

/* md4c gives the indentation of a line of code as blanks of its own, with tabs widened. The same
 * width of the line's own blanks, where they are found in front of what follows. */
static void keep_tabs(struct reader *r, const char *text)
{
    const char *first = text, *from, *line;
    size_t width = 0, column = 0, end, blanks;

    for (blanks = 0; blanks < r->code.n && r->code.p[r->code.n - 1 - blanks] == ' '; blanks++)
        continue;
    if (blanks == 0 || (blanks < r->code.n && r->code.p[r->code.n - 1 - blanks] != '\n'))
        return;
    for (line = text; line > r->input.p && line[-1] != '\n' && line[-1] != '\r'; line--)
        continue;
    while (first > line && (first[-1] == ' ' || first[-1] == '\t'))
        first--;
    for (from = line; from < text; from++)
        column = *from == '\t' ? (column | 3) + 1 : column + 1;
    end = column;
    for (from = line, column = 0; from < text; from++) {
        width = end - column;
        if (from >= first && width == blanks)
            break;
        column = *from == '\t' ? (column | 3) + 1 : column + 1;
    }
    if (from < text && width == blanks) {
        r->code.n -= blanks;
        buf_add_bytes(&r->code, from, (size_t)(text - from));
    }
}

static void add_block_code(struct reader *r, str text)
{
    if (!markdown_count(r, 0, text.n))
        return;
    if (is_input(r, text) && text.n > 0)
        keep_tabs(r, text.p);
    buf_add(&r->code, text);
}

static void add_decoded(struct reader *r, str entity)
{
    struct buf b BUF_AUTO;

    buf_init(&b, 256 + entity.n);
    markdown_add_entity(&b, entity);
    add_run(r, buf_str(&b));
}

static void add_bare_url(struct reader *r, str url)
{
    if (!markdown_count(r, 0, url.n))
        return;
    r->link = (struct adf_link){arena_str(r->a, url), {NULL, 0}};
    r->marks |= MARK_LINK;
    add_run(r, url);
    r->marks &= ~(unsigned)MARK_LINK;
}

static void add_with_urls(struct reader *r, str s)
{
    size_t done = 0;

    for (size_t i = 0; i + 3 < s.n; i++) {
        size_t begin;
        str url;

        if (s.p[i] != ':' || s.p[i + 1] != '/' || s.p[i + 2] != '/')
            continue;
        begin = markdown_url_begin(r, s, i);
        url = begin < i && begin >= done ? markdown_url_at(r, s, begin, i + 3) : STR("");
        if (url.n == 0)
            continue;
        add_run(r, str_slice(s, done, begin));
        add_bare_url(r, url);
        done = begin + url.n;
        i = done - 1;
    }
    add_run(r, str_slice(s, done, s.n));
}

/* What md4c calls a text of ours cannot reach beyond it, whatever it says. */
static str within_input(const struct reader *r, str s)
{
    uintptr_t p = (uintptr_t)s.p, first = (uintptr_t)r->input.p;

    if (p < first || p >= first + r->input.n + MARKDOWN_PADDING)
        return s;
    if (p >= first + r->input.n)
        return STR("");
    return str_slice(s, 0, first + r->input.n - p);
}

int markdown_text(MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE size, void *reader)
{
    struct reader *r = reader;
    str s = within_input(r, (str){text, size});

    if (r->leaf == LEAF_CODE) {
        add_block_code(r, s);
        return r->too_large;
    }
    markdown_begin_text(r);
    note_place(r, s);
    if (type == MD_TEXT_BR)
        runs_add_break(&r->runs);
    else if (type == MD_TEXT_SOFTBR)
        add_run(r, STR(" "));
    else if (type == MD_TEXT_ENTITY)
        add_decoded(r, s);
    else if (type == MD_TEXT_CODE && r->leaf == LEAF_CELL)
        add_cell_code(r, s);
    else if (type == MD_TEXT_HTML)
        add_html(r, s);
    else if (type == MD_TEXT_NULLCHAR)
        add_run(r, STR("\xef\xbf\xbd"));
    else if (type == MD_TEXT_NORMAL && r->links == 0 && r->images == 0 && is_input(r, s))
        add_with_urls(r, s);
    else
        add_run(r, s);
    return r->too_large || !runs_ok(&r->runs);
}
