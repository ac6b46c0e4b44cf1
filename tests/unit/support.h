/* What every unit test needs: cmocka in its order, comparing a str, and code that must abort. */
#ifndef UNIT_SUPPORT_H
#define UNIT_SUPPORT_H

/* cmocka.h wants these before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"

/* The product's fail() (base/err.h) has the name; cmocka's is not needed. */
#undef fail
#undef fail_msg
#define fail_msg(...)                                                                              \
    do {                                                                                           \
        print_error(__VA_ARGS__);                                                                  \
        print_error("\n");                                                                         \
        _fail(__FILE__, __LINE__);                                                                 \
    } while (0)

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define assert_str(s, text) assert_str_at((s), str_from(text), __FILE__, __LINE__)
static inline void assert_str_at(str s, str expected, const char *file, int line)
{
    if (!str_eq(s, expected)) {
        print_error("%s:%d: got \"%.*s\", expected \"%.*s\"\n", file, line, STR_ARG(s),
                    STR_ARG(expected));
        _fail(file, line);
    }
}

/* 1 when fn(arg) ends the process by abort(), tried in a child. */
static inline int aborts(void (*fn)(void *arg), void *arg)
{
    pid_t child = fork();
    int status = 0;

    assert_true(child >= 0);
    if (child == 0) {
        int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
        (void)dup2(nowhere, STDERR_FILENO);
        (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
        (void)signal(SIGABRT, SIG_DFL);
        fn(arg);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

#endif
