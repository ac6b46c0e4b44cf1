/* Queries on `keyring`. */
#include "store/keyring.h"

enum err store_keyring_list(struct db *d, struct arena *a, struct fault *f,
                            struct keyring_row **ret, size_t *ret_count)
{
    struct db_rows rows = {0};
    int exists;

    enum err e = db_has_table(d, f, "keyring", &exists);
    if (e == ERR_OK && exists)
        e = db_query_none(d, a, f, &rows,
                          "SELECT id, wrapped, active, created FROM keyring ORDER BY created, id");
    if (e != ERR_OK)
        return e;
    struct keyring_row *list = arena_alloc_array(a, rows.count + 1, sizeof *list);
    for (size_t i = 0; i < rows.count; i++)
        list[i] = (struct keyring_row){db_text(&rows, i, 0), db_blob(&rows, i, 1),
                                       (int)db_int(&rows, i, 2), db_int(&rows, i, 3)};
    *ret = list;
    *ret_count = rows.count;
    return ERR_OK;
}

enum err store_keyring_insert(struct db *d, struct arena *a, struct fault *f,
                              const struct keyring_row *row)
{
    struct db_rows rows;

    return db_query(d, a, f, &rows,
                    "INSERT INTO keyring (id, wrapped, active, created) VALUES ($1, $2, $3, $4)",
                    DB_T(row->id), DB_B(row->wrapped), DB_I(row->active), DB_I(row->created));
}
