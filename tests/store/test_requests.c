/* store/requests.h on both databases: names are unique in an app, a change counts once, and a
 * request outlives its connection. */
#include "connected.h"
#include "people.h"
#include "store/requests.h"

static struct request_row row_of(const char *id, const char *app, const char *name)
{
    return (struct request_row){.id = str_from(id),
                                .app = str_from(app),
                                .name = str_from(name),
                                .document = STR("{}"),
                                .version = 1,
                                .created = 1,
                                .changed = 2};
}

static enum err insert(struct contract *c, const char *id, const char *app, const char *name,
                       const char *key)
{
    struct request_row row = row_of(id, app, name);

    return store_request_insert(STORE(c), &row, str_from(key));
}

static void begin(struct contract *c)
{
    add_app(c, "desk");
    add_app(c, "other");
    contract_ok(c, insert(c, "r1", "desk", "Find", "find"));
    contract_ok(c, insert(c, "r2", "desk", "Add", "add"));
    contract_ok(c, insert(c, "r3", "other", "Find", "find"));
}

static void finds_by_id_and_by_name(void **state)
{
    struct contract *c = *state;
    struct request_row row, *rows = NULL;
    size_t count = 0;

    begin(c);
    assert_int_equal(insert(c, "r4", "desk", "FIND", "find"), ERR_CONFLICT);
    contract_ok(c, store_request_find(STORE(c), STR("desk"), STR("r1"), STR("r1"), &row));
    assert_str(row.name, "Find");
    contract_ok(c, store_request_find(STORE(c), STR("desk"), STR("find"), STR("find"), &row));
    assert_str(row.id, "r1");
    assert_null(row.connection.p);
    assert_int_equal(store_request_find(STORE(c), STR("desk"), STR("r3"), STR("r3"), &row),
                     ERR_NOT_FOUND);
    contract_ok(c, store_requests_list(STORE(c), STR("desk"), &rows, &count));
    assert_int_equal(count, 2);
    assert_str(rows[0].name, "Add");
    assert_str(rows[1].name, "Find");
}

static void changes_what_was_read(void **state)
{
    struct contract *c = *state;
    struct request_row row = row_of("r1", "desk", "Find");
    int done = 0;

    begin(c);
    row.document = STR("{\"a\":1}");
    contract_ok(c, store_request_update(STORE(c), &row, &done));
    assert_true(done);
    contract_ok(c, store_request_update(STORE(c), &row, &done)); /* version 1 is gone */
    assert_false(done);
    row.app = STR("other");
    row.version = 2;
    contract_ok(c, store_request_update(STORE(c), &row, &done));
    assert_false(done);
    contract_ok(c, store_request_find(STORE(c), STR("desk"), STR("r1"), STR(""), &row));
    assert_int_equal(row.version, 2);
    assert_str(row.document, "{\"a\":1}");
    contract_ok(c, store_request_delete(STORE(c), STR("other"), STR("r1"), &done));
    assert_false(done);
    contract_ok(c, store_request_delete(STORE(c), STR("desk"), STR("r1"), &done));
    assert_true(done);
}

static void outlives_its_connection(void **state)
{
    struct contract *c = *state;
    struct request_row row = row_of("r9", "app1", "Find");

    seed(c);
    row.connection = STR("con1");
    contract_ok(c, store_request_insert(STORE(c), &row, STR("find")));
    contract_ok(c, store_request_find(STORE(c), STR("app1"), STR("r9"), STR(""), &row));
    assert_non_null(row.connection_name.p);
    contract_script(c, "DELETE FROM connections WHERE id = 'con1'");
    contract_ok(c, store_request_find(STORE(c), STR("app1"), STR("r9"), STR(""), &row));
    assert_null(row.connection.p);
    assert_null(row.connection_name.p);
}

int main(void)
{
    static const struct contract_case cases[] = {
        CONTRACT(finds_by_id_and_by_name),
        CONTRACT(changes_what_was_read),
        CONTRACT(outlives_its_connection),
    };

    return contract_run(cases, COUNT_OF(cases));
}
