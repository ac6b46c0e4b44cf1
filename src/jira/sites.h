/* Which Jira sites a grant reaches, out of the answer of accessible-resources (Atlassian's page
 * "OAuth 2.0 (3LO) apps", section "Get the cloudid"): a bare JSON array without meaning in its
 * order, in which one site may stand several times, once a product, told apart by scopes only.
 * Pure; any thread.
 */
#ifndef JIRA_SITES_H
#define JIRA_SITES_H

#include "core/provider.h"
#include "jira/policy.h"

struct jira_sites {
    const struct provider_site *jira; /* by name, then id; each id once */
    size_t jira_count;
    const struct provider_site *other; /* granted, but with no scope of Jira's */
    size_t other_count;
};

/* Entries are left out whose id is no UUID or whose url is not that of a Jira Cloud site by the
 * settings. A site is Jira's when one of its entries has a scope with "jira" in it. `url` becomes
 * an origin; a missing name the first label of its host. Returns 1, or 0 when body is not a JSON
 * array. */
MUST_USE int jira_sites_read(const struct jira_policy *policy, struct arena *a, str body,
                             struct jira_sites *ret);
/* The site of this id, or of this origin; NULL when it is not there. */
const struct provider_site *jira_sites_by_id(const struct provider_site *sites, size_t count,
                                             str id);
const struct provider_site *jira_sites_by_url(const struct provider_site *sites, size_t count,
                                              str url);
/* "https://a..., https://b... and 3 others", for a sentence. Empty for none. */
str jira_sites_list(struct arena *a, const struct provider_site *sites, size_t count);

#endif
