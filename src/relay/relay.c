/* Admission of calls, and the life of the relay itself. See the header. */
#include "relay/relay.h"

#include <semaphore.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "core/settings.h"
#include "http/authorization.h"
#include "relay/call.h"

/* --- admission -------------------------------------------------------------------------------- */

static struct lane *lane_of(struct relay *r, const struct loop *loop)
{
    for (size_t i = 0; i < r->lane_count; i++) {
        if (r->lanes[i].loop == loop)
            return &r->lanes[i];
    }
    unreachable("a loop of somebody else");
}

static enum err check_key(struct call *c, const struct http_request *h)
{
    struct decision_question *q = &c->question;

    q->asked.app = c->address.app;
    q->asked.connection = c->address.connection;
    q->asked.key = authorization_key(c->arena, http_header_get(h, STR("authorization")));
    if (q->asked.key.p == NULL)
        return fail(&c->fault, ERR_KEY_REFUSED,
                    "Send a Mortise key, as \"Authorization: Bearer mk_...\" or as the password of "
                    "Basic authorization. Keys are made under Your keys.");
    decisions_mark(c->lane->decisions, q);
    return ERR_OK;
}

/* All that can be refused without knowing who calls. */
static enum err check_head(struct call *c, const struct http_request *h)
{
    const struct provider *p = c->lane->relay->config.services->provider;

    if (str_eq_nocase(http_header_get(h, STR("sec-fetch-mode")), STR("navigate")))
        return fail(&c->fault, ERR_FORBIDDEN,
                    "This address is for programs that call Jira's REST API, not for browsers.");
    if (!address_parse(c->arena, h->path, &c->address))
        return fail(&c->fault, ERR_NOT_FOUND,
                    "The relay's addresses are /jira/APP/CONNECTION/rest/...");
    enum err e = check_key(c, h);
    if (e)
        return e;
    c->pass = (struct provider_pass){
        .method = arena_str(c->arena, h->method),
        .path = arena_str(c->arena, c->address.path),
        .query = arena_str(c->arena, h->query),
    };
    return p->pass_check(p->self, c->arena, &c->fault, &c->pass);
}

static void on_head(void *arg, struct http_stream *s, const struct http_request *h)
{
    struct relay *r = arg;

    if (!str_starts(h->path, STR(ADDRESS_START))) {
        r->config.rest.on_head(r->config.rest.arg, s, h);
        return;
    }
    struct call *c = call_new(lane_of(r, http_stream_loop(s)), s, h);
    enum err e = check_head(c, h);
    if (e)
        call_refuse(c, e, STR(""), 0);
    else
        call_next(c);
}

struct http_serving relay_serving(struct relay *r)
{
    return (struct http_serving){on_head, r};
}

/* --- life ------------------------------------------------------------------------------------- */

/* Something to be done on each loop, waited for. */
struct errand {
    void (*run)(struct lane *lane);
    struct lane *lane;
    sem_t *done;
};

static void run_errand(void *arg)
{
    struct errand e = *(struct errand *)arg;

    e.run(e.lane);
    must(sem_post(e.done) == 0);
}

static void on_each_loop(struct relay *r, void (*run)(struct lane *lane))
{
    struct errand *errands = mem_alloc_array(r->lane_count, sizeof(*errands));
    sem_t done;

    must(sem_init(&done, 0, 0) == 0);
    for (size_t i = 0; i < r->lane_count; i++) {
        errands[i] = (struct errand){run, &r->lanes[i], &done};
        loop_post(r->lanes[i].loop, run_errand, &errands[i]);
    }
    for (size_t i = 0; i < r->lane_count; i++) {
        while (sem_wait(&done) != 0)
            continue; /* a signal */
    }
    must(sem_destroy(&done) == 0);
    mem_free(errands);
}

static void open_lane(struct lane *lane)
{
    struct relay *r = lane->relay;

    buf_init(&lane->scratch, (size_t)4 << 20);
    lane->decisions = decisions_new(&(struct decisions_config){
        .loop = lane->loop,
        .pool = r->config.pool,
        .services = r->config.services,
        .moves = r->config.moves,
        .count = &r->count,
    });
    lane->records = records_new(&(struct records_config){
        .loop = lane->loop,
        .pool = r->config.pool,
        .log = r->config.log,
        .services = r->config.services,
        .count = &r->count,
    });
}

static void flush_lane(struct lane *lane)
{
    records_flush(lane->records);
}

static void close_lane(struct lane *lane)
{
    decisions_free(lane->decisions);
    records_free(lane->records);
    buf_done(&lane->scratch);
    while (lane->spare_count)
        arena_free(lane->spare[--lane->spare_count]);
    arena_spare_done(&lane->spare_block);
}

struct relay *relay_new(const struct relay_config *config)
{
    struct relay *r = mem_new(struct relay);

    r->config = *config;
    r->budget.max = config->kept_together;
    count_init(&r->count);
    r->gates = gates_new(config->waiting_max);
    notes_init(&r->notes);
    r->lane_count = loops_count(config->loops);
    r->lanes = mem_alloc_array(r->lane_count, sizeof(*r->lanes));
    for (size_t i = 0; i < r->lane_count; i++) {
        r->lanes[i].relay = r;
        r->lanes[i].loop = loops_at(config->loops, i);
    }
    on_each_loop(r, open_lane);
    return r;
}

size_t relay_drain(struct relay *r, int timeout_ms)
{
    if (!r)
        return 0;
    (void)count_wait(&r->count, timeout_ms);
    on_each_loop(r, flush_lane);
    return count_wait(&r->count, timeout_ms);
}

void relay_free(struct relay *r)
{
    if (!r)
        return;
    on_each_loop(r, close_lane);
    count_done(&r->count);
    gates_free(r->gates);
    notes_done(&r->notes);
    mem_free(r->lanes);
    mem_free(r);
}
