/* main/client_check.h: what is asked, and which line the operator finds in the log. */
#include "support.h"

#include <stdlib.h>

#include "core/provider.h"
#include "core/settings.h"
#include "main/client_check.h"

struct fixture {
    int log_pipe[2];
    struct log *log;
    struct loops *loops;
    struct settings settings;
    struct provider provider;
    struct services services;
    enum err answer;
    int asked;
    char text[4096]; /* of the log */
};

static void begin(void *self, struct loop *loop, struct provider_op *op, void (*done)(void *token),
                  void *token)
{
    struct fixture *x = self;
    const struct provider_client *c = &op->client_check.client;

    x->asked += op->kind == PROVIDER_CLIENT_CHECK && str_eq(c->client_id, STR("id-1")) &&
                str_eq(secret_expose(&c->client_secret), STR("CANARY")) &&
                str_eq(c->redirect_uri, STR("http://localhost:8080/oauth/callback"));
    op->err = x->answer ? fail(&op->fault, x->answer, "the provider's words") : ERR_OK;
    loop_post(loop, done, token);
}

static int setup(void **state)
{
    struct fixture *x = calloc(1, sizeof *x);

    assert_int_equal(pipe(x->log_pipe), 0);
    x->log = log_new(x->log_pipe[1], LOG_INFO);
    x->loops = loops_start(1);
    x->settings.public_url = STR("http://localhost:8080");
    x->settings.jira_client_id = STR("id-1");
    x->settings.jira_client_secret = STR("CANARY");
    x->provider = (struct provider){.self = x, .begin = begin};
    x->services = (struct services){.provider = &x->provider, .settings = &x->settings};
    *state = x;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *x = *state;

    loops_stop(x->loops);
    (void)close(x->log_pipe[0]);
    free(x);
    return 0;
}

/* Checks to the end and reads the log. */
static void check(struct fixture *x)
{
    struct pool *pool = pool_start(1, 4, (struct pool_hooks){NULL, NULL, NULL}); /* no database */
    struct client_check *c = client_check_start(x->loops, pool, x->log, &x->services);

    client_check_end(c);
    pool_stop(pool);
    log_free(x->log);
    (void)close(x->log_pipe[1]);
    ssize_t n = read(x->log_pipe[0], x->text, sizeof(x->text) - 1);
    assert_true(n >= 0);
    assert_null(strstr(x->text, "CANARY"));
}

static void says_that_it_is_known(void **state)
{
    struct fixture *x = *state;

    check(x);
    assert_int_equal(x->asked, 1);
    assert_non_null(strstr(x->text, "level=info event=oauth_client_ok client_id=id-1"));
}

static void says_that_it_is_refused(void **state)
{
    struct fixture *x = *state;

    x->answer = ERR_CLIENT_REFUSED;
    check(x);
    assert_non_null(strstr(x->text, "level=error event=oauth_client_refused"));
    assert_non_null(strstr(x->text, "does not accept MORTISE_JIRA_CLIENT_ID"));
}

static void says_that_it_could_not_find_out(void **state)
{
    struct fixture *x = *state;

    x->answer = ERR_UPSTREAM_TIMEOUT;
    check(x);
    assert_non_null(strstr(x->text, "level=warning event=oauth_client_unknown"));
    assert_non_null(strstr(x->text, "the provider's words"));
}

static void without_one_nobody_is_asked(void **state)
{
    struct fixture *x = *state;

    x->settings.jira_client_id = STR("");
    check(x);
    assert_int_equal(x->asked, 0);
    assert_string_equal(x->text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(says_that_it_is_known, setup, teardown),
        cmocka_unit_test_setup_teardown(says_that_it_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(says_that_it_could_not_find_out, setup, teardown),
        cmocka_unit_test_setup_teardown(without_one_nobody_is_asked, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
