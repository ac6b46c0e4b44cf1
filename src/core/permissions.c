/* Who is admin or runner. See the header. */
#include "core/permissions.h"

#include "base/id.h"
#include "core/groups.h"
#include "core/users.h"

enum err permissions_all(struct work *w, struct permission_row **ret, size_t *ret_count)
{
    return store_permissions_list(w->db, w->arena, w->fault, w->membership.app, ret, ret_count);
}

static enum err resolve_user(struct work *w, str principal, str *ret)
{
    struct user_row *user = NULL;
    enum err e = users_find(w, principal, &user);

    if (e)
        return e;
    if (user == NULL)
        return work_fail(w, ERR_INVALID, "There is no user with this e-mail.");
    if (user->state == USER_DISABLED)
        return work_fail(w, ERR_INVALID, "This user is disabled.");
    *ret = user->id;
    return ERR_OK;
}

static enum err resolve_group(struct work *w, str principal, str *ret)
{
    struct group_row *group = NULL;
    enum err e = store_group_find(w->db, w->arena, w->fault, str_trim(principal), &group);

    if (e)
        return e;
    if (group == NULL)
        return work_fail(w, ERR_INVALID, "There is no such group.");
    *ret = group->id;
    return ERR_OK;
}

static enum err resolve(struct work *w, enum permission_kind kind, str principal, str *ret)
{
    switch (kind) {
    case PERMISSION_OF_USER:
        return resolve_user(w, principal, ret);
    case PERMISSION_OF_GROUP:
        return resolve_group(w, principal, ret);
    case PERMISSION_OF_EVERYONE:
        *ret = STR("");
        return ERR_OK;
    }
    return work_fail(w, ERR_INVALID, "");
}

/* Finds a row just written, with the names that belong to it. */
static enum err reread(struct work *w, str id, struct permission_row *ret)
{
    struct permission_row *row = NULL;
    enum err e = store_permission_find(w->db, w->arena, w->fault, w->membership.app, id, &row);

    if (e)
        return e;
    if (row == NULL)
        return work_fail(w, ERR_NOT_FOUND, "This permission no longer exists.");
    *ret = *row;
    return ERR_OK;
}

enum err permissions_add(struct work *w, enum permission_kind kind, str principal,
                         enum permission_role role, struct permission_row *ret)
{
    struct permission_row *present = NULL;
    struct permission_row row = {
        .id = id_new(w->arena),
        .app = w->membership.app,
        .kind = kind,
        .role = role,
        .created = w->now_ms,
    };
    enum err e = work_write(w);

    if (!e)
        e = resolve(w, kind, principal, &row.principal);
    if (!e)
        e = store_permission_of(w->db, w->arena, w->fault, row.app, kind, row.principal, &present);
    if (e)
        return e;
    if (present)
        return work_fail(w, ERR_NAME_TAKEN,
                         "This one is in the list already. Change the role there.");
    e = store_permission_insert(w->db, w->arena, w->fault, &row);
    return e ? e : reread(w, row.id, ret);
}

/* After a change, in its transaction. */
static enum err check_last_admin(struct work *w)
{
    struct person_row *people = NULL;
    size_t count;
    int64_t total = 0;
    enum err e = permissions_admins(w, 1, &people, &count, &total);

    if (e || total > 0)
        return e;
    return work_fail(w, ERR_LAST_ADMIN,
                     "This would leave the app without an active admin. Make somebody else an "
                     "admin first.");
}

enum err permissions_change(struct work *w, str id, enum permission_role role,
                            struct permission_row *ret)
{
    struct permission_row row = {0};
    enum err e = work_write(w);

    if (!e)
        e = reread(w, id, &row);
    if (!e)
        e = store_permission_set_role(w->db, w->arena, w->fault, w->membership.app, id, role);
    if (!e)
        e = check_last_admin(w);
    if (e)
        return e;
    row.role = role;
    *ret = row;
    return ERR_OK;
}

enum err permissions_remove(struct work *w, str id)
{
    struct permission_row row = {0};
    enum err e = work_write(w);

    if (!e)
        e = reread(w, id, &row);
    if (!e)
        e = store_permission_delete(w->db, w->arena, w->fault, w->membership.app, id);
    return e ? e : check_last_admin(w);
}

enum err permissions_role_now(struct work *w, enum permission_role *ret)
{
    return store_permission_role(w->db, w->arena, w->fault, w->membership.app, w->actor.user, ret);
}

enum err permissions_admins(struct work *w, int64_t limit, struct person_row **ret,
                            size_t *ret_count, int64_t *ret_total)
{
    return store_permission_admins(w->db, w->arena, w->fault, w->membership.app, limit, ret,
                                   ret_count, ret_total);
}

enum err permissions_flagged(struct work *w, struct app_row **ret, size_t *ret_count)
{
    return store_apps_without_admin(w->db, w->arena, w->fault, ret, ret_count);
}

static enum err find_flagged(struct work *w, str slug, struct app_row *ret)
{
    struct app_row *app = NULL;
    struct person_row *people = NULL;
    size_t count;
    int64_t admins = 0;
    enum err e = store_app_find_slug(w->db, w->arena, w->fault, slug, &app);

    if (!e && app)
        e = store_permission_admins(w->db, w->arena, w->fault, app->id, 1, &people, &count,
                                    &admins);
    if (e)
        return e;
    /* An app with admins is none of a workspace admin's business: not even its name. */
    if (app == NULL || admins > 0)
        return work_fail(w, ERR_NOT_FOUND, "There is no app of this name without an admin.");
    *ret = *app;
    return ERR_OK;
}

static enum err give_admin(struct work *w, str app, str user)
{
    struct permission_row *present = NULL;
    struct permission_row row = {
        .id = id_new(w->arena),
        .app = app,
        .kind = PERMISSION_OF_USER,
        .principal = user,
        .role = PERMISSION_ROLE_ADMIN,
        .created = w->now_ms,
    };
    enum err e =
        store_permission_of(w->db, w->arena, w->fault, app, PERMISSION_OF_USER, user, &present);

    if (e)
        return e;
    if (present)
        return store_permission_set_role(w->db, w->arena, w->fault, app, present->id,
                                         PERMISSION_ROLE_ADMIN);
    return store_permission_insert(w->db, w->arena, w->fault, &row);
}

enum err permissions_appoint(struct work *w, str slug, str user, struct app_row *ret)
{
    struct app_row app = {0};
    struct user_row *found = NULL;
    enum err e = work_write(w);

    if (!e)
        e = find_flagged(w, slug, &app);
    if (!e)
        e = users_find(w, user, &found);
    if (e)
        return e;
    if (found == NULL || found->state != USER_ACTIVE)
        return work_fail(w, ERR_INVALID, "Choose an active user.");
    e = give_admin(w, app.id, found->id);
    if (e)
        return e;
    *ret = app;
    return ERR_OK;
}
