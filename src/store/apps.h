/* Rows of `apps`. SQL only, no rules. Worker threads. */
#ifndef STORE_APPS_H
#define STORE_APPS_H

#include "store/permissions.h"

struct app_row {
    str id;
    str slug; /* never changes */
    str name;
    str sort_key;
    str search;
    str description;
    int64_t created;
    str created_by;
};

/* An app as one of its members sees it in a list. */
struct app_seen_row {
    str id;
    str slug;
    str name;
    str sort_key;
    str description;
    enum permission_role role; /* the highest that the user has */
    int64_t connections;
};

/* *ret NULL when there is none. */
MUST_USE enum err store_app_find(struct db *d, struct arena *a, struct fault *f, str id,
                                 struct app_row **ret);
MUST_USE enum err store_app_find_slug(struct db *d, struct arena *a, struct fault *f, str slug,
                                      struct app_row **ret);
/* ERR_CONFLICT: the slug is taken. */
MUST_USE enum err store_app_insert(struct db *d, struct arena *a, struct fault *f,
                                   const struct app_row *row);
/* Name, sort_key, search, description. */
MUST_USE enum err store_app_update(struct db *d, struct arena *a, struct fault *f,
                                   const struct app_row *row);
/* With everything below it. */
MUST_USE enum err store_app_delete(struct db *d, struct arena *a, struct fault *f, str id);

/* The apps that a user has a permission for, filtered and paged as store_users_page() does. */
MUST_USE enum err store_apps_page(struct db *d, struct arena *a, struct fault *f, str user,
                                  str filter, str after, int64_t limit, struct app_seen_row **ret,
                                  size_t *ret_count, int64_t *ret_total);
/* The apps that no active user is admin of, by sort_key. */
MUST_USE enum err store_apps_without_admin(struct db *d, struct arena *a, struct fault *f,
                                           struct app_row **ret, size_t *ret_count);

#endif
