/* What an edit of an issue would change, for dry runs: the read that tells how its fields are now,
 * and the comparison. Jira is written to in another shape than it is read in ({"name": "High"} of a
 * whole priority): a field counts as unchanged when everything that is written is so already. Pure;
 * any thread. In the arena.
 */
#ifndef JIRA_PREVIEW_H
#define JIRA_PREVIEW_H

#include <jansson.h>

#include "core/provider.h"

/* 1: PUT /rest/api/{2,3}/issue/{issue} with fields, and *read (method, path, query) tells what they
 * are. 0: any other call. */
int jira_preview(struct arena *a, const struct provider_request *write,
                 struct provider_request *read);
/* [{"name","from","to"}] of the fields that would change, as texts; operations of `update` as they
 * are. Empty when nothing would, or what was read is no issue. */
json_t *jira_preview_changes(struct arena *a, str write_body, str read_body);

/* Of an answer that refuses a write: {"summary": "You must specify a summary of the issue."}. */
json_t *jira_field_errors(struct arena *a, str reply_body);

#endif
