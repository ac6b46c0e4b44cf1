/* io/process.h: a process is only said to be gone when that is sure. */
#include "io/process.h"

#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

static void one_that_runs_is_not_gone(void **state)
{
    struct arena *a = arena_new(65536);

    (void)state;
    str name = process_name(a);
    assert_true(name.n > 20);
    assert_str(process_name(a), arena_cstring(a, name));
    assert_false(process_is_gone(name));
    arena_free(a);
}

/* What a child says of itself before it ends. */
static str name_of_child(struct arena *a)
{
    char text[512];
    int ends[2];
    ssize_t n;

    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        str name = process_name(a);
        _exit(write(ends[1], name.p, name.n) == (ssize_t)name.n ? 0 : 1);
    }
    (void)close(ends[1]);
    n = read(ends[0], text, sizeof(text));
    (void)close(ends[0]);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_true(n > 0);
    return arena_str(a, (str){text, (size_t)n});
}

static void one_that_ended_is_gone(void **state)
{
    struct arena *a = arena_new(65536);

    (void)state;
    assert_true(process_is_gone(name_of_child(a)));
    arena_free(a);
}

static str replaced(struct arena *a, str name, int part, const char *with)
{
    str rest = name, out = STR("");

    for (int i = 0; i < 4; i++) {
        str one = str_take_until(&rest, '/');
        out = arena_printf(a, "%.*s%s%.*s", STR_ARG(out), i ? "/" : "",
                           STR_ARG(i == part ? str_from(with) : one));
    }
    return out;
}

/* boot / namespace / pid / start */
static void what_cannot_be_known_is_not_said(void **state)
{
    struct arena *a = arena_new(65536);

    (void)state;
    str own = process_name(a);
    str ended = name_of_child(a);
    assert_true(process_is_gone(replaced(a, own, 3, "12"))); /* its number was taken by another */
    assert_false(process_is_gone(replaced(a, ended, 0, "another-boot")));
    assert_false(process_is_gone(replaced(a, ended, 1, "pid:[1]")));
    assert_false(process_is_gone(replaced(a, ended, 2, "x")));
    assert_false(process_is_gone(replaced(a, ended, 2, "-1")));
    assert_false(process_is_gone(STR("")));
    assert_false(process_is_gone(STR("test")));
    assert_false(process_is_gone(STR("////")));
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_runs_is_not_gone),
        cmocka_unit_test(one_that_ended_is_gone),
        cmocka_unit_test(what_cannot_be_known_is_not_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
