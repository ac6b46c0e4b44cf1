/* What time and withdrawn rights do to credentials and grants (core/sweep.h): SQL only, no rules.
 *
 * Each task is found by reading, which keeps nobody from writing, and done row by row; doing
 * decides again, so that what was found may have changed meanwhile.
 */
#ifndef STORE_SWEEP_H
#define STORE_SWEEP_H

#include "db/db.h"

enum sweep_task {
    SWEEP_RESTORE,      /* suspended credentials whose owner may run the app again */
    SWEEP_SUSPEND,      /* own credentials whose owner may not */
    SWEEP_ERASE,        /* suspended before `erase_before`: wiped, disconnected */
    SWEEP_OTHER_CLIENT, /* stand on another client than the one in force: wiped, needs_reconnect */
    SWEEP_GRANTS,       /* grants that nothing stands on: deleted */
    SWEEP_KEEP,         /* grants whose keep_at lies behind `keep_before`, as none can unless the
                           clock was set back: some time in the next day */
    SWEEP_TASKS
};

struct sweep_terms {
    int64_t now_ms;
    int64_t erase_before;
    int64_t keep_before;
    str environment; /* the environment's client id; p == NULL: none, and then what has no client
                        at all is left alone */
    str erased_why;
    str client_why;
};

/* Ids, at most `limit`, in the arena. */
MUST_USE enum err store_sweep_find(struct db *d, struct arena *a, struct fault *f,
                                   enum sweep_task task, const struct sweep_terms *terms,
                                   int64_t limit, str **ret, size_t *ret_count);
/* Does nothing when it is no longer to be done. */
MUST_USE enum err store_sweep_do(struct db *d, struct arena *a, struct fault *f,
                                 enum sweep_task task, const struct sweep_terms *terms, str id);

#endif
