/* Small parts that several files of the store share; not for users of the store. */
#ifndef STORE_PEOPLE_INT_H
#define STORE_PEOPLE_INT_H

#include "store/users.h"

/* A user has a permission in an app. */
#define HAS_APP(app, user)                                                                         \
    "EXISTS (SELECT 1 FROM permissions p WHERE p.app_id = " app " AND (p.kind = 'everyone'"        \
    " OR (p.kind = 'user' AND p.principal = " user ")"                                             \
    " OR (p.kind = 'group' AND EXISTS (SELECT 1 FROM group_members m"                              \
    " WHERE m.group_id = p.principal AND m.user_id = " user "))))"

/* Rows of (id, name, email). */
void people_of(struct arena *a, const struct db_rows *r, struct person_row **ret,
               size_t *ret_count);
/* "%text%" for LIKE ... ESCAPE '!', with what is special in text escaped. */
str people_pattern(struct arena *a, str text);

#endif
