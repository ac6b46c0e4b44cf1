/* Refreshing an OAuth grant: whose turn it is, and what is written before and after the provider is
 * asked. Without HTTP and SQL; asking is src/life's.
 *
 * A grant is refreshed by one process at a time, which holds its lease and keeps its journal:
 *
 *   resting -- take --> leased, open -- save -----------------> resting (generation + 1)
 *                                    -- refused --------------> resting (dead: Reconnect)
 *                                    -- failed, surely undone -> resting (back-off)
 *                                    -- failed, unknown ------> open (back-off)
 *                                    -- the process dies -----> open, when the lease is over
 *   open -- take --> leased, open (the same token, inside the provider's leeway)
 *
 * Invariants:
 *   - the lease keeps two from asking at once; the generation, not the lease, keeps an older token
 *     from replacing a newer one: what comes late is dropped;
 *   - the journal is committed before the provider is asked, and open until it is known what became
 *     of that call; new tokens are committed, both at once, before anybody uses them, and close it;
 *   - a lease is over when its time is, when its process surely is gone, or when it lies further
 *     ahead than a lease can (the clock was set back). Times of leases, journal and back-off are
 *     the database's;
 *   - a refresh begun when the grant was to be renewed because of a consent (core/consents.h)
 * settles that; one begun before does not;
 *   - a consent, a disconnect and a switch in between win: they move the generation or take the
 *     grant away;
 *   - while all that stands on a grant is stopped in an emergency (core/stops.h), no refresh is
 *     begun. One that was begun is finished and saved, or the connection would be lost by a stop.
 */
#ifndef CORE_GRANT_REFRESH_H
#define CORE_GRANT_REFRESH_H

#include "base/clock.h"
#include "core/provider.h"
#include "core/work.h"

/* How long a lease lasts unless it is renewed. */
#define GRANT_LEASE_MS (15 * CLOCK_SECOND_MS)
/* Back-off: doubled with every failure, give or take a fifth. */
#define GRANT_BACKOFF_MIN_MS (5 * CLOCK_SECOND_MS)
#define GRANT_BACKOFF_MAX_MS (5 * CLOCK_MINUTE_MS)
/* Retry-After may ask for more than our own back-off, up to this. What lies further ahead was
 * written before the clock was set back. */
#define GRANT_TRY_MAX_MS CLOCK_HOUR_MS
/* Reuse of a refresh token within ten minutes is forgiven; a little less, for clocks. */
#define GRANT_LEEWAY_MS (9 * CLOCK_MINUTE_MS)

enum grant_haste { GRANT_OBEY_BACKOFF, GRANT_AT_ONCE };

struct grant_question {
    str grant;
    int64_t generation; /* of the token that the caller found stale */
    str app;            /* ids, of one connection that stands on it, whose client is asked with */
    str connection;
    str process; /* io/process.h */
    enum grant_haste haste;
};

/* Who refreshes. Lives in the memory of whoever was given it. */
struct grant_lease {
    int64_t generation; /* of the refresh token that is asked with */
    int64_t fence;
    int64_t asked;       /* this try */
    int64_t began;       /* this try, or the first of those whose outcome is not known */
    int64_t interrupted; /* began, when there was such a try before this one; else 0 */
};

enum grant_turn {
    GRANT_FRESH,    /* somebody else has refreshed it: `access` is the new token */
    GRANT_OURS,     /* the lease is ours when this is committed: refresh, client, lease are set */
    GRANT_ELSEWHERE /* somebody else is asking: look again in a moment */
};

/* What a refresh begins with; secrets are the caller's. */
struct grant_refresh {
    enum grant_turn turn;
    int64_t generation;
    struct secret access;
    struct secret refresh;
    struct provider_client client;
    struct grant_lease lease;
};
/* Writes only with GRANT_OURS. ERR_STOPPED. ERR_NEEDS_RECONNECT: no such grant, it does not open,
 * or the connection's client is no longer the grant's. Backing off: ERR_CLIENT_REFUSED or
 * ERR_UPSTREAM_UNREACHABLE with the sentence of the last failure and when it is tried again. */
MUST_USE enum err grant_refresh_begin(struct work *w, const struct grant_question *q,
                                      struct grant_refresh *ret);
/* Write transaction. The lease for another GRANT_LEASE_MS; *ret_ours 0: it is somebody else's. */
MUST_USE enum err grant_refresh_renew(struct work *w, str grant, str process,
                                      const struct grant_lease *lease, int *ret_ours);
/* Write transaction. Saves what the provider answered, if the generation is still that one, else
 * drops it and hands out what is on file instead. *ret_access: the token to use after the commit.
 */
MUST_USE enum err grant_refresh_save(struct work *w, str grant, str process,
                                     const struct grant_lease *lease,
                                     const struct provider_tokens *tokens,
                                     struct secret *ret_access, int64_t *ret_generation);
/* Write transaction. The provider declared the grant dead: all that stand on it need reconnecting,
 * if the generation is still that one, else *ret_access is the newer token on file. *ret_why:
 * the sentence; that an interrupted refresh, a consent (core/consents.h) or 90 days without a
 * refresh was the cause, when it was; that its age may be, when it is a year. */
MUST_USE enum err grant_refresh_refused(struct work *w, str grant, str process,
                                        const struct grant_lease *lease, str why,
                                        struct secret *ret_access, int64_t *ret_generation,
                                        str *ret_why);

/* Why there are no new tokens, though the grant may well live. */
struct grant_failure {
    enum provider_meaning meaning; /* MEANING_CLIENT_REFUSED: the operator's fault */
    enum provider_spent spent;
    str sentence;
    int64_t retry_after_ms; /* 0: not said */
};
/* Write transaction. Backs off; the journal stays open when the token may have been used up. */
MUST_USE enum err grant_refresh_failed(struct work *w, str grant, str process,
                                       const struct grant_lease *lease,
                                       const struct grant_failure *failure);
/* Write transaction. The client's id and secret are known to be good: what failed because of them
 * is tried again, at its next use or by the keep-alive's next look, and counts as failing no more.
 * *ret_count: how many grants. */
MUST_USE enum err grants_retry_client(struct work *w, str client_id, int64_t *ret_count);
/* How many fail because of the client at present. */
MUST_USE enum err grants_failing_client(struct work *w, str client_id, int64_t *ret_count);

#endif
