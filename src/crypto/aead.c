/* Sealing and opening with XChaCha20-Poly1305. The nonce is random: 192 bits make a repetition
 * impossible in practice, so that no counter has to be kept.
 */
#include "crypto/aead.h"

#include <sodium.h>

#include "base/check.h"
#include "crypto/random.h"

#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES

_Static_assert(AEAD_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key");
_Static_assert(AEAD_OVERHEAD == NONCE_BYTES + TAG_BYTES, "nonce and tag");

str aead_seal(struct arena *a, const struct secret *key, str associated, const struct secret *plain)
{
    unsigned char *out = arena_alloc(a, plain->n + AEAD_OVERHEAD);
    str k = secret_expose(key);
    str p = secret_expose(plain);
    int done;

    must(k.n == AEAD_KEY_BYTES);
    must(secret_is_set(plain));
    random_bytes(out, NONCE_BYTES);
    done = crypto_aead_xchacha20poly1305_ietf_encrypt(
        out + NONCE_BYTES, NULL, (const unsigned char *)p.p, p.n,
        (const unsigned char *)associated.p, associated.n, NULL, out, (const unsigned char *)k.p);
    must(done == 0);
    return (str){(const char *)out, p.n + AEAD_OVERHEAD};
}

int aead_open(const struct secret *key, str associated, str sealed, struct secret *ret_plain)
{
    const unsigned char *in = (const unsigned char *)sealed.p;
    str k = secret_expose(key);
    SECRET_AUTO struct secret plain = {0};
    int done;

    must(k.n == AEAD_KEY_BYTES);
    must(!secret_is_set(ret_plain));
    if (sealed.n < AEAD_OVERHEAD)
        return 0;
    secret_alloc(&plain, sealed.n - AEAD_OVERHEAD);
    done = crypto_aead_xchacha20poly1305_ietf_decrypt(
        plain.p, NULL, NULL, in + NONCE_BYTES, sealed.n - NONCE_BYTES,
        (const unsigned char *)associated.p, associated.n, in, (const unsigned char *)k.p);
    if (done != 0)
        return 0;
    secret_take(ret_plain, &plain);
    return 1;
}
