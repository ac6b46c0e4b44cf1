/* core/oauth_clients.h: which client is in force, and what a change of it costs. */
#include "core/sweep.h"
#include "jira.h"

static struct oauth_client client_of(struct jira *x, const char *connection)
{
    struct work *w = jira_as(x, "anna", connection ? connection : "con1");
    struct connection_row n = {0};
    struct oauth_client client = {0};

    if (connection)
        n = jira_connection(x, connection);
    contract_ok(x->o.c, oauth_client_of(w, connection ? &n : NULL, &client));
    return client;
}

static void assert_client(struct jira *x, const char *connection, enum oauth_client_source source,
                          const char *client_id)
{
    struct oauth_client client = client_of(x, connection);

    assert_int_equal(client.source, source);
    assert_str(client.client_id, client_id);
}

static void own_before_workspace_before_environment(void **state)
{
    struct jira x;

    jira_open(&x, state);
    assert_client(&x, "con1", OAUTH_CLIENT_ENVIRONMENT, "env-client");
    assert_str(client_of(&x, "con1").scopes, "read:jira-work");
    (void)jira_client(&x, "con1", "own");
    assert_client(&x, "con1", OAUTH_CLIENT_OWN, "own");
    assert_client(&x, "con2", OAUTH_CLIENT_ENVIRONMENT, "env-client");
    (void)jira_client(&x, NULL, "ws");
    assert_client(&x, "con1", OAUTH_CLIENT_OWN, "own");
    assert_client(&x, "con2", OAUTH_CLIENT_WORKSPACE, "ws");
    assert_client(&x, NULL, OAUTH_CLIENT_WORKSPACE, "ws");
    jira_sql(&x, "DELETE FROM oauth_clients");
    x.o.settings.jira_client_id = STR("");
    assert_client(&x, "con1", OAUTH_CLIENT_NONE, "");
    x.o.settings.jira_client_id = (str){NULL, 0};
    assert_client(&x, NULL, OAUTH_CLIENT_NONE, "");
    jira_close(&x);
}

static void for_all_at_once_it_is_the_same(void **state)
{
    struct jira x;
    struct connection_row *rows = NULL;
    struct oauth_client *all = NULL;
    size_t count = 0;

    jira_open(&x, state);
    (void)jira_client(&x, "con1", "own");
    (void)jira_client(&x, "con3", "elsewhere");
    for (int round = 0; round < 2; round++) {
        struct work *w = jira_as(&x, "bob", "con1");
        contract_ok(x.o.c, connections_list(w, &rows, &count));
        assert_int_equal(count, 4);
        contract_ok(x.o.c, oauth_client_of_all(w, rows, count, &all));
        for (size_t i = 0; i < count; i++) {
            struct oauth_client one;
            contract_ok(x.o.c, oauth_client_of(w, &rows[i], &one));
            assert_int_equal(all[i].source, one.source);
            assert_true(str_eq(all[i].client_id, one.client_id));
        }
        (void)jira_client(&x, NULL, "ws");
    }
    jira_close(&x);
}

static void opening_gives_what_a_call_needs(void **state)
{
    struct jira x;
    struct provider_client open = {0};
    struct oauth_client client;

    jira_open(&x, state);
    x.o.settings.public_url = STR("https://mortise.test//");
    (void)jira_client(&x, NULL, "ws");
    client = client_of(&x, "con1");
    contract_ok(x.o.c, oauth_client_open(jira_as(&x, "bob", "con1"), &client, &open));
    assert_str(open.client_id, "ws");
    assert_str(secret_expose(&open.client_secret), "s3cret");
    assert_str(open.redirect_uri, "https://mortise.test/oauth/callback");
    assert_str(open.scopes, "read:jira-work");
    secret_wipe(&open.client_secret);
    client = (struct oauth_client){OAUTH_CLIENT_NONE, STR(""), STR(""), NULL};
    assert_err(oauth_client_open(jira_as(&x, "bob", "con1"), &client, &open), ERR_TYPE_UNAVAILABLE);
    jira_close(&x);
}

static void scopes_as_people_type_them(void **state)
{
    static const struct {
        const char *entered;
        const char *expected; /* NULL: refused */
    } table[] = {
        {"read:jira-work", "read:jira-work"},
        {"  a,b ,\t c\r\nd  ", "a b c d"},
        {"a a b a", "a b"},
        {"offline_access a", "a"},
        {"a offline_access b", "a b"},
        {"offline_access", NULL}, /* which is always asked for, and is nothing of Jira's */
        {" , ", NULL},
        {"", "read:jira-work"},
        {" \n", "read:jira-work"},
        {"a;\"b\"", NULL},
        {"a \\ b", NULL},
        {"caf\xc3\xa9", NULL},
        {"read:jira-work write:jira-work manage:jira-webhook",
         "read:jira-work write:jira-work manage:jira-webhook"},
    };
    struct jira x;
    str scopes, many;

    jira_open(&x, state);
    struct work *w = jira_as(&x, "anna", "con1");
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        enum err e = oauth_scopes_read(w, str_from(table[i].entered), &scopes);
        assert_err(e, table[i].expected ? ERR_OK : ERR_INVALID);
        if (table[i].expected)
            assert_str(scopes, table[i].expected);
    }
    many = arena_printf(w->arena, "%02000d", 1);
    assert_err(oauth_scopes_read(w, many, &scopes), ERR_OK);
    many = arena_printf(w->arena, "%02001d", 1);
    assert_err(oauth_scopes_read(w, many, &scopes), ERR_INVALID);
    jira_close(&x);
}

/* --- changing --------------------------------------------------------------------------------- */

static enum err save(struct jira *x, const char *connection, const char *client_id,
                     const char *secret_text, int64_t confirm_lost, int64_t *ret_lost)
{
    SECRET_AUTO struct secret secret = {0};
    struct work *w = jira_as(x, "anna", connection ? connection : "con1");
    struct connection_row n = {0};

    if (connection)
        n = jira_connection(x, connection);
    secret_set(&secret, secret_text, strlen(secret_text));
    return world_end(w, oauth_client_save(w, connection ? &n : NULL, str_from(client_id), &secret,
                                          STR("read:jira-work"), confirm_lost, ret_lost));
}

static enum err delete (struct jira *x, const char *connection, int64_t confirm_lost,
                        int64_t *ret_lost) {
    struct work *w = jira_as(x, "anna", connection ? connection : "con1");
    struct connection_row n = {0};

    if (connection) n = jira_connection(x, connection);
    return world_end(w, oauth_client_delete(w, connection ? &n : NULL, confirm_lost, ret_lost));
}

static void assert_cost(struct jira *x, const char *connection, int64_t credentials,
                        int64_t connections)
{
    struct work *w = jira_as(x, "anna", "con1");
    struct connection_row n = {0};
    struct oauth_client_cost cost;

    if (connection)
        n = jira_connection(x, connection);
    contract_ok(x->o.c, oauth_client_cost(w, connection ? &n : NULL, &cost));
    assert_int_equal(cost.credentials, credentials);
    assert_int_equal(cost.connections, connections);
}

/* bob on con1, con2 and con3, carl on con1, and a key: all on the environment's client. */
static void populate(struct jira *x, void **state)
{
    jira_open(x, state);
    jira_connect(x, "bob", "con1", "one");
    jira_connect(x, "bob", "con2", "one");
    jira_connect(x, "bob", "con3", "one");
    jira_connect(x, "carl", "con1", "two");
    jira_connect_key(x, "bob", "key1", "key");
}

static int64_t working(struct jira *x)
{
    return jira_number(x, "SELECT count(*) FROM credentials WHERE status = 'connected' AND"
                          " sealed IS NOT NULL AND grant_id IS NOT NULL");
}

static int64_t grants(struct jira *x)
{
    return jira_number(x, "SELECT count(*) FROM oauth_grants");
}

static void another_workspace_client_costs_what_stood_on_the_old(void **state)
{
    struct jira x;
    int64_t lost = -1;
    str secret;

    populate(&x, state);
    assert_cost(&x, NULL, 4, 3);
    assert_cost(&x, "con1", 2, 1);
    assert_err(save(&x, NULL, "ws", "s", 3, &lost), ERR_CONFIRM_REQUIRED);
    assert_int_equal(lost, 4);
    assert_non_null(strstr(x.o.c->fault.message, "4 credentials stand"));
    assert_int_equal(working(&x), 4); /* nothing was changed */
    assert_int_equal(grants(&x), 2);
    assert_client(&x, NULL, OAUTH_CLIENT_ENVIRONMENT, "env-client");
    assert_err(save(&x, NULL, "ws", "s", 4, &lost), ERR_OK);
    assert_int_equal(lost, 4);
    assert_int_equal(working(&x), 0);
    assert_int_equal(grants(&x), 0);
    assert_int_equal(jira_decision(&x, "bob", "con3"), DECISION_RECONNECT);
    assert_int_equal(jira_decision(&x, "anna", "con1"), DECISION_CONNECT);
    assert_str(jira_row(&x, "con1", "carl")->why, "the OAuth client was changed.");
    contract_ok(x.o.c, jira_use(&x, "bob", "key1", &secret));
    assert_str(secret, "key"); /* an API key stands on no client */
    assert_cost(&x, NULL, 0, 0);
    jira_connect(&x, "bob", "con1", "one");
    assert_int_equal(jira_decision(&x, "bob", "con1"), DECISION_USE);
    assert_str(jira_grant(&x, "con1", "bob")->client_id, "ws");
    jira_close(&x);
}

static void one_credential_is_one(void **state)
{
    struct jira x;
    int64_t lost;

    jira_open(&x, state);
    jira_connect(&x, "bob", "con1", "one");
    assert_err(save(&x, NULL, "ws", "s", 0, &lost), ERR_CONFIRM_REQUIRED);
    assert_non_null(strstr(x.o.c->fault.message, "1 credential stands"));
    jira_close(&x);
}

/* At Atlassian it is the same client. */
static void a_new_secret_of_the_same_client_loses_nothing(void **state)
{
    struct jira x;
    struct provider_client open = {0};
    struct oauth_client client;
    int64_t lost = -1;

    populate(&x, state);
    assert_err(save(&x, NULL, "env-client", "first", 0, &lost), ERR_OK);
    assert_int_equal(lost, 0);
    assert_err(save(&x, NULL, "env-client", "second", 0, &lost), ERR_OK);
    assert_err(save(&x, "con1", "env-client", "own", 0, &lost), ERR_OK);
    assert_int_equal(working(&x), 4);
    client = client_of(&x, "con2");
    assert_int_equal(client.row->generation, 2);
    contract_ok(x.o.c, oauth_client_open(jira_as(&x, "bob", "con1"), &client, &open));
    assert_str(secret_expose(&open.client_secret), "second");
    secret_wipe(&open.client_secret);
    assert_err(delete (&x, NULL, 0, &lost), ERR_OK); /* the environment's has the same id */
    assert_int_equal(working(&x), 4);
    jira_close(&x);
}

static void a_connections_own_client_is_its_own_affair(void **state)
{
    struct jira x;
    int64_t lost = -1;

    populate(&x, state);
    assert_err(save(&x, "con1", "own", "s", 1, &lost), ERR_CONFIRM_REQUIRED);
    assert_int_equal(lost, 2);
    assert_err(save(&x, "con1", "own", "s", 2, &lost), ERR_OK);
    assert_int_equal(working(&x), 2);
    assert_int_equal(grants(&x), 1); /* bob's, who stands on it elsewhere */
    assert_cost(&x, NULL, 2, 2);
    assert_cost(&x, "con1", 0, 0);
    jira_connect(&x, "bob", "con1", "one");
    assert_int_equal(grants(&x), 2);
    assert_err(save(&x, NULL, "ws", "s", 9, &lost), ERR_OK); /* con1 does not care */
    assert_int_equal(lost, 2);
    assert_int_equal(jira_decision(&x, "bob", "con1"), DECISION_USE);
    assert_err(delete (&x, "con1", 0, &lost), ERR_CONFIRM_REQUIRED);
    assert_int_equal(lost, 1);
    assert_int_equal(jira_decision(&x, "bob", "con1"), DECISION_USE);
    assert_err(delete (&x, "con1", 1, &lost), ERR_OK);
    assert_int_equal(jira_decision(&x, "bob", "con1"), DECISION_RECONNECT);
    assert_client(&x, "con1", OAUTH_CLIENT_WORKSPACE, "ws");
    assert_err(delete (&x, "con1", 0, &lost), ERR_NOT_FOUND);
    jira_close(&x);
}

/* An app admin who changes one connection while the environment's client is missing or another one
 * does not take out of use what other apps have. */
static void others_are_not_lost_on_the_side(void **state)
{
    static const char *const environments[] = {"", "env-other"};

    for (size_t i = 0; i < COUNT_OF(environments); i++) {
        struct jira x;
        int64_t lost = -1;
        populate(&x, state);
        x.o.settings.jira_client_id = str_from(environments[i]);
        assert_err(save(&x, "con1", "own", "s", 2, &lost), ERR_OK);
        assert_int_equal(lost, 2);
        assert_int_equal(working(&x), 2);
        jira_connect(&x, "carl", "con1", "two");
        assert_err(delete (&x, "con1", 1, &lost), ERR_OK);
        assert_int_equal(lost, 1);
        assert_int_equal(working(&x), 2);
        x.o.settings.jira_client_id = STR("env-client");
        assert_int_equal(jira_decision(&x, "bob", "con3"), DECISION_USE);
        jira_close_and_empty(&x);
    }
}

static void without_any_client_everything_is_lost(void **state)
{
    struct jira x;
    int64_t lost = -1;

    jira_open(&x, state);
    x.o.settings.jira_client_id = STR("");
    (void)jira_client(&x, NULL, "ws");
    jira_connect(&x, "bob", "con1", "one");
    jira_connect(&x, "bob", "con3", "one");
    assert_err(delete (&x, NULL, 1, &lost), ERR_CONFIRM_REQUIRED);
    assert_int_equal(lost, 2);
    assert_err(delete (&x, NULL, 2, &lost), ERR_OK);
    assert_int_equal(working(&x), 0);
    assert_err(delete (&x, NULL, 2, &lost), ERR_NOT_FOUND);
    jira_close(&x);
}

/* --- the environment's ------------------------------------------------------------------------ */

static void another_environment_counts_at_once_and_is_swept(void **state)
{
    struct jira x;

    populate(&x, state);
    (void)jira_client(&x, "con3", "env-client");
    x.o.settings.jira_client_id = STR("env-other");
    assert_int_equal(jira_decision(&x, "bob", "con1"), DECISION_RECONNECT);
    assert_int_equal(jira_decision(&x, "bob", "con3"), DECISION_USE);
    assert_int_equal(working(&x), 4);
    contract_ok(x.o.c, sweep_run(world_work(&x.o, NULL)));
    assert_int_equal(working(&x), 1);
    assert_int_equal(grants(&x), 1);
    assert_int_equal(jira_decision(&x, "bob", "key1"), DECISION_USE);
    x.o.settings.jira_client_id = STR("env-client");
    assert_int_equal(jira_decision(&x, "bob", "con1"), DECISION_RECONNECT);
    assert_int_equal(jira_decision(&x, "bob", "con3"), DECISION_USE);
    contract_ok(x.o.c, sweep_run(world_work(&x.o, NULL)));
    assert_int_equal(working(&x), 1);
    jira_close(&x);
}

/* A start without the variables is a mistake more often than a decision. */
static void a_missing_environment_stops_and_loses_nothing(void **state)
{
    struct jira x;

    populate(&x, state);
    x.o.settings.jira_client_id = STR("");
    assert_int_equal(jira_decision(&x, "bob", "con1"), DECISION_RECONNECT);
    contract_ok(x.o.c, sweep_run(world_work(&x.o, NULL)));
    x.o.settings.jira_client_id = STR("env-client");
    assert_int_equal(jira_decision(&x, "bob", "con1"), DECISION_USE);
    assert_int_equal(working(&x), 4);
    jira_close(&x);
}

static void the_sweep_drops_what_nothing_stands_on(void **state)
{
    struct jira x;

    populate(&x, state);
    jira_sql(&x, "DELETE FROM credentials WHERE owner = 'carl'");
    assert_int_equal(grants(&x), 2);
    contract_ok(x.o.c, sweep_run(world_work(&x.o, NULL)));
    assert_int_equal(grants(&x), 1);
    assert_int_equal(working(&x), 3);
    jira_close(&x);
}

/* --- the type --------------------------------------------------------------------------------- */

static str reason(struct jira *x, const char *user, const char *type, const char *connection)
{
    struct connection_row n = {0};
    str text = {NULL, 0};

    if (connection)
        n = jira_connection(x, connection);
    contract_ok(x->o.c, connection_type_reason(jira_as(x, user, "con1"),
                                               connection_type_find(str_from(type)),
                                               connection ? &n : NULL, &text));
    return text;
}

static enum err create(struct jira *x, const char *type, const char *name)
{
    struct work *w = jira_as(x, "anna", "con1");
    struct connection_properties p = {.name = str_from(name)};
    struct connection_row n;

    return world_end(w, connection_create(w, str_from(type), &p, &n));
}

static void oauth_is_offered_with_a_client_only(void **state)
{
    struct jira x;

    jira_open(&x, state);
    assert_str(reason(&x, "anna", "jira_oauth2", NULL), "");
    assert_err(create(&x, "jira_oauth2", "a"), ERR_OK);
    x.o.settings.jira_client_id = STR("");
    assert_true(str_find(reason(&x, "anna", "jira_oauth2", NULL), STR("Ask a workspace admin")) <
                SIZE_MAX);
    jira_sql(&x, "UPDATE users SET workspace_admin = 1 WHERE id = 'anna'");
    assert_true(str_find(reason(&x, "anna", "jira_oauth2", NULL), STR("Do that in Settings")) <
                SIZE_MAX);
    assert_str(reason(&x, "anna", "jira_api", NULL), "");
    assert_err(create(&x, "jira_oauth2", "b"), ERR_TYPE_UNAVAILABLE);
    assert_err(create(&x, "jira_api", "b"), ERR_OK);
    assert_err(create(&x, "jira", "c"), ERR_INVALID);
    (void)jira_client(&x, "con1", "own");
    assert_str(reason(&x, "anna", "jira_oauth2", "con1"), "");
    assert_true(reason(&x, "anna", "jira_oauth2", "con2").n > 0);
    assert_err(create(&x, "jira_oauth2", "c"), ERR_TYPE_UNAVAILABLE);
    (void)jira_client(&x, NULL, "ws");
    assert_err(create(&x, "jira_oauth2", "c"), ERR_OK);
    jira_close(&x);
}

int main(void)
{
    static const struct contract_case cases[] = {
        CONTRACT(own_before_workspace_before_environment),
        CONTRACT(for_all_at_once_it_is_the_same),
        CONTRACT(opening_gives_what_a_call_needs),
        CONTRACT(scopes_as_people_type_them),
        CONTRACT(another_workspace_client_costs_what_stood_on_the_old),
        CONTRACT(one_credential_is_one),
        CONTRACT(a_new_secret_of_the_same_client_loses_nothing),
        CONTRACT(a_connections_own_client_is_its_own_affair),
        CONTRACT(others_are_not_lost_on_the_side),
        CONTRACT(without_any_client_everything_is_lost),
        CONTRACT(another_environment_counts_at_once_and_is_swept),
        CONTRACT(a_missing_environment_stops_and_loses_nothing),
        CONTRACT(the_sweep_drops_what_nothing_stands_on),
        CONTRACT(oauth_is_offered_with_a_client_only),
    };

    return contract_run(cases, COUNT_OF(cases));
}
