/* upstream/client.h against a server that misbehaves on demand. */
#include "support.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#include "caller.h"
#include "server.h"

static int answer(struct server_request *r);

struct fixture {
    struct server *server;
    struct caller *caller;
    char url[512];
};

static int set_up(void **state)
{
    struct fixture *x = test_malloc(sizeof(*x));
    char allow[64];

    /* must not be obeyed */
    (void)setenv("http_proxy", "http://127.0.0.1:1", 1);
    (void)setenv("HTTP_PROXY", "http://127.0.0.1:1", 1);
    (void)setenv("all_proxy", "http://127.0.0.1:1", 1);
    x->server = server_start(answer, NULL);
    (void)snprintf(allow, sizeof(allow), "http://127.0.0.1:%d http://localhost:%d",
                   server_port(x->server), server_port(x->server));
    x->caller = caller_new(allow, "", "", 2000);
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

static const char *url_of(struct fixture *x, const char *path)
{
    (void)snprintf(x->url, sizeof(x->url), "http://127.0.0.1:%d%s", server_port(x->server), path);
    return x->url;
}

static struct caller_call *begin(struct fixture *x, const char *method, const char *path,
                                 int timeout_ms)
{
    const char *body = strcmp(method, "GET") ? "{\"a\":1}" : NULL;

    return caller_begin(x->caller, method, body, timeout_ms, url_of(x, path));
}

/* --- what the server does --------------------------------------------------------------------- */

static int is(const struct server_request *r, const char *path)
{
    return strcmp(r->target, path) == 0;
}

static int reply_ok(struct server_request *r)
{
    server_reply(r, 200, "application/json", "X-One: 1\r\nX-Two:  two \r\nX-One: again\r\n",
                 "{\"ok\":true}");
    return 1;
}

static int reply_big(struct server_request *r, size_t size)
{
    char head[128];
    char *body = mem_alloc(size);

    memset(body, 'x', size);
    (void)snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", size);
    server_write(r, head, strlen(head));
    server_write(r, body, size);
    mem_free(body);
    return 1;
}

static int reply_many_headers(struct server_request *r)
{
    static const char head[] = "HTTP/1.1 200 OK\r\n";
    char line[1100];

    server_write(r, head, sizeof(head) - 1);
    memset(line, 'h', sizeof(line));
    memcpy(line, "X: ", 3);
    memcpy(line + 1000, "\r\n", 2);
    for (int i = 0; i < 90; i++)
        server_write(r, line, 1002);
    server_write(r, "\r\n", 2);
    return 0;
}

static void write_text(struct server_request *r, const char *text)
{
    server_write(r, text, strlen(text));
}

static int answer_badly(struct server_request *r)
{
    if (is(r, "/cut-unanswered"))
        return 0;
    if (is(r, "/cut-in-head"))
        write_text(r, "HTTP/1.1 200 OK\r\nContent-");
    if (is(r, "/cut-in-body"))
        write_text(r, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    if (is(r, "/garbage"))
        write_text(r, "SSH-2.0-OpenSSH_9.2\r\n");
    if (is(r, "/second-is-cut") && r->number == 1)
        return reply_ok(r);
    return 0;
}

static int answer(struct server_request *r)
{
    if (is(r, "/hang")) {
        server_wait(r, 60000);
        return 0;
    }
    if (is(r, "/echo")) {
        const char *line = strcasestr(r->head, "\r\nAuthorization: ");
        char header[128];
        (void)snprintf(header, sizeof(header), "X-A: %.46s\r\n", line ? line + 17 : "none");
        server_reply(r, 200, "text/plain", header, r->head);
        return 1;
    }
    if (is(r, "/body")) {
        server_reply(r, 201, "text/plain", "", r->body);
        return 1;
    }
    if (is(r, "/huge"))
        return reply_big(r, ((size_t)1 << 20) + 1);
    if (is(r, "/fits"))
        return reply_big(r, (size_t)1 << 20);
    if (is(r, "/headers"))
        return reply_many_headers(r);
    if (is(r, "/redirect")) {
        server_reply(r, 302, "text/plain", "Location: /ok\r\n", "");
        return 1;
    }
    if (is(r, "/interim")) {
        write_text(r, "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n");
        return reply_ok(r);
    }
    if (strncmp(r->target, "/ok", 3) == 0)
        return reply_ok(r);
    return answer_badly(r);
}

/* --- tests ------------------------------------------------------------------------------------ */

static void test_an_answer(void **state)
{
    struct fixture *x = *state;
    struct caller_call *c = begin(x, "GET", "/ok/../a%20b?q=1", 5000);
    struct upstream_call *call = caller_wait(c);

    assert_int_equal(call->outcome, UPSTREAM_ANSWERED);
    assert_int_equal(call->status, 200);
    assert_int_equal(call->sent, 1);
    assert_str(call->reply_body, "{\"ok\":true}");
    assert_str(upstream_reply_header(call, STR("x-two")), "two");
    assert_str(upstream_reply_header(call, STR("X-ONE")), "1");
    assert_null(upstream_reply_header(call, STR("X-Three")).p);
    assert_int_equal(server_count(x->server, "/ok/../a%20b?q=1"), 1);
    caller_call_free(c);
}

/* What no path begins, and what no server is told. */
static void test_targets(void **state)
{
    static const struct {
        const char *asked, *seen;
    } rows[] = {
        {"?q=1", "/?q=1"}, {"/none#part", "/none"}, {"/a%2fB%2F?x=%2f%2F", "/a%2fB%2F?x=%2f%2F"}};
    struct fixture *x = *state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct caller_call *c = begin(x, "GET", rows[i].asked, 5000);
        (void)caller_wait(c);
        assert_int_equal(server_count(x->server, rows[i].seen), 1);
        caller_call_free(c);
    }
}

static void test_interim_headers_are_forgotten(void **state)
{
    struct caller_call *c = begin(*state, "GET", "/interim", 5000);
    struct upstream_call *call = caller_wait(c);

    assert_int_equal(call->status, 200);
    assert_null(upstream_reply_header(call, STR("X-Early")).p);
    assert_str(upstream_reply_header(call, STR("X-Two")), "two");
    caller_call_free(c);
}

/* What goes out: our agent, the credential, nothing that libcurl adds by itself; and what comes
 * back holds no secret even when the server echoes it. */
static void test_what_is_sent(void **state)
{
    struct caller_call *c = begin(*state, "GET", "/echo", 5000);
    struct upstream_call *call = caller_wait(c);
    str body = call->reply_body;

    assert_true(str_find(body, STR("User-Agent: Mortise/test\r\n")) != SIZE_MAX);
    assert_true(str_find(body, STR("Authorization: Basic ****")) != SIZE_MAX);
    assert_str(upstream_reply_header(call, STR("X-A")),
               "Basic ****************************************");
    assert_int_equal(str_find(body, STR("YW5uYUBhY21l")), SIZE_MAX);
    assert_int_equal(str_find(body, STR("Cookie")), SIZE_MAX);
    assert_int_equal(str_find(body, STR("Content-Type")), SIZE_MAX);
    caller_call_free(c);
    c = begin(*state, "POST", "/echo", 5000);
    body = caller_wait(c)->reply_body;
    assert_true(str_find(body, STR("Content-Type: application/json\r\n")) != SIZE_MAX);
    assert_int_equal(str_find(body, STR("urlencoded")), SIZE_MAX);
    assert_int_equal(str_find(body, STR("Expect")), SIZE_MAX);
    caller_call_free(c);
}

/* libcurl would ask for leave by "Expect: 100-continue" and wait a second. */
static void test_a_large_body(void **state)
{
    struct fixture *x = *state;
    size_t size = (size_t)3 << 20;
    char *body = mem_alloc(size + 1);
    struct caller_call *c;
    struct upstream_call *call;

    memset(body, 'b', size);
    c = caller_begin(x->caller, "POST", body, 5000, url_of(x, "/echo"));
    call = caller_wait(c);
    assert_int_equal(call->status, 200);
    assert_int_equal(str_find(call->reply_body, STR("Expect")), SIZE_MAX);
    assert_true(str_find(call->reply_body, STR("Content-Length: 3145728\r\n")) != SIZE_MAX);
    caller_call_free(c);
    mem_free(body);
}

static void test_methods_and_bodies(void **state)
{
    static const char *const methods[] = {"POST", "PUT", "PATCH", "DELETE"};

    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        struct caller_call *c = begin(*state, methods[i], "/body", 5000);
        struct upstream_call *call = caller_wait(c);
        assert_int_equal(call->status, 201);
        assert_str(call->reply_body, "{\"a\":1}");
        caller_call_free(c);
        c = begin(*state, methods[i], "/echo", 5000);
        call = caller_wait(c);
        assert_true(str_starts(call->reply_body, str_from(methods[i])));
        caller_call_free(c);
    }
}

static void test_an_empty_post_has_a_length(void **state)
{
    struct fixture *x = *state;
    struct caller_call *c = caller_begin(x->caller, "POST", "", 5000, url_of(x, "/echo"));
    str body = caller_wait(c)->reply_body;

    assert_true(str_find(body, STR("Content-Length: 0\r\n")) != SIZE_MAX);
    caller_call_free(c);
    c = caller_begin(x->caller, "DELETE", NULL, 5000, url_of(x, "/echo"));
    body = caller_wait(c)->reply_body;
    assert_true(str_starts(body, STR("DELETE /echo ")));
    assert_int_equal(str_find(body, STR("Content-Length")), SIZE_MAX);
    caller_call_free(c);
}

/* The rule that a write is never sent twice: the server takes the whole body on a reused
 * connection and closes it without a byte. libcurl alone would send it again. */
static void test_a_write_on_a_dying_connection(void **state)
{
    struct fixture *x = *state;
    struct caller_call *c = begin(x, "GET", "/second-is-cut", 5000);
    struct upstream_call *call;

    assert_int_equal(caller_wait(c)->status, 200);
    caller_call_free(c);
    c = begin(x, "POST", "/second-is-cut", 5000);
    call = caller_wait(c);
    assert_int_equal(call->outcome, UPSTREAM_CUT);
    assert_int_equal(call->sent, 1);
    assert_int_equal(server_count(x->server, "/second-is-cut"), 2); /* the GET and one POST */
    caller_call_free(c);
}

/* A read may be repeated by libcurl on a fresh connection. */
static void test_a_read_on_a_dying_connection(void **state)
{
    struct fixture *x = *state;

    for (int i = 0; i < 2; i++) {
        struct caller_call *c = begin(x, "GET", "/second-is-cut", 5000);
        assert_int_equal(caller_wait(c)->status, 200);
        caller_call_free(c);
    }
    assert_int_equal(server_count(x->server, "/second-is-cut"), 3);
    assert_int_equal(server_connections(x->server), 2);
}

static void test_verdicts(void **state)
{
    static const struct {
        const char *method;
        const char *path;
        enum upstream_outcome outcome;
        enum upstream_phase phase;
    } rows[] = {
        {"GET", "/cut-unanswered", UPSTREAM_CUT, UPSTREAM_SENT},
        {"POST", "/cut-unanswered", UPSTREAM_CUT, UPSTREAM_SENT},
        {"GET", "/cut-in-head", UPSTREAM_CUT, UPSTREAM_ANSWERING},
        {"GET", "/cut-in-body", UPSTREAM_CUT, UPSTREAM_ANSWERING},
        {"POST", "/cut-in-body", UPSTREAM_CUT, UPSTREAM_ANSWERING},
        {"GET", "/garbage", UPSTREAM_GARBLED, UPSTREAM_ANSWERING},
        {"GET", "/huge", UPSTREAM_TOO_LARGE, UPSTREAM_ANSWERING},
        {"GET", "/headers", UPSTREAM_TOO_LARGE, UPSTREAM_ANSWERING},
        {"GET", "/hang", UPSTREAM_SLOW, UPSTREAM_SENT},
        {"POST", "/hang", UPSTREAM_SLOW, UPSTREAM_SENT},
    };
    struct fixture *x = *state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct caller_call *c =
            begin(x, rows[i].method, rows[i].path, rows[i].outcome == UPSTREAM_SLOW ? 300 : 10000);
        struct upstream_call *call = caller_wait(c);
        if (call->outcome != rows[i].outcome || !call->sent)
            fail_msg("%s %s: outcome %d, phase %d, sent %d: %s", rows[i].method, rows[i].path,
                     call->outcome, call->phase, call->sent, call->detail.p);
        if (call->phase != rows[i].phase && rows[i].outcome != UPSTREAM_GARBLED)
            fail_msg("%s %s: phase %d", rows[i].method, rows[i].path, call->phase);
        caller_call_free(c);
    }
    assert_int_equal(server_count(x->server, "/cut-unanswered"), 2);
    struct caller_call *c = begin(x, "GET", "/fits", 5000);
    assert_int_equal(caller_wait(c)->reply_body.n, (size_t)1 << 20);
    caller_call_free(c);
}

static void test_redirects_are_not_followed(void **state)
{
    struct fixture *x = *state;
    struct caller_call *c = begin(x, "GET", "/redirect", 5000);

    assert_int_equal(caller_wait(c)->status, 302);
    assert_int_equal(server_count(x->server, "/ok"), 0);
    caller_call_free(c);
}

/* A port that nobody listens on. */
static int free_port(void)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof(in);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &n), 0);
    (void)close(fd);
    return ntohs(in.sin_port);
}

static void expect_unsent(struct caller *caller, const char *url, enum upstream_outcome outcome)
{
    struct caller_call *c = caller_begin(caller, "POST", "{}", 3000, url);
    struct upstream_call *call = caller_wait(c);

    if (call->outcome != outcome || call->sent)
        fail_msg("%s: outcome %d, sent %d: %s", url, call->outcome, call->sent, call->detail.p);
    caller_call_free(c);
}

static void test_plain_http_needs_leave(void **state)
{
    struct fixture *x = *state;
    struct caller_call *c = caller_begin(x->caller, "GET", NULL, 500, "http://8.8.8.8/");

    assert_int_equal(caller_wait(c)->outcome, UPSTREAM_GUARDED);
    assert_string_equal(c->call.reason, "plain http is not allowed for it");
    caller_call_free(c);
}

static void test_nothing_sent(void **state)
{
    struct fixture *x = *state;
    char allow[256];
    char url[128];
    int port = free_port();
    struct caller *caller;

    (void)snprintf(allow, sizeof(allow),
                   "http://127.0.0.1:%d http://nowhere.invalid http://169.254.169.254 "
                   "http://[fd00:ec2::254]",
                   port);
    caller = caller_new(allow, "", "", 1000);
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/", port);
    expect_unsent(caller, url, UPSTREAM_REFUSED);
    expect_unsent(caller, "http://nowhere.invalid/", UPSTREAM_NO_HOST);
    expect_unsent(caller, "http://169.254.169.254/", UPSTREAM_GUARDED); /* allowed, and yet */
    expect_unsent(caller, "http://[fd00:ec2::254]/", UPSTREAM_GUARDED);
    /* plain http, and private, without leave */
    expect_unsent(caller, "http://127.0.0.1:81/", UPSTREAM_GUARDED);
    expect_unsent(caller, "https://127.0.0.1:81/", UPSTREAM_GUARDED);
    expect_unsent(caller, "https://localhost:81/", UPSTREAM_GUARDED);
    expect_unsent(caller, "https://10.0.0.1/", UPSTREAM_GUARDED);
    expect_unsent(caller, "https://[::ffff:127.0.0.1]/", UPSTREAM_GUARDED);
    expect_unsent(caller, "https://user@localhost/", UPSTREAM_NO_HOST);
    expect_unsent(caller, "not a url", UPSTREAM_NO_HOST);
    caller_free(caller);
    assert_int_equal(server_connections(x->server), 0);
}

/* Calls that never connect give their place back: more of them than may connect at once. */
static void test_many_refusals(void **state)
{
    struct caller_call *calls[200];
    char url[64];
    struct caller *caller;

    (void)state;
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d", free_port());
    caller = caller_new(url, "", "", 1000);
    for (size_t i = 0; i < COUNT_OF(calls); i++)
        calls[i] = caller_begin(caller, "GET", NULL, 3000, url);
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        assert_int_equal(caller_wait(calls[i])->outcome, UPSTREAM_REFUSED);
        caller_call_free(calls[i]);
    }
    caller_free(caller);
}

/* A listener whose queue is full does not answer the handshake: the connection never stands. */
struct deaf {
    int listener;
    int fillers[8];
    char url[64];
};

static void deaf_open(struct deaf *d)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof(in);

    d->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(d->listener, (struct sockaddr *)&in, sizeof(in)), 0);
    assert_int_equal(listen(d->listener, 0), 0);
    assert_int_equal(getsockname(d->listener, (struct sockaddr *)&in, &n), 0);
    for (size_t i = 0; i < COUNT_OF(d->fillers); i++) {
        d->fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)connect(d->fillers[i], (struct sockaddr *)&in, sizeof(in));
    }
    (void)snprintf(d->url, sizeof(d->url), "http://127.0.0.1:%d", ntohs(in.sin_port));
}

static void deaf_close(struct deaf *d)
{
    for (size_t i = 0; i < COUNT_OF(d->fillers); i++)
        (void)close(d->fillers[i]);
    (void)close(d->listener);
}

static void test_too_slow_before_anything_was_sent(void **state)
{
    struct deaf deaf;
    struct caller *caller;

    (void)state;
    deaf_open(&deaf);
    caller = caller_new(deaf.url, "", "", 300);
    expect_unsent(caller, deaf.url, UPSTREAM_SLOW);
    caller_free(caller);
    deaf_close(&deaf);
}

static void no_head(struct upstream_call *call, void *token)
{
    (void)call;
    (void)token;
}

static int no_data(struct upstream_call *call, str chunk, void *token)
{
    (void)call;
    (void)chunk;
    (void)token;
    return 1;
}

static void give_up_one_and_begin_another(void *arg)
{
    struct caller_call **two = arg;

    upstream_give_up(&two[0]->call);
    upstream_call(two[1]->caller->upstream, loops_at(two[1]->caller->loops, 0), &two[1]->call);
}

/* A call that ends while it begins is heard of, whatever another one does to libcurl's timer in the
 * same turn. */
static void test_an_end_at_once_is_heard(void **state)
{
    static struct upstream_stream stream = {.on_head = no_head, .on_data = no_data};
    struct deaf deaf;
    struct caller *caller;
    struct caller_call *two[2];

    (void)state;
    deaf_open(&deaf);
    caller = caller_new(deaf.url, "", "", 30000);
    two[0] = caller_prepare(caller, "GET", NULL, 10000, deaf.url);
    two[0]->call.stream = &stream;
    caller_start(two[0]);
    assert_int_equal(usleep(50000), 0); /* until it connects */
    two[1] = caller_prepare(caller, "GET", NULL, 3000, "https://10.0.0.1/");
    loop_post(loops_at(caller->loops, 0), give_up_one_and_begin_another, two);
    assert_int_equal(caller_wait(two[1])->outcome, UPSTREAM_GUARDED);
    assert_int_equal(caller_wait(two[0])->outcome, UPSTREAM_GIVEN_UP);
    caller_call_free(two[0]);
    caller_call_free(two[1]);
    caller_free(caller);
    deaf_close(&deaf);
}

/* 200 calls hang; others, to the same host and to another name, are not held up. */
static void test_hanging_calls_hold_up_nobody(void **state)
{
    struct fixture *x = *state;
    struct caller_call *hanging[200];
    struct caller_call *c;
    char url[64];

    for (size_t i = 0; i < COUNT_OF(hanging); i++)
        hanging[i] = begin(x, i % 2 ? "POST" : "GET", "/hang", 6000);
    c = begin(x, "GET", "/ok", 4000);
    assert_int_equal(caller_wait(c)->outcome, UPSTREAM_ANSWERED);
    caller_call_free(c);
    (void)snprintf(url, sizeof(url), "http://localhost:%d/ok", server_port(x->server));
    c = caller_begin(x->caller, "GET", NULL, 4000, url);
    assert_int_equal(caller_wait(c)->outcome, UPSTREAM_ANSWERED);
    caller_call_free(c);
    for (size_t i = 0; i < COUNT_OF(hanging); i++) {
        assert_int_equal(caller_wait(hanging[i])->outcome, UPSTREAM_SLOW);
        caller_call_free(hanging[i]);
    }
    assert_int_equal(server_count(x->server, "/hang"), 200);
}

static void test_connections_are_reused(void **state)
{
    struct fixture *x = *state;

    for (int i = 0; i < 20; i++) {
        struct caller_call *c = begin(x, i % 2 ? "POST" : "GET", "/ok", 5000);
        assert_int_equal(caller_wait(c)->status, 200);
        caller_call_free(c);
    }
    assert_int_equal(server_connections(x->server), 1);
}

static void test_stopping_ends_every_call(void **state)
{
    struct fixture *x = *state;
    struct caller_call *calls[100];

    for (size_t i = 0; i < COUNT_OF(calls); i++)
        calls[i] = begin(x, "POST", "/hang", 60000);
    struct caller_call *ok = begin(x, "GET", "/ok", 5000);
    (void)caller_wait(ok);
    upstream_stop(x->caller->upstream);
    struct caller_call *late = begin(x, "GET", "/ok", 5000);
    assert_int_equal(caller_wait(late)->outcome, UPSTREAM_STOPPED);
    upstream_free(x->caller->upstream);
    x->caller->upstream = NULL;
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        assert_int_equal(caller_wait(calls[i])->outcome, UPSTREAM_STOPPED);
        caller_call_free(calls[i]);
    }
    caller_call_free(ok);
    caller_call_free(late);
}

/* With a proxy everything goes there, in absolute form, and the environment's is still nothing. */
static void test_the_proxy_of_the_settings(void **state)
{
    struct fixture *x = *state;
    char proxy[64];
    struct caller *caller;
    struct caller_call *c;

    (void)snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d", server_port(x->server));
    (void)setenv("no_proxy", "*", 1);
    caller = caller_new("http://elsewhere.invalid", "", proxy, 1000);
    c = caller_begin(caller, "GET", NULL, 3000, "http://elsewhere.invalid/ok");
    assert_int_equal(caller_wait(c)->outcome, UPSTREAM_CUT); /* ours knows no such target */
    assert_int_equal(server_count(x->server, "http://elsewhere.invalid/ok"), 1);
    caller_call_free(c);
    /* CONNECT, which our server refuses; the credential is not shown to the proxy */
    expect_unsent(caller, "https://acme.invalid/ok", UPSTREAM_PROXY);
    assert_int_equal(server_count(x->server, "acme.invalid:443"), 1);
    caller_free(caller);
    (void)unsetenv("no_proxy");
    caller = caller_new("http://elsewhere.invalid", "", "http://127.0.0.1:1", 1000);
    expect_unsent(caller, "http://elsewhere.invalid/", UPSTREAM_PROXY);
    caller_free(caller);
}

static void test_bad_configuration(void **state)
{
    struct loops *loops = loops_start(1);
    struct upstream *u = NULL;
    struct fault f = {0};
    struct upstream_config config = {.ca_file = STR("/nonexistent.pem"), .user_agent = STR("x")};

    (void)state;
    assert_int_equal(upstream_new(&f, loops, &config, &u), ERR_CONFIG);
    assert_non_null(strstr(f.message, "/nonexistent.pem"));
    config.ca_file = STR("");
    config.proxy = STR("socks5://h:1");
    assert_int_equal(upstream_new(&f, loops, &config, &u), ERR_CONFIG);
    config.proxy = STR("http://user:word@h:1");
    assert_int_equal(upstream_new(&f, loops, &config, &u), ERR_CONFIG);
    assert_null(strstr(f.message, "word"));
    assert_null(u);
    upstream_free(NULL);
    loops_stop(loops);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_an_answer),
        TEST(test_interim_headers_are_forgotten),
        TEST(test_targets),
        TEST(test_what_is_sent),
        TEST(test_a_large_body),
        TEST(test_methods_and_bodies),
        TEST(test_an_empty_post_has_a_length),
        TEST(test_a_write_on_a_dying_connection),
        TEST(test_a_read_on_a_dying_connection),
        TEST(test_verdicts),
        TEST(test_redirects_are_not_followed),
        TEST(test_plain_http_needs_leave),
        TEST(test_nothing_sent),
        TEST(test_many_refusals),
        TEST(test_too_slow_before_anything_was_sent),
        TEST(test_an_end_at_once_is_heard),
        TEST(test_hanging_calls_hold_up_nobody),
        TEST(test_connections_are_reused),
        TEST(test_stopping_ends_every_call),
        TEST(test_the_proxy_of_the_settings),
        cmocka_unit_test(test_bad_configuration),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
