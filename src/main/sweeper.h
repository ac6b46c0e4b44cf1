/* core/sweep.h on a worker, at the start and every ten minutes. */
#ifndef MAIN_SWEEPER_H
#define MAIN_SWEEPER_H

#include "base/log.h"
#include "core/work.h"
#include "io/loop.h"
#include "io/pool.h"

struct sweeper;

/* What is given must outlive it. */
MUST_USE struct sweeper *sweeper_start(struct loops *loops, struct pool *pool, struct log *log,
                                       const struct services *services);
/* No job is submitted afterwards; one that runs is finished by pool_stop(), and only after that
 * sweeper_free(). Not on a loop. */
void sweeper_stop(struct sweeper *s);
/* Accepts NULL. */
void sweeper_free(struct sweeper *s);

#endif
