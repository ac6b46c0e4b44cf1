/* The test server. Threads: one that accepts, one a connection; the counts are under the mutex. */
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/thread.h"

#define CONNECTIONS_MAX 1024
#define LOG_MAX 4096

struct connection {
    struct server *server;
    pthread_t thread;
    int fd;
    SSL *tls;
    char buffer[65536];
    size_t have;
};

struct server {
    server_answer answer;
    SSL_CTX *tls;
    int listener;
    int port;
    int stop; /* eventfd: readable once stopping */
    pthread_t thread;
    pthread_mutex_t mutex;
    struct connection *connections[CONNECTIONS_MAX];
    int connection_count;
    char *log[LOG_MAX];
    int log_count;
};

/* 1 when fd can be read, 0 when the server stops or time is up. */
static int ready(struct server *s, int fd, int ms)
{
    struct pollfd fds[2] = {{.fd = fd, .events = POLLIN}, {.fd = s->stop, .events = POLLIN}};

    if (poll(fds, 2, ms) <= 0 || fds[1].revents)
        return 0;
    return fds[0].revents != 0;
}

static ssize_t read_some(struct connection *c, char *to, size_t room)
{
    if (c->tls)
        return SSL_pending(c->tls) || ready(c->server, c->fd, -1) ? SSL_read(c->tls, to, (int)room)
                                                                  : -1;
    return ready(c->server, c->fd, -1) ? read(c->fd, to, room) : -1;
}

static int fill(struct connection *c)
{
    ssize_t n = read_some(c, c->buffer + c->have, sizeof(c->buffer) - 1 - c->have);

    if (n <= 0)
        return 0;
    c->have += (size_t)n;
    c->buffer[c->have] = '\0';
    return 1;
}

static void drop(struct connection *c, size_t n)
{
    memmove(c->buffer, c->buffer + n, c->have - n + 1);
    c->have -= n;
}

static size_t content_length(const char *head)
{
    const char *at = strcasestr(head, "\r\nContent-Length:");

    return at ? strtoul(at + 17, NULL, 10) : 0;
}

static int read_body(struct connection *c, struct server_request *r)
{
    size_t got = 0;

    r->body_size = content_length(r->head);
    r->body = mem_alloc(r->body_size + 1);
    while (got < r->body_size) {
        size_t part = c->have < r->body_size - got ? c->have : r->body_size - got;
        memcpy(r->body + got, c->buffer, part);
        drop(c, part);
        got += part;
        if (got < r->body_size && !fill(c))
            return 0;
    }
    return 1;
}

static int read_request(struct connection *c, struct server_request *r)
{
    char *end;
    size_t n;

    if (c->have == 0 && !fill(c))
        return 0;
    if (c->buffer[0] == 0x16) { /* the other side speaks TLS */
        server_write(r, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
        return 0;
    }
    while ((end = strstr(c->buffer, "\r\n\r\n")) == NULL) {
        if (c->have == sizeof(c->buffer) - 1 || !fill(c))
            return 0;
    }
    n = (size_t)(end - c->buffer) + 4;
    must(n < sizeof(r->head));
    memcpy(r->head, c->buffer, n);
    r->head[n] = '\0';
    drop(c, n);
    if (sscanf(r->head, "%15s %16383s", r->method, r->target) != 2)
        return 0;
    return read_body(c, r);
}

static void note(struct server *s, const char *target)
{
    size_t n = strlen(target) + 1;

    must(pthread_mutex_lock(&s->mutex) == 0);
    must(s->log_count < LOG_MAX);
    s->log[s->log_count] = mem_alloc(n);
    memcpy(s->log[s->log_count++], target, n);
    must(pthread_mutex_unlock(&s->mutex) == 0);
}

static void *serve(void *arg)
{
    struct connection *c = arg;
    struct server_request *r = mem_new(struct server_request);
    int more = c->tls == NULL || SSL_accept(c->tls) == 1;

    r->server = c->server;
    r->connection = c;
    while (more && read_request(c, r)) {
        r->number++;
        note(c->server, r->target);
        more = c->server->answer(r);
        mem_free(r->body);
        r->body = NULL;
    }
    if (c->tls && more)
        (void)SSL_shutdown(c->tls);
    (void)shutdown(c->fd, SHUT_RDWR); /* the descriptor stays until server_stop */
    mem_free(r->body);
    mem_free(r);
    return NULL;
}

static void take_connection(struct server *s, int fd)
{
    struct connection *c = mem_new(struct connection);

    c->server = s;
    c->fd = fd;
    if (s->tls) {
        c->tls = SSL_new(s->tls);
        must(c->tls != NULL && SSL_set_fd(c->tls, fd) == 1);
    }
    must(pthread_mutex_lock(&s->mutex) == 0);
    must(s->connection_count < CONNECTIONS_MAX);
    s->connections[s->connection_count++] = c;
    must(pthread_mutex_unlock(&s->mutex) == 0);
    c->thread = thread_start("connection", serve, c);
}

static void *accept_all(void *arg)
{
    struct server *s = arg;

    while (ready(s, s->listener, -1)) {
        int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            take_connection(s, fd);
    }
    return NULL;
}

static void start_tls(struct server *s, const char *pem)
{
    s->tls = SSL_CTX_new(TLS_server_method());
    must(s->tls != NULL);
    must(SSL_CTX_use_certificate_chain_file(s->tls, pem) == 1);
    must(SSL_CTX_use_PrivateKey_file(s->tls, pem, SSL_FILETYPE_PEM) == 1);
}

struct server *server_start(server_answer answer, const char *pem)
{
    struct server *s = mem_new(struct server);
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof(in);

    s->answer = answer;
    if (pem)
        start_tls(s, pem);
    must(pthread_mutex_init(&s->mutex, NULL) == 0);
    s->stop = eventfd(0, EFD_CLOEXEC);
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(s->stop >= 0 && s->listener >= 0);
    must(bind(s->listener, (struct sockaddr *)&in, sizeof(in)) == 0);
    must(listen(s->listener, 1024) == 0);
    must(getsockname(s->listener, (struct sockaddr *)&in, &n) == 0);
    s->port = ntohs(in.sin_port);
    s->thread = thread_start("accept", accept_all, s);
    return s;
}

void server_stop(struct server *s)
{
    must(eventfd_write(s->stop, 1) == 0);
    must(pthread_join(s->thread, NULL) == 0);
    for (int i = 0; i < s->connection_count; i++) {
        struct connection *c = s->connections[i];
        (void)shutdown(c->fd, SHUT_RDWR);
        must(pthread_join(c->thread, NULL) == 0);
        SSL_free(c->tls);
        (void)close(c->fd);
        mem_free(c);
    }
    for (int i = 0; i < s->log_count; i++)
        mem_free(s->log[i]);
    SSL_CTX_free(s->tls);
    (void)close(s->listener);
    (void)close(s->stop);
    must(pthread_mutex_destroy(&s->mutex) == 0);
    mem_free(s);
}

int server_port(const struct server *s)
{
    return s->port;
}

int server_count(struct server *s, const char *target)
{
    int n = 0;

    must(pthread_mutex_lock(&s->mutex) == 0);
    for (int i = 0; i < s->log_count; i++)
        n += strncmp(s->log[i], target, strlen(target)) == 0;
    must(pthread_mutex_unlock(&s->mutex) == 0);
    return n;
}

int server_connections(struct server *s)
{
    int n;

    must(pthread_mutex_lock(&s->mutex) == 0);
    n = s->connection_count;
    must(pthread_mutex_unlock(&s->mutex) == 0);
    return n;
}

void server_write(struct server_request *r, const char *bytes, size_t n)
{
    struct connection *c = r->connection;

    while (n > 0) {
        ssize_t sent =
            c->tls ? SSL_write(c->tls, bytes, (int)n) : send(c->fd, bytes, n, MSG_NOSIGNAL);
        if (sent <= 0)
            return; /* the client is gone */
        bytes += sent;
        n -= (size_t)sent;
    }
}

void server_reply(struct server_request *r, int status, const char *type, const char *headers,
                  const char *body)
{
    char head[2048];
    int n = snprintf(head, sizeof(head),
                     "HTTP/1.1 %d Whatever\r\nContent-Type: %s\r\n%sContent-Length: %zu\r\n\r\n",
                     status, type, headers, strlen(body));

    must(n > 0 && (size_t)n < sizeof(head));
    server_write(r, head, (size_t)n);
    server_write(r, body, strlen(body));
}

void server_wait(struct server_request *r, int ms)
{
    struct connection *c = r->connection;

    (void)ready(c->server, c->fd, ms);
}

int server_has(const struct server_request *r, const char *text)
{
    return strcasestr(r->head, text) != NULL;
}
