/* Runs as callers see them (`X` of docs/api.md): contents only for whoever may see them
 * (core/runs.h). Workers only; the documents go with the exchange's arena.
 */
#ifndef RESOURCES_RUN_DOC_H
#define RESOURCES_RUN_DOC_H

#include <jansson.h>

#include "core/runs.h"
#include "http/exchange.h"

/* A line of the history: without inputs, outputs and calls. */
json_t *run_doc(struct exchange *x, const struct run_row *row);
/* All of it; calls behind number `after`. */
MUST_USE enum err run_doc_whole(struct exchange *x, const struct run_row *row, int64_t after,
                                json_t **ret);

#endif
