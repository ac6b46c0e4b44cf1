/* Rows of `actions`. See the header. */
#include "store/actions.h"

#define COLUMNS(draft, applied)                                                                    \
    "SELECT a.id, a.app_id, a.slug, a.name, a.description, a.enabled, " draft                      \
    ", a.draft_version, " applied ", a.applied_version, a.applied_from, a.applied_at,"             \
    " a.applied_by, a.created, a.created_by, a.changed, u.name, a.entry FROM actions a"            \
    " LEFT JOIN users u ON u.id = a.applied_by"

static struct action_row row_of(const struct db_rows *r, size_t i)
{
    return (struct action_row){
        .id = db_text(r, i, 0),
        .app = db_text(r, i, 1),
        .slug = db_text(r, i, 2),
        .name = db_text(r, i, 3),
        .description = db_text(r, i, 4),
        .enabled = db_int(r, i, 5) != 0,
        .draft = db_text(r, i, 6),
        .draft_version = db_int(r, i, 7),
        .applied = db_text(r, i, 8),
        .applied_version = db_int(r, i, 9),
        .applied_from = db_int(r, i, 10),
        .applied_at = db_int(r, i, 11),
        .applied_by = db_text(r, i, 12),
        .created = db_int(r, i, 13),
        .created_by = db_text(r, i, 14),
        .changed = db_int(r, i, 15),
        .applier_name = db_text(r, i, 16),
        .entry = db_text(r, i, 17),
    };
}

enum err store_actions_list(struct db *d, struct arena *a, struct fault *f, str app,
                            struct action_row **ret, size_t *ret_count)
{
    struct db_rows r;
    enum err e =
        db_query(d, a, f, &r,
                 COLUMNS("CAST(NULL AS TEXT)",
                         "CAST(NULL AS TEXT)") " WHERE a.app_id = $1 ORDER BY a.name_key, a.id",
                 DB_T(app));
    if (e)
        return e;
    struct action_row *rows = arena_alloc_array(a, r.count + 1, sizeof(*rows));
    for (size_t i = 0; i < r.count; i++)
        rows[i] = row_of(&r, i);
    *ret = rows;
    *ret_count = r.count;
    return ERR_OK;
}

enum err store_action_find(struct db *d, struct arena *a, struct fault *f, str app, str wanted,
                           str name_key, struct action_row *ret)
{
    struct db_rows r;
    enum err e =
        db_query(d, a, f, &r,
                 COLUMNS("a.draft", "a.applied") " WHERE a.app_id = $1 AND"
                                                 " (a.id = $2 OR a.slug = $2 OR a.name_key = $3)"
                                                 " ORDER BY CASE WHEN a.id = $2 THEN 0"
                                                 " WHEN a.slug = $2 THEN 1 ELSE 2 END LIMIT 1",
                 DB_T(app), DB_T(wanted), DB_T(name_key));
    if (e)
        return e;
    if (r.count == 0)
        return fail(f, ERR_NOT_FOUND, "There is no such action in this app.");
    *ret = row_of(&r, 0);
    return ERR_OK;
}

enum err store_action_slug_taken(struct db *d, struct arena *a, struct fault *f, str app, str slug,
                                 int *ret)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r, "SELECT 1 FROM actions WHERE app_id = $1 AND slug = $2",
                          DB_T(app), DB_T(slug));

    if (!e)
        *ret = r.count > 0;
    return e;
}

enum err store_action_insert(struct db *d, struct arena *a, struct fault *f,
                             const struct action_row *row, str name_key)
{
    struct db_rows r;

    return db_query(d, a, f, &r,
                    "INSERT INTO actions (id, app_id, slug, name, name_key, description, enabled,"
                    " draft, draft_version, created, created_by, changed)"
                    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
                    DB_T(row->id), DB_T(row->app), DB_T(row->slug), DB_T(row->name), DB_T(name_key),
                    DB_T(row->description), DB_I(row->enabled), DB_T(row->draft),
                    DB_I(row->draft_version), DB_I(row->created), db_text_or_null(row->created_by),
                    DB_I(row->changed));
}

enum err store_action_update(struct db *d, struct arena *a, struct fault *f,
                             const struct action_row *row, str name_key, int64_t version,
                             int *ret_done)
{
    struct db_rows r;
    enum err e = db_query(
        d, a, f, &r,
        "UPDATE actions SET name = $1, name_key = $2, description = $3, enabled = $4, draft = $5,"
        " draft_version = $6, applied = $7, applied_version = $8, applied_from = $9,"
        " applied_at = $10, applied_by = $11, changed = $12"
        " WHERE app_id = $13 AND id = $14 AND draft_version = $15",
        DB_T(row->name), DB_T(name_key), DB_T(row->description), DB_I(row->enabled),
        DB_T(row->draft), DB_I(row->draft_version), db_text_or_null(row->applied),
        db_int_or_null(row->applied_version), db_int_or_null(row->applied_from),
        db_int_or_null(row->applied_at), db_text_or_null(row->applied_by), DB_I(row->changed),
        DB_T(row->app), DB_T(row->id), DB_I(version));

    if (!e)
        *ret_done = r.changed > 0;
    return e;
}

enum err store_action_set_entry(struct db *d, struct arena *a, struct fault *f, str app, str id,
                                str entry)
{
    struct db_rows r;

    return db_query(d, a, f, &r, "UPDATE actions SET entry = $1 WHERE app_id = $2 AND id = $3",
                    DB_T(entry), DB_T(app), DB_T(id));
}

enum err store_action_delete(struct db *d, struct arena *a, struct fault *f, str app, str id,
                             int *ret_done)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r, "DELETE FROM actions WHERE app_id = $1 AND id = $2",
                          DB_T(app), DB_T(id));

    if (!e)
        *ret_done = r.changed > 0;
    return e;
}
