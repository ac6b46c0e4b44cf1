/* Calls to other servers over HTTP: pooled connections, deadlines, the destination guard and a
 * verdict on what became of the call. The only user of libcurl (with url.h). It knows nothing of
 * Atlassian, never follows a redirect, never repeats a call, obeys no proxy variable, no .netrc and
 * no cookie, and logs nothing.
 *
 * Threads: a call belongs to the loop that it was begun on; everything about it happens there.
 * There is no limit on calls in flight that would make one host wait for another; calls that are
 * still connecting are paced a host (a cold host must not cost a resolver thread a call).
 */
#ifndef UPSTREAM_CLIENT_H
#define UPSTREAM_CLIENT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/str.h"
#include "io/loop.h"
#include "upstream/allow.h"

struct upstream;

/* Bytes of answers that are kept at the same time, from their arrival until their calls' arenas
 * are freed. The 64 KiB that an answer begins with are not counted, so that small ones always get
 * through. */
#define UPSTREAM_HELD_MAX ((size_t)256 * 1024 * 1024)

/* Bytes of streamed answers over HTTP/2 that their readers have not taken yet, on each loop. When
 * they would be more, the answers that hold most of it end as UPSTREAM_FULL. */
#define UPSTREAM_STALLED_MAX ((size_t)64 * 1024 * 1024)

struct upstream_config {
    str ca_file;    /* PEM; empty: the system's bundle */
    str proxy;      /* "http://host:port"; empty: none, whatever the environment says */
    str user_agent; /* a plain product name: browser-like ones trip XSRF checks */
    const struct allow_list *allow; /* these origins may be plain or private; kept */
    int64_t connect_timeout_ms;     /* look-up, TCP and TLS together */
};

/* ERR_CONFIG with a sentence for a CA file that cannot be read or a proxy that cannot be used.
 * With a proxy the guard sees the proxy's address only: where names lead is then the proxy's
 * responsibility. */
MUST_USE enum err upstream_new(struct fault *f, struct loops *loops,
                               const struct upstream_config *config, struct upstream **ret);
/* Ends every call in flight as UPSTREAM_STOPPED, and later every one that is begun from now on. On
 * a thread that is no loop; does not wait. */
void upstream_stop(struct upstream *u);
/* As upstream_stop(), waits until their done() have come, on their loops, then frees. Before
 * loops_stop(), on a thread that is no loop; accepts NULL. Nobody may begin a call afterwards,
 * except from within those done(): such calls end as UPSTREAM_STOPPED too. The arenas of calls may
 * live on. */
void upstream_free(struct upstream *u);

/* What became of a call. Where nothing else is said, `sent` tells whether the request may have
 * reached the server. */
enum upstream_outcome {
    UPSTREAM_ANSWERED,  /* a whole HTTP answer of any status */
    UPSTREAM_NO_HOST,   /* the name could not be resolved; not sent */
    UPSTREAM_REFUSED,   /* no connection: refused, reset, unreachable; not sent */
    UPSTREAM_GUARDED,   /* plain http or a private address without leave, or metadata; not sent */
    UPSTREAM_TLS,       /* no secure connection, `reason` says why; not sent */
    UPSTREAM_PROXY,     /* the proxy could not be used or refused; not sent */
    UPSTREAM_SLOW,      /* a deadline passed, `phase` says in what */
    UPSTREAM_CUT,       /* the connection broke before the answer was whole; sent */
    UPSTREAM_GARBLED,   /* what came is not HTTP */
    UPSTREAM_TOO_LARGE, /* body over body_max, or headers over 64 KiB; sent */
    UPSTREAM_FULL,      /* answers together would take over UPSTREAM_HELD_MAX or _STALLED_MAX; sent
                         */
    UPSTREAM_GIVEN_UP,  /* upstream_give_up() */
    UPSTREAM_STOPPED    /* Mortise is being stopped */
};

enum upstream_phase {
    UPSTREAM_QUEUED, /* waiting for its turn to connect */
    UPSTREAM_RESOLVING,
    UPSTREAM_CONNECTING,
    UPSTREAM_SECURING, /* TLS */
    UPSTREAM_SENT,     /* the request may be on its way; no byte of an answer */
    UPSTREAM_ANSWERING
};

struct upstream_header {
    str name;
    str value;
};

enum upstream_auth { UPSTREAM_BASIC, UPSTREAM_BEARER };

/* Is the answer a secret itself, as a token endpoint's is? */
enum upstream_reply {
    UPSTREAM_REPLY_PLAIN,
    /* The body is kept in a secret's memory (base/secret.h), is wiped with the call's arena, is not
     * asked for compressed and has nothing masked. At most UPSTREAM_SECRET_MAX bytes. */
    UPSTREAM_REPLY_SECRET
};
#define UPSTREAM_SECRET_MAX ((size_t)64 * 1024)

/* An Authorization header made once for many calls (a secret has pages of its own, which cost more
 * than a call can afford). Lives until the last of them is done. */
struct upstream_credential;
MUST_USE struct upstream_credential *upstream_credential_new(enum upstream_auth auth, str username,
                                                             const struct secret *secret);
/* Wipes; accepts NULL. */
void upstream_credential_free(struct upstream_credential *c);

struct upstream_call;

/* Bodies that pass through, piece by piece, instead of being kept: for proxying. They are
 * called on the call's loop, from within libcurl: none may begin or give up a call; waking one
 * (upstream_wake) is all right. Those of any call may also come from within upstream_call().
 * Nothing of a streamed body is masked or counted by us. */
struct upstream_stream {
    /* Status and headers of the final answer are there (call->status, reply_headers). */
    void (*on_head)(struct upstream_call *call, void *token);
    /* A piece of its body, borrowed. 1: go on; 0: it was taken, and no more until upstream_wake().
     * Never called before on_head. */
    int (*on_data)(struct upstream_call *call, str chunk, void *token);
    /* The answer is whole and all of it was given to on_data; done() follows when the call has been
     * tidied up. Not from within libcurl. Optional; does not come when the reader was behind. */
    void (*on_whole)(struct upstream_call *call, void *token);
    /* The request's body: the next bytes into `to`, how many; 0: none at present, ask again after
     * upstream_wake(). Not called when body_length is 0. */
    size_t (*more)(struct upstream_call *call, char *to, size_t room, void *token);
    int64_t body_length; /* -1: not known, ends when `ended` is set and more() gives 0 */
    int ended;           /* the caller sets it when no more will come */
    /* The answer is large: not asked for compressed, and not over HTTP/2, where nothing slows the
     * server down when the reader is slower than it (UPSTREAM_STALLED_MAX). */
    int is_bulk;
};

/* One call. The caller owns it and everything it points to until done(). */
struct upstream_call {
    struct arena *arena;                   /* receives headers; the body is released with it */
    str method;                            /* GET HEAD POST PUT PATCH DELETE */
    str url;                               /* absolute; sent as it is, dot segments too */
    const struct upstream_header *headers; /* besides User-Agent; the caller has checked them */
    size_t header_count;
    enum upstream_auth auth;
    str username;                /* UPSTREAM_BASIC: Authorization: Basic (RFC 7617) */
    const struct secret *secret; /* password or token (RFC 6750); NULL: no authorisation */
    const struct upstream_credential *credential; /* in their place; streamed calls only */
    str body; /* POST, PUT and PATCH send Content-Length: 0 when it is empty */
    const struct secret *secret_body; /* not NULL: instead of `body`, never copied by us */
    enum upstream_reply reply;
    size_t body_max; /* of the answer, after decompression; not when it is streamed */
    struct upstream_stream *stream; /* NULL: bodies are kept; `body` must be empty otherwise */
    /* clock_monotonic_ms(); 0: none, as the caller gives up by itself (streamed calls only) */
    int64_t deadline_ms;
    void (*done)(struct upstream_call *call, void *token);
    void *token;

    /* set before done(), which comes exactly once, later (never from within upstream_call), on
     * the loop */
    enum upstream_outcome outcome;
    enum upstream_phase phase; /* how far it came */
    int sent;                  /* 0: surely not a byte of the request left */
    int status;
    const struct upstream_header *reply_headers; /* in order, names as received */
    size_t reply_header_count;
    str reply_body; /* p never NULL when answered */
    int64_t took_ms;
    const char *reason; /* UPSTREAM_TLS, UPSTREAM_GUARDED: a clause in plain words, static */
    str detail;         /* libcurl's words, for the log; no secret */

    struct transfer *ours; /* client.c's */
};

/* Begins the call on its loop's thread. A method other than GET or HEAD is sent at most once,
 * whatever happens to the connection; so is every streamed call. */
void upstream_call(struct upstream *u, struct loop *loop, struct upstream_call *call);

/* A streamed call may go on, in both directions. On its loop, before done(); also from within its
 * callbacks; cheap. */
void upstream_wake(struct upstream_call *call);
/* Ends the call, with UPSTREAM_GIVEN_UP, later. On its loop, before done(), not from within its
 * callbacks. */
void upstream_give_up(struct upstream_call *call);

/* The first value of a header, by name without regard to case; p == NULL when absent. */
str upstream_reply_header(const struct upstream_call *call, str name);

#endif
