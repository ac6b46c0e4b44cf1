/* See the header. */
#include "actions/chain.h"

#include "actions/request.h"
#include "base/check.h"
#include "base/clock.h"
#include "core/connections.h"
#include "core/credentials.h"
#include "core/keys.h"

#define TURN_ARENA_MAX ((size_t)256 << 20)
#define CALL_ARENA_MAX ((size_t)256 << 20)
#define TICK_MS 200
#define AWAY_MS 2000 /* between two tries when the database is away */

static void turn_on_worker(void *arg, void *db);

/* --- the loop's side -------------------------------------------------------------------------- */

static void go_on(struct chain *c)
{
    pool_submit_always(c->pool, turn_on_worker, c);
}

static void heard(void *token)
{
    struct chain *c = token;

    c->call->took_ms = clock_monotonic_ms() - c->call->started_ms;
    secret_wipe(&c->call->op.request.target.secret);
    go_on(c);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct chain *c = arg;

    (void)fd;
    (void)what;
    if (clock_monotonic_ms() < c->until_ms && !*c->stopping)
        return;
    event_free(c->timer);
    c->timer = NULL;
    go_on(c);
}

static void begin_pause(struct chain *c)
{
    struct timeval tick = {0, TICK_MS * 1000};

    c->until_ms = clock_monotonic_ms() + c->pause_ms;
    c->timer = event_new(loop_base(c->loop), -1, EV_PERSIST, on_tick, c);
    must(c->timer && event_add(c->timer, &tick) == 0);
}

static void turned(void *arg)
{
    struct chain *c = arg;

    switch (c->next) {
    case CHAIN_CALL:
        must(c->call != NULL);
        c->call->started_ms = clock_monotonic_ms();
        life_begin(c->services->life, c->loop, &c->call->use, heard, c);
        return;
    case CHAIN_PAUSE:
        begin_pause(c);
        return;
    case CHAIN_END:
        chain_forget(c);
        c->end(c);
        return;
    }
}

void chain_start(struct chain *c, struct loop *loop)
{
    must(loop_is_current(loop));
    c->loop = loop;
    go_on(c);
}

/* --- the worker's side ------------------------------------------------------------------------ */

static enum chain_next turn(struct chain *c, struct arena *a, struct db *db)
{
    struct fault f = {.code = ERR_OK};
    struct work w = {
        .arena = a,
        .fault = &f,
        .db = db,
        .services = c->services,
        .now_ms = clock_now_ms(),
    };

    if (!db && !*c->stopping) { /* nothing is known of rights, and nothing could be kept */
        c->pause_ms = AWAY_MS;
        return CHAIN_PAUSE;
    }
    if (!db)
        return CHAIN_END;
    c->refused = access_decide(&w, &c->who);
    enum chain_next next = c->turn(c, &w);
    db_rollback(db);
    return next;
}

static void turn_on_worker(void *arg, void *db)
{
    struct chain *c = arg;
    struct arena *a = arena_new(TURN_ARENA_MAX);

    c->next = turn(c, a, db);
    arena_free(a);
    loop_post(c->loop, turned, c);
}

/* --- a call ----------------------------------------------------------------------------------- */

void chain_forget(struct chain *c)
{
    struct chain_call *call = c->call;

    if (!call)
        return;
    c->call = NULL;
    secret_wipe(&call->op.request.target.secret);
    arena_free(call->arena);
}

/* The actor still may, and this is still the credential that is used for them. */
static enum err still(struct work *w, void *arg)
{
    struct chain_call *call = arg;
    struct access_query who = call->chain->who;
    struct connection_row n = {0};
    struct effective effective = {0};
    enum err e = access_decide(w, &who);

    if (!e)
        e = connection_find(w, call->use.connection, &n);
    if (!e)
        e = credentials_effective(w, &n, &effective);
    if (!e)
        e = credentials_refusal(w, &n, &effective);
    if (e)
        return e;
    if (str_eq(effective.use->id, call->credential) &&
        effective.use->generation == call->generation)
        return ERR_OK;
    return work_fail(w, ERR_CONFLICT,
                     "This connection was reconnected meanwhile. Nothing was sent; try again.");
}

static void make_call(struct chain *c, struct work *w, const struct connection_row *n,
                      const struct credential_row *use)
{
    struct arena *a = arena_new(CALL_ARENA_MAX);
    struct chain_call *call = arena_new_of(a, struct chain_call);

    *call = (struct chain_call){
        .arena = a,
        .op = {.kind = PROVIDER_REQUEST, .arena = a},
        .chain = c,
        .before = health_before(use),
        .generation = use->generation,
        .credential = arena_str(a, use->id),
        .connection_name = arena_str(a, n->name),
        .account = arena_str(a, use->account_name),
        .site = arena_str(a, use->site_name),
        .site_url = arena_str(a, use->site_url),
        .shared = n->shared,
        .began = w->now_ms,
    };
    call->before.credential = arena_str(a, call->before.credential);
    call->before.last_error = arena_str(a, call->before.last_error);
    chain_forget(c);
    c->call = call;
}

/* What the target points to was read into the turn's arena. */
static void keep_target(struct chain_call *call, const struct credential_row *use,
                        const struct credential_grant *grant)
{
    struct provider_target *t = &call->op.request.target;
    struct arena *a = call->arena;

    t->origin = arena_str(a, t->origin);
    t->base_path = arena_str(a, t->base_path);
    t->username = arena_str(a, t->username);
    call->use = (struct life_use){
        .op = &call->op,
        .app = arena_str(a, use->app),
        .connection = arena_str(a, use->connection),
        .grant = arena_str(a, grant->grant),
        .grant_generation = grant->generation,
        .access_expires = grant->access_expires,
        .still = still,
        .still_arg = call,
    };
}

static enum err open_target(struct chain *c, struct work *w, const struct connection_row *n,
                            const struct credential_row *use)
{
    struct provider_request *r = &c->call->op.request;
    struct credential_grant grant = {0};
    enum err e = keys_permit(w, n, r->method, r->path);

    if (!e)
        e = credentials_target(w, use, &r->target, &grant);
    if (!e)
        keep_target(c->call, use, &grant);
    return e;
}

enum err chain_prepare(struct chain *c, struct work *w, str connection, const json_t *document,
                       const struct fill_scope *scope, int *ret_fatal)
{
    struct connection_row n = {0};
    struct effective effective = {0};
    enum err e = connection_find(w, connection, &n);

    *ret_fatal = 1;
    if (!e)
        e = keys_permit(w, &n, (str){NULL, 0}, (str){NULL, 0});
    if (!e)
        e = credentials_effective(w, &n, &effective);
    if (!e)
        e = credentials_refusal(w, &n, &effective);
    if (e)
        return e;
    make_call(c, w, &n, effective.use);
    *ret_fatal = 0;
    e = request_fill(c->call->arena, w->fault, document, scope, w->services->provider,
                     &c->call->op.request);
    return e ? e : open_target(c, w, &n, effective.use);
}

static enum err note(struct chain *c, struct work *w)
{
    const struct chain_call *call = c->call;
    const struct provider_request *r = &call->op.request;
    int answered = call->op.err == ERR_OK;
    enum err e = health_note(w, &call->before, &call->op);

    if (!e && answered && r->meaning == MEANING_REFUSED_TOKEN)
        e = work_write(w);
    if (!e && answered && r->meaning == MEANING_REFUSED_TOKEN)
        e = credentials_note(w, call->credential, call->generation, CREDENTIAL_REFUSED,
                             r->sentence);
    if (!e && answered && r->meaning == MEANING_LOCKED && r->target.auth == PROVIDER_BASIC)
        e = work_write(w);
    if (!e && answered && r->meaning == MEANING_LOCKED && r->target.auth == PROVIDER_BASIC)
        e = credentials_note(w, call->credential, call->generation, CREDENTIAL_LOCKED, r->plain);
    return e ? e : work_commit(w);
}

void chain_note(struct chain *c, struct work *w)
{
    struct fault ignored = {.code = ERR_OK}, *kept = w->fault;

    w->fault = &ignored;
    if (note(c, w))
        db_rollback(w->db);
    w->fault = kept;
}
