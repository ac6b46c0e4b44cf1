/* base/secret.h: that secrets are wiped before their pages go, that the pages go, and that they
 * stay out of core files and, where the system allows it, out of swap.
 *
 * Linked with --wrap=munmap: the product's calls come by here first.
 */
#include "support.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>

#include "base/poison.h"
#include "base/secret.h"

static struct {
    size_t calls;
    size_t dirty; /* bytes that were not zero when given back */
} unmapped;

int __real_munmap(void *p, size_t n);
int __wrap_munmap(void *p, size_t n);

int __wrap_munmap(void *p, size_t n)
{
    const unsigned char *bytes = p;

    unmapped.calls++;
    for (size_t i = 0; i < n; i++)
        unmapped.dirty += bytes[i] != 0;
    return __real_munmap(p, n);
}

static void reset_counts(void)
{
    unmapped.calls = 0;
    unmapped.dirty = 0;
}

static int is_mapped(const void *p)
{
    unsigned char in_core;
    uintptr_t page = (uintptr_t)p & ~(uintptr_t)(sysconf(_SC_PAGESIZE) - 1);

    return mincore((void *)page, 1, &in_core) == 0;
}

/* 1 when the mapping of p has the two-letter flag in /proc/self/smaps (proc(5), VmFlags). */
static int has_flag(const void *p, const char *flag)
{
    FILE *smaps = fopen("/proc/self/smaps", "re");
    char line[512];
    int ours = 0;
    int found = 0;

    assert_non_null(smaps);
    while (fgets(line, sizeof(line), smaps)) {
        unsigned long from, to;
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            ours = (uintptr_t)p >= from && (uintptr_t)p < to;
        else if (ours && strncmp(line, "VmFlags:", 8) == 0)
            found = strstr(line, flag) != NULL;
    }
    assert_int_equal(fclose(smaps), 0);
    return found;
}

static void test_wipes_and_unmaps(void **state)
{
    static const size_t sizes[] = {0, 1, 32, 4000, 4079, 4080, 4096, 100000};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct secret s = {0};
        unsigned char *p;
        secret_alloc(&s, sizes[i]);
        p = s.p;
        assert_true(secret_is_set(&s));
        assert_int_equal(s.n, sizes[i]);
        for (size_t j = 0; j < s.n; j++)
            assert_int_equal(p[j], 0);
        assert_int_equal(secret_expose(&s).p[s.n], '\0');
        memset(p, 0xA5, s.n);
        reset_counts();
        secret_wipe(&s);
        assert_int_equal(unmapped.calls, 1);
        assert_int_equal(unmapped.dirty, 0);
        assert_false(is_mapped(p));
        assert_false(secret_is_set(&s));
        assert_int_equal(s.n, 0);
        secret_wipe(&s);
        assert_int_equal(unmapped.calls, 1);
    }
}

static void test_scope_end_wipes(void **state)
{
    const unsigned char *p;

    (void)state;
    reset_counts();
    {
        SECRET_AUTO struct secret s = {0};
        secret_set(&s, "hunter2", 7);
        p = s.p;
        assert_true(is_mapped(p));
    }
    assert_false(is_mapped(p));
    assert_int_equal(unmapped.calls, 1);
    assert_int_equal(unmapped.dirty, 0);
}

static void test_set_replaces(void **state)
{
    SECRET_AUTO struct secret s = {0};
    const unsigned char *old;

    (void)state;
    secret_set(&s, "first secret", 12);
    old = s.p;
    reset_counts();
    secret_set(&s, s.p + 6, 6); /* from itself */
    assert_str(secret_expose(&s), "secret");
    assert_int_equal(unmapped.calls, 1);
    assert_int_equal(unmapped.dirty, 0);
    assert_ptr_not_equal(s.p, old);
    secret_set(&s, NULL, 0);
    assert_true(secret_is_set(&s));
    assert_int_equal(secret_expose(&s).n, 0);
}

static void test_set_trimmed(void **state)
{
    SECRET_AUTO struct secret pasted = {0};
    SECRET_AUTO struct secret to = {0};

    (void)state;
    secret_set_trimmed(&to, &pasted);
    assert_false(secret_is_set(&to));
    secret_set(&pasted, " \tto ken\r\n", 10);
    secret_set_trimmed(&to, &pasted);
    assert_str(secret_expose(&to), "to ken");
    assert_str(secret_expose(&pasted), " \tto ken\r\n");
    secret_wipe(&to);
    secret_set(&pasted, "  ", 2);
    secret_set_trimmed(&to, &pasted);
    assert_true(secret_is_set(&to));
    assert_int_equal(to.n, 0);
}

static void test_take_moves(void **state)
{
    SECRET_AUTO struct secret from = {0};
    SECRET_AUTO struct secret to = {0};

    (void)state;
    secret_set(&from, "abc", 3);
    reset_counts();
    secret_take(&to, &from);
    assert_false(secret_is_set(&from));
    assert_null(secret_expose(&from).p);
    assert_str(secret_expose(&to), "abc");
    assert_int_equal(unmapped.calls, 0);
}

static void test_pages_are_protected(void **state)
{
    SECRET_AUTO struct secret s = {0};

    (void)state;
    secret_set(&s, "abc", 3);
    assert_true(has_flag(s.p, " dd")); /* not in a core file */
#ifdef POISON_ACTIVE
    assert_true(__asan_address_is_poisoned(s.p + 4)); /* its mlock() does nothing, by the way */
#elif !defined(__SANITIZE_THREAD__)
    void *probe = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mlock(probe, 4096) == 0)
        assert_true(has_flag(s.p, " lo"));
    assert_int_equal(munmap(probe, 4096), 0);
#endif
}

static void take_into_full(void *arg)
{
    struct secret a = {0};
    struct secret b = {0};

    (void)arg;
    secret_set(&a, "a", 1);
    secret_set(&b, "b", 1);
    secret_take(&a, &b);
}

static void wipe_foreign(void *arg)
{
    unsigned char room[64] = {0};
    struct secret s = {room + 32, 1};

    (void)arg;
    secret_wipe(&s);
}

static void expose_foreign(void *arg)
{
    unsigned char room[64] = {0};
    struct secret s = {room + 32, 1};

    (void)arg;
    (void)secret_expose(&s);
}

static void test_bugs_abort(void **state)
{
    (void)state;
    assert_true(aborts(take_into_full, NULL));
    assert_true(aborts(wipe_foreign, NULL));
    assert_true(aborts(expose_foreign, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wipes_and_unmaps), cmocka_unit_test(test_scope_end_wipes),
        cmocka_unit_test(test_set_replaces),     cmocka_unit_test(test_set_trimmed),
        cmocka_unit_test(test_take_moves),       cmocka_unit_test(test_pages_are_protected),
        cmocka_unit_test(test_bugs_abort),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
