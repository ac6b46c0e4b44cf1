/* Rows of `permissions`. See the header. */
#include "store/permissions.h"

#include "base/check.h"
#include "store/people_int.h"

str permission_kind_text(enum permission_kind kind)
{
    switch (kind) {
    case PERMISSION_OF_USER:
        return STR("user");
    case PERMISSION_OF_GROUP:
        return STR("group");
    case PERMISSION_OF_EVERYONE:
        return STR("everyone");
    }
    unreachable("permission kind");
}

str permission_role_text(enum permission_role role)
{
    switch (role) {
    case PERMISSION_ROLE_NONE:
        return STR("");
    case PERMISSION_ROLE_RUNNER:
        return STR("runner");
    case PERMISSION_ROLE_ADMIN:
        return STR("admin");
    }
    unreachable("role");
}

static enum permission_kind kind_of(str text)
{
    if (str_eq(text, STR("user")))
        return PERMISSION_OF_USER;
    return str_eq(text, STR("group")) ? PERMISSION_OF_GROUP : PERMISSION_OF_EVERYONE;
}

static enum permission_role role_of(str text)
{
    return str_eq(text, STR("admin")) ? PERMISSION_ROLE_ADMIN : PERMISSION_ROLE_RUNNER;
}

enum err store_permission_role(struct db *d, struct arena *a, struct fault *f, str app, str user,
                               enum permission_role *ret)
{
    struct db_rows r;
    enum permission_role highest = PERMISSION_ROLE_NONE;
    enum err e = db_query(d, a, f, &r,
                          "SELECT DISTINCT p.role FROM permissions p WHERE p.app_id = $1"
                          " AND (p.kind = 'everyone' OR (p.kind = 'user' AND p.principal = $2)"
                          " OR (p.kind = 'group' AND p.principal IN"
                          " (SELECT m.group_id FROM group_members m WHERE m.user_id = $2)))",
                          DB_T(app), DB_T(user));

    if (e)
        return e;
    for (size_t i = 0; i < r.count; i++) {
        enum permission_role role = role_of(db_text(&r, i, 0));
        highest = role > highest ? role : highest;
    }
    *ret = highest;
    return ERR_OK;
}

/* The joined names are null when the principal is of another kind. */
#define SELECT_ROWS                                                                                \
    "SELECT p.id, p.app_id, p.kind, p.principal, p.role, p.created, u.name, u.email, g.name,"      \
    " CASE p.kind WHEN 'user' THEN"                                                                \
    " (SELECT COUNT(*) FROM users x WHERE x.id = p.principal AND x.state = 'active')"              \
    " WHEN 'group' THEN (SELECT COUNT(*) FROM group_members m JOIN users x ON x.id = m.user_id"    \
    " WHERE m.group_id = p.principal AND x.state = 'active')"                                      \
    " ELSE (SELECT COUNT(*) FROM users x WHERE x.state = 'active') END"                            \
    " FROM permissions p"                                                                          \
    " LEFT JOIN users u ON p.kind = 'user' AND u.id = p.principal"                                 \
    " LEFT JOIN groups g ON p.kind = 'group' AND g.id = p.principal"

static struct permission_row *rows_of(struct arena *a, const struct db_rows *r)
{
    struct permission_row *rows = arena_alloc_array(a, r->count + 1, sizeof(*rows));

    for (size_t i = 0; i < r->count; i++)
        rows[i] = (struct permission_row){
            .id = db_text(r, i, 0),
            .app = db_text(r, i, 1),
            .kind = kind_of(db_text(r, i, 2)),
            .principal = db_text(r, i, 3),
            .role = role_of(db_text(r, i, 4)),
            .created = db_int(r, i, 5),
            .user_name = db_text(r, i, 6),
            .user_email = db_text(r, i, 7),
            .group_name = db_text(r, i, 8),
            .members = db_int(r, i, 9),
        };
    return rows;
}

enum err store_permissions_list(struct db *d, struct arena *a, struct fault *f, str app,
                                struct permission_row **ret, size_t *ret_count)
{
    struct db_rows r;
    enum err e =
        db_query(d, a, f, &r,
                 SELECT_ROWS " WHERE p.app_id = $1 ORDER BY CASE p.role WHEN 'admin' THEN 0 ELSE 1"
                             " END, CASE p.kind WHEN 'everyone' THEN 0 WHEN 'group' THEN 1 ELSE 2"
                             " END, p.id",
                 DB_T(app));

    if (e)
        return e;
    *ret = rows_of(a, &r);
    *ret_count = r.count;
    return ERR_OK;
}

enum err store_permission_find(struct db *d, struct arena *a, struct fault *f, str app, str id,
                               struct permission_row **ret)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r, SELECT_ROWS " WHERE p.app_id = $1 AND p.id = $2", DB_T(app),
                          DB_T(id));

    if (e)
        return e;
    *ret = r.count ? rows_of(a, &r) : NULL;
    return ERR_OK;
}

enum err store_permission_of(struct db *d, struct arena *a, struct fault *f, str app,
                             enum permission_kind kind, str principal, struct permission_row **ret)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          SELECT_ROWS " WHERE p.app_id = $1 AND p.kind = $2 AND p.principal = $3",
                          DB_T(app), DB_T(permission_kind_text(kind)), DB_T(principal));

    if (e)
        return e;
    *ret = r.count ? rows_of(a, &r) : NULL;
    return ERR_OK;
}

enum err store_permission_insert(struct db *d, struct arena *a, struct fault *f,
                                 const struct permission_row *row)
{
    struct db_rows r;

    must(row->role != PERMISSION_ROLE_NONE);
    return db_query(d, a, f, &r,
                    "INSERT INTO permissions (id, app_id, kind, principal, role, created)"
                    " VALUES ($1, $2, $3, $4, $5, $6)",
                    DB_T(row->id), DB_T(row->app), DB_T(permission_kind_text(row->kind)),
                    DB_T(row->principal), DB_T(permission_role_text(row->role)),
                    DB_I(row->created));
}

enum err store_permission_set_role(struct db *d, struct arena *a, struct fault *f, str app, str id,
                                   enum permission_role role)
{
    struct db_rows r;

    must(role != PERMISSION_ROLE_NONE);
    return db_query(d, a, f, &r, "UPDATE permissions SET role = $1 WHERE app_id = $2 AND id = $3",
                    DB_T(permission_role_text(role)), DB_T(app), DB_T(id));
}

enum err store_permission_delete(struct db *d, struct arena *a, struct fault *f, str app, str id)
{
    struct db_rows r;

    return db_query(d, a, f, &r, "DELETE FROM permissions WHERE app_id = $1 AND id = $2", DB_T(app),
                    DB_T(id));
}

/* Active users u who are admins of app $1. */
#define ADMINS                                                                                     \
    " FROM users u WHERE u.state = 'active' AND EXISTS (SELECT 1 FROM permissions p"               \
    " WHERE p.app_id = $1 AND p.role = 'admin' AND (p.kind = 'everyone'"                           \
    " OR (p.kind = 'user' AND p.principal = u.id)"                                                 \
    " OR (p.kind = 'group' AND EXISTS (SELECT 1 FROM group_members m"                              \
    " WHERE m.group_id = p.principal AND m.user_id = u.id))))"

enum err store_permission_admins(struct db *d, struct arena *a, struct fault *f, str app,
                                 int64_t limit, struct person_row **ret, size_t *ret_count,
                                 int64_t *ret_total)
{
    struct db_rows rows, total;
    enum err e = db_query(d, a, f, &rows,
                          "SELECT u.id, u.name, u.email" ADMINS " ORDER BY u.sort_key LIMIT $2",
                          DB_T(app), DB_I(limit));

    if (!e)
        e = db_query(d, a, f, &total, "SELECT COUNT(*)" ADMINS, DB_T(app));
    if (e)
        return e;
    people_of(a, &rows, ret, ret_count);
    *ret_total = db_int(&total, 0, 0);
    return ERR_OK;
}
