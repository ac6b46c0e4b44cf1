/* What the acting user was told: lists, counts, and marking as read. Made by core/incidents.h.
 * Worker threads.
 */
#ifndef CORE_NOTICES_H
#define CORE_NOTICES_H

#include "core/work.h"
#include "store/incidents.h"

#define NOTICES_PAGE 50
#define NOTICES_COUNTED 100 /* unread ones are counted so far */

/* Newest first. before: the `next` of the page before, or empty. *ret_next.p NULL: the last one. */
MUST_USE enum err notices_page(struct work *w, str before, struct notice_row **ret,
                               size_t *ret_count, str *ret_next);
/* At most NOTICES_COUNTED. Cheap enough for every page. */
MUST_USE enum err notices_unread(struct work *w, int64_t *ret);
/* One, or with an empty id all. ERR_NOT_FOUND when the user has no such notice. Write transaction.
 */
MUST_USE enum err notices_read(struct work *w, str id);

#endif
