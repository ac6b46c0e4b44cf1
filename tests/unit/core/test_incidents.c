/* core/incidents.h and core/deliveries.h on both databases: a look tells once however many look at
 * once, many are told in bounded transactions, a claim is one process's, and an outcome counts only
 * for its claim.
 */
#include "base/clock.h"
#include "core/deliveries.h"
#include "core/incident_text.h"
#include "core/incidents.h"
#include "core/notices.h"
#include "core/notifier.h"
#include "core/stops.h"
#include "core/webhooks.h"
#include "jira.h"

static enum err any_url(void *self, struct arena *a, struct fault *f, str entered, str *ret)
{
    (void)self;
    (void)a;
    (void)f;
    *ret = entered;
    return ERR_OK;
}

static const struct notifier MAIL = {
    .mail = 1, .mail_server = STR("smtps://x"), .mail_from = STR("m@x"), .check_url = any_url};

static void open_world(struct jira *x, void **state)
{
    jira_open(x, state);
    x->o.services.notifier = &MAIL;
}

/* A whole round; how many looks it took. */
static int look(struct jira *x)
{
    struct incidents_round r = {.step = 0};
    int more = 1, looks = 0;

    for (; more; looks++) {
        struct work *w = world_work(&x->o, NULL);
        contract_ok(x->o.c, world_end(w, incidents_look(w, &r, &more)));
    }
    return looks;
}

static void refuse(struct jira *x)
{
    jira_sql(x, "UPDATE credentials SET status = 'needs_reconnect', why = 'it was.'");
}

#define COUNT(x, what) jira_number((x), "SELECT count(*) FROM " what)

static void a_look_without_news_writes_nothing(void **state)
{
    struct jira x;

    open_world(&x, state);
    jira_connect(&x, "bob", "con1", "acc");
    struct work *w = world_work(&x.o, NULL);
    struct incidents_round r = {.step = 0}, again = {.step = 0};
    int more = 1;
    contract_ok(x.o.c, incidents_look(w, &r, &more));
    assert_int_equal(more, 0);
    assert_false(db_in_transaction(w->db));
    refuse(&x);
    contract_ok(x.o.c, incidents_look(w, &again, &more));
    assert_true(db_in_transaction(w->db));
    contract_ok(x.o.c, world_end(w, ERR_OK));
    assert_int_equal(COUNT(&x, "incidents"), 1);
    look(&x);
    assert_int_equal(COUNT(&x, "incidents"), 1);
    assert_int_equal(COUNT(&x, "notices"), 1);
    assert_int_equal(COUNT(&x, "deliveries"), 1); /* the mail */
    jira_close(&x);
}

/* By a CAPTCHA: its owner has to do something too. */
static void a_locked_key_is_told_of(void **state)
{
    struct jira x;

    open_world(&x, state);
    jira_connect(&x, "bob", "con1", "acc");
    jira_sql(&x, "UPDATE credentials SET status = 'locked', why = 'it is.'");
    look(&x);
    assert_int_equal(COUNT(&x, "incidents WHERE kind = 'needs_reconnect' AND closed IS NULL"), 1);
    assert_int_equal(COUNT(&x, "notices"), 1);
    jira_close(&x);
}

static void what_is_rolled_back_was_not_told(void **state)
{
    struct jira x;
    struct incidents_round r = {.step = 0};
    int more = 0;

    open_world(&x, state);
    jira_connect(&x, "bob", "con1", "acc");
    refuse(&x);
    struct work *w = world_work(&x.o, NULL);
    contract_ok(x.o.c, incidents_look(w, &r, &more));
    assert_int_equal(COUNT(&x, "notices"), 1);
    db_rollback(w->db);
    assert_int_equal(COUNT(&x, "incidents") + COUNT(&x, "notices") + COUNT(&x, "deliveries"), 0);
    look(&x);
    assert_int_equal(COUNT(&x, "notices"), 1);
    jira_close(&x);
}

struct looker {
    struct jira *x;
    enum err e;
};

static enum err run_look(struct work *w, void *arg)
{
    struct incidents_round r = {.step = 0};
    int more;

    (void)arg;
    return incidents_look(w, &r, &more);
}

static void *look_alone(void *arg)
{
    struct looker *l = arg;
    struct db *d = contract_connect(l->x->o.c, 10000);
    struct arena *a = arena_new(64 << 20);
    struct fault f = {.code = ERR_OK};

    l->e = work_run(a, &f, d, &l->x->o.services, run_look, NULL);
    arena_free(a);
    db_close(d);
    return NULL;
}

static void two_processes_tell_once(void **state)
{
    struct jira x;

    open_world(&x, state);
    jira_connect(&x, "bob", "con1", "acc");
    jira_connect(&x, "carl", "con2", "acc2");
    refuse(&x);
    struct looker one = {&x, ERR_OK}, two = {&x, ERR_OK};
    world_race(look_alone, &one, &two);
    assert_err(one.e, ERR_OK);
    assert_err(two.e, ERR_OK);
    look(&x);
    assert_int_equal(COUNT(&x, "incidents"), 2);
    assert_int_equal(COUNT(&x, "notices"), 2);
    jira_close(&x);
}

/* Copies of bob's row for people made up: more than one transaction takes. */
static void many_are_told_in_parts(void **state)
{
    struct jira x;

    open_world(&x, state);
    jira_connect(&x, "bob", "con1", "acc");
    for (int i = 0; i < 2 * INCIDENTS_AT_ONCE + 1; i++) {
        str id = arena_printf(x.o.c->arena, "p%d", i);
        world_user(&x.o, id.p, USER_ACTIVE, NULL);
        world_permission(&x.o, "sun", PERMISSION_OF_USER, id.p, PERMISSION_ROLE_RUNNER);
        jira_sql(&x,
                 arena_printf(x.o.c->arena,
                              "INSERT INTO credentials (id, app_id, connection_id, owner,"
                              " entered_by, switch_counter, generation, status, why, account_id,"
                              " account_name, username, site_id, entered_origin, origin,"
                              " base_path, since) SELECT '%s', app_id, connection_id, '%s',"
                              " entered_by, switch_counter, generation, 'needs_reconnect', 'it.',"
                              " account_id, account_name, username, site_id, entered_origin,"
                              " origin, base_path, since FROM credentials WHERE owner = 'bob'",
                              id.p, id.p)
                     .p);
    }
    assert_int_equal(look(&x), 4); /* 20, 20, 1, and the end of the round */
    assert_int_equal(COUNT(&x, "notices"), 2 * INCIDENTS_AT_ONCE + 1);
    jira_close(&x);
}

/* Time passes, and a round is made. Returns how many notices of this kind there are to a user. */
static int64_t after_ms(struct jira *x, int64_t ms, const char *user, const char *event)
{
    x->o.now_ms += ms;
    look(x);
    return jira_number(
        x, arena_printf(x->o.c->arena,
                        "SELECT count(*) FROM notices WHERE user_id = '%s' AND event = '%s'", user,
                        event)
               .p);
}

static void the_owner_then_the_admins_then_who_was_told(void **state)
{
    struct jira x;

    open_world(&x, state);
    jira_connect(&x, "bob", "con1", "acc");
    jira_connect(&x, "carl", "con1", "acc2");
    refuse(&x);
    assert_int_equal(after_ms(&x, 0, "bob", "opened"), 1);
    assert_int_equal(COUNT(&x, "notices WHERE user_id = 'anna'"), 0);
    jira_sql(&x, "DELETE FROM permissions WHERE principal = 'carl'");
    assert_int_equal(after_ms(&x, CLOCK_DAY_MS, "anna", "still_open"), 1); /* bob's, not carl's */
    assert_int_equal(COUNT(&x, "notices WHERE event = 'still_open' AND user_id = 'bob'"), 1);
    jira_sql(&x, "UPDATE credentials SET status = 'connected', why = NULL");
    assert_int_equal(after_ms(&x, CLOCK_MINUTE_MS, "bob", "closed"), 0);
    assert_int_equal(after_ms(&x, 5 * CLOCK_MINUTE_MS, "bob", "closed"), 1);
    assert_int_equal(COUNT(&x, "notices WHERE event = 'closed' AND user_id = 'anna'"), 1);
    assert_int_equal(COUNT(&x, "notices WHERE event <> 'opened' AND user_id = 'carl'"), 0);
    assert_int_equal(COUNT(&x, "incidents WHERE closed IS NULL"), 0);
    jira_close(&x);
}

static void a_key_is_warned_of_four_times(void **state)
{
    struct jira x;

    open_world(&x, state);
    jira_connect_key(&x, "bob", "key1", "secret-key-1");
    jira_sql(&x, arena_printf(x.o.c->arena, "UPDATE credentials SET expires = %lld",
                              (long long)(x.o.now_ms + 40 * CLOCK_DAY_MS))
                     .p);
    for (int day = 0; day < 45; day++)
        (void)after_ms(&x, CLOCK_DAY_MS, "bob", "opened");
    assert_int_equal(after_ms(&x, 0, "bob", "opened"), 1);
    assert_int_equal(after_ms(&x, 0, "bob", "still_open"), 3);
    assert_int_equal(after_ms(&x, 0, "anna", "still_open"), 1);
    jira_sql(&x, "UPDATE credentials SET expires = NULL");
    assert_int_equal(after_ms(&x, 0, "bob", "closed"), 0);
    assert_int_equal(after_ms(&x, 6 * CLOCK_MINUTE_MS, "bob", "closed"), 1);
    jira_close(&x);
}

static void expire_in(struct jira *x, int64_t days)
{
    jira_sql(x, arena_printf(x->o.c->arena, "UPDATE credentials SET expires = %lld",
                             (long long)(x->o.now_ms + days * CLOCK_DAY_MS))
                    .p);
}

/* Somebody enters one date after the other: that is told of once a day. */
static void dates_that_change_are_told_once_a_day(void **state)
{
    struct jira x;

    open_world(&x, state);
    jira_connect_key(&x, "bob", "key1", "secret-key-1");
    for (int i = 0; i < 100; i++) {
        expire_in(&x, 10 + i % 2);
        (void)after_ms(&x, 6 * CLOCK_MINUTE_MS, "bob", "opened");
        expire_in(&x, 300);
        (void)after_ms(&x, 6 * CLOCK_MINUTE_MS, "bob", "opened");
    }
    assert_int_equal(after_ms(&x, 0, "bob", "opened"), 1); /* in 20 hours */
    expire_in(&x, 10);
    assert_int_equal(after_ms(&x, 5 * CLOCK_HOUR_MS, "bob", "opened"), 2);
    jira_close(&x);
}

static void mails_to_one_person_are_limited_by_the_hour(void **state)
{
    struct jira x;

    open_world(&x, state);
    jira_connect(&x, "bob", "con1", "acc");
    refuse(&x);
    for (int i = 0; i < INCIDENTS_MAILS_AN_HOUR + 5; i++) {
        (void)after_ms(&x, CLOCK_MINUTE_MS, "bob", "opened");
        jira_sql(&x, "UPDATE incidents SET closed = 1 WHERE closed IS NULL");
    }
    assert_int_equal(after_ms(&x, 0, "bob", "opened"), INCIDENTS_MAILS_AN_HOUR + 6);
    assert_int_equal(COUNT(&x, "deliveries"), INCIDENTS_MAILS_AN_HOUR);
    jira_sql(&x, "UPDATE incidents SET closed = 1 WHERE closed IS NULL");
    (void)after_ms(&x, CLOCK_HOUR_MS, "bob", "opened");
    assert_int_equal(COUNT(&x, "deliveries"), INCIDENTS_MAILS_AN_HOUR + 1);
    jira_close(&x);
}

/* What a failing refresh leaves with the grant, since so many minutes. */
static void fail_grants(struct jira *x, const char *class, int64_t minutes)
{
    jira_sql(x,
             arena_printf(x->o.c->arena,
                          "UPDATE oauth_grants SET last_class = '%s', last_error = 'It broke.',"
                          " failures = 3, next_try = 1, access_expires = 1, failing_since = %lld",
                          class, (long long)(x->o.now_ms - minutes * CLOCK_MINUTE_MS))
                 .p);
}

static void an_outage_and_a_refused_client(void **state)
{
    struct jira x;

    open_world(&x, state);
    jira_connect(&x, "bob", "con1", "acc");
    fail_grants(&x, "transient", 14);
    assert_int_equal(after_ms(&x, 0, "bob", "opened"), 0);
    assert_int_equal(after_ms(&x, CLOCK_MINUTE_MS, "bob", "opened"), 1);
    assert_true(jira_number(&x, "SELECT max(keep_at) FROM oauth_grants") <= x.o.now_ms);
    fail_grants(&x, "client", 0);
    world_admin(&x.o, "wanda");
    assert_int_equal(after_ms(&x, 0, "wanda", "opened"), 1);
    assert_int_equal(COUNT(&x, "incidents WHERE app_id IS NULL AND subject = 'environment'"), 1);
    assert_int_equal(COUNT(&x, "notices WHERE user_id = 'bob'"), 1);
    assert_int_equal(after_ms(&x, 6 * CLOCK_MINUTE_MS, "bob", "closed"), 1);
    jira_sql(&x, "UPDATE oauth_grants SET next_try = NULL"); /* to be tried again: mended */
    (void)after_ms(&x, 0, "wanda", "closed");
    assert_int_equal(after_ms(&x, 6 * CLOCK_MINUTE_MS, "wanda", "closed"), 1);
    jira_close(&x);
}

/* --- emergency stops ----------------------------------------------------------------------------
 */

static struct stop_row stop(struct jira *x, enum stop_kind kind, const char *name)
{
    struct work *w = world_work(&x->o, NULL);
    struct stop_subject subject = {0};
    struct stop_row row = {0};

    contract_ok(x->o.c, stop_subject_find(w, kind, str_from(name), &subject));
    contract_ok(x->o.c, world_end(w, stop_set(w, &subject, STR(""), &row)));
    return row;
}

static void lift(struct jira *x, const struct stop_row *row)
{
    struct work *w = world_work(&x->o, NULL);
    struct stop_row lifted = {0};

    contract_ok(x->o.c, world_end(w, stop_lift(w, row->id, &lifted)));
}

static const struct {
    enum stop_kind kind;
    const char *name;
} COVERING[] = {{STOP_APP, "sun"}, {STOP_USER, "bob"}, {STOP_SITE, "cloud-1"}};

/* A key about to expire, a refused grant, one that is not renewed, a refused client: told after. */
static void what_is_stopped_is_no_news(void **state)
{
    for (size_t i = 0; i < COUNT_OF(COVERING); i++) {
        struct jira x;
        open_world(&x, state);
        world_admin(&x.o, "wanda");
        jira_connect(&x, "bob", "con1", "acc");
        jira_connect(&x, "bob", "con2", "acc2");
        jira_connect_key(&x, "bob", "key1", "k");
        jira_sql(&x, "UPDATE credentials SET status = 'needs_reconnect', why = 'it.'"
                     " WHERE connection_id = 'con2'; UPDATE credentials SET expires = 1"
                     " WHERE connection_id = 'key1'");
        fail_grants(&x, "transient", 20);
        struct stop_row row = stop(&x, COVERING[i].kind, COVERING[i].name);
        look(&x);
        assert_int_equal(COUNT(&x, "incidents"), 0);
        fail_grants(&x, "client", 20);
        look(&x);
        assert_int_equal(COUNT(&x, "incidents"), 0);
        lift(&x, &row);
        look(&x);
        assert_int_equal(COUNT(&x, "incidents WHERE kind = 'client_refused'"), 1);
        fail_grants(&x, "transient", 20);
        look(&x);
        assert_int_equal(COUNT(&x, "incidents WHERE kind = 'refresh_failing'"), 1);
        assert_int_equal(COUNT(&x, "incidents WHERE kind = 'needs_reconnect'"), 1);
        assert_int_equal(COUNT(&x, "incidents WHERE kind = 'key_expires'"), 1);
        jira_sql(&x, "DELETE FROM incidents");
        jira_close_and_empty(&x);
    }
}

/* Neither reminded of nor closed while stopped; then told as it is: still so, or over. */
static void an_open_incident_waits_for_the_end_of_the_stop(void **state)
{
    for (size_t i = 0; i < COUNT_OF(COVERING); i++) {
        struct jira x;
        open_world(&x, state);
        jira_connect(&x, "bob", "con1", "acc");
        refuse(&x);
        assert_int_equal(after_ms(&x, 0, "bob", "opened"), 1);
        struct stop_row row = stop(&x, COVERING[i].kind, COVERING[i].name);
        assert_int_equal(after_ms(&x, 2 * CLOCK_DAY_MS, "bob", "still_open"), 0);
        lift(&x, &row);
        assert_int_equal(after_ms(&x, 0, "bob", "still_open"), 1);
        row = stop(&x, COVERING[i].kind, COVERING[i].name);
        jira_sql(&x, "UPDATE credentials SET status = 'connected', why = NULL");
        (void)after_ms(&x, 0, "bob", "closed");
        assert_int_equal(after_ms(&x, CLOCK_HOUR_MS, "bob", "closed"), 0);
        assert_int_equal(COUNT(&x, "incidents WHERE calm_since IS NOT NULL"), 0);
        lift(&x, &row);
        (void)after_ms(&x, 0, "bob", "closed");
        assert_int_equal(after_ms(&x, CLOCK_HOUR_MS, "bob", "closed"), 1);
        jira_close_and_empty(&x);
    }
}

/* An outage that is open when all is erased under the stop: what is told then is to reconnect. */
static void erased_under_a_stop_is_told_once_it_is_lifted(void **state)
{
    struct jira x;
    struct stop_row row = {0}, erased = {0};
    int64_t lost = 0;

    open_world(&x, state);
    jira_connect(&x, "bob", "con1", "acc");
    fail_grants(&x, "transient", 20);
    assert_int_equal(after_ms(&x, 0, "bob", "opened"), 1);
    row = stop(&x, STOP_USER, "bob");
    struct work *w = world_work(&x.o, NULL);
    contract_ok(x.o.c, world_end(w, stop_erase(w, row.id, 1, &erased, &lost)));
    assert_int_equal(after_ms(&x, CLOCK_DAY_MS, "bob", "closed"), 0);
    assert_int_equal(COUNT(&x, "incidents"), 1);
    lift(&x, &row);
    (void)after_ms(&x, 0, "bob", "closed");
    (void)after_ms(&x, CLOCK_HOUR_MS, "bob", "closed");
    assert_int_equal(COUNT(&x, "incidents WHERE kind = 'needs_reconnect' AND closed IS NULL"), 1);
    assert_int_equal(COUNT(&x, "incidents WHERE kind = 'refresh_failing' AND closed IS NULL"), 0);
    jira_close(&x);
}

/* A later version's row, or SQL's: told to nobody, in no list, and in nobody's way. */
static void an_unknown_kind_is_skipped(void **state)
{
    struct jira x;
    struct incident_row *rows = NULL;
    size_t count = 0;
    int more = 1;

    open_world(&x, state);
    jira_connect(&x, "bob", "con1", "acc");
    refuse(&x);
    look(&x);
    jira_sql(&x, "UPDATE incidents SET kind = 'solar_flare', remind_at = 1");
    look(&x);
    assert_int_equal(COUNT(&x, "incidents WHERE kind <> 'solar_flare'"), 1);
    assert_int_equal(COUNT(&x, "notices WHERE event <> 'opened'"), 0);
    struct work *w = jira_as(&x, "anna", "con1");
    contract_ok(x.o.c, world_end(w, incidents_of_place(w, &rows, &count, &more)));
    assert_int_equal(count, 1);
    assert_str(rows[0].kind, "needs_reconnect");
    struct incident_row odd = {.kind = STR("solar_flare"), .name = STR("x")};
    assert_str(incident_sentence(x.o.c->arena, &odd, INCIDENT_OPENED, 0, 1), "");
    jira_close(&x);
}

/* --- deliveries ------------------------------------------------------------------------------- */

static str hook_with_a_message(struct jira *x)
{
    struct work *w = jira_as(x, "anna", "con1");
    struct webhook_row hook = {0};
    str secret;
    int wait;

    contract_ok(x->o.c, world_end(w, webhook_make(w, STR("https://h.test/"), &hook, &secret)));
    w = jira_as(x, "anna", "con1");
    contract_ok(x->o.c, world_end(w, webhook_test(w, hook.id, &wait)));
    return hook.id;
}

static size_t claim(struct jira *x, struct delivery_try **ret)
{
    struct work *w = world_work(&x->o, NULL);
    size_t count = 0;

    contract_ok(x->o.c, world_end(w, deliveries_claim(w, DELIVERY_TO_WEBHOOKS, 16, ret, &count)));
    return count;
}

static void settle(struct jira *x, const struct delivery_try *t)
{
    struct work *w = world_work(&x->o, NULL);

    contract_ok(x->o.c, world_end(w, deliveries_settle(w, t, 1)));
}

static void a_claim_is_one_s_and_an_outcome_counts_for_it_alone(void **state)
{
    struct jira x;
    struct delivery_try *first = NULL, *second = NULL, *none = NULL;

    open_world(&x, state);
    (void)hook_with_a_message(&x);
    assert_int_equal(claim(&x, &first), 1);
    assert_true(str_starts(first->signature, STR("v1,")));
    assert_int_equal(claim(&x, &none), 0);
    jira_sql(&x, "UPDATE deliveries SET next_try = 1"); /* the claim's end */
    assert_int_equal(claim(&x, &second), 1);
    assert_str(second->id, arena_cstring(x.o.c->arena, first->id));
    assert_int_equal(second->attempts, 2);
    first->tried = 1;
    first->error = STR("late");
    settle(&x, first);
    assert_int_equal(COUNT(&x, "deliveries WHERE last_error IS NOT NULL"), 0);
    second->tried = second->delivered = 1;
    second->status = 204;
    settle(&x, second);
    assert_int_equal(COUNT(&x, "deliveries WHERE state = 'delivered' AND last_status = 204"), 1);
    jira_sql(&x, "UPDATE deliveries SET next_try = 1");
    assert_int_equal(claim(&x, &none), 0);
    jira_close(&x);
}

struct claimer {
    struct jira *x;
    size_t count;
    enum err e;
};

static enum err run_claim(struct work *w, void *arg)
{
    struct delivery_try *tries;

    return deliveries_claim(w, DELIVERY_TO_WEBHOOKS, 16, &tries, &((struct claimer *)arg)->count);
}

static void *claim_alone(void *arg)
{
    struct claimer *c = arg;
    struct db *d = contract_connect(c->x->o.c, 10000);
    struct arena *a = arena_new(16 << 20);
    struct fault f = {.code = ERR_OK};

    c->e = work_run(a, &f, d, &c->x->o.services, run_claim, c);
    arena_free(a);
    db_close(d);
    return NULL;
}

static void two_processes_claim_once(void **state)
{
    struct jira x;

    open_world(&x, state);
    for (int i = 0; i < 5; i++)
        (void)hook_with_a_message(&x);
    struct claimer one = {&x, 0, ERR_OK}, two = {&x, 0, ERR_OK};
    world_race(claim_alone, &one, &two);
    assert_err(one.e, ERR_OK);
    assert_err(two.e, ERR_OK);
    assert_int_equal(one.count + two.count, 5);
    assert_int_equal(COUNT(&x, "deliveries WHERE attempts = 1"), 5);
    jira_close(&x);
}

static void given_up_at_the_end_of_the_day_and_not_before(void **state)
{
    struct jira x;
    struct delivery_try *t = NULL;

    open_world(&x, state);
    (void)hook_with_a_message(&x);
    assert_int_equal(claim(&x, &t), 1);
    t->tried = 1;
    t->status = 500;
    t->error = STR("The receiver answered 500.");
    settle(&x, t);
    assert_int_equal(COUNT(&x, "deliveries WHERE state = 'pending' AND next_try < until"), 1);
    jira_sql(&x, "UPDATE deliveries SET next_try = 1, until = 2");
    assert_int_equal(claim(&x, &t), 1);
    t->tried = 1;
    t->error = STR("no.");
    settle(&x, t);
    assert_int_equal(COUNT(&x, "deliveries WHERE state = 'given_up' AND last_status IS NULL"), 1);
    jira_close(&x);
}

static void a_secret_moved_by_sql_does_not_sign(void **state)
{
    struct jira x;
    struct delivery_try *t = NULL;

    open_world(&x, state);
    (void)hook_with_a_message(&x);
    jira_sql(&x, "UPDATE webhooks SET app_id = 'moon'");
    assert_int_equal(claim(&x, &t), 0);
    assert_int_equal(COUNT(&x, "deliveries WHERE state = 'given_up'"), 1);
    jira_close(&x);
}

static void pauses_grow_to_four_hours(void **state)
{
    int64_t sum = 0;

    (void)state;
    for (int64_t n = 1; n < 40; n++) {
        int64_t ms = delivery_back_off_ms(n);
        assert_true(ms >= 4000 && ms <= DELIVERY_BACKOFF_MAX_MS * 12 / 10);
        sum += ms;
    }
    assert_true(delivery_back_off_ms(1) <= 6000);
    assert_true(delivery_back_off_ms(30) >= DELIVERY_BACKOFF_MAX_MS * 8 / 10);
    assert_true(sum > DELIVERY_FOR_MS);
}

int main(void)
{
    static const struct contract_case cases[] = {
        CONTRACT(a_look_without_news_writes_nothing),
        CONTRACT(a_locked_key_is_told_of),
        CONTRACT(what_is_rolled_back_was_not_told),
        CONTRACT(two_processes_tell_once),
        CONTRACT(many_are_told_in_parts),
        CONTRACT(the_owner_then_the_admins_then_who_was_told),
        CONTRACT(a_key_is_warned_of_four_times),
        CONTRACT(dates_that_change_are_told_once_a_day),
        CONTRACT(mails_to_one_person_are_limited_by_the_hour),
        CONTRACT(an_outage_and_a_refused_client),
        CONTRACT(what_is_stopped_is_no_news),
        CONTRACT(an_open_incident_waits_for_the_end_of_the_stop),
        CONTRACT(erased_under_a_stop_is_told_once_it_is_lifted),
        CONTRACT(an_unknown_kind_is_skipped),
        CONTRACT(a_claim_is_one_s_and_an_outcome_counts_for_it_alone),
        CONTRACT(two_processes_claim_once),
        CONTRACT(given_up_at_the_end_of_the_day_and_not_before),
        CONTRACT(a_secret_moved_by_sql_does_not_sign),
        CONTRACT(pauses_grow_to_four_hours),
    };
    return contract_run(cases, COUNT_OF(cases));
}
