/* See the header. */
#include "resources/incident_doc.h"

#include "base/doc.h"
#include "core/incident_text.h"

json_t *incident_doc_app(struct exchange *x, str slug, str name)
{
    json_t *app = doc_object(x->arena);

    if (!slug.p)
        return json_null();
    doc_set_str(app, "slug", slug);
    doc_set_str(app, "name", name);
    return app;
}

static json_t *doc_of(struct exchange *x, const struct incident_row *i)
{
    json_t *doc = doc_object(x->arena);

    doc_set_str(doc, "id", i->id);
    doc_set_str(doc, "kind", i->kind);
    doc_set_str(doc, "sentence",
                incident_sentence(x->arena, i, INCIDENT_OPENED, 0, x->work->now_ms));
    doc_set_str(doc, "link", incident_link(x->arena, i, 0));
    doc_set_time(doc, "opened", i->opened);
    return doc;
}

enum err incident_doc_put(struct exchange *x)
{
    struct incident_row *rows = NULL;
    size_t count = 0;
    int more = 0;
    json_t *list = doc_array(x->arena);
    enum err e = incidents_of_place(x->work, &rows, &count, &more);

    if (e)
        return e;
    for (size_t i = 0; i < count; i++)
        doc_append(list, doc_of(x, &rows[i]));
    doc_set(exchange_doc(x), "incidents", list);
    doc_set_bool(exchange_doc(x), "incidents_more", more);
    return ERR_OK;
}
