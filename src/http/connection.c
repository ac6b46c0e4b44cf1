/* One connection from accept to close: reads, hands on, waits, keeps deadlines. The states and the
 * invariants stand in connection_int.h; what is written is made in answer.c.
 */
#include <errno.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "http/connection_int.h"

/* A body's deadline moves when so much of it has come: a byte now and then is no progress. */
enum { BODY_STEP = 256, SHED_LOOKS = 64 };

static void arm(struct http_stream *s, struct event *timer, enum deadline d)
{
    must(event_add(timer, s->part->deadlines[d]) == 0);
}

/* -1: the socket is broken. What is sent in the turn that made it needs no deadline. */
static int send_some(struct http_stream *s)
{
    int sent = wire_send(&s->wire);

    if (wire_waiting(&s->wire) == 0)
        event_del(&s->write_timer);
    else if (sent > 0)
        arm(s, &s->write_timer, DEADLINE_WRITE);
    return sent < 0 ? -1 : 0;
}

/* Those that wait for a request */

static void idle_begin(struct http_stream *s)
{
    struct http_part *part = s->part;

    s->idle = 1;
    s->idle_prev = part->idle_last;
    s->idle_next = NULL;
    if (part->idle_last)
        part->idle_last->idle_next = s;
    else
        part->idle_first = s;
    part->idle_last = s;
}

static void idle_end(struct http_stream *s)
{
    struct http_part *part = s->part;

    if (!s->idle)
        return;
    s->idle = 0;
    if (s->idle_prev)
        s->idle_prev->idle_next = s->idle_next;
    else
        part->idle_first = s->idle_next;
    if (s->idle_next)
        s->idle_next->idle_prev = s->idle_prev;
    else
        part->idle_last = s->idle_prev;
}

static void connection_free(struct http_stream *s)
{
    struct http_server *server = s->part->server;

    idle_end(s);
    event_del(&s->read_timer);
    event_del(&s->write_timer);
    event_del(&s->poke);
    wire_close(&s->wire);
    parser_done(&s->parser);
    if (s->prev)
        s->prev->next = s->next;
    else
        s->part->first = s->next;
    if (s->next)
        s->next->prev = s->prev;
    pthread_mutex_lock(&server->lock);
    caps_give_back(&server->caps, s->address);
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
    mem_free(s);
}

static void die(struct http_stream *s)
{
    s->dead = 1;
    if (!s->running)
        connection_free(s);
}

static int exchange_is_open(const struct http_stream *s)
{
    return s->in != IN_HEAD && s->out != OUT_ENDED;
}

/* The exchange ends here, without an answer of the serving side's. */
static void tell_gone(struct http_stream *s)
{
    int running = s->running;

    s->out = OUT_ENDED;
    s->running = 1;
    must(s->callbacks.on_gone != NULL); /* http_accept_body saw to it */
    s->callbacks.on_gone(s->callbacks.arg);
    s->running = running;
}

void connection_lose(struct http_stream *s)
{
    if (exchange_is_open(s) && !s->accepted) {
        s->lost = 1;
        wire_settle(&s->wire, 0, IN_HIGH);
        wire_watch_writes(&s->wire, 0);
        event_del(&s->read_timer);
        event_del(&s->write_timer);
        return;
    }
    if (exchange_is_open(s))
        tell_gone(s);
    die(s);
}

void connection_drop(struct http_stream *s)
{
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};

    setsockopt(s->wire.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    s->out = OUT_ENDED;
    die(s);
}

/* A request that has arrived and was not read yet would be lost. */
static int has_arrived(struct http_stream *s)
{
    char byte;

    return wire_peek(&s->wire).n > 0 || recv(s->wire.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

int connection_shed(struct http_part *part)
{
    struct http_stream *s = part->idle_first;

    for (int looked = 0; s && looked < SHED_LOOKS; looked++, s = s->idle_next) {
        if (has_arrived(s))
            continue;
        connection_lose(s);
        return 1;
    }
    return 0;
}

size_t http_queued(const struct http_stream *s)
{
    return atomic_load(&s->part->server->queued);
}

void connection_retire(struct http_stream *s)
{
    if (s->in == IN_HEAD && parser_is_empty(&s->parser) && wire_peek(&s->wire).n == 0)
        connection_lose(s);
    else
        s->keep = 0;
}

void connection_poke(struct http_stream *s)
{
    if (!s->running)
        event_active(&s->poke, EV_TIMEOUT, 0);
}

/* The client broke a rule or was too slow. */
static void refuse(struct http_stream *s, enum err code, const char *why)
{
    log_event(s->part->server->log, LOG_DEBUG, "http_refused",
              LOG_STR("code", str_from(err_code(code))), LOG_STR("why", str_from(why)),
              LOG_STR("remote", str_from(s->parser.request.remote)));
    if (s->out != OUT_NONE) {
        connection_lose(s);
        return;
    }
    if (s->in != IN_HEAD && s->accepted)
        tell_gone(s);
    answer_refusal(s, code);
}

/* What the input side does, by state. Each returns 1 when it got further. */

static int step_head(struct http_stream *s)
{
    str bytes = wire_peek(&s->wire);
    enum parse_result result;
    size_t used;
    int begins;

    if (bytes.n == 0) {
        if (s->eof)
            connection_lose(s);
        return 0;
    }
    begins = s->idle && s->kept;
    idle_end(s);
    result = parser_head(&s->parser, bytes, &used);
    wire_use(&s->wire, used);
    if (result == PARSE_MORE && begins)
        arm(s, &s->read_timer, DEADLINE_HEAD);
    if (result == PARSE_REFUSED)
        refuse(s, s->parser.refusal, s->parser.why);
    if (result != PARSE_DONE)
        return 1;
    event_del(&s->read_timer);
    s->in = IN_HELD;
    s->keep = s->parser.keep_alive && !s->part->closing;
    s->continue_sent = !s->parser.expect_continue;
    s->part->server->serving.on_head(s->part->server->serving.arg, s, &s->parser.request);
    return 1;
}

static void body_moved(struct http_stream *s, size_t n)
{
    s->body_since += n;
    if (s->body_since < BODY_STEP)
        return;
    s->body_since = 0;
    arm(s, &s->read_timer, DEADLINE_BODY);
}

static int body_is_due(struct http_stream *s)
{
    if (!s->continue_sent && s->out == OUT_NONE)
        answer_continue(s);
    s->continue_sent = 1;
    if (wire_peek(&s->wire).n > 0)
        return 1;
    if (s->eof)
        connection_lose(s);
    return 0;
}

static int end_body(struct http_stream *s)
{
    s->in = IN_DONE;
    event_del(&s->read_timer);
    if (s->callbacks.on_end)
        s->callbacks.on_end(s->callbacks.arg);
    return 1;
}

static int step_body(struct http_stream *s)
{
    int64_t length = s->parser.request.content_length;
    enum parse_result result;
    str bytes, body;
    size_t used;

    if (s->paused)
        return 0;
    if (s->body_ended || length == 0)
        return end_body(s);
    if (length > 0 && (uint64_t)length > s->body_max) {
        refuse(s, ERR_TOO_LARGE, "announced body");
        return 1;
    }
    if (!body_is_due(s))
        return 0;
    bytes = wire_peek(&s->wire);
    result = parser_body(&s->parser, (char *)(uintptr_t)bytes.p, bytes.n, &used, &body);
    s->body_seen += body.n;
    if (result == PARSE_REFUSED || s->body_seen > s->body_max) {
        refuse(s, result == PARSE_REFUSED ? s->parser.refusal : ERR_TOO_LARGE, "body");
        return 1;
    }
    body_moved(s, used);
    s->body_ended = result == PARSE_DONE;
    if (body.n > 0 && s->callbacks.on_body)
        s->callbacks.on_body(s->callbacks.arg, body);
    wire_use(&s->wire, used);
    return 1;
}

static int step_drop(struct http_stream *s)
{
    str bytes = wire_peek(&s->wire), body;
    enum parse_result result;
    size_t used;

    if (bytes.n == 0) {
        if (s->eof)
            s->in = IN_LINGER;
        return s->eof;
    }
    result = parser_body(&s->parser, (char *)(uintptr_t)bytes.p, bytes.n, &used, &body);
    wire_use(&s->wire, used);
    if (result == PARSE_DONE) {
        event_del(&s->read_timer);
        s->in = IN_DONE;
    } else if (result == PARSE_REFUSED) {
        s->in = IN_LINGER;
    }
    return 1;
}

static int step_linger(struct http_stream *s)
{
    size_t n = wire_use_all(&s->wire);

    s->linger_seen += n;
    if (!s->linger_until_ms)
        return 0;
    if (s->eof || s->linger_seen > LINGER_BYTES || clock_monotonic_ms() > s->linger_until_ms)
        die(s);
    else if (n > 0)
        arm(s, &s->read_timer, DEADLINE_LINGER);
    return 0;
}

static int begin_linger(struct http_stream *s)
{
    if (s->linger_until_ms)
        return 0;
    s->in = IN_LINGER;
    s->linger_until_ms = clock_monotonic_ms() + LINGER_MS;
    shutdown(s->wire.fd, SHUT_WR);
    arm(s, &s->read_timer, DEADLINE_LINGER);
    return 1;
}

static int next_exchange(struct http_stream *s)
{
    parser_clear(&s->parser);
    s->in = IN_HEAD;
    s->out = OUT_NONE;
    s->callbacks = (struct http_callbacks){0};
    s->accepted = s->paused = s->body_ended = s->want_drain = 0;
    s->body_seen = s->body_since = 0;
    s->kept = 1;
    idle_begin(s);
    arm(s, &s->read_timer, DEADLINE_IDLE);
    return 1;
}

/* 0: the socket is broken. */
static int send_output(struct http_stream *s)
{
    s->unsent = 0;
    if (wire_waiting(&s->wire) == 0)
        return 1;
    if (!s->wire.writes && send_some(s) < 0) {
        connection_lose(s);
        return 0;
    }
    if (wire_waiting(&s->wire) == 0)
        return 1;
    wire_watch_writes(&s->wire, 1);
    if (!evtimer_pending(&s->write_timer, NULL))
        arm(s, &s->write_timer, DEADLINE_WRITE);
    return 1;
}

void connection_send(struct http_stream *s)
{
    if (!s->running && !s->lost && !s->wire.writes)
        (void)send_some(s); /* what comes of it is seen at the end of the turn */
}

static int step_out(struct http_stream *s)
{
    size_t waiting;

    if (s->unsent && !send_output(s))
        return 0;
    waiting = wire_waiting(&s->wire);
    if (waiting == 0)
        wire_watch_writes(&s->wire, 0);
    if (s->out == OUT_STREAM && s->want_drain && waiting <= OUT_LOW) {
        s->want_drain = 0;
        if (s->accepted && s->callbacks.on_drain)
            s->callbacks.on_drain(s->callbacks.arg);
        return 1;
    }
    if (s->out != OUT_ENDED || waiting > 0 || s->in == IN_DROP)
        return 0;
    if (s->in == IN_DONE && s->keep)
        return next_exchange(s);
    return begin_linger(s);
}

static int step(struct http_stream *s)
{
    int further = 0;

    if (s->lost) {
        if (s->accepted)
            connection_lose(s);
        return 0;
    }
    switch (s->in) {
    case IN_HEAD:
        further = step_head(s);
        break;
    case IN_BODY:
        further = step_body(s);
        break;
    case IN_DROP:
        further = step_drop(s);
        break;
    case IN_LINGER:
        further = step_linger(s);
        break;
    case IN_HELD:
    case IN_DONE:
        break;
    }
    return further || (!s->dead && !s->lost && step_out(s));
}

void connection_advance(struct http_stream *s)
{
    if (s->running)
        return;
    s->running = 1;
    while (!s->dead && step(s))
        continue;
    s->running = 0;
    if (s->dead)
        connection_free(s);
    else
        wire_settle(&s->wire, !s->eof && !s->lost, IN_HIGH - WIRE_READ + 1);
}

/* libevent's callbacks */

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct http_stream *s = arg;
    char bytes[WIRE_READ];
    ssize_t n = wire_read(&s->wire, bytes);

    (void)fd;
    (void)what;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0) {
        connection_lose(s);
        return;
    }
    s->eof = n == 0;
    connection_advance(s);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct http_stream *s = arg;

    (void)fd;
    (void)what;
    if (send_some(s) < 0)
        connection_lose(s);
    else if (wire_waiting(&s->wire) <= OUT_LOW)
        connection_advance(s);
}

static void on_poke(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    connection_advance(arg);
}

static void on_read_deadline(evutil_socket_t fd, short what, void *arg)
{
    struct http_stream *s = arg;

    (void)fd;
    (void)what;
    if ((s->in == IN_HEAD && !parser_is_empty(&s->parser)) || s->in == IN_BODY) {
        refuse(s, ERR_REQUEST_TIMEOUT, "too slow");
        return;
    }
    connection_lose(s);
}

static void on_write_deadline(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    connection_lose(arg);
}

void connection_open(struct http_part *part, evutil_socket_t fd, struct caps_address address,
                     const char remote[static 64])
{
    struct event_base *base = loop_base(part->loop);
    struct http_stream *s = mem_new(struct http_stream);

    s->part = part;
    s->address = address;
    parser_init(&s->parser, part->server->limits);
    memcpy(s->parser.request.remote, remote, sizeof(s->parser.request.remote));
    wire_open(&s->wire, &part->gather, base, fd, on_readable, on_writable, s);
    must(evtimer_assign(&s->read_timer, base, on_read_deadline, s) == 0);
    must(evtimer_assign(&s->write_timer, base, on_write_deadline, s) == 0);
    must(evtimer_assign(&s->poke, base, on_poke, s) == 0);
    s->next = part->first;
    if (s->next)
        s->next->prev = s;
    part->first = s;
    idle_begin(s);
    wire_settle(&s->wire, 1, IN_HIGH);
    arm(s, &s->read_timer, DEADLINE_HEAD);
}
