/* store/calls.h on both databases: what is written is found again by every filter, page by page; an
 * app takes its records along; old ones are swept. */
#include "people.h"
#include "store/calls.h"

static struct call_row row_of(const char *id, const char *app, int64_t status, const char *issue)
{
    return (struct call_row){
        .id = str_from(id),
        .app = str_from(app),
        .connection = STR("con"),
        .connection_name = STR("Jira"),
        .key = STR("key"),
        .key_name = STR("Key"),
        .user = STR("anna"),
        .credential = STR("cred"),
        .method = STR("GET"),
        .template = STR("/rest/api/3/issue/{issue}"),
        .issue = str_from(issue),
        .status = status,
        .came = 1000 + status,
        .ms = 12,
    };
}

static size_t found(struct contract *c, const char *app, struct call_filter f, str *ret_first)
{
    struct call_row *rows = NULL;
    size_t n = 0;
    str *const texts[] = {&f.connection, &f.key, &f.user, &f.issue, &f.before};

    for (size_t i = 0; i < COUNT_OF(texts); i++)
        *texts[i] = texts[i]->p ? *texts[i] : STR("");
    contract_ok(c, store_calls_list(STORE(c), str_from(app), &f, 2, &rows, &n));
    if (ret_first)
        *ret_first = n ? rows[0].id : STR("");
    return n;
}

static void begin(struct contract *c)
{
    const struct call_row rows[] = {row_of("1", "desk", 200, "A-1"), row_of("2", "desk", 404, NULL),
                                    row_of("3", "desk", 0, "A-2"), row_of("4", "gone", 200, NULL)};

    add_app(c, "desk");
    add_user(c, "anna", USER_ACTIVE);
    contract_ok(c, db_begin(c->db, &c->fault, DB_WRITE));
    contract_ok(c, store_calls_insert(STORE(c), rows, COUNT_OF(rows)));
    contract_ok(c, db_commit(c->db, &c->fault));
}

static void finds_by_every_filter(void **state)
{
    struct contract *c = *state;
    str first;

    begin(c);
    assert_int_equal(found(c, "desk", (struct call_filter){0}, &first), 2);
    assert_str(first, "3");
    assert_int_equal(found(c, "desk", (struct call_filter){.before = STR("2")}, &first), 1);
    assert_str(first, "1");
    assert_int_equal(found(c, "desk", (struct call_filter){.issue = STR("A-1")}, &first), 1);
    assert_str(first, "1");
    assert_int_equal(
        found(c, "desk", (struct call_filter){.status_from = 400, .status_to = 499}, &first), 1);
    assert_str(first, "2");
    assert_int_equal(found(c, "desk", (struct call_filter){.key = STR("other")}, NULL), 0);
    assert_int_equal(found(c, "desk", (struct call_filter){.user = STR("anna")}, NULL), 2);
    assert_int_equal(found(c, "desk", (struct call_filter){.connection = STR("con")}, NULL), 2);
    assert_int_equal(found(c, "gone", (struct call_filter){0}, NULL), 0); /* no such app */
}

static void goes_with_time_and_with_its_app(void **state)
{
    struct contract *c = *state;
    str first;

    begin(c);
    contract_ok(c, store_calls_delete_before(STORE(c), 1300));
    assert_int_equal(found(c, "desk", (struct call_filter){0}, &first), 1);
    assert_str(first, "2");
    contract_script(c, "DELETE FROM apps WHERE id = 'desk'");
    assert_int_equal(found(c, "desk", (struct call_filter){0}, NULL), 0);
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
        CONTRACT(finds_by_every_filter),
        CONTRACT(goes_with_time_and_with_its_app),
        CONTRACT(commits_move_the_epoch),
    };

    return contract_run(cases, COUNT_OF(cases));
}
