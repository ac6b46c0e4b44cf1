/* Refreshing grants: one flight a grant in this process, however many wait for it, and one among
 * all processes on this database, by lease (core/grant_refresh.h). What a token is used for is
 * life.c's.
 *
 * A flight:
 *   reading (worker: whose turn; lease and journal) -> asking (loop: the token endpoint, once) ->
 *   saving (worker: one transaction) -> landed
 *   reading -- somebody else has refreshed --> landed with the token on file
 *   reading -- another process is asking ----> waiting -> reading
 *   asking  -- the grant is dead ------------> noting (worker) -> landed with
 *              ERR_NEEDS_RECONNECT, or with the token on file when somebody connected meanwhile
 *   asking  -- anything else ----------------> noting (back-off; journal) -> landed with that
 *   saving  -- the database fails -----------> saving, again and again; who waits is told after a
 *              while, but the new tokens are not given up as long as the process lives
 *   reading -- backing off, the database, or the grant is gone --> landed with that
 * Invariants:
 *   - while a flight is in the table everybody who asks for its grant waits for it; it leaves the
 *     table before anybody hears, so that who comes later reads what it saved;
 *   - a waiter gets a token after its commit only, and its own copy;
 *   - a flight is decided on its loop; at most one worker at a time runs a unit of it, meanwhile
 *     the loop leaves it alone. Renewing its lease is a job of its own that knows no flight;
 *   - a flight does not know whether anybody waits still.
 * Threads: table and lists of waiters under one lock, never held across anything that blocks.
 */
#ifndef LIFE_FLIGHT_H
#define LIFE_FLIGHT_H

#include "base/err.h"
#include "base/secret.h"
#include "core/grant_refresh.h"
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
/* As life_drain(). From now on nobody waits for another process. */
size_t flights_drain(struct flights *fs, int timeout_ms);

/* What is to be refreshed. */
struct flight_wish {
    struct loop *loop; /* where who waits is told, and the provider asked */
    str grant;
    int64_t generation; /* of the token found stale or refused */
    str app;            /* ids, of one connection that stands on the grant: its client is asked */
    str connection;
    enum grant_haste haste;
};

/* Somebody who needs a newer token. Owned by the caller and left alone until landed(). */
struct flight_waiter {
    /* set by the caller */
    struct flight_wish wish;
    int leaves_to_others;      /* does not wait while another process is asking: ERR_OVERLOADED */
    void (*landed)(void *arg); /* once, on the wish's loop, later */
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

/* Joins the grant's flight, or begins one. On the wish's loop. */
void flight_join(struct flights *fs, struct flight_waiter *waiter);
/* Begins one unless there is one, and nobody waits. On the wish's loop. */
void flight_behind(struct flights *fs, const struct flight_wish *wish);

#endif
