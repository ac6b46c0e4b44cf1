/* Listening, and the end of a server while it is busy.
 */
#include <stdio.h>
#include <unistd.h>

#include "support.h"

#include "base/clock.h"

/* Holds the exchange until told. */
struct holding {
    struct http_stream *streams[64];
    atomic_int taken, heads, gone;
    int accept;
};

static void holding_gone(void *arg)
{
    atomic_fetch_add(&((struct holding *)arg)->gone, 1);
}

static void holding_head(void *arg, struct http_stream *s, const struct http_request *r)
{
    struct holding *h = arg;

    (void)r;
    if (h->accept)
        http_accept_body(s, (struct http_callbacks){.on_gone = holding_gone, .arg = h}, 1000);
    h->streams[atomic_fetch_add(&h->taken, 1)] = s;
    atomic_fetch_add(&h->heads, 1);
}

static void respond(void *stream)
{
    http_respond(stream, 200, NULL, 0, STR("at last"));
}

static int ask(const struct test_server *t)
{
    int fd = client_connect(t);

    client_send(fd, STR("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    return fd;
}

struct closing {
    struct test_server t;
    int grace_ms;
    atomic_int closed;
    pthread_t thread;
};

static void *closing_run(void *arg)
{
    struct closing *c = arg;

    http_close(c->t.http, c->grace_ms);
    atomic_store(&c->closed, 1);
    return NULL;
}

static void closing_start(struct closing *c, int grace_ms)
{
    c->grace_ms = grace_ms;
    assert_int_equal(pthread_create(&c->thread, NULL, closing_run, c), 0);
    usleep(100000);
}

static void closing_finish(struct closing *c)
{
    wait_for(&c->closed, 1);
    pthread_join(c->thread, NULL);
    loops_stop(c->t.loops);
}

static void test_grace(void **state)
{
    struct holding h = {.accept = 1};
    struct closing c = {0};
    struct answer a;
    int busy, idle;

    (void)state;
    test_server_start(&c.t, test_limits(), (struct http_serving){holding_head, &h});
    busy = ask(&c.t);
    idle = client_connect(&c.t);
    wait_for(&h.heads, 1);
    closing_start(&c, 5000);
    assert_int_equal(client_is_closed(idle), 1);
    assert_int_equal(c.closed, 0);
    loop_post(http_stream_loop(h.streams[0]), respond, h.streams[0]);
    client_read(busy, CLIENT_BODY, &a);
    assert_string_equal(a.body, "at last");
    assert_true(answer_has(&a, "Connection: close"));
    assert_int_equal(client_is_closed(busy), 1);
    close(busy);
    close(idle);
    closing_finish(&c);
    assert_int_equal(h.gone, 0);
}

static void test_no_grace(void **state)
{
    enum { COUNT = 50 };
    struct holding h = {.accept = 1};
    struct closing c = {0};
    int fds[COUNT];

    (void)state;
    test_server_start(&c.t, test_limits(), (struct http_serving){holding_head, &h});
    for (int i = 0; i < COUNT; i++)
        fds[i] = ask(&c.t);
    wait_for(&h.heads, COUNT);
    closing_start(&c, 0);
    closing_finish(&c);
    assert_int_equal(h.gone, COUNT);
    for (int i = 0; i < COUNT; i++)
        close(fds[i]);
}

/* The serving side has not spoken yet: its stream is good until it does, so closing waits. */
static void test_held(void **state)
{
    struct holding h = {0};
    struct closing c = {0};
    int fd;

    (void)state;
    test_server_start(&c.t, test_limits(), (struct http_serving){holding_head, &h});
    fd = ask(&c.t);
    wait_for(&h.heads, 1);
    closing_start(&c, 0);
    assert_int_equal(c.closed, 0);
    loop_post(http_stream_loop(h.streams[0]), respond, h.streams[0]);
    closing_finish(&c);
    close(fd);
}

/* Clients come and go from two threads while it ends. */
struct hammer {
    const struct test_server *t;
    int port;
    atomic_int stop, done;
};

static void *hammer_run(void *arg)
{
    struct hammer *h = arg;
    char bytes[512];

    while (!atomic_load(&h->stop)) {
        int fd = client_try_connect(h->port);

        if (fd < 0)
            break;
        (void)client_send(fd, STR("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"));
        if (recv(fd, bytes, sizeof(bytes), 0) > 0)
            atomic_fetch_add(&h->done, 1);
        close(fd);
    }
    return NULL;
}

static void test_busy(void **state)
{
    struct test_server t;
    struct hammer h = {.t = &t};
    pthread_t threads[2];

    (void)state;
    test_server_start(&t, test_limits(), serving_mirror());
    h.port = http_server_port(t.http);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hammer_run, &h), 0);
    wait_for(&h.done, 100);
    test_server_stop(&t);
    atomic_store(&h.stop, 1);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
}

static void expect_refused(struct loops *loops, const char *address, const char *part)
{
    struct http_server *s = NULL;
    struct fault f = {0};

    assert_int_equal(http_listen(&f, loops, address, test_limits(), serving_mirror(), NULL, &s),
                     ERR_CONFIG);
    assert_null(s);
    if (!strstr(f.message, part))
        fail_msg("%s: %s", address, f.message);
}

static void test_addresses(void **state)
{
    struct test_server t;
    char address[64];

    (void)state;
    test_server_start(&t, test_limits(), serving_mirror());
    snprintf(address, sizeof(address), "127.0.0.1:%d", http_server_port(t.http));
    expect_refused(t.loops, address, "another program uses this port");
    expect_refused(t.loops, "192.0.2.1:0", "does not have that address");
    expect_refused(t.loops, "", "must look like");
    expect_refused(t.loops, "8080", "must look like");
    expect_refused(t.loops, ":8080", "must look like");
    expect_refused(t.loops, "127.0.0.1:", "must look like");
    expect_refused(t.loops, "127.0.0.1:65536", "must look like");
    expect_refused(t.loops, "127.0.0.1:-1", "must look like");
    expect_refused(t.loops, "127.0.0.1:80x", "must look like");
    expect_refused(t.loops, "::1:8080", "must look like");
    expect_refused(t.loops, "[]:8080", "must look like");
    expect_refused(t.loops, "no host:8080", "there is no such host");
    test_server_stop(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grace), cmocka_unit_test(test_no_grace),  cmocka_unit_test(test_held),
        cmocka_unit_test(test_busy),  cmocka_unit_test(test_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
