/* A call with a Mortise key straight to the provider (the relay): who calls, may they, with which
 * credential and where to. One question, one answer, read in one transaction; whoever keeps the
 * answer for the next call (relay/decisions.h) has to drop it when anything it was made from may
 * have changed. Without HTTP and SQL.
 */
#ifndef CORE_KEY_CALLS_H
#define CORE_KEY_CALLS_H

#include "core/credentials.h"
#include "core/keys.h"

struct key_call_question {
    str key;        /* as the caller sent it */
    str app;        /* slug */
    str connection; /* id or name */
};

/* All in the unit's arena; the target's secret is wiped by the caller. */
struct key_call {
    str key;  /* id */
    str user; /* acts as; p == NULL: as the app */
    str methods;
    str paths;
    int64_t key_expires; /* 0: never */
    str app;             /* id */
    str connection;      /* id; set also when the call is refused and connecting would help */
    str credential;
    int64_t generation; /* the credential's */
    str account;        /* its name at the provider */
    struct provider_target target;
    struct credential_grant grant;
    struct provider_place place;
    int old_search; /* the connection answers the removed search */
    str key_name;
    str connection_name;
};

/* ERR_KEY_REFUSED, ERR_NOT_FOUND, ERR_BLOCKED_BY_POLICY (the key's limits, rule 10), or why there
 * is no credential. Notes that the key was used. */
MUST_USE enum err key_call_decide(struct work *w, const struct key_call_question *q,
                                  struct key_call *ret);
/* The key's limits that are about the request; pure, any thread. */
MUST_USE enum err key_call_permits(const struct key_call *c, struct fault *f, str method, str path);

#endif
