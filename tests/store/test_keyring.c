/* The contract of store/keyring.h. */
#include "contract.h"
#include "store/keyring.h"

static void inserts_and_lists_oldest_first(void **state)
{
    struct contract *c = *state;
    struct keyring_row second = {STR("b"), STR("\0\x01raw"), 1, 2000};
    struct keyring_row first = {STR("z"), STR("w"), 0, 1000};
    struct keyring_row *rows;
    size_t count;

    contract_ok(c, store_keyring_insert(c->db, c->arena, &c->fault, &second));
    contract_ok(c, store_keyring_insert(c->db, c->arena, &c->fault, &first));
    contract_ok(c, store_keyring_list(c->db, c->arena, &c->fault, &rows, &count));
    assert_int_equal(count, 2);
    assert_true(str_eq(rows[0].id, STR("z")));
    assert_true(str_eq(rows[1].wrapped, STR("\0\x01raw")));
    assert_int_equal(rows[0].active, 0);
    assert_int_equal(rows[1].active, 1);
    assert_int_equal(rows[1].created, 2000);
}

static void refuses_an_id_twice(void **state)
{
    struct contract *c = *state;
    struct keyring_row row = {STR("b"), STR("w"), 1, 2000};

    contract_ok(c, store_keyring_insert(c->db, c->arena, &c->fault, &row));
    assert_int_equal(store_keyring_insert(c->db, c->arena, &c->fault, &row), ERR_CONFLICT);
}

static void lists_nothing_without_the_table(void **state)
{
    struct contract *c = *state;
    struct keyring_row *rows;
    size_t count = 7;

    contract_script(c, "DROP TABLE keyring");
    contract_ok(c, store_keyring_list(c->db, c->arena, &c->fault, &rows, &count));
    assert_int_equal(count, 0);
}

int main(void)
{
    static const struct contract_case cases[] = {
        CONTRACT(inserts_and_lists_oldest_first),
        CONTRACT(refuses_an_id_twice),
        CONTRACT(lists_nothing_without_the_table),
    };

    return contract_run(cases, sizeof cases / sizeof *cases);
}
