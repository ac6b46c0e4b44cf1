/* A provider that is none: knows one client, one refresh token and one access token at a time,
 * counts what it is asked, and can keep a refresh waiting. Every token it is shown is compared with
 * the one in the database, seen by a connection of its own: a token used before its commit is
 * counted in `uncommitted`.
 *
 * Threads: begin on loops, everything else on the test's; under one lock.
 */
#ifndef TESTS_LIFE_FAKE_H
#define TESTS_LIFE_FAKE_H

#include <pthread.h>

#include "core/provider.h"
#include "core/work.h"

enum fake_token_endpoint {
    FAKE_ROTATES,
    FAKE_KEEPS, /* a new access token, no new refresh token */
    FAKE_DEAD_GRANT,
    FAKE_WRONG_CLIENT,
    FAKE_DOWN
};

enum fake_api {
    FAKE_JUDGES, /* 200 to the access token that lives, 401 to others */
    FAKE_REFUSES,
    FAKE_STRANGER,    /* 200, as to nobody */
    FAKE_LACKS_SCOPE, /* 401 too, but a new token would not help */
    FAKE_FORBIDDEN,   /* 403 and 404 to access-1, as the gateway may answer an expired token; */
    FAKE_MISSING,
    FAKE_MISSING_EVER /* or to any: it is really missing */
};

struct fake {
    struct provider provider;
    struct services *services;
    struct db *db;
    str grant;
    pthread_mutex_t mutex;
    /* how it behaves */
    enum fake_token_endpoint token_endpoint;
    enum fake_api api;
    int slow_ms; /* how long a call of the API takes */
    int hold;    /* keep refreshes until fake_release() */
    int number;  /* of the tokens that live: "access-1" and "refresh-1" */
    int refresh_number;
    /* what it saw */
    int refreshes;
    int calls;
    int wrong;       /* a refresh with another token, client or secret than the one that lives */
    int uncommitted; /* an access token that is not on file */
    struct fake_answer *held;
};

void fake_open(struct fake *k, struct services *services, struct db *db);
void fake_close(struct fake *k);
/* Lets held refreshes be answered, and those to come at once. */
void fake_release(struct fake *k);
/* Waits until so many refreshes were asked for; fails the case after ten seconds. */
void fake_wait_asked(struct fake *k, int refreshes);
/* "access-7" */
void fake_token(struct secret *ret, const char *kind, int number);

#endif
