/* Which of Jira's project permissions a call wants, and in which project
 * (tables/jira_permissions.def). A guess for asking and telling, never a decision. Pure; any
 * thread.
 */
#ifndef JIRA_PERMISSIONS_H
#define JIRA_PERMISSIONS_H

#include "core/provider.h"

/* The permission's key, and the project's in capitals; 0: the table does not know this call, or the
 * call names no project by its key. body: JSON, looked at only when the table says so. */
int jira_permission_of(struct arena *a, str method, str url, str body, str *ret_permission,
                       str *ret_project);
/* 1 when the project of such a call stands in its body. */
int jira_permission_in_body(str method, str path);
/* What somebody who lacks it may not do: "create issues". The key itself when it is unknown. */
str jira_permission_words(str permission);
/* 1 for what Jira may call a project: a letter, then letters, digits and '_'. */
int jira_is_project_key(str s);

#endif
