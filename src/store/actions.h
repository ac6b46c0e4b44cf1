/* Rows of `actions`. Every query takes the app's id. SQL only, no rules. Rows borrow from the
 * arena. Worker threads; errors as in db/db.h.
 */
#ifndef STORE_ACTIONS_H
#define STORE_ACTIONS_H

#include "db/db.h"

struct action_row {
    str id;
    str app;
    str slug;
    str name;
    str description;
    int enabled;
    str draft; /* JSON, see actions/action.h */
    int64_t draft_version;
    str applied;             /* JSON; p == NULL: never applied */
    int64_t applied_version; /* 0: never */
    int64_t applied_from;    /* the draft_version that it was */
    int64_t applied_at;
    str applied_by;
    int64_t created;
    str created_by;
    int64_t changed;
    str entry; /* of the catalogue, that it was added from; p == NULL: of none */
    /* joined */
    str applier_name; /* p == NULL: never, or no longer there */
};

/* By name, without draft and applied (p == NULL). */
MUST_USE enum err store_actions_list(struct db *d, struct arena *a, struct fault *f, str app,
                                     struct action_row **ret, size_t *ret_count);
/* By id, slug, or what must be unique of the name, in this order. ERR_NOT_FOUND. */
MUST_USE enum err store_action_find(struct db *d, struct arena *a, struct fault *f, str app,
                                    str wanted, str name_key, struct action_row *ret);
MUST_USE enum err store_action_slug_taken(struct db *d, struct arena *a, struct fault *f, str app,
                                          str slug, int *ret);
/* ERR_CONFLICT: the name or slug is taken in this app. */
MUST_USE enum err store_action_insert(struct db *d, struct arena *a, struct fault *f,
                                      const struct action_row *row, str name_key);
/* Everything but id, app, slug, created and entry; when the draft_version on file is still
 * `version`. *ret_done 0: it is not, or there is no such action. ERR_CONFLICT: the name is taken.
 */
MUST_USE enum err store_action_update(struct db *d, struct arena *a, struct fault *f,
                                      const struct action_row *row, str name_key, int64_t version,
                                      int *ret_done);
MUST_USE enum err store_action_set_entry(struct db *d, struct arena *a, struct fault *f, str app,
                                         str id, str entry);
MUST_USE enum err store_action_delete(struct db *d, struct arena *a, struct fault *f, str app,
                                      str id, int *ret_done);

#endif
