/* The vault: every state at the start, every field of a binding, every byte of a sealed value. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "crypto/random.h"
#include "db/migrate.h"
#include "io/file.h"
#include "vault/vault.h"

struct fixture {
    char folder[64];
    char url[128];
    char path[96]; /* of the database */
    char key[96];
    char other_key[96];
    struct arena *arena;
    struct fault fault;
};

static int setup(void **state)
{
    struct fixture *x = calloc(1, sizeof *x);

    (void)snprintf(x->folder, sizeof x->folder, "/tmp/mortise-vault.XXXXXX");
    assert_non_null(mkdtemp(x->folder));
    (void)snprintf(x->path, sizeof x->path, "%s/test.db", x->folder);
    (void)snprintf(x->url, sizeof x->url, "sqlite:%s", x->path);
    (void)snprintf(x->key, sizeof x->key, "%s/key/master.key", x->folder);
    (void)snprintf(x->other_key, sizeof x->other_key, "%s/key/other.key", x->folder);
    x->arena = arena_new(64 << 20);
    *state = x;
    return 0;
}

static int teardown(void **state)
{
    static const char *const names[] = {"key/master.key", "key/other.key", "key", "test.db-wal",
                                        "test.db-shm",    "test.db",       ""};
    struct fixture *x = *state;
    char path[160];

    arena_free(x->arena);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", x->folder, names[i]);
        (void)remove(path);
    }
    free(x);
    return 0;
}

static struct db *open_db(struct fixture *x)
{
    struct db *d = NULL;

    if (db_open(&x->fault, x->url, 10000, &d) != ERR_OK)
        fail_msg("%s (%s)", fault_text(&x->fault), x->fault.detail);
    return d;
}

/* The order of a start; *ret_db is closed on failure. */
static enum err start(struct fixture *x, const char *key, struct db **ret_db, struct vault **ret)
{
    SECRET_AUTO struct secret master = {0};
    size_t count;
    const struct migration *scripts = migrations_embedded(&count);
    struct db *d = open_db(x);
    int applied;

    enum err e = vault_check(d, x->arena, &x->fault, key, &master);
    if (!e)
        e = db_migrate(d, &x->fault, scripts, count, &applied);
    if (!e)
        e = vault_open_keys(d, x->arena, &x->fault, key, &master, ret);
    if (e)
        db_close(d);
    else
        *ret_db = d;
    return e;
}

static struct vault *started(struct fixture *x)
{
    struct db *d;
    struct vault *v;

    if (start(x, x->key, &d, &v) != ERR_OK)
        fail_msg("%s (%s)", fault_text(&x->fault), x->fault.detail);
    db_close(d);
    return v;
}

static void write_file(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fputs(text, file) < 0, 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static str content(struct fixture *x, const char *path)
{
    str bytes;

    assert_int_equal(file_read(x->arena, &x->fault, path, 16 << 20, &bytes), ERR_OK);
    return bytes;
}

static struct vault_binding binding(void)
{
    return (struct vault_binding){
        .table = STR("credentials"),
        .row = STR("row"),
        .column = STR("sealed"),
        .generation = 7,
        .app = STR("app"),
        .connection = STR("connection"),
        .owner = STR("owner"),
        .type = STR("jira_api"),
        .destination = STR("https://acme.atlassian.net"),
    };
}

static str seal(struct fixture *x, const struct vault *v, const struct vault_binding *b,
                const char *text)
{
    SECRET_AUTO struct secret plain = {0};

    secret_set(&plain, text, strlen(text));
    return vault_seal(v, x->arena, b, &plain);
}

static int opens_as(const struct vault *v, const struct vault_binding *b, str sealed,
                    const char *text)
{
    SECRET_AUTO struct secret plain = {0};
    struct fault f = {.code = ERR_OK};
    enum err e = vault_open(v, &f, b, sealed, &plain);

    if (e != ERR_OK) {
        assert_int_equal(e, ERR_KEY);
        assert_int_equal(f.code, ERR_KEY);
        assert_false(secret_is_set(&plain));
        return 0;
    }
    assert_str(secret_expose(&plain), text);
    return 1;
}

/* -- states at the start -- */

static void new_and_missing_makes_both(void **state)
{
    struct fixture *x = *state;
    struct vault_binding b = binding();
    struct stat info;

    struct vault *v = started(x);
    str sealed = seal(x, v, &b, "s3cret");
    vault_free(v);
    assert_int_equal(stat(x->key, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(info.st_size, 65);
    v = started(x);
    assert_true(opens_as(v, &b, sealed, "s3cret"));
    vault_free(v);
}

/* Also what a crash between the key file and the key ring leaves. */
static void new_and_there_uses_it(void **state)
{
    struct fixture *x = *state;
    static const char text[] = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF\n";

    assert_int_equal(file_make_folder_of(&x->fault, x->key), ERR_OK);
    write_file(x->key, text, 0600);
    vault_free(started(x));
    assert_str(content(x, x->key), text);
    vault_free(started(x));
}

static void used_and_missing_touches_nothing(void **state)
{
    struct fixture *x = *state;
    struct db *d;
    struct vault *v;

    vault_free(started(x));
    assert_int_equal(unlink(x->key), 0);
    str before = content(x, x->path);
    assert_int_equal(start(x, x->key, &d, &v), ERR_KEY);
    assert_non_null(strstr(x->fault.message, "is missing"));
    assert_non_null(strstr(x->fault.message, x->key));
    assert_false(file_exists(x->key));
    assert_true(str_eq(before, content(x, x->path)));
}

static void used_and_different_touches_nothing(void **state)
{
    struct fixture *x = *state;
    struct db *d;
    struct vault *v;

    vault_free(started(x));
    write_file(x->other_key, "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
               0600);
    str before = content(x, x->path);
    assert_int_equal(start(x, x->other_key, &d, &v), ERR_KEY);
    assert_non_null(strstr(x->fault.message, "does not fit"));
    assert_true(str_eq(before, content(x, x->path)));
    vault_free(started(x));
}

/* A wrong key is seen before a migration runs. */
static void is_checked_before_migrations(void **state)
{
    struct fixture *x = *state;
    SECRET_AUTO struct secret master = {0};

    vault_free(started(x));
    write_file(x->other_key, "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
               0600);
    struct db *d = open_db(x);
    assert_int_equal(db_script(d, &x->fault, "DELETE FROM schema_migrations"), ERR_OK);
    assert_int_equal(vault_check(d, x->arena, &x->fault, x->other_key, &master), ERR_KEY);
    assert_false(secret_is_set(&master));
    assert_int_equal(vault_check(d, x->arena, &x->fault, x->key, &master), ERR_OK);
    assert_true(secret_is_set(&master));
    db_close(d);
}

static void refuses_what_is_no_key_file(void **state)
{
    static const struct {
        const char *text;
        mode_t mode;
    } table[] = {
        {"", 0600},
        {"0011", 0600},
        {"zz112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n", 0600},
        {"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff00", 0600},
        {"00112233445566778899aabbccddeeff 0112233445566778899aabbccddeeff", 0600},
        {"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", 0604},
        {"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", 0620},
    };
    struct fixture *x = *state;
    struct db *d;
    struct vault *v;

    assert_int_equal(file_make_folder_of(&x->fault, x->key), ERR_OK);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        write_file(x->key, table[i].text, table[i].mode);
        assert_int_equal(start(x, x->key, &d, &v), ERR_KEY);
        assert_non_null(strstr(x->fault.message, x->key));
    }
    assert_int_equal(chmod(x->key, 0440), 0);
    vault_free(started(x));
}

static void tells_a_damaged_key_ring(void **state)
{
    static const char *const damages[] = {
        ("UPDATE keyring SET wrapped = (SELECT wrapped FROM keyring WHERE id = 'check')"
         " WHERE id = 'hmac'"),
        "DELETE FROM keyring WHERE id = 'hmac'",
        "UPDATE keyring SET active = 0",
        "UPDATE keyring SET wrapped = zeroblob(72) WHERE active = 1",
        "DELETE FROM keyring WHERE id = 'check'",
    };
    struct fixture *x = *state;

    for (size_t i = 0; i < COUNT_OF(damages); i++) {
        struct db *d;
        struct vault *v;
        vault_free(started(x));
        d = open_db(x);
        assert_int_equal(db_script(d, &x->fault, damages[i]), ERR_OK);
        db_close(d);
        assert_int_equal(start(x, x->key, &d, &v), ERR_KEY);
        assert_int_equal(unlink(x->path), 0);
        assert_int_equal(unlink(x->key), 0);
    }
}

/* Several processes start on nothing at once: one key, one key ring, all of them run. */
static void several_may_start_at_once(void **state)
{
    struct fixture *x = *state;
    struct vault_binding b = binding();
    pid_t children[6];
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    for (size_t i = 0; i < COUNT_OF(children); i++) {
        children[i] = fork();
        if (children[i] == 0) {
            struct vault *v = started(x);
            str sealed = seal(x, v, &b, "same");
            _exit(write(fds[1], sealed.p, sealed.n) == (ssize_t)sealed.n ? 0 : 1);
        }
    }
    for (size_t i = 0; i < COUNT_OF(children); i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    struct vault *v = started(x);
    str own = seal(x, v, &b, "same");
    for (size_t i = 0; i < COUNT_OF(children); i++) {
        char *bytes = arena_alloc(x->arena, own.n);
        assert_int_equal(read(fds[0], bytes, own.n), own.n);
        assert_true(opens_as(v, &b, (str){bytes, own.n}, "same"));
    }
    vault_free(v);
    (void)close(fds[0]);
    (void)close(fds[1]);
}

/* -- sealing -- */

static void binds_every_field(void **state)
{
    struct fixture *x = *state;
    struct vault *v = started(x);
    const struct vault_binding b = binding();
    str sealed = seal(x, v, &b, "s3cret");
    static const size_t fields[] = {
        offsetof(struct vault_binding, table),      offsetof(struct vault_binding, row),
        offsetof(struct vault_binding, column),     offsetof(struct vault_binding, app),
        offsetof(struct vault_binding, connection), offsetof(struct vault_binding, owner),
        offsetof(struct vault_binding, type),       offsetof(struct vault_binding, destination),
    };

    assert_int_equal(sizeof b, COUNT_OF(fields) * sizeof(str) + sizeof b.generation);
    assert_true(opens_as(v, &b, sealed, "s3cret"));
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        struct vault_binding other = b;
        str changed = STR("other");
        memcpy((char *)&other + fields[i], &changed, sizeof changed);
        assert_false(opens_as(v, &other, sealed, ""));
        changed = STR("");
        memcpy((char *)&other + fields[i], &changed, sizeof changed);
        assert_false(opens_as(v, &other, sealed, ""));
    }
    struct vault_binding other = b;
    other.generation = 8;
    assert_false(opens_as(v, &other, sealed, ""));
    /* text moved from one field to the next is another binding */
    other = b;
    other.app = STR("appconnection");
    other.connection = STR("");
    assert_false(opens_as(v, &other, sealed, ""));
    vault_free(v);
}

static void refuses_altered_bytes(void **state)
{
    struct fixture *x = *state;
    struct vault *v = started(x);
    const struct vault_binding b = binding();
    str sealed = seal(x, v, &b, "s3cret");
    char *copy = arena_alloc(x->arena, sealed.n);

    for (size_t i = 0; i < sealed.n; i++) {
        memcpy(copy, sealed.p, sealed.n);
        copy[i] ^= 1;
        assert_false(opens_as(v, &b, (str){copy, sealed.n}, ""));
    }
    for (size_t n = 0; n < sealed.n; n++)
        assert_false(opens_as(v, &b, str_slice(sealed, 0, n), ""));
    assert_false(opens_as(v, &b, (str){NULL, 0}, ""));
    vault_free(v);
}

static void hides_what_it_seals(void **state)
{
    struct fixture *x = *state;
    struct vault *v = started(x);
    const struct vault_binding b = binding();
    str one = seal(x, v, &b, "CANARY-55aa");
    str two = seal(x, v, &b, "CANARY-55aa");

    assert_int_equal(str_find(one, STR("CANARY")), SIZE_MAX);
    assert_false(str_eq(one, two));
    assert_true(opens_as(v, &b, two, "CANARY-55aa"));
    str nothing = seal(x, v, &b, "");
    assert_true(opens_as(v, &b, nothing, ""));
    vault_free(v);
}

/* A value that is no secret, but must not be changed. */
static void verifies_what_it_sealed(void **state)
{
    struct fixture *x = *state;
    struct vault *v = started(x);
    struct vault_binding b = binding();
    struct fault f = {.code = ERR_OK};
    str sealed = seal(x, v, &b, "grant-1");

    assert_int_equal(vault_verify(v, &f, &b, sealed, STR("grant-1")), ERR_OK);
    assert_int_equal(vault_verify(v, &f, &b, sealed, STR("grant-2")), ERR_KEY);
    assert_int_equal(f.code, ERR_KEY);
    assert_null(strstr(f.detail, "grant-1"));
    assert_int_equal(vault_verify(v, &f, &b, sealed, STR("grant-")), ERR_KEY);
    assert_int_equal(vault_verify(v, &f, &b, sealed, STR("")), ERR_KEY);
    assert_int_equal(vault_verify(v, &f, &b, STR("grant-1"), STR("grant-1")), ERR_KEY);
    b.row = STR("other");
    assert_int_equal(vault_verify(v, &f, &b, sealed, STR("grant-1")), ERR_KEY);
    vault_free(v);
}

static void does_not_open_under_another_vault(void **state)
{
    struct fixture *x = *state;
    struct vault *v = started(x);
    const struct vault_binding b = binding();
    str sealed = seal(x, v, &b, "s3cret");

    vault_free(v);
    assert_int_equal(unlink(x->path), 0);
    v = started(x); /* same master key, new data keys */
    assert_false(opens_as(v, &b, sealed, ""));
    vault_free(v);
}

static void hmacs_differ_by_purpose_and_stay(void **state)
{
    struct fixture *x = *state;
    unsigned char first[VAULT_STATE + 1][HASH_BYTES];
    unsigned char again[HASH_BYTES];
    struct vault *v = started(x);

    for (enum vault_purpose p = VAULT_SESSION; p <= VAULT_STATE; p++) {
        vault_hmac(v, p, STR("token"), first[p]);
        for (enum vault_purpose q = VAULT_SESSION; q < p; q++)
            assert_memory_not_equal(first[p], first[q], HASH_BYTES);
    }
    vault_hmac(v, VAULT_SESSION, STR("tokem"), again);
    assert_memory_not_equal(first[VAULT_SESSION], again, HASH_BYTES);
    vault_free(v);
    v = started(x);
    for (enum vault_purpose p = VAULT_SESSION; p <= VAULT_STATE; p++) {
        vault_hmac(v, p, STR("token"), again);
        assert_memory_equal(first[p], again, HASH_BYTES);
    }
    vault_free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(new_and_missing_makes_both, setup, teardown),
        cmocka_unit_test_setup_teardown(new_and_there_uses_it, setup, teardown),
        cmocka_unit_test_setup_teardown(used_and_missing_touches_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(used_and_different_touches_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(is_checked_before_migrations, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_what_is_no_key_file, setup, teardown),
        cmocka_unit_test_setup_teardown(tells_a_damaged_key_ring, setup, teardown),
        cmocka_unit_test_setup_teardown(several_may_start_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(binds_every_field, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_altered_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(hides_what_it_seals, setup, teardown),
        cmocka_unit_test_setup_teardown(verifies_what_it_sealed, setup, teardown),
        cmocka_unit_test_setup_teardown(does_not_open_under_another_vault, setup, teardown),
        cmocka_unit_test_setup_teardown(hmacs_differ_by_purpose_and_stay, setup, teardown),
    };

    crypto_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
