/* The rules of who is admin or runner of an app. The membership of the unit of work names the app
 * (except for the flagged ones), and the caller's right was decided before.
 *
 * Rules:
 *   - given to a user, a group or Everyone, each at most once an app: giving it a second time is
 *     ERR_NAME_TAKEN, and says to change the role in the list instead (so that adding somebody
 *     cannot demote them by accident);
 *   - an active admin is an active user with the role admin, by whichever permission;
 *   - no app admin can make a change to the app's permissions that leaves the app without an active
 *     admin, neither to themselves nor to another: ERR_LAST_ADMIN. Two admins who remove each other
 *     at the same time: one wins, because write transactions are serial;
 *   - what workspace admins do to people and groups is never hindered by an app: disabling a user,
 *     removing a member, deleting a group. An app that is left without an active admin is flagged:
 *     workspace admins see its name (nothing else) and appoint one. As soon as an active admin
 *     exists again, by whatever way, the flag is gone and appointing is refused.
 */
#ifndef CORE_PERMISSIONS_H
#define CORE_PERMISSIONS_H

#include "core/work.h"
#include "store/apps.h"
#include "store/permissions.h"

MUST_USE enum err permissions_all(struct work *w, struct permission_row **ret, size_t *ret_count);
/* principal: for a user id or e-mail, for a group its id, ignored for everyone. ERR_INVALID: no
 * such user or group, or a disabled user. ERR_NAME_TAKEN. Write transaction, as the next two. */
MUST_USE enum err permissions_add(struct work *w, enum permission_kind kind, str principal,
                                  enum permission_role role, struct permission_row *ret);
/* ERR_NOT_FOUND, ERR_LAST_ADMIN. */
MUST_USE enum err permissions_change(struct work *w, str id, enum permission_role role,
                                     struct permission_row *ret);
MUST_USE enum err permissions_remove(struct work *w, str id);
/* The acting user's role in the app now, for where to go after a change. */
MUST_USE enum err permissions_role_now(struct work *w, enum permission_role *ret);

/* Active admins, at most limit of them; *ret_total 0: the app is flagged. */
MUST_USE enum err permissions_admins(struct work *w, int64_t limit, struct person_row **ret,
                                     size_t *ret_count, int64_t *ret_total);

/* All flagged apps. */
MUST_USE enum err permissions_flagged(struct work *w, struct app_row **ret, size_t *ret_count);
/* Makes an active user (id or e-mail) admin of a flagged app, by its slug. ERR_NOT_FOUND
 * (also when it has an admin: apps with admins are nobody else's business), ERR_INVALID. Write
 * transaction. */
MUST_USE enum err permissions_appoint(struct work *w, str slug, str user, struct app_row *ret);

#endif
