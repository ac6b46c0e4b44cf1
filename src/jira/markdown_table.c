/* Tables of Markdown as nodes (markdown_int.h). In a quote or an item, where Jira allows none, a
 * row is a paragraph.
 */
#include "base/check.h"
#include "base/doc.h"
#include "jira/adf.h"
#include "jira/markdown_int.h"

void markdown_enter_table(struct reader *r)
{
    int flat = markdown_top(r)->kind != FRAME_DOC;

    r->row_line = NULL;
    if (!flat)
        markdown_push_frame(r, FRAME_TABLE, "table");
    markdown_push_level(r, FRAME_TABLE, flat);
}

/* A first row of empty headings is how Markdown writes a table without any. */
void markdown_leave_table(struct reader *r)
{
    const struct frame *table;
    const json_t *first;

    if (!markdown_pop_level(r))
        return;
    table = &r->frames[--r->depth];
    first = json_array_get(table->content, 0);
    if (json_array_size(table->content) < 2)
        return;
    for (size_t i = 0; i < json_array_size(adf_content(first)); i++)
        if (json_array_size(adf_content(adf_child(adf_child(first, i), 0))) > 0)
            return;
    must(json_array_remove(table->content, 0) == 0);
}

void markdown_enter_row(struct reader *r)
{
    int flat = markdown_top(r)->kind != FRAME_TABLE;

    r->seen = NULL;
    r->cells = 0;
    if (!flat)
        markdown_push_frame(r, FRAME_ROW, "tableRow");
    markdown_push_level(r, FRAME_ROW, flat);
    if (flat)
        markdown_begin_paragraph(r);
}

void markdown_enter_cell(struct reader *r, int heading)
{
    r->cells++;
    if (markdown_top(r)->kind == FRAME_ROW) {
        markdown_push_frame(r, FRAME_CELL, heading ? "tableHeader" : "tableCell");
        markdown_begin_leaf(r, LEAF_CELL);
        return;
    }
    r->base = 0;
    if (r->cells > 1)
        runs_add(&r->runs, 0, NULL, STR(" | "));
    r->base = heading ? MARK_STRONG : 0;
}

void markdown_leave_cell(struct reader *r)
{
    if (markdown_top(r)->kind != FRAME_CELL)
        return;
    markdown_end_leaf(r);
    r->depth--;
}

static const char *line_end(const struct reader *r, const char *p)
{
    const char *end = r->input.p + r->input.n;

    while (p < end && *p != '\n' && *p != '\r')
        p++;
    return p;
}

static const char *next_line(const struct reader *r, const char *p)
{
    const char *end = r->input.p + r->input.n;

    p = line_end(r, p);
    p += p + 1 < end && p[0] == '\r' && p[1] == '\n';
    return p < end ? p + 1 : end;
}

/* Follows the rows line by line, for those that hold no text by which to find them. */
static void note_row(struct reader *r)
{
    const char *line = r->seen;

    if (line) {
        while (line > r->input.p && line[-1] != '\n' && line[-1] != '\r')
            line--;
        r->row_line = line;
    } else if (r->row_line) {
        r->row_line = next_line(r, r->row_line);
    }
}

/* Behind the next so many cell borders, or NULL. */
static const char *skip_borders(const char *p, const char *end, size_t borders)
{
    for (; p < end && borders > 0; p++) {
        if (*p == '\\')
            p++;
        else if (*p == '|')
            borders--;
    }
    return borders == 0 && p <= end ? p : NULL;
}

/* md4c, like GitHub, drops cells beyond the heading's: their source is kept as text. */
static str surplus(struct reader *r)
{
    const char *from = r->seen, *end;
    size_t borders = r->cells - r->seen_cell;
    str rest;

    if (!from && !r->row_line)
        return STR("");
    if (!from) { /* empty cells: the first border is in front of them */
        from = r->row_line;
        borders = r->cells + 1;
    }
    end = line_end(r, from);
    from = skip_borders(from, end, borders);
    rest = from ? str_trim((str){from, (size_t)(end - from)}) : STR("");
    while (str_ends(rest, STR("|")))
        rest = str_trim(str_slice(rest, 0, rest.n - 1));
    return rest;
}

/* The line of dashes is no row. */
void markdown_leave_headings(struct reader *r)
{
    if (r->row_line)
        r->row_line = next_line(r, r->row_line);
}

static void add_surplus(struct reader *r, json_t *cell)
{
    json_t *paragraph = json_array_get(doc_get(cell, "content"), 0);
    str rest = surplus(r);

    if (rest.n == 0 || !markdown_count(r, 0, rest.n))
        return;
    markdown_begin_leaf(r, LEAF_CELL);
    for (size_t i = 0; i < json_array_size(adf_content(paragraph)); i++)
        adf_add_inline(&r->runs, adf_child(paragraph, i));
    runs_add(&r->runs, 0, NULL, STR(" | "));
    runs_add(&r->runs, 0, NULL, rest);
    runs_normalise(&r->runs);
    r->leaf = LEAF_NONE;
    markdown_count_runs(r);
    must(json_object_set_new(paragraph, "content", adf_runs_json(&r->runs)) == 0);
}

void markdown_leave_row(struct reader *r)
{
    note_row(r);
    if (markdown_pop_level(r)) {
        const json_t *row = r->frames[--r->depth].node;
        add_surplus(r, json_array_get(adf_content(row), json_array_size(adf_content(row)) - 1));
        return;
    }
    r->base = 0;
    if (surplus(r).n > 0) {
        runs_add(&r->runs, 0, NULL, STR(" | "));
        runs_add(&r->runs, 0, NULL, surplus(r));
    }
    markdown_end_leaf(r);
}
