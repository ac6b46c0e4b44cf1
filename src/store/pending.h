/* Rows of `pending_connects` (connects under way, see tables/migrations/0002_oauth.sql) and
 * `drafts` (a request form kept while its author connects). Both expire. Worker threads.
 */
#ifndef STORE_PENDING_H
#define STORE_PENDING_H

#include "db/db.h"

struct pending_row {
    str id;
    str kind;       /* authorize, site, identity */
    str token_hmac; /* bytes: of `state` or of the confirm id */
    str app;
    str connection;
    str user;
    str session;
    int64_t switch_counter;
    str credential; /* on file when it began, p == NULL: none */
    int64_t generation;
    str client_id; /* p == NULL: an API key */
    str found;     /* JSON, no secret */
    str sealed;    /* p == NULL: wiped */
    str sealed_refresh;
    str return_to;
    int64_t created;
    int64_t until;
    int64_t used;
    str outcome;
    str app_slug; /* joined from apps; not written */
};

MUST_USE enum err store_pending_insert(struct db *d, struct arena *a, struct fault *f,
                                       const struct pending_row *row);
/* By its token, whatever became of it; *ret NULL when there is none. */
MUST_USE enum err store_pending_find(struct db *d, struct arena *a, struct fault *f, str kind,
                                     str token_hmac, struct pending_row **ret);
/* The latest of a session, or of a user and connection; *ret NULL when there is none. */
MUST_USE enum err store_pending_latest_of_session(struct db *d, struct arena *a, struct fault *f,
                                                  str kind, str session, struct pending_row **ret);
MUST_USE enum err store_pending_latest_of_user(struct db *d, struct arena *a, struct fault *f,
                                               str kind, str connection, str user,
                                               struct pending_row **ret);
/* Marks it used and wipes its secrets; *ret_claimed 0 when it was used or is too old. */
MUST_USE enum err store_pending_claim(struct db *d, struct arena *a, struct fault *f, str id,
                                      int64_t now_ms, int *ret_claimed);
MUST_USE enum err store_pending_outcome(struct db *d, struct arena *a, struct fault *f, str id,
                                        str outcome);
/* *ret_deleted: 0 when somebody else had it before. */
MUST_USE enum err store_pending_delete(struct db *d, struct arena *a, struct fault *f, str id,
                                       int *ret_deleted);
/* All of a kind for a user and connection; kind.p NULL: of every kind. */
MUST_USE enum err store_pending_delete_of(struct db *d, struct arena *a, struct fault *f,
                                          str connection, str user, str kind);
/* All for a connection: its scope was switched. */
MUST_USE enum err store_pending_delete_of_connection(struct db *d, struct arena *a, struct fault *f,
                                                     str connection);
/* Questions whose time is over go; an authorize loses its secret then and goes a day later. */
MUST_USE enum err store_pending_expire(struct db *d, struct arena *a, struct fault *f,
                                       int64_t now_ms, int64_t day_ago_ms);

/* One draft a user and app: replaces the one before; *ret_id is the row's. */
MUST_USE enum err store_draft_save(struct db *d, struct arena *a, struct fault *f, str app,
                                   str user, str content, int64_t until, str *ret_id);
/* *ret p == NULL: none, expired, or somebody else's. */
MUST_USE enum err store_draft_find(struct db *d, struct arena *a, struct fault *f, str app,
                                   str user, str id, int64_t now_ms, str *ret_content);
MUST_USE enum err store_drafts_expire(struct db *d, struct arena *a, struct fault *f,
                                      int64_t now_ms);

#endif
