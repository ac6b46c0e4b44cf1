/* Rows of `pending_connects` and `drafts`: SQL only, no rules. See the header. */
#include "store/pending.h"

#include "base/id.h"

#define COLUMNS                                                                                    \
    "p.id, p.kind, p.token_hmac, p.app_id, p.connection_id, p.user_id, p.session_id,"              \
    " p.switch_counter, p.credential_id, p.generation, p.client_id, p.found, p.sealed,"            \
    " p.sealed_refresh, p.return_to, p.created, p.until, p.used, p.outcome, a.slug"
#define FROM " FROM pending_connects p JOIN apps a ON a.id = p.app_id "

static struct db_value blob_or_null(str s)
{
    return s.p ? DB_B(s) : DB_N;
}

static struct pending_row *first_of(struct arena *a, const struct db_rows *r)
{
    if (r->count == 0)
        return NULL;
    struct pending_row *row = arena_new_of(a, struct pending_row);
    *row = (struct pending_row){
        .id = db_text(r, 0, 0),
        .kind = db_text(r, 0, 1),
        .token_hmac = db_blob(r, 0, 2),
        .app = db_text(r, 0, 3),
        .connection = db_text(r, 0, 4),
        .user = db_text(r, 0, 5),
        .session = db_text(r, 0, 6),
        .switch_counter = db_int(r, 0, 7),
        .credential = db_text(r, 0, 8),
        .generation = db_int(r, 0, 9),
        .client_id = db_text(r, 0, 10),
        .found = db_text(r, 0, 11),
        .sealed = db_blob(r, 0, 12),
        .sealed_refresh = db_blob(r, 0, 13),
        .return_to = db_text(r, 0, 14),
        .created = db_int(r, 0, 15),
        .until = db_int(r, 0, 16),
        .used = db_int(r, 0, 17),
        .outcome = db_text(r, 0, 18),
        .app_slug = db_text(r, 0, 19),
    };
    return row;
}

enum err store_pending_insert(struct db *d, struct arena *a, struct fault *f,
                              const struct pending_row *row)
{
    struct db_rows r;
    return db_query(d, a, f, &r,
                    "INSERT INTO pending_connects (id, kind, token_hmac, app_id, connection_id,"
                    " user_id, session_id, switch_counter, credential_id, generation, client_id,"
                    " found, sealed, sealed_refresh, return_to, created, until)"
                    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,"
                    " $16, $17)",
                    DB_T(row->id), DB_T(row->kind), DB_B(row->token_hmac), DB_T(row->app),
                    DB_T(row->connection), DB_T(row->user), DB_T(row->session),
                    DB_I(row->switch_counter), db_text_or_null(row->credential),
                    DB_I(row->generation), db_text_or_null(row->client_id), DB_T(row->found),
                    blob_or_null(row->sealed), blob_or_null(row->sealed_refresh),
                    db_text_or_null(row->return_to), DB_I(row->created), DB_I(row->until));
}

enum err store_pending_find(struct db *d, struct arena *a, struct fault *f, str kind,
                            str token_hmac, struct pending_row **ret)
{
    struct db_rows r;
    enum err e =
        db_query(d, a, f, &r, "SELECT " COLUMNS FROM "WHERE p.kind = $1 AND p.token_hmac = $2",
                 DB_T(kind), DB_B(token_hmac));
    if (!e)
        *ret = first_of(a, &r);
    return e;
}

enum err store_pending_latest_of_session(struct db *d, struct arena *a, struct fault *f, str kind,
                                         str session, struct pending_row **ret)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT " COLUMNS FROM "WHERE p.kind = $1 AND p.session_id = $2"
                          " ORDER BY p.created DESC, p.id DESC LIMIT 1",
                          DB_T(kind), DB_T(session));
    if (!e)
        *ret = first_of(a, &r);
    return e;
}

enum err store_pending_latest_of_user(struct db *d, struct arena *a, struct fault *f, str kind,
                                      str connection, str user, struct pending_row **ret)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT " COLUMNS FROM "WHERE p.kind = $1 AND p.connection_id = $2"
                          " AND p.user_id = $3 ORDER BY p.created DESC, p.id DESC LIMIT 1",
                          DB_T(kind), DB_T(connection), DB_T(user));
    if (!e)
        *ret = first_of(a, &r);
    return e;
}

enum err store_pending_claim(struct db *d, struct arena *a, struct fault *f, str id, int64_t now_ms,
                             int *ret_claimed)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "UPDATE pending_connects SET used = $1, sealed = NULL,"
                          " sealed_refresh = NULL WHERE id = $2 AND used IS NULL AND until > $3",
                          DB_I(now_ms), DB_T(id), DB_I(now_ms));
    if (!e)
        *ret_claimed = r.changed > 0;
    return e;
}

enum err store_pending_outcome(struct db *d, struct arena *a, struct fault *f, str id, str outcome)
{
    struct db_rows r;
    return db_query(d, a, f, &r, "UPDATE pending_connects SET outcome = $1 WHERE id = $2",
                    DB_T(outcome), DB_T(id));
}

enum err store_pending_delete(struct db *d, struct arena *a, struct fault *f, str id,
                              int *ret_deleted)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r, "DELETE FROM pending_connects WHERE id = $1", DB_T(id));
    if (!e)
        *ret_deleted = r.changed > 0;
    return e;
}

enum err store_pending_delete_of(struct db *d, struct arena *a, struct fault *f, str connection,
                                 str user, str kind)
{
    struct db_rows r;
    return db_query(d, a, f, &r,
                    "DELETE FROM pending_connects WHERE connection_id = $1 AND user_id = $2"
                    " AND ($3 = '' OR kind = $4)",
                    DB_T(connection), DB_T(user), DB_T(kind.p ? kind : STR("")),
                    DB_T(kind.p ? kind : STR("")));
}

enum err store_pending_delete_of_connection(struct db *d, struct arena *a, struct fault *f,
                                            str connection)
{
    struct db_rows r;
    return db_query(d, a, f, &r, "DELETE FROM pending_connects WHERE connection_id = $1",
                    DB_T(connection));
}

enum err store_pending_expire(struct db *d, struct arena *a, struct fault *f, int64_t now_ms,
                              int64_t day_ago_ms)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "DELETE FROM pending_connects WHERE (kind <> 'authorize' AND until <= $1)"
                          " OR created <= $2",
                          DB_I(now_ms), DB_I(day_ago_ms));
    if (!e)
        e = db_query(d, a, f, &r,
                     "UPDATE pending_connects SET sealed = NULL, sealed_refresh = NULL"
                     " WHERE until <= $1 AND sealed IS NOT NULL",
                     DB_I(now_ms));
    return e;
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
