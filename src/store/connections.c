/* Rows of `connections`: SQL only, no rules. See the header. */
#include "store/connections.h"

#include "base/check.h"

#define COLUMNS                                                                                    \
    "id, app_id, type, name, base_url, base_url_fixed, shared, switch_counter, created, "          \
    "created_by, runners_may_request, old_search"

static struct connection_row row_of(const struct db_rows *r, size_t i)
{
    return (struct connection_row){
        .id = db_text(r, i, 0),
        .app = db_text(r, i, 1),
        .type = db_text(r, i, 2),
        .name = db_text(r, i, 3),
        .base_url = db_text(r, i, 4),
        .base_url_fixed = db_int(r, i, 5) != 0,
        .shared = db_int(r, i, 6) != 0,
        .switch_counter = db_int(r, i, 7),
        .created = db_int(r, i, 8),
        .created_by = db_text(r, i, 9),
        .runners_may_request = db_int(r, i, 10) != 0,
        .old_search = db_int(r, i, 11) != 0,
    };
}

enum err store_connections_list(struct db *d, struct arena *a, struct fault *f, str app,
                                struct connection_row **ret, size_t *ret_count)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT " COLUMNS " FROM connections WHERE app_id = $1"
                          " ORDER BY name_key, id",
                          DB_T(app));
    if (e)
        return e;
    struct connection_row *rows = arena_alloc_array(a, r.count + 1, sizeof(*rows));
    for (size_t i = 0; i < r.count; i++)
        rows[i] = row_of(&r, i);
    *ret = rows;
    *ret_count = r.count;
    return ERR_OK;
}

enum err store_connection_find(struct db *d, struct arena *a, struct fault *f, str app, str id,
                               struct connection_row *ret)
{
    struct db_rows r;
    enum err e =
        db_query(d, a, f, &r, "SELECT " COLUMNS " FROM connections WHERE app_id = $1 AND id = $2",
                 DB_T(app), DB_T(id));
    if (e)
        return e;
    if (r.count == 0)
        return fail(f, ERR_NOT_FOUND, "There is no such connection in this app.");
    *ret = row_of(&r, 0);
    return ERR_OK;
}

enum err store_connection_find_named(struct db *d, struct arena *a, struct fault *f, str app,
                                     str id, str name_key, struct connection_row *ret)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT " COLUMNS " FROM connections WHERE app_id = $1"
                          " AND (id = $2 OR name_key = $3)"
                          " ORDER BY CASE WHEN id = $2 THEN 0 ELSE 1 END LIMIT 1",
                          DB_T(app), DB_T(id), DB_T(name_key));
    if (e)
        return e;
    if (r.count == 0)
        return fail(f, ERR_NOT_FOUND, "There is no such connection in this app.");
    *ret = row_of(&r, 0);
    return ERR_OK;
}

enum err store_connection_insert(struct db *d, struct arena *a, struct fault *f,
                                 const struct connection_row *row, str name_key)
{
    struct db_rows r;
    return db_query(d, a, f, &r,
                    "INSERT INTO connections (id, app_id, type, name, name_key, base_url,"
                    " base_url_fixed, shared, switch_counter, created, created_by,"
                    " runners_may_request, old_search)"
                    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
                    DB_T(row->id), DB_T(row->app), DB_T(row->type), DB_T(row->name), DB_T(name_key),
                    db_text_or_null(row->base_url), DB_I(row->base_url_fixed), DB_I(row->shared),
                    DB_I(row->switch_counter), DB_I(row->created), db_text_or_null(row->created_by),
                    DB_I(row->runners_may_request), DB_I(row->old_search));
}

enum err store_connection_switch(struct db *d, struct arena *a, struct fault *f, str id, int shared,
                                 int64_t switch_counter)
{
    struct db_rows r;
    return db_query(d, a, f, &r,
                    "UPDATE connections SET shared = $1, switch_counter = $2 WHERE id = $3",
                    DB_I(shared), DB_I(switch_counter), DB_T(id));
}

enum err store_connection_update(struct db *d, struct arena *a, struct fault *f,
                                 const struct connection_row *row, str name_key)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "UPDATE connections SET name = $1, name_key = $2, base_url = $3,"
                          " base_url_fixed = $4, runners_may_request = $5, old_search = $6"
                          " WHERE app_id = $7 AND id = $8",
                          DB_T(row->name), DB_T(name_key), db_text_or_null(row->base_url),
                          DB_I(row->base_url_fixed), DB_I(row->runners_may_request),
                          DB_I(row->old_search), DB_T(row->app), DB_T(row->id));
    if (e)
        return e;
    return r.changed ? ERR_OK : fail(f, ERR_NOT_FOUND, "There is no such connection in this app.");
}

enum err store_connection_delete(struct db *d, struct arena *a, struct fault *f, str app, str id)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r, "DELETE FROM connections WHERE app_id = $1 AND id = $2",
                          DB_T(app), DB_T(id));
    if (e)
        return e;
    return r.changed ? ERR_OK : fail(f, ERR_NOT_FOUND, "There is no such connection in this app.");
}
