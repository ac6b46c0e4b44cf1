/* The contract of store/oauth.h: clients, grants, and taking out of use what stands on them. */
#include "connected.h"
#include "store/consents.h"
#include "store/journal.h"
#include "store/oauth.h"
#include "store/sweep.h"

#define STORE(c) (c)->db, (c)->arena, &(c)->fault

/* --- clients ---------------------------------------------------------------------------------- */

static struct oauth_client_row client(const char *id, const char *connection, const char *client_id)
{
    return (struct oauth_client_row){
        .id = str_from(id),
        .connection = connection ? str_from(connection) : NONE,
        .client_id = str_from(client_id),
        .scopes = STR("read write"),
        .sealed = STR("c\0s"),
        .generation = 1,
        .saved = 5,
        .saved_by = STR("anna"),
    };
}

static void save_client(struct contract *c, const char *id, const char *connection,
                        const char *client_id)
{
    struct oauth_client_row row = client(id, connection, client_id);
    contract_ok(c, store_oauth_client_save(STORE(c), &row));
}

static struct oauth_client_row *client_of(struct contract *c, const char *connection)
{
    struct oauth_client_row *row = NULL;
    contract_ok(c, store_oauth_client_of(STORE(c), connection ? str_from(connection) : NONE, &row));
    return row;
}

static void a_client_is_the_workspaces_or_a_connections(void **state)
{
    struct contract *c = *state;
    seed(c);
    assert_null(client_of(c, NULL));
    save_client(c, "w", NULL, "id-w");
    assert_null(client_of(c, "con1")); /* no fallback here: core decides */
    save_client(c, "o", "con1", "id-o");
    assert_str(client_of(c, NULL)->client_id, "id-w");
    assert_null(client_of(c, NULL)->connection.p);
    struct oauth_client_row *row = client_of(c, "con1");
    assert_str(row->client_id, "id-o");
    assert_str(row->connection, "con1");
    assert_str(row->scopes, "read write");
    assert_true(str_eq(row->sealed, STR("c\0s")));
    assert_int_equal(row->generation, 1);
    assert_int_equal(row->saved, 5);
    assert_str(row->saved_by, "anna");
    assert_null(client_of(c, "con2"));
}

static void there_is_one_client_each(void **state)
{
    struct contract *c = *state;
    seed(c);
    save_client(c, "w", NULL, "id-w");
    save_client(c, "o", "con1", "id-o");
    save_client(c, "o2", "con2", "id-o");
    struct oauth_client_row again = client("w2", NULL, "id-w2");
    assert_int_equal(store_oauth_client_save(STORE(c), &again), ERR_CONFLICT);
    again = client("o3", "con1", "id-o3");
    assert_int_equal(store_oauth_client_save(STORE(c), &again), ERR_CONFLICT);
    again = client("o4", "nowhere", "id-o4");
    assert_int_equal(store_oauth_client_save(STORE(c), &again), ERR_CONFLICT);
    assert_str(client_of(c, NULL)->id, "w");
    assert_str(client_of(c, "con1")->client_id, "id-o");
}

static void saving_a_client_again_replaces_it_in_place(void **state)
{
    struct contract *c = *state;
    seed(c);
    save_client(c, "o", "con1", "id-o");
    struct oauth_client_row row = client("o", "con2", "id-new");
    row.scopes = STR("other");
    row.sealed = STR("new");
    row.generation = 2;
    row.saved = 6;
    row.saved_by = STR("bob");
    contract_ok(c, store_oauth_client_save(STORE(c), &row));
    struct oauth_client_row *now = client_of(c, "con1"); /* it does not move elsewhere */
    assert_str(now->client_id, "id-new");
    assert_str(now->scopes, "other");
    assert_str(now->sealed, "new");
    assert_int_equal(now->generation, 2);
    assert_int_equal(now->saved, 6);
    assert_str(now->saved_by, "bob");
    assert_null(client_of(c, "con2"));
}

static void a_client_goes_by_hand_or_with_its_connection(void **state)
{
    struct contract *c = *state;
    struct oauth_client_row *rows = NULL;
    size_t n = 0;
    seed(c);
    save_client(c, "w", NULL, "id-w");
    save_client(c, "o", "con1", "id-o");
    save_client(c, "o2", "con2", "id-o2");
    contract_ok(c, store_oauth_clients_of_app(STORE(c), STR("app1"), &rows, &n));
    assert_int_equal(n, 2); /* con1's and the workspace's */
    for (size_t i = 0; i < n; i++)
        assert_false(str_eq(rows[i].id, STR("o2")));
    contract_ok(c, store_connection_delete(STORE(c), STR("app1"), STR("con1")));
    assert_null(client_of(c, "con1"));
    assert_non_null(client_of(c, "con2"));
    contract_ok(c, store_oauth_client_delete(STORE(c), STR("w")));
    assert_null(client_of(c, NULL));
    assert_non_null(client_of(c, "con2"));
}

/* --- grants ----------------------------------------------------------------------------------- */

static struct grant_row grant(const char *id, const char *client_id, const char *account)
{
    return (struct grant_row){
        .id = str_from(id),
        .client_id = str_from(client_id),
        .account_id = str_from(account),
        .site_id = STR(""),
        .scopes = STR("read"),
        .generation = 1,
        .sealed_access = STR("a\0a"),
        .sealed_refresh = STR("r\0r"),
        .access_expires = 77,
        .granted = 8,
    };
}

static void save_grant(struct contract *c, const char *id, const char *client_id,
                       const char *account)
{
    struct grant_row row = grant(id, client_id, account);
    contract_ok(c, store_grant_save(STORE(c), &row));
}

static struct grant_row *find_grant(struct contract *c, const char *id)
{
    struct grant_row *row = NULL;
    contract_ok(c, store_grant_find(STORE(c), str_from(id), &row));
    return row;
}

/* A credential of this connection that stands on the grant. */
static void stand(struct contract *c, const char *id, const char *connection, const char *owner,
                  const char *grant_id)
{
    struct credential_row row = credential(str_from(id), owner ? str_from(owner) : NONE);
    row.connection = str_from(connection);
    row.app = strcmp(connection, "con2") == 0 ? STR("app2") : STR("app1");
    row.grant = grant_id ? str_from(grant_id) : NONE;
    contract_ok(c, store_credential_save(STORE(c), &row));
}

static struct credential_row standing(struct contract *c, const char *connection, const char *owner)
{
    struct credential_row *row = NULL;
    contract_ok(c, store_credential_of(STORE(c), str_from(connection),
                                       owner ? str_from(owner) : NONE, &row));
    assert_non_null(row);
    return *row;
}

static void a_grant_is_found_by_id_and_by_client_and_account(void **state)
{
    struct contract *c = *state;
    struct grant_row *row = NULL;
    size_t count = 0;
    seed(c);
    save_grant(c, "g1", "A", "5b10");
    save_grant(c, "g2", "A", "other");
    save_grant(c, "g3", "B", "5b10");
    row = find_grant(c, "g1");
    assert_str(row->client_id, "A");
    assert_str(row->account_id, "5b10");
    assert_str(row->scopes, "read");
    assert_true(str_eq(row->sealed_access, STR("a\0a")));
    assert_true(str_eq(row->sealed_refresh, STR("r\0r")));
    assert_int_equal(row->access_expires, 77);
    assert_int_equal(row->granted, 8);
    assert_int_equal(row->refreshed, 0);
    contract_ok(c, store_grants_of(STORE(c), STR("B"), STR("5b10"), &row, &count));
    assert_int_equal(count, 1);
    assert_str(row->id, "g3");
    contract_ok(c, store_grants_of(STORE(c), STR("B"), STR("other"), &row, &count));
    assert_int_equal(count, 0);
    assert_null(find_grant(c, "g4"));
}

static void there_is_one_grant_a_client_and_account(void **state)
{
    struct contract *c = *state;
    seed(c);
    save_grant(c, "g1", "A", "5b10");
    struct grant_row twice = grant("g2", "A", "5b10");
    assert_int_equal(store_grant_save(STORE(c), &twice), ERR_CONFLICT);
    assert_null(find_grant(c, "g2"));
}

static void saving_a_grant_again_replaces_its_tokens_only(void **state)
{
    struct contract *c = *state;
    seed(c);
    save_grant(c, "g1", "A", "5b10");
    struct grant_row row = grant("g1", "B", "other");
    row.scopes = STR("more");
    row.generation = 2;
    row.sealed_access = STR("a2");
    row.sealed_refresh = STR("r2");
    row.access_expires = 99;
    row.granted = 9;
    row.refreshed = 10;
    contract_ok(c, store_grant_save(STORE(c), &row));
    struct grant_row *now = find_grant(c, "g1");
    assert_str(now->client_id, "A"); /* whose it is stays */
    assert_str(now->account_id, "5b10");
    assert_str(now->scopes, "more");
    assert_int_equal(now->generation, 2);
    assert_str(now->sealed_access, "a2");
    assert_str(now->sealed_refresh, "r2");
    assert_int_equal(now->access_expires, 99);
    assert_int_equal(now->granted, 9);
    assert_int_equal(now->refreshed, 10);
}

static void a_grant_goes_when_nothing_stands_on_it(void **state)
{
    struct contract *c = *state;
    int64_t uses = -1;
    seed(c);
    save_grant(c, "g1", "A", "5b10");
    save_grant(c, "g2", "A", "other");
    save_grant(c, "g3", "B", "5b10");
    stand(c, "cred1", "con1", "anna", "g1");
    stand(c, "cred2", "con2", "anna", "g1");
    contract_ok(c, store_grant_uses(STORE(c), STR("g1"), &uses));
    assert_int_equal(uses, 2);
    contract_ok(c, store_credential_wipe(STORE(c), STR("cred1"), STR("disconnected"), NONE, 5000));
    contract_ok(c, store_grant_uses(STORE(c), STR("g1"), &uses));
    assert_int_equal(uses, 1);
    contract_ok(c, store_grant_drop_unused(STORE(c), STR("g1")));
    assert_non_null(find_grant(c, "g1"));
    contract_ok(c, store_grant_drop_unused(STORE(c), STR("g2")));
    assert_null(find_grant(c, "g2"));
    assert_non_null(find_grant(c, "g3")); /* not asked for */
    contract_ok(c, store_grants_drop_unused(STORE(c)));
    assert_null(find_grant(c, "g3"));
    assert_non_null(find_grant(c, "g1"));
    contract_ok(c, store_connection_delete(STORE(c), STR("app2"), STR("con2")));
    contract_ok(c, store_grants_drop_unused(STORE(c)));
    assert_null(find_grant(c, "g1"));
}

static void a_grant_in_use_cannot_be_deleted(void **state)
{
    struct contract *c = *state;
    struct db_rows r;
    seed(c);
    save_grant(c, "g1", "A", "5b10");
    stand(c, "cred1", "con1", "anna", "g1");
    assert_str(standing(c, "con1", "anna").client_id, "A");
    assert_int_equal(db_query_none(c->db, c->arena, &c->fault, &r, "DELETE FROM oauth_grants"),
                     ERR_CONFLICT);
    struct credential_row row = credential(STR("cred2"), STR("bob"));
    row.grant = STR("g9");
    assert_int_equal(store_credential_save(STORE(c), &row), ERR_CONFLICT);
}

static void refusing_and_reviving_a_grant(void **state)
{
    struct contract *c = *state;
    seed(c);
    save_grant(c, "g1", "A", "5b10");
    save_grant(c, "g2", "A", "other");
    stand(c, "cred1", "con1", "anna", "g1");
    stand(c, "cred2", "con2", "anna", "g1");
    stand(c, "cred3", "con1", "bob", "g2");
    stand(c, "cred4", "con2", "bob", "g1");
    contract_script(c, "UPDATE credentials SET status = 'disconnected', sealed = NULL,"
                       " grant_id = NULL WHERE id = 'cred4'");
    contract_ok(c, store_credentials_refuse_grant(STORE(c), STR("g1"), STR("dead"), 5000));
    struct credential_row row = standing(c, "con1", "anna");
    assert_str(row.status, "grant_refused");
    assert_str(row.why, "dead");
    assert_true(row.sealed.p != NULL && row.grant.p != NULL); /* kept: a new consent revives */
    assert_int_equal(row.generation, 1);
    assert_str(standing(c, "con2", "anna").status, "grant_refused");
    assert_str(standing(c, "con1", "bob").status, "connected");
    assert_str(standing(c, "con2", "bob").status, "disconnected");
    contract_ok(c, store_credentials_refuse_grant(STORE(c), STR("g1"), STR("dead twice"), 6000));
    assert_str(standing(c, "con1", "anna").why, "dead"); /* the first word counts */
    contract_ok(c, store_credentials_refuse_grant(STORE(c), STR("g2"), STR("other"), 6000));
    contract_script(c, "UPDATE credentials SET sealed = NULL WHERE id = 'cred2'");
    contract_ok(c, store_credentials_revive_grant(STORE(c), STR("g1"), STR("anna"), 7000));
    row = standing(c, "con1", "anna");
    assert_str(row.status, "connected");
    assert_null(row.why.p);
    assert_str(standing(c, "con2", "anna").status, "grant_refused"); /* wiped: stays so */
    assert_str(standing(c, "con1", "bob").status, "grant_refused");  /* another grant */
    assert_str(standing(c, "con2", "bob").status, "disconnected");
}

/* --- another client --------------------------------------------------------------------------- */

/* con1 and con2 with a credential of anna's each on client A, and an API key of bob's. */
static void stand_on_a(struct contract *c)
{
    seed(c);
    save_grant(c, "g1", "A", "5b10");
    stand(c, "cred1", "con1", "anna", "g1");
    stand(c, "cred2", "con2", "anna", "g1");
    stand(c, "cred3", "con1", "bob", NULL);
}

static int64_t wipe(struct contract *c, const char *connection, const char *environment)
{
    int64_t lost = -1;
    contract_ok(c, store_credential_failed(STORE(c), STR("cred1"), 1, STR("It broke."), 50));
    contract_ok(c, store_credentials_wipe_other_client(
                       STORE(c), connection ? str_from(connection) : NONE,
                       environment ? str_from(environment) : NONE, STR("changed"), 8000, &lost));
    return lost;
}

static int is_wiped(struct contract *c, const char *connection)
{
    struct credential_row row = standing(c, connection, "anna");
    int wiped = !row.sealed.p;
    assert_int_equal(row.grant.p == NULL, wiped);
    assert_int_equal(row.generation, wiped ? 2 : 1);
    assert_str(row.status, wiped ? "needs_reconnect" : "connected");
    if (wiped) {
        assert_str(row.why, "changed");
        assert_true(row.last_error.p == NULL);
        assert_int_equal(row.status_since, 8000);
    }
    assert_true(standing(c, "con1", "bob").sealed.p != NULL); /* a key stands on no client */
    return wiped;
}

static void which_client_counts(void **state)
{
    static const struct {
        const char *own; /* of con1 */
        const char *workspace;
        const char *environment;
        int64_t lost;
        int con1, con2; /* wiped */
    } table[] = {
        {NULL, NULL, "A", 0, 0, 0},  {NULL, NULL, "B", 2, 1, 1},
        {NULL, NULL, "", 2, 1, 1},   /* no client at all is another */
        {NULL, NULL, NULL, 0, 0, 0}, /* unknown is not */
        {NULL, "A", "B", 0, 0, 0},   {NULL, "B", "A", 2, 1, 1},
        {NULL, "B", NULL, 2, 1, 1},  {"A", "B", "B", 1, 0, 1},
        {"B", "A", "A", 1, 1, 0},    {"B", NULL, NULL, 1, 1, 0},
        {"A", NULL, "", 1, 0, 1},    {"A", NULL, NULL, 0, 0, 0},
    };
    struct contract *c = *state;

    for (size_t i = 0; i < COUNT_OF(table); i++) {
        stand_on_a(c);
        if (table[i].own)
            save_client(c, "o", "con1", table[i].own);
        if (table[i].workspace)
            save_client(c, "w", NULL, table[i].workspace);
        int64_t lost = wipe(c, NULL, table[i].environment);
        if (lost != table[i].lost)
            fail_msg("line %zu: lost %d", i, (int)lost);
        assert_int_equal(is_wiped(c, "con1"), table[i].con1);
        assert_int_equal(is_wiped(c, "con2"), table[i].con2);
        assert_int_equal(wipe(c, NULL, table[i].environment), 0); /* once */
        contract_script(c, "DELETE FROM apps; DELETE FROM oauth_grants; DELETE FROM oauth_clients;"
                           "DELETE FROM sites; DELETE FROM groups; DELETE FROM users");
    }
}

static void one_connections_change_is_not_the_others_loss(void **state)
{
    struct contract *c = *state;
    stand_on_a(c);
    assert_int_equal(wipe(c, "con1", "B"), 1);
    assert_true(is_wiped(c, "con1"));
    assert_false(is_wiped(c, "con2"));
}

static void what_stands_on_a_client_is_counted(void **state)
{
    struct contract *c = *state;
    int64_t credentials = -1, connections = -1;
    stand_on_a(c);
    stand(c, "cred4", "con2", NULL, "g1");
    contract_ok(c, store_credentials_on_client(STORE(c), NONE, &credentials, &connections));
    assert_int_equal(credentials, 3);
    assert_int_equal(connections, 2);
    contract_ok(c, store_credentials_on_client(STORE(c), STR("con1"), &credentials, &connections));
    assert_int_equal(credentials, 1);
    assert_int_equal(connections, 1);
    save_client(c, "o", "con2", "A");
    contract_ok(c, store_credentials_on_client(STORE(c), NONE, &credentials, &connections));
    assert_int_equal(credentials, 1); /* con2 has its own now */
    assert_int_equal(connections, 1);
    contract_ok(c, store_credentials_on_client(STORE(c), STR("con2"), &credentials, &connections));
    assert_int_equal(credentials, 2);
}

/* --- due though nobody asks ------------------------------------------------------------------- */

static void save_due(struct contract *c, const char *id, int64_t keep_at, int64_t next_try)
{
    struct grant_row row = grant(id, "A", id);

    row.keep_at = keep_at;
    row.next_try = next_try;
    contract_ok(c, store_grant_save(STORE(c), &row));
}

/* Their ids, in order. */
static str idle(struct contract *c, int64_t now_ms, int64_t limit)
{
    struct due_terms terms = {now_ms, now_ms, now_ms + 1000, limit};
    struct due_grant *found = NULL;
    size_t count = 0;
    str ids = STR("");

    contract_ok(c, store_grants_idle(STORE(c), &terms, &found, &count));
    for (size_t i = 0; i < count; i++)
        ids = arena_printf(c->arena, "%.*s%.*s ", STR_ARG(ids), STR_ARG(found[i].grant));
    return ids;
}

static void what_is_idle_is_found_by_its_time(void **state)
{
    struct contract *c = *state;
    seed(c);
    save_due(c, "late", 101, 0);
    save_due(c, "second", 100, 100);
    save_due(c, "first", 50, 0);
    save_due(c, "waits", 40, 101);
    save_due(c, "ahead", 60, 1101); /* no back-off is that long: the clock was set back */
    assert_str(idle(c, 100, 9), "first ahead second ");
    assert_str(idle(c, 100, 1), "first ");
    contract_ok(c, store_grant_keep_later(STORE(c), STR("first"), 90));
    assert_str(idle(c, 100, 9), "ahead first second ");
    contract_ok(c, store_grant_keep_later(STORE(c), STR("first"), 10));
    assert_int_equal(find_grant(c, "first")->keep_at, 90);
}

static void interrupted_ones_wait_for_their_next_try(void **state)
{
    struct contract *c = *state;
    struct due_terms terms = {100, 100, 1100, 9};
    struct journal_row open = {.generation = 1, .owner = STR("p"), .until = 5, .began = 4};
    struct due_grant *found = NULL;
    size_t count = 0;
    int64_t fence = 0;
    seed(c);
    save_due(c, "open", 0, 100);
    save_due(c, "waits", 0, 101);
    save_due(c, "ahead", 0, 1101);
    save_due(c, "done", 0, 0);
    contract_ok(c, store_journal_take(STORE(c), STR("open"), &open, &fence));
    open.until = 6;
    contract_ok(c, store_journal_take(STORE(c), STR("ahead"), &open, &fence));
    contract_ok(c, store_journal_take(STORE(c), STR("waits"), &open, &fence));
    contract_ok(c, store_grants_interrupted(STORE(c), &terms, &found, &count));
    assert_int_equal(count, 2);
    assert_str(found[0].grant, "open");
    assert_str(found[1].grant, "ahead");
}

/* --- to be renewed because of a consent ------------------------------------------------------- */

/* A connected credential of the grant with its id. */
static void stand_on(struct contract *c, const char *id, str connection, str owner, str entered_by)
{
    struct credential_row row = credential(str_from(id), owner);

    row.connection = connection;
    row.app = str_eq(connection, STR("con1")) ? STR("app1") : STR("app2");
    row.entered_by = entered_by;
    row.grant = str_from(id);
    save_due(c, id, 1000, 0);
    contract_ok(c, store_credential_save(STORE(c), &row));
}

static str to_renew(struct contract *c, int64_t now_ms)
{
    struct due_terms terms = {now_ms, now_ms, now_ms + 1000, 9};
    struct due_grant *found = NULL;
    size_t count = 0;
    str ids = STR("");

    contract_ok(c, store_grants_to_renew(STORE(c), &terms, &found, &count));
    for (size_t i = 0; i < count; i++)
        ids = arena_printf(c->arena, "%.*s%.*s ", STR_ARG(ids), STR_ARG(found[i].grant));
    return ids;
}

static int64_t due_of(struct contract *c, const char *grant)
{
    int64_t due = -1;

    contract_ok(c, store_renewal_of(STORE(c), str_from(grant), &due));
    return due;
}

/* own: anna's; common: entered by her for all; others: bob's; nobody stands on bare. */
static void seed_renewals(struct contract *c)
{
    seed(c);
    stand_on(c, "own", STR("con1"), STR("anna"), STR("anna"));
    stand_on(c, "common", STR("con1"), NONE, STR("anna"));
    stand_on(c, "others", STR("con2"), STR("bob"), STR("bob"));
    save_due(c, "bare", 1000, 0);
}

static void mark(struct contract *c, const char *grant, int64_t due)
{
    contract_ok(c, store_renewal_add(STORE(c), str_from(grant), due, 0));
}

static int waits(struct contract *c, int64_t now)
{
    int waiting = -1;

    contract_ok(c, store_consents_wait(STORE(c), now, now + 1000, &waiting));
    return waiting;
}

static void a_grant_is_marked_once_and_settled_by_its_time(void **state)
{
    struct contract *c = *state;
    seed_renewals(c);
    mark(c, "own", 100);
    mark(c, "own", 90); /* never earlier */
    mark(c, "others", 100);
    contract_ok(c, store_renewal_settle(STORE(c), STR("own"), 99));
    assert_int_equal(due_of(c, "own"), 100);
    mark(c, "own", 200);
    assert_false(waits(c, 200));
    assert_true(waits(c, 150));
    contract_ok(c, store_renewals_pull(STORE(c), 150));
    assert_int_equal(due_of(c, "own"), 150);
    assert_int_equal(due_of(c, "others"), 100);
    contract_ok(c, store_renewal_settle(STORE(c), STR("own"), 150));
    assert_int_equal(due_of(c, "own"), 0);
    mark(c, "bare", 100);
    contract_ok(c, store_grants_drop_unused(STORE(c)));
    assert_int_equal(due_of(c, "bare"), 0); /* it goes with its grant */
}

static void what_is_known_is_renewed_first(void **state)
{
    struct contract *c = *state;
    seed_renewals(c);
    contract_ok(c, store_renewal_add(STORE(c), STR("common"), 50, 1));
    contract_ok(c, store_renewal_add(STORE(c), STR("others"), 50, 1));
    mark(c, "own", 100);
    assert_str(to_renew(c, 100), "own common others ");
    mark(c, "others", 40);
    assert_str(to_renew(c, 100), "others own common ");
}

static void save_consent(struct contract *c, str id, str client, str account, int64_t due)
{
    struct consent_row row = {.id = id, .client_id = client, .account_id = account, .due = due};

    contract_ok(c, store_consent_save(STORE(c), &row));
}

static struct consent_row *due_at(struct contract *c, int64_t now)
{
    struct consent_row *row = NULL;

    contract_ok(c, store_consent_due(STORE(c), now, &row));
    return row;
}

static str grants_of(struct contract *c, const struct consent_row *row)
{
    str *found = NULL, ids = STR("");
    size_t count = 0;

    assert_non_null(row);
    contract_ok(c, store_consent_grants(STORE(c), row, 3, &found, &count));
    for (size_t i = 0; i < count; i++)
        ids = arena_printf(c->arena, "%.*s%.*s ", STR_ARG(ids), STR_ARG(found[i]));
    return ids;
}

static void a_consent_is_followed_at_its_time(void **state)
{
    struct contract *c = *state;
    int unknown = -1;
    seed_renewals(c);
    save_consent(c, STR("one"), STR("A"), STR(""), 100);
    save_consent(c, STR("two"), STR("A"), STR(""), 90);
    assert_null(due_at(c, 89));
    assert_str(due_at(c, 100)->id, "two");
    contract_ok(c, store_consent_delete(STORE(c), STR("two")));
    assert_str(due_at(c, 100)->id, "one");
    contract_ok(c, store_consent_is_unknown(STORE(c), STR("one"), &unknown));
    assert_true(unknown);
    save_consent(c, STR("one"), STR("A"), STR("common"), 110); /* it is known, and was late */
    assert_null(due_at(c, 109));
    assert_str(due_at(c, 110)->account_id, "common");
    contract_ok(c, store_consent_is_unknown(STORE(c), STR("one"), &unknown));
    assert_false(unknown);
    assert_false(waits(c, 109));
    assert_true(waits(c, 110));
    save_consent(c, STR("one"), STR("A"), STR(""), 9000);
    assert_true(waits(c, 110)); /* the clock was set back */
    contract_ok(c, store_consents_pull(STORE(c), 1110));
    assert_false(waits(c, 110));
    assert_non_null(due_at(c, 1110));
}

static void all_of_a_client_or_of_an_account_but_its_own(void **state)
{
    struct contract *c = *state;
    seed_renewals(c);
    save_consent(c, STR("one"), STR("A"), STR(""), 100);
    save_consent(c, STR("two"), STR("A"), STR(""), 200);
    assert_str(grants_of(c, due_at(c, 100)), "common others own "); /* nothing stands on bare */
    contract_ok(c, store_consent_marked(STORE(c), STR("one"), STR("others")));
    assert_str(grants_of(c, due_at(c, 100)), "own ");
    contract_ok(c, store_consent_owns(STORE(c), STR("one"), STR("own")));
    assert_str(grants_of(c, due_at(c, 100)), "");
    contract_ok(c, store_consent_owns(STORE(c), STR("two"), STR("own"))); /* came after it */
    assert_str(grants_of(c, due_at(c, 100)), "own ");
    save_consent(c, STR("one"), STR("A"), STR("others"), 100);
    assert_str(grants_of(c, due_at(c, 100)), "others ");
    save_consent(c, STR("three"), STR("another"), STR(""), 50);
    assert_str(grants_of(c, due_at(c, 100)), "");
}

static void only_what_works_and_may_be_used_is_renewed(void **state)
{
    struct contract *c = *state;
    seed_renewals(c);
    mark(c, "common", 100);
    mark(c, "others", 100);
    mark(c, "own", 100);
    mark(c, "bare", 100);
    assert_str(to_renew(c, 100), "common others own ");
    contract_script(c, "UPDATE credentials SET suspended = 1 WHERE id = 'own'");
    assert_str(to_renew(c, 100), "common others ");
    contract_script(c, "UPDATE credentials SET status = 'grant_refused' WHERE id = 'others'");
    assert_str(to_renew(c, 100), "common ");
    contract_script(c, "UPDATE oauth_grants SET next_try = 101 WHERE id = 'common'");
    assert_str(to_renew(c, 100), "");
    contract_script(c, "UPDATE oauth_grants SET next_try = 2000 WHERE id = 'common'");
    assert_str(to_renew(c, 100), "common "); /* no back-off is that long */
}

/* The clock was ahead when they were saved. */
static void a_time_that_cannot_be_is_made_one_of_the_next_day(void **state)
{
    struct contract *c = *state;
    const int64_t day = 86400000;
    struct sweep_terms terms = {.now_ms = day, .keep_before = 47 * day};
    str *ids = NULL;
    size_t count = 0;
    seed(c);
    save_due(c, "good", 47 * day, 0);
    save_due(c, "wrong", 400 * day + 777, 0);
    contract_ok(c, store_sweep_find(STORE(c), SWEEP_KEEP, &terms, 9, &ids, &count));
    assert_int_equal(count, 1);
    assert_str(ids[0], "wrong");
    contract_ok(c, store_sweep_do(STORE(c), SWEEP_KEEP, &terms, STR("wrong")));
    contract_ok(c, store_sweep_do(STORE(c), SWEEP_KEEP, &terms, STR("good")));
    assert_int_equal(find_grant(c, "wrong")->keep_at, day + 777);
    assert_int_equal(find_grant(c, "good")->keep_at, 47 * day);
}

int main(void)
{
    static const struct contract_case cases[] = {
        CONTRACT(a_client_is_the_workspaces_or_a_connections),
        CONTRACT(there_is_one_client_each),
        CONTRACT(saving_a_client_again_replaces_it_in_place),
        CONTRACT(a_client_goes_by_hand_or_with_its_connection),
        CONTRACT(a_grant_is_found_by_id_and_by_client_and_account),
        CONTRACT(there_is_one_grant_a_client_and_account),
        CONTRACT(saving_a_grant_again_replaces_its_tokens_only),
        CONTRACT(a_grant_goes_when_nothing_stands_on_it),
        CONTRACT(a_grant_in_use_cannot_be_deleted),
        CONTRACT(refusing_and_reviving_a_grant),
        CONTRACT(which_client_counts),
        CONTRACT(one_connections_change_is_not_the_others_loss),
        CONTRACT(what_stands_on_a_client_is_counted),
        CONTRACT(what_is_idle_is_found_by_its_time),
        CONTRACT(interrupted_ones_wait_for_their_next_try),
        CONTRACT(a_grant_is_marked_once_and_settled_by_its_time),
        CONTRACT(what_is_known_is_renewed_first),
        CONTRACT(a_consent_is_followed_at_its_time),
        CONTRACT(all_of_a_client_or_of_an_account_but_its_own),
        CONTRACT(only_what_works_and_may_be_used_is_renewed),
        CONTRACT(a_time_that_cannot_be_is_made_one_of_the_next_day),
    };
    return contract_run(cases, COUNT_OF(cases));
}
