/* The worker pool.
 *
 * Threads: everything in struct pool but `workers` and `hooks` is under the mutex; a job runs
 * without it. A worker's state is made, used and closed on its own thread.
 * States of a worker: waiting (on the list `waiting`) -> running jobs -> waiting ... -> ended, once
 * `stopping` is set and the queue is empty. A job that submits while the pool stops is itself the
 * reason that a worker looks again, so nothing that was taken is left.
 * Who waits shortest is woken first: its memory is warm, and a pool with little to do makes the
 * state of one worker, not of all.
 */
#include "io/pool.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/thread.h"

struct job {
    struct job *next;
    void (*fn)(void *arg, void *state);
    void *arg;
};

struct worker {
    struct worker *next; /* while it waits */
    struct pool *pool;
    pthread_t thread;
    pthread_cond_t wake;
    int waits;
};

struct pool {
    struct worker *workers;
    size_t worker_count;
    struct pool_hooks hooks;
    size_t queue_max;
    pthread_mutex_t mutex;
    struct worker *waiting;
    struct job *first;
    struct job **end; /* where the next job is linked in */
    size_t queued;
    int stopping;
};

/* Under the mutex. */
static void wake_one(struct pool *p)
{
    struct worker *w = p->waiting;

    p->waiting = w->next;
    w->waits = 0;
    must(pthread_cond_signal(&w->wake) == 0);
}

static void wait_for_job(struct pool *p, struct worker *w)
{
    w->waits = 1;
    w->next = p->waiting;
    p->waiting = w;
    while (w->waits)
        must(pthread_cond_wait(&w->wake, &p->mutex) == 0);
}

/* The next job, or NULL when the pool has stopped. */
static struct job *take_job(struct pool *p, struct worker *w)
{
    struct job *job;

    must(pthread_mutex_lock(&p->mutex) == 0);
    while (p->first == NULL && !p->stopping)
        wait_for_job(p, w);
    job = p->first;
    if (job) {
        p->first = job->next;
        p->queued--;
        if (p->first == NULL)
            p->end = &p->first;
    }
    must(pthread_mutex_unlock(&p->mutex) == 0);
    return job;
}

static void *worker_run(void *arg)
{
    struct worker *w = arg;
    struct pool *p = w->pool;
    void *state = NULL;
    struct job *job;

    while ((job = take_job(p, w)) != NULL) {
        if (state == NULL && p->hooks.open)
            state = p->hooks.open(p->hooks.arg);
        job->fn(job->arg, state);
        mem_free(job);
    }
    if (state && p->hooks.close)
        p->hooks.close(state, p->hooks.arg);
    return NULL;
}

struct pool *pool_start(size_t threads, size_t queue, struct pool_hooks hooks)
{
    struct pool *p = mem_new(struct pool);

    must(threads > 0);
    p->hooks = hooks;
    p->queue_max = queue;
    p->end = &p->first;
    p->worker_count = threads;
    p->workers = mem_alloc_array(threads, sizeof(*p->workers));
    must(pthread_mutex_init(&p->mutex, NULL) == 0);
    for (size_t i = 0; i < threads; i++) {
        struct worker *w = &p->workers[i];
        char name[32];
        (void)snprintf(name, sizeof(name), "worker-%zu", i);
        w->pool = p;
        must(pthread_cond_init(&w->wake, NULL) == 0);
        w->thread = thread_start(name, worker_run, w);
    }
    return p;
}

void pool_stop(struct pool *p)
{
    if (p == NULL)
        return;
    must(pthread_mutex_lock(&p->mutex) == 0);
    p->stopping = 1;
    while (p->waiting)
        wake_one(p);
    must(pthread_mutex_unlock(&p->mutex) == 0);
    for (size_t i = 0; i < p->worker_count; i++) {
        must(pthread_join(p->workers[i].thread, NULL) == 0);
        pthread_cond_destroy(&p->workers[i].wake);
    }
    must(p->first == NULL);
    pthread_mutex_destroy(&p->mutex);
    mem_free(p->workers);
    mem_free(p);
}

static int add_job(struct pool *p, void (*fn)(void *arg, void *state), void *arg, size_t limit)
{
    struct job *job = mem_new(struct job);
    int room;

    job->fn = fn;
    job->arg = arg;
    must(pthread_mutex_lock(&p->mutex) == 0);
    room = p->queued < limit;
    if (room) {
        *p->end = job;
        p->end = &job->next;
        p->queued++;
        if (p->waiting)
            wake_one(p);
    }
    must(pthread_mutex_unlock(&p->mutex) == 0);
    if (!room)
        mem_free(job);
    return room;
}

int pool_submit(struct pool *p, void (*fn)(void *arg, void *state), void *arg)
{
    return add_job(p, fn, arg, p->queue_max);
}

void pool_submit_always(struct pool *p, void (*fn)(void *arg, void *state), void *arg)
{
    must(add_job(p, fn, arg, SIZE_MAX));
}
