/* Keyed and plain hashes, and comparing in constant time. Any thread. */
#ifndef CRYPTO_HASH_H
#define CRYPTO_HASH_H

#include <stddef.h>

#include "base/arena.h"
#include "base/secret.h"
#include "base/str.h"

#define HASH_BYTES 32
#define HASH_MARK_BYTES 16

/* HMAC-SHA-256 (RFC 2104) with a key of any length. */
void hash_hmac(const struct secret *key, str data, unsigned char ret[static HASH_BYTES]);
/* SipHash-2-4 with 128 bits and a key of HASH_MARK_BYTES, which nobody else may know: what HMAC
 * does in a fraction of the time, for marks that stay in memory. */
void hash_mark(const struct secret *key, str data, unsigned char ret[static HASH_MARK_BYTES]);
/* SHA-256. Not for passwords, not for anything guessable. */
void hash_sha256(str data, unsigned char ret[static HASH_BYTES]);
/* Lower-case hexadecimal in the arena. */
str hash_hex(struct arena *a, const unsigned char *p, size_t n);
/* 1 when equal; time depends on the length only. */
int hash_equal(str a, str b);
/* A 32-byte key derived from another for one purpose (BLAKE2b KDF of libsodium);
 * context: exactly 8 characters. What *ret held is wiped. */
void hash_derive(const struct secret *key, const char context[static 8], struct secret *ret);

#endif
