/* Rows of `credentials`: what somebody entered for a connection. A row outlives its secret: the
 * account, the site and the history stay when the secret is wiped.
 *
 * Invariants, kept by the statements here and two partial unique indexes:
 *   - at most one shared credential a connection (owner NULL) and one a user and connection;
 *   - generation only grows: every new secret, wipe and switch moves it, so that whatever was in
 *     flight with the old one can tell;
 *   - a status found out by a call is saved only while the generation is still the one of the call.
 * Rows borrow from the arena. Worker threads.
 */
#ifndef STORE_CREDENTIALS_H
#define STORE_CREDENTIALS_H

#include "db/db.h"

/* How the grant that a credential stands on is doing; all 0 or NULL for an API key. */
struct credential_grant_health {
    str scopes;
    int64_t granted;
    int64_t refreshed; /* 0: not since the consent */
    int64_t failing_since;
    int64_t next_try;
    str last_class;
    str last_error;
    int64_t last_used; /* of all that stand on the grant, 0: never; and when the youngest of them */
    int64_t since;     /* was entered: what the keep-alive goes by */
};

struct credential_row {
    str id;
    str app;
    str connection;
    str owner; /* p == NULL: shared */
    str entered_by;
    int64_t switch_counter;
    int64_t generation;
    str status; /* connected, needs_reconnect, grant_refused (the grant it stands on was: a new
                   consent is enough), locked, disconnected */
    int64_t status_since;
    str why;
    str account_id;
    str account_name;
    str username;
    str site_id;
    str entered_origin; /* the Base URL as entered */
    str origin;         /* where calls go */
    str base_path;
    str sealed; /* p == NULL: no secret */
    int64_t expires;
    int64_t since;
    int64_t last_used;
    int64_t last_checked;
    str last_error; /* what failed last, as a sentence; p == NULL: nothing since the last success */
    int64_t last_error_at;
    int64_t suspended;
    str grant; /* p == NULL: holds an API key itself */
    /* joined from sites, oauth_grants and stops */
    str site_url;
    str site_name;
    str client_id; /* of the grant */
    struct credential_grant_health tokens;
    int64_t user_stopped; /* since when all that entered_by entered is stopped; 0: it is not */
    int64_t site_stopped; /* since when the site is */
    str scopes_lost; /* of a row just saved: scopes that a consent took from others on its grant,
                        separated by spaces */
};

struct site_row {
    str id;
    str url;
    str name;
    int64_t last_seen;
};

/* The user's own row, or the shared one when owner.p is NULL; *ret NULL when there is none. */
MUST_USE enum err store_credential_of(struct db *d, struct arena *a, struct fault *f,
                                      str connection, str owner, struct credential_row **ret);
/* The user's own rows and the shared ones of an app, in no order. */
MUST_USE enum err store_credentials_of_app(struct db *d, struct arena *a, struct fault *f, str app,
                                           str user, struct credential_row **ret,
                                           size_t *ret_count);

/* A user's own rows over all apps, with the connection and the app they belong to, and whether
 * the user has the app today. By app name, then connection name. */
struct own_credential_row {
    struct credential_row credential;
    str app_slug;
    str app_name;
    str connection_name;
    str connection_type;
    str connection_base_url;
    int connection_base_url_fixed;
    int connection_shared;
    int64_t connection_switch_counter;
    int has_access;
    int64_t app_stopped; /* since when the app is; 0: it is not */
};
MUST_USE enum err store_credentials_of_owner(struct db *d, struct arena *a, struct fault *f,
                                             str owner, struct own_credential_row **ret,
                                             size_t *ret_count);

/* Inserts, or replaces everything of the row with this id. The site's row must be there. */
MUST_USE enum err store_credential_save(struct db *d, struct arena *a, struct fault *f,
                                        const struct credential_row *row);
/* Erases the secret, moves the generation, sets status and why (p == NULL: none). now_ms, here and
 * below: since when, if the status is another one. */
MUST_USE enum err store_credential_wipe(struct db *d, struct arena *a, struct fault *f, str id,
                                        str status, str why, int64_t now_ms);
/* What a call found out, while the generation is still that one; *ret_saved tells. */
MUST_USE enum err store_credential_checked(struct db *d, struct arena *a, struct fault *f, str id,
                                           int64_t generation, str status, str why, int64_t now_ms,
                                           int *ret_saved);
/* A call was answered with it: it is used, and nothing fails any more. */
MUST_USE enum err store_credential_used(struct db *d, struct arena *a, struct fault *f, str id,
                                        int64_t now_ms);
/* A call failed by its or the provider's fault, while the generation is still that one. */
MUST_USE enum err store_credential_failed(struct db *d, struct arena *a, struct fault *f, str id,
                                          int64_t generation, str sentence, int64_t now_ms);
/* Takes credentials of a connection that were entered for another Base URL out of use (rule 9):
 * wiped, needs_reconnect with `why`. *ret_count: how many. */
MUST_USE enum err store_credentials_wipe_other_origin(struct db *d, struct arena *a,
                                                      struct fault *f, str connection, str origin,
                                                      str why, int64_t now_ms, int64_t *ret_count);

/* Takes every credential of a connection out of use (rule 3): wiped, needs_reconnect with `why`.
 * *ret_count: how many had a secret. */
MUST_USE enum err store_credentials_wipe_connection(struct db *d, struct arena *a, struct fault *f,
                                                    str connection, str why, int64_t now_ms,
                                                    int64_t *ret_count);
/* Credentials with a secret, and those of them that are connected. */
MUST_USE enum err store_credentials_count(struct db *d, struct arena *a, struct fault *f,
                                          str connection, int64_t *ret_credentials,
                                          int64_t *ret_connected);

/* Who has connected: own rows by the owner's sort key, after `after` (empty: from the start), or
 * the shared one. */
struct connected_row {
    struct credential_row credential;
    str user; /* the owner, or who entered the shared one */
    str name;
    str email;
    str sort_key;
    int active;
    int has_access;
};
MUST_USE enum err store_credentials_people(struct db *d, struct arena *a, struct fault *f,
                                           str connection, str after, int64_t limit,
                                           struct connected_row **ret, size_t *ret_count);
MUST_USE enum err store_credential_shared_person(struct db *d, struct arena *a, struct fault *f,
                                                 str connection, struct connected_row **ret);
/* Active users who have the app. */
MUST_USE enum err store_app_people(struct db *d, struct arena *a, struct fault *f, str app,
                                   int64_t *ret);

/* Secrets on file and the people they belong to; a connection (p != NULL) or a whole app. */
MUST_USE enum err store_credentials_cost(struct db *d, struct arena *a, struct fault *f, str app,
                                         str connection, int64_t *ret_credentials,
                                         int64_t *ret_people);
/* Connections of the app in own scope for which the user holds no usable row. */
MUST_USE enum err store_connections_todo(struct db *d, struct arena *a, struct fault *f, str app,
                                         str user, int64_t *ret);

MUST_USE enum err store_site_save(struct db *d, struct arena *a, struct fault *f,
                                  const struct site_row *row);

#endif
