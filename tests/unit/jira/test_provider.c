/* jira/provider.h against a server that plays a site, the gateway and whatever stands in between.
 * What it answers is decided by the user name, so that each test needs a name only.
 */
#include "support.h"

#include <semaphore.h>
#include <stdio.h>

#include "../upstream/server.h"
#include "base/clock.h"
#include "jira/provider.h"

#define CLOUD_ID "1d1f4c5e-7a52-4d0e-9b5b-2c8f6a3e9d70"
#define OTHER_ID "2d1f4c5e-7a52-4d0e-9b5b-2c8f6a3e9d70"
#define ANNA                                                                                       \
    "{\"accountId\":\"5b10\",\"emailAddress\":\"anna@acme.example\",\"displayName\":\"Anna\"}"

/* The base64 of "name:" is not easily read in C; the server looks for these. */
struct player {
    const char *username;
    const char *sent; /* what stands in the Authorization line */
};
static const struct player players[] = {
    {"classic", "Y2xhc3NpYzpjYW5hcnktdG9rZW4="}, {"scoped", "c2NvcGVkOmNhbmFyeS10b2tlbg=="},
    {"wrong", "d3Jvbmc6Y2FuYXJ5LXRva2Vu"},       {"narrow", "bmFycm93OmNhbmFyeS10b2tlbg=="},
    {"locked", "bG9ja2VkOmNhbmFyeS10b2tlbg=="},  {"stranger", "c3RyYW5nZXI6Y2FuYXJ5LXRva2Vu"},
    {"html", "aHRtbDpjYW5hcnktdG9rZW4="},        {"nobody", "bm9ib2R5OmNhbmFyeS10b2tlbg=="},
    {"slow", "c2xvdzpjYW5hcnktdG9rZW4="},        {"limited", "bGltaXRlZDpjYW5hcnktdG9rZW4="},
    {"gone", "Z29uZTpjYW5hcnktdG9rZW4="},
};

static const char *who(const struct server_request *r)
{
    for (size_t i = 0; i < COUNT_OF(players); i++) {
        if (server_has(r, players[i].sent))
            return players[i].username;
    }
    return "";
}

static int starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static void refuse(struct server_request *r)
{
    server_reply(r, 401, "application/json", "X-Seraph-LoginReason: AUTHENTICATED_FAILED\r\n",
                 "Client must be authenticated to access this resource.");
}

static int play_site(struct server_request *r, const char *name)
{
    if (!strcmp(name, "classic"))
        server_reply(r, 200, "application/json", "X-Seraph-LoginReason: OK\r\n", ANNA);
    else if (!strcmp(name, "locked"))
        server_reply(r, 403, "text/html",
                     "X-Authentication-Denied-Reason: CAPTCHA_CHALLENGE; login-url=x\r\n", "<p>");
    else if (!strcmp(name, "stranger"))
        server_reply(r, 200, "application/json", "X-Seraph-LoginReason: AUTHENTICATED_FAILED\r\n",
                     ANNA);
    else if (!strcmp(name, "html"))
        server_reply(r, 200, "text/html", "", "<html>Welcome</html>");
    else if (!strcmp(name, "nobody"))
        server_reply(r, 200, "application/json", "", "{\"displayName\":\"Somebody\"}");
    else if (!strcmp(name, "limited"))
        server_reply(r, 429, "application/json", "Retry-After: 9\r\n", "{}");
    else if (!strcmp(name, "gone"))
        server_reply(r, 404, "text/html", "", "<html>Page unavailable</html>");
    else if (!strcmp(name, "slow"))
        server_wait(r, 60000);
    else
        refuse(r);
    return strcmp(name, "slow") != 0;
}

static void play_gateway(struct server_request *r, const char *name)
{
    if (!strcmp(name, "scoped"))
        server_reply(r, 200, "application/json", "", ANNA);
    else if (!strcmp(name, "narrow"))
        server_reply(r, 401, "application/json", "",
                     "{\"code\":401,\"message\":\"Unauthorized; scope does not match\"}");
    else
        server_reply(r, 401, "application/json", "", "{\"code\":401,\"message\":\"Unauthorized\"}");
}

static int play_issue(struct server_request *r)
{
    if (!strcmp(r->target, "/rest/api/3/issue/CUT-1"))
        return 0;
    if (!strcmp(r->target, "/rest/api/3/issue/HANG-1")) {
        server_wait(r, 60000);
        return 0;
    }
    if (!strcmp(r->target, "/rest/api/3/issue/HUGE-1")) {
        static char body[(8 << 20) + 2];
        memset(body, ' ', sizeof(body) - 1);
        server_reply(r, 200, "application/json", "", body);
        return 0;
    }
    server_reply(r, 200, "application/json",
                 "Set-Cookie: session=1\r\nX-AREQUESTID: abc\r\nX-Seraph-LoginReason: OK\r\n",
                 r->head);
    return 1;
}

static int answer(struct server_request *r)
{
    const char *name = who(r);

    if (starts(r->target, "/rest/api/3/issue/"))
        return play_issue(r);
    if (!strcmp(r->target, "/rest/api/3/myself") || !strcmp(r->target, "/rest/api/2/myself"))
        return play_site(r, name);
    if (!strcmp(r->target, "/ex/jira/" CLOUD_ID "/rest/api/3/myself")) {
        play_gateway(r, name);
        return 1;
    }
    /* Nobody but these two may see a credential, and these not twice. */
    if (server_has(r, "\r\nAuthorization:")) {
        server_reply(r, 500, "text/plain", "", "a secret where none belongs");
        return 1;
    }
    if (!strcmp(r->target, "/_edge/tenant_info") && server_has(r, "nowhere.localhost"))
        server_reply(r, 404, "text/html", "", "<html>");
    else if (!strcmp(r->target, "/_edge/tenant_info") && server_has(r, "ill.localhost"))
        server_reply(r, 503, "text/html", "", "<html>");
    else if (!strcmp(r->target, "/_edge/tenant_info"))
        server_reply(r, 200, "application/json", "", "{\"cloudId\":\"" CLOUD_ID "\"}");
    else if (starts(r->target, "/rest/api/3/serverInfo"))
        server_reply(r, 200, "application/json", "",
                     "{\"baseUrl\":\"https://evil.example\",\"serverTitle\":\"Jira\"}");
    else if (starts(r->target, "/rest/api/2/serverInfo"))
        server_reply(r, 200, "application/json", "", "{\"serverTitle\":\"Our Jira\"}");
    else
        server_reply(r, 404, "application/json", "", "{}");
    return 1;
}

/* --- running one operation -------------------------------------------------------------------- */

struct fixture {
    struct server *server;
    struct loops *loops;
    struct provider provider;
    struct arena *arena;
    struct provider_op *op;
    sem_t done;
    char site[64];
    char gateway[64];
};

static int set_up(void **state)
{
    struct fixture *x = test_calloc(1, sizeof(*x));
    static char allow[256];
    int port;

    x->server = server_start(answer, NULL);
    port = server_port(x->server);
    (void)snprintf(allow, sizeof(allow), "http://*.localhost:%d http://localhost:%d", port, port);
    (void)snprintf(x->site, sizeof(x->site), "http://acme.localhost:%d", port);
    (void)snprintf(x->gateway, sizeof(x->gateway), "http://127.0.0.1:%d", port);
    struct settings s = {
        .allow_hosts = str_from(allow),
        .atlassian_api_url = str_from(x->gateway),
        .atlassian_auth_url = str_from(x->gateway),
        .atlassian_sites = STR("localhost"),
        .upstream_timeout = STR("2"),
    };
    x->loops = loops_start(2);
    assert_int_equal(jira_provider_new(NULL, &s, x->loops, &x->provider), ERR_OK);
    x->arena = arena_new((size_t)64 << 20);
    assert_int_equal(sem_init(&x->done, 0, 0), 0);
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *x = *state;

    jira_provider_free(&x->provider);
    loops_stop(x->loops);
    server_stop(x->server);
    arena_free(x->arena);
    (void)sem_destroy(&x->done);
    test_free(x);
    return 0;
}

static void on_done(void *token)
{
    struct fixture *x = token;
    (void)sem_post(&x->done);
}

static void begin(void *arg)
{
    struct fixture *x = arg;
    int value = -1;

    x->provider.begin(x->provider.self, loops_at(x->loops, 1), x->op, on_done, x);
    (void)sem_getvalue(&x->done, &value);
    assert_int_equal(value, 0); /* never from within begin() */
}

static struct provider_op *new_op(struct fixture *x, enum provider_kind kind)
{
    x->op = arena_new_of(x->arena, struct provider_op);
    x->op->arena = x->arena;
    x->op->kind = kind;
    return x->op;
}

static void run(struct fixture *x)
{
    loop_post(loops_at(x->loops, 1), begin, x);
    while (sem_wait(&x->done) != 0)
        continue;
}

static struct provider_op *run_connect(struct fixture *x, const char *url, const char *username)
{
    struct provider_op *op = new_op(x, PROVIDER_CONNECT);

    op->connect.entered_url = str_from(url);
    op->connect.username = str_from(username);
    secret_set(&op->connect.secret, "canary-token", 12);
    run(x);
    secret_wipe(&op->connect.secret);
    return op;
}

static void expect_failed(struct fixture *x, const char *url, const char *username, enum err e,
                          enum provider_stage stage, enum provider_meaning meaning,
                          const char *words)
{
    struct provider_op *op = run_connect(x, url, username);

    if (op->err != e || op->connect.stage != stage || op->connect.meaning != meaning)
        fail_msg("%s at %s: %s, stage %d, meaning %d: %s", username, url, err_name(op->err),
                 op->connect.stage, op->connect.meaning, fault_text(&op->fault));
    if (strstr(fault_text(&op->fault), words) == NULL)
        fail_msg("\"%s\" lacks \"%s\"", fault_text(&op->fault), words);
    assert_null(op->connect.origin.p);
    assert_null(op->connect.identity.account_id.p);
}

/* --- connect ---------------------------------------------------------------------------------- */

static void test_classic_key(void **state)
{
    struct fixture *x = *state;
    char url[128];
    struct provider_connect *c;

    (void)snprintf(url, sizeof(url), "%s/jira/boards/1", x->site);
    c = &run_connect(x, url, " classic ")->connect;
    assert_int_equal(x->op->err, ERR_OK);
    assert_int_equal(c->stage, STAGE_DONE);
    assert_str(c->origin, x->site);
    assert_str(c->base_path, "");
    assert_str(c->identity.account_id, "5b10");
    assert_str(c->identity.account_name, "Anna");
    assert_str(c->identity.site_id, CLOUD_ID);
    assert_str(c->identity.site_url, x->site); /* evil.example is not believed */
    assert_str(c->identity.site_name, "acme");
    assert_int_equal(server_count(x->server, "/rest/api/3/myself"), 1);
    assert_int_equal(server_count(x->server, "/ex/jira/"), 0);
}

static void test_scoped_key(void **state)
{
    struct fixture *x = *state;
    struct provider_connect *c = &run_connect(x, x->site, "scoped")->connect;

    assert_int_equal(x->op->err, ERR_OK);
    assert_str(c->origin, x->gateway);
    assert_str(c->base_path, "/ex/jira/" CLOUD_ID);
    assert_str(c->identity.site_url, x->site);
    assert_str(c->identity.site_id, CLOUD_ID);
    assert_int_equal(server_count(x->server, "/rest/api/3/myself"), 1);
    assert_int_equal(server_count(x->server, "/ex/jira/" CLOUD_ID "/rest/api/3/myself"), 1);
}

/* Not below the domain of sites: no gateway, no cloud id, version 2 of the API. */
static void test_data_center(void **state)
{
    struct fixture *x = *state;
    char url[64];

    (void)snprintf(url, sizeof(url), "http://localhost:%d", server_port(x->server));
    expect_failed(x, url, "wrong", ERR_CREDENTIAL_REFUSED, STAGE_TOKEN, MEANING_REFUSED_TOKEN,
                  "Data Center");
    assert_int_equal(server_count(x->server, "/rest/api/2/myself"), 1);
    assert_int_equal(server_count(x->server, "/_edge"), 0);
    assert_int_equal(server_count(x->server, "/ex/"), 0);
    /* accountId alone does not name an account of Data Center */
    expect_failed(x, url, "classic", ERR_UPSTREAM_NOT_JIRA, STAGE_IDENTITY, MEANING_NOT_PROVIDER,
                  "whose API key");
}

static void test_refusals(void **state)
{
    struct fixture *x = *state;

    expect_failed(x, x->site, "wrong", ERR_CREDENTIAL_REFUSED, STAGE_TOKEN, MEANING_REFUSED_TOKEN,
                  "e-mail");
    assert_int_equal(server_count(x->server, "/rest/api/3/myself"), 1);
    assert_int_equal(server_count(x->server, "/ex/jira/"), 1);
    expect_failed(x, x->site, "narrow", ERR_SCOPE_MISSING, STAGE_IDENTITY, MEANING_SCOPE_MISSING,
                  "read:jira-user");
    expect_failed(x, x->site, "stranger", ERR_CREDENTIAL_REFUSED, STAGE_TOKEN,
                  MEANING_REFUSED_TOKEN, "e-mail");
    expect_failed(x, x->site, "html", ERR_UPSTREAM_NOT_JIRA, STAGE_ADDRESS, MEANING_NOT_PROVIDER,
                  "web page");
    expect_failed(x, x->site, "nobody", ERR_UPSTREAM_NOT_JIRA, STAGE_IDENTITY, MEANING_NOT_PROVIDER,
                  "whose API key");
    expect_failed(x, x->site, "limited", ERR_RATE_LIMITED, STAGE_TOKEN, MEANING_RATE_LIMITED,
                  "9 seconds");
    expect_failed(x, x->site, "gone", ERR_UPSTREAM_NOT_JIRA, STAGE_ADDRESS, MEANING_SITE_MOVED,
                  "There is no Jira site");
    expect_failed(x, x->site, "slow", ERR_UPSTREAM_TIMEOUT, STAGE_TOKEN, MEANING_PROVIDER_ERROR,
                  "did not answer within 2 seconds");
}

/* After a CAPTCHA nobody is asked again, not the gateway either. */
static void test_captcha_ends_it(void **state)
{
    struct fixture *x = *state;

    expect_failed(x, x->site, "locked", ERR_CREDENTIAL_REFUSED, STAGE_TOKEN, MEANING_LOCKED,
                  "CAPTCHA");
    assert_int_equal(server_count(x->server, "/"), 1);
}

static void test_bad_entries_send_nothing(void **state)
{
    struct fixture *x = *state;
    char url[64];

    expect_failed(x, "http://acme.atlassian.net", "classic", ERR_BASE_URL_REFUSED, STAGE_ADDRESS,
                  MEANING_INVALID, "not a Jira Cloud site");
    expect_failed(x, "", "classic", ERR_BASE_URL_REFUSED, STAGE_ADDRESS, MEANING_INVALID, "Enter");
    expect_failed(x, x->site, "a:b", ERR_INVALID, STAGE_TOKEN, MEANING_INVALID, "colon");
    expect_failed(x, x->site, "", ERR_INVALID, STAGE_TOKEN, MEANING_INVALID, "Username");
    (void)snprintf(url, sizeof(url), "http://nowhere.localhost:%d", server_port(x->server));
    assert_int_equal(server_count(x->server, "/"), 0);
    /* accepted by a site that does not say which it is: not connected */
    expect_failed(x, url, "classic", ERR_UPSTREAM_NOT_JIRA, STAGE_SITE, MEANING_NOT_PROVIDER,
                  "which site");
}

/* The key may be a scoped one, but there is no cloud id to ask the gateway with. */
static void test_refused_and_no_cloud_id(void **state)
{
    struct fixture *x = *state;
    char url[64];

    (void)snprintf(url, sizeof(url), "http://nowhere.localhost:%d", server_port(x->server));
    expect_failed(x, url, "scoped", ERR_CREDENTIAL_REFUSED, STAGE_TOKEN, MEANING_REFUSED_TOKEN,
                  "renamed");
    (void)snprintf(url, sizeof(url), "http://ill.localhost:%d", server_port(x->server));
    expect_failed(x, url, "scoped", ERR_UPSTREAM_UNREACHABLE, STAGE_TOKEN, MEANING_PROVIDER_ERROR,
                  "could not be checked");
    assert_int_equal(server_count(x->server, "/ex/"), 0);
}

static void test_names_that_lead_inside(void **state)
{
    struct fixture *x = *state;

    /* below the domain of sites, https, and yet 127.0.0.1 */
    expect_failed(x, "https://acme.localhost", "classic", ERR_BASE_URL_REFUSED, STAGE_ADDRESS,
                  MEANING_PROVIDER_ERROR, "private network");
}

/* --- test ------------------------------------------------------------------------------------- */

static struct provider_test *test_credential(struct fixture *x, const char *username, int gateway,
                                             const char *site_id)
{
    struct provider_op *op = new_op(x, PROVIDER_TEST);

    op->test.target.origin = str_from(gateway ? x->gateway : x->site);
    op->test.target.base_path = gateway ? STR("/ex/jira/" CLOUD_ID) : STR("");
    op->test.target.username = str_from(username);
    secret_set(&op->test.target.secret, "canary-token", 12);
    op->test.site_id = str_from(site_id);
    op->test.site_url = str_from(x->site);
    run(x);
    secret_wipe(&op->test.target.secret);
    return &op->test;
}

static void test_testing(void **state)
{
    struct fixture *x = *state;
    struct provider_test *t = test_credential(x, "classic", 0, CLOUD_ID);

    assert_int_equal(x->op->err, ERR_OK);
    assert_str(t->identity.account_name, "Anna");
    assert_str(t->identity.site_url, x->site);
    t = test_credential(x, "scoped", 1, CLOUD_ID);
    assert_int_equal(x->op->err, ERR_OK);
    assert_str(t->identity.site_name, "acme");
    assert_str(t->identity.site_id, CLOUD_ID);
    t = test_credential(x, "wrong", 0, CLOUD_ID);
    assert_int_equal(x->op->err, ERR_CREDENTIAL_REFUSED);
    assert_int_equal(t->meaning, MEANING_REFUSED_TOKEN);
    t = test_credential(x, "wrong", 1, CLOUD_ID);
    assert_int_equal(x->op->err, ERR_CREDENTIAL_REFUSED);
    /* the host belongs to another site now */
    t = test_credential(x, "classic", 0, OTHER_ID);
    assert_int_equal(x->op->err, ERR_NEEDS_RECONNECT);
    assert_int_equal(t->meaning, MEANING_SITE_MOVED);
    assert_null(t->identity.account_id.p);
}

/* --- request ---------------------------------------------------------------------------------- */

static struct provider_request *run_request(struct fixture *x, const char *method, const char *path,
                                            const char *body)
{
    struct provider_op *op = new_op(x, PROVIDER_REQUEST);

    op->request.target.origin = str_from(x->site);
    op->request.target.base_path = STR("");
    op->request.target.username = STR("classic");
    secret_set(&op->request.target.secret, "canary-token", 12);
    op->request.method = str_from(method);
    op->request.path = str_from(path);
    op->request.body = str_from(body);
    run(x);
    secret_wipe(&op->request.target.secret);
    return &op->request;
}

static str header_of(const struct provider_request *r, const char *name)
{
    for (size_t i = 0; i < r->reply_header_count; i++) {
        if (str_eq_nocase(r->reply_headers[i].name, str_from(name)))
            return r->reply_headers[i].value;
    }
    return (str){NULL, 0};
}

static void test_a_request(void **state)
{
    struct fixture *x = *state;
    struct provider_request *r = run_request(x, "PUT", "rest/api/3/issue/OK-1", "{\"a\":1}");

    assert_int_equal(x->op->err, ERR_OK);
    assert_int_equal(r->status, 200);
    assert_int_equal(r->meaning, MEANING_OK);
    assert_true(str_empty(r->sentence));
    /* the body is what the server got */
    assert_true(str_starts(r->reply_body, STR("PUT /rest/api/3/issue/OK-1 HTTP/1.1")));
    assert_true(str_find(r->reply_body, STR("Accept: application/json\r\n")) != SIZE_MAX);
    assert_true(str_find(r->reply_body, STR("Content-Type: application/json\r\n")) != SIZE_MAX);
    assert_true(str_find(r->reply_body, STR("User-Agent: Mortise/")) != SIZE_MAX);
    assert_int_equal(str_find(r->reply_body, STR("Y2xhc3NpYzpj")), SIZE_MAX);
    assert_str(header_of(r, "X-AREQUESTID"), "abc");
    assert_null(header_of(r, "Set-Cookie").p);
    assert_null(header_of(r, "Content-Length").p);
}

static void test_request_failures(void **state)
{
    static const struct {
        const char *method;
        const char *path;
        enum err code;
        const char *words;
    } rows[] = {
        {"POST", "/rest/api/3/issue/CUT-1", ERR_UPSTREAM_INTERRUPTED, "may have been carried out"},
        {"GET", "/rest/api/3/issue/CUT-1", ERR_UPSTREAM_INTERRUPTED, "Try again"},
        {"POST", "/rest/api/3/issue/HANG-1", ERR_UPSTREAM_TIMEOUT, "may have been carried out"},
        {"GET", "/rest/api/3/issue/HANG-1", ERR_UPSTREAM_TIMEOUT, "Try again"},
        {"GET", "/rest/api/3/issue/HUGE-1", ERR_UPSTREAM_TOO_LARGE, "Ask for less"},
        {"POST", "/rest/api/3/issue/HUGE-1", ERR_UPSTREAM_TOO_LARGE, "may have been carried out"},
        {"GET", "/rest/pat/latest/tokens", ERR_BLOCKED_BY_POLICY, "credentials"},
        {"GET", "/secure", ERR_BLOCKED_BY_POLICY, "/rest/"},
    };
    struct fixture *x = *state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *body = rows[i].method[0] == 'P' ? "{}" : NULL;
        struct provider_request *r = run_request(x, rows[i].method, rows[i].path, body);
        if (x->op->err != rows[i].code)
            fail_msg("%s %s gave %s", rows[i].method, rows[i].path, err_name(x->op->err));
        if (strstr(fault_text(&x->op->fault), rows[i].words) == NULL)
            fail_msg("\"%s\" lacks \"%s\"", fault_text(&x->op->fault), rows[i].words);
        assert_int_equal(r->status, 0);
    }
    assert_int_equal(server_count(x->server, "/rest/api/3/issue/CUT-1"), 2);
    assert_int_equal(server_count(x->server, "/rest/pat"), 0);
}

/* A credential whose host the operator has since struck off the list is not sent there. */
static void test_targets_are_checked_again(void **state)
{
    static const struct {
        const char *origin;
        const char *base_path;
    } rows[] = {
        {"https://evil.example", ""},
        {"", ""},
        {NULL, "/ex/jira/" CLOUD_ID}, /* a site's origin with the gateway's path */
        {NULL, "/evil"},
    };
    struct fixture *x = *state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct provider_op *op = new_op(x, PROVIDER_REQUEST);
        op->request.target.origin = str_from(rows[i].origin ? rows[i].origin : x->site);
        op->request.target.base_path = str_from(rows[i].base_path);
        op->request.method = STR("GET");
        op->request.path = STR("/rest/api/3/myself");
        secret_set(&op->request.target.secret, "canary-token", 12);
        run(x);
        secret_wipe(&op->request.target.secret);
        assert_int_equal(op->err, ERR_BASE_URL_REFUSED);
    }
    assert_int_equal(server_count(x->server, "/"), 0);
}

/* Whatever is under way when Mortise stops ends before the provider is gone. */
static void test_stopping(void **state)
{
    struct fixture *x = *state;
    struct provider_op *op = new_op(x, PROVIDER_CONNECT);

    op->connect.entered_url = str_from(x->site);
    op->connect.username = STR("slow");
    secret_set(&op->connect.secret, "canary-token", 12);
    loop_post(loops_at(x->loops, 1), begin, x);
    while (server_count(x->server, "/rest/api/3/myself") == 0)
        (void)usleep(1000);
    jira_provider_free(&x->provider);
    while (sem_wait(&x->done) != 0)
        continue;
    assert_int_equal(op->err, ERR_OVERLOADED);
    secret_wipe(&op->connect.secret);
}

static void test_bad_settings(void **state)
{
    static const char *const timeouts[] = {"", "0", "601", "-1", "5s", "1e1"};
    struct fixture *x = *state;

    for (size_t i = 0; i < COUNT_OF(timeouts); i++) {
        struct settings s = {
            .atlassian_api_url = STR("https://api.atlassian.com"),
            .atlassian_auth_url = STR("https://auth.atlassian.com"),
            .atlassian_sites = STR("atlassian.net"),
            .upstream_timeout = str_from(timeouts[i]),
        };
        struct provider p = {0};
        struct fault f = {0};
        assert_int_equal(jira_provider_new(&f, &s, x->loops, &p), ERR_CONFIG);
        assert_non_null(strstr(f.message, "MORTISE_UPSTREAM_TIMEOUT"));
        assert_null(p.self);
        jira_provider_free(&p);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_classic_key),
        TEST(test_scoped_key),
        TEST(test_data_center),
        TEST(test_refusals),
        TEST(test_captcha_ends_it),
        TEST(test_bad_entries_send_nothing),
        TEST(test_refused_and_no_cloud_id),
        TEST(test_names_that_lead_inside),
        TEST(test_testing),
        TEST(test_a_request),
        TEST(test_request_failures),
        TEST(test_targets_are_checked_again),
        TEST(test_stopping),
        TEST(test_bad_settings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
