/* Loop threads and the posting of functions to them.
 *
 * Each loop has an event base that is used by its own thread only, and so without libevent's
 * locks; other threads reach it through the list of posts and an eventfd that wakes it.
 *
 * Threads: `first` and `end` are under the mutex. The eventfd is written by whoever makes the list
 * not empty, and read by the loop before it takes the whole list, so that no post is overlooked.
 * States of a loop: started -> running -> ending (loopexit asked for by a post) -> joined ->
 * drained (what is still posted runs on the thread that called loops_stop) -> freed.
 */
#include "io/loop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/thread.h"

struct post {
    struct post *next;
    void (*fn)(void *arg);
    void *arg;
};

struct loop {
    pthread_t thread;
    _Atomic pthread_t runs_on; /* thread; while draining, the one that drains */
    struct event_base *base;
    struct event *wake;
    int wake_fd;
    pthread_mutex_t mutex;
    struct post *first;
    struct post **end;
};

struct loops {
    struct loop *all;
    size_t count;
    _Atomic size_t turn;
};

static struct post *take_posts(struct loop *l)
{
    struct post *posts;

    must(pthread_mutex_lock(&l->mutex) == 0);
    posts = l->first;
    l->first = NULL;
    l->end = &l->first;
    must(pthread_mutex_unlock(&l->mutex) == 0);
    return posts;
}

static void run_posts(struct loop *l)
{
    struct post *post = take_posts(l);

    while (post) {
        struct post *next = post->next;
        post->fn(post->arg);
        mem_free(post);
        post = next;
    }
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    uint64_t count;
    ssize_t got = read(fd, &count, sizeof(count));

    (void)got; /* nothing to read: woken twice for one list */
    (void)what;
    run_posts(arg);
}

static void *loop_run(void *arg)
{
    struct loop *l = arg;

    atomic_store(&l->runs_on, pthread_self());
    must(event_base_loop(l->base, EVLOOP_NO_EXIT_ON_EMPTY) >= 0);
    return NULL;
}

static struct event_base *base_new(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base;

    must(config != NULL);
    must(event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0);
    base = event_base_new_with_config(config);
    event_config_free(config);
    must(base != NULL);
    return base;
}

static void loop_init(struct loop *l)
{
    l->base = base_new();
    l->end = &l->first;
    must(pthread_mutex_init(&l->mutex, NULL) == 0);
    l->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    must(l->wake_fd >= 0);
    l->wake = event_new(l->base, l->wake_fd, EV_READ | EV_PERSIST, on_wake, l);
    must(l->wake != NULL);
    must(event_add(l->wake, NULL) == 0);
}

struct loops *loops_start(size_t count)
{
    struct loops *ls = mem_new(struct loops);

    must(count > 0);
    ls->count = count;
    ls->all = mem_alloc_array(count, sizeof(*ls->all));
    for (size_t i = 0; i < count; i++)
        loop_init(&ls->all[i]);
    for (size_t i = 0; i < count; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "loop-%zu", i);
        ls->all[i].thread = thread_start(name, loop_run, &ls->all[i]);
    }
    return ls;
}

static void end_loop(void *arg)
{
    struct loop *l = arg;

    must(event_base_loopexit(l->base, NULL) == 0);
}

static int has_posts(struct loops *ls)
{
    for (size_t i = 0; i < ls->count; i++) {
        struct loop *l = &ls->all[i];
        int some;
        must(pthread_mutex_lock(&l->mutex) == 0);
        some = l->first != NULL;
        must(pthread_mutex_unlock(&l->mutex) == 0);
        if (some)
            return 1;
    }
    return 0;
}

/* Runs what was posted too late, on this thread, and lets libevent finish what that released. One
 * loop's posts may post to another, so it goes round until all are empty. */
static void drain(struct loops *ls)
{
    for (size_t i = 0; i < ls->count; i++)
        atomic_store(&ls->all[i].runs_on, pthread_self());
    do {
        for (size_t i = 0; i < ls->count; i++) {
            run_posts(&ls->all[i]);
            (void)event_base_loop(ls->all[i].base, EVLOOP_NONBLOCK);
        }
    } while (has_posts(ls));
}

static void loop_done(struct loop *l)
{
    must(l->first == NULL);
    event_free(l->wake);
    event_base_free(l->base);
    must(close(l->wake_fd) == 0);
    pthread_mutex_destroy(&l->mutex);
}

void loops_stop(struct loops *ls)
{
    if (ls == NULL)
        return;
    for (size_t i = 0; i < ls->count; i++)
        loop_post(&ls->all[i], end_loop, &ls->all[i]);
    for (size_t i = 0; i < ls->count; i++)
        must(pthread_join(ls->all[i].thread, NULL) == 0);
    drain(ls);
    for (size_t i = 0; i < ls->count; i++)
        loop_done(&ls->all[i]);
    mem_free(ls->all);
    mem_free(ls);
}

size_t loops_count(const struct loops *ls)
{
    return ls->count;
}

struct loop *loops_at(struct loops *ls, size_t index)
{
    must(index < ls->count);
    return &ls->all[index];
}

struct loop *loops_next(struct loops *ls)
{
    return &ls->all[atomic_fetch_add(&ls->turn, 1) % ls->count];
}

struct event_base *loop_base(struct loop *l)
{
    return l->base;
}

void loop_post(struct loop *l, void (*fn)(void *arg), void *arg)
{
    struct post *post = mem_new(struct post);
    uint64_t one = 1;
    int was_empty;

    post->fn = fn;
    post->arg = arg;
    must(pthread_mutex_lock(&l->mutex) == 0);
    was_empty = l->first == NULL;
    *l->end = post;
    l->end = &post->next;
    /* Under the mutex: loops_stop may free the loop as soon as the post can be taken. */
    if (was_empty)
        must(write(l->wake_fd, &one, sizeof(one)) == sizeof(one));
    must(pthread_mutex_unlock(&l->mutex) == 0);
}

int loop_is_current(const struct loop *l)
{
    return pthread_equal(atomic_load(&l->runs_on), pthread_self());
}
