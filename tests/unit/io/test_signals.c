/* io/signals.h, in a child process each, because it changes the process. */
#include "support.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "base/thread.h"
#include "io/signals.h"

/* Runs fn in a child and returns its exit status, or 1000 + the signal that ended it. */
static int in_child(int (*fn)(void))
{
    pid_t child = fork();
    int status = 0;

    assert_true(child >= 0);
    if (child == 0)
        _exit(fn());
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int check_limits(void)
{
    struct rlimit limit = {0};
    int ends[2];

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 1;
    limit.rlim_cur = 64;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 2;
    signals_harden();
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur != limit.rlim_max)
        return 3;
    if (getrlimit(RLIMIT_CORE, &limit) != 0 || limit.rlim_cur != 0 || limit.rlim_max != 0)
        return 4;
    if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
        return 5;
    if (umask(0) != 077)
        return 6;
    if (pipe(ends) != 0 || close(ends[0]) != 0 || write(ends[1], "x", 1) != -1)
        return 7; /* without the harm of SIGPIPE */
    return 0;
}

static void test_hardens(void **state)
{
    (void)state;
    assert_int_equal(in_child(check_limits), 0);
}

static void *pause_run(void *arg)
{
    for (;;)
        (void)pause();
    return arg;
}

static int check_wait(void)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};

    signals_harden();
    (void)thread_start("other", pause_run, NULL);
    for (size_t i = 0; i < COUNT_OF(signals); i++) {
        if (kill(getpid(), signals[i]) != 0)
            return 1;
        if (signals_wait() != signals[i])
            return 2;
    }
    return 0;
}

static void test_waits(void **state)
{
    (void)state;
    assert_int_equal(in_child(check_wait), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hardens),
        cmocka_unit_test(test_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
