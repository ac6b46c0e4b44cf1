/* Bodies in pieces, both ways: back-pressure, broken answers, clients that go away.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "support.h"

#include "base/mem.h"

/* Sends back what comes, as it comes. */
struct echo {
    struct http_stream *stream;
    struct echo_counts *counts;
};

struct echo_counts {
    atomic_int ended, gone, paused;
};

static void echo_body(void *arg, str chunk)
{
    struct echo *e = arg;

    if (!http_write(e->stream, chunk)) {
        atomic_fetch_add(&e->counts->paused, 1);
        http_pause_body(e->stream);
    }
}

static void echo_drain(void *arg)
{
    http_resume_body(((struct echo *)arg)->stream);
}

static void echo_end(void *arg)
{
    struct echo *e = arg;

    atomic_fetch_add(&e->counts->ended, 1);
    http_end(e->stream);
    mem_free(e);
}

static void echo_gone(void *arg)
{
    struct echo *e = arg;

    atomic_fetch_add(&e->counts->gone, 1);
    mem_free(e);
}

static void echo_head(void *arg, struct http_stream *s, const struct http_request *r)
{
    struct echo *e = mem_new(struct echo);

    *e = (struct echo){s, arg};
    http_accept_body(s,
                     (struct http_callbacks){.on_body = echo_body,
                                             .on_end = echo_end,
                                             .on_gone = echo_gone,
                                             .on_drain = echo_drain,
                                             .arg = e},
                     SIZE_MAX);
    http_start(s, 200, NULL, 0, r->content_length);
}

enum { PATTERN = 251, TRIP = 50 * 1000 * 1000, IN_FLIGHT_MAX = 24 * 1000 * 1000 };

static void make_pattern(char *to, size_t n, size_t at)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (char)((at + i) % PATTERN);
}

static int is_pattern(const char *p, size_t n, size_t at)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] != (char)((at + i) % PATTERN))
            return 0;
    return 1;
}

/* Sends without reading until nothing more is taken for a while. Returns how much that was. */
static size_t send_until_stuck(int fd, size_t total)
{
    static char piece[32768];
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    size_t sent = 0;

    while (sent < total && poll(&p, 1, 300) == 1) {
        size_t n = total - sent < sizeof(piece) ? total - sent : sizeof(piece);
        ssize_t done;

        make_pattern(piece, n, sent);
        done = send(fd, piece, n, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (done < 0)
            assert_true(errno == EAGAIN);
        else
            sent += (size_t)done;
    }
    return sent;
}

static size_t send_some(int fd, size_t sent, size_t total)
{
    static char piece[32768];
    size_t n = total - sent < sizeof(piece) ? total - sent : sizeof(piece);
    ssize_t done;

    make_pattern(piece, n, sent);
    done = send(fd, piece, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    return done > 0 ? (size_t)done : 0;
}

static size_t read_some(int fd, size_t got)
{
    static char piece[65536];
    ssize_t n = recv(fd, piece, sizeof(piece), 0);

    if (n <= 0)
        fail_msg("broken off after %zu bytes", got);
    assert_true(is_pattern(piece, (size_t)n, got));
    return (size_t)n;
}

static void test_echo(void **state)
{
    struct echo_counts counts = {0};
    struct test_server t;
    struct answer a;
    char head[128];
    size_t sent, got = 0;
    int fd;

    (void)state;
    test_server_start(&t, test_limits(), (struct http_serving){echo_head, &counts});
    fd = client_connect(&t);
    snprintf(head, sizeof(head), "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n", TRIP);
    client_send(fd, str_from(head));
    client_read(fd, CLIENT_NO_BODY, &a);
    assert_int_equal(a.status, 200);
    sent = send_until_stuck(fd, TRIP);
    assert_in_range(sent, 100000, IN_FLIGHT_MAX); /* the system's buffers and little of ours */
    assert_true(counts.paused > 0);
    while (got < TRIP) {
        if (sent < TRIP)
            sent += send_some(fd, sent, TRIP);
        got += read_some(fd, got);
    }
    wait_for(&counts.ended, 1);
    close(fd);
    test_server_stop(&t);
    assert_int_equal(counts.gone, 0);
}

static void test_echo_chunked(void **state)
{
    struct echo_counts counts = {0};
    struct test_server t;
    struct answer a;
    int fd;

    (void)state;
    test_server_start(&t, test_limits(), (struct http_serving){echo_head, &counts});
    fd = client_connect(&t);
    for (int i = 0; i < 2; i++) {
        client_send(fd, STR("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"));
        client_send_slowly(fd, STR("3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"));
        client_read(fd, CLIENT_BODY, &a);
        assert_true(answer_has(&a, "Transfer-Encoding: chunked"));
        assert_string_equal(a.body, "abcdefg");
    }
    close(fd);
    test_server_stop(&t);
}

static void test_echo_client_gone(void **state)
{
    struct echo_counts counts = {0};
    struct test_server t;
    char head[128];
    int fd;

    (void)state;
    test_server_start(&t, test_limits(), (struct http_serving){echo_head, &counts});
    fd = client_connect(&t);
    snprintf(head, sizeof(head), "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n", TRIP);
    client_send(fd, str_from(head));
    (void)send_until_stuck(fd, TRIP);
    close(fd); /* with bytes unread: a reset */
    wait_for(&counts.gone, 1);
    test_server_stop(&t);
    assert_int_equal(counts.gone, 1);
    assert_int_equal(counts.ended, 0);
}

/* Answers in pieces, by the path. */
static void no_gone(void *arg)
{
    (void)arg;
}

static void stream_by_path(void *arg, struct http_stream *s, const struct http_request *r)
{
    (void)arg;
    http_accept_body(s, (struct http_callbacks){.on_gone = no_gone}, 0);
    http_start(s, str_eq(r->path, STR("/204")) ? 204 : 200, NULL, 0,
               str_eq(r->path, STR("/five")) ? 5 : -1);
    http_write(s, STR("ab"));
    http_write(s, STR(""));
    if (str_eq(r->path, STR("/abort"))) {
        http_abort(s);
        return;
    }
    if (str_eq(r->path, STR("/five")) && str_eq(r->query, STR("short")))
        http_write(s, STR("c"));
    else if (str_eq(r->path, STR("/five")) && str_eq(r->query, STR("long")))
        http_write(s, STR("cdef"));
    else
        http_write(s, STR("cde"));
    http_end(s);
}

static void start_by_path(struct test_server *t)
{
    test_server_start(t, test_limits(), (struct http_serving){stream_by_path, NULL});
}

static void test_streamed_answers(void **state)
{
    struct test_server t;
    struct answer a;
    char rest[8] = "";
    int fd;

    (void)state;
    start_by_path(&t);
    fd = client_connect(&t);
    client_send(fd, STR("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    client_read(fd, CLIENT_BODY, &a);
    assert_string_equal(a.body, "abcde");
    client_send(fd, STR("GET /five HTTP/1.1\r\nHost: h\r\n\r\n"));
    client_read(fd, CLIENT_BODY, &a);
    assert_true(answer_has(&a, "Content-Length: 5"));
    assert_string_equal(a.body, "abcde");
    client_send(fd, STR("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n"));
    client_read(fd, CLIENT_NO_BODY, &a);
    assert_int_equal(a.status, 200);
    client_send(fd, STR("HEAD /five HTTP/1.1\r\nHost: h\r\n\r\n"));
    client_read(fd, CLIENT_NO_BODY, &a);
    assert_true(answer_has(&a, "Content-Length: 5"));
    client_send(fd, STR("GET /204 HTTP/1.1\r\nHost: h\r\n\r\n"));
    client_read(fd, CLIENT_NO_BODY, &a);
    assert_true(a.status == 204 && !answer_has(&a, "Transfer-Encoding: chunked"));
    /* HTTP/1.0 knows no chunks: the end of the connection ends the answer */
    client_send(fd, STR("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    client_read(fd, CLIENT_NO_BODY, &a);
    assert_true(answer_has(&a, "Connection: close"));
    assert_false(answer_has(&a, "Transfer-Encoding: chunked"));
    assert_int_equal(recv(fd, rest, sizeof(rest) - 1, MSG_WAITALL), 5);
    assert_string_equal(rest, "abcde");
    assert_int_equal(client_is_closed(fd), 1);
    close(fd);
    test_server_stop(&t);
}

/* An answer that ends wrongly must look broken: a reset, never an orderly end. */
static void test_broken_answers(void **state)
{
    static const char *const targets[] = {"/abort HTTP/1.1", "/five?short HTTP/1.1",
                                          "/five?long HTTP/1.1", "/abort HTTP/1.0"};
    struct test_server t;

    (void)state;
    start_by_path(&t);
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        int fd = client_connect(&t);
        char request[64], bytes[4096];
        ssize_t n;

        snprintf(request, sizeof(request), "GET %s\r\nHost: h\r\n\r\n", targets[i]);
        client_send(fd, str_from(request));
        while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
            continue;
        assert_int_equal(n, -1);
        assert_int_equal(errno, ECONNRESET);
        close(fd);
    }
    test_server_stop(&t);
}

/* Writes without end, as long as there is room. */
struct source {
    struct http_stream *stream;
    atomic_int written_kb, drained, gone;
};

static void source_write(void *arg)
{
    static const char kilobyte[1024];
    struct source *s = arg;

    do
        atomic_fetch_add(&s->written_kb, 1);
    while (http_write(s->stream, (str){kilobyte, sizeof(kilobyte)}));
}

static void source_drain(void *arg)
{
    atomic_fetch_add(&((struct source *)arg)->drained, 1);
    source_write(arg);
}

static void source_gone(void *arg)
{
    atomic_fetch_add(&((struct source *)arg)->gone, 1);
}

static void source_head(void *arg, struct http_stream *s, const struct http_request *r)
{
    struct source *source = arg;

    (void)r;
    source->stream = s;
    http_accept_body(
        s, (struct http_callbacks){.on_drain = source_drain, .on_gone = source_gone, .arg = arg},
        0);
    http_start(s, 200, NULL, 0, -1);
    source_write(source);
}

static void test_slow_reader(void **state)
{
    struct source source = {0};
    struct http_limits limits = test_limits();
    struct test_server t;
    char bytes[65536];
    size_t got = 0;
    int fd;

    (void)state;
    limits.write_ms = 400;
    test_server_start(&t, limits, (struct http_serving){source_head, &source});
    fd = client_connect(&t);
    client_send(fd, STR("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    for (int i = 0; i < 10; i++) { /* reading now and then keeps it going */
        usleep(100000);
        for (int j = 0; j < 40; j++) {
            ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

            assert_true(n > 0);
            got += (size_t)n;
        }
    }
    assert_int_equal(source.gone, 0);
    assert_true(source.drained > 0);
    assert_in_range((size_t)source.written_kb * 1024 - got, 1, IN_FLIGHT_MAX);
    wait_for(&source.gone, 1); /* not reading ends it */
    close(fd);
    test_server_stop(&t);
    assert_int_equal(source.gone, 1);
}

static void test_gone_while_streaming(void **state)
{
    struct source source = {0};
    struct test_server t;
    char bytes[1000];
    int fd;

    (void)state;
    test_server_start(&t, test_limits(), (struct http_serving){source_head, &source});
    fd = client_connect(&t);
    client_send(fd, STR("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_true(recv(fd, bytes, sizeof(bytes), 0) > 0);
    close(fd);
    wait_for(&source.gone, 1);
    test_server_stop(&t);
    assert_int_equal(source.gone, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_echo_chunked),
        cmocka_unit_test(test_echo_client_gone),
        cmocka_unit_test(test_streamed_answers),
        cmocka_unit_test(test_broken_answers),
        cmocka_unit_test(test_slow_reader),
        cmocka_unit_test(test_gone_while_streaming),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
