/* Rows of `groups` and `group_members`. SQL only, no rules. Worker threads. */
#ifndef STORE_GROUPS_H
#define STORE_GROUPS_H

#include "store/users.h"

struct group_row {
    str id;
    str name;
    str name_key;
    str sort_key;
    str description;
    int64_t created;
    int64_t members; /* of any state; read only */
};

/* *ret NULL when there is none. */
MUST_USE enum err store_group_find(struct db *d, struct arena *a, struct fault *f, str id,
                                   struct group_row **ret);
/* By sort_key. */
MUST_USE enum err store_groups_list(struct db *d, struct arena *a, struct fault *f,
                                    struct group_row **ret, size_t *ret_count);
/* Those a user is in, by sort_key. */
MUST_USE enum err store_groups_of_user(struct db *d, struct arena *a, struct fault *f, str user,
                                       struct group_row **ret, size_t *ret_count);
/* ERR_CONFLICT: the name is taken. */
MUST_USE enum err store_group_insert(struct db *d, struct arena *a, struct fault *f,
                                     const struct group_row *row);
/* Name, name_key, sort_key, description. ERR_CONFLICT as above. */
MUST_USE enum err store_group_update(struct db *d, struct arena *a, struct fault *f,
                                     const struct group_row *row);
/* With its members and its permissions in all apps. */
MUST_USE enum err store_group_delete(struct db *d, struct arena *a, struct fault *f, str id);

/* Does nothing when the user is a member already. */
MUST_USE enum err store_group_member_add(struct db *d, struct arena *a, struct fault *f, str group,
                                         str user, int64_t now_ms);
/* *ret_done 0: was no member. */
MUST_USE enum err store_group_member_remove(struct db *d, struct arena *a, struct fault *f,
                                            str group, str user, int *ret_done);
/* At most limit behind the sort_key `after`, by sort_key; (*ret_keys)[i] is the i-th one's. */
MUST_USE enum err store_group_members(struct db *d, struct arena *a, struct fault *f, str group,
                                      str after, int64_t limit, struct person_row **ret,
                                      size_t *ret_count, str **ret_keys);
/* Active and invited users who are not in it, at most limit. */
MUST_USE enum err store_group_candidates(struct db *d, struct arena *a, struct fault *f, str group,
                                         int64_t limit, struct person_row **ret, size_t *ret_count);

#endif
