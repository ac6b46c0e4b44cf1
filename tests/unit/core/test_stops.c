/* core/stops.h on a database: what each kind of stop reaches, what was in flight, lifting, erasing,
 * the list of what has to be revoked, and who may end one.
 *
 * bob and carl connect by OAuth2 (con1, con2 in sun; con3 in moon) and by key (key1); key2 is
 * shared and anna's.
 */
#include "core/grant_refresh.h"
#include "core/stops.h"
#include "jira.h"
#include "store/journal.h"

static void populate(struct jira *x, void **state)
{
    jira_open(x, state);
    jira_connect(x, "bob", "con1", "acc-bob");
    jira_connect(x, "bob", "con3", "acc-bob");
    jira_connect(x, "carl", "con1", "acc-carl");
    jira_connect_key(x, "bob", "key1", "bob-key");
    jira_switch(x, "key2", 1);
    jira_connect_key(x, "anna", "key2", "anna-key");
}

static struct stop_row set(struct jira *x, enum stop_kind kind, const char *name)
{
    struct work *w = world_work(&x->o, NULL);
    struct stop_subject subject = {0};
    struct stop_row row = {0};

    contract_ok(x->o.c, stop_subject_find(w, kind, str_from(name), &subject));
    contract_ok(x->o.c, world_end(w, stop_set(w, &subject, STR("leaked"), &row)));
    return row;
}

static void lift(struct jira *x, const struct stop_row *row)
{
    struct work *w = world_work(&x->o, NULL);
    struct stop_row lifted = {0};

    contract_ok(x->o.c, world_end(w, stop_lift(w, row->id, &lifted)));
    assert_true(lifted.lifted > 0);
}

/* What a request of each person would use, one letter each: U used, S stopped, - anything else. */
static void assert_uses(struct jira *x, const char *expected)
{
    static const char *const ASKED[][2] = {{"bob", "con1"},  {"bob", "con3"},  {"bob", "key1"},
                                           {"bob", "key2"},  {"carl", "con1"}, {"carl", "key2"},
                                           {"anna", "con3"}, {"anna", "key2"}};
    char got[COUNT_OF(ASKED) + 1] = "";
    str secret;

    for (size_t i = 0; i < COUNT_OF(ASKED); i++) {
        enum err e = jira_use(x, ASKED[i][0], ASKED[i][1], &secret);
        got[i] = e == ERR_OK ? 'U' : e == ERR_STOPPED ? 'S' : '-';
    }
    assert_string_equal(got, expected);
}

#define ALL "UUUUUU-U"

static void each_kind_reaches_what_is_its_own(void **state)
{
    struct jira x;
    struct stop_row row;

    populate(&x, state);
    assert_uses(&x, ALL);
    row = set(&x, STOP_APP, "sun");
    assert_uses(&x, "SUSSSS-S");
    lift(&x, &row);
    assert_uses(&x, ALL);
    row = set(&x, STOP_USER, "bob@x.test");
    assert_uses(&x, "SSSSUU-U");
    lift(&x, &row);
    row = set(&x, STOP_USER, "anna"); /* entered the shared one */
    assert_uses(&x, "UUUSUSSS");
    lift(&x, &row);
    row = set(&x, STOP_SITE, "one.test/jira/boards/1");
    assert_string_equal(row.detail.p, "https://one.test");
    assert_uses(&x, "SSSSSS-S");
    lift(&x, &row);
    assert_uses(&x, ALL);
    jira_close(&x);
}

static void several_stops_are_lifted_one_by_one(void **state)
{
    struct jira x;
    struct stop_row app, site;

    populate(&x, state);
    app = set(&x, STOP_APP, "sun");
    site = set(&x, STOP_SITE, "cloud-1");
    lift(&x, &app);
    assert_uses(&x, "SSSSSS-S");
    lift(&x, &site);
    assert_uses(&x, ALL);
    jira_close(&x);
}

static void one_open_stop_a_subject(void **state)
{
    struct jira x;
    struct stop_row row, again = {0};
    struct stop_subject subject = {0};

    populate(&x, state);
    row = set(&x, STOP_USER, "bob");
    struct work *w = world_work(&x.o, NULL);
    contract_ok(x.o.c, stop_subject_find(w, STOP_USER, STR("bob"), &subject));
    assert_err(world_end(w, stop_set(w, &subject, STR(""), &again)), ERR_CONFLICT);
    lift(&x, &row);
    w = world_work(&x.o, NULL);
    assert_err(world_end(w, stop_lift(w, row.id, &again)), ERR_CONFLICT);
    (void)set(&x, STOP_USER, "bob");
    w = world_work(&x.o, NULL);
    assert_err(stop_subject_find(w, STOP_SITE, STR("https://nobody.test"), &subject),
               ERR_NOT_FOUND);
    assert_err(stop_subject_find(w, STOP_USER, STR("nobody@x.test"), &subject), ERR_NOT_FOUND);
    assert_err(stop_subject_find(w, STOP_APP, STR("mars"), &subject), ERR_NOT_FOUND);
    jira_close(&x);
}

/* --- what was in flight ----------------------------------------------------------------------- */

/* A connect of dora's to con1 is under way when `kind` is stopped: before the callback, or between
 * the callback's halves. */
static void connect_under_way(struct jira *x, enum stop_kind kind, const char *name)
{
    struct authorize_claim claim = {0};
    str state = jira_begin(x, "dora", "con1");
    struct stop_row row = set(x, kind, name);

    if (kind != STOP_SITE) { /* which site is not known yet */
        assert_err(jira_claim(x, "dora", state, &claim), ERR_STOPPED);
        jira_done(&claim);
    }
    lift(x, &row);
    contract_ok(x->o.c, jira_claim(x, "dora", jira_begin(x, "dora", "con1"), &claim));
    row = set(x, kind, name);
    assert_err(jira_save(x, "dora", &claim, "acc-dora", NULL), ERR_STOPPED);
    assert_null(jira_row(x, "con1", "dora"));
    lift(x, &row);
    contract_ok(x->o.c, jira_save(x, "dora", &claim, "acc-dora", NULL));
    jira_done(&claim);
    assert_err(jira_disconnect(x, "dora", "con1"), ERR_OK);
    jira_sql(x, "DELETE FROM credentials WHERE owner = 'dora'");
}

static void a_connect_under_way_saves_nothing(void **state)
{
    struct jira x;

    populate(&x, state);
    connect_under_way(&x, STOP_APP, "sun");
    connect_under_way(&x, STOP_USER, "dora");
    connect_under_way(&x, STOP_SITE, "cloud-1");
    jira_close(&x);
}

static void an_answer_to_a_question_saves_nothing(void **state)
{
    struct jira x;
    struct authorize_claim claim;
    struct credential_row row;
    str confirm = STR("");

    populate(&x, state);
    contract_ok(x.o.c, jira_claim(&x, "bob", jira_begin(&x, "bob", "con1"), &claim));
    assert_err(jira_save(&x, "bob", &claim, "somebody-else", &confirm), ERR_IDENTITY_CHANGED);
    jira_done(&claim);
    struct stop_row stop = set(&x, STOP_SITE, "cloud-1");
    struct work *w = jira_as(&x, "bob", "con1");
    contract_ok(x.o.c, work_write(w));
    struct connection_row n = jira_connection(&x, "con1");
    assert_err(world_end(w, credentials_confirm(w, &n, confirm, &row)), ERR_STOPPED);
    assert_string_equal(jira_row(&x, "con1", "bob")->account_id.p, "acc-bob");
    lift(&x, &stop);
    w = jira_as(&x, "bob", "con1");
    contract_ok(x.o.c, work_write(w));
    contract_ok(x.o.c, world_end(w, credentials_confirm(w, &n, confirm, &row)));
    jira_close(&x);
}

static enum err begin_refresh(struct jira *x, const char *owner, struct grant_refresh *ret)
{
    struct grant_row *g = jira_grant(x, "con1", owner);
    struct grant_question q = {g->id,       g->generation, STR("sun"),
                               STR("con1"), STR("one"),    GRANT_AT_ONCE};
    struct work *w = world_work(&x->o, NULL);
    enum err e = world_end(w, grant_refresh_begin(w, &q, ret));

    secret_wipe(&ret->access);
    secret_wipe(&ret->refresh);
    secret_wipe(&ret->client.client_secret);
    return e;
}

static enum err save_refresh(struct jira *x, const char *owner, const struct grant_lease *lease)
{
    SECRET_AUTO struct secret access = {0};
    struct provider_tokens tokens = {.expires_in_s = 3600};
    struct work *w = world_work(&x->o, NULL);
    int64_t generation = 0;

    secret_set(&tokens.access, "new-access", 10);
    secret_set(&tokens.refresh, "new-refresh", 11);
    enum err e = world_end(w, grant_refresh_save(w, jira_grant(x, "con1", owner)->id, STR("one"),
                                                 lease, &tokens, &access, &generation));
    secret_wipe(&tokens.access);
    secret_wipe(&tokens.refresh);
    return e;
}

static void a_refresh_under_way_saves_and_nobody_uses_it(void **state)
{
    struct jira x;
    struct grant_refresh r = {0};
    str secret;

    populate(&x, state);
    assert_err(begin_refresh(&x, "bob", &r), ERR_OK);
    assert_int_equal(r.turn, GRANT_OURS);
    struct stop_row stop = set(&x, STOP_USER, "bob");
    contract_ok(x.o.c, save_refresh(&x, "bob", &r.lease));
    assert_err(jira_use(&x, "bob", "con1", &secret), ERR_STOPPED);
    assert_err(begin_refresh(&x, "bob", &r), ERR_STOPPED); /* none is begun */
    assert_err(begin_refresh(&x, "carl", &r), ERR_OK);
    lift(&x, &stop);
    contract_ok(x.o.c, jira_use(&x, "bob", "con1", &secret));
    assert_string_equal(secret.p, "new-access");
    jira_close(&x);
}

/* Its outcome is not known, and the token may be used up: it is finished all the same. */
static void an_interrupted_refresh_is_finished(void **state)
{
    struct jira x;
    struct grant_refresh r = {0};

    populate(&x, state);
    assert_err(begin_refresh(&x, "bob", &r), ERR_OK);
    jira_sql(&x, "UPDATE refresh_journal SET until = 1"); /* its process died */
    (void)set(&x, STOP_USER, "bob");
    assert_err(begin_refresh(&x, "bob", &r), ERR_OK);
    assert_int_equal(r.turn, GRANT_OURS);
    assert_true(r.lease.interrupted > 0);
    jira_close(&x);
}

/* bob's grant stands in two apps: the stop of one leaves it alive for the other. */
static void a_grant_that_others_use_is_refreshed(void **state)
{
    struct jira x;
    struct grant_refresh r = {0};

    populate(&x, state);
    (void)set(&x, STOP_APP, "sun");
    assert_err(begin_refresh(&x, "bob", &r), ERR_OK);
    assert_err(begin_refresh(&x, "carl", &r), ERR_STOPPED);
    jira_close(&x);
}

static size_t idle_alive(struct jira *x)
{
    struct contract *c = x->o.c;
    struct due_grant *due = NULL;
    size_t count = 0, alive = 0;

    const struct due_terms terms = {INT64_MAX, INT64_MAX, INT64_MAX, 100};
    contract_ok(c, store_grants_idle(c->db, c->arena, &c->fault, &terms, &due, &count));
    for (size_t i = 0; i < count; i++)
        alive += due[i].app.p != NULL;
    return alive;
}

static void what_is_stopped_is_not_kept_alive(void **state)
{
    struct jira x;
    struct stop_row stop;

    populate(&x, state);
    assert_int_equal(idle_alive(&x), 2);
    stop = set(&x, STOP_APP, "sun"); /* carl's; bob's stands in moon, too */
    assert_int_equal(idle_alive(&x), 1);
    lift(&x, &stop);
    stop = set(&x, STOP_USER, "bob");
    assert_int_equal(idle_alive(&x), 1);
    lift(&x, &stop);
    stop = set(&x, STOP_SITE, "cloud-1");
    assert_int_equal(idle_alive(&x), 0);
    lift(&x, &stop);
    assert_int_equal(idle_alive(&x), 2);
    jira_close(&x);
}

/* --- erasing ---------------------------------------------------------------------------------- */

static void erasing_asks_first_and_keeps_what_others_use(void **state)
{
    struct jira x;
    struct stop_row row = {0};
    int64_t lost = 0;

    populate(&x, state);
    struct stop_row stop = set(&x, STOP_APP, "sun");
    struct work *w = world_work(&x.o, NULL);
    assert_err(world_end(w, stop_erase(w, stop.id, 3, &row, &lost)), ERR_CONFIRM_REQUIRED);
    assert_int_equal(lost, 4); /* bob's and carl's con1, bob's key1, the shared key2 */
    assert_int_equal(jira_number(&x, "SELECT count(*) FROM credentials WHERE sealed IS NOT NULL"),
                     5);
    w = world_work(&x.o, NULL);
    contract_ok(x.o.c, world_end(w, stop_erase(w, stop.id, 4, &row, &lost)));
    assert_int_equal(row.erased_count, 4);
    assert_int_equal(jira_number(&x, "SELECT count(*) FROM credentials WHERE sealed IS NOT NULL"),
                     1);
    assert_int_equal(jira_row(&x, "con1", "bob")->generation, 2);
    assert_string_equal(jira_row(&x, "con1", "bob")->status.p, "needs_reconnect");
    assert_int_equal(jira_number(&x, "SELECT count(*) FROM oauth_grants"), 1); /* bob's, for moon */
    assert_uses(&x, "SUSSSS-S");                                               /* stopped still */
    lift(&x, &stop);
    assert_uses(&x, "-U------");
    assert_int_equal(jira_decision(&x, "bob", "con1"), DECISION_RECONNECT);
    assert_int_equal(jira_decision(&x, "anna", "key2"), DECISION_RECONNECT);
    assert_int_equal(jira_decision(&x, "carl", "key2"), DECISION_WAIT);
    jira_close(&x);
}

/* A refresh that ends after the erasing revives nothing. */
static void erasing_during_a_refresh_wins(void **state)
{
    struct jira x;
    struct grant_refresh r = {0};
    struct stop_row row = {0};
    int64_t lost = 0;

    populate(&x, state);
    str grant = jira_grant(&x, "con1", "carl")->id;
    assert_err(begin_refresh(&x, "carl", &r), ERR_OK);
    struct stop_row stop = set(&x, STOP_USER, "carl");
    struct work *w = world_work(&x.o, NULL);
    contract_ok(x.o.c, world_end(w, stop_erase(w, stop.id, 1, &row, &lost)));
    SECRET_AUTO struct secret access = {0};
    struct provider_tokens tokens = {.expires_in_s = 3600};
    int64_t generation = 0;
    secret_set(&tokens.access, "new", 3);
    secret_set(&tokens.refresh, "new", 3);
    w = world_work(&x.o, NULL);
    assert_err(world_end(w, grant_refresh_save(w, grant, STR("one"), &r.lease, &tokens, &access,
                                               &generation)),
               ERR_NEEDS_RECONNECT);
    secret_wipe(&tokens.access);
    secret_wipe(&tokens.refresh);
    assert_int_equal(jira_number(&x, "SELECT count(*) FROM oauth_grants"), 1);
    jira_close(&x);
}

/* Another admin's account may take the place of the stopped person's, once that is erased. */
static void after_erasing_somebody_else_may_connect(void **state)
{
    struct jira x;
    struct stop_row row = {0};
    int64_t lost = 0;

    populate(&x, state);
    world_permission(&x.o, "moon", PERMISSION_OF_USER, "carl", PERMISSION_ROLE_ADMIN);
    jira_switch(&x, "con3", 1);
    jira_connect(&x, "anna", "con3", "acc-anna");
    struct stop_row stop = set(&x, STOP_USER, "anna");
    assert_int_equal(jira_decision(&x, "carl", "con3"), DECISION_STOPPED);
    struct work *w = world_work(&x.o, NULL);
    contract_ok(x.o.c, world_end(w, stop_erase(w, stop.id, 2, &row, &lost)));
    assert_int_equal(jira_decision(&x, "anna", "con3"), DECISION_STOPPED);
    assert_int_equal(jira_decision(&x, "carl", "con3"), DECISION_RECONNECT);
    jira_close(&x);
}

/* --- the list --------------------------------------------------------------------------------- */

static void the_list_has_one_line_a_thing(void **state)
{
    struct jira x;
    struct stop_item *items = NULL;
    size_t count = 0;

    populate(&x, state);
    jira_sql(&x, "UPDATE credentials SET last_used = 77, since = 11 WHERE connection_id = 'con3'");
    struct stop_row stop = set(&x, STOP_SITE, "cloud-1");
    struct contract *c = x.o.c;
    contract_ok(c, store_stop_items(c->db, c->arena, &c->fault, stop.id, 0, 100, &items, &count));
    assert_int_equal(stop.items, 4);
    assert_int_equal(count, 4);
    /* anna's key, bob's two credentials on one grant and his key in either order, carl's grant */
    assert_string_equal(items[0].person_name.p, "anna");
    assert_int_equal(items[0].by_oauth, 0);
    assert_null(items[0].client_id.p);
    const struct stop_item *bobs = items[1].by_oauth ? &items[1] : &items[2];
    assert_string_equal(bobs->account_id.p, "acc-bob");
    assert_string_equal(bobs->client_id.p, "env-client");
    assert_int_equal(bobs->credentials, 2);
    assert_int_equal(bobs->sites, 1);
    assert_int_equal(bobs->people, 1);
    assert_int_equal(bobs->since, 11);
    assert_int_equal(bobs->last_used, 77);
    assert_string_equal(bobs->site_url.p, "https://one.test");
    assert_string_equal(items[3].account_id.p, "acc-carl");
    assert_int_equal(items[3].last_used, 0);
    contract_ok(c, store_stop_items(c->db, c->arena, &c->fault, stop.id, 3, 100, &items, &count));
    assert_int_equal(count, 1);
    jira_sql(&x, "DELETE FROM credentials"); /* it stays */
    contract_ok(c, store_stop_items(c->db, c->arena, &c->fault, stop.id, 0, 100, &items, &count));
    assert_int_equal(count, 4);
    jira_close(&x);
}

/* The process died after the flag: whoever erases writes the list first. */
static void a_list_that_is_missing_is_written_before_it_is_too_late(void **state)
{
    struct jira x;
    struct stop_row row = {0};
    int64_t lost = 0;

    populate(&x, state);
    struct stop_row stop = set(&x, STOP_APP, "sun");
    assert_true(stop.listed > 0);
    jira_sql(&x, "DELETE FROM stop_items; UPDATE stops SET listed = NULL");
    struct work *w = world_work(&x.o, NULL);
    contract_ok(x.o.c, world_end(w, stop_erase(w, stop.id, 4, &row, &lost)));
    assert_int_equal(row.items, 4);
    jira_sql(&x, "DELETE FROM credentials; DELETE FROM oauth_grants");
    lift(&x, &stop);
    assert_int_equal(jira_number(&x, "SELECT count(*) FROM stop_items"), 4);
    jira_close(&x);
}

/* --- who may ---------------------------------------------------------------------------------- */

static void who_may_end_one(void **state)
{
    struct jira x;
    struct stop_subject sun = {STOP_APP, STR("sun"), STR("sun"), STR("sun")};
    struct stop_row row = {0}, got = {0};

    populate(&x, state);
    struct stop_row operators = set(&x, STOP_APP, "moon");
    struct work *w = jira_as(&x, "anna", "con3");
    assert_err(world_end(w, stop_lift(w, operators.id, &got)), ERR_NOT_WORKSPACE_ADMIN);
    w = jira_as(&x, "anna", "con1"); /* another app's is not there */
    assert_err(world_end(w, stop_lift(w, operators.id, &got)), ERR_NOT_FOUND);
    w = jira_as(&x, "anna", "con1");
    contract_ok(x.o.c, world_end(w, stop_set(w, &sun, STR(""), &row)));
    assert_int_equal(row.by_workspace, 0);
    assert_string_equal(row.stopped_name.p, "anna");
    w = jira_as(&x, "anna", "con1");
    contract_ok(x.o.c, world_end(w, stop_lift(w, row.id, &got)));
    world_admin(&x.o, "boss");
    row = set(&x, STOP_USER, "boss");
    w = world_as(&x.o, "boss", NULL, ACCESS_WORKSPACE_ADMIN);
    assert_err(world_end(w, stop_lift(w, row.id, &got)), ERR_FORBIDDEN); /* their own */
    world_admin(&x.o, "other");
    w = world_as(&x.o, "other", NULL, ACCESS_WORKSPACE_ADMIN);
    assert_err(world_end(w, stop_lift(w, operators.id, &got)), ERR_NOT_FOUND); /* not their app */
    w = world_as(&x.o, "other", NULL, ACCESS_WORKSPACE_ADMIN);
    contract_ok(x.o.c, world_end(w, stop_lift(w, row.id, &got)));
    jira_close(&x);
}

/* As the app's admin, agreeing to every loss. */
static enum err another_client(struct jira *x, const char *connection)
{
    SECRET_AUTO struct secret secret = {0};
    struct work *w = jira_as(x, "anna", connection);
    struct connection_row n = jira_connection(x, connection);
    int64_t lost = 0;

    secret_set(&secret, "s3cret", 6);
    return world_end(w, oauth_client_save(w, &n, STR("client-2"), &secret, STR("read:jira-work"),
                                          INT64_MAX, &lost));
}

static void another_oauth_client_erases_nothing_under_a_stop(void **state)
{
    struct jira x;

    populate(&x, state);
    struct stop_row row = set(&x, STOP_USER, "carl"); /* on con1 */
    assert_err(another_client(&x, "con1"), ERR_STOPPED);
    assert_uses(&x, "UUUUSS-U");
    assert_err(another_client(&x, "con2"), ERR_OK); /* nothing stands on it */
    lift(&x, &row);
    assert_uses(&x, ALL);
    assert_err(another_client(&x, "con1"), ERR_OK);
    assert_uses(&x, "-UUU-U-U");
    jira_close(&x);
}

/* A later version's row, or SQL's: left out, and no list ends early because of it. */
static void an_unknown_kind_is_skipped(void **state)
{
    struct jira x;
    struct stop_row row = {0}, *rows = NULL;
    size_t count = 0;
    int64_t next = 0;

    populate(&x, state);
    struct stop_row known = set(&x, STOP_USER, "bob");
    row = set(&x, STOP_USER, "carl");
    jira_sql(&x, arena_printf(x.o.c->arena, "UPDATE stops SET kind = 'planet' WHERE id = '%.*s'",
                              STR_ARG(row.id))
                     .p);
    struct work *w = world_work(&x.o, NULL);
    contract_ok(x.o.c, world_end(w, stops_list(w, 0, &rows, &count, &next)));
    assert_int_equal(count, 1);
    assert_str(rows[0].id, arena_cstring(x.o.c->arena, known.id));
    w = world_work(&x.o, NULL);
    assert_err(world_end(w, stop_find(w, row.id, &row)), ERR_NOT_FOUND);
    jira_close(&x);
}

int main(void)
{
    static const struct contract_case cases[] = {
        CONTRACT(each_kind_reaches_what_is_its_own),
        CONTRACT(several_stops_are_lifted_one_by_one),
        CONTRACT(one_open_stop_a_subject),
        CONTRACT(a_connect_under_way_saves_nothing),
        CONTRACT(an_answer_to_a_question_saves_nothing),
        CONTRACT(a_refresh_under_way_saves_and_nobody_uses_it),
        CONTRACT(an_interrupted_refresh_is_finished),
        CONTRACT(a_grant_that_others_use_is_refreshed),
        CONTRACT(what_is_stopped_is_not_kept_alive),
        CONTRACT(erasing_asks_first_and_keeps_what_others_use),
        CONTRACT(erasing_during_a_refresh_wins),
        CONTRACT(after_erasing_somebody_else_may_connect),
        CONTRACT(the_list_has_one_line_a_thing),
        CONTRACT(a_list_that_is_missing_is_written_before_it_is_too_late),
        CONTRACT(who_may_end_one),
        CONTRACT(another_oauth_client_erases_nothing_under_a_stop),
        CONTRACT(an_unknown_kind_is_skipped),
    };

    return contract_run(cases, COUNT_OF(cases));
}
