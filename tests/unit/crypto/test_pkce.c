/* crypto/pkce.h: the vector of RFC 7636 appendix B, and what a verifier has to be (section 4.1). */
#include "support.h"

#include "crypto/pkce.h"
#include "crypto/random.h"

static void the_challenge_of_the_rfc(void **state)
{
    struct arena *a = arena_new(1 << 16);
    SECRET_AUTO struct secret verifier = {0};

    (void)state;
    secret_set(&verifier, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", 43);
    assert_str(pkce_challenge(a, &verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    arena_free(a);
}

static void verifiers_are_long_plain_and_never_the_same(void **state)
{
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                     "0123456789-._~";
    struct secret verifiers[64] = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(verifiers); i++) {
        pkce_make_verifier(&verifiers[i]);
        str v = secret_expose(&verifiers[i]);
        assert_int_equal(v.n, 43);
        assert_int_equal(strspn(v.p, unreserved), 43); /* RFC 7636 section 4.1 */
        for (size_t k = 0; k < i; k++)
            assert_false(str_eq(v, secret_expose(&verifiers[k])));
    }
    for (size_t i = 0; i < COUNT_OF(verifiers); i++)
        secret_wipe(&verifiers[i]);
}

/* Every one of the 256 bits is random: over many verifiers each position takes many values. */
static void no_position_is_fixed(void **state)
{
    char seen[43][128] = {{0}};

    (void)state;
    for (int i = 0; i < 400; i++) {
        SECRET_AUTO struct secret verifier = {0};
        pkce_make_verifier(&verifier);
        for (size_t at = 0; at < 43; at++)
            seen[at][verifier.p[at]] = 1;
    }
    for (size_t at = 0; at < 43; at++) {
        int values = 0;
        for (size_t c = 0; c < 128; c++)
            values += seen[at][c];
        assert_true(values >= (at == 42 ? 16 : 48)); /* the last one carries four bits */
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_challenge_of_the_rfc),
        cmocka_unit_test(verifiers_are_long_plain_and_never_the_same),
        cmocka_unit_test(no_position_is_fixed),
    };

    crypto_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
