/* Small parts of statements on `credentials c` that several files of the store share; not for users
 * of the store. */
#ifndef STORE_CREDENTIALS_INT_H
#define STORE_CREDENTIALS_INT_H

/* What taking the secret away sets, whoever does it and why: expressions, in the order in which
 * they appear. Whatever was in flight finds another generation. */
#define WIPED(status, now, why)                                                                    \
    "sealed = NULL, grant_id = NULL, lost_scopes = NULL, generation = generation + 1,"             \
    " last_error = NULL, last_error_at = NULL, status_since ="                                     \
    " CASE WHEN status = " status " THEN COALESCE(status_since, since) ELSE " now " END,"          \
    " status = " status ", why = " why

/* No open emergency stop covers c. */
#define C_IS_FREE                                                                                  \
    "NOT EXISTS (SELECT 1 FROM stops x WHERE x.lifted IS NULL AND x.kind = 'app'"                  \
    " AND x.subject = c.app_id) AND NOT EXISTS (SELECT 1 FROM stops x WHERE x.lifted IS NULL"      \
    " AND x.kind = 'user' AND x.subject = c.entered_by) AND NOT EXISTS (SELECT 1 FROM stops x"     \
    " WHERE x.lifted IS NULL AND x.kind = 'site' AND x.subject = c.site_id)"

#endif
