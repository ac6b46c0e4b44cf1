/* Shared credentials: rule 3 and the table of states of product.md section 3, by
 * core/connections.h and core/credentials.h on a database. */
#include "jira.h"

static enum err switch_as(struct jira *x, const char *connection, int shared, int64_t confirm_lost,
                          struct connection_switch *ret_cost)
{
    struct work *w = jira_as(x, "anna", connection);
    struct connection_row n = jira_connection(x, connection);

    return world_end(w, connection_switch(w, &n, shared, confirm_lost, &n, ret_cost));
}

static struct connection_switch cost_of(struct jira *x, const char *connection)
{
    struct connection_row n = jira_connection(x, connection);
    struct connection_switch cost = {0};

    contract_ok(x->o.c, connection_switch_cost(jira_as(x, "anna", connection), &n, &cost));
    return cost;
}

static void says(struct jira *x, const char *connection, const char *words)
{
    str sentence = cost_of(x, connection).sentence;

    if (str_find(sentence, str_from(words)) == SIZE_MAX)
        fail_msg("\"%.*s\" says nothing of \"%s\"", STR_ARG(sentence), words);
}

static int64_t secrets(struct jira *x, const char *connection)
{
    return jira_number(x, arena_printf(x->o.c->arena,
                                       "SELECT count(*) FROM credentials WHERE connection_id ="
                                       " '%s' AND (sealed IS NOT NULL OR grant_id IS NOT NULL)",
                                       connection)
                              .p);
}

/* con1: bob and carl connected, dora disconnected again; con2: bob; a connect of anna's under way
 * on both. */
static void populate(struct jira *x, void **state)
{
    jira_open(x, state);
    jira_connect(x, "bob", "con1", "one");
    jira_connect(x, "bob", "con2", "one");
    jira_connect(x, "carl", "con1", "two");
    jira_connect(x, "dora", "con1", "three");
    assert_err(jira_disconnect(x, "dora", "con1"), ERR_OK);
    jira_sql(x, "DELETE FROM pending_connects");
    (void)jira_begin(x, "anna", "con1");
    (void)jira_begin(x, "anna", "con2");
}

static void on_takes_everybodys_out_of_use(void **state)
{
    struct jira x;
    struct connection_switch cost = {0};
    struct credential_row *row;
    str secret;

    populate(&x, state);
    contract_ok(x.o.c, switch_as(&x, "con1", 1, 2, &cost));
    assert_int_equal(cost.to_shared, 1);
    assert_int_equal(cost.credentials, 2);
    assert_int_equal(jira_connection(&x, "con1").shared, 1);
    assert_int_equal(jira_connection(&x, "con1").switch_counter, 1);
    assert_int_equal(secrets(&x, "con1"), 0);
    assert_null(jira_row(&x, "con1", NULL)); /* none was promoted */
    row = jira_row(&x, "con1", "bob");
    assert_str(row->account_id, "one"); /* the row stays */
    assert_str(row->status, "needs_reconnect");
    assert_str(row->why, "Shared credentials were switched on.");
    assert_int_equal(row->generation, 2);
    assert_str(jira_row(&x, "con1", "dora")->status, "disconnected");
    assert_int_equal(jira_number(&x, "SELECT count(*) FROM pending_connects"), 1);
    assert_int_equal(jira_number(&x, "SELECT count(*) FROM pending_connects WHERE connection_id"
                                     " = 'con2'"),
                     1);
    assert_int_equal(jira_number(&x, "SELECT count(*) FROM oauth_grants"), 1);
    contract_ok(x.o.c, jira_use(&x, "bob", "con2", &secret)); /* the other is untouched */
    assert_str(secret, "access-2");
    jira_close(&x);
}

static void off_takes_the_shared_one_out_of_use(void **state)
{
    struct jira x;
    struct connection_switch cost = {0};

    jira_open(&x, state);
    jira_switch(&x, "con1", 1);
    jira_connect(&x, "anna", "con1", "team");
    (void)jira_begin(&x, "anna", "con1");
    contract_ok(x.o.c, switch_as(&x, "con1", 0, 1, &cost));
    assert_int_equal(cost.credentials, 1);
    assert_int_equal(jira_connection(&x, "con1").shared, 0);
    assert_int_equal(jira_connection(&x, "con1").switch_counter, 2);
    assert_int_equal(secrets(&x, "con1"), 0);
    assert_str(jira_row(&x, "con1", NULL)->why, "Shared credentials were switched off.");
    assert_null(jira_row(&x, "con1", "anna"));
    assert_int_equal(jira_number(&x, "SELECT count(*) FROM pending_connects"), 0);
    assert_int_equal(jira_number(&x, "SELECT count(*) FROM oauth_grants"), 0);
    jira_close(&x);
}

static void an_api_key_goes_the_same_way(void **state)
{
    struct jira x;
    str secret;

    jira_open(&x, state);
    jira_connect_key(&x, "bob", "key1", "bobs");
    jira_switch(&x, "key1", 1);
    assert_int_equal(jira_decision(&x, "bob", "key1"), DECISION_WAIT);
    jira_connect_key(&x, "anna", "key1", "shared");
    contract_ok(x.o.c, jira_use(&x, "bob", "key1", &secret));
    assert_str(secret, "shared");
    jira_switch(&x, "key1", 0);
    assert_int_equal(secrets(&x, "key1"), 0);
    assert_int_equal(jira_decision(&x, "bob", "key1"), DECISION_RECONNECT);
    jira_close(&x);
}

static void it_is_done_only_once_its_price_is_known(void **state)
{
    struct jira x;
    struct connection_switch cost = {0};

    populate(&x, state);
    assert_err(switch_as(&x, "con1", 1, 0, &cost), ERR_CONFIRM_REQUIRED);
    assert_int_equal(cost.credentials, 2);
    assert_err(switch_as(&x, "con1", 1, 1, &cost), ERR_CONFIRM_REQUIRED);
    assert_non_null(strstr(x.o.c->fault.message, "2 people are disconnected"));
    assert_int_equal(jira_connection(&x, "con1").shared, 0);
    assert_int_equal(jira_connection(&x, "con1").switch_counter, 0);
    assert_int_equal(secrets(&x, "con1"), 2);
    assert_int_equal(jira_number(&x, "SELECT count(*) FROM pending_connects"), 2);
    contract_ok(x.o.c, switch_as(&x, "con1", 1, 2, &cost));
    jira_close(&x);
}

static void switching_to_what_it_is_does_nothing(void **state)
{
    struct jira x;
    struct connection_switch cost = {0};

    populate(&x, state);
    contract_ok(x.o.c, switch_as(&x, "con1", 0, 0, &cost));
    assert_int_equal(cost.credentials, 0);
    assert_int_equal(jira_connection(&x, "con1").switch_counter, 0);
    assert_int_equal(secrets(&x, "con1"), 2);
    jira_switch(&x, "con1", 1);
    contract_ok(x.o.c, switch_as(&x, "con1", 1, 0, &cost));
    assert_int_equal(jira_connection(&x, "con1").switch_counter, 1);
    jira_close(&x);
}

/* What was read before the transaction does not count in it. */
static void a_stale_row_of_the_connection_does_not_matter(void **state)
{
    struct jira x;
    struct connection_switch cost = {0};
    struct connection_row stale;
    struct work *w;

    jira_open(&x, state);
    stale = jira_connection(&x, "con1");
    jira_switch(&x, "con1", 1);
    jira_connect(&x, "anna", "con1", "team");
    w = jira_as(&x, "anna", "con1");
    contract_ok(x.o.c, world_end(w, connection_switch(w, &stale, 1, 0, &stale, &cost)));
    assert_int_equal(stale.switch_counter, 1);
    assert_int_equal(secrets(&x, "con1"), 1);
    w = jira_as(&x, "anna", "con1");
    stale.switch_counter = 0;
    contract_ok(x.o.c, world_end(w, connection_switch(w, &stale, 0, 1, &stale, &cost)));
    assert_int_equal(jira_connection(&x, "con1").switch_counter, 2);
    jira_close(&x);
}

static void there_and_back_revives_nothing(void **state)
{
    struct jira x;
    str secret;

    populate(&x, state);
    struct credential_row before = *jira_row(&x, "con1", "bob");
    jira_switch(&x, "con1", 1);
    jira_switch(&x, "con1", 0);
    assert_int_equal(jira_connection(&x, "con1").switch_counter, 2);
    assert_int_equal(secrets(&x, "con1"), 0);
    assert_int_equal(jira_decision(&x, "bob", "con1"), DECISION_RECONNECT);
    assert_int_equal(jira_decision(&x, "carl", "con1"), DECISION_RECONNECT);
    assert_int_equal(jira_decision(&x, "dora", "con1"), DECISION_CONNECT);
    assert_int_equal(jira_decision(&x, "anna", "con1"), DECISION_CONNECT);
    /* a test that was in flight: its word on the old generation says nothing */
    struct work *w = jira_as(&x, "bob", "con1");
    contract_ok(x.o.c, work_write(w));
    contract_ok(x.o.c, world_end(w, credentials_note(w, before.id, before.generation,
                                                     CREDENTIAL_FINE, (str){NULL, 0})));
    assert_int_equal(jira_decision(&x, "bob", "con1"), DECISION_RECONNECT);
    /* nor does a row put back from before, secret, grant and all */
    jira_connect(&x, "carl", "con2", "two");
    jira_sql(&x, "UPDATE credentials SET status = 'connected', grant_id = (SELECT id FROM"
                 " oauth_grants WHERE account_id = 'one') WHERE connection_id = 'con1'");
    before.grant = jira_row(&x, "con1", "bob")->grant;
    contract_ok(x.o.c, store_credential_save(x.o.c->db, x.o.c->arena, &x.o.c->fault, &before));
    assert_err(jira_use(&x, "bob", "con1", &secret), ERR_NEEDS_RECONNECT);
    jira_connect(&x, "bob", "con1", "one");
    contract_ok(x.o.c, jira_use(&x, "bob", "con1", &secret));
    assert_int_equal(jira_decision(&x, "carl", "con1"), DECISION_RECONNECT);
    jira_close(&x);
}

/* product.md section 3, "What a row shows": anna is the admin, bob connected first, carl never. */
static void the_table_of_states(void **state)
{
    struct jira x;
    str admin, secret;

    jira_open(&x, state);
    assert_int_equal(jira_decision(&x, "anna", "con1"), DECISION_CONNECT); /* own, none */
    assert_int_equal(jira_decision(&x, "bob", "con1"), DECISION_CONNECT);
    assert_err(jira_use(&x, "bob", "con1", &secret), ERR_CONNECTION_REQUIRED);
    jira_connect(&x, "anna", "con1", "boss"); /* own, has one */
    jira_connect(&x, "bob", "con1", "one");
    contract_ok(x.o.c, jira_use(&x, "anna", "con1", &admin));
    contract_ok(x.o.c, jira_use(&x, "bob", "con1", &secret));
    assert_str(admin, "access-1");
    assert_str(secret, "access-2");
    assert_err(jira_use(&x, "carl", "con1", &secret), ERR_CONNECTION_REQUIRED);

    jira_switch(&x, "con1", 1); /* just switched; shared, none */
    assert_int_equal(jira_decision(&x, "anna", "con1"), DECISION_CONNECT);
    assert_int_equal(jira_decision(&x, "bob", "con1"), DECISION_WAIT);
    assert_int_equal(jira_decision(&x, "carl", "con1"), DECISION_WAIT);
    assert_err(jira_use(&x, "anna", "con1", &secret), ERR_CONNECTION_REQUIRED);
    assert_err(jira_use(&x, "bob", "con1", &secret), ERR_CONNECTION_REQUIRED);
    jira_connect(&x, "anna", "con1", "team"); /* shared, entered */
    contract_ok(x.o.c, jira_use(&x, "anna", "con1", &admin));
    contract_ok(x.o.c, jira_use(&x, "carl", "con1", &secret));
    assert_str(admin, "access-3");
    assert_str(secret, "access-3");
    assert_err(jira_disconnect(&x, "bob", "con1"), ERR_NOT_APP_ADMIN);

    jira_switch(&x, "con1", 0); /* just switched back */
    assert_int_equal(jira_decision(&x, "anna", "con1"), DECISION_RECONNECT);
    assert_int_equal(jira_decision(&x, "bob", "con1"), DECISION_RECONNECT);
    assert_int_equal(jira_decision(&x, "carl", "con1"), DECISION_CONNECT);
    assert_err(jira_use(&x, "bob", "con1", &secret), ERR_NEEDS_RECONNECT);

    jira_switch(&x, "con1", 1); /* and again: there was a shared one once */
    assert_int_equal(jira_decision(&x, "anna", "con1"), DECISION_RECONNECT);
    assert_int_equal(jira_decision(&x, "carl", "con1"), DECISION_WAIT);
    jira_close(&x);
}

static void a_runner_connects_no_shared_one(void **state)
{
    struct jira x;
    struct authorize_claim claim;

    jira_open(&x, state);
    contract_ok(x.o.c, jira_claim(&x, "bob", jira_begin(&x, "bob", "con1"), &claim));
    jira_sql(&x, "UPDATE connections SET shared = 1 WHERE id = 'con1'"); /* the counter stays */
    assert_err(jira_save(&x, "bob", &claim, "one", NULL), ERR_NOT_APP_ADMIN);
    assert_null(jira_row(&x, "con1", NULL));
    jira_done(&claim);
    assert_err(jira_claim(&x, "bob", jira_begin(&x, "bob", "con1"), &claim), ERR_NOT_APP_ADMIN);
    jira_close(&x);
}

static void the_sentence_names_the_numbers(void **state)
{
    struct jira x;

    jira_open(&x, state);
    says(&x, "con1", "Nobody has connected yet");
    jira_connect(&x, "bob", "con1", "one");
    says(&x, "con1", "1 person is disconnected");
    jira_connect(&x, "carl", "con1", "two");
    says(&x, "con1", "2 people are disconnected");
    jira_sql(&x, "UPDATE credentials SET status = 'needs_reconnect' WHERE owner = 'bob'");
    assert_int_equal(cost_of(&x, "con1").credentials, 2);
    assert_int_equal(cost_of(&x, "con1").connected, 1);
    jira_switch(&x, "con1", 1);
    says(&x, "con1", "No shared credentials are stored");
    jira_connect(&x, "anna", "con1", "team");
    says(&x, "con1", "The shared credentials of team on One are erased. 4 people are without");
    jira_close(&x);
}

/* Who has connected, as core pages it: the shared one first, then everybody with a row. */
static void who_has_connected(void **state)
{
    struct jira x;
    struct connected_row *rows = NULL;
    size_t count = 0, seen = 0;
    str next = STR("");

    jira_open(&x, state);
    jira_connect(&x, "bob", "con1", "one");
    jira_switch(&x, "con1", 1);
    jira_connect(&x, "anna", "con1", "team");
    for (int i = 0; i < 250; i++)
        jira_sql(&x, arena_printf(x.o.c->arena,
                                  "INSERT INTO users (id, email, email_key, name, sort_key,"
                                  " search, workspace_admin, state, created) VALUES ('u%03d',"
                                  " 'u%03d', 'u%03d', 'U', 'zz%03d', '', 0, 'active', 1);"
                                  "INSERT INTO credentials (id, app_id, connection_id, owner,"
                                  " entered_by, switch_counter, generation, status, account_id,"
                                  " account_name, username, site_id, entered_origin, origin,"
                                  " base_path, since) VALUES ('c%03d', 'sun', 'con1', 'u%03d',"
                                  " 'x', 0, 1, 'needs_reconnect', 'a', 'A', '', 'cloud-1', '',"
                                  " '', '', 1)",
                                  i, i, i, i, i, i)
                         .p);
    struct connection_row n = jira_connection(&x, "con1");
    struct work *w = jira_as(&x, "anna", "con1");
    for (int page = 0; page < 3; page++) {
        contract_ok(x.o.c, credentials_people(w, &n, next, &rows, &count, &next));
        if (page == 0) {
            assert_str(rows[0].user, "anna");
            assert_null(rows[0].credential.owner.p);
            assert_str(rows[1].user, "bob");
        }
        assert_int_equal(count, page == 0 ? 101 : page == 1 ? 100 : 51);
        assert_int_equal(next.p != NULL, page < 2);
        seen += count;
    }
    assert_int_equal(seen, 252);
    assert_str(rows[count - 1].user, "u249");
    jira_close(&x);
}

/* --- properties ------------------------------------------------------------------------------- */

static void a_fixed_base_url_takes_others_out_of_use(void **state)
{
    struct jira x;
    struct connection_properties p = {.name = STR("con1"),
                                      .base_url = STR("https://one.test"),
                                      .base_url_fixed = 1,
                                      .runners_may_request = 1};
    struct connection_row n;
    struct work *w;
    int64_t lost = -1;

    populate(&x, state);
    n = jira_connection(&x, "con1");
    w = jira_as(&x, "anna", "con1");
    contract_ok(x.o.c, world_end(w, connection_update(w, &n, &p, &n, &lost)));
    assert_int_equal(lost, 0); /* all are of that site */
    assert_int_equal(jira_connection(&x, "con1").runners_may_request, 1);
    p.base_url = STR("https://two.test");
    w = jira_as(&x, "anna", "con1");
    contract_ok(x.o.c, world_end(w, connection_update(w, &n, &p, &n, &lost)));
    assert_int_equal(lost, 2);
    assert_int_equal(secrets(&x, "con1"), 0);
    assert_int_equal(jira_number(&x, "SELECT count(*) FROM oauth_grants"), 1);
    assert_int_equal(jira_decision(&x, "bob", "con2"), DECISION_USE);
    jira_close(&x);
}

int main(void)
{
    static const struct contract_case cases[] = {
        CONTRACT(on_takes_everybodys_out_of_use),
        CONTRACT(off_takes_the_shared_one_out_of_use),
        CONTRACT(an_api_key_goes_the_same_way),
        CONTRACT(it_is_done_only_once_its_price_is_known),
        CONTRACT(switching_to_what_it_is_does_nothing),
        CONTRACT(a_stale_row_of_the_connection_does_not_matter),
        CONTRACT(there_and_back_revives_nothing),
        CONTRACT(the_table_of_states),
        CONTRACT(a_runner_connects_no_shared_one),
        CONTRACT(the_sentence_names_the_numbers),
        CONTRACT(who_has_connected),
        CONTRACT(a_fixed_base_url_takes_others_out_of_use),
    };

    return contract_run(cases, COUNT_OF(cases));
}
