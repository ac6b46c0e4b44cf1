/* Unpredictable bytes (libsodium, getrandom behind it). Any thread. */
#ifndef CRYPTO_RANDOM_H
#define CRYPTO_RANDOM_H

#include <stddef.h>

#include "base/arena.h"
#include "base/secret.h"

/* Call once at the start, before any other thread; aborts when libsodium cannot run here. */
void crypto_init(void);

void random_bytes(void *p, size_t n);
/* 256 random bits as 43 characters of base64url: session ids, one-time links, CSRF keys. It is
 * the bearer's copy; what is stored of it is its HMAC (vault/keyring.h). */
str random_token(struct arena *a);

#endif
