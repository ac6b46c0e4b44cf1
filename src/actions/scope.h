/* What templates can name whoever runs them: the part of the values (names.h) that is known before
 * anything was entered or asked, and the filters. In the arena of the unit of work.
 */
#ifndef ACTIONS_SCOPE_H
#define ACTIONS_SCOPE_H

#include <jansson.h>

#include "actions/place.h"
#include "core/work.h"

/* The provider's filters as templates take them. */
const struct place_filter *scope_filters(const struct work *w);
/* {"input": {}, "request": {}, "user": {...}, "now", "today", "search": ""} */
json_t *scope_values(const struct work *w);

#endif
