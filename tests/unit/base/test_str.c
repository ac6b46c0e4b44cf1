/* base/str.h, by tables. */
#include "support.h"

#include "base/str.h"

static void test_compares(void **state)
{
    (void)state;
    assert_true(str_eq(STR("a"), str_from("a")));
    assert_false(str_eq(STR("a"), STR("A")));
    assert_false(str_eq(STR("a"), STR("ab")));
    assert_true(str_eq((str){NULL, 0}, STR("")));
    assert_true(str_eq_nocase(STR("Content-TYPE"), STR("content-type")));
    assert_false(str_eq_nocase(STR("[x"), STR("{x")));
    assert_false(str_eq_nocase(STR("\xC3\x84"), STR("\xC3\xA4")));
    assert_true(str_starts(STR("/rest/api"), STR("/rest")));
    assert_false(str_starts(STR("/re"), STR("/rest")));
    assert_true(str_ends(STR("a.atlassian.net"), STR(".atlassian.net")));
    assert_false(str_ends(STR("net"), STR(".net")));
    assert_true(str_ends(STR("x"), STR("")));
    assert_int_equal(str_cmp(STR("a"), STR("b")), -1);
    assert_int_equal(str_cmp(STR("b"), STR("a")), 1);
    assert_int_equal(str_cmp(STR("a"), STR("aa")), -1);
    assert_int_equal(str_cmp(STR("\xFF"), STR("a")), 1);
    assert_int_equal(str_cmp(STR(""), (str){NULL, 0}), 0);
}

static void test_finds_and_cuts(void **state)
{
    (void)state;
    assert_int_equal(str_find_char(STR("abcb"), 'b'), 1);
    assert_true(str_find_char(STR("abc"), 'x') == SIZE_MAX);
    assert_true(str_find_char((str){NULL, 0}, 'x') == SIZE_MAX);
    assert_int_equal(str_find(STR("aabaac"), STR("aac")), 3);
    assert_int_equal(str_find(STR("abc"), STR("")), 0);
    assert_true(str_find(STR("ab"), STR("abc")) == SIZE_MAX);
    assert_str(str_slice(STR("abcdef"), 2, 4), "cd");
    assert_str(str_slice(STR("abc"), 2, 99), "c");
    assert_str(str_slice(STR("abc"), 9, 99), "");
    assert_str(str_slice(STR("abc"), 2, 1), "");
    assert_str(str_slice((str){NULL, 0}, 1, 2), "");
    assert_str(str_trim(STR(" \t\r\n a b \v\f")), "a b");
    assert_str(str_trim(STR("   ")), "");
}

static void test_take_until(void **state)
{
    str rest = STR("a,,b,");

    (void)state;
    assert_str(str_take_until(&rest, ','), "a");
    assert_str(str_take_until(&rest, ','), "");
    assert_str(str_take_until(&rest, ','), "b");
    assert_non_null(rest.p); /* one more, empty part */
    assert_str(str_take_until(&rest, ','), "");
    assert_null(rest.p);
    assert_str(str_take_until(&rest, ','), "");
}

static void test_integers(void **state)
{
    static const struct {
        const char *text;
        int ok;
        int64_t value;
    } cases[] = {
        {"0", 1, 0},
        {"-0", 1, 0},
        {"007", 1, 7},
        {"-12", 1, -12},
        {"9223372036854775807", 1, INT64_MAX},
        {"-9223372036854775808", 1, INT64_MIN},
        {"9223372036854775808", 0, 0},
        {"-9223372036854775809", 0, 0},
        {"99999999999999999999", 0, 0},
        {"", 0, 0},
        {"-", 0, 0},
        {"+1", 0, 0},
        {" 1", 0, 0},
        {"1 ", 0, 0},
        {"1.0", 0, 0},
        {"0x1", 0, 0},
        {"--1", 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t value = 4711;
        int ok = str_to_int64(str_from(cases[i].text), &value);
        if (ok != cases[i].ok || value != (ok ? cases[i].value : 4711))
            fail_msg("\"%s\" gave %d, %lld", cases[i].text, ok, (long long)value);
    }
    assert_false(str_to_int64((str){"1\0", 2}, &(int64_t){0}));
}

static void test_utf8(void **state)
{
    static const struct {
        const char *bytes;
        int valid;
    } cases[] = {
        {"", 1},
        {"plain", 1},
        {"\x7F", 1},
        {"\xC2\x80", 1},             /* U+0080, the first of two bytes */
        {"\xDF\xBF", 1},             /* U+07FF */
        {"\xE0\xA0\x80", 1},         /* U+0800 */
        {"\xED\x9F\xBF", 1},         /* U+D7FF, below the surrogates */
        {"\xEE\x80\x80", 1},         /* U+E000, above them */
        {"\xEF\xBF\xBF", 1},         /* U+FFFF */
        {"\xF0\x90\x80\x80", 1},     /* U+10000 */
        {"\xF0\x9F\x98\x80", 1},     /* an emoji */
        {"\xF4\x8F\xBF\xBF", 1},     /* U+10FFFF, the last */
        {"\x80", 0},                 /* continuation alone */
        {"\xC0\xAF", 0},             /* overlong '/' */
        {"\xC1\xBF", 0},             /* overlong U+007F */
        {"\xC2", 0},                 /* cut */
        {"\xC2\x7F", 0},             /* second byte too low */
        {"\xC2\xC0", 0},             /* second byte too high */
        {"\xE0\x9F\xBF", 0},         /* overlong U+07FF */
        {"\xE2\x82", 0},             /* cut */
        {"\xE2\x82\x20", 0},         /* third byte wrong */
        {"\xED\xA0\x80", 0},         /* U+D800 */
        {"\xED\xBF\xBF", 0},         /* U+DFFF */
        {"\xF0\x8F\xBF\xBF", 0},     /* overlong U+FFFF */
        {"\xF0\x9F\x98", 0},         /* cut */
        {"\xF0\x9F\x98\xC0", 0},     /* fourth byte wrong */
        {"\xF4\x90\x80\x80", 0},     /* U+110000 */
        {"\xF5\x80\x80\x80", 0},     /* beyond */
        {"\xF8\x88\x80\x80\x80", 0}, /* five bytes */
        {"\xFE", 0},
        {"\xFF", 0},
        {"good \xE2\x82\xAC, then \xFF", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (str_is_utf8(str_from(cases[i].bytes)) != cases[i].valid)
            fail_msg("case %zu is judged wrongly", i);
    }
    assert_false(str_is_utf8((str){"a\0b", 3}));
}

static void test_utf8_lengths(void **state)
{
    str text = STR("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80");

    (void)state;
    assert_int_equal(str_utf8_length(text), 4);
    assert_int_equal(str_utf8_cut(text, 10).n, 10);
    assert_int_equal(str_utf8_cut(text, 9).n, 6);
    assert_int_equal(str_utf8_cut(text, 6).n, 6);
    assert_int_equal(str_utf8_cut(text, 5).n, 3);
    assert_int_equal(str_utf8_cut(text, 2).n, 1);
    assert_int_equal(str_utf8_cut(text, 0).n, 0);
    assert_true(str_has_control(STR("a\nb")));
    assert_true(str_has_control(STR("\x7F")));
    assert_true(str_has_control((str){"\0", 1}));
    assert_false(str_has_control(text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compares),   cmocka_unit_test(test_finds_and_cuts),
        cmocka_unit_test(test_take_until), cmocka_unit_test(test_integers),
        cmocka_unit_test(test_utf8),       cmocka_unit_test(test_utf8_lengths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
