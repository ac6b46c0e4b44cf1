/* core/health.h: what an outcome means for the credential, and when an idle grant ends. (That notes
 * are written, and when not: tests/scenario/health.test.mjs.) */
#include "support.h"

#include "base/clock.h"
#include "core/grants.h"
#include "core/health.h"

#define DAY(n) ((int64_t)(n)*CLOCK_DAY_MS)

static void outcome_of_an_answer(void **state)
{
    static const struct {
        enum provider_meaning meaning;
        enum health_outcome outcome;
    } rows[] = {
        {MEANING_OK, HEALTH_WORKED},
        {MEANING_REFUSED_TOKEN, HEALTH_SILENT}, /* its status tells */
        {MEANING_LOCKED, HEALTH_FAILED},
        {MEANING_SCOPE_MISSING, HEALTH_FAILED},
        {MEANING_FORBIDDEN, HEALTH_WORKED},
        {MEANING_NOT_FOUND, HEALTH_WORKED},
        {MEANING_INVALID, HEALTH_WORKED},
        {MEANING_RATE_LIMITED, HEALTH_WORKED},
        {MEANING_GONE, HEALTH_WORKED},
        {MEANING_SITE_MOVED, HEALTH_FAILED},
        {MEANING_PROVIDER_ERROR, HEALTH_FAILED},
        {MEANING_NOT_PROVIDER, HEALTH_FAILED},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct provider_op op = {
            .kind = PROVIDER_REQUEST,
            .request = {.meaning = rows[i].meaning,
                        .sentence = STR("Failed. Jira says: \"private\""),
                        .plain = STR("Failed.")},
        };
        str sentence = STR("");
        assert_int_equal(health_of_request(&op, &sentence), rows[i].outcome);
        assert_str(sentence, rows[i].outcome == HEALTH_FAILED ? "Failed." : "");
    }
}

static void outcome_without_an_answer(void **state)
{
    static const struct {
        enum err err;
        enum health_outcome outcome;
    } rows[] = {
        {ERR_UPSTREAM_UNREACHABLE, HEALTH_FAILED},
        {ERR_UPSTREAM_INTERRUPTED, HEALTH_FAILED},
        {ERR_UPSTREAM_TIMEOUT, HEALTH_FAILED},
        {ERR_CLIENT_REFUSED, HEALTH_FAILED},
        {ERR_BASE_URL_REFUSED, HEALTH_FAILED},
        {ERR_UPSTREAM_TOO_LARGE, HEALTH_SILENT},
        {ERR_NEEDS_RECONNECT, HEALTH_SILENT},
        {ERR_NOT_FOUND, HEALTH_SILENT},
        {ERR_CONFLICT, HEALTH_SILENT},
        {ERR_STORAGE_FAILED, HEALTH_SILENT},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct provider_op op = {.kind = PROVIDER_REQUEST, .err = rows[i].err};
        str sentence = STR("");
        (void)fail(&op.fault, rows[i].err, "It failed.");
        assert_int_equal(health_of_request(&op, &sentence), rows[i].outcome);
        assert_str(sentence, rows[i].outcome == HEALTH_FAILED ? "It failed." : "");
        op.kind = PROVIDER_TEST;
        op.test = (struct provider_test){.meaning = MEANING_PROVIDER_ERROR};
        assert_int_equal(health_of_test(&op, &sentence), rows[i].outcome);
        op.test.meaning = MEANING_REFUSED_TOKEN;
        assert_int_equal(health_of_test(&op, &sentence), HEALTH_SILENT);
    }
}

static void when_an_idle_grant_ends(void **state)
{
    static const struct {
        int granted, refreshed, last_used, since, suspended, idle_days, now;
        int expires; /* 0: kept */
    } rows[] = {
        {1000, 0, 0, 1000, 0, 0, 1001, 0},
        {1000, 1300, 1300, 1000, 0, 0, 1301, 0},
        /* not renewed once: idle before the first time comes */
        {1000, 0, 0, 1000, 0, 30, 1001, 1090},
        {1000, 0, 1044, 1000, 0, 30, 1044, 1090 + 45}, /* used: renewed on day 45 once more */
        /* renewed on days 45 and 90, not on 135 */
        {1000, 0, 0, 1000, 0, 100, 1001, 1180},
        {1000, 0, 1010, 1000, 0, 100, 1020, 1180},
        {1000, 1045, 1000, 1000, 0, 100, 1060, 1180},
        /* entered later than granted counts as a use */
        {1000, 0, 0, 1050, 0, 30, 1050, 1140},
        /* the server was off when the time came: it is renewed when it looks */
        {1000, 0, 1000, 1000, 0, 100, 1060, 1060 + 90},
        {1000, 0, 1000, 1000, 0, 50, 1060, 1090},
        /* nobody renews what is suspended */
        {1000, 1045, 1050, 1000, 1050, 0, 1060, 1135},
        {1000, 0, 1000, 1000, 1001, 365, 1060, 1090},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct credential_row c = {
            .grant = STR("g"),
            .suspended = DAY(rows[i].suspended),
            .tokens = {.granted = DAY(rows[i].granted),
                       .refreshed = DAY(rows[i].refreshed),
                       .last_used = DAY(rows[i].last_used),
                       .since = DAY(rows[i].since)},
        };
        struct health_idle idle = health_idle(&c, rows[i].idle_days, DAY(rows[i].now));
        if (idle.expires != DAY(rows[i].expires) || idle.kept != (rows[i].expires == 0))
            fail_msg("row %zu: day %d", i, (int)(idle.expires / CLOCK_DAY_MS));
        assert_int_equal(health_hard_expires(&c), DAY(1365));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outcome_of_an_answer),
        cmocka_unit_test(outcome_without_an_answer),
        cmocka_unit_test(when_an_idle_grant_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
