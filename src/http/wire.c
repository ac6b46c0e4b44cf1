/* See the header. */
#include "http/wire.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"

#define GATHER_MAX ((size_t)8 * 1024)

void wire_gather_init(struct wire_gather *g, _Atomic size_t *queued)
{
    *g = (struct wire_gather){.queued = queued};
    buf_init(&g->bytes, GATHER_MAX);
}

void wire_gather_done(struct wire_gather *g)
{
    must(g->of == NULL);
    buf_done(&g->bytes);
}

void wire_open(struct wire *w, struct wire_gather *g, struct event_base *base, evutil_socket_t fd,
               event_callback_fn on_readable, event_callback_fn on_writable, void *arg)
{
    *w = (struct wire){.fd = fd, .gather = g};
    must(event_assign(&w->readable, base, fd, EV_READ | EV_PERSIST, on_readable, arg) == 0);
    must(event_assign(&w->writable, base, fd, EV_WRITE | EV_PERSIST, on_writable, arg) == 0);
}

/* --- in --------------------------------------------------------------------------------------- */

static void forget_rest(struct wire *w)
{
    mem_free(w->rest);
    w->rest = NULL;
    w->rest_at = w->rest_n = w->rest_room = 0;
}

/* Behind the rest, for n bytes. */
static char *rest_room(struct wire *w, size_t n)
{
    if (w->rest_at) {
        memmove(w->rest, w->rest + w->rest_at, w->rest_n);
        w->rest_at = 0;
    }
    if (w->rest_room < w->rest_n + n) {
        w->rest_room = w->rest_n + n;
        w->rest = mem_realloc(w->rest, w->rest_room);
    }
    return w->rest + w->rest_n;
}

ssize_t wire_read(struct wire *w, char room[static WIRE_READ])
{
    int goes_on = w->rest_n > 0;
    char *to = goes_on ? rest_room(w, WIRE_READ) : room;
    ssize_t n = recv(w->fd, to, WIRE_READ, 0);

    must(w->fresh_n == 0);
    if (n > 0 && goes_on) {
        w->rest_n += (size_t)n;
    } else if (n > 0) {
        w->fresh = room;
        w->fresh_n = (size_t)n;
    }
    return n;
}

str wire_peek(const struct wire *w)
{
    if (w->fresh_n)
        return (str){w->fresh, w->fresh_n};
    if (w->rest_n)
        return (str){w->rest + w->rest_at, w->rest_n < WIRE_READ ? w->rest_n : WIRE_READ};
    return (str){NULL, 0};
}

void wire_use(struct wire *w, size_t n)
{
    if (w->fresh_n) {
        must(n <= w->fresh_n);
        w->fresh += n;
        w->fresh_n -= n;
        return;
    }
    must(n <= w->rest_n);
    w->rest_at += n;
    w->rest_n -= n;
    if (w->rest && w->rest_n == 0)
        forget_rest(w);
}

size_t wire_use_all(struct wire *w)
{
    size_t n = w->fresh_n + w->rest_n;

    w->fresh_n = 0;
    forget_rest(w);
    return n;
}

static void watch(struct event *event, int on, int *is_on)
{
    if (on == *is_on)
        return;
    if ((on ? event_add(event, NULL) : event_del(event)) == 0)
        *is_on = on;
}

void wire_settle(struct wire *w, int wanted, size_t high)
{
    if (w->fresh_n) {
        memcpy(rest_room(w, w->fresh_n), w->fresh, w->fresh_n);
        w->rest_n += w->fresh_n;
        w->fresh_n = 0;
    }
    watch(&w->readable, wanted && w->rest_n < high, &w->reads);
}

/* --- out -------------------------------------------------------------------------------------- */

static void queue_add(struct wire *w, str bytes)
{
    if (bytes.n == 0)
        return;
    if (!w->queue)
        w->queue = evbuffer_new();
    must(w->queue && evbuffer_add(w->queue, bytes.p, bytes.n) == 0);
    atomic_fetch_add(w->gather->queued, bytes.n);
}

static void queue_done(struct wire *w)
{
    if (!w->queue)
        return;
    atomic_fetch_sub(w->gather->queued, evbuffer_get_length(w->queue));
    evbuffer_free(w->queue);
    w->queue = NULL;
}

/* The loop's one is free for others then. */
static void gather_to_queue(struct wire *w)
{
    struct wire_gather *g = w->gather;

    if (g->of != w)
        return;
    g->of = NULL;
    queue_add(w, buf_str(&g->bytes));
    buf_clear(&g->bytes);
}

void wire_add(struct wire *w, const str *parts, size_t count)
{
    struct wire_gather *g = w->gather;
    size_t n = g->bytes.n;

    for (size_t i = 0; i < count; i++)
        n += parts[i].n;
    if (!w->queue && (!g->of || g->of == w) && n <= GATHER_MAX) {
        buf_add_parts(&g->bytes, parts, count);
        g->of = w;
        return;
    }
    gather_to_queue(w);
    for (size_t i = 0; i < count; i++)
        queue_add(w, parts[i]);
}

size_t wire_waiting(const struct wire *w)
{
    if (w->gather->of == w)
        return w->gather->bytes.n;
    return w->queue ? evbuffer_get_length(w->queue) : 0;
}

static int outcome_of(ssize_t sent)
{
    if (sent >= 0)
        return sent > 0;
    return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

static int send_gathered(struct wire *w)
{
    struct buf *b = &w->gather->bytes;
    ssize_t sent = send(w->fd, b->p, b->n, MSG_NOSIGNAL);
    int outcome = outcome_of(sent);

    if (sent > 0)
        buf_consume(b, (size_t)sent);
    gather_to_queue(w);
    return outcome;
}

int wire_send(struct wire *w)
{
    int sent;

    if (w->gather->of == w)
        return send_gathered(w);
    if (!w->queue)
        return 0;
    sent = evbuffer_write(w->queue, w->fd);
    if (sent > 0)
        atomic_fetch_sub(w->gather->queued, (size_t)sent);
    if (evbuffer_get_length(w->queue) == 0)
        queue_done(w);
    return outcome_of(sent);
}

void wire_watch_writes(struct wire *w, int on)
{
    watch(&w->writable, on, &w->writes);
}

void wire_close(struct wire *w)
{
    if (w->gather->of == w) {
        buf_clear(&w->gather->bytes);
        w->gather->of = NULL;
    }
    queue_done(w);
    forget_rest(w);
    watch(&w->readable, 0, &w->reads);
    watch(&w->writable, 0, &w->writes);
    must(close(w->fd) == 0);
}
