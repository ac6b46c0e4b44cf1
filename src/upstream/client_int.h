/* Shared by client.c (queueing, life), transfer.c (one call as a libcurl handle), stream.c (bodies
 * that pass through), behind.c (what their readers have not taken yet), shard.c (a multi handle on
 * the event loop) and outcome.c (what became of it). All of it is used on one loop's
 * thread only, except struct upstream itself, which is read-only after upstream_new().
 *
 * States of a transfer:
 *   QUEUED   on its origin's list, no libcurl handle
 *   RUNNING  in a shard's multi handle; `prereqs` counts how often libcurl was about to send
 *   EMPTYING libcurl is through, its reader is not: pieces are left behind (behind.c); judged
 *   FAILING  judged before it ran; its timer is active and delivers the verdict
 *   (gone)   off every list, call->done() called
 * QUEUED -> RUNNING -> gone; RUNNING -> EMPTYING -> gone; QUEUED -> gone (deadline, stop); new ->
 * FAILING -> gone.
 */
#ifndef UPSTREAM_CLIENT_INT_H
#define UPSTREAM_CLIENT_INT_H

#include <curl/curl.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <semaphore.h>

#include "base/buf.h"
#include "upstream/auth.h"
#include "upstream/client.h"
#include "upstream/guard.h"
#include "upstream/held.h"

#define SHARD_TRANSFERS 64      /* of one multi handle for HTTP/1.1: it walks all its connections */
#define STARTING_MAX 64         /* calls to one origin that are still connecting */
#define STREAMS_A_CONNECTION 64 /* HTTP/2; servers allow 100 or more */
#define ORIGINS_KEPT 256
#define EASY_KEPT 2048
#define HELD_FREE ((size_t)64 * 1024) /* of a body, not counted */
#define REPLY_HEADERS_MAX ((size_t)64 * 1024)

struct client;
struct transfer;
struct watch;

enum origin_protocol { ORIGIN_UNKNOWN, ORIGIN_HTTP1, ORIGIN_HTTP2 };

/* What is remembered of a server: whether it is one of the allowed, which protocol it speaks, and
 * who waits to connect. */
struct origin {
    struct origin *next;
    char *key;    /* as calls write it: "https://host:port" */
    CURLU *url;   /* the same, taken apart */
    int is_plain; /* http */
    int allowed;  /* plain and private addresses are all right */
    enum origin_protocol protocol;
    size_t calls;    /* transfers in any state */
    size_t starting; /* RUNNING and not yet about to send */
    struct transfer *queue;
    struct transfer **queue_end;
};

/* A multi handle. */
struct shard {
    struct shard *next;
    struct shard *next_with_room;
    struct client *client;
    CURLM *multi;
    struct event *timer; /* libcurl's */
    struct event *ended; /* something ended while it was added */
    size_t running;
    int adding; /* within curl_multi_add_handle() */
    int http2;
};

enum transfer_state { TRANSFER_QUEUED, TRANSFER_RUNNING, TRANSFER_EMPTYING, TRANSFER_FAILING };

struct piece; /* behind.c */

/* What came while the reader wanted no more, in order. */
struct behind {
    struct piece *first;
    struct piece *last;
    size_t count;     /* of pieces */
    int64_t since_ms; /* when the reader took something last */
};

struct transfer {
    struct transfer *next; /* all of the client's */
    struct transfer **link;
    struct transfer *queue_next;
    struct client *client;
    struct upstream_call *call;
    struct origin *origin;
    struct shard *shard;
    enum transfer_state state;
    CURL *easy;
    struct event timer;         /* the deadline */
    struct event wake;          /* streamed calls only */
    struct curl_slist *headers; /* in the call's arena */
    struct curl_slist **headers_end;
    int opened;     /* a socket of its own */
    int is_special; /* the handle was told what it must not know for another call */
    int has_body;
    struct auth_line auth;
    struct buf body;
    struct secret secret_body; /* in its place for UPSTREAM_REPLY_SECRET: room for body_max ... */
    size_t secret_size;        /* ... of which so much came */
    struct upstream_header *reply;
    size_t reply_count;
    size_t reply_room;
    size_t reply_bytes;
    int64_t began_ms;
    int prereqs;
    int guarded;
    int too_large;
    int full;       /* answers together would pass UPSTREAM_HELD_MAX or UPSTREAM_STALLED_MAX */
    size_t held;    /* of the body, what is counted in upstream->held */
    int head_whole; /* the empty line after the headers came */
    int head_told;  /* stream->on_head was called */
    int in_pause;   /* the reader asked for no more */
    int given_up;
    struct behind behind;
    char error[CURL_ERROR_SIZE];
};

/* One loop's part. */
struct client {
    const struct upstream *upstream;
    struct loop *loop;
    struct shard *shards;    /* HTTP/1.1 and whoever is not known yet */
    struct shard *with_room; /* those of them with fewer than SHARD_TRANSFERS running */
    struct shard *http2;
    struct origin *origins;
    struct transfer *transfers;
    size_t queued;
    size_t behind; /* bytes, of all its transfers */
    int pump_wanted;
    int stopping;
    int leaving;
    int gone_posted;
    sem_t *stopped;
    struct watch **opened; /* by descriptor: sockets of ours that are connected */
    size_t opened_room;
    struct watch *spare;   /* of sockets that are not watched any more */
    CURL *idle[EASY_KEPT]; /* with all options set that are the same for every call */
    size_t idle_count;
};

struct upstream {
    char *ca_file;
    char *proxy;
    char *user_agent; /* the whole line */
    const struct allow_list *allow;
    struct held *held;
    long connect_timeout_ms;
    struct client *clients;
    size_t count;
};

/* stream.c: a streamed call's part of transfer_prepare(); what becomes of a piece; of a wake. */
void stream_prepare(struct transfer *t);
size_t stream_take(struct transfer *t, char *p, size_t n);
void stream_tell_head(struct transfer *t);
void stream_wake(struct transfer *t);
/* behind.c: keeps a piece whose reader has stalled; gives what was kept to the reader until it
 * wants no more; forgets it. behind_keep() returns 0 when there is no room: the transfer is over.
 */
MUST_USE int behind_keep(struct transfer *t, const char *p, size_t n);
void behind_hand_on(struct transfer *t);
void behind_drop(struct transfer *t);
/* transfer.c: makes t->easy ready; gives it back. */
void transfer_prepare(struct transfer *t);
void transfer_release(struct transfer *t);
/* shard.c */
struct shard *shard_new(struct client *c, int http2);
void shard_free(struct shard *s);
void shard_add(struct shard *s, struct transfer *t);
void shard_remove(struct shard *s, struct transfer *t);
/* A descriptor is new: whatever was known of its number is over. */
void shard_made(struct client *c, curl_socket_t fd);
/* A socket of ours is connected; libcurl closes one (CURLOPT_CLOSESOCKETFUNCTION). Every socket of
 * the first kind has to end by the second: the loop may still watch it. */
void shard_opened(struct shard *s, curl_socket_t fd);
int shard_close(void *client, curl_socket_t fd);
/* When all shards are freed. */
void shard_forget_sockets(struct client *c);
/* outcome.c: fills the call's verdict; t->easy is still there (NULL when it never ran). */
void outcome_judge(struct transfer *t, CURLcode code);
/* client.c: the transfer ended inside its shard with this code. */
void client_ended(struct transfer *t, CURLcode code);
/* client.c: starts whoever may start; outside of libcurl's callbacks only. */
void client_pump(struct client *c);

#endif
