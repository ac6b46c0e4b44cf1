/* See the header: states and invariants. */
#include "relay/decisions.h"

#include <stdatomic.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "crypto/random.h"

#define BUCKETS 1024
#define HELD_MAX 4096 /* decisions; each has a secret in pages of its own */
#define FILL_ARENA_MAX ((size_t)4 << 20)
#define KEPT_ARENA_MAX ((size_t)256 << 10)
#define SWEEP_S 2

struct slot {
    struct slot *next; /* in its bucket */
    unsigned char mark[HASH_MARK_BYTES];
    char *app;
    char *connection;
    struct proven *held;
    int filling;
    struct decision_waiter *before; /* asked before the fill began */
    struct decision_waiter *since;
};

struct decisions {
    struct decisions_config config;
    struct event *sweep;
    struct secret naming; /* the key of the marks, this process's own */
    size_t held;
    struct slot *buckets[BUCKETS];
};

/* On its way to a worker and back; knows its slot by name only. */
struct fill {
    struct decisions *all;
    struct arena *arena;
    struct decision_question q;
    uint64_t epoch;
    int64_t read_ms;
    struct key_call found;
    enum err err;
    struct fault fault;
};

static uint64_t epoch_now(const struct decisions *ds)
{
    return atomic_load(ds->config.moves);
}

/* --- decisions -------------------------------------------------------------------------------- */

void decision_release(struct proven *d)
{
    if (!d || --d->users > 0)
        return;
    secret_wipe(&d->is.target.secret);
    upstream_credential_free(d->shown);
    arena_free(d->arena);
}

static void copy_place(struct arena *a, struct provider_place *p)
{
    str *list = arena_alloc_array(a, p->prefix_count + 1, sizeof(*list));

    for (size_t i = 0; i < p->prefix_count; i++)
        list[i] = arena_str(a, p->prefixes[i]);
    p->base = arena_str(a, p->base);
    p->prefixes = list;
}

/* With one user. Takes the secret. */
static struct proven *keep(struct fill *f)
{
    struct arena *a = arena_new(KEPT_ARENA_MAX);
    struct proven *d = arena_new_of(a, struct proven);
    struct key_call *c = &d->is;
    str *const texts[] = {&c->key,
                          &c->user,
                          &c->methods,
                          &c->paths,
                          &c->app,
                          &c->connection,
                          &c->credential,
                          &c->account,
                          &c->target.origin,
                          &c->target.base_path,
                          &c->target.username,
                          &c->grant.grant,
                          &c->key_name,
                          &c->connection_name};

    *c = f->found;
    f->found.target.secret = (struct secret){0}; /* moved */
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        *texts[i] = arena_str(a, *texts[i]);
    copy_place(a, &c->place);
    d->shown = upstream_credential_new(c->target.auth == PROVIDER_BEARER ? UPSTREAM_BEARER
                                                                         : UPSTREAM_BASIC,
                                       c->target.username, &c->target.secret);
    d->arena = a;
    d->users = 1;
    d->epoch = f->epoch;
    d->read_ms = f->read_ms;
    return d;
}

int decisions_hold(const struct decisions *ds, const struct proven *d)
{
    return d->epoch == epoch_now(ds) && clock_monotonic_ms() - d->read_ms < DECISION_MAX_MS &&
           (d->is.key_expires == 0 || d->is.key_expires > clock_now_ms());
}

/* --- slots ------------------------------------------------------------------------------------ */

static struct slot **bucket_of(struct decisions *ds, const struct decision_question *q)
{
    uint32_t hash;

    memcpy(&hash, q->mark, sizeof(hash)); /* keyed: nobody chooses it */
    for (size_t i = 0; i < q->asked.connection.n; i++)
        hash = (hash ^ (unsigned char)q->asked.connection.p[i]) * 16777619u;
    return &ds->buckets[hash % BUCKETS];
}

static int is_slot_of(const struct slot *s, const struct decision_question *q)
{
    return memcmp(s->mark, q->mark, sizeof(s->mark)) == 0 &&
           str_eq(str_from(s->app), q->asked.app) &&
           str_eq(str_from(s->connection), q->asked.connection);
}

static struct slot *find(struct decisions *ds, const struct decision_question *q)
{
    struct slot *s = *bucket_of(ds, q);

    while (s && !is_slot_of(s, q))
        s = s->next;
    return s;
}

static char *heap_copy(str s)
{
    char *p = mem_alloc(s.n + 1);

    memcpy(p, s.p, s.n);
    return p;
}

static struct slot *add(struct decisions *ds, const struct decision_question *q)
{
    struct slot **bucket = bucket_of(ds, q);
    struct slot *s = mem_new(struct slot);

    memcpy(s->mark, q->mark, sizeof(s->mark));
    s->app = heap_copy(q->asked.app);
    s->connection = heap_copy(q->asked.connection);
    s->next = *bucket;
    *bucket = s;
    return s;
}

static void let_go(struct decisions *ds, struct slot *s)
{
    if (!s->held)
        return;
    decision_release(s->held);
    s->held = NULL;
    ds->held--;
}

/* Frees slots that hold nothing (any more) and wait for nothing. */
static void tidy(struct decisions *ds, struct slot **link)
{
    while (*link) {
        struct slot *s = *link;
        if (s->held && !decisions_hold(ds, s->held))
            let_go(ds, s);
        if (s->held || s->filling || s->since) {
            link = &s->next;
            continue;
        }
        *link = s->next;
        mem_free(s->app);
        mem_free(s->connection);
        mem_free(s);
    }
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
    struct decisions *ds = arg;

    (void)fd;
    (void)what;
    for (size_t i = 0; i < BUCKETS; i++)
        tidy(ds, &ds->buckets[i]);
}

/* --- filling ---------------------------------------------------------------------------------- */

static void tell(struct decision_waiter *first, const struct fill *f, struct proven *d)
{
    struct decision_waiter *next;
    str connection = f->found.connection;

    for (struct decision_waiter *w = first; w; w = next) {
        next = w->next;
        w->err = f->err;
        w->fault = f->fault;
        w->decision = d;
        memset(w->connection, 0, sizeof(w->connection));
        if (f->err && connection.p && connection.n < sizeof(w->connection))
            memcpy(w->connection, connection.p, connection.n);
        if (d)
            d->users++;
        w->decided(w->arg);
    }
}

static void begin_fill(struct decisions *ds, struct slot *s, const struct decision_question *q);

/* Those who asked while the fill was under way are served by it, unless something moved. */
static struct decision_waiter *take_served(struct decisions *ds, struct slot *s,
                                           const struct fill *f)
{
    struct decision_waiter *served = s->before;
    struct decision_waiter **end = &served;

    s->before = NULL;
    if (f->epoch != epoch_now(ds))
        return served;
    while (*end)
        end = &(*end)->next;
    *end = s->since;
    s->since = NULL;
    return served;
}

static void filled(void *arg)
{
    struct fill *f = arg;
    struct decisions *ds = f->all;
    struct slot *s = find(ds, &f->q);
    struct proven *d = f->err ? NULL : keep(f);

    must(s && s->filling);
    s->filling = 0;
    struct decision_waiter *served = take_served(ds, s, f);
    let_go(ds, s);
    if (d && decisions_hold(ds, d) && ds->held < HELD_MAX) {
        d->users++;
        s->held = d;
        ds->held++;
    }
    if (s->since)
        begin_fill(ds, s, &f->q);
    tell(served, f, d); /* may ask again */
    decision_release(d);
    tidy(ds, bucket_of(ds, &f->q));
    arena_free(f->arena);
    count_end(ds->config.count);
}

static enum err run(struct work *w, void *arg)
{
    struct fill *f = arg;

    secret_wipe(&f->found.target.secret);
    f->found = (struct key_call){0};
    return key_call_decide(w, &f->q.asked, &f->found);
}

static void fill(void *arg, void *db)
{
    struct fill *f = arg;

    f->epoch = epoch_now(f->all);
    f->read_ms = clock_monotonic_ms();
    f->err = db ? work_run(f->arena, &f->fault, db, f->all->config.services, run, f)
                : fail(&f->fault, ERR_STORAGE_FAILED, "");
    if (f->err)
        secret_wipe(&f->found.target.secret);
    loop_post(f->all->config.loop, filled, f);
}

static void begin_fill(struct decisions *ds, struct slot *s, const struct decision_question *q)
{
    struct arena *a = arena_new(FILL_ARENA_MAX);
    struct fill *f = arena_new_of(a, struct fill);

    f->all = ds;
    f->arena = a;
    f->q = *q;
    f->q.asked.key = arena_str(a, q->asked.key);
    f->q.asked.app = arena_str(a, q->asked.app);
    f->q.asked.connection = arena_str(a, q->asked.connection);
    s->filling = 1;
    s->before = s->since;
    s->since = NULL;
    count_begin(ds->config.count);
    if (pool_submit(ds->config.pool, fill, f))
        return;
    f->epoch = epoch_now(ds);
    f->err = fail(&f->fault, ERR_OVERLOADED, "");
    loop_post(ds->config.loop, filled, f);
}

void decisions_mark(const struct decisions *ds, struct decision_question *q)
{
    hash_mark(&ds->naming, q->asked.key, q->mark);
}

struct proven *decisions_get(struct decisions *ds, const struct decision_question *q)
{
    struct slot *s = find(ds, q);

    if (!s || !s->held || !decisions_hold(ds, s->held))
        return NULL;
    if (!s->filling && clock_monotonic_ms() - s->held->read_ms > DECISION_SOON_MS)
        begin_fill(ds, s, q);
    s->held->users++;
    return s->held;
}

void decisions_wait(struct decisions *ds, const struct decision_question *q,
                    struct decision_waiter *w)
{
    struct slot *s = find(ds, q);

    if (!s)
        s = add(ds, q);
    let_go(ds, s);
    w->next = s->since;
    s->since = w;
    if (!s->filling)
        begin_fill(ds, s, q);
}

void decisions_drop(struct decisions *ds, const struct decision_question *q)
{
    struct slot *s = find(ds, q);

    if (s)
        let_go(ds, s);
}

/* --- life ------------------------------------------------------------------------------------- */

struct decisions *decisions_new(const struct decisions_config *config)
{
    struct decisions *ds = mem_new(struct decisions);
    struct timeval every = {SWEEP_S, 0};

    must(loop_is_current(config->loop));
    ds->config = *config;
    secret_alloc(&ds->naming, HASH_MARK_BYTES);
    random_bytes(ds->naming.p, HASH_MARK_BYTES);
    ds->sweep = event_new(loop_base(config->loop), -1, EV_PERSIST, on_sweep, ds);
    must(ds->sweep && event_add(ds->sweep, &every) == 0);
    return ds;
}

void decisions_free(struct decisions *ds)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct slot *s = ds->buckets[i]; s; s = s->next) {
            must(!s->filling && !s->since);
            let_go(ds, s);
        }
        tidy(ds, &ds->buckets[i]);
    }
    event_free(ds->sweep);
    secret_wipe(&ds->naming);
    mem_free(ds);
}
