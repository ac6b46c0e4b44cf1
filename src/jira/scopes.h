/* Which OAuth scope a call wants (tables/jira_scopes.def). A guess for people, never a decision.
 * Pure; any thread.
 */
#ifndef JIRA_SCOPES_H
#define JIRA_SCOPES_H

#include "base/arena.h"
#include "base/str.h"

/* url: of a call, with "/rest/api/2/" or 3 in it. Empty when the table does not know. */
str jira_scope_of(str method, str url);
/* Those of `needed` that are not in `granted` (each separated by spaces). Granular scopes
 * ("read:issue:jira") cover what this table does not know: with one of them granted nothing is
 * said to be missing. */
str jira_scopes_missing(struct arena *a, str needed, str granted);

/* What comes after "/rest/api/<version>/" in a URL, without the query: "issue/ACME-1"; else empty.
 */
str jira_api_path(str url);
/* 1 when the segments of `path` begin with those of `wanted`, where "*" is any one; *ret_more: it
 * has more of them. */
int jira_path_fits(str wanted, str path, int *ret_more);

#endif
