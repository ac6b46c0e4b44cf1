/* See the header: states and invariants. The path of a flight is the order of this file: join,
 * read, ask, save or note, land. */
#include "life/flight.h"

#include <pthread.h>
#include <time.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "core/grants.h"

#define ARENA_MAX ((size_t)16 << 20)
#define BUCKETS 256

#define DEAD                                                                                       \
    "Atlassian no longer accepts this authorisation: it was revoked, has expired, or the password" \
    " was changed."

struct flight {
    struct flights *all;
    struct flight *next;           /* in its bucket; under the lock */
    struct flight_waiter *waiters; /* under the lock */
    struct loop *loop;             /* of who began it: the provider is asked there */
    struct arena *arena;
    str grant;
    str app;
    str connection;
    int64_t generation; /* of the token found stale; from asking on: of what is asked with */
    struct grant_refresh begin;
    struct provider_op op;
    /* the outcome */
    struct fault fault;
    struct secret access;
    int64_t new_generation;
};

struct flights {
    struct pool *pool;
    const struct services *services;
    pthread_mutex_t mutex;
    pthread_cond_t landed; /* on the monotonic clock */
    size_t count;
    struct flight *buckets[BUCKETS];
};

/* --- the table -------------------------------------------------------------------------------- */

struct flights *flights_new(struct pool *pool, const struct services *services)
{
    struct flights *fs = mem_new(struct flights);
    pthread_condattr_t attributes;

    fs->pool = pool;
    fs->services = services;
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

    while (f && !str_eq(f->grant, grant))
        f = f->next;
    return f;
}

static struct flight *add(struct flights *fs, const struct flight_waiter *w)
{
    struct flight *f = mem_new(struct flight);
    struct flight **bucket = bucket_of(fs, w->grant);

    f->all = fs;
    f->loop = w->loop;
    f->arena = arena_new(ARENA_MAX);
    f->grant = arena_str(f->arena, w->grant);
    f->app = arena_str(f->arena, w->app);
    f->connection = arena_str(f->arena, w->connection);
    f->generation = w->generation;
    f->next = *bucket;
    *bucket = f;
    fs->count++;
    return f;
}

/* Out of the table; who waited. */
static struct flight_waiter *take_out(struct flight *f)
{
    struct flights *fs = f->all;

    must(pthread_mutex_lock(&fs->mutex) == 0);
    struct flight **link = bucket_of(fs, f->grant);
    while (*link != f)
        link = &(*link)->next;
    *link = f->next;
    struct flight_waiter *waiters = f->waiters;
    must(pthread_mutex_unlock(&fs->mutex) == 0);
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

static void flight_free(struct flight *f)
{
    struct provider_refresh *r = &f->op.refresh;

    forget_read(f);
    secret_wipe(&r->client.client_secret);
    secret_wipe(&r->refresh);
    secret_wipe(&r->tokens.access);
    secret_wipe(&r->tokens.refresh);
    secret_wipe(&f->access);
    arena_free(f->arena);
    mem_free(f);
}

static void tell(struct flight_waiter *w, const struct flight *f, enum err e,
                 enum provider_meaning meaning)
{
    w->err = e;
    w->meaning = meaning;
    w->fault = f->fault;
    w->of_another = !str_eq(f->connection, w->connection);
    if (e == ERR_OK) {
        secret_copy(&w->access, &f->access);
        w->new_generation = f->new_generation;
    }
    loop_post(w->loop, w->landed, w->arg); /* from here on *w is the loop's */
}

static void land(struct flight *f, enum err e, enum provider_meaning meaning)
{
    struct flights *fs = f->all;
    struct flight_waiter *next;

    must(e != ERR_OK || secret_is_set(&f->access));
    for (struct flight_waiter *w = take_out(f); w; w = next) {
        next = w->next;
        tell(w, f, e, meaning);
    }
    flight_free(f);
    must(pthread_mutex_lock(&fs->mutex) == 0);
    fs->count--;
    must(pthread_cond_broadcast(&fs->landed) == 0);
    must(pthread_mutex_unlock(&fs->mutex) == 0);
}

/* What a failure of ours means to who waits: a grant that is no more, or bad luck. */
static void land_failed(struct flight *f, enum err e)
{
    land(f, e,
         e == ERR_NEEDS_RECONNECT  ? MEANING_REFUSED_TOKEN
         : e == ERR_CLIENT_REFUSED ? MEANING_CLIENT_REFUSED
                                   : MEANING_PROVIDER_ERROR);
}

/* One unit of work on this worker's connection. */
static enum err work_on(struct flight *f, struct db *d, enum err (*run)(struct work *w, void *arg))
{
    fault_clear(&f->fault);
    if (!d)
        return fail(&f->fault, ERR_STORAGE_FAILED, "");
    return work_run(f->arena, &f->fault, d, f->all->services, run, f);
}

/* --- saving, noting --------------------------------------------------------------------------- */

static enum err run_save(struct work *w, void *arg)
{
    struct flight *f = arg;

    secret_wipe(&f->access);
    return grant_refresh_save(w, f->grant, f->generation, &f->op.refresh.tokens, &f->access,
                              &f->new_generation);
}

static void save(void *arg, void *db)
{
    struct flight *f = arg;
    enum err e = work_on(f, db, run_save);

    if (e)
        land_failed(f, e);
    else
        land(f, ERR_OK, MEANING_OK);
}

/* Dead is what was asked with; when something newer is on file, that is used. */
static enum err run_note(struct work *w, void *arg)
{
    struct flight *f = arg;
    struct grant_row row = {0};
    enum err e = work_write(w);

    secret_wipe(&f->access);
    if (!e)
        e = grant_access(w, f->grant, &f->access, &row);
    f->new_generation = row.generation;
    if (e || row.generation != f->generation)
        return e;
    secret_wipe(&f->access);
    return grant_refresh_refused(w, f->grant, f->generation, STR(DEAD));
}

static void note(void *arg, void *db)
{
    struct flight *f = arg;
    enum err e = work_on(f, db, run_note);

    if (e)
        land_failed(f, e);
    else if (secret_is_set(&f->access))
        land(f, ERR_OK, MEANING_OK);
    else
        land_failed(f, fail(&f->fault, ERR_NEEDS_RECONNECT, DEAD " Reconnect."));
}

/* --- asking ----------------------------------------------------------------------------------- */

static void heard(void *token)
{
    struct flight *f = token;
    const struct provider_op *op = &f->op;

    if (op->err == ERR_OK) {
        pool_submit_always(f->all->pool, save, f);
    } else if (op->refresh.meaning == MEANING_REFUSED_TOKEN) {
        pool_submit_always(f->all->pool, note, f);
    } else {
        f->fault = op->fault;
        enum provider_meaning m = op->refresh.meaning;
        land(f, op->err, m == MEANING_OK ? MEANING_PROVIDER_ERROR : m);
    }
}

static void ask(void *arg)
{
    struct flight *f = arg;
    const struct provider *p = f->all->services->provider;

    f->op = (struct provider_op){.kind = PROVIDER_REFRESH, .arena = f->arena};
    f->op.refresh.client = f->begin.client;
    f->begin.client.client_secret = (struct secret){0}; /* moved */
    secret_take(&f->op.refresh.refresh, &f->begin.refresh);
    p->begin(p->self, f->loop, &f->op, heard, f);
}

/* --- reading ---------------------------------------------------------------------------------- */

static enum err run_read(struct work *w, void *arg)
{
    struct flight *f = arg;

    forget_read(f);
    return grant_refresh_begin(w, f->grant, f->generation, f->app, f->connection, &f->begin);
}

static void read_grant(void *arg, void *db)
{
    struct flight *f = arg;
    enum err e = work_on(f, db, run_read);

    if (e) {
        land_failed(f, e);
    } else if (f->begin.fresh) {
        secret_take(&f->access, &f->begin.access);
        f->new_generation = f->begin.generation;
        land(f, ERR_OK, MEANING_OK);
    } else {
        f->generation = f->begin.generation;
        loop_post(f->loop, ask, f);
    }
}

void flight_join(struct flights *fs, struct flight_waiter *w)
{
    must(loop_is_current(w->loop) && w->access.p == NULL);
    must(pthread_mutex_lock(&fs->mutex) == 0);
    struct flight *f = find(fs, w->grant);
    int begins = f == NULL;
    if (begins)
        f = add(fs, w);
    w->next = f->waiters;
    f->waiters = w;
    must(pthread_mutex_unlock(&fs->mutex) == 0);
    if (begins)
        pool_submit_always(fs->pool, read_grant, f);
}
