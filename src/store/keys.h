/* Rows of `mortise_keys`: what scripts and bots call with. The key itself is never stored, only its
 * HMAC. SQL only, no rules. Rows borrow from the arena. Worker threads; errors as in db/db.h.
 */
#ifndef STORE_KEYS_H
#define STORE_KEYS_H

#include "db/db.h"

struct key_row {
    str id;
    str hint;
    str name;
    str user;       /* acts as; p == NULL: as the app */
    str app;        /* the only one that it opens; p == NULL: all of the user's */
    str connection; /* the only one that it opens; p == NULL: all of the app's */
    str methods;    /* separated by spaces; empty: all */
    str paths;      /* the same */
    int64_t created;
    str created_by;
    int64_t expires;   /* 0: never */
    int64_t last_used; /* 0: not yet */
    /* joined */
    str app_slug;
    str app_name;
    str connection_name;
    str maker_name; /* of created_by; p == NULL: no longer there */
    str maker_email;
};

MUST_USE enum err store_key_insert(struct db *d, struct arena *a, struct fault *f,
                                   const struct key_row *row, str token_hmac);
/* *ret NULL when there is none; expired ones are found too. */
MUST_USE enum err store_key_find(struct db *d, struct arena *a, struct fault *f, str token_hmac,
                                 struct key_row **ret);
/* The keys that act as a user, or, with user.p NULL, as the app; the newest first. */
MUST_USE enum err store_keys_of(struct db *d, struct arena *a, struct fault *f, str user, str app,
                                struct key_row **ret, size_t *ret_count);
/* *ret_done 0: no such key acts as that user, or app. */
MUST_USE enum err store_key_delete(struct db *d, struct arena *a, struct fault *f, str id, str user,
                                   str app, int *ret_done);
/* All that act as a user. */
MUST_USE enum err store_keys_delete_user(struct db *d, struct arena *a, struct fault *f, str user);
MUST_USE enum err store_keys_count_user(struct db *d, struct arena *a, struct fault *f, str user,
                                        int64_t *ret);
MUST_USE enum err store_key_used(struct db *d, struct arena *a, struct fault *f, str id,
                                 int64_t now_ms);

#endif
