/* Rows of `grant_renewals`: SQL only, no rules. See the header. */
#include "store/renewals.h"

/* The casts are for PostgreSQL, which takes bare parameters of a SELECT for text. */
#define ADD                                                                                        \
    "INSERT INTO grant_renewals (grant_id, consent, due)"                                          \
    " SELECT g.id, CAST($1 AS TEXT), CAST($2 AS BIGINT) FROM oauth_grants g WHERE "
#define OR_MOVE " ON CONFLICT (grant_id, consent) DO UPDATE SET due = excluded.due"

enum err store_renewals_add_of_user(struct db *d, struct arena *a, struct fault *f,
                                    const struct renewal_row *row, str user)
{
    struct db_rows r;
    return db_query(d, a, f, &r,
                    ADD "g.client_id = $3 AND g.id IN (SELECT c.grant_id FROM credentials c"
                        " WHERE c.grant_id IS NOT NULL AND (c.owner = $4"
                        " OR (c.owner IS NULL AND c.entered_by = $5)))" OR_MOVE,
                    DB_T(row->consent), DB_I(row->due), DB_T(row->client_id), DB_T(user),
                    DB_T(user));
}

enum err store_renewals_add_of_account(struct db *d, struct arena *a, struct fault *f,
                                       const struct renewal_row *row, str account_id)
{
    struct db_rows r;
    return db_query(d, a, f, &r, ADD "g.client_id = $3 AND g.account_id = $4" OR_MOVE,
                    DB_T(row->consent), DB_I(row->due), DB_T(row->client_id), DB_T(account_id));
}

enum err store_renewal_add(struct db *d, struct arena *a, struct fault *f, str grant, str consent,
                           int64_t due)
{
    struct db_rows r;
    return db_query(d, a, f, &r, ADD "g.id = $3" OR_MOVE, DB_T(consent), DB_I(due), DB_T(grant));
}

enum err store_renewals_keep_account(struct db *d, struct arena *a, struct fault *f, str consent,
                                     str account_id)
{
    struct db_rows r;
    return db_query(d, a, f, &r,
                    "DELETE FROM grant_renewals WHERE consent = $1 AND grant_id IN"
                    " (SELECT g.id FROM oauth_grants g WHERE g.id = grant_renewals.grant_id"
                    " AND g.account_id <> $2)",
                    DB_T(consent), DB_T(account_id));
}

enum err store_renewal_delete(struct db *d, struct arena *a, struct fault *f, str grant,
                              str consent)
{
    struct db_rows r;
    return db_query(d, a, f, &r, "DELETE FROM grant_renewals WHERE grant_id = $1 AND consent = $2",
                    DB_T(grant), DB_T(consent));
}

enum err store_renewals_settle(struct db *d, struct arena *a, struct fault *f, str grant,
                               int64_t until)
{
    struct db_rows r;
    return db_query(d, a, f, &r, "DELETE FROM grant_renewals WHERE grant_id = $1 AND due <= $2",
                    DB_T(grant), DB_I(until));
}

enum err store_renewals_first(struct db *d, struct arena *a, struct fault *f, str grant,
                              int64_t *ret_due)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r, "SELECT min(due) FROM grant_renewals WHERE grant_id = $1",
                          DB_T(grant));
    if (!e)
        *ret_due = db_int(&r, 0, 0);
    return e;
}
