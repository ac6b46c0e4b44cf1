/* Lists of ADF as Markdown (adf_write_int.h). */
#include <stdio.h>

#include "base/doc.h"
#include "jira/adf_write_int.h"

#define BLANKS STR("                ")

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

int adf_is_list_type(str type)
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

    return adf_is_list_type(adf_type(list)) && list_start(list) == 1 &&
           (adf_holds_inline(item)
                ? !adf_is(item, "paragraph")
                : first_block(item) == 0 && adf_is(adf_child(item, 0), "paragraph"));
}

/* The blocks of an item, behind its marker. indent: width of the marker. */
static void write_item(struct output *o, const json_t *item, size_t indent, int depth)
{
    size_t n = adf_push_prefix(o, str_slice(BLANKS, 0, indent));
    struct before before = {.in_item = 1};

    o->fresh = 1;
    if (adf_is_stray_leaf(item))
        adf_write_leaf(o, item, &before);
    else
        adf_write_blocks(o, item, depth, &before);
    o->fresh = 0;
    adf_pop_prefix(o, n);
}

/* Ends a line that holds nothing but a marker, so that a list can begin on the next. */
static void write_marker(struct output *o, str marker, const json_t *item)
{
    size_t first = first_block(item), count = json_array_size(adf_content(item));
    str type = adf_type(adf_child(item, first));

    if ((first == count && !adf_is_stray_leaf(item)) || adf_is_list_type(type) ||
        str_eq(type, STR("rule"))) {
        buf_add(&o->b, str_slice(marker, 0, marker.n - 1));
        o->closed = first == count;
        if (first < count) {
            size_t n = adf_push_prefix(o, str_slice(BLANKS, 0, marker.n));
            adf_next_line(o);
            adf_pop_prefix(o, n);
        }
        return;
    }
    buf_add(&o->b, marker);
}

void adf_write_list(struct output *o, const json_t *list, int depth, struct before *before)
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
        adf_begin_block(o, before, tight || i > 0);
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
    n = adf_push_prefix(o, STR("  "));
    o->fresh = 1;
    if (!begins_with_text(item)) { /* a block behind the brackets would be text */
        o->b.n--;
        adf_next_line(o);
    }
    if (adf_is_stray_leaf(item))
        adf_write_leaf(o, item, &before);
    else
        adf_write_blocks(o, item, depth, &before);
    if (!before.any)
        o->b.n--;
    o->fresh = 0;
    adf_pop_prefix(o, n);
}

void adf_write_tasks(struct output *o, const json_t *list, int depth, struct before *before)
{
    char sign = before->list == '-' ? '*' : '-';
    int tight = before->in_item && before->paragraph && interrupts(list);
    size_t count = json_array_size(adf_content(list)), n;

    for (size_t i = 0; i < count; i++) {
        const json_t *item = adf_child(list, i);
        struct before inner = {.any = 1, .in_item = 1};

        if (!adf_is(item, "taskList") || i == 0 || depth > ADF_DEPTH_MAX) {
            adf_begin_block(o, before, tight || i > 0);
            write_task(o, item, sign, depth + 1);
            continue;
        }
        n = adf_push_prefix(o, STR("  "));
        inner.paragraph = 1; /* no empty line between the item and its own list */
        adf_write_tasks(o, item, depth + 1, &inner);
        adf_pop_prefix(o, n);
    }
    if (count > 0)
        before->list = sign;
}
