/* core/incidents.h on a worker, at the start and every `incident_period` seconds: look by look,
 * each a transaction of its own, until the round is over. Between two looks that wrote something
 * there is a pause, in which others can write.
 */
#ifndef NOTIFY_WATCH_H
#define NOTIFY_WATCH_H

#include "base/log.h"
#include "core/work.h"
#include "io/loop.h"
#include "io/pool.h"

struct watch;

/* What is given must outlive it. */
MUST_USE struct watch *watch_start(struct loops *loops, struct pool *pool, struct log *log,
                                   const struct services *services);
/* No round is begun afterwards, and one that runs ends with its look. Accepts NULL; not on a loop.
 */
void watch_stop(struct watch *w);
/* After pool_stop(). Accepts NULL. */
void watch_free(struct watch *w);

#endif
