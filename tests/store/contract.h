/* The store's contract: every case runs on a fresh, migrated SQLite file and on a fresh schema of
 * PostgreSQL (where MORTISE_TEST_POSTGRES names one; without it that half is one skipped case).
 *
 *   static void finds_what_was_inserted(void **state)
 *   {
 *       struct contract *c = *state;
 *       assert_int_equal(store_user_insert(c->db, c->arena, &c->fault, ...), ERR_OK);
 *   }
 *   int main(void)
 *   {
 *       static const struct contract_case cases[] = {CONTRACT(finds_what_was_inserted)};
 *       return contract_run(cases, sizeof cases / sizeof *cases);
 *   }
 *
 * Test programs only. One thread, except that each thread may use its own contract_connect().
 */
#ifndef CONTRACT_H
#define CONTRACT_H

#include "support.h"

#include "base/arena.h"
#include "base/err.h"
#include "db/db.h"

struct contract {
    const char *kind;   /* "sqlite" or "postgres" */
    const char *url;    /* for further connections */
    const char *folder; /* empty but for the SQLite file; gone after the case */
    struct db *db;      /* migrated */
    struct arena *arena;
    struct fault fault;
};

struct contract_case {
    const char *name;
    void (*run)(void **state);
};
#define CONTRACT(function)                                                                         \
    {                                                                                              \
#function, function                                                                        \
    }

/* For main(): the number of failed cases. */
int contract_run(const struct contract_case *cases, size_t count);

/* Another connection to the same database; the caller closes it. Waits busy_ms for a writer. */
struct db *contract_connect(const struct contract *c, int64_t busy_ms);

/* Runs SQL that is not a query of the store's (rows moved by hand, faults). */
void contract_script(struct contract *c, const char *sql);

/* assert_int_equal(e, ERR_OK) that shows the fault. */
#define contract_ok(c, e) contract_ok_at((c), (e), __FILE__, __LINE__)
void contract_ok_at(const struct contract *c, enum err e, const char *file, int line);

#endif
