/* The Atlassian Document Format (ADF), in which Jira keeps descriptions, comments and other long
 * texts, from and to what people write (Markdown) and see (HTML).
 * Source: developer.atlassian.com/cloud/jira/platform/apis/document/structure, and the JSON schema
 * of npm's @atlaskit/adf-schema. Markdown is CommonMark with GitHub's tables, strikethrough, task
 * lists and bare http addresses, read by md4c.
 *
 * What both know comes back equal: paragraph, heading, lists, task list, quote, code block, rule,
 * table, hard break, and the marks strong, em, strike, code and link. What only one side knows is
 * kept as text: docs/adf.md lists how. Pure; any thread. All sizes are bytes.
 */
#ifndef JIRA_ADF_H
#define JIRA_ADF_H

#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define ADF_INPUT_MAX ((size_t)1 << 20)  /* of Markdown */
#define ADF_OUTPUT_MAX ((size_t)4 << 20) /* of Markdown or HTML, and of the texts of a document */
#define ADF_NODES_MAX 100000             /* nodes and marks of a document made from Markdown */

/* A document that goes with the arena. ERR_MALFORMED when the text is not UTF-8 or holds U+0000,
 * ERR_TOO_LARGE beyond the limits above. Lists deeper than 24 and what Jira does not allow inside
 * a list or quote become paragraphs there. */
MUST_USE enum err jira_adf_from_markdown(struct arena *a, struct fault *f, str markdown,
                                         json_t **ret);

/* Text in the arena, without a newline at the end. Takes any JSON: what is no document is treated
 * as unknown nodes are. ERR_TOO_LARGE beyond ADF_OUTPUT_MAX. Characters are escaped so that they
 * stay what they are, and only where needed. */
MUST_USE enum err jira_adf_to_markdown(struct arena *a, struct fault *f, const json_t *adf,
                                       str *ret);

/* HTML for the inside of an element, in the arena: a fixed list of elements and attributes, every
 * text escaped, links to http, https and mailto only, no images, no style, no id. Safe to show
 * whatever the document holds. ERR_TOO_LARGE beyond ADF_OUTPUT_MAX. */
MUST_USE enum err jira_adf_to_html(struct arena *a, struct fault *f, const json_t *adf, str *ret);

#endif
