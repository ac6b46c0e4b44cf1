/* Starting threads; nothing of their work. */
#include "base/thread.h"

#include <signal.h>
#include <string.h>

#include "base/check.h"

pthread_t thread_start(const char *name, void *(*run)(void *arg), void *arg)
{
    char short_name[16] = {0}; /* pthread_setname_np(3) refuses more */
    sigset_t all;
    sigset_t before;
    pthread_t thread;

    sigfillset(&all);
    must(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    must(pthread_create(&thread, NULL, run, arg) == 0);
    must(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    memcpy(short_name, name, strnlen(name, sizeof(short_name) - 1));
    (void)pthread_setname_np(thread, short_name);
    return thread;
}
