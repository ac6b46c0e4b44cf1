/* Streamed calls (upstream/client.h): pieces both ways, pausing, and every way a body can end. What
 * passes is a pattern, so that a piece lost, doubled or out of order shows.
 */
#include "support.h"

#include <stdio.h>

#include "base/check.h"
#include "caller.h"
#include "server.h"

#define BIG ((size_t)24 << 20)

struct fixture {
    struct server *server;
    struct caller *caller;
    char url[512];
};

/* One streamed call; everything but `call` is the loop's. */
struct streamed {
    struct caller_call *x;
    struct upstream_stream stream;
    struct event *timer;
    size_t got;       /* of the answer */
    size_t given;     /* of the request's body */
    size_t body_size; /* of the request */
    size_t pause_at;  /* on_data says 0 once, there; woken by the timer */
    size_t give_up_at;
    int pauses;
    int heads;
    int status; /* at on_head */
    int wrong;  /* pieces that do not fit */
};

static char pattern(size_t at)
{
    return (char)('a' + at % 23 + at / 4096 % 3);
}

/* --- what the server does --------------------------------------------------------------------- */

static int reply_pattern(struct server_request *r, size_t promised, size_t size)
{
    char head[128];
    char piece[8192];

    (void)snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: %zu\r\n\r\n",
                   promised);
    server_write(r, head, strlen(head));
    for (size_t at = 0; at < size && strcmp(r->method, "HEAD") != 0;) {
        size_t n = size - at < sizeof(piece) ? size - at : sizeof(piece);
        for (size_t i = 0; i < n; i++)
            piece[i] = pattern(at + i);
        server_write(r, piece, n);
        at += n;
    }
    return promised == size;
}

static int judge_body(struct server_request *r)
{
    char text[64];
    size_t wrong = 0;

    for (size_t i = 0; i < r->body_size; i++)
        wrong += r->body[i] != pattern(i);
    (void)snprintf(text, sizeof(text), "%zu bytes, %zu wrong", r->body_size, wrong);
    server_reply(r, 201, "text/plain", "", text);
    return 1;
}

static int reply_in_chunks(struct server_request *r)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                               "3\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n";

    server_write(r, text, sizeof(text) - 1);
    return 1;
}

static int answer(struct server_request *r)
{
    static const char interim[] = "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n";
    static const char none[] = "HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n";

    if (strcmp(r->target, "/big") == 0)
        return reply_pattern(r, BIG, BIG);
    if (strcmp(r->target, "/cut") == 0)
        return reply_pattern(r, 100000, 50000);
    if (strcmp(r->target, "/chunks") == 0)
        return reply_in_chunks(r);
    if (strcmp(r->target, "/body") == 0)
        return judge_body(r);
    if (strcmp(r->target, "/ok") == 0)
        server_reply(r, 200, "text/plain", "", "ok");
    if (strcmp(r->target, "/second-dies") == 0) {
        int first = server_count(r->server, "/second-dies") == 1;
        if (first)
            server_reply(r, 200, "text/plain", "", "ok");
        return first;
    }
    if (strcmp(r->target, "/none") == 0)
        server_write(r, none, sizeof(none) - 1);
    if (strcmp(r->target, "/interim") == 0) {
        server_write(r, interim, sizeof(interim) - 1);
        server_reply(r, 200, "text/plain", "X-A: b\r\n", "ok");
    }
    if (strcmp(r->target, "/stall") == 0) {
        (void)reply_pattern(r, 100000, 50000);
        server_wait(r, 60000);
        return 0;
    }
    return 1;
}

/* --- calls ------------------------------------------------------------------------------------ */

static struct streamed *of(void *token);

static void on_head(struct upstream_call *call, void *token)
{
    struct streamed *s = of(token);

    s->heads++;
    s->status = call->status;
    assert_true(s->got == 0);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct streamed *s = arg;

    (void)fd;
    (void)what;
    if (s->x->call.ours == NULL) /* it ended while it was paused */
        return;
    if (s->give_up_at)
        upstream_give_up(&s->x->call);
    else
        upstream_wake(&s->x->call);
}

static void soon(struct streamed *s)
{
    struct timeval in = {0, 20000};

    if (!s->timer)
        s->timer = event_new(loop_base(loops_at(s->x->caller->loops, 0)), -1, 0, on_timer, s);
    assert_int_equal(event_add(s->timer, &in), 0);
}

static int on_data(struct upstream_call *call, str chunk, void *token)
{
    struct streamed *s = of(token);

    (void)call;
    for (size_t i = 0; i < chunk.n && call->url.n && str_ends(call->url, STR("/big")); i++)
        s->wrong += chunk.p[i] != pattern(s->got + i);
    s->got += chunk.n;
    if (s->pause_at && s->got >= s->pause_at * (size_t)(s->pauses + 1)) {
        s->pauses++;
        soon(s);
        return 0;
    }
    if (s->give_up_at && s->got >= s->give_up_at) {
        soon(s);
        return 0;
    }
    return 1;
}

static size_t more(struct upstream_call *call, char *to, size_t room, void *token)
{
    struct streamed *s = of(token);
    size_t left = s->body_size - s->given;
    size_t n = left < room ? left : room;

    (void)call;
    if (s->pause_at && n && s->given >= s->pause_at * (size_t)(s->pauses + 1)) {
        s->pauses++;
        soon(s);
        return 0;
    }
    if (n > 1000)
        n = 1000 + s->given % 777;
    n = n > left ? left : n > room ? room : n;
    for (size_t i = 0; i < n; i++)
        to[i] = pattern(s->given + i);
    s->given += n;
    s->stream.ended = s->given == s->body_size;
    return n;
}

/* The token is the caller_call; one streamed call at a time. */
static struct streamed *current;

static struct streamed *of(void *token)
{
    must(current->x == token);
    return current;
}

static struct streamed *prepare(struct fixture *x, struct streamed *s, const char *method,
                                const char *path, int timeout_ms)
{
    (void)snprintf(x->url, sizeof(x->url), "http://127.0.0.1:%d%s", server_port(x->server), path);
    s->x = caller_prepare(x->caller, method, NULL, timeout_ms, x->url);
    s->stream.on_head = on_head;
    s->stream.on_data = on_data;
    s->stream.more = more;
    s->x->call.stream = &s->stream;
    s->x->call.body_max = 0;
    current = s;
    return s;
}

static struct upstream_call *run(struct streamed *s)
{
    caller_start(s->x);
    return caller_wait(s->x);
}

static void finish(struct streamed *s)
{
    if (s->timer)
        event_free(s->timer);
    caller_call_free(s->x);
}

/* --- tests ------------------------------------------------------------------------------------ */

static void test_a_large_answer(void **state)
{
    struct streamed s = {.pause_at = (size_t)3 << 20};
    struct upstream_call *call = run(prepare(*state, &s, "GET", "/big", 30000));

    assert_int_equal(call->outcome, UPSTREAM_ANSWERED);
    assert_int_equal(s.heads, 1);
    assert_int_equal(s.status, 200);
    assert_int_equal(s.got, BIG);
    assert_int_equal(s.wrong, 0);
    assert_true(s.pauses >= 7);
    assert_str(upstream_reply_header(call, STR("X-A")), "b");
    finish(&s);
}

static void test_no_body(void **state)
{
    static const struct {
        const char *method, *path;
        int status;
    } rows[] = {{"GET", "/none", 204}, {"HEAD", "/big", 200}, {"DELETE", "/none", 204}};

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct streamed s = {0};
        struct upstream_call *call = run(prepare(*state, &s, rows[i].method, rows[i].path, 5000));
        assert_int_equal(call->outcome, UPSTREAM_ANSWERED);
        assert_int_equal(s.heads, 1);
        assert_int_equal(s.status, rows[i].status);
        assert_int_equal(s.got, 0);
        finish(&s);
    }
}

static void test_interim_answers_and_trailers(void **state)
{
    struct streamed s = {0};
    struct upstream_call *call = run(prepare(*state, &s, "GET", "/interim", 5000));

    assert_int_equal(s.heads, 1);
    assert_int_equal(s.status, 200);
    assert_null(upstream_reply_header(call, STR("X-Early")).p);
    assert_int_equal(s.got, 2);
    finish(&s);
    s = (struct streamed){0};
    call = run(prepare(*state, &s, "GET", "/chunks", 5000));
    assert_int_equal(call->outcome, UPSTREAM_ANSWERED);
    assert_int_equal(s.got, 5);
    assert_null(upstream_reply_header(call, STR("X-Trailer")).p);
    finish(&s);
}

static void test_a_body_of_known_length(void **state)
{
    struct streamed s = {.body_size = 3000000, .pause_at = 700000};

    s.stream.body_length = 3000000;
    struct upstream_call *call = run(prepare(*state, &s, "POST", "/body", 10000));
    assert_int_equal(call->outcome, UPSTREAM_ANSWERED);
    assert_int_equal(s.status, 201);
    assert_int_equal(s.given, s.body_size);
    assert_true(s.pauses >= 4);
    assert_int_equal(s.got, strlen("3000000 bytes, 0 wrong"));
    finish(&s);
}

static void test_an_answer_that_breaks_off(void **state)
{
    struct streamed s = {0};
    struct upstream_call *call = run(prepare(*state, &s, "GET", "/cut", 5000));

    assert_int_equal(call->outcome, UPSTREAM_CUT);
    assert_int_equal(call->phase, UPSTREAM_ANSWERING);
    assert_int_equal(s.heads, 1);
    assert_int_equal(s.got, 50000);
    finish(&s);
}

static void test_an_answer_that_stalls(void **state)
{
    struct streamed s = {0};
    struct upstream_call *call = run(prepare(*state, &s, "GET", "/stall", 300));

    assert_int_equal(call->outcome, UPSTREAM_SLOW);
    assert_int_equal(s.got, 50000);
    finish(&s);
}

static void test_giving_up(void **state)
{
    struct streamed s = {.give_up_at = 1000000};
    struct upstream_call *call = run(prepare(*state, &s, "GET", "/big", 30000));

    assert_int_equal(call->outcome, UPSTREAM_GIVEN_UP);
    assert_true(s.got >= 1000000 && s.got < BIG / 2);
    finish(&s);
    s = (struct streamed){0}; /* others go on as ever */
    assert_int_equal(run(prepare(*state, &s, "GET", "/ok", 5000))->outcome, UPSTREAM_ANSWERED);
    finish(&s);
}

/* libcurl would send it again by itself, and report success. */
static void test_a_body_is_sent_once(void **state)
{
    struct fixture *x = *state;

    for (int i = 0; i < 2; i++) {
        struct streamed s = {.body_size = 20};
        s.stream.body_length = 20;
        struct upstream_call *call = run(prepare(x, &s, "POST", "/second-dies", 5000));
        assert_int_equal(call->outcome, i == 0 ? UPSTREAM_ANSWERED : UPSTREAM_CUT);
        assert_int_equal(call->sent, 1);
        finish(&s);
    }
    assert_int_equal(server_count(x->server, "/second-dies"), 2);
}

static int set_up(void **state)
{
    struct fixture *x = test_malloc(sizeof(*x));
    char allow[64];

    x->server = server_start(answer, NULL);
    (void)snprintf(allow, sizeof(allow), "http://127.0.0.1:%d", server_port(x->server));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_large_answer),
        cmocka_unit_test(test_no_body),
        cmocka_unit_test(test_interim_answers_and_trailers),
        cmocka_unit_test(test_a_body_of_known_length),
        cmocka_unit_test(test_an_answer_that_breaks_off),
        cmocka_unit_test(test_an_answer_that_stalls),
        cmocka_unit_test(test_giving_up),
        cmocka_unit_test(test_a_body_is_sent_once),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
