/* Between the halves of a handler. See the header. */
#include "resources/provider_wait.h"

#include "base/check.h"
#include "core/work.h"

struct waiting {
    const struct provider *provider;
    struct provider_op *op;
};

static void start(void *arg, struct loop *loop, void (*done)(void *token), void *token)
{
    struct waiting *w = arg;
    w->provider->begin(w->provider->self, loop, w->op, done, token);
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

void provider_wait_wipe(struct exchange *x, struct secret *secret)
{
    arena_defer(x->arena, wipe, secret);
}

enum err provider_wait_failed(struct exchange *x, const struct provider_op *op)
{
    must(op->err != ERR_OK);
    x->fault = op->fault;
    x->fault.code = op->err;
    return op->err;
}
