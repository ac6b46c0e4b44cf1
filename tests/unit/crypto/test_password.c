/* crypto/password.h: a vector of the Argon2 reference code, our parameters, equal work for
 * unknown users, and the gate.
 */
#include "support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "crypto/password.h"
#include "crypto/random.h"

struct fixture {
    struct arena *arena;
    struct password_gate *gate;
};

static int set_up(void **state)
{
    static struct fixture x;

    crypto_init();
    x = (struct fixture){arena_new(100000), password_gate_new()};
    *state = &x;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *x = *state;

    password_gate_free(x->gate);
    password_gate_free(NULL);
    arena_free(x->arena);
    return 0;
}

static int fits(struct fixture *x, str encoded, const struct secret *password)
{
    int ret = -1;

    assert_int_equal(password_fits(x->gate, NULL, encoded, password, &ret), ERR_OK);
    return ret;
}

static void test_reference_vector(void **state)
{
    /* phc-winner-argon2, src/test.c: t=2, m=2^16, p=1, "password", "somesalt" */
    str encoded = STR("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ"
                      "$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc");
    struct fixture *x = *state;
    SECRET_AUTO struct secret password = {0};

    secret_set(&password, "password", 8);
    assert_true(fits(x, encoded, &password));
    secret_set(&password, "passwore", 8);
    assert_false(fits(x, encoded, &password));
}

static void test_hash_and_fit(void **state)
{
    struct fixture *x = *state;
    SECRET_AUTO struct secret password = {0};
    str first, second;

    secret_set(&password, "with\0nul", 8);
    assert_int_equal(password_hash(x->gate, x->arena, NULL, &password, &first), ERR_OK);
    assert_int_equal(password_hash(x->gate, x->arena, NULL, &password, &second), ERR_OK);
    assert_true(str_starts(first, STR("$argon2id$v=19$m=65536,t=3,p=1$")));
    assert_false(str_eq(first, second)); /* another salt */
    assert_true(fits(x, first, &password));
    secret_set(&password, "with\0nuL", 8);
    assert_false(fits(x, first, &password));
    secret_set(&password, "with", 4);
    assert_false(fits(x, first, &password));
}

static void test_characters(void **state)
{
    SECRET_AUTO struct secret password = {0};

    (void)state;
    assert_int_equal(password_characters(&password), 0);
    secret_set(&password, "a\xC3\xA4\xF0\x9F\x98\x80", 7);
    assert_int_equal(password_characters(&password), 3);
}

static int64_t time_of_fit(struct fixture *x, str encoded, const struct secret *password,
                           int expected)
{
    struct timespec from, to;

    assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from), 0);
    assert_int_equal(fits(x, encoded, password), expected);
    assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to), 0);
    return (to.tv_sec - from.tv_sec) * 1000000 + (to.tv_nsec - from.tv_nsec) / 1000;
}

/* Processor time, so that a busy machine does not matter. Garbage is refused at once; an empty
 * encoding must cost what a real one does, within a factor of two. */
static void test_unknown_user_costs_the_same(void **state)
{
    struct fixture *x = *state;
    SECRET_AUTO struct secret password = {0};
    str encoded;
    int64_t known, unknown;

    secret_set(&password, "password", 8);
    assert_int_equal(password_hash(x->gate, x->arena, NULL, &password, &encoded), ERR_OK);
    known = time_of_fit(x, encoded, &password, 1);
    unknown = time_of_fit(x, STR(""), &password, 0);
    assert_true(unknown > known / 2 && unknown < known * 2);
    assert_true(time_of_fit(x, STR("$argon2id$garbage"), &password, 0) < known / 2);
}

struct caller {
    struct fixture *x;
    pthread_t thread;
    enum err e;
    int fits;
    _Atomic int *running;
};

static void *call_fits(void *arg)
{
    struct caller *c = arg;
    SECRET_AUTO struct secret password = {0};

    secret_set(&password, "password", 8);
    c->e = password_fits(c->x->gate, NULL,
                         STR("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ"
                             "$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"),
                         &password, &c->fits);
    atomic_fetch_sub(c->running, 1);
    return NULL;
}

/* Argon2's 64 MB are the measure: with five callers at most two areas exist at a time.
 * ThreadSanitizer's own memory would be counted as well. */
#ifdef __SANITIZE_THREAD__
#define MOST_AREAS SIZE_MAX
#else
#define MOST_AREAS 2
#endif
static size_t areas_mapped(void)
{
    FILE *status = fopen("/proc/self/statm", "re");
    unsigned long pages = 0, resident = 0;

    assert_non_null(status);
    assert_int_equal(fscanf(status, "%lu %lu", &pages, &resident), 2);
    assert_int_equal(fclose(status), 0);
    return (size_t)resident * (size_t)sysconf(_SC_PAGESIZE) / ((size_t)60 * 1024 * 1024);
}

static void test_two_at_a_time(void **state)
{
    struct caller callers[5];
    size_t base = areas_mapped();
    size_t most = 0;
    _Atomic int running = COUNT_OF(callers);

    for (size_t i = 0; i < COUNT_OF(callers); i++) {
        callers[i] = (struct caller){.x = *state, .running = &running};
        assert_int_equal(pthread_create(&callers[i].thread, NULL, call_fits, &callers[i]), 0);
    }
    while (atomic_load(&running) > 0) {
        size_t now = areas_mapped() - base;
        most = now > most ? now : most;
        (void)nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
    for (size_t i = 0; i < COUNT_OF(callers); i++) {
        assert_int_equal(pthread_join(callers[i].thread, NULL), 0);
        assert_int_equal(callers[i].e, ERR_OK);
        assert_true(callers[i].fits);
    }
    assert_in_range(most, 1, MOST_AREAS);
}

/* Two inside, three before the gate; whoever comes beyond is sent away and does not wait. */
static void test_a_crowd_is_sent_away(void **state)
{
    struct caller callers[24];
    struct fixture *x = *state;
    _Atomic int running = COUNT_OF(callers);
    size_t served = 0;

    assert_int_equal(password_gate_check(x->gate, NULL), ERR_OK);
    for (size_t i = 0; i < COUNT_OF(callers); i++) {
        callers[i] = (struct caller){.x = x, .running = &running};
        assert_int_equal(pthread_create(&callers[i].thread, NULL, call_fits, &callers[i]), 0);
    }
    for (size_t i = 0; i < COUNT_OF(callers); i++) {
        assert_int_equal(pthread_join(callers[i].thread, NULL), 0);
        assert_true(callers[i].e == ERR_OVERLOADED || callers[i].fits);
        served += callers[i].e == ERR_OK;
    }
    assert_in_range(served, 5, COUNT_OF(callers) - 1);
    assert_int_equal(password_gate_check(x->gate, NULL), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_vector), cmocka_unit_test(test_hash_and_fit),
        cmocka_unit_test(test_characters),       cmocka_unit_test(test_unknown_user_costs_the_same),
        cmocka_unit_test(test_two_at_a_time),    cmocka_unit_test(test_a_crowd_is_sent_away),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
