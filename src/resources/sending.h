/* One request to Jira between the two halves of a handler: what begin needs to send it with the
 * caller's effective credential, and what finish does with whatever became of it before the answer
 * may be shown. For requests as they are typed (request.c) and for saved ones (saved_try.c).
 */
#ifndef RESOURCES_SENDING_H
#define RESOURCES_SENDING_H

#include "core/health.h"
#include "http/exchange.h"
#include "resources/request_result.h"
#include "store/connections.h"

struct sending {
    struct provider_op *op;
    str connection;
    struct health_before before;
    str account;
    str site;
    str site_id;
    str entered_by;
    int shared;
    int64_t started_ms; /* monotonic */
};

/* The operation, to be filled with method, path, query, headers and body. */
void sending_init(struct exchange *x, struct sending *s);
/* Checks it against the limits of the key that acts, opens the secret of `use`, and hands it to the
 * loop: begin returns with what this returns. */
MUST_USE enum err sending_go(struct exchange *x, struct sending *s,
                             const struct connection_row *connection,
                             const struct credential_row *use);
/* In finish. Notes what Jira said of the credential, if it is still the one that was used, and
 * commits that. ERR_OK: there is an answer that may be shown. ERR_NEEDS_RECONNECT: it was refused,
 * or answered as a stranger, or there is no token any more. */
MUST_USE enum err sending_heard(struct exchange *x, struct sending *s);
/* For showing the answer. */
struct request_result sending_result(const struct sending *s);

#endif
