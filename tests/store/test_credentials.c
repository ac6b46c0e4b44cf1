/* The contract of store/connections.h, store/credentials.h and store/pending.h. */
#include "contract.h"
#include "store/connections.h"
#include "store/credentials.h"
#include "store/pending.h"

static const str NONE = {NULL, 0};

/* Two people, two apps, a connection in each, a group with bob in it; anna is a runner of app 1. */
static void seed(struct contract *c)
{
    contract_script(
        c, "INSERT INTO users (id, email, email_key, name, sort_key, search, workspace_admin, "
           "state, created) VALUES"
           " ('anna', 'a@x', 'a@x', 'Anna', 'anna', '', 0, 'active', 1),"
           " ('bob', 'b@x', 'b@x', 'Bob', 'bob', '', 0, 'active', 1);"
           "INSERT INTO apps (id, slug, name, sort_key, search, description, created) VALUES"
           " ('app1', 'one', 'One', 'one', '', '', 1), ('app2', 'two', 'Two', 'two', '', '', 1);"
           "INSERT INTO groups (id, name, name_key, sort_key, description, created) VALUES"
           " ('g', 'G', 'g', 'g', '', 1);"
           "INSERT INTO group_members (group_id, user_id, created) VALUES ('g', 'bob', 1);"
           "INSERT INTO permissions (id, app_id, kind, principal, role, created) VALUES"
           " ('p1', 'app1', 'user', 'anna', 'runner', 1);"
           "INSERT INTO sites (id, url, name, last_seen) VALUES"
           " ('cloud-1', 'https://acme.atlassian.net', 'acme', 1)");
    struct connection_row one = {.id = STR("con1"),
                                 .app = STR("app1"),
                                 .type = STR("jira_api"),
                                 .name = STR("Jira"),
                                 .created = 1,
                                 .created_by = STR("anna")};
    struct connection_row two = {.id = STR("con2"),
                                 .app = STR("app2"),
                                 .type = STR("jira_api"),
                                 .name = STR("Jira"),
                                 .created = 1};
    contract_ok(c, store_connection_insert(c->db, c->arena, &c->fault, &one, STR("jira")));
    contract_ok(c, store_connection_insert(c->db, c->arena, &c->fault, &two, STR("jira")));
}

static struct credential_row credential(str id, str owner)
{
    return (struct credential_row){
        .id = id,
        .app = STR("app1"),
        .connection = STR("con1"),
        .owner = owner,
        .entered_by = STR("anna"),
        .generation = 1,
        .status = STR("connected"),
        .account_id = STR("5b10"),
        .account_name = STR("Anna"),
        .username = STR("anna@acme.example"),
        .site_id = STR("cloud-1"),
        .entered_origin = STR("https://acme.atlassian.net"),
        .origin = STR("https://acme.atlassian.net"),
        .base_path = STR(""),
        .sealed = STR("\1sealed\0bytes"),
        .since = 10,
    };
}

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
                                         STR("disconnected"), NONE));
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
                                                       &lost));
    assert_int_equal(lost, 0);
    contract_ok(c, store_credentials_wipe_other_origin(c->db, c->arena, &c->fault, STR("con1"),
                                                       STR("https://other.atlassian.net"),
                                                       STR("moved"), &lost));
    assert_int_equal(lost, 1);
    assert_true(own(c, STR("anna"))->sealed.p == NULL);
    assert_true(str_eq(own(c, STR("anna"))->why, STR("moved")));
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
    contract_ok(c, store_credentials_restore_found(c->db, c->arena, &c->fault));
    contract_ok(c, store_credentials_suspend_lost(c->db, c->arena, &c->fault, now_ms));
    contract_ok(c,
                store_credentials_erase_suspended(c->db, c->arena, &c->fault, before_ms, STR("e")));
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

static void questions_and_drafts_expire(void **state)
{
    struct contract *c = *state;
    struct pending_row found;
    int deleted = 0;
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
    assert_int_equal(store_pending_find(c->db, c->arena, &c->fault, STR("h"), 5, &found),
                     ERR_NOT_FOUND);
    contract_ok(c, store_pending_delete(c->db, c->arena, &c->fault, STR("none"), &deleted));
    assert_int_equal(deleted, 0);
}

static void a_question_is_found_until_it_expires(void **state)
{
    struct contract *c = *state;
    struct pending_row found;
    int deleted = 0;
    struct db_rows r;
    seed(c);
    contract_ok(c, db_query(c->db, c->arena, &c->fault, &r,
                            "INSERT INTO sessions (id, token_hmac, user_id, agent, created,"
                            " last_seen, expires) VALUES ('ses', $1, 'anna', '', 1, 1, 9)",
                            DB_B(STR("t"))));
    struct pending_row row = {.id = STR("pen"),
                              .confirm_hmac = STR("hmac"),
                              .app = STR("app1"),
                              .connection = STR("con1"),
                              .user = STR("anna"),
                              .session = STR("ses"),
                              .generation = 3,
                              .found = STR("{}"),
                              .sealed = STR("s"),
                              .until = 50};
    contract_ok(c, store_pending_insert(c->db, c->arena, &c->fault, &row));
    contract_ok(c, store_pending_find(c->db, c->arena, &c->fault, STR("hmac"), 49, &found));
    assert_int_equal(found.generation, 3);
    assert_int_equal(store_pending_find(c->db, c->arena, &c->fault, STR("hmac"), 50, &found),
                     ERR_NOT_FOUND);
    contract_ok(c, store_pending_delete(c->db, c->arena, &c->fault, STR("pen"), &deleted));
    assert_int_equal(deleted, 1);
    contract_ok(c, store_pending_delete(c->db, c->arena, &c->fault, STR("pen"), &deleted));
    assert_int_equal(deleted, 0);
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
        CONTRACT(costs_are_counted),
        CONTRACT(todo_counts_what_waits_for_this_person),
        CONTRACT(losing_the_app_suspends_and_later_erases),
        CONTRACT(own_rows_over_all_apps),
        CONTRACT(deleting_the_connection_takes_its_credentials),
        CONTRACT(questions_and_drafts_expire),
        CONTRACT(a_question_is_found_until_it_expires),
    };
    return contract_run(cases, sizeof cases / sizeof *cases);
}
