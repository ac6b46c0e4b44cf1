/* Keeps grants alive that nobody is using: finishes refreshes that were interrupted, and refreshes
 * what has been idle so long that Atlassian would drop it.
 *
 * Every `keeper_period` seconds, and at the start:
 *   resting -> looking (a worker: what is due, a bounded number) -> tending (a few flights at a
 *   time) -> resting
 * Invariants:
 *   - what is due is found by an index: 100,000 grants that are not due cost nothing;
 *   - at most KEEPER_AT_ONCE flights and KEEPER_LOOK_MAX grants a look, whatever is due. Times of
 *     keep-alive are spread over a day when tokens are saved;
 *   - each grant is tended by one process (the lease); the others leave it;
 *   - what is being kept alive is put off by an hour before: grants that fail, however many, keep
 * no other from its turn;
 *   - grants that nobody has used for `idle_days` are left to lapse.
 * Threads: all on one loop but the look. Failures of a refresh are noted with the grant by the
 * flight; a look that fails is followed by the next.
 */
#ifndef LIFE_KEEPER_H
#define LIFE_KEEPER_H

#include "life/life.h"

#define KEEPER_AT_ONCE 8
#define KEEPER_LOOK_MAX 200
#define KEEPER_PERIOD_MAX_S 3600
#define KEEPER_IDLE_DAYS_MAX 3650

struct keeper;

/* What is given must outlive it. Reads keeper_period and idle_days of the settings, which are
 * numbers. */
MUST_USE struct keeper *keeper_start(struct loops *loops, struct pool *pool, struct life *life,
                                     const struct services *services);
/* Begins nothing any more; what is under way goes on. Accepts NULL. */
void keeper_stop(struct keeper *k);
/* After loops_stop(). Accepts NULL. */
void keeper_free(struct keeper *k);

#endif
