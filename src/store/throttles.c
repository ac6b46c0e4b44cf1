/* Rows of `throttles`. See the header. */
#include "store/throttles.h"

enum err store_throttle_get(struct db *d, struct arena *a, struct fault *f, str name,
                            int64_t now_ms, struct throttle_row *ret)
{
    struct db_rows r;
    enum err e =
        db_query(d, a, f, &r, "SELECT count, until FROM throttles WHERE name = $1 AND until > $2",
                 DB_B(name), DB_I(now_ms));

    if (e)
        return e;
    *ret = (struct throttle_row){0, 0};
    if (r.count)
        *ret = (struct throttle_row){db_int(&r, 0, 0), db_int(&r, 0, 1)};
    return ERR_OK;
}

enum err store_throttle_add(struct db *d, struct arena *a, struct fault *f, str name,
                            int64_t now_ms, int64_t until)
{
    struct db_rows r;

    return db_query(d, a, f, &r,
                    "INSERT INTO throttles (name, count, until) VALUES ($1, 1, $2)"
                    " ON CONFLICT (name) DO UPDATE SET"
                    " count = CASE WHEN throttles.until > $3 THEN throttles.count + 1 ELSE 1 END,"
                    " until = CASE WHEN throttles.until > $3 THEN throttles.until"
                    " ELSE excluded.until END",
                    DB_B(name), DB_I(until), DB_I(now_ms));
}

enum err store_throttle_subtract(struct db *d, struct arena *a, struct fault *f, str name)
{
    struct db_rows r;

    return db_query(d, a, f, &r,
                    "UPDATE throttles SET count = count - 1 WHERE name = $1 AND count > 0",
                    DB_B(name));
}

enum err store_throttle_delete(struct db *d, struct arena *a, struct fault *f, str name)
{
    struct db_rows r;

    return db_query(d, a, f, &r, "DELETE FROM throttles WHERE name = $1", DB_B(name));
}

enum err store_throttles_expire(struct db *d, struct arena *a, struct fault *f, int64_t now_ms)
{
    struct db_rows r;

    return db_query(d, a, f, &r, "DELETE FROM throttles WHERE until <= $1", DB_I(now_ms));
}
