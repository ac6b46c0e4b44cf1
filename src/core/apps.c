/* The rules of apps. See the header. */
#include "core/apps.h"

#include "base/id.h"
#include "core/names.h"
#include "core/stops.h"
#include "store/oauth.h"

#define SUFFIX_MAX 9999

enum err apps_page(struct work *w, str query, str after, struct apps_page *ret)
{
    struct apps_page page = {0};
    enum err e = store_apps_page(w->db, w->arena, w->fault, w->actor.user,
                                 name_search(w->arena, str_trim(query)), after, APPS_PAGE + 1,
                                 &page.rows, &page.count, &page.total);

    if (e)
        return e;
    if (page.count > APPS_PAGE) {
        page.count = APPS_PAGE;
        page.next = page.rows[APPS_PAGE - 1].sort_key;
    }
    *ret = page;
    return ERR_OK;
}

static void set_texts(struct work *w, struct app_row *row, str name, str description)
{
    row->name = name;
    row->description = description;
    row->sort_key = name_sort_key(w->arena, name, row->id);
    row->search = arena_printf(w->arena, "%.*s %.*s", STR_ARG(name_search(w->arena, name)),
                               STR_ARG(row->slug));
}

static enum err slug_is_taken(struct work *w, str slug, int *ret)
{
    struct app_row *row = NULL;
    enum err e = store_app_find_slug(w->db, w->arena, w->fault, slug, &row);

    if (e)
        return e;
    *ret = row != NULL;
    return ERR_OK;
}

/* The first free one of "team", "team-2", "team-3", ... */
static enum err make_slug(struct work *w, str name, str *ret)
{
    str base = name_slug(w->arena, name);
    str slug = base;

    for (int n = 2; n <= SUFFIX_MAX; n++) {
        int taken = 0;
        enum err e = slug_is_taken(w, slug, &taken);
        if (e)
            return e;
        if (!taken) {
            *ret = slug;
            return ERR_OK;
        }
        slug = arena_printf(w->arena, "%.*s-%d", STR_ARG(base), n);
    }
    return work_fail(w, ERR_NAME_TAKEN, "Too many apps have this name. Choose another one.");
}

static enum err choose_slug(struct work *w, str name, str wanted, str *ret)
{
    int taken = 0;
    enum err e;

    if (str_empty(wanted))
        return make_slug(w, name, ret);
    e = slug_is_taken(w, wanted, &taken);
    if (e)
        return e;
    if (taken)
        return work_fail(w, ERR_NAME_TAKEN, "This address is already in use. Choose another one.");
    *ret = wanted;
    return ERR_OK;
}

enum err apps_create(struct work *w, str name, str slug, str description, struct app_row *ret)
{
    struct app_row row = {
        .id = id_new(w->arena),
        .created = w->now_ms,
        .created_by = w->actor.user,
    };
    struct permission_row permission = {
        .id = id_new(w->arena),
        .app = row.id,
        .kind = PERMISSION_OF_USER,
        .principal = w->actor.user,
        .role = PERMISSION_ROLE_ADMIN,
        .created = w->now_ms,
    };
    enum err e = work_write(w);

    if (!e)
        e = choose_slug(w, name, slug, &row.slug);
    if (e)
        return e;
    set_texts(w, &row, name, description);
    e = store_app_insert(w->db, w->arena, w->fault, &row);
    if (e == ERR_CONFLICT) /* taken at the same moment: the next run sees it */
        return work_fail(w, ERR_RETRY, "");
    if (!e)
        e = store_permission_insert(w->db, w->arena, w->fault, &permission);
    if (e)
        return e;
    *ret = row;
    return ERR_OK;
}

enum err apps_get(struct work *w, struct app_row *ret)
{
    struct app_row *row = NULL;
    enum err e = store_app_find(w->db, w->arena, w->fault, w->membership.app, &row);

    if (e)
        return e;
    if (row == NULL)
        return work_fail(w, ERR_NOT_FOUND, "");
    *ret = *row;
    return ERR_OK;
}

enum err apps_change(struct work *w, const str *name, const str *description, struct app_row *ret)
{
    struct app_row row = {0};
    enum err e = work_write(w);

    if (!e)
        e = apps_get(w, &row);
    if (e)
        return e;
    set_texts(w, &row, name ? *name : row.name, description ? *description : row.description);
    e = store_app_update(w->db, w->arena, w->fault, &row);
    if (e)
        return e;
    *ret = row;
    return ERR_OK;
}

enum err apps_delete(struct work *w, str confirm)
{
    struct app_row row = {0};
    enum err e = work_write(w);

    if (!e)
        e = apps_get(w, &row);
    if (e)
        return e;
    if (!str_eq(str_trim(confirm), row.name))
        return work_fail(w, ERR_INVALID, "To delete the app, enter its name exactly.");
    e = stops_check_loss(w, &(struct stop_loss){.app = row.id});
    if (e)
        return e;
    e = store_app_delete(w->db, w->arena, w->fault, row.id);
    return e ? e : store_grants_drop_unused(w->db, w->arena, w->fault);
}
