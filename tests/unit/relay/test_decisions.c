/* The decision cache (relay/decisions.h), line by line of its table: on a loop and a worker, with
 * deciding, the clock and the end of secrets in the test's hand (the linker's --wrap).
 */
#include "support.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "db/db.h"
#include "relay/decisions.h"

#define HELD_MAX 4096 /* decisions.c */
#define TOKEN "token-of-"

static struct loops *loops;
static struct pool *pool;
static struct decisions *ds;
static struct count under_way;
static _Atomic uint64_t moves;
static _Atomic int64_t now_ms; /* of both clocks */
static int db_is_away;
static char db_url[64];

/* --- in the place of core's ---------------------------------------------------------------------
 */

static struct {
    sem_t begun; /* posted by each decision that is being made ... */
    sem_t may_end;
    int waits; /* ... which then waits for may_end */
    enum err err;
    int64_t key_expires;
    _Atomic int count;
    _Atomic int granted;
    char key[64]; /* as it was asked last */
} filler;
static _Atomic int secrets_wiped, headers_freed;

enum err __wrap_key_call_decide(struct work *w, const struct key_call_question *q,
                                struct key_call *ret);
int64_t __wrap_clock_monotonic_ms(void);
int64_t __wrap_clock_now_ms(void);
void __wrap_secret_wipe(struct secret *s);
void __real_secret_wipe(struct secret *s);
void __wrap_upstream_credential_free(struct upstream_credential *c);
void __real_upstream_credential_free(struct upstream_credential *c);

enum err __wrap_key_call_decide(struct work *w, const struct key_call_question *q,
                                struct key_call *ret)
{
    str token = arena_printf(w->arena, TOKEN "%.*s", STR_ARG(q->app));

    must(sem_post(&filler.begun) == 0);
    while (filler.waits && sem_wait(&filler.may_end) != 0)
        continue;
    atomic_fetch_add(&filler.count, 1);
    (void)snprintf(filler.key, sizeof(filler.key), "%.*s", STR_ARG(q->key));
    ret->connection = arena_str(w->arena, STR("n1"));
    if (filler.err)
        return fail(w->fault, filler.err, "no, %.*s", STR_ARG(q->app));
    ret->key = ret->credential = STR("id");
    ret->app = arena_str(w->arena, q->app);
    ret->key_expires = filler.key_expires;
    ret->target.auth = PROVIDER_BEARER;
    secret_set(&ret->target.secret, token.p, token.n);
    atomic_fetch_add(&filler.granted, 1);
    return ERR_OK;
}

int64_t __wrap_clock_monotonic_ms(void)
{
    return atomic_load(&now_ms);
}

int64_t __wrap_clock_now_ms(void)
{
    return atomic_load(&now_ms);
}

void __wrap_secret_wipe(struct secret *s)
{
    if (s->p && s->n >= sizeof(TOKEN) - 1 && memcmp(s->p, TOKEN, sizeof(TOKEN) - 1) == 0)
        atomic_fetch_add(&secrets_wiped, 1);
    __real_secret_wipe(s);
}

void __wrap_upstream_credential_free(struct upstream_credential *c)
{
    atomic_fetch_add(&headers_freed, c != NULL);
    __real_upstream_credential_free(c);
}

/* --- on the loop --------------------------------------------------------------------------------
 */

struct asking {
    struct decision_waiter w;
    struct decision_question q;
    char key[32]; /* overwritten as soon as it was asked */
    const char *app;
    struct proven *got; /* at once, or told */
    int at_once;
    int told;
    struct asking *asks; /* from within its decided() */
    sem_t done;
};

struct errand {
    void (*fn)(void *arg);
    void *arg;
    sem_t done;
};

static void run_errand(void *arg)
{
    struct errand *e = arg;

    e->fn(e->arg);
    must(sem_post(&e->done) == 0);
}

static void wait_for(sem_t *s)
{
    while (sem_wait(s) != 0)
        continue;
}

static void on_loop(void (*fn)(void *arg), void *arg)
{
    struct errand e = {.fn = fn, .arg = arg};

    must(sem_init(&e.done, 0, 0) == 0);
    loop_post(loops_at(loops, 0), run_errand, &e);
    wait_for(&e.done);
    must(sem_destroy(&e.done) == 0);
}

static void ask_now(void *arg)
{
    struct asking *x = arg;

    x->got = decisions_get(ds, &x->q);
    x->at_once = x->got != NULL;
    if (!x->at_once)
        decisions_wait(ds, &x->q, &x->w);
    memset(x->key, '?', sizeof(x->key)); /* its text is the caller's, and goes */
}

static void decided(void *arg)
{
    struct asking *x = arg;

    x->told++;
    x->got = x->w.decision;
    if (x->asks)
        ask_now(x->asks);
    must(sem_post(&x->done) == 0);
}

static void mark_now(void *arg)
{
    struct asking *x = arg;

    decisions_mark(ds, &x->q);
}

/* Asks about this app; told later, unless at_once. */
static void prepare(struct asking *x, const char *key, const char *app)
{
    *x = (struct asking){.app = app, .w = {.decided = decided, .arg = x}};
    must(sem_init(&x->done, 0, 0) == 0);
    (void)snprintf(x->key, sizeof(x->key), "%s", key);
    x->q.asked = (struct key_call_question){str_from(x->key), str_from(app), STR("c")};
    on_loop(mark_now, x);
}

static void ask(struct asking *x, const char *app)
{
    prepare(x, "mk_1", app);
    on_loop(ask_now, x);
}

static void hear(struct asking *x)
{
    wait_for(&x->done);
}

static void release_now(void *arg)
{
    decision_release(arg);
}

static void let_go(struct asking *x)
{
    on_loop(release_now, x->got);
}

/* Asks, and is told or has it at once; what is left of it is in the cache. 1: at once. */
static int is_held(const char *app)
{
    struct asking x;

    ask(&x, app);
    if (!x.at_once)
        hear(&x);
    let_go(&x);
    return x.at_once;
}

static struct {
    const struct proven *d;
    int holds;
} looked;
static void hold_now(void *arg)
{
    (void)arg;
    looked.holds = decisions_hold(ds, looked.d);
}
static int holds(const struct proven *d)
{
    looked.d = d;
    on_loop(hold_now, NULL);
    return looked.holds;
}

static void end_fill(void)
{
    must(sem_post(&filler.may_end) == 0);
}
static void fill_begins(void)
{
    wait_for(&filler.begun);
}
static void pass(int64_t ms)
{
    atomic_fetch_add(&now_ms, ms);
}
static void moved(void)
{
    atomic_fetch_add(&moves, 1);
}
static int fills(void)
{
    return atomic_load(&filler.count);
}
/* Nothing is being filled any more, and what came of it is in. */
static void settle(void)
{
    assert_int_equal(count_wait(&under_way, 5000), 0);
}

/* --- the table ----------------------------------------------------------------------------------
 */

static void empty_filling_holding(void **state)
{
    struct asking first, second, third;

    (void)state;
    filler.waits = 1;
    ask(&first, "sun");
    fill_begins();
    ask(&second, "sun");
    ask(&third, "sun");
    assert_false(first.at_once || second.at_once || third.at_once || first.told);
    end_fill();
    hear(&first);
    hear(&second);
    hear(&third); /* who asked since is served by it, too: nothing moved */
    assert_int_equal(fills(), 1);
    assert_true(first.got && first.got == second.got && first.got == third.got);
    assert_int_equal(first.w.err, ERR_OK);
    assert_str(first.got->is.app, "sun");
    assert_string_equal(filler.key, "mk_1"); /* a copy, for as long as the fill */
    assert_true(is_held("sun"));
    assert_int_equal(fills(), 1);
    let_go(&first);
    let_go(&second);
    let_go(&third);
}

static void moved_before_the_fill_ended(void **state)
{
    struct asking before, since;

    (void)state;
    filler.waits = 1;
    ask(&before, "sun");
    fill_begins();
    moved(); /* acknowledged, then: */
    ask(&since, "sun");
    end_fill();
    hear(&before);
    assert_non_null(before.got); /* asked before it: may still be told what was so */
    assert_false(holds(before.got));
    fill_begins();
    assert_int_equal(since.told, 0);
    end_fill();
    hear(&since);
    assert_int_equal(fills(), 2);
    assert_true(since.got && since.got != before.got);
    assert_true(holds(since.got));
    assert_true(is_held("sun"));
    let_go(&before);
    let_go(&since);
}

static void moved_and_nobody_asked_since(void **state)
{
    struct asking before;

    (void)state;
    filler.waits = 1;
    ask(&before, "sun");
    fill_begins();
    moved();
    end_fill();
    hear(&before);
    let_go(&before);
    settle();
    assert_int_equal(fills(), 1);
    filler.waits = 0;
    assert_false(is_held("sun")); /* nothing was kept */
    assert_true(is_held("sun"));
}

static void refusals_are_told_and_not_kept(void **state)
{
    struct asking x;

    (void)state;
    filler.err = ERR_CONNECTION_REQUIRED;
    for (int i = 0; i < 2; i++) {
        ask(&x, "sun");
        assert_false(x.at_once);
        hear(&x);
        assert_int_equal(x.w.err, ERR_CONNECTION_REQUIRED);
        assert_null(x.got);
        assert_string_equal(x.w.connection, "n1");
        assert_string_equal(fault_text(&x.w.fault), "no, sun");
    }
    assert_int_equal(fills(), 2);
    filler.err = ERR_OK;
    assert_false(is_held("sun"));
    assert_true(is_held("sun"));
}

static void holding_until_moved_old_or_over(void **state)
{
    struct asking x;

    (void)state;
    assert_false(is_held("sun"));
    moved();
    assert_false(is_held("sun"));
    assert_true(is_held("sun"));

    ask(&x, "sun");
    assert_true(x.at_once);
    pass(DECISION_SOON_MS);
    assert_true(is_held("sun"));
    assert_int_equal(fills(), 2); /* not soon yet */
    pass(DECISION_MAX_MS - DECISION_SOON_MS - 1);
    assert_true(holds(x.got));
    pass(1);
    assert_false(holds(x.got));
    assert_false(is_held("sun"));
    let_go(&x);

    filler.key_expires = atomic_load(&now_ms) + 500;
    moved();
    assert_false(is_held("sun"));
    pass(499);
    assert_true(is_held("sun"));
    pass(1);
    assert_false(is_held("sun"));
    assert_false(is_held("sun")); /* nor is it kept then */
}

/* What was read a while ago is as old as its reading, not as its arrival. */
static void age_counts_from_the_reading(void **state)
{
    struct asking x;

    (void)state;
    filler.waits = 1;
    ask(&x, "sun");
    fill_begins();
    pass(DECISION_MAX_MS);
    end_fill();
    hear(&x);
    assert_false(holds(x.got));
    let_go(&x);
    settle();
    filler.waits = 0;
    assert_false(is_held("sun"));
}

static void soon_old_is_filled_behind(void **state)
{
    struct asking old, again, fresh;

    (void)state;
    assert_false(is_held("sun"));
    fill_begins();
    filler.waits = 1;
    pass(DECISION_SOON_MS + 1);
    ask(&old, "sun");
    assert_true(old.at_once);
    fill_begins(); /* behind */
    ask(&again, "sun");
    assert_true(again.at_once && again.got == old.got);
    end_fill();
    settle();
    assert_int_equal(fills(), 2); /* and not one for each */
    ask(&fresh, "sun");
    assert_true(fresh.at_once && fresh.got != old.got);
    pass(DECISION_MAX_MS - DECISION_SOON_MS);
    assert_false(holds(old.got));
    assert_true(holds(fresh.got));
    let_go(&old);
    let_go(&again);
    let_go(&fresh);
}

static void filled_behind_and_refused_or_moved(void **state)
{
    struct asking x;

    (void)state;
    for (int i = 0; i < 2; i++) {
        filler.err = ERR_OK;
        filler.waits = 0;
        moved();
        assert_false(is_held("sun"));
        fill_begins();
        filler.waits = 1;
        pass(DECISION_SOON_MS + 1);
        ask(&x, "sun");
        assert_true(x.at_once);
        fill_begins();
        if (i == 0)
            filler.err = ERR_KEY_REFUSED;
        else
            moved();
        end_fill();
        settle();
        filler.waits = 0;
        filler.err = ERR_OK;
        assert_false(is_held("sun")); /* what was held is gone with it */
        fill_begins();
        let_go(&x);
    }
}

static void drop_now(void *arg)
{
    struct asking *x = arg;

    decisions_drop(ds, &x->q);
}

static void dropped(void **state)
{
    struct asking x, none;

    (void)state;
    ask(&x, "sun");
    hear(&x);
    on_loop(drop_now, &x);
    assert_true(holds(x.got)); /* for who has it */
    assert_false(is_held("sun"));
    let_go(&x);
    prepare(&none, "mk_1", "nowhere");
    on_loop(drop_now, &none);
}

/* --- the rest -----------------------------------------------------------------------------------
 */

static void each_key_and_place_has_its_own(void **state)
{
    struct asking a, b, c;

    (void)state;
    prepare(&a, "mk_1", "sun");
    prepare(&b, "mk_2", "sun");
    prepare(&c, "mk_1", "sun");
    assert_memory_equal(a.q.mark, c.q.mark, sizeof(a.q.mark));
    assert_memory_not_equal(a.q.mark, b.q.mark, sizeof(a.q.mark));
    assert_false(is_held("sun"));
    on_loop(ask_now, &a);
    on_loop(ask_now, &b);
    assert_true(a.at_once && !b.at_once);
    hear(&b);
    c.q.asked.connection = STR("C");
    on_loop(ask_now, &c);
    assert_false(c.at_once);
    hear(&c);
    assert_false(is_held("moon"));
    assert_int_equal(fills(), 4);
    let_go(&a);
    let_go(&b);
    let_go(&c);
}

static void who_is_told_may_ask_again(void **state)
{
    struct asking x, again;

    (void)state;
    prepare(&again, "mk_1", "sun");
    prepare(&x, "mk_1", "sun");
    x.asks = &again;
    on_loop(ask_now, &x);
    hear(&x);
    assert_true(again.at_once && again.got == x.got);
    let_go(&x);
    let_go(&again);
}

static void a_secret_is_wiped_with_its_last_user(void **state)
{
    struct asking x, y;

    (void)state;
    ask(&x, "sun");
    hear(&x);
    ask(&y, "sun");
    assert_int_equal(atomic_load(&secrets_wiped), 0);
    moved();
    let_go(&x);
    assert_false(is_held("sun")); /* the cache lets go of the first */
    assert_int_equal(atomic_load(&secrets_wiped), 0);
    assert_int_equal(atomic_load(&headers_freed), 0);
    let_go(&y);
    assert_int_equal(atomic_load(&secrets_wiped), 1);
    assert_int_equal(atomic_load(&headers_freed), 1);
    moved();
    filler.err = ERR_KEY_REFUSED;
    assert_false(is_held("sun")); /* and of the second, that nobody uses */
    assert_int_equal(atomic_load(&secrets_wiped), 2);
    assert_int_equal(atomic_load(&headers_freed), 2);
}

static void fill_up(void *arg)
{
    struct asking *all = arg;

    for (size_t i = 0; i < HELD_MAX; i++) {
        all[i].q.mark[10] = (unsigned char)(i >> 8);
        all[i].q.mark[11] = (unsigned char)i;
        ask_now(&all[i]);
    }
}

static void as_many_as_may_be_held(void **state)
{
    struct asking *all = test_calloc(HELD_MAX, sizeof(*all));

    (void)state;
    for (size_t i = 0; i < HELD_MAX; i++) {
        all[i] = (struct asking){.app = "sun", .w = {.decided = decided, .arg = &all[i]}};
        must(sem_init(&all[i].done, 0, 0) == 0);
        all[i].q.asked = (struct key_call_question){STR("mk_1"), STR("sun"), STR("c")};
    }
    on_loop(fill_up, all);
    for (size_t i = 0; i < HELD_MAX; i++) {
        hear(&all[i]);
        let_go(&all[i]);
    }
    assert_false(is_held("moon"));
    assert_false(is_held("moon")); /* told, and not kept */
    on_loop(ask_now, &all[7]);
    assert_true(all[7].at_once);
    on_loop(drop_now, &all[7]);
    let_go(&all[7]);
    assert_false(is_held("moon"));
    assert_true(is_held("moon")); /* there is room again */
    test_free(all);
}

static void no_room_and_no_database(void **state)
{
    struct asking running, queued, refused;

    (void)state;
    filler.waits = 1;
    ask(&running, "sun");
    fill_begins();
    ask(&queued, "moon"); /* the pool of these tests has one worker and room for one more */
    ask(&refused, "mars");
    hear(&refused);
    assert_int_equal(refused.w.err, ERR_OVERLOADED);
    assert_null(refused.got);
    filler.waits = 0;
    end_fill();
    hear(&running);
    hear(&queued);
    assert_false(is_held("mars"));
    assert_true(is_held("mars"));
    let_go(&running);
    let_go(&queued);
}

static void a_database_that_is_away(void **state)
{
    struct asking x;

    (void)state;
    db_is_away = 1;
    ask(&x, "sun");
    hear(&x);
    assert_int_equal(x.w.err, ERR_STORAGE_FAILED);
    db_is_away = 0;
    assert_false(is_held("sun"));
    assert_true(is_held("sun"));
}

/* --- life ---------------------------------------------------------------------------------------
 */

static void *open_db(void *arg)
{
    struct db *d = NULL;
    struct fault f;

    (void)arg;
    if (!db_is_away)
        must(db_open(&f, db_url, 1000, &d) == ERR_OK);
    return d;
}

static void close_db(void *db, void *arg)
{
    (void)arg;
    db_close(db);
}

static void make_now(void *arg)
{
    static const struct services services;

    (void)arg;
    ds = decisions_new(
        &(struct decisions_config){loops_at(loops, 0), pool, &services, &moves, &under_way});
}

static void free_now(void *arg)
{
    (void)arg;
    decisions_free(ds);
}

static int set_up(void **state)
{
    (void)state;
    memset(&filler, 0, sizeof(filler));
    must(sem_init(&filler.begun, 0, 0) == 0 && sem_init(&filler.may_end, 0, 0) == 0);
    atomic_store(&secrets_wiped, 0);
    atomic_store(&headers_freed, 0);
    atomic_store(&now_ms, INT64_C(1800000000000));
    count_init(&under_way);
    on_loop(make_now, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    settle();
    on_loop(free_now, NULL);
    count_done(&under_way);
    /* every secret that was given out, held ones by decisions_free() */
    assert_int_equal(atomic_load(&secrets_wiped), atomic_load(&filler.granted));
    return 0;
}

static int begin(void **state)
{
    (void)state;
    (void)snprintf(db_url, sizeof(db_url), "sqlite:/tmp/test-decisions-%d.db", (int)getpid());
    loops = loops_start(1);
    return 0;
}

static int end(void **state)
{
    char path[80];

    (void)state;
    loops_stop(loops);
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        (void)snprintf(path, sizeof(path), "%s%s", db_url + sizeof("sqlite:") - 1, ends[i]);
        (void)unlink(path);
    }
    return 0;
}

/* A pool a case, with room for so many fills that wait. */
static int with_pool(void **state, size_t queue)
{
    pool = pool_start(1, queue, (struct pool_hooks){open_db, close_db, NULL});
    return set_up(state);
}
static int set_up_wide(void **state)
{
    return with_pool(state, HELD_MAX);
}
static int set_up_narrow(void **state)
{
    return with_pool(state, 1);
}
static int tear_down_all(void **state)
{
    int bad = tear_down(state);

    pool_stop(pool);
    return bad;
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up_wide, tear_down_all)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(empty_filling_holding),
        CASE(moved_before_the_fill_ended),
        CASE(moved_and_nobody_asked_since),
        CASE(refusals_are_told_and_not_kept),
        CASE(holding_until_moved_old_or_over),
        CASE(age_counts_from_the_reading),
        CASE(soon_old_is_filled_behind),
        CASE(filled_behind_and_refused_or_moved),
        CASE(dropped),
        CASE(each_key_and_place_has_its_own),
        CASE(who_is_told_may_ask_again),
        CASE(a_secret_is_wiped_with_its_last_user),
        CASE(as_many_as_may_be_held),
        cmocka_unit_test_setup_teardown(no_room_and_no_database, set_up_narrow, tear_down_all),
        CASE(a_database_that_is_away),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
