/* Relayed calls packed into rows of `relay_call_groups`, and read from them again. A row holds
 * calls of one app, in the order in which they ended, as JSON;
 * tables/migrations/0009_call_groups.sql has the format. A batch becomes one group an app, and more
 * when there are more than CALL_GROUP_MAX or when they ended more than CALL_GROUP_SPAN_MS apart:
 * whoever looks for calls of a moment finds all their groups near it.
 *
 * Pure; any thread.
 */
#ifndef CORE_CALL_GROUPS_H
#define CORE_CALL_GROUPS_H

#include "base/clock.h"
#include "core/call_batch.h"
#include "store/calls.h"

#define CALL_GROUP_MAX 2000
#define CALL_GROUP_SPAN_MS CLOCK_MINUTE_MS

/* In the arena, with new ids. Text that is not UTF-8 (there should be none) is left out. */
void call_groups_of(struct arena *a, const struct call_batch *batch, struct call_group_row **ret,
                    size_t *ret_count);

struct call_group {
    const struct call_kind *kinds;
    size_t kind_count;
    const struct call_note *notes; /* every kind is one of them; at is within first_at..last_at */
    size_t count;
};
/* 1 and the calls, in the arena; 0 when the row is not what call_groups_of() makes. */
int call_group_read(struct arena *a, const struct call_group_row *row, struct call_group *ret);

#endif
