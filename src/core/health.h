/* How a credential is doing, beyond its status: what its calls teach, and when what it stands on
 * ends. Without HTTP and SQL. A credential's status is core/credentials.h's.
 *
 * Notes are cheap: a call that teaches nothing new opens no write transaction. "Last used" is true
 * to a minute, what is needed to a day, an error that repeats itself to an hour.
 */
#ifndef CORE_HEALTH_H
#define CORE_HEALTH_H

#include "core/provider.h"
#include "core/work.h"
#include "store/credentials.h"
#include "store/needs.h"

/* --- what a call taught ----------------------------------------------------------------------- */

/* The credential as it was when the call began. */
struct health_before {
    str credential;
    int64_t generation;
    int64_t last_used;
    str last_error;
    int64_t last_error_at;
};
struct health_before health_before(const struct credential_row *row);

enum health_outcome {
    HEALTH_WORKED, /* answered as this account, whatever the answer */
    HEALTH_FAILED, /* by the credential's or the provider's fault */
    HEALTH_SILENT  /* tells nothing of either, or its status was noted instead */
};
/* What the outcome of a request, or a failed test, means here; *ret_sentence: of a failure, fit for
 * being shown to admins (no word of the provider's, which may quote what only the caller may see).
 */
enum health_outcome health_of_request(const struct provider_op *op, str *ret_sentence);
enum health_outcome health_of_test(const struct provider_op *op, str *ret_sentence);
/* The same of an answer alone; of what kept a call from being answered. */
enum health_outcome health_of_meaning(enum provider_meaning meaning);
enum health_outcome health_of_error(enum err err);

/* Notes it, with what the request needed (op is a PROVIDER_REQUEST or a PROVIDER_TEST). Opens the
 * write transaction only when there is something to write. */
MUST_USE enum err health_note(struct work *w, const struct health_before *before,
                              const struct provider_op *op);

/* Write transaction. That a call of the credential needed this; lacks: and was refused for it. */
MUST_USE enum err health_note_scope(struct work *w, str credential, str scope, int lacks);
MUST_USE enum err health_note_permission(struct work *w, str credential, str project,
                                         str permission);

/* --- what a connection is used for ------------------------------------------------------------ */

/* What was not needed for so long is no longer counted. */
#define HEALTH_NEEDS_MS (90 * CLOCK_DAY_MS)

struct health_needs {
    struct need_row *scopes; /* of everybody's calls through the connection */
    size_t scope_count;
    struct provider_right *rights; /* of this credential's calls: the projects used last */
    size_t right_count;            /* PROVIDER_RIGHTS_MAX at most */
};
MUST_USE enum err health_needs(struct work *w, const struct credential_row *row,
                               struct health_needs *ret);

/* --- when it ends ----------------------------------------------------------------------------- */

struct health_idle {
    int kept;        /* renewed for as long as the server runs, whether it is used or not */
    int64_t expires; /* else: when the provider drops it if nobody uses it; 0: it is kept */
};
/* Of a credential that stands on a grant: the rule of life/keeper.c, foreseen. idle_days: the
 * setting; 0: kept for ever. Pure. */
struct health_idle health_idle(const struct credential_row *row, int64_t idle_days, int64_t now_ms);
/* 365 days after the consent. Whether that still holds is disputed: to be told, never acted upon.
 */
int64_t health_hard_expires(const struct credential_row *row);

#endif
