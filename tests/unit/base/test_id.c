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

static void test_members_of_a_group(void **state)
{
    struct arena *a = arena_new(1000000);
    str one = id_new(a), two = id_new(a);
    char first[ID_LENGTH + 1], same[ID_LENGTH + 1], last[ID_LENGTH + 1], later[ID_LENGTH + 1];
    int64_t ms = 1751500000123;

    (void)state;
    id_of_member(first, ms, one, 0);
    id_of_member(same, ms, two, 0);
    id_of_member(last, ms, one, ID_MEMBERS_MAX - 1);
    id_of_member(later, ms + 1, one, 0);
    assert_true(id_valid(str_from(first)) && id_valid(str_from(last)));
    assert_int_equal(time_of(str_from(last)), ms);
    assert_string_not_equal(first, same); /* groups do not mix */
    assert_true(strcmp(first, last) < 0 && strcmp(last, later) < 0);
    for (size_t i = 1; i < 3000; i++) {
        id_of_member(same, ms, one, i);
        assert_true(strcmp(first, same) < 0 && strcmp(same, last) < 0);
        memcpy(first, same, sizeof(first));
    }
    arena_free(a);
}

static void test_times_of_ids(void **state)
{
    static const int64_t times[] = {0, 1, 31, 32, 1751500000123, (INT64_C(1) << 48) - 1};
    struct arena *a = arena_new(100000);
    char member[ID_LENGTH + 1];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        str lowest = id_lowest(a, times[i]);
        assert_true(id_valid(lowest));
        assert_int_equal(id_ms(lowest), times[i]);
        id_of_member(member, times[i], lowest, 0);
        assert_true(str_eq(lowest, str_from(member))); /* of the lowest group the first */
        id_of_member(member, times[i] - (i > 0), id_new(a), 7);
        assert_int_equal(str_cmp(str_from(member), lowest), i ? -1 : 1);
    }
    assert_in_range(id_ms(id_new(a)), 1751500000123, clock_now_ms());
    assert_int_equal(id_ms(STR("zzzzzzzzzz0000000000000000")), (INT64_C(1) << 50) - 1);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_ids),      cmocka_unit_test(test_later_sorts_later),
        cmocka_unit_test(test_valid),        cmocka_unit_test(test_members_of_a_group),
        cmocka_unit_test(test_times_of_ids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
