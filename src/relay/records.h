/* Records of relayed calls, on their way to the database: noted in memory when a call ends, written
 * in groups on a worker, off the calls' way. The last seconds are lost with a process that is
 * killed.
 *
 * States of a lane's batch: filling -> (RECORDS_EVERY_S, or RECORDS_BATCH together) -> on a worker
 * -> freed. One is on its way at a time; what comes meanwhile fills the next, up to RECORDS_MAX,
 * beyond which calls are counted and not recorded. Threads: its loop; the batch on its way is the
 * worker's.
 */
#ifndef RELAY_RECORDS_H
#define RELAY_RECORDS_H

#include "base/log.h"
#include "core/call_groups.h"
#include "io/loop.h"
#include "io/pool.h"
#include "relay/count.h"

#define RECORDS_EVERY_S 5
#define RECORDS_BATCH CALL_GROUP_MAX
#define RECORDS_MAX 20000

struct records;
struct services;

struct records_config {
    struct loop *loop;
    struct pool *pool;
    struct log *log; /* may be NULL */
    const struct services *services;
    struct count *count; /* batches on their way are counted in it */
};
/* On its loop, as all of these. */
MUST_USE struct records *records_new(const struct records_config *config);
/* Nothing may be on its way; what was noted since is lost. */
void records_free(struct records *rs);
/* Copies. */
void records_add(struct records *rs, const struct call_kind *kind, const struct call_note *note);
/* Sends what there is on its way, without waiting for the time. */
void records_flush(struct records *rs);

#endif
