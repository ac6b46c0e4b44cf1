/* db/migrate.h on both databases. */
#include "contract.h"

#include <pthread.h>

#include "db/migrate.h"

static const struct migration scripts[] = {
    {1, "one", "CREATE TABLE t1 (id TEXT PRIMARY KEY, raw BLOB);\nCREATE TABLE t1b (BLOBBY TEXT);",
     "sum one"},
    {2, "two", "CREATE TABLE t2 (id TEXT); INSERT INTO t2 (id) VALUES ('x');", "sum two"},
    {3, "three", "CREATE TABLE t3 (id TEXT); INSERT INTO nowhere (id) VALUES ('x');", "sum three"},
};

/* The harness has applied the real ones; these start from nothing. */
static void forget(struct contract *c)
{
    contract_script(c, "DROP TABLE schema_migrations");
}

static int has_table(struct contract *c, const char *name)
{
    int there = 0;

    contract_ok(c, db_has_table(c->db, &c->fault, name, &there));
    return there;
}

static void applies_what_is_new(void **state)
{
    struct contract *c = *state;
    struct db_rows rows;
    int applied = 7;

    forget(c);
    contract_ok(c, db_migrate(c->db, &c->fault, scripts, 1, &applied));
    assert_int_equal(applied, 1);
    contract_ok(c, db_migrate(c->db, &c->fault, scripts, 2, &applied));
    assert_int_equal(applied, 1);
    contract_ok(c, db_migrate(c->db, &c->fault, scripts, 2, &applied));
    assert_int_equal(applied, 0);
    contract_ok(c, db_query(c->db, c->arena, &c->fault, &rows,
                            "INSERT INTO t1 (id, raw) VALUES ($1, $2) RETURNING raw",
                            DB_T(STR("a")), DB_B(STR("\0"))));
    assert_int_equal(db_blob(&rows, 0, 0).n, 1);
    contract_ok(c, db_query_none(c->db, c->arena, &c->fault, &rows, "SELECT blobby FROM t1b"));
    contract_ok(c, db_query_none(c->db, c->arena, &c->fault, &rows,
                                 "SELECT version, name, checksum FROM schema_migrations"
                                 " ORDER BY version"));
    assert_int_equal(rows.count, 2);
    assert_str(db_text(&rows, 1, 1), "two");
    assert_str(db_text(&rows, 1, 2), "sum two");
}

static void leaves_nothing_of_a_script_that_fails(void **state)
{
    struct contract *c = *state;
    struct db_rows rows;
    int applied = 7;

    forget(c);
    assert_int_not_equal(db_migrate(c->db, &c->fault, scripts, 3, &applied), ERR_OK);
    assert_int_equal(applied, 7);
    assert_false(db_in_transaction(c->db));
    assert_true(has_table(c, "t2"));
    assert_false(has_table(c, "t3"));
    contract_ok(c, db_query_none(c->db, c->arena, &c->fault, &rows,
                                 "SELECT count(*) FROM schema_migrations"));
    assert_int_equal(db_int(&rows, 0, 0), 2);
}

static void refuses_an_edited_script(void **state)
{
    struct contract *c = *state;
    struct migration edited[] = {scripts[0], scripts[1]};
    int applied;

    forget(c);
    contract_ok(c, db_migrate(c->db, &c->fault, scripts, 1, &applied));
    edited[0].checksum = "sum other";
    assert_int_equal(db_migrate(c->db, &c->fault, edited, 2, &applied), ERR_CONFIG);
    assert_false(has_table(c, "t2"));
}

static void refuses_a_newer_database(void **state)
{
    struct contract *c = *state;
    int applied;

    forget(c);
    contract_ok(c, db_migrate(c->db, &c->fault, scripts, 2, &applied));
    assert_int_equal(db_migrate(c->db, &c->fault, scripts, 1, &applied), ERR_CONFIG);
    assert_non_null(strstr(c->fault.message, "newer"));
}

struct starter {
    struct db *db;
    struct fault fault;
    enum err e;
    int applied;
    pthread_t thread;
};

static void *start(void *arg)
{
    struct starter *s = arg;

    s->e = db_migrate(s->db, &s->fault, scripts, 2, &s->applied);
    return NULL;
}

static void several_may_start_at_once(void **state)
{
    struct contract *c = *state;
    struct starter starters[6] = {0};
    int applied = 0;

    forget(c);
    for (size_t i = 0; i < COUNT_OF(starters); i++)
        starters[i].db = contract_connect(c, 5000);
    for (size_t i = 0; i < COUNT_OF(starters); i++)
        assert_int_equal(pthread_create(&starters[i].thread, NULL, start, &starters[i]), 0);
    for (size_t i = 0; i < COUNT_OF(starters); i++) {
        assert_int_equal(pthread_join(starters[i].thread, NULL), 0);
        c->fault = starters[i].fault;
        contract_ok(c, starters[i].e);
        applied += starters[i].applied;
        db_close(starters[i].db);
    }
    assert_int_equal(applied, 2);
}

/* Every script of this version, twice, and nothing the second time. */
static void embedded_ones_are_in_order(void **state)
{
    struct contract *c = *state;
    size_t count;
    const struct migration *all = migrations_embedded(&count);
    int applied = 7;

    assert_true(count >= 1);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(all[i].version, i + 1);
        assert_int_equal(strlen(all[i].checksum), 64);
    }
    contract_ok(c, db_migrate(c->db, &c->fault, all, count, &applied));
    assert_int_equal(applied, 0);
}

int main(void)
{
    static const struct contract_case cases[] = {
        CONTRACT(applies_what_is_new),       CONTRACT(leaves_nothing_of_a_script_that_fails),
        CONTRACT(refuses_an_edited_script),  CONTRACT(refuses_a_newer_database),
        CONTRACT(several_may_start_at_once), CONTRACT(embedded_ones_are_in_order),
    };

    return contract_run(cases, sizeof cases / sizeof *cases);
}
