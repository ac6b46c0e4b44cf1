/* Values in JQL, Jira's query language: always quoted, so that none can become anything but a value
 * (support.atlassian.com, "Use advanced search with JQL": strings in double quotes, escapes by
 * backslash). Pure; any thread.
 */
#ifndef JIRA_JQL_H
#define JIRA_JQL_H

#include <jansson.h>

#include "base/arena.h"
#include "base/str.h"

/* A text, number or truth as "value"; a list as "one", "two" (for `in (...)`); null and an empty
 * list as EMPTY; anything else as its JSON text, quoted. */
str jira_jql_value(struct arena *a, const json_t *value);

#endif
