/* What a driver gives to db.c; included by src/db only. A driver's connection begins with struct
 * db. db.c keeps the state of the transaction, so that both databases behave alike:
 *
 *   CLOSED -> begin -> OPEN -> commit/rollback -> CLOSED
 *   OPEN -> a statement fails -> FAILED: every statement and the commit answer the first failure
 *   again (PostgreSQL does so by itself, SQLite would go on); commit and rollback -> CLOSED
 */
#ifndef DB_DRIVER_INT_H
#define DB_DRIVER_INT_H

#include "db/db.h"

struct db_driver {
    /* Ends what is open, frees d. */
    void (*close)(struct db *d);
    enum err (*begin)(struct db *d, struct fault *f, enum db_mode mode);
    /* Closed afterwards, whatever it returns. */
    enum err (*commit)(struct db *d, struct fault *f);
    void (*rollback)(struct db *d);
    /* Arguments are checked: text is UTF-8 without U+0000. */
    enum err (*run)(struct db *d, struct arena *a, struct fault *f, const char *sql,
                    const struct db_value *args, size_t count, struct db_rows *ret);
    enum err (*script)(struct db *d, struct fault *f, const char *sql);
    /* Milliseconds since 1970 UTC. */
    const char *clock;
    /* Counts the tables named $1. */
    const char *has_table;
    /* One migration at a time among all processes; NULL where write transactions do that. */
    const char *lock;
    const char *unlock;
    int is_postgres;
};

enum db_state { DB_CLOSED, DB_OPEN, DB_FAILED };

struct db {
    const struct db_driver *driver;
    enum db_state state;
    enum db_mode mode;
    struct fault failure; /* the first, while FAILED */
    _Atomic uint64_t *moves;
    int moves_nothing; /* this transaction */
};

MUST_USE enum err sqlite_open(struct fault *f, const char *path, int64_t busy_ms, struct db **ret);
MUST_USE enum err postgres_open(struct fault *f, const char *url, int64_t busy_ms, struct db **ret);

/* Rows that arrive one by one: a growing array of cells in an arena. */
struct db_cells {
    struct arena *arena;
    struct db_value *cells;
    size_t used;
    size_t room;
};
struct db_value *db_cells_add(struct db_cells *c, size_t count);

#endif
