/* Whether Atlassian knows the OAuth client that the environment names, asked once after the start,
 * so that the operator reads of a wrong secret before a user meets it. Logs
 *   oauth_client_ok       info
 *   oauth_client_refused  error: id and secret do not fit
 *   oauth_client_unknown  warning: it could not be found out
 * When it is fine, what was refused because of it before is tried again at once. Clients of the
 * workspace and of connections are tested when they are saved.
 */
#ifndef MAIN_CLIENT_CHECK_H
#define MAIN_CLIENT_CHECK_H

#include "base/log.h"
#include "core/work.h"
#include "io/loop.h"
#include "io/pool.h"

struct client_check;

/* Returns at once; NULL when the environment names no client. What is given must outlive it. */
MUST_USE struct client_check *client_check_start(struct loops *loops, struct pool *pool,
                                                 struct log *log, const struct services *services);
/* After the provider was told to stop, which ends the question: waits for that and frees. Not on a
 * loop. Accepts NULL. */
void client_check_end(struct client_check *c);

#endif
