/* The unit of work around each half of a handler. See the header. */
#include "resources/hooks.h"

#include "base/clock.h"
#include "base/doc.h"
#include "core/access.h"
#include "core/notices.h"
#include "core/settings.h"
#include "http/cookie.h"
#include "resources/people_doc.h"
#include "resources/routes.h"

/* The two enums are made from the same table. */
#define PERMISSION(name, code, meaning)                                                            \
    _Static_assert((int)PERMISSION_##name == (int)ACCESS_##name, #name);
#include "permissions.def"
#undef PERMISSION

static int is_probe(const struct exchange *x)
{
    return x->route->begin == health_show || x->route->begin == ready_show;
}

static struct work *make_work(const struct services *services, struct exchange *x, struct db *db)
{
    struct work *w = arena_new_of(x->arena, struct work);

    *w = (struct work){
        .arena = x->arena,
        .fault = &x->fault,
        .db = db,
        .services = services,
        .now_ms = clock_now_ms(),
        .authorize = access_authorize,
    };
    return w;
}

static struct access_query *make_query(const struct services *services, const struct exchange *x)
{
    struct access_query *q = arena_new_of(x->arena, struct access_query);

    q->level = (enum access_level)x->route->permission;
    q->key = x->key;
    q->token = cookie_get(x->cookie, cookie_session_name(services->settings->public_url));
    if (access_is_in_app(q->level))
        q->app = x->params[0];
    return q;
}

/* Of pages: the number in the bar. A count that cannot be had fails no page. */
static void show_unread(struct exchange *x)
{
    int64_t unread = 0;
    struct fault ignored = {.code = ERR_OK};
    struct work w = *x->work;

    w.fault = &ignored;
    if (notices_unread(&w, &unread))
        unread = 0;
    if (unread)
        doc_set_int(x->me, "unread", unread);
    else
        doc_set_null(x->me, "unread");
    doc_set_bool(x->me, "unread_more", unread >= NOTICES_COUNTED);
}

static void show_actor(struct exchange *x)
{
    const struct actor *actor = &x->work->actor;

    x->me = NULL;
    x->session_csrf = (str){NULL, 0};
    if (actor->session.p == NULL)
        return;
    x->session_csrf = access_csrf(x->work, actor->session);
    x->me = people_doc_me(x, actor->user, actor->name, actor->email, actor->workspace_admin);
    if (x->representation == EXCHANGE_PAGE)
        show_unread(x);
}

/* A key is for requests to Jira, by programs: one of their own, or those of an action. */
static int is_for_keys(const struct exchange *x)
{
    return x->representation == EXCHANGE_JSON &&
           (x->route->begin == request_begin || x->route->begin == action_run ||
            x->route->begin == run_show);
}

static enum err refuse_key(struct exchange *x)
{
    if (x->work->actor.key == NULL || is_for_keys(x))
        return ERR_OK;
    return fail(&x->fault, ERR_BLOCKED_BY_POLICY,
                "A Mortise key is for requests to Jira: POST /api/v1/apps/APP/connections/"
                "CONNECTION/request, or POST /api/v1/apps/APP/actions/ACTION/run.");
}

static int is_forged(const struct exchange *x)
{
    const struct actor *actor = &x->work->actor;

    return x->route->method != ROUTE_GET && actor->session.p != NULL &&
           !access_csrf_fits(x->work, actor->session, x->csrf_header);
}

static enum err hook_open(void *arg, struct exchange *x, void *worker_state)
{
    const struct services *services = arg;
    struct access_query *q = NULL;
    enum err e;

    x->work = make_work(services, x, worker_state);
    if (is_probe(x)) {
        x->work->authorize = NULL;
        return ERR_OK;
    }
    if (x->work->db == NULL)
        return fail(&x->fault, ERR_STORAGE_FAILED, "");
    q = make_query(services, x);
    x->work->authorize_arg = q;
    e = access_decide(x->work, q);
    show_actor(x);
    if (is_forged(x))
        return fail(&x->fault, ERR_CSRF, "");
    if (!e && x->route->permission != PERMISSION_PUBLIC)
        e = refuse_key(x);
    if (!e)
        access_touch(x->work, q);
    return e;
}

static enum err hook_close(void *arg, struct exchange *x, enum err result)
{
    struct work *w = x->work;

    (void)arg;
    x->work = NULL;
    if (w == NULL || w->db == NULL)
        return result;
    if (!result)
        return work_commit(w);
    db_rollback(w->db);
    return result;
}

struct dispatch_hooks hooks_of(const struct services *services)
{
    return (struct dispatch_hooks){
        .open = hook_open,
        .close = hook_close,
        .arg = (void *)(uintptr_t)services, /* handed back const by the hooks */
    };
}
