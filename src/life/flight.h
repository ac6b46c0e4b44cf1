/* Refreshing grants: one flight a grant in this process, however many wait for it. What a token is
 * used for is life.c's.
 *
 * A flight:
 *   reading (worker: refresh token and client) -> asking (loop: the token endpoint, once) ->
 *   saving (worker: one transaction) -> landed
 *   reading -- somebody else refreshed meanwhile -----> landed with the token on file
 *   asking  -- the grant is dead --> noting (worker) -> landed with ERR_NEEDS_RECONNECT, or
 *              with the token on file when somebody connected again meanwhile
 *   asking  -- the client is refused, or bad luck ----> landed with that; nothing is noted
 *   reading, saving -- the database, or the grant is gone --> landed with that
 * Invariants:
 *   - while a flight is in the table everybody who asks for its grant waits for it; it leaves the
 *     table before anybody hears, so that who comes later reads what it saved;
 *   - a waiter gets a token after its commit only, and its own copy;
 *   - one thread at a time works on a flight; only the table and the list of waiters are shared;
 *   - a flight does not know whether anybody waits still.
 * Known loss: when saving fails, the new tokens are gone while the provider has disabled the old.
 * Threads: table and lists under one lock, never held across anything that blocks.
 */
#ifndef LIFE_FLIGHT_H
#define LIFE_FLIGHT_H

#include "base/err.h"
#include "base/secret.h"
#include "core/provider.h"
#include "core/work.h"
#include "io/loop.h"
#include "io/pool.h"

struct flights;

/* What is given must outlive it. */
MUST_USE struct flights *flights_new(struct pool *pool, const struct services *services);
/* None may be under way. Accepts NULL. */
void flights_free(struct flights *fs);
size_t flights_count(struct flights *fs);
/* As life_drain(). */
size_t flights_drain(struct flights *fs, int timeout_ms);

/* Somebody who needs a newer token. Owned by the caller and left alone until landed(). */
struct flight_waiter {
    /* set by the caller */
    struct loop *loop;
    str grant;
    int64_t generation; /* of the token found stale or refused */
    str app; /* ids, of one connection that stands on the grant: its client is asked with */
    str connection;
    void (*landed)(void *arg); /* once, on loop, later */
    void *arg;
    /* set when landed() comes */
    enum err err;
    struct fault fault;
    enum provider_meaning meaning;
    struct secret access;   /* with ERR_OK; the caller's */
    int of_another;         /* the flight asked with another connection's client than this one's */
    int64_t new_generation; /* with ERR_OK; that of the waiter itself when it joined a flight that
                               had begun for an older token: then it is not a newer one */
    struct flight_waiter *next; /* flight.c's */
};

/* Joins the grant's flight, or begins one. On waiter->loop. */
void flight_join(struct flights *fs, struct flight_waiter *waiter);

#endif
