/* The rules of people. See the header. */
#include "core/users.h"

#include "base/id.h"
#include "core/names.h"
#include "store/links.h"
#include "store/sessions.h"

void users_set_name(struct work *w, struct user_row *user, str name)
{
    user->name = name;
    user->sort_key = name_sort_key(w->arena, name, user->id);
    user->search = arena_printf(w->arena, "%.*s %.*s", STR_ARG(name_search(w->arena, name)),
                                STR_ARG(name_search(w->arena, user->email_key)));
}

struct user_row users_row(struct work *w, str email, str name)
{
    struct user_row row = {
        .id = id_new(w->arena),
        .email = email,
        .email_key = name_key(w->arena, email),
        .state = USER_INVITED,
        .created = w->now_ms,
    };

    users_set_name(w, &row, name);
    return row;
}

enum err users_need_setup(struct work *w, int *ret)
{
    int64_t admins = 0;
    enum err e = store_users_count_admins(w->db, w->arena, w->fault, &admins);

    if (e)
        return e;
    *ret = admins == 0;
    return ERR_OK;
}

enum err users_get(struct work *w, str id, struct user_row *ret)
{
    struct user_row *row = NULL;
    enum err e = store_user_find(w->db, w->arena, w->fault, id, &row);

    if (e)
        return e;
    if (row == NULL)
        return work_fail(w, ERR_NOT_FOUND, "There is no such user.");
    *ret = *row;
    return ERR_OK;
}

enum err users_find(struct work *w, str id_or_email, struct user_row **ret)
{
    str wanted = str_trim(id_or_email);

    if (str_find_char(wanted, '@') != SIZE_MAX)
        return store_user_find_email(w->db, w->arena, w->fault, name_key(w->arena, wanted), ret);
    return store_user_find(w->db, w->arena, w->fault, wanted, ret);
}

enum err users_page(struct work *w, str query, str after, struct users_page *ret)
{
    struct users_page page = {0};
    enum err e = store_users_page(w->db, w->arena, w->fault, name_search(w->arena, str_trim(query)),
                                  after, USERS_PAGE + 1, &page.rows, &page.count, &page.total);

    if (e)
        return e;
    if (page.count > USERS_PAGE) {
        page.count = USERS_PAGE;
        page.next = page.rows[USERS_PAGE - 1].sort_key;
    }
    *ret = page;
    return ERR_OK;
}

enum err users_choosable(struct work *w, enum users_choice choice, struct person_row **ret,
                         size_t *ret_count)
{
    return store_users_choosable(w->db, w->arena, w->fault, choice, USERS_CHOICES, ret, ret_count);
}

enum err users_invite(struct work *w, str email, str name, enum user_grant grant,
                      struct user_row *ret)
{
    struct user_row row = users_row(w, email, name);
    enum err e = work_write(w);

    row.workspace_admin = grant == USER_WORKSPACE_ADMIN;
    if (!e)
        e = store_user_insert(w->db, w->arena, w->fault, &row);
    if (e == ERR_CONFLICT)
        return work_fail(w, ERR_NAME_TAKEN, "There is already a user with this e-mail.");
    if (e)
        return e;
    *ret = row;
    return ERR_OK;
}

static int is_active_admin(const struct user_row *user)
{
    return user->state == USER_ACTIVE && user->workspace_admin;
}

static enum user_state state_wanted(const struct user_row *user, int disabled)
{
    if (disabled)
        return USER_DISABLED;
    if (user->state != USER_DISABLED)
        return user->state;
    return user->password.p ? USER_ACTIVE : USER_INVITED;
}

static enum err check_last_admin(struct work *w, const struct user_row *before,
                                 const struct user_row *after)
{
    int64_t admins = 0;
    enum err e;

    if (!is_active_admin(before) || is_active_admin(after))
        return ERR_OK;
    e = store_users_count_admins(w->db, w->arena, w->fault, &admins);
    if (e || admins > 1)
        return e;
    return work_fail(w, ERR_LAST_ADMIN,
                     "This is the last active workspace admin. Make somebody else one first.");
}

static enum err shut_out(struct work *w, str user)
{
    enum err e = store_sessions_delete_user(w->db, w->arena, w->fault, user, STR(""));

    return e ? e : store_links_delete_user(w->db, w->arena, w->fault, user);
}

enum err users_change(struct work *w, str id, const struct user_change *change,
                      struct user_row *ret)
{
    struct user_row before = {0}, after;
    enum err e = work_write(w);

    if (!e)
        e = users_get(w, id, &before);
    if (e)
        return e;
    after = before;
    if (change->name)
        users_set_name(w, &after, *change->name);
    if (change->workspace_admin)
        after.workspace_admin = *change->workspace_admin;
    if (change->disabled)
        after.state = state_wanted(&before, *change->disabled);
    e = check_last_admin(w, &before, &after);
    if (!e)
        e = store_user_update(w->db, w->arena, w->fault, &after);
    if (!e && after.state == USER_DISABLED && before.state != USER_DISABLED)
        e = shut_out(w, id);
    if (e)
        return e;
    *ret = after;
    return ERR_OK;
}
