/* The relay's own answers: problem+json (RFC 9457) that clients of Jira print well, because what
 * they look for (errorMessages, errors) stands beside our fields. */
#ifndef RELAY_PROBLEM_H
#define RELAY_PROBLEM_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct problem {
    const struct fault *fault;
    str connect_url; /* where it is mended; empty: not said */
    str reason;      /* RateLimit-Reason; empty: not said */
    str instance;
};

str problem_body(struct arena *a, const struct problem *p);

#endif
