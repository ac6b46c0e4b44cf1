/* Who is admin or runner of an app; and the apps that nobody is admin of any more. */
#include "core/permissions.h"

#include "base/doc.h"
#include "core/groups.h"
#include "core/users.h"
#include "resources/app_doc.h"
#include "resources/people_doc.h"
#include "resources/routes.h"

static json_t *group_doc(struct exchange *x, str id, str name)
{
    json_t *doc = doc_object(x->arena);

    doc_set_str(doc, "id", id);
    doc_set_str(doc, "name", name);
    return doc;
}

static json_t *is_doc(struct exchange *x, const struct permission_row *row)
{
    json_t *is = doc_object(x->arena);

    doc_set_bool(is, "admin", row->role == PERMISSION_ROLE_ADMIN);
    doc_set_bool(is, "runner", row->role == PERMISSION_ROLE_RUNNER);
    doc_set_bool(is, "user", row->kind == PERMISSION_OF_USER);
    doc_set_bool(is, "group", row->kind == PERMISSION_OF_GROUP);
    doc_set_bool(is, "everyone", row->kind == PERMISSION_OF_EVERYONE);
    return is;
}

static void fill_permission(struct exchange *x, json_t *doc, const struct permission_row *row)
{
    doc_set_str(doc, "id", row->id);
    doc_set_str(doc, "role", permission_role_text(row->role));
    doc_set_str(doc, "kind", permission_kind_text(row->kind));
    doc_set_null(doc, "user");
    doc_set_null(doc, "group");
    if (row->kind == PERMISSION_OF_USER)
        doc_set(doc, "user", app_doc_person(x, row->principal, row->user_name, row->user_email));
    if (row->kind == PERMISSION_OF_GROUP)
        doc_set(doc, "group", group_doc(x, row->principal, row->group_name));
    doc_set_bool(doc, "everyone", row->kind == PERMISSION_OF_EVERYONE);
    doc_set_int(doc, "members", row->members);
    doc_set(doc, "is", is_doc(x, row));
}

/* Whom one may choose: "users" and "groups". */
static enum err fill_choices(struct exchange *x)
{
    json_t *list = doc_array(x->arena);
    struct person_row *people = NULL;
    struct group_row *groups = NULL;
    size_t count = 0, group_count = 0;
    enum err e = users_choosable(x->work, USERS_AND_INVITED, &people, &count);

    if (!e)
        e = groups_all(x->work, &groups, &group_count);
    if (e)
        return e;
    for (size_t i = 0; i < group_count; i++)
        doc_append(list, group_doc(x, groups[i].id, groups[i].name));
    doc_set(exchange_doc(x), "users", people_doc_list(x, people, count));
    doc_set(exchange_doc(x), "groups", list);
    return ERR_OK;
}

enum err permissions_list(struct exchange *x)
{
    json_t *list = doc_array(x->arena);
    struct permission_row *rows = NULL;
    size_t count = 0;
    enum err e = app_doc_fill(x, APP_TAB_PERMISSIONS);

    if (!e)
        e = permissions_all(x->work, &rows, &count);
    if (e)
        return e;
    for (size_t i = 0; i < count; i++) {
        json_t *doc = doc_object(x->arena);
        fill_permission(x, doc, &rows[i]);
        doc_append(list, doc);
    }
    doc_set(exchange_doc(x), "permissions", list);
    return fill_choices(x);
}

static enum permission_role role_field(struct exchange *x)
{
    str role = exchange_text(x, "role");

    if (str_eq(role, STR("admin")))
        return PERMISSION_ROLE_ADMIN;
    if (!str_eq(role, STR("runner")))
        exchange_field_error(x, "role", "Choose admin or runner.");
    return PERMISSION_ROLE_RUNNER;
}

static enum permission_kind kind_field(struct exchange *x)
{
    str kind = exchange_text(x, "kind");

    if (str_eq(kind, STR("user")))
        return PERMISSION_OF_USER;
    if (str_eq(kind, STR("group")))
        return PERMISSION_OF_GROUP;
    if (!str_eq(kind, STR("everyone")))
        exchange_field_error(x, "kind", "Choose user, group or everyone.");
    return PERMISSION_OF_EVERYONE;
}

/* Back to the list, or to where the caller still may be after a change of their own role. */
static enum err locate(struct exchange *x)
{
    enum permission_role role;
    enum err e = permissions_role_now(x->work, &role);

    if (e)
        return e;
    if (role == PERMISSION_ROLE_ADMIN)
        x->location = app_doc_path(x, "/permissions");
    else if (role == PERMISSION_ROLE_RUNNER)
        x->location = app_doc_path(x, "");
    else
        x->location = STR("/apps");
    return ERR_OK;
}

enum err permission_add(struct exchange *x)
{
    enum permission_kind kind = kind_field(x);
    enum permission_role role = role_field(x);
    str principal = STR("");
    struct permission_row row = {0};
    enum err e;

    if (kind != PERMISSION_OF_EVERYONE)
        principal = exchange_name_field(x, "principal", 254);
    e = exchange_field_problem(x);
    if (!e)
        e = permissions_add(x->work, kind, principal, role, &row);
    if (!e)
        e = locate(x);
    if (e)
        return e;
    x->status = 201;
    fill_permission(x, exchange_doc(x), &row);
    return ERR_OK;
}

enum err permission_update(struct exchange *x)
{
    enum permission_role role = role_field(x);
    struct permission_row row = {0};
    enum err e = exchange_field_problem(x);

    if (!e)
        e = permissions_change(x->work, x->params[1], role, &row);
    if (!e)
        e = locate(x);
    if (e)
        return e;
    x->notice = STR("Saved.");
    fill_permission(x, exchange_doc(x), &row);
    return ERR_OK;
}

enum err permission_remove(struct exchange *x)
{
    enum err e = permissions_remove(x->work, x->params[1]);

    return e ? e : locate(x);
}

enum err flagged_apps_list(struct exchange *x)
{
    json_t *list = doc_array(x->arena);
    struct app_row *apps = NULL;
    struct person_row *people = NULL;
    size_t count = 0, people_count = 0;
    enum err e = permissions_flagged(x->work, &apps, &count);

    if (!e)
        e = users_choosable(x->work, USERS_ACTIVE, &people, &people_count);
    if (e)
        return e;
    for (size_t i = 0; i < count; i++) {
        json_t *app = group_doc(x, apps[i].id, apps[i].name);
        doc_set_str(app, "slug", apps[i].slug);
        doc_append(list, app);
    }
    doc_set(exchange_doc(x), "apps", list);
    doc_set(exchange_doc(x), "candidates", people_doc_list(x, people, people_count));
    return ERR_OK;
}

enum err flagged_app_appoint(struct exchange *x)
{
    str user = exchange_name_field(x, "user", 254);
    struct app_row app = {0};
    enum err e = exchange_field_problem(x);

    if (!e)
        e = permissions_appoint(x->work, x->params[0], user, &app);
    if (e)
        return e;
    x->location = STR("/flagged-apps");
    x->notice = arena_printf(x->arena, "\"%.*s\" has an admin again.", STR_ARG(app.name));
    return ERR_OK;
}
