/* Rows of `webhooks` and `deliveries`. SQL only; the rules are core/webhooks.h and
 * core/deliveries.h. Rows borrow from the arena. Worker threads.
 *
 * A delivery's states: pending -> delivered | given_up; both -> pending (sent again on demand).
 * Invariants:
 *   - who tries a pending delivery has claimed it: its next_try lies ahead and `attempts` has
 *     moved, so that nobody else tries meanwhile, and what becomes of it is written only while
 *     `attempts` is still that number; a claim that is lost (kill -9) is due again at next_try;
 *   - next_try and until are the database's clock.
 */
#ifndef STORE_WEBHOOKS_H
#define STORE_WEBHOOKS_H

#include "db/db.h"

struct webhook_row {
    str id;
    str app; /* p == NULL: the workspace's */
    str url;
    int active;
    str off_why; /* p == NULL unless Mortise switched it off */
    str sealed;
    int64_t generation;
    int64_t created;
    str created_by;
};

/* Of an app, or (app.p == NULL) the workspace's, oldest first. */
MUST_USE enum err store_webhooks_of(struct db *d, struct arena *a, struct fault *f, str app,
                                    struct webhook_row **ret, size_t *ret_count);
/* *ret NULL when there is none in this app (p == NULL: the workspace). */
MUST_USE enum err store_webhook_find(struct db *d, struct arena *a, struct fault *f, str app,
                                     str id, struct webhook_row **ret);
/* Inserts, or replaces url, active, off_why, sealed and generation. */
MUST_USE enum err store_webhook_save(struct db *d, struct arena *a, struct fault *f,
                                     const struct webhook_row *row);
MUST_USE enum err store_webhook_delete(struct db *d, struct arena *a, struct fault *f, str id);
/* Switches it off and gives up what is pending for it. */
MUST_USE enum err store_webhook_off(struct db *d, struct arena *a, struct fault *f, str id,
                                    str why);

struct delivery_row {
    str id;
    str webhook; /* p == NULL: a mail */
    str user;    /* of a mail */
    str event;
    str subject;
    str body;
    str state;
    int64_t attempts;
    int64_t created;
    int64_t next_try;
    int64_t until;
    int64_t last_try; /* 0: none yet */
    int64_t last_status;
    str last_error;
};

MUST_USE enum err store_delivery_insert(struct db *d, struct arena *a, struct fault *f,
                                        const struct delivery_row *row);
/* *ret NULL when there is none of this webhook. */
MUST_USE enum err store_delivery_find(struct db *d, struct arena *a, struct fault *f, str webhook,
                                      str id, struct delivery_row **ret);
/* *ret NULL when it is gone. */
MUST_USE enum err store_delivery_by_id(struct db *d, struct arena *a, struct fault *f, str id,
                                       struct delivery_row **ret);
/* Newest first, before the id `before` (empty: from the newest). Without `body`. */
MUST_USE enum err store_deliveries_of(struct db *d, struct arena *a, struct fault *f, str webhook,
                                      str before, int64_t limit, struct delivery_row **ret,
                                      size_t *ret_count);
/* The newest mail of a kind to a user; *ret NULL: none. */
MUST_USE enum err store_delivery_last_mail(struct db *d, struct arena *a, struct fault *f, str user,
                                           str event, struct delivery_row **ret);
/* When the nth newest mail to a user was made (n from 1); 0: there are not so many. */
MUST_USE enum err store_delivery_nth_mail(struct db *d, struct arena *a, struct fault *f, str user,
                                          int64_t n, int64_t *ret_created);
/* Pending again, with a day before it. */
MUST_USE enum err store_delivery_again(struct db *d, struct arena *a, struct fault *f, str id,
                                       int64_t db_now, int64_t until);

/* One that is due, with where it goes. Of a mail: `email` and no webhook. */
struct due_delivery {
    struct delivery_row row;
    struct webhook_row webhook; /* id.p == NULL: a mail */
    str email;                  /* p == NULL: the user is active no more */
};
/* Mails and webhooks are claimed apart: neither waits behind the other's. */
enum delivery_way { DELIVERY_TO_WEBHOOKS, DELIVERY_BY_MAIL };
/* Whether anything is due, without a write. */
MUST_USE enum err store_deliveries_any(struct db *d, struct arena *a, struct fault *f,
                                       enum delivery_way way, int64_t db_now, int *ret);
/* Claims at most limit: attempts + 1, next_try = lease_until. Write transaction. */
MUST_USE enum err store_deliveries_claim(struct db *d, struct arena *a, struct fault *f,
                                         enum delivery_way way, int64_t db_now, int64_t lease_until,
                                         int64_t limit, struct due_delivery **ret,
                                         size_t *ret_count);
/* What became of a try, while `attempts` is still the row's. *ret_noted tells. */
MUST_USE enum err store_delivery_settle(struct db *d, struct arena *a, struct fault *f,
                                        const struct delivery_row *row, int *ret_noted);
/* Nothing more to this webhook before that. */
MUST_USE enum err store_deliveries_postpone(struct db *d, struct arena *a, struct fault *f,
                                            str webhook, int64_t next_try);
/* Those made before go. */
MUST_USE enum err store_deliveries_expire(struct db *d, struct arena *a, struct fault *f,
                                          int64_t before_ms);

#endif
