/* Password hashing: Argon2id, 64 MB, 3 passes, encoded by libsodium ("$argon2id$...").
 *
 * At most two run at a time in the process; three more callers wait, all others are sent away at
 * once with ERR_OVERLOADED: whoever floods the sign-in must not keep every worker waiting here,
 * where the rest of the workspace needs them. Workers only, never a loop thread: one takes some
 * 100 ms.
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

/* ERR_OVERLOADED when one more caller would be sent away now. To be asked before anything is
 * written, counted attempts included; it promises nothing. */
MUST_USE enum err password_gate_check(struct password_gate *g, struct fault *f);
/* The encoded hash in the arena. ERR_OVERLOADED when there is no place or memory for it. */
MUST_USE enum err password_hash(struct password_gate *g, struct arena *a, struct fault *f,
                                const struct secret *password, str *ret);
/* *ret is 1 when it fits, 0 when not (or no memory). An empty `encoded` (no such user) takes as
 * long and gives 0. ERR_OVERLOADED when there is no place: nothing is known then. */
MUST_USE enum err password_fits(struct password_gate *g, struct fault *f, str encoded,
                                const struct secret *password, int *ret);
/* Its length in code points, for the rule on lengths. */
size_t password_characters(const struct secret *password);

#endif
