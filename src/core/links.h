/* One-time links: the first admin's set-up, invitations, lost passwords. Whoever holds a link sets
 * the password of its user, once.
 *
 * States: made -> used | expired | voided; nothing leads back.
 * Invariants:
 *   - a link is consumed in the transaction that sets the password: of two uses at the same time
 *     one wins, the other is ERR_LINK_EXPIRED;
 *   - at most one link a user: a new one voids the older ones. Disabling voids them, and a
 *     disabled user gets none;
 *   - a set-up link exists only while there is no active workspace admin; each start makes a new
 *     one and voids the older;
 *   - the database holds the token's HMAC only; the token is given out once.
 * Setting up lasts until it is used or replaced, but a year at most; an invitation 7 days, a reset
 * 24 hours.
 */
#ifndef CORE_LINKS_H
#define CORE_LINKS_H

#include "base/secret.h"
#include "core/sessions.h"
#include "store/links.h"

struct link_made {
    enum link_kind kind;
    str token;
    str url; /* settings' public URL + "/links/" + token */
    int64_t expires;
};

/* For the start of the server: a new set-up link, or *ret_needed 0 (and *ret untouched) when there
 * is an active workspace admin. Commits. */
MUST_USE enum err links_setup(struct work *w, struct link_made *ret, int *ret_needed);
/* A new link for a user, by state: an invitation or a reset. ERR_CONFLICT for a disabled one.
 * Write transaction. */
MUST_USE enum err links_make(struct work *w, const struct user_row *user, struct link_made *ret);
/* The same by id; ERR_NOT_FOUND. Fills *ret_user. */
MUST_USE enum err links_make_for(struct work *w, str user, struct link_made *ret,
                                 struct user_row *ret_user);
/* The same by e-mail, for the command line: ERR_NOT_FOUND with a sentence. Commits. */
MUST_USE enum err users_link(struct work *w, str email, struct link_made *ret);

/* What a token is good for: the link, and its user (NULL for a set-up). ERR_LINK_EXPIRED for
 * unknown, used, voided and expired ones alike. Reads only. */
MUST_USE enum err links_find(struct work *w, str token, struct link_row **ret,
                             struct user_row **ret_user);

struct link_acceptance {
    str token;
    str name;                      /* empty: keep the one there is (not for a set-up) */
    str email;                     /* set-up only */
    const struct secret *password; /* sessions_password_problem() is NULL */
    str agent;
};
/* Consumes the link, sets the password, makes the user active and signs in; a reset signs the user
 * out everywhere else. ERR_LINK_EXPIRED; ERR_NAME_TAKEN when a set-up's e-mail exists. Commits
 * nothing: the write transaction stays open. Hashes before it opens (some 100 ms). */
MUST_USE enum err links_accept(struct work *w, const struct link_acceptance *acceptance,
                               struct session_made *ret);

#endif
