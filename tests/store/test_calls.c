/* store/calls.h on both databases: groups are found in their order, from any place on; an app takes
 * its records along; old ones are swept. */
#include "people.h"
#include "store/calls.h"

static void insert(struct contract *c, const char *id, const char *app, int64_t first, int64_t last)
{
    struct call_group_row row = {.id = str_from(id),
                                 .app = str_from(app),
                                 .first_at = first,
                                 .last_at = last,
                                 .calls = STR("{}")};

    contract_ok(c, store_call_group_insert(STORE(c), &row));
}

/* The ids of what is found, joined. */
static const char *found(struct contract *c, const char *app, int64_t until, int64_t last_at,
                         const char *id, int64_t limit)
{
    struct call_group_place place = {last_at, str_from(id)};
    struct call_group_row *rows = NULL;
    size_t n = 0;
    str ids = STR("");

    contract_ok(c, store_call_groups_list(STORE(c), str_from(app), until, place, limit, &rows, &n));
    for (size_t i = 0; i < n; i++) {
        assert_str(rows[i].app, app);
        assert_str(rows[i].calls, "{}");
        ids = arena_printf(c->arena, "%.*s%.*s", STR_ARG(ids), STR_ARG(rows[i].id));
    }
    return ids.p;
}

static void begin(struct contract *c)
{
    add_app(c, "desk");
    add_app(c, "other");
    contract_ok(c, db_begin(c->db, &c->fault, DB_WRITE));
    insert(c, "b", "desk", 1000, 2000);
    insert(c, "d", "desk", 1500, 2500);
    insert(c, "a", "desk", 1900, 2500);
    insert(c, "c", "desk", 2600, 2700);
    insert(c, "e", "other", 1000, 3000);
    insert(c, "f", "gone", 1000, 2000); /* no such app */
    contract_ok(c, db_commit(c->db, &c->fault));
}

static void finds_groups_in_order_behind_a_place(void **state)
{
    struct contract *c = *state;

    begin(c);
    assert_string_equal(found(c, "desk", 9000, 9000, "", 10), "cdab");
    assert_string_equal(found(c, "desk", 9000, 9000, "", 2), "cd");
    assert_string_equal(found(c, "desk", 9000, 2500, "d", 2), "ab");
    assert_string_equal(found(c, "desk", 9000, 2500, "", 10), "b");
    assert_string_equal(found(c, "desk", 1500, 9000, "", 10), "db"); /* began until then */
    assert_string_equal(found(c, "other", 9000, 9000, "", 10), "e");
    assert_string_equal(found(c, "gone", 9000, 9000, "", 10), "");
}

static void goes_with_time_and_with_its_app(void **state)
{
    struct contract *c = *state;

    begin(c);
    contract_ok(c, store_call_groups_delete_before(STORE(c), 2500));
    assert_string_equal(found(c, "desk", 9000, 9000, "", 10), "cda");
    contract_ok(c, store_call_groups_delete_before(STORE(c), 2701));
    assert_string_equal(found(c, "desk", 9000, 9000, "", 10), "");
    assert_string_equal(found(c, "other", 9000, 9000, "", 10), "e");
    contract_script(c, "DELETE FROM apps WHERE id = 'other'");
    assert_string_equal(found(c, "other", 9000, 9000, "", 10), "");
}

/* What decisions are kept by (db_count_moves): every commit counts, but for what says it moves
 * nothing, and for what only read. */
static void commits_move_the_epoch(void **state)
{
    struct contract *c = *state;
    _Atomic uint64_t moves = 0;

    db_count_moves(c->db, &moves);
    contract_ok(c, db_begin(c->db, &c->fault, DB_READ));
    contract_ok(c, db_commit(c->db, &c->fault));
    assert_int_equal(moves, 0);
    contract_ok(c, db_begin(c->db, &c->fault, DB_WRITE));
    add_user(c, "anna", USER_ACTIVE);
    assert_int_equal(moves, 0);
    contract_ok(c, db_commit(c->db, &c->fault));
    assert_int_equal(moves, 1);
    contract_ok(c, db_begin(c->db, &c->fault, DB_WRITE));
    db_moves_nothing(c->db);
    contract_ok(c, db_commit(c->db, &c->fault));
    assert_int_equal(moves, 1);
    contract_ok(c, db_begin(c->db, &c->fault, DB_WRITE));
    db_rollback(c->db);
    assert_int_equal(moves, 1);
    contract_ok(c, db_begin(c->db, &c->fault, DB_WRITE));
    contract_ok(c, db_commit(c->db, &c->fault));
    assert_int_equal(moves, 2); /* a leniency of one transaction is not the next one's */
}

int main(void)
{
    static const struct contract_case cases[] = {
        CONTRACT(finds_groups_in_order_behind_a_place),
        CONTRACT(goes_with_time_and_with_its_app),
        CONTRACT(commits_move_the_epoch),
    };

    return contract_run(cases, COUNT_OF(cases));
}
