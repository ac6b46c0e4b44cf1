/* Emergency stops as documents. See the header. */
#include "resources/stop_doc.h"

#include "base/doc.h"
#include "core/settings.h"

static const str NONE = {NULL, 0};

str stop_doc_path(struct exchange *x, const struct stop_row *row)
{
    int is_of_another_place = !x->work->membership.app.p && row->stopped_by.p &&
                              str_eq(row->stopped_by, x->work->actor.user);

    if (row->kind == STOP_APP && !is_of_another_place) /* whose it is may be out of the app */
        return arena_printf(x->arena, "/apps/%.*s/stops/%.*s", STR_ARG(row->detail),
                            STR_ARG(row->id));
    return arena_printf(x->arena, "/stops/%.*s", STR_ARG(row->id));
}

static json_t *is_doc(struct exchange *x, const struct stop_row *row)
{
    json_t *is = doc_object(x->arena);

    for (int i = 0; i < STOP_KINDS; i++)
        doc_set_bool(is, stop_kind_text((enum stop_kind)i).p, i == (int)row->kind);
    doc_set_bool(is, "open", row->lifted == 0);
    return is;
}

json_t *stop_doc(struct exchange *x, const struct stop_row *row)
{
    json_t *doc = doc_object(x->arena);

    doc_set_str(doc, "id", row->id);
    doc_set_str(doc, "kind", stop_kind_text(row->kind));
    doc_set_str(doc, "label", row->label);
    doc_set_str(doc, "detail", row->detail);
    doc_set_str(doc, "reason", str_empty(row->reason) ? NONE : row->reason);
    doc_set_bool(doc, "by_workspace", row->by_workspace);
    doc_set_time(doc, "stopped", row->stopped);
    doc_set_str(doc, "stopped_by", row->stopped_name);
    doc_set_time(doc, "erased", row->erased);
    doc_set_str(doc, "erased_by", row->erased_name);
    doc_set_int(doc, "erased_count", row->erased_count);
    doc_set_time(doc, "lifted", row->lifted);
    doc_set_str(doc, "lifted_by", row->lifted_name);
    doc_set_int(doc, "items", row->items);
    doc_set_str(doc, "path", stop_doc_path(x, row));
    doc_set(doc, "is", is_doc(x, row));
    return doc;
}

enum err stop_doc_put_open(struct exchange *x, json_t *doc, enum stop_kind kind, str subject)
{
    struct stop_row *row = NULL;
    enum err e = stop_open_of(x->work, kind, subject, &row);

    if (e)
        return e;
    if (row)
        doc_set(doc, "stop", stop_doc(x, row));
    else
        doc_set_null(doc, "stop");
    return ERR_OK;
}

str stop_doc_revoke_page(const struct exchange *x, const struct stop_item *item)
{
    const struct settings *s = x->work->services->settings;

    return item->by_oauth ? s->grants_page_url : s->token_page_url;
}

json_t *stop_doc_item(struct exchange *x, const struct stop_item *item)
{
    json_t *doc = doc_object(x->arena), *is = doc_object(x->arena);

    doc_set_int(doc, "position", item->position);
    doc_set_cstring(doc, "kind", item->by_oauth ? "oauth" : "api_key");
    doc_set_bool(is, "oauth", item->by_oauth);
    doc_set_bool(is, "api_key", !item->by_oauth);
    doc_set(doc, "is", is);
    doc_set_str(doc, "client_id", item->client_id);
    doc_set_str(doc, "account", item->account_name);
    doc_set_str(doc, "account_email", str_empty(item->account_email) ? NONE : item->account_email);
    doc_set_str(doc, "account_id", item->account_id);
    doc_set_str(doc, "person", item->person_name);
    doc_set_str(doc, "person_email", item->person_email);
    doc_set_int(doc, "people_more", item->people - 1);
    doc_set_str(doc, "site", item->site_name);
    doc_set_str(doc, "site_url", item->site_url);
    doc_set_int(doc, "sites_more", item->sites - 1);
    doc_set_int(doc, "credentials", item->credentials);
    doc_set_time(doc, "since", item->since);
    doc_set_time(doc, "last_used", item->last_used);
    doc_set_str(doc, "revoke_page", stop_doc_revoke_page(x, item));
    return doc;
}
