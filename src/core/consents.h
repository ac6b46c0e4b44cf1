/* Consents whose code is exchanged for tokens, and what that may do to the tokens on file. Without
 * HTTP and SQL; going there and back is core/authorize.h's.
 *
 * Whether Atlassian treats the consents of one account for one client as one family of tokens or as
 * several is not known. When it is one, an exchange uses up every refresh token of that family that
 * there is, whatever becomes of the new ones, and those serve for ten minutes more. So every grant
 * that may have happened to is refreshed in that time:
 *
 * A consent (store/consents.h, `consents`):
 *   (none) -- its code is about to be exchanged --> of nobody known
 *   of nobody known -- it is known whose it is --> of an account
 *   either -- surely no tokens were given --> (none)
 *          -- its time has come --> (none), and its grants are to be renewed: all of the account
 *                                   and client, or of the client; but not the one where its own
 *                                   tokens are on file
 * A grant (`grant_renewals`):
 *   resting -- so marked --> to be renewed -- a refresh begun at that time or later --> resting
 *                                          -- declared dead, or gone --> (none)
 * Invariants:
 *   - a consent is on file, committed, from before its code is sent until its grants are marked,
 *     whatever becomes of it: saved, asked about and left, refused, failed, or its process killed.
 *     Grants are looked for at the end of that time, so those that are made meanwhile are among
 *     them;
 *   - its time is later than the exchange can be under way (CONSENT_RENEW_AFTER_MS), and only a
 *     refresh begun then counts: what was under way before may have brought tokens that the
 *     exchange used up;
 *   - tokens on file count as a consent's own until others are saved there. Tokens that are older
 *     than CONSENT_FRESH_MS when they are saved (a question had to be answered, Atlassian was slow)
 *     may have been used up by a consent that is marked already: renewed at once. They are not
 *     saved at all when there is no time left for that (CONSENT_WAIT_MS);
 *   - whose it is is asked right behind the exchange, also where a site has to be chosen or the
 *     consent is refused. Where nobody could tell, it is all of a client: those come after the
 *     others, and one person causes it a few times a quarter of an hour at most;
 *   - what is stopped, suspended, wiped or dead is not renewed, and nothing is revived; what is
 *     overdue is tried once, as an interrupted refresh is;
 *   - the keeper marks and renews, of whichever process (life/keeper.h), whether or not idle grants
 *     may lapse. Times are the database's; what lies further ahead than it can (the clock was set
 *     back) is pulled as near as it can be.
 */
#ifndef CORE_CONSENTS_H
#define CORE_CONSENTS_H

#include "base/clock.h"
#include "core/work.h"

/* When, after a code was about to be exchanged, that is surely over: it is not sent later than
 * CONSENT_SEND_MS, and its time-out is 90 seconds. */
#define CONSENT_RENEW_AFTER_MS (3 * CLOCK_MINUTE_MS)
#define CONSENT_SEND_MS CLOCK_MINUTE_MS
/* One that was sent at the last moment may have been carried out this long before its time. */
#define CONSENT_FRESH_MS (20 * CLOCK_SECOND_MS)
/* How long tokens may wait before they are saved: a look of the keeper and a refresh come in time
 * then. */
#define CONSENT_WAIT_MS (7 * CLOCK_MINUTE_MS)

struct consent {
    str id; /* of its pending row */
    str client_id;
    int64_t claimed; /* by the database's clock, before the exchange */
};

/* Write transaction, committed before the code is sent: sets c->claimed. ERR_TOO_MANY_ATTEMPTS (see
 * core/throttle.h): the acting user's last ones were nobody's. */
MUST_USE enum err consent_begins(struct work *w, struct consent *c, int *retry_after_s);

enum consent_end {
    CONSENT_NOTHING, /* surely no tokens were given */
    CONSENT_UNKNOWN, /* they were, or may have been: nobody knows whose */
    CONSENT_KNOWN
};
/* After the exchange, before anything else is done with what came of it. account_id: with
 * CONSENT_KNOWN. A write transaction of its own when there is something to write, committed and
 * without a check of rights: it happened. */
MUST_USE enum err consent_happened(struct work *w, const struct consent *c, enum consent_end end,
                                   str account_id);

/* Write transaction, the one that saves tokens in a grant. c: the consent that they came with;
 * NULL: they waited for an answer, no longer than CONSENT_WAIT_MS. ERR_STATE_EXPIRED: it took too
 * long. */
MUST_USE enum err consent_saved(struct work *w, str grant, const struct consent *c);

/* One step of marking what is to be renewed; writes only when there is something. *ret_more: there
 * may be more to do. */
MUST_USE enum err consents_mark(struct work *w, int *ret_more);

#endif
