/* Rows of `users`: the people of the workspace. SQL only, no rules.
 * Rows borrow from the arena given. Worker threads; errors as in db/db.h.
 */
#ifndef STORE_USERS_H
#define STORE_USERS_H

#include "db/db.h"

/* invited: has not used a link yet, so has no password. Only active users can do anything. */
enum user_state { USER_INVITED, USER_ACTIVE, USER_DISABLED };

struct user_row {
    str id;
    str email; /* as entered */
    str email_key;
    str name;
    str sort_key;
    str search;
    str password; /* Argon2id, encoded; p == NULL: none yet */
    int workspace_admin;
    enum user_state state;
    int64_t created;
    int64_t last_seen; /* 0: never */
};

/* Where only a name is due. */
struct person_row {
    str id;
    str name;
    str email;
};

/* "invited", "active", "disabled". */
str user_state_text(enum user_state state);

/* *ret NULL when there is none. */
MUST_USE enum err store_user_find(struct db *d, struct arena *a, struct fault *f, str id,
                                  struct user_row **ret);
MUST_USE enum err store_user_find_email(struct db *d, struct arena *a, struct fault *f,
                                        str email_key, struct user_row **ret);
/* ERR_CONFLICT: the e-mail is taken. */
MUST_USE enum err store_user_insert(struct db *d, struct arena *a, struct fault *f,
                                    const struct user_row *row);
/* Name, sort_key, search, workspace_admin, state. */
MUST_USE enum err store_user_update(struct db *d, struct arena *a, struct fault *f,
                                    const struct user_row *row);
/* Sets the password and makes the user active. */
MUST_USE enum err store_user_set_password(struct db *d, struct arena *a, struct fault *f, str id,
                                          str password);
MUST_USE enum err store_user_seen(struct db *d, struct arena *a, struct fault *f, str id,
                                  int64_t now_ms);
/* Active workspace admins. */
MUST_USE enum err store_users_count_admins(struct db *d, struct arena *a, struct fault *f,
                                           int64_t *ret);

/* Users whose search text holds `filter` (folded as `search` is; empty: all), by sort_key behind
 * `after` (empty: from the start), at most limit. *ret_total: how many match on all pages. */
MUST_USE enum err store_users_page(struct db *d, struct arena *a, struct fault *f, str filter,
                                   str after, int64_t limit, struct user_row **ret,
                                   size_t *ret_count, int64_t *ret_total);
/* People one may choose: active ones, with USERS_AND_INVITED the invited too; by sort_key. */
enum users_choice { USERS_ACTIVE, USERS_AND_INVITED };
MUST_USE enum err store_users_choosable(struct db *d, struct arena *a, struct fault *f,
                                        enum users_choice choice, int64_t limit,
                                        struct person_row **ret, size_t *ret_count);

#endif
