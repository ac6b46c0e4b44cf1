/* Small parts that several files of the store share; not for users of the store. */
#ifndef STORE_PEOPLE_INT_H
#define STORE_PEOPLE_INT_H

#include "store/users.h"

/* Whether a user (an expression) may run an app (an expression); enabled or not. */
#define HAS_APP(app, user)                                                                         \
    "EXISTS (SELECT 1 FROM permissions p WHERE p.app_id = " app " AND (p.kind = 'everyone'"        \
    " OR (p.kind = 'user' AND p.principal = " user ")"                                             \
    " OR (p.kind = 'group' AND EXISTS (SELECT 1 FROM group_members m"                              \
    " WHERE m.group_id = p.principal AND m.user_id = " user "))))"
#define OWNER_HAS_APP HAS_APP("c.app_id", "c.owner")

/* Rows of (id, name, email). */
void people_of(struct arena *a, const struct db_rows *r, struct person_row **ret,
               size_t *ret_count);
/* "%text%" for LIKE ... ESCAPE '!', with what is special in text escaped. */
str people_pattern(struct arena *a, str text);

#endif
