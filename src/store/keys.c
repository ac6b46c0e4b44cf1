/* Rows of `mortise_keys`. See the header. */
#include "store/keys.h"

#define SELECT                                                                                     \
    "SELECT k.id, k.hint, k.name, k.user_id, k.app_id, k.connection_id, k.methods, k.paths,"       \
    " k.created, k.created_by, k.expires, k.last_used, a.slug, a.name, n.name, u.name, u.email"    \
    " FROM mortise_keys k LEFT JOIN apps a ON a.id = k.app_id"                                     \
    " LEFT JOIN connections n ON n.id = k.connection_id"                                           \
    " LEFT JOIN users u ON u.id = k.created_by"

static struct key_row row_of(const struct db_rows *r, size_t i)
{
    return (struct key_row){
        .id = db_text(r, i, 0),
        .hint = db_text(r, i, 1),
        .name = db_text(r, i, 2),
        .user = db_text(r, i, 3),
        .app = db_text(r, i, 4),
        .connection = db_text(r, i, 5),
        .methods = db_text(r, i, 6),
        .paths = db_text(r, i, 7),
        .created = db_int(r, i, 8),
        .created_by = db_text(r, i, 9),
        .expires = db_int(r, i, 10),
        .last_used = db_int(r, i, 11),
        .app_slug = db_text(r, i, 12),
        .app_name = db_text(r, i, 13),
        .connection_name = db_text(r, i, 14),
        .maker_name = db_text(r, i, 15),
        .maker_email = db_text(r, i, 16),
    };
}

enum err store_key_insert(struct db *d, struct arena *a, struct fault *f, const struct key_row *k,
                          str token_hmac)
{
    struct db_rows r;

    return db_query(d, a, f, &r,
                    "INSERT INTO mortise_keys (id, token_hmac, hint, name, user_id, app_id,"
                    " connection_id, methods, paths, created, created_by, expires)"
                    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
                    DB_T(k->id), DB_B(token_hmac), DB_T(k->hint), DB_T(k->name),
                    db_text_or_null(k->user), db_text_or_null(k->app),
                    db_text_or_null(k->connection), DB_T(k->methods), DB_T(k->paths),
                    DB_I(k->created), DB_T(k->created_by), db_int_or_null(k->expires));
}

enum err store_key_find(struct db *d, struct arena *a, struct fault *f, str token_hmac,
                        struct key_row **ret)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r, SELECT " WHERE k.token_hmac = $1", DB_B(token_hmac));

    if (e)
        return e;
    *ret = NULL;
    if (r.count) {
        *ret = arena_new_of(a, struct key_row);
        **ret = row_of(&r, 0);
    }
    return ERR_OK;
}

enum err store_keys_of(struct db *d, struct arena *a, struct fault *f, str user, str app,
                       struct key_row **ret, size_t *ret_count)
{
    struct db_rows r;
    enum err e = user.p ? db_query(d, a, f, &r, SELECT " WHERE k.user_id = $1 ORDER BY k.id DESC",
                                   DB_T(user))
                        : db_query(d, a, f, &r,
                                   SELECT " WHERE k.app_id = $1 AND k.user_id IS NULL"
                                          " ORDER BY k.id DESC",
                                   DB_T(app));
    if (e)
        return e;
    struct key_row *rows = arena_alloc_array(a, r.count + 1, sizeof(*rows));
    for (size_t i = 0; i < r.count; i++)
        rows[i] = row_of(&r, i);
    *ret = rows;
    *ret_count = r.count;
    return ERR_OK;
}

enum err store_key_delete(struct db *d, struct arena *a, struct fault *f, str id, str user, str app,
                          int *ret_done)
{
    struct db_rows r;
    enum err e =
        user.p ? db_query(d, a, f, &r, "DELETE FROM mortise_keys WHERE id = $1 AND user_id = $2",
                          DB_T(id), DB_T(user))
               : db_query(d, a, f, &r,
                          "DELETE FROM mortise_keys WHERE id = $1 AND app_id = $2"
                          " AND user_id IS NULL",
                          DB_T(id), DB_T(app));
    if (!e)
        *ret_done = r.changed > 0;
    return e;
}

enum err store_keys_delete_user(struct db *d, struct arena *a, struct fault *f, str user)
{
    struct db_rows r;

    return db_query(d, a, f, &r, "DELETE FROM mortise_keys WHERE user_id = $1", DB_T(user));
}

enum err store_keys_count_user(struct db *d, struct arena *a, struct fault *f, str user,
                               int64_t *ret)
{
    struct db_rows r;
    enum err e =
        db_query(d, a, f, &r, "SELECT count(*) FROM mortise_keys WHERE user_id = $1", DB_T(user));

    if (!e)
        *ret = db_int(&r, 0, 0);
    return e;
}

enum err store_key_used(struct db *d, struct arena *a, struct fault *f, str id, int64_t now_ms)
{
    struct db_rows r;

    return db_query(d, a, f, &r, "UPDATE mortise_keys SET last_used = $1 WHERE id = $2",
                    DB_I(now_ms), DB_T(id));
}
