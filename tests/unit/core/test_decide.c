/* core/decide.h: every combination of scope, person, type, OAuth client and rows, and the invariant
 * that nobody ever gets a row that is not theirs. */
#include "support.h"

#include "core/decide.h"

#define NOW_COUNTER 5

/* The types, and the OAuth client in force. */
static const struct {
    const char *type;
    const char *client;
} KINDS[] = {
    {"jira_api", ""},     {"jira_api", "A"},   {"jira_oauth2", "A"},
    {"jira_oauth2", "B"}, {"jira_oauth2", ""},
};

static struct connection_row connection(int shared, size_t kind)
{
    return (struct connection_row){.id = STR("con"),
                                   .app = STR("app"),
                                   .type = str_from(KINDS[kind].type),
                                   .shared = shared,
                                   .switch_counter = NOW_COUNTER};
}

/* The rows that can be on file, and what each is worth to whoever it belongs to, if it is of the
 * connection's type and client. */
static const struct {
    const char *what;
    int exists;
    int64_t counter;
    const char *status;
    int has_secret;
    const char *client; /* of its grant; NULL: an API key */
    enum decision worth;
} ROWS[] = {
    {"none", 0, 0, "", 0, NULL, DECISION_CONNECT},
    {"fine", 1, NOW_COUNTER, "connected", 1, NULL, DECISION_USE},
    {"connected without a secret", 1, NOW_COUNTER, "connected", 0, NULL, DECISION_RECONNECT},
    {"refused by Jira", 1, NOW_COUNTER, "needs_reconnect", 1, NULL, DECISION_RECONNECT},
    {"locked by Jira", 1, NOW_COUNTER, "locked", 1, NULL, DECISION_RECONNECT},
    {"locked, then wiped", 1, NOW_COUNTER, "locked", 0, NULL, DECISION_RECONNECT},
    {"wiped by a changed Base URL", 1, NOW_COUNTER, "needs_reconnect", 0, NULL, DECISION_RECONNECT},
    {"disconnected by hand", 1, NOW_COUNTER, "disconnected", 0, NULL, DECISION_CONNECT},
    {"from before a switch", 1, NOW_COUNTER - 1, "connected", 1, NULL, DECISION_RECONNECT},
    {"from two switches before", 1, NOW_COUNTER - 2, "connected", 1, NULL, DECISION_RECONNECT},
    {"from a later switch", 1, NOW_COUNTER + 1, "connected", 1, NULL, DECISION_RECONNECT},
    {"disconnected, then switched", 1, NOW_COUNTER - 1, "disconnected", 0, NULL, DECISION_CONNECT},
    {"of an unknown status", 1, NOW_COUNTER, "whatever", 1, NULL, DECISION_RECONNECT},
    {"granted to A", 1, NOW_COUNTER, "connected", 1, "A", DECISION_USE},
    {"granted to B", 1, NOW_COUNTER, "connected", 1, "B", DECISION_USE},
    {"granted, of a client that is unknown", 1, NOW_COUNTER, "connected", 1, "", DECISION_USE},
    {"granted, the link wiped", 1, NOW_COUNTER, "connected", 0, "A", DECISION_RECONNECT},
    {"granted, refused", 1, NOW_COUNTER, "needs_reconnect", 1, "A", DECISION_RECONNECT},
    {"granted, from before a switch", 1, NOW_COUNTER - 1, "connected", 1, "A", DECISION_RECONNECT},
    {"granted, disconnected", 1, NOW_COUNTER, "disconnected", 1, "A", DECISION_CONNECT},
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
        .grant = ROWS[i].client ? STR("grant") : (str){NULL, 0},
        .client_id = str_from(ROWS[i].client),
    };
}

/* An API key for jira_api; a grant of the very client for jira_oauth2. */
static int fits(size_t i, size_t kind)
{
    if (strcmp(KINDS[kind].type, "jira_api") == 0)
        return ROWS[i].client == NULL;
    return ROWS[i].client && *KINDS[kind].client && strcmp(ROWS[i].client, KINDS[kind].client) == 0;
}

/* Emergency stops, as bits: of the app, the acting user, whoever entered the own and the shared
 * row, and their sites. */
enum {
    STOP_OF_APP = 1,
    STOP_OF_USER = 2,
    STOP_OF_OWN = 4,
    STOP_OF_COMMON = 8,
    STOP_OF_OWN_SITE = 16,
    STOP_OF_COMMON_SITE = 32,
    STOP_ALL = 64
};

struct asked {
    int shared, active, in_app, admin;
    size_t kind, own, common;
    int stops;
};

static enum decide_stopped expected_stop(const struct asked *q)
{
    size_t i = q->shared ? q->common : q->own;
    if (q->stops & STOP_OF_APP)
        return STOPPED_APP;
    if (q->stops & STOP_OF_USER)
        return STOPPED_USER;
    if (!ROWS[i].exists || !ROWS[i].has_secret)
        return STOPPED_NOT;
    if (q->stops & (q->shared ? STOP_OF_COMMON : STOP_OF_OWN))
        return STOPPED_ENTERER;
    return q->stops & (q->shared ? STOP_OF_COMMON_SITE : STOP_OF_OWN_SITE) ? STOPPED_SITE
                                                                           : STOPPED_NOT;
}

/* What product.md's table says, written a second time. */
static enum decision expected(const struct asked *q)
{
    if (!q->active || !q->in_app)
        return DECISION_NO_ACCESS;
    if (expected_stop(q) != STOPPED_NOT)
        return DECISION_STOPPED;
    size_t i = q->shared ? q->common : q->own;
    enum decision worth = ROWS[i].worth;
    if (worth == DECISION_USE && !fits(i, q->kind))
        worth = DECISION_RECONNECT;
    if (q->shared && worth != DECISION_USE && !q->admin)
        return DECISION_WAIT;
    return worth;
}

static void check(const struct asked *ask)
{
    struct connection_row n = connection(ask->shared, ask->kind);
    struct credential_row own = row(ask->own, STR("anna"));
    struct credential_row common = row(ask->common, (str){NULL, 0});
    own.user_stopped = ask->stops & STOP_OF_OWN ? 11 : 0;
    common.user_stopped = ask->stops & STOP_OF_COMMON ? 12 : 0;
    own.site_stopped = ask->stops & STOP_OF_OWN_SITE ? 13 : 0;
    common.site_stopped = ask->stops & STOP_OF_COMMON_SITE ? 14 : 0;
    struct decide_question q = {
        .connection = &n,
        .user = STR("anna"),
        .app_stopped = ask->stops & STOP_OF_APP ? 15 : 0,
        .user_stopped = ask->stops & STOP_OF_USER ? 16 : 0,
        .user_active = ask->active,
        .user_in_app = ask->in_app,
        .user_is_app_admin = ask->admin,
        .client_id = str_from(KINDS[ask->kind].client),
        .own = ROWS[ask->own].exists ? &own : NULL,
        .common = ROWS[ask->common].exists ? &common : NULL,
    };
    struct decide_answer a = decide(&q);
    if (a.decision != expected(ask))
        fail_msg("%s/%s shared %d active %d in app %d admin %d own '%s' shared '%s' stops %d:"
                 " got %d",
                 KINDS[ask->kind].type, KINDS[ask->kind].client, ask->shared, ask->active,
                 ask->in_app, ask->admin, ROWS[ask->own].what, ROWS[ask->common].what, ask->stops,
                 (int)a.decision);
    assert_true((a.decision == DECISION_USE) == (a.use != NULL));
    assert_int_equal(a.stop.of, a.decision == DECISION_STOPPED ? expected_stop(ask) : STOPPED_NOT);
    assert_true((a.decision == DECISION_STOPPED) == (a.stop.since != 0));
    size_t i = ask->shared ? ask->common : ask->own;
    int locked = a.decision == DECISION_RECONNECT && fits(i, ask->kind) && ROWS[i].has_secret &&
                 strcmp(ROWS[i].status, "locked") == 0;
    assert_ptr_equal(a.locked, !locked ? NULL : ask->shared ? &common : &own);
    if (a.use)
        assert_ptr_equal(a.use, ask->shared ? &common : &own);
}

static void every_combination(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < COUNT_OF(KINDS); kind++)
        for (size_t i = 0; i < COUNT_OF(ROWS); i++)
            for (size_t k = 0; k < COUNT_OF(ROWS); k++)
                for (int bits = 0; bits < 16 * STOP_ALL; bits++)
                    check(&(struct asked){bits & 1, !!(bits & 2), !!(bits & 4), !!(bits & 8), kind,
                                          i, k, bits / 16});
}

static void ask_with_a_foreign_row(void *arg)
{
    struct connection_row n = connection(0, 0);
    struct credential_row bobs = row(1, STR("bob"));
    (void)arg;
    struct decide_question q = {
        .connection = &n, .user = STR("anna"), .user_active = 1, .user_in_app = 1, .own = &bobs};
    (void)decide(&q);
}

static void ask_with_an_own_row_as_shared(void *arg)
{
    struct connection_row n = connection(1, 0);
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
    struct connection_row n = connection(0, 0);
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
