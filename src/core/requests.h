/* The rules of saved requests: an app's admins save them, each under a name that is unique in the
 * app and never changes, because templates ({{request.Name...}}) and the steps of actions name it.
 * What stands in the document is src/actions' and was checked before. Without HTTP and SQL; the
 * membership of the unit of work names the app; that the caller is its admin was decided before.
 */
#ifndef CORE_REQUESTS_H
#define CORE_REQUESTS_H

#include "core/work.h"
#include "store/requests.h"

#define REQUESTS_MAX 500 /* of one app: pages show them all at once */
#define REQUEST_NAME_MAX 50

/* A letter or "_", then letters, digits, "_" and "-": what can stand in a template. */
int request_name_valid(str name);

/* By name. */
MUST_USE enum err requests_list(struct work *w, struct request_row **ret, size_t *ret_count);
/* By id or name; ERR_NOT_FOUND. */
MUST_USE enum err request_find(struct work *w, str id_or_name, struct request_row *ret);
/* Write transaction. connection: of this app. ERR_NAME_TAKEN; ERR_INVALID: REQUESTS_MAX. */
MUST_USE enum err request_create(struct work *w, str name, str connection, str document,
                                 struct request_row *ret);
/* Write transaction. ERR_CONFLICT: somebody else changed it since `row` was read. */
MUST_USE enum err request_change(struct work *w, const struct request_row *row, str connection,
                                 str document, struct request_row *ret);
/* Write transaction. ERR_NOT_FOUND: it is gone already. */
MUST_USE enum err request_delete(struct work *w, const struct request_row *row);

#endif
