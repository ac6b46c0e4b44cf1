/* A saved request's documents. See the header. */
#include "resources/saved_doc.h"

#include "actions/request.h"
#include "actions/scope.h"
#include "base/buf.h"
#include "base/doc.h"
#include "core/work.h"
#include "resources/app_doc.h"
#include "resources/connection_doc.h"

#define LINES_MAX ((size_t)512 * 1024)

enum err saved_document(struct exchange *x, const struct request_row *row, json_t **ret)
{
    struct fault f = {.code = ERR_OK};

    if (doc_parse(x->arena, &f, row->document, ret) == ERR_OK && json_is_object(*ret))
        return ERR_OK;
    (void)fail(&x->fault, ERR_STORAGE_FAILED, "");
    return fault_detail(&x->fault, "request %.*s is not readable", STR_ARG(row->id));
}

static json_t *pairs_doc(struct exchange *x, const json_t *pairs)
{
    json_t *list = doc_array(x->arena), *pair;
    size_t i;

    json_array_foreach ((json_t *)(uintptr_t)pairs, i, pair) {
        json_t *one = doc_object(x->arena);
        doc_set_cstring(one, "name", json_string_value(json_array_get(pair, 0)));
        doc_set_cstring(one, "value", json_string_value(json_array_get(pair, 1)));
        doc_append(list, one);
    }
    return list;
}

static json_t *connection_named(struct exchange *x, const struct request_row *row)
{
    json_t *doc;

    if (!row->connection_name.p)
        return NULL;
    doc = doc_object(x->arena);
    doc_set_str(doc, "id", row->connection);
    doc_set_str(doc, "name", row->connection_name);
    return doc;
}

static void set_or_null(json_t *doc, const char *key, json_t *value)
{
    if (value)
        doc_set(doc, key, value);
    else
        doc_set_null(doc, key);
}

enum err saved_doc(struct exchange *x, const struct request_row *row, json_t **ret)
{
    json_t *doc = doc_object(x->arena), *d = NULL;
    enum err e = saved_document(x, row, &d);

    if (e)
        return e;
    doc_set_str(doc, "id", row->id);
    doc_set_str(doc, "name", row->name);
    set_or_null(doc, "connection", connection_named(x, row));
    doc_set_str(doc, "method", doc_get_str(d, "method"));
    doc_set_str(doc, "path", doc_get_str(d, "path"));
    doc_set(doc, "query", pairs_doc(x, doc_get(d, "query")));
    doc_set(doc, "headers", pairs_doc(x, doc_get(d, "headers")));
    set_or_null(doc, "body", doc_get(d, "body"));
    doc_set_bool(doc, "writes", request_writes(d));
    doc_set(doc, "names", request_names(x->arena, d, scope_filters(x->work)));
    doc_set_int(doc, "version", row->version);
    doc_set_time(doc, "changed", row->changed);
    doc_set_str(doc, "changed_by", row->changer_name);
    *ret = doc;
    return ERR_OK;
}

/* --- the page --------------------------------------------------------------------------------- */

static str lines_of(struct exchange *x, const json_t *pairs, const char *between)
{
    BUF_AUTO struct buf out = {0};
    json_t *pair;
    size_t i;

    buf_init(&out, LINES_MAX);
    json_array_foreach ((json_t *)(uintptr_t)pairs, i, pair) {
        buf_addf(&out, "%s%s%s%s", i ? "\n" : "", json_string_value(json_array_get(pair, 0)),
                 between, json_string_value(json_array_get(pair, 1)));
    }
    return arena_str(x->arena, buf_str(&out));
}

static str pretty(struct exchange *x, const json_t *body)
{
    str text = {NULL, 0};

    if (!body || json_is_null(body))
        return STR("");
    text = doc_print(x->arena, body);
    return doc_pretty(x->arena, text, LINES_MAX, &text) ? text : doc_print(x->arena, body);
}

static const char *const FORM_KEYS[] = {"name",  "connection", "method", "path",
                                        "query", "headers",    "body"};

static json_t *form_of(struct exchange *x, const struct request_row *row, const json_t *d)
{
    json_t *form = doc_object(x->arena);

    for (size_t i = 0; i < sizeof(FORM_KEYS) / sizeof(FORM_KEYS[0]); i++) {
        str entered = exchange_text(x, FORM_KEYS[i]);
        doc_set_str(form, FORM_KEYS[i], entered.p ? entered : STR(""));
    }
    if (exchange_has(x, "path") || !row)
        return form;
    doc_set_str(form, "name", row->name);
    doc_set_str(form, "connection", row->connection.p ? row->connection : STR(""));
    doc_set_str(form, "method", doc_get_str(d, "method"));
    doc_set_str(form, "path", doc_get_str(d, "path"));
    doc_set_str(form, "query", lines_of(x, doc_get(d, "query"), "="));
    doc_set_str(form, "headers", lines_of(x, doc_get(d, "headers"), ": "));
    doc_set_str(form, "body", pretty(x, doc_get(d, "body")));
    return form;
}

static json_t *methods_of(struct exchange *x, str chosen)
{
    static const char *const METHODS[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    json_t *list = doc_array(x->arena);

    for (size_t i = 0; i < sizeof(METHODS) / sizeof(METHODS[0]); i++) {
        json_t *m = doc_object(x->arena);
        doc_set_cstring(m, "method", METHODS[i]);
        doc_set_bool(m, "selected", str_eq(chosen, str_from(METHODS[i])));
        doc_append(list, m);
    }
    return list;
}

static enum err add_connections(struct exchange *x, str chosen)
{
    json_t *list = NULL, *one;
    size_t i;
    enum err e = connections_doc_list(x, &list);

    if (e)
        return e;
    json_array_foreach (list, i, one) {
        int is = str_eq(doc_get_str(one, "id"), chosen) || json_array_size(list) == 1;
        doc_set_bool(one, "selected", is);
    }
    doc_set(exchange_doc(x), "connections", list);
    return ERR_OK;
}

/* What the templates name, as fields to try it out with. */
static json_t *values_of(struct exchange *x, const json_t *d)
{
    json_t *list = doc_array(x->arena), *name;
    json_t *names = d ? request_names(x->arena, d, scope_filters(x->work)) : doc_array(x->arena);
    size_t i;

    json_array_foreach (names, i, name) {
        json_t *one = doc_object(x->arena);
        const char *field = arena_printf(x->arena, "value%zu", i + 1).p;
        str entered = exchange_text(x, field);
        doc_set_cstring(one, "name", json_string_value(name));
        doc_set_cstring(one, "field", field);
        doc_set_int(one, "number", (int64_t)i + 1);
        doc_set_str(one, "value", entered.p ? entered : STR(""));
        doc_append(list, one);
    }
    return list;
}

enum err saved_page(struct exchange *x, const struct request_row *row)
{
    json_t *doc = exchange_doc(x), *q = NULL, *d = NULL, *form;
    enum err e = app_doc_fill(x, APP_TAB_ACTIONS);

    if (!e && row)
        e = saved_doc(x, row, &q);
    if (!e && row)
        e = saved_document(x, row, &d);
    if (e)
        return e;
    form = form_of(x, row, d);
    if (str_empty(doc_get_str(form, "method")))
        doc_set_cstring(form, "method", "GET");
    set_or_null(doc, "request", q);
    doc_set(doc, "form", form);
    doc_set(doc, "methods", methods_of(x, doc_get_str(form, "method")));
    doc_set(doc, "values", values_of(x, d));
    doc_set_null(doc, "sent");
    doc_set_null(doc, "result");
    doc_set_null(doc, "connect");
    return add_connections(x, doc_get_str(form, "connection"));
}
