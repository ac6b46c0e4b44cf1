/* OAuth grants: the tokens of one Atlassian account for one client, which credentials stand on.
 * Without HTTP and SQL; how one is refreshed is core/grant_refresh.h's, what a consent does to
 * others core/consents.h's.
 *
 * Invariants:
 *   - tokens open only in their own row, generation, client and account, and only for the servers
 *     they came from (vault binding);
 *   - generation moves with every new token: what was in flight with older ones can tell, and saves
 *     nothing (rule 11);
 *   - an answer without a refresh token keeps the old one, unless it is a new consent, which always
 *     brings one;
 *   - a consent whose tokens do not reach the sites of what stands on the grant (a resource-level
 *     OAuth app) makes a grant of its own, for its site;
 *   - a grant goes with the last credential that stood on it.
 */
#ifndef CORE_GRANTS_H
#define CORE_GRANTS_H

#include "base/clock.h"
#include "core/consents.h"
#include "core/provider.h"
#include "core/work.h"
#include "store/oauth.h"

/* Tokens as they come from a consent or an earlier refresh. */
struct grant_tokens {
    const struct secret *access;
    const struct secret *refresh; /* unset: keep the old one */
    int64_t access_expires;       /* milliseconds UTC */
    str scopes;
};
/* Atlassian drops what was not used for 90 days; refreshed after half of it, though nobody uses it.
 */
#define GRANT_IDLE_MS (90 * CLOCK_DAY_MS)
#define GRANT_KEEP_MS (45 * CLOCK_DAY_MS)
/* Possibly the longest life of one after its consent, however much it is used: sources disagree, so
 * it is told and never acted upon. */
#define GRANT_HARD_MS (365 * CLOCK_DAY_MS)
/* expires_in to a time; an hour when it was not said. */
int64_t grant_access_expires(const struct work *w, int64_t expires_in_s);

/* What the tokens of a consent are for. */
struct grant_reach {
    str credential; /* id of the row that is being connected */
    str site;       /* the cloud id it is for */
    str sites;      /* cloud ids that the tokens reach, separated by spaces; empty: not known */
    const struct consent *consent; /* NULL: the tokens waited for an answer */
};

/* Write transaction. A new consent: makes the grant of client and account or replaces its tokens,
 * and connects again what the acting user had entered and was refused with the old ones. *ret_id:
 * in the arena. *ret_lost: scopes that the grant had, and others that stand on it have no more;
 * else empty. ERR_SCOPE_MISSING when there is no refresh token. */
MUST_USE enum err grant_save(struct work *w, str client_id, str account_id,
                             const struct grant_reach *reach, const struct grant_tokens *tokens,
                             str *ret_id, str *ret_lost);

/* The access token as it is on file; its secret is the caller's. ERR_NEEDS_RECONNECT when there is
 * no such grant, or it does not open. */
MUST_USE enum err grant_access(struct work *w, str grant, struct secret *ret_access,
                               struct grant_row *ret_row);

#endif
