/* base/url.h: percent-encoding, and base64url with the vectors of RFC 4648 section 10. */
#include "support.h"

#include "base/url.h"

static int set_up(void **state)
{
    *state = arena_new(1000000);
    return 0;
}

static int tear_down(void **state)
{
    arena_free(*state);
    return 0;
}

static void test_encodes(void **state)
{
    struct arena *a = *state;

    assert_str(url_encode(a, STR("azAZ09-._~")), "azAZ09-._~");
    assert_str(url_encode(a, STR("a b/c?d=e&f+g%")), "a%20b%2Fc%3Fd%3De%26f%2Bg%25");
    assert_str(url_encode(a, STR("\xC3\xA4\n")), "%C3%A4%0A");
    assert_str(url_encode(a, (str){NULL, 0}), "");
}

static void test_decodes(void **state)
{
    struct arena *a = *state;
    str s;

    assert_true(url_decode(a, STR("a%20b%2fc%2Fd+e"), URL_PLUS_IS_PLUS, &s));
    assert_str(s, "a b/c/d+e");
    assert_true(url_decode(a, STR("a+b%2B"), URL_PLUS_IS_SPACE, &s));
    assert_str(s, "a b+");
    assert_true(url_decode(a, STR("a+b"), URL_PLUS_IS_SPACE, &s));
    assert_str(s, "a b");
    assert_true(url_decode(a, STR("a+b"), URL_PLUS_IS_PLUS, &s));
    assert_str(s, "a+b");
    assert_true(url_decode(a, STR("%2541"), URL_PLUS_IS_PLUS, &s));
    assert_str(s, "%41"); /* one round */
    assert_true(url_decode(a, STR("%00%ff"), URL_PLUS_IS_PLUS, &s));
    assert_true(str_eq(s, (str){"\0\xFF", 2}));
    assert_true(url_decode(a, STR(""), URL_PLUS_IS_PLUS, &s));
    assert_str(s, "");
}

static void test_refuses_bad_escapes(void **state)
{
    static const char *const bad[] = {"%", "a%", "%4", "a%4", "%g0", "%0g", "%%41", "%+1", "% 1"};

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        str s = STR("untouched");
        if (url_decode(*state, str_from(bad[i]), URL_PLUS_IS_SPACE, &s))
            fail_msg("\"%s\" was accepted", bad[i]);
        assert_str(s, "untouched");
    }
}

static void test_decode_undoes_encode(void **state)
{
    char all[256];
    str back;

    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    assert_true(url_decode(*state, url_encode(*state, (str){all, 256}), URL_PLUS_IS_SPACE, &back));
    assert_true(str_eq(back, (str){all, 256}));
}

static void test_base64(void **state)
{
    static const struct {
        const char *plain;
        const char *encoded;
    } cases[] = {
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xFB\xFF\xBF", "-_-_"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str back;
        str plain = str_from(cases[i].plain);
        assert_str(url_base64(*state, plain.p, plain.n), cases[i].encoded);
        assert_true(url_unbase64(*state, str_from(cases[i].encoded), &back));
        assert_true(str_eq(back, plain));
    }
}

static void test_base64_of_all_lengths(void **state)
{
    unsigned char bytes[200];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(i * 151 + 13);
    for (size_t n = 0; n <= sizeof(bytes); n++) {
        str back;
        assert_true(url_unbase64(*state, url_base64(*state, bytes, n), &back));
        assert_int_equal(back.n, n);
        assert_memory_equal(back.p, bytes, n);
    }
}

static void test_refuses_what_is_not_canonical(void **state)
{
    static const char *const bad[] = {
        "A",    "Z", /* no whole byte */
        "Zg==",      /* padding */
        "Zm8=",      /* padding */
        "Zh",        /* bits left over: "Zg" means the same byte */
        "Zm9",       /* the same for two bytes */
        "Zm+v",      /* the other alphabet */
        "Zm/v", "Zm 9v", "Zm9v\n", "Zm9vYg\xC3",
    };

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        str s = STR("untouched");
        if (url_unbase64(*state, str_from(bad[i]), &s))
            fail_msg("\"%s\" was accepted", bad[i]);
        assert_str(s, "untouched");
    }
    assert_false(url_unbase64(*state, (str){"Zm\0v", 4}, &(str){NULL, 0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encodes),
        cmocka_unit_test(test_decodes),
        cmocka_unit_test(test_refuses_bad_escapes),
        cmocka_unit_test(test_decode_undoes_encode),
        cmocka_unit_test(test_base64),
        cmocka_unit_test(test_base64_of_all_lengths),
        cmocka_unit_test(test_refuses_what_is_not_canonical),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
