/* Rows of `permissions`: who is admin or runner of an app; and the questions that are asked of
 * them. Every query on one app takes the app's id. SQL only, no rules. Worker threads.
 */
#ifndef STORE_PERMISSIONS_H
#define STORE_PERMISSIONS_H

#include "store/users.h"

enum permission_kind { PERMISSION_OF_USER, PERMISSION_OF_GROUP, PERMISSION_OF_EVERYONE };
/* In rising order. */
enum permission_role { PERMISSION_ROLE_NONE, PERMISSION_ROLE_RUNNER, PERMISSION_ROLE_ADMIN };

struct permission_row {
    str id;
    str app;
    enum permission_kind kind;
    str principal; /* the user's or group's id; "" for everyone */
    enum permission_role role;
    int64_t created;
    /* read only */
    str user_name; /* p == NULL unless kind is a user */
    str user_email;
    str group_name;  /* p == NULL unless kind is a group */
    int64_t members; /* active users it stands for */
};

/* "user", "group", "everyone"; "runner", "admin" ("" for NONE). */
str permission_kind_text(enum permission_kind kind);
str permission_role_text(enum permission_role role);

/* The highest role of a user from own, groups' and everyone's permissions. The user's state is not
 * looked at. */
MUST_USE enum err store_permission_role(struct db *d, struct arena *a, struct fault *f, str app,
                                        str user, enum permission_role *ret);
/* Admins first, then users, groups and everyone by age. */
MUST_USE enum err store_permissions_list(struct db *d, struct arena *a, struct fault *f, str app,
                                         struct permission_row **ret, size_t *ret_count);
/* *ret NULL when there is none in this app. */
MUST_USE enum err store_permission_find(struct db *d, struct arena *a, struct fault *f, str app,
                                        str id, struct permission_row **ret);
/* The permission that a principal has in the app itself; *ret NULL when there is none. */
MUST_USE enum err store_permission_of(struct db *d, struct arena *a, struct fault *f, str app,
                                      enum permission_kind kind, str principal,
                                      struct permission_row **ret);
/* ERR_CONFLICT: the principal is there already. */
MUST_USE enum err store_permission_insert(struct db *d, struct arena *a, struct fault *f,
                                          const struct permission_row *row);
MUST_USE enum err store_permission_set_role(struct db *d, struct arena *a, struct fault *f, str app,
                                            str id, enum permission_role role);
MUST_USE enum err store_permission_delete(struct db *d, struct arena *a, struct fault *f, str app,
                                          str id);
/* The active users who are admins of the app, by sort_key, at most limit; *ret_total: how many. */
MUST_USE enum err store_permission_admins(struct db *d, struct arena *a, struct fault *f, str app,
                                          int64_t limit, struct person_row **ret, size_t *ret_count,
                                          int64_t *ret_total);

#endif
