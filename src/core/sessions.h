/* Signing in and out, and one's own password.
 *
 * Secrets here: passwords (struct secret, borrowed), the session's token (given out once, stored as
 * HMAC). Invariants:
 *   - attempts are counted and committed before a password is hashed: 10 an e-mail and 60 a remote
 *     address in 15 minutes, 10 a user for changing the password. A success clears the e-mail's;
 *   - an unknown, an invited and a disabled user take as long as a wrong password and get the same
 *     answer;
 *   - no transaction is open while a password is hashed; what was read before is compared again in
 *     the transaction that writes;
 *   - changing the password signs out every other session of the user.
 */
#ifndef CORE_SESSIONS_H
#define CORE_SESSIONS_H

#include "base/secret.h"
#include "core/work.h"
#include "store/sessions.h"

#define SESSION_PASSWORD_MIN 12
#define SESSION_PASSWORD_MAX 256

/* A session just made. */
struct session_made {
    str id;
    str token; /* the cookie's value; for the answer only */
    int64_t max_age_s;
    str csrf;
    struct user_row user;
};

struct sign_in {
    str email;
    const struct secret *password;
    str remote;
    str agent; /* cut to 200 bytes here */
};

/* 12..256 characters; NULL, or the sentence that says what is wrong. Static storage. */
const char *sessions_password_problem(const struct secret *password);

/* ERR_SIGN_IN_FAILED, or ERR_TOO_MANY_ATTEMPTS with *retry_after_s. Ends the session that the
 * request came with. Commits the count of attempts; the rest stays in the open write transaction.
 */
MUST_USE enum err sessions_sign_in(struct work *w, const struct sign_in *in, int *retry_after_s,
                                   struct session_made *ret);
/* Inserts a session for the user and ends the one that the request came with. Write transaction. */
MUST_USE enum err sessions_make(struct work *w, const struct user_row *user, str agent,
                                struct session_made *ret);
/* The actor's session here; everywhere, which revokes their own Mortise keys too. Write
 * transaction. */
MUST_USE enum err sessions_sign_out(struct work *w);
MUST_USE enum err sessions_sign_out_everywhere(struct work *w);
/* Ends a user's sessions (but one, unless empty) and their own Mortise keys: whoever has got hold
 * of either has lost it. Write transaction. */
MUST_USE enum err sessions_shut(struct work *w, str user, str but);
/* The actor's sessions, the last seen first. */
MUST_USE enum err sessions_list(struct work *w, struct session_row **ret, size_t *ret_count);
/* The actor's own password; ends their other sessions and their Mortise keys. *ret_fits 0:
 * `current` is wrong and nothing was changed. ERR_TOO_MANY_ATTEMPTS with *retry_after_s. */
MUST_USE enum err sessions_change_password(struct work *w, const struct secret *current,
                                           const struct secret *wanted, int *retry_after_s,
                                           int *ret_fits);

#endif
