/* How a credential is doing, as a document: since when, the last error, when it ends. Makes
 * documents only; the rules are core/health.h's. Who may see it is the caller's decision.
 */
#ifndef RESOURCES_CONNECTION_HEALTH_H
#define RESOURCES_CONNECTION_HEALTH_H

#include "core/decide.h"
#include "http/exchange.h"

/* `health` of a connection's document (docs/api.md). row: not disconnected. */
json_t *connection_health_doc(struct exchange *x, const struct credential_row *row,
                              enum decision decision);
/* "last_error" of doc: {"sentence","at"} or null. */
void connection_health_put_error(struct exchange *x, json_t *doc, const struct credential_row *row);
/* Since when the row is what the decision says; 0: not known. */
int64_t connection_health_since(const struct credential_row *row, enum decision decision);

#endif
