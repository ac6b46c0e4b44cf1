/* What one was told: the list, and marking as read. */
#include "core/notices.h"

#include "base/doc.h"
#include "resources/app_doc.h"
#include "resources/incident_doc.h"
#include "resources/routes.h"

static json_t *notice_doc(struct exchange *x, const struct notice_row *n)
{
    json_t *doc = doc_object(x->arena), *is = doc_object(x->arena);

    doc_set_str(doc, "id", n->id);
    doc_set_str(doc, "event", n->event);
    doc_set_str(doc, "kind", n->kind);
    doc_set_str(doc, "sentence", n->sentence);
    doc_set_str(doc, "link", n->link);
    doc_set_time(doc, "created", n->created);
    doc_set_time(doc, "read", n->read_at);
    doc_set_bool(doc, "open", n->open);
    doc_set(doc, "app", incident_doc_app(x, n->app_slug, n->app_name));
    doc_set_bool(is, "opened", str_eq(n->event, STR("opened")));
    doc_set_bool(is, "still_open", str_eq(n->event, STR("still_open")));
    doc_set_bool(is, "closed", str_eq(n->event, STR("closed")));
    doc_set(doc, "is", is);
    return doc;
}

enum err notices_list(struct exchange *x)
{
    struct notice_row *rows = NULL;
    size_t count = 0;
    int64_t unread = 0;
    str next = {NULL, 0};
    json_t *list = doc_array(x->arena);
    enum err e = notices_page(x->work, exchange_text(x, "after"), &rows, &count, &next);

    if (!e)
        e = notices_unread(x->work, &unread);
    if (e)
        return e;
    for (size_t i = 0; i < count; i++)
        doc_append(list, notice_doc(x, &rows[i]));
    doc_set(exchange_doc(x), "notices", list);
    doc_set_int(exchange_doc(x), "unread", unread);
    doc_set_str(exchange_doc(x), "next", next);
    return ERR_OK;
}

enum err notices_mark(struct exchange *x)
{
    str one = exchange_text(x, "notice");
    int64_t unread = 0;
    enum err e;

    if (str_empty(one) && !exchange_flag(x, "all"))
        exchange_field_error(x, "notice", "Name one notice, or all of them.");
    e = exchange_field_problem(x);
    if (!e)
        e = notices_read(x->work, one);
    if (!e)
        e = notices_unread(x->work, &unread);
    if (e)
        return e;
    doc_set_int(exchange_doc(x), "unread", unread);
    x->location = exchange_return_to(x, STR("/me/notices"));
    return ERR_OK;
}
