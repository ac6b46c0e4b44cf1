/* Which OAuth scope a call wants (tables/jira_scopes.def). A guess for people, never a decision.
 * Pure; any thread.
 */
#ifndef JIRA_SCOPES_H
#define JIRA_SCOPES_H

#include "base/str.h"

/* url: of a call, with "/rest/api/2/" or 3 in it. Empty when the table does not know. */
str jira_scope_of(str method, str url);

#endif
