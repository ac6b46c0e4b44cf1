/* Rows of `groups` and `group_members`. See the header. */
#include "store/groups.h"

#include "store/people_int.h"

#define COLUMNS                                                                                    \
    "g.id, g.name, g.name_key, g.sort_key, g.description, g.created,"                              \
    " (SELECT COUNT(*) FROM group_members c WHERE c.group_id = g.id)"

static struct group_row *rows_of(struct arena *a, const struct db_rows *r)
{
    struct group_row *rows = arena_alloc_array(a, r->count + 1, sizeof(*rows));

    for (size_t i = 0; i < r->count; i++)
        rows[i] = (struct group_row){
            .id = db_text(r, i, 0),
            .name = db_text(r, i, 1),
            .name_key = db_text(r, i, 2),
            .sort_key = db_text(r, i, 3),
            .description = db_text(r, i, 4),
            .created = db_int(r, i, 5),
            .members = db_int(r, i, 6),
        };
    return rows;
}

enum err store_group_find(struct db *d, struct arena *a, struct fault *f, str id,
                          struct group_row **ret)
{
    struct db_rows r;
    enum err e =
        db_query(d, a, f, &r, "SELECT " COLUMNS " FROM groups g WHERE g.id = $1", DB_T(id));

    if (e)
        return e;
    *ret = r.count ? rows_of(a, &r) : NULL;
    return ERR_OK;
}

enum err store_groups_list(struct db *d, struct arena *a, struct fault *f, struct group_row **ret,
                           size_t *ret_count)
{
    struct db_rows r;
    enum err e = db_query_none(d, a, f, &r, "SELECT " COLUMNS " FROM groups g ORDER BY g.sort_key");

    if (e)
        return e;
    *ret = rows_of(a, &r);
    *ret_count = r.count;
    return ERR_OK;
}

enum err store_groups_of_user(struct db *d, struct arena *a, struct fault *f, str user,
                              struct group_row **ret, size_t *ret_count)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT " COLUMNS " FROM groups g"
                          " JOIN group_members m ON m.group_id = g.id WHERE m.user_id = $1"
                          " ORDER BY g.sort_key",
                          DB_T(user));

    if (e)
        return e;
    *ret = rows_of(a, &r);
    *ret_count = r.count;
    return ERR_OK;
}

enum err store_group_insert(struct db *d, struct arena *a, struct fault *f,
                            const struct group_row *row)
{
    struct db_rows r;

    return db_query(d, a, f, &r,
                    "INSERT INTO groups (id, name, name_key, sort_key, description, created)"
                    " VALUES ($1, $2, $3, $4, $5, $6)",
                    DB_T(row->id), DB_T(row->name), DB_T(row->name_key), DB_T(row->sort_key),
                    DB_T(row->description), DB_I(row->created));
}

enum err store_group_update(struct db *d, struct arena *a, struct fault *f,
                            const struct group_row *row)
{
    struct db_rows r;

    return db_query(d, a, f, &r,
                    "UPDATE groups SET name = $1, name_key = $2, sort_key = $3, description = $4"
                    " WHERE id = $5",
                    DB_T(row->name), DB_T(row->name_key), DB_T(row->sort_key),
                    DB_T(row->description), DB_T(row->id));
}

enum err store_group_delete(struct db *d, struct arena *a, struct fault *f, str id)
{
    struct db_rows r;
    enum err e = db_query(
        d, a, f, &r, "DELETE FROM permissions WHERE kind = 'group' AND principal = $1", DB_T(id));

    if (!e)
        e = db_query(d, a, f, &r, "DELETE FROM groups WHERE id = $1", DB_T(id));
    return e;
}

enum err store_group_member_add(struct db *d, struct arena *a, struct fault *f, str group, str user,
                                int64_t now_ms)
{
    struct db_rows r;

    return db_query(d, a, f, &r,
                    "INSERT INTO group_members (group_id, user_id, created) VALUES ($1, $2, $3)"
                    " ON CONFLICT (group_id, user_id) DO NOTHING",
                    DB_T(group), DB_T(user), DB_I(now_ms));
}

enum err store_group_member_remove(struct db *d, struct arena *a, struct fault *f, str group,
                                   str user, int *ret_done)
{
    struct db_rows r;
    enum err e =
        db_query(d, a, f, &r, "DELETE FROM group_members WHERE group_id = $1 AND user_id = $2",
                 DB_T(group), DB_T(user));

    if (e)
        return e;
    *ret_done = r.changed > 0;
    return ERR_OK;
}

enum err store_group_members(struct db *d, struct arena *a, struct fault *f, str group, str after,
                             int64_t limit, struct person_row **ret, size_t *ret_count,
                             str **ret_keys)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT u.id, u.name, u.email, u.sort_key FROM users u"
                          " JOIN group_members m ON m.user_id = u.id WHERE m.group_id = $1"
                          " AND u.sort_key > $2 ORDER BY u.sort_key LIMIT $3",
                          DB_T(group), DB_T(after.p ? after : STR("")), DB_I(limit));

    if (e)
        return e;
    people_of(a, &r, ret, ret_count);
    *ret_keys = arena_alloc_array(a, r.count + 1, sizeof(str));
    for (size_t i = 0; i < r.count; i++)
        (*ret_keys)[i] = db_text(&r, i, 3);
    return ERR_OK;
}

enum err store_group_candidates(struct db *d, struct arena *a, struct fault *f, str group,
                                int64_t limit, struct person_row **ret, size_t *ret_count)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT u.id, u.name, u.email FROM users u WHERE u.state <> 'disabled'"
                          " AND NOT EXISTS (SELECT 1 FROM group_members m"
                          " WHERE m.group_id = $1 AND m.user_id = u.id)"
                          " ORDER BY u.sort_key LIMIT $2",
                          DB_T(group), DB_I(limit));

    if (e)
        return e;
    people_of(a, &r, ret, ret_count);
    return ERR_OK;
}
