/* The key ring at the start of the process. The states are those of vault/vault.h; what is made
 * first is the key file, so that no database is ever sealed under a key that nobody has.
 */
#include "vault/keyring.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/check.h"
#include "base/clock.h"
#include "crypto/aead.h"
#include "crypto/random.h"
#include "io/file.h"
#include "store/keyring.h"

#define CHECK_TEXT "mortise master key check 1"
#define KEY_FILE_MAX 1024

void keyring_done(struct keyring *k)
{
    for (size_t i = 0; i < k->count; i++)
        secret_wipe(&k->keys[i].key);
    secret_wipe(&k->hmac);
    k->count = 0;
}

/* 64 hexadecimal characters and an optional line end. */
static int parse_key(const struct secret *text, struct secret *ret)
{
    SECRET_AUTO struct secret key = {0};
    str s = str_trim(secret_expose(text));

    if (s.n != 2 * AEAD_KEY_BYTES)
        return 0;
    secret_alloc(&key, AEAD_KEY_BYTES);
    for (size_t i = 0; i < AEAD_KEY_BYTES; i++) {
        int high = str_hex_value(s.p[2 * i]);
        int low = str_hex_value(s.p[2 * i + 1]);
        if (high < 0 || low < 0)
            return 0;
        key.p[i] = (unsigned char)(high << 4 | low);
    }
    secret_take(ret, &key);
    return 1;
}

static void write_key(const struct secret *key, struct secret *ret)
{
    static const char digits[] = "0123456789abcdef";

    secret_alloc(ret, 2 * AEAD_KEY_BYTES + 1);
    for (size_t i = 0; i < AEAD_KEY_BYTES; i++) {
        ret->p[2 * i] = (unsigned char)digits[key->p[i] >> 4];
        ret->p[2 * i + 1] = (unsigned char)digits[key->p[i] & 15];
    }
    ret->p[2 * AEAD_KEY_BYTES] = '\n';
}

/* ERR_NOT_FOUND without a message when there is none. */
static enum err read_key_file(struct fault *f, const char *path, struct secret *ret)
{
    SECRET_AUTO struct secret text = {0};
    struct stat info = {0};

    enum err e = file_read_secret(f, path, KEY_FILE_MAX, &text);
    if (e == ERR_NOT_FOUND)
        return e;
    if (e != ERR_OK)
        return fail(f, ERR_KEY,
                    "The master key %.150s cannot be read. See that the account that runs Mortise "
                    "may read it.",
                    path);
    if (stat(path, &info) == 0 && info.st_mode & (S_IRWXO | S_IWGRP))
        return fail(f, ERR_KEY,
                    "The master key %.120s may be read by everybody or written by a group. Run "
                    "chmod 600 on it, and think about who may have seen it.",
                    path);
    if (!parse_key(&text, ret))
        return fail(f, ERR_KEY,
                    "%.150s is not a master key: it should hold 64 hexadecimal characters. Restore "
                    "the key that this database was made with.",
                    path);
    return ERR_OK;
}

static str associated(struct arena *a, str id)
{
    return arena_printf(a, "mortise keyring 1|%.*s", STR_ARG(id));
}

static const struct keyring_row *find_row(const struct keyring_row *rows, size_t count, str id)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(rows[i].id, id))
            return &rows[i];
    return NULL;
}

static int unwrap(struct arena *a, const struct secret *master, const struct keyring_row *row,
                  struct secret *ret)
{
    return row && aead_open(master, associated(a, row->id), row->wrapped, ret);
}

static int check_fits(struct arena *a, const struct secret *master, const struct keyring_row *row)
{
    SECRET_AUTO struct secret text = {0};

    return unwrap(a, master, row, &text) && str_eq(secret_expose(&text), STR(CHECK_TEXT));
}

static enum err does_not_fit(struct fault *f, const char *path)
{
    return fail(f, ERR_KEY,
                "The master key %.150s does not fit this database. Put back the key that the "
                "database was made with; nothing was changed.",
                path);
}

static enum err is_missing(struct fault *f, const char *path)
{
    return fail(f, ERR_KEY,
                "The master key %.150s is missing, and this database was made with one. Put it "
                "back, or point MORTISE_KEY_FILE at it; nothing was changed.",
                path);
}

enum err keyring_check(struct db *d, struct arena *a, struct fault *f, const char *key_file,
                       struct secret *ret_master)
{
    SECRET_AUTO struct secret master = {0};
    struct keyring_row *rows = NULL;
    size_t count;

    enum err e = store_keyring_list(d, a, f, &rows, &count);
    if (e != ERR_OK)
        return e;
    e = read_key_file(f, key_file, &master);
    if (e == ERR_NOT_FOUND) {
        if (count > 0)
            return is_missing(f, key_file);
        fault_clear(f);
        return ERR_OK;
    }
    if (e != ERR_OK)
        return e;
    if (count > 0 && !check_fits(a, &master, find_row(rows, count, STR("check"))))
        return does_not_fit(f, key_file);
    secret_take(ret_master, &master);
    return ERR_OK;
}

/* Another process may make the file at the same moment: then its key is ours. */
static enum err make_key_file(struct fault *f, const char *path, struct secret *ret)
{
    SECRET_AUTO struct secret key = {0};
    SECRET_AUTO struct secret text = {0};

    secret_alloc(&key, AEAD_KEY_BYTES);
    random_bytes(key.p, key.n);
    write_key(&key, &text);
    enum err e = file_create_secret(f, path, &text);
    if (e == ERR_CONFLICT)
        return read_key_file(f, path, ret);
    if (e != ERR_OK)
        return fail(f, ERR_KEY,
                    "The master key %.150s cannot be made. See that the account that runs Mortise "
                    "may write its folder, or set MORTISE_KEY_FILE.",
                    path);
    secret_take(ret, &key);
    return ERR_OK;
}

static enum err add_row(struct db *d, struct arena *a, struct fault *f, const struct secret *master,
                        str id, const struct secret *plain, int active)
{
    struct keyring_row row = {id, aead_seal(a, master, associated(a, id), plain), active,
                              clock_now_ms()};

    return store_keyring_insert(d, a, f, &row);
}

static enum err fill_rows(struct db *d, struct arena *a, struct fault *f,
                          const struct secret *master)
{
    SECRET_AUTO struct secret check = {0};
    SECRET_AUTO struct secret hmac = {0};
    SECRET_AUTO struct secret data = {0};

    secret_set(&check, CHECK_TEXT, strlen(CHECK_TEXT));
    secret_alloc(&hmac, AEAD_KEY_BYTES);
    random_bytes(hmac.p, hmac.n);
    secret_alloc(&data, AEAD_KEY_BYTES);
    random_bytes(data.p, data.n);
    enum err e = add_row(d, a, f, master, STR("check"), &check, 0);
    if (e == ERR_OK)
        e = add_row(d, a, f, master, STR("hmac"), &hmac, 0);
    if (e == ERR_OK)
        e = add_row(d, a, f, master, id_new(a), &data, 1);
    return e;
}

/* One transaction, and only into an empty table. */
static enum err make_rows(struct db *d, struct arena *a, struct fault *f,
                          const struct secret *master)
{
    struct keyring_row *rows = NULL;
    size_t count;

    enum err e = db_begin(d, f, DB_WRITE);
    if (e != ERR_OK)
        return e;
    e = store_keyring_list(d, a, f, &rows, &count);
    if (e == ERR_OK && count == 0)
        e = fill_rows(d, a, f, master);
    if (e != ERR_OK) {
        db_rollback(d);
        return e;
    }
    return db_commit(d, f);
}

static enum err open_rows(struct arena *a, struct fault *f, const char *key_file,
                          const struct secret *master, const struct keyring_row *rows, size_t count,
                          struct keyring *k)
{
    int active = 0;

    if (!check_fits(a, master, find_row(rows, count, STR("check"))))
        return does_not_fit(f, key_file);
    if (!unwrap(a, master, find_row(rows, count, STR("hmac")), &k->hmac))
        return fail(f, ERR_KEY, "The key ring in the database is damaged. Restore a backup.");
    for (size_t i = 0; i < count; i++) {
        if (!id_valid(rows[i].id))
            continue;
        if (k->count == KEYRING_KEYS_MAX || !unwrap(a, master, &rows[i], &k->keys[k->count].key))
            return fail(f, ERR_KEY, "The key ring in the database is damaged. Restore a backup.");
        memcpy(k->keys[k->count].id, rows[i].id.p, ID_LENGTH);
        if (rows[i].active) {
            k->active = k->count;
            active = 1;
        }
        k->count++;
    }
    return active ? ERR_OK
                  : fail(f, ERR_KEY,
                         "The key ring in the database has no active key. Restore a "
                         "backup.");
}

enum err keyring_load(struct db *d, struct arena *a, struct fault *f, const char *key_file,
                      struct secret *master, struct keyring *k)
{
    struct keyring_row *rows = NULL;
    size_t count;
    enum err e = secret_is_set(master) ? ERR_OK : make_key_file(f, key_file, master);

    if (e == ERR_OK)
        e = store_keyring_list(d, a, f, &rows, &count);
    if (e == ERR_OK && count == 0) {
        e = make_rows(d, a, f, master);
        /* another process was faster */
        if (e == ERR_OK || e == ERR_CONFLICT || e == ERR_RETRY)
            e = store_keyring_list(d, a, f, &rows, &count);
    }
    if (e == ERR_OK)
        e = open_rows(a, f, key_file, master, rows, count, k);
    return e;
}
