/* base/id.h */
#include "support.h"

#include <time.h>

#include "base/clock.h"
#include "base/id.h"

static int64_t time_of(str id)
{
    int64_t ms = 0;

    for (size_t i = 0; i < 10; i++) {
        const char *at = strchr("0123456789abcdefghjkmnpqrstvwxyz", id.p[i]);
        ms = ms * 32 + (at - "0123456789abcdefghjkmnpqrstvwxyz");
    }
    return ms;
}

static void test_new_ids(void **state)
{
    struct arena *a = arena_new(1000000);
    int64_t before = clock_now_ms();
    str last = id_new(a);

    (void)state;
    for (int i = 0; i < 1000; i++) {
        str id = id_new(a);
        assert_true(id_valid(id));
        assert_int_equal(id.p[id.n], '\0');
        assert_false(str_eq(id, last));
        assert_false(str_eq(str_slice(id, 10, 18), str_slice(last, 10, 18)));
        assert_false(str_eq(str_slice(id, 18, 26), str_slice(last, 18, 26)));
        assert_true(str_cmp(str_slice(last, 0, 10), str_slice(id, 0, 10)) <= 0);
        last = id;
    }
    assert_in_range(time_of(last), before, clock_now_ms());
    arena_free(a);
}

static void test_later_sorts_later(void **state)
{
    struct arena *a = arena_new(1000);
    str first = id_new(a);

    (void)state;
    (void)nanosleep(&(struct timespec){0, 3000000}, NULL);
    assert_int_equal(str_cmp(first, id_new(a)), -1);
    arena_free(a);
}

static void test_valid(void **state)
{
    (void)state;
    assert_true(id_valid(STR("01jddq2rj5000000000000000z")));
    assert_false(id_valid(STR("01jddq2rj5000000000000000")));
    assert_false(id_valid(STR("01jddq2rj5000000000000000zz")));
    assert_false(id_valid(STR("01JDDQ2RJ5000000000000000Z")));
    assert_false(id_valid(STR("01jddq2rj500000000000000iz"))); /* no i, l, o, u */
    assert_false(id_valid(STR("01jddq2rj500000000000000-z")));
    assert_false(id_valid((str){"01jddq2rj500000000000000\0z", 26}));
    assert_false(id_valid((str){NULL, 0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_ids),
        cmocka_unit_test(test_later_sorts_later),
        cmocka_unit_test(test_valid),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
