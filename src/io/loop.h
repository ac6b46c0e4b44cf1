/* Event loop threads on libevent. What runs on a loop never blocks: no database, no password
 * hashing, no file, no lock that is held across any of these.
 */
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include <event2/event.h>
#include <stddef.h>

#include "base/attr.h"

struct loop;
struct loops;

/* Starts `count` threads, each with an event base, named loop-0 ... */
MUST_USE struct loops *loops_start(size_t count);
/* Ends the threads after the callbacks that already wait; frees. Posted functions that could not
 * run any more are run on the calling thread (loop_is_current is true there meanwhile), so that
 * whoever posted can release. Nobody may post from elsewhere any more: stop the worker pool and
 * whatever else posts first. Accepts NULL. */
void loops_stop(struct loops *ls);
size_t loops_count(const struct loops *ls);
struct loop *loops_at(struct loops *ls, size_t index);
/* Round robin. Any thread. */
struct loop *loops_next(struct loops *ls);

/* The event base; use it on its own thread only (it has no locks: no evthread_*, no
 * BEV_OPT_THREADSAFE, no event_active from another thread; loop_post instead). */
struct event_base *loop_base(struct loop *l);
/* Runs fn(arg) on the loop's thread, in the order of posting. Any thread, never blocks, always
 * later (not from within the call), wakes the loop. */
void loop_post(struct loop *l, void (*fn)(void *arg), void *arg);
/* 1 on the loop's own thread. */
int loop_is_current(const struct loop *l);

#endif
