/* The relay: /jira/{app}/{connection}/rest/... is a base URL under which existing Jira clients work
 * unchanged, with a Mortise key where their Jira token was. Requests and answers stream through;
 * the credential is put in on the way. The life of one call: relay/call.h.
 *
 * Keys only: cookies are not looked at, navigations of browsers are refused, and no answer can act
 * as a page of ours.
 *
 * Threads: everything of a call happens on the loop that accepted it.
 */
#ifndef RELAY_RELAY_H
#define RELAY_RELAY_H

#include "base/log.h"
#include "core/work.h"
#include "http/server.h"
#include "io/pool.h"
#include "life/life.h"

struct relay;

struct relay_config {
    struct loops *loops;
    struct pool *pool;
    struct log *log; /* may be NULL */
    const struct services *services;
    const _Atomic uint64_t *moves; /* db_count_moves() of all workers' connections */
    struct http_serving rest;      /* everything that is not below /jira/ */
    size_t keep_max;               /* bytes of a body that are kept for a repeat */
    size_t kept_together;          /* and of all bodies */
    int64_t timeout_ms;            /* of a call, unless the caller says; from 1 on */
    size_t waiting_max;            /* calls that wait at one gate (relay/gates.h) */
};

/* What config points to must outlive it. Not on a loop; waits for the loops. */
MUST_USE struct relay *relay_new(const struct relay_config *config);
/* What http_listen() is given. */
struct http_serving relay_serving(struct relay *r);
/* After http_close(): calls whose callers have gone, but which wait for a worker or a refresh. At
 * most timeout_ms; how many are left. Not on a loop or worker. Accepts NULL. */
size_t relay_drain(struct relay *r, int timeout_ms);
/* None may be under way. Before loops_stop(), not on a loop. Accepts NULL. */
void relay_free(struct relay *r);

#endif
