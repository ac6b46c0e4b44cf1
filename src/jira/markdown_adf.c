/* Markdown to ADF (adf.h): md4c's blocks as ADF's nodes. Where Jira does not allow a block (a quote
 * in a quote, a heading in a list) it becomes paragraphs that say the same. Spans and texts are
 * markdown_inline.c's.
 */
#include "base/check.h"
#include "base/doc.h"
#include "jira/adf.h"
#include "jira/markdown_int.h"

#define FLAT 0x80 /* a level without a frame */
#define LEVELS_MAX ADF_INPUT_MAX
#define QUOTED_MAX 16 /* "> " in front of a paragraph */

static json_t *new_node(struct reader *r, const char *type)
{
    json_t *node = json_pack("{s:s}", "type", type);

    must(node);
    (void)markdown_count(r, 1, 0);
    return node;
}

static json_t *add_content(json_t *node)
{
    json_t *content = json_array();

    must(content && json_object_set_new(node, "content", content) == 0);
    return content;
}

static void set_attrs(json_t *node, json_t *attrs)
{
    must(attrs && json_object_set_new(node, "attrs", attrs) == 0);
}

static void append(json_t *content, json_t *node)
{
    must(json_array_append_new(content, node) == 0);
}

static struct frame *top(struct reader *r)
{
    return &r->frames[r->depth - 1];
}

/* A node inside the top frame that becomes the top frame. */
static struct frame *push_frame(struct reader *r, enum frame_kind kind, const char *type)
{
    json_t *node = new_node(r, type);
    struct frame *frame;

    append(top(r)->content, node);
    must(r->depth < FRAMES_MAX);
    frame = &r->frames[r->depth++];
    *frame = (struct frame){.kind = kind, .node = node, .content = add_content(node)};
    r->lists += kind == FRAME_LIST;
    return frame;
}

static void push_level(struct reader *r, enum frame_kind kind, int flat)
{
    buf_add_char(&r->levels, (char)(kind | (flat ? FLAT : 0)));
}

/* Takes the level away; 1 when it has a frame. */
static int pop_level(struct reader *r)
{
    unsigned char level = (unsigned char)r->levels.p[--r->levels.n];

    return !(level & FLAT);
}

static int is_flat_level(const struct reader *r)
{
    return r->levels.n > 0 && ((unsigned char)r->levels.p[r->levels.n - 1] & FLAT);
}

static void begin_leaf(struct reader *r, enum leaf_kind leaf)
{
    r->leaf = leaf;
    r->base = 0;
    r->marks = 0;
    memset(r->counts, 0, sizeof(r->counts));
    r->images = 0;
    r->links = 0;
    r->sign = 0;
    runs_clear(&r->runs);
    buf_clear(&r->code);
}

/* A quote that could not become a node shows in front of its paragraphs, as in mails. */
static void add_quote_signs(struct reader *r)
{
    size_t quotes = 0;

    while (quotes < QUOTED_MAX && quotes < r->levels.n &&
           (unsigned char)r->levels.p[r->levels.n - 1 - quotes] == (FRAME_QUOTE | FLAT))
        quotes++;
    for (; quotes > 0; quotes--)
        runs_add(&r->runs, 0, NULL, STR("> "));
}

static void begin_paragraph(struct reader *r)
{
    begin_leaf(r, LEAF_PARAGRAPH);
    add_quote_signs(r);
}

void markdown_begin_text(struct reader *r)
{
    if (r->leaf == LEAF_NONE)
        begin_paragraph(r);
}

static void count_runs(struct reader *r)
{
    for (size_t i = 0; i < runs_count(&r->runs); i++)
        (void)markdown_count(r, 1 + (size_t)__builtin_popcount(runs_at(&r->runs, i)->marks), 0);
}

static void add_inline(struct reader *r, json_t *content)
{
    json_t *list;

    count_runs(r);
    if (r->too_large)
        return;
    list = adf_runs_json(&r->runs);
    must(json_array_extend(content, list) == 0);
    json_decref(list);
}

static void add_paragraph(struct reader *r, json_t *content)
{
    json_t *node = new_node(r, "paragraph");

    add_inline(r, add_content(node));
    append(content, node);
}

static void add_heading(struct reader *r)
{
    json_t *node = new_node(r, "heading");

    set_attrs(node, json_pack("{s:i}", "level", r->level));
    add_inline(r, add_content(node));
    append(top(r)->content, node);
}

static int is_language(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= 0x20 || s.p[i] == '`' || s.p[i] == '\\' || s.p[i] == '&')
            return 0;
    return s.n > 0 && s.n <= 100;
}

static void add_code_block(struct reader *r)
{
    json_t *node = new_node(r, "codeBlock"), *text, *content;
    str code = buf_str(&r->code);

    if (is_language(r->language))
        set_attrs(node, json_pack("{s:s%}", "language", r->language.p, r->language.n));
    content = add_content(node);
    code.n -= str_ends(code, STR("\n")) ? 1 : 0;
    if (code.n > 0) {
        text = json_pack("{s:s, s:s%}", "type", "text", "text", code.p, code.n);
        must(text);
        append(content, text);
    }
    append(top(r)->content, node);
}

static void end_leaf(struct reader *r)
{
    enum leaf_kind leaf = r->leaf;

    if (leaf == LEAF_NONE)
        return;
    r->leaf = LEAF_NONE;
    runs_normalise(&r->runs);
    if (!runs_ok(&r->runs) || !buf_ok(&r->code))
        r->too_large = 1;
    else if (leaf == LEAF_CODE)
        add_code_block(r);
    else if (leaf == LEAF_CELL)
        add_paragraph(r, top(r)->content);
    else if (runs_count(&r->runs) > 0 && leaf == LEAF_HEADING)
        add_heading(r);
    else if (runs_count(&r->runs) > 0)
        add_paragraph(r, top(r)->content);
}

static void enter_quote(struct reader *r)
{
    int flat = top(r)->kind != FRAME_DOC;

    if (!flat)
        push_frame(r, FRAME_QUOTE, "blockquote");
    push_level(r, FRAME_QUOTE, flat);
}

static void leave_quote(struct reader *r)
{
    if (!pop_level(r))
        return;
    r->depth--;
    if (json_array_size(r->frames[r->depth].content) == 0)
        must(json_array_remove(top(r)->content, json_array_size(top(r)->content) - 1) == 0);
}

static void enter_list(struct reader *r, const MD_BLOCK_OL_DETAIL *ordered)
{
    int flat = r->lists >= LISTS_MAX;
    struct frame *frame;

    if (!flat) {
        frame = push_frame(r, FRAME_LIST, ordered ? "orderedList" : "bulletList");
        frame->ordered = ordered != NULL;
        if (ordered && ordered->start != 1)
            set_attrs(frame->node, json_pack("{s:i}", "order", (int)ordered->start));
    }
    push_level(r, FRAME_LIST, flat);
}

static const char *brackets(char task)
{
    return task == ' ' ? "[ ] " : "[x] ";
}

static void enter_item(struct reader *r, const MD_BLOCK_LI_DETAIL *detail)
{
    int flat = is_flat_level(r);
    struct frame *frame;

    if (!flat) {
        top(r)->items++;
        frame = push_frame(r, FRAME_ITEM, "listItem");
        frame->task = detail->is_task ? detail->task_mark : 0;
    }
    push_level(r, FRAME_ITEM, flat);
    if (flat && r->leaf == LEAF_NONE) {
        begin_paragraph(r);
        runs_add(&r->runs, 0, NULL, STR("- "));
        if (detail->is_task)
            runs_add(&r->runs, 0, NULL, str_from(brackets(detail->task_mark)));
        r->sign = r->runs.text.n;
    }
}

static int is_list(const json_t *node)
{
    return adf_is(node, "bulletList") || adf_is(node, "orderedList") || adf_is(node, "taskList");
}

/* One paragraph, and perhaps a task list of its own: what can be a task item. */
static int is_simple(const json_t *content)
{
    size_t n = json_array_size(content);

    return n > 0 && n < 3 && adf_is(json_array_get(content, 0), "paragraph") &&
           (n == 1 || adf_is(json_array_get(content, 1), "taskList"));
}

static json_t *empty_paragraph(struct reader *r)
{
    json_t *node = new_node(r, "paragraph");

    (void)add_content(node);
    return node;
}

/* What stands in the brackets is kept in the node until the list ends. */
static void leave_item(struct reader *r)
{
    const struct frame *frame;

    if (!pop_level(r))
        return;
    frame = &r->frames[--r->depth];
    if (json_array_size(frame->content) == 0 || is_list(json_array_get(frame->content, 0)))
        must(json_array_insert_new(frame->content, 0, empty_paragraph(r)) == 0);
    if (frame->task) {
        must(json_object_set_new(frame->node, "task", json_stringn(&frame->task, 1)) == 0);
        top(r)->tasks += (size_t)is_simple(frame->content);
    }
}

static json_t *local_id(struct reader *r)
{
    return json_sprintf("task-%zu", ++r->tasks);
}

static json_t *new_task_item(struct reader *r, const json_t *item)
{
    json_t *node = new_node(r, "taskItem");
    int done = !str_eq(doc_get_str(item, "task"), STR(" "));

    set_attrs(node,
              json_pack("{s:o, s:s}", "localId", local_id(r), "state", done ? "DONE" : "TODO"));
    must(json_object_set(node, "content", doc_get(adf_child(item, 0), "content")) == 0);
    return node;
}

static void make_task_list(struct reader *r, const struct frame *list)
{
    json_t *content = json_array();

    must(content);
    set_attrs(list->node, json_pack("{s:o}", "localId", local_id(r)));
    for (size_t i = 0; i < json_array_size(list->content); i++) {
        const json_t *item = json_array_get(list->content, i);
        json_t *nested = json_array_get(adf_content(item), 1);

        append(content, new_task_item(r, item));
        if (nested)
            must(json_array_append(content, nested) == 0);
    }
    must(json_object_set_new(list->node, "type", json_string("taskList")) == 0);
    must(json_object_set_new(list->node, "content", content) == 0);
}

/* The brackets in front of the paragraph's text; without the blank when there is none. */
static void prepend_text(struct reader *r, json_t *paragraph, str text)
{
    json_t *content = doc_get(paragraph, "content"), *first = json_array_get(content, 0);

    if (!first)
        text = str_trim(text);
    if (adf_is(first, "text") && !doc_get(first, "marks")) {
        str rest = doc_get_str(first, "text");
        must(json_object_set_new(first, "text",
                                 json_sprintf("%.*s%.*s", STR_ARG(text), STR_ARG(rest))) == 0);
        return;
    }
    first = new_node(r, "text");
    must(json_object_set_new(first, "text", json_stringn(text.p, text.n)) == 0);
    must(json_array_insert_new(content, 0, first) == 0);
}

static void keep_brackets(struct reader *r, json_t *item)
{
    str task = doc_get_str(item, "task");

    if (task.n == 0)
        return;
    if (!adf_is(adf_child(item, 0), "paragraph"))
        must(json_array_insert_new(doc_get(item, "content"), 0, empty_paragraph(r)) == 0);
    prepend_text(r, json_array_get(doc_get(item, "content"), 0), str_from(brackets(task.p[0])));
    must(json_object_del(item, "task") == 0);
}

/* Task lists stand in the document, in items and in task lists, but not in quotes. */
static void leave_list(struct reader *r)
{
    const struct frame *list;

    if (!pop_level(r))
        return;
    list = &r->frames[--r->depth];
    r->lists--;
    if (!list->ordered && list->tasks == list->items && top(r)->kind != FRAME_QUOTE)
        make_task_list(r, list);
    else
        for (size_t i = 0; i < json_array_size(list->content); i++)
            keep_brackets(r, json_array_get(list->content, i));
}

static void enter_heading(struct reader *r, const MD_BLOCK_H_DETAIL *detail)
{
    if (top(r)->kind == FRAME_DOC) {
        begin_leaf(r, LEAF_HEADING);
        r->level = (int)detail->level;
    } else {
        begin_paragraph(r);
        r->base = MARK_STRONG;
    }
}

static void add_rule(struct reader *r)
{
    if (top(r)->kind == FRAME_DOC) {
        append(top(r)->content, new_node(r, "rule"));
        return;
    }
    begin_paragraph(r);
    runs_add(&r->runs, 0, NULL, STR("---"));
    end_leaf(r);
}

static void enter_code(struct reader *r, const MD_BLOCK_CODE_DETAIL *detail)
{
    begin_leaf(r, LEAF_CODE);
    r->language = markdown_attribute(r, &detail->lang);
}

static void enter_table(struct reader *r)
{
    int flat = top(r)->kind != FRAME_DOC;

    if (!flat)
        push_frame(r, FRAME_TABLE, "table");
    push_level(r, FRAME_TABLE, flat);
}

/* A first row of empty headings is how Markdown writes a table without any. */
static void leave_table(struct reader *r)
{
    const struct frame *table;
    const json_t *first;

    if (!pop_level(r))
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

static void enter_row(struct reader *r)
{
    int flat = top(r)->kind != FRAME_TABLE;

    r->seen = NULL;
    r->cells = 0;
    if (!flat)
        push_frame(r, FRAME_ROW, "tableRow");
    push_level(r, FRAME_ROW, flat);
    if (flat)
        begin_paragraph(r);
}

static void enter_cell(struct reader *r, int heading)
{
    r->cells++;
    if (top(r)->kind == FRAME_ROW) {
        push_frame(r, FRAME_CELL, heading ? "tableHeader" : "tableCell");
        begin_leaf(r, LEAF_CELL);
        return;
    }
    r->base = 0;
    if (r->cells > 1)
        runs_add(&r->runs, 0, NULL, STR(" | "));
    r->base = heading ? MARK_STRONG : 0;
}

static void leave_cell(struct reader *r)
{
    if (top(r)->kind != FRAME_CELL)
        return;
    end_leaf(r);
    r->depth--;
}

static const char *line_end(const struct reader *r, const char *p)
{
    const char *end = r->input.p + r->input.n;

    while (p < end && *p != '\n' && *p != '\r')
        p++;
    return p;
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
    const char *from, *end;
    str rest;

    if (!r->seen)
        return STR("");
    end = line_end(r, r->seen);
    from = skip_borders(r->seen, end, r->cells - r->seen_cell);
    rest = from ? str_trim((str){from, (size_t)(end - from)}) : STR("");
    while (str_ends(rest, STR("|")))
        rest = str_trim(str_slice(rest, 0, rest.n - 1));
    return rest;
}

static void add_surplus(struct reader *r, json_t *cell)
{
    json_t *paragraph = json_array_get(doc_get(cell, "content"), 0);
    str rest = surplus(r);

    if (rest.n == 0 || !markdown_count(r, 0, rest.n))
        return;
    begin_leaf(r, LEAF_CELL);
    for (size_t i = 0; i < json_array_size(adf_content(paragraph)); i++)
        adf_add_inline(&r->runs, adf_child(paragraph, i));
    runs_add(&r->runs, 0, NULL, STR(" | "));
    runs_add(&r->runs, 0, NULL, rest);
    runs_normalise(&r->runs);
    r->leaf = LEAF_NONE;
    count_runs(r);
    must(json_object_set_new(paragraph, "content", adf_runs_json(&r->runs)) == 0);
}

static void leave_row(struct reader *r)
{
    if (pop_level(r)) {
        const json_t *row = r->frames[--r->depth].node;
        add_surplus(r, json_array_get(adf_content(row), json_array_size(adf_content(row)) - 1));
        return;
    }
    r->base = 0;
    if (surplus(r).n > 0) {
        runs_add(&r->runs, 0, NULL, STR(" | "));
        runs_add(&r->runs, 0, NULL, surplus(r));
    }
    end_leaf(r);
}

/* An item without a frame has begun its paragraph already; the first thing in it goes on there. */
static int goes_on(const struct reader *r, MD_BLOCKTYPE type)
{
    return r->leaf == LEAF_PARAGRAPH && is_flat_level(r) && r->sign > 0 &&
           r->runs.text.n == r->sign &&
           (type == MD_BLOCK_P || type == MD_BLOCK_UL || type == MD_BLOCK_OL ||
            type == MD_BLOCK_LI);
}

static int enter_block(MD_BLOCKTYPE type, void *detail, void *reader)
{
    struct reader *r = reader;

    if (type != MD_BLOCK_TH && type != MD_BLOCK_TD && !goes_on(r, type))
        end_leaf(r);
    switch (type) {
    case MD_BLOCK_QUOTE:
        enter_quote(r);
        break;
    case MD_BLOCK_UL:
        enter_list(r, NULL);
        break;
    case MD_BLOCK_OL:
        enter_list(r, detail);
        break;
    case MD_BLOCK_LI:
        enter_item(r, detail);
        break;
    case MD_BLOCK_HR:
        add_rule(r);
        break;
    case MD_BLOCK_H:
        enter_heading(r, detail);
        break;
    case MD_BLOCK_CODE:
        enter_code(r, detail);
        break;
    case MD_BLOCK_P:
        markdown_begin_text(r);
        break;
    case MD_BLOCK_TABLE:
        enter_table(r);
        break;
    case MD_BLOCK_TR:
        enter_row(r);
        break;
    case MD_BLOCK_TH:
    case MD_BLOCK_TD:
        enter_cell(r, type == MD_BLOCK_TH);
        break;
    case MD_BLOCK_DOC:
    case MD_BLOCK_HTML:
    case MD_BLOCK_THEAD:
    case MD_BLOCK_TBODY:
        break;
    }
    return r->too_large || !buf_ok(&r->levels);
}

static int leave_block(MD_BLOCKTYPE type, void *detail, void *reader)
{
    struct reader *r = reader;

    (void)detail;
    if (type == MD_BLOCK_TH || type == MD_BLOCK_TD)
        leave_cell(r);
    else if (type == MD_BLOCK_TR)
        leave_row(r);
    else
        end_leaf(r);
    if (type == MD_BLOCK_QUOTE)
        leave_quote(r);
    else if (type == MD_BLOCK_UL || type == MD_BLOCK_OL)
        leave_list(r);
    else if (type == MD_BLOCK_LI)
        leave_item(r);
    else if (type == MD_BLOCK_TABLE)
        leave_table(r);
    return r->too_large;
}

static void reader_init(struct reader *r, struct arena *a, str input)
{
    *r = (struct reader){.a = a, .input = input, .depth = 1};
    r->doc = json_pack("{s:s, s:i, s:[]}", "type", "doc", "version", 1, "content");
    must(r->doc);
    r->frames[0] = (struct frame){
        .kind = FRAME_DOC, .node = r->doc, .content = json_object_get(r->doc, "content")};
    buf_init(&r->levels, LEVELS_MAX);
    buf_init(&r->code, ADF_OUTPUT_MAX);
    runs_init(&r->runs);
}

static void reader_done(struct reader *r)
{
    buf_done(&r->levels);
    buf_done(&r->code);
    runs_done(&r->runs);
}

enum err jira_adf_from_markdown(struct arena *a, struct fault *f, str markdown, json_t **ret)
{
    MD_PARSER parser = {
        .flags = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS | MD_FLAG_NOHTMLBLOCKS,
        .enter_block = enter_block,
        .leave_block = leave_block,
        .enter_span = markdown_enter_span,
        .leave_span = markdown_leave_span,
        .text = markdown_text,
    };
    struct reader r;
    int failed;

    if (markdown.n > ADF_INPUT_MAX)
        return fail(f, ERR_TOO_LARGE, "The text is longer than 1 MB.");
    if (!str_is_utf8(markdown))
        return fail(f, ERR_MALFORMED, "The text is not valid UTF-8.");
    reader_init(&r, a, markdown);
    (void)doc_keep(a, r.doc);
    failed = md_parse(markdown.n ? markdown.p : "", (MD_SIZE)markdown.n, &parser, &r) != 0;
    reader_done(&r);
    if (failed)
        return fail(f, ERR_TOO_LARGE, "The text has too many parts to be sent to Jira.");
    *ret = r.doc;
    return ERR_OK;
}
