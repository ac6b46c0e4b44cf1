/* Rows of `refresh_journal`: who refreshes a grant at present, and what became of it. One a grant,
 * kept when the refresh is over. SQL only, no rules; all times are db_clock_ms(). Rows borrow from
 * the arena. Worker threads; errors as in db/db.h.
 */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include "db/db.h"

struct journal_row {
    int64_t generation;
    str owner; /* p == NULL: nobody */
    int64_t fence;
    int64_t until;
    int64_t began; /* 0: none is open */
};

/* *ret NULL when the grant was never refreshed. */
MUST_USE enum err store_journal_find(struct db *d, struct arena *a, struct fault *f, str grant,
                                     struct journal_row **ret);
/* Writes generation, owner, until and began; the fence is the one before + 1: *ret_fence. */
MUST_USE enum err store_journal_take(struct db *d, struct arena *a, struct fault *f, str grant,
                                     const struct journal_row *row, int64_t *ret_fence);
/* Until when, while owner and fence are these; *ret_mine tells. */
MUST_USE enum err store_journal_renew(struct db *d, struct arena *a, struct fault *f, str grant,
                                      str owner, int64_t fence, int64_t until, int *ret_mine);
/* Nobody's any more, while owner and fence are these; began 0: nothing is open. */
MUST_USE enum err store_journal_release(struct db *d, struct arena *a, struct fault *f, str grant,
                                        str owner, int64_t fence, int64_t began);
/* Nothing is open any more, whoever asks at present. */
MUST_USE enum err store_journal_settle(struct db *d, struct arena *a, struct fault *f, str grant);

#endif
