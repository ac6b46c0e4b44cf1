/* Sealing what a connect under way holds (store/pending.h): a PKCE verifier, an API key, or an
 * access and a refresh token. Bound to the row, what kind of wait it is, app, connection, user,
 * generation and everything else that was found out, so that none of it can be exchanged for
 * another's by SQL.
 */
#ifndef CORE_PENDING_SECRETS_H
#define CORE_PENDING_SECRETS_H

#include "core/work.h"
#include "store/pending.h"

/* Fills row->sealed, and row->sealed_refresh unless refresh is NULL or unset. Everything else of
 * the row is final. */
void pending_seal(struct work *w, struct pending_row *row, const struct secret *first,
                  const struct secret *refresh);
/* ERR_CONFIRM_EXPIRED when they do not open or were wiped. *ret_refresh stays unset without one. */
MUST_USE enum err pending_open(struct work *w, const struct pending_row *row,
                               struct secret *ret_first, struct secret *ret_refresh);

#endif
