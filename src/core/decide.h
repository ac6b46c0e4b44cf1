/* Whose credential is used: the one pure function of rule 1. (connection, acting user) gives
 * exactly one credential or a typed refusal; there is no fallback, ever. No database, no clock, no
 * HTTP: everything it needs is in its argument, so that a test can walk every case.
 *
 * The cases, in the order they are decided:
 *   1. the user is not active, or not in the app          -> DECISION_NO_ACCESS
 *   2. an emergency stop is open for the app or the user; or, for a candidate (as in 3 and 4) that
 *      has a secret, for who entered it or its site       -> DECISION_STOPPED
 *   3. own scope: the candidate is the user's own row, and nothing else is looked at
 *        no row, or disconnected by hand                  -> DECISION_CONNECT
 *        row of another switch counter, wiped, refused, locked,
 *        or standing on a grant of another OAuth client   -> DECISION_RECONNECT
 *        else                                             -> DECISION_USE, that row
 *   4. shared scope: the candidate is the shared row, and nothing else is looked at
 *        usable                                           -> DECISION_USE, that row
 *        else an app admin: CONNECT or RECONNECT as above; anybody else -> DECISION_WAIT
 * A row whose connection, owner or scope does not fit is a bug of the caller and aborts.
 */
#ifndef CORE_DECIDE_H
#define CORE_DECIDE_H

#include "base/str.h"
#include "store/connections.h"
#include "store/credentials.h"

enum decision {
    DECISION_USE,
    DECISION_CONNECT,   /* nothing entered yet: this user may connect */
    DECISION_RECONNECT, /* what was entered is out of use: this user may reconnect */
    DECISION_WAIT,      /* an app admin has to connect */
    DECISION_STOPPED,   /* an emergency stop is open: nobody may connect or use */
    DECISION_NO_ACCESS
};

/* What an emergency stop is of, as it concerns one question. */
enum decide_stopped {
    STOPPED_NOT,
    STOPPED_APP,
    STOPPED_USER,
    STOPPED_MAKER, /* of whoever made the app's key that acts */
    STOPPED_ENTERER,
    STOPPED_SITE
};

struct decide_stop {
    enum decide_stopped of; /* ENTERER: of whoever entered the candidate */
    int64_t since;
};

struct decide_question {
    const struct connection_row *connection;
    str user;
    int user_active;
    int user_in_app;
    int user_is_app_admin;
    int64_t app_stopped;  /* since when an emergency stop of the app is open; 0: none is */
    int64_t user_stopped; /* of the acting user; user empty: of the maker of the key that acts */
    str client_id;        /* the OAuth client that the connection uses today; empty: none */
    const struct credential_row *own;    /* the user's own row for this connection, or NULL */
    const struct credential_row *common; /* the shared row of this connection, or NULL */
};

struct decide_answer {
    enum decision decision;
    const struct credential_row *use; /* set for DECISION_USE only */
    /* set for DECISION_RECONNECT when nothing is wrong with the candidate but that its account is
     * locked at the provider: a test may ask with it, a request may not */
    const struct credential_row *locked;
    struct decide_stop stop; /* set for DECISION_STOPPED only */
};

struct decide_answer decide(const struct decide_question *q);

#endif
