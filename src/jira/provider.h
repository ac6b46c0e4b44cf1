/* Jira as a provider of connections (core/provider.h): credentials are Basic (e-mail or user name
 * and API key), on a site's own host or through Atlassian's gateway, or access tokens of OAuth 2.0,
 * through the gateway only.
 *
 * How long an operation may take: each call to Jira the setting upstream_timeout (prove.c: all
 * calls of an operation together), the call to the token endpoint that or JIRA_TOKEN_MS, whichever
 * is more.
 */
#ifndef JIRA_PROVIDER_H
#define JIRA_PROVIDER_H

#include "base/clock.h"
#include "core/provider.h"
#include "core/settings.h"

/* Atlassian's token endpoint has been seen to take over a minute, and a refresh that is given up
 * may have been carried out. */
#define JIRA_TOKEN_MS (90 * CLOCK_SECOND_MS)

/* Reads allow_hosts, atlassian_api_url, atlassian_auth_url, atlassian_sites, ca_file, proxy and
 * upstream_timeout; ERR_CONFIG with a sentence for one that cannot be used. Keeps no pointer to
 * settings. */
MUST_USE enum err jira_provider_new(struct fault *f, const struct settings *settings,
                                    struct loops *loops, struct provider *ret);
/* Ends all operations under way, and those begun from now on, as soon as they call somebody: their
 * done() comes as ever. Does not wait. On a thread that is no loop. Accepts a zeroed struct. */
void jira_provider_stop(struct provider *p);
/* The same, waits for their done() and frees. Before loops_stop(), after the last use of any of the
 * provider's functions: no handler runs any more. Accepts a zeroed struct. */
void jira_provider_free(struct provider *p);

#endif
