#include "support.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"

enum { CLIENT_TIMEOUT_S = 10 };

struct http_limits test_limits(void)
{
    struct http_limits l = http_limits_default();

    l.head_bytes = 8192;
    l.header_count = 50;
    l.head_ms = 5000;
    l.body_ms = 5000;
    l.write_ms = 5000;
    l.idle_ms = 5000;
    return l;
}

void test_server_start(struct test_server *t, struct http_limits limits,
                       struct http_serving serving)
{
    struct fault f = {0};

    (void)signal(SIGPIPE, SIG_IGN); /* what signals_harden() does in the product */
    t->loops = loops_start(2);
    if (http_listen(&f, t->loops, "127.0.0.1:0", limits, serving, NULL, &t->http))
        fail_msg("%s", fault_text(&f));
}

void test_server_stop(struct test_server *t)
{
    http_close(t->http, 0);
    loops_stop(t->loops);
}

struct mirror {
    struct http_stream *stream;
    struct buf answer;
};

static void mirror_free(void *arg)
{
    struct mirror *m = arg;

    buf_done(&m->answer);
    mem_free(m);
}

static void mirror_body(void *arg, str chunk)
{
    buf_add(&((struct mirror *)arg)->answer, chunk);
}

static void mirror_end(void *arg)
{
    const struct http_header type = {STR("Content-Type"), STR("text/plain")};
    struct mirror *m = arg;

    http_respond(m->stream, 200, &type, 1, buf_str(&m->answer));
    mirror_free(m);
}

static void mirror_head(void *arg, struct http_stream *s, const struct http_request *r)
{
    struct mirror *m = mem_new(struct mirror);

    (void)arg;
    m->stream = s;
    buf_init(&m->answer, (size_t)2 << 20);
    buf_add(&m->answer, r->method); /* piece by piece: a sanitizer looks at each */
    buf_add_char(&m->answer, ' ');
    buf_add(&m->answer, r->target);
    buf_add_char(&m->answer, ' ');
    buf_add(&m->answer, r->host);
    buf_add_char(&m->answer, ' ');
    http_accept_body(
        s,
        (struct http_callbacks){
            .on_body = mirror_body, .on_end = mirror_end, .on_gone = mirror_free, .arg = m},
        (size_t)1 << 20);
}

struct http_serving serving_mirror(void)
{
    return (struct http_serving){mirror_head, NULL};
}

int client_connect(const struct test_server *t)
{
    int fd = client_try_connect(http_server_port(t->http));

    assert_true(fd >= 0);
    return fd;
}

int client_try_connect(int port)
{
    const struct timeval timeout = {.tv_sec = CLIENT_TIMEOUT_S};
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0)
        return fd;
    close(fd);
    return -1;
}

int client_send(int fd, str bytes)
{
    while (bytes.n > 0) {
        ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);

        if (n < 0)
            return 0;
        bytes = str_slice(bytes, (size_t)n, bytes.n);
    }
    return 1;
}

int client_send_slowly(int fd, str bytes)
{
    for (size_t i = 0; i < bytes.n; i++)
        if (!client_send(fd, str_slice(bytes, i, i + 1)))
            return 0;
    return 1;
}

static int read_byte(int fd, char *ret)
{
    ssize_t n = recv(fd, ret, 1, 0);

    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        fail_msg("the server neither answers nor closes");
    return n == 1;
}

/* Up to and with the empty line (head), or one line (a chunk's size). */
static int read_until(int fd, const char *end, char *to, size_t room)
{
    size_t n = 0;

    to[0] = '\0';
    while (n + 1 < room && read_byte(fd, to + n)) {
        to[++n] = '\0';
        if (n >= strlen(end) && strcmp(to + n - strlen(end), end) == 0)
            return 1;
    }
    return 0;
}

static int read_body(int fd, size_t n, struct answer *a)
{
    for (size_t i = 0; i < n; i++) {
        char c;

        if (!read_byte(fd, &c))
            return 0;
        if (a->body_n + 1 < sizeof(a->body))
            a->body[a->body_n] = c;
        a->body_n++;
    }
    return 1;
}

static void read_chunks(int fd, struct answer *a)
{
    char line[64];
    unsigned long n;

    do {
        if (!read_until(fd, "\r\n", line, sizeof(line)))
            fail_msg("answer broken off in a chunk");
        n = strtoul(line, NULL, 16);
        if (!read_body(fd, n, a) || !read_until(fd, "\r\n", line, sizeof(line)))
            fail_msg("answer broken off in a chunk");
    } while (n > 0);
}

void client_read(int fd, enum client_expects expects, struct answer *ret)
{
    const char *length;

    *ret = (struct answer){0};
    if (!read_until(fd, "\r\n\r\n", ret->head, sizeof(ret->head)))
        return;
    assert_int_equal(sscanf(ret->head, "HTTP/1.1 %d ", &ret->status), 1);
    length = strstr(ret->head, "\r\nContent-Length: ");
    if (expects == CLIENT_NO_BODY || ret->status < 200)
        return;
    if (length && !read_body(fd, strtoul(length + 18, NULL, 10), ret))
        fail_msg("answer broken off in its body");
    else if (answer_has(ret, "Transfer-Encoding: chunked"))
        read_chunks(fd, ret);
}

int answer_has(const struct answer *a, const char *line)
{
    const char *found = strstr(a->head, line);

    return found && found[-1] == '\n' && found[strlen(line)] == '\r';
}

int client_is_closed(int fd)
{
    char c;
    ssize_t n = recv(fd, &c, 1, 0);

    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        fail_msg("the server does not close");
    return n < 0 ? -1 : n == 0;
}

void wait_for(atomic_int *counter, int at_least)
{
    const struct timespec pause = {.tv_nsec = 2000000};

    for (int i = 0; i < 2500 && atomic_load(counter) < at_least; i++)
        nanosleep(&pause, NULL);
    if (atomic_load(counter) < at_least)
        fail_msg("waited in vain: %d of %d", atomic_load(counter), at_least);
}
