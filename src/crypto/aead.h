/* XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha) with a random 24-byte nonce in front:
 * nonce | ciphertext | 16-byte tag. The associated data is authenticated and not stored: who
 * opens must bring the same. Any thread.
 */
#ifndef CRYPTO_AEAD_H
#define CRYPTO_AEAD_H

#include "base/arena.h"
#include "base/secret.h"
#include "base/str.h"

#define AEAD_KEY_BYTES 32
#define AEAD_OVERHEAD 40

/* key: 32 bytes. The sealed bytes are in the arena. Cannot fail. */
str aead_seal(struct arena *a, const struct secret *key, str associated,
              const struct secret *plain);
/* Returns 1 and sets *ret_plain (empty before), or 0: wrong key, other associated data, or
 * altered bytes; which of them cannot be told. */
MUST_USE int aead_open(const struct secret *key, str associated, str sealed,
                       struct secret *ret_plain);

#endif
