/* crypto/random.h: what can be seen of randomness from outside. */
#include "support.h"

#include "base/url.h"
#include "crypto/random.h"

static void test_tokens(void **state)
{
    struct arena *a = arena_new(1000000);
    str tokens[200];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(tokens); i++) {
        str bytes;
        tokens[i] = random_token(a);
        assert_int_equal(tokens[i].n, 43);
        assert_true(url_unbase64(a, tokens[i], &bytes));
        assert_int_equal(bytes.n, 32);
        for (size_t j = 0; j < i; j++)
            assert_false(str_eq(tokens[i], tokens[j]));
    }
    arena_free(a);
}

static void test_bytes_are_all_filled(void **state)
{
    unsigned char seen[64] = {0};
    unsigned char bytes[64];

    (void)state;
    for (int i = 0; i < 64; i++) { /* a byte that stays 0 for 64 rounds is not being written */
        random_bytes(bytes, sizeof(bytes));
        for (size_t j = 0; j < sizeof(bytes); j++)
            seen[j] |= bytes[j];
    }
    for (size_t j = 0; j < sizeof(seen); j++)
        assert_int_not_equal(seen[j], 0);
}

static int set_up(void **state)
{
    (void)state;
    crypto_init();
    crypto_init(); /* does no harm */
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_bytes_are_all_filled),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
