/* The side that looks for incidents and sends on what is told of them: the watch, the courier, and
 * what they send with: an HTTP client of their own, whose allowed hosts are webhook_hosts and never
 * those that API keys may go to, and the mailer when an SMTP server is configured.
 */
#ifndef NOTIFY_NOTIFIER_H
#define NOTIFY_NOTIFIER_H

#include "base/log.h"
#include "core/notifier.h"
#include "core/work.h"
#include "io/loop.h"
#include "io/pool.h"

struct notify;

/* Judges webhook_hosts, smtp_url, smtp_user, smtp_password, mail_from, ca_file and proxy of the
 * settings (ERR_CONFIG). Begins nothing yet. *ret_notifier lives as long. */
MUST_USE enum err notify_new(struct fault *f, const struct settings *settings, struct loops *loops,
                             struct notify **ret, struct notifier *ret_notifier);
/* The rest is given here, as it needs the notifier itself. What is given must outlive it. */
void notify_start(struct notify *n, struct loops *loops, struct pool *pool, struct log *log,
                  const struct services *services);
/* Begins nothing any more, and ends the calls under way. Not on a loop. Accepts NULL. */
void notify_stop(struct notify *n);
/* Waits until the calls under way are over; what became of them is still written. Before
 * pool_stop(). Accepts NULL. */
void notify_close(struct notify *n);
/* After loops_stop(). Accepts NULL. */
void notify_free(struct notify *n);

#endif
