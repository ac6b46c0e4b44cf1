/* Small parts that several files of the store share; not for users of the store. */
#ifndef STORE_PEOPLE_INT_H
#define STORE_PEOPLE_INT_H

#include "store/users.h"

/* Rows of (id, name, email). */
void people_of(struct arena *a, const struct db_rows *r, struct person_row **ret,
               size_t *ret_count);
/* "%text%" for LIKE ... ESCAPE '!', with what is special in text escaped. */
str people_pattern(struct arena *a, str text);

#endif
