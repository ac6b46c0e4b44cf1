/* base/arena.h: allocation, cap, deferred releases, and poisoning where that exists. */
#include "support.h"

#include <stdalign.h>

#include "base/arena.h"
#include "base/check.h"
#include "base/poison.h"

static void test_allocates(void **state)
{
    struct arena *a = arena_new(10 * 1000 * 1000);

    (void)state;
    for (size_t size = 0; size < 3000; size += 7) {
        unsigned char *p = arena_alloc(a, size);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xEE, size);
    }
    assert_non_null(arena_alloc(a, 300000)); /* larger than any block */
    arena_clear(a);
    for (int i = 0; i < 100; i++) { /* the first block is used again, and zeroed again */
        unsigned char *p = arena_alloc_array(a, 5, 7);
        for (size_t j = 0; j < 35; j++)
            assert_int_equal(p[j], 0);
    }
    arena_free(a);
    arena_free(NULL);
}

static void test_text(void **state)
{
    struct arena *a = arena_new(10000);
    char source[] = "text";
    str copy = arena_str(a, str_from(source));

    (void)state;
    source[0] = 'n';
    assert_str(copy, "text");
    assert_int_equal(copy.p[copy.n], '\0');
    assert_null(arena_str(a, (str){NULL, 0}).p);
    assert_null(arena_str_from(a, NULL).p);
    assert_non_null(arena_str(a, STR("")).p);
    assert_string_equal(arena_cstring(a, (str){NULL, 0}), "");
    assert_string_equal(arena_cstring(a, str_slice(STR("abcdef"), 1, 3)), "bc");
    assert_str(arena_printf(a, "%s=%d", "n", 42), "n=42");
    assert_int_equal(arena_printf(a, "%0300d", 1).n, 300); /* longer than what is printed at once */
    assert_string_equal(arena_printf(a, "%0255d", 7).p + 250, "00007");
    assert_str(arena_join(a, (const str[]){STR("a"), {NULL, 0}, STR("bc")}, 3), "abc");
    assert_string_equal(arena_join(a, NULL, 0).p, "");
    arena_free(a);
}

static void append_letter(void *letter)
{
    static char seen[8]; /* "" ends it: letters are collected until asked for */
    static size_t n;
    struct {
        char c;
        char *into;
    } *l = letter;

    if (l->into) {
        memcpy(l->into, seen, sizeof(seen));
        memset(seen, 0, sizeof(seen));
        n = 0;
    } else {
        seen[n++] = l->c;
    }
}

static void test_defers_last_first(void **state)
{
    struct arena *a = arena_new(10000);
    char seen[8] = "";
    struct {
        char c;
        char *into;
    } x = {'x', NULL}, y = {'y', NULL}, z = {'z', NULL}, ask = {0, seen};

    (void)state;
    arena_defer(a, append_letter, &x);
    arena_defer(a, append_letter, &y);
    arena_clear(a);
    append_letter(&ask);
    assert_string_equal(seen, "yx");
    arena_defer(a, append_letter, &z);
    arena_free(a);
    append_letter(&ask);
    assert_string_equal(seen, "z"); /* and x, y not again */
}

static void pass_cap(void *arg)
{
    struct arena *a = arena_new(100);

    (void)arg;
    must(arena_alloc(a, 60) != NULL);
    arena_clear(a); /* counts anew */
    must(arena_alloc(a, 100) != NULL);
    if (arg)
        must(arena_alloc(a, 1) != NULL);
    arena_free(a);
}

static void overflow_array(void *arg)
{
    struct arena *a = arena_new(100);

    (void)arg;
    must(arena_alloc_array(a, SIZE_MAX / 2, 4) != NULL);
}

static void test_cap_aborts(void **state)
{
    (void)state;
    assert_false(aborts(pass_cap, NULL));
    assert_true(aborts(pass_cap, ""));
    assert_true(aborts(overflow_array, NULL));
}

static void test_poison(void **state)
{
    (void)state;
#ifdef POISON_ACTIVE
    struct arena *a = arena_new(10000);
    char *first = arena_alloc(a, 13);
    char *second = arena_alloc(a, 13);

    assert_false(__asan_address_is_poisoned(first + 12));
    assert_true(__asan_address_is_poisoned(first + 13));
    assert_true(__asan_address_is_poisoned(second - 1));
    assert_false(__asan_address_is_poisoned(second));
    arena_clear(a);
    assert_true(__asan_address_is_poisoned(first));
    assert_true(__asan_address_is_poisoned(second));
    assert_ptr_equal(arena_alloc(a, 1), first);
    assert_false(__asan_address_is_poisoned(first));
    assert_true(__asan_address_is_poisoned(first + 1));
    arena_free(a);
#else
    skip(); /* needs AddressSanitizer */
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_allocates),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_defers_last_first),
        cmocka_unit_test(test_cap_aborts),
        cmocka_unit_test(test_poison),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
