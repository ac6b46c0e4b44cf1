/* Between the halves of a handler: hands a provider operation to the loop (http/exchange.h, wait),
 * the use of a credential by way of src/life, which sees to it that its token lives.
 */
#ifndef RESOURCES_PROVIDER_WAIT_H
#define RESOURCES_PROVIDER_WAIT_H

#include "core/credentials.h"
#include "core/provider.h"
#include "http/exchange.h"

/* An operation in the exchange's arena, with the arena set. */
struct provider_op *provider_wait_op(struct exchange *x, enum provider_kind kind);
/* Begin returns after this; the loop runs op, then finish comes. op may hold secrets that are wiped
 * with the exchange. */
void provider_wait(struct exchange *x, struct provider_op *op);
/* The same for a use of a credential on file (PROVIDER_TEST or PROVIDER_REQUEST): `row` and `grant`
 * are those that credentials_target() filled the operation's target from. An API key goes straight
 * through. */
void provider_wait_use(struct exchange *x, struct provider_op *op, const struct credential_row *row,
                       const struct credential_grant *grant);
/* Wipes *secret when the exchange ends. */
void provider_wait_wipe(struct exchange *x, struct secret *secret);
/* "address", "tls", "token", "identity", "site", "scopes", "permissions": stable words of the API.
 * Not for STAGE_DONE. */
const char *provider_wait_stage(enum provider_stage stage);
/* op's failure as the exchange's: copies the fault. */
MUST_USE enum err provider_wait_failed(struct exchange *x, const struct provider_op *op);

#endif
