/* Apps: the list, making one, its Description and App settings. */
#include "core/apps.h"

#include "base/doc.h"
#include "core/connections.h"
#include "core/names.h"
#include "core/permissions.h"
#include "core/settings.h"
#include "resources/app_doc.h"
#include "resources/connection_doc.h"
#include "resources/fields.h"
#include "resources/incident_doc.h"
#include "resources/people_doc.h"
#include "resources/routes.h"
#include "resources/stop_doc.h"

/* How many admins the Description names; the rest is a number. */
#define ADMINS_SHOWN 5

static json_t *seen_doc(struct exchange *x, const struct app_seen_row *row, int64_t todo)
{
    json_t *doc = doc_object(x->arena);
    json_t *is = doc_object(x->arena);

    doc_set_str(doc, "id", row->id);
    doc_set_str(doc, "slug", row->slug);
    doc_set_str(doc, "name", row->name);
    doc_set_str(doc, "description", row->description.p ? row->description : STR(""));
    doc_set_str(doc, "role", permission_role_text(row->role));
    doc_set_bool(is, "admin", row->role == PERMISSION_ROLE_ADMIN);
    doc_set_bool(is, "runner", row->role == PERMISSION_ROLE_RUNNER);
    doc_set(doc, "is", is);
    doc_set_int(doc, "connections", row->connections);
    doc_set_int(doc, "todo", todo);
    return doc;
}

enum err apps_list(struct exchange *x)
{
    json_t *doc = exchange_doc(x);
    json_t *list = doc_array(x->arena);
    struct apps_page page = {0};
    str query = str_trim(exchange_text(x, "query"));
    enum err e = apps_page(x->work, query, exchange_text(x, "after"), &page);

    for (size_t i = 0; !e && i < page.count; i++) {
        int64_t todo = 0;
        if (page.rows[i].connections > 0)
            e = connections_todo(x->work, page.rows[i].id, &todo);
        if (!e)
            doc_append(list, seen_doc(x, &page.rows[i], todo));
    }
    if (e)
        return e;
    doc_set(doc, "apps", list);
    doc_set_int(doc, "total", page.total);
    doc_set_str(doc, "query", query.p ? query : STR(""));
    doc_set_str(doc, "next", page.next);
    return ERR_OK;
}

enum err app_new(struct exchange *x)
{
    doc_set_str(
        exchange_doc(x), "slug_base",
        arena_printf(x->arena, "%.*s/apps/", STR_ARG(x->work->services->settings->public_url)));
    return ERR_OK;
}

static str slug_field(struct exchange *x)
{
    str slug = str_trim(exchange_text(x, "slug"));

    if (!str_empty(slug) && !name_slug_valid(slug))
        exchange_field_error(x, "slug",
                             "Use 2 to 40 small letters, digits and hyphens, no hyphen at the "
                             "ends, and not \"new\"; or leave it empty.");
    return slug;
}

enum err app_create(struct exchange *x)
{
    str name = exchange_name_field(x, "name", NAMES_LENGTH_MAX);
    str slug = slug_field(x);
    str description = exchange_text_field(x, "description", NAMES_DESCRIPTION_MAX);
    struct app_row app = {0};
    enum err e = exchange_field_problem(x);

    if (!e)
        e = apps_create(x->work, name, slug, description, &app);
    if (e)
        return e;
    x->work->membership = (struct membership){app.id, app.slug, PERMISSION_ROLE_ADMIN};
    x->status = 201;
    x->location = app_doc_path(x, "");
    return app_doc_fill(x, APP_TAB_DESCRIPTION);
}

/* `A` and {"connections":[C]}. */
static enum err fill_app(struct exchange *x, enum app_tab tab)
{
    json_t *connections = NULL;
    enum err e = app_doc_fill(x, tab);

    if (!e)
        e = connections_doc_list(x, &connections);
    if (e)
        return e;
    doc_set(exchange_doc(x), "connections", connections);
    return ERR_OK;
}

enum err app_show(struct exchange *x)
{
    struct person_row *admins = NULL;
    size_t count = 0;
    int64_t total = 0;
    enum err e = fill_app(x, APP_TAB_DESCRIPTION);

    if (!e)
        e = permissions_admins(x->work, ADMINS_SHOWN, &admins, &count, &total);
    if (e)
        return e;
    doc_set(exchange_doc(x), "admins", people_doc_list(x, admins, count));
    doc_set_int(exchange_doc(x), "admins_more", total - (int64_t)count);
    return ERR_OK;
}

enum err app_settings(struct exchange *x)
{
    json_t *cost = NULL;
    enum err e = fill_app(x, APP_TAB_SETTINGS);

    if (!e)
        e = incident_doc_put(x);
    if (!e)
        e = connections_delete_cost(x, &cost);
    if (e)
        return e;
    doc_set(exchange_doc(x), "delete_cost", cost);
    return stop_doc_put_open(x, exchange_doc(x), STOP_APP, x->work->membership.app);
}

enum err app_update(struct exchange *x)
{
    str name = {NULL, 0}, description = {NULL, 0};
    const str *new_name = field_name_if_given(x, "name", &name);
    const str *new_description = field_description_if_given(x, &description);
    struct app_row app = {0};
    enum err e = exchange_field_problem(x);

    if (!e)
        e = apps_change(x->work, new_name, new_description, &app);
    if (e)
        return e;
    x->location = app_doc_path(x, "/settings");
    x->notice = STR("Saved.");
    return app_doc_fill(x, APP_TAB_SETTINGS);
}

enum err app_delete(struct exchange *x)
{
    struct app_row app = {0};
    enum err e = apps_get(x->work, &app);

    if (!e && !str_eq(str_trim(exchange_text(x, "confirm")), app.name))
        exchange_field_error(x, "confirm", "To delete the app, enter its name exactly.");
    if (!e)
        e = exchange_field_problem(x);
    if (!e)
        e = apps_delete(x->work, exchange_text(x, "confirm"));
    if (e)
        return e;
    x->location = STR("/apps");
    x->notice = arena_printf(x->arena, "The app \"%.*s\" was deleted.", STR_ARG(app.name));
    return ERR_OK;
}
