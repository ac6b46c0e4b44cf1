/* Connecting by way of Atlassian: the authorization code grant (RFC 6749 section 4.1) with PKCE
 * (RFC 7636), from the press of Connect to proven tokens. Without HTTP and SQL; calls are the
 * caller's, by a provider operation, between two of these functions.
 *
 * States of a pending row, and what moves it:
 *   (none)       -- authorize_begin -->   authorize: the browser is sent to Atlassian
 *   authorize    -- authorize_claim -->   used: by one caller only, before the code is exchanged
 *   authorize    -- ten minutes -->       expired; row and outcome stay a day to explain, the
 *                                         verifier is wiped
 *   (exchanged)  -- several sites -->     site: tokens sealed in the row, seven minutes
 *   (exchanged, site chosen) -- account or site differs --> identity (core/credentials.h), for
 *                                         what is left of the seven minutes
 *   site, identity -- answered, or too old --> gone
 * Invariants:
 *   - `state` is 256 random bits, stored as an HMAC, good once, for ten minutes, for this browser
 *     session, user, connection, switch counter, OAuth client and the credential on file when it
 *     began (id and generation). All of this is compared before the code is sent anywhere;
 *   - a claim is committed before the exchange begins: of callbacks in parallel one goes on;
 *   - session, user, right, connection, counters and client are compared again in the transaction
 *     that saves (core/credentials.h);
 *   - with the claim it is committed that there is a consent, and whose it is before anything else
 * is done with the answer: what it may use up is renewed (core/consents.h);
 *   - the code and the tokens are never stored unsealed, and nothing of a row opens in another.
 */
#ifndef CORE_AUTHORIZE_H
#define CORE_AUTHORIZE_H

#include "core/credentials.h"
#include "core/grants.h"
#include "core/oauth_clients.h"
#include "core/provider.h"
#include "core/work.h"

#define AUTHORIZE_MS (10 * CLOCK_MINUTE_MS)

/* Write transaction; `row` is what is on file (NULL: nothing). The address to send this browser to.
 * ERR_TYPE_UNAVAILABLE, ERR_CLIENT_REFUSED, ERR_STOPPED. return_to: a path of ours (checked by the
 * caller). */
MUST_USE enum err authorize_begin(struct work *w, const struct connection_row *connection,
                                  const struct credential_row *row, str return_to,
                                  str *ret_authorize_url);

/* What came back, once it is claimed. */
struct authorize_claim {
    str pending; /* row id */
    str app;     /* slug, for access_enter() */
    str connection;
    str return_to; /* p == NULL: none */
    struct credential_moment moment;
    struct provider_client client; /* its secret is the caller's */
    struct secret verifier;        /* the caller's */
    /* set by authorize_exchanging() */
    struct consent consent;
    int64_t until; /* the tokens wait for an answer no longer: CONSENT_WAIT_MS from now */
};
/* Write transaction; the caller commits before it calls anybody. Enters the app of the row
 * (access_enter), so that the rest of the unit of work acts in it. Refusals, all of which leave
 * what was there:
 *   ERR_STATE_FOREIGN    unknown, or of another session (nobody signed in: of another session)
 *   ERR_STATE_EXPIRED    used or too old; the sentence says which
 *   ERR_NOT_FOUND, ERR_NOT_APP_ADMIN  the right went meanwhile
 *   ERR_CONFLICT         connection, scope, credential or OAuth client changed meanwhile
 *   ERR_STOPPED          an emergency stop was set meanwhile
 *   ERR_CLIENT_REFUSED   the client's stored secret does not open
 *   ERR_CONFIRM_EXPIRED  the row does not open: it was altered
 * On every refusal but STATE_FOREIGN *ret tells app, connection and return_to, for the way back;
 * its secrets are unset. */
MUST_USE enum err authorize_claim(struct work *w, str state, struct authorize_claim *ret);
/* In the same transaction, when there is a code that will be exchanged. ERR_TOO_MANY_ATTEMPTS as in
 * core/consents.h. */
MUST_USE enum err authorize_exchanging(struct work *w, struct authorize_claim *claim,
                                       int *retry_after_s);
/* A callback that reports an error without `state` (Atlassian does so on Cancel): the last connect
 * this session began, so that the person gets back. Does not use it up: everybody can send a
 * browser here. ret->connection.p == NULL: none. Enters its app when it still may. */
MUST_USE enum err authorize_last(struct work *w, struct authorize_claim *ret);
/* Write transaction: what became of it ("ok" or an error's code), for explaining. */
MUST_USE enum err authorize_outcome(struct work *w, str pending, str outcome);

/* Write transaction; ends the row's wait. Keeps tokens and sites of an exchange until a site is
 * chosen: *ret_confirm is good once, for this session. ERR_STOPPED. */
MUST_USE enum err authorize_keep(struct work *w, const struct authorize_claim *claim,
                                 const struct provider_exchange *exchange, str *ret_confirm);
/* A choice that waits. */
struct authorize_choice {
    str pending;
    const struct provider_site *sites;
    size_t site_count;
    str return_to;
    str client_id;
    str scopes;
    str reach; /* as in struct credential_found */
    int64_t access_expires;
    int64_t until; /* when the tokens have waited long enough */
    struct credential_moment moment;
    struct secret access;  /* the caller's; unset in authorize_choice_show() */
    struct secret refresh; /* the caller's */
};
/* Is this confirm id one of a site to be chosen, of this session, user and connection, and not too
 * old? ERR_CONFIRM_EXPIRED otherwise. Without its secrets. */
MUST_USE enum err authorize_choice_show(struct work *w, const struct connection_row *connection,
                                        str confirm, struct authorize_choice *ret);
/* The same with secrets, for asking who it is there. */
MUST_USE enum err authorize_choice_open(struct work *w, const struct connection_row *connection,
                                        str confirm, struct authorize_choice *ret);
/* Write transaction that saves: uses the choice up; ERR_CONFIRM_EXPIRED when somebody else did. */
MUST_USE enum err authorize_choice_claim(struct work *w, const struct authorize_choice *choice);

/* The last connect of this user for a connection that went to Atlassian and did not come back, or
 * came back with a failure, and that nothing has connected since. began == 0: none. */
struct authorize_unfinished {
    int64_t began;
    int expired;
    str outcome; /* p == NULL: it did not come back */
};
MUST_USE enum err authorize_find_unfinished(struct work *w, const struct connection_row *connection,
                                            const struct credential_row *row,
                                            struct authorize_unfinished *ret);

#endif
