/* Secrets in upstream/client.h: the Bearer header, a body that is a secret, an answer that is one.
 *
 * Linked with --wrap=munmap: secrets have mappings of their own, and are looked at when these go.
 */
#include "support.h"

#include <stdio.h>
#include <sys/mman.h>

#include "caller.h"
#include "server.h"

#define SECRET_ANSWER "{\"access_token\":\"canary-answer\"}"

static int munmap_dirty; /* mappings that went with bytes in them */

int __real_munmap(void *p, size_t n);
int __wrap_munmap(void *p, size_t n);

int __wrap_munmap(void *p, size_t n)
{
    const unsigned char *bytes = p;

    for (size_t i = 0; i < n; i++) {
        if (bytes[i]) {
            munmap_dirty++;
            break;
        }
    }
    return __real_munmap(p, n);
}

static int answer(struct server_request *r)
{
    if (!strcmp(r->target, "/head")) {
        server_reply(r, 200, "text/plain", "X-Echo: canary-token\r\n", r->head);
        return 1;
    }
    if (!strcmp(r->target, "/body")) {
        server_reply(r, 200, "text/plain", "", r->body);
        return 1;
    }
    if (!strcmp(r->target, "/token")) {
        server_reply(r, 200, "application/json", "", SECRET_ANSWER);
        return 1;
    }
    if (!strcmp(r->target, "/full") || !strcmp(r->target, "/over")) {
        static char body[UPSTREAM_SECRET_MAX + 2];
        memset(body, 'x', sizeof(body));
        body[UPSTREAM_SECRET_MAX + !strcmp(r->target, "/over")] = '\0';
        server_reply(r, 200, "application/json", "", body);
        return 1;
    }
    if (!strcmp(r->target, "/half"))
        server_write(r, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncanary-half", 51);
    return 0;
}

struct fixture {
    struct server *server;
    struct caller *caller;
};

static int set_up(void **state)
{
    struct fixture *x = test_malloc(sizeof(*x));
    char allow[64];

    x->server = server_start(answer, NULL);
    (void)snprintf(allow, sizeof(allow), "http://127.0.0.1:%d", server_port(x->server));
    x->caller = caller_new(allow, "", "", 2000);
    munmap_dirty = 0;
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *x = *state;

    caller_free(x->caller);
    server_stop(x->server);
    test_free(x);
    return 0;
}

static struct caller_call *prepare(struct fixture *x, const char *method, const char *path)
{
    char url[128];

    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", server_port(x->server), path);
    return caller_prepare(x->caller, method, NULL, 5000, url);
}

static struct upstream_call *run(struct caller_call *c)
{
    caller_start(c);
    return caller_wait(c);
}

static void test_bearer_is_sent_and_masked(void **state)
{
    struct caller_call *c = prepare(*state, "GET", "/head");
    struct upstream_call *call;

    c->call.auth = UPSTREAM_BEARER;
    call = run(c);
    assert_true(str_find(call->reply_body, STR("\r\nAuthorization: Bearer ************\r\n")) !=
                SIZE_MAX);
    assert_int_equal(str_find(call->reply_body, STR("canary-token")), SIZE_MAX);
    assert_int_equal(str_find(call->reply_body, STR("anna@")), SIZE_MAX);
    assert_str(upstream_reply_header(call, STR("X-Echo")), "************");
    caller_call_free(c);
}

static void test_no_secret_no_header(void **state)
{
    struct caller_call *c = prepare(*state, "GET", "/head");
    struct upstream_call *call;

    c->call.auth = UPSTREAM_BEARER;
    c->call.secret = NULL;
    call = run(c);
    assert_int_equal(str_find(call->reply_body, STR("Authorization")), SIZE_MAX);
    caller_call_free(c);
}

static void test_a_secret_body(void **state)
{
    struct caller_call *c = prepare(*state, "POST", "/body");
    struct secret body = {0};
    struct upstream_call *call;

    secret_set(&body, "{\"refresh_token\":\"canary\"}", 26);
    c->call.secret = NULL;
    c->call.secret_body = &body;
    call = run(c);
    assert_int_equal(call->status, 200);
    assert_str(call->reply_body, "{\"refresh_token\":\"canary\"}");
    secret_wipe(&body);
    caller_call_free(c);
    assert_int_equal(munmap_dirty, 0);
}

static void test_a_secret_answer(void **state)
{
    struct caller_call *c = prepare(*state, "POST", "/token");
    struct upstream_call *call;
    const char *body;

    c->call.reply = UPSTREAM_REPLY_SECRET;
    c->call.body_max = UPSTREAM_SECRET_MAX;
    call = run(c);
    assert_int_equal(call->outcome, UPSTREAM_ANSWERED);
    assert_str(call->reply_body, SECRET_ANSWER);
    body = call->reply_body.p;
    caller_call_free(c); /* with the arena: the mapping is gone, and was empty when it went */
    unsigned char in_core;
    void *page = (void *)((uintptr_t)body & ~(uintptr_t)(sysconf(_SC_PAGESIZE) - 1));
    assert_int_equal(mincore(page, 1, &in_core), -1);
    assert_int_equal(munmap_dirty, 0);
}

/* Nothing is asked to be packed: unpacking keeps windows of what went through. Nor is an answer
 * that holds the password changed: the caller would keep a token with asterisks. */
static void test_a_secret_answer_is_as_it_came(void **state)
{
    struct caller_call *c = prepare(*state, "GET", "/head");
    struct upstream_call *call;

    c->call.reply = UPSTREAM_REPLY_SECRET;
    c->call.auth = UPSTREAM_BEARER;
    c->call.body_max = UPSTREAM_SECRET_MAX;
    call = run(c);
    assert_int_equal(str_find(call->reply_body, STR("Accept-Encoding")), SIZE_MAX);
    assert_true(str_find(call->reply_body, STR("Bearer canary-token")) != SIZE_MAX);
    caller_call_free(c);
    c = prepare(*state, "GET", "/head");
    call = run(c);
    assert_true(str_find(call->reply_body, STR("Accept-Encoding: gzip")) != SIZE_MAX);
    caller_call_free(c);
}

static void test_limits_of_a_secret_answer(void **state)
{
    static const struct {
        const char *path;
        enum upstream_outcome outcome;
    } rows[] = {
        {"/full", UPSTREAM_ANSWERED},
        {"/over", UPSTREAM_TOO_LARGE},
        {"/half", UPSTREAM_CUT},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct caller_call *c = prepare(*state, "GET", rows[i].path);
        struct upstream_call *call;
        c->call.reply = UPSTREAM_REPLY_SECRET;
        c->call.body_max = UPSTREAM_SECRET_MAX;
        call = run(c);
        if (call->outcome != rows[i].outcome)
            fail_msg("%s: outcome %d", rows[i].path, call->outcome);
        assert_int_equal(call->reply_body.n,
                         rows[i].outcome == UPSTREAM_ANSWERED ? UPSTREAM_SECRET_MAX : 0);
        caller_call_free(c);
    }
    assert_int_equal(munmap_dirty, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_bearer_is_sent_and_masked),
        TEST(test_no_secret_no_header),
        TEST(test_a_secret_body),
        TEST(test_a_secret_answer),
        TEST(test_a_secret_answer_is_as_it_came),
        TEST(test_limits_of_a_secret_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
