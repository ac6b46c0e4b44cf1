/* One exchange: what answers look like on the wire, the body's way in, what happens to a body that
 * nobody wants, and who hears of what, once.
 */
#include <unistd.h>

#include "support.h"

/* Answers by the path, at once, without asking for the body. */
static void answer_by_path(void *arg, struct http_stream *s, const struct http_request *r)
{
    const struct http_header header = {STR("X-Test"), STR("yes")};

    (void)arg;
    if (str_eq(r->path, STR("/204")))
        http_respond(s, 204, &header, 1, STR("not to be sent"));
    else if (str_eq(r->path, STR("/304")))
        http_respond(s, 304, &header, 1, STR("not to be sent"));
    else if (str_eq(r->path, STR("/empty")))
        http_respond(s, 200, NULL, 0, STR(""));
    else
        http_respond(s, 200, &header, 1, STR("hello"));
}

static void start_by_path(struct test_server *t)
{
    test_server_start(t, test_limits(), (struct http_serving){answer_by_path, NULL});
}

static void test_answers(void **state)
{
    struct test_server t;
    struct answer a;
    int fd;

    (void)state;
    start_by_path(&t);
    fd = client_connect(&t);
    client_send(fd, STR("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    client_read(fd, CLIENT_BODY, &a);
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body, "hello");
    assert_true(answer_has(&a, "X-Test: yes") && answer_has(&a, "Content-Length: 5"));
    assert_non_null(strstr(a.head, "\r\nDate: "));
    assert_null(strstr(a.head, "Connection:"));

    client_send(fd, STR("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n"));
    client_read(fd, CLIENT_NO_BODY, &a);
    assert_true(a.status == 200 && answer_has(&a, "Content-Length: 5"));

    client_send(fd, STR("GET /204 HTTP/1.1\r\nHost: h\r\n\r\n"));
    client_read(fd, CLIENT_NO_BODY, &a);
    assert_true(a.status == 204 && !strstr(a.head, "Content-Length"));

    client_send(fd, STR("GET /304 HTTP/1.1\r\nHost: h\r\n\r\n"));
    client_read(fd, CLIENT_NO_BODY, &a);
    assert_true(a.status == 304 && !strstr(a.head, "Content-Length"));

    client_send(fd, STR("GET /empty HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    client_read(fd, CLIENT_BODY, &a);
    assert_true(a.status == 200 && answer_has(&a, "Content-Length: 0"));
    assert_true(answer_has(&a, "Connection: keep-alive"));

    client_send(fd, STR("HEAD / HTTP/1.0\r\n\r\n"));
    client_read(fd, CLIENT_NO_BODY, &a);
    assert_true(a.status == 200 && answer_has(&a, "Connection: close"));
    assert_int_equal(client_is_closed(fd), 1);
    close(fd);
    test_server_stop(&t);
}

static void test_half_closed(void **state)
{
    struct test_server t;
    struct answer a;
    int fd;

    (void)state;
    start_by_path(&t);
    fd = client_connect(&t);
    client_send(fd, STR("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n"));
    shutdown(fd, SHUT_WR);
    client_read(fd, CLIENT_BODY, &a);
    assert_int_equal(a.status, 200);
    client_read(fd, CLIENT_BODY, &a);
    assert_int_equal(a.status, 200);
    assert_int_equal(client_is_closed(fd), 1);
    close(fd);
    test_server_stop(&t);
}

static void test_unwanted_body(void **state)
{
    struct test_server t;
    struct answer a;
    int fd;

    (void)state;
    start_by_path(&t);
    fd = client_connect(&t);
    /* small: read away, the connection goes on */
    client_send(fd, STR("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nGET /"));
    client_read(fd, CLIENT_BODY, &a);
    assert_true(a.status == 200 && !answer_has(&a, "Connection: close"));
    /* asked first: the body will not come, or it will, who knows */
    client_send(fd, STR("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n"
                        "Expect: 100-continue\r\n\r\n"));
    client_read(fd, CLIENT_BODY, &a);
    assert_true(a.status == 200 && answer_has(&a, "Connection: close"));
    assert_int_equal(client_is_closed(fd), 1);
    close(fd);
    /* chunked: its length is not known */
    fd = client_connect(&t);
    client_send(fd, STR("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"));
    client_read(fd, CLIENT_BODY, &a);
    assert_true(a.status == 200 && answer_has(&a, "Connection: close"));
    assert_int_equal(client_is_closed(fd), 1);
    close(fd);
    test_server_stop(&t);
}

/* The client of a refused upload sends on before it reads: the answer must not be lost. */
static void send_much_then_read(const struct test_server *t, const char *head, int status,
                                const char *code)
{
    static char zeros[1 << 16];
    struct answer a;
    int fd = client_connect(t);

    assert_true(client_send(fd, str_from(head)));
    for (int i = 0; i < 160; i++)
        assert_true(client_send(fd, (str){zeros, sizeof(zeros)}));
    client_read(fd, CLIENT_BODY, &a);
    assert_int_equal(a.status, status);
    assert_non_null(strstr(a.body, code));
    assert_int_equal(client_is_closed(fd), 1);
    close(fd);
}

static void test_lingering_close(void **state)
{
    struct test_server t;

    (void)state;
    test_server_start(&t, test_limits(), serving_mirror());
    send_much_then_read(&t, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10485760\r\n\r\n", 413,
                        "\"too_large\"");
    send_much_then_read(&t, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\n", 400,
                        "\"malformed\"");
    test_server_stop(&t);
}

/* Counts what the callbacks say. */
struct counted {
    atomic_int heads, bodies, ends, gone;
    struct http_stream *stream; /* of the last head; loop thread only */
    size_t max_bytes;
    int answer_at_head; /* the status, or 0: never */
};

static void count_body(void *arg, str chunk)
{
    (void)chunk;
    atomic_fetch_add(&((struct counted *)arg)->bodies, 1);
}

static void count_end(void *arg)
{
    atomic_fetch_add(&((struct counted *)arg)->ends, 1);
}

static void count_gone(void *arg)
{
    atomic_fetch_add(&((struct counted *)arg)->gone, 1);
}

static void count_head(void *arg, struct http_stream *s, const struct http_request *r)
{
    struct counted *c = arg;

    (void)r;
    c->stream = s;
    http_accept_body(
        s,
        (struct http_callbacks){
            .on_body = count_body, .on_end = count_end, .on_gone = count_gone, .arg = c},
        c->max_bytes);
    if (c->answer_at_head)
        http_respond(s, c->answer_at_head, NULL, 0, STR("x"));
    atomic_fetch_add(&c->heads, 1);
}

static void start_counted(struct test_server *t, struct counted *c)
{
    struct http_limits limits = test_limits();

    limits.body_ms = 60000; /* so that nothing here happens by a deadline */
    c->max_bytes = 1000;
    test_server_start(t, limits, (struct http_serving){count_head, c});
}

static void test_no_callback_after_answer(void **state)
{
    struct counted c = {.answer_at_head = 200};
    struct test_server t;
    struct answer a;
    int fd;

    (void)state;
    start_counted(&t, &c);
    fd = client_connect(&t);
    client_send(fd, STR("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
                        "GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    client_read(fd, CLIENT_BODY, &a);
    assert_int_equal(a.status, 200);
    client_read(fd, CLIENT_BODY, &a);
    assert_int_equal(a.status, 200);
    close(fd);
    test_server_stop(&t);
    assert_int_equal(c.heads, 2);
    assert_int_equal(c.bodies + c.ends + c.gone, 0);
}

static void reset_on_close(int fd)
{
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
}

static void test_gone(void **state)
{
    struct counted c = {0};
    struct test_server t;
    int fd;

    (void)state;
    start_counted(&t, &c);
    /* in the middle of a body, without a reset */
    fd = client_connect(&t);
    client_send(fd, STR("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe"));
    wait_for(&c.bodies, 1);
    close(fd);
    wait_for(&c.gone, 1);
    assert_int_equal(c.ends, 0);
    /* while the answer is awaited, with one */
    fd = client_connect(&t);
    client_send(fd, STR("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    wait_for(&c.ends, 1);
    reset_on_close(fd);
    close(fd);
    wait_for(&c.gone, 2);
    /* body over the limit: told once, the client hears 413 */
    fd = client_connect(&t);
    client_send(fd, STR("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n"));
    wait_for(&c.gone, 3);
    close(fd);
    test_server_stop(&t);
    assert_int_equal(c.gone, 3);
    assert_int_equal(c.heads, 3);
}

/* 100 Continue is a promise: not before the body is wanted. */
struct later {
    atomic_int heads;
    struct http_stream *stream;
    struct counted counted;
};

static void keep_stream(void *arg, struct http_stream *s, const struct http_request *r)
{
    struct later *l = arg;

    (void)r;
    l->stream = s;
    atomic_fetch_add(&l->heads, 1);
}

static void accept_later(void *arg)
{
    struct later *l = arg;

    http_accept_body(
        l->stream,
        (struct http_callbacks){
            .on_body = count_body, .on_end = count_end, .on_gone = count_gone, .arg = &l->counted},
        1000);
}

static void respond_later(void *arg)
{
    http_respond(((struct later *)arg)->stream, 200, NULL, 0, STR("late"));
}

static void test_continue_when_accepted(void **state)
{
    struct later l = {0};
    struct test_server t;
    struct answer a;
    char c;
    int fd;

    (void)state;
    test_server_start(&t, test_limits(), (struct http_serving){keep_stream, &l});
    fd = client_connect(&t);
    client_send(fd, STR("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n"
                        "Expect: 100-continue\r\n\r\n"));
    wait_for(&l.heads, 1);
    usleep(50000);
    assert_int_equal(recv(fd, &c, 1, MSG_DONTWAIT), -1);
    loop_post(http_stream_loop(l.stream), accept_later, &l);
    client_read(fd, CLIENT_BODY, &a);
    assert_int_equal(a.status, 100);
    client_send(fd, STR("hello"));
    wait_for(&l.counted.ends, 1);
    loop_post(http_stream_loop(l.stream), respond_later, &l);
    client_read(fd, CLIENT_BODY, &a);
    assert_string_equal(a.body, "late");
    close(fd);
    test_server_stop(&t);
}

/* Lost before the serving side said a word: the stream stays good for that word. */
static void test_lost_while_held(void **state)
{
    struct later l = {0};
    struct test_server t;
    int fd;

    (void)state;
    test_server_start(&t, test_limits(), (struct http_serving){keep_stream, &l});
    fd = client_connect(&t);
    client_send(fd, STR("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    wait_for(&l.heads, 1);
    reset_on_close(fd);
    close(fd);
    usleep(50000);
    loop_post(http_stream_loop(l.stream), accept_later, &l);
    wait_for(&l.counted.gone, 1);

    fd = client_connect(&t);
    client_send(fd, STR("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    wait_for(&l.heads, 2);
    reset_on_close(fd);
    close(fd);
    usleep(50000);
    loop_post(http_stream_loop(l.stream), respond_later, &l);
    test_server_stop(&t);
    assert_int_equal(l.counted.gone, 1);
    assert_int_equal(l.counted.ends, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_half_closed),
        cmocka_unit_test(test_unwanted_body),
        cmocka_unit_test(test_lingering_close),
        cmocka_unit_test(test_no_callback_after_answer),
        cmocka_unit_test(test_gone),
        cmocka_unit_test(test_continue_when_accepted),
        cmocka_unit_test(test_lost_while_held),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
