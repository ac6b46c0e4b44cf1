/* One-time links. See the header. */
#include "core/links.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/id.h"
#include "core/names.h"
#include "core/settings.h"
#include "core/users.h"
#include "crypto/random.h"

#define SETUP_MS (365 * CLOCK_DAY_MS)
#define INVITE_MS (7 * CLOCK_DAY_MS)
#define RESET_MS CLOCK_DAY_MS

static int64_t lifetime_ms(enum link_kind kind)
{
    switch (kind) {
    case LINK_SETUP:
        return SETUP_MS;
    case LINK_INVITE:
        return INVITE_MS;
    case LINK_RESET:
        return RESET_MS;
    }
    return 0;
}

/* user.p == NULL: a set-up link. */
static enum err insert_link(struct work *w, enum link_kind kind, str user, struct link_made *ret)
{
    str token = random_token(w->arena);
    str public_url = w->services->settings->public_url;
    struct link_row row = {
        .id = id_new(w->arena),
        .kind = kind,
        .token_hmac = work_hmac(w, VAULT_LINK, token),
        .user = user,
        .created_by = w->actor.user,
        .created = w->now_ms,
        .expires = w->now_ms + lifetime_ms(kind),
    };
    enum err e = store_link_insert(w->db, w->arena, w->fault, &row);

    if (e)
        return e;
    while (str_ends(public_url, STR("/")))
        public_url.n--;
    *ret = (struct link_made){
        .kind = kind,
        .token = token,
        .url = arena_printf(w->arena, "%.*s/links/%.*s", STR_ARG(public_url), STR_ARG(token)),
        .expires = row.expires,
    };
    return ERR_OK;
}

enum err links_setup(struct work *w, struct link_made *ret, int *ret_needed)
{
    int64_t admins = 0;
    enum err e = work_write(w);

    if (!e)
        e = store_users_count_admins(w->db, w->arena, w->fault, &admins);
    if (!e)
        e = store_links_delete_setup(w->db, w->arena, w->fault);
    if (!e && admins == 0)
        e = insert_link(w, LINK_SETUP, (str){NULL, 0}, ret);
    if (!e)
        e = work_commit(w);
    if (e)
        return e;
    *ret_needed = admins == 0;
    return ERR_OK;
}

enum err links_make(struct work *w, const struct user_row *user, struct link_made *ret)
{
    enum link_kind kind = user->state == USER_INVITED ? LINK_INVITE : LINK_RESET;
    enum err e = work_write(w);

    if (e)
        return e;
    if (user->state == USER_DISABLED)
        return work_fail(w, ERR_CONFLICT, "This user is disabled. Enable them first.");
    e = store_links_delete_user(w->db, w->arena, w->fault, user->id);
    return e ? e : insert_link(w, kind, user->id, ret);
}

enum err links_make_for(struct work *w, str user, struct link_made *ret, struct user_row *ret_user)
{
    struct user_row row = {0};
    enum err e = work_write(w);

    if (!e)
        e = users_get(w, user, &row);
    if (!e)
        e = links_make(w, &row, ret);
    if (e)
        return e;
    *ret_user = row;
    return ERR_OK;
}

enum err users_link(struct work *w, str email, struct link_made *ret)
{
    struct user_row *user = NULL;
    struct link_made made = {0};
    enum err e = work_write(w);

    if (!e)
        e = store_user_find_email(w->db, w->arena, w->fault, name_key(w->arena, str_trim(email)),
                                  &user);
    if (e)
        return e;
    if (user == NULL)
        return work_fail(w, ERR_NOT_FOUND, "There is no user with the e-mail %.*s.",
                         STR_ARG(email));
    e = links_make(w, user, &made);
    if (!e)
        e = work_commit(w);
    if (e)
        return e;
    *ret = made;
    return ERR_OK;
}

enum err links_find(struct work *w, str token, struct link_row **ret, struct user_row **ret_user)
{
    struct link_row *row = NULL;
    struct user_row *user = NULL;
    int64_t admins = 0;
    enum err e = store_link_find(w->db, w->arena, w->fault, work_hmac(w, VAULT_LINK, token), &row);

    if (!e && row && row->user.p)
        e = store_user_find(w->db, w->arena, w->fault, row->user, &user);
    if (!e && row && row->kind == LINK_SETUP)
        e = store_users_count_admins(w->db, w->arena, w->fault, &admins);
    if (e)
        return e;
    if (row == NULL || row->used || row->expires <= w->now_ms || admins > 0)
        return work_fail(w, ERR_LINK_EXPIRED, "");
    if (row->kind != LINK_SETUP && (user == NULL || user->state == USER_DISABLED))
        return work_fail(w, ERR_LINK_EXPIRED, "");
    *ret = row;
    *ret_user = user;
    return ERR_OK;
}

static enum err make_first_admin(struct work *w, const struct link_acceptance *acceptance,
                                 str encoded, struct user_row *ret)
{
    struct user_row row = users_row(w, acceptance->email, acceptance->name);
    enum err e;

    row.password = encoded;
    row.state = USER_ACTIVE;
    row.workspace_admin = 1;
    e = store_user_insert(w->db, w->arena, w->fault, &row);
    if (e == ERR_CONFLICT)
        return work_fail(w, ERR_NAME_TAKEN, "There is already a user with this e-mail.");
    if (!e)
        e = store_links_delete_setup(w->db, w->arena, w->fault);
    if (e)
        return e;
    *ret = row;
    return ERR_OK;
}

static enum err take_password(struct work *w, const struct link_acceptance *acceptance, str encoded,
                              struct user_row *user)
{
    enum err e;

    user->state = USER_ACTIVE;
    if (!str_empty(acceptance->name))
        users_set_name(w, user, acceptance->name);
    e = store_user_update(w->db, w->arena, w->fault, user);
    if (!e)
        e = store_user_set_password(w->db, w->arena, w->fault, user->id, encoded);
    if (!e)
        e = sessions_shut(w, user->id, STR(""));
    return e;
}

enum err links_accept(struct work *w, const struct link_acceptance *acceptance,
                      struct session_made *ret)
{
    struct link_row *link = NULL;
    struct user_row *user = NULL;
    struct user_row made = {0};
    str encoded = {NULL, 0};
    int done = 0;
    enum err e = links_find(w, acceptance->token, &link, &user);

    if (!e)
        e = password_hash(w->services->passwords, w->arena, w->fault, acceptance->password,
                          &encoded);
    if (!e)
        e = work_write(w);
    if (!e) /* again, in the transaction: it may have been used or voided while hashing */
        e = links_find(w, acceptance->token, &link, &user);
    if (e)
        return e;
    must(link != NULL);
    e = store_link_use(w->db, w->arena, w->fault, link->token_hmac, w->now_ms, &done);
    if (e)
        return e;
    if (!done)
        return work_fail(w, ERR_LINK_EXPIRED, "");
    if (user == NULL)
        e = make_first_admin(w, acceptance, encoded, &made);
    else
        e = take_password(w, acceptance, encoded, user);
    return e ? e : sessions_make(w, user ? user : &made, acceptance->agent, ret);
}
