/* Rows of `sessions`. See the header. */
#include "store/sessions.h"

enum err store_session_insert(struct db *d, struct arena *a, struct fault *f,
                              const struct session_row *row, str token_hmac)
{
    struct db_rows r;

    return db_query(d, a, f, &r,
                    "INSERT INTO sessions (id, token_hmac, user_id, agent, created, last_seen,"
                    " expires) VALUES ($1, $2, $3, $4, $5, $6, $7)",
                    DB_T(row->id), DB_B(token_hmac), DB_T(row->user), DB_T(row->agent),
                    DB_I(row->created), DB_I(row->last_seen), DB_I(row->expires));
}

#define COLUMNS "id, user_id, agent, created, last_seen, expires"

static struct session_row row_of(const struct db_rows *r, size_t i)
{
    return (struct session_row){
        .id = db_text(r, i, 0),
        .user = db_text(r, i, 1),
        .agent = db_text(r, i, 2),
        .created = db_int(r, i, 3),
        .last_seen = db_int(r, i, 4),
        .expires = db_int(r, i, 5),
    };
}

enum err store_session_find(struct db *d, struct arena *a, struct fault *f, str token_hmac,
                            struct session_row **ret, struct user_row **ret_user)
{
    struct db_rows r;
    struct session_row *row = NULL;
    struct user_row *user = NULL;
    enum err e = db_query(d, a, f, &r, "SELECT " COLUMNS " FROM sessions WHERE token_hmac = $1",
                          DB_B(token_hmac));

    if (!e && r.count) {
        row = arena_new_of(a, struct session_row);
        *row = row_of(&r, 0);
        e = store_user_find(d, a, f, row->user, &user);
    }
    if (e)
        return e;
    *ret = user ? row : NULL; /* deleted between the two statements */
    *ret_user = user;
    return ERR_OK;
}

enum err store_sessions_list(struct db *d, struct arena *a, struct fault *f, str user,
                             int64_t now_ms, struct session_row **ret, size_t *ret_count)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT " COLUMNS " FROM sessions WHERE user_id = $1 AND expires > $2"
                          " ORDER BY last_seen DESC, id DESC",
                          DB_T(user), DB_I(now_ms));

    if (e)
        return e;
    struct session_row *rows = arena_alloc_array(a, r.count + 1, sizeof(*rows));
    for (size_t i = 0; i < r.count; i++)
        rows[i] = row_of(&r, i);
    *ret = rows;
    *ret_count = r.count;
    return ERR_OK;
}

enum err store_session_touch(struct db *d, struct arena *a, struct fault *f, str id,
                             int64_t last_seen, int64_t expires)
{
    struct db_rows r;

    return db_query(d, a, f, &r, "UPDATE sessions SET last_seen = $1, expires = $2 WHERE id = $3",
                    DB_I(last_seen), DB_I(expires), DB_T(id));
}

enum err store_session_delete(struct db *d, struct arena *a, struct fault *f, str id)
{
    struct db_rows r;

    return db_query(d, a, f, &r, "DELETE FROM sessions WHERE id = $1", DB_T(id));
}

enum err store_sessions_delete_user(struct db *d, struct arena *a, struct fault *f, str user,
                                    str except)
{
    struct db_rows r;

    return db_query(d, a, f, &r, "DELETE FROM sessions WHERE user_id = $1 AND id <> $2", DB_T(user),
                    DB_T(except.p ? except : STR("")));
}

enum err store_sessions_expire(struct db *d, struct arena *a, struct fault *f, int64_t now_ms)
{
    struct db_rows r;

    return db_query(d, a, f, &r, "DELETE FROM sessions WHERE expires <= $1", DB_I(now_ms));
}
