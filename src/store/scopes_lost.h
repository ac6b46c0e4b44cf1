/* `credentials.lost_scopes`: what a consent took from a credential (core/scopes_lost.h). SQL only.
 * It goes when the credential is connected anew or wiped (store/credentials.h). Worker threads;
 * errors as in db/db.h.
 */
#ifndef STORE_SCOPES_LOST_H
#define STORE_SCOPES_LOST_H

#include "db/db.h"

struct scopes_lost_row {
    str credential;
    str lost; /* separated by spaces; empty: none */
};

/* All that stand on the grant but this one. */
MUST_USE enum err store_scopes_lost_of(struct db *d, struct arena *a, struct fault *f, str grant,
                                       str credential, struct scopes_lost_row **ret,
                                       size_t *ret_count);
MUST_USE enum err store_scopes_lost_save(struct db *d, struct arena *a, struct fault *f,
                                         str credential, str lost);

#endif
