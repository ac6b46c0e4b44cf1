/* Trying out a saved request while it is designed: its templates are filled with values that the
 * admin enters, and it is sent once, with the admin's own effective credential. What was sent and
 * what came back are shown with secrets masked. A write writes: it is no dry run.
 */
#include "actions/mask.h"
#include "actions/request.h"
#include "actions/scope.h"
#include "base/buf.h"
#include "base/check.h"
#include "base/doc.h"
#include "core/connections.h"
#include "core/credentials.h"
#include "core/requests.h"
#include "core/work.h"
#include "resources/app_doc.h"
#include "resources/connection_doc.h"
#include "resources/routes.h"
#include "resources/saved_doc.h"
#include "resources/sending.h"

struct trying {
    struct sending sending;
    struct request_row row;
};

/* --- values ----------------------------------------------------------------------------------- */

static enum err set_value(struct exchange *x, json_t *values, const char *name, json_t *value)
{
    struct place place = {0};
    enum err e = names_read(x->arena, &x->fault, str_from(name), &place);

    return e ? e : names_set(&x->fault, values, &place, json_deep_copy(value));
}

/* The API's {"values": {"input.key": "ACME-1"}}, or the form's fields name1 and value1 ... */
static enum err values_field(struct exchange *x, json_t *values)
{
    json_t *given = doc_get(x->input, "values"), *value;
    const char *name;
    enum err e = ERR_OK;

    json_object_foreach (given, name, value) {
        if (!e)
            e = set_value(x, values, name, value);
    }
    for (size_t i = 1; !e && i <= REQUEST_NAMES_MAX; i++) {
        value = doc_get(x->input, arena_printf(x->arena, "value%zu", i).p);
        name = json_string_value(doc_get(x->input, arena_printf(x->arena, "name%zu", i).p));
        if (name && json_is_string(value) && json_string_length(value))
            e = set_value(x, values, name, value);
    }
    return e;
}

/* --- begin ------------------------------------------------------------------------------------ */

static enum err find_all(struct exchange *x, struct trying *t, struct connection_row *n,
                         struct effective *effective)
{
    enum err e = request_find(x->work, x->params[1], &t->row);

    if (!e && !t->row.connection.p)
        e = fail(&x->fault, ERR_INVALID,
                 "The connection of this request was deleted. Choose another one and save first.");
    if (!e)
        e = connection_find(x->work, t->row.connection, n);
    if (!e)
        e = credentials_effective(x->work, n, effective);
    if (e || effective->decision == DECISION_USE)
        return e;
    if (effective->decision != DECISION_STOPPED)
        doc_set_str(exchange_doc(x), "connect_url", connection_connect_url(x, n->id));
    return credentials_refusal(x->work, n, effective);
}

enum err saved_try_begin(struct exchange *x)
{
    struct trying *t = arena_new_of(x->arena, struct trying);
    struct fill_scope scope = {.values = scope_values(x->work), .filters = scope_filters(x->work)};
    struct connection_row n = {0};
    struct effective effective = {0};
    json_t *d = NULL;
    enum err e = find_all(x, t, &n, &effective);

    x->carried = t;
    if (!e)
        e = saved_document(x, &t->row, &d);
    if (!e)
        e = values_field(x, (json_t *)(uintptr_t)scope.values);
    if (e)
        return e;
    sending_init(x, &t->sending);
    e = request_fill(x->arena, &x->fault, d, &scope, x->work->services->provider,
                     &t->sending.op->request);
    return e ? e : sending_go(x, &t->sending, &n, effective.use);
}

/* --- finish ----------------------------------------------------------------------------------- */

#define SENT_MAX ((size_t)200000)

static json_t *sent_doc(struct exchange *x, const struct provider_request *p)
{
    json_t *doc = doc_object(x->arena), *headers = doc_array(x->arena);
    str body = mask_cut(x->arena, p->body, SENT_MAX);

    for (size_t i = 0; i < p->header_count; i++) {
        json_t *h = doc_object(x->arena);
        doc_set_str(h, "name", p->headers[i].name);
        doc_set_str(h, "value", p->headers[i].value.p ? p->headers[i].value : STR(""));
        doc_append(headers, h);
    }
    (void)doc_pretty(x->arena, body, 2 * SENT_MAX, &body);
    doc_set_str(doc, "method", p->method);
    doc_set_str(doc, "path", p->path);
    doc_set_str(doc, "query", str_empty(p->query) ? (str){NULL, 0} : p->query);
    doc_set(doc, "headers", headers);
    doc_set_str(doc, "body", str_empty(body) ? (str){NULL, 0} : body);
    return doc;
}

enum err saved_try_finish(struct exchange *x)
{
    struct trying *t = x->carried;
    struct provider_request *p = &t->sending.op->request;
    enum err e = sending_heard(x, &t->sending);

    if (e == ERR_NEEDS_RECONNECT)
        doc_set_str(exchange_doc(x), "connect_url",
                    connection_connect_url(x, t->sending.connection));
    if (e)
        return e;
    p->reply_body = mask_body(x->arena, p->reply_body);
    struct request_result result = sending_result(&t->sending);
    if (x->representation == EXCHANGE_JSON) {
        request_result_json(x, &result);
        doc_set(exchange_doc(x), "sent", sent_doc(x, p));
        return ERR_OK;
    }
    e = request_find(x->work, t->row.id, &t->row);
    if (!e)
        e = saved_page(x, &t->row);
    if (e)
        return e;
    doc_set(exchange_doc(x), "sent", sent_doc(x, p));
    doc_set(exchange_doc(x), "result", request_result_page(x, &result));
    return ERR_OK;
}
