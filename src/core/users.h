/* The rules of the workspace's people: inviting, changing, disabling. The caller's right (workspace
 * admin) was decided before.
 *
 * Rules:
 *   - an e-mail belongs to one user; ASCII case does not count;
 *   - invited -> active by the first link; active <-> disabled; enabling somebody who never had a
 *     password makes them invited again;
 *   - disabling ends the user's sessions and voids their links at once. Their own credentials are
 *     out of use from that moment, because a disabled user may do nothing (core/decide.h), and in
 *     use again when the user is enabled;
 *   - the last active workspace admin can be disabled or demoted by nobody: ERR_LAST_ADMIN. Being
 *     the last admin of an app hinders nobody from being disabled: the app is then flagged
 *     (core/permissions.h).
 */
#ifndef CORE_USERS_H
#define CORE_USERS_H

#include "core/work.h"
#include "store/users.h"

#define USERS_PAGE 100
/* At most so many people are offered in a list to choose from; others are named by e-mail. */
#define USERS_CHOICES 500

/* A new, invited user with these; nothing is stored. */
struct user_row users_row(struct work *w, str email, str name);
/* Name with what is made from it. */
void users_set_name(struct work *w, struct user_row *user, str name);

/* *ret 1 while there is no active workspace admin: the set-up link has not been used. */
MUST_USE enum err users_need_setup(struct work *w, int *ret);
/* ERR_NOT_FOUND. */
MUST_USE enum err users_get(struct work *w, str id, struct user_row *ret);
/* By id, or by e-mail when it holds an '@'; *ret NULL when there is none. */
MUST_USE enum err users_find(struct work *w, str id_or_email, struct user_row **ret);

struct users_page {
    struct user_row *rows;
    size_t count;
    int64_t total;
    str next; /* p == NULL: the last page */
};
MUST_USE enum err users_page(struct work *w, str query, str after, struct users_page *ret);

/* People to choose from, at most USERS_CHOICES. */
MUST_USE enum err users_choosable(struct work *w, enum users_choice choice, struct person_row **ret,
                                  size_t *ret_count);

enum user_grant { USER_PLAIN, USER_WORKSPACE_ADMIN };
/* email: valid (name_email_valid). ERR_NAME_TAKEN. Write transaction. */
MUST_USE enum err users_invite(struct work *w, str email, str name, enum user_grant grant,
                               struct user_row *ret);

/* NULL: not to be changed. */
struct user_change {
    const str *name;
    const int *workspace_admin;
    const int *disabled;
};
/* ERR_NOT_FOUND, ERR_LAST_ADMIN. Write transaction. */
MUST_USE enum err users_change(struct work *w, str id, const struct user_change *change,
                               struct user_row *ret);

#endif
