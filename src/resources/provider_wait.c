/* Between the halves of a handler. See the header. */
#include "resources/provider_wait.h"

#include "base/check.h"
#include "core/access.h"
#include "core/connections.h"
#include "core/work.h"
#include "life/life.h"

struct waiting {
    const struct provider *provider;
    struct provider_op *op;
};

struct waiting_use {
    struct life *life;
    struct life_use use;
    struct access_query query; /* who asked, and for which app */
    str credential;
    int64_t generation;
};

static void start(void *arg, struct loop *loop, void (*done)(void *token), void *token)
{
    struct waiting *w = arg;
    w->provider->begin(w->provider->self, loop, w->op, done, token);
}

static void start_use(void *arg, struct loop *loop, void (*done)(void *token), void *token)
{
    struct waiting_use *u = arg;
    life_begin(u->life, loop, &u->use, done, token);
}

static void wipe(void *object)
{
    secret_wipe(object);
}

struct provider_op *provider_wait_op(struct exchange *x, enum provider_kind kind)
{
    struct provider_op *op = arena_new_of(x->arena, struct provider_op);
    op->kind = kind;
    op->arena = x->arena;
    return op;
}

void provider_wait(struct exchange *x, struct provider_op *op)
{
    struct waiting *w = arena_new_of(x->arena, struct waiting);
    w->provider = x->work->services->provider;
    w->op = op;
    x->wait = (struct exchange_wait){start, w};
}

/* The caller may still, and this is still the credential that their requests use. */
static enum err still(struct work *w, void *arg)
{
    struct waiting_use *u = arg;
    struct access_query q = u->query;
    struct connection_row n = {0};
    struct effective effective = {0};
    enum err e = access_decide(w, &q);
    if (!e)
        e = connection_find(w, u->use.connection, &n);
    if (!e)
        e = credentials_effective(w, &n, &effective);
    if (!e)
        e = credentials_refusal(w, &n, &effective);
    if (e)
        return e;
    if (str_eq(effective.use->id, u->credential) && effective.use->generation == u->generation)
        return ERR_OK;
    return work_fail(w, ERR_CONFLICT,
                     "This connection was reconnected meanwhile. Nothing was sent; try again.");
}

void provider_wait_use(struct exchange *x, struct provider_op *op, const struct credential_row *row,
                       const struct credential_grant *grant)
{
    struct waiting_use *u = arena_new_of(x->arena, struct waiting_use);
    u->life = x->work->services->life;
    u->use = (struct life_use){
        .op = op,
        .app = row->app,
        .connection = row->connection,
        .grant = grant->grant,
        .grant_generation = grant->generation,
        .access_expires = grant->access_expires,
        .still = still,
        .still_arg = u,
    };
    u->query = *(const struct access_query *)x->work->authorize_arg;
    u->credential = row->id;
    u->generation = row->generation;
    x->wait = (struct exchange_wait){start_use, u};
}

void provider_wait_wipe(struct exchange *x, struct secret *secret)
{
    arena_defer(x->arena, wipe, secret);
}

const char *provider_wait_stage(enum provider_stage stage)
{
    static const char *const NAMES[] = {"address", "tls",    "token",      "identity",
                                        "site",    "scopes", "permissions"};
    must(stage < STAGE_DONE);
    return NAMES[stage];
}

enum err provider_wait_failed(struct exchange *x, const struct provider_op *op)
{
    must(op->err != ERR_OK);
    x->fault = op->fault;
    x->fault.code = op->err;
    return op->err;
}
