/* Rows of `relay_calls`: what went through the relay, for an app's admins. Written in groups. SQL
 * only, no rules. Rows borrow from the arena. Worker threads; errors as in db/db.h.
 */
#ifndef STORE_CALLS_H
#define STORE_CALLS_H

#include "db/db.h"

struct call_row {
    str id;
    str app;
    str connection;
    str connection_name;
    str key;
    str key_name;
    str user; /* p == NULL: as the app */
    str credential;
    str method;
    str template;
    str issue; /* p == NULL: the path names none */
    int64_t status;
    str code; /* p == NULL: an answer of the provider's */
    int64_t came;
    int64_t ms;
    int64_t repeats;
    /* joined */
    str user_name;
    str user_email;
};

/* What of an app's calls is wanted; empty texts and 0: all. */
struct call_filter {
    str connection; /* id */
    str key;        /* id */
    str user;       /* id */
    str issue;
    int64_t status_from;
    int64_t status_to; /* included */
    str before;        /* id: older ones only */
};

/* Write transaction. One whose app is gone is left out. */
MUST_USE enum err store_calls_insert(struct db *d, struct arena *a, struct fault *f,
                                     const struct call_row *rows, size_t count);
/* The newest first, at most limit. */
MUST_USE enum err store_calls_list(struct db *d, struct arena *a, struct fault *f, str app,
                                   const struct call_filter *filter, int64_t limit,
                                   struct call_row **ret, size_t *ret_count);
MUST_USE enum err store_calls_delete_before(struct db *d, struct arena *a, struct fault *f,
                                            int64_t came);

#endif
