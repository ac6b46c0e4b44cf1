/* Emergency stops as documents (`T` and `I` of docs/api.md) and as a CSV file. Workers only; they
 * go with the exchange's arena.
 */
#ifndef RESOURCES_STOP_DOC_H
#define RESOURCES_STOP_DOC_H

#include "core/stops.h"
#include "http/exchange.h"

/* A page of the list on pages and in JSON; of the CSV file. */
#define STOP_LIST_PAGE 100
#define STOP_CSV_PAGE 10000

/* `T`. */
json_t *stop_doc(struct exchange *x, const struct stop_row *row);
/* The member "stop" of doc: the subject's open stop, or null. */
MUST_USE enum err stop_doc_put_open(struct exchange *x, json_t *doc, enum stop_kind kind,
                                    str subject);
/* The path of a stop's page: below its app, or /stops/.... */
str stop_doc_path(struct exchange *x, const struct stop_row *row);
/* `I`. */
json_t *stop_doc_item(struct exchange *x, const struct stop_item *item);
/* Where this is revoked. */
str stop_doc_revoke_page(const struct exchange *x, const struct stop_item *item);

/* RFC 4180, with a header line. What a spreadsheet would take for a formula gets a ' before it. */
str stop_csv(struct exchange *x, const struct stop_item *items, size_t count);

#endif
