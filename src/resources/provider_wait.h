/* Between the halves of a handler: hands a provider operation to the loop (http/exchange.h, wait).
 */
#ifndef RESOURCES_PROVIDER_WAIT_H
#define RESOURCES_PROVIDER_WAIT_H

#include "core/provider.h"
#include "http/exchange.h"

/* An operation in the exchange's arena, with the arena set. */
struct provider_op *provider_wait_op(struct exchange *x, enum provider_kind kind);
/* Begin returns after this; the loop runs op, then finish comes. op may hold secrets that are wiped
 * with the exchange. */
void provider_wait(struct exchange *x, struct provider_op *op);
/* Wipes *secret when the exchange ends. */
void provider_wait_wipe(struct exchange *x, struct secret *secret);
/* op's failure as the exchange's: copies the fault. */
MUST_USE enum err provider_wait_failed(struct exchange *x, const struct provider_op *op);

#endif
