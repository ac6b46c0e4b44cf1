/* Limits on attempts at passwords and API keys: how many within a window, over all workers and
 * nodes (the counts are in the database, under an HMAC of what is limited, so that the table tells
 * nobody's name). A window begins with its first attempt.
 *
 * A count must outlive the failure it counts: whoever takes and then fails calls work_commit() in
 * between, because a half that fails is rolled back.
 */
#ifndef CORE_THROTTLE_H
#define CORE_THROTTLE_H

#include "core/work.h"

/* What is limited by a limit of its own kind, e.g. {"sign-in", 10, 15 * CLOCK_MINUTE_MS}. */
struct throttle {
    const char *kind;
    int64_t limit;
    int64_t window_ms;
};

/* Counts one attempt at `name` (any bytes). Over the limit: ERR_TOO_MANY_ATTEMPTS with a sentence
 * that says when to come back, nothing is written, and *retry_after_s (set in this case only) is
 * how long that is. Opens the write transaction (work_write). */
MUST_USE enum err throttle_take(struct work *w, const struct throttle *t, str name,
                                int *retry_after_s);
/* Takes one attempt back that turned out not to count: limits on failures count before the outcome
 * is known, or many attempts at once would all be under the limit. Opens the write transaction. */
MUST_USE enum err throttle_give_back(struct work *w, const struct throttle *t, str name);
/* Forgets the count, after a success. Opens the write transaction. */
MUST_USE enum err throttle_clear(struct work *w, const struct throttle *t, str name);

#endif
