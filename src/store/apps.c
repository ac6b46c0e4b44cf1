/* Rows of `apps`. See the header. */
#include "store/apps.h"

#include "store/people_int.h"

#define COLUMNS "id, slug, name, sort_key, search, description, created, created_by"

static struct app_row *rows_of(struct arena *a, const struct db_rows *r)
{
    struct app_row *rows = arena_alloc_array(a, r->count + 1, sizeof(*rows));

    for (size_t i = 0; i < r->count; i++)
        rows[i] = (struct app_row){
            .id = db_text(r, i, 0),
            .slug = db_text(r, i, 1),
            .name = db_text(r, i, 2),
            .sort_key = db_text(r, i, 3),
            .search = db_text(r, i, 4),
            .description = db_text(r, i, 5),
            .created = db_int(r, i, 6),
            .created_by = db_text(r, i, 7),
        };
    return rows;
}

enum err store_app_find(struct db *d, struct arena *a, struct fault *f, str id,
                        struct app_row **ret)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r, "SELECT " COLUMNS " FROM apps WHERE id = $1", DB_T(id));

    if (e)
        return e;
    *ret = r.count ? rows_of(a, &r) : NULL;
    return ERR_OK;
}

enum err store_app_find_slug(struct db *d, struct arena *a, struct fault *f, str slug,
                             struct app_row **ret)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r, "SELECT " COLUMNS " FROM apps WHERE slug = $1", DB_T(slug));

    if (e)
        return e;
    *ret = r.count ? rows_of(a, &r) : NULL;
    return ERR_OK;
}

enum err store_app_insert(struct db *d, struct arena *a, struct fault *f, const struct app_row *row)
{
    struct db_rows r;

    return db_query(
        d, a, f, &r, "INSERT INTO apps (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        DB_T(row->id), DB_T(row->slug), DB_T(row->name), DB_T(row->sort_key), DB_T(row->search),
        DB_T(row->description), DB_I(row->created), db_text_or_null(row->created_by));
}

enum err store_app_update(struct db *d, struct arena *a, struct fault *f, const struct app_row *row)
{
    struct db_rows r;

    return db_query(d, a, f, &r,
                    "UPDATE apps SET name = $1, sort_key = $2, search = $3, description = $4"
                    " WHERE id = $5",
                    DB_T(row->name), DB_T(row->sort_key), DB_T(row->search), DB_T(row->description),
                    DB_T(row->id));
}

enum err store_app_delete(struct db *d, struct arena *a, struct fault *f, str id)
{
    struct db_rows r;

    return db_query(d, a, f, &r, "DELETE FROM apps WHERE id = $1", DB_T(id));
}

/* A permission p of user $1. */
#define OF_USER                                                                                    \
    "(p.kind = 'everyone' OR (p.kind = 'user' AND p.principal = $1)"                               \
    " OR (p.kind = 'group' AND p.principal IN"                                                     \
    " (SELECT m.group_id FROM group_members m WHERE m.user_id = $1)))"

static struct app_seen_row *seen_of(struct arena *a, const struct db_rows *r)
{
    struct app_seen_row *rows = arena_alloc_array(a, r->count + 1, sizeof(*rows));

    for (size_t i = 0; i < r->count; i++)
        rows[i] = (struct app_seen_row){
            .id = db_text(r, i, 0),
            .slug = db_text(r, i, 1),
            .name = db_text(r, i, 2),
            .sort_key = db_text(r, i, 3),
            .description = db_text(r, i, 4),
            .role = db_int(r, i, 5) > 0 ? PERMISSION_ROLE_ADMIN : PERMISSION_ROLE_RUNNER,
            .connections = db_int(r, i, 6),
        };
    return rows;
}

enum err store_apps_page(struct db *d, struct arena *a, struct fault *f, str user, str filter,
                         str after, int64_t limit, struct app_seen_row **ret, size_t *ret_count,
                         int64_t *ret_total)
{
    struct db_rows rows, total;
    str pattern = people_pattern(a, filter);
    enum err e = db_query(d, a, f, &rows,
                          "SELECT a.id, a.slug, a.name, a.sort_key, a.description,"
                          " (SELECT COUNT(*) FROM permissions p WHERE p.app_id = a.id"
                          " AND p.role = 'admin' AND " OF_USER "),"
                          " (SELECT COUNT(*) FROM connections c WHERE c.app_id = a.id)"
                          " FROM apps a WHERE EXISTS (SELECT 1 FROM permissions p"
                          " WHERE p.app_id = a.id AND " OF_USER ")"
                          " AND a.search LIKE $2 ESCAPE '!' AND a.sort_key > $3"
                          " ORDER BY a.sort_key LIMIT $4",
                          DB_T(user), DB_T(pattern), DB_T(after), DB_I(limit));

    if (!e)
        e = db_query(d, a, f, &total,
                     "SELECT COUNT(*) FROM apps a WHERE EXISTS (SELECT 1 FROM permissions p"
                     " WHERE p.app_id = a.id AND " OF_USER ") AND a.search LIKE $2 ESCAPE '!'",
                     DB_T(user), DB_T(pattern));
    if (e)
        return e;
    *ret = seen_of(a, &rows);
    *ret_count = rows.count;
    *ret_total = db_int(&total, 0, 0);
    return ERR_OK;
}

enum err store_apps_without_admin(struct db *d, struct arena *a, struct fault *f,
                                  struct app_row **ret, size_t *ret_count)
{
    struct db_rows r;
    enum err e = db_query_none(
        d, a, f, &r,
        "SELECT " COLUMNS " FROM apps a WHERE NOT EXISTS (SELECT 1 FROM permissions p"
        " WHERE p.app_id = a.id AND p.role = 'admin' AND ("
        "(p.kind = 'user' AND EXISTS (SELECT 1 FROM users u"
        " WHERE u.id = p.principal AND u.state = 'active'))"
        " OR (p.kind = 'group' AND EXISTS (SELECT 1 FROM group_members m"
        " JOIN users u ON u.id = m.user_id"
        " WHERE m.group_id = p.principal AND u.state = 'active'))"
        " OR (p.kind = 'everyone' AND EXISTS (SELECT 1 FROM users u WHERE u.state = 'active'))))"
        " ORDER BY a.sort_key");

    if (e)
        return e;
    *ret = rows_of(a, &r);
    *ret_count = r.count;
    return ERR_OK;
}
