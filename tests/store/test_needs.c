/* The contract of store/needs.h, and of what store/credentials.h and store/oauth.h remember about
 * how a credential is doing. */
#include <stdio.h>

#include "connected.h"
#include "store/needs.h"
#include "store/oauth.h"

#define STORE(c) (c)->db, (c)->arena, &(c)->fault

static void put(struct contract *c, const char *id, str owner)
{
    struct credential_row row = credential(str_from(id), owner);
    contract_ok(c, store_credential_save(STORE(c), &row));
}

static void need(struct contract *c, const char *credential, const char *kind, const char *project,
                 const char *value, int64_t seen, int64_t refused)
{
    struct need_row row = {str_from(kind), str_from(project), str_from(value), seen, refused};
    contract_ok(c, store_need_save(STORE(c), str_from(credential), &row));
}

static struct need_row *scopes(struct contract *c, const char *credential, int64_t since,
                               size_t count)
{
    struct need_row *rows = NULL;
    size_t found = 0;
    contract_ok(
        c, store_needs_scopes(STORE(c), STR("con1"), str_from(credential), since, &rows, &found));
    assert_int_equal(found, count);
    return rows;
}

static struct need_row *permissions(struct contract *c, const char *credential, int64_t since,
                                    size_t count)
{
    struct need_row *rows = NULL;
    size_t found = 0;
    contract_ok(c, store_needs_permissions(STORE(c), str_from(credential), since, &rows, &found));
    assert_int_equal(found, count);
    return rows;
}

static void scopes_are_the_connections_refusals_the_credentials(void **state)
{
    struct contract *c = *state;
    seed(c);
    put(c, "cred1", STR("anna"));
    put(c, "cred2", STR("bob"));
    need(c, "cred1", "scope", "", "write", 10, 10);
    need(c, "cred2", "scope", "", "write", 20, 0);
    need(c, "cred2", "scope", "", "read", 15, 0);
    struct need_row *rows = scopes(c, "cred1", 5, 2);
    assert_str(rows[0].value, "read");
    assert_str(rows[1].value, "write");
    assert_int_equal(rows[1].last_seen, 20);
    assert_int_equal(rows[1].refused, 10);
    assert_int_equal(scopes(c, "cred2", 5, 2)[1].refused, 0);
    (void)scopes(c, "cred1", 20, 1);
    contract_ok(c, store_needs_forgive(STORE(c), STR("cred1"), NONE));
    assert_int_equal(scopes(c, "cred1", 5, 2)[1].refused, 0);
    (void)permissions(c, "cred1", 0, 0);
}

static void permissions_are_the_credentials_own(void **state)
{
    struct contract *c = *state;
    seed(c);
    put(c, "cred1", STR("anna"));
    put(c, "cred2", STR("bob"));
    need(c, "cred1", "permission", "ACME", "EDIT", 10, 0);
    need(c, "cred1", "permission", "ACME", "BROWSE", 12, 0);
    need(c, "cred1", "permission", "OPS", "EDIT", 11, 0);
    need(c, "cred2", "permission", "SEC", "EDIT", 99, 0);
    struct need_row *rows = permissions(c, "cred1", 0, 3);
    assert_str(rows[0].project, "ACME"); /* the one used last comes first, whole */
    assert_str(rows[0].value, "BROWSE");
    assert_str(rows[1].value, "EDIT");
    assert_str(rows[2].project, "OPS");
    need(c, "cred1", "permission", "OPS", "EDIT", 13, 0); /* replaces */
    assert_str(permissions(c, "cred1", 0, 3)[0].project, "OPS");
    (void)permissions(c, "cred1", 12, 2); /* what is older is not read */
}

static void one_is_found_and_goes_with_its_credential(void **state)
{
    struct contract *c = *state;
    struct need_row *row = NULL;
    seed(c);
    put(c, "cred1", STR("anna"));
    need(c, "cred1", "scope", "", "read", 10, 0);
    contract_ok(c,
                store_need_find(STORE(c), STR("cred1"), STR("scope"), STR(""), STR("read"), &row));
    assert_non_null(row);
    assert_int_equal(row->last_seen, 10);
    contract_ok(c,
                store_need_find(STORE(c), STR("cred1"), STR("scope"), STR(""), STR("write"), &row));
    assert_null(row);
    need(c, "gone", "scope", "", "read", 10, 0); /* nothing happens */
    contract_script(c, "DELETE FROM credentials");
    contract_ok(c,
                store_need_find(STORE(c), STR("cred1"), STR("scope"), STR(""), STR("read"), &row));
    assert_null(row);
}

static void the_oldest_go(void **state)
{
    struct contract *c = *state;
    char project[16];
    seed(c);
    put(c, "cred1", STR("anna"));
    for (int i = 0; i < NEEDS_MAX + 20; i++) {
        (void)snprintf(project, sizeof(project), "P%d", i);
        need(c, "cred1", "permission", project, "EDIT", 1000 + i, 0);
    }
    struct need_row *rows = permissions(c, "cred1", 0, NEEDS_MAX);
    assert_str(rows[0].project, "P219");
    assert_str(rows[NEEDS_MAX - 1].project, "P20");
}

/* --- how a credential is doing ---------------------------------------------------------------- */

static struct credential_row *row(struct contract *c)
{
    struct credential_row *found = NULL;
    contract_ok(c, store_credential_of(STORE(c), STR("con1"), STR("anna"), &found));
    assert_non_null(found);
    return found;
}

static void check(struct contract *c, const char *status, const char *why, int64_t now_ms)
{
    int saved = 0;
    contract_ok(c, store_credential_checked(STORE(c), STR("cred1"), 1, str_from(status),
                                            why ? str_from(why) : NONE, now_ms, &saved));
    assert_int_equal(saved, 1);
}

static void since_moves_with_the_status_only(void **state)
{
    struct contract *c = *state;
    int64_t wiped = 0;
    seed(c);
    put(c, "cred1", STR("anna"));
    int64_t since = row(c)->since;
    assert_int_equal(row(c)->status_since, since);
    check(c, "connected", NULL, 5000);
    assert_int_equal(row(c)->status_since, since);
    check(c, "needs_reconnect", "refused", 6000);
    check(c, "needs_reconnect", "again", 7000);
    assert_int_equal(row(c)->status_since, 6000);
    contract_ok(c,
                store_credentials_wipe_connection(STORE(c), STR("con1"), STR("w"), 8000, &wiped));
    assert_int_equal(row(c)->status_since, 6000);
    contract_ok(c, store_credential_wipe(STORE(c), STR("cred1"), STR("disconnected"), NONE, 9000));
    assert_int_equal(row(c)->status_since, 9000);
    contract_script(c, "UPDATE credentials SET status_since = NULL"); /* of before 0003 */
    assert_int_equal(row(c)->status_since, since);
}

static void the_last_error_stays_until_it_works(void **state)
{
    struct contract *c = *state;
    seed(c);
    put(c, "cred1", STR("anna"));
    assert_null(row(c)->last_error.p);
    contract_ok(c, store_credential_failed(STORE(c), STR("cred1"), 2, STR("late"), 4000));
    assert_null(row(c)->last_error.p); /* another generation */
    contract_ok(c, store_credential_failed(STORE(c), STR("cred1"), 1, STR("away"), 5000));
    assert_str(row(c)->last_error, "away");
    assert_int_equal(row(c)->last_error_at, 5000);
    assert_str(row(c)->status, "connected");
    contract_ok(c, store_credential_used(STORE(c), STR("cred1"), 6000));
    assert_null(row(c)->last_error.p);
    assert_int_equal(row(c)->last_error_at, 0);
    assert_int_equal(row(c)->last_used, 6000);
    check(c, "needs_reconnect", "refused", 7000);
    assert_str(row(c)->last_error, "refused");
    assert_int_equal(row(c)->last_error_at, 7000);
    check(c, "connected", NULL, 8000);
    assert_null(row(c)->last_error.p);
    assert_int_equal(row(c)->last_error_at, 0);
}

static void the_grants_health_comes_along(void **state)
{
    struct contract *c = *state;
    struct grant_row g = {.id = STR("g1"),
                          .client_id = STR("A"),
                          .account_id = STR("acc"),
                          .site_id = STR(""),
                          .scopes = STR("read write"),
                          .generation = 1,
                          .sealed_access = STR("a"),
                          .sealed_refresh = STR("r"),
                          .access_expires = 1,
                          .granted = 2,
                          .refreshed = 3,
                          .keep_at = 4000,
                          .failures = 1,
                          .failing_since = 5,
                          .next_try = 6,
                          .last_class = STR("client"),
                          .last_error = STR("no")};
    int64_t count = 0;
    seed(c);
    put(c, "cred1", STR("anna"));
    assert_null(row(c)->tokens.scopes.p); /* a key stands on none */
    put(c, "cred2", STR("bob"));
    contract_ok(c, store_grant_save(STORE(c), &g));
    contract_script(c, "UPDATE credentials SET grant_id = 'g1', since = 50, last_used = NULL;"
                       "UPDATE credentials SET last_used = 70, since = 40 WHERE id = 'cred2'");
    struct credential_grant_health h = row(c)->tokens;
    assert_str(h.scopes, "read write");
    assert_true(h.granted == 2 && h.refreshed == 3 && h.failing_since == 5 && h.next_try == 6);
    assert_str(h.last_class, "client");
    assert_str(h.last_error, "no");
    assert_true(h.last_used == 70 && h.since == 50);
    contract_ok(c, store_grants_failing_client(STORE(c), STR("A"), &count));
    assert_int_equal(count, 1);
    contract_ok(c, store_grants_failing_client(STORE(c), STR("B"), &count));
    assert_int_equal(count, 0);
    contract_ok(c, store_grants_retry_client(STORE(c), STR("A"), 100, &count));
    assert_int_equal(count, 1);
    h = row(c)->tokens;
    assert_true(h.failing_since == 0 && h.next_try == 0);
    assert_null(h.last_class.p);
    struct grant_row *after = NULL;
    contract_ok(c, store_grant_find(STORE(c), STR("g1"), &after));
    assert_int_equal(after->keep_at, 100); /* the keep-alive's next look takes it */
}

int main(void)
{
    static const struct contract_case cases[] = {
        CONTRACT(scopes_are_the_connections_refusals_the_credentials),
        CONTRACT(permissions_are_the_credentials_own),
        CONTRACT(one_is_found_and_goes_with_its_credential),
        CONTRACT(the_oldest_go),
        CONTRACT(since_moves_with_the_status_only),
        CONTRACT(the_last_error_stays_until_it_works),
        CONTRACT(the_grants_health_comes_along),
    };
    return contract_run(cases, sizeof cases / sizeof *cases);
}
