/* How many bytes of answers are in memory, over all loops: many large ones at once must not take
 * the process down. Not the limit of one answer (upstream_call.body_max).
 *
 * Threads: any; a counter lives until its last reference is gone, because answers outlive the
 * client that fetched them.
 */
#ifndef UPSTREAM_HELD_H
#define UPSTREAM_HELD_H

#include <stddef.h>

#include "base/attr.h"

struct held;

/* With one reference. */
MUST_USE struct held *held_new(size_t max);
struct held *held_ref(struct held *h);
/* Accepts NULL. */
void held_unref(struct held *h);
/* 1, or 0 when the sum would pass the maximum: nothing is added then. */
MUST_USE int held_add(struct held *h, size_t n);
void held_subtract(struct held *h, size_t n);

#endif
