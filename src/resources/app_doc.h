/* The part `A` that every document below an app has (docs/api.md):
 *   {"app": {"id","slug","name","description","role","is_admin","flagged"},
 *    "tab": "description" | "actions" | "request" | "permissions" | "settings",
 *    "is": {"description","actions","request","permissions","settings"}}
 * and small parts that several resources share.
 */
#ifndef RESOURCES_APP_DOC_H
#define RESOURCES_APP_DOC_H

#include "http/exchange.h"

enum app_tab {
    APP_TAB_DESCRIPTION,
    APP_TAB_ACTIONS,
    APP_TAB_REQUEST,
    APP_TAB_PERMISSIONS,
    APP_TAB_SETTINGS
};

/* Puts `A` into exchange_doc(x), for the app of the path (x->work->membership, so only on routes
 * with APP_MEMBER or APP_ADMIN). tab: the tab that is current; pages below a tab (Connect, Edit)
 * name the tab they belong to. Reads the app; ERR_NOT_FOUND when it was deleted meanwhile. */
MUST_USE enum err app_doc_fill(struct exchange *x, enum app_tab tab);
/* A person `P`: {"id","name","email"}, in the exchange's arena. */
json_t *app_doc_person(struct exchange *x, str id, str name, str email);
/* "/apps/{slug of the path}" + tail, in the arena: for x->location. */
str app_doc_path(struct exchange *x, const char *tail);

#endif
