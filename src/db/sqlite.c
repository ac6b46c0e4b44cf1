/* The SQLite driver: one file, write-ahead log, every commit on the disk before it is
 * acknowledged. Other connections (workers, the command line) have the same file open.
 */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "db/driver_int.h"
#include "io/file.h"

/* Prepared statements by the address of their text; an entry gives way to another of its slot. */
#define CACHE_SLOTS 256

struct cached {
    const char *sql;
    sqlite3_stmt *statement;
};

struct sqlite {
    struct db db;
    sqlite3 *handle;
    struct cached cache[CACHE_SLOTS];
};

static struct sqlite *of(struct db *d)
{
    return (struct sqlite *)d;
}

static enum err constraint_code(int extended)
{
    switch (extended) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return ERR_CONFLICT;
    default:
        return ERR_INTERNAL;
    }
}

static enum err code_of(int extended)
{
    if (extended == SQLITE_BUSY_SNAPSHOT)
        return ERR_RETRY;
    switch (extended & 0xff) {
    case SQLITE_CONSTRAINT:
        return constraint_code(extended);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_STORAGE_BUSY;
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_PROTOCOL:
    case SQLITE_NOMEM:
        return ERR_STORAGE_FAILED;
    default:
        return ERR_INTERNAL;
    }
}

/* The engine's own words go to the log only. They name tables and columns, not values. */
static enum err failed(struct sqlite *s, struct fault *f)
{
    int extended = sqlite3_extended_errcode(s->handle);
    int system = sqlite3_system_errno(s->handle);

    fail(f, code_of(extended), "");
    return fault_detail(f, "SQLite %d: %s%s%s", extended, sqlite3_errmsg(s->handle),
                        system ? ": " : "", system ? strerror(system) : "");
}

static enum err execute(struct sqlite *s, struct fault *f, const char *sql)
{
    return sqlite3_exec(s->handle, sql, NULL, NULL, NULL) == SQLITE_OK ? ERR_OK : failed(s, f);
}

static void sqlite_close_it(struct db *d)
{
    struct sqlite *s = of(d);

    for (size_t i = 0; i < CACHE_SLOTS; i++)
        sqlite3_finalize(s->cache[i].statement);
    int rc = sqlite3_close(s->handle);
    must(rc == SQLITE_OK);
    mem_free(s);
}

static enum err sqlite_begin(struct db *d, struct fault *f, enum db_mode mode)
{
    return execute(of(d), f, mode == DB_WRITE ? "BEGIN IMMEDIATE" : "BEGIN DEFERRED");
}

static void sqlite_rollback(struct db *d)
{
    /* A full disk and the like have ended it already. */
    if (!sqlite3_get_autocommit(of(d)->handle))
        (void)sqlite3_exec(of(d)->handle, "ROLLBACK", NULL, NULL, NULL);
}

static enum err sqlite_commit(struct db *d, struct fault *f)
{
    enum err e = execute(of(d), f, "COMMIT");

    if (e != ERR_OK)
        sqlite_rollback(d);
    return e;
}

static enum err prepare(struct sqlite *s, struct fault *f, const char *sql, sqlite3_stmt **ret)
{
    struct cached *c = &s->cache[((uintptr_t)sql >> 3) % CACHE_SLOTS];

    if (c->sql == sql && strcmp(sqlite3_sql(c->statement), sql) == 0) {
        *ret = c->statement;
        return ERR_OK;
    }
    sqlite3_stmt *statement = NULL;
    const char *rest = NULL;
    if (sqlite3_prepare_v3(s->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, &rest) !=
        SQLITE_OK)
        return failed(s, f);
    must(statement && *rest == '\0');
    sqlite3_finalize(c->statement);
    *c = (struct cached){sql, statement};
    *ret = statement;
    return ERR_OK;
}

/* SQLITE_STATIC: the arguments outlive the run, after which they are unbound. */
static int bind_one(sqlite3_stmt *statement, int index, const struct db_value *v)
{
    switch (v->kind) {
    case DB_NULL:
        return sqlite3_bind_null(statement, index);
    case DB_INT:
        return sqlite3_bind_int64(statement, index, v->number);
    case DB_TEXT:
        return sqlite3_bind_text64(statement, index, v->bytes.n ? v->bytes.p : "", v->bytes.n,
                                   SQLITE_STATIC, SQLITE_UTF8);
    case DB_BLOB:
        return sqlite3_bind_blob64(statement, index, v->bytes.n ? v->bytes.p : "", v->bytes.n,
                                   SQLITE_STATIC);
    }
    unreachable("kind of value");
}

static enum err bind(struct sqlite *s, struct fault *f, sqlite3_stmt *statement,
                     const struct db_value *args, size_t count)
{
    must(sqlite3_bind_parameter_count(statement) == (int)count);
    for (size_t i = 0; i < count; i++)
        if (bind_one(statement, (int)i + 1, &args[i]) != SQLITE_OK)
            return failed(s, f);
    return ERR_OK;
}

static enum err read_cell(struct arena *a, struct fault *f, sqlite3_stmt *statement, int column,
                          struct db_value *ret)
{
    const void *p;
    size_t n = (size_t)sqlite3_column_bytes(statement, column);

    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_NULL:
        *ret = DB_N;
        return ERR_OK;
    case SQLITE_INTEGER:
        *ret = DB_I(sqlite3_column_int64(statement, column));
        return ERR_OK;
    case SQLITE_TEXT:
        p = sqlite3_column_text(statement, column);
        n = (size_t)sqlite3_column_bytes(statement, column);
        *ret = DB_T(arena_str(a, (str){p ? p : "", n}));
        return ERR_OK;
    case SQLITE_BLOB:
        p = sqlite3_column_blob(statement, column);
        *ret = DB_B(arena_str(a, (str){p ? p : "", n}));
        return ERR_OK;
    default:
        fail(f, ERR_INTERNAL, "");
        return fault_detail(f, "column %d is a fraction", column);
    }
}

static enum err fetch(struct sqlite *s, struct arena *a, struct fault *f, sqlite3_stmt *statement,
                      struct db_rows *ret)
{
    struct db_cells cells = {.arena = a};
    size_t columns = (size_t)sqlite3_column_count(statement);
    size_t count = 0;
    int rc;

    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        struct db_value *row = db_cells_add(&cells, columns);
        for (size_t i = 0; i < columns; i++) {
            enum err e = read_cell(a, f, statement, (int)i, &row[i]);
            if (e != ERR_OK)
                return e;
        }
        count++;
    }
    if (rc != SQLITE_DONE)
        return failed(s, f);
    int64_t changed = sqlite3_stmt_readonly(statement) ? 0 : sqlite3_changes64(s->handle);
    *ret = (struct db_rows){count, columns, cells.cells, changed};
    return ERR_OK;
}

static enum err sqlite_run(struct db *d, struct arena *a, struct fault *f, const char *sql,
                           const struct db_value *args, size_t count, struct db_rows *ret)
{
    struct sqlite *s = of(d);
    sqlite3_stmt *statement = NULL;

    enum err e = prepare(s, f, sql, &statement);
    if (e != ERR_OK)
        return e;
    if (d->state == DB_OPEN && d->mode == DB_READ && !sqlite3_stmt_readonly(statement)) {
        fail(f, ERR_INTERNAL, "");
        return fault_detail(f, "a write in a read transaction");
    }
    e = bind(s, f, statement, args, count);
    if (e == ERR_OK)
        e = fetch(s, a, f, statement, ret);
    (void)sqlite3_reset(statement); /* repeats the failure that was just reported */
    (void)sqlite3_clear_bindings(statement);
    return e;
}

static enum err sqlite_script(struct db *d, struct fault *f, const char *sql)
{
    return execute(of(d), f, sql);
}

static const struct db_driver sqlite_driver = {
    .close = sqlite_close_it,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .run = sqlite_run,
    .script = sqlite_script,
    .clock = "SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
    .has_table = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = $1",
};

/* SQLite itself would make it as open as the umask allows; its other files take the mode of this.
 */
static enum err create_file(struct fault *f, const char *path)
{
    enum err e = file_make_folder_of(f, path);
    if (e != ERR_OK)
        return e;
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno != EEXIST) {
        int why = errno;
        fail(f, ERR_STORAGE_FAILED,
             "The database %.150s cannot be made: %s. Make its folder writable for the account "
             "that runs Mortise.",
             path, strerror(why));
        return fault_detail(f, "open: %s", strerror(why));
    }
    if (fd >= 0)
        (void)close(fd);
    return ERR_OK;
}

static void configure(sqlite3 *handle, int64_t busy_ms)
{
    (void)sqlite3_extended_result_codes(handle, 1);
    (void)sqlite3_busy_timeout(handle, (int)busy_ms);
    (void)sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    (void)sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    (void)sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    (void)sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    (void)sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    (void)sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, 32 << 20);
    (void)sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 0);
}

static enum err set_journal(struct sqlite *s, struct fault *f, int64_t busy_ms)
{
    int64_t until = clock_monotonic_ms() + busy_ms;

    /* The change to WAL does not wait for another process that is just making it. */
    for (;;) {
        enum err e = execute(s, f, "PRAGMA journal_mode = WAL");
        if (e != ERR_STORAGE_BUSY || clock_monotonic_ms() > until)
            return e;
        (void)usleep(10000);
    }
}

static enum err prepare_handle(struct sqlite *s, struct fault *f, int64_t busy_ms)
{
    configure(s->handle, busy_ms);
    enum err e = set_journal(s, f, busy_ms);
    if (e != ERR_OK)
        return e;
    return execute(s, f,
                   "PRAGMA synchronous = FULL;"
                   "PRAGMA foreign_keys = ON;"
                   "PRAGMA secure_delete = ON;"
                   "PRAGMA journal_size_limit = 16777216;"
                   "PRAGMA temp_store = MEMORY;"
                   "PRAGMA cache_size = -8000;");
}

/* Adds what the operator can do to what SQLite said. */
static enum err explain(struct fault *f, const char *path, enum err e)
{
    char detail[sizeof f->detail];

    memcpy(detail, f->detail, sizeof detail);
    if (e == ERR_STORAGE_BUSY)
        fail(f, e, "The database %.150s is locked by another program. Close it, then try again.",
             path);
    else
        fail(f, e,
             "The database %.150s cannot be opened for writing. See that it is a Mortise database, "
             "that the account that runs Mortise may write it and its folder, and that the disk "
             "is not full.",
             path);
    return fault_detail(f, "%s", detail);
}

static enum err read_only(struct fault *f, const char *path)
{
    fail(f, ERR_STORAGE_FAILED,
         "The database %.150s is read-only. Make the file and its folder writable for the account "
         "that runs Mortise.",
         path);
    return fault_detail(f, "opened read-only");
}

enum err sqlite_open(struct fault *f, const char *path, int64_t busy_ms, struct db **ret)
{
    struct fault own = {.code = ERR_OK};
    enum err e = create_file(&own, path);
    if (e != ERR_OK)
        goto out;

    struct sqlite *s = mem_new(struct sqlite);
    s->db.driver = &sqlite_driver;
    int rc = sqlite3_open_v2(path, &s->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    must(s->handle);
    if (rc != SQLITE_OK)
        e = explain(&own, path, failed(s, &own));
    else if (sqlite3_db_readonly(s->handle, "main"))
        e = read_only(&own, path);
    else if ((e = prepare_handle(s, &own, busy_ms)) != ERR_OK)
        e = explain(&own, path, e);
    if (e != ERR_OK)
        sqlite_close_it(&s->db);
    else
        *ret = &s->db;
out:
    if (e != ERR_OK && f)
        *f = own;
    return e;
}
