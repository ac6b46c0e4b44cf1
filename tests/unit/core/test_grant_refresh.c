/* core/grant_refresh.h: whose turn a refresh is, what the journal tells after a crash, and what a
 * failure leads to. Two processes are two names here; time passes by moving what is written.
 */
#include "core/grant_refresh.h"
#include "core/grants.h"
#include "jira.h"
#include "store/journal.h"

#define ONE STR("one")
#define TWO STR("two")

struct turn {
    struct grant_refresh r;
    enum err e;
    char why[400];
};

static struct turn begin_as(struct jira *x, str process, enum grant_haste haste)
{
    struct grant_row *g = jira_grant(x, "con1", "bob");
    struct grant_question q = {g->id, g->generation, STR("sun"), STR("con1"), process, haste};
    struct work *w = world_work(&x->o, NULL);
    struct turn t = {.r = {.turn = GRANT_ELSEWHERE}};

    t.e = world_end(w, grant_refresh_begin(w, &q, &t.r));
    (void)snprintf(t.why, sizeof(t.why), "%s", t.e ? fault_text(w->fault) : "");
    secret_wipe(&t.r.access);
    secret_wipe(&t.r.refresh);
    secret_wipe(&t.r.client.client_secret);
    return t;
}

static struct grant_lease take(struct jira *x, str process)
{
    struct turn t = begin_as(x, process, GRANT_AT_ONCE);

    assert_err(t.e, ERR_OK);
    assert_int_equal(t.r.turn, GRANT_OURS);
    return t.r.lease;
}

static void open_connected(struct jira *x, void **state)
{
    jira_open(x, state);
    jira_connect(x, "bob", "con1", "acc");
}

static struct journal_row journal(struct jira *x)
{
    struct journal_row *j = NULL;
    struct contract *c = x->o.c;

    contract_ok(
        c, store_journal_find(c->db, c->arena, &c->fault, jira_grant(x, "con1", "bob")->id, &j));
    assert_non_null(j);
    return *j;
}

static enum err save(struct jira *x, str process, const struct grant_lease *lease, str *ret_access)
{
    SECRET_AUTO struct secret access = {0};
    struct provider_exchange made = jira_exchange(x);
    struct work *w = world_work(&x->o, NULL);
    int64_t generation = 0;
    enum err e = grant_refresh_save(w, jira_grant(x, "con1", "bob")->id, process, lease,
                                    &made.tokens, &access, &generation);

    *ret_access = e ? STR("") : arena_str(x->o.c->arena, secret_expose(&access));
    jira_exchange_wipe(&made);
    return world_end(w, e);
}

static void fail_with(struct jira *x, str process, const struct grant_lease *lease,
                      enum provider_meaning meaning, enum provider_spent spent, int retry_after_s)
{
    struct grant_failure failure = {meaning, spent, STR("It broke."),
                                    retry_after_s * CLOCK_SECOND_MS};
    struct work *w = world_work(&x->o, NULL);

    contract_ok(x->o.c, world_end(w, grant_refresh_failed(w, jira_grant(x, "con1", "bob")->id,
                                                          process, lease, &failure)));
}

static str refuse(struct jira *x, str process, const struct grant_lease *lease)
{
    SECRET_AUTO struct secret access = {0};
    struct work *w = world_work(&x->o, NULL);
    int64_t generation = 0;
    str why = STR("");

    contract_ok(x->o.c, world_end(w, grant_refresh_refused(w, jira_grant(x, "con1", "bob")->id,
                                                           process, lease, STR("Dead."), &access,
                                                           &generation, &why)));
    return secret_is_set(&access) ? arena_str(x->o.c->arena, secret_expose(&access)) : why;
}

/* --- the lease -------------------------------------------------------------------------------- */

static void one_asks_the_other_waits(void **state)
{
    struct jira x;
    str access;

    open_connected(&x, state);
    struct grant_lease lease = take(&x, ONE);
    assert_int_equal(lease.generation, 1);
    assert_int_equal(lease.fence, 1);
    struct turn other = begin_as(&x, TWO, GRANT_AT_ONCE);
    assert_err(other.e, ERR_OK);
    assert_int_equal(other.r.turn, GRANT_ELSEWHERE);
    assert_int_equal(take(&x, ONE).fence, 2); /* its own, left over: nobody else works on it here */
    lease.fence = 2;
    assert_err(save(&x, ONE, &lease, &access), ERR_OK);
    assert_null(journal(&x).owner.p);
    assert_int_equal(journal(&x).began, 0);
    assert_int_equal(take(&x, TWO).fence, 3);
    jira_close(&x);
}

static void a_lease_that_is_over_is_taken(void **state)
{
    static const char *const ways[] = {
        "UPDATE refresh_journal SET until = 5",
        /* further ahead than a lease can be: the clock was set back */
        "UPDATE refresh_journal SET until = until + 3600000",
    };

    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        struct jira x;

        open_connected(&x, state);
        struct grant_lease first = take(&x, ONE);
        jira_sql(&x, ways[i]);
        struct grant_lease second = take(&x, TWO);
        assert_int_equal(second.fence, first.fence + 1);
        assert_int_equal(second.generation, first.generation); /* the same token */
        assert_true(second.interrupted == first.began);
        assert_true(second.began == first.began);
        jira_close_and_empty(&x);
    }
}

static void only_its_holder_renews_and_releases(void **state)
{
    struct jira x;
    int ours = 1;

    open_connected(&x, state);
    str grant = jira_grant(&x, "con1", "bob")->id;
    struct grant_lease first = take(&x, ONE);
    jira_sql(&x, "UPDATE refresh_journal SET until = 5");
    struct grant_lease second = take(&x, TWO);
    struct work *w = world_work(&x.o, NULL);
    contract_ok(x.o.c, world_end(w, grant_refresh_renew(w, grant, ONE, &first, &ours)));
    assert_int_equal(ours, 0);
    int64_t before = journal(&x).until;
    fail_with(&x, ONE, &first, MEANING_PROVIDER_ERROR, SPENT_NO, 0);
    assert_str(journal(&x).owner, "two");
    jira_sql(&x, "UPDATE refresh_journal SET until = until - 1000");
    w = world_work(&x.o, NULL);
    contract_ok(x.o.c, world_end(w, grant_refresh_renew(w, grant, TWO, &second, &ours)));
    assert_int_equal(ours, 1);
    assert_true(journal(&x).until >= before);
    jira_close(&x);
}

/* Stopped past its lease and continued: the newer token survives. */
static void what_comes_late_is_dropped(void **state)
{
    struct jira x;
    str access, newer;

    open_connected(&x, state);
    struct grant_lease first = take(&x, ONE);
    jira_sql(&x, "UPDATE refresh_journal SET until = 5");
    struct grant_lease second = take(&x, TWO);
    assert_err(save(&x, TWO, &second, &newer), ERR_OK);
    assert_err(save(&x, ONE, &first, &access), ERR_OK);
    assert_str(access, arena_cstring(x.o.c->arena, newer));
    assert_int_equal(jira_grant(&x, "con1", "bob")->generation, 2);
    assert_str(refuse(&x, ONE, &first), arena_cstring(x.o.c->arena, newer));
    assert_str(jira_row(&x, "con1", "bob")->status, "connected");
    jira_close(&x);
}

/* --- the journal ------------------------------------------------------------------------------ */

static void it_stays_open_until_the_outcome_is_known(void **state)
{
    struct jira x;
    str access;

    open_connected(&x, state);
    struct grant_lease first = take(&x, ONE);
    assert_true(journal(&x).began == first.began);
    fail_with(&x, ONE, &first, MEANING_PROVIDER_ERROR, SPENT_UNKNOWN, 0);
    assert_null(journal(&x).owner.p);
    assert_true(journal(&x).began == first.began);
    jira_sql(&x, "UPDATE refresh_journal SET began = began - 1000");
    struct grant_lease second = take(&x, TWO);
    assert_true(second.began == first.began - 1000); /* of the first */
    fail_with(&x, TWO, &second, MEANING_PROVIDER_ERROR, SPENT_NO, 0);
    assert_true(journal(&x).began == first.began - 1000); /* the first is not known still */
    struct grant_lease third = take(&x, TWO);
    assert_err(save(&x, TWO, &third, &access), ERR_OK);
    assert_int_equal(journal(&x).began, 0);
    struct grant_lease fourth = take(&x, TWO);
    assert_int_equal(fourth.interrupted, 0);
    fail_with(&x, TWO, &fourth, MEANING_PROVIDER_ERROR, SPENT_NO, 0);
    assert_int_equal(journal(&x).began, 0);
    jira_close(&x);
}

static void an_interrupted_refresh_is_named_as_the_cause(void **state)
{
    static const struct {
        int64_t ago_ms;
        int named;
    } cases[] = {{CLOCK_MINUTE_MS, 0}, {11 * CLOCK_MINUTE_MS, 1}};

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct jira x;

        open_connected(&x, state);
        struct grant_lease lost = take(&x, ONE);
        jira_sql(&x, "UPDATE refresh_journal SET until = 5");
        jira_sql(&x, cases[i].named ? "UPDATE refresh_journal SET began = began - 660000"
                                    : "UPDATE refresh_journal SET began = began - 60000");
        struct grant_lease again = take(&x, TWO);
        assert_true(again.interrupted == lost.began - cases[i].ago_ms);
        str why = refuse(&x, TWO, &again);
        assert_int_equal(str_find(why, STR("was interrupted on 20")) != SIZE_MAX, cases[i].named);
        assert_str(jira_row(&x, "con1", "bob")->status, "grant_refused");
        assert_str(jira_row(&x, "con1", "bob")->why, arena_cstring(x.o.c->arena, why));
        assert_int_equal(journal(&x).began, 0);
        jira_close_and_empty(&x);
    }
}

static void what_was_left_alone_for_90_days_says_so(void **state)
{
    struct jira x;

    open_connected(&x, state);
    x.o.now_ms += GRANT_IDLE_MS - 1;
    struct grant_lease lease = take(&x, ONE);
    assert_true(str_find(refuse(&x, ONE, &lease), STR("90 days")) == SIZE_MAX);
    jira_close_and_empty(&x);
    open_connected(&x, state);
    x.o.now_ms += GRANT_IDLE_MS;
    lease = take(&x, ONE);
    assert_true(str_find(refuse(&x, ONE, &lease),
                         STR("and Atlassian drops what was not renewed for 90 days")) != SIZE_MAX);
    jira_close(&x);
}

static void to_renew_at(struct jira *x, int64_t due)
{
    jira_sql(x, "DELETE FROM grant_renewals");
    jira_sql(x, arena_cstring(x->o.c->arena,
                              arena_printf(x->o.c->arena,
                                           "INSERT INTO grant_renewals (grant_id, due, unknown)"
                                           " SELECT id, %lld, 0 FROM oauth_grants",
                                           (long long)due)));
}

static void only_a_refresh_begun_in_time_is_a_renewal(void **state)
{
    struct jira x;
    str access;

    open_connected(&x, state);
    struct grant_lease lease = take(&x, ONE);
    to_renew_at(&x, lease.asked + 1);
    assert_err(save(&x, ONE, &lease, &access), ERR_OK);
    assert_int_equal(jira_number(&x, "SELECT count(*) FROM grant_renewals"), 1);
    lease = take(&x, ONE);
    to_renew_at(&x, lease.asked);
    assert_err(save(&x, ONE, &lease, &access), ERR_OK);
    assert_int_equal(jira_number(&x, "SELECT count(*) FROM grant_renewals"), 0);
    jira_close(&x);
}

static void a_consent_that_could_not_be_followed_in_time_is_named(void **state)
{
    struct jira x;

    for (int late = 0; late < 2; late++) {
        open_connected(&x, state);
        struct grant_lease lease = take(&x, ONE);
        to_renew_at(&x, lease.asked + CONSENT_RENEW_AFTER_MS - GRANT_LEEWAY_MS - late);
        assert_int_equal(str_find(refuse(&x, ONE, &lease),
                                  STR("went through a Connect at Atlassian on 20")) != SIZE_MAX,
                         late);
        assert_int_equal(jira_number(&x, "SELECT count(*) FROM grant_renewals"), 0);
        jira_close_and_empty(&x);
    }
}

static void what_is_a_year_old_may_have_ended_for_that(void **state)
{
    struct jira x;

    for (int aged = 0; aged < 2; aged++) {
        open_connected(&x, state);
        x.o.now_ms += GRANT_HARD_MS - 1 + aged;
        jira_sql(
            &x, arena_cstring(x.o.c->arena,
                              arena_printf(x.o.c->arena, "UPDATE oauth_grants SET refreshed = %lld",
                                           (long long)x.o.now_ms - 1)));
        struct grant_lease lease = take(&x, ONE);
        assert_int_equal(
            str_find(refuse(&x, ONE, &lease), STR("a year ago or more, and possibly")) != SIZE_MAX,
            aged);
        jira_close_and_empty(&x);
    }
}

static void a_consent_meanwhile_wins(void **state)
{
    struct jira x;
    str access;

    open_connected(&x, state);
    struct grant_lease lease = take(&x, ONE);
    jira_connect(&x, "bob", "con1", "acc");
    assert_int_equal(journal(&x).began, 0);
    assert_err(save(&x, ONE, &lease, &access), ERR_OK);
    assert_str(access, "access-2");
    assert_int_equal(jira_grant(&x, "con1", "bob")->generation, 2);
    lease = take(&x, ONE);
    jira_connect(&x, "bob", "con1", "acc");
    fail_with(&x, ONE, &lease, MEANING_CLIENT_REFUSED, SPENT_UNKNOWN, 0);
    assert_int_equal(journal(&x).began, 0);
    assert_int_equal(jira_grant(&x, "con1", "bob")->failures, 0);
    jira_close(&x);
}

/* --- back-off --------------------------------------------------------------------------------- */

static int64_t wait_after(struct jira *x, int retry_after_s)
{
    struct contract *c = x->o.c;
    struct grant_lease lease = take(x, ONE);
    int64_t now = 0;

    fail_with(x, ONE, &lease, MEANING_PROVIDER_ERROR, SPENT_UNKNOWN, retry_after_s);
    contract_ok(c, db_clock_ms(c->db, c->arena, &c->fault, &now));
    return jira_grant(x, "con1", "bob")->next_try - now;
}

static void it_grows_from_five_seconds_to_five_minutes(void **state)
{
    static const int64_t seconds[] = {5, 10, 20, 40, 80, 160, 300, 300, 300};
    struct jira x;
    int64_t different = 0;

    open_connected(&x, state);
    for (size_t i = 0; i < COUNT_OF(seconds); i++) {
        int64_t wait = wait_after(&x, 0);
        int64_t least = seconds[i] * 800 < 5000 ? 5000 : seconds[i] * 800;
        int64_t most = seconds[i] * 1200 > 300000 ? 300000 : seconds[i] * 1200;
        if (wait < least - 2000 || wait > most)
            fail_msg("failure %zu: %lld ms", i + 1, (long long)wait);
        different += wait < seconds[i] * 980 - 1000 || wait > seconds[i] * 1020;
    }
    assert_true(different > 0); /* jitter */
    assert_int_equal(jira_grant(&x, "con1", "bob")->failures, COUNT_OF(seconds));
    assert_true(wait_after(&x, 900) > 890000);
    assert_true(wait_after(&x, 90000) < 3600001); /* an hour at most */
    jira_close(&x);
}

static void it_is_obeyed_unless_somebody_insists(void **state)
{
    struct jira x;
    str access;

    open_connected(&x, state);
    (void)wait_after(&x, 0);
    struct turn t = begin_as(&x, ONE, GRANT_OBEY_BACKOFF);
    assert_err(t.e, ERR_UPSTREAM_UNREACHABLE);
    assert_non_null(strstr(t.why, "It broke. Mortise tries again at "));
    assert_err(begin_as(&x, ONE, GRANT_AT_ONCE).e, ERR_OK);
    /* far ahead: from before the clock was set back */
    jira_sql(&x, "UPDATE oauth_grants SET next_try = next_try + 36000000");
    struct grant_lease lease = begin_as(&x, ONE, GRANT_OBEY_BACKOFF).r.lease;
    assert_int_equal(lease.generation, 1);
    assert_err(save(&x, ONE, &lease, &access), ERR_OK);
    struct grant_row *g = jira_grant(&x, "con1", "bob");
    assert_true(g->failures == 0 && g->failing_since == 0 && g->next_try == 0);
    assert_null(g->last_error.p);
    jira_close(&x);
}

static void what_a_wrong_client_stopped_is_tried_again_when_it_is_right(void **state)
{
    struct jira x;
    int64_t count = 0;

    open_connected(&x, state);
    struct grant_lease lease = take(&x, ONE);
    fail_with(&x, ONE, &lease, MEANING_CLIENT_REFUSED, SPENT_NO, 0);
    assert_err(begin_as(&x, ONE, GRANT_OBEY_BACKOFF).e, ERR_CLIENT_REFUSED);
    assert_str(jira_row(&x, "con1", "bob")->status, "connected"); /* nobody has to reconnect */
    struct work *w = world_work(&x.o, NULL);
    contract_ok(x.o.c, work_write(w));
    contract_ok(x.o.c, world_end(w, grants_retry_client(w, STR("another"), &count)));
    assert_int_equal(count, 0);
    w = world_work(&x.o, NULL);
    contract_ok(x.o.c, work_write(w));
    contract_ok(x.o.c, world_end(w, grants_retry_client(w, STR("env-client"), &count)));
    assert_int_equal(count, 1);
    assert_err(begin_as(&x, ONE, GRANT_OBEY_BACKOFF).e, ERR_OK);
    jira_close(&x);
}

int main(void)
{
    static const struct contract_case cases[] = {
        CONTRACT(one_asks_the_other_waits),
        CONTRACT(a_lease_that_is_over_is_taken),
        CONTRACT(only_its_holder_renews_and_releases),
        CONTRACT(what_comes_late_is_dropped),
        CONTRACT(it_stays_open_until_the_outcome_is_known),
        CONTRACT(an_interrupted_refresh_is_named_as_the_cause),
        CONTRACT(what_was_left_alone_for_90_days_says_so),
        CONTRACT(only_a_refresh_begun_in_time_is_a_renewal),
        CONTRACT(a_consent_that_could_not_be_followed_in_time_is_named),
        CONTRACT(what_is_a_year_old_may_have_ended_for_that),
        CONTRACT(a_consent_meanwhile_wins),
        CONTRACT(it_grows_from_five_seconds_to_five_minutes),
        CONTRACT(it_is_obeyed_unless_somebody_insists),
        CONTRACT(what_a_wrong_client_stopped_is_tried_again_when_it_is_right),
    };

    return contract_run(cases, COUNT_OF(cases));
}
