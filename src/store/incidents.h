/* Rows of `incidents` and `notices` (of the kinds of tables/incidents.def only), and the questions
 * that find out what has begun and what is over. SQL only: what it means is core/incidents.h.
 *
 * Invariant, kept by a partial unique index: a subject has at most one open incident of a kind,
 * however many processes look at once.
 * Rows borrow from the arena. Worker threads. Times are w->now_ms's.
 */
#ifndef STORE_INCIDENTS_H
#define STORE_INCIDENTS_H

#include "store/users.h"

struct incident_row {
    str id; /* p == NULL: not written yet */
    str kind;
    str subject;    /* a credential's id, an OAuth client's, or "environment" */
    str app;        /* p == NULL: the workspace's */
    str connection; /* p == NULL: of no single connection */
    str owner;      /* whose credential; p == NULL: shared, or an OAuth client's */
    str name;       /* of the connection */
    str site_name;
    str site_url;
    str why;
    int64_t expires;
    int64_t opened;
    int64_t remind_at; /* 0: never */
    int64_t calm_since;
    int64_t calm_ms;
    int64_t closed;
    /* read only, joined */
    str app_slug;
    str app_name;
    str owner_name;
    int holds; /* what it says is still so */
    int works; /* the credential is connected; always 1 for OAuth clients */
    str grant; /* of what is failing */
};

/* Where a list goes on: behind the row that this was made of. All zero: from the start. Each list
 * is in an order that an index has, so that going through it in parts costs one pass. */
struct incident_cursor {
    int64_t expires;
    str grant;
    str id; /* of the credential, or of the incident */
};

/* What is wrong, has no open incident yet and is under no open emergency stop, at most limit.
 * `remind_at`, `calm_ms` and the joined parts but app's and owner's are not set. */
MUST_USE enum err store_incidents_refused(struct db *d, struct arena *a, struct fault *f,
                                          const struct incident_cursor *after, int64_t limit,
                                          struct incident_row **ret, size_t *ret_count);
/* API keys that expire up to `until`; not those of a credential of which that was told since
 * `recent`. */
MUST_USE enum err store_incidents_expiring(struct db *d, struct arena *a, struct fault *f,
                                           int64_t until, int64_t recent,
                                           const struct incident_cursor *after, int64_t limit,
                                           struct incident_row **ret, size_t *ret_count);
/* Grants whose refreshes have failed since `since` or before and whose access token ended by now:
 * for each credential that stands on one. */
MUST_USE enum err store_incidents_failing(struct db *d, struct arena *a, struct fault *f,
                                          int64_t now_ms, int64_t since,
                                          const struct incident_cursor *after, int64_t limit,
                                          struct incident_row **ret, size_t *ret_count);
/* Credentials that a consent took scopes from, and that are connected. */
MUST_USE enum err store_incidents_lost(struct db *d, struct arena *a, struct fault *f,
                                       const struct incident_cursor *after, int64_t limit,
                                       struct incident_row **ret, size_t *ret_count);
/* OAuth clients that the provider refused when it was last asked. They are few: no cursor. */
MUST_USE enum err store_incidents_client(struct db *d, struct arena *a, struct fault *f,
                                         int64_t limit, struct incident_row **ret,
                                         size_t *ret_count);

/* The open incidents of a kind about which something has changed and that no stop covers, at most
 * limit: over and not yet calm; calm and not over; calm for long enough. `since` as above. */
MUST_USE enum err store_incidents_changed(struct db *d, struct arena *a, struct fault *f, str kind,
                                          int64_t now_ms, int64_t since,
                                          const struct incident_cursor *after, int64_t limit,
                                          struct incident_row **ret, size_t *ret_count);
/* The open incidents that no stop covers whose time to be told again has come; `holds` and `works`
 * are set. */
MUST_USE enum err store_incidents_due(struct db *d, struct arena *a, struct fault *f,
                                      int64_t now_ms, int64_t limit, struct incident_row **ret,
                                      size_t *ret_count);

/* *ret_opened 0: there is one already. */
MUST_USE enum err store_incident_open(struct db *d, struct arena *a, struct fault *f,
                                      const struct incident_row *row, int *ret_opened);
/* Incidents of this kind and subject opened after `after`. */
MUST_USE enum err store_incident_count(struct db *d, struct arena *a, struct fault *f, str kind,
                                       str subject, int64_t after, int64_t *ret);
/* since 0: not calm. */
MUST_USE enum err store_incident_calm(struct db *d, struct arena *a, struct fault *f, str id,
                                      int64_t since);
MUST_USE enum err store_incident_remind(struct db *d, struct arena *a, struct fault *f, str id,
                                        int64_t remind_at);
/* Where there is an open one of that kind, it says what the credential lacks now, and is due to be
 * told again. */
MUST_USE enum err store_incident_lost_changed(struct db *d, struct arena *a, struct fault *f,
                                              str credential, str lost, int64_t now_ms);
/* *ret_closed 0: it was closed already. */
MUST_USE enum err store_incident_close(struct db *d, struct arena *a, struct fault *f, str id,
                                       int64_t now_ms, int *ret_closed);
/* The open ones of an app (p == NULL: the workspace's) that are not calm, newest first. */
MUST_USE enum err store_incidents_of_app(struct db *d, struct arena *a, struct fault *f, str app,
                                         int64_t limit, struct incident_row **ret,
                                         size_t *ret_count);
/* Those closed before go, with their notices. */
MUST_USE enum err store_incidents_expire(struct db *d, struct arena *a, struct fault *f,
                                         int64_t before_ms);
/* Grants under an incident are due for the keeper at once, so that an end of it is noticed. */
MUST_USE enum err store_incident_keep_trying(struct db *d, struct arena *a, struct fault *f,
                                             str credential, int64_t now_ms);

/* --- people */

/* The owner of a credential, while active and with the app; else none. */
MUST_USE enum err store_incident_owner(struct db *d, struct arena *a, struct fault *f, str app,
                                       str owner, struct person_row **ret, size_t *ret_count);
/* Whoever was told of an incident and may still hear of it. */
MUST_USE enum err store_incident_told(struct db *d, struct arena *a, struct fault *f, str incident,
                                      str app, struct person_row **ret, size_t *ret_count);
/* Active admins of an app who are so by name or by a group, by sort_key. Everyone is nobody here.
 */
MUST_USE enum err store_incident_admins(struct db *d, struct arena *a, struct fault *f, str app,
                                        int64_t limit, struct person_row **ret, size_t *ret_count);
MUST_USE enum err store_workspace_admins(struct db *d, struct arena *a, struct fault *f,
                                         int64_t limit, struct person_row **ret, size_t *ret_count);

/* --- notices */

struct notice_row {
    str id;
    str user;
    str incident;
    str event; /* opened, still_open, closed */
    str sentence;
    str link; /* a path of ours */
    int64_t created;
    int64_t read_at; /* 0: unread */
    /* read only, joined */
    str kind;
    str app_slug; /* p == NULL: the workspace's */
    str app_name;
    int open; /* the incident still is */
};

MUST_USE enum err store_notice_insert(struct db *d, struct arena *a, struct fault *f,
                                      const struct notice_row *row);
/* Newest first, before the id `before` (empty: from the newest), at most limit. */
MUST_USE enum err store_notices_page(struct db *d, struct arena *a, struct fault *f, str user,
                                     str before, int64_t limit, struct notice_row **ret,
                                     size_t *ret_count);
/* Counts to `most` at the highest: an index of the unread ones only. */
MUST_USE enum err store_notices_unread(struct db *d, struct arena *a, struct fault *f, str user,
                                       int64_t most, int64_t *ret);
/* id empty: all of the user's. *ret_count: how many were unread or, of one, whether it is there. */
MUST_USE enum err store_notices_read(struct db *d, struct arena *a, struct fault *f, str user,
                                     str id, int64_t now_ms, int64_t *ret_count);

#endif
