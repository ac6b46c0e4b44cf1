/* See the header. */
#include "crypto/signing.h"

#include <sodium.h>

#include "base/check.h"
#include "crypto/hash.h"
#include "crypto/random.h"

str signing_base64(struct arena *a, const void *p, size_t n)
{
    size_t room = sodium_base64_encoded_len(n, sodium_base64_VARIANT_ORIGINAL);
    char *text = arena_alloc(a, room);

    must(sodium_bin2base64(text, room, p, n, sodium_base64_VARIANT_ORIGINAL) != NULL);
    return (str){text, room - 1};
}

void signing_make(struct secret *ret)
{
    must(!secret_is_set(ret));
    secret_alloc(ret, SIGNING_SECRET_BYTES);
    random_bytes(ret->p, ret->n);
}

str signing_show(struct arena *a, const struct secret *secret)
{
    str bytes = secret_expose(secret);
    str text = signing_base64(a, bytes.p, bytes.n);

    return arena_printf(a, "whsec_%.*s", STR_ARG(text));
}

str signing_sign(struct arena *a, const struct secret *secret, str id, int64_t timestamp_s,
                 str body)
{
    unsigned char mac[HASH_BYTES];
    str message =
        arena_printf(a, "%.*s.%lld.%.*s", STR_ARG(id), (long long)timestamp_s, STR_ARG(body));

    hash_hmac(secret, message, mac);
    str text = signing_base64(a, mac, sizeof(mac));
    return arena_printf(a, "v1,%.*s", STR_ARG(text));
}
