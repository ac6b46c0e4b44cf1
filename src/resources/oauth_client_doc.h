/* An OAuth client as admins see it (`O` of docs/api.md), on Settings and on a connection's
 * properties, and what the guide to Atlassian's developer console has to show. Makes documents
 * only; changing one is oauth_client.c. Never its secret.
 */
#ifndef RESOURCES_OAUTH_CLIENT_DOC_H
#define RESOURCES_OAUTH_CLIENT_DOC_H

#include <jansson.h>

#include "core/oauth_clients.h"
#include "http/exchange.h"

/* The client in force for a connection, or for all that have none of their own (n == NULL), and
 * what changing or removing the one stored at this place costs. */
MUST_USE enum err oauth_client_doc(struct exchange *x, const struct connection_row *n,
                                   json_t **ret);
/* {"console_url","redirect_uri","redirect_refused","public_url","scopes":[{"scope","what"}]}: what
 * has to be entered there. scopes: separated by spaces. */
json_t *oauth_client_guide_doc(struct exchange *x, str scopes);
/* 1 when the one in force is stored at this place itself, not further down the order. */
int oauth_client_is_here(const struct oauth_client *client, const struct connection_row *n);
/* How many credentials go out of use when `client_id` (empty: none) is what is in force next. */
MUST_USE enum err oauth_client_lost(struct exchange *x, const struct connection_row *n,
                                    const struct oauth_client *client, str client_id, int64_t *ret);

#endif
