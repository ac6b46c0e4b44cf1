/* Requests: one call to Jira's REST API through a connection, by the page and by the API.
 *
 * begin: decides whose credential (before anything else is looked at), checks what was entered,
 * opens the secret. The loop sends it, once. finish: notes what Jira said of the credential, if it
 * is still the one that was used, and shows the answer to whoever may still see it.
 *
 * The page keeps what was entered: shown again after a failure, and kept as a draft while its
 * author goes to connect.
 */
#include "base/check.h"
#include "base/doc.h"
#include "base/url.h"
#include "core/connections.h"
#include "core/credentials.h"
#include "core/drafts.h"
#include "core/keys.h"
#include "resources/app_doc.h"
#include "resources/connection_doc.h"
#include "resources/request_input.h"
#include "resources/request_result.h"
#include "resources/routes.h"
#include "resources/sending.h"

struct requesting {
    struct sending sending;
    str draft; /* kept for the page, or p == NULL */
};

/* The connection: of the path, else of the form. */
static str chosen(const struct exchange *x)
{
    return x->params[1].p ? x->params[1] : exchange_text(x, "connection");
}

/* --- the page --------------------------------------------------------------------------------- */

static const char *const FORM_KEYS[] = {"connection", "method", "path", "query", "headers", "body"};

/* What the form shows: a draft, else what was entered or given in the address. */
static enum err form_doc(struct exchange *x, json_t **ret)
{
    json_t *kept = NULL;
    json_t *form = doc_object(x->arena);
    str id = exchange_text(x, "draft");
    if (!str_empty(id)) {
        enum err e = draft_find(x->work, id, &kept);
        if (e)
            return e;
    }
    for (size_t i = 0; i < sizeof(FORM_KEYS) / sizeof(FORM_KEYS[0]); i++) {
        str value = kept ? doc_get_str(kept, FORM_KEYS[i]) : request_input_kept(x, FORM_KEYS[i]);
        doc_set_str(form, FORM_KEYS[i], value);
    }
    if (str_empty(doc_get_str(form, "method")))
        doc_set_cstring(form, "method", "GET");
    *ret = form;
    return ERR_OK;
}

static void add_methods(struct exchange *x, str chosen_method)
{
    static const char *const METHODS[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    json_t *list = doc_array(x->arena);
    for (size_t i = 0; i < sizeof(METHODS) / sizeof(METHODS[0]); i++) {
        json_t *m = doc_object(x->arena);
        doc_set_cstring(m, "method", METHODS[i]);
        doc_set_bool(m, "selected", str_eq(chosen_method, str_from(METHODS[i])));
        doc_append(list, m);
    }
    doc_set(exchange_doc(x), "methods", list);
}

/* The Connect card, when the chosen connection cannot be used by this person. */
static void add_connect(struct exchange *x, json_t *connection, str draft)
{
    doc_set_null(exchange_doc(x), "connect");
    if (!connection || json_is_true(doc_get(connection, "connected")))
        return;
    json_t *card = json_copy(connection);
    str back = draft.p ? arena_printf(x->arena, "?draft=%.*s", STR_ARG(draft))
                       : arena_printf(x->arena, "?connection=%.*s",
                                      STR_ARG(doc_get_str(connection, "id")));
    doc_set_str(
        card, "return_to",
        arena_printf(x->arena, "%.*s%.*s", STR_ARG(app_doc_path(x, "/request")), STR_ARG(back)));
    doc_set(exchange_doc(x), "connect", card);
    json_decref(card);
}

/* Nobody chose: the first that works, else the only one. */
static str chosen_by_itself(json_t *connections)
{
    json_t *one;
    size_t i;
    json_array_foreach (connections, i, one)
        if (json_is_true(doc_get(one, "connected")) && json_is_true(doc_get(one, "can_request")))
            return doc_get_str(one, "id");
    return json_array_size(connections) == 1 ? doc_get_str(json_array_get(connections, 0), "id")
                                             : (str){NULL, 0};
}

static json_t *mark_selected(json_t *connections, json_t *form)
{
    json_t *one, *selected = NULL;
    size_t i;
    str id = doc_get_str(form, "connection");
    if (str_empty(id))
        id = chosen_by_itself(connections);
    json_array_foreach (connections, i, one) {
        int is = !str_empty(id) && str_eq(doc_get_str(one, "id"), id);
        doc_set_bool(one, "selected", is);
        if (is)
            selected = one;
    }
    if (selected)
        doc_set_str(form, "connection", doc_get_str(selected, "id"));
    return selected;
}

static enum err page_doc(struct exchange *x, str draft)
{
    json_t *connections = NULL, *form = NULL;
    enum err e = app_doc_fill(x, APP_TAB_REQUEST);
    if (!e)
        e = connections_doc_list(x, &connections);
    if (!e)
        e = form_doc(x, &form);
    if (e)
        return e;
    if (x->params[1].p)
        doc_set_str(form, "connection", x->params[1]);
    json_t *selected = mark_selected(connections, form);
    doc_set(exchange_doc(x), "connections", connections);
    doc_set(exchange_doc(x), "form", form);
    doc_set_null(exchange_doc(x), "result");
    doc_set_str(exchange_doc(x), "draft", draft);
    add_methods(x, doc_get_str(form, "method"));
    add_connect(x, selected, draft);
    return ERR_OK;
}

enum err request_show(struct exchange *x)
{
    const struct requesting *r = x->carried;
    str given = exchange_text(x, "draft");
    return page_doc(x, r && r->draft.p ? r->draft : str_empty(given) ? (str){NULL, 0} : given);
}

/* --- begin ------------------------------------------------------------------------------------ */

static enum err keep_draft(struct exchange *x, str *ret_id)
{
    json_t *content = doc_object(x->arena);
    for (size_t i = 0; i < sizeof(FORM_KEYS) / sizeof(FORM_KEYS[0]); i++)
        doc_set_str(content, FORM_KEYS[i], request_input_kept(x, FORM_KEYS[i]));
    if (x->params[1].p)
        doc_set_str(content, "connection", x->params[1]);
    enum err e = draft_save(x->work, content, ret_id);
    return e ? e : work_commit(x->work); /* outlives the refusal that comes next */
}

/* Says where to connect, and keeps what a person typed until they are back. */
static enum err refused(struct exchange *x, struct requesting *r, const struct connection_row *n,
                        const struct effective *effective)
{
    if (effective->decision == DECISION_STOPPED)
        return credentials_refusal(x->work, n, effective);
    if (x->representation == EXCHANGE_PAGE) {
        enum err e = keep_draft(x, &r->draft);
        if (e)
            return e;
    }
    doc_set_str(exchange_doc(x), "connect_url", connection_connect_url(x, n->id));
    return credentials_refusal(x->work, n, effective);
}

enum err request_begin(struct exchange *x)
{
    struct connection_row n = {0};
    struct effective effective = {0};
    struct requesting *r = arena_new_of(x->arena, struct requesting);
    x->carried = r;
    if (str_empty(chosen(x))) {
        exchange_field_error(x, "connection", "Choose a connection.");
        return exchange_field_problem(x);
    }
    enum err e = connection_find(x->work, chosen(x), &n);
    if (!e)
        e = keys_permit(x->work, &n, (str){NULL, 0}, (str){NULL, 0});
    if (!e)
        e = credentials_effective(x->work, &n, &effective);
    if (e)
        return e;
    if (effective.decision != DECISION_USE)
        return refused(x, r, &n, &effective);
    e = connection_permits_requests(x->work, &n);
    if (e)
        return e;

    sending_init(x, &r->sending);
    e = request_input(x, &r->sending.op->request);
    return e ? e : sending_go(x, &r->sending, &n, effective.use);
}

/* --- finish ----------------------------------------------------------------------------------- */

/* Says where to reconnect, and keeps what a person typed until they are back. The fault is set. */
static enum err needs_reconnect(struct exchange *x, struct requesting *r)
{
    struct fault fault = x->fault;
    enum err e = x->representation == EXCHANGE_PAGE ? keep_draft(x, &r->draft) : ERR_OK;
    if (!e)
        e = work_commit(x->work);
    if (e)
        return e;
    doc_set_str(exchange_doc(x), "connect_url", connection_connect_url(x, r->sending.connection));
    x->fault = fault;
    return ERR_NEEDS_RECONNECT;
}

enum err request_finish(struct exchange *x)
{
    struct requesting *r = x->carried;
    enum err e = sending_heard(x, &r->sending);

    if (e == ERR_NEEDS_RECONNECT)
        return needs_reconnect(x, r);
    if (e)
        return e;
    struct request_result result = sending_result(&r->sending);
    if (x->representation == EXCHANGE_JSON) {
        request_result_json(x, &result);
        return ERR_OK;
    }
    e = page_doc(x, (str){NULL, 0});
    if (!e)
        doc_set(exchange_doc(x), "result", request_result_page(x, &result));
    return e;
}
