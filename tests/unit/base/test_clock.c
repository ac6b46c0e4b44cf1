/* base/clock.h: dates at their edges, compared with the C library's calendar. */
#include "support.h"

#include <time.h>

#include "base/clock.h"

static void test_formats(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {1, "1970-01-01T00:00:00.001Z"},
        {951782400000, "2000-02-29T00:00:00.000Z"},
        {1795461502123, "2026-11-23T19:18:22.123Z"},
        {INT64_C(4102444799999), "2099-12-31T23:59:59.999Z"},
        {INT64_C(253402300799999), "9999-12-31T23:59:59.999Z"},
    };
    char text[25];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t back = -1;
        clock_format(cases[i].ms, text);
        assert_string_equal(text, cases[i].text);
        assert_true(clock_parse_date(str_from(text), &back));
        assert_true(back == cases[i].ms);
    }
    clock_format(INT64_MIN, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000Z");
    clock_format(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
}

static void test_every_day_agrees_with_the_library(void **state)
{
    (void)state;
    for (int64_t day = 0; day < 2932897; day += day < 60000 ? 1 : 97) {
        char text[25];
        int64_t ms = 0;
        clock_format(day * CLOCK_DAY_MS, text);
        text[10] = '\0';
        assert_true(clock_parse_date(str_from(text), &ms));
        assert_true(ms == (day + 1) * CLOCK_DAY_MS - 1);
    }
}

static void test_refuses(void **state)
{
    static const char *const bad[] = {
        "",
        "2026",
        "2026-11",
        "2026-11-2",
        "2026-1-23",
        "26-11-23",
        "2026-11-23 ",
        " 2026-11-23",
        "2026/11/23",
        "2026-11-23T",
        "2026-00-10",
        "2026-13-10",
        "2026-01-00",
        "2026-01-32",
        "2026-04-31",
        "2026-02-29",
        "2100-02-29",
        "2000-02-30",
        "1969-12-31",
        "0000-01-01",
        "-026-01-01",
        "+026-01-01",
        "2026-11-23T24:00:00.000Z",
        "2026-11-23T23:60:00.000Z",
        "2026-11-23T23:59:60.000Z",
        "2026-11-23T23:59:59Z",
        "2026-11-23T23:59:59.000",
        "2026-11-23t23:59:59.000z",
        "2026-11-23T23:59:59.000+",
        "2026-11-23T23:59:59.0000Z",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        int64_t ms = 4711;
        if (clock_parse_date(str_from(bad[i]), &ms) || ms != 4711)
            fail_msg("\"%s\" was accepted", bad[i]);
    }
}

static void test_leap_years(void **state)
{
    int64_t ms;

    (void)state;
    assert_true(clock_parse_date(STR("2000-02-29"), &ms));
    assert_true(clock_parse_date(STR("2024-02-29"), &ms));
    assert_true(clock_parse_date(STR("2400-02-29"), &ms));
    assert_true(clock_parse_date(STR("1970-01-01"), &ms));
    assert_true(ms == CLOCK_DAY_MS - 1);
    assert_true(clock_parse_date(STR("9999-12-31"), &ms));
    assert_true(ms == INT64_C(253402300799999));
}

static void test_clocks_run(void **state)
{
    int64_t now = clock_now_ms();
    int64_t before = clock_monotonic_us();

    (void)state;
    assert_true(now / 1000 - (int64_t)time(NULL) <= 1 && now / 1000 - (int64_t)time(NULL) >= -1);
    assert_true(clock_monotonic_us() >= before);
    assert_true(clock_monotonic_ms() - before / 1000 < 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats),    cmocka_unit_test(test_every_day_agrees_with_the_library),
        cmocka_unit_test(test_refuses),    cmocka_unit_test(test_leap_years),
        cmocka_unit_test(test_clocks_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
