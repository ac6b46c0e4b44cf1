/* Rows of `consents` and `grant_renewals`: SQL only, no rules. See the header. */
#include "store/consents.h"

enum err store_consent_save(struct db *d, struct arena *a, struct fault *f,
                            const struct consent_row *row)
{
    struct db_rows r;
    return db_query(d, a, f, &r,
                    "INSERT INTO consents (id, client_id, account_id, due) VALUES ($1, $2, $3, $4)"
                    " ON CONFLICT (id) DO UPDATE SET account_id = excluded.account_id,"
                    " due = excluded.due, marked = ''",
                    DB_T(row->id), DB_T(row->client_id), DB_T(row->account_id), DB_I(row->due));
}

enum err store_consent_delete(struct db *d, struct arena *a, struct fault *f, str id)
{
    struct db_rows r;
    return db_query(d, a, f, &r, "DELETE FROM consents WHERE id = $1", DB_T(id));
}

enum err store_consent_owns(struct db *d, struct arena *a, struct fault *f, str id, str grant)
{
    struct db_rows r;
    return db_query(d, a, f, &r,
                    "UPDATE consents SET grant_id = CASE WHEN id = $1 THEN CAST($2 AS TEXT)"
                    " ELSE '' END WHERE id = $3 OR grant_id = $4",
                    DB_T(id), DB_T(grant), DB_T(id), DB_T(grant));
}

enum err store_consent_is_unknown(struct db *d, struct arena *a, struct fault *f, str id, int *ret)
{
    struct db_rows r;
    enum err e =
        db_query(d, a, f, &r, "SELECT 1 FROM consents WHERE id = $1 AND account_id = ''", DB_T(id));
    *ret = !e && r.count > 0;
    return e;
}

enum err store_consents_wait(struct db *d, struct arena *a, struct fault *f, int64_t now_ms,
                             int64_t max_ms, int *ret)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT 1 WHERE EXISTS (SELECT 1 FROM consents WHERE due <= $1)"
                          " OR EXISTS (SELECT 1 FROM consents WHERE due > $2)"
                          " OR EXISTS (SELECT 1 FROM grant_renewals WHERE due > $3)",
                          DB_I(now_ms), DB_I(max_ms), DB_I(now_ms));
    *ret = !e && r.count > 0;
    return e;
}

enum err store_consents_pull(struct db *d, struct arena *a, struct fault *f, int64_t max_ms)
{
    struct db_rows r;
    return db_query(d, a, f, &r, "UPDATE consents SET due = $1 WHERE due > $2", DB_I(max_ms),
                    DB_I(max_ms));
}

enum err store_consent_due(struct db *d, struct arena *a, struct fault *f, int64_t now_ms,
                           struct consent_row **ret)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT id, client_id, account_id, grant_id, due, marked FROM consents"
                          " WHERE due <= $1 ORDER BY due, id LIMIT 1",
                          DB_I(now_ms));
    *ret = NULL;
    if (e || r.count == 0)
        return e;
    *ret = arena_new_of(a, struct consent_row);
    **ret = (struct consent_row){
        .id = db_text(&r, 0, 0),
        .client_id = db_text(&r, 0, 1),
        .account_id = db_text(&r, 0, 2),
        .grant = db_text(&r, 0, 3),
        .due = db_int(&r, 0, 4),
        .marked = db_text(&r, 0, 5),
    };
    return ERR_OK;
}

enum err store_consent_grants(struct db *d, struct arena *a, struct fault *f,
                              const struct consent_row *row, int64_t limit, str **ret,
                              size_t *ret_count)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT g.id FROM oauth_grants g WHERE g.client_id = $1 AND g.id > $2"
                          " AND g.id <> $3 AND ($4 = '' OR g.account_id = $5)"
                          " AND EXISTS (SELECT 1 FROM credentials c WHERE c.grant_id = g.id"
                          " AND c.status = 'connected') ORDER BY g.id LIMIT $6",
                          DB_T(row->client_id), DB_T(row->marked), DB_T(row->grant),
                          DB_T(row->account_id), DB_T(row->account_id), DB_I(limit));
    if (e)
        return e;
    *ret_count = r.count;
    *ret = arena_alloc_array(a, r.count + 1, sizeof(**ret));
    for (size_t i = 0; i < r.count; i++)
        (*ret)[i] = db_text(&r, i, 0);
    return ERR_OK;
}

enum err store_consent_marked(struct db *d, struct arena *a, struct fault *f, str id, str up_to)
{
    struct db_rows r;
    return db_query(d, a, f, &r, "UPDATE consents SET marked = $1 WHERE id = $2", DB_T(up_to),
                    DB_T(id));
}

enum err store_renewal_add(struct db *d, struct arena *a, struct fault *f, str grant, int64_t due,
                           int unknown)
{
    struct db_rows r;
    return db_query(d, a, f, &r,
                    "INSERT INTO grant_renewals (grant_id, due, unknown) VALUES ($1, $2, $3)"
                    " ON CONFLICT (grant_id) DO UPDATE SET"
                    " due = CASE WHEN excluded.due > grant_renewals.due THEN excluded.due"
                    " ELSE grant_renewals.due END,"
                    " unknown = CASE WHEN excluded.unknown < grant_renewals.unknown"
                    " THEN excluded.unknown ELSE grant_renewals.unknown END",
                    DB_T(grant), DB_I(due), DB_I(unknown));
}

enum err store_renewal_settle(struct db *d, struct arena *a, struct fault *f, str grant,
                              int64_t until)
{
    struct db_rows r;
    return db_query(d, a, f, &r, "DELETE FROM grant_renewals WHERE grant_id = $1 AND due <= $2",
                    DB_T(grant), DB_I(until));
}

enum err store_renewal_of(struct db *d, struct arena *a, struct fault *f, str grant,
                          int64_t *ret_due)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT due FROM grant_renewals WHERE grant_id = $1 UNION ALL"
                          " SELECT c.due FROM consents c JOIN oauth_grants g"
                          " ON g.client_id = c.client_id WHERE g.id = $2 AND c.grant_id <> g.id"
                          " AND (c.account_id = '' OR c.account_id = g.account_id)"
                          " ORDER BY due LIMIT 1",
                          DB_T(grant), DB_T(grant));
    if (!e)
        *ret_due = r.count ? db_int(&r, 0, 0) : 0;
    return e;
}

enum err store_renewals_pull(struct db *d, struct arena *a, struct fault *f, int64_t now_ms)
{
    struct db_rows r;
    return db_query(d, a, f, &r, "UPDATE grant_renewals SET due = $1 WHERE due > $2", DB_I(now_ms),
                    DB_I(now_ms));
}
