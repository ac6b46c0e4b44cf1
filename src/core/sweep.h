/* What time does: run at the start and every ten minutes by main, on a worker.
 *
 * - an own credential whose owner has lost the app is marked suspended, and its secret erased 30
 *   days later; who gets the app back in time has it back (who may use it now is decided at every
 *   use by core/decide.c, whatever the mark says);
 * - what stands on another OAuth client than the one in force is wiped (the environment's may have
 *   changed while Mortise was stopped); grants that nothing stands on are deleted;
 * - a grant that is to be kept alive later than any can be, because the clock was ahead once, is
 *   kept alive within a day;
 * - records of relayed calls are deleted after 30 days, runs and their calls when
 *   the setting says;
 * - expired pending connects, drafts, throttles, links and sessions are deleted.
 * - deliveries older than 30 days are deleted, and incidents closed for 90, with their notices.
 * What is to be done is found by reading, which keeps nobody from writing whatever there is, and
 * done in short write transactions of its own; running twice changes nothing more.
 */
#ifndef CORE_SWEEP_H
#define CORE_SWEEP_H

#include "core/work.h"

/* Outside of a transaction. */
MUST_USE enum err sweep_run(struct work *w);

#endif
