/* store/actions.h and store/runs.h on both databases: an action changes once from what was read; a
 * run is ended once; calls are on file in their order, and the last word on each counts. */
#include "people.h"
#include "store/actions.h"
#include "store/runs.h"

static struct action_row action_named(const char *id, const char *app, const char *slug)
{
    return (struct action_row){.id = str_from(id),
                               .app = str_from(app),
                               .slug = str_from(slug),
                               .name = str_from(slug),
                               .description = STR(""),
                               .enabled = 1,
                               .draft = STR("{}"),
                               .draft_version = 1,
                               .created = 1,
                               .changed = 1};
}

static enum err add_action(struct contract *c, const char *id, const char *app, const char *slug)
{
    struct action_row row = action_named(id, app, slug);

    return store_action_insert(STORE(c), &row, str_from(slug));
}

static void add_run(struct contract *c, const char *id, const char *app, const char *action,
                    const char *user, int64_t started)
{
    struct run_row row = {.id = str_from(id),
                          .app = str_from(app),
                          .action = str_from(action),
                          .action_name = STR("Name"),
                          .applied_version = 1,
                          .user = user ? str_from(user) : (str){NULL, 0},
                          .user_name = STR("Anna"),
                          .source = STR("api"),
                          .status = STR("running"),
                          .inputs = STR("{}"),
                          .started = started,
                          .beat = started};

    contract_ok(c, store_run_insert(STORE(c), &row));
}

static void begin(struct contract *c)
{
    add_app(c, "desk");
    add_app(c, "other");
    contract_ok(c, add_action(c, "a1", "desk", "find"));
    contract_ok(c, add_action(c, "a2", "desk", "add"));
    contract_ok(c, add_action(c, "a3", "other", "find"));
    add_run(c, "r1", "desk", "a1", "anna", 100);
    add_run(c, "r2", "desk", "a1", "bob", 200);
    add_run(c, "r3", "desk", "a2", NULL, 300);
    add_run(c, "r4", "other", "a3", "anna", 400);
}

static void an_action_is_found_and_changed_once(void **state)
{
    struct contract *c = *state;
    struct action_row row, *rows = NULL;
    size_t count = 0;
    int done = 0;

    begin(c);
    assert_int_equal(add_action(c, "a9", "desk", "find"), ERR_CONFLICT);
    contract_ok(c, store_action_find(STORE(c), STR("desk"), STR("find"), STR("-"), &row));
    assert_str(row.id, "a1");
    contract_ok(c, store_action_find(STORE(c), STR("desk"), STR("-"), STR("add"), &row));
    assert_str(row.id, "a2");
    assert_int_equal(store_action_find(STORE(c), STR("desk"), STR("a3"), STR("a3"), &row),
                     ERR_NOT_FOUND);
    contract_ok(c, store_actions_list(STORE(c), STR("desk"), &rows, &count));
    assert_int_equal(count, 2);
    assert_null(rows[0].draft.p);
    row = action_named("a1", "desk", "find");
    row.applied = STR("{\"a\":1}");
    row.applied_version = 1;
    row.draft_version = 2;
    contract_ok(c, store_action_update(STORE(c), &row, STR("find"), 1, &done));
    assert_true(done);
    contract_ok(c, store_action_update(STORE(c), &row, STR("find"), 1, &done));
    assert_false(done);
    contract_ok(c, store_action_find(STORE(c), STR("desk"), STR("a1"), STR("-"), &row));
    assert_str(row.applied, "{\"a\":1}");
    assert_int_equal(row.applied_from, 0);
    contract_ok(c, store_action_delete(STORE(c), STR("other"), STR("a1"), &done));
    assert_false(done);
}

/* The ids, joined. */
static const char *listed(struct contract *c, const struct run_filter *f, int64_t limit)
{
    struct run_row *rows = NULL;
    size_t count = 0;
    str ids = STR("");

    contract_ok(c, store_runs_list(STORE(c), STR("desk"), f, limit, &rows, &count));
    for (size_t i = 0; i < count; i++)
        ids = arena_printf(c->arena, "%.*s%.*s", STR_ARG(ids), STR_ARG(rows[i].id));
    return arena_cstring(c->arena, ids);
}

static void runs_are_listed_by_what_is_asked_for(void **state)
{
    struct contract *c = *state;

    begin(c);
    assert_string_equal(listed(c, &(struct run_filter){0}, 9), "r3r2r1");
    assert_string_equal(listed(c, &(struct run_filter){0}, 2), "r3r2");
    assert_string_equal(listed(c, &(struct run_filter){.before = STR("r3")}, 9), "r2r1");
    assert_string_equal(listed(c, &(struct run_filter){.action = STR("a1")}, 9), "r2r1");
    assert_string_equal(listed(c, &(struct run_filter){.user = STR("anna")}, 9), "r1");
    assert_string_equal(listed(c, &(struct run_filter){.status = STR("stopped")}, 9), "");
    assert_string_equal(listed(c, &(struct run_filter){.source = STR("api")}, 9), "r3r2r1");
    assert_string_equal(listed(c, &(struct run_filter){.from = 200}, 9), "r3r2");
    assert_string_equal(listed(c, &(struct run_filter){.from = 100, .until = 300}, 9), "r2r1");
}

static void what_somebody_ran_last_is_known(void **state)
{
    struct contract *c = *state;
    int64_t writes = 7;

    begin(c);
    contract_ok(c, store_run_last_writes(STORE(c), STR("a1"), STR("anna"), &writes));
    assert_int_equal(writes, 0);
    contract_ok(c, store_run_last_writes(STORE(c), STR("a2"), STR("anna"), &writes));
    assert_int_equal(writes, -1);
    contract_script(c, "UPDATE runs SET writes = 3 WHERE id = 'r1'");
    contract_ok(c, store_run_last_writes(STORE(c), STR("a1"), STR("anna"), &writes));
    assert_int_equal(writes, 3);
    contract_script(c, "UPDATE runs SET dry = 1 WHERE id = 'r1'");
    contract_ok(c, store_run_last_writes(STORE(c), STR("a1"), STR("anna"), &writes));
    assert_int_equal(writes, -1);
}

static void a_run_is_ended_once(void **state)
{
    struct contract *c = *state;
    struct run_row row = {0};
    int64_t count = 0;
    int done = 0;

    begin(c);
    contract_ok(c, store_run_find(STORE(c), STR("desk"), STR("r1"), &row));
    assert_str(row.action_slug, "find");
    assert_int_equal(store_run_find(STORE(c), STR("other"), STR("r1"), &row), ERR_NOT_FOUND);
    row.calls_done = 5;
    row.beat = 1000;
    contract_ok(c, store_run_progress(STORE(c), &row, &done));
    assert_true(done);
    contract_ok(c, store_runs_interrupt(STORE(c), 500, STR("why"), 2000, &count));
    assert_int_equal(count, 3);
    row.status = STR("successful");
    row.outputs = STR("[]");
    row.ended = 3000;
    contract_ok(c, store_run_end(STORE(c), &row, &done));
    assert_true(done);
    contract_ok(c, store_run_end(STORE(c), &row, &done));
    assert_false(done);
    contract_ok(c, store_run_progress(STORE(c), &row, &done));
    assert_false(done);
    contract_ok(c, store_run_find(STORE(c), STR("desk"), STR("r2"), &row));
    assert_str(row.status, "interrupted");
    assert_str(row.sentence, "why");
    contract_ok(c, store_runs_expire(STORE(c), 2500));
    assert_string_equal(listed(c, &(struct run_filter){0}, 9), "r1");
    contract_script(c, "DELETE FROM actions WHERE id = 'a1'");
    contract_ok(c, store_run_find(STORE(c), STR("desk"), STR("r1"), &row));
    assert_null(row.action.p);
    assert_str(row.action_name, "Name");
}

static struct run_call_row call_of(const char *run, int64_t number, const char *state)
{
    return (struct run_call_row){.run = str_from(run),
                                 .number = number,
                                 .app = STR("desk"),
                                 .step = STR("Step"),
                                 .state = str_from(state),
                                 .is_write = 1,
                                 .connection_name = STR("n"),
                                 .account = STR("a"),
                                 .site = STR("s"),
                                 .method = STR("PUT"),
                                 .template = STR("/t"),
                                 .path = STR("/p"),
                                 .request_body = STR("{}"),
                                 .began = 5};
}

static void calls_are_in_their_order_and_the_last_word_counts(void **state)
{
    struct contract *c = *state;
    struct run_call_row row, *rows = NULL;
    size_t count = 0;

    begin(c);
    for (int64_t n = 3; n >= 1; n--) {
        row = call_of("r1", n, "sending");
        contract_ok(c, store_run_call_put(STORE(c), &row));
    }
    row = call_of("r1", 2, "done");
    row.status = 204;
    row.sentence = STR("fine");
    row.ms = 7;
    row.changes = STR("[]");
    contract_ok(c, store_run_call_put(STORE(c), &row));
    contract_ok(c, store_run_calls(STORE(c), STR("r1"), 0, 9, &rows, &count));
    assert_int_equal(count, 3);
    assert_str(rows[0].state, "sending");
    assert_int_equal(rows[0].status, 0);
    assert_str(rows[1].state, "done");
    assert_int_equal(rows[1].status, 204);
    assert_str(rows[1].sentence, "fine");
    assert_int_equal(rows[1].ms, 7);
    row = call_of("r1", 4, "dry");
    row.changes = STR("[1]");
    contract_ok(c, store_run_call_put(STORE(c), &row));
    contract_ok(c, store_run_calls(STORE(c), STR("r1"), 3, 9, &rows, &count));
    assert_int_equal(count, 1);
    assert_str(rows[0].changes, "[1]");
    contract_ok(c, store_run_calls(STORE(c), STR("r1"), 1, 1, &rows, &count));
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].number, 2);
    contract_script(c, "DELETE FROM runs WHERE id = 'r1'");
    contract_ok(c, store_run_calls(STORE(c), STR("r1"), 0, 9, &rows, &count));
    assert_int_equal(count, 0);
}

int main(void)
{
    static const struct contract_case cases[] = {
        CONTRACT(an_action_is_found_and_changed_once),
        CONTRACT(runs_are_listed_by_what_is_asked_for),
        CONTRACT(what_somebody_ran_last_is_known),
        CONTRACT(a_run_is_ended_once),
        CONTRACT(calls_are_in_their_order_and_the_last_word_counts),
    };

    return contract_run(cases, COUNT_OF(cases));
}
