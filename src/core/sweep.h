/* What time does: run at the start and every ten minutes by main, on a worker.
 *
 * - an own credential whose owner has lost the app is marked suspended, and its secret erased 30
 *   days later; who gets the app back in time has it back (who may use it now is decided at every
 *   use by core/decide.c, whatever the mark says);
 * - what stands on another OAuth client than the one in force is wiped (the environment's may have
 *   changed while Mortise was stopped); grants that nothing stands on are deleted;
 * - records of relayed calls are deleted after 30 days;
 * - expired pending connects, drafts, throttles, links and sessions are deleted.
 * One write transaction; running twice changes nothing more.
 */
#ifndef CORE_SWEEP_H
#define CORE_SWEEP_H

#include "core/work.h"

MUST_USE enum err sweep_run(struct work *w);

#endif
