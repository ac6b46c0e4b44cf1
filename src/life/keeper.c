/* See the header: states and invariants. */
#include "life/keeper.h"

#include <semaphore.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "core/consents.h"
#include "core/settings.h"
#include "life/flight.h"
#include "store/journal.h"
#include "store/oauth.h"

#define ARENA_MAX ((size_t)4 << 20)

/* Of what has minutes, interrupted or by consents, in one look: few, because what comes meanwhile
 * waits for its end, and each may take a minute. */
#define EACH_MAX (2 * KEEPER_AT_ONCE)
#define MARK_STEPS_MAX 50
#define MARK_PAUSE_US 20000 /* for others who want to write */
#define STUCK_MAX 256

/* What is looked for together. */
enum lane { LANE_URGENT, LANE_IDLE, LANES };

struct keeper {
    struct loop *loop;
    struct pool *pool;
    struct life *life;
    const struct services *services;
    int64_t idle_ms; /* 0: kept for ever */
    struct event *timer;
    struct event *again; /* LANE_URGENT has more to do */
    /* Grants of LANE_URGENT that failed since the timer: passed over, or they would be first again.
     * Written while that lane is not being looked at. */
    char *stuck[STUCK_MAX];
    size_t stuck_count;
    int forgets; /* the timer came */
    sem_t stopped;
    int stopping;
    /* of each lane, the look that is being tended; NULL: resting */
    struct look *looks[LANES];
};

struct look {
    struct keeper *keeper;
    enum lane lane;
    struct arena *arena;
    struct due_grant *due;
    size_t count;
    size_t next; /* to be begun */
    size_t under_way;
    int more; /* LANE_URGENT: there was more than one look takes, or it failed */
};

struct tending {
    struct look *look;
    const struct due_grant *due;
    struct flight_waiter waiter;
};

static int64_t number(str text)
{
    int64_t n = 0;

    must(str_to_int64(text, &n)); /* checked by main/config.c */
    return n;
}

/* --- tending ---------------------------------------------------------------------------------- */

static void rest(struct look *l)
{
    struct keeper *k = l->keeper;

    k->looks[l->lane] = NULL;
    if (l->more && !k->stopping && k->stuck_count < STUCK_MAX)
        must(event_add(k->again, &(struct timeval){0, KEEPER_PAUSE_US}) == 0);
    arena_free(l->arena);
}

static void forget_stuck(struct keeper *k)
{
    while (k->stuck_count)
        mem_free(k->stuck[--k->stuck_count]);
    k->forgets = 0;
}

static void note_stuck(struct look *l, str grant)
{
    struct keeper *k = l->keeper;

    if (l->lane != LANE_URGENT || k->stuck_count == STUCK_MAX)
        return;
    k->stuck[k->stuck_count] = mem_alloc(grant.n + 1);
    memcpy(k->stuck[k->stuck_count++], grant.p, grant.n);
}

static int is_stuck(const struct keeper *k, str grant)
{
    for (size_t i = 0; i < k->stuck_count; i++) {
        if (str_eq(grant, str_from(k->stuck[i])))
            return 1;
    }
    return 0;
}

static void tend_more(struct look *l);

static void landed(void *arg)
{
    struct tending *t = arg;
    struct look *l = t->look;

    secret_wipe(&t->waiter.access);
    if (t->waiter.err)
        note_stuck(l, t->due->grant);
    mem_free(t);
    l->under_way--;
    tend_more(l);
}

static void tend(struct look *l, const struct due_grant *due)
{
    struct tending *t = mem_new(struct tending);

    t->look = l;
    t->due = due;
    t->waiter = (struct flight_waiter){
        .wish = {l->keeper->loop, due->grant, due->generation, due->app, due->connection,
                 GRANT_OBEY_BACKOFF},
        .leaves_to_others = 1,
        .landed = landed,
        .arg = t,
    };
    l->under_way++;
    life_tend(l->keeper->life, &t->waiter);
}

static void tend_more(struct look *l)
{
    while (!l->keeper->stopping && l->next < l->count && l->under_way < KEEPER_AT_ONCE)
        tend(l, &l->due[l->next++]);
    if (l->under_way == 0)
        rest(l);
}

static void have_looked(void *arg)
{
    tend_more(arg);
}

/* --- looking ---------------------------------------------------------------------------------- */

static int is_worth_keeping(const struct keeper *k, const struct work *w,
                            const struct due_grant *due)
{
    int64_t last = due->last_used > due->since ? due->last_used : due->since;

    return due->app.p != NULL && (k->idle_ms == 0 || last > w->now_ms - k->idle_ms);
}

static void add(struct look *l, const struct due_grant *due)
{
    l->due[l->count++] = (struct due_grant){
        .grant = arena_str(l->arena, due->grant),
        .generation = due->generation,
        .app = arena_str(l->arena, due->app),
        .connection = arena_str(l->arena, due->connection),
    };
}

/* One list fills its half of the look. */
static void add_urgent(struct look *l, const struct due_grant *due, size_t *added)
{
    if (is_stuck(l->keeper, due->grant))
        return;
    if (*added < EACH_MAX)
        add(l, due);
    l->more |= ++*added == EACH_MAX;
}

/* What nothing living stands on any more has nothing to be finished. */
static enum err look_for_interrupted(struct look *l, struct work *w, const struct due_terms *terms)
{
    struct due_grant *found = NULL;
    size_t count = 0, added = 0;
    enum err e = store_grants_interrupted(w->db, w->arena, w->fault, terms, &found, &count);

    for (size_t i = 0; !e && i < count; i++) {
        if (found[i].app.p)
            add_urgent(l, &found[i], &added);
        else
            e = store_journal_settle(w->db, w->arena, w->fault, found[i].grant);
    }
    return e;
}

/* Worth it whoever used it last: an authorisation that lapses does so in its time. */
static enum err look_for_consents(struct look *l, struct work *w, const struct due_terms *terms)
{
    struct due_grant *found = NULL;
    size_t count = 0, added = 0;
    enum err e = store_grants_to_renew(w->db, w->arena, w->fault, terms, &found, &count);

    for (size_t i = 0; !e && i < count; i++)
        add_urgent(l, &found[i], &added);
    return e;
}

/* What is not worth keeping is looked at again in a day. What is tended now and fails, in an hour:
 * until then it stands behind all others that are due, however many fail. */
static enum err look_for_idle(struct look *l, struct work *w, const struct due_terms *terms)
{
    struct due_grant *found = NULL;
    size_t count = 0;
    enum err e = store_grants_idle(w->db, w->arena, w->fault, terms, &found, &count);

    if (!e && count)
        e = work_write(w);
    for (size_t i = 0; !e && i < count; i++) {
        int worth = is_worth_keeping(l->keeper, w, &found[i]);
        if (worth)
            add(l, &found[i]);
        e = store_grant_keep_later(w->db, w->arena, w->fault, found[i].grant,
                                   w->now_ms + (worth ? CLOCK_HOUR_MS : CLOCK_DAY_MS));
    }
    return e;
}

static enum err run_look(struct work *w, void *arg)
{
    struct look *l = arg;
    struct due_terms terms = {.now_ms = w->now_ms, .limit = EACH_MAX};
    enum err e = db_clock_ms(w->db, w->arena, w->fault, &terms.db_now_ms);

    terms.try_max_ms = terms.db_now_ms + GRANT_TRY_MAX_MS;
    l->count = 0;
    l->more = 0;
    if (!e && l->lane == LANE_IDLE)
        return look_for_idle(l, w, &terms);
    terms.limit += (int64_t)l->keeper->stuck_count;
    if (!e)
        e = look_for_interrupted(l, w, &terms);
    if (!e)
        e = look_for_consents(l, w, &terms);
    return e;
}

static enum err run_mark(struct work *w, void *more)
{
    return consents_mark(w, more);
}

/* In transactions of their own, so that one that fails takes nothing else along. */
static enum err mark_consents(struct look *l, struct arena *a, struct fault *f, void *db)
{
    int more = l->lane == LANE_URGENT;
    enum err e = ERR_OK;

    for (int step = 0; more && !e && step < MARK_STEPS_MAX; step++) {
        arena_clear(a);
        e = work_run(a, f, db, l->keeper->services, run_mark, &more);
        if (more)
            (void)usleep(MARK_PAUSE_US);
    }
    return e;
}

static void look(void *arg, void *db)
{
    struct look *l = arg;
    struct arena *a = arena_new(ARENA_MAX);
    struct fault f;
    enum err marked = ERR_STORAGE_FAILED, looked = ERR_STORAGE_FAILED;

    fault_clear(&f);
    if (db) {
        marked = mark_consents(l, a, &f, db);
        looked = work_run(a, &f, db, l->keeper->services, run_look, l);
    }
    if (looked)
        l->count = 0;
    l->more |= l->lane == LANE_URGENT && (marked || looked);
    arena_free(a);
    loop_post(l->keeper->loop, have_looked, l);
}

/* --- the timer -------------------------------------------------------------------------------- */

static void begin_look(struct keeper *k, enum lane lane)
{
    struct arena *a = arena_new(ARENA_MAX);
    struct look *l = arena_new_of(a, struct look);

    *l = (struct look){.keeper = k, .lane = lane, .arena = a};
    l->due = arena_alloc_array(a, KEEPER_LOOK_MAX, sizeof(struct due_grant));
    k->looks[lane] = l;
    if (lane == LANE_URGENT && k->forgets)
        forget_stuck(k);
    if (pool_submit(k->pool, look, l))
        return;
    l->more = lane == LANE_URGENT;
    rest(l);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct keeper *k = arg;

    (void)fd;
    (void)what;
    k->forgets = 1;
    for (enum lane lane = 0; lane < LANES; lane++)
        if (!k->looks[lane])
            begin_look(k, lane);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
    struct keeper *k = arg;

    (void)fd;
    (void)what;
    if (!k->looks[LANE_URGENT])
        begin_look(k, LANE_URGENT);
}

static void begin(void *arg)
{
    struct keeper *k = arg;
    struct timeval period = {number(k->services->settings->keeper_period), 0};

    k->timer = event_new(loop_base(k->loop), -1, EV_PERSIST, on_timer, k);
    k->again = evtimer_new(loop_base(k->loop), on_again, k);
    must(k->timer && k->again && event_add(k->timer, &period) == 0);
    on_timer(-1, 0, k);
}

static void end(void *arg)
{
    struct keeper *k = arg;

    k->stopping = 1;
    event_free(k->timer);
    event_free(k->again);
    must(sem_post(&k->stopped) == 0);
}

struct keeper *keeper_start(struct loops *loops, struct pool *pool, struct life *life,
                            const struct services *services)
{
    struct keeper *k = mem_new(struct keeper);

    k->loop = loops_next(loops);
    k->pool = pool;
    k->life = life;
    k->services = services;
    k->idle_ms = number(services->settings->idle_days) * CLOCK_DAY_MS;
    must(sem_init(&k->stopped, 0, 0) == 0);
    loop_post(k->loop, begin, k);
    return k;
}

void keeper_stop(struct keeper *k)
{
    if (!k)
        return;
    loop_post(k->loop, end, k);
    while (sem_wait(&k->stopped) != 0)
        ;
}

void keeper_free(struct keeper *k)
{
    if (!k)
        return;
    for (enum lane lane = 0; lane < LANES; lane++)
        must(k->looks[lane] == NULL);
    forget_stuck(k);
    must(sem_destroy(&k->stopped) == 0);
    mem_free(k);
}
