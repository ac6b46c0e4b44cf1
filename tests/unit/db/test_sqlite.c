/* The SQLite driver in bad luck: full disk, locked, read-only, not a database, killed while it
 * commits. What both databases do alike is tests/store/test_db.c.
 */
#include "support.h"

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "db/db.h"
#include "io/file.h"

struct fixture {
    char folder[64];
    char path[96];
    char url[128];
    struct arena *arena;
    struct fault fault;
};

static int setup(void **state)
{
    struct fixture *x = calloc(1, sizeof *x);

    (void)snprintf(x->folder, sizeof x->folder, "/tmp/mortise-db.XXXXXX");
    assert_non_null(mkdtemp(x->folder));
    (void)snprintf(x->path, sizeof x->path, "%s/a/b/test.db", x->folder);
    (void)snprintf(x->url, sizeof x->url, "sqlite:%s", x->path);
    x->arena = arena_new(16 << 20);
    *state = x;
    return 0;
}

static int teardown(void **state)
{
    static const char *const names[] = {
        "a/b/test.db", "a/b/test.db-wal", "a/b/test.db-shm", "a/b", "a", ""};
    struct fixture *x = *state;
    char path[160];

    arena_free(x->arena);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", x->folder, names[i]);
        (void)remove(path);
    }
    assert_int_equal(access(x->folder, F_OK), -1);
    free(x);
    return 0;
}

static struct db *open_db(struct fixture *x)
{
    struct db *d = NULL;

    if (db_open(&x->fault, x->url, 100, &d) != ERR_OK)
        fail_msg("%s (%s)", fault_text(&x->fault), x->fault.detail);
    return d;
}

static struct db *open_with_table(struct fixture *x)
{
    struct db *d = open_db(x);

    assert_int_equal(db_script(d, &x->fault, "CREATE TABLE t (id TEXT PRIMARY KEY, body TEXT)"),
                     ERR_OK);
    return d;
}

static enum err run(struct fixture *x, struct db *d, const char *sql)
{
    struct db_rows rows;

    return db_run(d, x->arena, &x->fault, sql, NULL, 0, &rows);
}

static int64_t number(struct fixture *x, struct db *d, const char *sql)
{
    struct db_rows rows;

    assert_int_equal(db_run(d, x->arena, &x->fault, sql, NULL, 0, &rows), ERR_OK);
    return db_int(&rows, 0, 0);
}

static void is_durable_and_private(void **state)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    struct fixture *x = *state;
    struct stat info;
    char path[160];
    mode_t before = umask(0);
    struct db *d = open_with_table(x);
    struct db_rows rows;

    (void)umask(before);
    assert_int_equal(number(x, d, "PRAGMA synchronous"), 2);
    assert_int_equal(number(x, d, "PRAGMA foreign_keys"), 1);
    assert_int_equal(number(x, d, "PRAGMA secure_delete"), 1);
    assert_int_equal(number(x, d, "PRAGMA trusted_schema"), 0);
    assert_int_equal(db_query_none(d, x->arena, &x->fault, &rows, "PRAGMA journal_mode"), ERR_OK);
    assert_str(db_text(&rows, 0, 0), "wal");
    for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
        (void)snprintf(path, sizeof path, "%s%s", x->path, suffixes[i]);
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(info.st_mode & 07777, 0600);
    }
    (void)snprintf(path, sizeof path, "%s/a", x->folder);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0700);
    db_close(d);
}

/* Deleted rows leave no bytes behind. */
static void wipes_what_is_deleted(void **state)
{
    struct fixture *x = *state;
    struct db *d = open_with_table(x);
    str bytes;

    assert_int_equal(run(x, d, "INSERT INTO t VALUES ('a', 'CANARY-7f31')"), ERR_OK);
    db_close(d);
    assert_int_equal(file_read(x->arena, &x->fault, x->path, 4 << 20, &bytes), ERR_OK);
    assert_int_not_equal(str_find(bytes, STR("CANARY-7f31")), SIZE_MAX);
    d = open_db(x);
    assert_int_equal(run(x, d, "DELETE FROM t"), ERR_OK);
    db_close(d);
    assert_int_equal(file_read(x->arena, &x->fault, x->path, 4 << 20, &bytes), ERR_OK);
    assert_int_equal(str_find(bytes, STR("CANARY-7f31")), SIZE_MAX);
}

#define FILL                                                                                       \
    "INSERT INTO t SELECT hex(randomblob(16)), hex(randomblob(4000)) FROM (WITH RECURSIVE n(i) AS" \
    " (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) SELECT i FROM n)"

static void says_that_the_disk_is_full(void **state)
{
    struct fixture *x = *state;
    struct db *d = open_with_table(x);

    assert_int_equal(run(x, d, "INSERT INTO t VALUES ('kept', '')"), ERR_OK);
    assert_int_equal(run(x, d, "PRAGMA max_page_count = 20"), ERR_OK);
    assert_int_equal(db_begin(d, &x->fault, DB_WRITE), ERR_OK);
    assert_int_equal(run(x, d, "INSERT INTO t VALUES ('lost', '')"), ERR_OK);
    assert_int_equal(run(x, d, FILL), ERR_STORAGE_FAILED);
    assert_non_null(strstr(x->fault.detail, "full"));
    assert_int_equal(db_commit(d, &x->fault), ERR_STORAGE_FAILED);
    assert_int_equal(number(x, d, "SELECT count(*) FROM t"), 1);
    assert_int_equal(run(x, d, "PRAGMA max_page_count = 100000"), ERR_OK);
    assert_int_equal(run(x, d, FILL), ERR_OK);
    assert_int_equal(number(x, d, "SELECT count(*) FROM t"), 101);
    db_close(d);
}

/* The file system refuses to let a file grow, in the middle of a write or of a commit. */
static void survives_a_file_that_cannot_grow(void **state)
{
    struct fixture *x = *state;
    struct db *d = open_with_table(x);
    struct rlimit before, small = {.rlim_cur = 65536};
    enum err e;

    assert_int_equal(run(x, d, "INSERT INTO t VALUES ('kept', '')"), ERR_OK);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small.rlim_max = before.rlim_max;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(db_begin(d, &x->fault, DB_WRITE), ERR_OK);
    e = run(x, d, FILL);
    if (e == ERR_OK)
        e = db_commit(d, &x->fault);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, handler);
    assert_int_equal(e, ERR_STORAGE_FAILED);
    assert_int_equal(x->fault.code, ERR_STORAGE_FAILED);
    db_rollback(d);
    assert_int_equal(number(x, d, "SELECT count(*) FROM t"), 1);
    assert_int_equal(run(x, d, "INSERT INTO t VALUES ('more', '')"), ERR_OK);
    db_close(d);
    d = open_db(x);
    assert_int_equal(number(x, d, "SELECT count(*) FROM t"), 2);
    db_close(d);
}

static void says_that_it_is_locked(void **state)
{
    struct fixture *x = *state;
    struct db *holder = open_with_table(x);
    struct db *d = NULL;

    assert_int_equal(run(x, holder, "PRAGMA locking_mode = EXCLUSIVE"), ERR_OK);
    assert_int_equal(run(x, holder, "PRAGMA journal_mode = DELETE"), ERR_OK);
    assert_int_equal(run(x, holder, "INSERT INTO t VALUES ('a', '')"), ERR_OK);
    assert_int_equal(db_open(&x->fault, x->url, 50, &d), ERR_STORAGE_BUSY);
    assert_non_null(strstr(x->fault.message, "locked by another program"));
    db_close(holder);
}

/* As an account that may not write. Runs in a child; 0 when all is as it should be. */
static int try_read_only(struct fixture *x)
{
    struct db *d = NULL;

    if (getuid() == 0 && (setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0))
        return 1;
    if (db_open(&x->fault, x->url, 50, &d) != ERR_STORAGE_FAILED)
        return 2;
    if (!strstr(x->fault.message, x->path))
        return 3;
    return strstr(x->fault.message, "read-only") || strstr(x->fault.message, "for writing") ? 0 : 4;
}

static void says_that_it_is_read_only(void **state)
{
    struct fixture *x = *state;
    char folder[160];
    int status;

    db_close(open_with_table(x));
    assert_int_equal(chmod(x->path, 0444), 0);
    for (const char *const *name = (const char *const[]){"", "/a", "/a/b", NULL}; *name; name++) {
        (void)snprintf(folder, sizeof folder, "%s%s", x->folder, *name);
        assert_int_equal(chmod(folder, 0555), 0);
    }
    pid_t child = fork();
    if (child == 0)
        _exit(try_read_only(x));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    for (const char *const *name = (const char *const[]){"", "/a", "/a/b", NULL}; *name; name++) {
        (void)snprintf(folder, sizeof folder, "%s%s", x->folder, *name);
        assert_int_equal(chmod(folder, 0755), 0);
    }
}

static void says_that_it_is_no_database(void **state)
{
    struct fixture *x = *state;
    struct db *d = NULL;
    char garbage[8192];

    db_close(open_with_table(x));
    FILE *file = fopen(x->path, "w");
    assert_non_null(file);
    memset(garbage, 'x', sizeof garbage);
    assert_int_equal(fwrite(garbage, 1, sizeof garbage, file), sizeof garbage);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(db_open(&x->fault, x->url, 50, &d), ERR_STORAGE_FAILED);
    assert_non_null(strstr(x->fault.message, x->path));
    assert_int_equal(db_open(&x->fault, "mysql://x", 50, &d), ERR_CONFIG);
    assert_int_equal(db_open(&x->fault, "sqlite:", 50, &d), ERR_CONFIG);
    assert_int_equal(db_open(&x->fault, "sqlite::memory:", 50, &d), ERR_CONFIG);
    assert_int_equal(db_open(&x->fault, "sqlite:/proc/nowhere/x.db", 50, &d), ERR_CONFIG);
    assert_int_equal(
        db_open(&x->fault, "postgresql:///x?host=/nonexistent&user=u&password=CANARY", 50, &d),
        ERR_STORAGE_FAILED);
    assert_null(strstr(x->fault.message, "CANARY"));
    assert_null(strstr(x->fault.detail, "CANARY"));
}

/* Commits numbers one after the other and tells each through the pipe, until it is killed. */
static void commit_for_ever(struct fixture *x, int out)
{
    struct db *d = open_db(x);
    struct db_rows rows;

    for (int64_t i = number(x, d, "SELECT count(*) FROM t");; i++) {
        str id = arena_printf(x->arena, "%lld", (long long)i);
        if (db_begin(d, &x->fault, DB_WRITE) != ERR_OK ||
            db_query(d, x->arena, &x->fault, &rows, "INSERT INTO t VALUES ($1, 'x')", DB_T(id)) ||
            db_commit(d, &x->fault) != ERR_OK)
            _exit(1);
        if (write(out, &i, sizeof i) != sizeof i)
            _exit(1);
        arena_clear(x->arena);
    }
}

static int64_t kill_one(struct fixture *x, useconds_t after_us)
{
    int64_t last = -1;
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    if (child == 0)
        commit_for_ever(x, fds[1]);
    (void)close(fds[1]);
    int64_t first;
    assert_int_equal(read(fds[0], &first, sizeof first), sizeof first);
    last = first;
    (void)usleep(after_us);
    assert_int_equal(kill(child, SIGKILL), 0);
    while (read(fds[0], &first, sizeof first) == sizeof first)
        last = first;
    (void)close(fds[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    return last;
}

static void keeps_what_it_acknowledged(void **state)
{
    struct fixture *x = *state;
    int64_t before = 0;

    db_close(open_with_table(x));
    for (useconds_t round = 0; round < 40; round++) {
        int64_t last = kill_one(x, round * 731 % 9000);
        struct db *d = open_db(x);
        int64_t there = number(x, d, "SELECT count(*) FROM t");
        assert_true(there == last + 1 || there == last + 2);
        assert_true(there > before);
        assert_int_equal(number(x, d,
                                "SELECT count(*) FROM pragma_integrity_check"
                                " WHERE integrity_check <> 'ok'"),
                         0);
        before = there;
        db_close(d);
        arena_clear(x->arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(is_durable_and_private, setup, teardown),
        cmocka_unit_test_setup_teardown(wipes_what_is_deleted, setup, teardown),
        cmocka_unit_test_setup_teardown(says_that_the_disk_is_full, setup, teardown),
        cmocka_unit_test_setup_teardown(survives_a_file_that_cannot_grow, setup, teardown),
        cmocka_unit_test_setup_teardown(says_that_it_is_locked, setup, teardown),
        cmocka_unit_test_setup_teardown(says_that_it_is_read_only, setup, teardown),
        cmocka_unit_test_setup_teardown(says_that_it_is_no_database, setup, teardown),
        cmocka_unit_test_setup_teardown(keeps_what_it_acknowledged, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
