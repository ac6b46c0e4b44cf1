/* crypto/aead.h: the vector of draft-irtf-cfrg-xchacha-03 A.3.1, and that nothing altered opens. */
#include "support.h"

#include "crypto/aead.h"
#include "crypto/random.h"

static int set_up(void **state)
{
    crypto_init();
    *state = arena_new(1000000);
    return 0;
}

static int tear_down(void **state)
{
    arena_free(*state);
    return 0;
}

static void fill_key(struct secret *key, unsigned char first)
{
    secret_alloc(key, AEAD_KEY_BYTES);
    for (size_t i = 0; i < AEAD_KEY_BYTES; i++)
        key->p[i] = (unsigned char)(first + i);
}

static void test_vector(void **state)
{
    static const char sealed[] =
        "\x40\x41\x42\x43\x44\x45\x46\x47\x48\x49\x4a\x4b\x4c\x4d\x4e\x4f\x50\x51\x52\x53\x54\x55"
        "\x56\x57"
        "\xbd\x6d\x17\x9d\x3e\x83\xd4\x3b\x95\x76\x57\x94\x93\xc0\xe9\x39\x57\x2a\x17\x00\x25\x2b"
        "\xfa\xcc\xbe\xd2\x90\x2c\x21\x39\x6c\xbb\x73\x1c\x7f\x1b\x0b\x4a\xa6\x44\x0b\xf3\xa8\x2f"
        "\x4e\xda\x7e\x39\xae\x64\xc6\x70\x8c\x54\xc2\x16\xcb\x96\xb7\x2e\x12\x13\xb4\x52\x2f\x8c"
        "\x9b\xa4\x0d\xb5\xd9\x45\xb1\x1b\x69\xb9\x82\xc1\xbb\x9e\x3f\x3f\xac\x2b\xc3\x69\x48\x8f"
        "\x76\xb2\x38\x35\x65\xd3\xff\xf9\x21\xf9\x66\x4c\x97\x63\x7d\xa9\x76\x88\x12\xf6\x15\xc6"
        "\x8b\x13\xb5\x2e"
        "\xc0\x87\x59\x24\xc1\xc7\x98\x79\x47\xde\xaf\xd8\x78\x0a\xcf\x49";
    SECRET_AUTO struct secret key = {0};
    SECRET_AUTO struct secret plain = {0};

    (void)state;
    fill_key(&key, 0x80);
    assert_true(aead_open(&key, STR("\x50\x51\x52\x53\xc0\xc1\xc2\xc3\xc4\xc5\xc6\xc7"),
                          (str){sealed, sizeof(sealed) - 1}, &plain));
    assert_str(
        secret_expose(&plain),
        "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the "
        "future, sunscreen would be it.");
}

static void test_seals_and_opens(void **state)
{
    static const size_t sizes[] = {0, 1, 40, 5000};
    SECRET_AUTO struct secret key = {0};

    fill_key(&key, 1);
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        SECRET_AUTO struct secret plain = {0};
        SECRET_AUTO struct secret back = {0};
        str sealed, other;
        secret_alloc(&plain, sizes[i]);
        memset(plain.p, 'S', sizes[i]);
        sealed = aead_seal(*state, &key, STR("row 7"), &plain);
        other = aead_seal(*state, &key, STR("row 7"), &plain);
        assert_int_equal(sealed.n, sizes[i] + AEAD_OVERHEAD);
        assert_false(str_eq(sealed, other)); /* another nonce */
        assert_true(str_find(sealed, STR("SSSS")) == SIZE_MAX);
        assert_true(aead_open(&key, STR("row 7"), sealed, &back));
        assert_true(str_eq(secret_expose(&plain), secret_expose(&back)));
    }
}

static void test_every_altered_bit_is_noticed(void **state)
{
    SECRET_AUTO struct secret key = {0};
    SECRET_AUTO struct secret plain = {0};
    SECRET_AUTO struct secret back = {0};
    str sealed;
    char *bytes;

    fill_key(&key, 1);
    secret_set(&plain, "secret", 6);
    sealed = aead_seal(*state, &key, STR("row"), &plain);
    bytes = arena_cstring(*state, sealed);
    for (size_t bit = 0; bit < sealed.n * 8; bit++) {
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ (1 << bit % 8));
        assert_false(aead_open(&key, STR("row"), (str){bytes, sealed.n}, &back));
        assert_false(secret_is_set(&back));
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ (1 << bit % 8));
    }
    for (size_t n = 0; n < sealed.n; n++)
        assert_false(aead_open(&key, STR("row"), str_slice(sealed, 0, n), &back));
    assert_true(aead_open(&key, STR("row"), (str){bytes, sealed.n}, &back));
}

static void test_other_key_or_binding(void **state)
{
    SECRET_AUTO struct secret key = {0};
    SECRET_AUTO struct secret other = {0};
    SECRET_AUTO struct secret plain = {0};
    SECRET_AUTO struct secret back = {0};
    str sealed;

    fill_key(&key, 1);
    fill_key(&other, 2);
    secret_set(&plain, "secret", 6);
    sealed = aead_seal(*state, &key, STR("row 7"), &plain);
    assert_false(aead_open(&other, STR("row 7"), sealed, &back));
    assert_false(aead_open(&key, STR("row 8"), sealed, &back));
    assert_false(aead_open(&key, STR("row 7 "), sealed, &back));
    assert_false(aead_open(&key, STR(""), sealed, &back));
    assert_false(secret_is_set(&back));
}

static void seal_with_short_key(void *arena)
{
    struct secret key = {0};
    struct secret plain = {0};

    secret_alloc(&key, AEAD_KEY_BYTES - 1);
    secret_set(&plain, "x", 1);
    (void)aead_seal(arena, &key, STR(""), &plain);
}

static void test_bugs_abort(void **state)
{
    assert_true(aborts(seal_with_short_key, *state));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vector),
        cmocka_unit_test(test_seals_and_opens),
        cmocka_unit_test(test_every_altered_bit_is_noticed),
        cmocka_unit_test(test_other_key_or_binding),
        cmocka_unit_test(test_bugs_abort),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
