/* See the header. */
#include "relay/count.h"

#include <errno.h>
#include <time.h>

#include "base/check.h"
#include "base/clock.h"

void count_init(struct count *c)
{
    pthread_condattr_t monotonic;

    c->n = 0;
    must(pthread_mutex_init(&c->mutex, NULL) == 0);
    must(pthread_condattr_init(&monotonic) == 0);
    must(pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0);
    must(pthread_cond_init(&c->none, &monotonic) == 0);
    must(pthread_condattr_destroy(&monotonic) == 0);
}

void count_done(struct count *c)
{
    must(c->n == 0);
    must(pthread_cond_destroy(&c->none) == 0);
    must(pthread_mutex_destroy(&c->mutex) == 0);
}

void count_begin(struct count *c)
{
    must(pthread_mutex_lock(&c->mutex) == 0);
    c->n++;
    must(pthread_mutex_unlock(&c->mutex) == 0);
}

void count_end(struct count *c)
{
    must(pthread_mutex_lock(&c->mutex) == 0);
    must(c->n > 0);
    if (--c->n == 0)
        must(pthread_cond_broadcast(&c->none) == 0);
    must(pthread_mutex_unlock(&c->mutex) == 0);
}

size_t count_wait(struct count *c, int timeout_ms)
{
    int64_t at = clock_monotonic_ms() + timeout_ms;
    struct timespec until = {.tv_sec = at / 1000, .tv_nsec = at % 1000 * 1000000};

    must(pthread_mutex_lock(&c->mutex) == 0);
    while (c->n && pthread_cond_timedwait(&c->none, &c->mutex, &until) != ETIMEDOUT)
        continue;
    size_t left = c->n;
    must(pthread_mutex_unlock(&c->mutex) == 0);
    return left;
}
