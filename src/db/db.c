/* What both databases have in common: the choice of the driver, the state of the transaction
 * (db/driver_int.h), arguments checked before they go out, cells read afterwards.
 */
#include "db/db.h"

#include <stdatomic.h>

#include "base/check.h"
#include "base/mem.h"
#include "db/driver_int.h"

enum err db_open(struct fault *f, const char *url, int64_t busy_ms, struct db **ret)
{
    str u = str_from(url);

    /* A database in memory would be another one for each connection. */
    if (str_starts(u, STR("sqlite:")) && u.n > strlen("sqlite:") &&
        !str_eq(u, STR("sqlite::memory:")))
        return sqlite_open(f, url + strlen("sqlite:"), busy_ms, ret);
    if (str_starts(u, STR("postgresql://")) || str_starts(u, STR("postgres://")))
        return postgres_open(f, url, busy_ms, ret);
    return fail(f, ERR_CONFIG,
                "MORTISE_DATABASE must be sqlite:PATH or a postgresql:// URL. Correct it.");
}

void db_close(struct db *d)
{
    if (!d)
        return;
    db_rollback(d);
    d->driver->close(d);
}

enum err db_begin(struct db *d, struct fault *f, enum db_mode mode)
{
    must(d->state == DB_CLOSED);
    enum err e = d->driver->begin(d, f, mode);
    if (e != ERR_OK)
        return e;
    d->state = DB_OPEN;
    d->mode = mode;
    d->moves_nothing = 0;
    return ERR_OK;
}

enum err db_commit(struct db *d, struct fault *f)
{
    must(d->state != DB_CLOSED);
    if (d->state == DB_FAILED) {
        db_rollback(d);
        if (f)
            *f = d->failure;
        return d->failure.code;
    }
    d->state = DB_CLOSED;
    enum err e = d->driver->commit(d, f);
    if (d->moves && d->mode == DB_WRITE && !d->moves_nothing)
        atomic_fetch_add(d->moves, 1);
    return e;
}

void db_count_moves(struct db *d, _Atomic uint64_t *moves)
{
    d->moves = moves;
}

void db_moves_nothing(struct db *d)
{
    must(db_transaction_mode(d) == DB_WRITE);
    d->moves_nothing = 1;
}

void db_rollback(struct db *d)
{
    if (d->state == DB_CLOSED)
        return;
    d->state = DB_CLOSED;
    d->driver->rollback(d);
}

int db_in_transaction(const struct db *d)
{
    return d->state != DB_CLOSED;
}

enum db_mode db_transaction_mode(const struct db *d)
{
    return d->state == DB_CLOSED ? DB_READ : d->mode;
}

int db_is_postgres(const struct db *d)
{
    return d->driver->is_postgres;
}

/* Remembers the first failure inside a transaction. */
static enum err note(struct db *d, struct fault *f, const struct fault *failure)
{
    if (d->state == DB_OPEN) {
        d->state = DB_FAILED;
        d->failure = *failure;
    }
    if (f)
        *f = *failure;
    return failure->code;
}

static enum err check_args(struct fault *f, const struct db_value *args, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (args[i].kind != DB_TEXT || str_is_utf8(args[i].bytes))
            continue;
        fail(f, ERR_INTERNAL, "");
        return fault_detail(f, "argument %zu is not text", i + 1);
    }
    return ERR_OK;
}

enum err db_run(struct db *d, struct arena *a, struct fault *f, const char *sql,
                const struct db_value *args, size_t count, struct db_rows *ret)
{
    struct fault failure = {.code = ERR_OK};
    struct db_rows rows = {0};

    if (d->state == DB_FAILED)
        return note(d, f, &d->failure);
    enum err e = check_args(&failure, args, count);
    if (e == ERR_OK)
        e = d->driver->run(d, a, &failure, sql, args, count, &rows);
    if (e != ERR_OK)
        return note(d, f, &failure);
    *ret = rows;
    return ERR_OK;
}

enum err db_script(struct db *d, struct fault *f, const char *sql)
{
    struct fault failure = {.code = ERR_OK};

    if (d->state == DB_FAILED)
        return note(d, f, &d->failure);
    if (d->driver->script(d, &failure, sql) != ERR_OK)
        return note(d, f, &failure);
    return ERR_OK;
}

enum err db_clock_ms(struct db *d, struct arena *a, struct fault *f, int64_t *ret)
{
    struct db_rows rows = {0};
    enum err e = db_run(d, a, f, d->driver->clock, NULL, 0, &rows);
    if (e == ERR_OK)
        *ret = db_int(&rows, 0, 0);
    return e;
}

enum err db_has_table(struct db *d, struct fault *f, const char *name, int *ret)
{
    struct arena *a = arena_new(16384);
    struct db_value arg = DB_T(str_from(name));
    struct db_rows rows = {0};

    enum err e = db_run(d, a, f, d->driver->has_table, &arg, 1, &rows);
    if (e == ERR_OK)
        *ret = db_int(&rows, 0, 0) > 0;
    arena_free(a);
    return e;
}

struct db_value *db_cells_add(struct db_cells *c, size_t count)
{
    if (c->used + count > c->room) {
        size_t room = c->room ? 2 * c->room + count : 8 * count;
        struct db_value *cells = arena_alloc_array(c->arena, room, sizeof *cells);
        if (c->used)
            memcpy(cells, c->cells, c->used * sizeof *cells);
        c->cells = cells;
        c->room = room;
    }
    c->used += count;
    return c->cells + c->used - count;
}

static const struct db_value *cell(const struct db_rows *r, size_t row, size_t column)
{
    must(row < r->count && column < r->columns);
    return &r->cells[row * r->columns + column];
}

int64_t db_int(const struct db_rows *r, size_t row, size_t column)
{
    const struct db_value *v = cell(r, row, column);

    must(v->kind == DB_INT || v->kind == DB_NULL);
    return v->kind == DB_INT ? v->number : 0;
}

str db_text(const struct db_rows *r, size_t row, size_t column)
{
    const struct db_value *v = cell(r, row, column);

    must(v->kind == DB_TEXT || v->kind == DB_NULL);
    return v->kind == DB_TEXT ? v->bytes : (str){NULL, 0};
}

str db_blob(const struct db_rows *r, size_t row, size_t column)
{
    const struct db_value *v = cell(r, row, column);

    must(v->kind == DB_BLOB || v->kind == DB_NULL);
    return v->kind == DB_BLOB ? v->bytes : (str){NULL, 0};
}
