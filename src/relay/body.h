/* A request's body on its way: kept, so that the call can be repeated, or passing through a window.
 *
 *   KEPT     all of it so far is in memory; goes out from the start at every try
 *   PASSING  too large for that: what has gone out is forgotten, and the call is made once
 * KEPT -> PASSING when it grows over the limit, or all kept bodies together over theirs.
 * One loop thread.
 */
#ifndef RELAY_BODY_H
#define RELAY_BODY_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

#define BODY_WINDOW ((size_t)64 * 1024) /* PASSING: over it the client is asked to wait */
#define BODY_LOW ((size_t)16 * 1024)    /* and below it to go on */

/* What all kept bodies of a process share; bodies of BODY_FREE and less are not counted. */
#define BODY_FREE ((size_t)16 * 1024)
struct body_budget {
    _Atomic size_t held;
    size_t max;
};

struct body {
    struct body_budget *budget;
    struct buf data;
    size_t at;      /* of data, what goes out next */
    size_t max;     /* kept */
    size_t charged; /* to the budget */
    int kept;
    int ended; /* no more comes */
};

/* length: as announced, -1 when it is not: one that is known to be too large is PASSING at once. */
void body_init(struct body *b, struct body_budget *budget, size_t keep_max, int64_t length);
void body_done(struct body *b);
/* 1 when no more is wanted for now (PASSING and full). */
int body_add(struct body *b, str chunk);
size_t body_take(struct body *b, char *to, size_t room);
size_t body_left(const struct body *b);
/* KEPT only: once more from the start. */
void body_rewind(struct body *b);

#endif
