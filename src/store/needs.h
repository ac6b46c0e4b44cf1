/* Rows of `credential_needs`: scopes and permissions that calls with a credential needed, and when
 * last. SQL only, no rules. Rows borrow from the arena. Worker threads; errors as in db/db.h.
 *
 * Bounded: a credential keeps its NEEDS_MAX youngest; those with nothing seen for longer than
 * `since_ms` are not read, and pushed out by younger ones.
 */
#ifndef STORE_NEEDS_H
#define STORE_NEEDS_H

#include "db/db.h"

#define NEEDS_MAX 200

struct need_row {
    str kind;    /* scope, permission */
    str project; /* a project's key; empty with a scope */
    str value;
    int64_t last_seen;
    int64_t refused; /* 0: not refused for the lack of it */
};

/* One of a credential's; *ret NULL when there is none. */
MUST_USE enum err store_need_find(struct db *d, struct arena *a, struct fault *f, str credential,
                                  str kind, str project, str value, struct need_row **ret);
/* Write transaction. Inserts or replaces, and lets the oldest go beyond NEEDS_MAX. Nothing happens
 * when the credential is gone. */
MUST_USE enum err store_need_save(struct db *d, struct arena *a, struct fault *f, str credential,
                                  const struct need_row *row);
/* The credential, or what its grant's tokens are, is new: nothing is refused yet to what stands on
 * it. grant.p == NULL: none. */
MUST_USE enum err store_needs_forgive(struct db *d, struct arena *a, struct fault *f,
                                      str credential, str grant);
/* Scopes that any credential of the connection needed since then: each once, by name; refused: of
 * this credential. */
MUST_USE enum err store_needs_scopes(struct db *d, struct arena *a, struct fault *f, str connection,
                                     str credential, int64_t since_ms, struct need_row **ret,
                                     size_t *ret_count);
/* Permissions that this credential needed since then: by project, the one used last first. */
MUST_USE enum err store_needs_permissions(struct db *d, struct arena *a, struct fault *f,
                                          str credential, int64_t since_ms, struct need_row **ret,
                                          size_t *ret_count);

#endif
