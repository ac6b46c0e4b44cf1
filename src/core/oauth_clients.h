/* OAuth 2.0 clients: who Mortise is at Atlassian. A connection uses its own, else the workspace's,
 * else the environment's (MORTISE_JIRA_CLIENT_ID and _SECRET). Without HTTP and SQL; that a client
 * was tested before it is saved is the caller's business (PROVIDER_CLIENT_CHECK).
 *
 * Invariants:
 *   - a client secret opens only for its own row, connection and client id, and only for the
 *     authorization server it was entered for;
 *   - a grant is used and refreshed only with the client that made it: whoever changes the client
 *     that a connection uses takes what stood on the old one out of use, in the same transaction
 *     (rule 9). A new secret of the same client id loses nothing: at Atlassian it is the same
 *     client;
 *   - the scopes of a client are not made fewer than what was granted to it without the number of
 *     those who hold them having been confirmed;
 *   - the environment's client can change while Mortise is stopped: decide() compares at every use,
 *     the sweep wipes.
 */
#ifndef CORE_OAUTH_CLIENTS_H
#define CORE_OAUTH_CLIENTS_H

#include "core/provider.h"
#include "core/work.h"
#include "store/connections.h"
#include "store/oauth.h"

enum oauth_client_source {
    OAUTH_CLIENT_NONE,
    OAUTH_CLIENT_OWN,
    OAUTH_CLIENT_WORKSPACE,
    OAUTH_CLIENT_ENVIRONMENT
};

/* The one in force; without a secret. */
struct oauth_client {
    enum oauth_client_source source;
    str client_id; /* empty: none */
    str scopes;
    const struct oauth_client_row *row; /* OWN and WORKSPACE */
};

#define OAUTH_CLIENT_ID_MAX 200
#define OAUTH_SCOPES_MAX 2000
/* Why what stood on another client is out of use. */
#define OAUTH_CLIENT_CHANGED "the OAuth client was changed."

/* For a connection, or what connections without an own one use (n == NULL). */
MUST_USE enum err oauth_client_of(struct work *w, const struct connection_row *n,
                                  struct oauth_client *ret);
/* For all connections of the app at once; ret[i] belongs to rows[i]. */
MUST_USE enum err oauth_client_of_all(struct work *w, const struct connection_row *rows,
                                      size_t count, struct oauth_client **ret);
/* What a consent asks for: with all that is set up for this client id anywhere, because at
 * Atlassian a consent replaces the scopes of what the account granted before, and connections with
 * the same client id share that grant. In the arena. */
MUST_USE enum err oauth_client_consent_scopes(struct work *w, const struct oauth_client *client,
                                              str *ret);
/* For a call: redirect_uri and secret with it; the secret is wiped by the caller.
 * ERR_TYPE_UNAVAILABLE when there is no client, ERR_CLIENT_REFUSED when its secret does not open.
 */
MUST_USE enum err oauth_client_open(struct work *w, const struct oauth_client *client,
                                    struct provider_client *ret);
/* "http://localhost:8080/oauth/callback", as it has to be registered. In the arena. */
str oauth_redirect_uri(const struct work *w);
/* Scopes as people type them: commas and white space become single spaces, offline_access is left
 * out (it is always asked for), empty means the setting's. ERR_INVALID with a sentence. */
MUST_USE enum err oauth_scopes_read(struct work *w, str entered, str *ret);

/* What a change costs: `lost` credentials go out of use in it. */
struct oauth_client_cost {
    int64_t credentials;
    int64_t connections;
};
/* What stands on the client in force (n == NULL: on the one for all). */
MUST_USE enum err oauth_client_cost(struct work *w, const struct connection_row *n,
                                    struct oauth_client_cost *ret);

/* Would `scopes` be fewer than what people granted this client id? The next consent of an account,
 * in whatever app, takes those that are left out from everything that stands on the same grant.
 * confirm_fewer: how many such credentials the caller knows of; when there are more,
 * ERR_CONFIRM_REQUIRED with number and scopes in the sentence, and *ret_fewer. Asked again in the
 * transaction that saves. */
MUST_USE enum err oauth_client_check_fewer(struct work *w, str client_id, str scopes,
                                           int64_t confirm_fewer, int64_t *ret_fewer);

/* Write transaction. ERR_INVALID when the same client id is used elsewhere with a scope that this
 * one lacks (connecting here would shrink the grant for them). Saves a tested client for the
 * connection (n == NULL: the workspace). confirm_lost: how many credentials the caller knows to be
 * lost; when it is more than that, nothing is saved: ERR_CONFIRM_REQUIRED with the number in the
 * sentence and in *ret_lost. */
MUST_USE enum err oauth_client_save(struct work *w, const struct connection_row *n, str client_id,
                                    const struct secret *client_secret, str scopes,
                                    int64_t confirm_lost, int64_t *ret_lost);
/* The same for going back to the next one in the order. ERR_NOT_FOUND when there is none to delete.
 */
MUST_USE enum err oauth_client_delete(struct work *w, const struct connection_row *n,
                                      int64_t confirm_lost, int64_t *ret_lost);

#endif
