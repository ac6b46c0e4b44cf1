/* Rows of `requests`: what an app's admins saved to be sent to Jira. Every query takes the app's
 * id. SQL only, no rules. Rows borrow from the arena. Worker threads; errors as in db/db.h.
 */
#ifndef STORE_REQUESTS_H
#define STORE_REQUESTS_H

#include "db/db.h"

struct request_row {
    str id;
    str app;
    str name;
    str connection; /* p == NULL: it was deleted */
    str document;   /* JSON, see actions/request.h */
    int64_t version;
    int64_t created;
    str created_by;
    int64_t changed;
    str changed_by;
    /* joined */
    str connection_name; /* p == NULL: as above */
    str changer_name;    /* p == NULL: no longer there */
};

/* By name. */
MUST_USE enum err store_requests_list(struct db *d, struct arena *a, struct fault *f, str app,
                                      struct request_row **ret, size_t *ret_count);
/* By id, or by what must be unique of the name; an id wins. ERR_NOT_FOUND. */
MUST_USE enum err store_request_find(struct db *d, struct arena *a, struct fault *f, str app,
                                     str id, str name_key, struct request_row *ret);
/* ERR_CONFLICT: the name is taken in this app. name_key: what must be unique. */
MUST_USE enum err store_request_insert(struct db *d, struct arena *a, struct fault *f,
                                       const struct request_row *row, str name_key);
/* Connection, document, changed and changed_by; the version becomes row->version + 1 when it is
 * row->version. *ret_done 0: it is another one by now, or there is no such request. */
MUST_USE enum err store_request_update(struct db *d, struct arena *a, struct fault *f,
                                       const struct request_row *row, int *ret_done);
/* *ret_done 0: there is none. */
MUST_USE enum err store_request_delete(struct db *d, struct arena *a, struct fault *f, str app,
                                       str id, int *ret_done);

#endif
