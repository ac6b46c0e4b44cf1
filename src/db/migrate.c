/* The migration runner. Scripts are applied one by one, each with its line in schema_migrations in
 * one write transaction that first looks again what is there: another process may have been
 * faster.
 */
#include "db/migrate.h"

#include "base/buf.h"
#include "base/clock.h"
#include "db/driver_int.h"

#define SCRIPT_MAX (1 << 20)

static enum err unknown_future(struct fault *f, int64_t found, size_t known)
{
    return fail(f, ERR_CONFIG,
                "The database was made by a newer Mortise (its schema is %lld, this program knows "
                "%zu). Run the newer version, or restore a backup from before the upgrade.",
                (long long)found, known);
}

static enum err was_edited(struct fault *f, const struct migration *m)
{
    return fail(f, ERR_CONFIG,
                "Migration %d (%s) differs from the one this database was made with. Run the "
                "Mortise version that made it, or one that came after it.",
                m->version, m->name);
}

/* How many scripts are applied; all of them must be the ones we know. */
static enum err count_applied(struct db *d, struct fault *f, const struct migration *scripts,
                              size_t count, size_t *ret)
{
    struct arena *a = arena_new(1 << 20);
    struct db_rows rows = {0};
    int exists = 0;

    enum err e = db_has_table(d, f, "schema_migrations", &exists);
    if (e == ERR_OK && exists)
        e = db_query_none(d, a, f, &rows,
                          "SELECT version, checksum FROM schema_migrations ORDER BY version");
    for (size_t i = 0; e == ERR_OK && i < rows.count; i++) {
        if (i >= count)
            e = unknown_future(f, db_int(&rows, rows.count - 1, 0), count);
        else if (db_int(&rows, i, 0) != scripts[i].version ||
                 !str_eq(db_text(&rows, i, 1), str_from(scripts[i].checksum)))
            e = was_edited(f, &scripts[i]);
    }
    if (e == ERR_OK)
        *ret = rows.count;
    arena_free(a);
    return e;
}

static int is_word(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* The one word in which the dialects differ. */
static void write_dialect(struct buf *out, int postgres, str sql)
{
    for (size_t i = 0; i < sql.n; i++) {
        if (postgres && str_starts(str_slice(sql, i, sql.n), STR("BLOB")) &&
            (i == 0 || !is_word(sql.p[i - 1])) && (i + 4 == sql.n || !is_word(sql.p[i + 4]))) {
            buf_add(out, STR("BYTEA"));
            i += 3;
        } else {
            buf_add_char(out, sql.p[i]);
        }
    }
}

static enum err record(struct db *d, struct fault *f, const struct migration *m)
{
    struct arena *a = arena_new(65536);
    struct db_rows rows = {0};

    enum err e = db_query(d, a, f, &rows,
                          "INSERT INTO schema_migrations (version, name, checksum, applied)"
                          " VALUES ($1, $2, $3, $4)",
                          DB_I(m->version), DB_T(str_from(m->name)), DB_T(str_from(m->checksum)),
                          DB_I(clock_now_ms()));
    arena_free(a);
    return e;
}

static enum err apply(struct db *d, struct fault *f, const struct migration *m)
{
    BUF_AUTO struct buf sql;

    buf_init(&sql, SCRIPT_MAX);
    write_dialect(&sql, db_is_postgres(d), str_from(m->sql));
    if (!buf_ok(&sql))
        return fail(f, ERR_TOO_LARGE, "Migration %d is too large.", m->version);
    enum err e = db_script(d, f,
                           "CREATE TABLE IF NOT EXISTS schema_migrations ("
                           "version BIGINT PRIMARY KEY, name TEXT NOT NULL,"
                           " checksum TEXT NOT NULL, applied BIGINT NOT NULL)");
    if (e == ERR_OK)
        e = db_script(d, f, sql.p ? sql.p : "");
    return e == ERR_OK ? record(d, f, m) : e;
}

/* The next script, if there still is one: *fresh counts what was done here. */
static enum err step(struct db *d, struct fault *f, const struct migration *scripts, size_t count,
                     size_t *ret_applied, int *fresh)
{
    size_t before;
    enum err e = db_begin(d, f, DB_WRITE);
    if (e != ERR_OK)
        return e;
    e = count_applied(d, f, scripts, count, &before);
    if (e == ERR_OK && before < count)
        e = apply(d, f, &scripts[before]);
    if (e != ERR_OK || before == count) {
        db_rollback(d);
        if (e == ERR_OK)
            *ret_applied = count;
        return e;
    }
    e = db_commit(d, f);
    if (e != ERR_OK)
        return e;
    *ret_applied = before + 1;
    ++*fresh;
    return ERR_OK;
}

static enum err run_all(struct db *d, struct fault *f, const struct migration *scripts,
                        size_t count, int *ret_applied)
{
    size_t applied;
    int fresh = 0;

    enum err e = count_applied(d, f, scripts, count, &applied);
    while (e == ERR_OK && applied < count)
        e = step(d, f, scripts, count, &applied, &fresh);
    if (e == ERR_OK)
        *ret_applied = fresh;
    return e;
}

static enum err call(struct db *d, struct fault *f, const char *sql)
{
    struct arena *a = arena_new(4096);
    struct db_rows rows = {0};

    enum err e = sql ? db_run(d, a, f, sql, NULL, 0, &rows) : ERR_OK;
    arena_free(a);
    return e;
}

enum err db_migrate(struct db *d, struct fault *f, const struct migration *scripts, size_t count,
                    int *ret_applied)
{
    enum err e = call(d, f, d->driver->lock);
    if (e != ERR_OK)
        return e;
    e = run_all(d, f, scripts, count, ret_applied);
    (void)!call(d, NULL, d->driver->unlock);
    return e;
}
