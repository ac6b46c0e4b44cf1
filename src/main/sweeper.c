/* See the header. The timer belongs to one loop and is made and freed there. */
#include "main/sweeper.h"

#include <semaphore.h>

#include "base/check.h"
#include "base/mem.h"
#include "core/sweep.h"

#define ARENA_MAX ((size_t)256 << 20)
#define PERIOD_S 600

struct sweeper {
    struct loop *loop;
    struct pool *pool;
    struct log *log;
    const struct services *services;
    struct event *timer;
    sem_t stopped;
};

static enum err run(struct work *w, void *arg)
{
    (void)arg;
    return sweep_run(w);
}

static void sweep(void *arg, void *state)
{
    struct sweeper *s = arg;
    struct fault f = {.code = ERR_OK};
    struct arena *a;

    if (!state) /* the database is away; whoever asks next will say so */
        return;
    a = arena_new(ARENA_MAX);
    enum err e = work_run(a, &f, state, s->services, run, NULL);
    if (e != ERR_OK)
        log_event(s->log, LOG_ERROR, "sweep_failed", LOG_STR("error", str_from(err_name(e))),
                  LOG_STR("detail", str_from(f.detail)));
    arena_free(a);
}

/* A full queue is no reason to add to it: the next time comes. */
static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct sweeper *s = arg;

    (void)fd;
    (void)what;
    (void)!pool_submit(s->pool, sweep, s);
}

static void begin(void *arg)
{
    struct sweeper *s = arg;
    struct timeval period = {PERIOD_S, 0};

    s->timer = event_new(loop_base(s->loop), -1, EV_PERSIST, on_timer, s);
    must(s->timer && event_add(s->timer, &period) == 0);
    on_timer(-1, 0, s);
}

static void end(void *arg)
{
    struct sweeper *s = arg;

    event_free(s->timer);
    must(sem_post(&s->stopped) == 0);
}

struct sweeper *sweeper_start(struct loops *loops, struct pool *pool, struct log *log,
                              const struct services *services)
{
    struct sweeper *s = mem_new(struct sweeper);

    s->loop = loops_at(loops, 0);
    s->pool = pool;
    s->log = log;
    s->services = services;
    must(sem_init(&s->stopped, 0, 0) == 0);
    loop_post(s->loop, begin, s);
    return s;
}

void sweeper_stop(struct sweeper *s)
{
    loop_post(s->loop, end, s);
    while (sem_wait(&s->stopped) != 0)
        ;
}

void sweeper_free(struct sweeper *s)
{
    if (!s)
        return;
    must(sem_destroy(&s->stopped) == 0);
    mem_free(s);
}
