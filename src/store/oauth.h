/* Rows of `oauth_clients` and `oauth_grants`: SQL only, no rules. Rows borrow from the arena.
 * Worker threads; errors as in db/db.h.
 */
#ifndef STORE_OAUTH_H
#define STORE_OAUTH_H

#include "db/db.h"

struct oauth_client_row {
    str id;
    str connection; /* p == NULL: the workspace's */
    str client_id;
    str scopes;
    str sealed;
    int64_t generation;
    int64_t saved;
    str saved_by;
};

/* A connection's own, or the workspace's when connection.p is NULL; *ret NULL when there is none.
 */
MUST_USE enum err store_oauth_client_of(struct db *d, struct arena *a, struct fault *f,
                                        str connection, struct oauth_client_row **ret);
/* All of an app's connections, and the workspace's. */
MUST_USE enum err store_oauth_clients_of_app(struct db *d, struct arena *a, struct fault *f,
                                             str app, struct oauth_client_row **ret,
                                             size_t *ret_count);
/* All rows of one client id. */
MUST_USE enum err store_oauth_clients_with_id(struct db *d, struct arena *a, struct fault *f,
                                              str client_id, struct oauth_client_row **ret,
                                              size_t *ret_count);
/* Inserts, or replaces everything of the row with this id. */
MUST_USE enum err store_oauth_client_save(struct db *d, struct arena *a, struct fault *f,
                                          const struct oauth_client_row *row);
MUST_USE enum err store_oauth_client_delete(struct db *d, struct arena *a, struct fault *f, str id);

struct grant_row {
    str id;
    str client_id;
    str account_id;
    str scopes;
    int64_t generation;
    str sealed_access;
    str sealed_refresh;
    int64_t access_expires;
    int64_t granted;
    int64_t refreshed;
};

/* *ret NULL when there is none. */
MUST_USE enum err store_grant_find(struct db *d, struct arena *a, struct fault *f, str id,
                                   struct grant_row **ret);
MUST_USE enum err store_grant_of(struct db *d, struct arena *a, struct fault *f, str client_id,
                                 str account_id, struct grant_row **ret);
/* Inserts, or replaces the tokens, scopes, times and generation of the row with this id. */
MUST_USE enum err store_grant_save(struct db *d, struct arena *a, struct fault *f,
                                   const struct grant_row *row);
/* Deletes the grant if no credential stands on it any more. */
MUST_USE enum err store_grant_drop_unused(struct db *d, struct arena *a, struct fault *f, str id);
/* All such. */
MUST_USE enum err store_grants_drop_unused(struct db *d, struct arena *a, struct fault *f);

/* How many credentials stand on a grant. */
MUST_USE enum err store_grant_uses(struct db *d, struct arena *a, struct fault *f, str id,
                                   int64_t *ret);
/* What stands on a grant and works: grant_refused with `why`, secrets kept. */
MUST_USE enum err store_credentials_refuse_grant(struct db *d, struct arena *a, struct fault *f,
                                                 str grant, str why);
/* The tokens are new by this user's consent: what they entered and was grant_refused is connected
 * again, and nothing else. */
MUST_USE enum err store_credentials_revive_grant(struct db *d, struct arena *a, struct fault *f,
                                                 str grant, str user);
/* Takes every credential of a connection (p NULL: of all) out of use that stands on a grant of
 * another client than the one its connection has now: its own, else the workspace's, else
 * `environment`. Wiped, needs_reconnect with `why`. With environment empty, having no client at all
 * counts as another; with p NULL it does not. */
MUST_USE enum err store_credentials_wipe_other_client(struct db *d, struct arena *a,
                                                      struct fault *f, str connection,
                                                      str environment, str why,
                                                      int64_t *ret_credentials);
/* What stands on the workspace's or the environment's client (connection.p NULL), or on a
 * connection: credentials, and the connections they belong to. */
MUST_USE enum err store_credentials_on_client(struct db *d, struct arena *a, struct fault *f,
                                              str connection, int64_t *ret_credentials,
                                              int64_t *ret_connections);

#endif
