/* What grants.c and grant_refresh.c share; included by these only. Contracts as in core/grants.h.
 */
#ifndef CORE_GRANTS_INT_H
#define CORE_GRANTS_INT_H

#include "core/grants.h"

#define GRANT_GONE "This authorisation is no longer on file. Reconnect."

/* ERR_NEEDS_RECONNECT when there is none; *ret is never NULL otherwise. */
MUST_USE enum err grant_find(struct work *w, str grant, struct grant_row **ret);
MUST_USE enum err grant_open_access(struct work *w, const struct grant_row *g, struct secret *ret);
MUST_USE enum err grant_open_refresh(struct work *w, const struct grant_row *g, struct secret *ret);
/* Seals both tokens under the row's next generation (a kept refresh token anew), forgets failures,
 * says when it is to be kept alive, closes the journal. */
MUST_USE enum err grant_seal_and_save(struct work *w, struct grant_row *g,
                                      const struct grant_tokens *tokens, const struct secret *kept);

#endif
