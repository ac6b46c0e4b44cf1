/* base/buf.h: growth, the maximum, the latch. */
#include "support.h"

#include <stdio.h>

#include "base/buf.h"

static void test_builds(void **state)
{
    BUF_AUTO struct buf b = {0};

    (void)state;
    buf_init(&b, 100000);
    buf_add(&b, STR("one"));
    buf_add_char(&b, ' ');
    buf_add_cstring(&b, "two");
    buf_add_cstring(&b, NULL);
    buf_addf(&b, " %d %s", 3, "four");
    buf_add(&b, (str){NULL, 0});
    assert_str(buf_str(&b), "one two 3 four");
    assert_int_equal(b.p[b.n], '\0');
    for (int i = 0; i < 20000; i++)
        buf_add(&b, STR("abcd"));
    assert_true(buf_ok(&b));
    assert_int_equal(b.n, 14 + 80000);
    assert_str(str_slice(buf_str(&b), b.n - 6, b.n), "cdabcd");
}

static void test_numbers(void **state)
{
    static const int64_t numbers[] = {0, 7, -1, 10, 1234567890123, INT64_MAX, INT64_MIN};

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        BUF_AUTO struct buf b = {0};
        char expected[32];
        buf_init(&b, 100);
        buf_add_int(&b, numbers[i]);
        (void)snprintf(expected, sizeof(expected), "%lld", (long long)numbers[i]);
        assert_str(buf_str(&b), expected);
    }
}

/* What is printed into the room that is left, and what needs more, come out the same. */
static void test_printing_at_the_edge(void **state)
{
    (void)state;
    for (int before = 240; before < 270; before++) {
        BUF_AUTO struct buf b = {0};
        buf_init(&b, 300);
        for (int i = 0; i < before; i++)
            buf_add_char(&b, 'a');
        buf_addf(&b, "%d%s", 12345, "678");
        assert_true(buf_ok(&b));
        assert_int_equal(b.n, before + 8);
        assert_str(str_slice(buf_str(&b), (size_t)before - 1, b.n), "a12345678");
        assert_int_equal(b.p[b.n], '\0');
        buf_addf(&b, "%0100d", 1);
        assert_false(buf_ok(&b));
        assert_int_equal(strlen(b.p), before + 8); /* nothing of it is there */
    }
}

static void test_limit_is_exact_and_latched(void **state)
{
    BUF_AUTO struct buf b = {0};

    (void)state;
    buf_init(&b, 5);
    buf_add(&b, STR("12345"));
    assert_true(buf_ok(&b));
    buf_add(&b, STR(""));
    assert_true(buf_ok(&b));
    buf_add_char(&b, '6');
    assert_false(buf_ok(&b));
    assert_str(buf_str(&b), "12345");
    buf_consume(&b, 5);
    buf_add_char(&b, 'x'); /* would fit now, but something is missing already */
    assert_false(buf_ok(&b));
    assert_int_equal(b.n, 0);
    buf_clear(&b);
    buf_addf(&b, "%s", "123456");
    assert_false(buf_ok(&b));
    buf_clear(&b);
    buf_addf(&b, "%s", "54321");
    assert_true(buf_ok(&b));
    assert_str(buf_str(&b), "54321");
}

static void test_consumes(void **state)
{
    BUF_AUTO struct buf b = {0};

    (void)state;
    buf_init(&b, 10);
    buf_consume(&b, 0);
    buf_add(&b, STR("abcdef"));
    buf_consume(&b, 2);
    assert_str(buf_str(&b), "cdef");
    assert_int_equal(b.p[b.n], '\0');
    buf_consume(&b, 4);
    assert_str(buf_str(&b), "");
    buf_add(&b, STR("0123456789"));
    assert_true(buf_ok(&b));
}

static void consume_too_much(void *arg)
{
    struct buf b;

    (void)arg;
    buf_init(&b, 10);
    buf_add(&b, STR("abc"));
    buf_consume(&b, 4);
}

static void test_bugs_abort(void **state)
{
    struct buf nothing = {0};

    (void)state;
    assert_true(aborts(consume_too_much, NULL));
    buf_done(&nothing);
    buf_add_char(&nothing, 'x'); /* never initialised: its maximum is 0 */
    assert_false(buf_ok(&nothing));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_builds),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_printing_at_the_edge),
        cmocka_unit_test(test_limit_is_exact_and_latched),
        cmocka_unit_test(test_consumes),
        cmocka_unit_test(test_bugs_abort),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
