/* The worker pool: a bounded number of threads for plain blocking code, each with a state of its
 * own (its database connection), and a bounded queue.
 */
#ifndef IO_POOL_H
#define IO_POOL_H

#include <stddef.h>

#include "base/attr.h"

struct pool;

struct pool_hooks {
    /* Makes a worker's state on its own thread, at its first job. May return NULL when that is
     * not possible now (database away): the job then gets NULL, and the next job tries again.
     * Both hooks may be NULL: then every job gets NULL. */
    void *(*open)(void *arg);
    void (*close)(void *state, void *arg);
    void *arg;
};

MUST_USE struct pool *pool_start(size_t threads, size_t queue, struct pool_hooks hooks);
/* Lets queued jobs finish, also those that jobs submit meanwhile, then ends the threads and frees.
 * No other thread may submit any more. Accepts NULL. */
void pool_stop(struct pool *p);
/* Queues fn(arg, state). Returns 0 when the queue is full: the caller answers ERR_OVERLOADED.
 * Any thread, never blocks. */
MUST_USE int pool_submit(struct pool *p, void (*fn)(void *arg, void *state), void *arg);
/* The same, beyond the queue's limit: for the second half of what was begun already. */
void pool_submit_always(struct pool *p, void (*fn)(void *arg, void *state), void *arg);

#endif
