/* A connection as one caller sees it (`C` of docs/api.md), for every resource that shows one.
 * Workers only; the documents go with the exchange's arena.
 */
#ifndef RESOURCES_CONNECTION_DOC_H
#define RESOURCES_CONNECTION_DOC_H

#include <jansson.h>

#include "core/credentials.h"
#include "http/exchange.h"

/* The connection of a path (params: 0 app, 1 connection), and what it offers the caller now. */
MUST_USE enum err connection_of_path(struct exchange *x, struct connection_row *ret,
                                     struct effective *ret_effective);
/* The whole address of a connection's Connect page, for people and for programs' answers. */
str connection_connect_url(struct exchange *x, str connection);
/* All connections of the app in the path, by name. */
MUST_USE enum err connections_doc_list(struct exchange *x, json_t **ret);
/* One of them, with what its credentials give this caller. */
MUST_USE enum err connection_doc(struct exchange *x, const struct connection_row *connection,
                                 const struct effective *effective, json_t **ret);
/* The same as the member "connection" of doc. */
MUST_USE enum err connection_doc_put(struct exchange *x, json_t *doc,
                                     const struct connection_row *connection,
                                     const struct effective *effective);
/* One of the caller's own, on the page over all apps: C and "app". */
MUST_USE enum err connection_doc_own(struct exchange *x, const struct own_credential_row *row,
                                     json_t **ret);
/* {"connections","credentials","people"}: what deleting the app in the path costs. */
MUST_USE enum err connections_delete_cost(struct exchange *x, json_t **ret);

#endif
