/* OAuth grants: the tokens of one Atlassian account for one client, which credentials stand on.
 * Without HTTP and SQL; who calls Atlassian, and that one grant is refreshed by one caller at a
 * time, is src/life's business.
 *
 * Invariants:
 *   - tokens open only in their own row, generation, client and account, and only for the servers
 *     they came from (vault binding);
 *   - generation moves with every new token: what was in flight with older ones can tell, and saves
 *     nothing (rule 11);
 *   - new tokens are committed before anybody uses them;
 *   - an answer without a refresh token keeps the old one, unless it is a new consent, which always
 *     brings one;
 *   - a grant goes with the last credential that stood on it.
 */
#ifndef CORE_GRANTS_H
#define CORE_GRANTS_H

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
/* expires_in to a time; an hour when it was not said. */
int64_t grant_access_expires(const struct work *w, int64_t expires_in_s);

/* Write transaction. A new consent: makes the grant of client and account or replaces its tokens,
 * and connects again what the acting user had entered and was refused with the old ones. *ret_id:
 * in the arena. ERR_SCOPE_MISSING when there is no refresh token. */
MUST_USE enum err grant_save(struct work *w, str client_id, str account_id,
                             const struct grant_tokens *tokens, str *ret_id);

/* The access token as it is on file; its secret is the caller's. ERR_NEEDS_RECONNECT when there is
 * no such grant, or it does not open. */
MUST_USE enum err grant_access(struct work *w, str grant, struct secret *ret_access,
                               struct grant_row *ret_row);

/* What a refresh begins with. Read only. */
struct grant_refresh {
    int fresh;                     /* somebody else has refreshed it: `access` is the new token */
    int64_t generation;            /* of what was read */
    struct secret access;          /* when fresh; the caller's */
    struct secret refresh;         /* when not; the caller's */
    struct provider_client client; /* when not; its secret is the caller's */
};
/* `generation`: of the token that the caller found stale. connection: one of those that stand on
 * it, in the app `app`; its client must still be the grant's: ERR_NEEDS_RECONNECT otherwise. */
MUST_USE enum err grant_refresh_begin(struct work *w, str grant, int64_t generation, str app,
                                      str connection, struct grant_refresh *ret);
/* Write transaction. Saves what the provider answered, if the generation is still that one, else
 * drops it and hands out what is on file instead. *ret_access: the token to use after the commit.
 */
MUST_USE enum err grant_refresh_save(struct work *w, str grant, int64_t generation,
                                     const struct provider_tokens *tokens,
                                     struct secret *ret_access, int64_t *ret_generation);
/* Write transaction. The provider declared the grant dead: all that stand on it need reconnecting,
 * if the generation is still that one. */
MUST_USE enum err grant_refresh_refused(struct work *w, str grant, int64_t generation, str why);

#endif
