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

/* Of the output: bytes were queued or sent. Those that are sent in the same turn need no deadline.
 */
static void on_progress(struct evbuffer *output, const struct evbuffer_cb_info *info, void *arg)
{
    struct http_stream *s = arg;
    struct http_server *server = s->part->server;

    atomic_fetch_add(&server->queued, info->n_added);
    atomic_fetch_sub(&server->queued, info->n_deleted);
    if (info->n_deleted == 0)
        return;
    if (evbuffer_get_length(output) == 0)
        event_del(s->write_timer);
    else
        arm(s, s->write_timer, DEADLINE_WRITE);
}

static size_t output_length(const struct http_stream *s)
{
    return evbuffer_get_length(bufferevent_get_output(s->bev));
}

/* The first piece of what was read, empty when nothing waits. */
static str input_peek(struct http_stream *s)
{
    struct evbuffer_iovec v = {0};

    if (evbuffer_peek(bufferevent_get_input(s->bev), -1, NULL, &v, 1) < 1)
        return (str){NULL, 0};
    return (str){v.iov_base, v.iov_len};
}

static void input_drop(struct http_stream *s, size_t n)
{
    must(evbuffer_drain(bufferevent_get_input(s->bev), n) == 0);
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
    evbuffer_remove_cb(bufferevent_get_output(s->bev), on_progress, s);
    atomic_fetch_sub(&server->queued, output_length(s));
    event_free(s->read_timer);
    event_free(s->write_timer);
    bufferevent_free(s->bev);
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
        bufferevent_disable(s->bev, EV_READ | EV_WRITE);
        event_del(s->read_timer);
        event_del(s->write_timer);
        return;
    }
    if (exchange_is_open(s))
        tell_gone(s);
    die(s);
}

void connection_drop(struct http_stream *s)
{
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};

    setsockopt(bufferevent_getfd(s->bev), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    s->out = OUT_ENDED;
    die(s);
}

/* A request that has arrived and was not read yet would be lost. */
static int has_arrived(struct http_stream *s)
{
    char byte;

    return input_peek(s).n > 0 ||
           recv(bufferevent_getfd(s->bev), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
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
    if (s->in == IN_HEAD && parser_is_empty(&s->parser) && input_peek(s).n == 0)
        connection_lose(s);
    else
        s->keep = 0;
}

void connection_poke(struct http_stream *s)
{
    if (!s->running)
        bufferevent_trigger(s->bev, EV_READ, BEV_TRIG_IGNORE_WATERMARKS | BEV_TRIG_DEFER_CALLBACKS);
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
    str bytes = input_peek(s);
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
    input_drop(s, used);
    if (result == PARSE_MORE && begins)
        arm(s, s->read_timer, DEADLINE_HEAD);
    if (result == PARSE_REFUSED)
        refuse(s, s->parser.refusal, s->parser.why);
    if (result != PARSE_DONE)
        return 1;
    event_del(s->read_timer);
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
    arm(s, s->read_timer, DEADLINE_BODY);
}

static int body_is_due(struct http_stream *s)
{
    if (!s->continue_sent && s->out == OUT_NONE)
        answer_continue(s);
    s->continue_sent = 1;
    if (input_peek(s).n > 0)
        return 1;
    if (s->eof)
        connection_lose(s);
    return 0;
}

static int end_body(struct http_stream *s)
{
    s->in = IN_DONE;
    event_del(s->read_timer);
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
    bytes = input_peek(s);
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
    input_drop(s, used);
    return 1;
}

static int step_drop(struct http_stream *s)
{
    str bytes = input_peek(s), body;
    enum parse_result result;
    size_t used;

    if (bytes.n == 0) {
        if (s->eof)
            s->in = IN_LINGER;
        return s->eof;
    }
    result = parser_body(&s->parser, (char *)(uintptr_t)bytes.p, bytes.n, &used, &body);
    input_drop(s, used);
    if (result == PARSE_DONE) {
        event_del(s->read_timer);
        s->in = IN_DONE;
    } else if (result == PARSE_REFUSED) {
        s->in = IN_LINGER;
    }
    return 1;
}

static int step_linger(struct http_stream *s)
{
    struct evbuffer *input = bufferevent_get_input(s->bev);
    size_t n = evbuffer_get_length(input);

    input_drop(s, n);
    s->linger_seen += n;
    if (!s->linger_until_ms)
        return 0;
    if (s->eof || s->linger_seen > LINGER_BYTES || clock_monotonic_ms() > s->linger_until_ms)
        die(s);
    else if (n > 0)
        arm(s, s->read_timer, DEADLINE_LINGER);
    return 0;
}

static int begin_linger(struct http_stream *s)
{
    if (s->linger_until_ms)
        return 0;
    s->in = IN_LINGER;
    s->linger_until_ms = clock_monotonic_ms() + LINGER_MS;
    shutdown(bufferevent_getfd(s->bev), SHUT_WR);
    arm(s, s->read_timer, DEADLINE_LINGER);
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
    arm(s, s->read_timer, DEADLINE_IDLE);
    return 1;
}

/* -1: the socket is broken. */
static int write_output(struct http_stream *s)
{
    struct evbuffer *output = bufferevent_get_output(s->bev);
    int sent;

    must(evbuffer_unfreeze(output, 1) == 0);
    sent = evbuffer_write(output, bufferevent_getfd(s->bev));
    must(evbuffer_freeze(output, 1) == 0);
    return sent < 0 && errno != EAGAIN && errno != EINTR ? -1 : 0;
}

/* 0: the socket is broken. */
static int send_output(struct http_stream *s)
{
    int its_turn_comes = bufferevent_get_enabled(s->bev) & EV_WRITE;

    s->unsent = 0;
    if (output_length(s) == 0)
        return 1;
    if (!its_turn_comes && write_output(s) < 0) {
        connection_lose(s);
        return 0;
    }
    if (output_length(s) == 0)
        return 1;
    bufferevent_enable(s->bev, EV_WRITE);
    if (!evtimer_pending(s->write_timer, NULL))
        arm(s, s->write_timer, DEADLINE_WRITE);
    return 1;
}

void connection_send(struct http_stream *s)
{
    if (!s->running && !s->lost && !(bufferevent_get_enabled(s->bev) & EV_WRITE))
        (void)write_output(s); /* what comes of it is seen at the end of the turn */
}

static int step_out(struct http_stream *s)
{
    size_t waiting;

    if (s->unsent && !send_output(s))
        return 0;
    waiting = output_length(s);
    if (waiting == 0)
        bufferevent_disable(s->bev, EV_WRITE);
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
}

/* libevent's callbacks */

static void on_io(struct bufferevent *bev, void *arg)
{
    (void)bev;
    connection_advance(arg);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
    struct http_stream *s = arg;

    (void)bev;
    if (what & BEV_EVENT_EOF) {
        s->eof = 1;
        connection_advance(s);
    } else if (what & BEV_EVENT_ERROR) {
        connection_lose(s);
    }
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
    s->bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
    s->read_timer = evtimer_new(base, on_read_deadline, s);
    s->write_timer = evtimer_new(base, on_write_deadline, s);
    must(s->bev && s->read_timer && s->write_timer);
    s->next = part->first;
    if (s->next)
        s->next->prev = s;
    part->first = s;
    idle_begin(s);
    must(evbuffer_add_cb(bufferevent_get_output(s->bev), on_progress, s) != NULL);
    bufferevent_setcb(s->bev, on_io, on_io, on_event, s);
    bufferevent_setwatermark(s->bev, EV_READ, 0, IN_HIGH);
    bufferevent_setwatermark(s->bev, EV_WRITE, OUT_LOW, 0);
    bufferevent_disable(s->bev, EV_WRITE);
    bufferevent_enable(s->bev, EV_READ);
    arm(s, s->read_timer, DEADLINE_HEAD);
}
