/* One connection to the database, SQLite or PostgreSQL behind one struct of functions.
 *
 * A connection belongs to one thread at a time. The SQL is the common dialect of
 * docs/architecture.md: $1..$n in order of first use, RETURNING, ON CONFLICT, integers as BIGINT,
 * no booleans. Statements are literals; SQLite's are prepared once a connection and found again by
 * address.
 *
 * Errors: ERR_RETRY (busy, deadlock, serialisation failure: run the transaction again),
 * ERR_CONFLICT (unique or foreign key violated), ERR_STORAGE_BUSY, ERR_STORAGE_FAILED (disk full,
 * read-only, connection lost, corrupt; the cause is in the fault's detail). A lost PostgreSQL
 * connection is opened again by the next db_begin() or db_query() outside a transaction.
 *
 * After a statement has failed inside a transaction, only db_rollback() makes sense: further
 * statements and db_commit() give the same failure again, on both databases. DB_TEXT that is not
 * UTF-8, or holds U+0000, fails as ERR_INTERNAL, and so does SQL that is wrong.
 */
#ifndef DB_DB_H
#define DB_DB_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct db;

enum db_kind { DB_NULL, DB_INT, DB_TEXT, DB_BLOB };

/* An argument or a cell. Text and blobs borrow. */
struct db_value {
    enum db_kind kind;
    int64_t number;
    str bytes;
};
#define DB_I(n) ((struct db_value){DB_INT, (n), {NULL, 0}})
#define DB_T(s) ((struct db_value){DB_TEXT, 0, (s)})
#define DB_B(s) ((struct db_value){DB_BLOB, 0, (s)})
#define DB_N ((struct db_value){DB_NULL, 0, {NULL, 0}})
/* Text, or NULL when the str's p is NULL. */
static inline struct db_value db_text_or_null(str s)
{
    return s.p ? DB_T(s) : DB_N;
}
/* Integer, or NULL when 0. */
static inline struct db_value db_int_or_null(int64_t n)
{
    return n ? DB_I(n) : DB_N;
}

/* A whole result, in the arena. cells[row * columns + column]. */
struct db_rows {
    size_t count;
    size_t columns;
    const struct db_value *cells;
    int64_t changed; /* rows inserted, updated or deleted */
};

/* url: "sqlite:PATH" (created when missing; PATH relative to the working folder) or
 * "postgresql://...". busy_ms: how long to wait for another writer. */
MUST_USE enum err db_open(struct fault *f, const char *url, int64_t busy_ms, struct db **ret);
/* Rolls back what is open. Accepts NULL. */
void db_close(struct db *d);

/* A read transaction sees one state; a write transaction is BEGIN IMMEDIATE or SERIALIZABLE.
 * No nesting. */
enum db_mode { DB_READ, DB_WRITE };
MUST_USE enum err db_begin(struct db *d, struct fault *f, enum db_mode mode);
/* After a failure the transaction is rolled back. */
MUST_USE enum err db_commit(struct db *d, struct fault *f);
/* Does nothing outside a transaction. */
void db_rollback(struct db *d);
int db_in_transaction(const struct db *d);
/* DB_READ when none is open. */
enum db_mode db_transaction_mode(const struct db *d);

/* Counts what may have changed: *moves grows by one after every write transaction whose commit was
 * tried, except those that said they are harmless. One counter for all connections of a process;
 * must outlive them. What is read after *moves was may be kept as long as *moves stays. */
void db_count_moves(struct db *d, _Atomic uint64_t *moves);
/* In a write transaction: nobody's right, key, credential or connection is changed by it. */
void db_moves_nothing(struct db *d);

/* One statement. db_query(d, a, f, ret, "SQL", DB_I(1), DB_T(x)) - use db_query_none for a
 * statement without arguments. */
#define db_query(d, a, f, ret, sql, ...)                                                           \
    db_run((d), (a), (f), "" sql, (const struct db_value[]){__VA_ARGS__},                          \
           sizeof((const struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value), (ret))
#define db_query_none(d, a, f, ret, sql) db_run((d), (a), (f), "" sql, NULL, 0, (ret))
MUST_USE enum err db_run(struct db *d, struct arena *a, struct fault *f, const char *sql,
                         const struct db_value *args, size_t count, struct db_rows *ret);
/* Several statements without arguments, for migrations only; not prepared. */
MUST_USE enum err db_script(struct db *d, struct fault *f, const char *sql);
/* 1 when the table exists. */
MUST_USE enum err db_has_table(struct db *d, struct fault *f, const char *name, int *ret);
/* The database's clock in milliseconds UTC, which all processes that share it agree on; moves on
 * within a transaction. */
MUST_USE enum err db_clock_ms(struct db *d, struct arena *a, struct fault *f, int64_t *ret);
/* 1 for PostgreSQL. Only migrations may ask (BLOB or BYTEA). */
int db_is_postgres(const struct db *d);

/* Cells. A NULL gives 0 or the empty str with p == NULL. Wrong kind or index aborts. */
int64_t db_int(const struct db_rows *r, size_t row, size_t column);
str db_text(const struct db_rows *r, size_t row, size_t column);
str db_blob(const struct db_rows *r, size_t row, size_t column);

#endif
