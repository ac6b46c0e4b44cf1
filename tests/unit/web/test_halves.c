/* The two halves of a handler, from socket to socket: waiting on the loop, repeating after
 * ERR_RETRY, clients that go away, a full pool.
 */
#include "web_support.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/doc.h"
#include "crypto/random.h"
#include "http/exchange.h"

static struct web_calls calls;
static _Atomic int finished;
static _Atomic int begun;
static _Atomic int started;
static _Atomic int may_end;

struct waiting {
    void (*done)(void *token);
    void *token;
    struct event *timer;
    struct loop *loop;
};

static void timer_fired(evutil_socket_t fd, short what, void *arg)
{
    struct waiting *w = arg;

    (void)fd;
    (void)what;
    if (!may_end) {
        const struct timeval again = {0, 5000};

        assert_int_equal(event_add(w->timer, &again), 0);
        return;
    }
    event_free(w->timer);
    w->done(w->token);
}

static void wait_a_moment(void *arg, struct loop *loop, void (*done)(void *token), void *token)
{
    const struct timeval soon = {0, 5000};
    struct waiting *w = arg;

    assert_true(loop_is_current(loop));
    started++;
    *w = (struct waiting){done, token, NULL, loop};
    w->timer = event_new(loop_base(loop), -1, 0, timer_fired, w);
    assert_int_equal(event_add(w->timer, &soon), 0);
}

static enum err ask_begin(struct exchange *x)
{
    begun++;
    if (exchange_flag(x, "refuse"))
        return fail(&x->fault, ERR_CONNECTION_REQUIRED, "");
    if (exchange_flag(x, "at_once")) {
        doc_set_cstring(exchange_doc(x), "by", "begin");
        return ERR_OK;
    }
    doc_set(exchange_doc(x), "list", doc_array(x->arena));
    x->carried = arena_alloc(x->arena, sizeof(int));
    *(int *)x->carried = 7;
    x->wait = (struct exchange_wait){wait_a_moment, arena_new_of(x->arena, struct waiting)};
    return ERR_OK;
}

static enum err ask_finish(struct exchange *x)
{
    finished++;
    assert_non_null(x->carried);
    doc_append(doc_get(x->doc, "list"), json_true());
    doc_set_int(x->doc, "carried", *(int *)x->carried);
    if (exchange_flag(x, "fail"))
        return fail(&x->fault, ERR_UPSTREAM_TIMEOUT, "");
    return ERR_OK;
}

static enum err count_begin(struct exchange *x)
{
    begun++;
    exchange_field_error(x, "a", "b"); /* must not pile up */
    x->notice = STR("n");
    doc_set_int(exchange_doc(x), "errors", (int64_t)json_array_size(x->field_errors));
    return ERR_OK;
}

static enum err block(struct exchange *x)
{
    (void)x;
    begun++;
    while (!may_end)
        (void)usleep(2000);
    finished++;
    return ERR_OK;
}

static const struct route routes[] = {
    {ROUTE_POST, "/ask", PERMISSION_PUBLIC, ROUTE_BODY_FORM, "", ask_begin, ask_finish, NULL},
    {ROUTE_GET, "/count", PERMISSION_PUBLIC, ROUTE_BODY_NONE, "", count_begin, NULL, NULL},
    {ROUTE_GET, "/block", PERMISSION_PUBLIC, ROUTE_BODY_NONE, "", block, NULL, NULL},
};
static const struct ui ui = {NULL, 0, NULL, 0};

static struct web web;

static int start(void **state)
{
    (void)state;
    begun = finished = started = may_end = 0;
    calls.opens = calls.closes = calls.retries = 0;
    web_start(&web, &(struct web_setup){.routes = {routes, COUNT_OF(routes)},
                                        .hooks = web_hooks(&calls),
                                        .ui = &ui,
                                        .workers = 1,
                                        .queue = 1});
    return 0;
}

static int stop(void **state)
{
    (void)state;
    may_end = 1;
    (void)web_stop(&web);
    assert_int_equal(calls.opens, calls.closes);
    web_free(&web);
    return 0;
}

static str ask(const char *json)
{
    return web_post(&web, "/api/v1/ask", "application/json", "", json);
}

static void until(_Atomic int *value, int wanted)
{
    for (int i = 0; i < 5000 && *value < wanted; i++)
        (void)usleep(2000);
    assert_int_equal(*value, wanted);
}

/* Not close() alone: half of a connection may be closed by clients that still read. */
static void vanish(int fd)
{
    const struct linger at_once = {1, 0};

    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
    (void)close(fd);
}

static void begin_wait_finish(void **state)
{
    (void)state;
    may_end = 1;
    str a = ask("{}");
    assert_status(a, 200);
    assert_str(web_body(a), "{\"list\":[true],\"carried\":7}");
    assert_int_equal(calls.opens, 2);
    assert_int_equal(calls.closes, 2);
}

static void begin_alone(void **state)
{
    (void)state;
    assert_str(web_body(ask("{\"at_once\": true}")), "{\"by\":\"begin\"}");
    assert_status(ask("{\"refuse\": \"on\"}"), 409);
    assert_int_equal(started, 0);
    assert_int_equal(finished, 0);
}

static void finish_may_fail(void **state)
{
    (void)state;
    may_end = 1;
    str a = ask("{\"fail\": \"true\"}");
    assert_status(a, 504);
    assert_has(a, "may have been carried out");
}

static void no_worker_is_held_meanwhile(void **state)
{
    (void)state;
    const char *request = "POST /api/v1/ask HTTP/1.1\r\n" WEB_HOST
                          "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
    int fds[20];

    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        fds[i] = web_connect(&web, str_from(request));
        until(&started, (int)i + 1);
    }
    assert_status(web_ask(&web, "GET /api/v1/count HTTP/1.1\r\n" WEB_HOST "\r\n"), 200);
    may_end = 1; /* all finishes at once, far more than the queue takes */
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        assert_status(web_read(&web, fds[i]), 200);
}

static void repeated_from_the_start(void **state)
{
    (void)state;
    calls.retries = 2;
    str a = web_ask(&web, "GET /api/v1/count HTTP/1.1\r\n" WEB_HOST "\r\n");
    assert_status(a, 200);
    assert_str(web_body(a), "{\"errors\":1}");
    assert_int_equal(begun, 3);
}

static void repeated_five_times_at_most(void **state)
{
    (void)state;
    calls.retries = 100;
    str a = web_ask(&web, "GET /api/v1/count HTTP/1.1\r\n" WEB_HOST "\r\n");
    assert_status(a, 503);
    assert_has(a, "\"code\":\"storage_busy\"");
    assert_int_equal(begun, 5);
}

static void finish_repeated_keeps_what_begin_left(void **state)
{
    (void)state;
    int fd = web_connect(&web, STR("POST /api/v1/ask HTTP/1.1\r\n" WEB_HOST
                                   "Content-Type: application/json\r\n"
                                   "Content-Length: 2\r\n\r\n{}"));
    until(&started, 1);
    calls.retries = 2;
    may_end = 1;
    str a = web_read(&web, fd);
    assert_status(a, 200);
    assert_str(web_body(a), "{\"list\":[true],\"carried\":7}");
    assert_int_equal(finished, 3);
    assert_int_equal(begun, 1);
}

static void client_gone_while_waiting(void **state)
{
    (void)state;
    int fd = web_connect(&web, STR("POST /api/v1/ask HTTP/1.1\r\n" WEB_HOST
                                   "Content-Type: application/json\r\n"
                                   "Content-Length: 2\r\n\r\n{}"));
    until(&started, 1);
    vanish(fd);
    (void)usleep(50000);
    assert_int_equal(finished, 0);
    may_end = 1;
    until(&finished, 1);
}

static void client_gone_while_a_worker_works(void **state)
{
    (void)state;
    int fd = web_connect(&web, STR("GET /api/v1/block HTTP/1.1\r\n" WEB_HOST "\r\n"));
    until(&begun, 1);
    vanish(fd);
    (void)usleep(50000);
    may_end = 1;
    until(&finished, 1);
    assert_status(web_ask(&web, "GET /api/v1/count HTTP/1.1\r\n" WEB_HOST "\r\n"), 200);
}

static void client_gone_within_the_body(void **state)
{
    (void)state;
    int fd = web_connect(&web, STR("POST /api/v1/ask HTTP/1.1\r\n" WEB_HOST
                                   "Content-Type: application/json\r\n"
                                   "Content-Length: 200\r\n\r\n{"));
    (void)usleep(20000);
    vanish(fd);
    assert_status(web_ask(&web, "GET /api/v1/count HTTP/1.1\r\n" WEB_HOST "\r\n"), 200);
    assert_int_equal(calls.opens, 1);
}

static void client_that_half_closed_is_answered(void **state)
{
    (void)state;
    int fd = web_connect(&web, STR("GET /api/v1/block HTTP/1.1\r\n" WEB_HOST "\r\n"));
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    until(&begun, 1);
    may_end = 1;
    assert_status(web_read(&web, fd), 204);
}

static void full_pool(void **state)
{
    (void)state;
    str request = STR("GET /api/v1/block HTTP/1.1\r\n" WEB_HOST "\r\n");
    int working = web_connect(&web, request);
    until(&begun, 1);
    int queued = web_connect(&web, request);
    (void)usleep(50000);
    str a = web_read(&web, web_connect(&web, request));
    assert_status(a, 503);
    assert_has(a, "\"code\":\"overloaded\"");
    assert_str(web_header(a, "Retry-After", 0), "2");
    may_end = 1;
    assert_status(web_read(&web, working), 204);
    assert_status(web_read(&web, queued), 204);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        CASE(begin_wait_finish),
        CASE(begin_alone),
        CASE(finish_may_fail),
        CASE(no_worker_is_held_meanwhile),
        CASE(repeated_from_the_start),
        CASE(repeated_five_times_at_most),
        CASE(finish_repeated_keeps_what_begin_left),
        CASE(client_gone_while_waiting),
        CASE(client_gone_while_a_worker_works),
        CASE(client_gone_within_the_body),
        CASE(client_that_half_closed_is_answered),
        CASE(full_pool),
    };

    doc_init();
    crypto_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
