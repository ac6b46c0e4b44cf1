/* Rows of `links`: one-time links for the first admin's set-up, invitations and lost passwords.
 * The token itself is never stored, only its HMAC. SQL only, no rules. Worker threads.
 */
#ifndef STORE_LINKS_H
#define STORE_LINKS_H

#include "db/db.h"

enum link_kind { LINK_SETUP, LINK_INVITE, LINK_RESET };

struct link_row {
    str id;
    enum link_kind kind;
    str token_hmac;
    str user;       /* p == NULL for LINK_SETUP */
    str created_by; /* p == NULL: the program itself, or the command line */
    int64_t created;
    int64_t expires;
    int64_t used; /* 0: not yet */
};

/* "setup", "invite", "reset". */
str link_kind_text(enum link_kind kind);

MUST_USE enum err store_link_insert(struct db *d, struct arena *a, struct fault *f,
                                    const struct link_row *row);
/* *ret NULL when there is none; used and expired ones are found too. */
MUST_USE enum err store_link_find(struct db *d, struct arena *a, struct fault *f, str token_hmac,
                                  struct link_row **ret);
/* Marks it used if it is neither used nor expired: *ret_done tells, so that of two uses at the
 * same time one wins. */
MUST_USE enum err store_link_use(struct db *d, struct arena *a, struct fault *f, str token_hmac,
                                 int64_t now_ms, int *ret_done);
/* Voids a user's links. */
MUST_USE enum err store_links_delete_user(struct db *d, struct arena *a, struct fault *f, str user);
/* Voids every set-up link. */
MUST_USE enum err store_links_delete_setup(struct db *d, struct arena *a, struct fault *f);
/* Deletes what is used or expired. */
MUST_USE enum err store_links_expire(struct db *d, struct arena *a, struct fault *f,
                                     int64_t now_ms);

#endif
