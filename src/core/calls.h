/* Records of relayed calls: written in groups, read by an app's admins, swept. The caller's right
 * was decided before. Without HTTP and SQL.
 *
 * What is written is packed by core/call_groups.h. Groups of several loops and processes overlap in
 * time, so that reading merges them: from the group that ended last on, until no older group can
 * hold what belongs on the page. Where few calls fit, it gives up after CALLS_LOOK_GROUPS or
 * CALLS_LOOK_CALLS, with what it has, and says how far it looked.
 */
#ifndef CORE_CALLS_H
#define CORE_CALLS_H

#include "core/call_batch.h"
#include "core/work.h"

#define CALLS_PAGE 50
#define CALLS_LOOK_GROUPS 2000
#define CALLS_LOOK_CALLS 100000
#define CALLS_KEPT_MS (30 * CLOCK_DAY_MS)

/* Saves them, and what they taught of the credentials (core/call_health.h); what is of an app that
 * is gone is left out. Opens its own transaction, which moves nothing. */
MUST_USE enum err calls_save(struct work *w, const struct call_batch *batch);

/* What of an app's calls is wanted; empty texts and 0: all. */
struct call_filter {
    str connection; /* id */
    str key;        /* id */
    str user;       /* id */
    str issue;
    int status_from;
    int status_to; /* included */
    str before;    /* empty or a valid id: older ones only */
};

struct call_row {
    str id; /* sorts by when it ended */
    struct call_kind kind;
    struct call_note call;
    str user_name; /* p == NULL: as the app, or the user is gone */
    str user_email;
};

struct call_page {
    struct call_row *rows; /* the newest first, CALLS_PAGE at most */
    size_t count;
    str next;          /* to go on before; p == NULL on the last page */
    int64_t looked_to; /* not 0: gave up here, and next goes on from here */
};
/* Of the app of the membership. A group that cannot be read is left out and logged. */
MUST_USE enum err calls_page(struct work *w, const struct call_filter *filter,
                             struct call_page *ret);

#endif
