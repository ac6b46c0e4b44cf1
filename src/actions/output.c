/* See the header. */
#include "actions/output.h"

#include <math.h>
#include <stdlib.h>

#include "actions/mask.h"
#include "base/check.h"
#include "base/doc.h"

static const char *const TYPES[] = {"table", "key_value", "bar", "text", "raw"};
#define CELL_PRINT_MAX ((size_t)64 * 1024)
#define SCRATCH_MAX ((size_t)256 << 20)
#define TYPES_COUNT (sizeof(TYPES) / sizeof(TYPES[0]))

/* --- checking --------------------------------------------------------------------------------- */

struct checking {
    struct slips *slips;
    const struct names *names;
    const struct place_filter *filters;
    size_t index;
};

static const char *field(const struct checking *c, const char *member)
{
    return slips_field(c->slips, "outputs", c->index, member);
}

static void check_template(const struct checking *c, const char *member, const json_t *value,
                           int in_list, int needed)
{
    struct names names = *c->names;
    struct fault f = {.code = ERR_OK};

    names.in_list = in_list;
    if (!value || json_is_null(value)) {
        if (needed)
            slips_add(c->slips, field(c, member), "Please fill this in.");
    } else if (!json_is_string(value)) {
        slips_add(c->slips, field(c, member), "This has to be a text with a template.");
    } else if (fill_check_document(&f, value, c->filters, names_check, &names)) {
        slips_add_fault(c->slips, field(c, member), &f);
    }
}

static void check_cells(const struct checking *c, const json_t *list, const char *member,
                        int in_list)
{
    json_t *cell;
    size_t i;

    if (!json_is_array(list) || json_array_size(list) == 0 ||
        json_array_size(list) > OUTPUT_COLUMNS_MAX) {
        slips_add(c->slips, field(c, member), "Give 1 to %d of them.", OUTPUT_COLUMNS_MAX);
        return;
    }
    json_array_foreach ((json_t *)(uintptr_t)list, i, cell) {
        if (!json_is_string(doc_get(cell, "label")))
            slips_add(c->slips, field(c, member), "Each has a label.");
        check_template(c, member, doc_get(cell, "value"), in_list, 1);
        check_template(c, member, doc_get(cell, "link"), in_list, 0);
    }
}

static void check_raw(const struct checking *c, const json_t *output)
{
    str step = doc_get_str(output, "step");

    if (!json_object_getn(c->names->requests, step.p ? step.p : "", step.n))
        slips_add(c->slips, field(c, "step"), "There is no step \"%.*s\".",
                  STR_ARG(str_utf8_cut(step, 60)));
}

static void check_members(const struct checking *c, const json_t *output, str type)
{
    static const char *const MEMBERS[TYPES_COUNT][4] = {
        {"rows", "columns"}, {"pairs"}, {"rows", "label", "value"}, {"text"}, {"step"}};
    size_t t = 0;
    const char *name;
    json_t *value;

    while (t < TYPES_COUNT && !str_eq(type, str_from(TYPES[t])))
        t++;
    json_object_foreach ((json_t *)(uintptr_t)output, name, value) {
        int known = strcmp(name, "type") == 0 || strcmp(name, "title") == 0;
        for (size_t i = 0; t < TYPES_COUNT && i < 4 && MEMBERS[t][i]; i++)
            known |= strcmp(name, MEMBERS[t][i]) == 0;
        if (!known)
            slips_add(c->slips, field(c, NULL), "Such an output has no \"%.60s\".", name);
    }
}

static void check_one(const struct checking *c, const json_t *output)
{
    str type = doc_get_str(output, "type");

    check_members(c, output, type);
    if (str_eq(type, STR("table"))) {
        check_template(c, "rows", doc_get(output, "rows"), 0, 1);
        check_cells(c, doc_get(output, "columns"), "columns", 1);
    } else if (str_eq(type, STR("key_value"))) {
        check_cells(c, doc_get(output, "pairs"), "pairs", 0);
    } else if (str_eq(type, STR("bar"))) {
        check_template(c, "rows", doc_get(output, "rows"), 0, 1);
        check_template(c, "label", doc_get(output, "label"), 1, 1);
        check_template(c, "value", doc_get(output, "value"), 1, 1);
    } else if (str_eq(type, STR("text"))) {
        check_template(c, "text", doc_get(output, "text"), 0, 1);
    } else if (str_eq(type, STR("raw"))) {
        check_raw(c, output);
    } else {
        slips_add(c->slips, field(c, "type"), "Choose table, key_value, bar, text or raw.");
    }
}

void outputs_check(struct slips *s, const json_t *outputs, const struct names *names,
                   const struct place_filter *filters)
{
    struct checking c = {s, names, filters, 0};
    json_t *output;

    if (!json_is_array(outputs) || json_array_size(outputs) > OUTPUTS_MAX) {
        slips_add(s, "outputs", "Give a list of %d outputs at most.", OUTPUTS_MAX);
        return;
    }
    json_array_foreach ((json_t *)(uintptr_t)outputs, c.index, output) {
        if (json_is_object(output))
            check_one(&c, output);
        else
            slips_add(s, field(&c, NULL), "An output is an object.");
    }
}

/* --- showing ---------------------------------------------------------------------------------- */

struct showing {
    struct arena *arena;
    struct arena *scratch; /* of one cell: a value may be large of which little is shown */
    json_t *values;        /* of scope, with item and index */
    struct fill_scope scope;
    size_t left; /* of OUTPUTS_SIZE_MAX */
};

/* A link that a browser may follow: http(s), or nothing. */
static str safe_link(str link)
{
    if ((str_starts(link, STR("https://")) || str_starts(link, STR("http://"))) &&
        !str_has_control(link))
        return link;
    return (str){NULL, 0};
}

/* What names nothing is empty: a column is often there for some rows only. */
static str cell_text(struct showing *s, const char *template, size_t max)
{
    struct fill_scope narrow = s->scope;
    str text = {NULL, 0};

    arena_clear(s->scratch);
    narrow.print_max = CELL_PRINT_MAX;
    if (!template || fill_text(s->scratch, NULL, str_from(template), &narrow, FILL_TEXT, &text))
        return STR("");
    text = arena_str(s->arena, str_utf8_cut(text, max));
    s->left -= text.n < s->left ? text.n : s->left;
    return text;
}

static json_t *cell(struct showing *s, const json_t *declared)
{
    json_t *doc = doc_object(s->arena);

    doc_set_str(doc, "label", doc_get_str(declared, "label"));
    doc_set_str(doc, "text",
                cell_text(s, json_string_value(doc_get(declared, "value")), OUTPUT_CELL_MAX));
    doc_set_str(
        doc, "link",
        safe_link(cell_text(s, json_string_value(doc_get(declared, "link")), OUTPUT_CELL_MAX)));
    s->left -= s->left > 64 ? 64 : s->left; /* what stands around it */
    return doc;
}

static json_t *cells(struct showing *s, const json_t *declared)
{
    json_t *list = doc_array(s->arena), *one;
    size_t i;

    json_array_foreach ((json_t *)(uintptr_t)declared, i, one) {
        doc_append(list, cell(s, one));
    }
    return list;
}

static void problem(json_t *shown, struct fault *f)
{
    doc_set_cstring(shown, "problem", fault_text(f));
}

/* The list that rows names; NULL: none, and why is said. */
static const json_t *rows_of(struct showing *s, const json_t *output, json_t *shown)
{
    struct fault f = {.code = ERR_OK};
    json_t *list = NULL;

    if (fill_value(s->arena, &f, doc_get_str(output, "rows"), &s->scope, &list) == ERR_OK &&
        !json_is_array(list) && !json_is_null(list))
        (void)fail(&f, ERR_INVALID, "\"%.*s\" is no list.",
                   STR_ARG(str_utf8_cut(doc_get_str(output, "rows"), 120)));
    if (f.code) {
        problem(shown, &f);
        return NULL;
    }
    doc_set_int(shown, "total", (int64_t)json_array_size(list));
    doc_set_bool(shown, "cut", json_array_size(list) > OUTPUT_ROWS_MAX);
    return list;
}

static int is_next(struct showing *s, const json_t *list, size_t i, json_t *shown)
{
    if (i >= json_array_size(list) || i >= OUTPUT_ROWS_MAX)
        return 0;
    if (s->left == 0) {
        doc_set_bool(shown, "cut", 1);
        return 0;
    }
    doc_set(s->values, "item", json_array_get(list, i));
    doc_set_int(s->values, "index", (int64_t)i);
    return 1;
}

static void show_table(struct showing *s, const json_t *output, json_t *shown)
{
    const json_t *list = rows_of(s, output, shown);
    json_t *rows = doc_get(shown, "rows"), *column;
    size_t i;

    json_array_foreach (doc_get(output, "columns"), i, column) {
        must(json_array_append_new(doc_get(shown, "columns"),
                                   json_string(json_string_value(doc_get(column, "label")))) == 0);
    }
    for (i = 0; is_next(s, list, i, shown); i++) {
        json_t *row = doc_object(s->arena);
        doc_set(row, "cells", cells(s, doc_get(output, "columns")));
        doc_append(rows, row);
    }
}

static void show_bars(struct showing *s, const json_t *output, json_t *shown)
{
    const json_t *list = rows_of(s, output, shown);
    double most = 0;

    for (size_t i = 0; is_next(s, list, i, shown); i++) {
        json_t *bar = doc_object(s->arena);
        str text = cell_text(s, json_string_value(doc_get(output, "value")), OUTPUT_CELL_MAX);
        double n = strtod(arena_cstring(s->arena, text), NULL);
        n = isfinite(n) && n > 0 ? n : 0;
        most = n > most ? n : most;
        doc_set_str(bar, "label",
                    cell_text(s, json_string_value(doc_get(output, "label")), OUTPUT_CELL_MAX));
        doc_set_str(bar, "text", text);
        must(json_object_set_new(bar, "value", json_real(n)) == 0);
        doc_append(doc_get(shown, "bars"), bar);
    }
    must(json_object_set_new(shown, "most", json_real(most > 0 ? most : 1)) == 0);
}

static void show_text(struct showing *s, const json_t *output, json_t *shown)
{
    struct fault f = {.code = ERR_OK};
    str text = {NULL, 0};

    if (fill_text(s->arena, &f, doc_get_str(output, "text"), &s->scope, FILL_TEXT, &text)) {
        problem(shown, &f);
        return;
    }
    doc_set_bool(shown, "cut", text.n > OUTPUT_TEXT_MAX);
    doc_set_str(shown, "text", str_utf8_cut(text, OUTPUT_TEXT_MAX));
}

static void show_raw(struct showing *s, const json_t *output, json_t *shown)
{
    str step = doc_get_str(output, "step"), text;
    const json_t *of_step =
        json_object_getn(doc_get(s->values, "request"), step.p ? step.p : "", step.n);
    const json_t *body = doc_get(doc_get(of_step, "response"), "body");

    if (!body) {
        doc_set_cstring(shown, "problem", "This step was not answered.");
        return;
    }
    text = mask_body(s->arena, doc_print(s->arena, body));
    (void)doc_pretty(s->arena, text, 4 * OUTPUT_TEXT_MAX, &text);
    doc_set_bool(shown, "cut", text.n > OUTPUT_TEXT_MAX);
    doc_set_str(shown, "text", str_utf8_cut(text, OUTPUT_TEXT_MAX));
}

static json_t *blank(struct showing *s, const json_t *output)
{
    static const char *const LISTS[] = {"columns", "rows", "pairs", "bars"};
    json_t *shown = doc_object(s->arena), *is = doc_object(s->arena);
    str type = doc_get_str(output, "type");

    doc_set_str(shown, "type", type);
    for (size_t i = 0; i < TYPES_COUNT; i++)
        doc_set_bool(is, TYPES[i], str_eq(type, str_from(TYPES[i])));
    doc_set(shown, "is", is);
    doc_set_str(shown, "title",
                doc_get_str(output, "title").n ? doc_get_str(output, "title") : (str){NULL, 0});
    for (size_t i = 0; i < sizeof(LISTS) / sizeof(LISTS[0]); i++)
        doc_set(shown, LISTS[i], doc_array(s->arena));
    doc_set_null(shown, "problem");
    doc_set_null(shown, "text");
    doc_set_int(shown, "total", 0);
    doc_set_int(shown, "most", 1);
    doc_set_bool(shown, "cut", 0);
    return shown;
}

static json_t *show(struct showing *s, const json_t *output)
{
    json_t *shown = blank(s, output);
    str type = doc_get_str(output, "type");

    if (str_eq(type, STR("table")))
        show_table(s, output, shown);
    else if (str_eq(type, STR("key_value")))
        doc_set(shown, "pairs", cells(s, doc_get(output, "pairs")));
    else if (str_eq(type, STR("bar")))
        show_bars(s, output, shown);
    else if (str_eq(type, STR("text")))
        show_text(s, output, shown);
    else
        show_raw(s, output, shown);
    return shown;
}

json_t *outputs_show(struct arena *a, const json_t *outputs, const struct fill_scope *scope)
{
    json_t *values = doc_keep(a, json_copy((json_t *)(uintptr_t)scope->values));
    struct showing s = {a,
                        arena_new(SCRATCH_MAX),
                        values,
                        {.values = values, .filters = scope->filters},
                        OUTPUTS_SIZE_MAX};
    json_t *list = doc_array(a), *output;
    size_t i;

    json_array_foreach ((json_t *)(uintptr_t)outputs, i, output) {
        doc_append(list, show(&s, output));
    }
    arena_free(s.scratch);
    return list;
}
