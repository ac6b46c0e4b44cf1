/* db/db.h on both databases: what handlers rely on without knowing which one it is. */
#include "contract.h"

#include <stdio.h>

#include "base/clock.h"

#define RUN(c, rows, sql, ...)                                                                     \
    contract_ok((c), db_query((c)->db, (c)->arena, &(c)->fault, (rows), sql, __VA_ARGS__))
#define RUN_NONE(c, rows, sql)                                                                     \
    contract_ok((c), db_query_none((c)->db, (c)->arena, &(c)->fault, (rows), sql))

static void make_tables(struct contract *c)
{
    int postgres = db_is_postgres(c->db);

    contract_script(c, "CREATE TABLE parents (id TEXT PRIMARY KEY, number BIGINT)");
    contract_script(c, postgres ? "CREATE TABLE children (id TEXT PRIMARY KEY, raw BYTEA,"
                                  " parent TEXT NOT NULL REFERENCES parents (id))"
                                : "CREATE TABLE children (id TEXT PRIMARY KEY, raw BLOB,"
                                  " parent TEXT NOT NULL REFERENCES parents (id))");
    contract_script(c, "INSERT INTO parents (id, number) VALUES ('a', 1), ('b', 1)");
}

static int64_t count_parents(struct contract *c, struct db *d)
{
    struct db_rows rows;

    contract_ok(c, db_query_none(d, c->arena, &c->fault, &rows, "SELECT count(*) FROM parents"));
    return db_int(&rows, 0, 0);
}

static void gives_back_what_was_stored(void **state)
{
    struct contract *c = *state;
    struct db_rows rows;
    str raw = STR("\0\x01\xff'\\x00\\");

    make_tables(c);
    RUN(c, &rows, "INSERT INTO parents (id, number) VALUES ($1, $2), ($3, $4), ($5, $6)",
        DB_T(STR("")), DB_I(INT64_MIN), DB_T(STR("\xf0\x9f\x9a\x80 it's \"quoted\" \\x41")),
        DB_I(INT64_MAX), DB_T(STR("nothing")), DB_N);
    assert_int_equal(rows.changed, 3);
    RUN(c, &rows, "INSERT INTO children (id, raw, parent) VALUES ($1, $2, $3), ($4, $5, $6)",
        DB_T(STR("full")), DB_B(raw), DB_T(STR("a")), DB_T(STR("void")), DB_B(STR("")),
        DB_T(STR("a")));
    RUN(c, &rows, "SELECT id, number FROM parents WHERE number <> $1 ORDER BY number", DB_I(1));
    assert_int_equal(rows.count, 2);
    assert_int_equal(rows.columns, 2);
    assert_str(db_text(&rows, 0, 0), "");
    assert_non_null(db_text(&rows, 0, 0).p);
    assert_true(db_int(&rows, 0, 1) == INT64_MIN);
    assert_str(db_text(&rows, 1, 0), "\xf0\x9f\x9a\x80 it's \"quoted\" \\x41");
    assert_true(db_int(&rows, 1, 1) == INT64_MAX);
    RUN(c, &rows, "SELECT number, NULL FROM parents WHERE id = $1", DB_T(STR("nothing")));
    assert_int_equal(db_int(&rows, 0, 0), 0);
    assert_null(db_text(&rows, 0, 1).p);
    RUN_NONE(c, &rows, "SELECT raw FROM children ORDER BY id");
    assert_true(str_eq(db_blob(&rows, 0, 0), raw));
    assert_int_equal(db_blob(&rows, 1, 0).n, 0);
    assert_non_null(db_blob(&rows, 1, 0).p);
}

static void tells_how_many_changed(void **state)
{
    struct contract *c = *state;
    struct db_rows rows;

    make_tables(c);
    RUN(c, &rows, "UPDATE parents SET number = $1", DB_I(5));
    assert_int_equal(rows.changed, 2);
    RUN(c, &rows, "DELETE FROM parents WHERE id = $1", DB_T(STR("nobody")));
    assert_int_equal(rows.changed, 0);
    RUN_NONE(c, &rows, "SELECT id FROM parents");
    assert_int_equal(rows.changed, 0);
    RUN(c, &rows, "INSERT INTO parents (id, number) VALUES ($1, 2) RETURNING number + 1",
        DB_T(STR("c")));
    assert_int_equal(rows.changed, 1);
    assert_int_equal(db_int(&rows, 0, 0), 3);
}

static void names_each_kind_of_failure(void **state)
{
    static const struct {
        const char *sql;
        enum err e;
    } table[] = {
        {"INSERT INTO parents (id, number) VALUES ('a', 2)", ERR_CONFLICT},
        {"INSERT INTO children (id, parent) VALUES ('x', 'nobody')", ERR_CONFLICT},
        {"INSERT INTO children (id, parent) VALUES ('x', NULL)", ERR_INTERNAL},
        {"SELECT nonsense FROM parents", ERR_INTERNAL},
        {"SELECT 0.5 * number FROM parents", ERR_INTERNAL},
    };
    struct contract *c = *state;
    struct db_rows rows;

    make_tables(c);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        fault_clear(&c->fault);
        assert_int_equal(db_run(c->db, c->arena, &c->fault, table[i].sql, NULL, 0, &rows),
                         table[i].e);
        assert_int_equal(c->fault.code, table[i].e);
        assert_true(c->fault.detail[0] != '\0');
    }
    assert_int_equal(count_parents(c, c->db), 2);
}

static void refuses_what_is_not_text(void **state)
{
    struct contract *c = *state;
    struct db_rows rows;

    make_tables(c);
    assert_int_equal(db_query(c->db, c->arena, &c->fault, &rows,
                              "INSERT INTO parents (id) VALUES ($1)", DB_T(STR("\xff"))),
                     ERR_INTERNAL);
    assert_int_equal(db_query(c->db, c->arena, &c->fault, &rows,
                              "INSERT INTO parents (id) VALUES ($1)", DB_T(STR("a\0b"))),
                     ERR_INTERNAL);
    assert_int_equal(count_parents(c, c->db), 2);
}

static void keeps_a_failure_to_the_end(void **state)
{
    struct contract *c = *state;
    struct db_rows rows;
    struct db *other = contract_connect(c, 100);

    make_tables(c);
    contract_ok(c, db_begin(c->db, &c->fault, DB_WRITE));
    RUN_NONE(c, &rows, "INSERT INTO parents (id) VALUES ('first')");
    assert_int_equal(
        db_query_none(c->db, c->arena, &c->fault, &rows, "INSERT INTO parents (id) VALUES ('a')"),
        ERR_CONFLICT);
    assert_int_equal(db_query_none(c->db, c->arena, &c->fault, &rows,
                                   "INSERT INTO parents (id) VALUES ('second')"),
                     ERR_CONFLICT);
    assert_int_equal(db_script(c->db, &c->fault, "DELETE FROM parents"), ERR_CONFLICT);
    fault_clear(&c->fault);
    assert_int_equal(db_commit(c->db, &c->fault), ERR_CONFLICT);
    assert_int_equal(c->fault.code, ERR_CONFLICT);
    assert_false(db_in_transaction(c->db));
    assert_int_equal(count_parents(c, other), 2);
    contract_ok(c, db_begin(c->db, &c->fault, DB_WRITE));
    RUN_NONE(c, &rows, "INSERT INTO parents (id) VALUES ('third')");
    contract_ok(c, db_commit(c->db, &c->fault));
    assert_int_equal(count_parents(c, other), 3);
    db_close(other);
}

static void rolls_back(void **state)
{
    struct contract *c = *state;
    struct db_rows rows;

    make_tables(c);
    db_rollback(c->db);
    contract_ok(c, db_begin(c->db, &c->fault, DB_WRITE));
    assert_int_equal(db_transaction_mode(c->db), DB_WRITE);
    RUN_NONE(c, &rows, "DELETE FROM parents");
    db_rollback(c->db);
    assert_false(db_in_transaction(c->db));
    assert_int_equal(db_transaction_mode(c->db), DB_READ);
    assert_int_equal(count_parents(c, c->db), 2);
}

static void reads_one_state(void **state)
{
    struct contract *c = *state;
    struct db *writer = contract_connect(c, 1000);
    struct db_rows rows;

    make_tables(c);
    contract_ok(c, db_begin(c->db, &c->fault, DB_READ));
    assert_int_equal(count_parents(c, c->db), 2);
    contract_ok(c, db_query_none(writer, c->arena, &c->fault, &rows, "DELETE FROM parents"));
    assert_int_equal(count_parents(c, c->db), 2);
    assert_int_equal(db_query_none(c->db, c->arena, &c->fault, &rows,
                                   "INSERT INTO parents (id) VALUES ('x')") == ERR_OK,
                     0);
    db_rollback(c->db);
    assert_int_equal(count_parents(c, c->db), 0);
    db_close(writer);
}

/* Takes one admin away when there are two; the second of two such transactions must not see the
 * first one's two. */
static enum err remove_one(struct contract *c, struct db *d, str id)
{
    struct db_rows rows;

    enum err e = db_begin(d, &c->fault, DB_WRITE);
    if (e)
        return e;
    e = db_query_none(d, c->arena, &c->fault, &rows,
                      "SELECT count(*) FROM parents WHERE number = 1");
    if (!e && db_int(&rows, 0, 0) == 2)
        e = db_query(d, c->arena, &c->fault, &rows, "UPDATE parents SET number = 0 WHERE id = $1",
                     DB_T(id));
    return e;
}

static void lets_one_of_two_deciders_win(void **state)
{
    struct contract *c = *state;
    struct db *other = contract_connect(c, 100);
    struct db_rows rows;

    make_tables(c);
    contract_ok(c, remove_one(c, c->db, STR("a")));
    enum err e = remove_one(c, other, STR("b"));
    contract_ok(c, db_commit(c->db, &c->fault));
    if (!e)
        e = db_commit(other, &c->fault);
    assert_true(e == ERR_RETRY || e == ERR_STORAGE_BUSY);
    db_rollback(other);
    contract_ok(c, remove_one(c, other, STR("b")));
    contract_ok(c, db_commit(other, &c->fault));
    RUN_NONE(c, &rows, "SELECT count(*) FROM parents WHERE number = 1");
    assert_int_equal(db_int(&rows, 0, 0), 1);
    db_close(other);
}

static void waits_for_a_writer_no_longer_than_told(void **state)
{
    struct contract *c = *state;
    struct db *other = contract_connect(c, 200);
    struct db_rows rows;

    make_tables(c);
    contract_ok(c, db_begin(c->db, &c->fault, DB_WRITE));
    RUN_NONE(c, &rows, "UPDATE parents SET number = 9 WHERE id = 'a'");
    int64_t before = clock_monotonic_ms();
    enum err e = db_begin(other, &c->fault, DB_WRITE);
    if (!e)
        e = db_query_none(other, c->arena, &c->fault, &rows,
                          "UPDATE parents SET number = 8 WHERE id = 'a'");
    int64_t took = clock_monotonic_ms() - before;
    assert_int_equal(e, ERR_STORAGE_BUSY);
    assert_true(took >= 150 && took < 5000);
    db_close(other);
}

/* More statements than the cache holds, and one address with changing text. */
static void finds_the_right_statement(void **state)
{
    struct contract *c = *state;
    struct db_rows rows;
    static char texts[1000][64];
    char same[64];

    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 1000; i++) {
            (void)snprintf(texts[i], sizeof texts[i], "SELECT %d", i);
            contract_ok(c, db_run(c->db, c->arena, &c->fault, texts[i], NULL, 0, &rows));
            assert_int_equal(db_int(&rows, 0, 0), i);
            (void)snprintf(same, sizeof same, "SELECT %d", -i);
            contract_ok(c, db_run(c->db, c->arena, &c->fault, same, NULL, 0, &rows));
            assert_int_equal(db_int(&rows, 0, 0), -i);
        }
    }
}

static void read_wrong_kind(void *arg)
{
    (void)db_text(arg, 0, 0);
}

static void read_outside(void *arg)
{
    (void)db_int(arg, 1, 0);
}

static void aborts_on_wrong_cells(void **state)
{
    struct contract *c = *state;
    struct db_rows rows;

    RUN_NONE(c, &rows, "SELECT 1");
    assert_true(aborts(read_wrong_kind, &rows));
    assert_true(aborts(read_outside, &rows));
}

static void knows_its_tables(void **state)
{
    struct contract *c = *state;
    int there = 7;

    contract_ok(c, db_has_table(c->db, &c->fault, "users", &there));
    assert_int_equal(there, 1);
    contract_ok(c, db_has_table(c->db, &c->fault, "nonsense", &there));
    assert_int_equal(there, 0);
}

/* PostgreSQL only: the server ends the connection, as at its restart. */
static void cut_off(struct contract *c, struct db *victim)
{
    struct db_rows rows;

    contract_ok(c, db_query_none(victim, c->arena, &c->fault, &rows,
                                 "SELECT CAST(pg_backend_pid() AS BIGINT)"));
    RUN(c, &rows, "SELECT pg_terminate_backend(CAST($1 AS INTEGER), 5000)",
        DB_I(db_int(&rows, 0, 0)));
    assert_int_equal(db_int(&rows, 0, 0), 1);
}

static void opens_a_lost_connection_again(void **state)
{
    struct contract *c = *state;
    struct db_rows rows;

    if (!db_is_postgres(c->db))
        return;
    struct db *victim = contract_connect(c, 1000);
    make_tables(c);
    cut_off(c, victim);
    assert_int_equal(count_parents(c, victim), 2);
    cut_off(c, victim);
    contract_ok(c, db_begin(victim, &c->fault, DB_WRITE));
    cut_off(c, victim);
    assert_int_equal(db_query_none(victim, c->arena, &c->fault, &rows, "DELETE FROM parents"),
                     ERR_STORAGE_FAILED);
    assert_int_equal(db_commit(victim, &c->fault), ERR_STORAGE_FAILED);
    assert_int_equal(count_parents(c, victim), 2);
    contract_ok(c, db_begin(victim, &c->fault, DB_WRITE));
    contract_ok(c, db_query_none(victim, c->arena, &c->fault, &rows, "DELETE FROM parents"));
    cut_off(c, victim);
    assert_int_equal(db_commit(victim, &c->fault), ERR_STORAGE_FAILED);
    assert_non_null(strstr(c->fault.message, "may have been"));
    db_close(victim);
}

static void expect_setting(struct contract *c, struct db *d, const char *sql, const char *value)
{
    struct db_rows rows;

    contract_ok(c, db_run(d, c->arena, &c->fault, sql, NULL, 0, &rows));
    assert_str(db_text(&rows, 0, 0), value);
}

/* PostgreSQL only: where the defaults may lose the last commits in a crash, ours are kept, those of
 * a connection opened again too. A URL's options stand above the role's and the server's. */
static void commits_are_on_disk_whatever_the_defaults_are(void **state)
{
    static const char relaxed[] = "%20-csynchronous_commit%3Doff%20-cwork_mem%3D1234kB";
    struct contract *c = *state;
    struct contract there = *c;

    if (!db_is_postgres(c->db))
        return;
    there.url = arena_printf(c->arena, "%s%s", c->url, relaxed).p;
    struct db *d = contract_connect(&there, 1000);
    expect_setting(c, d, "SHOW work_mem", "1234kB"); /* the options were heard */
    expect_setting(c, d, "SHOW synchronous_commit", "on");
    cut_off(c, d);
    expect_setting(c, d, "SHOW work_mem", "1234kB");
    expect_setting(c, d, "SHOW synchronous_commit", "on");
    db_close(d);
}

int main(void)
{
    static const struct contract_case cases[] = {
        CONTRACT(gives_back_what_was_stored),
        CONTRACT(tells_how_many_changed),
        CONTRACT(names_each_kind_of_failure),
        CONTRACT(refuses_what_is_not_text),
        CONTRACT(keeps_a_failure_to_the_end),
        CONTRACT(rolls_back),
        CONTRACT(reads_one_state),
        CONTRACT(lets_one_of_two_deciders_win),
        CONTRACT(waits_for_a_writer_no_longer_than_told),
        CONTRACT(finds_the_right_statement),
        CONTRACT(aborts_on_wrong_cells),
        CONTRACT(knows_its_tables),
        CONTRACT(opens_a_lost_connection_again),
        CONTRACT(commits_are_on_disk_whatever_the_defaults_are),
    };

    return contract_run(cases, sizeof cases / sizeof *cases);
}
