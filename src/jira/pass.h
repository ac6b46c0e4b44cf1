/* Calls that pass through (core/provider.h: pass_...): which are let through, where links in their
 * answers lead, what an answer means from its status and headers. Bodies are not looked at, except
 * a 401's. Pure; any thread.
 */
#ifndef JIRA_PASS_H
#define JIRA_PASS_H

#include "core/provider.h"

/* self: struct jira. */
MUST_USE enum err jira_pass_check(void *self, struct arena *a, struct fault *f,
                                  struct provider_pass *pass);
MUST_USE enum err jira_pass_place(void *self, struct arena *a, struct fault *f,
                                  const struct provider_target *target, str site, str entered,
                                  struct provider_place *ret);
struct provider_verdict jira_pass_judge(void *self, struct arena *a,
                                        const struct upstream_call *call, str body,
                                        const struct provider_target *target);
/* As Atlassian's page "Rate limiting" has them (state of 2026-08). */
str jira_limit_name(enum provider_limit limit);
struct provider_needs jira_pass_needs(void *self, struct arena *a, str method, str template,
                                      str project, str body);
/* 303 with the address of a host of tables/jira_content_hosts.def, by https, or of one that the
 * operator allows. */
str jira_pass_content(void *self, struct arena *a, const struct upstream_call *call);

#endif
