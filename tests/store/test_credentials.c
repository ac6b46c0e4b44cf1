/* The contract of store/connections.h, store/credentials.h and the drafts of store/pending.h. */
#include "connected.h"
#include "store/pending.h"
#include "store/stops.h"
#include "store/sweep.h"

static void save(struct contract *c, str id, str owner)
{
    struct credential_row row = credential(id, owner);
    contract_ok(c, store_credential_save(c->db, c->arena, &c->fault, &row));
}

static struct credential_row *own(struct contract *c, str owner)
{
    struct credential_row *row = NULL;
    contract_ok(c, store_credential_of(c->db, c->arena, &c->fault, STR("con1"), owner, &row));
    return row;
}

static void a_connection_is_found_in_its_app_only(void **state)
{
    struct contract *c = *state;
    struct connection_row row;
    seed(c);
    contract_ok(c,
                store_connection_find(c->db, c->arena, &c->fault, STR("app1"), STR("con1"), &row));
    assert_true(str_eq(row.name, STR("Jira")));
    assert_true(row.base_url.p == NULL);
    assert_int_equal(
        store_connection_find(c->db, c->arena, &c->fault, STR("app2"), STR("con1"), &row),
        ERR_NOT_FOUND);
    assert_int_equal(store_connection_delete(c->db, c->arena, &c->fault, STR("app2"), STR("con1")),
                     ERR_NOT_FOUND);
}

static void a_name_is_unique_in_its_app(void **state)
{
    struct contract *c = *state;
    seed(c);
    struct connection_row again = {.id = STR("con3"),
                                   .app = STR("app1"),
                                   .type = STR("jira_api"),
                                   .name = STR("JIRA"),
                                   .created = 1};
    assert_int_equal(store_connection_insert(c->db, c->arena, &c->fault, &again, STR("jira")),
                     ERR_CONFLICT);
}

static void a_credential_comes_back_as_it_was_saved(void **state)
{
    struct contract *c = *state;
    seed(c);
    save(c, STR("cred1"), STR("anna"));
    struct credential_row *row = own(c, STR("anna"));
    assert_non_null(row);
    assert_true(str_eq(row->sealed, STR("\1sealed\0bytes")));
    assert_true(str_eq(row->site_name, STR("acme")));
    assert_int_equal(row->expires, 0);
    assert_null(own(c, STR("bob")));
    assert_null(own(c, NONE));
}

static void one_shared_and_one_a_person(void **state)
{
    struct contract *c = *state;
    seed(c);
    save(c, STR("cred1"), STR("anna"));
    save(c, STR("cred2"), STR("bob"));
    save(c, STR("cred3"), NONE);
    struct credential_row twice = credential(STR("cred4"), STR("anna"));
    assert_int_equal(store_credential_save(c->db, c->arena, &c->fault, &twice), ERR_CONFLICT);
    twice.owner = NONE;
    assert_int_equal(store_credential_save(c->db, c->arena, &c->fault, &twice), ERR_CONFLICT);
    assert_true(str_eq(own(c, NONE)->id, STR("cred3")));
}

static void wiping_erases_and_moves_the_generation(void **state)
{
    struct contract *c = *state;
    int saved = 1;
    seed(c);
    save(c, STR("cred1"), STR("anna"));
    contract_ok(c, store_credential_wipe(c->db, c->arena, &c->fault, STR("cred1"),
                                         STR("disconnected"), NONE, 5000));
    struct credential_row *row = own(c, STR("anna"));
    assert_true(row->sealed.p == NULL);
    assert_int_equal(row->generation, 2);
    assert_true(str_eq(row->account_name, STR("Anna"))); /* the row stays */
    contract_ok(c, store_credential_checked(c->db, c->arena, &c->fault, STR("cred1"), 1,
                                            STR("connected"), NONE, 99, &saved));
    assert_int_equal(saved, 0);
    assert_true(str_eq(own(c, STR("anna"))->status, STR("disconnected")));
}

static void a_status_is_saved_for_its_generation_only(void **state)
{
    struct contract *c = *state;
    int saved = 0;
    seed(c);
    save(c, STR("cred1"), STR("anna"));
    contract_ok(c, store_credential_checked(c->db, c->arena, &c->fault, STR("cred1"), 1,
                                            STR("needs_reconnect"), STR("refused"), 99, &saved));
    assert_int_equal(saved, 1);
    assert_true(str_eq(own(c, STR("anna"))->why, STR("refused")));
    contract_ok(c, store_credential_checked(c->db, c->arena, &c->fault, STR("cred1"), 2,
                                            STR("connected"), NONE, 99, &saved));
    assert_int_equal(saved, 0);
}

static void another_base_url_wipes(void **state)
{
    struct contract *c = *state;
    int64_t lost = 0;
    seed(c);
    save(c, STR("cred1"), STR("anna"));
    contract_ok(c, store_credentials_wipe_other_origin(c->db, c->arena, &c->fault, STR("con1"),
                                                       STR("https://acme.atlassian.net"), STR("w"),
                                                       6000, &lost));
    assert_int_equal(lost, 0);
    contract_ok(c, store_credentials_wipe_other_origin(c->db, c->arena, &c->fault, STR("con1"),
                                                       STR("https://other.atlassian.net"),
                                                       STR("moved"), 6000, &lost));
    assert_int_equal(lost, 1);
    assert_true(own(c, STR("anna"))->sealed.p == NULL);
    assert_true(str_eq(own(c, STR("anna"))->why, STR("moved")));
}

/* A working credential of which something failed once, wiped each way: nobody hears of the old
 * error, and the state is new. */
static void assert_wiped_at(struct contract *c, int64_t at)
{
    const struct credential_row *row = own(c, STR("anna"));

    assert_true(row->sealed.p == NULL);
    assert_true(row->grant.p == NULL);
    assert_int_equal(row->generation, 2);
    assert_str(row->status, "needs_reconnect");
    assert_str(row->why, "w");
    assert_int_equal(row->status_since, at);
    assert_true(row->last_error.p == NULL);
    assert_int_equal(row->last_error_at, 0);
    contract_script(c, "DELETE FROM credentials");
}

static void save_one_that_failed(struct contract *c)
{
    save(c, STR("cred1"), STR("anna"));
    contract_ok(c, store_credential_failed(c->db, c->arena, &c->fault, STR("cred1"), 1,
                                           STR("It broke."), 50));
    assert_str(own(c, STR("anna"))->last_error, "It broke.");
}

static void every_wipe_says_since_when_and_forgets_the_error(void **state)
{
    struct contract *c = *state;
    struct credential_row sample = credential(STR("cred1"), STR("anna"));
    const str subjects[STOP_KINDS] = {sample.app, sample.entered_by, sample.site_id};
    int64_t n = 0;

    seed(c);
    for (int kind = 0; kind < STOP_KINDS; kind++) {
        save_one_that_failed(c);
        contract_ok(c, store_stop_wipe(c->db, c->arena, &c->fault, (enum stop_kind)kind,
                                       subjects[kind], STR("w"), 7000, &n));
        assert_int_equal(n, 1);
        assert_wiped_at(c, 7000);
    }
    save_one_that_failed(c);
    contract_ok(c, store_credentials_wipe_connection(c->db, c->arena, &c->fault, STR("con1"),
                                                     STR("w"), 7001, &n));
    assert_wiped_at(c, 7001);
    save_one_that_failed(c);
    contract_ok(c, store_credentials_wipe_other_origin(c->db, c->arena, &c->fault, STR("con1"),
                                                       STR("https://other.atlassian.net"), STR("w"),
                                                       7002, &n));
    assert_wiped_at(c, 7002);
    save_one_that_failed(c);
    contract_ok(c, store_credential_wipe(c->db, c->arena, &c->fault, STR("cred1"),
                                         STR("needs_reconnect"), STR("w"), 7003));
    assert_wiped_at(c, 7003);
}

static void costs_are_counted(void **state)
{
    struct contract *c = *state;
    int64_t credentials = 0, people = 0;
    seed(c);
    save(c, STR("cred1"), STR("anna"));
    save(c, STR("cred2"), STR("bob"));
    save(c, STR("cred3"), NONE);
    contract_ok(c, store_credentials_cost(c->db, c->arena, &c->fault, STR("app1"), STR("con1"),
                                          &credentials, &people));
    assert_int_equal(credentials, 3);
    assert_int_equal(people, 2);
    contract_ok(c, store_credentials_cost(c->db, c->arena, &c->fault, STR("app2"), NONE,
                                          &credentials, &people));
    assert_int_equal(credentials, 0);
}

static void todo_counts_what_waits_for_this_person(void **state)
{
    struct contract *c = *state;
    int64_t todo = 0;
    seed(c);
    contract_ok(
        c, store_connections_todo(c->db, c->arena, &c->fault, STR("app1"), STR("anna"), &todo));
    assert_int_equal(todo, 1);
    save(c, STR("cred1"), STR("anna"));
    contract_ok(
        c, store_connections_todo(c->db, c->arena, &c->fault, STR("app1"), STR("anna"), &todo));
    assert_int_equal(todo, 0);
    contract_ok(c,
                store_connections_todo(c->db, c->arena, &c->fault, STR("app1"), STR("bob"), &todo));
    assert_int_equal(todo, 1);
}

static void sweep(struct contract *c, int64_t now_ms, int64_t before_ms)
{
    struct sweep_terms terms = {
        .now_ms = now_ms, .erase_before = before_ms, .erased_why = STR("e")};
    str *ids = NULL;
    size_t count = 0;

    for (enum sweep_task task = SWEEP_RESTORE; task <= SWEEP_ERASE; task++) {
        contract_ok(c,
                    store_sweep_find(c->db, c->arena, &c->fault, task, &terms, 10, &ids, &count));
        for (size_t i = 0; i < count; i++)
            contract_ok(c, store_sweep_do(c->db, c->arena, &c->fault, task, &terms, ids[i]));
    }
}

static void losing_the_app_suspends_and_later_erases(void **state)
{
    struct contract *c = *state;
    seed(c);
    save(c, STR("cred1"), STR("anna"));
    save(c, STR("cred2"), STR("bob")); /* bob has no permission yet */
    save(c, STR("cred3"), NONE);
    sweep(c, 1000, 0);
    assert_int_equal(own(c, STR("anna"))->suspended, 0);
    assert_int_equal(own(c, STR("bob"))->suspended, 1000);
    assert_int_equal(own(c, NONE)->suspended, 0);

    contract_script(c, "INSERT INTO permissions (id, app_id, kind, principal, role, created)"
                       " VALUES ('p2', 'app1', 'group', 'g', 'runner', 1)");
    sweep(c, 2000, 0);
    assert_int_equal(own(c, STR("bob"))->suspended, 0);

    contract_script(c, "DELETE FROM permissions WHERE id = 'p2'");
    sweep(c, 3000, 3000);
    assert_true(own(c, STR("bob"))->sealed.p != NULL); /* since 3000: not before it */
    sweep(c, 4000, 3001);
    assert_true(own(c, STR("bob"))->sealed.p == NULL);
    assert_int_equal(own(c, STR("bob"))->generation, 2);
    assert_true(own(c, STR("anna"))->sealed.p != NULL);
    assert_true(own(c, NONE)->sealed.p != NULL);
}

static void own_rows_over_all_apps(void **state)
{
    struct contract *c = *state;
    struct own_credential_row *rows = NULL;
    size_t count = 0;
    seed(c);
    save(c, STR("cred1"), STR("anna"));
    struct credential_row other = credential(STR("cred2"), STR("anna"));
    other.app = STR("app2");
    other.connection = STR("con2");
    contract_ok(c, store_credential_save(c->db, c->arena, &c->fault, &other));
    save(c, STR("cred3"), STR("bob"));
    contract_ok(c,
                store_credentials_of_owner(c->db, c->arena, &c->fault, STR("anna"), &rows, &count));
    assert_int_equal(count, 2);
    assert_true(str_eq(rows[0].app_slug, STR("one")));
    assert_int_equal(rows[0].has_access, 1);
    assert_true(str_eq(rows[1].app_slug, STR("two")));
    assert_int_equal(rows[1].has_access, 0);
}

static void deleting_the_connection_takes_its_credentials(void **state)
{
    struct contract *c = *state;
    seed(c);
    save(c, STR("cred1"), STR("anna"));
    contract_ok(c, store_connection_delete(c->db, c->arena, &c->fault, STR("app1"), STR("con1")));
    assert_null(own(c, STR("anna")));
}

static void drafts_are_one_a_person_and_expire(void **state)
{
    struct contract *c = *state;
    str content, id;
    seed(c);
    contract_ok(c, store_draft_save(c->db, c->arena, &c->fault, STR("app1"), STR("anna"), STR("{}"),
                                    100, &id));
    str first = id;
    contract_ok(c, store_draft_save(c->db, c->arena, &c->fault, STR("app1"), STR("anna"),
                                    STR("{\"a\":1}"), 100, &id));
    assert_true(str_eq(first, id)); /* one a person and app */
    contract_ok(c, store_draft_find(c->db, c->arena, &c->fault, STR("app1"), STR("anna"), id, 99,
                                    &content));
    assert_true(str_eq(content, STR("{\"a\":1}")));
    contract_ok(
        c, store_draft_find(c->db, c->arena, &c->fault, STR("app1"), STR("bob"), id, 99, &content));
    assert_null(content.p);
    contract_ok(c, store_draft_find(c->db, c->arena, &c->fault, STR("app1"), STR("anna"), id, 100,
                                    &content));
    assert_null(content.p);
}

/* --- a switch --------------------------------------------------------------------------------- */

static void switching_moves_scope_and_counter_only(void **state)
{
    struct contract *c = *state;
    struct connection_row n;
    seed(c);
    contract_ok(c, store_connection_switch(c->db, c->arena, &c->fault, STR("con1"), 1, 7));
    contract_ok(c, store_connection_find(c->db, c->arena, &c->fault, STR("app1"), STR("con1"), &n));
    assert_int_equal(n.shared, 1);
    assert_int_equal(n.switch_counter, 7);
    n.name = STR("Renamed");
    n.shared = 0;
    n.switch_counter = 0;
    n.runners_may_request = 1;
    contract_ok(c, store_connection_update(c->db, c->arena, &c->fault, &n, STR("renamed")));
    contract_ok(c, store_connection_find(c->db, c->arena, &c->fault, STR("app1"), STR("con1"), &n));
    assert_str(n.name, "Renamed");
    assert_int_equal(n.runners_may_request, 1);
    assert_int_equal(n.shared, 1); /* an update cannot do it on the side */
    assert_int_equal(n.switch_counter, 7);
    contract_ok(c, store_connection_find(c->db, c->arena, &c->fault, STR("app2"), STR("con2"), &n));
    assert_int_equal(n.shared, 0);
    assert_int_equal(n.switch_counter, 0);
}

static void count(struct contract *c, int64_t credentials, int64_t connected)
{
    int64_t got = -1, works = -1;
    contract_ok(c, store_credentials_count(c->db, c->arena, &c->fault, STR("con1"), &got, &works));
    assert_int_equal(got, credentials);
    assert_int_equal(works, connected);
}

static void wiping_a_connection_takes_all_of_it_and_nothing_else(void **state)
{
    struct contract *c = *state;
    int64_t wiped = -1;
    int saved;
    seed(c);
    count(c, 0, 0);
    save(c, STR("cred1"), STR("anna"));
    save(c, STR("cred2"), STR("bob"));
    save(c, STR("cred3"), NONE);
    struct credential_row other = credential(STR("cred4"), STR("anna"));
    other.app = STR("app2");
    other.connection = STR("con2");
    contract_ok(c, store_credential_save(c->db, c->arena, &c->fault, &other));
    contract_ok(c, store_credential_checked(c->db, c->arena, &c->fault, STR("cred2"), 1,
                                            STR("needs_reconnect"), STR("refused"), 9, &saved));
    count(c, 3, 2);
    contract_ok(c, store_credential_wipe(c->db, c->arena, &c->fault, STR("cred3"),
                                         STR("disconnected"), NONE, 5000));
    count(c, 2, 1);
    contract_ok(c, store_credentials_wipe_connection(c->db, c->arena, &c->fault, STR("con1"),
                                                     STR("switched"), 7000, &wiped));
    assert_int_equal(wiped, 2);
    count(c, 0, 0);
    assert_true(own(c, STR("anna"))->sealed.p == NULL);
    assert_str(own(c, STR("anna"))->status, "needs_reconnect");
    assert_str(own(c, STR("bob"))->why, "switched");
    assert_int_equal(own(c, STR("bob"))->generation, 2);
    assert_str(own(c, STR("bob"))->account_name, "Anna"); /* the row stays */
    assert_str(own(c, NONE)->status, "disconnected");     /* by hand: still so */
    struct credential_row *row = NULL;
    contract_ok(c, store_credential_of(c->db, c->arena, &c->fault, STR("con2"), STR("anna"), &row));
    assert_true(row->sealed.p != NULL);
    contract_ok(c, store_credentials_wipe_connection(c->db, c->arena, &c->fault, STR("con1"),
                                                     STR("again"), 8000, &wiped));
    assert_int_equal(wiped, 0);
    assert_str(own(c, STR("bob"))->why, "switched");
}

/* --- who has connected ------------------------------------------------------------------------ */

#define PEOPLE 250

/* p000 is the last by sort key. */
static void connect_people(struct contract *c)
{
    for (int i = 0; i < PEOPLE; i++) {
        const char *id = arena_printf(c->arena, "p%03d", i).p;
        contract_script(
            c, arena_printf(c->arena,
                            "INSERT INTO users (id, email, email_key, name, sort_key, search,"
                            " workspace_admin, state, created) VALUES"
                            " ('%s', '%s@x', '%s@x', 'P', 's%03d', '', 0, 'active', 1)",
                            id, id, id, PEOPLE - 1 - i)
                   .p);
        save(c, arena_printf(c->arena, "cred-%s", id), str_from(id));
    }
}

static void people_come_page_by_page(void **state)
{
    struct contract *c = *state;
    struct connected_row *rows = NULL;
    size_t n = 0, seen = 0, pages = 0;
    str after = NONE;
    seed(c);
    connect_people(c);
    save(c, STR("shared"), NONE);
    do {
        contract_ok(c, store_credentials_people(c->db, c->arena, &c->fault, STR("con1"), after, 100,
                                                &rows, &n));
        for (size_t i = 0; i < n; i++)
            assert_str(rows[i].user, arena_printf(c->arena, "p%03zu", PEOPLE - 1 - (seen + i)).p);
        seen += n;
        pages++;
        after = n ? rows[n - 1].sort_key : NONE;
    } while (n == 100);
    assert_int_equal(seen, PEOPLE);
    assert_int_equal(pages, 3);
    contract_ok(
        c, store_credentials_people(c->db, c->arena, &c->fault, STR("con2"), NONE, 100, &rows, &n));
    assert_int_equal(n, 0);
}

static void a_person_is_shown_with_their_state(void **state)
{
    struct contract *c = *state;
    struct connected_row *rows = NULL, *common = NULL;
    size_t n = 0;
    int64_t people = -1;
    seed(c);
    contract_ok(c,
                store_credential_shared_person(c->db, c->arena, &c->fault, STR("con1"), &common));
    assert_null(common);
    save(c, STR("cred1"), STR("anna"));
    save(c, STR("cred2"), STR("bob"));
    save(c, STR("cred3"), NONE); /* entered by anna */
    contract_script(c, "UPDATE users SET state = 'disabled' WHERE id = 'bob'");
    contract_ok(
        c, store_credentials_people(c->db, c->arena, &c->fault, STR("con1"), NONE, 9, &rows, &n));
    assert_int_equal(n, 2);
    assert_str(rows[0].name, "Anna");
    assert_str(rows[0].email, "a@x");
    assert_str(rows[0].credential.id, "cred1");
    assert_str(rows[0].credential.site_name, "acme");
    assert_true(rows[0].active && rows[0].has_access);
    assert_str(rows[1].user, "bob");
    assert_false(rows[1].active || rows[1].has_access);
    contract_ok(c,
                store_credential_shared_person(c->db, c->arena, &c->fault, STR("con1"), &common));
    assert_non_null(common);
    assert_str(common->user, "anna");
    assert_str(common->credential.id, "cred3");
    assert_null(common->credential.owner.p);
    contract_ok(c, store_app_people(c->db, c->arena, &c->fault, STR("app1"), &people));
    assert_int_equal(people, 1);
    contract_script(c, "INSERT INTO permissions (id, app_id, kind, principal, role, created)"
                       " VALUES ('p2', 'app1', 'group', 'g', 'runner', 1),"
                       " ('p3', 'app1', 'user', 'bob', 'admin', 1)");
    contract_ok(c, store_app_people(c->db, c->arena, &c->fault, STR("app1"), &people));
    assert_int_equal(people, 1); /* a disabled one does not count */
    contract_script(c, "UPDATE users SET state = 'active'");
    contract_ok(c, store_app_people(c->db, c->arena, &c->fault, STR("app1"), &people));
    assert_int_equal(people, 2); /* and nobody twice */
}

int main(void)
{
    static const struct contract_case cases[] = {
        CONTRACT(a_connection_is_found_in_its_app_only),
        CONTRACT(a_name_is_unique_in_its_app),
        CONTRACT(a_credential_comes_back_as_it_was_saved),
        CONTRACT(one_shared_and_one_a_person),
        CONTRACT(wiping_erases_and_moves_the_generation),
        CONTRACT(a_status_is_saved_for_its_generation_only),
        CONTRACT(another_base_url_wipes),
        CONTRACT(every_wipe_says_since_when_and_forgets_the_error),
        CONTRACT(costs_are_counted),
        CONTRACT(todo_counts_what_waits_for_this_person),
        CONTRACT(losing_the_app_suspends_and_later_erases),
        CONTRACT(own_rows_over_all_apps),
        CONTRACT(deleting_the_connection_takes_its_credentials),
        CONTRACT(drafts_are_one_a_person_and_expire),
        CONTRACT(switching_moves_scope_and_counter_only),
        CONTRACT(wiping_a_connection_takes_all_of_it_and_nothing_else),
        CONTRACT(people_come_page_by_page),
        CONTRACT(a_person_is_shown_with_their_state),
    };
    return contract_run(cases, sizeof cases / sizeof *cases);
}
