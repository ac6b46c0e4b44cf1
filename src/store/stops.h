/* Rows of `stops` and `stop_items`: emergency stops, and what had to be revoked at Atlassian when
 * each was set. SQL only, no rules (core/stops.h). Rows borrow from the arena. Worker threads;
 * errors as in db/db.h.
 *
 * Invariants, kept by the statements here and a partial unique index:
 *   - at most one open stop a subject (open: not lifted);
 *   - a stop's items are written once, by one statement, in the transaction that sets `listed`.
 * The facts on stopped credentials that decide() needs come with struct credential_row.
 */
#ifndef STORE_STOPS_H
#define STORE_STOPS_H

#include "db/db.h"

enum stop_kind { STOP_APP, STOP_USER, STOP_SITE };
#define STOP_KINDS 3
/* "app", "user", "site". */
str stop_kind_text(enum stop_kind kind);
/* 1 and *ret, or 0. */
int stop_kind_read(str text, enum stop_kind *ret);

struct stop_row {
    str id;
    enum stop_kind kind;
    str subject;
    str label;
    str detail;
    str reason;
    int by_workspace;
    int64_t stopped;
    str stopped_by; /* p == NULL: the command line */
    int64_t listed; /* 0: the items are to be written still */
    int64_t erased; /* 0: not */
    str erased_by;
    int64_t erased_count;
    int64_t lifted; /* 0: it is open */
    str lifted_by;
    /* read only */
    str stopped_name; /* of these people, p == NULL: the command line */
    str erased_name;
    str lifted_name;
    int64_t items;
};

/* ERR_CONFLICT: there is an open one of this subject. */
MUST_USE enum err store_stop_insert(struct db *d, struct arena *a, struct fault *f,
                                    const struct stop_row *row);
/* Writes down what has to be revoked: what its subject has secrets of; and that it is listed.
 * ERR_CONFLICT: somebody else has done so. */
MUST_USE enum err store_stop_write_items(struct db *d, struct arena *a, struct fault *f,
                                         const struct stop_row *row, int64_t now_ms);
/* *ret NULL when there is none. */
MUST_USE enum err store_stop_find(struct db *d, struct arena *a, struct fault *f, str id,
                                  struct stop_row **ret);
/* The open one; *ret NULL when there is none. */
MUST_USE enum err store_stop_open(struct db *d, struct arena *a, struct fault *f,
                                  enum stop_kind kind, str subject, struct stop_row **ret);
/* The open stop of a site with this address; *ret NULL when there is none. */
MUST_USE enum err store_stop_of_address(struct db *d, struct arena *a, struct fault *f, str url,
                                        struct stop_row **ret);
/* Since when an app and a user are stopped; 0: not. One small query by index. */
MUST_USE enum err store_stops_in_force(struct db *d, struct arena *a, struct fault *f, str app,
                                       str user, int64_t *ret_app, int64_t *ret_user);
/* The same of who entered a credential and of its site. */
MUST_USE enum err store_stops_of_credential(struct db *d, struct arena *a, struct fault *f,
                                            str entered_by, str site, int64_t *ret_user,
                                            int64_t *ret_site);
/* 1 when something stands on the grant, and all of it is stopped. */
MUST_USE enum err store_stop_covers_grant(struct db *d, struct arena *a, struct fault *f, str grant,
                                          int *ret);
/* What somebody is about to erase who is not asked who stopped it. */
struct stop_loss {
    str app;
    str connection; /* p == NULL: all of the app */
    str credential; /* p == NULL: all of those */
};
/* An open stop that workspace admins set: of the app, or of a user or a site whose secrets would
 * go. *ret NULL when there is none. */
MUST_USE enum err store_stop_that_keeps(struct db *d, struct arena *a, struct fault *f,
                                        const struct stop_loss *loss, struct stop_row **ret);
/* lifted, lifted_by, erased, erased_by and erased_count of the row. */
MUST_USE enum err store_stop_update(struct db *d, struct arena *a, struct fault *f,
                                    const struct stop_row *row);

/* Which stops a list shows. */
struct stops_filter {
    str app;    /* only this app's (id), empty: all */
    str viewer; /* only users', sites', and apps' that this user has or stopped; empty: all */
};
/* Rows of a kind that this version does not know are in no list and not found.
 * Open ones first, then by age, the youngest first; beyond the first `skip`. */
MUST_USE enum err store_stops_page(struct db *d, struct arena *a, struct fault *f,
                                   const struct stops_filter *filter, int64_t skip, int64_t limit,
                                   struct stop_row **ret, size_t *ret_count);

struct stop_item {
    int64_t position;
    int by_oauth;
    str client_id; /* p == NULL: an API key */
    str account_id;
    str account_name;
    str account_email; /* may be empty */
    str person_name;
    str person_email;
    int64_t people;
    str site_name;
    str site_url;
    int64_t sites;
    int64_t credentials;
    int64_t since;
    int64_t last_used; /* 0: never */
};
/* By position, behind `after` (0: from the start). */
MUST_USE enum err store_stop_items(struct db *d, struct arena *a, struct fault *f, str stop,
                                   int64_t after, int64_t limit, struct stop_item **ret,
                                   size_t *ret_count);

/* Secrets that a subject has on file. */
MUST_USE enum err store_stop_cost(struct db *d, struct arena *a, struct fault *f,
                                  enum stop_kind kind, str subject, int64_t *ret_credentials);
/* Erases them: generation moves, needs_reconnect with `why`. Connects of the subject that wait for
 * an answer go as well. *ret_count: how many secrets. */
MUST_USE enum err store_stop_wipe(struct db *d, struct arena *a, struct fault *f,
                                  enum stop_kind kind, str subject, str why, int64_t now_ms,
                                  int64_t *ret_count);

/* A site by its id or its address (the one seen last); *ret NULL when there is none. */
struct stop_site {
    str id;
    str url;
    str name;
};
MUST_USE enum err store_stop_site_find(struct db *d, struct arena *a, struct fault *f,
                                       str id_or_url, struct stop_site **ret);
/* Sites to choose from, by address, at most limit. */
MUST_USE enum err store_stop_sites(struct db *d, struct arena *a, struct fault *f, int64_t limit,
                                   struct stop_site **ret, size_t *ret_count);

#endif
