/* Regular expressions that admins write for inputs: PCRE2, with limits on the pattern, on how often
 * and how deep it may be tried, and on memory, so that none can keep a worker busy. A pattern has
 * to fit the whole text, as in HTML. Pure; any thread.
 */
#ifndef ACTIONS_PATTERN_H
#define ACTIONS_PATTERN_H

#include "base/err.h"
#include "base/str.h"

#define PATTERN_MAX ((size_t)500) /* bytes */

/* ERR_INVALID with the reason and where. */
MUST_USE enum err pattern_check(struct fault *f, str pattern);
/* *ret_fits 0 or 1. ERR_INVALID: it is no pattern, or gave up at a limit. */
MUST_USE enum err pattern_fits(struct fault *f, str pattern, str text, int *ret_fits);

#endif
