/* io/loop.h: threads, order, posts from anywhere, timers, and what stopping does with the rest.
 * Clean under ThreadSanitizer.
 */
#include "support.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "io/loop.h"

struct order {
    struct loop *loop;
    int seen[4096];
    size_t n;
    _Atomic int elsewhere;
    sem_t done;
};

static struct order *order_of(void **state, struct loop *loop)
{
    struct order *o = *state;

    o->loop = loop;
    return o;
}

static int set_up(void **state)
{
    static struct order o;

    memset(&o, 0, sizeof(o));
    assert_int_equal(sem_init(&o.done, 0, 0), 0);
    *state = &o;
    return 0;
}

struct item {
    struct order *o;
    int number;
};

static void note(void *arg)
{
    struct item *i = arg;

    if (!loop_is_current(i->o->loop))
        atomic_fetch_add(&i->o->elsewhere, 1);
    i->o->seen[i->o->n++] = i->number;
}

static void finish(void *arg)
{
    struct order *o = arg;

    (void)sem_post(&o->done);
}

static void test_posts_keep_their_order(void **state)
{
    static struct item items[4000];
    struct loops *ls = loops_start(1);
    struct order *o = order_of(state, loops_at(ls, 0));

    assert_false(loop_is_current(o->loop));
    for (int i = 0; i < 4000; i++) {
        items[i] = (struct item){o, i};
        loop_post(o->loop, note, &items[i]);
    }
    loop_post(o->loop, finish, o);
    assert_int_equal(sem_wait(&o->done), 0);
    assert_int_equal(o->n, 4000);
    for (int i = 0; i < 4000; i++)
        assert_int_equal(o->seen[i], i);
    assert_int_equal(o->elsewhere, 0);
    loops_stop(ls);
    loops_stop(NULL);
}

struct poster {
    struct order *o;
    pthread_t thread;
    struct item items[500];
};

static void *post_all(void *arg)
{
    struct poster *p = arg;

    for (int i = 0; i < 500; i++) {
        p->items[i].o = p->o;
        loop_post(p->o->loop, note, &p->items[i]);
    }
    return NULL;
}

/* Each poster's own posts stay in order, none is lost, none wakes in vain. */
static void test_many_posters(void **state)
{
    static struct poster posters[4];
    int next[4] = {0};
    struct loops *ls = loops_start(2);
    struct order *o = order_of(state, loops_at(ls, 1));

    for (int p = 0; p < 4; p++) {
        posters[p].o = o;
        for (int i = 0; i < 500; i++)
            posters[p].items[i].number = p * 500 + i;
        assert_int_equal(pthread_create(&posters[p].thread, NULL, post_all, &posters[p]), 0);
    }
    for (int p = 0; p < 4; p++)
        assert_int_equal(pthread_join(posters[p].thread, NULL), 0);
    loops_stop(ls); /* after the callbacks that already wait */
    assert_int_equal(o->n, 2000);
    assert_int_equal(o->elsewhere, 0);
    for (size_t i = 0; i < o->n; i++) {
        int p = o->seen[i] / 500;
        assert_int_equal(o->seen[i] % 500, next[p]++);
    }
}

/* A post from within a post runs later, behind what waits already. */
static struct item second_item, third_item;

static void post_within(void *arg)
{
    struct order *o = arg;

    second_item = (struct item){o, 2};
    loop_post(o->loop, note, &second_item);
    o->seen[o->n++] = 1;
}

static void test_post_within_a_post(void **state)
{
    struct loops *ls = loops_start(1);
    struct order *o = order_of(state, loops_at(ls, 0));

    third_item = (struct item){o, 3};
    loop_post(o->loop, post_within, o);
    loop_post(o->loop, note, &third_item);
    loops_stop(ls);
    assert_int_equal(o->n, 3);
    assert_int_equal(o->seen[0], 1);
    assert_int_equal(o->elsewhere, 0);
    /* 3 may be posted before or after 1 runs, but 2 never before 1 has ended */
    assert_int_equal(o->seen[1] + o->seen[2], 5);
}

static void test_round_robin(void **state)
{
    struct loops *ls = loops_start(3);

    (void)state;
    assert_int_equal(loops_count(ls), 3);
    for (int i = 0; i < 7; i++)
        assert_ptr_equal(loops_next(ls), loops_at(ls, (size_t)i % 3));
    loops_stop(ls);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct order *o = arg;

    (void)fd;
    (void)what;
    if (!loop_is_current(o->loop))
        atomic_fetch_add(&o->elsewhere, 1);
    (void)sem_post(&o->done);
}

static void start_timer(void *arg)
{
    struct order *o = arg;

    if (event_base_once(loop_base(o->loop), -1, EV_TIMEOUT, on_timer, o,
                        &(struct timeval){0, 20000}) != 0)
        atomic_fetch_add(&o->elsewhere, 1);
}

static void test_timers_fire(void **state)
{
    struct loops *ls = loops_start(1);
    struct order *o = order_of(state, loops_at(ls, 0));

    loop_post(o->loop, start_timer, o);
    assert_int_equal(sem_wait(&o->done), 0);
    assert_int_equal(o->elsewhere, 0);
    loops_stop(ls);
}

/* Two loops hand a token to and fro; at the stop one has ended before the other, and the token must
 * still come home on the thread that stops. */
struct token {
    struct loop *loops[2];
    _Atomic int hops;
    int left;
    int wrong;
    int home;
};

static void hop(void *arg)
{
    struct token *t = arg;
    int at = t->left % 2;

    if (!loop_is_current(t->loops[at]))
        t->wrong++;
    atomic_fetch_add(&t->hops, 1);
    if (t->left-- == 0)
        t->home = 1;
    else
        loop_post(t->loops[1 - at], hop, t);
}

static void test_stop_drains_between_loops(void **state)
{
    (void)state;
    for (int round = 0; round < 10; round++) {
        struct loops *ls = loops_start(2);
        struct token t = {.loops = {loops_at(ls, 0), loops_at(ls, 1)}, .left = 2000};
        loop_post(t.loops[0], hop, &t);
        while (atomic_load(&t.hops) < round)
            ;
        loops_stop(ls);
        assert_true(t.home);
        assert_int_equal(t.wrong, 0);
        assert_int_equal(t.hops, 2001);
    }
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    char c;

    (void)what;
    if (read(fd, &c, 1) == 1)
        (void)sem_post(&((struct order *)arg)->done);
}

struct watcher {
    struct order *o;
    int fd;
    struct event *event;
};

static void watch(void *arg)
{
    struct watcher *w = arg;

    w->event = event_new(loop_base(w->o->loop), w->fd, EV_READ | EV_PERSIST, on_readable, w->o);
    if (w->event == NULL || event_add(w->event, NULL) != 0)
        atomic_fetch_add(&w->o->elsewhere, 1);
    (void)sem_post(&w->o->done);
}

static void unwatch(void *arg)
{
    struct watcher *w = arg;

    event_free(w->event);
}

static void test_descriptors(void **state)
{
    struct loops *ls = loops_start(1);
    struct order *o = order_of(state, loops_at(ls, 0));
    int ends[2];
    struct watcher w = {.o = o};

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    w.fd = ends[0];
    loop_post(o->loop, watch, &w);
    assert_int_equal(sem_wait(&o->done), 0);
    assert_int_equal(write(ends[1], "xx", 2), 2);
    assert_int_equal(sem_wait(&o->done), 0);
    assert_int_equal(sem_wait(&o->done), 0);
    loop_post(o->loop, unwatch, &w);
    loops_stop(ls);
    assert_int_equal(o->elsewhere, 0);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_posts_keep_their_order, set_up),
        cmocka_unit_test_setup(test_many_posters, set_up),
        cmocka_unit_test_setup(test_post_within_a_post, set_up),
        cmocka_unit_test(test_round_robin),
        cmocka_unit_test_setup(test_timers_fire, set_up),
        cmocka_unit_test(test_stop_drains_between_loops),
        cmocka_unit_test_setup(test_descriptors, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
