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
    str site_id; /* empty: its tokens reach every site consented to; else the only one */
    str scopes;
    int64_t generation;
    str sealed_access;
    str sealed_refresh;
    int64_t access_expires;
    int64_t granted;
    int64_t refreshed;
    int64_t keep_at; /* refreshed from then on, though nobody uses it */
    int64_t failures;
    int64_t failing_since; /* 0: the last refresh went well */
    int64_t next_try;      /* not before, by the database's clock; 0: at once */
    str last_class;        /* transient, client, dead; p == NULL: none failed */
    str last_error;
};

/* *ret NULL when there is none. */
MUST_USE enum err store_grant_find(struct db *d, struct arena *a, struct fault *f, str id,
                                   struct grant_row **ret);
/* Of one client and account: the one that reaches every site, and those of one site only. */
MUST_USE enum err store_grants_of(struct db *d, struct arena *a, struct fault *f, str client_id,
                                  str account_id, struct grant_row **ret, size_t *ret_count);
/* Inserts, or replaces everything but client, account and site of the row with this id. */
MUST_USE enum err store_grant_save(struct db *d, struct arena *a, struct fault *f,
                                   const struct grant_row *row);
/* Deletes the grant if no credential stands on it any more. */
MUST_USE enum err store_grant_drop_unused(struct db *d, struct arena *a, struct fault *f, str id);
/* All such. */
MUST_USE enum err store_grants_drop_unused(struct db *d, struct arena *a, struct fault *f);

/* A refresh failed: the counters, next_try, class and sentence of the row, while the generation is
 * this. */
MUST_USE enum err store_grant_failed(struct db *d, struct arena *a, struct fault *f,
                                     const struct grant_row *row);
/* Grants of the client whose refreshes failed by the operator's fault: they may be tried at once,
 * count as not failing any more, and are due for the keep-alive. */
MUST_USE enum err store_grants_retry_client(struct db *d, struct arena *a, struct fault *f,
                                            str client_id, int64_t now_ms, int64_t *ret_count);
/* How many such there are. */
MUST_USE enum err store_grants_failing_client(struct db *d, struct arena *a, struct fault *f,
                                              str client_id, int64_t *ret_count);

/* A grant to be refreshed by nobody's wish, with a connected credential of it: its connection knows
 * the client. */
struct due_grant {
    str grant;
    int64_t generation;
    str app; /* p == NULL: nothing that works stands on it */
    str connection;
    int64_t last_used; /* of all that stand on it; 0: never */
    int64_t since;     /* when the youngest of them was entered */
};
struct due_terms {
    int64_t now_ms;
    int64_t db_now_ms;  /* the database's clock; of next_try */
    int64_t try_max_ms; /* a next_try beyond it was written before the clock was set back */
    int64_t limit;
};
/* Refreshes that were begun and whose outcome is not known, also those under way; next_try is
 * obeyed. */
MUST_USE enum err store_grants_interrupted(struct db *d, struct arena *a, struct fault *f,
                                           const struct due_terms *terms, struct due_grant **ret,
                                           size_t *ret_count);
/* Idle since long: keep_at has come (the earliest first), next_try is obeyed. What is stopped
 * counts as not working. */
MUST_USE enum err store_grants_idle(struct db *d, struct arena *a, struct fault *f,
                                    const struct due_terms *terms, struct due_grant **ret,
                                    size_t *ret_count);
/* To be renewed because of a consent (store/consents.h): first those of which that is known, the
 * earliest first; next_try is obeyed. Only what something stands on that works and is not stopped.
 */
MUST_USE enum err store_grants_to_renew(struct db *d, struct arena *a, struct fault *f,
                                        const struct due_terms *terms, struct due_grant **ret,
                                        size_t *ret_count);
/* Never earlier than it was. */
MUST_USE enum err store_grant_keep_later(struct db *d, struct arena *a, struct fault *f, str grant,
                                         int64_t keep_at);
/* Sites of the credentials that stand on a grant, each once, without that of `credential`. */
MUST_USE enum err store_grant_sites(struct db *d, struct arena *a, struct fault *f, str grant,
                                    str credential, str **ret, size_t *ret_count);

/* How many credentials stand on a grant. */
MUST_USE enum err store_grant_uses(struct db *d, struct arena *a, struct fault *f, str id,
                                   int64_t *ret);
/* What a client was granted, and how many credentials stand on grants of just that. */
struct granted_scopes {
    str scopes; /* separated by spaces */
    int64_t credentials;
};
MUST_USE enum err store_granted_scopes(struct db *d, struct arena *a, struct fault *f,
                                       str client_id, struct granted_scopes **ret,
                                       size_t *ret_count);
/* What stands on a grant and works: grant_refused with `why`, secrets kept. */
MUST_USE enum err store_credentials_refuse_grant(struct db *d, struct arena *a, struct fault *f,
                                                 str grant, str why, int64_t now_ms);
/* The tokens are new by this user's consent: what they entered and was grant_refused is connected
 * again, and nothing else. */
MUST_USE enum err store_credentials_revive_grant(struct db *d, struct arena *a, struct fault *f,
                                                 str grant, str user, int64_t now_ms);
/* Takes every credential of a connection (p NULL: of all) out of use that stands on a grant of
 * another client than the one its connection has now: its own, else the workspace's, else
 * `environment`. Wiped, needs_reconnect with `why`. With environment empty, having no client at all
 * counts as another; with p NULL it does not. */
MUST_USE enum err store_credentials_wipe_other_client(struct db *d, struct arena *a,
                                                      struct fault *f, str connection,
                                                      str environment, str why, int64_t now_ms,
                                                      int64_t *ret_credentials);
/* What stands on the workspace's or the environment's client (connection.p NULL), or on a
 * connection: credentials, and the connections they belong to. */
MUST_USE enum err store_credentials_on_client(struct db *d, struct arena *a, struct fault *f,
                                              str connection, int64_t *ret_credentials,
                                              int64_t *ret_connections);

#endif
