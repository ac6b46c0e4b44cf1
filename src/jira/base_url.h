/* The Base URL that a person enters: normalised to an origin, or refused with a sentence that
 * tells what to do. Decides by names only; where a name leads is the guard's matter
 * (upstream/guard.h). Pure; any thread.
 */
#ifndef JIRA_BASE_URL_H
#define JIRA_BASE_URL_H

#include "jira/policy.h"

/* Accepts hosts below policy->sites with https on its own port, and what the operator allows.
 * A pasted address of a board or an issue is cut to its origin; a missing scheme becomes https
 * (http when the operator allows the host only so); letter case, a trailing dot and international
 * names are normalised. ERR_BASE_URL_REFUSED otherwise: plain http, user information, an IP
 * address in any spelling, another port, another host. */
MUST_USE enum err jira_base_url_check(const struct jira_policy *policy, struct arena *a,
                                      struct fault *f, str entered, str *ret_origin);

#endif
