/* See the header. */
#include "actions/catalogue.h"

#include "actions/request.h"
#include "base/check.h"
#include "base/doc.h"
#include "core/names.h"

/* --- reading ---------------------------------------------------------------------------------- */

static void complete(struct arena *a, json_t *document)
{
    if (!doc_get(document, "query"))
        doc_set(document, "query", doc_array(a));
    if (!doc_get(document, "headers"))
        doc_set(document, "headers", doc_array(a));
    if (!doc_get(document, "body"))
        doc_set_null(document, "body");
}

json_t *catalogue_entry(struct arena *a, str entry)
{
    size_t count;
    const struct catalogue_source *all = catalogue_embedded(&count);
    json_t *read = NULL, *document;
    const char *name;

    for (size_t i = 0; i < count; i++) {
        if (str_eq(entry, str_from(all[i].entry)))
            must(doc_parse(a, NULL, all[i].text, &read) == ERR_OK);
    }
    json_object_foreach (doc_get(read, "requests"), name, document) {
        complete(a, document);
    }
    return read;
}

int catalogue_writes(const json_t *entry)
{
    const char *name;
    json_t *document;

    json_object_foreach (doc_get(entry, "requests"), name, document) {
        if (request_writes(document))
            return 1;
    }
    return 0;
}

/* --- names ------------------------------------------------------------------------------------ */

/* Borrowed: the app's request of that name, whatever the case of its letters. */
static json_t *taken_by(struct arena *a, const json_t *requests, str name)
{
    const char *other;
    json_t *request;

    json_object_foreach ((json_t *)(uintptr_t)requests, other, request) {
        if (str_eq(name_key(a, str_from(other)), name_key(a, name)))
            return request;
    }
    return NULL;
}

static int is_same(const json_t *request, const json_t *document, str connection)
{
    return str_eq(doc_get_str(request, "connection"), connection) &&
           json_equal(doc_get(request, "document"), document);
}

static json_t *name_for(struct arena *a, const char *name, const json_t *document,
                        const json_t *requests, str connection)
{
    json_t *chosen = doc_object(a), *there;
    str wanted = str_from(name);
    int n = 1;

    while ((there = taken_by(a, requests, wanted)) && !is_same(there, document, connection))
        wanted = arena_printf(a, "%s%d", name, ++n);
    doc_set_str(chosen, "name", wanted);
    doc_set_bool(chosen, "exists", there != NULL);
    return chosen;
}

json_t *catalogue_names(struct arena *a, const json_t *entry, const json_t *requests,
                        str connection)
{
    json_t *names = doc_object(a), *document;
    const char *name;

    json_object_foreach (doc_get(entry, "requests"), name, document) {
        doc_set(names, name, name_for(a, name, document, requests, connection));
    }
    return names;
}

/* --- the action ------------------------------------------------------------------------------- */

static str new_name(const json_t *names, str name)
{
    return doc_get_str(json_object_getn(names, name.p, name.n), "name");
}

/* What calls its step by the request's name still does. */
static void rename_step(json_t *step, const json_t *names)
{
    str request = doc_get_str(step, "request");

    if (!doc_get(step, "name"))
        doc_set_str(step, "name", request);
    doc_set_str(step, "request", new_name(names, request));
}

/* "{{request.Types.response.body}}" -> "{{request.Types2.response.body}}" */
static void rename_source(struct arena *a, json_t *from, const json_t *names)
{
    str request = doc_get_str(from, "request"), list = doc_get_str(from, "list");
    str begin = arena_printf(a, "{{request.%.*s.", STR_ARG(request));
    str name = new_name(names, request);

    must(str_starts(list, begin));
    doc_set_str(from, "list",
                arena_printf(a, "{{request.%.*s.%.*s", STR_ARG(name),
                             STR_ARG(str_slice(list, begin.n, list.n))));
    doc_set_str(from, "request", name);
}

json_t *catalogue_action(struct arena *a, const json_t *entry, const json_t *names)
{
    json_t *action = doc_keep(a, json_deep_copy(doc_get(entry, "action"))), *one;
    size_t i;

    json_array_foreach (doc_get(action, "steps"), i, one) {
        rename_step(one, names);
    }
    json_array_foreach (doc_get(action, "inputs"), i, one) {
        if (doc_get(one, "options_from"))
            rename_source(a, doc_get(one, "options_from"), names);
    }
    return action;
}
