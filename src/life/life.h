/* The life of a credential while it is used: makes sure that a call to the provider carries a token
 * that lives, refreshing the grant first when it does not, once for everybody who waits.
 *
 * A use (one request or test of one caller), on the caller's loop:
 *   begin -- API key, or token fresh ------------------------> calling -> done
 *   begin -- token to expire soon --> calling -> done; a flight that nobody waits for goes behind
 *   begin -- token stale --> waiting for its grant's flight --> calling -> done
 *   calling -- 401 to an access token, first time -----------> waiting (forced) -> calling -> done
 *   calling -- 403 or 404 to a token whose time was up, first time --> the same
 *   waiting -- token there --> deciding again (a worker: still()) --> calling
 *   waiting -- refused with another connection's client, first time --> waiting, with its own
 *   waiting -- refresh failed by bad luck, and the old token lives --> deciding again --> calling
 *   waiting -- refresh refused or failed --> done with that error; Jira has done nothing
 * A flight: flight.h.
 * Invariants:
 *   - no worker and no database connection is held while the provider is asked;
 *   - nobody gets a token before its commit;
 *   - a flight goes on when everybody who waited has left;
 *   - a 401 (a 403 or 404 as well) means that the provider did nothing: only then, and only once, a
 *     call is repeated, whatever its method; an answer given as to a stranger (200) is never
 * repeated, except to the question who one is, which changes nothing (PROVIDER_TEST);
 *   - a wait may take a minute: right and credential are decided again after it, so that nothing is
 *     sent for somebody who was removed, disconnected or switched off meanwhile; what holds at the
 *     end is compared by whoever saves something (rule 11);
 *   - a 401 to a token that was renewed a moment ago is about that call, not about the grant.
 * Threads: life_begin() on the loop given; flights are kept under one lock.
 */
#ifndef LIFE_LIFE_H
#define LIFE_LIFE_H

#include "core/provider.h"
#include "core/work.h"
#include "io/loop.h"
#include "io/pool.h"

struct life;

/* What is given must outlive it, and services->provider and ->vault be set at the first use.
 * Workers' state is a struct db *, or NULL when the database is away. */
MUST_USE struct life *life_new(struct pool *pool, const struct services *services);
/* After the last use and the last flight, pool_stop() and loops_stop(). Accepts NULL. */
void life_free(struct life *l);
/* Refreshes a grant that nobody is using now, where `wish` says; landed() as in flight.h. */
struct flight_waiter;
void life_tend(struct life *l, struct flight_waiter *waiter);
/* Refreshes it as well, and nobody waits: while the token at hand serves. On the wish's loop. */
struct flight_wish;
void life_tend_behind(struct life *l, const struct flight_wish *wish);
/* Waits for nothing; how many flights are under way. Any thread. */
size_t life_flights(struct life *l);
/* Waits until no flight is under way, at most timeout_ms; how many are left. A flight submits work:
 * none may be left at pool_stop(). Not on a loop or worker. Accepts NULL. */
size_t life_drain(struct life *l, int timeout_ms);

/* A token counts as stale when it has no more than this to live: the call takes time too. */
#define LIFE_STALE_MS (60 * CLOCK_SECOND_MS)
/* With no more than this it is still used, and renewed meanwhile. */
#define LIFE_SOON_MS (5 * CLOCK_MINUTE_MS)

/* One call with a credential. Owned by the caller until done(), as is what it points to. */
struct life_use {
    struct provider_op *op; /* PROVIDER_TEST or PROVIDER_REQUEST, target and all filled in */
    str app;                /* ids, of the credential's connection */
    str connection;
    str grant; /* p == NULL: an API key, and the next two mean nothing */
    /* On a worker, between a wait and the call: may it still be made? Decides in a unit of work of
     * its own; anything but ERR_OK is the use's outcome. NULL: not asked. */
    enum err (*still)(struct work *w, void *arg);
    void *still_arg;
    int64_t grant_generation; /* of the token in the target; at the end, of the one used last */
    int64_t access_expires;   /* milliseconds UTC */
};

/* Runs the operation; done(token) comes once, on this loop, later. op->err and op->fault tell the
 * outcome as ever, and op's target holds the token that was used last (wiped by the caller).
 * When the grant could not be refreshed, op->err is one of
 *   ERR_NEEDS_RECONNECT  the provider declared it dead (noted on the credentials already), or there
 *                        is none any more, or it is another client's than the connection's
 *   ERR_CLIENT_REFUSED   the operator's fault, nobody else's; nothing is noted
 *   ERR_STORAGE_...      the database
 *   anything else        what kept the provider from answering; nothing is noted
 * with the answer's fields empty, `meaning` set (MEANING_REFUSED_TOKEN with ERR_NEEDS_RECONNECT)
 * and, for a test, STAGE_TOKEN. */
void life_begin(struct life *l, struct loop *loop, struct life_use *use, void (*done)(void *token),
                void *token);

#endif
