/* Makes calls on a loop and waits for their verdicts, for tests.
 */
#ifndef UNIT_CALLER_H
#define UNIT_CALLER_H

#include <semaphore.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/mem.h"
#include "io/loop.h"
#include "upstream/client.h"

struct caller {
    struct loops *loops;
    struct upstream *upstream;
    struct arena *arena;
};

struct caller_call {
    struct upstream_call call;
    struct caller *caller;
    struct secret secret;
    sem_t done;
};

/* allow: the text of allow_hosts. */
struct caller *caller_new(const char *allow, const char *ca_file, const char *proxy,
                          int connect_ms);
void caller_free(struct caller *c);
/* A call with the password "canary-token", which a test may still change, and its beginning. */
struct caller_call *caller_prepare(struct caller *c, const char *method, const char *body,
                                   int timeout_ms, const char *url);
void caller_start(struct caller_call *x);
/* Both. */
struct caller_call *caller_begin(struct caller *c, const char *method, const char *body,
                                 int timeout_ms, const char *url);
struct upstream_call *caller_wait(struct caller_call *x);
void caller_call_free(struct caller_call *x);

#endif
