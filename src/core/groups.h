/* The rules of groups. The caller's right (workspace admin) was decided before.
 *
 * Names are unique (ASCII case does not count). A group stands in for its members wherever an app
 * names it. Changing a group can take the last admin from an app: that is allowed, as disabling a
 * leaver is, because a workspace admin must be able to take a right away from somebody at once;
 * the app is then flagged (core/permissions.h).
 */
#ifndef CORE_GROUPS_H
#define CORE_GROUPS_H

#include "core/work.h"
#include "store/groups.h"

/* All groups; those a user is in. */
MUST_USE enum err groups_all(struct work *w, struct group_row **ret, size_t *ret_count);
MUST_USE enum err groups_of(struct work *w, str user, struct group_row **ret, size_t *ret_count);
/* People of a group, a page of them, and at most USERS_CHOICES who could become members. */
struct groups_people {
    struct person_row *members; /* at most USERS_PAGE */
    size_t member_count;
    str next; /* for `after`; p == NULL: the last page */
    struct person_row *candidates;
    size_t candidate_count;
};
MUST_USE enum err groups_people(struct work *w, str id, str after, struct groups_people *ret);
/* ERR_NOT_FOUND. */
MUST_USE enum err groups_get(struct work *w, str id, struct group_row *ret);
/* ERR_NAME_TAKEN. Write transaction, as all below. */
MUST_USE enum err groups_create(struct work *w, str name, str description, struct group_row *ret);
/* NULL: not to be changed. ERR_NOT_FOUND, ERR_NAME_TAKEN. */
MUST_USE enum err groups_change(struct work *w, str id, const str *name, const str *description,
                                struct group_row *ret);
/* With its permissions in all apps. ERR_NOT_FOUND. */
MUST_USE enum err groups_delete(struct work *w, str id);
/* user: id or e-mail, active or invited. Somebody who is a member already stays one.
 * ERR_NOT_FOUND (the group), ERR_INVALID (no such user, or disabled). */
MUST_USE enum err groups_add(struct work *w, str id, str user);
/* ERR_NOT_FOUND: no such group or no member of it. */
MUST_USE enum err groups_remove(struct work *w, str id, str user);

#endif
