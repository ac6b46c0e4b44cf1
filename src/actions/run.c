/* The runner: the list of runs, who waits for them, and that their process lives. See the header.
 */
#include "actions/run.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "actions/run_int.h"
#include "actions/scope.h"
#include "base/check.h"
#include "base/doc.h"
#include "base/mem.h"

#define RUN_ARENA_MAX ((size_t)64 << 20)
#define BEAT_S 10
#define BEAT_ARENA_MAX ((size_t)4 << 20)

struct runner {
    struct pool *pool;
    struct loop *loop; /* of the timer */
    const struct services *services;
    _Atomic int stopping;
    struct event *timer; /* the loop's */
    pthread_mutex_t lock;
    pthread_cond_t idle;
    struct run *first; /* under the lock, as is the count */
    size_t count;
};

/* --- beats ------------------------------------------------------------------------------------ */

/* The ids of all runs, in the arena. */
static size_t ids_of(struct runner *r, struct arena *a, str **ret)
{
    size_t n = 0;

    must(pthread_mutex_lock(&r->lock) == 0);
    *ret = arena_alloc_array(a, r->count + 1, sizeof(str));
    for (struct run *run = r->first; run; run = run->next)
        (*ret)[n++] = arena_str(a, run->row.id);
    must(pthread_mutex_unlock(&r->lock) == 0);
    return n;
}

static enum err beat_once(struct work *w, void *arg)
{
    str *ids = NULL;
    size_t n = ids_of(arg, w->arena, &ids);
    int64_t now = 0, ended = 0;
    enum err e = runs_interrupt(w, &ended);

    if (!e)
        e = db_clock_ms(w->db, w->arena, w->fault, &now);
    for (size_t i = 0; !e && i < n; i++)
        e = store_run_beat(w->db, w->arena, w->fault, ids[i], now);
    return e;
}

static void beat(void *arg, void *db)
{
    struct runner *r = arg;
    struct fault f = {.code = ERR_OK};
    struct arena *a;

    if (!db)
        return;
    a = arena_new(BEAT_ARENA_MAX);
    (void)!work_run(a, &f, db, r->services, beat_once, r);
    arena_free(a);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct runner *r = arg;

    (void)fd;
    (void)what;
    if (!r->stopping)
        (void)!pool_submit(r->pool, beat, r);
}

static void begin_beats(void *arg)
{
    struct runner *r = arg;
    struct timeval period = {BEAT_S, 0};

    r->timer = event_new(loop_base(r->loop), -1, EV_PERSIST, on_timer, r);
    must(r->timer && event_add(r->timer, &period) == 0);
    on_timer(-1, 0, r);
}

static void end_beats(void *arg)
{
    struct runner *r = arg;

    if (r->timer)
        event_free(r->timer);
    r->timer = NULL;
}

/* --- the runner ------------------------------------------------------------------------------- */

struct runner *runner_new(struct pool *pool, struct loops *loops, const struct services *services)
{
    struct runner *r = mem_new(struct runner);
    pthread_condattr_t monotonic;

    r->pool = pool;
    r->loop = loops_at(loops, 0);
    r->services = services;
    must(pthread_mutex_init(&r->lock, NULL) == 0);
    must(pthread_condattr_init(&monotonic) == 0);
    must(pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0);
    must(pthread_cond_init(&r->idle, &monotonic) == 0);
    must(pthread_condattr_destroy(&monotonic) == 0);
    loop_post(r->loop, begin_beats, r);
    return r;
}

void runner_stop(struct runner *r)
{
    r->stopping = 1;
    loop_post(r->loop, end_beats, r);
}

size_t runner_drain(struct runner *r, int timeout_ms)
{
    struct timespec until;
    size_t left;

    must(clock_gettime(CLOCK_MONOTONIC, &until) == 0);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    must(pthread_mutex_lock(&r->lock) == 0);
    while (r->count && pthread_cond_timedwait(&r->idle, &r->lock, &until) != ETIMEDOUT)
        ;
    left = r->count;
    must(pthread_mutex_unlock(&r->lock) == 0);
    return left;
}

void runner_free(struct runner *r)
{
    if (!r)
        return;
    must(r->count == 0);
    must(pthread_cond_destroy(&r->idle) == 0);
    must(pthread_mutex_destroy(&r->lock) == 0);
    mem_free(r);
}

static int is_theirs(const struct run_row *row, str user, str app)
{
    return user.p ? str_eq(row->user, user) : !row->user.p && str_eq(row->app, app);
}

int runner_is_full(struct runner *r, str user, str app)
{
    size_t count, theirs = 0;

    must(pthread_mutex_lock(&r->lock) == 0);
    count = r->count;
    for (const struct run *one = r->first; one; one = one->next)
        theirs += (size_t)is_theirs(&one->row, user, app);
    must(pthread_mutex_unlock(&r->lock) == 0);
    return count >= RUNS_AT_ONCE || theirs >= RUNS_OF_ONE || r->stopping;
}

static void link_run(struct runner *r, struct run *run)
{
    must(pthread_mutex_lock(&r->lock) == 0);
    run->next = r->first;
    run->link = &r->first;
    if (r->first)
        r->first->link = &run->next;
    r->first = run;
    r->count++;
    must(pthread_mutex_unlock(&r->lock) == 0);
}

static void unlink_run(struct runner *r, struct run *run)
{
    must(pthread_mutex_lock(&r->lock) == 0);
    *run->link = run->next;
    if (run->next)
        run->next->link = run->link;
    if (--r->count == 0)
        must(pthread_cond_broadcast(&r->idle) == 0);
    must(pthread_mutex_unlock(&r->lock) == 0);
}

/* --- a run ------------------------------------------------------------------------------------ */

static void tell(struct run *run)
{
    void (*done)(void *token) = run->done;

    if (run->timer)
        event_free(run->timer);
    run->timer = NULL;
    run->done = NULL;
    if (done)
        done(run->token);
}

static void on_waited(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    tell(arg);
}

static void ended(struct chain *c)
{
    struct run *run = c->arg;

    tell(run);
    unlink_run(run->runner, run);
    json_decref(run->values);
    json_decref(run->items);
    arena_free(run->pending_arena);
    arena_free(run->arena);
}

static struct access_query copy_query(struct arena *a, const struct access_query *q)
{
    return (struct access_query){
        .level = ACCESS_APP_MEMBER,
        .token = arena_str(a, q->token),
        .key = arena_str(a, q->key),
        .app = arena_str(a, q->app),
    };
}

static struct run_row copy_row(struct arena *a, const struct run_row *row)
{
    struct run_row copy = *row;

    copy.id = arena_str(a, row->id);
    copy.app = arena_str(a, row->app);
    copy.action = arena_str(a, row->action);
    copy.action_name = arena_str(a, row->action_name);
    copy.user = arena_str(a, row->user);
    copy.user_name = arena_str(a, row->user_name);
    copy.source = arena_str(a, row->source);
    copy.status = STR("running");
    copy.inputs = copy.outputs = copy.sentence = copy.action_slug = (str){NULL, 0};
    copy.input_errors = (str){NULL, 0};
    return copy;
}

const struct place_filter *runner_filters(struct runner *r, struct arena *a)
{
    struct work w = {.arena = a, .services = r->services};

    return scope_filters(&w);
}

void runner_fill_chain(struct runner *r, struct arena *a, const struct access_query *who,
                       struct chain *c)
{
    *c = (struct chain){
        .pool = r->pool,
        .services = r->services,
        .stopping = &r->stopping,
        .who = copy_query(a, who),
    };
}

static struct run *new_run(struct runner *r, const struct run_order *order)
{
    struct arena *a = arena_new(RUN_ARENA_MAX);
    struct run *run = arena_new_of(a, struct run);

    run->runner = r;
    run->arena = a;
    run->row = copy_row(a, order->row);
    run->applied = doc_keep(a, json_deep_copy(order->applied));
    run->row.calls_planned = (int64_t)json_array_size(doc_get(run->applied, "steps"));
    run->values = json_deep_copy(order->values);
    must(run->values != NULL);
    run->filters = runner_filters(r, a);
    run->pending_arena = arena_new(RUN_ARENA_MAX);
    run->pending = arena_alloc_array(a, PENDING_ROOM, sizeof(*run->pending));
    run->saved_ms = clock_monotonic_ms();
    run->note = STR("");
    runner_fill_chain(r, a, order->who, &run->chain);
    run->chain.turn = run_turn;
    run->chain.end = ended;
    run->chain.arg = run;
    return run;
}

void run_start(struct runner *r, struct loop *loop, const struct run_order *order, int64_t wait_ms,
               void (*done)(void *token), void *token)
{
    struct run *run = new_run(r, order);
    struct timeval wait = {wait_ms / 1000, (wait_ms % 1000) * 1000};

    run->done = done;
    run->token = token;
    run->timer = event_new(loop_base(loop), -1, 0, on_waited, run);
    must(run->timer && event_add(run->timer, &wait) == 0);
    link_run(r, run);
    chain_start(&run->chain, loop);
}
