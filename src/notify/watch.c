/* See the header. The timer belongs to one loop; `busy` says that a round is under way. */
#include "notify/watch.h"

#include <semaphore.h>
#include <stdatomic.h>

#include "base/check.h"
#include "base/mem.h"
#include "core/incidents.h"
#include "core/settings.h"

#define ARENA_MAX ((size_t)64 << 20)
#define PAUSE_MS 50
#define FIRST_US 300000 /* not at the same moment as the other timers */

struct watch {
    struct loop *loop;
    struct pool *pool;
    struct log *log;
    const struct services *services;
    struct event *timer;
    struct timeval period;
    struct event *pause; /* between two looks of a round */
    sem_t stopped;
    int stopping; /* the loop's */
    atomic_int busy;
    struct incidents_round round; /* whose look it is */
};

struct looking {
    const struct watch *watch;
    struct incidents_round round;
    int more;
};

static enum err run(struct work *w, void *arg)
{
    struct looking *l = arg;

    l->round = l->watch->round; /* anew, when it is repeated */
    return incidents_look(w, &l->round, &l->more);
}

static void rest(void *arg)
{
    struct watch *w = arg;
    struct timeval pause = {0, PAUSE_MS * 1000};

    if (!w->stopping)
        must(event_add(w->pause, &pause) == 0);
}

static void look(void *arg, void *db)
{
    struct watch *w = arg;
    struct fault f = {.code = ERR_OK};
    struct looking l = {.watch = w};

    if (db) {
        struct arena *a = arena_new(ARENA_MAX);
        enum err e = work_run(a, &f, db, w->services, run, &l);
        if (e)
            log_event(w->log, LOG_ERROR, "look_failed", LOG_STR("error", str_from(err_name(e))),
                      LOG_STR("detail", str_from(f.detail)));
        l.more = l.more && !e;
        arena_free(a);
    }
    w->round = l.more ? l.round : (struct incidents_round){.step = 0};
    if (l.more)
        loop_post(w->loop, rest, w);
    else
        atomic_store(&w->busy, 0);
}

/* A full queue ends the round; the next one comes. */
static void go_on(evutil_socket_t fd, short what, void *arg)
{
    struct watch *w = arg;

    (void)fd;
    (void)what;
    if (pool_submit(w->pool, look, w))
        return;
    w->round = (struct incidents_round){.step = 0};
    atomic_store(&w->busy, 0);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct watch *w = arg;

    (void)fd;
    (void)what;
    must(event_add(w->timer, &w->period) == 0);
    if (atomic_exchange(&w->busy, 1))
        return;
    if (!pool_submit(w->pool, look, w))
        atomic_store(&w->busy, 0);
}

static void begin(void *arg)
{
    struct watch *w = arg;
    struct timeval first = {0, FIRST_US};
    int64_t seconds = 0;

    must(str_to_int64(w->services->settings->incident_period, &seconds)); /* by main/config.c */
    w->period.tv_sec = seconds;
    w->timer = event_new(loop_base(w->loop), -1, 0, on_timer, w);
    must(w->timer && event_add(w->timer, &first) == 0);
    w->pause = event_new(loop_base(w->loop), -1, 0, go_on, w);
    must(w->pause != NULL);
}

static void end(void *arg)
{
    struct watch *w = arg;

    w->stopping = 1;
    event_free(w->timer);
    event_free(w->pause);
    must(sem_post(&w->stopped) == 0);
}

struct watch *watch_start(struct loops *loops, struct pool *pool, struct log *log,
                          const struct services *services)
{
    struct watch *w = mem_new(struct watch);

    w->loop = loops_next(loops);
    w->pool = pool;
    w->log = log;
    w->services = services;
    must(sem_init(&w->stopped, 0, 0) == 0);
    loop_post(w->loop, begin, w);
    return w;
}

void watch_stop(struct watch *w)
{
    if (!w)
        return;
    loop_post(w->loop, end, w);
    while (sem_wait(&w->stopped) != 0)
        ;
}

void watch_free(struct watch *w)
{
    if (!w)
        return;
    must(sem_destroy(&w->stopped) == 0);
    mem_free(w);
}
