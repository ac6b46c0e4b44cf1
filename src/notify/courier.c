/* See the header: states and invariants. */
#include "notify/courier.h"

#include <semaphore.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "core/deliveries.h"
#include "notify/message.h"

#define ARENA_MAX ((size_t)64 << 20)
#define ANSWER_MAX ((size_t)64 * 1024)
#define FIRST_US 600000 /* not at the same moment as the other timers */

struct courier {
    struct courier_config config;
    struct loop *loop;
    struct event *timer;
    sem_t done;
    int stopping;
    int closed; /* no job for a worker any more */
    int rounds; /* under way */
};

struct round {
    struct courier *courier;
    struct arena *arena;
    struct delivery_try *tries;
    size_t count;
    size_t under_way;
};

struct sending {
    struct round *round;
    struct delivery_try *try;
    struct upstream_header headers[4];
    struct upstream_call call;
    struct mail_call mail;
};

static void rest(struct round *r)
{
    r->courier->rounds--;
    arena_free(r->arena);
}

static void begin_round(struct courier *c);

_Static_assert(COURIER_MAILS_AT_ONCE *MAIL_SENDING_MS < DELIVERY_LEASE_MS, "claims outlive mails");
_Static_assert(COURIER_ANSWER_MS < DELIVERY_LEASE_MS, "claims outlive answers");

static size_t at_once(const struct courier *c)
{
    return c->config.way == DELIVERY_BY_MAIL ? COURIER_MAILS_AT_ONCE : COURIER_AT_ONCE;
}

static int rounds_most(const struct courier *c)
{
    return c->config.way == DELIVERY_BY_MAIL ? 1 : COURIER_ROUNDS;
}

/* --- settling --------------------------------------------------------------------------------- */

static enum err run_settle(struct work *w, void *arg)
{
    struct round *r = arg;

    return deliveries_settle(w, r->tries, r->count);
}

static void have_settled(void *arg)
{
    struct round *r = arg;
    struct courier *c = r->courier;
    int more = r->count == at_once(c);

    rest(r);
    if (more)
        begin_round(c);
}

static void log_failure(const struct courier *c, const char *event, enum err e,
                        const struct fault *f)
{
    log_event(c->config.log, LOG_ERROR, event, LOG_STR("error", str_from(err_name(e))),
              LOG_STR("detail", str_from(f->detail)));
}

/* What cannot be written is left to the claims' end. */
static void settle(void *arg, void *db)
{
    struct round *r = arg;
    struct fault f = {.code = ERR_OK};
    enum err e = ERR_STORAGE_FAILED;

    if (db)
        e = work_run(r->arena, &f, db, r->courier->config.services, run_settle, r);
    if (e)
        log_failure(r->courier, "settle_failed", e, &f);
    loop_post(r->courier->loop, have_settled, r);
}

static void landed(struct sending *s)
{
    struct round *r = s->round;

    if (--r->under_way)
        return;
    if (r->courier->closed)
        rest(r);
    else
        pool_submit_always(r->courier->config.pool, settle, r);
}

/* --- sending ---------------------------------------------------------------------------------- */

static str why_not(struct arena *a, const struct upstream_call *call)
{
    switch (call->outcome) {
    case UPSTREAM_ANSWERED:
        if (call->status >= 300 && call->status < 400)
            return arena_printf(a, "The receiver answered %d: redirects are not followed.",
                                call->status);
        return arena_printf(a, "The receiver answered %d.", call->status);
    case UPSTREAM_NO_HOST:
        return STR("The receiver's name could not be resolved.");
    case UPSTREAM_REFUSED:
        return STR("The receiver could not be reached.");
    case UPSTREAM_GUARDED:
        return arena_printf(a, "Nothing was sent: %s.", call->reason);
    case UPSTREAM_TLS:
        return arena_printf(a, "No secure connection to the receiver: %s.", call->reason);
    case UPSTREAM_PROXY:
        return STR("The proxy could not be used.");
    case UPSTREAM_SLOW:
        return STR("The receiver did not answer within 10 seconds.");
    case UPSTREAM_CUT:
    case UPSTREAM_GARBLED:
    case UPSTREAM_TOO_LARGE:
    case UPSTREAM_FULL:
    case UPSTREAM_GIVEN_UP:
    case UPSTREAM_STOPPED:
        break;
    }
    return STR("The receiver's answer broke off or could not be read.");
}

static void answered(struct upstream_call *call, void *token)
{
    struct sending *s = token;
    struct delivery_try *t = s->try;

    t->tried = call->outcome != UPSTREAM_STOPPED;
    if (call->outcome == UPSTREAM_ANSWERED)
        t->status = call->status;
    t->delivered = t->status >= 200 && t->status < 300;
    t->gone = t->status == 410;
    if (!t->delivered)
        t->error = why_not(s->round->arena, call);
    landed(s);
}

static void post(struct sending *s)
{
    struct courier *c = s->round->courier;
    struct delivery_try *t = s->try;

    s->headers[0] = (struct upstream_header){STR("Content-Type"), STR("application/json")};
    s->headers[1] = (struct upstream_header){STR("webhook-id"), t->id};
    s->headers[2] = (struct upstream_header){STR("webhook-timestamp"), t->timestamp};
    s->headers[3] = (struct upstream_header){STR("webhook-signature"), t->signature};
    s->call = (struct upstream_call){
        .arena = s->round->arena,
        .method = STR("POST"),
        .url = t->url,
        .headers = s->headers,
        .header_count = sizeof(s->headers) / sizeof(s->headers[0]),
        .body = t->body,
        .body_max = ANSWER_MAX,
        .deadline_ms = clock_monotonic_ms() + COURIER_ANSWER_MS,
        .done = answered,
        .token = s,
    };
    upstream_call(c->config.upstream, c->loop, &s->call);
}

static void mailed(struct mail_call *call, void *token)
{
    struct sending *s = token;

    s->try->tried = call->tried;
    s->try->delivered = call->sent;
    s->try->status = call->status;
    if (!call->sent)
        s->try->error = arena_str_from(s->round->arena, call->error);
    landed(s);
}

static void mail(struct sending *s)
{
    struct courier *c = s->round->courier;
    struct delivery_try *t = s->try;
    struct message m = {t->id, c->config.from, t->email, t->subject, t->body, clock_now_ms()};

    if (!c->config.mailer || !mail_address_valid(t->email)) {
        t->tried = 1;
        t->error = STR("This address cannot be written into a mail.");
        landed(s);
        return;
    }
    s->mail = (struct mail_call){
        .loop = c->loop,
        .to = t->email,
        .message = message_print(s->round->arena, &m),
        .done = mailed,
        .token = s,
    };
    mailer_send(c->config.mailer, &s->mail);
}

static void send_all(struct round *r)
{
    r->under_way = r->count;
    for (size_t i = 0, count = r->count; i < count; i++) {
        struct sending *s = arena_new_of(r->arena, struct sending);
        s->round = r;
        s->try = &r->tries[i];
        if (s->try->webhook.p)
            post(s);
        else
            mail(s);
    }
}

/* --- claiming --------------------------------------------------------------------------------- */

static enum err run_claim(struct work *w, void *arg)
{
    struct round *r = arg;

    return deliveries_claim(w, r->courier->config.way, at_once(r->courier), &r->tries, &r->count);
}

static void have_claimed(void *arg)
{
    struct round *r = arg;

    if (r->count == 0 || r->courier->stopping)
        rest(r);
    else
        send_all(r);
}

static void claim(void *arg, void *db)
{
    struct round *r = arg;
    struct fault f = {.code = ERR_OK};
    enum err e = ERR_OK;

    if (db)
        e = work_run(r->arena, &f, db, r->courier->config.services, run_claim, r);
    if (e)
        log_failure(r->courier, "claim_failed", e, &f);
    if (e || !db)
        r->count = 0;
    loop_post(r->courier->loop, have_claimed, r);
}

static void begin_round(struct courier *c)
{
    if (c->rounds == rounds_most(c) || c->stopping)
        return;
    struct arena *a = arena_new(ARENA_MAX);
    struct round *r = arena_new_of(a, struct round);
    *r = (struct round){.courier = c, .arena = a};
    c->rounds++;
    if (!pool_submit(c->config.pool, claim, r))
        rest(r);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct courier *c = arg;
    struct timeval period = {COURIER_PERIOD_S, 0};

    (void)fd;
    (void)what;
    must(event_add(c->timer, &period) == 0);
    begin_round(c);
}

/* --- life ------------------------------------------------------------------------------------- */

static void begin(void *arg)
{
    struct courier *c = arg;
    struct timeval first = {0, FIRST_US};

    c->timer = event_new(loop_base(c->loop), -1, 0, on_timer, c);
    must(c->timer && event_add(c->timer, &first) == 0);
}

static void end(void *arg)
{
    struct courier *c = arg;

    c->stopping = 1;
    event_free(c->timer);
    must(sem_post(&c->done) == 0);
}

static void close_now(void *arg)
{
    struct courier *c = arg;

    c->closed = 1;
    must(sem_post(&c->done) == 0);
}

static void on_loop(struct courier *c, void (*fn)(void *arg))
{
    loop_post(c->loop, fn, c);
    while (sem_wait(&c->done) != 0)
        ;
}

struct courier *courier_start(struct loops *loops, const struct courier_config *config)
{
    struct courier *c = mem_new(struct courier);

    c->config = *config;
    c->loop = loops_next(loops);
    must(sem_init(&c->done, 0, 0) == 0);
    loop_post(c->loop, begin, c);
    return c;
}

void courier_stop(struct courier *c)
{
    if (c)
        on_loop(c, end);
}

void courier_close(struct courier *c)
{
    if (c)
        on_loop(c, close_now);
}

void courier_free(struct courier *c)
{
    if (!c)
        return;
    must(c->rounds == 0);
    must(sem_destroy(&c->done) == 0);
    mem_free(c);
}
