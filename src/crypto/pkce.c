/* See the header. */
#include "crypto/pkce.h"

#include <sodium.h>

#include "base/check.h"
#include "base/url.h"
#include "crypto/hash.h"
#include "crypto/random.h"

#define VERIFIER_BYTES 32
#define VERIFIER_CHARS 43

void pkce_make_verifier(struct secret *ret)
{
    unsigned char bytes[VERIFIER_BYTES];
    char text[VERIFIER_CHARS + 1];

    random_bytes(bytes, sizeof(bytes));
    must(sodium_bin2base64(text, sizeof(text), bytes, sizeof(bytes),
                           sodium_base64_VARIANT_URLSAFE_NO_PADDING) != NULL);
    secret_set(ret, text, VERIFIER_CHARS);
    sodium_memzero(bytes, sizeof(bytes));
    sodium_memzero(text, sizeof(text));
}

str pkce_challenge(struct arena *a, const struct secret *verifier)
{
    unsigned char digest[HASH_BYTES];

    hash_sha256(secret_expose(verifier), digest);
    return url_base64(a, digest, sizeof(digest));
}
