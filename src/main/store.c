/* See the header. */
#include "main/store.h"

#include "db/migrate.h"
#include "io/file.h"

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
