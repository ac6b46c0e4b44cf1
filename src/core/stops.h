/* Emergency stops: while one is open, nothing of an app, a user or a site is used, by anybody, on
 * any server of this database. Setting one keeps every secret, so that lifting it makes everything
 * work again at once; erasing the secrets is a step of its own.
 *
 * States of a stop:
 *   open -- erase --> open, erased (may be done again)
 *   open, open and erased -- lift --> lifted (kept as history, with its list)
 * What it stops:
 *   app   every connection of the app, for everybody
 *   user  whatever this user does with connections, themselves or by a key that they made (their
 * own or an app's), and every credential they entered in any app: their own and, unlike when a user
 * is disabled, shared ones site  every credential on the site in any app, and new connects to it
 * Invariants:
 *   - one row is the whole flag, read where whose credential is used is decided (core/decide.h):
 *     it is in force for the next call. Whatever was in flight is decided again by who finishes it,
 *     in the transaction that saves (rule 11), and is not sent, shown or saved;
 *   - a refresh under way saves its tokens (a dropped one would kill the connection) and nobody
 *     gets to use them; no new one is begun;
 *   - the list of what has to be revoked at Atlassian is written down right after the flag, and
 *     stays. In a transaction of its own: the flag must not wait for 100,000 credentials, nor be
 *     undone because one of them was in use meanwhile (serializable transactions). What is listed
 *     cannot grow while the stop is open. Should the process die in between, whoever looks at the
 *     stop or ends it next writes the list first;
 *   - it names no app and no connection: workspace admins see only apps they were added to.
 * Who: the routes decide (an app's: its admins, and workspace admins among its members; a user's
 * and a site's: workspace admins). What a workspace admin or the command line set, an app admin
 * does not lift or erase, nor erase in another way what is under it (by deleting, switching or
 * disconnecting what is shared): it is lifted first. Nobody lifts or erases a stop of themselves.
 * Whoever set a stop of an app sees it for as long as they are a workspace admin.
 */
#ifndef CORE_STOPS_H
#define CORE_STOPS_H

#include "core/decide.h"
#include "core/work.h"
#include "store/stops.h"

#define STOPS_PAGE 100
#define STOPS_REASON_MAX 500
#define STOPS_SITES_MAX 500

/* --- what is in force ------------------------------------------------------------------------- */

/* Since when; 0: not. */
struct stops_in_force {
    int64_t app;  /* the membership's */
    int64_t user; /* the actor; of a key of an app, whoever made it */
};
MUST_USE enum err stops_in_force(struct work *w, struct stops_in_force *ret);
/* Whether a stop is open of who entered a credential or of its site, as it was when a call began:
 * it may be gone since. of STOPPED_NOT: none. */
MUST_USE enum err stops_of_credential(struct work *w, str entered_by, str site,
                                      struct decide_stop *ret);
/* "This app was stopped by an admin on ...": what, since when, whom to ask. In the arena. */
str stops_sentence(struct arena *a, const struct decide_stop *stop);
/* ERR_STOPPED with that sentence. */
enum err stops_refuse(struct work *w, const struct decide_stop *stop);
/* May the acting user connect something in the app of the membership that is on this site (empty:
 * not known yet)? ERR_STOPPED. */
MUST_USE enum err stops_check_connect(struct work *w, str site);
/* May the acting user make a key that is for this app (empty: for all that they have)? ERR_STOPPED.
 */
MUST_USE enum err stops_check_key(struct work *w, str app);
/* May what is under no stop of a workspace admin only be erased here? ERR_STOPPED. */
MUST_USE enum err stops_check_loss(struct work *w, const struct stop_loss *loss);
/* The same in two steps, for what knows only afterwards whether something is lost: *ret NULL, or
 * what to refuse with. */
MUST_USE enum err stops_that_keep(struct work *w, const struct stop_loss *loss,
                                  struct stop_row **ret);
enum err stops_refuse_loss(struct work *w, const struct stop_row *row);
/* The same of an address ("https://acme.atlassian.net"), before anything is sent there. */
MUST_USE enum err stops_check_address(struct work *w, str url);

/* --- setting and lifting ---------------------------------------------------------------------- */

/* What is to be stopped. name: of an app its id or slug, of a user id or e-mail, of a site its
 * cloud id or address. ERR_NOT_FOUND. */
struct stop_subject {
    enum stop_kind kind;
    str id;
    str label;
    str detail;
};
MUST_USE enum err stop_subject_find(struct work *w, enum stop_kind kind, str name,
                                    struct stop_subject *ret);
/* Commits the flag, then writes the list. ERR_CONFLICT: it is stopped already. */
MUST_USE enum err stop_set(struct work *w, const struct stop_subject *subject, str reason,
                           struct stop_row *ret);
/* Write transaction. ERR_CONFLICT: it is lifted already. ERR_NOT_WORKSPACE_ADMIN, ERR_FORBIDDEN. */
MUST_USE enum err stop_lift(struct work *w, str id, struct stop_row *ret);
/* Write transaction. confirm_lost: how many secrets the caller knows to be lost; when it is more:
 * ERR_CONFIRM_REQUIRED, with *ret_lost. Further errors as stop_lift(). */
MUST_USE enum err stop_erase(struct work *w, str id, int64_t confirm_lost, struct stop_row *ret,
                             int64_t *ret_lost);
/* 1 when the acting user may lift and erase it. */
int stop_may_end(const struct work *w, const struct stop_row *row);
/* Secrets still on file, and the sentence that is confirmed before they are erased. */
MUST_USE enum err stop_cost(struct work *w, const struct stop_row *row, int64_t *ret_secrets,
                            str *ret_sentence);

/* --- looking ---------------------------------------------------------------------------------- */

/* Writes the list if that is to be done still, in a transaction of its own, and reads the row anew;
 * what fails is left to the next who looks. */
void stop_list(struct work *w, struct stop_row *row);

/* In an app: one of this app's. Outside: one of a user or a site. ERR_NOT_FOUND. */
MUST_USE enum err stop_find(struct work *w, str id, struct stop_row *ret);
/* The open one; *ret NULL when there is none. */
MUST_USE enum err stop_open_of(struct work *w, enum stop_kind kind, str subject,
                               struct stop_row **ret);
/* In an app: this app's. Outside: users', sites', and those of apps that the acting user has; all,
 * when nobody acts. STOPS_PAGE at a time from `skip`; *ret_next 0: the last page. */
MUST_USE enum err stops_list(struct work *w, int64_t skip, struct stop_row **ret, size_t *ret_count,
                             int64_t *ret_next);

#endif
