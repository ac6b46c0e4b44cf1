/* libsodium's generator, and tokens made with it. */
#include "crypto/random.h"

#include <sodium.h>

#include "base/check.h"
#include "base/url.h"

#define TOKEN_BYTES 32

void crypto_init(void)
{
    must(sodium_init() >= 0);
}

void random_bytes(void *p, size_t n)
{
    randombytes_buf(p, n);
}

str random_token(struct arena *a)
{
    unsigned char bytes[TOKEN_BYTES];
    str token;

    random_bytes(bytes, sizeof(bytes));
    token = url_base64(a, bytes, sizeof(bytes));
    sodium_memzero(bytes, sizeof(bytes));
    return token;
}
