/* One call through the relay. Inside of src/relay only.
 *
 *   DECIDING    the head is here; waits for the decision (relay/decisions.h)
 *   REFRESHING  waits for a token that lives (life/flight.h)
 *   RECEIVING   decided; the body comes in, until it is whole or too large to be kept
 *   WAITING     for a moment before it is repeated, or for its turn (rate limits)
 *   SENDING     Jira is asked; nothing of an answer has gone to the caller
 *   ANSWERING   the answer's head has gone out, its body goes through
 *   ENDED       the caller has been answered, or has gone; kept until what is pending has come back
 *
 *   which leads where: `leads` in call.c, the one table.
 * Invariants:
 *   - before every SENDING the decision holds and the token lives: whoever waited asks again;
 *   - a body is asked for (and 100 Continue sent) only after key, limits and credential are
 * decided;
 *   - a write is sent again only when Jira surely did not carry it out: nothing was sent, or it was
 *     answered 429 or 401, or 403 or 404 to a token in its last minute; and only with a body that
 *     was kept;
 *   - what Jira said against a credential holds at once: from that answer on no call is sent with
 * it until that is on file, and then the decision refuses it;
 *   - an answer is passed on, or one of ours is given, never both;
 *   - a call is freed when it has ended and nothing pending points to it: the decision's waiter,
 *     the flight's waiter, the gate's go(), the provider's operation, the upstream call.
 *
 * Threads: the stream's loop.
 */
#ifndef RELAY_CALL_H
#define RELAY_CALL_H

#include <event2/event_struct.h>
#include <pthread.h>
#include <stdatomic.h>

#include "life/flight.h"
#include "relay/address.h"
#include "relay/body.h"
#include "relay/decisions.h"
#include "relay/gates.h"
#include "relay/headers.h"
#include "relay/links.h"
#include "relay/records.h"
#include "relay/relay.h"
#include "relay/rewrite.h"
#include "upstream/client.h"

#define CALL_TIMEOUT_MAX_MS (CLOCK_HOUR_MS)
#define SPARE_ARENAS 1024
#define CALL_REPLY_HELD                                                                            \
    ((size_t)16 * 1024) /* of an answer that is judged before it is passed on                      \
                         */

enum call_state {
    CALL_DECIDING,
    CALL_REFRESHING,
    CALL_RECEIVING,
    CALL_WAITING,
    CALL_SENDING,
    CALL_ANSWERING,
    CALL_ENDED
};

/* A loop's part. */
struct lane {
    struct relay *relay;
    struct loop *loop;
    struct decisions *decisions;
    struct records *records;
    struct buf scratch;                /* a rewritten piece */
    struct arena *spare[SPARE_ARENAS]; /* of calls that are over, cleared */
    size_t spare_count;
    struct arena_spare spare_block; /* for the answer */
};

/* Words on credentials that are not written yet (note.c). Any thread. */
struct notes {
    atomic_size_t count;
    pthread_mutex_t mutex;
    struct note *first; /* behind the mutex */
};
void notes_init(struct notes *all);
/* None may be left. */
void notes_done(struct notes *all);

struct relay {
    struct relay_config config;
    struct lane *lanes;
    size_t lane_count;
    struct count count;
    struct body_budget budget;
    struct gates *gates;
    struct notes notes;
};

/* What becomes of an answer; decided at its head. */
enum reply_fate {
    REPLY_PASSED,  /* goes to the caller */
    REPLY_HELD,    /* its beginning is kept, to be judged when it is whole */
    REPLY_DROPPED, /* the call is made again */
    REPLY_FOLLOWED /* content is somewhere else, where it is fetched without the credential */
};

struct call {
    struct lane *lane;
    struct arena *arena;
    struct http_stream *stream; /* NULL: answered or gone */
    enum call_state state;
    int timed_out;
    int timeout_asked; /* by X-Mortise-Timeout: absolute; else bodies on the move go on, and a
                          refresh is waited for as long as it takes */
    int moved;         /* bytes of a body, since the clock was set */
    int clock_runs;
    struct event timer; /* the deadline */
    struct event pause; /* WAITING */
    int64_t started_us;
    int64_t deadline_ms; /* monotonic */

    struct provider_pass pass;
    struct address address;
    const struct upstream_header *asked;
    size_t asked_count;
    int64_t length; /* of the body; -1 chunked */
    struct decision_question question;

    struct decision_waiter *waiter; /* NULL until a decision is waited for */
    struct proven *use;             /* the last one, also while another is waited for */
    int deciding;                   /* the waiter is out */
    int outdated;                   /* what is in `use` is known to be of no more use */

    struct gate_pass gate;
    struct flight_waiter *flight; /* NULL until a refresh is waited for */
    int refreshing;               /* the flight's waiter is out */
    int refreshes;                /* waited for so far */
    int forced;                   /* an answer was followed by a refresh */
    int gating;                   /* the gate's go() is to come */
    int accepted;                 /* the body was asked for */
    int paused;                   /* and the client asked to wait */
    struct body body;

    struct upstream_call up;
    struct upstream_stream flow;
    int in_flight; /* `up` is upstream's */
    int tries;
    enum reply_fate fate;
    struct rewrite *rewrite; /* ANSWERING; NULL: the body goes through as it is */
    struct buf held;         /* REPLY_HELD */
    int expired;             /* REPLY_HELD: no 401, and the token may have been over all the same */
    struct provider_verdict verdict;
    str content;       /* REPLY_FOLLOWED: where; once */
    int64_t repeat_ms; /* REPLY_DROPPED: after how long */

    struct provider_op *search; /* the removed search: the operation that answers it, as whom */
    str search_credential;
    int64_t search_generation;
    int64_t up_began_us, wait_began_us;
    int64_t up_us, wait_us;
    int searching; /* the operation is the provider's */
    int status;    /* of the answer that went out; 0: none did */
    str reason;    /* of our own 429: the limit, in the provider's words */
    struct fault fault;
};

/* call.c: begins with the head; nothing is decided yet. */
struct call *call_new(struct lane *lane, struct http_stream *s, const struct http_request *h);
/* call.c: moves on from wherever it is: decides, refreshes, receives, sends. */
void call_next(struct call *c);
void call_go(struct call *c, enum call_state to);
/* Answers with c->fault, which `e` is the code of; connection: id where connecting would help, or
 * empty. */
void call_refuse(struct call *c, enum err e, str connection, int retry_after_s);
/* Nothing more is said to the caller: the answer is out, or they have gone. Frees, unless something
 * is pending. */
void call_end(struct call *c);
/* A refresh that the call waits for; one that it does not wait for. */
void call_refresh(struct call *c);
void call_refresh_behind(struct call *c);
/* note.c: Jira's word on the credential, noted on a worker, once a decision. */
void call_note(struct call *c, enum credential_word word, str why);
/* note.c: 1 when such a word is not written yet: the call waits, and decides again. */
int call_is_in_doubt(struct call *c);
/* Does nothing unless it has ended and nothing is pending. */
void call_free_if_over(struct call *c);
/* Waits, then goes on with call_next(). */
void call_wait(struct call *c, int64_t ms);
/* turn.c: 1 when no limit of Jira's stands in the way; else the call waits, or was refused. That
 * the call came back: with an answer (c->verdict, c->repeat_ms), which may be about limits; or
 * anyhow. */
int call_have_turn(struct call *c);
void call_answered(struct call *c);
void call_came_back(struct call *c, int limited);
/* send.c: asks Jira. */
void call_send(struct call *c);
/* search.c: the removed search, in its place. */
void call_search(struct call *c);
/* send.c: the gateway may answer to an expired token that something is forbidden or missing, which
 * is believed only when the token had time left: 0. */
int call_may_be_expired(const struct call *c);
/* send.c: an answer that speaks of the credential: renews, or refuses and notes. */
void call_judge(struct call *c, const struct provider_verdict *v);
/* send.c: what links begin with that lead here; the value of a header that links_are_in(), leading
 * here; the header Server-Timing. */
str call_own_prefix(const struct call *c);
str call_own_links(const struct call *c, str name, str value);
str call_timing(const struct call *c);
/* repeat.c: pure. Whether an attempt that came out so may be made again, and after how long; -1:
 * no.
 */
int64_t call_repeat_after(const struct call *c);

#endif
