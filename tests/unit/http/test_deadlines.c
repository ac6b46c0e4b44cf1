/* Deadlines and caps on connections, with limits short enough to wait for.
 */
#include <stdio.h>
#include <unistd.h>

#include "support.h"

#include "base/clock.h"

enum { SHORT_MS = 300, SLACK_MS = 1500 }; /* slack: a machine under load */

/* Something, or the end, is there to be read at this moment. */
static int is_answered(int fd)
{
    char c;

    return recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

static void test_trickling_heads(void **state)
{
    enum { COUNT = 100 };
    struct http_limits limits = test_limits();
    struct test_server t;
    struct answer a;
    int fds[COUNT];
    int64_t begin;

    (void)state;
    limits.head_ms = SHORT_MS;
    test_server_start(&t, limits, serving_mirror());
    begin = clock_monotonic_ms();
    for (int i = 0; i < COUNT; i++) {
        fds[i] = client_connect(&t);
        client_send(fds[i], STR("GET / HTTP/1.1\r\nX: "));
    }
    /* a byte now and then does not help: the deadline is absolute */
    while (clock_monotonic_ms() - begin < 3 * SHORT_MS) {
        for (int i = 0; i < COUNT; i++)
            client_send(fds[i], STR("a"));
        usleep(20000);
    }
    for (int i = 0; i < COUNT; i++) {
        assert_true(is_answered(fds[i]));
        client_read(fds[i], CLIENT_BODY, &a);
        assert_int_equal(a.status, 408);
        assert_non_null(strstr(a.body, "\"request_timeout\""));
        assert_int_equal(client_is_closed(fds[i]), 1);
        close(fds[i]);
    }
    test_server_stop(&t);
}

static void test_silent(void **state)
{
    struct http_limits limits = test_limits();
    struct test_server t;
    struct answer a;
    int64_t begin;
    int fd;

    (void)state;
    limits.head_ms = SHORT_MS;
    limits.idle_ms = 2 * SHORT_MS;
    test_server_start(&t, limits, serving_mirror());
    begin = clock_monotonic_ms();
    fd = client_connect(&t); /* says nothing: closed without a word */
    assert_int_equal(client_is_closed(fd), 1);
    assert_in_range(clock_monotonic_ms() - begin, SHORT_MS - 10, SHORT_MS + SLACK_MS);
    close(fd);

    fd = client_connect(&t); /* says nothing more: the same, later */
    client_send(fd, STR("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    client_read(fd, CLIENT_BODY, &a);
    assert_int_equal(a.status, 200);
    begin = clock_monotonic_ms();
    assert_int_equal(client_is_closed(fd), 1);
    assert_in_range(clock_monotonic_ms() - begin, 2 * SHORT_MS - 10, 2 * SHORT_MS + SLACK_MS);
    close(fd);

    fd = client_connect(&t); /* begins another and leaves it: the head's deadline again */
    client_send(fd, STR("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    client_read(fd, CLIENT_BODY, &a);
    client_send(fd, STR("GET"));
    client_read(fd, CLIENT_BODY, &a);
    assert_int_equal(a.status, 408);
    close(fd);
    test_server_stop(&t);
}

static void test_slow_body(void **state)
{
    struct http_limits limits = test_limits();
    struct test_server t;
    struct answer a;
    char piece[256] = "";
    int fd;

    (void)state;
    limits.body_ms = SHORT_MS;
    test_server_start(&t, limits, serving_mirror());
    fd = client_connect(&t);
    client_send(fd, STR("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\nabc"));
    client_read(fd, CLIENT_BODY, &a);
    assert_int_equal(a.status, 408);
    assert_int_equal(client_is_closed(fd), 1);
    close(fd);

    fd = client_connect(&t); /* slow, but coming: twice the deadline in all */
    client_send(fd, STR("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1536\r\n\r\n"));
    for (int i = 0; i < 6; i++) {
        usleep(SHORT_MS * 1000 / 3);
        client_send(fd, (str){piece, sizeof(piece)});
    }
    client_read(fd, CLIENT_BODY, &a);
    assert_int_equal(a.status, 200);
    close(fd);

    fd = client_connect(&t); /* a byte now and then is not coming */
    client_send(fd, STR("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n"));
    for (int i = 0; i < 12; i++) {
        usleep(SHORT_MS * 1000 / 4);
        client_send(fd, STR("a"));
    }
    assert_true(is_answered(fd));
    client_read(fd, CLIENT_BODY, &a);
    assert_int_equal(a.status, 408);
    close(fd);
    test_server_stop(&t);
}

/* A body that we do not take at the moment is not the client's fault. */
struct pausing {
    struct http_stream *stream;
    atomic_int heads, bodies, ends, gone;
};

static void pausing_body(void *arg, str chunk)
{
    struct pausing *p = arg;

    (void)chunk;
    http_pause_body(p->stream);
    atomic_fetch_add(&p->bodies, 1);
}

static void pausing_end(void *arg)
{
    struct pausing *p = arg;

    http_respond(p->stream, 200, NULL, 0, STR(""));
    atomic_fetch_add(&p->ends, 1);
}

static void pausing_gone(void *arg)
{
    atomic_fetch_add(&((struct pausing *)arg)->gone, 1);
}

static void pausing_head(void *arg, struct http_stream *s, const struct http_request *r)
{
    struct pausing *p = arg;

    (void)r;
    p->stream = s;
    http_accept_body(
        s,
        (struct http_callbacks){
            .on_body = pausing_body, .on_end = pausing_end, .on_gone = pausing_gone, .arg = p},
        100000);
    atomic_fetch_add(&p->heads, 1);
}

static void pausing_resume(void *arg)
{
    http_resume_body(((struct pausing *)arg)->stream);
}

static void test_paused_body(void **state)
{
    struct pausing p = {0};
    struct http_limits limits = test_limits();
    struct test_server t;
    struct answer a;
    int fd;

    (void)state;
    limits.body_ms = SHORT_MS;
    test_server_start(&t, limits, (struct http_serving){pausing_head, &p});
    fd = client_connect(&t);
    client_send(fd, STR("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nabc"));
    wait_for(&p.bodies, 1);
    client_send(fd, STR("def"));
    usleep(2 * SHORT_MS * 1000);
    assert_int_equal(p.bodies + p.ends + p.gone, 1);
    loop_post(http_stream_loop(p.stream), pausing_resume, &p);
    wait_for(&p.bodies, 2);
    usleep(SHORT_MS * 100);
    assert_int_equal(p.ends, 0); /* still paused: the end waits as well */
    loop_post(http_stream_loop(p.stream), pausing_resume, &p);
    client_read(fd, CLIENT_BODY, &a);
    assert_int_equal(a.status, 200);
    close(fd);
    test_server_stop(&t);
    assert_int_equal(p.ends, 1);
    assert_int_equal(p.gone, 0);
}

static int is_served(int fd)
{
    struct answer a;

    if (!client_send(fd, STR("GET / HTTP/1.1\r\nHost: h\r\n\r\n")))
        return 0;
    client_read(fd, CLIENT_BODY, &a);
    return a.status == 200;
}

static void test_cap(struct http_limits limits, size_t cap)
{
    struct test_server t;
    int fds[8], fd = -1;

    test_server_start(&t, limits, serving_mirror());
    for (size_t i = 0; i < cap; i++) {
        fds[i] = client_connect(&t);
        assert_true(is_served(fds[i]));
    }
    fd = client_connect(&t);
    assert_false(is_served(fd));
    close(fd);
    close(fds[0]);
    usleep(100000); /* one has gone: another may come */
    fds[0] = client_connect(&t);
    assert_true(is_served(fds[0]));
    for (size_t i = 0; i < cap; i++)
        close(fds[i]);
    test_server_stop(&t);
}

/* A refused client that goes gives its place back at once, not after the lingering. */
static void test_cap_after_refusal(void)
{
    struct http_limits limits = test_limits();
    struct test_server t;
    struct answer a;
    int fd;

    limits.connections = 1;
    test_server_start(&t, limits, serving_mirror());
    fd = client_connect(&t);
    client_send(fd, STR("nonsense\r\n"));
    client_read(fd, CLIENT_BODY, &a);
    assert_int_equal(a.status, 400);
    close(fd);
    usleep(100000);
    fd = client_connect(&t);
    assert_true(is_served(fd));
    close(fd);
    test_server_stop(&t);
}

/* All places are taken by clients that do something: nobody is closed for a newcomer. */
static void test_full(void)
{
    enum { CAP = 5 };
    struct http_limits limits = test_limits();
    struct test_server t;
    int fds[CAP], fd;

    limits.connections = CAP;
    test_server_start(&t, limits, serving_mirror());
    for (int i = 0; i < CAP; i++) {
        fds[i] = client_connect(&t);
        client_send(fds[i], STR("GET / HTTP/1.1\r\n"));
    }
    usleep(100000);
    fd = client_connect(&t);
    assert_false(is_served(fd));
    close(fd);
    for (int i = 0; i < CAP; i++) {
        struct answer a;

        client_send(fds[i], STR("Host: h\r\n\r\n"));
        client_read(fds[i], CLIENT_BODY, &a);
        assert_int_equal(a.status, 200);
        close(fds[i]);
    }
    test_server_stop(&t);
}

/* The one that has been idle longest on the first loop gives its place, and nobody else. */
static void test_idle_gives_its_place(void)
{
    enum { CAP = 6, MORE = 3 };
    struct http_limits limits = test_limits();
    struct test_server t;
    int fds[CAP + MORE], closed = 0;

    limits.connections = CAP;
    test_server_start(&t, limits, serving_mirror());
    for (int i = 0; i < CAP + MORE; i++) {
        fds[i] = client_connect(&t);
        assert_true(is_served(fds[i]));
    }
    usleep(100000);
    for (int i = 0; i < CAP + MORE; i++) {
        int is_closed = is_answered(fds[i]) && client_is_closed(fds[i]);

        assert_int_equal(is_closed, i < CAP && i % 2 == 0); /* odd ones are on the other loop */
        closed += is_closed;
    }
    assert_int_equal(closed, MORE);
    for (int i = 0; i < CAP + MORE; i++)
        close(fds[i]);
    test_server_stop(&t);
}

static void test_caps(void **state)
{
    struct http_limits limits = test_limits();

    (void)state;
    test_full();
    test_idle_gives_its_place();
    limits.connections_address = 3;
    test_cap(limits, 3);
    limits.connections = 3; /* an address that is full takes nobody's place */
    test_cap(limits, 3);
    test_cap_after_refusal();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trickling_heads),
        cmocka_unit_test(test_silent),
        cmocka_unit_test(test_slow_body),
        cmocka_unit_test(test_paused_body),
        cmocka_unit_test(test_caps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
