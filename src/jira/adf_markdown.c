/* ADF to Markdown (adf.h): blocks. What Markdown has no block for is unwrapped, with its title in
 * front; a panel becomes a quote. Lists are adf_list.c's, tables
 * adf_table.c's, lines of text adf_inline.c's.
 */

#include "base/doc.h"
#include "jira/adf.h"
#include "jira/adf_write_int.h"

#define PREFIX_MAX 4096

void adf_next_line(struct output *o)
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
void adf_begin_block(struct output *o, struct before *before, int tight)
{
    if (!o->fresh && (before->any || o->b.n > 0)) {
        if (!tight && !(o->closed && is_in_list(o)))
            empty_line(o);
        adf_next_line(o);
    }
    o->fresh = 0;
    o->closed = 0;
    *before = (struct before){.any = 1, .in_item = before->in_item};
}

size_t adf_push_prefix(struct output *o, str s)
{
    size_t n = o->prefix.n;

    buf_add(&o->prefix, s);
    return n;
}

void adf_pop_prefix(struct output *o, size_t n)
{
    o->prefix.n = n;
}

void adf_write_runs(struct output *o, enum inline_place place)
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
    adf_begin_block(o, before, 0);
    adf_write_runs(o, INLINE_TEXT);
    before->paragraph = 1;
}

static void write_text(struct output *o, unsigned marks, str text, struct before *before)
{
    runs_clear(&o->runs);
    runs_add(&o->runs, marks, NULL, text);
    runs_normalise(&o->runs);
    if (runs_count(&o->runs) == 0)
        return;
    adf_begin_block(o, before, 0);
    adf_write_runs(o, INLINE_TEXT);
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
    adf_begin_block(o, before, 0);
    for (int64_t i = 0; i < (level < 1 ? 1 : level > 6 ? 6 : level); i++)
        buf_add_char(&o->b, '#');
    buf_add_char(&o->b, ' ');
    adf_write_runs(o, INLINE_HEADING);
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
    adf_begin_block(o, before, 0);
    write_fence(o, fence);
    if (is_info(adf_attr(node, "language")))
        buf_add(&o->b, adf_attr(node, "language"));
    while (code.n > 0 && rest.p) {
        str line = str_take_until(&rest, '\n');
        if (line.n == 0)
            empty_line(o);
        else
            adf_next_line(o);
        buf_add(&o->b, line);
    }
    adf_next_line(o);
    write_fence(o, fence);
    o->closed = 1;
}

void adf_write_leaf(struct output *o, const json_t *node, struct before *before)
{
    runs_clear(&o->runs);
    adf_add_inline(&o->runs, node);
    runs_normalise(&o->runs);
    if (runs_count(&o->runs) == 0)
        return;
    adf_begin_block(o, before, 0);
    adf_write_runs(o, INLINE_TEXT);
    before->paragraph = 1;
}

/* Stands where an item or a row should and holds nothing, but says something itself. */
int adf_is_stray_leaf(const json_t *node)
{
    static const char *const items[] = {"listItem",     "taskItem", "blockTaskItem",
                                        "decisionItem", "tableRow", "paragraph"};

    for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++)
        if (adf_is(node, items[i]))
            return 0;
    return json_array_size(adf_content(node)) == 0;
}

static void write_quote(struct output *o, const json_t *node, int depth, struct before *before)
{
    struct before inner = {0};
    size_t length = o->b.n, n;
    int fresh = o->fresh;

    adf_begin_block(o, before, 0);
    buf_add(&o->b, STR("> "));
    n = adf_push_prefix(o, STR("> "));
    o->fresh = 1;
    adf_write_blocks(o, node, depth, &inner);
    adf_pop_prefix(o, n);
    if (!inner.any) { /* nothing in it */
        o->b.n = length;
        o->fresh = fresh;
        return;
    }
    o->fresh = 0;
}

static void write_block(struct output *o, const json_t *node, int depth, struct before *before)
{
    str type = adf_type(node);

    if (str_eq(type, STR("heading"))) {
        write_heading(o, node, before);
    } else if (str_eq(type, STR("codeBlock"))) {
        write_code(o, node, before);
    } else if (str_eq(type, STR("rule")) && !adf_child(node, 0)) {
        adf_begin_block(o, before, 0);
        buf_add_cstring(&o->b, "---");
        o->closed = 1;
    } else if (str_eq(type, STR("taskList"))) {
        adf_write_tasks(o, node, depth, before);
    } else if (adf_is_list_type(type)) {
        adf_write_list(o, node, depth, before);
    } else if (str_eq(type, STR("blockquote")) || str_eq(type, STR("panel"))) {
        write_quote(o, node, depth + 1, before);
    } else if (str_eq(type, STR("table"))) {
        adf_write_table(o, node, before);
    } else if (json_array_size(adf_content(node)) > 0) {
        write_text(o, MARK_STRONG, adf_attr(node, "title"), before);
        adf_write_blocks(o, node, depth + 1, before);
    } else {
        adf_write_leaf(o, node, before);
    }
}

/* All children of a node: neighbours that are inline form a paragraph. */
void adf_write_blocks(struct output *o, const json_t *node, int depth, struct before *before)
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
        adf_write_blocks(&o, adf, 0, &before);
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
