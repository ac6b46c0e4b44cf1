/* Deliveries: messages on their way to webhooks and mail boxes, each a row before it is sent.
 * Sending itself is src/notify's; states and invariants are those of store/webhooks.h.
 *
 * At least once: a row is written with what it tells of; it is tried until somebody took it, for a
 * day; whoever tries it has claimed it by the database's clock. A process that dies with a claim
 * leaves it to the others when the claim is over, and the receiver may see the message twice, with
 * the same id.
 */
#ifndef CORE_DELIVERIES_H
#define CORE_DELIVERIES_H

#include "base/clock.h"
#include "core/work.h"
#include "store/webhooks.h"

#define DELIVERY_FOR_MS CLOCK_DAY_MS         /* tried for so long */
#define DELIVERY_KEPT_MS (30 * CLOCK_DAY_MS) /* then listed for so long */
#define DELIVERY_LEASE_MS (2 * CLOCK_MINUTE_MS)
#define DELIVERY_BACKOFF_MIN_MS (5 * CLOCK_SECOND_MS)
#define DELIVERY_BACKOFF_MAX_MS (4 * CLOCK_HOUR_MS)

#define DELIVERY_TEST STR("webhook.test")
#define DELIVERY_MAIL_TEST STR("mail.test")

/* Writes a row; id: the message's. To a webhook (user.p NULL) or, as mail, to a user. In the write
 * transaction of what it tells of. */
MUST_USE enum err delivery_add(struct work *w, const struct delivery_row *row);

/* One to be tried now. */
struct delivery_try {
    str id;
    int64_t attempts;
    str webhook; /* p == NULL: a mail */
    str url;
    str email;
    str subject;
    str body;
    str timestamp; /* headers of a webhook's message */
    str signature;
    /* set by whoever tried */
    int tried; /* 0: not tried after all; its claim runs out */
    int delivered;
    int gone; /* the receiver wants no more (410) */
    int status;
    str error; /* a sentence, when not delivered */
};

/* Claims what is due of one way, at most `most`, signed and ready; writes only when something is.
 * What cannot be tried at all (nobody to mail to, a secret that does not open) is given up here. */
MUST_USE enum err deliveries_claim(struct work *w, enum delivery_way way, size_t most,
                                   struct delivery_try **ret, size_t *ret_count);
/* Notes what became of them: delivered, to be tried again later, given up after a day; a receiver
 * that is gone switches its webhook off, one that cannot be reached is left alone for a while. */
MUST_USE enum err deliveries_settle(struct work *w, const struct delivery_try *tries, size_t count);
/* When to try again after so many attempts, a fifth more or less: 5 s, 15 s, 45 s ... 4 h. */
int64_t delivery_back_off_ms(int64_t attempts);

#endif
