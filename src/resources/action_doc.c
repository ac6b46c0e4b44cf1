/* Actions as callers see them. See the header. */
#include "resources/action_doc.h"

#include "actions/scope.h"
#include "base/check.h"
#include "base/doc.h"
#include "core/requests.h"
#include "core/work.h"
#include "resources/app_doc.h"

json_t *action_doc(struct exchange *x, const struct action_row *row)
{
    json_t *doc = doc_object(x->arena);

    doc_set_str(doc, "id", row->id);
    doc_set_str(doc, "slug", row->slug);
    doc_set_str(doc, "name", row->name);
    doc_set_str(doc, "description", row->description);
    doc_set_bool(doc, "enabled", row->enabled);
    doc_set_bool(doc, "can_run", action_can_run(row));
    doc_set_bool(doc, "is_draft", action_is_draft(row));
    doc_set_int(doc, "version", row->draft_version);
    if (row->applied_version)
        doc_set_int(doc, "applied_version", row->applied_version);
    else
        doc_set_null(doc, "applied_version");
    doc_set_time(doc, "applied_at", row->applied_at);
    doc_set_str(doc, "applied_by", row->applier_name);
    doc_set_time(doc, "changed", row->changed);
    doc_set_str(doc, "path", action_path(x, row, ""));
    return doc;
}

str action_path(struct exchange *x, const struct action_row *row, const char *tail)
{
    return arena_printf(x->arena, "%.*s/%.*s%s", STR_ARG(app_doc_path(x, "/actions")),
                        STR_ARG(row->slug), tail);
}

enum err action_document(struct exchange *x, const struct action_row *row, str text, json_t **ret)
{
    if (doc_parse(x->arena, NULL, text, ret) == ERR_OK && json_is_object(*ret))
        return ERR_OK;
    (void)fail(&x->fault, ERR_STORAGE_FAILED, "");
    return fault_detail(&x->fault, "action %.*s is not readable", STR_ARG(row->id));
}

static json_t *request_entry(struct exchange *x, const struct request_row *row)
{
    json_t *entry = doc_object(x->arena), *document = NULL;

    doc_set_str(entry, "connection", row->connection);
    if (doc_parse(x->arena, NULL, row->document, &document))
        document = doc_object(x->arena);
    doc_set(entry, "document", document);
    return entry;
}

enum err action_surroundings(struct exchange *x, struct action_surroundings *ret)
{
    json_t *requests = doc_object(x->arena);
    struct request_row *rows = NULL;
    size_t count = 0;
    enum err e = requests_list(x->work, &rows, &count);

    for (size_t i = 0; !e && i < count; i++)
        must(json_object_setn(requests, rows[i].name.p, rows[i].name.n,
                              request_entry(x, &rows[i])) == 0);
    *ret =
        (struct action_surroundings){requests, scope_filters(x->work), x->work->services->provider};
    return e;
}

json_t *action_slips_doc(struct exchange *x, const struct slips *s)
{
    json_t *list = doc_array(x->arena);

    for (size_t i = 0; i < s->count; i++) {
        json_t *one = doc_object(x->arena);
        doc_set_cstring(one, "field", s->list[i].field);
        doc_set_cstring(one, "message", s->list[i].message);
        doc_append(list, one);
    }
    return list;
}
