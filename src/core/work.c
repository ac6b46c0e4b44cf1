/* The unit of work: when its write transaction opens and what is decided again inside it.
 * Beginning a half, committing and rolling back at its end is whoever made it (resources/hooks.c,
 * main/store.c).
 */
#include "core/work.h"

#include "base/check.h"

enum err work_write(struct work *w)
{
    if (db_in_transaction(w->db)) {
        must(db_transaction_mode(w->db) == DB_WRITE);
        return ERR_OK;
    }
    enum err e = db_begin(w->db, w->fault, DB_WRITE);
    if (e != ERR_OK || !w->authorize)
        return e;
    e = w->authorize(w, w->authorize_arg);
    if (e != ERR_OK)
        db_rollback(w->db);
    return e;
}

enum err work_commit(struct work *w)
{
    if (!db_in_transaction(w->db))
        return ERR_OK;
    return db_commit(w->db, w->fault);
}

str work_hmac(const struct work *w, enum vault_purpose purpose, str data)
{
    unsigned char *p = arena_alloc(w->arena, HASH_BYTES);

    vault_hmac(w->services->vault, purpose, data, p);
    return (str){(const char *)p, HASH_BYTES};
}
