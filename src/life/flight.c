/* See the header: states and invariants. The path of a flight is the order of this file, from its
 * end: landing, noting and saving, asking, waiting, reading, joining.
 */
#include "life/flight.h"

#include <pthread.h>
#include <time.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/fault_point.h"
#include "base/mem.h"
#include "io/process.h"

#define ARENA_MAX ((size_t)16 << 20)
#define SMALL_ARENA_MAX ((size_t)256 << 10)
#define BUCKETS 1024

/* How long until another process's refresh, or the database, is looked at again. */
#define AGAIN_MIN_MS 100
#define AGAIN_MAX_MS 1000
#define SAVE_AGAIN_MAX_MS 10000
/* Who waits for a save is told after so many failures: about three seconds. */
#define SAVES_WAITED_FOR 5
#define RENEW_S 5
#define UNIT_TRIES 5

#define DEAD                                                                                       \
    "Atlassian no longer accepts this authorisation: it was revoked, has expired, or the password" \
    " was changed."

struct flight {
    struct flights *all;
    struct flight *next;           /* in its bucket; under the lock */
    struct flight_waiter *waiters; /* under the lock */
    struct loop *loop;             /* of who began it */
    struct arena *arena;
    struct arena *unit;      /* of the unit that ran last */
    struct flight_wish wish; /* its strings are `arena`'s */
    struct grant_refresh begin;
    struct grant_lease lease;
    struct provider_op op;
    struct event *again; /* one-shot: look or save again */
    struct event *renew; /* while the lease is ours */
    int64_t again_ms;
    int saves; /* that failed */
    /* the outcome of the unit that ran last */
    enum err err;
    struct fault fault;
    struct secret access;
    int64_t new_generation;
    str why;
};

struct flights {
    struct pool *pool;
    const struct services *services;
    struct arena *arena;
    str process;
    pthread_mutex_t mutex;
    pthread_cond_t landed; /* on the monotonic clock */
    size_t count;
    int draining;
    struct flight *buckets[BUCKETS];
};

/* --- the table -------------------------------------------------------------------------------- */

struct flights *flights_new(struct pool *pool, const struct services *services)
{
    struct flights *fs = mem_new(struct flights);
    pthread_condattr_t attributes;

    fs->pool = pool;
    fs->services = services;
    fs->arena = arena_new(SMALL_ARENA_MAX);
    fs->process = process_name(fs->arena);
    must(pthread_mutex_init(&fs->mutex, NULL) == 0);
    must(pthread_condattr_init(&attributes) == 0);
    must(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    must(pthread_cond_init(&fs->landed, &attributes) == 0);
    must(pthread_condattr_destroy(&attributes) == 0);
    return fs;
}

void flights_free(struct flights *fs)
{
    if (!fs)
        return;
    must(fs->count == 0);
    must(pthread_cond_destroy(&fs->landed) == 0);
    must(pthread_mutex_destroy(&fs->mutex) == 0);
    arena_free(fs->arena);
    mem_free(fs);
}

size_t flights_count(struct flights *fs)
{
    must(pthread_mutex_lock(&fs->mutex) == 0);
    size_t n = fs->count;
    must(pthread_mutex_unlock(&fs->mutex) == 0);
    return n;
}

static struct timespec moment_in(int timeout_ms)
{
    int64_t at = clock_monotonic_ms() + timeout_ms;

    return (struct timespec){.tv_sec = at / 1000, .tv_nsec = at % 1000 * 1000000};
}

size_t flights_drain(struct flights *fs, int timeout_ms)
{
    struct timespec until = moment_in(timeout_ms);
    int late = 0;

    must(pthread_mutex_lock(&fs->mutex) == 0);
    fs->draining = 1;
    while (fs->count && !late)
        late = pthread_cond_timedwait(&fs->landed, &fs->mutex, &until);
    size_t left = fs->count;
    must(pthread_mutex_unlock(&fs->mutex) == 0);
    return left;
}

static struct flight **bucket_of(struct flights *fs, str grant)
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (size_t i = 0; i < grant.n; i++)
        hash = (hash ^ (unsigned char)grant.p[i]) * 16777619u;
    return &fs->buckets[hash % BUCKETS];
}

static struct flight *find(struct flights *fs, str grant)
{
    struct flight *f = *bucket_of(fs, grant);

    while (f && !str_eq(f->wish.grant, grant))
        f = f->next;
    return f;
}

static struct flight *add(struct flights *fs, const struct flight_wish *wish)
{
    struct flight *f = mem_new(struct flight);
    struct flight **bucket = bucket_of(fs, wish->grant);

    f->all = fs;
    f->loop = wish->loop;
    f->arena = arena_new(ARENA_MAX);
    f->unit = arena_new(ARENA_MAX);
    f->wish = *wish;
    f->wish.grant = arena_str(f->arena, wish->grant);
    f->wish.app = arena_str(f->arena, wish->app);
    f->wish.connection = arena_str(f->arena, wish->connection);
    f->again_ms = AGAIN_MIN_MS;
    f->next = *bucket;
    *bucket = f;
    fs->count++;
    return f;
}

/* Under the lock. */
static void remove_from_table(struct flight *f)
{
    struct flight **link = bucket_of(f->all, f->wish.grant);

    while (*link != f)
        link = &(*link)->next;
    *link = f->next;
}

/* Out of the table; who waited. */
static struct flight_waiter *take_out(struct flight *f)
{
    must(pthread_mutex_lock(&f->all->mutex) == 0);
    remove_from_table(f);
    struct flight_waiter *waiters = f->waiters;
    must(pthread_mutex_unlock(&f->all->mutex) == 0);
    return waiters;
}

/* --- landing ---------------------------------------------------------------------------------- */

static void forget_read(struct flight *f)
{
    secret_wipe(&f->begin.access);
    secret_wipe(&f->begin.refresh);
    secret_wipe(&f->begin.client.client_secret);
    f->begin = (struct grant_refresh){0};
}

static void free_events(struct flight *f)
{
    if (f->again)
        event_free(f->again);
    if (f->renew)
        event_free(f->renew);
}

static void flight_free(struct flight *f)
{
    struct provider_refresh *r = &f->op.refresh;

    free_events(f);
    forget_read(f);
    secret_wipe(&r->client.client_secret);
    secret_wipe(&r->refresh);
    secret_wipe(&r->tokens.access);
    secret_wipe(&r->tokens.refresh);
    secret_wipe(&f->access);
    arena_free(f->unit);
    arena_free(f->arena);
    mem_free(f);
}

static void tell(struct flight_waiter *w, const struct flight *f, enum err e,
                 enum provider_meaning meaning)
{
    w->err = e;
    w->meaning = meaning;
    w->fault = f->fault;
    w->of_another = !str_eq(f->wish.connection, w->wish.connection);
    if (e == ERR_OK) {
        secret_copy(&w->access, &f->access);
        w->new_generation = f->new_generation;
    }
    loop_post(w->wish.loop, w->landed, w->arg); /* from here on *w is the loop's */
}

static void tell_all(struct flight_waiter *first, const struct flight *f, enum err e,
                     enum provider_meaning meaning)
{
    struct flight_waiter *next;

    for (struct flight_waiter *w = first; w; w = next) {
        next = w->next;
        tell(w, f, e, meaning);
    }
}

/* On the loop, the flight being out of the table. */
static void end(struct flight *f)
{
    struct flights *fs = f->all;

    flight_free(f);
    must(pthread_mutex_lock(&fs->mutex) == 0);
    fs->count--;
    must(pthread_cond_broadcast(&fs->landed) == 0);
    must(pthread_mutex_unlock(&fs->mutex) == 0);
}

static void land(struct flight *f, enum err e, enum provider_meaning meaning)
{
    must(e != ERR_OK || secret_is_set(&f->access));
    tell_all(take_out(f), f, e, meaning);
    fault_point(FAULT_POINT_LANDED);
    end(f);
}

/* What a failure of ours means to who waits: a grant that is no more, or bad luck. */
static enum provider_meaning meaning_of(enum err e)
{
    return e == ERR_NEEDS_RECONNECT  ? MEANING_REFUSED_TOKEN
           : e == ERR_CLIENT_REFUSED ? MEANING_CLIENT_REFUSED
                                     : MEANING_PROVIDER_ERROR;
}

static void land_failed(struct flight *f, enum err e)
{
    land(f, e, meaning_of(e));
}

/* --- units of work ---------------------------------------------------------------------------- */

/* Runs on a worker; what comes of it is decided on the loop, by `then`. */
struct unit {
    struct flight *flight;
    enum err (*run)(struct work *w, void *flight);
    void (*then)(void *flight);
};

static enum err run_once(const struct unit *u, struct db *db)
{
    struct flight *f = u->flight;

    fault_clear(&f->fault);
    arena_clear(f->unit);
    if (!db)
        return fail(&f->fault, ERR_STORAGE_FAILED, "");
    return work_run(f->unit, &f->fault, db, f->all->services, u->run, f);
}

/* Several processes at once make work_run() give up more often than one does. */
static void run_unit(void *arg, void *db)
{
    struct unit u = *(struct unit *)arg;
    struct flight *f = u.flight;

    mem_free(arg);
    for (int i = 0; i < UNIT_TRIES; i++) {
        f->err = run_once(&u, db);
        if (f->err != ERR_RETRY)
            break;
    }
    loop_post(f->loop, u.then, f);
}

static void submit(struct flight *f, enum err (*run)(struct work *w, void *flight),
                   void (*then)(void *flight))
{
    struct unit *u = mem_new(struct unit);

    *u = (struct unit){f, run, then};
    pool_submit_always(f->all->pool, run_unit, u);
}

/* --- timers ----------------------------------------------------------------------------------- */

static void set_again(struct flight *f, event_callback_fn look, int64_t max_ms)
{
    struct timeval in = {f->again_ms / 1000, f->again_ms % 1000 * 1000};

    if (!f->again)
        f->again = event_new(loop_base(f->loop), -1, 0, look, f);
    must(f->again && event_assign(f->again, loop_base(f->loop), -1, 0, look, f) == 0);
    must(event_add(f->again, &in) == 0);
    f->again_ms = f->again_ms * 2 > max_ms ? max_ms : f->again_ms * 2;
}

/* The lease's next moments; knows no flight, which may be over before it runs. */
struct renewal {
    struct flights *all;
    struct arena *arena;
    str grant;
    struct grant_lease lease;
};

static enum err run_renew(struct work *w, void *arg)
{
    const struct renewal *r = arg;
    int ours = 0; /* when it is not, the generation keeps us from doing harm */

    return grant_refresh_renew(w, r->grant, r->all->process, &r->lease, &ours);
}

static void renew(void *arg, void *db)
{
    struct renewal *r = arg;
    struct fault ignored;

    if (db) /* a failed renewal is followed by the next */
        (void)!work_run(r->arena, &ignored, db, r->all->services, run_renew, r);
    fault_point(FAULT_POINT_RENEWED);
    arena_free(r->arena);
}

static void on_renew(evutil_socket_t fd, short what, void *arg)
{
    const struct flight *f = arg;
    struct arena *a = arena_new(SMALL_ARENA_MAX);
    struct renewal *r = arena_new_of(a, struct renewal);

    (void)fd;
    (void)what;
    *r = (struct renewal){f->all, a, arena_str(a, f->wish.grant), f->lease};
    if (!pool_submit(f->all->pool, renew, r))
        arena_free(a);
}

static void keep_lease(struct flight *f)
{
    struct timeval every = {RENEW_S, 0};

    f->renew = event_new(loop_base(f->loop), -1, EV_PERSIST, on_renew, f);
    must(f->renew && event_add(f->renew, &every) == 0);
}

/* --- saving, noting --------------------------------------------------------------------------- */

static enum err run_save(struct work *w, void *arg)
{
    struct flight *f = arg;

    secret_wipe(&f->access);
    return grant_refresh_save(w, f->wish.grant, f->all->process, &f->lease, &f->op.refresh.tokens,
                              &f->access, &f->new_generation);
}

static void saved(void *arg);

static void on_save_again(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    submit(arg, run_save, saved);
}

/* The tokens are in memory only, and the ones on file may be used up. */
static void save_again(struct flight *f)
{
    struct flight_waiter *told = NULL;

    if (++f->saves >= SAVES_WAITED_FOR) {
        must(pthread_mutex_lock(&f->all->mutex) == 0);
        told = f->waiters;
        f->waiters = NULL;
        must(pthread_mutex_unlock(&f->all->mutex) == 0);
    }
    tell_all(told, f, f->err, MEANING_PROVIDER_ERROR);
    set_again(f, on_save_again, SAVE_AGAIN_MAX_MS);
}

static void saved(void *arg)
{
    struct flight *f = arg;

    if (f->err == ERR_OK) {
        fault_point(FAULT_POINT_SAVED);
        land(f, ERR_OK, MEANING_OK);
    } else if (f->err == ERR_NEEDS_RECONNECT) { /* disconnected meanwhile */
        land_failed(f, f->err);
    } else {
        save_again(f);
    }
}

static enum err run_refuse(struct work *w, void *arg)
{
    struct flight *f = arg;

    secret_wipe(&f->access);
    return grant_refresh_refused(w, f->wish.grant, f->all->process, &f->lease, STR(DEAD),
                                 &f->access, &f->new_generation, &f->why);
}

static void refused(void *arg)
{
    struct flight *f = arg;

    fault_point(FAULT_POINT_NOTED);
    if (f->err)
        land_failed(f, f->err);
    else if (secret_is_set(&f->access))
        land(f, ERR_OK, MEANING_OK);
    else
        land_failed(f, fail(&f->fault, ERR_NEEDS_RECONNECT, "%.*s Reconnect.", STR_ARG(f->why)));
}

static enum err run_fail(struct work *w, void *arg)
{
    struct flight *f = arg;
    const struct provider_refresh *r = &f->op.refresh;
    struct grant_failure failure = {
        .meaning = r->meaning,
        .spent = r->spent,
        .sentence = arena_str_from(w->arena, fault_text(&f->op.fault)),
        .retry_after_ms = r->retry_after_s * CLOCK_SECOND_MS,
    };

    return grant_refresh_failed(w, f->wish.grant, f->all->process, &f->lease, &failure);
}

/* Whether it could be noted or not: this is what who waits has to know. */
static void failed(void *arg)
{
    struct flight *f = arg;
    enum provider_meaning m = f->op.refresh.meaning;

    fault_point(FAULT_POINT_NOTED);
    f->fault = f->op.fault;
    land(f, f->op.err, m == MEANING_OK ? MEANING_PROVIDER_ERROR : m);
}

/* --- asking ----------------------------------------------------------------------------------- */

static void heard(void *token)
{
    struct flight *f = token;

    f->again_ms = AGAIN_MIN_MS;
    if (f->op.err == ERR_OK) {
        fault_point(FAULT_POINT_ANSWERED);
        submit(f, run_save, saved);
    } else if (f->op.refresh.meaning == MEANING_REFUSED_TOKEN) {
        submit(f, run_refuse, refused);
    } else {
        submit(f, run_fail, failed);
    }
}

static void ask(struct flight *f)
{
    const struct provider *p = f->all->services->provider;

    fault_point(FAULT_POINT_TAKEN);
    f->lease = f->begin.lease;
    f->op = (struct provider_op){.kind = PROVIDER_REFRESH, .arena = f->arena};
    f->op.refresh.client = f->begin.client;
    f->begin.client.client_secret = (struct secret){0}; /* moved */
    secret_take(&f->op.refresh.refresh, &f->begin.refresh);
    keep_lease(f);
    p->begin(p->self, f->loop, &f->op, heard, f);
    fault_point(FAULT_POINT_ASKED);
}

/* --- reading, waiting ------------------------------------------------------------------------- */

static enum err run_read(struct work *w, void *arg)
{
    struct flight *f = arg;
    struct grant_question q = {f->wish.grant,      f->wish.generation, f->wish.app,
                               f->wish.connection, f->all->process,    f->wish.haste};

    forget_read(f);
    return grant_refresh_begin(w, &q, &f->begin);
}

static void have_read(void *arg);

static void on_look_again(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    submit(arg, run_read, have_read);
}

/* Takes out who does not wait for another process; nobody does when Mortise is being stopped.
 * *left: whether anybody does; if not, the flight is out of the table. */
static struct flight_waiter *take_leavers(struct flight *f, int *left)
{
    struct flight_waiter *leavers = NULL;
    struct flight_waiter *w;

    must(pthread_mutex_lock(&f->all->mutex) == 0);
    for (struct flight_waiter **link = &f->waiters; (w = *link) != NULL;) {
        if (w->leaves_to_others || f->all->draining) {
            *link = w->next;
            w->next = leavers;
            leavers = w;
        } else {
            link = &w->next;
        }
    }
    *left = f->waiters != NULL;
    if (!*left)
        remove_from_table(f);
    must(pthread_mutex_unlock(&f->all->mutex) == 0);
    return leavers;
}

static void wait_for_other(struct flight *f)
{
    int left;
    struct flight_waiter *leavers = take_leavers(f, &left);

    f->err = fail(&f->fault, ERR_OVERLOADED,
                  "Another Mortise server is renewing this authorisation. Try again in a moment.");
    tell_all(leavers, f, f->err, MEANING_PROVIDER_ERROR);
    if (left)
        set_again(f, on_look_again, AGAIN_MAX_MS);
    else
        end(f);
}

static void have_read(void *arg)
{
    struct flight *f = arg;

    if (f->err) {
        land_failed(f, f->err);
    } else if (f->begin.turn == GRANT_FRESH) {
        secret_take(&f->access, &f->begin.access);
        f->new_generation = f->begin.generation;
        land(f, ERR_OK, MEANING_OK);
    } else if (f->begin.turn == GRANT_OURS) {
        ask(f);
    } else {
        wait_for_other(f);
    }
}

/* --- joining ---------------------------------------------------------------------------------- */

static void join(struct flights *fs, const struct flight_wish *wish, struct flight_waiter *w)
{
    must(loop_is_current(wish->loop));
    must(pthread_mutex_lock(&fs->mutex) == 0);
    struct flight *f = find(fs, wish->grant);
    int begins = f == NULL;
    if (begins)
        f = add(fs, wish);
    if (w) {
        w->next = f->waiters;
        f->waiters = w;
    }
    must(pthread_mutex_unlock(&fs->mutex) == 0);
    if (begins)
        submit(f, run_read, have_read);
}

void flight_join(struct flights *fs, struct flight_waiter *w)
{
    must(w->access.p == NULL);
    join(fs, &w->wish, w);
}

void flight_behind(struct flights *fs, const struct flight_wish *wish)
{
    join(fs, wish, NULL);
}
