/* What the documents below an app share. See the header. */
#include "resources/app_doc.h"

#include "base/check.h"
#include "base/doc.h"
#include "core/apps.h"
#include "core/permissions.h"

static const char *tab_name(enum app_tab tab)
{
    switch (tab) {
    case APP_TAB_DESCRIPTION:
        return "description";
    case APP_TAB_ACTIONS:
        return "actions";
    case APP_TAB_REQUEST:
        return "request";
    case APP_TAB_PERMISSIONS:
        return "permissions";
    case APP_TAB_SETTINGS:
        return "settings";
    }
    unreachable("tab");
}

static json_t *app_object(struct exchange *x, const struct app_row *app, int flagged)
{
    const struct membership *m = &x->work->membership;
    json_t *doc = doc_object(x->arena);

    doc_set_str(doc, "id", app->id);
    doc_set_str(doc, "slug", app->slug);
    doc_set_str(doc, "name", app->name);
    doc_set_str(doc, "description", app->description.p ? app->description : STR(""));
    doc_set_str(doc, "role", permission_role_text(m->role));
    doc_set_bool(doc, "is_admin", m->role == PERMISSION_ROLE_ADMIN);
    doc_set_bool(doc, "flagged", flagged);
    return doc;
}

enum err app_doc_fill(struct exchange *x, enum app_tab tab)
{
    json_t *doc = exchange_doc(x);
    json_t *is = doc_object(x->arena);
    struct app_row app = {0};
    struct person_row *people = NULL;
    size_t count;
    int64_t admins = 0;
    enum err e = apps_get(x->work, &app);

    if (!e)
        e = permissions_admins(x->work, 1, &people, &count, &admins);
    if (e)
        return e;
    doc_set(doc, "app", app_object(x, &app, admins == 0));
    doc_set_cstring(doc, "tab", tab_name(tab));
    for (int t = APP_TAB_DESCRIPTION; t <= APP_TAB_SETTINGS; t++)
        doc_set_bool(is, tab_name((enum app_tab)t), t == (int)tab);
    doc_set(doc, "is", is);
    return ERR_OK;
}

json_t *app_doc_person(struct exchange *x, str id, str name, str email)
{
    json_t *doc = doc_object(x->arena);

    doc_set_str(doc, "id", id);
    doc_set_str(doc, "name", name);
    doc_set_str(doc, "email", email);
    return doc;
}

str app_doc_path(struct exchange *x, const char *tail)
{
    return arena_printf(x->arena, "/apps/%.*s%s", STR_ARG(x->work->membership.slug), tail);
}
