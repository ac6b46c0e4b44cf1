/* Migrations on a database that holds data: what was there is there afterwards. */
#include "connected.h"
#include "db/migrate.h"
#include "store/oauth.h"
#include "store/pending.h"

static const char *const TABLES[] = {
    "users",       "links", "sessions",    "groups", "group_members", "apps",     "permissions",
    "connections", "sites", "credentials", "drafts", "throttles",     "settings", "keyring"};

/* The harness has migrated to the newest; this goes back to nothing and on to 0001 only. */
static void only_the_first(struct contract *c)
{
    size_t count;
    const struct migration *all = migrations_embedded(&count);
    int applied = 0;

    assert_true(count >= 2);
    contract_script(
        c,
        "DROP TABLE run_calls; DROP TABLE runs; DROP TABLE actions; DROP TABLE requests;"
        "DROP TABLE relay_call_groups; DROP TABLE credential_needs; DROP TABLE stop_items; DROP "
        "TABLE "
        "stops;"
        "DROP TABLE pending_connects; DROP TABLE drafts; DROP TABLE credentials;"
        "DROP TABLE refresh_journal; DROP TABLE grant_renewals;"
        "DROP TABLE consents;"
        "DROP TABLE mortise_keys; DROP TABLE deliveries; DROP TABLE webhooks; DROP TABLE notices;"
        "DROP TABLE incidents;"
        "DROP TABLE oauth_grants; DROP TABLE oauth_clients; DROP TABLE connections;"
        "DROP TABLE sites; DROP TABLE permissions; DROP TABLE apps;"
        "DROP TABLE group_members; DROP TABLE groups; DROP TABLE sessions;"
        "DROP TABLE links; DROP TABLE users; DROP TABLE keyring;"
        "DROP TABLE throttles; DROP TABLE settings; DROP TABLE schema_migrations");
    contract_ok(c, db_migrate(c->db, &c->fault, all, 1, &applied));
    assert_int_equal(applied, 1);
}

static void insert_blobs(struct contract *c)
{
    struct db_rows r;

    contract_ok(c, db_query(c->db, c->arena, &c->fault, &r,
                            "INSERT INTO sessions (id, token_hmac, user_id, agent, created,"
                            " last_seen, expires) VALUES ('ses', $1, 'anna', 'b', 1, 2, 3)",
                            DB_B(STR("tok\0en"))));
    contract_ok(c, db_query(c->db, c->arena, &c->fault, &r,
                            "INSERT INTO credentials (id, app_id, connection_id, owner, entered_by,"
                            " switch_counter, generation, status, why, account_id, account_name,"
                            " username, site_id, entered_origin, origin, base_path, sealed,"
                            " expires, since, last_used, last_checked, suspended) VALUES"
                            " ('cred1', 'app1', 'con1', 'anna', 'anna', 2, 7, 'connected', NULL,"
                            " 'acc', 'Anna', 'anna@x', 'cloud', 'https://e', 'https://o', '/p', $1,"
                            " 11, 12, 13, 14, NULL),"
                            " ('cred2', 'app1', 'con1', NULL, 'anna', 2, 8, 'needs_reconnect',"
                            " 'because', 'acc', 'Anna', 'anna@x', 'cloud', 'https://e',"
                            " 'https://o', '', NULL, NULL, 12, NULL, NULL, 15)",
                            DB_B(STR("sea\0led"))));
    contract_ok(c, db_query(c->db, c->arena, &c->fault, &r,
                            "INSERT INTO pending_connects (id, confirm_hmac, app_id,"
                            " connection_id, user_id, session_id, switch_counter, generation,"
                            " found, sealed, until) VALUES ('pen', $1, 'app1', 'con1', 'anna',"
                            " 'ses', 2, 7, '{}', $2, 99)",
                            DB_B(STR("h")), DB_B(STR("s"))));
    contract_ok(c, db_query(c->db, c->arena, &c->fault, &r,
                            "INSERT INTO throttles (name, count, until) VALUES ($1, 1, 2)",
                            DB_B(STR("t"))));
    contract_ok(c, db_query(c->db, c->arena, &c->fault, &r,
                            "INSERT INTO keyring (id, wrapped, active, created)"
                            " VALUES ('check', $1, 0, 1)",
                            DB_B(STR("w"))));
    contract_ok(c, db_query(c->db, c->arena, &c->fault, &r,
                            "INSERT INTO links (id, kind, token_hmac, user_id, created, expires)"
                            " VALUES ('l', 'reset', $1, 'anna', 1, 2)",
                            DB_B(STR("l"))));
}

/* A row in every table, as 0001 has them. */
static void fill(struct contract *c)
{
    contract_script(
        c, "INSERT INTO users (id, email, email_key, name, sort_key, search, workspace_admin,"
           " state, created) VALUES ('anna', 'a@x', 'a@x', 'Anna', 'anna', '', 0, 'active', 1);"
           "INSERT INTO groups (id, name, name_key, sort_key, description, created) VALUES"
           " ('g', 'G', 'g', 'g', '', 1);"
           "INSERT INTO group_members (group_id, user_id, created) VALUES ('g', 'anna', 1);"
           "INSERT INTO apps (id, slug, name, sort_key, search, description, created) VALUES"
           " ('app1', 'one', 'One', 'one', '', '', 1);"
           "INSERT INTO permissions (id, app_id, kind, principal, role, created) VALUES"
           " ('p1', 'app1', 'user', 'anna', 'runner', 1);"
           "INSERT INTO connections (id, app_id, type, name, name_key, base_url, base_url_fixed,"
           " shared, switch_counter, created, created_by) VALUES ('con1', 'app1', 'jira_api',"
           " 'Jira', 'jira', 'https://e', 1, 0, 2, 1, 'anna');"
           "INSERT INTO sites (id, url, name, last_seen) VALUES ('cloud', 'https://e', 'E', 1);"
           "INSERT INTO drafts (id, app_id, user_id, content, until) VALUES"
           " ('d', 'app1', 'anna', '{}', 9);"
           "INSERT INTO settings (name, value) VALUES ('n', 'v')");
    insert_blobs(c);
}

static int64_t rows_of(struct contract *c, const char *table)
{
    struct db_rows r;

    /* not a literal: no db_query */
    contract_ok(c, db_run(c->db, c->arena, &c->fault,
                          arena_printf(c->arena, "SELECT count(*) FROM %s", table).p, NULL, 0, &r));
    return db_int(&r, 0, 0);
}

static void check_credentials(struct contract *c)
{
    struct credential_row *row = NULL;

    contract_ok(c, store_credential_of(c->db, c->arena, &c->fault, STR("con1"), STR("anna"), &row));
    assert_non_null(row);
    assert_true(str_eq(row->sealed, STR("sea\0led")));
    assert_int_equal(row->generation, 7);
    assert_int_equal(row->switch_counter, 2);
    assert_str(row->base_path, "/p");
    assert_int_equal(row->expires, 11);
    assert_int_equal(row->last_checked, 14);
    assert_str(row->site_name, "E");
    assert_null(row->grant.p);
    contract_ok(c, store_credential_of(c->db, c->arena, &c->fault, STR("con1"), NONE, &row));
    assert_str(row->why, "because");
    assert_int_equal(row->suspended, 15);
    assert_null(row->sealed.p);
}

static void nothing_is_lost(void **state)
{
    struct contract *c = *state;
    struct connection_row n;
    struct pending_row p = {.id = STR("new"),
                            .kind = STR("authorize"),
                            .token_hmac = STR("h"),
                            .app = STR("app1"),
                            .connection = STR("con1"),
                            .user = STR("anna"),
                            .session = STR("ses"),
                            .found = STR("{}")};
    size_t count;
    const struct migration *all = migrations_embedded(&count);
    int applied = 0;

    only_the_first(c);
    fill(c);
    contract_ok(c, db_migrate(c->db, &c->fault, all, count, &applied));
    assert_int_equal(applied, count - 1);
    for (size_t i = 0; i < COUNT_OF(TABLES); i++)
        if (rows_of(c, TABLES[i]) != (strcmp(TABLES[i], "credentials") == 0 ? 2 : 1))
            fail_msg("table %s has %d rows", TABLES[i], (int)rows_of(c, TABLES[i]));
    assert_int_equal(rows_of(c, "pending_connects"), 0); /* questions of ten minutes may go */
    check_credentials(c);
    contract_ok(c, store_connection_find(c->db, c->arena, &c->fault, STR("app1"), STR("con1"), &n));
    assert_str(n.base_url, "https://e");
    assert_int_equal(n.base_url_fixed, 1);
    assert_int_equal(n.switch_counter, 2);
    assert_int_equal(n.runners_may_request, 0);
    contract_ok(c, store_pending_insert(c->db, c->arena, &c->fault, &p));
    assert_int_equal(rows_of(c, "pending_connects"), 1);
}

/* The new column refers to a grant, and what refers to a connection still goes with it. */
static void references_hold_afterwards(void **state)
{
    struct contract *c = *state;
    struct db_rows r;
    size_t count;
    const struct migration *all = migrations_embedded(&count);
    int applied = 0;

    only_the_first(c);
    fill(c);
    contract_ok(c, db_migrate(c->db, &c->fault, all, count, &applied));
    assert_int_equal(
        db_query_none(c->db, c->arena, &c->fault, &r, "UPDATE credentials SET grant_id = 'none'"),
        ERR_CONFLICT);
    contract_script(c, "DELETE FROM connections");
    assert_int_equal(rows_of(c, "credentials"), 0);
}

int main(void)
{
    static const struct contract_case cases[] = {
        CONTRACT(nothing_is_lost),
        CONTRACT(references_hold_afterwards),
    };
    return contract_run(cases, COUNT_OF(cases));
}
