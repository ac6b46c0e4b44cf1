/* Incidents: what is wrong with a credential or an OAuth client, found by comparing what is on file
 * with the incidents that are open, and told to whom it concerns. Nothing is hooked into the ways
 * by which a credential comes to fail: whatever did it, the next look finds it.
 *
 * States of an incident:
 *   (nothing) -> open      what it says is so, and no incident of its kind and subject is open;
 *                          of a key that expires, nor was one opened within a day
 *   open -> open           told once more: after a day, or 14, 7 and 1 days before a key expires
 *   open -> calm           it is over
 *   calm -> open           it is back before it was over for long enough; nobody is told
 *   calm -> closed         it was over for long enough (tables/incidents.def); told
 * Invariants:
 *   - an incident, the notices and the deliveries of each step are written in one transaction: a
 *     crash before it leaves the step to the next look, a crash after it leaves nothing to do;
 *   - one open incident a kind and subject, also when several processes look at once (unique
 *     index; whoever comes second writes nothing and tells nobody);
 *   - a look writes only when there is something to write, a bounded number in one transaction; a
 *     round of looks goes through every list once, by an index, however many are wrong.
 * Who hears:
 *   opened      the credential's owner; of a shared one and of an OAuth client the app's admins; of
 *               the workspace's OAuth client the workspace admins
 *   still open  the same, and the app's admins (of a key that expires: on the last day)
 *   closed      who was told before
 * An app's admins are those by name or by a group: where Everyone is admin, not everyone is told.
 * Nobody who has lost the app or is disabled. Webhooks hear each of the three.
 *
 * Worker threads.
 */
#ifndef CORE_INCIDENTS_H
#define CORE_INCIDENTS_H

#include "core/work.h"
#include "store/incidents.h"

enum incident_kind {
#define INCIDENT(name, code, calm, opened, still, closed, gone) INCIDENT_##name,
#include "incidents.def"
#undef INCIDENT
    INCIDENT_KINDS
};

enum incident_event { INCIDENT_OPENED, INCIDENT_STILL_OPEN, INCIDENT_CLOSED };

#define INCIDENTS_AT_ONCE 20       /* in one transaction */
#define INCIDENTS_ADMINS 200       /* admins of an app who are told, at most */
#define INCIDENTS_MAILS_AN_HOUR 20 /* to one person; what is beyond stays a notice */
#define INCIDENTS_SHOWN 20         /* of an app, on its page */
#define INCIDENT_PERIOD_MAX_S 3600

/* How far a round of looks has come: which step, and behind which row. All zero: at its start. */
#define INCIDENTS_CURSOR_MAX 64
struct incidents_round {
    int step; /* what is over, what has begun, both by kind; then what is still so */
    int64_t expires;
    char grant[INCIDENTS_CURSOR_MAX];
    char id[INCIDENTS_CURSOR_MAX];
};

/* One look: goes on with the round to the next list that has something, and does that, at most
 * INCIDENTS_AT_ONCE of it. *ret_more 0: the round is over. Commits nothing by itself (work_run()
 * does); *r counts only once that is committed. */
MUST_USE enum err incidents_look(struct work *w, struct incidents_round *r, int *ret_more);
/* The open incidents of the app of the path, or outside an app the workspace's; newest first, at
 * most INCIDENTS_SHOWN; *ret_more: there are others. */
MUST_USE enum err incidents_of_place(struct work *w, struct incident_row **ret, size_t *ret_count,
                                     int *ret_more);

/* "opened", "still_open", "closed". */
str incident_event_word(enum incident_event event);
/* INCIDENT_KINDS when there is none of this code. */
enum incident_kind incident_kind_of(str code);

#endif
