/* Carries deliveries (core/deliveries.h) of one way out: to webhooks by POST, or to people by mail.
 * Each way has a courier of its own, so that a mail server that is slow holds up no webhook.
 *
 * States of a round, on one loop:
 *   claiming (a worker: what is due) -> sending (all at once; mails one after the other)
 *   -> settling (a worker: what became of it) -> over, or a new one when there was much
 * To webhooks there are up to COURIER_ROUNDS at a time, so that the others do not wait for a
 * receiver that is slow; of mails there is one.
 * Invariants:
 *   - no worker and no database connection is held while somebody is asked;
 *   - a message is sent only after its row was claimed, and its outcome written only for that
 *     claim; what a stop breaks off is left to the claim's end;
 *   - a webhook is given COURIER_ANSWER_MS, is not redirected, and has answered with 2xx or not at
 *     all. The claim outlives that, and COURIER_MAILS_AT_ONCE mails, one after the other.
 */
#ifndef NOTIFY_COURIER_H
#define NOTIFY_COURIER_H

#include "base/log.h"
#include "core/work.h"
#include "io/loop.h"
#include "io/pool.h"
#include "store/webhooks.h"
#include "upstream/client.h"
#include "upstream/mail.h"

#define COURIER_PERIOD_S 2
#define COURIER_AT_ONCE 16      /* webhooks in a round */
#define COURIER_MAILS_AT_ONCE 3 /* mails in a round */
#define COURIER_ROUNDS 4
#define COURIER_ANSWER_MS (10 * CLOCK_SECOND_MS)

struct courier;

struct courier_config {
    enum delivery_way way;
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
