/* Starting a named thread that takes no signals: they are the main thread's (io/signals.h). */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>

/* Names longer than 15 bytes are cut. Aborts when the system has no thread left: threads are
 * started at the start of the process only. The caller joins. */
pthread_t thread_start(const char *name, void *(*run)(void *arg), void *arg);

#endif
