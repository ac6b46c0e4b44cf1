/* Keeps grants alive that nobody is using: finishes refreshes that were interrupted, renews what a
 * consent may have used up (core/consents.h), and refreshes what has been idle so long that
 * Atlassian would drop it. The first two have minutes, so they and the idle ones are two lanes.
 *
 * Each lane, every `keeper_period` seconds, and at the start:
 *   resting -> looking (a worker: what is due, a bounded number) -> tending (a few flights at a
 *   time) -> resting; of what has minutes, KEEPER_PAUSE_US later once more when there was more
 * Invariants:
 *   - what is due is found by an index: 100,000 grants that are not due cost nothing;
 *   - at most KEEPER_AT_ONCE flights and KEEPER_LOOK_MAX grants a look and lane, whatever is due.
 *     Times of keep-alive are spread over a day when tokens are saved;
 *   - no number of idle grants keeps what is urgent from its turn, and of that no number that fails
 *     keeps others: it is passed over until the next period;
 *   - each grant is tended by one process (the lease); the others leave it;
 *   - what is being kept alive is put off by an hour before: grants that fail, however many, keep
 *     no other from its turn;
 *   - grants that nobody has used for `idle_days` are left to lapse; an interrupted refresh is
 *     finished and a consent followed by a renewal all the same.
 * Threads: all on one loop but the look. Failures of a refresh are noted with the grant by the
 * flight; a look that fails is followed by the next, of what has minutes KEEPER_PAUSE_US later.
 */
#ifndef LIFE_KEEPER_H
#define LIFE_KEEPER_H

#include "life/life.h"

#define KEEPER_AT_ONCE 8
#define KEEPER_LOOK_MAX 200
#define KEEPER_PAUSE_US 100000
/* A look and a refresh come in time for what has minutes: behind CONSENT_WAIT_MS, too. */
#define KEEPER_PERIOD_MAX_S 60
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
