/* The decision who may do what. See the header. */
#include "core/access.h"

#include "base/check.h"
#include "core/keys.h"
#include "store/apps.h"
#include "store/sessions.h"

#define TOUCH_EVERY_MS (10 * CLOCK_MINUTE_MS)
#define KEY_TOUCH_EVERY_MS CLOCK_MINUTE_MS

static enum err find_actor_of_key(struct work *w, const struct access_query *q)
{
    struct key_row *key = NULL;
    struct user_row *user = NULL;
    enum err e = keys_find(w, q->key, &key);

    if (e || key == NULL)
        return e;
    if (key->user.p)
        e = store_user_find(w->db, w->arena, w->fault, key->user, &user);
    if (e || (key->user.p && (!user || user->state != USER_ACTIVE)))
        return e;
    w->actor.key = key;
    if (user) {
        w->actor.user = user->id;
        w->actor.name = user->name;
        w->actor.email = user->email;
        w->actor.workspace_admin = user->workspace_admin;
    }
    return ERR_OK;
}

static enum err find_actor(struct work *w, struct access_query *q)
{
    struct session_row *session = NULL;
    struct user_row *user = NULL;
    enum err e;

    q->session_created = q->session_last_seen = 0;
    if (q->key.p)
        return find_actor_of_key(w, q);
    if (str_empty(q->token))
        return ERR_OK;
    e = store_session_find(w->db, w->arena, w->fault, work_hmac(w, VAULT_SESSION, q->token),
                           &session, &user);
    if (e || session == NULL)
        return e;
    if (session->expires <= w->now_ms || user->state != USER_ACTIVE)
        return ERR_OK;
    w->actor = (struct actor){
        .user = user->id,
        .name = user->name,
        .email = user->email,
        .workspace_admin = user->workspace_admin,
        .session = session->id,
    };
    q->session_created = session->created;
    q->session_last_seen = session->last_seen;
    return ERR_OK;
}

static enum err find_role(struct work *w, str app, enum permission_role *ret)
{
    const struct key_row *key = w->actor.key;

    if (w->actor.user.p)
        return store_permission_role(w->db, w->arena, w->fault, app, w->actor.user, ret);
    *ret = key && str_eq(key->app, app) ? PERMISSION_ROLE_RUNNER : PERMISSION_ROLE_NONE;
    return ERR_OK;
}

static enum err find_membership(struct work *w, str slug)
{
    const struct key_row *key = w->actor.key;
    struct app_row *app = NULL;
    enum permission_role role;
    enum err e = store_app_find_slug(w->db, w->arena, w->fault, slug, &app);

    if (e)
        return e;
    if (app == NULL)
        return work_fail(w, ERR_NOT_FOUND, "");
    e = find_role(w, app->id, &role);
    if (e)
        return e;
    if (role == PERMISSION_ROLE_NONE)
        return work_fail(w, ERR_NOT_FOUND, "");
    if (key && key->app.p && !str_eq(key->app, app->id))
        return work_fail(w, ERR_BLOCKED_BY_POLICY, "This Mortise key is for another app.");
    w->membership = (struct membership){app->id, app->slug, role};
    return ERR_OK;
}

/* The error of a level, from the table. */
static enum err refused(enum access_level level)
{
    switch (level) {
#define PERMISSION(name, code, meaning)                                                            \
    case ACCESS_##name:                                                                            \
        return ERR_##code;
#include "permissions.def"
#undef PERMISSION
    }
    return ERR_FORBIDDEN;
}

enum err access_decide(struct work *w, struct access_query *q)
{
    enum err e;
    int allowed = 0;

    w->actor = (struct actor){0};
    w->membership = (struct membership){0};
    e = find_actor(w, q);
    if (e || q->level == ACCESS_PUBLIC)
        return e;
    if (q->key.p && w->actor.key == NULL)
        return work_fail(w, ERR_KEY_REFUSED, "");
    if (w->actor.user.p == NULL && w->actor.key == NULL)
        return work_fail(w, ERR_NOT_SIGNED_IN, "");
    if (q->level == ACCESS_APP_MEMBER || q->level == ACCESS_APP_ADMIN)
        e = find_membership(w, q->app);
    if (e)
        return e;
    switch (q->level) {
    case ACCESS_PUBLIC:
    case ACCESS_SIGNED_IN:
        allowed = 1;
        break;
    case ACCESS_WORKSPACE_ADMIN:
        allowed = w->actor.workspace_admin;
        break;
    case ACCESS_APP_MEMBER:
        allowed = w->membership.role != PERMISSION_ROLE_NONE;
        break;
    case ACCESS_APP_ADMIN:
        allowed = w->membership.role == PERMISSION_ROLE_ADMIN;
        break;
    }
    return allowed ? ERR_OK : work_fail(w, refused(q->level), "");
}

enum err access_enter(struct work *w, str app_slug)
{
    struct access_query *q = w->authorize_arg;
    struct access_query before;
    enum err e;

    must(q != NULL);
    before = *q;
    q->level = ACCESS_APP_MEMBER;
    q->app = arena_str(w->arena, app_slug);
    e = access_decide(w, q);
    if (e)
        *q = before;
    return e;
}

enum err access_authorize(struct work *w, void *arg)
{
    return access_decide(w, arg);
}

static enum err touch_session(struct work *w, struct fault *f, const struct access_query *q)
{
    int64_t idle = w->now_ms + ACCESS_SESSION_IDLE_MS;
    int64_t end = q->session_created + ACCESS_SESSION_MAX_MS;
    enum err e = store_session_touch(w->db, w->arena, f, w->actor.session, w->now_ms,
                                     idle < end ? idle : end);

    return e ? e : store_user_seen(w->db, w->arena, f, w->actor.user, w->now_ms);
}

static int is_due(const struct work *w, const struct access_query *q)
{
    if (w->actor.key)
        return w->now_ms - w->actor.key->last_used >= KEY_TOUCH_EVERY_MS;
    return w->actor.session.p && w->now_ms - q->session_last_seen >= TOUCH_EVERY_MS;
}

void access_touch(struct work *w, const struct access_query *q)
{
    struct fault ignored = {0}; /* the next request tries again */
    enum err e;

    if (!is_due(w, q) || db_in_transaction(w->db) || db_begin(w->db, &ignored, DB_WRITE))
        return;
    db_moves_nothing(w->db);
    e = w->actor.key ? store_key_used(w->db, w->arena, &ignored, w->actor.key->id, w->now_ms)
                     : touch_session(w, &ignored, q);
    if (!e)
        e = db_commit(w->db, &ignored);
    if (e)
        db_rollback(w->db);
}

str access_csrf(const struct work *w, str session)
{
    str hmac = work_hmac(w, VAULT_CSRF, session);

    return hash_hex(w->arena, (const unsigned char *)hmac.p, hmac.n);
}

int access_csrf_fits(const struct work *w, str session, str given)
{
    return hash_equal(access_csrf(w, session), given);
}
