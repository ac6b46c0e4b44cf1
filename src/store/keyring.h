/* Rows of `keyring`: wrapped keys and the check value (vault/vault.h knows what they mean).
 * Start-up only; errors as in db/db.h.
 */
#ifndef STORE_KEYRING_H
#define STORE_KEYRING_H

#include "db/db.h"

struct keyring_row {
    str id;
    str wrapped;
    int active;
    int64_t created;
};

/* All of them, oldest first; none when the table is missing. In the arena. */
MUST_USE enum err store_keyring_list(struct db *d, struct arena *a, struct fault *f,
                                     struct keyring_row **ret, size_t *ret_count);
/* ERR_CONFLICT: the id exists. */
MUST_USE enum err store_keyring_insert(struct db *d, struct arena *a, struct fault *f,
                                       const struct keyring_row *row);

#endif
