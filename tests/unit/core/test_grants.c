/* core/grants.h: one grant an account and client, its generations, and its end. */
#include "core/grant_refresh.h"
#include "core/grants.h"
#include "jira.h"

static str secret_of(struct jira *x, const char *user, const char *connection)
{
    str secret;

    contract_ok(x->o.c, jira_use(x, user, connection, &secret));
    return secret;
}

static int64_t grants(struct jira *x)
{
    return jira_number(x, "SELECT count(*) FROM oauth_grants");
}

static void two_apps_stand_on_one_grant(void **state)
{
    struct jira x;

    jira_open(&x, state);
    jira_connect(&x, "bob", "con1", "acc");
    jira_connect(&x, "bob", "con3", "acc");  /* in another app */
    jira_connect(&x, "carl", "con1", "acc"); /* another person, the same Atlassian account */
    assert_int_equal(grants(&x), 1);
    assert_str(secret_of(&x, "bob", "con1"), "access-3"); /* the last consent's */
    assert_str(secret_of(&x, "bob", "con3"), "access-3");
    assert_str(secret_of(&x, "carl", "con1"), "access-3");
    assert_int_equal(jira_grant(&x, "con1", "bob")->generation, 3);
    jira_connect(&x, "dora", "con1", "other");
    assert_int_equal(grants(&x), 2);
    assert_str(secret_of(&x, "dora", "con1"), "access-4");
    assert_str(secret_of(&x, "bob", "con1"), "access-3");
    (void)jira_client(&x, "con2", "own-client");
    jira_connect(&x, "bob", "con2", "acc"); /* another client: another grant */
    assert_int_equal(grants(&x), 3);
    assert_str(secret_of(&x, "bob", "con1"), "access-3");
    assert_str(secret_of(&x, "bob", "con2"), "access-5");
    jira_close(&x);
}

static void disconnect(struct jira *x, const char *user, const char *connection)
{
    assert_err(jira_disconnect(x, user, connection), ERR_OK);
}

static void the_last_disconnect_deletes_the_grant(void **state)
{
    struct jira x;

    jira_open(&x, state);
    jira_connect(&x, "bob", "con1", "acc");
    jira_connect(&x, "bob", "con3", "acc");
    jira_connect(&x, "carl", "con1", "other");
    disconnect(&x, "bob", "con1");
    assert_int_equal(grants(&x), 2);
    assert_int_equal(jira_decision(&x, "bob", "con1"), DECISION_CONNECT);
    assert_str(secret_of(&x, "bob", "con3"), "access-2");
    disconnect(&x, "bob", "con3");
    assert_int_equal(grants(&x), 1);
    assert_str(secret_of(&x, "carl", "con1"), "access-3");
    assert_err(jira_disconnect(&x, "bob", "con3"), ERR_NOT_FOUND);
    jira_close(&x);
}

static void a_deleted_connection_takes_its_grants(void **state)
{
    struct jira x;

    jira_open(&x, state);
    jira_connect(&x, "bob", "con1", "acc");
    jira_connect(&x, "bob", "con3", "acc");
    jira_connect(&x, "carl", "con1", "other");
    struct connection_row n = jira_connection(&x, "con1");
    struct work *w = jira_as(&x, "anna", "con1");
    contract_ok(x.o.c, world_end(w, connection_delete(w, &n)));
    assert_int_equal(grants(&x), 1);
    assert_str(secret_of(&x, "bob", "con3"), "access-2");
    jira_close(&x);
}

static void is_it_used_elsewhere(void **state)
{
    struct jira x;
    int elsewhere = -1;

    jira_open(&x, state);
    jira_connect(&x, "bob", "con1", "acc");
    jira_connect_key(&x, "bob", "key1", "k");
    struct work *w = jira_as(&x, "bob", "con1");
    contract_ok(x.o.c,
                credentials_grant_is_used_elsewhere(w, jira_row(&x, "con1", "bob"), &elsewhere));
    assert_int_equal(elsewhere, 0);
    jira_connect(&x, "bob", "con3", "acc");
    contract_ok(x.o.c,
                credentials_grant_is_used_elsewhere(w, jira_row(&x, "con1", "bob"), &elsewhere));
    assert_int_equal(elsewhere, 1);
    contract_ok(x.o.c,
                credentials_grant_is_used_elsewhere(w, jira_row(&x, "key1", "bob"), &elsewhere));
    assert_int_equal(elsewhere, 0);
    jira_close(&x);
}

/* --- refreshing ------------------------------------------------------------------------------- */

static enum err begin(struct jira *x, const char *connection, str grant, int64_t generation,
                      struct grant_refresh *ret)
{
    str app = strcmp(connection, "con3") == 0 ? STR("moon") : STR("sun");

    struct grant_question q = {grant,       generation,        app, str_from(connection),
                               STR("test"), GRANT_OBEY_BACKOFF};
    struct work *w = world_work(&x->o, NULL);

    return world_end(w, grant_refresh_begin(w, &q, ret));
}

static const struct grant_lease *lease_of(int64_t generation)
{
    static struct grant_lease lease;

    lease = (struct grant_lease){.generation = generation, .fence = 1};
    return &lease;
}

static void refresh_done(struct grant_refresh *r)
{
    secret_wipe(&r->access);
    secret_wipe(&r->refresh);
    secret_wipe(&r->client.client_secret);
    *r = (struct grant_refresh){0};
}

/* What the provider answered: access-<n> and, when rotated, refresh-<n>. *ret_access: "" on errors.
 */
static enum err answer(struct jira *x, struct db *db, str grant, int64_t generation, int rotated,
                       str *ret_access, int64_t *ret_generation)
{
    SECRET_AUTO struct secret access = {0};
    struct provider_exchange made = jira_exchange(x);
    struct work *w = world_work(&x->o, db);
    enum err e;

    if (!rotated)
        secret_wipe(&made.tokens.refresh);
    e = grant_refresh_save(w, grant, STR("test"), lease_of(generation), &made.tokens, &access,
                           ret_generation);
    *ret_access = e ? STR("") : arena_str(x->o.c->arena, secret_expose(&access));
    jira_exchange_wipe(&made);
    return world_end(w, e);
}

static str refresh_on_file(struct jira *x, str grant)
{
    struct grant_refresh r = {0};
    struct grant_row *g = NULL;
    struct contract *c = x->o.c;

    contract_ok(c, store_grant_find(c->db, c->arena, &c->fault, grant, &g));
    contract_ok(c, begin(x, "con1", grant, g->generation, &r));
    str refresh = arena_str(c->arena, secret_expose(&r.refresh));
    refresh_done(&r);
    return refresh;
}

static void a_refresh_begins_with_token_and_client(void **state)
{
    struct jira x;
    struct grant_refresh r = {0};

    jira_open(&x, state);
    jira_connect(&x, "bob", "con1", "acc");
    str grant = jira_grant(&x, "con1", "bob")->id;
    contract_ok(x.o.c, begin(&x, "con1", grant, 1, &r));
    assert_int_equal(r.turn, GRANT_OURS);
    assert_int_equal(r.generation, 1);
    assert_str(secret_expose(&r.refresh), "refresh-1");
    assert_false(secret_is_set(&r.access));
    assert_str(r.client.client_id, "env-client");
    assert_str(secret_expose(&r.client.client_secret), "env-secret");
    refresh_done(&r);
    /* found stale by somebody who holds an older one: the new one is handed out */
    contract_ok(x.o.c, begin(&x, "con1", grant, 0, &r));
    assert_int_equal(r.turn, GRANT_FRESH);
    assert_int_equal(r.generation, 1);
    assert_str(secret_expose(&r.access), "access-1");
    assert_false(secret_is_set(&r.refresh) || secret_is_set(&r.client.client_secret));
    refresh_done(&r);
    /* unless that is over as well */
    x.o.now_ms += 3600 * CLOCK_SECOND_MS;
    contract_ok(x.o.c, begin(&x, "con1", grant, 0, &r));
    assert_int_equal(r.turn, GRANT_OURS);
    assert_str(secret_expose(&r.refresh), "refresh-1");
    refresh_done(&r);
    jira_close(&x);
}

/* Rule 9. */
static void only_the_client_that_made_it_refreshes(void **state)
{
    struct jira x;
    struct grant_refresh r = {0};

    jira_open(&x, state);
    jira_connect(&x, "bob", "con1", "acc");
    str grant = jira_grant(&x, "con1", "bob")->id;
    assert_err(begin(&x, "con3", STR("unknown"), 1, &r), ERR_NEEDS_RECONNECT);
    contract_ok(x.o.c, begin(&x, "con2", grant, 1, &r)); /* the same client: all the same */
    refresh_done(&r);
    jira_sql(&x, "INSERT INTO oauth_clients (id, connection_id, client_id, scopes, sealed,"
                 " generation, saved, saved_by) SELECT 'o', 'con1', 'own', '', sealed_access, 1, 1,"
                 " 'anna' FROM oauth_grants");
    assert_err(begin(&x, "con1", grant, 1, &r), ERR_NEEDS_RECONNECT);
    assert_false(secret_is_set(&r.refresh) || secret_is_set(&r.client.client_secret));
    jira_sql(&x, "DELETE FROM oauth_clients");
    x.o.settings.jira_client_id = STR("env-other");
    assert_err(begin(&x, "con1", grant, 1, &r), ERR_NEEDS_RECONNECT);
    x.o.settings.jira_client_id = STR("");
    assert_err(begin(&x, "con1", grant, 1, &r), ERR_NEEDS_RECONNECT);
    x.o.settings.jira_client_id = STR("env-client");
    struct grant_question elsewhere = {grant,       1,           STR("moon"),
                                       STR("con1"), STR("test"), GRANT_OBEY_BACKOFF};
    struct work *w = world_work(&x.o, NULL);
    assert_err(world_end(w, grant_refresh_begin(w, &elsewhere, &r)),
               ERR_NEEDS_RECONNECT); /* no such connection in that app */
    contract_ok(x.o.c, begin(&x, "con1", grant, 1, &r));
    refresh_done(&r);
    jira_close(&x);
}

static void an_answer_moves_the_generation(void **state)
{
    struct jira x;
    str access;
    int64_t generation = 0;

    jira_open(&x, state);
    jira_connect(&x, "bob", "con1", "acc");
    jira_connect(&x, "bob", "con3", "acc");
    str grant = jira_grant(&x, "con1", "bob")->id;
    x.o.now_ms += 10;
    contract_ok(x.o.c, answer(&x, NULL, grant, 2, 1, &access, &generation));
    assert_str(access, "access-3");
    assert_int_equal(generation, 3);
    struct grant_row *g = jira_grant(&x, "con1", "bob");
    assert_int_equal(g->generation, 3);
    assert_true(g->refreshed == x.o.now_ms && g->granted == x.o.now_ms - 10);
    assert_true(g->access_expires == x.o.now_ms + 3600 * CLOCK_SECOND_MS);
    assert_str(g->scopes, "read:jira-work offline_access");
    assert_str(secret_of(&x, "bob", "con1"), "access-3");
    assert_str(secret_of(&x, "bob", "con3"), "access-3");
    assert_str(refresh_on_file(&x, grant), "refresh-3");
    /* a late answer to the generation before saves nothing and gets what is on file */
    contract_ok(x.o.c, answer(&x, NULL, grant, 2, 1, &access, &generation));
    assert_str(access, "access-3");
    assert_int_equal(generation, 3);
    assert_str(secret_of(&x, "bob", "con1"), "access-3");
    assert_str(refresh_on_file(&x, grant), "refresh-3");
    jira_close(&x);
}

static void without_a_new_refresh_token_the_old_one_stays(void **state)
{
    struct jira x;
    str access;
    int64_t generation = 0;

    jira_open(&x, state);
    jira_connect(&x, "bob", "con1", "acc");
    str grant = jira_grant(&x, "con1", "bob")->id;
    contract_ok(x.o.c, answer(&x, NULL, grant, 1, 0, &access, &generation));
    assert_str(access, "access-2");
    assert_int_equal(generation, 2);
    assert_str(refresh_on_file(&x, grant), "refresh-1");
    contract_ok(x.o.c, answer(&x, NULL, grant, 2, 0, &access, &generation));
    assert_str(refresh_on_file(&x, grant), "refresh-1");
    assert_str(secret_of(&x, "bob", "con1"), "access-3");
    jira_close(&x);
}

static enum err refused(struct jira *x, str grant, int64_t generation)
{
    SECRET_AUTO struct secret access = {0};
    struct work *w = world_work(&x->o, NULL);
    int64_t now = 0;
    str why;

    return world_end(w, grant_refresh_refused(w, grant, STR("test"), lease_of(generation),
                                              STR("Atlassian said no."), &access, &now, &why));
}

static void a_refusal_counts_for_its_generation(void **state)
{
    struct jira x;
    str access;
    int64_t generation;

    jira_open(&x, state);
    jira_connect(&x, "bob", "con1", "acc");
    jira_connect(&x, "bob", "con3", "acc");
    jira_connect(&x, "carl", "con1", "other");
    str grant = jira_grant(&x, "con1", "bob")->id;
    contract_ok(x.o.c, refused(&x, grant, 1)); /* of before the second consent */
    assert_int_equal(jira_decision(&x, "bob", "con1"), DECISION_USE);
    contract_ok(x.o.c, refused(&x, grant, 2));
    assert_int_equal(jira_decision(&x, "bob", "con1"), DECISION_RECONNECT);
    assert_int_equal(jira_decision(&x, "bob", "con3"), DECISION_RECONNECT);
    assert_int_equal(jira_decision(&x, "carl", "con1"), DECISION_USE);
    assert_str(jira_row(&x, "con1", "bob")->why, "Atlassian said no.");
    assert_err(refused(&x, STR("unknown"), 2), ERR_NEEDS_RECONNECT);
    /* one new consent connects all that stood on it again */
    jira_connect(&x, "bob", "con3", "acc");
    assert_int_equal(jira_decision(&x, "bob", "con1"), DECISION_USE);
    assert_str(secret_of(&x, "bob", "con1"), "access-4");
    contract_ok(x.o.c, answer(&x, NULL, grant, 3, 1, &access, &generation));
    assert_str(secret_of(&x, "bob", "con1"), "access-5");
    jira_close(&x);
}

/* Rule 11: nothing in flight revives what was disconnected. */
static void a_disconnect_during_a_refresh(void **state)
{
    struct jira x;
    struct grant_refresh r = {0};
    str access;
    int64_t generation = 0;

    jira_open(&x, state);
    jira_connect(&x, "bob", "con1", "acc");
    str grant = jira_grant(&x, "con1", "bob")->id;
    contract_ok(x.o.c, begin(&x, "con1", grant, 1, &r));
    refresh_done(&r);
    disconnect(&x, "bob", "con1");
    assert_err(answer(&x, NULL, grant, 1, 1, &access, &generation), ERR_NEEDS_RECONNECT);
    assert_str(access, "");
    assert_int_equal(grants(&x), 0);
    assert_err(refused(&x, grant, 1), ERR_NEEDS_RECONNECT);
    assert_str(jira_row(&x, "con1", "bob")->status, "disconnected");
    assert_err(begin(&x, "con1", grant, 1, &r), ERR_NEEDS_RECONNECT);
    /* connected again meanwhile: that is another grant */
    jira_connect(&x, "bob", "con1", "acc");
    assert_err(answer(&x, NULL, grant, 1, 1, &access, &generation), ERR_NEEDS_RECONNECT);
    assert_str(secret_of(&x, "bob", "con1"), "access-3");
    jira_close(&x);
}

static void a_consent_without_refresh_token_is_not_kept(void **state)
{
    SECRET_AUTO struct secret access = {0}, none = {0};
    struct grant_tokens tokens = {&access, &none, 5, STR("read")};
    str lost;
    struct grant_reach reach = {STR("cred"), STR("site"), STR(""), NULL};
    struct jira x;
    struct work *w;
    str id = STR("");

    jira_open(&x, state);
    secret_set(&access, "a", 1);
    for (int i = 0; i < 2; i++) {
        w = world_work(&x.o, NULL);
        contract_ok(x.o.c, work_write(w));
        assert_err(
            world_end(w, grant_save(w, STR("env-client"), STR("acc"), &reach, &tokens, &id, &lost)),
            ERR_SCOPE_MISSING);
        tokens.refresh = NULL;
    }
    assert_int_equal(grants(&x), 0);
    w = world_work(&x.o, NULL);
    assert_true(grant_access_expires(w, 0) == x.o.now_ms + 3600 * CLOCK_SECOND_MS);
    assert_true(grant_access_expires(w, 60) == x.o.now_ms + 60 * CLOCK_SECOND_MS);
    jira_close(&x);
}

/* --- in parallel ------------------------------------------------------------------------------ */

struct racer {
    struct jira *x;
    str grant;
    const char *access;
    char got[32];
    int64_t generation;
    enum err result;
};

static void *save_in_thread(void *arg)
{
    struct racer *r = arg;
    struct arena *a = arena_new(1 << 20);
    struct fault f = {0};
    struct db *db = contract_connect(r->x->o.c, 10000);

    do {
        SECRET_AUTO struct secret access = {0};
        struct grant_lease lease = {.generation = 1, .fence = 1};
        struct provider_tokens tokens = {.expires_in_s = 60};
        struct work w = {.arena = a,
                         .fault = &f,
                         .db = db,
                         .services = &r->x->o.services,
                         .now_ms = r->x->o.now_ms};
        secret_set(&tokens.access, r->access, strlen(r->access));
        r->result = world_end(&w, grant_refresh_save(&w, r->grant, STR("test"), &lease, &tokens,
                                                     &access, &r->generation));
        if (!r->result)
            memcpy(r->got, access.p, access.n);
        secret_wipe(&tokens.access);
    } while (r->result == ERR_RETRY);
    db_close(db);
    arena_free(a);
    return NULL;
}

static void of_two_answers_one_is_kept_and_both_go_on(void **state)
{
    struct jira x;

    jira_open(&x, state);
    jira_connect(&x, "bob", "con1", "acc");
    for (int round = 0; round < 5; round++) {
        str grant = jira_grant(&x, "con1", "bob")->id;
        struct racer one = {.x = &x, .grant = grant, .access = "one"};
        struct racer two = {.x = &x, .grant = grant, .access = "two"};
        world_race(save_in_thread, &one, &two);
        assert_err(one.result, ERR_OK);
        assert_err(two.result, ERR_OK);
        assert_int_equal(one.generation, 2);
        assert_int_equal(two.generation, 2);
        assert_string_equal(one.got, two.got);
        assert_str(secret_of(&x, "bob", "con1"), one.got);
        disconnect(&x, "bob", "con1");
        jira_connect(&x, "bob", "con1", "acc");
    }
    jira_close(&x);
}

int main(void)
{
    static const struct contract_case cases[] = {
        CONTRACT(two_apps_stand_on_one_grant),
        CONTRACT(the_last_disconnect_deletes_the_grant),
        CONTRACT(a_deleted_connection_takes_its_grants),
        CONTRACT(is_it_used_elsewhere),
        CONTRACT(a_refresh_begins_with_token_and_client),
        CONTRACT(only_the_client_that_made_it_refreshes),
        CONTRACT(an_answer_moves_the_generation),
        CONTRACT(without_a_new_refresh_token_the_old_one_stays),
        CONTRACT(a_refusal_counts_for_its_generation),
        CONTRACT(a_disconnect_during_a_refresh),
        CONTRACT(a_consent_without_refresh_token_is_not_kept),
        CONTRACT(of_two_answers_one_is_kept_and_both_go_on),
    };

    return contract_run(cases, COUNT_OF(cases));
}
