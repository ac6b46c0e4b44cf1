/* What a consent with fewer scopes takes from what stands on its grant already: Atlassian puts the
 * scopes of a consent in the place of those before. Whoever consents is told at once, the owners of
 * the others by an incident (tables/incidents.def: SCOPES_LOST) which is over when a consent brings
 * the scopes back, or theirs is connected again. Only scopes that a credential had count as lost.
 */
#ifndef CORE_SCOPES_LOST_H
#define CORE_SCOPES_LOST_H

#include "core/work.h"
#include "store/oauth.h"

/* Write transaction. `grant` as it was before, `scopes` of the new tokens (empty: as before);
 * credential: that is connected with them, empty: none. *ret_lost: what others on the grant lose by
 * it, separated by spaces; else empty. In the arena. */
MUST_USE enum err scopes_lost_note(struct work *w, const struct grant_row *grant, str credential,
                                   str scopes, str *ret_lost);

#endif
