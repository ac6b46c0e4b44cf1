/* See the header. */
#include "main/store.h"

#include <unistd.h>

#include "base/clock.h"
#include "db/migrate.h"
#include "io/file.h"

#define ATTEMPTS_MAX 5

static enum err nothing_there(struct fault *f)
{
    return fail(f, ERR_CONFIG,
                "There is no Mortise database where MORTISE_DATABASE says. Run this with the "
                "server's settings, in its working folder, after its first start.");
}

static enum err check_exists(struct fault *f, str url)
{
    const char *path = url.p + strlen("sqlite:");

    return str_starts(url, STR("sqlite:")) && !file_exists(path) ? nothing_there(f) : ERR_OK;
}

static enum err migrate(struct db *d, struct fault *f, enum store_mode mode)
{
    int known = 0;
    int applied;
    size_t count;
    const struct migration *scripts = migrations_embedded(&count);

    if (mode == STORE_MAY_MAKE)
        return db_migrate(d, f, scripts, count, &applied);
    enum err e = db_has_table(d, f, "keyring", &known);
    return e == ERR_OK && !known ? nothing_there(f) : e;
}

enum err store_open(struct arena *a, struct fault *f, const struct settings *settings,
                    enum store_mode mode, struct db **ret_db, struct vault **ret_vault)
{
    SECRET_AUTO struct secret master = {0};
    const char *key_file = arena_cstring(a, settings->key_file);
    struct db *d = NULL;
    enum err e = mode == STORE_MUST_EXIST ? check_exists(f, settings->database) : ERR_OK;

    if (e == ERR_OK)
        e = db_open(f, arena_cstring(a, settings->database), STORE_BUSY_MS, &d);
    if (e == ERR_OK)
        e = vault_check(d, a, f, key_file, &master);
    if (e == ERR_OK)
        e = migrate(d, f, mode);
    if (e == ERR_OK)
        e = vault_open_keys(d, a, f, key_file, &master, ret_vault);
    if (e == ERR_OK)
        *ret_db = d;
    else
        db_close(d);
    return e;
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

enum err job_run(struct arena *a, struct fault *f, struct db *d, const struct services *services,
                 enum err (*run)(struct work *w, void *arg), void *arg)
{
    for (unsigned attempt = 0;; attempt++) {
        enum err e = run_once(a, f, d, services, run, arg);
        if (e != ERR_RETRY || attempt == ATTEMPTS_MAX)
            return e;
        (void)usleep(10000u << attempt);
    }
}
