/* Rows of `users`. See the header. */
#include "store/users.h"

#include "base/buf.h"
#include "base/check.h"
#include "store/people_int.h"

#define COLUMNS                                                                                    \
    "id, email, email_key, name, sort_key, search, password, workspace_admin, state, created, "    \
    "last_seen"

str user_state_text(enum user_state state)
{
    switch (state) {
    case USER_INVITED:
        return STR("invited");
    case USER_ACTIVE:
        return STR("active");
    case USER_DISABLED:
        return STR("disabled");
    }
    unreachable("user state");
}

static enum user_state state_of(str text)
{
    if (str_eq(text, STR("active")))
        return USER_ACTIVE;
    return str_eq(text, STR("invited")) ? USER_INVITED : USER_DISABLED;
}

static struct user_row row_of(const struct db_rows *r, size_t i)
{
    return (struct user_row){
        .id = db_text(r, i, 0),
        .email = db_text(r, i, 1),
        .email_key = db_text(r, i, 2),
        .name = db_text(r, i, 3),
        .sort_key = db_text(r, i, 4),
        .search = db_text(r, i, 5),
        .password = db_text(r, i, 6),
        .workspace_admin = db_int(r, i, 7) != 0,
        .state = state_of(db_text(r, i, 8)),
        .created = db_int(r, i, 9),
        .last_seen = db_int(r, i, 10),
    };
}

static struct user_row *rows_of(struct arena *a, const struct db_rows *r)
{
    struct user_row *rows = arena_alloc_array(a, r->count + 1, sizeof(*rows));

    for (size_t i = 0; i < r->count; i++)
        rows[i] = row_of(r, i);
    return rows;
}

void people_of(struct arena *a, const struct db_rows *r, struct person_row **ret, size_t *ret_count)
{
    struct person_row *rows = arena_alloc_array(a, r->count + 1, sizeof(*rows));

    for (size_t i = 0; i < r->count; i++)
        rows[i] = (struct person_row){db_text(r, i, 0), db_text(r, i, 1), db_text(r, i, 2)};
    *ret = rows;
    *ret_count = r->count;
}

str people_pattern(struct arena *a, str text)
{
    char *p = arena_alloc(a, 2 * text.n + 3);
    size_t n = 0;

    p[n++] = '%';
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '%' || c == '_' || c == '!')
            p[n++] = '!';
        p[n++] = c;
    }
    p[n++] = '%';
    return (str){p, n};
}

enum err store_user_find(struct db *d, struct arena *a, struct fault *f, str id,
                         struct user_row **ret)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r, "SELECT " COLUMNS " FROM users WHERE id = $1", DB_T(id));

    if (e)
        return e;
    *ret = r.count ? rows_of(a, &r) : NULL;
    return ERR_OK;
}

enum err store_user_find_email(struct db *d, struct arena *a, struct fault *f, str email_key,
                               struct user_row **ret)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r, "SELECT " COLUMNS " FROM users WHERE email_key = $1",
                          DB_T(email_key));

    if (e)
        return e;
    *ret = r.count ? rows_of(a, &r) : NULL;
    return ERR_OK;
}

enum err store_user_insert(struct db *d, struct arena *a, struct fault *f,
                           const struct user_row *row)
{
    struct db_rows r;

    return db_query(d, a, f, &r,
                    "INSERT INTO users (" COLUMNS ")"
                    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                    DB_T(row->id), DB_T(row->email), DB_T(row->email_key), DB_T(row->name),
                    DB_T(row->sort_key), DB_T(row->search), db_text_or_null(row->password),
                    DB_I(row->workspace_admin), DB_T(user_state_text(row->state)),
                    DB_I(row->created), db_int_or_null(row->last_seen));
}

enum err store_user_update(struct db *d, struct arena *a, struct fault *f,
                           const struct user_row *row)
{
    struct db_rows r;

    return db_query(d, a, f, &r,
                    "UPDATE users SET name = $1, sort_key = $2, search = $3,"
                    " workspace_admin = $4, state = $5 WHERE id = $6",
                    DB_T(row->name), DB_T(row->sort_key), DB_T(row->search),
                    DB_I(row->workspace_admin), DB_T(user_state_text(row->state)), DB_T(row->id));
}

enum err store_user_set_password(struct db *d, struct arena *a, struct fault *f, str id,
                                 str password)
{
    struct db_rows r;

    return db_query(d, a, f, &r, "UPDATE users SET password = $1, state = 'active' WHERE id = $2",
                    DB_T(password), DB_T(id));
}

enum err store_user_seen(struct db *d, struct arena *a, struct fault *f, str id, int64_t now_ms)
{
    struct db_rows r;

    return db_query(d, a, f, &r, "UPDATE users SET last_seen = $1 WHERE id = $2", DB_I(now_ms),
                    DB_T(id));
}

enum err store_users_count_admins(struct db *d, struct arena *a, struct fault *f, int64_t *ret)
{
    struct db_rows r;
    enum err e = db_query_none(d, a, f, &r,
                               "SELECT COUNT(*) FROM users"
                               " WHERE state = 'active' AND workspace_admin = 1");

    if (e)
        return e;
    *ret = db_int(&r, 0, 0);
    return ERR_OK;
}

enum err store_users_page(struct db *d, struct arena *a, struct fault *f, str filter, str after,
                          int64_t limit, struct user_row **ret, size_t *ret_count,
                          int64_t *ret_total)
{
    struct db_rows rows, total;
    str pattern = people_pattern(a, filter);
    enum err e = db_query(d, a, f, &rows,
                          "SELECT " COLUMNS " FROM users WHERE search LIKE $1 ESCAPE '!'"
                          " AND sort_key > $2 ORDER BY sort_key LIMIT $3",
                          DB_T(pattern), DB_T(after), DB_I(limit));

    if (!e)
        e = db_query(d, a, f, &total, "SELECT COUNT(*) FROM users WHERE search LIKE $1 ESCAPE '!'",
                     DB_T(pattern));
    if (e)
        return e;
    *ret = rows_of(a, &rows);
    *ret_count = rows.count;
    *ret_total = db_int(&total, 0, 0);
    return ERR_OK;
}

enum err store_users_choosable(struct db *d, struct arena *a, struct fault *f,
                               enum users_choice choice, int64_t limit, struct person_row **ret,
                               size_t *ret_count)
{
    struct db_rows r;
    str also = choice == USERS_AND_INVITED ? STR("invited") : STR("active");
    enum err e = db_query(d, a, f, &r,
                          "SELECT id, name, email FROM users WHERE state IN ('active', $1)"
                          " ORDER BY sort_key LIMIT $2",
                          DB_T(also), DB_I(limit));

    if (e)
        return e;
    people_of(a, &r, ret, ret_count);
    return ERR_OK;
}
