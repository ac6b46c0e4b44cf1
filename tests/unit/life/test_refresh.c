/* life/life.h: who is asked, how often, with what, and what the one who waits hears. In every case
 * scene_close() also asserts that the provider saw no access token before its commit, and no
 * refresh token but the one that lives. */
#include "scene.h"

#include "base/check.h"
#include "base/clock.h"

#define STALE_MS INT64_C(-1000)
#define FRESH_MS (30 * CLOCK_MINUTE_MS)
#define CROWD 50

static int answered(const struct shot *t)
{
    return t->op.err == ERR_OK && t->op.request.status == 200 &&
           t->op.request.meaning == MEANING_OK;
}

static int shows(const struct shot *t, const char *token)
{
    return str_eq(secret_expose(&t->op.request.target.secret), str_from(token));
}

static void make_test(struct shot *t)
{
    struct secret secret = {0};

    secret_take(&secret, &t->op.request.target.secret);
    t->op = (struct provider_op){.kind = PROVIDER_TEST, .arena = t->arena};
    secret_take(&t->op.test.target.secret, &secret);
}

/* --- nothing to do ---------------------------------------------------------------------------- */

static void a_fresh_token_is_used_as_it_is(void **state)
{
    struct scene s;
    struct shot t;

    scene_open(&s, state, 2);
    shot_open(&t, &s, 0, 1, FRESH_MS);
    shot_run(&t);
    assert_true(answered(&t));
    assert_int_equal(s.fake.refreshes, 0);
    assert_int_equal(s.fake.calls, 1);
    shot_close(&t);
    scene_close(&s);
}

static void a_minute_before_the_end_a_token_is_stale(void **state)
{
    struct scene s;
    struct shot t;

    scene_open(&s, state, 2);
    shot_open(&t, &s, 0, 1, LIFE_STALE_MS);
    shot_run(&t);
    assert_int_equal(s.fake.refreshes, 1);
    assert_true(answered(&t));
    shot_close(&t);
    scene_close(&s);
}

/* Nobody waits while there is time. */
static void some_minutes_before_it_a_token_is_used_and_renewed_behind(void **state)
{
    struct scene s;
    struct shot t;

    scene_open(&s, state, 2);
    shot_open(&t, &s, 0, 1, LIFE_SOON_MS + 5000);
    shot_run(&t);
    assert_int_equal(life_drain(s.life, 10000), 0);
    assert_int_equal(s.fake.refreshes, 0);
    shot_close(&t);
    shot_open(&t, &s, 0, 1, LIFE_STALE_MS + 5000);
    shot_run(&t);
    assert_true(answered(&t));
    assert_int_equal(t.use.grant_generation, 1); /* the old one */
    fake_wait_asked(&s.fake, 1);
    assert_int_equal(life_drain(s.life, 10000), 0);
    assert_int_equal(s.fake.refreshes, 1);
    shot_close(&t);
    scene_close(&s);
}

static void an_api_key_is_never_refreshed(void **state)
{
    struct scene s;
    struct shot t;

    scene_open(&s, state, 2);
    s.fake.api = FAKE_REFUSES;
    shot_open(&t, &s, 0, 1, STALE_MS);
    t.use.grant = (str){NULL, 0};
    shot_run(&t);
    assert_int_equal(t.op.err, ERR_OK);
    assert_int_equal(t.op.request.status, 401);
    assert_int_equal(s.fake.calls, 1);
    assert_int_equal(s.fake.refreshes, 0);
    shot_close(&t);
    scene_close(&s);
}

/* --- one refresh ------------------------------------------------------------------------------ */

static void a_crowd_is_served_by_one_refresh(void **state)
{
    struct scene s;
    static struct shot crowd[CROWD];

    scene_open(&s, state, 4);
    s.fake.hold = 1;
    for (size_t i = 0; i < CROWD; i++) {
        shot_open(&crowd[i], &s, i % 2, 1, STALE_MS);
        shot_begin(&crowd[i]);
    }
    fake_wait_asked(&s.fake, 1);
    assert_int_equal(life_flights(s.life), 1);
    assert_int_equal(s.fake.calls, 0);
    fake_release(&s.fake);
    for (size_t i = 0; i < CROWD; i++) {
        shot_wait(&crowd[i]);
        assert_true(answered(&crowd[i]));
        assert_true(shows(&crowd[i], "access-2"));
        assert_int_equal(crowd[i].use.grant_generation, 2);
        shot_close(&crowd[i]);
    }
    assert_int_equal(s.fake.refreshes, 1);
    assert_int_equal(s.fake.calls, CROWD);
    assert_int_equal(scene_generation(&s), 2);
    scene_close(&s);
}

/* Who read the old token and comes after the landing finds the new one on file. */
static void a_latecomer_takes_what_is_on_file(void **state)
{
    struct scene s;
    struct shot t[2];

    scene_open(&s, state, 2);
    for (size_t i = 0; i < 2; i++) {
        shot_open(&t[i], &s, i, 1, STALE_MS);
        shot_run(&t[i]);
        assert_true(answered(&t[i]));
        shot_close(&t[i]);
    }
    assert_int_equal(s.fake.refreshes, 1);
    scene_close(&s);
}

static void without_a_new_refresh_token_the_old_one_stays(void **state)
{
    struct scene s;
    struct shot t;

    scene_open(&s, state, 2);
    s.fake.token_endpoint = FAKE_KEEPS;
    for (int number = 1; number <= 2; number++) {
        shot_open(&t, &s, 0, number, STALE_MS);
        shot_run(&t);
        assert_true(answered(&t));
        shot_close(&t);
    }
    assert_int_equal(s.fake.refreshes, 2);
    scene_close(&s);
}

static void run_alone(void *arg, void *db)
{
    (void)db;
    must(sem_post(arg) == 0);
}

static void no_worker_waits_for_the_provider(void **state)
{
    struct scene s;
    struct shot t;
    sem_t ran;
    struct timespec until;

    scene_open(&s, state, 1);
    s.fake.hold = 1;
    shot_open(&t, &s, 0, 1, STALE_MS);
    shot_begin(&t);
    fake_wait_asked(&s.fake, 1);
    must(sem_init(&ran, 0, 0) == 0 && clock_gettime(CLOCK_REALTIME, &until) == 0);
    until.tv_sec += 10;
    assert_true(pool_submit(s.pool, run_alone, &ran));
    assert_int_equal(sem_timedwait(&ran, &until), 0);
    contract_script(s.c, "UPDATE users SET name = 'Anne'"); /* nor a write transaction */
    assert_int_equal(life_drain(s.life, 20), 1);
    fake_release(&s.fake);
    shot_wait(&t);
    assert_int_equal(life_drain(s.life, 10000), 0);
    assert_true(answered(&t));
    must(sem_destroy(&ran) == 0);
    shot_close(&t);
    scene_close(&s);
}

/* --- 401 -------------------------------------------------------------------------------------- */

static void a_401_is_followed_by_one_refresh(void **state)
{
    struct scene s;
    struct shot t;

    scene_open(&s, state, 2);
    s.fake.number = 7; /* "access-1" is not known any more, whatever its expiry says */
    shot_open(&t, &s, 0, 1, FRESH_MS);
    t.op.request.method = STR("POST");
    shot_run(&t);
    assert_true(answered(&t));
    assert_true(shows(&t, "access-8"));
    assert_int_equal(s.fake.calls, 2);
    assert_int_equal(s.fake.refreshes, 1);
    assert_int_equal(t.use.grant_generation, 2);
    shot_close(&t);
    scene_close(&s);
}

/* It is about that call: the token was renewed a moment ago. */
static void a_second_401_is_the_answer(void **state)
{
    struct scene s;
    struct shot t;

    scene_open(&s, state, 2);
    s.fake.api = FAKE_REFUSES;
    shot_open(&t, &s, 0, 1, FRESH_MS);
    shot_run(&t);
    assert_int_equal(t.op.err, ERR_OK);
    assert_int_equal(t.op.request.status, 401);
    assert_int_equal(t.op.request.meaning, MEANING_FORBIDDEN);
    assert_int_equal(s.fake.calls, 2);
    assert_int_equal(s.fake.refreshes, 1);
    shot_close(&t);
    scene_close(&s);
}

static void a_403_or_404_to_a_fresh_token_is_the_answer(void **state)
{
    static const enum fake_api answers[] = {FAKE_FORBIDDEN, FAKE_MISSING};
    struct scene s;
    struct shot t;

    scene_open(&s, state, 2);
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        s.fake.api = answers[i];
        shot_open(&t, &s, 0, 1, FRESH_MS);
        shot_run(&t);
        assert_int_equal(t.op.err, ERR_OK);
        assert_int_equal(t.op.request.status, answers[i] == FAKE_FORBIDDEN ? 403 : 404);
        shot_close(&t);
    }
    assert_int_equal(s.fake.calls, 2);
    assert_int_equal(s.fake.refreshes, 0);
    scene_close(&s);
}

/* A token that is fresh when the call begins and no longer when it is answered. */
static void run_past_its_end(struct shot *t, struct scene *s, enum fake_api api)
{
    s->fake.api = api;
    s->fake.slow_ms = 400;
    s->fake.hold = 1; /* what is refreshed behind the call lands after it */
    shot_open(t, s, 0, 1, LIFE_STALE_MS + 200);
    shot_begin(t);
    fake_wait_asked(&s->fake, 1);
    fake_release(&s->fake);
    shot_wait(t);
    assert_int_equal(t->op.err, ERR_OK);
    assert_int_equal(s->fake.calls, 2);
    assert_int_equal(s->fake.refreshes, 1);
    assert_true(shows(t, "access-2"));
}

static void repeated_once(void **state, enum fake_api api)
{
    struct scene s;
    struct shot t;

    scene_open(&s, state, 2);
    run_past_its_end(&t, &s, api);
    assert_true(answered(&t));
    shot_close(&t);
    scene_close(&s);
}

static void a_403_to_a_token_that_ended_is_repeated_once(void **state)
{
    repeated_once(state, FAKE_FORBIDDEN);
}

static void a_404_to_a_token_that_ended_is_repeated_once(void **state)
{
    repeated_once(state, FAKE_MISSING);
}

static void a_second_404_is_the_answer(void **state)
{
    struct scene s;
    struct shot t;

    scene_open(&s, state, 2);
    run_past_its_end(&t, &s, FAKE_MISSING_EVER);
    assert_int_equal(t.op.request.status, 404);
    assert_int_equal(t.op.request.meaning, MEANING_NOT_FOUND);
    shot_close(&t);
    scene_close(&s);
}

static enum err not_any_more(struct work *w, void *arg)
{
    (*(int *)arg)++;
    return work_fail(w, ERR_NOT_FOUND, "Gone.");
}

static enum err yes_still(struct work *w, void *arg)
{
    (void)w;
    (*(int *)arg)++;
    return ERR_OK;
}

static void after_a_wait_it_is_decided_again(void **state)
{
    struct scene s;
    struct shot t;
    int asked = 0;

    scene_open(&s, state, 2);
    shot_open(&t, &s, 0, 1, STALE_MS);
    t.use.still = not_any_more;
    t.use.still_arg = &asked;
    shot_run(&t);
    assert_int_equal(t.op.err, ERR_NOT_FOUND);
    assert_string_equal(fault_text(&t.op.fault), "Gone.");
    assert_int_equal(s.fake.calls, 0); /* nothing was sent */
    assert_int_equal(asked, 1);
    shot_close(&t);
    shot_open(&t, &s, 0, 2, FRESH_MS);
    t.use.grant_generation = 2;
    t.use.still = yes_still;
    t.use.still_arg = &asked;
    shot_run(&t);
    assert_int_equal(asked, 1); /* no wait, no question */
    assert_int_equal(s.fake.calls, 1);
    shot_close(&t);
    scene_close(&s);
}

static void other_answers_are_not_followed_by_anything(void **state)
{
    static const enum fake_api answers[] = {FAKE_STRANGER, FAKE_LACKS_SCOPE};
    struct scene s;
    struct shot t;

    scene_open(&s, state, 2);
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        s.fake.api = answers[i];
        shot_open(&t, &s, 0, 1, FRESH_MS);
        shot_run(&t);
        assert_int_equal(t.op.err, ERR_OK);
        assert_int_equal(t.op.request.meaning, answers[i] == FAKE_STRANGER ? MEANING_REFUSED_TOKEN
                                                                           : MEANING_SCOPE_MISSING);
        shot_close(&t);
    }
    assert_int_equal(s.fake.calls, 2);
    assert_int_equal(s.fake.refreshes, 0);
    scene_close(&s);
}

static void a_test_is_repeated_once_too(void **state)
{
    struct scene s;
    struct shot t;

    scene_open(&s, state, 2);
    s.fake.number = 7;
    shot_open(&t, &s, 1, 1, FRESH_MS);
    make_test(&t);
    shot_run(&t);
    assert_int_equal(t.op.err, ERR_OK);
    assert_int_equal(t.op.test.stage, STAGE_DONE);
    assert_int_equal(t.op.test.meaning, MEANING_OK);
    assert_int_equal(s.fake.calls, 2);
    assert_int_equal(s.fake.refreshes, 1);
    shot_close(&t);
    scene_close(&s);
}

/* Others' 401 have been answered by a refresh already: its token is on file. */
static void a_401_to_an_old_token_asks_nobody(void **state)
{
    struct scene s;
    struct shot t;

    scene_open(&s, state, 2);
    scene_consent(&s, 2);
    shot_open(&t, &s, 0, 2, FRESH_MS);
    t.use.grant_generation = 1;
    secret_wipe(&t.op.request.target.secret);
    fake_token(&t.op.request.target.secret, "access", 1);
    shot_run(&t);
    assert_true(answered(&t));
    assert_int_equal(s.fake.refreshes, 0);
    assert_int_equal(s.fake.calls, 2);
    s.fake.uncommitted--; /* the old token was shown on purpose */
    shot_close(&t);
    scene_close(&s);
}

/* Somebody else has refreshed it, and that is long ago too: what is on file is asked with. */
static void a_token_two_behind_is_refreshed_from_the_file(void **state)
{
    struct scene s;
    struct shot t;

    scene_open(&s, state, 2);
    scene_consent(&s, 2);
    contract_script(s.c, "UPDATE oauth_grants SET access_expires = 1");
    shot_open(&t, &s, 0, 1, STALE_MS);
    shot_run(&t);
    assert_true(answered(&t));
    assert_true(shows(&t, "access-3"));
    assert_int_equal(s.fake.refreshes, 1);
    assert_int_equal(t.use.grant_generation, 3);
    shot_close(&t);
    scene_close(&s);
}

/* --- refused, failed -------------------------------------------------------------------------- */

static void assert_gave_up(const struct shot *t, enum err e, enum provider_meaning meaning)
{
    assert_int_equal(t->op.err, e);
    assert_int_equal(t->op.fault.code, e);
    assert_int_equal(t->op.request.status, 0);
    assert_int_equal(t->op.request.reply_body.n, 0);
    assert_int_equal(t->op.request.meaning, meaning);
}

static void a_dead_grant_needs_reconnecting(void **state)
{
    struct scene s;
    struct shot t[2];

    scene_open(&s, state, 2);
    s.fake.hold = 1;
    s.fake.token_endpoint = FAKE_DEAD_GRANT;
    for (size_t i = 0; i < 2; i++) {
        shot_open(&t[i], &s, i, 1, STALE_MS);
        shot_begin(&t[i]);
    }
    fake_wait_asked(&s.fake, 1);
    fake_release(&s.fake);
    for (size_t i = 0; i < 2; i++) {
        shot_wait(&t[i]);
        assert_gave_up(&t[i], ERR_NEEDS_RECONNECT, MEANING_REFUSED_TOKEN);
        assert_non_null(strstr(t[i].op.fault.message, "no longer accepts this authorisation"));
        shot_close(&t[i]);
    }
    assert_int_equal(s.fake.calls, 0);
    assert_int_equal(s.fake.refreshes, 1);
    assert_non_null(strstr(scene_status(&s), "grant_refused: Atlassian no longer accepts"));
    scene_close(&s);
}

/* The call was made and refused; what it answered is no answer. */
static void a_401_and_a_dead_grant(void **state)
{
    struct scene s;
    struct shot t;

    scene_open(&s, state, 2);
    s.fake.api = FAKE_REFUSES;
    s.fake.token_endpoint = FAKE_DEAD_GRANT;
    shot_open(&t, &s, 0, 1, FRESH_MS);
    shot_run(&t);
    assert_gave_up(&t, ERR_NEEDS_RECONNECT, MEANING_REFUSED_TOKEN);
    assert_int_equal(s.fake.calls, 1);
    shot_close(&t);
    scene_close(&s);
}

static void a_test_says_that_the_token_was_it(void **state)
{
    struct scene s;
    struct shot t;

    scene_open(&s, state, 2);
    s.fake.token_endpoint = FAKE_DEAD_GRANT;
    shot_open(&t, &s, 0, 1, STALE_MS);
    make_test(&t);
    shot_run(&t);
    assert_int_equal(t.op.err, ERR_NEEDS_RECONNECT);
    assert_int_equal(t.op.test.stage, STAGE_TOKEN);
    assert_int_equal(t.op.test.meaning, MEANING_REFUSED_TOKEN);
    shot_close(&t);
    scene_close(&s);
}

static void what_is_nobodys_fault_leaves_the_credential(struct scene *s,
                                                        enum fake_token_endpoint answer, enum err e,
                                                        enum provider_meaning meaning)
{
    struct shot t;

    s->fake.token_endpoint = answer;
    shot_open(&t, s, 0, 1, STALE_MS);
    shot_run(&t);
    assert_gave_up(&t, e, meaning);
    assert_int_equal(s->fake.calls, 0);
    assert_string_equal(scene_status(s), "connected");
    assert_int_equal(scene_generation(s), 1);
    shot_close(&t);

    /* not asked again at once, and then it works */
    s->fake.token_endpoint = FAKE_ROTATES;
    shot_open(&t, s, 1, 1, STALE_MS);
    shot_run(&t);
    assert_int_equal(t.op.err, e == ERR_CLIENT_REFUSED ? e : ERR_UPSTREAM_UNREACHABLE);
    assert_non_null(strstr(fault_text(&t.op.fault), "the fake says no Mortise tries again at "));
    assert_int_equal(s->fake.refreshes, 1);
    shot_close(&t);
    contract_script(s->c, "UPDATE oauth_grants SET next_try = 1");
    shot_open(&t, s, 1, 1, STALE_MS);
    shot_run(&t);
    assert_true(answered(&t));
    shot_close(&t);
}

static void a_refused_client_is_the_operators_fault(void **state)
{
    struct scene s;

    scene_open(&s, state, 2);
    what_is_nobodys_fault_leaves_the_credential(&s, FAKE_WRONG_CLIENT, ERR_CLIENT_REFUSED,
                                                MEANING_CLIENT_REFUSED);
    scene_close(&s);
}

static void a_provider_that_is_down_is_bad_luck(void **state)
{
    struct scene s;

    scene_open(&s, state, 2);
    what_is_nobodys_fault_leaves_the_credential(&s, FAKE_DOWN, ERR_UPSTREAM_TIMEOUT,
                                                MEANING_PROVIDER_ERROR);
    scene_close(&s);
}

static void in_its_last_minute_a_token_serves_while_the_provider_is_down(void **state)
{
    struct scene s;
    struct shot t;

    scene_open(&s, state, 2);
    s.fake.token_endpoint = FAKE_DOWN;
    shot_open(&t, &s, 0, 1, LIFE_STALE_MS - 5000);
    shot_run(&t);
    assert_true(answered(&t));
    assert_true(shows(&t, "access-1"));
    assert_int_equal(s.fake.refreshes, 1);
    shot_close(&t);
    shot_open(&t, &s, 0, 1, STALE_MS);
    shot_run(&t);
    assert_int_not_equal(t.op.err, ERR_OK);
    assert_int_equal(s.fake.calls, 1);
    shot_close(&t);
    scene_close(&s);
}

static void without_a_database_nobody_is_asked(void **state)
{
    struct scene s;
    struct shot t;

    scene_open(&s, state, 1);
    s.database_away = 1;
    shot_open(&t, &s, 0, 1, STALE_MS);
    shot_run(&t);
    assert_gave_up(&t, ERR_STORAGE_FAILED, MEANING_PROVIDER_ERROR);
    assert_int_equal(s.fake.refreshes, 0);
    shot_close(&t);
    scene_close(&s);
}

static void another_client_asks_nobody(void **state)
{
    struct scene s;
    struct shot t;

    scene_open(&s, state, 2);
    s.settings.jira_client_id = STR("client-2");
    shot_open(&t, &s, 0, 1, STALE_MS);
    shot_run(&t);
    assert_gave_up(&t, ERR_NEEDS_RECONNECT, MEANING_REFUSED_TOKEN);
    assert_int_equal(s.fake.refreshes, 0);
    shot_close(&t);
    scene_close(&s);
}

/* --- what changed while the provider was asked ------------------------------------------------ */

static void begin_held(struct scene *s, struct shot *t)
{
    s->fake.hold = 1;
    shot_open(t, s, 0, 1, STALE_MS);
    shot_begin(t);
    fake_wait_asked(&s->fake, 1);
}

static void disconnected_while_it_was_refreshed(void **state)
{
    static const enum fake_token_endpoint answers[] = {FAKE_ROTATES, FAKE_DEAD_GRANT};

    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        struct scene s;
        struct shot t;

        if (i > 0)
            contract_script(*state, "DELETE FROM connections; DELETE FROM sites; DELETE FROM apps;"
                                    " DELETE FROM users");
        scene_open(&s, state, 2);
        s.fake.token_endpoint = answers[i];
        begin_held(&s, &t);
        scene_disconnect(&s);
        fake_release(&s.fake);
        shot_wait(&t);
        assert_gave_up(&t, ERR_NEEDS_RECONNECT, MEANING_REFUSED_TOKEN);
        assert_int_equal(s.fake.calls, 0);
        assert_int_equal(scene_generation(&s), 0);
        shot_close(&t);
        scene_close(&s);
    }
}

static void connected_again_while_it_was_refreshed(void **state)
{
    struct scene s;
    struct shot t;

    scene_open(&s, state, 2);
    begin_held(&s, &t);
    scene_consent(&s, 20);
    fake_release(&s.fake);
    shot_wait(&t);
    assert_true(shows(&t, "access-20")); /* not "access-2", which the refresh brought */
    assert_int_equal(scene_generation(&s), 2);
    assert_int_equal(t.use.grant_generation, 2);
    shot_close(&t);
    scene_close(&s);
}

static void connected_again_while_the_old_grant_was_refused(void **state)
{
    struct scene s;
    struct shot t;

    scene_open(&s, state, 2);
    s.fake.token_endpoint = FAKE_DEAD_GRANT;
    begin_held(&s, &t);
    scene_consent(&s, 20);
    fake_release(&s.fake);
    shot_wait(&t);
    assert_true(answered(&t));
    assert_true(shows(&t, "access-20"));
    assert_string_equal(scene_status(&s), "connected");
    shot_close(&t);
    scene_close(&s);
}

/* A flight for generation 1 is no help to who was refused with generation 2. */
static void a_flight_for_an_older_token_is_not_enough(void **state)
{
    struct scene s;
    struct shot old, new;

    scene_open(&s, state, 2);
    begin_held(&s, &old);
    scene_consent(&s, 20);
    shot_open(&new, &s, 1, 20, STALE_MS);
    new.use.grant_generation = 2;
    shot_begin(&new);
    assert_int_equal(life_flights(s.life), 1);
    fake_release(&s.fake);
    shot_wait(&old);
    shot_wait(&new);
    assert_int_equal(s.fake.refreshes, 2);
    assert_true(answered(&new));
    assert_true(shows(&new, "access-21"));
    assert_int_equal(new.use.grant_generation, 3);
    assert_int_equal(scene_generation(&s), 3);
    s.fake.uncommitted = 0; /* the old one's call may come after the new one's commit */
    shot_close(&old);
    shot_close(&new);
    scene_close(&s);
}

int main(void)
{
    static const struct contract_case cases[] = {
        CONTRACT(a_fresh_token_is_used_as_it_is),
        CONTRACT(a_minute_before_the_end_a_token_is_stale),
        CONTRACT(some_minutes_before_it_a_token_is_used_and_renewed_behind),
        CONTRACT(an_api_key_is_never_refreshed),
        CONTRACT(a_crowd_is_served_by_one_refresh),
        CONTRACT(a_latecomer_takes_what_is_on_file),
        CONTRACT(without_a_new_refresh_token_the_old_one_stays),
        CONTRACT(no_worker_waits_for_the_provider),
        CONTRACT(a_401_is_followed_by_one_refresh),
        CONTRACT(a_second_401_is_the_answer),
        CONTRACT(a_403_or_404_to_a_fresh_token_is_the_answer),
        CONTRACT(a_403_to_a_token_that_ended_is_repeated_once),
        CONTRACT(a_404_to_a_token_that_ended_is_repeated_once),
        CONTRACT(a_second_404_is_the_answer),
        CONTRACT(after_a_wait_it_is_decided_again),
        CONTRACT(other_answers_are_not_followed_by_anything),
        CONTRACT(a_test_is_repeated_once_too),
        CONTRACT(a_401_to_an_old_token_asks_nobody),
        CONTRACT(a_token_two_behind_is_refreshed_from_the_file),
        CONTRACT(a_dead_grant_needs_reconnecting),
        CONTRACT(a_401_and_a_dead_grant),
        CONTRACT(a_test_says_that_the_token_was_it),
        CONTRACT(a_refused_client_is_the_operators_fault),
        CONTRACT(a_provider_that_is_down_is_bad_luck),
        CONTRACT(in_its_last_minute_a_token_serves_while_the_provider_is_down),
        CONTRACT(without_a_database_nobody_is_asked),
        CONTRACT(another_client_asks_nobody),
        CONTRACT(disconnected_while_it_was_refreshed),
        CONTRACT(connected_again_while_it_was_refreshed),
        CONTRACT(connected_again_while_the_old_grant_was_refused),
        CONTRACT(a_flight_for_an_older_token_is_not_enough),
    };

    return contract_run(cases, COUNT_OF(cases));
}
