/* core/decide.h: every combination of scope, person and rows, and the invariant that nobody ever
 * gets a row that is not theirs. */
#include "support.h"

#include "core/decide.h"

#define NOW_COUNTER 5

static struct connection_row connection(int shared)
{
    return (struct connection_row){
        .id = STR("con"), .app = STR("app"), .shared = shared, .switch_counter = NOW_COUNTER};
}

/* The rows that can be on file, and what each is worth to whoever it belongs to. */
static const struct {
    const char *what;
    int exists;
    int64_t counter;
    const char *status;
    int has_secret;
    enum decision worth;
} ROWS[] = {
    {"none", 0, 0, "", 0, DECISION_CONNECT},
    {"fine", 1, NOW_COUNTER, "connected", 1, DECISION_USE},
    {"connected without a secret", 1, NOW_COUNTER, "connected", 0, DECISION_RECONNECT},
    {"refused by Jira", 1, NOW_COUNTER, "needs_reconnect", 1, DECISION_RECONNECT},
    {"wiped by a changed Base URL", 1, NOW_COUNTER, "needs_reconnect", 0, DECISION_RECONNECT},
    {"disconnected by hand", 1, NOW_COUNTER, "disconnected", 0, DECISION_CONNECT},
    {"from before a switch", 1, NOW_COUNTER - 1, "connected", 1, DECISION_RECONNECT},
    {"from two switches before", 1, NOW_COUNTER - 2, "connected", 1, DECISION_RECONNECT},
    {"from a later switch", 1, NOW_COUNTER + 1, "connected", 1, DECISION_RECONNECT},
    {"disconnected, then switched", 1, NOW_COUNTER - 1, "disconnected", 0, DECISION_RECONNECT},
    {"of an unknown status", 1, NOW_COUNTER, "whatever", 1, DECISION_RECONNECT},
};

static struct credential_row row(size_t i, str owner)
{
    return (struct credential_row){
        .id = owner.p ? STR("own-row") : STR("shared-row"),
        .connection = STR("con"),
        .owner = owner,
        .switch_counter = ROWS[i].counter,
        .status = str_from(ROWS[i].status),
        .sealed = ROWS[i].has_secret ? STR("sealed") : (str){NULL, 0},
    };
}

/* What product.md's table says, written a second time. */
static enum decision expected(int shared, int active, int in_app, int admin, size_t own,
                              size_t common)
{
    if (!active || !in_app)
        return DECISION_NO_ACCESS;
    enum decision worth = ROWS[shared ? common : own].worth;
    if (shared && worth != DECISION_USE && !admin)
        return DECISION_WAIT;
    return worth;
}

static void check(int shared, int active, int in_app, int admin, size_t i, size_t k)
{
    struct connection_row n = connection(shared);
    struct credential_row own = row(i, STR("anna")), common = row(k, (str){NULL, 0});
    struct decide_question q = {
        .connection = &n,
        .user = STR("anna"),
        .user_active = active,
        .user_in_app = in_app,
        .user_is_app_admin = admin,
        .own = ROWS[i].exists ? &own : NULL,
        .common = ROWS[k].exists ? &common : NULL,
    };
    struct decide_answer a = decide(&q);
    if (a.decision != expected(shared, active, in_app, admin, i, k))
        fail_msg("shared %d active %d in app %d admin %d own '%s' shared '%s': got %d", shared,
                 active, in_app, admin, ROWS[i].what, ROWS[k].what, (int)a.decision);
    assert_true((a.decision == DECISION_USE) == (a.use != NULL));
    if (a.use)
        assert_ptr_equal(a.use, shared ? &common : &own);
}

static void every_combination(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        for (size_t k = 0; k < COUNT_OF(ROWS); k++)
            for (int bits = 0; bits < 16; bits++)
                check(bits & 1, !!(bits & 2), !!(bits & 4), !!(bits & 8), i, k);
}

static void ask_with_a_foreign_row(void *arg)
{
    struct connection_row n = connection(0);
    struct credential_row bobs = row(1, STR("bob"));
    (void)arg;
    struct decide_question q = {
        .connection = &n, .user = STR("anna"), .user_active = 1, .user_in_app = 1, .own = &bobs};
    (void)decide(&q);
}

static void ask_with_an_own_row_as_shared(void *arg)
{
    struct connection_row n = connection(1);
    struct credential_row annas = row(1, STR("anna"));
    (void)arg;
    struct decide_question q = {.connection = &n,
                                .user = STR("anna"),
                                .user_active = 1,
                                .user_in_app = 1,
                                .common = &annas};
    (void)decide(&q);
}

static void ask_with_another_connections_row(void *arg)
{
    struct connection_row n = connection(0);
    struct credential_row other = row(1, STR("anna"));
    (void)arg;
    other.connection = STR("another");
    struct decide_question q = {
        .connection = &n, .user = STR("anna"), .user_active = 1, .user_in_app = 1, .own = &other};
    (void)decide(&q);
}

static void a_row_that_does_not_fit_is_a_bug(void **state)
{
    (void)state;
    assert_true(aborts(ask_with_a_foreign_row, NULL));
    assert_true(aborts(ask_with_an_own_row_as_shared, NULL));
    assert_true(aborts(ask_with_another_connections_row, NULL));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_combination),
        cmocka_unit_test(a_row_that_does_not_fit_is_a_bug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
