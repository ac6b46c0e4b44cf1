/* What dispatch.c (the loop's side) and half.c (the worker's side) share. */
#ifndef HTTP_DISPATCH_INT_H
#define HTTP_DISPATCH_INT_H

#include <pthread.h>

#include "http/dispatch.h"
#include "http/exchange_int.h"

struct dispatch {
    struct dispatch_config config;
    struct represent *represent;
    pthread_mutex_t lock;
    pthread_cond_t idle; /* alive became 0 */
    size_t alive;        /* behind the lock */
    size_t held;         /* bytes of requests' bodies in memory; behind the lock */
};

/* A worker's job: input, begin, and what follows from it. arg: the exchange. */
void dispatch_begin(void *arg, void *worker_state);
/* On the loop: sends the answer, logs, frees. arg: the exchange. */
void dispatch_deliver(void *arg);

#endif
