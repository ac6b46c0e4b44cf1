/* Rows of `pending_connects` and `drafts`: SQL only, no rules. See the header. */
#include "store/pending.h"

#include "base/id.h"

enum err store_pending_insert(struct db *d, struct arena *a, struct fault *f,
                              const struct pending_row *row)
{
    struct db_rows r;
    return db_query(d, a, f, &r,
                    "INSERT INTO pending_connects (id, confirm_hmac, app_id, connection_id,"
                    " user_id, session_id, switch_counter, generation, found, sealed, until)"
                    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                    DB_T(row->id), DB_B(row->confirm_hmac), DB_T(row->app), DB_T(row->connection),
                    DB_T(row->user), DB_T(row->session), DB_I(row->switch_counter),
                    DB_I(row->generation), DB_T(row->found), DB_B(row->sealed), DB_I(row->until));
}

enum err store_pending_find(struct db *d, struct arena *a, struct fault *f, str confirm_hmac,
                            int64_t now_ms, struct pending_row *ret)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT id, confirm_hmac, app_id, connection_id, user_id, session_id,"
                          " switch_counter, generation, found, sealed, until FROM pending_connects"
                          " WHERE confirm_hmac = $1 AND until > $2",
                          DB_B(confirm_hmac), DB_I(now_ms));
    if (e)
        return e;
    if (r.count == 0)
        return fail(f, ERR_NOT_FOUND, "This question has expired.");
    *ret = (struct pending_row){
        .id = db_text(&r, 0, 0),
        .confirm_hmac = db_blob(&r, 0, 1),
        .app = db_text(&r, 0, 2),
        .connection = db_text(&r, 0, 3),
        .user = db_text(&r, 0, 4),
        .session = db_text(&r, 0, 5),
        .switch_counter = db_int(&r, 0, 6),
        .generation = db_int(&r, 0, 7),
        .found = db_text(&r, 0, 8),
        .sealed = db_blob(&r, 0, 9),
        .until = db_int(&r, 0, 10),
    };
    return ERR_OK;
}

enum err store_pending_delete(struct db *d, struct arena *a, struct fault *f, str id,
                              int *ret_deleted)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r, "DELETE FROM pending_connects WHERE id = $1", DB_T(id));
    if (e)
        return e;
    *ret_deleted = r.changed > 0;
    return ERR_OK;
}

enum err store_pending_delete_of(struct db *d, struct arena *a, struct fault *f, str connection,
                                 str user)
{
    struct db_rows r;
    return db_query(d, a, f, &r,
                    "DELETE FROM pending_connects WHERE connection_id = $1 AND user_id = $2",
                    DB_T(connection), DB_T(user));
}

enum err store_pending_expire(struct db *d, struct arena *a, struct fault *f, int64_t now_ms)
{
    struct db_rows r;
    return db_query(d, a, f, &r, "DELETE FROM pending_connects WHERE until <= $1", DB_I(now_ms));
}

enum err store_draft_save(struct db *d, struct arena *a, struct fault *f, str app, str user,
                          str content, int64_t until, str *ret_id)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "INSERT INTO drafts (id, app_id, user_id, content, until)"
                          " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (app_id, user_id)"
                          " DO UPDATE SET content = excluded.content, until = excluded.until"
                          " RETURNING id",
                          DB_T(id_new(a)), DB_T(app), DB_T(user), DB_T(content), DB_I(until));
    if (e)
        return e;
    *ret_id = db_text(&r, 0, 0);
    return ERR_OK;
}

enum err store_draft_find(struct db *d, struct arena *a, struct fault *f, str app, str user, str id,
                          int64_t now_ms, str *ret_content)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT content FROM drafts WHERE app_id = $1 AND user_id = $2"
                          " AND id = $3 AND until > $4",
                          DB_T(app), DB_T(user), DB_T(id), DB_I(now_ms));
    if (e)
        return e;
    *ret_content = r.count ? db_text(&r, 0, 0) : (str){NULL, 0};
    return ERR_OK;
}

enum err store_drafts_expire(struct db *d, struct arena *a, struct fault *f, int64_t now_ms)
{
    struct db_rows r;
    return db_query(d, a, f, &r, "DELETE FROM drafts WHERE until <= $1", DB_I(now_ms));
}
