/* Between the halves of a handler. See the header. */
#include "resources/provider_wait.h"

#include "base/check.h"
#include "core/work.h"
#include "life/life.h"

struct waiting {
    const struct provider *provider;
    struct provider_op *op;
};

struct waiting_use {
    struct life *life;
    struct life_use use;
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
    };
    x->wait = (struct exchange_wait){start_use, u};
}

void provider_wait_wipe(struct exchange *x, struct secret *secret)
{
    arena_defer(x->arena, wipe, secret);
}

const char *provider_wait_stage(enum provider_stage stage)
{
    static const char *const NAMES[] = {"address", "tls", "token", "identity", "site"};
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
