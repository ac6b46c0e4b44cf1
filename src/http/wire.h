/* The socket of one connection, with the bytes that wait on either side of it. When it is read,
 * sent and closed is decided in connection.c: nothing here calls back.
 *
 * In: what one reading brought is looked at where it was read to, on the reader's stack (`fresh`);
 * what nobody took in that turn is kept on the heap (`rest`) until it is. Never both.
 *
 * Out: an answer that is made in one go is gathered in the loop's one wire_gather, and goes out
 * from there by one system call. Another connection that adds something meanwhile, and what is long
 * or was not taken by the kernel, waits in a queue of its own, which exists only while something is
 * in it.
 *
 * An event that the kernel has no room for is not watched for: the connection falls to its
 * deadline.
 *
 * Threads: all of one loop, but for the count of bytes.
 */
#ifndef HTTP_WIRE_H
#define HTTP_WIRE_H

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/buf.h"

#define WIRE_READ ((size_t)16 * 1024) /* the most that one reading, or a look, brings */

struct wire;

/* One a loop. */
struct wire_gather {
    struct wire *of; /* whose bytes these are; NULL: there are none */
    struct buf bytes;
    _Atomic size_t *queued; /* counts what waits in the queues of all loops */
};

struct wire {
    evutil_socket_t fd;
    struct wire_gather *gather;
    struct event readable;
    struct event writable;
    int reads; /* readable is watched for */
    int writes;
    char *fresh;
    size_t fresh_n;
    char *rest; /* NULL: nothing is kept */
    size_t rest_at, rest_n, rest_room;
    struct evbuffer *queue; /* NULL: nothing waits in it */
};

void wire_gather_init(struct wire_gather *g, _Atomic size_t *queued);
void wire_gather_done(struct wire_gather *g);

/* Takes the socket; watches nothing yet. */
void wire_open(struct wire *w, struct wire_gather *g, struct event_base *base, evutil_socket_t fd,
               event_callback_fn on_readable, event_callback_fn on_writable, void *arg);
void wire_close(struct wire *w);

/* Reads once. How many bytes came; 0: the end; -1: errno says why. `room` has to stay until
 * wire_settle(). */
ssize_t wire_read(struct wire *w, char room[static WIRE_READ]);
/* What was read and not used, or the first of it; may be changed in place. Empty: nothing. */
str wire_peek(const struct wire *w);
void wire_use(struct wire *w, size_t n);
/* Uses everything, returns how much. */
size_t wire_use_all(struct wire *w);
/* At the end of the turn: keeps what nobody used. Reading goes on if that is wanted and less than
 * `high` is kept. */
void wire_settle(struct wire *w, int wanted, size_t high);

/* Copies, one behind the other. */
void wire_add(struct wire *w, const str *parts, size_t count);
size_t wire_waiting(const struct wire *w);
/* Sends what the kernel takes. 1: some; 0: none, now; -1: the socket is broken. */
int wire_send(struct wire *w);
void wire_watch_writes(struct wire *w, int on);

#endif
