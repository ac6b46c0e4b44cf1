/* The runner: takes what was applied through its steps, one call at a time, and keeps the record.
 *
 * States of a run (its chain's are in chain.h):
 *   planning   which call is next: steps whose run_if is empty are skipped, lists are taken item by
 *              item; nothing left, or a failure that stops -> ended
 *   saving     what happened since the last time goes on file, and, before a write, that it is
 *              about to be sent; a write whose record cannot be kept is not sent
 *   calling    Jira is asked
 *   hearing    the answer becomes what later templates can name
 *   ended      outputs are made, the row gets its status (core/runs.h), whoever waits is told
 * Invariants:
 *   - the row of a write says "sending" on disk before a byte of it is sent, so that a crash never
 *     hides one; reads are on file within RUN_SAVE_MS or RUN_PENDING_MAX calls;
 *   - a write is made again only when Jira surely did nothing: nothing was sent, or it answered
 * 429; a read also after bad luck on the way. RUN_TRIES_MAX times at most;
 *   - a dry run sends no write: what would be sent is on record, and of an edit it is read which
 * fields would change; steps that need the answer of a write are shown as far as they are known;
 *   - a run that somebody ended on file (core/runs.h, run_stop) sends nothing more after its next
 *     look at the file, which is before every write;
 *   - bounded: RUN_CALLS_MAX calls, RUN_KEPT_MAX of answers in memory, RUN_BODIES_MAX of bodies on
 *     file, RUNS_AT_ONCE runs. What does not fit is said in the run's sentence or the record, and
 *     what was done counts.
 * Threads: run_start() on the loop given; the rest see chain.h.
 */
#ifndef ACTIONS_RUN_H
#define ACTIONS_RUN_H

#include <jansson.h>

#include "core/access.h"
#include "core/runs.h"
#include "io/loop.h"
#include "io/pool.h"

#define RUNS_AT_ONCE 32
#define RUNS_OF_ONE 8 /* of one person, or of one app's keys */
#define RUN_CALLS_MAX 10000
#define RUN_TRIES_MAX 4
#define RUN_KEPT_MAX ((size_t)32 << 20)  /* as it weighs in memory */
#define RUN_BODY_KEPT ((size_t)16 << 10) /* of one body on file */
#define RUN_BODIES_MAX ((size_t)4 << 20) /* of all bodies of a run on file */
#define RUN_SAVE_MS 1000
#define RUN_PENDING_MAX 50

struct runner;

/* What is given must outlive it. Workers' state is a struct db *, or NULL when the database is
 * away. */
MUST_USE struct runner *runner_new(struct pool *pool, struct loops *loops,
                                   const struct services *services);
/* Runs come to their end after the call that they are in; no more beats. Any thread but a loop's.
 */
void runner_stop(struct runner *r);
/* Waits until none is under way, at most timeout_ms; how many are left. Not on a loop or worker. */
size_t runner_drain(struct runner *r, int timeout_ms);
/* After pool_stop() and loops_stop(). Accepts NULL. */
void runner_free(struct runner *r);
/* 1 when there is no room for another one of this user (p == NULL: of this app's keys) now. Any
 * thread. */
int runner_is_full(struct runner *r, str user, str app);

/* What is run; all of it is copied. */
struct run_order {
    const struct access_query *who;
    const struct run_row *row; /* on file already, running */
    const json_t *applied;     /* actions/action.h */
    const json_t *values;      /* scope_values(), with the inputs */
};

/* done(token) comes once, on the loop, when the run has ended or after wait_ms, whichever is first.
 */
void run_start(struct runner *r, struct loop *loop, const struct run_order *order, int64_t wait_ms,
               void (*done)(void *token), void *token);

#endif
