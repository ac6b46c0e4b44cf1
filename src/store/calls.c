/* Rows of `relay_call_groups`. See the header. */
#include "store/calls.h"

enum err store_call_group_insert(struct db *d, struct arena *a, struct fault *f,
                                 const struct call_group_row *row)
{
    struct db_rows r;

    return db_query(d, a, f, &r,
                    "INSERT INTO relay_call_groups (id, app_id, first_at, last_at, calls)"
                    " SELECT CAST($1 AS TEXT), a.id, CAST($2 AS BIGINT), CAST($3 AS BIGINT),"
                    " CAST($4 AS TEXT) FROM apps a WHERE a.id = $5",
                    DB_T(row->id), DB_I(row->first_at), DB_I(row->last_at), DB_T(row->calls),
                    DB_T(row->app));
}

static struct call_group_row row_of(const struct db_rows *r, size_t i)
{
    return (struct call_group_row){
        .id = db_text(r, i, 0),
        .app = db_text(r, i, 1),
        .first_at = db_int(r, i, 2),
        .last_at = db_int(r, i, 3),
        .calls = db_text(r, i, 4),
    };
}

enum err store_call_groups_list(struct db *d, struct arena *a, struct fault *f, str app,
                                int64_t until, struct call_group_place place, int64_t limit,
                                struct call_group_row **ret, size_t *ret_count)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT id, app_id, first_at, last_at, calls FROM relay_call_groups"
                          " WHERE app_id = $1 AND first_at <= $2"
                          " AND (last_at, id) < (CAST($3 AS BIGINT), CAST($4 AS TEXT))"
                          " ORDER BY last_at DESC, id DESC LIMIT $5",
                          DB_T(app), DB_I(until), DB_I(place.last_at), DB_T(place.id), DB_I(limit));

    if (e)
        return e;
    struct call_group_row *rows = arena_alloc_array(a, r.count + 1, sizeof(*rows));
    for (size_t i = 0; i < r.count; i++)
        rows[i] = row_of(&r, i);
    *ret = rows;
    *ret_count = r.count;
    return ERR_OK;
}

/* By app: there is an index. */
enum err store_call_groups_delete_before(struct db *d, struct arena *a, struct fault *f,
                                         int64_t last_at)
{
    struct db_rows r;

    return db_query(d, a, f, &r,
                    "DELETE FROM relay_call_groups"
                    " WHERE app_id IN (SELECT id FROM apps) AND last_at < $1",
                    DB_I(last_at));
}
