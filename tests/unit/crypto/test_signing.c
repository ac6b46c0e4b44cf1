/* crypto/signing.h: the example of Standard Webhooks' own libraries, and new secrets. */
#include "support.h"

#include "crypto/random.h"
#include "crypto/signing.h"

static void the_example_of_the_libraries(void **state)
{
    static const unsigned char key[] = {0x31, 0xf2, 0x90, 0xf6, 0xbf, 0x06, 0x29, 0x8a,
                                        0xab, 0x4f, 0x08, 0xd4, 0x3c, 0x3f, 0x08, 0x2c,
                                        0xf6, 0x48, 0xa3, 0x62, 0xda, 0x2d, 0xa4, 0xb0};
    struct arena *a = arena_new(1 << 16);
    SECRET_AUTO struct secret secret = {0};

    (void)state;
    secret_set(&secret, key, sizeof(key));
    assert_str(signing_show(a, &secret), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    assert_str(signing_sign(a, &secret, STR("msg_p5jXN8AQM9LWM0D4loKWxJek"), 1614265330,
                            STR("{\"test\": 2432232314}")),
               "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    assert_false(str_eq(signing_sign(a, &secret, STR("msg_p5jXN8AQM9LWM0D4loKWxJek"), 1614265331,
                                     STR("{\"test\": 2432232314}")),
                        STR("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")));
    arena_free(a);
}

static void new_secrets_differ(void **state)
{
    struct arena *a = arena_new(1 << 16);
    SECRET_AUTO struct secret one = {0};
    SECRET_AUTO struct secret two = {0};

    (void)state;
    signing_make(&one);
    signing_make(&two);
    assert_int_equal(one.n, 32);
    assert_false(str_eq(signing_show(a, &one), signing_show(a, &two)));
    arena_free(a);
}

static void base64_of_the_rfc(void **state)
{
    static const struct {
        const char *in;
        const char *out;
    } rows[] = {{"", ""},
                {"f", "Zg=="},
                {"fo", "Zm8="},
                {"foo", "Zm9v"},
                {"foob", "Zm9vYg=="},
                {"fooba", "Zm9vYmE="},
                {"foobar", "Zm9vYmFy"}};
    struct arena *a = arena_new(1 << 16);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_str(signing_base64(a, rows[i].in, strlen(rows[i].in)), rows[i].out);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_libraries),
        cmocka_unit_test(new_secrets_differ),
        cmocka_unit_test(base64_of_the_rfc),
    };

    crypto_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
