/* One use of a credential. See the header: states and invariants. */
#include "life/life.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "life/flight.h"

#define STILL_ARENA_MAX ((size_t)4 << 20)

struct life {
    struct pool *pool;
    const struct services *services;
    struct flights *flights;
};

/* A use on its way; in the operation's arena, on its loop only. */
struct call {
    struct life *life;
    struct life_use *use;
    void (*done)(void *token);
    void *token;
    int renewed; /* the token is new: use->access_expires is of an older one */
    int forced;  /* a 401 was answered by a refresh already */
    int retried; /* a flight of another connection's failed this one already */
    struct flight_waiter waiter;
};

struct life *life_new(struct pool *pool, const struct services *services)
{
    struct life *l = mem_new(struct life);

    l->pool = pool;
    l->services = services;
    l->flights = flights_new(pool, services);
    return l;
}

void life_free(struct life *l)
{
    if (!l)
        return;
    flights_free(l->flights);
    mem_free(l);
}

size_t life_flights(struct life *l)
{
    return flights_count(l->flights);
}

size_t life_drain(struct life *l, int timeout_ms)
{
    return l ? flights_drain(l->flights, timeout_ms) : 0;
}

void life_tend(struct life *l, struct flight_waiter *waiter)
{
    flight_join(l->flights, waiter);
}

void life_tend_behind(struct life *l, const struct flight_wish *wish)
{
    flight_behind(l->flights, wish);
}

/* What the call answered, if it was made already, is no answer to anybody. */
static void forget_answer(struct provider_op *op)
{
    op->err = ERR_OK;
    fault_clear(&op->fault);
    if (op->kind == PROVIDER_TEST) {
        op->test.identity = (struct provider_identity){0};
        op->test.stage = STAGE_ADDRESS;
        op->test.meaning = MEANING_OK;
        op->test.plain = (str){NULL, 0};
        return;
    }
    struct provider_request *r = &op->request;
    r->status = 0;
    r->reply_headers = NULL;
    r->reply_header_count = 0;
    r->reply_body = (str){NULL, 0};
    r->meaning = MEANING_OK;
    r->sentence = r->plain = (str){NULL, 0};
    r->scope = r->permission = r->project = (str){NULL, 0};
    r->jira_ms = 0;
    r->retry_after_s = 0;
}

static void give_up(struct provider_op *op, const struct flight_waiter *w)
{
    forget_answer(op);
    op->err = w->err;
    op->fault = w->fault;
    if (op->kind == PROVIDER_TEST) {
        op->test.stage = STAGE_TOKEN;
        op->test.meaning = w->meaning;
    } else {
        op->request.meaning = w->meaning;
    }
}

static void wait_for_token(struct call *c)
{
    c->waiter.wish.generation = c->use->grant_generation;
    flight_join(c->life->flights, &c->waiter);
}

static int lives_for(const struct life_use *use, int64_t ms)
{
    return use->access_expires > clock_now_ms() + ms;
}

/* Only an answer before which nothing was done. */
static int token_was_refused(const struct provider_op *op)
{
    if (op->kind == PROVIDER_TEST)
        return op->test.meaning == MEANING_REFUSED_TOKEN;
    return op->err == ERR_OK && op->request.status == 401 &&
           op->request.meaning == MEANING_REFUSED_TOKEN;
}

/* The gateway may answer to an expired token that something is forbidden or missing: believed only
 * when the token had time left. */
static int token_had_expired(const struct call *c)
{
    const struct provider_op *op = c->use->op;

    return op->kind == PROVIDER_REQUEST && op->err == ERR_OK &&
           (op->request.status == 403 || op->request.status == 404) && !c->renewed &&
           !lives_for(c->use, LIFE_STALE_MS);
}

/* The token was renewed a moment ago and a request is still refused: that path does so. (A test
 * asks who one is, and its refusal stands.) */
static void absolve_token(struct provider_op *op)
{
    if (op->kind != PROVIDER_REQUEST)
        return;
    op->request.meaning = MEANING_FORBIDDEN;
    op->request.sentence = STR(
        "Jira refused this call (401) although the authorisation was renewed a moment ago, so it"
        " is about this call. Test the connection to be sure.");
}

static void heard(void *token)
{
    struct call *c = token;
    int refused = c->use->grant.p && token_was_refused(c->use->op);
    int expired = c->use->grant.p && token_had_expired(c);

    if ((refused || expired) && !c->forced) {
        c->forced = 1;
        wait_for_token(c);
        return;
    }
    if (refused)
        absolve_token(c->use->op);
    c->done(c->token);
}

static void call(struct call *c)
{
    const struct provider *p = c->life->services->provider;

    p->begin(p->self, c->waiter.wish.loop, c->use->op, heard, c);
}

/* --- deciding again ----------------------------------------------------------------------------
 */

static void decided(void *arg)
{
    struct call *c = arg;

    if (c->waiter.err == ERR_OK) {
        call(c);
        return;
    }
    c->waiter.meaning = MEANING_FORBIDDEN;
    give_up(c->use->op, &c->waiter);
    c->done(c->token);
}

static void decide_on_worker(void *arg, void *db)
{
    struct call *c = arg;
    struct arena *a = arena_new(STILL_ARENA_MAX);

    fault_clear(&c->waiter.fault);
    c->waiter.err =
        db ? work_run(a, &c->waiter.fault, db, c->life->services, c->use->still, c->use->still_arg)
           : fail(&c->waiter.fault, ERR_STORAGE_FAILED, "");
    arena_free(a);
    loop_post(c->waiter.wish.loop, decided, c);
}

static void call_if_still(struct call *c)
{
    if (c->use->still)
        pool_submit_always(c->life->pool, decide_on_worker, c);
    else
        call(c);
}

static void landed(void *arg)
{
    struct call *c = arg;
    struct provider_op *op = c->use->op;
    struct secret *shown =
        op->kind == PROVIDER_TEST ? &op->test.target.secret : &op->request.target.secret;

    if (c->waiter.err != ERR_OK && c->waiter.of_another && !c->retried &&
        (c->waiter.err == ERR_CLIENT_REFUSED || c->waiter.err == ERR_NEEDS_RECONNECT)) {
        c->retried = 1;
        wait_for_token(c);
    } else if (c->waiter.err != ERR_OK && c->waiter.err != ERR_NEEDS_RECONNECT && !c->forced &&
               lives_for(c->use, 0)) {
        call_if_still(c); /* the token is old, and serves as long as it lives */
    } else if (c->waiter.err != ERR_OK) {
        give_up(op, &c->waiter);
        c->done(c->token);
    } else if (c->waiter.new_generation == c->use->grant_generation) {
        secret_wipe(&c->waiter.access); /* the flight was for an older token than this one */
        wait_for_token(c);
    } else {
        c->renewed = 1;
        c->use->grant_generation = c->waiter.new_generation;
        secret_wipe(shown);
        secret_take(shown, &c->waiter.access);
        forget_answer(op);
        call_if_still(c);
    }
}

void life_begin(struct life *l, struct loop *loop, struct life_use *use, void (*done)(void *token),
                void *token)
{
    struct call *c = arena_new_of(use->op->arena, struct call);

    must(loop_is_current(loop));
    must(use->op->kind == PROVIDER_TEST || use->op->kind == PROVIDER_REQUEST);
    c->life = l;
    c->use = use;
    c->done = done;
    c->token = token;
    c->waiter = (struct flight_waiter){
        .wish = {loop, use->grant, use->grant_generation, use->app, use->connection,
                 use->op->kind == PROVIDER_TEST ? GRANT_AT_ONCE : GRANT_OBEY_BACKOFF},
        .landed = landed,
        .arg = c,
    };
    if (use->grant.p && !lives_for(use, LIFE_STALE_MS)) {
        wait_for_token(c);
        return;
    }
    if (use->grant.p && !lives_for(use, LIFE_SOON_MS))
        flight_behind(l->flights, &c->waiter.wish);
    call(c);
}
