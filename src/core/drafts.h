/* A request form kept for a day while its author goes to connect: one for each user and app. Only
 * what stood in the form; never a credential. Without HTTP and SQL.
 */
#ifndef CORE_DRAFTS_H
#define CORE_DRAFTS_H

#include <jansson.h>

#include "core/work.h"

/* Replaces the acting user's draft in the app of the path. Opens the write transaction. */
MUST_USE enum err draft_save(struct work *w, const json_t *content, str *ret_id);
/* *ret NULL: none, expired, or somebody else's. */
MUST_USE enum err draft_find(struct work *w, str id, json_t **ret);

#endif
