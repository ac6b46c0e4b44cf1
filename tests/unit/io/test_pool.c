/* io/pool.h: order, the limit of the queue, states, stopping. Clean under ThreadSanitizer. */
#include "support.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/pool.h"

struct record {
    pthread_mutex_t mutex;
    int seen[64];
    size_t n;
    sem_t gate; /* a blocked job waits here */
    sem_t started;
    struct pool *pool;
};

static int set_up(void **state)
{
    static struct record r;

    memset(&r, 0, sizeof(r));
    assert_int_equal(pthread_mutex_init(&r.mutex, NULL), 0);
    assert_int_equal(sem_init(&r.gate, 0, 0), 0);
    assert_int_equal(sem_init(&r.started, 0, 0), 0);
    *state = &r;
    return 0;
}

struct item {
    struct record *r;
    int number;
};

static void note(void *arg, void *state)
{
    struct item *i = arg;

    (void)state;
    (void)pthread_mutex_lock(&i->r->mutex);
    i->r->seen[i->r->n++] = i->number;
    (void)pthread_mutex_unlock(&i->r->mutex);
}

static void block(void *arg, void *state)
{
    struct record *r = arg;

    (void)state;
    (void)sem_post(&r->started);
    (void)sem_wait(&r->gate);
}

static void test_order_and_limit(void **state)
{
    struct record *r = *state;
    struct pool *p = pool_start(1, 3, (struct pool_hooks){0});
    struct item items[6];

    for (int i = 0; i < 6; i++)
        items[i] = (struct item){r, i};
    assert_true(pool_submit(p, block, r));
    assert_int_equal(sem_wait(&r->started), 0); /* runs, so the queue is empty */
    assert_true(pool_submit(p, note, &items[0]));
    assert_true(pool_submit(p, note, &items[1]));
    assert_true(pool_submit(p, note, &items[2]));
    assert_false(pool_submit(p, note, &items[3]));
    pool_submit_always(p, note, &items[4]);
    assert_false(pool_submit(p, note, &items[5]));
    assert_int_equal(sem_post(&r->gate), 0);
    pool_stop(p); /* runs all that was taken */
    assert_int_equal(r->n, 4);
    for (int i = 0; i < 3; i++)
        assert_int_equal(r->seen[i], i);
    assert_int_equal(r->seen[3], 4);
    pool_stop(NULL);
}

static void submit_more(void *arg, void *state)
{
    struct item *i = arg;

    (void)state;
    (void)sem_post(&i->r->started);
    (void)sem_wait(&i->r->gate);
    pool_submit_always(i->r->pool, note, i);
}

static void test_stop_runs_what_jobs_submit(void **state)
{
    struct record *r = *state;
    struct item items[3] = {{r, 0}, {r, 1}, {r, 2}};

    r->pool = pool_start(2, 8, (struct pool_hooks){0});
    for (size_t i = 0; i < COUNT_OF(items); i++)
        assert_true(pool_submit(r->pool, submit_more, &items[i]));
    assert_int_equal(sem_wait(&r->started), 0);
    for (size_t i = 0; i < COUNT_OF(items); i++)
        assert_int_equal(sem_post(&r->gate), 0);
    pool_stop(r->pool);
    assert_int_equal(r->n, 3);
}

static void test_jobs_run_at_the_same_time(void **state)
{
    struct record *r = *state;
    struct pool *p = pool_start(3, 8, (struct pool_hooks){0});

    for (int i = 0; i < 3; i++)
        assert_true(pool_submit(p, block, r));
    for (int i = 0; i < 3; i++)
        assert_int_equal(sem_wait(&r->started), 0); /* all three are inside */
    for (int i = 0; i < 3; i++)
        assert_int_equal(sem_post(&r->gate), 0);
    pool_stop(p);
}

/* States: `opened` counts the calls, the first `refusals` of which give NULL. */
struct states {
    _Atomic int opened;
    _Atomic int closed;
    _Atomic int without;
    _Atomic int wrong_thread;
    int refusals;
};

struct worker_state {
    pthread_t thread;
};

static void *state_open(void *arg)
{
    struct states *s = arg;
    struct worker_state *w;

    if (atomic_fetch_add(&s->opened, 1) < s->refusals)
        return NULL;
    w = mem_new(struct worker_state);
    w->thread = pthread_self();
    return w;
}

static void state_close(void *state, void *arg)
{
    struct states *s = arg;
    struct worker_state *w = state;

    if (!pthread_equal(w->thread, pthread_self()))
        atomic_fetch_add(&s->wrong_thread, 1);
    atomic_fetch_add(&s->closed, 1);
    mem_free(w);
}

static void use_state(void *arg, void *state)
{
    struct states *s = arg;
    struct worker_state *w = state;

    if (w == NULL)
        atomic_fetch_add(&s->without, 1);
    else if (!pthread_equal(w->thread, pthread_self()))
        atomic_fetch_add(&s->wrong_thread, 1);
}

static void test_state_is_opened_late_and_again(void **state)
{
    struct states s = {.refusals = 2};
    struct pool *p = pool_start(1, 10, (struct pool_hooks){state_open, state_close, &s});

    (void)state;
    for (int i = 0; i < 6; i++)
        assert_true(pool_submit(p, use_state, &s));
    pool_stop(p);
    assert_int_equal(s.opened, 3); /* two refused, one kept */
    assert_int_equal(s.without, 2);
    assert_int_equal(s.closed, 1);
    assert_int_equal(s.wrong_thread, 0);
}

static void test_state_is_not_opened_without_a_job(void **state)
{
    struct states s = {0};

    (void)state;
    pool_stop(pool_start(3, 10, (struct pool_hooks){state_open, state_close, &s}));
    assert_int_equal(s.opened, 0);
    assert_int_equal(s.closed, 0);
}

static void test_states_of_many_workers(void **state)
{
    struct states s = {0};
    struct pool *p = pool_start(4, 1000, (struct pool_hooks){state_open, state_close, &s});

    (void)state;
    for (int i = 0; i < 500; i++)
        assert_true(pool_submit(p, use_state, &s));
    pool_stop(p);
    assert_in_range(s.opened, 1, 4);
    assert_int_equal(s.closed, s.opened);
    assert_int_equal(s.without, 0);
    assert_int_equal(s.wrong_thread, 0);
}

static void use_and_tell(void *arg, void *state)
{
    struct item *i = arg;

    (void)state;
    (void)sem_post(&i->r->started);
}

/* The one that worked last is the next to work: of eight that take turns each would open a state.
 */
static void test_who_worked_last_works_next(void **state)
{
    struct record *r = *state;
    struct states s = {0};
    struct pool *p = pool_start(8, 10, (struct pool_hooks){state_open, state_close, &s});
    struct item item = {r, 0};

    for (int i = 0; i < 20; i++) {
        assert_int_equal(usleep(i ? 10000 : 200000), 0); /* until they wait */
        assert_true(pool_submit(p, use_and_tell, &item));
        assert_int_equal(sem_wait(&r->started), 0);
    }
    pool_stop(p);
    assert_in_range(s.opened, 1, 4); /* on a busy machine one may be late */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_order_and_limit, set_up),
        cmocka_unit_test_setup(test_stop_runs_what_jobs_submit, set_up),
        cmocka_unit_test_setup(test_jobs_run_at_the_same_time, set_up),
        cmocka_unit_test(test_state_is_opened_late_and_again),
        cmocka_unit_test(test_state_is_not_opened_without_a_job),
        cmocka_unit_test(test_states_of_many_workers),
        cmocka_unit_test_setup(test_who_worked_last_works_next, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
