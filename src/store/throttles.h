/* Rows of `throttles`: counts of attempts under an HMAC of what is limited. SQL only, no rules.
 * Worker threads.
 */
#ifndef STORE_THROTTLES_H
#define STORE_THROTTLES_H

#include "db/db.h"

struct throttle_row {
    int64_t count;
    int64_t until; /* when the count starts again */
};

/* {0, 0} when nothing was counted, or its time is over. */
MUST_USE enum err store_throttle_get(struct db *d, struct arena *a, struct fault *f, str name,
                                     int64_t now_ms, struct throttle_row *ret);
/* Counts one more; a count whose time is over starts again and lasts until `until`. */
MUST_USE enum err store_throttle_add(struct db *d, struct arena *a, struct fault *f, str name,
                                     int64_t now_ms, int64_t until);
/* Counts one less, never below none. */
MUST_USE enum err store_throttle_subtract(struct db *d, struct arena *a, struct fault *f, str name);
MUST_USE enum err store_throttle_delete(struct db *d, struct arena *a, struct fault *f, str name);
MUST_USE enum err store_throttles_expire(struct db *d, struct arena *a, struct fault *f,
                                         int64_t now_ms);

#endif
