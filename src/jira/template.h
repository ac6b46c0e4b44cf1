/* A path of Jira's REST API as a kind: "/rest/api/3/issue/{issue}/comment/{id}". Names that people
 * gave (keys, ids, accounts) become placeholders, so that calls of one kind count together and no
 * record tells more than which issue was meant. Pure; any thread.
 */
#ifndef JIRA_TEMPLATE_H
#define JIRA_TEMPLATE_H

#include "base/arena.h"
#include "base/str.h"

/* path: in its normal form. In the arena, or borrowed; *ret_issue empty when the path names none.
 * *ret_project: the key of the project that the path names, or that the issue's begins with; else
 * empty. */
void jira_template(struct arena *a, str path, str *ret_template, str *ret_issue, str *ret_project);
/* A path that the template fits, with the project's key where a path has it, or an issue's. */
str jira_template_path(struct arena *a, str template, str project);

#endif
