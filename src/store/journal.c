/* Rows of `refresh_journal`: SQL only, no rules. See the header. */
#include "store/journal.h"

enum err store_journal_find(struct db *d, struct arena *a, struct fault *f, str grant,
                            struct journal_row **ret)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT generation, owner, fence, until, began FROM refresh_journal"
                          " WHERE grant_id = $1",
                          DB_T(grant));
    if (e)
        return e;
    *ret = NULL;
    if (r.count) {
        *ret = arena_new_of(a, struct journal_row);
        **ret = (struct journal_row){
            .generation = db_int(&r, 0, 0),
            .owner = db_text(&r, 0, 1),
            .fence = db_int(&r, 0, 2),
            .until = db_int(&r, 0, 3),
            .began = db_int(&r, 0, 4),
        };
    }
    return ERR_OK;
}

enum err store_journal_take(struct db *d, struct arena *a, struct fault *f, str grant,
                            const struct journal_row *row, int64_t *ret_fence)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "INSERT INTO refresh_journal (grant_id, generation, owner, fence, until,"
                          " began) VALUES ($1, $2, $3, 1, $4, $5)"
                          " ON CONFLICT (grant_id) DO UPDATE SET generation = excluded.generation,"
                          " owner = excluded.owner, fence = refresh_journal.fence + 1,"
                          " until = excluded.until, began = excluded.began RETURNING fence",
                          DB_T(grant), DB_I(row->generation), DB_T(row->owner), DB_I(row->until),
                          db_int_or_null(row->began));
    if (!e)
        *ret_fence = db_int(&r, 0, 0);
    return e;
}

enum err store_journal_renew(struct db *d, struct arena *a, struct fault *f, str grant, str owner,
                             int64_t fence, int64_t until, int *ret_mine)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "UPDATE refresh_journal SET until = $1"
                          " WHERE grant_id = $2 AND owner = $3 AND fence = $4",
                          DB_I(until), DB_T(grant), DB_T(owner), DB_I(fence));
    if (!e)
        *ret_mine = r.changed > 0;
    return e;
}

enum err store_journal_release(struct db *d, struct arena *a, struct fault *f, str grant, str owner,
                               int64_t fence, int64_t began)
{
    struct db_rows r;
    return db_query(d, a, f, &r,
                    "UPDATE refresh_journal SET owner = NULL, until = 0, began = $1"
                    " WHERE grant_id = $2 AND owner = $3 AND fence = $4",
                    db_int_or_null(began), DB_T(grant), DB_T(owner), DB_I(fence));
}

enum err store_journal_settle(struct db *d, struct arena *a, struct fault *f, str grant)
{
    struct db_rows r;
    return db_query(d, a, f, &r, "UPDATE refresh_journal SET began = NULL WHERE grant_id = $1",
                    DB_T(grant));
}
