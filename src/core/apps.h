/* The rules of apps: making, renaming, deleting. Any signed-in user may make one and becomes its
 * admin; the membership of the unit of work names the app in all other functions, and the caller's
 * right in it was decided before.
 *
 * Names need not be unique; slugs are. A slug is made from the first name (core/names.h), with
 * "-2", "-3", ... behind it when taken, or chosen at the creation; it never changes.
 */
#ifndef CORE_APPS_H
#define CORE_APPS_H

#include "core/work.h"
#include "store/apps.h"

#define APPS_PAGE 100

struct apps_page {
    struct app_seen_row *rows;
    size_t count;
    int64_t total;
    str next; /* p == NULL: the last page */
};
/* The acting user's apps. */
MUST_USE enum err apps_page(struct work *w, str query, str after, struct apps_page *ret);

/* slug: empty, or valid (name_slug_valid). ERR_NAME_TAKEN for a chosen one. Write transaction. */
MUST_USE enum err apps_create(struct work *w, str name, str slug, str description,
                              struct app_row *ret);
/* The app of the path. ERR_NOT_FOUND when it was deleted meanwhile. */
MUST_USE enum err apps_get(struct work *w, struct app_row *ret);
/* NULL: not to be changed. Write transaction. */
MUST_USE enum err apps_change(struct work *w, const str *name, const str *description,
                              struct app_row *ret);
/* confirm: the app's name as the admin typed it; ERR_INVALID when it differs. Erases the app with
 * everything below it. Write transaction. */
MUST_USE enum err apps_delete(struct work *w, str confirm);

#endif
