/* Signing messages as Standard Webhooks 1.0 has it (github.com/standard-webhooks/standard-webhooks,
 * spec/standard-webhooks.md): HMAC-SHA-256 over "id.timestamp.body" under a secret that is handed
 * to the receiver as "whsec_" and base64. Pure; any thread.
 */
#ifndef CRYPTO_SIGNING_H
#define CRYPTO_SIGNING_H

#include "base/arena.h"
#include "base/secret.h"
#include "base/str.h"

#define SIGNING_SECRET_BYTES 32

/* A new secret; *ret must be empty. */
void signing_make(struct secret *ret);
/* "whsec_...": the receiver's copy, to be shown once. */
str signing_show(struct arena *a, const struct secret *secret);
/* "v1,<base64>", the value of the header webhook-signature. */
str signing_sign(struct arena *a, const struct secret *secret, str id, int64_t timestamp_s,
                 str body);
/* Base64 with padding (RFC 4648 section 4), which libsodium has at hand. */
str signing_base64(struct arena *a, const void *p, size_t n);

#endif
