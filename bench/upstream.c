/* The upstream of the benchmark: answers every request on its port with the same bytes, at once or
 * after a fixed delay, and costs as little as a server can, because it shares a core with the load.
 *
 * usage: bench-upstream PORT BODY_FILE DELAY_MS AUTHORIZATION
 *
 * A request that does not carry exactly that Authorization is answered 401, so that a proxy that
 * lost the credential is seen. Requests have no body. Not a web server: one thread, HTTP/1.1 with
 * keep-alive, loopback only, and anything odd closes the connection.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 65536
#define HEAD_MAX 8192
#define EVENTS 256

struct connection {
    uint32_t generation; /* of the descriptor: an answer that is due may find another connection */
    size_t n;
    char head[HEAD_MAX + 1];
};

/* An answer that is due later. All wait equally long, so the oldest is the first. */
struct due {
    uint64_t at_ns;
    int fd;
    uint32_t generation;
};

struct upstream {
    int epoll, listener;
    uint64_t delay_ns;
    char authorization[512]; /* the whole line, as it must stand in the head */
    char *ok, *refused;
    size_t ok_n, refused_n;
    struct connection *at[CONNECTIONS_MAX];
    uint32_t generations[CONNECTIONS_MAX];
    struct due due[CONNECTIONS_MAX];
    size_t due_first, due_count;
};

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* -- answers -- */

static char *answer_of(const char *status, const char *body, size_t n, size_t *ret_n)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, ret_n);

    if (out == NULL)
        die("open_memstream");
    /* The headers a Jira site sends, most of which a relay has to drop. */
    fprintf(out,
            "HTTP/1.1 %s\r\nDate: Sat, 28 Nov 2026 12:00:00 GMT\r\nServer: AtlassianEdge\r\n"
            "Content-Type: application/json;charset=UTF-8\r\nContent-Length: %zu\r\n"
            "X-Arequestid: 4f1c6ac2f8bb4a0fa1f2b1c2d3e4f506\r\nX-Aaccountid: "
            "5b10a2844c20165700ede21g\r\n"
            "Cache-Control: no-cache, no-store, no-transform\r\nVary: Accept-Encoding\r\n"
            "X-Content-Type-Options: nosniff\r\nX-Xss-Protection: 1; mode=block\r\n"
            "Atl-Traceid: 8d1fb4e9c1de4c0f9ec1a7c1b7e2a301\r\n"
            "Strict-Transport-Security: max-age=63072000; includeSubDomains; preload\r\n\r\n",
            status, n);
    fwrite(body, 1, n, out);
    fclose(out);
    return text;
}

static void read_body(struct upstream *u, const char *path)
{
    static char body[1 << 20];
    FILE *in = fopen(path, "r");

    if (in == NULL)
        die(path);
    size_t n = fread(body, 1, sizeof body, in);
    fclose(in);
    u->ok = answer_of("200 OK", body, n, &u->ok_n);
    u->refused = answer_of("401 Unauthorized", "{}", 2, &u->refused_n);
}

/* -- connections -- */

static void drop(struct upstream *u, int fd)
{
    u->generations[fd]++;
    free(u->at[fd]);
    u->at[fd] = NULL;
    close(fd);
}

static void send_all(struct upstream *u, int fd, const char *bytes, size_t n)
{
    if (send(fd, bytes, n, MSG_NOSIGNAL) != (ssize_t)n)
        drop(u, fd);
}

static void answer(struct upstream *u, int fd, const char *head)
{
    if (strcasestr(head, u->authorization) == NULL) {
        send_all(u, fd, u->refused, u->refused_n);
    } else if (u->delay_ns == 0) {
        send_all(u, fd, u->ok, u->ok_n);
    } else if (u->due_count < CONNECTIONS_MAX) {
        u->due[(u->due_first + u->due_count++) % CONNECTIONS_MAX] =
            (struct due){now_ns() + u->delay_ns, fd, u->generations[fd]};
    } else {
        drop(u, fd);
    }
}

static void answer_due(struct upstream *u, uint64_t now)
{
    while (u->due_count > 0 && u->due[u->due_first].at_ns <= now) {
        struct due d = u->due[u->due_first];
        u->due_first = (u->due_first + 1) % CONNECTIONS_MAX;
        u->due_count--;
        if (u->at[d.fd] != NULL && u->generations[d.fd] == d.generation)
            send_all(u, d.fd, u->ok, u->ok_n);
    }
}

static void on_readable(struct upstream *u, int fd)
{
    struct connection *c = u->at[fd];
    ssize_t got = recv(fd, c->head + c->n, HEAD_MAX - c->n, 0);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        drop(u, fd);
        return;
    }
    c->n += (size_t)got;
    c->head[c->n] = '\0';
    char *end = strstr(c->head, "\r\n\r\n");
    if (end == NULL && c->n == HEAD_MAX) {
        drop(u, fd);
    } else if (end != NULL && end + 4 != c->head + c->n) {
        fprintf(stderr, "upstream: bytes behind a head\n"); /* a body, or pipelining */
        drop(u, fd);
    } else if (end != NULL) {
        c->n = 0;
        answer(u, fd, c->head);
    }
}

static void accept_all(struct upstream *u)
{
    int fd, one = 1;

    while ((fd = accept4(u->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
        if (fd >= CONNECTIONS_MAX || (u->at[fd] = calloc(1, sizeof **u->at)) == NULL)
            die("too many connections");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (epoll_ctl(u->epoll, EPOLL_CTL_ADD, fd, &e) != 0)
            die("epoll_ctl");
    }
}

/* -- start -- */

static void listen_on(struct upstream *u, uint16_t port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    int one = 1;

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    u->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(u->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(u->listener, (struct sockaddr *)&a, sizeof a) != 0 || listen(u->listener, 16384) != 0)
        die("listen");
    struct epoll_event e = {.events = EPOLLIN, .data.fd = u->listener};
    u->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ctl(u->epoll, EPOLL_CTL_ADD, u->listener, &e) != 0)
        die("epoll_ctl");
}

static void serve(struct upstream *u)
{
    struct epoll_event events[EVENTS];

    for (;;) {
        uint64_t now = now_ns();
        int timeout = -1;
        answer_due(u, now);
        if (u->due_count > 0)
            timeout = (int)((u->due[u->due_first].at_ns - now) / 1000000 + 1);
        int n = epoll_wait(u->epoll, events, EVENTS, timeout);
        for (int i = 0; i < n; i++) {
            if (events[i].data.fd == u->listener)
                accept_all(u);
            else
                on_readable(u, events[i].data.fd);
        }
    }
}

int main(int argc, char **argv)
{
    struct upstream *u = calloc(1, sizeof *u);
    struct rlimit files;

    if (u == NULL || argc != 5) {
        fprintf(stderr, "usage: bench-upstream PORT BODY_FILE DELAY_MS AUTHORIZATION\n");
        return 2;
    }
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    u->delay_ns = strtoull(argv[3], NULL, 10) * 1000000u;
    snprintf(u->authorization, sizeof u->authorization, "\r\nAuthorization: %s\r\n", argv[4]);
    read_body(u, argv[2]);
    listen_on(u, (uint16_t)strtoul(argv[1], NULL, 10));
    printf("upstream is ready\n");
    fflush(stdout);
    serve(u);
}
