/* Password hashing: Argon2id, 64 MB, 3 passes, encoded by libsodium ("$argon2id$...").
 *
 * At most two run at a time in the process; a third caller waits. Workers only, never a loop
 * thread: one takes some 100 ms.
 */
#ifndef CRYPTO_PASSWORD_H
#define CRYPTO_PASSWORD_H

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/str.h"

struct password_gate;

MUST_USE struct password_gate *password_gate_new(void);
void password_gate_free(struct password_gate *g);

/* The encoded hash in the arena. ERR_OVERLOADED when there is no memory for it. */
MUST_USE enum err password_hash(struct password_gate *g, struct arena *a, struct fault *f,
                                const struct secret *password, str *ret);
/* 1 when it fits, 0 when not (or no memory). An empty `encoded` (no such user) takes as long and
 * gives 0. */
int password_fits(struct password_gate *g, str encoded, const struct secret *password);
/* Its length in code points, for the rule on lengths. */
size_t password_characters(const struct secret *password);

#endif
