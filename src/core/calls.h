/* Records of relayed calls: written in groups, read by an app's admins, swept. The caller's right
 * was decided before. Without HTTP and SQL.
 */
#ifndef CORE_CALLS_H
#define CORE_CALLS_H

#include "core/work.h"
#include "store/calls.h"

#define CALLS_PAGE 50
#define CALLS_KEPT_MS (30 * CLOCK_DAY_MS)

/* Saves them, and that the credentials were used. Opens its own transaction, which moves nothing.
 */
MUST_USE enum err calls_save(struct work *w, const struct call_row *rows, size_t count);
/* Of the app of the membership, the newest first, CALLS_PAGE at most; *ret_next: to go on before,
 * p == NULL on the last page. */
MUST_USE enum err calls_page(struct work *w, const struct call_filter *filter,
                             struct call_row **ret, size_t *ret_count, str *ret_next);

#endif
