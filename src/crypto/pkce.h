/* Proof Key for Code Exchange (RFC 7636), the method S256. Any thread. */
#ifndef CRYPTO_PKCE_H
#define CRYPTO_PKCE_H

#include "base/arena.h"
#include "base/secret.h"
#include "base/str.h"

/* 256 random bits as 43 unreserved characters (section 4.1); *ret must be empty. */
void pkce_make_verifier(struct secret *ret);
/* BASE64URL(SHA256(verifier)), section 4.2; in the arena. */
str pkce_challenge(struct arena *a, const struct secret *verifier);

#endif
