/* Bodies as they are kept and shown: what looks like a secret is replaced, and what is long is cut.
 * A member of a JSON document counts as one by its name (password, secret, token, api key,
 * authorization and the like; a "...PageToken" of a search is none). Pure; any thread.
 */
#ifndef ACTIONS_MASK_H
#define ACTIONS_MASK_H

#include <jansson.h>

#include "base/arena.h"
#include "base/str.h"

#define MASK_TEXT "***"

/* The text itself when there is nothing to replace, or it is not JSON. In the arena. */
str mask_body(struct arena *a, str body);
/* The same in place. Returns how many values were replaced. */
size_t mask_document(json_t *document);
/* mask_body(), at most max bytes of UTF-8, "..." behind what was cut; what is not text, or larger
 * than 1 MB, becomes words that say so. p NULL stays so. */
str mask_cut(struct arena *a, str body, size_t max);

#endif
