/* OAuth grants: the tokens of one Atlassian account for one client, which credentials stand on.
 * Without HTTP and SQL; how one is refreshed is core/grant_refresh.h's.
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
 *
 * Consents. Whether Atlassian treats the consents of one account for one client as one family of
 * tokens or as several is not known. When it is one, the exchange of a consent's code uses up every
 * refresh token of that family, whatever becomes of the new ones, and those on file serve for ten
 * minutes more. So whatever a consent may have done that to is renewed in that time:
 *
 *   resting    -- a consent's code is about to be exchanged --> to be renewed (store/renewals.h: a
 *                                                         row for each grant and consent, and when)
 *   to be renewed -- a refresh that was begun at that time or later --> resting
 *                 -- the consent's own tokens are saved in this grant --> resting
 *                 -- the consent turns out to be another account's --> resting
 *                 -- the grant is declared dead, or goes --> (none)
 * Invariants:
 *   - before the code is sent, and committed: every grant of that client that something stands on
 *     which the acting user entered. Once it is known whose consent it is: every grant of that
 *     client and account, whoever entered what stands on it, and no other. It does not matter what
 *     becomes of the consent: saved, asked about and left, refused, failed, or its process killed;
 *   - the time is later than the exchange can be under way (GRANT_RENEW_AFTER_MS), and only a
 *     refresh begun then counts: what was under way before may have brought tokens that the
 *     exchange used up. It is kept apart from the times of keep-alive, which a save moves;
 *   - tokens that waited for an answer (which site, another account) may have been used up by
 *     another consent meanwhile: saved, they are renewed at once, and they wait no longer than
 *     GRANT_LEEWAY_MS (core/grant_refresh.h) since they were given;
 *   - what is stopped, suspended, wiped or dead is not renewed, and nothing is revived; what is
 *     overdue is tried once, as an interrupted refresh is;
 *   - the keeper renews, of whichever process (life/keeper.h), whether or not idle grants may
 * lapse.
 */
#ifndef CORE_GRANTS_H
#define CORE_GRANTS_H

#include "base/clock.h"
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

/* When, after a code was about to be exchanged, that is surely over: its time-out is 90 seconds. */
#define GRANT_RENEW_AFTER_MS (3 * CLOCK_MINUTE_MS)
/* A consent whose code is exchanged. */
struct grant_consent {
    str id; /* of its pending row */
    str client_id;
    int64_t claimed; /* by the database's clock, before the exchange; 0: long ago */
};
/* Write transaction, committed before the code is sent: sets c->claimed, and the acting user's
 * grants of the client are to be renewed. */
MUST_USE enum err grant_consent_begins(struct work *w, struct grant_consent *c);
/* After the exchange, whatever came of it. account_id: whose it was, empty: not known. A write
 * transaction of its own when there is something to write, committed and without a check of rights:
 * it happened. */
MUST_USE enum err grant_consent_happened(struct work *w, const struct grant_consent *c,
                                         str account_id);

/* What the tokens of a consent are for. */
struct grant_reach {
    str credential; /* id of the row that is being connected */
    str site;       /* the cloud id it is for */
    str sites;      /* cloud ids that the tokens reach, separated by spaces; empty: not known */
    const struct grant_consent *consent; /* NULL: the tokens waited for an answer */
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
