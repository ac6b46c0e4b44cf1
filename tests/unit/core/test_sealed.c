/* Values moved by SQL between rows, owners, accounts, clients or hosts do not open: credentials,
 * grants, OAuth clients, connects under way. Each line of a table is one attack on a database in
 * which everything opens; the same statement is never needed for honest use. */
#include "core/grant_refresh.h"
#include "jira.h"

/* bob on con1 (account one) and con2 (account one), carl on con1 (account two), a shared one on
 * con3 (account three); API keys of bob on key1 and key2, of carl on key1. */
static void populate(struct jira *x, void **state)
{
    jira_open(x, state);
    jira_connect(x, "bob", "con1", "one");
    jira_connect(x, "bob", "con2", "one");
    jira_connect(x, "carl", "con1", "two");
    jira_switch(x, "con3", 1);
    jira_connect(x, "anna", "con3", "three");
    jira_connect_key(x, "bob", "key1", "bobs-key");
    jira_connect_key(x, "bob", "key2", "bobs-other-key");
    jira_connect_key(x, "carl", "key1", "carls-key");
}

/* SQL for a value of a row found by connection and owner. */
#define ROW(connection, owner)                                                                     \
    "(SELECT id FROM credentials WHERE connection_id = '" connection "' AND owner = '" owner "')"
#define OF(column, connection, owner)                                                              \
    "(SELECT " column " FROM credentials WHERE connection_id = '" connection                       \
    "' AND owner = '" owner "')"
#define SET_BOB(what, connection)                                                                  \
    "UPDATE credentials SET " what " WHERE id = " ROW(connection, "bob")

struct attack {
    const char *what;
    const char *sql;
    const char *connection;
    const char *owner; /* NULL: the shared one */
};

static void refuse(struct jira *x, const struct attack *attack)
{
    struct credential_row *row;
    str secret;

    jira_sql(x, attack->sql);
    row = jira_row(x, attack->connection, attack->owner);
    if (!row)
        fail_msg("%s: there is no row to try", attack->what);
    assert_true(row->sealed.p != NULL);
    enum err e = jira_open_row(x, row, &secret);
    if (e != ERR_INTERNAL && e != ERR_NEEDS_RECONNECT)
        fail_msg("%s: %s", attack->what, e ? err_name(e) : "ERR_OK");
    assert_str(secret, "");
}

static void run_all(void **state, const struct attack *attacks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct jira x;
        populate(&x, state);
        refuse(&x, &attacks[i]);
        jira_close_and_empty(&x);
    }
}

static void untouched_everything_opens(void **state)
{
    struct jira x;
    str secret;

    populate(&x, state);
    contract_ok(x.o.c, jira_use(&x, "bob", "con1", &secret));
    assert_str(secret, "access-2");
    contract_ok(x.o.c, jira_use(&x, "carl", "con1", &secret));
    assert_str(secret, "access-3");
    contract_ok(x.o.c, jira_use(&x, "bob", "con3", &secret));
    assert_str(secret, "access-4");
    contract_ok(x.o.c, jira_use(&x, "bob", "key1", &secret));
    assert_str(secret, "bobs-key");
    contract_ok(x.o.c, jira_use(&x, "carl", "key1", &secret));
    assert_str(secret, "carls-key");
    jira_close(&x);
}

static void an_api_key_stays_where_it_is(void **state)
{
    static const struct attack attacks[] = {
        {"another person's key",
         "UPDATE credentials SET sealed = " OF("sealed", "key1", "bob") " WHERE id = " ROW("key1",
                                                                                           "carl"),
         "key1", "carl"},
        {"the key of another connection", SET_BOB("sealed = " OF("sealed", "key2", "bob"), "key1"),
         "key1", "bob"},
        {"the whole row given to carl",
         "DELETE FROM credentials WHERE connection_id = 'key1' AND owner = 'carl';" SET_BOB(
             "owner = 'carl'", "key1"),
         "key1", "carl"},
        {"the whole row made the shared one", SET_BOB("owner = NULL", "key1"), "key1", NULL},
        {"the whole row moved to another connection", SET_BOB("connection_id = 'con3'", "key1"),
         "con3", "bob"},
        {"the row moved to another app", SET_BOB("app_id = 'moon'", "key1"), "key1", "bob"},
        {"under another id", SET_BOB("id = 'x'", "key1"), "key1", "bob"},
        {"another host", SET_BOB("origin = 'https://evil.test'", "key1"), "key1", "bob"},
        {"another path", SET_BOB("base_path = '/evil'", "key1"), "key1", "bob"},
        {"an earlier generation", SET_BOB("generation = 0", "key1"), "key1", "bob"},
        {"as a grant", SET_BOB("grant_id = " OF("grant_id", "con1", "bob"), "key1"), "key1", "bob"},
        {"cut", SET_BOB("sealed = substr(sealed, 1, 60)", "key1"), "key1", "bob"},
    };

    run_all(state, attacks, COUNT_OF(attacks));
}

static void a_link_to_a_grant_stays_what_it_is(void **state)
{
    static const struct attack attacks[] = {
        {"another's grant", SET_BOB("grant_id = " OF("grant_id", "con1", "carl"), "con1"), "con1",
         "bob"},
        {"another's grant with account",
         SET_BOB("account_id = 'two', grant_id = " OF("grant_id", "con1", "carl"), "con1"), "con1",
         "bob"},
        {"another's grant and link",
         SET_BOB("account_id = 'two', sealed = " OF("sealed", "con1", "carl") ", grant_id = " OF(
                     "grant_id", "con1", "carl"),
                 "con1"),
         "con1", "bob"},
        {"the link of another connection to the same grant",
         SET_BOB("sealed = " OF("sealed", "con2", "bob"), "con1"), "con1", "bob"},
        {"the whole row given to carl",
         "DELETE FROM credentials WHERE connection_id = 'con1' AND owner = 'carl';" SET_BOB(
             "owner = 'carl'", "con1"),
         "con1", "carl"},
        {"the shared one made bob's",
         "UPDATE credentials SET owner = 'bob' WHERE connection_id = 'con3'", "con3", "bob"},
        {"bob's made the shared one", SET_BOB("owner = NULL", "con1"), "con1", NULL},
        {"moved to another connection",
         "DELETE FROM credentials WHERE connection_id = 'con2';" SET_BOB("connection_id = 'con2'",
                                                                         "con1"),
         "con2", "bob"},
        {"another site of the gateway", SET_BOB("base_path = '/ex/jira/cloud-2'", "con1"), "con1",
         "bob"},
        {"another host", SET_BOB("origin = 'https://evil.test'", "con1"), "con1", "bob"},
        {"an earlier generation", SET_BOB("generation = 0", "con1"), "con1", "bob"},
        {"as an API key", SET_BOB("grant_id = NULL", "con1"), "con1", "bob"},
        {"another account", SET_BOB("account_id = 'two'", "con1"), "con1", "bob"},
    };

    run_all(state, attacks, COUNT_OF(attacks));
}

#define GRANT_OF(column, account)                                                                  \
    "(SELECT " column " FROM oauth_grants WHERE account_id = '" account "')"
#define SET_GRANT(what) "UPDATE oauth_grants SET " what " WHERE account_id = 'one'"

static void the_tokens_of_a_grant_stay_there(void **state)
{
    static const struct attack attacks[] = {
        {"another's tokens",
         SET_GRANT("sealed_access = " GRANT_OF(
             "sealed_access", "two") ", sealed_refresh = " GRANT_OF("sealed_refresh", "two")),
         "con1", "bob"},
        {"exchanged", SET_GRANT("sealed_access = sealed_refresh, sealed_refresh = sealed_access"),
         "con1", "bob"},
        {"another account", SET_GRANT("account_id = 'none'"), "con1", "bob"},
        {"another account in both",
         SET_GRANT("account_id = 'none'") ";UPDATE credentials SET account_id = 'none' WHERE"
                                          " account_id = 'one'",
         "con1", "bob"},
        {"another client", SET_GRANT("client_id = 'own'"), "con1", "bob"},
        {"an earlier generation", SET_GRANT("generation = 1"), "con1", "bob"},
        {"cut", SET_GRANT("sealed_access = substr(sealed_access, 1, 60)"), "con1", "bob"},
    };

    run_all(state, attacks, COUNT_OF(attacks));
}

static enum err begin(struct jira *x, str grant, int64_t generation, struct grant_refresh *ret)
{
    struct grant_question q = {grant,       generation,  STR("sun"),
                               STR("con1"), STR("test"), GRANT_AT_ONCE};
    struct work *w = world_work(&x->o, NULL);

    return world_end(w, grant_refresh_begin(w, &q, ret));
}

/* The same for the token that is never used at Jira. */
static void a_refresh_token_stays_in_its_row(void **state)
{
    static const char *const attacks[] = {
        SET_GRANT("sealed_refresh = " GRANT_OF("sealed_refresh", "two")),
        SET_GRANT("sealed_refresh = sealed_access"),
        SET_GRANT("account_id = 'none'"),
        SET_GRANT("generation = generation - 1"),
    };

    for (size_t i = 0; i <= COUNT_OF(attacks); i++) {
        struct jira x;
        struct grant_refresh r = {0};
        populate(&x, state);
        str grant = jira_grant(&x, "con1", "bob")->id;
        if (i < COUNT_OF(attacks))
            jira_sql(&x, attacks[i]);
        int64_t generation = jira_grant(&x, "con1", "bob")->generation;
        enum err e = begin(&x, grant, generation, &r);
        if (e != (i < COUNT_OF(attacks) ? ERR_NEEDS_RECONNECT : ERR_OK))
            fail_msg("attack %zu: %s", i, e ? err_name(e) : "ERR_OK");
        secret_wipe(&r.refresh);
        secret_wipe(&r.client.client_secret);
        jira_close_and_empty(&x);
    }
}

/* Tokens go only to the servers they came from: whoever can change the settings gets none. */
static void other_servers_get_nothing(void **state)
{
    struct jira x;
    struct grant_refresh r = {0};
    str secret;

    populate(&x, state);
    str grant = jira_grant(&x, "con1", "bob")->id;
    x.provider.gateway = STR("https://evil.test");
    assert_err(jira_use(&x, "bob", "con1", &secret), ERR_NEEDS_RECONNECT);
    contract_ok(x.o.c, begin(&x, grant, 2, &r));
    secret_wipe(&r.refresh);
    secret_wipe(&r.client.client_secret);
    x.provider.gateway = STR(JIRA_GATEWAY);
    x.provider.auth_origin = STR("https://evil.test");
    contract_ok(x.o.c, jira_use(&x, "bob", "con1", &secret));
    assert_err(begin(&x, grant, 2, &r), ERR_NEEDS_RECONNECT);
    jira_close(&x);
}

/* A copy of a token from before a disconnect, put into the grant that came after it. */
static void old_tokens_do_not_return(void **state)
{
    struct jira x;
    str secret;

    jira_open(&x, state);
    jira_connect(&x, "bob", "con1", "one");
    jira_sql(&x, "CREATE TABLE kept AS SELECT * FROM oauth_grants");
    assert_err(jira_disconnect(&x, "bob", "con1"), ERR_OK);
    jira_connect(&x, "bob", "con1", "one");
    contract_ok(x.o.c, jira_use(&x, "bob", "con1", &secret));
    jira_sql(&x, "UPDATE oauth_grants SET sealed_access = (SELECT sealed_access FROM kept)");
    assert_err(jira_use(&x, "bob", "con1", &secret), ERR_NEEDS_RECONNECT);
    jira_close(&x);
}

/* A refresh token is not shown to Jira, even where both servers are one. */
static void an_access_token_is_no_refresh_token(void **state)
{
    struct jira x;
    struct grant_refresh r = {0};
    str secret;

    jira_open(&x, state);
    x.provider.auth_origin = x.provider.gateway;
    jira_connect(&x, "bob", "con1", "one");
    str grant = jira_grant(&x, "con1", "bob")->id;
    jira_sql(&x, SET_GRANT("sealed_access = sealed_refresh, sealed_refresh = sealed_access"));
    assert_err(jira_use(&x, "bob", "con1", &secret), ERR_NEEDS_RECONNECT);
    assert_err(begin(&x, grant, 1, &r), ERR_NEEDS_RECONNECT);
    jira_close(&x);
}

/* --- OAuth clients ---------------------------------------------------------------------------- */

static enum err open_client(struct jira *x, const char *connection, str *ret_secret)
{
    struct work *w = jira_as(x, "anna", "con1");
    struct connection_row n = jira_connection(x, connection);
    struct oauth_client client = {0};
    struct provider_client open = {0};
    enum err e = oauth_client_of(w, &n, &client);

    if (!e)
        e = oauth_client_open(w, &client, &open);
    *ret_secret = e ? STR("") : arena_str(w->arena, secret_expose(&open.client_secret));
    secret_wipe(&open.client_secret);
    return e;
}

static void the_secret_of_a_client_stays_there(void **state)
{
    static const char *const attacks[] = {
        "UPDATE oauth_clients SET client_id = 'evil' WHERE connection_id = 'con1'",
        "UPDATE oauth_clients SET generation = 2 WHERE connection_id = 'con1'",
        "UPDATE oauth_clients SET id = 'x' WHERE connection_id = 'con1'",
        "UPDATE oauth_clients SET sealed = (SELECT sealed FROM oauth_clients WHERE connection_id ="
        " 'con2') WHERE connection_id = 'con1'",
        "UPDATE oauth_clients SET sealed = (SELECT sealed FROM oauth_clients WHERE connection_id"
        " IS NULL) WHERE connection_id = 'con1'",
        "DELETE FROM oauth_clients WHERE connection_id = 'con1';"
        "UPDATE oauth_clients SET connection_id = 'con1' WHERE connection_id = 'con2'",
        "DELETE FROM oauth_clients WHERE connection_id = 'con1';"
        "UPDATE oauth_clients SET connection_id = 'con1' WHERE connection_id IS NULL",
    };

    for (size_t i = 0; i < COUNT_OF(attacks); i++) {
        struct jira x;
        str secret;
        jira_open(&x, state);
        (void)jira_client(&x, NULL, "ws");
        (void)jira_client(&x, "con1", "own");
        (void)jira_client(&x, "con2", "own");
        contract_ok(x.o.c, open_client(&x, "con1", &secret));
        assert_str(secret, "s3cret");
        jira_sql(&x, attacks[i]);
        enum err e = open_client(&x, "con1", &secret);
        if (e != ERR_CLIENT_REFUSED)
            fail_msg("attack %zu: %s", i, e ? err_name(e) : "ERR_OK");
        jira_close_and_empty(&x);
    }
}

static void another_authorization_server_gets_no_client_secret(void **state)
{
    struct jira x;
    str secret;

    jira_open(&x, state);
    (void)jira_client(&x, "con1", "own");
    x.provider.auth_origin = STR("https://evil.test");
    assert_err(open_client(&x, "con1", &secret), ERR_CLIENT_REFUSED);
    jira_close(&x);
}

/* --- connects under way ----------------------------------------------------------------------- */

static void a_verifier_stays_in_its_row(void **state)
{
    static const struct {
        const char *sql;
        const char *who;
        enum err expected;
    } attacks[] = {
        {"UPDATE pending_connects SET sealed = (SELECT sealed FROM pending_connects WHERE"
         " connection_id = 'con2') WHERE connection_id = 'con1'",
         "bob", ERR_CONFIRM_EXPIRED},
        {"UPDATE pending_connects SET id = 'x' WHERE connection_id = 'con1'", "bob",
         ERR_CONFIRM_EXPIRED},
        {"DELETE FROM pending_connects WHERE connection_id = 'con2';"
         "UPDATE pending_connects SET connection_id = 'con2'",
         "bob", ERR_CONFIRM_EXPIRED},
        {"DELETE FROM pending_connects WHERE connection_id = 'con2';"
         "UPDATE pending_connects SET connection_id = 'con3', app_id = 'moon'",
         "bob", ERR_CONFIRM_EXPIRED},
        {"UPDATE pending_connects SET found = '{\"a\":1}'", "bob", ERR_CONFIRM_EXPIRED},
        {"UPDATE pending_connects SET client_id = 'env-other'", "bob", ERR_CONFLICT},
        {"UPDATE pending_connects SET sealed = NULL", "bob", ERR_CONFIRM_EXPIRED},
        {"UPDATE pending_connects SET kind = 'site'", "bob", ERR_STATE_FOREIGN},
        /* the victim's state, made the attacker's */
        {"UPDATE pending_connects SET user_id = 'carl', session_id = (SELECT max(id) FROM sessions"
         " WHERE user_id = 'carl')",
         "carl", ERR_CONFIRM_EXPIRED},
    };

    for (size_t i = 0; i < COUNT_OF(attacks); i++) {
        struct jira x;
        struct authorize_claim claim = {0};
        jira_open(&x, state);
        (void)jira_callback(&x, "carl");
        (void)jira_begin(&x, "bob", "con2");
        str sent = jira_begin(&x, "bob", "con1");
        jira_sql(&x, attacks[i].sql);
        enum err e = jira_claim(&x, attacks[i].who, sent, &claim);
        if (e != attacks[i].expected)
            fail_msg("attack %zu: %s", i, e ? err_name(e) : "ERR_OK");
        assert_false(secret_is_set(&claim.verifier) || secret_is_set(&claim.client.client_secret));
        jira_close_and_empty(&x);
    }
}

/* The user has come back for this connection and has to choose a site. */
static void keep(struct jira *x, const char *user, const char *connection, str *ret_confirm)
{
    struct authorize_claim claim;
    struct provider_exchange made = jira_exchange(x);
    struct work *w;

    contract_ok(x->o.c, jira_claim(x, user, jira_begin(x, user, connection), &claim));
    w = jira_as(x, user, connection);
    contract_ok(x->o.c, work_write(w));
    contract_ok(x->o.c, world_end(w, authorize_keep(w, &claim, &made, ret_confirm)));
    jira_exchange_wipe(&made);
    jira_done(&claim);
}

#define SITE(user, connection)                                                                     \
    " WHERE kind = 'site' AND user_id = '" user "' AND connection_id = '" connection "'"
#define SITE_OF(column, user, connection)                                                          \
    "(SELECT " column " FROM pending_connects" SITE(user, connection) ")"

static void the_tokens_of_a_choice_stay_there(void **state)
{
    static const char *const attacks[] = {
        "UPDATE pending_connects SET sealed = " SITE_OF("sealed", "carl", "con1")
            SITE("bob", "con1"),
        "UPDATE pending_connects SET sealed_refresh = " SITE_OF("sealed_refresh", "carl", "con1")
            SITE("bob", "con1"),
        "UPDATE pending_connects SET sealed = " SITE_OF("sealed", "bob", "con2")
            SITE("bob", "con1"),
        "UPDATE pending_connects SET sealed = sealed_refresh, sealed_refresh = sealed" SITE("bob",
                                                                                            "con1"),
        "UPDATE pending_connects SET sealed_refresh = NULL" SITE("bob", "con1"),
        "UPDATE pending_connects SET sealed = NULL" SITE("bob", "con1"),
        "UPDATE pending_connects SET client_id = 'env-other'" SITE("bob", "con1"),
        "UPDATE pending_connects SET found = replace(found, 'cloud-1', 'cloud-9')" SITE("bob",
                                                                                        "con1"),
        "UPDATE pending_connects SET found = " SITE_OF("found", "carl",
                                                       "con1") ", id = 'x'" SITE("bob", "con1"),
        "UPDATE pending_connects SET app_id = 'moon'" SITE("bob", "con1"),
        "UPDATE pending_connects SET generation = 9" SITE("bob", "con1"),
    };

    for (size_t i = 0; i < COUNT_OF(attacks); i++) {
        struct jira x;
        struct authorize_choice choice = {0};
        str bobs, other;
        jira_open(&x, state);
        keep(&x, "bob", "con1", &bobs);
        keep(&x, "bob", "con2", &other);
        keep(&x, "carl", "con1", &other);
        jira_sql(&x, attacks[i]);
        struct connection_row n = jira_connection(&x, "con1");
        enum err e = authorize_choice_open(jira_as(&x, "bob", "con1"), &n, bobs, &choice);
        if (e != ERR_CONFIRM_EXPIRED)
            fail_msg("attack %zu: %s", i, e ? err_name(e) : "ERR_OK");
        assert_false(secret_is_set(&choice.access) || secret_is_set(&choice.refresh));
        jira_close_and_empty(&x);
    }
}

/* carl's choice made bob's, whom carl told its confirm id. */
static void somebody_elses_choice_does_not_open(void **state)
{
    struct jira x;
    struct authorize_choice choice = {0};
    str confirm;

    jira_open(&x, state);
    keep(&x, "carl", "con1", &confirm);
    (void)jira_callback(&x, "bob");
    jira_sql(&x, "UPDATE pending_connects SET user_id = 'bob', session_id ="
                 " (SELECT max(id) FROM sessions WHERE user_id = 'bob')");
    struct connection_row n = jira_connection(&x, "con1");
    assert_err(authorize_choice_open(jira_as(&x, "bob", "con1"), &n, confirm, &choice),
               ERR_CONFIRM_EXPIRED);
    jira_close(&x);
}

int main(void)
{
    static const struct contract_case cases[] = {
        CONTRACT(untouched_everything_opens),
        CONTRACT(an_api_key_stays_where_it_is),
        CONTRACT(a_link_to_a_grant_stays_what_it_is),
        CONTRACT(the_tokens_of_a_grant_stay_there),
        CONTRACT(a_refresh_token_stays_in_its_row),
        CONTRACT(other_servers_get_nothing),
        CONTRACT(old_tokens_do_not_return),
        CONTRACT(an_access_token_is_no_refresh_token),
        CONTRACT(the_secret_of_a_client_stays_there),
        CONTRACT(another_authorization_server_gets_no_client_secret),
        CONTRACT(a_verifier_stays_in_its_row),
        CONTRACT(the_tokens_of_a_choice_stay_there),
        CONTRACT(somebody_elses_choice_does_not_open),
    };

    return contract_run(cases, COUNT_OF(cases));
}
