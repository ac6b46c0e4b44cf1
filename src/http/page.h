/* The object `page` that every template gets beside its document. Pure; any thread. */
#ifndef HTTP_PAGE_H
#define HTTP_PAGE_H

#include <jansson.h>

#include "base/err.h"
#include "base/str.h"
#include "http/asset.h"

struct exchange;

/* A failure as a page shows it. */
struct page_problem {
    const struct fault *fault; /* NULL: none */
    int retry_after_s;
    json_t *errors; /* array of {field, message}, or NULL */
    json_t *extras; /* members that the handler added, or NULL */
};

/* In the exchange's arena:
 *   csrf              text for the hidden field _csrf, or null
 *   me                {id, name, email, workspace_admin} or null
 *   notice            text or null
 *   problem           null or {code, status, title, sentence, retry_after, instance, + extras}
 *   field_errors      {field: message}; absent names are no mistake in a template
 *   field_error_list  [{field, message}]
 *   entered           what was sent, {name: value}, without secrets; absent names as above
 *   path              path and query of this page, for return_to; path_encoded for use in a query
 *   section           first segment of the path; `in` {section: true}, where below /me
 *                     "connections", "notices" or "account"
 *   assets            {css, js, icon, logo} and every asset by its key ("style_css")
 *   api_path          the same resource as JSON
 *   request_id */
json_t *page_context(const struct exchange *x, const struct ui *ui, str notice,
                     const struct page_problem *problem);

#endif
