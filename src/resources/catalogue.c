/* The catalogue of ready actions (actions/catalogue.h) for an app's admins: what there is, what was
 * added already, and adding an entry on a connection: its requests and its action are saved and
 * applied in one transaction.
 */
#include "actions/catalogue.h"

#include "base/doc.h"
#include "core/actions.h"
#include "core/connections.h"
#include "core/requests.h"
#include "resources/action_doc.h"
#include "resources/app_doc.h"
#include "resources/connection_doc.h"
#include "resources/routes.h"

/* --- the list --------------------------------------------------------------------------------- */

static json_t *added_of(struct exchange *x, str entry, const struct action_row *rows, size_t count)
{
    json_t *list = doc_array(x->arena);

    for (size_t i = 0; i < count; i++) {
        if (str_eq(rows[i].entry, entry))
            doc_append(list, action_doc(x, &rows[i]));
    }
    return list;
}

static json_t *entry_doc(struct exchange *x, str name, const struct action_row *rows, size_t count)
{
    json_t *entry = catalogue_entry(x->arena, name), *doc = doc_object(x->arena);
    json_t *added = added_of(x, name, rows, count);

    doc_set_str(doc, "entry", name);
    doc_set_str(doc, "name", doc_get_str(entry, "name"));
    doc_set_str(doc, "description", doc_get_str(entry, "description"));
    doc_set_str(doc, "category", doc_get_str(entry, "category"));
    doc_set_bool(doc, "writes", catalogue_writes(entry));
    doc_set(doc, "added", added);
    doc_set_bool(doc, "is_added", json_array_size(added) > 0);
    return doc;
}

static enum err add_connections(struct exchange *x)
{
    str chosen = exchange_text(x, "connection");
    json_t *list = NULL, *one;
    size_t i;
    enum err e = connections_doc_list(x, &list);

    if (e)
        return e;
    json_array_foreach (list, i, one) {
        doc_set_bool(one, "selected", str_eq(doc_get_str(one, "id"), chosen));
    }
    doc_set(exchange_doc(x), "connections", list);
    doc_set_bool(exchange_doc(x), "can_add", json_array_size(list) > 0);
    return ERR_OK;
}

enum err catalogue_show(struct exchange *x)
{
    size_t count = 0, row_count = 0;
    const struct catalogue_source *all = catalogue_embedded(&count);
    json_t *list = doc_array(x->arena);
    struct action_row *rows = NULL;
    enum err e = app_doc_fill(x, APP_TAB_ACTIONS);

    if (!e)
        e = actions_list(x->work, &rows, &row_count);
    if (!e)
        e = add_connections(x);
    if (e)
        return e;
    for (size_t i = 0; i < count; i++)
        doc_append(list, entry_doc(x, str_from(all[i].entry), rows, row_count));
    doc_set(exchange_doc(x), "entries", list);
    return ERR_OK;
}

/* --- adding ----------------------------------------------------------------------------------- */

/* By id or name. */
static enum err chosen(struct exchange *x, str *ret)
{
    struct connection_row n = {0};
    str wanted = exchange_text(x, "connection");
    enum err e = str_empty(wanted) ? ERR_NOT_FOUND : connection_find_named(x->work, wanted, &n);

    if (e == ERR_NOT_FOUND) {
        exchange_field_error(x, "connection", "Choose a connection of this app.");
        return exchange_field_problem(x);
    }
    *ret = n.id;
    return e;
}

static enum err save_requests(struct exchange *x, const json_t *entry, json_t *names,
                              str connection)
{
    struct request_row row = {0};
    const char *name;
    json_t *chosen_name;
    enum err e = ERR_OK;

    json_object_foreach (names, name, chosen_name) {
        json_t *document = doc_get(doc_get(entry, "requests"), name);
        if (!e && !json_is_true(doc_get(chosen_name, "exists")))
            e = request_create(x->work, doc_get_str(chosen_name, "name"), connection,
                               doc_print(x->arena, document), &row);
    }
    return e;
}

static enum err save_action(struct exchange *x, const json_t *entry, json_t *draft,
                            struct action_row *ret)
{
    struct action_surroundings around;
    struct action_row row = {0};
    struct slips s;
    str name = {NULL, 0};
    enum err e = action_surroundings(x, &around);

    if (e)
        return e;
    slips_init(&s, x->arena);
    action_check_whole(&s, draft, &around);
    if (s.count)
        return fail(&x->fault, ERR_INVALID, "%s: %s", s.list[0].field, s.list[0].message);
    e = action_free_name(x->work, doc_get_str(entry, "name"), &name);
    if (!e)
        e = action_create(x->work, name, doc_get_str(entry, "description"),
                          doc_print(x->arena, draft), &row);
    if (!e)
        e = action_set_entry(x->work, &row, x->params[1]);
    if (!e)
        e = action_apply(x->work, &row,
                         doc_print(x->arena, action_freeze(x->arena, draft, around.requests)), ret);
    return e;
}

static enum err add(struct exchange *x, const json_t *entry, str connection, struct action_row *ret)
{
    struct action_surroundings around;
    json_t *names = NULL;
    enum err e = action_surroundings(x, &around);

    if (e)
        return e;
    names = catalogue_names(x->arena, entry, around.requests, connection);
    e = save_requests(x, entry, names, connection);
    return e ? e : save_action(x, entry, catalogue_action(x->arena, entry, names), ret);
}

enum err catalogue_add(struct exchange *x)
{
    json_t *entry = catalogue_entry(x->arena, x->params[1]);
    struct action_row row = {0};
    str connection = {NULL, 0};
    enum err e;

    if (!entry)
        return fail(&x->fault, ERR_NOT_FOUND, "The catalogue has no such entry.");
    e = chosen(x, &connection);
    if (!e)
        e = add(x, entry, connection, &row);
    if (e)
        return e;
    x->doc = action_doc(x, &row);
    x->status = 201;
    x->location = x->representation == EXCHANGE_PAGE ? app_doc_path(x, "/catalogue")
                                                     : action_path(x, &row, "");
    x->notice = arena_printf(x->arena, "\"%.*s\" was added and applied. It can be run now.",
                             STR_ARG(row.name));
    return ERR_OK;
}
