/* Rows of `requests`. See the header. */
#include "store/requests.h"

#define SELECT                                                                                     \
    "SELECT r.id, r.app_id, r.name, r.connection_id, r.document, r.version, r.created,"            \
    " r.created_by, r.changed, r.changed_by, n.name, u.name FROM requests r"                       \
    " LEFT JOIN connections n ON n.id = r.connection_id LEFT JOIN users u ON u.id = r.changed_by"

static struct request_row row_of(const struct db_rows *r, size_t i)
{
    return (struct request_row){
        .id = db_text(r, i, 0),
        .app = db_text(r, i, 1),
        .name = db_text(r, i, 2),
        .connection = db_text(r, i, 3),
        .document = db_text(r, i, 4),
        .version = db_int(r, i, 5),
        .created = db_int(r, i, 6),
        .created_by = db_text(r, i, 7),
        .changed = db_int(r, i, 8),
        .changed_by = db_text(r, i, 9),
        .connection_name = db_text(r, i, 10),
        .changer_name = db_text(r, i, 11),
    };
}

enum err store_requests_list(struct db *d, struct arena *a, struct fault *f, str app,
                             struct request_row **ret, size_t *ret_count)
{
    struct db_rows r;
    enum err e =
        db_query(d, a, f, &r, SELECT " WHERE r.app_id = $1 ORDER BY r.name_key, r.id", DB_T(app));
    if (e)
        return e;
    struct request_row *rows = arena_alloc_array(a, r.count + 1, sizeof(*rows));
    for (size_t i = 0; i < r.count; i++)
        rows[i] = row_of(&r, i);
    *ret = rows;
    *ret_count = r.count;
    return ERR_OK;
}

enum err store_request_find(struct db *d, struct arena *a, struct fault *f, str app, str id,
                            str name_key, struct request_row *ret)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          SELECT " WHERE r.app_id = $1 AND (r.id = $2 OR r.name_key = $3)"
                                 " ORDER BY CASE WHEN r.id = $2 THEN 0 ELSE 1 END LIMIT 1",
                          DB_T(app), DB_T(id), DB_T(name_key));
    if (e)
        return e;
    if (r.count == 0)
        return fail(f, ERR_NOT_FOUND, "There is no such request in this app.");
    *ret = row_of(&r, 0);
    return ERR_OK;
}

enum err store_request_insert(struct db *d, struct arena *a, struct fault *f,
                              const struct request_row *row, str name_key)
{
    struct db_rows r;

    return db_query(d, a, f, &r,
                    "INSERT INTO requests (id, app_id, name, name_key, connection_id, document,"
                    " version, created, created_by, changed, changed_by)"
                    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                    DB_T(row->id), DB_T(row->app), DB_T(row->name), DB_T(name_key),
                    db_text_or_null(row->connection), DB_T(row->document), DB_I(row->version),
                    DB_I(row->created), db_text_or_null(row->created_by), DB_I(row->changed),
                    db_text_or_null(row->changed_by));
}

enum err store_request_update(struct db *d, struct arena *a, struct fault *f,
                              const struct request_row *row, int *ret_done)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "UPDATE requests SET connection_id = $1, document = $2, changed = $3,"
                          " changed_by = $4, version = version + 1"
                          " WHERE app_id = $5 AND id = $6 AND version = $7",
                          db_text_or_null(row->connection), DB_T(row->document), DB_I(row->changed),
                          db_text_or_null(row->changed_by), DB_T(row->app), DB_T(row->id),
                          DB_I(row->version));
    if (!e)
        *ret_done = r.changed > 0;
    return e;
}

enum err store_request_delete(struct db *d, struct arena *a, struct fault *f, str app, str id,
                              int *ret_done)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r, "DELETE FROM requests WHERE app_id = $1 AND id = $2",
                          DB_T(app), DB_T(id));
    if (!e)
        *ret_done = r.changed > 0;
    return e;
}
