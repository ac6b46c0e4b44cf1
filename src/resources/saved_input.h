/* What an admin entered for a saved request, made into its document (actions/request.h): the form's
 * lines and the API's objects alike.
 *   query    lines "name=value", an object of texts or lists of them, or [{"name","value"}]
 *   headers  lines "Name: value", an object of texts, or [{"name","value"}]
 *   body     from a form its text, which has to be JSON; from JSON any value
 */
#ifndef RESOURCES_SAVED_INPUT_H
#define RESOURCES_SAVED_INPUT_H

#include <jansson.h>

#include "http/exchange.h"

/* Members that were not given are taken from `before` (may be NULL). ERR_INVALID with field errors:
 * also unknown names, with the names of the app's requests as those that are known. */
MUST_USE enum err saved_input(struct exchange *x, const json_t *before, json_t **ret);

#endif
