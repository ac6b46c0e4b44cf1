/* Rows of `credential_needs`. See the header. */
#include "store/needs.h"

static void needs_of(struct arena *a, const struct db_rows *r, struct need_row **ret,
                     size_t *ret_count)
{
    struct need_row *rows = arena_alloc_array(a, r->count + 1, sizeof(*rows));
    for (size_t i = 0; i < r->count; i++)
        rows[i] = (struct need_row){db_text(r, i, 0), db_text(r, i, 1), db_text(r, i, 2),
                                    db_int(r, i, 3), db_int(r, i, 4)};
    *ret = rows;
    *ret_count = r->count;
}

enum err store_need_find(struct db *d, struct arena *a, struct fault *f, str credential, str kind,
                         str project, str value, struct need_row **ret)
{
    struct db_rows r;
    struct need_row *rows = NULL;
    size_t count = 0;
    enum err e = db_query(d, a, f, &r,
                          "SELECT kind, project, value, last_seen, refused FROM credential_needs"
                          " WHERE credential_id = $1 AND kind = $2 AND project = $3"
                          " AND value = $4",
                          DB_T(credential), DB_T(kind), DB_T(project), DB_T(value));
    if (e)
        return e;
    needs_of(a, &r, &rows, &count);
    *ret = count ? rows : NULL;
    return ERR_OK;
}

static enum err let_oldest_go(struct db *d, struct arena *a, struct fault *f, str credential)
{
    struct db_rows r;
    return db_query(d, a, f, &r,
                    "DELETE FROM credential_needs WHERE credential_id = $1 AND last_seen <"
                    " COALESCE((SELECT n.last_seen FROM credential_needs n"
                    " WHERE n.credential_id = $2 ORDER BY n.last_seen DESC LIMIT 1 OFFSET $3), 0)",
                    DB_T(credential), DB_T(credential), DB_I(NEEDS_MAX - 1));
}

enum err store_need_save(struct db *d, struct arena *a, struct fault *f, str credential,
                         const struct need_row *row)
{
    struct db_rows r;
    enum err e = db_query(
        d, a, f, &r,
        "INSERT INTO credential_needs (credential_id, kind, project, value, last_seen, refused)"
        " SELECT c.id, $1, $2, $3, $4, $5 FROM credentials c WHERE c.id = $6"
        " ON CONFLICT (credential_id, kind, project, value) DO UPDATE SET"
        " last_seen = excluded.last_seen, refused = excluded.refused",
        DB_T(row->kind), DB_T(row->project), DB_T(row->value), DB_I(row->last_seen),
        db_int_or_null(row->refused), DB_T(credential));
    return e ? e : let_oldest_go(d, a, f, credential);
}

enum err store_needs_scopes(struct db *d, struct arena *a, struct fault *f, str connection,
                            str credential, int64_t since_ms, struct need_row **ret,
                            size_t *ret_count)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT n.kind, n.project, n.value, max(n.last_seen),"
                          " max(CASE WHEN n.credential_id = $1 THEN n.refused END)"
                          " FROM credential_needs n JOIN credentials c ON c.id = n.credential_id"
                          " WHERE c.connection_id = $2 AND n.kind = 'scope' AND n.last_seen >= $3"
                          " GROUP BY n.kind, n.project, n.value ORDER BY n.value",
                          DB_T(credential), DB_T(connection), DB_I(since_ms));
    if (!e)
        needs_of(a, &r, ret, ret_count);
    return e;
}

enum err store_needs_permissions(struct db *d, struct arena *a, struct fault *f, str credential,
                                 int64_t since_ms, struct need_row **ret, size_t *ret_count)
{
    struct db_rows r;
    enum err e = db_query(
        d, a, f, &r,
        "SELECT n.kind, n.project, n.value, n.last_seen, n.refused FROM credential_needs n"
        " JOIN (SELECT project, max(last_seen) AS used FROM credential_needs"
        " WHERE credential_id = $1 AND kind = 'permission' AND last_seen >= $2 GROUP BY project) p"
        " ON p.project = n.project WHERE n.credential_id = $3 AND n.kind = 'permission'"
        " AND n.last_seen >= $4 ORDER BY p.used DESC, n.project, n.value",
        DB_T(credential), DB_I(since_ms), DB_T(credential), DB_I(since_ms));
    if (!e)
        needs_of(a, &r, ret, ret_count);
    return e;
}

enum err store_needs_forgive(struct db *d, struct arena *a, struct fault *f, str credential,
                             str grant)
{
    struct db_rows r;
    return db_query(d, a, f, &r,
                    "UPDATE credential_needs SET refused = NULL WHERE refused IS NOT NULL"
                    " AND credential_id IN (SELECT id FROM credentials WHERE id = $1"
                    " OR grant_id = $2)",
                    DB_T(credential), db_text_or_null(grant));
}
