/* Rows of `oauth_clients` and `oauth_grants`: SQL only, no rules. See the header. */
#include "store/oauth.h"

#include "store/credentials_int.h"

/* --- clients ---------------------------------------------------------------------------------- */

#define CLIENT_COLUMNS                                                                             \
    "o.id, o.connection_id, o.client_id, o.scopes, o.sealed, o.generation, o.saved, o.saved_by"

static struct oauth_client_row client_of(const struct db_rows *r, size_t i)
{
    return (struct oauth_client_row){
        .id = db_text(r, i, 0),
        .connection = db_text(r, i, 1),
        .client_id = db_text(r, i, 2),
        .scopes = db_text(r, i, 3),
        .sealed = db_blob(r, i, 4),
        .generation = db_int(r, i, 5),
        .saved = db_int(r, i, 6),
        .saved_by = db_text(r, i, 7),
    };
}

enum err store_oauth_client_of(struct db *d, struct arena *a, struct fault *f, str connection,
                               struct oauth_client_row **ret)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT " CLIENT_COLUMNS " FROM oauth_clients o"
                          " WHERE COALESCE(o.connection_id, '') = $1",
                          DB_T(connection.p ? connection : STR("")));
    if (e)
        return e;
    *ret = NULL;
    if (r.count) {
        *ret = arena_new_of(a, struct oauth_client_row);
        **ret = client_of(&r, 0);
    }
    return ERR_OK;
}

static void clients_of(struct arena *a, const struct db_rows *r, struct oauth_client_row **ret,
                       size_t *ret_count)
{
    struct oauth_client_row *rows = arena_alloc_array(a, r->count + 1, sizeof(*rows));
    for (size_t i = 0; i < r->count; i++)
        rows[i] = client_of(r, i);
    *ret = rows;
    *ret_count = r->count;
}

enum err store_oauth_clients_of_app(struct db *d, struct arena *a, struct fault *f, str app,
                                    struct oauth_client_row **ret, size_t *ret_count)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT " CLIENT_COLUMNS " FROM oauth_clients o"
                          " LEFT JOIN connections n ON n.id = o.connection_id"
                          " WHERE o.connection_id IS NULL OR n.app_id = $1",
                          DB_T(app));
    if (!e)
        clients_of(a, &r, ret, ret_count);
    return e;
}

enum err store_oauth_clients_with_id(struct db *d, struct arena *a, struct fault *f, str client_id,
                                     struct oauth_client_row **ret, size_t *ret_count)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT " CLIENT_COLUMNS " FROM oauth_clients o WHERE o.client_id = $1",
                          DB_T(client_id));
    if (!e)
        clients_of(a, &r, ret, ret_count);
    return e;
}

enum err store_oauth_client_save(struct db *d, struct arena *a, struct fault *f,
                                 const struct oauth_client_row *c)
{
    struct db_rows r;
    return db_query(d, a, f, &r,
                    "INSERT INTO oauth_clients (id, connection_id, client_id, scopes, sealed,"
                    " generation, saved, saved_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
                    " ON CONFLICT (id) DO UPDATE SET client_id = excluded.client_id,"
                    " scopes = excluded.scopes, sealed = excluded.sealed,"
                    " generation = excluded.generation, saved = excluded.saved,"
                    " saved_by = excluded.saved_by",
                    DB_T(c->id), db_text_or_null(c->connection), DB_T(c->client_id),
                    DB_T(c->scopes), DB_B(c->sealed), DB_I(c->generation), DB_I(c->saved),
                    DB_T(c->saved_by));
}

enum err store_oauth_client_delete(struct db *d, struct arena *a, struct fault *f, str id)
{
    struct db_rows r;
    return db_query(d, a, f, &r, "DELETE FROM oauth_clients WHERE id = $1", DB_T(id));
}

/* --- grants ----------------------------------------------------------------------------------- */

#define GRANT_COLUMNS                                                                              \
    "id, client_id, account_id, site_id, scopes, generation, sealed_access, sealed_refresh,"       \
    " access_expires, granted, refreshed, keep_at, failures, failing_since, next_try, last_class," \
    " last_error"

static struct grant_row grant_of(const struct db_rows *r, size_t i)
{
    return (struct grant_row){
        .id = db_text(r, i, 0),
        .client_id = db_text(r, i, 1),
        .account_id = db_text(r, i, 2),
        .site_id = db_text(r, i, 3),
        .scopes = db_text(r, i, 4),
        .generation = db_int(r, i, 5),
        .sealed_access = db_blob(r, i, 6),
        .sealed_refresh = db_blob(r, i, 7),
        .access_expires = db_int(r, i, 8),
        .granted = db_int(r, i, 9),
        .refreshed = db_int(r, i, 10),
        .keep_at = db_int(r, i, 11),
        .failures = db_int(r, i, 12),
        .failing_since = db_int(r, i, 13),
        .next_try = db_int(r, i, 14),
        .last_class = db_text(r, i, 15),
        .last_error = db_text(r, i, 16),
    };
}

enum err store_grant_find(struct db *d, struct arena *a, struct fault *f, str id,
                          struct grant_row **ret)
{
    struct db_rows r;
    enum err e =
        db_query(d, a, f, &r, "SELECT " GRANT_COLUMNS " FROM oauth_grants WHERE id = $1", DB_T(id));
    if (e)
        return e;
    *ret = NULL;
    if (r.count) {
        *ret = arena_new_of(a, struct grant_row);
        **ret = grant_of(&r, 0);
    }
    return ERR_OK;
}

enum err store_grants_of(struct db *d, struct arena *a, struct fault *f, str client_id,
                         str account_id, struct grant_row **ret, size_t *ret_count)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT " GRANT_COLUMNS " FROM oauth_grants WHERE client_id = $1"
                          " AND account_id = $2 ORDER BY site_id",
                          DB_T(client_id), DB_T(account_id));
    if (e)
        return e;
    struct grant_row *rows = arena_alloc_array(a, r.count + 1, sizeof(*rows));
    for (size_t i = 0; i < r.count; i++)
        rows[i] = grant_of(&r, i);
    *ret = rows;
    *ret_count = r.count;
    return ERR_OK;
}

enum err store_grant_save(struct db *d, struct arena *a, struct fault *f, const struct grant_row *g)
{
    struct db_rows r;
    return db_query(
        d, a, f, &r,
        "INSERT INTO oauth_grants (id, client_id, account_id, site_id, scopes, generation,"
        " sealed_access, sealed_refresh, access_expires, granted, refreshed, keep_at, failures,"
        " failing_since, next_try, last_class, last_error)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"
        " ON CONFLICT (id) DO UPDATE SET scopes = excluded.scopes,"
        " generation = excluded.generation, sealed_access = excluded.sealed_access,"
        " sealed_refresh = excluded.sealed_refresh, access_expires = excluded.access_expires,"
        " granted = excluded.granted, refreshed = excluded.refreshed, keep_at = excluded.keep_at,"
        " failures = excluded.failures, failing_since = excluded.failing_since,"
        " next_try = excluded.next_try, last_class = excluded.last_class,"
        " last_error = excluded.last_error",
        DB_T(g->id), DB_T(g->client_id), DB_T(g->account_id), DB_T(g->site_id), DB_T(g->scopes),
        DB_I(g->generation), DB_B(g->sealed_access), DB_B(g->sealed_refresh),
        DB_I(g->access_expires), DB_I(g->granted), db_int_or_null(g->refreshed), DB_I(g->keep_at),
        DB_I(g->failures), db_int_or_null(g->failing_since), db_int_or_null(g->next_try),
        db_text_or_null(g->last_class), db_text_or_null(g->last_error));
}

enum err store_grant_failed(struct db *d, struct arena *a, struct fault *f,
                            const struct grant_row *g)
{
    struct db_rows r;
    return db_query(d, a, f, &r,
                    "UPDATE oauth_grants SET failures = $1, failing_since = $2, next_try = $3,"
                    " last_class = $4, last_error = $5 WHERE id = $6 AND generation = $7",
                    DB_I(g->failures), db_int_or_null(g->failing_since),
                    db_int_or_null(g->next_try), db_text_or_null(g->last_class),
                    db_text_or_null(g->last_error), DB_T(g->id), DB_I(g->generation));
}

enum err store_grants_retry_client(struct db *d, struct arena *a, struct fault *f, str client_id,
                                   int64_t now_ms, int64_t *ret_count)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "UPDATE oauth_grants SET next_try = NULL, failures = 0,"
                          " failing_since = NULL, last_class = NULL, last_error = NULL,"
                          " keep_at = CASE WHEN keep_at > $1 THEN $1 ELSE keep_at END"
                          " WHERE client_id = $2 AND last_class = 'client'",
                          DB_I(now_ms), DB_T(client_id));
    if (!e)
        *ret_count = r.changed;
    return e;
}

enum err store_grants_failing_client(struct db *d, struct arena *a, struct fault *f, str client_id,
                                     int64_t *ret_count)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT count(*) FROM oauth_grants"
                          " WHERE client_id = $1 AND last_class = 'client'",
                          DB_T(client_id));
    if (!e)
        *ret_count = db_int(&r, 0, 0);
    return e;
}

/* --- due though nobody asks ------------------------------------------------------------------- */

/* One connected credential a grant: its id is the least. */
#define DUE_COLUMNS                                                                                \
    "SELECT g.id, g.generation, c.app_id, c.connection_id,"                                        \
    " (SELECT max(u.last_used) FROM credentials u WHERE u.grant_id = g.id),"                       \
    " (SELECT max(u.since) FROM credentials u WHERE u.grant_id = g.id)"
#define DUE_CREDENTIAL                                                                             \
    " LEFT JOIN credentials c ON c.id = (SELECT min(m.id) FROM credentials m"                      \
    " WHERE m.grant_id = g.id AND m.status = 'connected'"

static void due_of(struct arena *a, const struct db_rows *r, struct due_grant **ret,
                   size_t *ret_count)
{
    struct due_grant *rows = arena_alloc_array(a, r->count + 1, sizeof(*rows));
    for (size_t i = 0; i < r->count; i++)
        rows[i] = (struct due_grant){db_text(r, i, 0), db_int(r, i, 1), db_text(r, i, 2),
                                     db_text(r, i, 3), db_int(r, i, 4), db_int(r, i, 5)};
    *ret = rows;
    *ret_count = r->count;
}

enum err store_grants_interrupted(struct db *d, struct arena *a, struct fault *f,
                                  const struct due_terms *terms, struct due_grant **ret,
                                  size_t *ret_count)
{
    struct db_rows r;
    enum err e =
        db_query(d, a, f, &r,
                 DUE_COLUMNS " FROM refresh_journal j JOIN oauth_grants g"
                             " ON g.id = j.grant_id" DUE_CREDENTIAL ") WHERE j.began IS NOT NULL"
                             " AND (COALESCE(g.next_try, 0) <= $1 OR g.next_try > $2)"
                             " ORDER BY j.until, g.id LIMIT $3",
                 DB_I(terms->db_now_ms), DB_I(terms->try_max_ms), DB_I(terms->limit));
    if (!e)
        due_of(a, &r, ret, ret_count);
    return e;
}

/* Neither suspended nor stopped. */
#define AND_IN_USE                                                                                 \
    " AND m.suspended IS NULL AND NOT EXISTS (SELECT 1 FROM stops x"                               \
    " WHERE x.lifted IS NULL AND ((x.kind = 'app' AND x.subject = m.app_id)"                       \
    " OR (x.kind = 'user' AND x.subject = m.entered_by) OR (x.kind = 'site'"                       \
    " AND x.subject = m.site_id)))"

enum err store_grants_to_renew(struct db *d, struct arena *a, struct fault *f,
                               const struct due_terms *terms, struct due_grant **ret,
                               size_t *ret_count)
{
    struct db_rows r;
    enum err e =
        db_query(d, a, f, &r,
                 DUE_COLUMNS " FROM grant_renewals n"
                             " JOIN oauth_grants g ON g.id = n.grant_id" DUE_CREDENTIAL AND_IN_USE
                             ") WHERE c.id IS NOT NULL AND (COALESCE(g.next_try, 0) <= $1"
                             " OR g.next_try > $2) ORDER BY n.unknown, n.due, n.grant_id LIMIT $3",
                 DB_I(terms->db_now_ms), DB_I(terms->try_max_ms), DB_I(terms->limit));
    if (!e)
        due_of(a, &r, ret, ret_count);
    return e;
}

enum err store_grants_idle(struct db *d, struct arena *a, struct fault *f,
                           const struct due_terms *terms, struct due_grant **ret, size_t *ret_count)
{
    struct db_rows r;
    enum err e = db_query(
        d, a, f, &r,
        DUE_COLUMNS
        " FROM oauth_grants g" DUE_CREDENTIAL AND_IN_USE ") WHERE g.keep_at <= $1"
        " AND (COALESCE(g.next_try, 0) <= $2 OR g.next_try > $3) ORDER BY g.keep_at LIMIT $4",
        DB_I(terms->now_ms), DB_I(terms->db_now_ms), DB_I(terms->try_max_ms), DB_I(terms->limit));
    if (!e)
        due_of(a, &r, ret, ret_count);
    return e;
}

enum err store_grant_keep_later(struct db *d, struct arena *a, struct fault *f, str grant,
                                int64_t keep_at)
{
    struct db_rows r;
    return db_query(d, a, f, &r,
                    "UPDATE oauth_grants SET keep_at = $1 WHERE id = $2 AND keep_at < $3",
                    DB_I(keep_at), DB_T(grant), DB_I(keep_at));
}

enum err store_grant_drop_unused(struct db *d, struct arena *a, struct fault *f, str id)
{
    struct db_rows r;
    return db_query(d, a, f, &r,
                    "DELETE FROM oauth_grants WHERE id = $1 AND NOT EXISTS"
                    " (SELECT 1 FROM credentials c WHERE c.grant_id = oauth_grants.id)",
                    DB_T(id));
}

enum err store_grants_drop_unused(struct db *d, struct arena *a, struct fault *f)
{
    struct db_rows r;
    return db_query_none(d, a, f, &r,
                         "DELETE FROM oauth_grants WHERE NOT EXISTS"
                         " (SELECT 1 FROM credentials c WHERE c.grant_id = oauth_grants.id)");
}

/* --- what stands on them ---------------------------------------------------------------------- */

enum err store_grant_uses(struct db *d, struct arena *a, struct fault *f, str id, int64_t *ret)
{
    struct db_rows r;
    enum err e =
        db_query(d, a, f, &r, "SELECT count(*) FROM credentials WHERE grant_id = $1", DB_T(id));
    if (!e)
        *ret = db_int(&r, 0, 0);
    return e;
}

enum err store_grant_sites(struct db *d, struct arena *a, struct fault *f, str grant,
                           str credential, str **ret, size_t *ret_count)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT DISTINCT site_id FROM credentials"
                          " WHERE grant_id = $1 AND id <> $2",
                          DB_T(grant), DB_T(credential));
    if (e)
        return e;
    str *sites = arena_alloc_array(a, r.count + 1, sizeof(*sites));
    for (size_t i = 0; i < r.count; i++)
        sites[i] = db_text(&r, i, 0);
    *ret = sites;
    *ret_count = r.count;
    return ERR_OK;
}

enum err store_granted_scopes(struct db *d, struct arena *a, struct fault *f, str client_id,
                              struct granted_scopes **ret, size_t *ret_count)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT g.scopes, count(*) FROM oauth_grants g"
                          " JOIN credentials c ON c.grant_id = g.id WHERE g.client_id = $1"
                          " GROUP BY g.scopes ORDER BY g.scopes",
                          DB_T(client_id));
    if (e)
        return e;
    struct granted_scopes *rows = arena_alloc_array(a, r.count + 1, sizeof(*rows));
    for (size_t i = 0; i < r.count; i++)
        rows[i] = (struct granted_scopes){db_text(&r, i, 0), db_int(&r, i, 1)};
    *ret = rows;
    *ret_count = r.count;
    return ERR_OK;
}

enum err store_credentials_refuse_grant(struct db *d, struct arena *a, struct fault *f, str grant,
                                        str why, int64_t now_ms)
{
    struct db_rows r;
    return db_query(d, a, f, &r,
                    "UPDATE credentials SET status = 'grant_refused', why = $1, status_since = $2,"
                    " last_error = $1, last_error_at = $2"
                    " WHERE grant_id = $3 AND status = 'connected'",
                    DB_T(why), DB_I(now_ms), DB_T(grant));
}

enum err store_credentials_revive_grant(struct db *d, struct arena *a, struct fault *f, str grant,
                                        str user, int64_t now_ms)
{
    struct db_rows r;
    return db_query(d, a, f, &r,
                    "UPDATE credentials SET status = 'connected', why = NULL, status_since = $1,"
                    " last_error = NULL, last_error_at = NULL"
                    " WHERE grant_id = $2 AND status = 'grant_refused' AND sealed IS NOT NULL"
                    " AND entered_by = $3",
                    DB_I(now_ms), DB_T(grant), DB_T(user));
}

/* The client that the connection of c uses; $3 is the environment's. */
#define CLIENT_IN_FORCE                                                                            \
    "COALESCE((SELECT o.client_id FROM oauth_clients o WHERE o.connection_id = c.connection_id),"  \
    " (SELECT o.client_id FROM oauth_clients o WHERE o.connection_id IS NULL), $3)"

enum err store_credentials_wipe_other_client(struct db *d, struct arena *a, struct fault *f,
                                             str connection, str environment, str why,
                                             int64_t now_ms, int64_t *ret_credentials)
{
    struct db_rows r;
    str only = connection.p ? connection : STR("");
    enum err e =
        db_query(d, a, f, &r,
                 "UPDATE credentials SET " WIPED(
                     "'needs_reconnect'", "$1", "$2") " WHERE id IN (SELECT c.id FROM credentials c"
                                                      " JOIN oauth_grants g ON g.id = c.grant_id"
                                                      " WHERE g.client_id <> " CLIENT_IN_FORCE
                                                      " AND ($4 = '' OR c.connection_id = $5))",
                 DB_I(now_ms), DB_T(why), db_text_or_null(environment), DB_T(only), DB_T(only));
    if (!e)
        *ret_credentials = r.changed;
    return e;
}

enum err store_credentials_on_client(struct db *d, struct arena *a, struct fault *f, str connection,
                                     int64_t *ret_credentials, int64_t *ret_connections)
{
    struct db_rows r;
    enum err e =
        connection.p
            ? db_query(d, a, f, &r,
                       "SELECT count(*), count(DISTINCT connection_id) FROM credentials"
                       " WHERE grant_id IS NOT NULL AND connection_id = $1",
                       DB_T(connection))
            : db_query_none(d, a, f, &r,
                            "SELECT count(*), count(DISTINCT c.connection_id) FROM credentials c"
                            " WHERE c.grant_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM"
                            " oauth_clients o WHERE o.connection_id = c.connection_id)");
    if (e)
        return e;
    *ret_credentials = db_int(&r, 0, 0);
    *ret_connections = db_int(&r, 0, 1);
    return ERR_OK;
}
