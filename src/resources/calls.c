/* What went through the relay, for an app's admins: filters, pages, and nothing of bodies or
 * queries.
 */
#include "core/calls.h"

#include "base/doc.h"
#include "base/id.h"
#include "resources/app_doc.h"
#include "resources/routes.h"

/* status=2xx, 4xx, 5xx, left, or a number. */
static void read_status(struct exchange *x, struct call_filter *f)
{
    str text = exchange_text(x, "status");
    int64_t n;

    if (text.n == 3 && str_ends(text, STR("xx")) && text.p[0] >= '1' && text.p[0] <= '5') {
        f->status_from = (text.p[0] - '0') * 100;
        f->status_to = f->status_from + 99;
    } else if (str_to_int64(text, &n) && n > 0 && n < 1000) {
        f->status_from = f->status_to = (int)n;
    } else if (text.n) {
        exchange_field_error(x, "status", "Give a status like 429, or a kind of them like 5xx.");
    }
}

static void read_before(struct exchange *x, const struct call_filter *f)
{
    if (f->before.n && !id_valid(f->before))
        exchange_field_error(x, "before", "Give the next of the page before.");
}

static json_t *call_doc(struct exchange *x, const struct call_row *c)
{
    const struct call_kind *k = &c->kind;
    json_t *doc = doc_object(x->arena), *key = doc_object(x->arena), *n = doc_object(x->arena);

    doc_set_str(doc, "id", c->id);
    doc_set_time(doc, "came", c->call.at - c->call.ms);
    doc_set_str(key, "id", k->key);
    doc_set_str(key, "name", k->key_name);
    doc_set(doc, "key", key);
    doc_set_str(n, "id", k->connection);
    doc_set_str(n, "name", k->connection_name);
    doc_set(doc, "connection", n);
    if (k->user.p && c->user_name.p)
        doc_set(doc, "user", app_doc_person(x, k->user, c->user_name, c->user_email));
    else
        doc_set_null(doc, "user");
    doc_set_bool(doc, "as_app", !k->user.p);
    doc_set_str(doc, "credential", k->credential);
    doc_set_str(doc, "method", k->method);
    doc_set_str(doc, "template", k->template);
    doc_set_str(doc, "issue", c->call.issue);
    if (c->call.status)
        doc_set_int(doc, "status", c->call.status);
    else
        doc_set_null(doc, "status");
    doc_set_bool(doc, "failed", c->call.status >= 400);
    doc_set_str(doc, "code", k->code);
    doc_set_int(doc, "ms", c->call.ms);
    doc_set_int(doc, "repeats", c->call.repeats);
    return doc;
}

static const char *const FILTERS[] = {"connection", "key", "user", "issue", "status"};

static void add_filter(struct exchange *x)
{
    json_t *filter = doc_object(x->arena);
    int any = 0;

    for (size_t i = 0; i < sizeof(FILTERS) / sizeof(FILTERS[0]); i++) {
        str text = exchange_text(x, FILTERS[i]);
        doc_set_str(filter, FILTERS[i], text.n ? text : (str){NULL, 0});
        any |= text.n > 0;
    }
    doc_set_bool(filter, "any", any);
    doc_set(exchange_doc(x), "filter", filter);
}

static str given(struct exchange *x, const char *name)
{
    str text = str_trim(exchange_text(x, name));

    return text.p ? text : STR("");
}

enum err calls_show(struct exchange *x)
{
    struct call_filter f = {
        .connection = given(x, "connection"),
        .key = given(x, "key"),
        .user = given(x, "user"),
        .issue = given(x, "issue"),
        .before = given(x, "before"),
    };
    struct call_page page = {0};

    read_status(x, &f);
    read_before(x, &f);
    enum err e = exchange_field_problem(x);
    if (!e)
        e = app_doc_fill(x, APP_TAB_SETTINGS);
    if (!e)
        e = calls_page(x->work, &f, &page);
    if (e)
        return e;
    json_t *list = doc_array(x->arena);
    for (size_t i = 0; i < page.count; i++)
        doc_append(list, call_doc(x, &page.rows[i]));
    doc_set(exchange_doc(x), "calls", list);
    doc_set_str(exchange_doc(x), "next", page.next);
    doc_set_time(exchange_doc(x), "looked_to", page.looked_to);
    add_filter(x);
    return ERR_OK;
}
