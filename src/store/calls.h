/* Rows of `relay_call_groups`: what went through the relay, many calls in one row. SQL only, no
 * rules; what stands in `calls` is core/call_groups.h's. Rows borrow from the arena. Worker
 * threads; errors as in db/db.h.
 */
#ifndef STORE_CALLS_H
#define STORE_CALLS_H

#include "db/db.h"

struct call_group_row {
    str id;
    str app;
    int64_t first_at; /* the calls of it ended between these, both included */
    int64_t last_at;
    str calls;
};

/* Where in the order of store_call_groups_list() to go on: behind (last_at, id). */
struct call_group_place {
    int64_t last_at;
    str id; /* empty: before all with that last_at */
};

/* Write transaction. One whose app is gone is left out. */
MUST_USE enum err store_call_group_insert(struct db *d, struct arena *a, struct fault *f,
                                          const struct call_group_row *row);
/* Of the app, those that began until `until`, by (last_at, id), the newest first, behind the place;
 * at most limit. */
MUST_USE enum err store_call_groups_list(struct db *d, struct arena *a, struct fault *f, str app,
                                         int64_t until, struct call_group_place place,
                                         int64_t limit, struct call_group_row **ret,
                                         size_t *ret_count);
/* Those that ended before. */
MUST_USE enum err store_call_groups_delete_before(struct db *d, struct arena *a, struct fault *f,
                                                  int64_t last_at);

#endif
