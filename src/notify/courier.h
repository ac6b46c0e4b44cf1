/* Carries deliveries (core/deliveries.h) out: to webhooks by POST, to people by mail.
 *
 * States, on one loop:
 *   resting -> claiming (a worker: what is due) -> sending (the loop and the mailer, all at once)
 *   -> settling (a worker: what became of it) -> resting, or claiming again when there was much
 * Invariants:
 *   - no worker and no database connection is held while somebody is asked;
 *   - a message is sent only after its row was claimed, and its outcome written only for that
 * claim; what a stop breaks off is left to the claim's end;
 *   - a webhook is given COURIER_ANSWER_MS, is not redirected, and has answered with 2xx or not at
 *     all. The claim outlives that.
 */
#ifndef NOTIFY_COURIER_H
#define NOTIFY_COURIER_H

#include "base/log.h"
#include "core/work.h"
#include "io/loop.h"
#include "io/pool.h"
#include "upstream/client.h"
#include "upstream/mail.h"

#define COURIER_PERIOD_S 2
#define COURIER_AT_ONCE 16
#define COURIER_ANSWER_MS (10 * CLOCK_SECOND_MS)

struct courier;

struct courier_config {
    struct pool *pool;
    struct log *log;
    const struct services *services;
    struct upstream *upstream;
    struct mailer *mailer; /* NULL: no mail is claimed to be sent */
    str from;
};

/* What is given must outlive it. */
MUST_USE struct courier *courier_start(struct loops *loops, const struct courier_config *config);
/* Claims nothing any more. Accepts NULL; not on a loop. */
void courier_stop(struct courier *c);
/* After the client's and the mailer's end: what is over by now is settled, and no worker is needed
 * any more. Before pool_stop(). Accepts NULL; not on a loop. */
void courier_close(struct courier *c);
/* After loops_stop(). Accepts NULL. */
void courier_free(struct courier *c);

#endif
