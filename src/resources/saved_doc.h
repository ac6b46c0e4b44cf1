/* A saved request as its app's admins see it: `Q` of docs/api.md, and the page on which it is
 * designed and tried out. Workers only; the documents go with the exchange's arena.
 */
#ifndef RESOURCES_SAVED_DOC_H
#define RESOURCES_SAVED_DOC_H

#include <jansson.h>

#include "core/requests.h"
#include "http/exchange.h"

/* The document (actions/request.h) of a row. ERR_STORAGE_FAILED: what is on file is none. */
MUST_USE enum err saved_document(struct exchange *x, const struct request_row *row, json_t **ret);
/* Q. */
MUST_USE enum err saved_doc(struct exchange *x, const struct request_row *row, json_t **ret);
/* Puts Q as `request` (row NULL: null, a new one), and what the page needs: form, methods,
 * connections, values, sent, result, connect. What was entered wins over what is on file. */
MUST_USE enum err saved_page(struct exchange *x, const struct request_row *row);

#endif
