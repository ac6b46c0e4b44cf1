/* The load of the benchmark: GETs over keep-alive connections, either as fast as they are answered
 * (closed loop) or at a fixed rate whatever the answers do (open loop: Poisson arrivals, latency
 * from the moment a request was due, so that a stall counts for everyone who had to wait). Checks
 * every answer; a request without a whole, right answer is lost.
 *
 * usage: bench-load PORT PATH AUTHORIZATION [NAME=VALUE...]
 *   connections=64  seconds=3  warm=0.5 (not counted)  ramp=0 (seconds in which connections open)
 *   rate=0 (requests a second; 0: closed loop)  bytes=0 (of a right answer's body; 0: any)
 *   count=0 (so many requests, without a warm-up; 0: by time)
 *   pid=0 (of the proxy, several times: whose processor time in the window is counted)
 *
 * Prints one JSON object. Times are microseconds. Connections come from several addresses of the
 * loopback network, 900 each. One thread; loopback only; no TLS.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HEAD_MAX 8192
#define EVENTS 256
#define PIDS_MAX 8
#define AN_ADDRESS 900
#define DRAIN_NS 15000000000u
#define SECOND 1000000000u

enum state { CLOSED, CONNECTING, IDLE, HEAD, BODY, CHUNK_SIZE, CHUNK, CHUNK_END, TRAILER };

struct connection {
    int fd;
    enum state state;
    uint64_t since; /* when the request that is under way was due */
    size_t head_n;
    uint64_t left; /* of the body or the chunk */
    uint64_t got;  /* of the body */
    int status, closing, line_n;
    char head[HEAD_MAX + 1];
};

struct options {
    uint16_t port;
    size_t connections;
    double seconds, warm, ramp, rate;
    uint64_t bytes, count;
    int pids[PIDS_MAX];
    size_t pid_count;
};

struct load {
    struct options o;
    int epoll;
    char request[2048];
    size_t request_n;
    struct connection *all;
    size_t opened;
    size_t *idle, idle_first, idle_count; /* open loop: a ring, so that all take turns */
    uint64_t *late, late_first, late_count, late_room; /* due, but no connection is free */
    uint64_t next_due, random;
    uint64_t begin, window, end; /* connections, counting, sending */
    int counting, over;
    uint64_t sent, under_way, under_way_max;
    uint64_t answered, lost, wrong, failed_connects, cpu_us;
    uint32_t *took; /* tenths of a microsecond */
    size_t took_n, took_room;
};

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void *must_have(void *p)
{
    if (p == NULL)
        die("memory");
    return p;
}

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

/* -- the proxy's processor time -- */

static uint64_t cpu_of(int pid)
{
    char path[64], text[1024];
    unsigned long long user = 0, system = 0;

    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *in = fopen(path, "r");
    if (in == NULL)
        die(path);
    text[fread(text, 1, sizeof text - 1, in)] = '\0';
    fclose(in);
    const char *fields = strrchr(text, ')');
    if (fields == NULL || sscanf(fields, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu",
                                 &user, &system) != 2)
        die(path);
    return (user + system) * 1000000u / (uint64_t)sysconf(_SC_CLK_TCK);
}

static uint64_t cpu_us(const struct load *l)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < l->o.pid_count; i++)
        sum += cpu_of(l->o.pids[i]);
    return sum;
}

/* -- connections -- */

static void lose(struct load *l, struct connection *c)
{
    if (c->state >= HEAD) {
        l->lost++;
        l->under_way--;
    }
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    c->state = CLOSED;
}

static int connect_from(size_t index, uint16_t port)
{
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        die("socket");
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + (uint32_t)(index / AN_ADDRESS));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(port);
    if (bind(fd, (struct sockaddr *)&from, sizeof from) != 0)
        die("bind");
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS) {
        close(fd);
        return -1;
    }
    return fd;
}

static void open_connection(struct load *l, struct connection *c)
{
    c->fd = connect_from((size_t)(c - l->all), l->o.port);
    c->state = c->fd < 0 ? CLOSED : CONNECTING;
    if (c->fd < 0) {
        l->failed_connects++;
        return;
    }
    struct epoll_event e = {.events = EPOLLOUT, .data.u64 = (uint64_t)(c - l->all)};
    if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &e) != 0)
        die("epoll_ctl");
}

/* -- requests -- */

static void send_request(struct load *l, struct connection *c, uint64_t due)
{
    c->state = HEAD;
    c->since = due;
    c->head_n = 0;
    c->got = 0;
    l->sent++;
    if (++l->under_way > l->under_way_max)
        l->under_way_max = l->under_way;
    if (send(c->fd, l->request, l->request_n, MSG_NOSIGNAL) != (ssize_t)l->request_n)
        lose(l, c);
}

/* A connection has nothing to do: the next request, or it waits for one. */
static void next(struct load *l, struct connection *c)
{
    c->state = IDLE;
    if ((l->over && l->o.rate == 0) || (l->o.count > 0 && l->sent >= l->o.count))
        return;
    if (l->o.rate == 0) {
        send_request(l, c, now_ns());
    } else if (l->late_count > 0) {
        uint64_t due = l->late[l->late_first++ % l->late_room];
        l->late_count--;
        send_request(l, c, due);
    } else if (!l->over) {
        l->idle[(l->idle_first + l->idle_count++) % l->o.connections] = (size_t)(c - l->all);
    }
}

static double uniform(struct load *l) /* xorshift64*, in (0, 1] */
{
    l->random ^= l->random >> 12;
    l->random ^= l->random << 25;
    l->random ^= l->random >> 27;
    return (double)((l->random * 2685821657736338717u) >> 11) / 9007199254740992.0 + 1e-16;
}

static void send_due(struct load *l, uint64_t now)
{
    while (l->o.rate > 0 && !l->over && l->next_due <= now) {
        uint64_t due = l->next_due;
        l->next_due += (uint64_t)(-log(uniform(l)) / l->o.rate * 1e9);
        struct connection *c = NULL;
        while (c == NULL && l->idle_count > 0) {
            c = &l->all[l->idle[l->idle_first % l->o.connections]];
            l->idle_first++;
            l->idle_count--;
            if (c->state != IDLE) /* closed while it waited */
                c = NULL;
        }
        if (c != NULL)
            send_request(l, c, due);
        else if (l->late_count < l->late_room)
            l->late[(l->late_first + l->late_count++) % l->late_room] = due;
        else
            l->lost++;
    }
}

static void note(struct load *l, const struct connection *c)
{
    uint64_t took = (now_ns() - c->since) / 100;

    l->answered++;
    if (l->took_n == l->took_room) {
        l->took_room = l->took_room * 2 + 65536;
        l->took = must_have(realloc(l->took, l->took_room * sizeof *l->took));
    }
    l->took[l->took_n++] = took > UINT32_MAX ? UINT32_MAX : (uint32_t)took;
}

/* Open loop: due within the window, whenever it was answered; else answered within it. */
static int counts(const struct load *l, uint64_t due)
{
    if (l->o.rate == 0)
        return l->counting;
    return due >= l->window && (l->counting || (l->over && due < l->end));
}

static void whole(struct load *l, struct connection *c)
{
    l->under_way--;
    if (c->status != 200 || (l->o.bytes != 0 && c->got != l->o.bytes)) {
        if (l->wrong++ == 0)
            fprintf(stderr, "load: status %d, %llu bytes: %s\n", c->status,
                    (unsigned long long)c->got, c->head);
        l->lost++;
    } else if (counts(l, c->since)) {
        note(l, c);
    }
    if (!c->closing) {
        next(l, c);
        return;
    }
    c->state = IDLE;
    lose(l, c); /* nothing is lost: it was answered */
    if (!l->over)
        open_connection(l, c);
}

/* -- answers -- */

static const char *header(const char *head, const char *name)
{
    const char *at = strcasestr(head, name);

    return at == NULL ? NULL : at + strlen(name);
}

static void head_done(struct load *l, struct connection *c)
{
    const char *length = header(c->head, "\r\nContent-Length:");

    c->closing = header(c->head, "\r\nConnection: close") != NULL;
    c->line_n = 0;
    c->left = 0;
    if (sscanf(c->head, "HTTP/1.1 %d", &c->status) != 1) {
        lose(l, c);
    } else if (header(c->head, "\r\nTransfer-Encoding: chunked") != NULL) {
        c->state = CHUNK_SIZE;
    } else if (length != NULL) {
        c->left = strtoull(length, NULL, 10);
        c->state = BODY;
    } else {
        lose(l, c);
    }
}

static size_t take_head(struct load *l, struct connection *c, const char *p, size_t n)
{
    size_t before = c->head_n, room = HEAD_MAX - before, take = n < room ? n : room;

    memcpy(c->head + before, p, take);
    c->head_n += take;
    c->head[c->head_n] = '\0';
    char *end = strstr(c->head + (before < 3 ? 0 : before - 3), "\r\n\r\n");
    if (end == NULL) {
        if (take < n)
            lose(l, c);
        return take;
    }
    end[2] = '\0';
    head_done(l, c);
    return (size_t)(end + 4 - c->head) - before;
}

static size_t take_bytes(struct connection *c, size_t n, enum state then)
{
    size_t take = n < c->left ? n : (size_t)c->left;

    c->left -= take;
    c->got += take;
    if (c->left == 0)
        c->state = then;
    return take;
}

static int hex(char c)
{
    return c >= '0' && c <= '9'                 ? c - '0'
           : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                : -1;
}

/* One byte of what stands between chunks. -> 1: the answer is whole */
static int take_framing(struct connection *c, char byte)
{
    if (byte == '\r')
        return 0;
    if (byte != '\n') {
        if (c->state == CHUNK_SIZE && hex(byte) >= 0)
            c->left = c->left * 16 + (unsigned)hex(byte);
        c->line_n++;
        return 0;
    }
    int empty = c->line_n == 0;
    c->line_n = 0;
    if (c->state == CHUNK_END)
        c->state = CHUNK_SIZE;
    else if (c->state == CHUNK_SIZE)
        c->state = c->left > 0 ? CHUNK : TRAILER;
    else if (empty)
        return 1;
    return 0;
}

/* Gives bytes to the state that wants them. -> how many it took; *ret_whole: the answer ends there
 */
static size_t take(struct load *l, struct connection *c, const char *p, size_t n, int *ret_whole)
{
    *ret_whole = 0;
    if (c->state == HEAD)
        return take_head(l, c, p, n);
    if (c->state == CHUNK)
        return take_bytes(c, n, CHUNK_END);
    if (c->state != BODY) {
        *ret_whole = take_framing(c, *p);
        return 1;
    }
    size_t took = take_bytes(c, n, BODY);
    *ret_whole = c->left == 0;
    return took;
}

static void feed(struct load *l, struct connection *c, const char *p, size_t n)
{
    int is_whole = 0;

    while (c->state >= HEAD && !is_whole && (n > 0 || (c->state == BODY && c->left == 0))) {
        size_t took = take(l, c, p, n, &is_whole);
        p += took;
        n -= took;
    }
    if (is_whole && n > 0)
        lose(l, c); /* more than was asked for */
    else if (is_whole)
        whole(l, c);
}

static void on_event(struct load *l, struct connection *c, uint32_t events)
{
    static char bytes[65536];

    if (c->state == CONNECTING) {
        int error = 0;
        socklen_t size = sizeof error;
        struct epoll_event e = {.events = EPOLLIN, .data.u64 = (uint64_t)(c - l->all)};
        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error != 0 || (events & EPOLLERR)) {
            l->failed_connects++;
            lose(l, c);
            return;
        }
        epoll_ctl(l->epoll, EPOLL_CTL_MOD, c->fd, &e);
        next(l, c);
        return;
    }
    ssize_t got = recv(c->fd, bytes, sizeof bytes, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got > 0 && c->state >= HEAD) {
        feed(l, c, bytes, (size_t)got);
        return;
    }
    lose(l, c); /* closed: a loss only when a request was under way */
    if (!l->over)
        open_connection(l, c);
}

/* -- the run -- */

static void advance(struct load *l, uint64_t now)
{
    while (l->opened < l->o.connections && (double)(now - l->begin) >= l->o.ramp * 1e9 *
                                                                           (double)l->opened /
                                                                           (double)l->o.connections)
        open_connection(l, &l->all[l->opened++]);
    if (!l->counting && !l->over && now >= l->window) {
        l->counting = 1;
        l->cpu_us = cpu_us(l);
        l->window = now_ns();
        l->end = l->window + (uint64_t)(l->o.seconds * 1e9);
    }
    if (l->counting &&
        (now >= l->end || (l->o.count > 0 && l->sent >= l->o.count && l->under_way == 0))) {
        l->cpu_us = cpu_us(l) - l->cpu_us;
        l->end = now_ns();
        l->counting = 0;
        l->over = 1;
    }
    send_due(l, now);
}

static void run(struct load *l)
{
    struct epoll_event events[EVENTS];

    l->begin = now_ns();
    l->window = l->begin + (uint64_t)((l->o.ramp + l->o.warm) * 1e9);
    l->next_due = l->begin + (uint64_t)(l->o.ramp * 1e9) + SECOND / 10;
    for (;;) {
        uint64_t now = now_ns(), wait = 5000000;
        advance(l, now);
        if (l->over && ((l->under_way == 0 && l->late_count == 0) || now > l->end + DRAIN_NS))
            return;
        if (l->o.rate > 0 && !l->over)
            wait = l->next_due > now ? l->next_due - now : 0;
        if (wait > 5000000)
            wait = 5000000;
        struct timespec timeout = {0, (long)wait};
        int n = epoll_pwait2(l->epoll, events, EVENTS, &timeout, NULL);
        for (int i = 0; i < n; i++)
            if (l->all[events[i].data.u64].state != CLOSED)
                on_event(l, &l->all[events[i].data.u64], events[i].events);
    }
}

/* -- what it says -- */

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static double quantile(const struct load *l, double q)
{
    if (l->took_n == 0)
        return 0;
    return l->took[(size_t)(q * (double)(l->took_n - 1) + 0.5)] / 10.0;
}

static void report(struct load *l)
{
    double seconds = (double)(l->end - l->window) / 1e9;

    if (l->took_n > 0)
        qsort(l->took, l->took_n, sizeof *l->took, by_size);
    printf("{\"requests\":%llu,\"seconds\":%.3f,\"rps\":%.1f,\"cpu_us\":%.3f,\"busy\":%.3f,"
           "\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"max\":%.1f,\"in_flight\":%llu,\"lost\":%llu,"
           "\"wrong\":%llu,\"failed_connects\":%llu}\n",
           (unsigned long long)l->answered, seconds, (double)l->answered / seconds,
           l->answered ? (double)l->cpu_us / (double)l->answered : 0,
           (double)l->cpu_us / 1e6 / seconds, quantile(l, 0.5), quantile(l, 0.9), quantile(l, 0.99),
           quantile(l, 1), (unsigned long long)l->under_way_max,
           (unsigned long long)(l->lost + l->under_way + l->late_count),
           (unsigned long long)l->wrong, (unsigned long long)l->failed_connects);
}

/* -- start -- */

static void option(struct options *o, const char *text)
{
    const char *equals = strchr(text, '=');
    size_t n = equals == NULL ? 0 : (size_t)(equals - text);
    double value = equals == NULL ? 0 : strtod(equals + 1, NULL);

    if (n == 11 && strncmp(text, "connections", n) == 0)
        o->connections = (size_t)value;
    else if (n == 7 && strncmp(text, "seconds", n) == 0)
        o->seconds = value;
    else if (n == 4 && strncmp(text, "warm", n) == 0)
        o->warm = value;
    else if (n == 4 && strncmp(text, "ramp", n) == 0)
        o->ramp = value;
    else if (n == 4 && strncmp(text, "rate", n) == 0)
        o->rate = value;
    else if (n == 5 && strncmp(text, "bytes", n) == 0)
        o->bytes = (uint64_t)value;
    else if (n == 5 && strncmp(text, "count", n) == 0)
        o->count = (uint64_t)value;
    else if (n == 3 && strncmp(text, "pid", n) == 0 && o->pid_count < PIDS_MAX)
        o->pids[o->pid_count++] = (int)value;
    else {
        fprintf(stderr, "load: no option %s\n", text);
        exit(2);
    }
}

static void prepare(struct load *l, const char *path, const char *authorization)
{
    struct rlimit files;
    int n = snprintf(l->request, sizeof l->request,
                     "GET %s HTTP/1.1\r\nHost: localhost:%u\r\nAuthorization: %s\r\n"
                     "Accept: application/json\r\nUser-Agent: bench-load\r\n\r\n",
                     path, l->o.port, authorization);

    if (n < 0 || (size_t)n >= sizeof l->request || l->o.connections == 0)
        die("options");
    l->request_n = (size_t)n;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    prctl(PR_SET_TIMERSLACK, 1);
    l->late_room = (uint64_t)(l->o.rate * 10) + 1;
    l->late = must_have(calloc(l->late_room, sizeof *l->late));
    l->idle = must_have(calloc(l->o.connections, sizeof *l->idle));
    l->all = must_have(calloc(l->o.connections, sizeof *l->all));
    l->random = 88172645463325252u;
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
}

int main(int argc, char **argv)
{
    struct load *l = must_have(calloc(1, sizeof *l));

    if (argc < 4) {
        fprintf(stderr, "usage: bench-load PORT PATH AUTHORIZATION [NAME=VALUE...]\n");
        return 2;
    }
    l->o = (struct options){.connections = 64, .seconds = 3, .warm = 0.5};
    l->o.port = (uint16_t)strtoul(argv[1], NULL, 10);
    for (int i = 4; i < argc; i++)
        option(&l->o, argv[i]);
    if (l->o.count > 0)
        l->o.warm = 0, l->o.seconds = 600;
    prepare(l, argv[2], argv[3]);
    run(l);
    report(l);
    return 0;
}
