/* The run history of an app: everybody's own runs, all of them for its admins; one run, while it
 * runs and afterwards; stopping it. */
#include "core/runs.h"

#include "base/buf.h"
#include "base/doc.h"
#include "core/actions.h"
#include "resources/app_doc.h"
#include "resources/csv.h"
#include "resources/routes.h"
#include "resources/run_doc.h"

static const char *const STATES[] = {"running", "successful", "partial", "stopped", "interrupted"};
static const char *const SOURCES[] = {"page", "api", "key"};
static const char *const FIELDS[] = {"action", "status", "source", "person", "from", "until"};

/* A word of a list; anything else is a field error. */
static str word_field(struct exchange *x, const char *name, const char *const *words, size_t count)
{
    str word = str_trim(exchange_text(x, name));

    for (size_t i = 0; i < count; i++) {
        if (str_eq(word, str_from(words[i])))
            return word;
    }
    if (!str_empty(word))
        exchange_field_error(x, name, "There is no such thing to choose.");
    return STR("");
}

static int64_t day_field(struct exchange *x, const char *name)
{
    str text = str_trim(exchange_text(x, name));
    int64_t ms = 0;

    if (!str_empty(text) && !clock_parse_date(text, &ms))
        exchange_field_error(x, name, "Write the date as YYYY-MM-DD.");
    return ms;
}

/* An action that is gone, or that the caller may not see, has no runs to show. */
static enum err action_field(struct exchange *x, str *ret)
{
    struct action_row row = {0};
    str wanted = str_trim(exchange_text(x, "action"));
    enum err e = str_empty(wanted) ? ERR_OK : action_find(x->work, wanted, &row);

    if (e == ERR_NOT_FOUND) {
        fault_clear(&x->fault);
        row.id = STR("-");
        e = ERR_OK;
    }
    *ret = row.id.p ? row.id : STR("");
    return e;
}

static enum err filter_of(struct exchange *x, struct run_filter *f)
{
    int64_t from = day_field(x, "from"), until = day_field(x, "until");

    *f = (struct run_filter){
        .user = str_trim(exchange_text(x, "person")),
        .status = word_field(x, "status", STATES, sizeof(STATES) / sizeof(STATES[0])),
        .source = word_field(x, "source", SOURCES, sizeof(SOURCES) / sizeof(SOURCES[0])),
        .from = from ? from - CLOCK_DAY_MS + 1 : 0, /* a date is read as its last moment */
        .until = until ? until + 1 : 0,
        .before = str_trim(exchange_text(x, "before")),
    };
    enum err e = exchange_field_problem(x);
    return e ? e : action_field(x, &f->action);
}

static json_t *chosen(struct exchange *x, const char *const *words, size_t count, str current)
{
    json_t *list = doc_array(x->arena);

    for (size_t i = 0; i < count; i++) {
        json_t *one = doc_object(x->arena);
        doc_set_cstring(one, "word", words[i]);
        doc_set_bool(one, "selected", str_eq(current, str_from(words[i])));
        doc_append(list, one);
    }
    return list;
}

static enum err add_filter(struct exchange *x, const struct run_filter *f)
{
    json_t *filter = doc_object(x->arena), *list = doc_array(x->arena);
    struct action_row *rows = NULL;
    size_t count = 0;
    int any = 0;
    enum err e = actions_list(x->work, &rows, &count);

    for (size_t i = 0; i < sizeof(FIELDS) / sizeof(FIELDS[0]); i++) {
        str value = str_trim(exchange_text(x, FIELDS[i]));
        any |= value.n > 0;
        doc_set_str(filter, FIELDS[i], value.n ? value : (str){NULL, 0});
    }
    doc_set_bool(filter, "any", any);
    doc_set_int(filter, "days", runs_days(x->work->services->settings));
    doc_set(filter, "statuses", chosen(x, STATES, sizeof(STATES) / sizeof(STATES[0]), f->status));
    doc_set(filter, "sources", chosen(x, SOURCES, sizeof(SOURCES) / sizeof(SOURCES[0]), f->source));
    for (size_t i = 0; !e && i < count; i++) {
        json_t *one = doc_object(x->arena);
        doc_set_str(one, "slug", rows[i].slug);
        doc_set_str(one, "name", rows[i].name);
        doc_set_bool(one, "selected", str_eq(rows[i].id, f->action));
        doc_append(list, one);
    }
    doc_set(filter, "actions", list);
    doc_set(exchange_doc(x), "filter", filter);
    return e;
}

enum err runs_list(struct exchange *x)
{
    json_t *list = doc_array(x->arena);
    struct run_filter f;
    struct run_row *rows = NULL;
    size_t count = 0;
    str next = {NULL, 0};
    enum err e = app_doc_fill(x, APP_TAB_ACTIONS);

    if (!e)
        e = filter_of(x, &f);
    if (!e)
        e = runs_page(x->work, &f, &rows, &count, &next);
    if (!e)
        e = add_filter(x, &f);
    if (e)
        return e;
    for (size_t i = 0; i < count; i++)
        doc_append(list, run_doc(x, &rows[i]));
    doc_set(exchange_doc(x), "runs", list);
    doc_set_str(exchange_doc(x), "next", next);
    return ERR_OK;
}

enum err run_show(struct exchange *x)
{
    struct run_row row = {0};
    json_t *run = NULL;
    enum err e = app_doc_fill(x, APP_TAB_ACTIONS);

    if (!e)
        e = run_find(x->work, x->params[1], &row);
    if (!e)
        e = run_doc_whole(x, &row, exchange_int(x, "after", 0), &run);
    if (!e)
        doc_set(exchange_doc(x), "run", run);
    return e;
}

enum err run_stopped(struct exchange *x)
{
    struct run_row row = {0};
    enum err e = run_find(x->work, x->params[1], &row);

    if (!e)
        e = run_stop(x->work, &row);
    if (!e)
        e = run_find(x->work, row.id, &row);
    if (!e)
        e = run_doc_whole(x, &row, 0, &x->doc);
    if (e)
        return e;
    x->location =
        arena_printf(x->arena, "%.*s/%.*s", STR_ARG(app_doc_path(x, "/runs")), STR_ARG(row.id));
    x->notice = STR("Stopped. A call that was under way comes to its end.");
    return ERR_OK;
}

/* --- a table as a file ------------------------------------------------------------------------ */

#define FILE_MAX ((size_t)24 << 20)

static str table_csv(struct exchange *x, const json_t *table)
{
    BUF_AUTO struct buf b = {0};
    json_t *one, *cell;
    size_t i, k;

    buf_init(&b, FILE_MAX);
    json_array_foreach (doc_get(table, "columns"), i, one) {
        csv_add(&b, (str){json_string_value(one), json_string_length(one)});
    }
    csv_end(&b);
    json_array_foreach (doc_get(table, "rows"), i, one) {
        json_array_foreach (doc_get(one, "cells"), k, cell) {
            csv_add(&b, doc_get_str(cell, "text"));
        }
        csv_end(&b);
    }
    return arena_str(x->arena, buf_str(&b)); /* OUTPUTS_SIZE_MAX, and quotes */
}

static str table_json(struct exchange *x, const json_t *table)
{
    json_t *list = doc_array(x->arena), *row, *cell;
    size_t i, k;

    json_array_foreach (doc_get(table, "rows"), i, row) {
        json_t *one = doc_object(x->arena);
        json_array_foreach (doc_get(row, "cells"), k, cell) {
            doc_set_str(one, json_string_value(doc_get(cell, "label")), doc_get_str(cell, "text"));
        }
        doc_append(list, one);
    }
    return doc_print(x->arena, list);
}

/* An output of a run by its number, from 1, when the caller may see it and it is a table. */
static enum err find_table(struct exchange *x, str run_id, str number, json_t **ret)
{
    struct run_row row = {0};
    json_t *run = NULL;
    int64_t n = 0;
    enum err e = run_find(x->work, run_id, &row);

    if (!e)
        e = run_doc_whole(x, &row, 0, &run);
    if (e)
        return e;
    *ret = str_to_int64(number, &n) && n > 0
               ? json_array_get(doc_get(run, "outputs"), (size_t)n - 1)
               : NULL;
    if (str_eq(doc_get_str(*ret, "type"), STR("table")))
        return ERR_OK;
    return fail(&x->fault, ERR_NOT_FOUND, "This run has no such table that you may see.");
}

enum err run_table(struct exchange *x)
{
    json_t *table = NULL;
    int csv = str_eq(x->params[3], STR("csv"));
    enum err e = find_table(x, x->params[1], x->params[2], &table);

    if (!e && !csv && !str_eq(x->params[3], STR("json")))
        e = fail(&x->fault, ERR_NOT_FOUND, "Tables come as csv and as json.");
    if (e)
        return e;
    x->file = (struct exchange_file){
        .type = csv ? "text/csv; charset=utf-8" : "application/json",
        .name = arena_printf(x->arena, "run-%.*s-%.*s.%s", STR_ARG(x->params[1]),
                             STR_ARG(x->params[2]), csv ? "csv" : "json"),
        .content = csv ? table_csv(x, table) : table_json(x, table),
    };
    return ERR_OK;
}
