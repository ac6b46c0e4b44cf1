/* Rows of `connections`. Every query takes the app's id: another app's connection is not found.
 * Rows borrow from the arena given. Worker threads; errors as in db/db.h.
 */
#ifndef STORE_CONNECTIONS_H
#define STORE_CONNECTIONS_H

#include "db/db.h"

struct connection_row {
    str id;
    str app;
    str type; /* jira_oauth2, jira_api */
    str name;
    str base_url; /* origin, or p == NULL */
    int base_url_fixed;
    int shared;
    int64_t switch_counter;
    int64_t created;
    str created_by;
    int runners_may_request; /* rule 10 */
    int old_search;          /* the relay answers the search that Jira has removed */
};

/* By name. */
MUST_USE enum err store_connections_list(struct db *d, struct arena *a, struct fault *f, str app,
                                         struct connection_row **ret, size_t *ret_count);
/* ERR_NOT_FOUND. */
MUST_USE enum err store_connection_find(struct db *d, struct arena *a, struct fault *f, str app,
                                        str id, struct connection_row *ret);
/* By id, or by what must be unique of the name; an id wins. ERR_NOT_FOUND. */
MUST_USE enum err store_connection_find_named(struct db *d, struct arena *a, struct fault *f,
                                              str app, str id, str name_key,
                                              struct connection_row *ret);
/* ERR_CONFLICT: the name is taken in this app. name_key: what must be unique. */
MUST_USE enum err store_connection_insert(struct db *d, struct arena *a, struct fault *f,
                                          const struct connection_row *row, str name_key);
/* Scope and switch counter. */
MUST_USE enum err store_connection_switch(struct db *d, struct arena *a, struct fault *f, str id,
                                          int shared, int64_t switch_counter);
/* Name, base_url, base_url_fixed, runners_may_request and old_search. ERR_CONFLICT as above. */
MUST_USE enum err store_connection_update(struct db *d, struct arena *a, struct fault *f,
                                          const struct connection_row *row, str name_key);
MUST_USE enum err store_connection_delete(struct db *d, struct arena *a, struct fault *f, str app,
                                          str id);

#endif
