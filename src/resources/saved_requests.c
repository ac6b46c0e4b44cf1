/* The saved requests of an app, for its admins: list, add, change, delete. Trying one out is
 * saved_try.c; a request that is typed and sent once is request.c.
 */
#include "core/requests.h"

#include "base/doc.h"
#include "core/connections.h"
#include "resources/app_doc.h"
#include "resources/routes.h"
#include "resources/saved_doc.h"
#include "resources/saved_input.h"

static str path_of(struct exchange *x, str id)
{
    return arena_printf(x->arena, "%.*s/%.*s", STR_ARG(app_doc_path(x, "/requests")), STR_ARG(id));
}

enum err saved_list(struct exchange *x)
{
    json_t *list = doc_array(x->arena), *q = NULL;
    struct request_row *rows = NULL;
    size_t count = 0;
    enum err e = app_doc_fill(x, APP_TAB_ACTIONS);

    if (!e)
        e = requests_list(x->work, &rows, &count);
    for (size_t i = 0; !e && i < count; i++) {
        e = saved_doc(x, &rows[i], &q);
        if (!e)
            doc_append(list, q);
    }
    if (!e)
        doc_set(exchange_doc(x), "requests", list);
    return e;
}

enum err saved_new(struct exchange *x)
{
    return saved_page(x, NULL);
}

enum err saved_show(struct exchange *x)
{
    struct request_row row = {0};
    enum err e = request_find(x->work, x->params[1], &row);

    return e ? e : saved_page(x, &row);
}

/* The connection that was chosen, by id or name. ERR_OK with a field error when there is none. */
static enum err chosen(struct exchange *x, str before, str *ret)
{
    struct connection_row n = {0};
    str wanted = exchange_has(x, "connection") ? exchange_text(x, "connection") : before;
    enum err e = ERR_NOT_FOUND;

    if (!str_empty(wanted))
        e = connection_find_named(x->work, wanted, &n);
    if (e == ERR_NOT_FOUND) {
        exchange_field_error(x, "connection", "Choose a connection of this app.");
        fault_clear(&x->fault);
        return ERR_OK;
    }
    *ret = n.id;
    return e;
}

static void check_name(struct exchange *x, str name)
{
    if (!request_name_valid(name))
        exchange_field_error(x, "name",
                             "A name is a letter, then letters, digits, \"-\" and \"_\", 50 at "
                             "most: templates write it as {{request.NAME...}}.");
}

enum err saved_add(struct exchange *x)
{
    struct request_row row = {0};
    str name = str_trim(exchange_text(x, "name")), connection = {NULL, 0};
    json_t *d = NULL;
    enum err e = saved_input(x, NULL, &d);

    check_name(x, name);
    if (!e)
        e = chosen(x, (str){NULL, 0}, &connection);
    if (!e)
        e = exchange_field_problem(x);
    if (!e)
        e = request_create(x->work, name, connection, doc_print(x->arena, d), &row);
    if (!e)
        e = saved_doc(x, &row, &x->doc);
    if (e)
        return e;
    x->status = 201;
    x->location = path_of(x, row.id);
    x->notice = arena_printf(x->arena, "\"%.*s\" was saved. Try it out here.", STR_ARG(row.name));
    return ERR_OK;
}

/* A form, or a program that says which version it changes, does not overwrite what came between. */
static int is_stale(struct exchange *x, const struct request_row *row)
{
    return exchange_has(x, "version") && exchange_int(x, "version", 0) != row->version;
}

enum err saved_change(struct exchange *x)
{
    struct request_row row = {0}, next = {0};
    json_t *before = NULL, *d = NULL;
    str connection = {NULL, 0};
    enum err e = request_find(x->work, x->params[1], &row);

    if (!e)
        e = saved_document(x, &row, &before);
    if (!e)
        e = saved_input(x, before, &d);
    if (!e)
        e = chosen(x, row.connection, &connection);
    if (!e)
        e = exchange_field_problem(x);
    if (!e && is_stale(x, &row))
        e = fail(&x->fault, ERR_CONFLICT, "");
    if (!e)
        e = request_change(x->work, &row, connection, doc_print(x->arena, d), &next);
    if (!e)
        e = saved_doc(x, &next, &x->doc);
    if (e)
        return e;
    x->location = path_of(x, row.id);
    x->notice =
        STR("Saved. Actions that were applied before go on as they are; apply them again to "
            "take this over.");
    return ERR_OK;
}

enum err saved_remove(struct exchange *x)
{
    struct request_row row = {0};
    enum err e = request_find(x->work, x->params[1], &row);

    if (!e)
        e = request_delete(x->work, &row);
    if (e)
        return e;
    x->location = app_doc_path(x, "/requests");
    x->notice = arena_printf(x->arena, "\"%.*s\" was deleted.", STR_ARG(row.name));
    return ERR_OK;
}
