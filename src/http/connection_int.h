/* Inside of the HTTP transport; for connection.c, answer.c, server.c and caps.c only. What the
 * socket has brought and what it has still to take is wire.h's.
 *
 * Threads: a struct http_stream and a struct http_part belong to one loop thread. struct
 * http_server is shared: what changes after http_listen is behind its lock.
 *
 * A connection is two small machines, one a direction, moved by connection_advance():
 *
 *   in:   IN_HEAD -> IN_HELD -> IN_BODY -> IN_DONE -> IN_HEAD ...
 *           IN_HEAD   a request's head is awaited or arrives
 *           IN_HELD   the head was handed on; nobody has asked for the body yet
 *           IN_BODY   the body goes to the callbacks
 *           IN_DROP   the answer is decided; what is left of the body is thrown away
 *           IN_DONE   the body is complete (or was none) and its end was told
 *           IN_LINGER our half is shut down; the client's bytes are thrown away until it closes
 *   out:  OUT_NONE -> OUT_STREAM -> OUT_ENDED -> OUT_NONE ...
 *
 * Invariants:
 *   - after OUT_ENDED, and after on_gone, no callback of that exchange comes;
 *   - callbacks run from connection_advance() only, never from within a function that the serving
 *     side calls; those leave a note and poke the loop;
 *   - what was added to the output is sent from connection_advance(), at the end of the turn, or
 *     at once by http_end (the caller need not wait for what we tidy up), and
 *     a writable socket is waited for only while the kernel has no room: to wait first would cost
 *     three system calls an answer;
 *   - a connection is freed at the end of connection_advance() (dead), or at once when it is not
 *     running; but not between on_head and the serving side's first word, because there is no
 *     on_gone yet: it is then `lost` until it is answered or accepted;
 *   - what waits in memory is bounded: a head, IN_HIGH bytes read, and what http_write was given
 *     beyond OUT_HIGH in spite of its answer 0.
 */
#ifndef HTTP_CONNECTION_INT_H
#define HTTP_CONNECTION_INT_H

#include <event2/listener.h>
#include <pthread.h>

#include "base/buf.h"
#include "http/caps.h"
#include "http/parse.h"
#include "http/server.h"
#include "http/wire.h"

enum {
    IN_HIGH = 64 * 1024,   /* reading stops when so much waits */
    OUT_HIGH = 128 * 1024, /* http_write says 0 */
    OUT_LOW = 32 * 1024,   /* on_drain */
    DROP_MAX = 64 * 1024,  /* a body's rest that is read for the sake of keeping the connection */
    LINGER_BYTES = 64 * 1024 * 1024,
    LINGER_PAUSE_MS = 2000,
    LINGER_MS = 10000,
};

enum stream_in { IN_HEAD, IN_HELD, IN_BODY, IN_DROP, IN_DONE, IN_LINGER };
enum stream_out { OUT_NONE, OUT_STREAM, OUT_ENDED };

enum deadline { DEADLINE_HEAD, DEADLINE_BODY, DEADLINE_WRITE, DEADLINE_IDLE, DEADLINE_LINGER };
enum { DEADLINE_COUNT = 5 };

/* A server's share of one loop. */
struct http_part {
    struct http_server *server;
    struct loop *loop;
    const struct timeval *deadlines[DEADLINE_COUNT]; /* common timeouts of the base */
    struct http_stream *first;                       /* its connections */
    struct http_stream *idle_first, *idle_last; /* those that wait for a request; longest first */
    struct buf scratch;                         /* an answer's head while it is made */
    struct wire_gather gather;
    int64_t date_s;
    char date[32];
    int closing;
};

struct http_server {
    struct http_limits limits;
    struct http_serving serving;
    struct log *log;
    struct evconnlistener *listener; /* lives on the first loop */
    struct event *accept_again;      /* after descriptors ran out */
    int fd;
    int port;
    size_t next_part;                              /* the first loop's */
    int64_t full_logged_ms[CAPS_ADDRESS_FULL + 1]; /* by the limit */
    int64_t failed_logged_ms;
    struct http_part *parts;
    size_t part_count;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct caps caps;      /* behind lock */
    _Atomic size_t queued; /* bytes in all connections' queues */
    size_t steps;          /* loops that still have to do what http_close posted; behind lock */
};

struct http_stream {
    struct http_part *part;
    struct http_stream *next, *prev;
    struct http_stream *idle_next, *idle_prev;
    struct wire wire;
    struct event read_timer;  /* head, body, idle, linger */
    struct event write_timer; /* progress of the answer */
    struct event poke;
    struct caps_address address;
    struct parser parser;

    enum stream_in in;
    enum stream_out out;
    struct http_callbacks callbacks;
    int accepted;
    int paused;
    int keep;          /* what the head of the answer promised, or will */
    int continue_sent; /* 100 Continue, or nobody asked */
    int eof;           /* the client has shut down its half */
    int idle;          /* no byte of a request was read yet: in the part's list */
    int kept;          /* an answer has gone out on it */
    int lost;          /* the socket is broken; kept for the serving side's first word */
    int running;       /* inside connection_advance() */
    int dead;
    int body_ended; /* the parser has seen the end, on_end is due */
    int want_drain;
    int unsent; /* output was added that nobody has tried to send */
    int broken; /* the answer does not fit its length: cut off at its end */
    size_t body_max;
    size_t body_seen;
    size_t body_since; /* bytes since the body's deadline moved */
    int64_t out_left;  /* -1: chunked or until the end of the connection; else bytes to come */
    int out_chunked;
    int out_bodyless; /* HEAD, 204, 304 */
    size_t linger_seen;
    int64_t linger_until_ms;
};

/* connection.c */
void connection_open(struct http_part *part, evutil_socket_t fd, struct caps_address address,
                     const char remote[static 64]);
void connection_advance(struct http_stream *s);
/* Lets connection_advance run soon, from the loop. */
void connection_poke(struct http_stream *s);
/* Sends what it can of the output now. Whether the socket has broken shows later, from the loop. */
void connection_send(struct http_stream *s);
/* Closes without a word; on_gone when the exchange is still open. */
void connection_lose(struct http_stream *s);
/* The serving side gave up: closes without a callback. */
void connection_drop(struct http_stream *s);
/* Closes the one that has waited longest for a request, of which nothing has arrived; 0: there is
 * none. From the loop only. */
int connection_shed(struct http_part *part);
/* http_close: idle ones go at once, others after their answer. */
void connection_retire(struct http_stream *s);

/* answer.c */
/* An answer of the transport's own: problem+json, then a lingering close. */
void answer_refusal(struct http_stream *s, enum err code);
void answer_continue(struct http_stream *s);

#endif
