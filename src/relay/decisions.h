/* Proven decisions of core/key_calls.h, kept for a second: who calls, may they, with which
 * credential. A hit asks no database; a miss is filled on a worker, once for all who wait for it.
 *
 * A slot (one key, one connection, one loop):
 *   empty   -- asked -->                      filling
 *   filling -- decided, epoch as it was -->   holding; who waits is told
 *   filling -- decided, epoch moved -->       whoever asked before the fill began is told, nothing
 *                                             is kept; filling again when others have asked since
 *   filling -- refused -->                    empty; who waits is told (refusals are not kept)
 *   holding -- epoch moved, DECISION_MAX_MS old, key expired --> empty
 *   holding -- DECISION_SOON_MS old, asked for --> holding, and filling behind
 * Invariants:
 *   - a call that came after a change was acknowledged on this node never gets what was read before
 *     it: the epoch (db_count_moves) is read before the fill's transaction begins and moves before
 *     the change is acknowledged;
 *   - changes by other processes and the command line count within DECISION_MAX_MS;
 *   - a key is known by its keyed hash only; its text lives as long as the fill;
 *   - a decision lives until its last user has let go of it; its secret is wiped then.
 * Threads: all of it on one loop, except the fill itself, which knows no slot.
 */
#ifndef RELAY_DECISIONS_H
#define RELAY_DECISIONS_H

#include "base/id.h"
#include "core/key_calls.h"
#include "crypto/hash.h"
#include "io/loop.h"
#include "io/pool.h"
#include "relay/count.h"
#include "upstream/client.h"

/* Other processes are heard of by age alone, so this is the promised second. */
#define DECISION_MAX_MS 1000
#define DECISION_SOON_MS 600

struct proven {
    struct key_call is;
    struct upstream_credential *shown; /* the target's secret as it goes out */
    uint64_t epoch;
    int64_t read_ms; /* monotonic */
    int noted;       /* that Jira refused the credential was noted already */
    /* decisions.c's */
    struct arena *arena;
    int users;
};

struct decision_question {
    unsigned char mark[HASH_MARK_BYTES]; /* decisions_mark() */
    struct key_call_question asked;
};

/* Who waits. Owned by the caller and left alone until decided(). */
struct decision_waiter {
    void (*decided)(void *arg); /* once, on the loop, later */
    void *arg;
    enum err err;
    struct fault fault;
    struct proven *decision;        /* with ERR_OK, one use of it */
    char connection[ID_LENGTH + 1]; /* with an error: where connecting would help, or "" */
    struct decision_waiter *next;
};

struct decisions;

struct decisions_config {
    struct loop *loop;
    struct pool *pool;
    const struct services *services;
    const _Atomic uint64_t *moves; /* db_count_moves() */
    struct count *count;           /* fills under way are counted in it */
};
/* On its loop. */
MUST_USE struct decisions *decisions_new(const struct decisions_config *config);
/* No fill may be under way. On its loop. */
void decisions_free(struct decisions *ds);

/* Sets q->mark, what q->asked.key is known by here. */
void decisions_mark(const struct decisions *ds, struct decision_question *q);
/* One use of what is held, or NULL: then it has to be waited for. */
MUST_USE struct proven *decisions_get(struct decisions *ds, const struct decision_question *q);
void decisions_wait(struct decisions *ds, const struct decision_question *q,
                    struct decision_waiter *w);
/* 1 while it may still be used. */
int decisions_hold(const struct decisions *ds, const struct proven *d);
/* Drops what is held for the question, because it is known to be out of date. */
void decisions_drop(struct decisions *ds, const struct decision_question *q);
/* Accepts NULL. */
void decision_release(struct proven *d);

#endif
