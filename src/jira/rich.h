/* Long texts in templates and outputs: people write and read Markdown, Jira keeps ADF (adf.h).
 * Pure; any thread. Results are in the arena.
 */
#ifndef JIRA_RICH_H
#define JIRA_RICH_H

#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* The filter `adf`: a text of Markdown as a document; null and "" stay nothing (null). NULL: it is
 * no text, or too large. */
json_t *jira_rich_adf(struct arena *a, const json_t *value);
/* The filter `markdown`: a document as Markdown; a text as it is, null as nothing. p NULL: too
 * large. */
str jira_rich_markdown(struct arena *a, const json_t *value);
/* HTML for the inside of an element, safe as jira_adf_to_html() says; headings begin with h4. */
MUST_USE enum err jira_rich_html(struct arena *a, struct fault *f, str markdown, str *ret);

#endif
