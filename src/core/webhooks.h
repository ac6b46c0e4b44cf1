/* Webhooks: addresses that are told of incidents by signed messages. Of an app (its admins manage
 * them: the membership of the unit of work names the app), or outside an app the workspace's, which
 * hear of the workspace's incidents only. That the caller may was decided before.
 *
 * Invariants:
 *   - the signing secret is made here, shown once when it is made, sealed, and never sent;
 *   - an address is checked when it is entered, and guarded when it is called (src/notify).
 * Worker threads.
 */
#ifndef CORE_WEBHOOKS_H
#define CORE_WEBHOOKS_H

#include "core/notifier.h"
#include "core/work.h"
#include "store/webhooks.h"

#define WEBHOOKS_MAX 10 /* of one place */
#define WEBHOOK_URL_MAX 2000
#define DELIVERIES_PAGE 50

MUST_USE enum err webhooks_list(struct work *w, struct webhook_row **ret, size_t *ret_count);
/* ERR_NOT_FOUND when this place has none of this id. */
MUST_USE enum err webhook_find(struct work *w, str id, struct webhook_row *ret);
/* url: checked by webhook_check_url(). *ret_secret: "whsec_...", to be shown now and never again.
 * ERR_INVALID when there are WEBHOOKS_MAX already. Write transaction, as all below. */
MUST_USE enum err webhook_make(struct work *w, str url, struct webhook_row *ret, str *ret_secret);
/* NULL: as it is. Switched off, what is pending for it is given up. */
MUST_USE enum err webhook_change(struct work *w, str id, const str *url, const int *active,
                                 struct webhook_row *ret);
MUST_USE enum err webhook_remove(struct work *w, str id);
/* A new secret at once instead of the old one. */
MUST_USE enum err webhook_renew(struct work *w, str id, struct webhook_row *ret, str *ret_secret);
/* Sends a message of the type webhook.test. ERR_CONFLICT when it is switched off, and
 * ERR_TOO_MANY_ATTEMPTS (*ret_retry_s). */
MUST_USE enum err webhook_test(struct work *w, str id, int *ret_retry_s);
/* Sends a delivery of this webhook again: the same message, the same id. Errors as above. */
MUST_USE enum err webhook_resend(struct work *w, str id, str delivery, int *ret_retry_s);

/* Newest first, by notices_page()'s rules. */
MUST_USE enum err webhook_deliveries(struct work *w, str id, str before, struct delivery_row **ret,
                                     size_t *ret_count, str *ret_next);

/* ERR_INVALID with a sentence for an address that would not be called. */
MUST_USE enum err webhook_check_url(struct work *w, str entered, str *ret);
/* The signing secret; ERR_KEY when it does not open. */
MUST_USE enum err webhook_open(struct work *w, const struct webhook_row *hook, struct secret *ret);

/* A mail to the acting user, to see whether mail works. ERR_CONFLICT without an SMTP server. */
MUST_USE enum err mail_test(struct work *w, int *ret_retry_s);
/* What became of the last one; *ret NULL: none. */
MUST_USE enum err mail_last_test(struct work *w, struct delivery_row **ret);

#endif
