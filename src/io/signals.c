/* Signals, limits and core files of the process. */
#include "io/signals.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/check.h"

static sigset_t awaited(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    return set;
}

static void raise_descriptors(void)
{
    struct rlimit limit;

    must(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit); /* a refusal leaves the lower limit */
}

int64_t signals_descriptors(void)
{
    struct rlimit limit;

    must(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    return limit.rlim_cur > INT64_MAX ? INT64_MAX : (int64_t)limit.rlim_cur; /* RLIM_INFINITY */
}

void signals_harden(void)
{
    struct rlimit no_core = {0, 0};
    sigset_t set = awaited();

    must(setrlimit(RLIMIT_CORE, &no_core) == 0);
    must(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0);
    must(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
    raise_descriptors();
    umask(077);
    must(pthread_sigmask(SIG_BLOCK, &set, NULL) == 0);
}

int signals_wait(void)
{
    sigset_t set = awaited();
    int number;

    must(sigwait(&set, &number) == 0);
    return number;
}
