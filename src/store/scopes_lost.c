/* See the header. */
#include "store/scopes_lost.h"

enum err store_scopes_lost_of(struct db *d, struct arena *a, struct fault *f, str grant,
                              str credential, struct scopes_lost_row **ret, size_t *ret_count)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT id, COALESCE(lost_scopes, '') FROM credentials"
                          " WHERE grant_id = $1 AND id <> $2",
                          DB_T(grant), DB_T(credential));
    if (e)
        return e;
    *ret_count = r.count;
    *ret = arena_alloc_array(a, r.count + 1, sizeof(**ret));
    for (size_t i = 0; i < r.count; i++)
        (*ret)[i] = (struct scopes_lost_row){db_text(&r, i, 0), db_text(&r, i, 1)};
    return ERR_OK;
}

enum err store_scopes_lost_save(struct db *d, struct arena *a, struct fault *f, str credential,
                                str lost)
{
    struct db_rows r;
    return db_query(d, a, f, &r, "UPDATE credentials SET lost_scopes = $1 WHERE id = $2",
                    str_empty(lost) ? DB_N : DB_T(lost), DB_T(credential));
}
