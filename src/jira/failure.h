/* A call that was not answered, as an error with a sentence. Pure; any thread.
 */
#ifndef JIRA_FAILURE_H
#define JIRA_FAILURE_H

#include "core/provider.h"
#include "upstream/client.h"

/* Fills f and returns the code; the log-only detail too. `call` ended with any other outcome than
 * UPSTREAM_ANSWERED. Says "nothing was sent" exactly when that is sure, and for a call that may
 * change something and may have been sent, that it may have been carried out. */
MUST_USE enum err jira_failure(struct fault *f, const struct upstream_call *call);
/* The same for a call of OAuth 2.0 (to the authorization server or the gateway), in words about
 * Atlassian instead of Jira and a Base URL. advice: a sentence on what to do, which ends it. */
MUST_USE enum err jira_grant_failure(struct fault *f, const struct upstream_call *call,
                                     const char *advice);
/* The stage at which proving a credential stopped; `otherwise` when the server was reached. */
enum provider_stage jira_failure_stage(const struct upstream_call *call,
                                       enum provider_stage otherwise);

#endif
