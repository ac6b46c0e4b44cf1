/* Rows of `sessions`: who is signed in where. The cookie's value is never stored, only its HMAC.
 * SQL only, no rules. Worker threads.
 */
#ifndef STORE_SESSIONS_H
#define STORE_SESSIONS_H

#include "store/users.h"

struct session_row {
    str id;
    str user;
    str agent; /* the browser's name for itself; may be empty */
    int64_t created;
    int64_t last_seen;
    int64_t expires;
};

MUST_USE enum err store_session_insert(struct db *d, struct arena *a, struct fault *f,
                                       const struct session_row *row, str token_hmac);
/* The session and its user, whatever their time and state; both NULL when there is none. */
MUST_USE enum err store_session_find(struct db *d, struct arena *a, struct fault *f, str token_hmac,
                                     struct session_row **ret, struct user_row **ret_user);
/* The user's sessions that have not expired, the last seen first. */
MUST_USE enum err store_sessions_list(struct db *d, struct arena *a, struct fault *f, str user,
                                      int64_t now_ms, struct session_row **ret, size_t *ret_count);
MUST_USE enum err store_session_touch(struct db *d, struct arena *a, struct fault *f, str id,
                                      int64_t last_seen, int64_t expires);
MUST_USE enum err store_session_delete(struct db *d, struct arena *a, struct fault *f, str id);
/* All of a user's but `except` (empty: none excepted). */
MUST_USE enum err store_sessions_delete_user(struct db *d, struct arena *a, struct fault *f,
                                             str user, str except);
MUST_USE enum err store_sessions_expire(struct db *d, struct arena *a, struct fault *f,
                                        int64_t now_ms);

#endif
