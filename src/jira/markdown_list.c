/* Lists of Markdown as nodes (markdown_int.h): a list of nothing but tasks becomes a task list when
 * it ends; in others the brackets are text.
 */
#include "base/check.h"
#include "base/doc.h"
#include "jira/adf.h"
#include "jira/markdown_int.h"

void markdown_enter_list(struct reader *r, const MD_BLOCK_OL_DETAIL *ordered)
{
    int flat = r->lists >= LISTS_MAX;
    struct frame *frame;

    if (!flat) {
        frame = markdown_push_frame(r, FRAME_LIST, ordered ? "orderedList" : "bulletList");
        frame->ordered = ordered != NULL;
        if (ordered && ordered->start != 1)
            markdown_set_attrs(frame->node, json_pack("{s:i}", "order", (int)ordered->start));
    }
    markdown_push_level(r, FRAME_LIST, flat);
}

static const char *brackets(char task)
{
    return task == ' ' ? "[ ] " : "[x] ";
}

void markdown_enter_item(struct reader *r, const MD_BLOCK_LI_DETAIL *detail)
{
    int flat = markdown_is_flat_level(r);
    struct frame *frame;

    if (!flat) {
        markdown_top(r)->items++;
        frame = markdown_push_frame(r, FRAME_ITEM, "listItem");
        frame->task = detail->is_task ? detail->task_mark : 0;
    }
    markdown_push_level(r, FRAME_ITEM, flat);
    if (flat && r->leaf == LEAF_NONE) {
        markdown_begin_paragraph(r);
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
    json_t *node = markdown_new_node(r, "paragraph");

    (void)markdown_add_content(node);
    return node;
}

/* What stands in the brackets is kept in the node until the list ends. */
void markdown_leave_item(struct reader *r)
{
    const struct frame *frame;

    if (!markdown_pop_level(r))
        return;
    frame = &r->frames[--r->depth];
    if (json_array_size(frame->content) == 0 || is_list(json_array_get(frame->content, 0)))
        must(json_array_insert_new(frame->content, 0, empty_paragraph(r)) == 0);
    if (frame->task) {
        must(json_object_set_new(frame->node, "task", json_stringn(&frame->task, 1)) == 0);
        markdown_top(r)->tasks += (size_t)is_simple(frame->content);
    }
}

static json_t *local_id(struct reader *r)
{
    return json_sprintf("task-%zu", ++r->tasks);
}

static json_t *new_task_item(struct reader *r, const json_t *item)
{
    json_t *node = markdown_new_node(r, "taskItem");
    int done = !str_eq(doc_get_str(item, "task"), STR(" "));

    markdown_set_attrs(
        node, json_pack("{s:o, s:s}", "localId", local_id(r), "state", done ? "DONE" : "TODO"));
    must(json_object_set(node, "content", doc_get(adf_child(item, 0), "content")) == 0);
    return node;
}

static void make_task_list(struct reader *r, const struct frame *list)
{
    json_t *content = json_array();

    must(content);
    markdown_set_attrs(list->node, json_pack("{s:o}", "localId", local_id(r)));
    for (size_t i = 0; i < json_array_size(list->content); i++) {
        const json_t *item = json_array_get(list->content, i);
        json_t *nested = json_array_get(adf_content(item), 1);

        markdown_append(content, new_task_item(r, item));
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
    first = markdown_new_node(r, "text");
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
void markdown_leave_list(struct reader *r)
{
    const struct frame *list;

    if (!markdown_pop_level(r))
        return;
    list = &r->frames[--r->depth];
    r->lists--;
    if (!list->ordered && list->tasks == list->items && markdown_top(r)->kind != FRAME_QUOTE)
        make_task_list(r, list);
    else
        for (size_t i = 0; i < json_array_size(list->content); i++)
            keep_brackets(r, json_array_get(list->content, i));
}
