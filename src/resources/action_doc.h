/* Actions as callers see them (`N` of docs/api.md), and what checking one needs to know of the app.
 * Workers only; the documents go with the exchange's arena.
 */
#ifndef RESOURCES_ACTION_DOC_H
#define RESOURCES_ACTION_DOC_H

#include <jansson.h>

#include "actions/action.h"
#include "core/actions.h"
#include "http/exchange.h"

/* N: without the documents. */
json_t *action_doc(struct exchange *x, const struct action_row *row);
/* Draft, or what was applied, parsed. ERR_STORAGE_FAILED: what is on file is none. */
MUST_USE enum err action_document(struct exchange *x, const struct action_row *row, str text,
                                  json_t **ret);
/* The app's requests, the filters, the provider. */
MUST_USE enum err action_surroundings(struct exchange *x, struct action_surroundings *ret);
/* [{"field","message"}], as the API's errors are. */
json_t *action_slips_doc(struct exchange *x, const struct slips *s);
/* "/apps/{slug}/actions/{slug of the action}" + tail. */
str action_path(struct exchange *x, const struct action_row *row, const char *tail);

#endif
