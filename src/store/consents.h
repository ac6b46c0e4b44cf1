/* Rows of `consents`: whose code was, or was to be, exchanged, until all that they may have used up
 * is marked; and of `grant_renewals`, those marks: grants that have to be refreshed, each once. SQL
 * only, no rules (core/consents.h has them); times are db_clock_ms(). Marks go with their grant.
 * Worker threads; errors as in db/db.h.
 */
#ifndef STORE_CONSENTS_H
#define STORE_CONSENTS_H

#include "db/db.h"

struct consent_row {
    str id;
    str client_id;
    str account_id; /* empty: not known */
    str grant;      /* whose tokens on file are its own; empty: none */
    int64_t due;    /* its exchange is over by then */
    str marked;     /* grants up to this id have their mark */
};

/* Inserts, or replaces account and time, and the marking begins anew. `grant` and `marked` are not
 * written. */
MUST_USE enum err store_consent_save(struct db *d, struct arena *a, struct fault *f,
                                     const struct consent_row *row);
MUST_USE enum err store_consent_delete(struct db *d, struct arena *a, struct fault *f, str id);
/* What is on file for the grant is this consent's own (id empty: that of none here), and of no
 * other. */
MUST_USE enum err store_consent_owns(struct db *d, struct arena *a, struct fault *f, str id,
                                     str grant);
/* *ret: whether it is on file and nobody knows whose it is. */
MUST_USE enum err store_consent_is_unknown(struct db *d, struct arena *a, struct fault *f, str id,
                                           int *ret);
/* *ret: whether there is something to do: a consent whose time has come, or that lies further ahead
 * than max_ms, or a mark that lies ahead. */
MUST_USE enum err store_consents_wait(struct db *d, struct arena *a, struct fault *f,
                                      int64_t now_ms, int64_t max_ms, int *ret);
/* Those that lie further ahead are due at max_ms. */
MUST_USE enum err store_consents_pull(struct db *d, struct arena *a, struct fault *f,
                                      int64_t max_ms);
/* The one whose time has come first; *ret NULL when there is none. */
MUST_USE enum err store_consent_due(struct db *d, struct arena *a, struct fault *f, int64_t now_ms,
                                    struct consent_row **ret);
/* Ids of the grants that it may have used up, that something connected stands on, and that have no
 * mark yet: all of its client, or of its account there, but its own. In their order. */
MUST_USE enum err store_consent_grants(struct db *d, struct arena *a, struct fault *f,
                                       const struct consent_row *row, int64_t limit, str **ret,
                                       size_t *ret_count);
MUST_USE enum err store_consent_marked(struct db *d, struct arena *a, struct fault *f, str id,
                                       str up_to);

/* The grant is to be refreshed from then on; never earlier than it was. unknown: perhaps for
 * nothing, because nobody knows whose consent it was. */
MUST_USE enum err store_renewal_add(struct db *d, struct arena *a, struct fault *f, str grant,
                                    int64_t due, int unknown);
/* Not any more, if its time is up to this. */
MUST_USE enum err store_renewal_settle(struct db *d, struct arena *a, struct fault *f, str grant,
                                       int64_t until);
/* When, or when one of the consents by which it will be is over: the earliest; 0: it is not. */
MUST_USE enum err store_renewal_of(struct db *d, struct arena *a, struct fault *f, str grant,
                                   int64_t *ret_due);
/* Those that lie ahead, which none can, are made now. */
MUST_USE enum err store_renewals_pull(struct db *d, struct arena *a, struct fault *f,
                                      int64_t now_ms);

#endif
