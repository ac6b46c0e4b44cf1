/* Hashes, derived keys and comparing, on libsodium. What holds key material is wiped here. */
#include "crypto/hash.h"

#include <sodium.h>

#include "base/check.h"

_Static_assert(HASH_BYTES == crypto_auth_hmacsha256_BYTES, "HMAC-SHA-256");
_Static_assert(HASH_BYTES == crypto_hash_sha256_BYTES, "SHA-256");
_Static_assert(HASH_BYTES == crypto_kdf_KEYBYTES, "a derived key can be derived from again");

static const unsigned char *bytes_of(str s)
{
    return (const unsigned char *)s.p;
}

void hash_hmac(const struct secret *key, str data, unsigned char ret[static HASH_BYTES])
{
    crypto_auth_hmacsha256_state state;
    str k = secret_expose(key);

    must(secret_is_set(key));
    crypto_auth_hmacsha256_init(&state, bytes_of(k), k.n);
    crypto_auth_hmacsha256_update(&state, bytes_of(data), data.n);
    crypto_auth_hmacsha256_final(&state, ret);
    sodium_memzero(&state, sizeof(state));
}

void hash_mark(const struct secret *key, str data, unsigned char ret[static HASH_MARK_BYTES])
{
    str k = secret_expose(key);

    must(k.n == crypto_shorthash_siphashx24_KEYBYTES);
    must(crypto_shorthash_siphashx24(ret, bytes_of(data), data.n, bytes_of(k)) == 0);
}

void hash_sha256(str data, unsigned char ret[static HASH_BYTES])
{
    crypto_hash_sha256(ret, bytes_of(data), data.n);
}

str hash_hex(struct arena *a, const unsigned char *p, size_t n)
{
    char *text = arena_alloc(a, 2 * n + 1);

    sodium_bin2hex(text, 2 * n + 1, p, n);
    return (str){text, 2 * n};
}

int hash_equal(str a, str b)
{
    return a.n == b.n && (a.n == 0 || sodium_memcmp(a.p, b.p, a.n) == 0);
}

void hash_derive(const struct secret *key, const char context[static 8], struct secret *ret)
{
    str k = secret_expose(key);
    struct secret derived = {0};

    must(k.n == crypto_kdf_KEYBYTES);
    secret_alloc(&derived, HASH_BYTES);
    must(crypto_kdf_derive_from_key(derived.p, HASH_BYTES, 1, context, bytes_of(k)) == 0);
    secret_wipe(ret);
    secret_take(ret, &derived);
}
