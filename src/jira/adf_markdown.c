/* ADF to Markdown (adf.h): blocks. What Markdown has no block for is unwrapped, with its title in
 * front; a panel becomes a quote. Lines of text are adf_inline.c's.
 */
#include <stdio.h>

#include "base/doc.h"
#include "jira/adf.h"
#include "jira/adf_int.h"

#define PREFIX_MAX 4096
#define SPAN_MAX 64 /* columns of one cell */
#define BLANKS STR("                ")

struct output {
    struct buf b;
    struct buf prefix; /* of every line: quotes and indentation */
    struct runs runs;
    int fresh;  /* the line has its prefix and nothing else */
    int closed; /* nothing can go on with the line: the end of code, or a marker alone */
};

/* What was written before, in the same container. */
struct before {
    int any;
    int paragraph; /* the last block is one */
    int in_item;   /* the container is a list's item */
    char list;     /* its marker when it is a list, or 0 */
};

static void write_blocks(struct output *o, const json_t *node, int depth, struct before *before);

static void next_line(struct output *o)
{
    buf_add_char(&o->b, '\n');
    buf_add(&o->b, buf_str(&o->prefix));
}

static void empty_line(struct output *o)
{
    str prefix = buf_str(&o->prefix);

    while (str_ends(prefix, STR(" ")))
        prefix.n--;
    buf_add_char(&o->b, '\n');
    buf_add(&o->b, prefix);
}

static int is_in_list(const struct output *o)
{
    return str_find(buf_str(&o->prefix), STR("  ")) != SIZE_MAX;
}

/* In a list md4c 0.4.8 may take an empty line behind a closed block for the end of the item: it
 * looks at the last bytes of its blocks, whatever these are. So there is none. */
static void begin_block(struct output *o, struct before *before, int tight)
{
    if (!o->fresh && (before->any || o->b.n > 0)) {
        if (!tight && !(o->closed && is_in_list(o)))
            empty_line(o);
        next_line(o);
    }
    o->fresh = 0;
    o->closed = 0;
    *before = (struct before){.any = 1, .in_item = before->in_item};
}

static size_t push_prefix(struct output *o, str s)
{
    size_t n = o->prefix.n;

    buf_add(&o->prefix, s);
    return n;
}

static void pop_prefix(struct output *o, size_t n)
{
    o->prefix.n = n;
}

static void write_runs(struct output *o, enum inline_place place)
{
    runs_normalise(&o->runs);
    adf_runs_markdown(&o->b, &o->runs, place, buf_str(&o->prefix));
}

/* The children from..to, all inline, as a paragraph; nothing when they say nothing. */
static void write_paragraph(struct output *o, const json_t *node, size_t from, size_t to,
                            struct before *before)
{
    runs_clear(&o->runs);
    for (size_t i = from; i < to; i++)
        adf_add_inline(&o->runs, adf_child(node, i));
    runs_normalise(&o->runs);
    if (runs_count(&o->runs) == 0)
        return;
    begin_block(o, before, 0);
    write_runs(o, INLINE_TEXT);
    before->paragraph = 1;
}

static void write_text(struct output *o, unsigned marks, str text, struct before *before)
{
    runs_clear(&o->runs);
    runs_add(&o->runs, marks, NULL, text);
    runs_normalise(&o->runs);
    if (runs_count(&o->runs) == 0)
        return;
    begin_block(o, before, 0);
    write_runs(o, INLINE_TEXT);
    before->paragraph = 1;
}

static void write_heading(struct output *o, const json_t *node, struct before *before)
{
    int64_t level = adf_attr_int(node, "level", 1);

    runs_clear(&o->runs);
    for (size_t i = 0; i < json_array_size(adf_content(node)); i++)
        adf_add_all(&o->runs, adf_child(node, i), 0);
    runs_normalise(&o->runs);
    if (runs_count(&o->runs) == 0)
        return;
    begin_block(o, before, 0);
    for (int64_t i = 0; i < (level < 1 ? 1 : level > 6 ? 6 : level); i++)
        buf_add_char(&o->b, '#');
    buf_add_char(&o->b, ' ');
    write_runs(o, INLINE_HEADING);
    o->closed = 1;
}

static size_t fence_length(str code)
{
    size_t longest = 2, n = 0;

    for (size_t i = 0; i < code.n; i++) {
        n = code.p[i] == '`' ? n + 1 : 0;
        longest = n > longest ? n : longest;
    }
    return longest + 1;
}

static void write_fence(struct output *o, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_add_char(&o->b, '`');
}

static int is_info(str language)
{
    for (size_t i = 0; i < language.n; i++)
        if ((unsigned char)language.p[i] <= 0x20 || strchr("`\\&", language.p[i]))
            return 0;
    return language.n <= 100;
}

static void write_code(struct output *o, const json_t *node, struct before *before)
{
    struct buf code BUF_AUTO;
    size_t fence;
    str rest;

    buf_init(&code, ADF_TEXT_MAX);
    adf_flat_text(&code, node);
    rest = buf_str(&code);
    fence = fence_length(rest);
    begin_block(o, before, 0);
    write_fence(o, fence);
    if (is_info(adf_attr(node, "language")))
        buf_add(&o->b, adf_attr(node, "language"));
    while (code.n > 0 && rest.p) {
        str line = str_take_until(&rest, '\n');
        if (line.n == 0)
            empty_line(o);
        else
            next_line(o);
        buf_add(&o->b, line);
    }
    next_line(o);
    write_fence(o, fence);
    o->closed = 1;
}

static void write_leaf(struct output *o, const json_t *node, struct before *before)
{
    runs_clear(&o->runs);
    adf_add_inline(&o->runs, node);
    runs_normalise(&o->runs);
    if (runs_count(&o->runs) == 0)
        return;
    begin_block(o, before, 0);
    write_runs(o, INLINE_TEXT);
    before->paragraph = 1;
}

/* Says nothing, and so is not written. */
static int is_silent(const json_t *node)
{
    return json_array_size(adf_content(node)) == 0 && adf_is(node, "paragraph");
}

static size_t first_block(const json_t *item)
{
    size_t i = 0;

    while (i < json_array_size(adf_content(item)) && is_silent(adf_child(item, i)))
        i++;
    return i;
}

static int is_list_type(str type)
{
    return str_eq(type, STR("bulletList")) || str_eq(type, STR("orderedList")) ||
           str_eq(type, STR("taskList")) || str_eq(type, STR("decisionList"));
}

static int64_t list_start(const json_t *list)
{
    int64_t start = adf_attr_int(list, "order", 1);

    return start < 0 || start > 999999999 ? 1 : start;
}

/* May follow a paragraph without an empty line: what CommonMark lets interrupt one. */
static int interrupts(const json_t *list)
{
    const json_t *item = adf_child(list, 0);

    return is_list_type(adf_type(list)) && list_start(list) == 1 &&
           (adf_holds_inline(item)
                ? !adf_is(item, "paragraph")
                : first_block(item) == 0 && adf_is(adf_child(item, 0), "paragraph"));
}

/* Stands where an item or a row should and holds nothing, but says something itself. */
static int is_stray_leaf(const json_t *node)
{
    static const char *const items[] = {"listItem",     "taskItem", "blockTaskItem",
                                        "decisionItem", "tableRow", "paragraph"};

    for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++)
        if (adf_is(node, items[i]))
            return 0;
    return json_array_size(adf_content(node)) == 0;
}

/* The blocks of an item, behind its marker. indent: width of the marker. */
static void write_item(struct output *o, const json_t *item, size_t indent, int depth)
{
    size_t n = push_prefix(o, str_slice(BLANKS, 0, indent));
    struct before before = {.in_item = 1};

    o->fresh = 1;
    if (is_stray_leaf(item))
        write_leaf(o, item, &before);
    else
        write_blocks(o, item, depth, &before);
    o->fresh = 0;
    pop_prefix(o, n);
}

/* Ends a line that holds nothing but a marker, so that a list can begin on the next. */
static void write_marker(struct output *o, str marker, const json_t *item)
{
    size_t first = first_block(item), count = json_array_size(adf_content(item));
    str type = adf_type(adf_child(item, first));

    if ((first == count && !is_stray_leaf(item)) || is_list_type(type) ||
        str_eq(type, STR("rule"))) {
        buf_add(&o->b, str_slice(marker, 0, marker.n - 1));
        o->closed = first == count;
        if (first < count) {
            size_t n = push_prefix(o, str_slice(BLANKS, 0, marker.n));
            next_line(o);
            pop_prefix(o, n);
        }
        return;
    }
    buf_add(&o->b, marker);
}

static void write_list(struct output *o, const json_t *list, int depth, struct before *before)
{
    int ordered = adf_is(list, "orderedList"),
        tight = before->in_item && before->paragraph && interrupts(list);
    char sign = ordered ? (before->list == '.' ? ')' : '.') : (before->list == '-' ? '*' : '-');
    int64_t number = list_start(list);
    size_t count = json_array_size(adf_content(list));

    for (size_t i = 0; i < count; i++) {
        char marker[24];

        if (ordered)
            (void)snprintf(marker, sizeof(marker), "%lld%c ",
                           (long long)(number < 999999999 ? number++ : number), sign);
        else
            (void)snprintf(marker, sizeof(marker), "%c ", sign);
        begin_block(o, before, tight || i > 0);
        write_marker(o, str_from(marker), adf_child(list, i));
        write_item(o, adf_child(list, i), strlen(marker), depth + 1);
    }
    if (count > 0)
        before->list = sign;
}

static int begins_with_text(const json_t *item)
{
    const json_t *first = adf_child(item, first_block(item));

    return !first || adf_is_inline(first) || adf_is(first, "paragraph");
}

static void write_task(struct output *o, const json_t *item, char sign, int depth)
{
    struct before before = {.in_item = 1};
    char marker[8];
    size_t n;

    (void)snprintf(marker, sizeof(marker), "%c [%c] ", sign,
                   str_eq(adf_attr(item, "state"), STR("DONE")) ? 'x' : ' ');
    buf_add_cstring(&o->b, marker);
    n = push_prefix(o, STR("  "));
    o->fresh = 1;
    if (!begins_with_text(item)) { /* a block behind the brackets would be text */
        o->b.n--;
        next_line(o);
    }
    if (is_stray_leaf(item))
        write_leaf(o, item, &before);
    else
        write_blocks(o, item, depth, &before);
    if (!before.any)
        o->b.n--;
    o->fresh = 0;
    pop_prefix(o, n);
}

static void write_tasks(struct output *o, const json_t *list, int depth, struct before *before)
{
    char sign = before->list == '-' ? '*' : '-';
    int tight = before->in_item && before->paragraph && interrupts(list);
    size_t count = json_array_size(adf_content(list)), n;

    for (size_t i = 0; i < count; i++) {
        const json_t *item = adf_child(list, i);
        struct before inner = {.any = 1, .in_item = 1};

        if (!adf_is(item, "taskList") || i == 0 || depth > ADF_DEPTH_MAX) {
            begin_block(o, before, tight || i > 0);
            write_task(o, item, sign, depth + 1);
            continue;
        }
        n = push_prefix(o, STR("  "));
        inner.paragraph = 1; /* no empty line between the item and its own list */
        write_tasks(o, item, depth + 1, &inner);
        pop_prefix(o, n);
    }
    if (count > 0)
        before->list = sign;
}

static void write_quote(struct output *o, const json_t *node, int depth, struct before *before)
{
    struct before inner = {0};
    size_t length = o->b.n, n;
    int fresh = o->fresh;

    begin_block(o, before, 0);
    buf_add(&o->b, STR("> "));
    n = push_prefix(o, STR("> "));
    o->fresh = 1;
    write_blocks(o, node, depth, &inner);
    pop_prefix(o, n);
    if (!inner.any) { /* nothing in it */
        o->b.n = length;
        o->fresh = fresh;
        return;
    }
    o->fresh = 0;
}

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
    return width == 0 && is_stray_leaf(row) ? 1 : width;
}

static void write_cell(struct output *o, const json_t *cell)
{
    runs_clear(&o->runs);
    adf_add_all(&o->runs, cell, 0);
    buf_add_char(&o->b, ' ');
    write_runs(o, INLINE_CELL);
    buf_add_cstring(&o->b, runs_count(&o->runs) ? " |" : "|");
}

/* row: NULL for one of empty cells. */
static void write_row(struct output *o, const json_t *row, size_t width)
{
    size_t done = 0;

    buf_add_char(&o->b, '|');
    if (row && is_stray_leaf(row)) {
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
static void write_table(struct output *o, const json_t *table, struct before *before)
{
    size_t count = json_array_size(adf_content(table)), width = 0;
    int headed = is_heading_row(adf_child(table, 0));

    for (size_t i = 0; i < count; i++)
        if (width_of(adf_child(table, i)) > width)
            width = width_of(adf_child(table, i));
    if (width == 0)
        return;
    begin_block(o, before, 0);
    write_row(o, headed ? adf_child(table, 0) : NULL, width);
    next_line(o);
    buf_add_char(&o->b, '|');
    for (size_t i = 0; i < width; i++)
        buf_add_cstring(&o->b, " --- |");
    for (size_t i = headed ? 1 : 0; i < count && buf_ok(&o->b); i++) {
        next_line(o);
        write_row(o, adf_child(table, i), width);
    }
}

static void write_block(struct output *o, const json_t *node, int depth, struct before *before)
{
    str type = adf_type(node);

    if (str_eq(type, STR("heading"))) {
        write_heading(o, node, before);
    } else if (str_eq(type, STR("codeBlock"))) {
        write_code(o, node, before);
    } else if (str_eq(type, STR("rule")) && !adf_child(node, 0)) {
        begin_block(o, before, 0);
        buf_add_cstring(&o->b, "---");
        o->closed = 1;
    } else if (str_eq(type, STR("taskList"))) {
        write_tasks(o, node, depth, before);
    } else if (is_list_type(type)) {
        write_list(o, node, depth, before);
    } else if (str_eq(type, STR("blockquote")) || str_eq(type, STR("panel"))) {
        write_quote(o, node, depth + 1, before);
    } else if (str_eq(type, STR("table"))) {
        write_table(o, node, before);
    } else if (json_array_size(adf_content(node)) > 0) {
        write_text(o, MARK_STRONG, adf_attr(node, "title"), before);
        write_blocks(o, node, depth + 1, before);
    } else {
        write_leaf(o, node, before);
    }
}

/* All children of a node: neighbours that are inline form a paragraph. */
static void write_blocks(struct output *o, const json_t *node, int depth, struct before *before)
{
    size_t count = json_array_size(adf_content(node)), i = 0, to;

    if (depth > ADF_DEPTH_MAX) {
        struct buf text BUF_AUTO;

        buf_init(&text, ADF_TEXT_MAX);
        adf_flat_text(&text, node);
        write_text(o, 0, buf_str(&text), before);
        return;
    }
    while (i < count && buf_ok(&o->b)) {
        for (to = i; to < count && adf_is_inline(adf_child(node, to)); to++)
            continue;
        if (to > i)
            write_paragraph(o, node, i, to, before);
        else
            write_block(o, adf_child(node, to++), depth, before);
        i = to;
    }
}

enum err jira_adf_to_markdown(struct arena *a, struct fault *f, const json_t *adf, str *ret)
{
    struct output o = {0};
    struct before before = {0};
    int ok;

    buf_init(&o.b, ADF_OUTPUT_MAX);
    buf_init(&o.prefix, PREFIX_MAX);
    runs_init(&o.runs);
    if (json_array_size(adf_content(adf)) > 0)
        write_blocks(&o, adf, 0, &before);
    else
        write_block(&o, adf, 0, &before);
    ok = buf_ok(&o.b) && buf_ok(&o.prefix) && runs_ok(&o.runs);
    if (ok)
        *ret = arena_str(a, o.b.n ? buf_str(&o.b) : STR(""));
    buf_done(&o.b);
    buf_done(&o.prefix);
    runs_done(&o.runs);
    return ok ? ERR_OK : fail(f, ERR_TOO_LARGE, "The text is too long to be shown as Markdown.");
}
