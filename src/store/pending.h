/* Rows of `pending_connects` (a connect that waits for a yes) and `drafts` (a request form kept
 * while its author connects). Both expire. Worker threads.
 */
#ifndef STORE_PENDING_H
#define STORE_PENDING_H

#include "db/db.h"

struct pending_row {
    str id;
    str confirm_hmac; /* bytes */
    str app;
    str connection;
    str user;
    str session;
    int64_t switch_counter;
    int64_t generation;
    str found;  /* JSON, no secret */
    str sealed; /* the token */
    int64_t until;
};

MUST_USE enum err store_pending_insert(struct db *d, struct arena *a, struct fault *f,
                                       const struct pending_row *row);
/* Not yet expired; ERR_NOT_FOUND. */
MUST_USE enum err store_pending_find(struct db *d, struct arena *a, struct fault *f,
                                     str confirm_hmac, int64_t now_ms, struct pending_row *ret);
/* *ret_deleted: 0 when somebody else had it before. */
MUST_USE enum err store_pending_delete(struct db *d, struct arena *a, struct fault *f, str id,
                                       int *ret_deleted);
/* A user asks one question a connection at a time. */
MUST_USE enum err store_pending_delete_of(struct db *d, struct arena *a, struct fault *f,
                                          str connection, str user);
MUST_USE enum err store_pending_expire(struct db *d, struct arena *a, struct fault *f,
                                       int64_t now_ms);

/* One draft a user and app: replaces the one before; *ret_id is the row's. */
MUST_USE enum err store_draft_save(struct db *d, struct arena *a, struct fault *f, str app,
                                   str user, str content, int64_t until, str *ret_id);
/* *ret p == NULL: none, expired, or somebody else's. */
MUST_USE enum err store_draft_find(struct db *d, struct arena *a, struct fault *f, str app,
                                   str user, str id, int64_t now_ms, str *ret_content);
MUST_USE enum err store_drafts_expire(struct db *d, struct arena *a, struct fault *f,
                                      int64_t now_ms);

#endif
