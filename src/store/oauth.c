/* Rows of `oauth_clients` and `oauth_grants`: SQL only, no rules. See the header. */
#include "store/oauth.h"

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
    "id, client_id, account_id, scopes, generation, sealed_access, sealed_refresh,"                \
    " access_expires, granted, refreshed"

static struct grant_row *grant_of(struct arena *a, const struct db_rows *r)
{
    if (r->count == 0)
        return NULL;
    struct grant_row *row = arena_new_of(a, struct grant_row);
    *row = (struct grant_row){
        .id = db_text(r, 0, 0),
        .client_id = db_text(r, 0, 1),
        .account_id = db_text(r, 0, 2),
        .scopes = db_text(r, 0, 3),
        .generation = db_int(r, 0, 4),
        .sealed_access = db_blob(r, 0, 5),
        .sealed_refresh = db_blob(r, 0, 6),
        .access_expires = db_int(r, 0, 7),
        .granted = db_int(r, 0, 8),
        .refreshed = db_int(r, 0, 9),
    };
    return row;
}

enum err store_grant_find(struct db *d, struct arena *a, struct fault *f, str id,
                          struct grant_row **ret)
{
    struct db_rows r;
    enum err e =
        db_query(d, a, f, &r, "SELECT " GRANT_COLUMNS " FROM oauth_grants WHERE id = $1", DB_T(id));
    if (!e)
        *ret = grant_of(a, &r);
    return e;
}

enum err store_grant_of(struct db *d, struct arena *a, struct fault *f, str client_id,
                        str account_id, struct grant_row **ret)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT " GRANT_COLUMNS " FROM oauth_grants WHERE client_id = $1"
                          " AND account_id = $2",
                          DB_T(client_id), DB_T(account_id));
    if (!e)
        *ret = grant_of(a, &r);
    return e;
}

enum err store_grant_save(struct db *d, struct arena *a, struct fault *f, const struct grant_row *g)
{
    struct db_rows r;
    return db_query(d, a, f, &r,
                    "INSERT INTO oauth_grants (id, client_id, account_id, scopes, generation,"
                    " sealed_access, sealed_refresh, access_expires, granted, refreshed)"
                    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
                    " ON CONFLICT (id) DO UPDATE SET scopes = excluded.scopes,"
                    " generation = excluded.generation, sealed_access = excluded.sealed_access,"
                    " sealed_refresh = excluded.sealed_refresh,"
                    " access_expires = excluded.access_expires, granted = excluded.granted,"
                    " refreshed = excluded.refreshed",
                    DB_T(g->id), DB_T(g->client_id), DB_T(g->account_id), DB_T(g->scopes),
                    DB_I(g->generation), DB_B(g->sealed_access), DB_B(g->sealed_refresh),
                    DB_I(g->access_expires), DB_I(g->granted), db_int_or_null(g->refreshed));
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

enum err store_credentials_refuse_grant(struct db *d, struct arena *a, struct fault *f, str grant,
                                        str why)
{
    struct db_rows r;
    return db_query(d, a, f, &r,
                    "UPDATE credentials SET status = 'grant_refused', why = $1"
                    " WHERE grant_id = $2 AND status = 'connected'",
                    DB_T(why), DB_T(grant));
}

enum err store_credentials_revive_grant(struct db *d, struct arena *a, struct fault *f, str grant,
                                        str user)
{
    struct db_rows r;
    return db_query(d, a, f, &r,
                    "UPDATE credentials SET status = 'connected', why = NULL"
                    " WHERE grant_id = $1 AND status = 'grant_refused' AND sealed IS NOT NULL"
                    " AND entered_by = $2",
                    DB_T(grant), DB_T(user));
}

/* The client that the connection of c uses; $2 is the environment's. */
#define CLIENT_IN_FORCE                                                                            \
    "COALESCE((SELECT o.client_id FROM oauth_clients o WHERE o.connection_id = c.connection_id),"  \
    " (SELECT o.client_id FROM oauth_clients o WHERE o.connection_id IS NULL), $2)"

enum err store_credentials_wipe_other_client(struct db *d, struct arena *a, struct fault *f,
                                             str connection, str environment, str why,
                                             int64_t *ret_credentials)
{
    struct db_rows r;
    str only = connection.p ? connection : STR("");
    enum err e =
        db_query(d, a, f, &r,
                 "UPDATE credentials SET sealed = NULL, grant_id = NULL,"
                 " generation = generation + 1, status = 'needs_reconnect', why = $1"
                 " WHERE id IN (SELECT c.id FROM credentials c"
                 " JOIN oauth_grants g ON g.id = c.grant_id"
                 " WHERE g.client_id <> " CLIENT_IN_FORCE " AND ($3 = '' OR c.connection_id = $4))",
                 DB_T(why), db_text_or_null(environment), DB_T(only), DB_T(only));
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
