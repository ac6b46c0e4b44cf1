/* Tables of ADF as Markdown (adf_write_int.h): a row is a line, so that blocks in a cell become
 * lines with "<br>" between them.
 */
#include "jira/adf_write_int.h"

#define SPAN_MAX 64 /* columns of one cell */

static int64_t columns_of(const json_t *cell)
{
    int64_t span = adf_attr_int(cell, "colspan", 1);

    return span < 1 ? 1 : span > SPAN_MAX ? SPAN_MAX : span;
}

static size_t width_of(const json_t *row)
{
    size_t width = 0;

    for (size_t i = 0; i < json_array_size(adf_content(row)); i++)
        width += (size_t)columns_of(adf_child(row, i));
    return width == 0 && adf_is_stray_leaf(row) ? 1 : width;
}

static void write_cell(struct output *o, const json_t *cell)
{
    runs_clear(&o->runs);
    adf_add_all(&o->runs, cell, 0);
    buf_add_char(&o->b, ' ');
    adf_write_runs(o, INLINE_CELL);
    buf_add_cstring(&o->b, runs_count(&o->runs) ? " |" : "|");
}

/* row: NULL for one of empty cells. */
static void write_row(struct output *o, const json_t *row, size_t width)
{
    size_t done = 0;

    buf_add_char(&o->b, '|');
    if (row && adf_is_stray_leaf(row)) {
        write_cell(o, row);
        done = 1;
    }
    for (size_t i = 0; i < json_array_size(adf_content(row)); i++) {
        const json_t *cell = adf_child(row, i);

        write_cell(o, cell);
        done += (size_t)columns_of(cell);
        for (int64_t k = 1; k < columns_of(cell); k++)
            buf_add_cstring(&o->b, " |");
    }
    for (; done < width && buf_ok(&o->b); done++)
        buf_add_cstring(&o->b, " |");
}

static int is_heading_row(const json_t *row)
{
    for (size_t i = 0; i < json_array_size(adf_content(row)); i++)
        if (!adf_is(adf_child(row, i), "tableHeader"))
            return 0;
    return json_array_size(adf_content(row)) > 0;
}

/* A table without a row of headings gets an empty one, as Markdown demands. */
void adf_write_table(struct output *o, const json_t *table, struct before *before)
{
    size_t count = json_array_size(adf_content(table)), width = 0;
    int headed = is_heading_row(adf_child(table, 0));

    for (size_t i = 0; i < count; i++)
        if (width_of(adf_child(table, i)) > width)
            width = width_of(adf_child(table, i));
    if (width == 0)
        return;
    adf_begin_block(o, before, 0);
    write_row(o, headed ? adf_child(table, 0) : NULL, width);
    adf_next_line(o);
    buf_add_char(&o->b, '|');
    for (size_t i = 0; i < width; i++)
        buf_add_cstring(&o->b, " --- |");
    for (size_t i = headed ? 1 : 0; i < count && buf_ok(&o->b); i++) {
        adf_next_line(o);
        write_row(o, adf_child(table, i), width);
    }
}
