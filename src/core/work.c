/* The unit of work: when its write transaction opens and what is decided again inside it.
 * Beginning a half of a handler, committing and rolling back at its end is resources/hooks.c's.
 */
#include "core/work.h"

#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"

#define ATTEMPTS_MAX 5

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

static enum err run_once(struct arena *a, struct fault *f, struct db *d,
                         const struct services *services,
                         enum err (*run)(struct work *w, void *arg), void *arg)
{
    struct work w = {
        .arena = a, .fault = f, .db = d, .services = services, .now_ms = clock_now_ms()};
    enum err e = run(&w, arg);

    if (e == ERR_OK)
        e = work_commit(&w);
    else
        db_rollback(d);
    return e;
}

enum err work_run(struct arena *a, struct fault *f, struct db *d, const struct services *services,
                  enum err (*run)(struct work *w, void *arg), void *arg)
{
    for (unsigned attempt = 0;; attempt++) {
        enum err e = run_once(a, f, d, services, run, arg);
        if (e != ERR_RETRY || attempt == ATTEMPTS_MAX)
            return e;
        (void)usleep(10000u << attempt);
    }
}

str work_hmac(const struct work *w, enum vault_purpose purpose, str data)
{
    unsigned char *p = arena_alloc(w->arena, HASH_BYTES);

    vault_hmac(w->services->vault, purpose, data, p);
    return (str){(const char *)p, HASH_BYTES};
}
