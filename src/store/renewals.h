/* Rows of `grant_renewals`: which grants have to be refreshed because of which consent, from when
 * on. SQL only, no rules (core/grants.h has them); times are db_clock_ms(). They go with their
 * grant. Worker threads; errors as in db/db.h.
 */
#ifndef STORE_RENEWALS_H
#define STORE_RENEWALS_H

#include "db/db.h"

struct renewal_row {
    str consent;
    str client_id;
    int64_t due;
};

/* For every grant of the client that a credential stands on which the user entered. Where the
 * consent has its row already, its time becomes this. */
MUST_USE enum err store_renewals_add_of_user(struct db *d, struct arena *a, struct fault *f,
                                             const struct renewal_row *row, str user);
/* For every grant of client and account; the same. */
MUST_USE enum err store_renewals_add_of_account(struct db *d, struct arena *a, struct fault *f,
                                                const struct renewal_row *row, str account_id);
/* For this grant. */
MUST_USE enum err store_renewal_add(struct db *d, struct arena *a, struct fault *f, str grant,
                                    str consent, int64_t due);
/* The consent's rows of grants of other accounts go. */
MUST_USE enum err store_renewals_keep_account(struct db *d, struct arena *a, struct fault *f,
                                              str consent, str account_id);
/* The consent's own row of this grant goes. */
MUST_USE enum err store_renewal_delete(struct db *d, struct arena *a, struct fault *f, str grant,
                                       str consent);
/* The grant's rows with a time up to this go. */
MUST_USE enum err store_renewals_settle(struct db *d, struct arena *a, struct fault *f, str grant,
                                        int64_t until);
/* The earliest time of a grant's; 0: there is none. */
MUST_USE enum err store_renewals_first(struct db *d, struct arena *a, struct fault *f, str grant,
                                       int64_t *ret_due);

#endif
