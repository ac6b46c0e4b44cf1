/* The HTTP/1.1 server's transport: sockets, framing, deadlines, limits, streaming both ways.
 * Knows nothing of routes, JSON, cookies or sessions; whoever serves (http/dispatch.c, later the
 * relay) gives callbacks.
 *
 * Threads: a stream lives on the loop thread that accepted it; every function here that takes a
 * stream is called on that thread, and so is every callback.
 *
 * One exchange after the other on a connection; the next request's head is not read before the
 * last answer is out (pipelined bytes wait, at most 64 kB of them in memory).
 *
 * Framing is stricter than nginx's: http/parse_head.c lists the rules, the table of odd requests
 * (tests/unit/http/odd_requests.c) shows each. What breaks them is answered by the transport
 * itself, with a code of tables/errors.def as problem+json and a lingering close: our half is shut
 * down, and what the client still sends is thrown away for some seconds, so that the answer is not
 * lost to a reset.
 *
 * A client that shuts down its half behind a whole request still gets its answer; on_gone is for
 * resets, for bodies that end too early and for deadlines. Whether a client that waits has gone is
 * therefore known at the first write at the earliest.
 *
 * Callbacks come from the loop only, never from within a function called here.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "io/loop.h"

struct http_server;
struct http_stream;

struct http_header {
    str name; /* as sent; compare with str_eq_nocase */
    str value;
};

/* A request's head. Borrowed until the exchange has ended. */
struct http_request {
    str method; /* one that llhttp knows; not CONNECT */
    str target; /* origin form, as sent: "/a%20b?x=y"; of absolute form what is behind the host */
    str path;   /* the target before '?', still encoded; escapes are whole, none is %00 */
    str query;  /* behind '?', still encoded */
    const struct http_header *headers;
    size_t header_count;
    str host;               /* name or address, with the port if sent; empty with HTTP/1.0 only */
    int64_t content_length; /* -1: chunked; 0: no body */
    char remote[64];        /* the peer's address without port */
};

/* First header of that name, or an empty str with p == NULL. */
str http_header_get(const struct http_request *r, str name);

struct http_limits {
    size_t head_bytes;          /* request line and headers; over it: 431 (or 414) */
    size_t header_count;        /* over it: 431 */
    size_t connections;         /* over it: an idle one is closed in favour of the new one; when
                                   there is none, the new one is, without a word */
    size_t connections_address; /* per remote address; IPv6 by its /64; over it: closed at accept */
    int head_ms;  /* absolute, from the first byte or the accept to the end of the head: 408, or
                     closed without a word when nothing was sent */
    int body_ms;  /* longest time in which less than 256 bytes of a body arrive: 408 */
    int write_ms; /* longest time without progress while an answer goes out: closed */
    int idle_ms;  /* between requests: closed quietly */
};
struct http_limits http_limits_default(void);

/* What the serving side gives. on_head must, before it returns or later, answer or accept the
 * body, even if the client has gone meanwhile (the stream is kept for that word); until then no
 * body byte is looked at, so that a limit can be refused first. */
struct http_serving {
    void (*on_head)(void *arg, struct http_stream *s, const struct http_request *r);
    void *arg;
};

/* Per exchange, given with http_accept_body. on_end comes once, when the body is complete.
 * on_gone comes when the client disappears before the answer is out, instead of any further
 * callback; the stream must not be used afterwards. Any may be NULL except on_gone. */
struct http_callbacks {
    void (*on_body)(void *arg, str chunk);
    void (*on_end)(void *arg);
    void (*on_gone)(void *arg);
    void (*on_drain)(void *arg); /* what was queued for writing fell below the low-water mark */
    void *arg;
};

/* Reads the body, at most max_bytes of it: beyond, the exchange is answered 413 by the server
 * (problem+json, code too_large, lingering close) and on_gone is called. Sends 100 Continue when
 * asked for. Also to be called for requests without a body: it sets the callbacks. */
void http_accept_body(struct http_stream *s, struct http_callbacks callbacks, size_t max_bytes);
/* Flow control of the body towards us. */
void http_pause_body(struct http_stream *s);
void http_resume_body(struct http_stream *s);

/* A whole answer; everything given is copied. Framing headers (Content-Length, Transfer-Encoding,
 * Connection, Date) are made here and must not be among `headers`; names and values with CR, LF or
 * NUL are a bug, and so is more than a megabyte of them. HEAD gets no body. A body not read yet is
 * drained up to a bound, otherwise the connection is closed with a lingering close. After it the
 * stream belongs to the server again: no callback follows. */
void http_respond(struct http_stream *s, int status, const struct http_header *headers,
                  size_t count, str body);
/* A streamed answer: start, write any number of times, end. content_length -1: chunked (or
 * close-delimited for HTTP/1.0). http_write returns 0 when enough is queued: wait for on_drain.
 * An answer that does not fit its content_length is broken off at http_end. http_abort closes at
 * once, so that the client sees a broken answer (a reset) and not a short one; no callback
 * follows. */
void http_start(struct http_stream *s, int status, const struct http_header *headers, size_t count,
                int64_t content_length);
int http_write(struct http_stream *s, str chunk);
void http_end(struct http_stream *s);
void http_abort(struct http_stream *s);

/* Bytes of answers, over all connections of the stream's server, that clients have not read yet. */
size_t http_queued(const struct http_stream *s);

/* The loop the stream lives on. */
struct loop *http_stream_loop(struct http_stream *s);

/* Listens on "HOST:PORT" ("[::1]:8080", "127.0.0.1:0"; a name's first address) on all loops; not
 * to be called on one. ERR_CONFIG with a sentence for the operator: port in use, address not ours.
 * log may be NULL. Wants SIGPIPE ignored (io/signals.h). */
MUST_USE enum err http_listen(struct fault *f, struct loops *loops, const char *address,
                              struct http_limits limits, struct http_serving serving,
                              struct log *log, struct http_server **ret);
/* The port really bound. */
int http_server_port(const struct http_server *s);
/* Stops accepting, lets running exchanges finish for grace_ms, closes the rest (on_gone), waits for
 * streams that on_head was given and nobody has answered or accepted yet. Before loops_stop().
 * Blocks; not to be called on a loop thread. Frees; accepts NULL. */
void http_close(struct http_server *s, int grace_ms);

#endif
