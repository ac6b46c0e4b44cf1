/* Listening: the socket, accepting on the first loop and handing each connection to a loop in
 * turn, the caps, the end. Not what happens on a connection (connection.c).
 *
 * Why one accepting loop: with SO_REUSEPORT a second Mortise would start on the same port without
 * a word, and the caps would need more locking. The lock is held for a few instructions only.
 *
 * http_close works in steps that every loop has finished before the next begins: stop accepting;
 * retire (idle connections go, others say "close"); wait; lose what is left; wait for exchanges
 * that the serving side still holds; let the loops come out of the last one's end; free.
 */
#include "http/server.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "http/connection_int.h"

enum {
    BACKLOG = 1024,
    ACCEPT_AGAIN_MS = 100, /* descriptors ran out */
    HEAD_ANSWER_MAX = 1024 * 1024,
};

struct http_limits http_limits_default(void)
{
    return (struct http_limits){
        .head_bytes = (size_t)32 * 1024,
        .header_count = 100,
        .connections = 10000,
        .connections_address = 1000,
        .head_ms = 10000,
        .body_ms = 30000,
        .write_ms = 30000,
        .idle_ms = 60000,
    };
}

str http_header_get(const struct http_request *r, str name)
{
    for (size_t i = 0; i < r->header_count; i++)
        if (str_eq_nocase(r->headers[i].name, name))
            return r->headers[i].value;
    return (str){NULL, 0};
}

int http_server_port(const struct http_server *s)
{
    return s->port;
}

/* The socket */

static enum err bind_fault(struct fault *f, const char *address, int number)
{
    if (number == EADDRINUSE)
        (void)fail(f, ERR_CONFIG,
                   "Mortise cannot listen on %s: another program uses this port. Stop it, or "
                   "choose another port.",
                   address);
    else if (number == EADDRNOTAVAIL)
        (void)fail(f, ERR_CONFIG,
                   "Mortise cannot listen on %s: this machine does not have that address.",
                   address);
    else if (number == EACCES)
        (void)fail(f, ERR_CONFIG,
                   "Mortise may not listen on %s. Choose a port from 1024 on, or give it the right "
                   "to use a lower one.",
                   address);
    else
        (void)fail(f, ERR_CONFIG, "Mortise cannot listen on %s.", address);
    fault_detail(f, "errno %d", number);
    return ERR_CONFIG;
}

static int socket_bind(const struct addrinfo *ai)
{
    const int on = 1, off = 0;
    int number, fd = socket(ai->ai_family, ai->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (ai->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    number = errno;
    close(fd);
    errno = number;
    return -1;
}

/* "HOST:PORT" or "[IPV6]:PORT". Returns 1 and two C strings in storage. */
static int split_address(str address, char ret_host[static 256], char ret_port[static 8])
{
    str host = {NULL, 0}, port = {NULL, 0};
    int64_t number;
    size_t colon = address.n;

    while (colon > 0 && address.p[colon - 1] != ':')
        colon--;
    if (colon < 2)
        return 0;
    host = str_slice(address, 0, colon - 1);
    port = str_slice(address, colon, address.n);
    if (host.p[0] == '[' && host.p[host.n - 1] == ']')
        host = str_slice(host, 1, host.n - 1);
    else if (str_find_char(host, ':') != SIZE_MAX)
        return 0;
    if (host.n == 0 || host.n > 255 || !str_to_int64(port, &number) || number < 0 ||
        number > 65535 || port.n > 5)
        return 0;
    snprintf(ret_host, 256, "%.*s", STR_ARG(host));
    snprintf(ret_port, 8, "%.*s", STR_ARG(port));
    return 1;
}

static enum err open_socket(struct fault *f, const char *address, int *ret_fd)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found = NULL;
    char host[256], port[8];
    int fd = -1, number = 0;

    if (!split_address(str_from(address), host, port))
        return fail(f, ERR_CONFIG,
                    "The address to listen on must look like 127.0.0.1:8080 or [::1]:8080, not "
                    "\"%s\".",
                    address);
    if (getaddrinfo(host, port, &hints, &found) != 0)
        return fail(f, ERR_CONFIG, "Mortise cannot listen on %s: there is no such host.", address);
    for (const struct addrinfo *ai = found; ai && fd < 0; ai = ai->ai_next) {
        fd = socket_bind(ai);
        number = errno;
    }
    freeaddrinfo(found);
    if (fd < 0)
        return bind_fault(f, address, number);
    *ret_fd = fd;
    return ERR_OK;
}

static int port_of(int fd)
{
    struct sockaddr_in6 six = {0}; /* IPv4's port stands at the same place */
    socklen_t n = sizeof(six);

    _Static_assert(offsetof(struct sockaddr_in6, sin6_port) ==
                       offsetof(struct sockaddr_in, sin_port),
                   "the port of both families at one place");
    must(getsockname(fd, (struct sockaddr *)&six, &n) == 0);
    return ntohs(six.sin6_port);
}

/* Steps on every loop */

struct posted_step {
    struct http_part *part;
    void (*fn)(struct http_part *part);
};

static void run_step(void *arg)
{
    struct posted_step *step = arg;
    struct http_server *s = step->part->server;

    step->fn(step->part);
    mem_free(step);
    pthread_mutex_lock(&s->lock);
    s->steps--;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

/* Runs fn for the first `count` loops' parts, on their threads, and waits for all. */
static void on_parts(struct http_server *s, size_t count, void (*fn)(struct http_part *part))
{
    pthread_mutex_lock(&s->lock);
    s->steps = count;
    pthread_mutex_unlock(&s->lock);
    for (size_t i = 0; i < count; i++) {
        struct posted_step *step = mem_new(struct posted_step);

        must(!loop_is_current(s->parts[i].loop));
        *step = (struct posted_step){&s->parts[i], fn};
        loop_post(s->parts[i].loop, run_step, step);
    }
    pthread_mutex_lock(&s->lock);
    while (s->steps > 0)
        pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

static const struct timeval *deadline_of(struct http_part *part, int ms)
{
    const struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000L};
    const struct timeval *common = NULL;

    must(ms > 0);
    common = event_base_init_common_timeout(loop_base(part->loop), &tv);
    must(common != NULL);
    return common;
}

static void part_start(struct http_part *part)
{
    const struct http_limits *l = &part->server->limits;

    part->deadlines[DEADLINE_HEAD] = deadline_of(part, l->head_ms);
    part->deadlines[DEADLINE_BODY] = deadline_of(part, l->body_ms);
    part->deadlines[DEADLINE_WRITE] = deadline_of(part, l->write_ms);
    part->deadlines[DEADLINE_IDLE] = deadline_of(part, l->idle_ms);
    part->deadlines[DEADLINE_LINGER] = deadline_of(part, LINGER_PAUSE_MS);
}

/* Accepting */

struct handed_over {
    struct http_part *part;
    evutil_socket_t fd;
    struct caps_address address;
    char remote[64];
};

static void take_over(void *arg)
{
    struct handed_over *h = arg;

    connection_open(h->part, h->fd, h->address, h->remote);
    mem_free(h);
}

/* A flood is logged once a minute. */
static int is_logged_already(int64_t *when_ms)
{
    int64_t now = clock_monotonic_ms();

    if (*when_ms && now - *when_ms < CLOCK_MINUTE_MS)
        return 1;
    *when_ms = now;
    return 0;
}

static void log_full(struct http_server *s, enum caps_result result, const char *remote)
{
    if (is_logged_already(&s->full_logged_ms[result]))
        return;
    log_event(
        s->log, LOG_WARNING, "http_connections_full",
        LOG_STR("limit", str_from(result == CAPS_FULL ? "connections" : "connections_address")),
        LOG_STR("remote", str_from(remote)));
}

/* Who came when all places were taken gets that of the longest idle one on this loop, and stays on
 * it, so that the loop has others to give next time. */
static int takes_place(struct http_server *s, struct caps_address address, struct http_part **ret)
{
    enum caps_result result;

    if (!connection_shed(&s->parts[0]))
        return 0;
    pthread_mutex_lock(&s->lock);
    result = caps_take(&s->caps, address);
    pthread_mutex_unlock(&s->lock);
    *ret = &s->parts[0];
    return result == CAPS_OK;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *peer,
                      int length, void *arg)
{
    struct http_server *s = arg;
    struct handed_over *h = mem_new(struct handed_over);
    const int on = 1;
    enum caps_result result;

    (void)listener;
    (void)length;
    h->address = caps_address_of(peer, h->remote);
    h->fd = fd;
    pthread_mutex_lock(&s->lock);
    result = caps_take(&s->caps, h->address);
    pthread_mutex_unlock(&s->lock);
    if (result == CAPS_OK)
        h->part = &s->parts[s->next_part++ % s->part_count];
    else
        log_full(s, result, h->remote);
    if (result == CAPS_ADDRESS_FULL ||
        (result == CAPS_FULL && !takes_place(s, h->address, &h->part))) {
        close(fd);
        mem_free(h);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (h->part == &s->parts[0])
        take_over(h);
    else
        loop_post(h->part->loop, take_over, h);
}

static void on_accept_again(evutil_socket_t fd, short what, void *arg)
{
    struct http_server *s = arg;

    (void)fd;
    (void)what;
    evconnlistener_enable(s->listener);
}

static void on_accept_error(struct evconnlistener *listener, void *arg)
{
    const struct timeval again = {.tv_usec = ACCEPT_AGAIN_MS * 1000L};
    struct http_server *s = arg;

    int number = errno;

    if (!is_logged_already(&s->failed_logged_ms))
        log_event(s->log, LOG_ERROR, "http_accept_failed", LOG_INT("errno", number));
    evconnlistener_disable(listener);
    event_add(s->accept_again, &again);
}

static void part_listen(struct http_part *part)
{
    struct http_server *s = part->server;
    struct event_base *base = loop_base(part->loop);

    s->accept_again = evtimer_new(base, on_accept_again, s);
    s->listener = evconnlistener_new(base, on_accept, s,
                                     LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, s->fd);
    must(s->listener && s->accept_again);
    evconnlistener_set_error_cb(s->listener, on_accept_error);
}

enum err http_listen(struct fault *f, struct loops *loops, const char *address,
                     struct http_limits limits, struct http_serving serving, struct log *log,
                     struct http_server **ret)
{
    struct http_server *s = NULL;
    pthread_condattr_t attr;
    int fd = -1;
    enum err e = open_socket(f, address, &fd);

    if (e)
        return e;
    s = mem_new(struct http_server);
    s->limits = limits;
    s->serving = serving;
    s->log = log;
    s->fd = fd;
    s->port = port_of(fd);
    must(serving.on_head && limits.connections > 0 && limits.connections_address > 0);
    must(pthread_mutex_init(&s->lock, NULL) == 0 && pthread_condattr_init(&attr) == 0);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    must(pthread_cond_init(&s->changed, &attr) == 0);
    pthread_condattr_destroy(&attr);
    caps_init(&s->caps, limits.connections, limits.connections_address);
    s->part_count = loops_count(loops);
    s->parts = mem_alloc_array(s->part_count, sizeof(s->parts[0]));
    for (size_t i = 0; i < s->part_count; i++) {
        s->parts[i].server = s;
        s->parts[i].loop = loops_at(loops, i);
        buf_init(&s->parts[i].scratch, HEAD_ANSWER_MAX);
        wire_gather_init(&s->parts[i].gather, &s->queued);
    }
    on_parts(s, s->part_count, part_start);
    on_parts(s, 1, part_listen);
    *ret = s;
    return ERR_OK;
}

/* The end */

static void part_stop_accepting(struct http_part *part)
{
    evconnlistener_free(part->server->listener);
    event_free(part->server->accept_again);
}

static void part_retire(struct http_part *part)
{
    struct http_stream *next = NULL;

    part->closing = 1;
    for (struct http_stream *s = part->first; s; s = next) {
        next = s->next; /* retiring calls nobody, so that next stays */
        connection_retire(s);
    }
}

static struct http_stream *first_not_lost(struct http_part *part)
{
    struct http_stream *s = part->first;

    while (s && s->lost)
        s = s->next;
    return s;
}

static void part_lose(struct http_part *part)
{
    struct http_stream *s = NULL;

    while ((s = first_not_lost(part)) != NULL)
        connection_lose(s);
}

static void part_settle(struct http_part *part)
{
    must(!part->first);
}

/* until_ms 0: as long as it takes. */
static void wait_for_none(struct http_server *s, int64_t until_ms)
{
    const struct timespec until = {.tv_sec = until_ms / 1000,
                                   .tv_nsec = (until_ms % 1000) * 1000000};
    int rc = 0;

    pthread_mutex_lock(&s->lock);
    while (s->caps.count > 0 && rc == 0)
        rc = until_ms ? pthread_cond_timedwait(&s->changed, &s->lock, &until)
                      : pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

void http_close(struct http_server *s, int grace_ms)
{
    if (!s)
        return;
    on_parts(s, 1, part_stop_accepting);
    on_parts(s, s->part_count, part_retire);
    wait_for_none(s, clock_monotonic_ms() + grace_ms);
    on_parts(s, s->part_count, part_lose);
    wait_for_none(s, 0);
    on_parts(s, s->part_count, part_settle);
    for (size_t i = 0; i < s->part_count; i++) {
        buf_done(&s->parts[i].scratch);
        wire_gather_done(&s->parts[i].gather);
    }
    caps_done(&s->caps);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    mem_free(s->parts);
    mem_free(s);
}
