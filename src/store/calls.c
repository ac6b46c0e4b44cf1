/* Rows of `relay_calls`. See the header. */
#include "store/calls.h"

static enum err insert(struct db *d, struct arena *a, struct fault *f, const struct call_row *c)
{
    struct db_rows r;

    return db_query(d, a, f, &r,
                    "INSERT INTO relay_calls (id, app_id, connection_id, connection_name, key_id,"
                    " key_name, user_id, credential_id, method, template, issue, status, code,"
                    " came, ms, repeats)"
                    " SELECT CAST($1 AS TEXT), a.id, CAST($2 AS TEXT), CAST($3 AS TEXT),"
                    " CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS TEXT), CAST($7 AS TEXT),"
                    " CAST($8 AS TEXT), CAST($9 AS TEXT), CAST($10 AS TEXT), CAST($11 AS BIGINT),"
                    " CAST($12 AS TEXT), CAST($13 AS BIGINT), CAST($14 AS BIGINT),"
                    " CAST($15 AS BIGINT) FROM apps a WHERE a.id = $16",
                    DB_T(c->id), DB_T(c->connection), DB_T(c->connection_name), DB_T(c->key),
                    DB_T(c->key_name), db_text_or_null(c->user), DB_T(c->credential),
                    DB_T(c->method), DB_T(c->template), db_text_or_null(c->issue), DB_I(c->status),
                    db_text_or_null(c->code), DB_I(c->came), DB_I(c->ms), DB_I(c->repeats),
                    DB_T(c->app));
}

enum err store_calls_insert(struct db *d, struct arena *a, struct fault *f,
                            const struct call_row *rows, size_t count)
{
    enum err e = ERR_OK;

    for (size_t i = 0; !e && i < count; i++)
        e = insert(d, a, f, &rows[i]);
    return e;
}

static struct call_row row_of(const struct db_rows *r, size_t i)
{
    return (struct call_row){
        .id = db_text(r, i, 0),
        .app = db_text(r, i, 1),
        .connection = db_text(r, i, 2),
        .connection_name = db_text(r, i, 3),
        .key = db_text(r, i, 4),
        .key_name = db_text(r, i, 5),
        .user = db_text(r, i, 6),
        .credential = db_text(r, i, 7),
        .method = db_text(r, i, 8),
        .template = db_text(r, i, 9),
        .issue = db_text(r, i, 10),
        .status = db_int(r, i, 11),
        .code = db_text(r, i, 12),
        .came = db_int(r, i, 13),
        .ms = db_int(r, i, 14),
        .repeats = db_int(r, i, 15),
        .user_name = db_text(r, i, 16),
        .user_email = db_text(r, i, 17),
    };
}

enum err store_calls_list(struct db *d, struct arena *a, struct fault *f, str app,
                          const struct call_filter *q, int64_t limit, struct call_row **ret,
                          size_t *ret_count)
{
    struct db_rows r;
    enum err e = db_query(
        d, a, f, &r,
        "SELECT c.id, c.app_id, c.connection_id, c.connection_name, c.key_id, c.key_name,"
        " c.user_id, c.credential_id, c.method, c.template, c.issue, c.status, c.code,"
        " c.came, c.ms, c.repeats, u.name, u.email"
        " FROM relay_calls c LEFT JOIN users u ON u.id = c.user_id"
        " WHERE c.app_id = $1"
        " AND (CAST($2 AS TEXT) = '' OR c.connection_id = CAST($2 AS TEXT))"
        " AND (CAST($3 AS TEXT) = '' OR c.key_id = CAST($3 AS TEXT))"
        " AND (CAST($4 AS TEXT) = '' OR c.user_id = CAST($4 AS TEXT))"
        " AND (CAST($5 AS TEXT) = '' OR c.issue = CAST($5 AS TEXT))"
        " AND c.status >= $6 AND (CAST($7 AS BIGINT) = 0 OR c.status <= CAST($7 AS BIGINT))"
        " AND (CAST($8 AS TEXT) = '' OR c.id < CAST($8 AS TEXT))"
        " ORDER BY c.id DESC LIMIT $9",
        DB_T(app), DB_T(q->connection), DB_T(q->key), DB_T(q->user), DB_T(q->issue),
        DB_I(q->status_from), DB_I(q->status_to), DB_T(q->before), DB_I(limit));
    if (e)
        return e;
    struct call_row *rows = arena_alloc_array(a, r.count + 1, sizeof(*rows));
    for (size_t i = 0; i < r.count; i++)
        rows[i] = row_of(&r, i);
    *ret = rows;
    *ret_count = r.count;
    return ERR_OK;
}

enum err store_calls_delete_before(struct db *d, struct arena *a, struct fault *f, int64_t came)
{
    struct db_rows r;

    return db_query(d, a, f, &r, "DELETE FROM relay_calls WHERE came < $1", DB_I(came));
}
