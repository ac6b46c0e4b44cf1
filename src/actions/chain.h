/* Calls to Jira one after the other for one actor, without holding a worker or a database
 * connection while Jira is asked: the machine below running an action (run.h) and looking up
 * options (options.h).
 *
 * States, and whose thread has the chain:
 *   turning  a worker  turn() hears the call that was made, decides and prepares the next one
 *   calling  its loop  the provider is asked, by way of src/life
 *   pausing  its loop  a timer; goes on at once when the process is stopping
 *   over     its loop  end() was called, once; the chain may be freed in it
 *   turning -- CHAIN_CALL --> calling -- answer or failure --> turning
 *   turning -- CHAIN_PAUSE -> pausing -- time --------------> turning
 *   turning -- CHAIN_END ---> over
 * Invariants:
 *   - at every turn the actor's right is read anew, and for every call whose credential is used;
 *     a wait for a token is followed by deciding again (life.h, still);
 *   - a call's memory is its own and goes with it: a chain of a million calls is as small as one of
 *     two;
 *   - the secret of a call is wiped with it.
 */
#ifndef ACTIONS_CHAIN_H
#define ACTIONS_CHAIN_H

#include "actions/fill.h"
#include "core/access.h"
#include "core/health.h"
#include "io/loop.h"
#include "io/pool.h"
#include "life/life.h"

enum chain_next { CHAIN_CALL, CHAIN_PAUSE, CHAIN_END };

struct chain_call {
    struct arena *arena;
    struct provider_op op;
    struct life_use use;
    struct chain *chain;
    struct health_before before;
    int64_t generation;
    str credential;
    str connection_name;
    str account;
    str site;
    str site_url;
    int shared;
    int64_t began; /* milliseconds UTC */
    int64_t started_ms;
    int64_t took_ms;
};

struct chain {
    /* set by the owner */
    struct pool *pool;
    const struct services *services;
    const _Atomic int *stopping; /* not 0: the process ends, pauses are over */
    struct access_query who;     /* lives as long as the chain */
    enum chain_next (*turn)(struct chain *c, struct work *w);
    void (*end)(struct chain *c);
    void *arg;
    int64_t pause_ms; /* with CHAIN_PAUSE */
    /* for turn() */
    struct chain_call *call; /* heard, or to be made; NULL: none */
    enum err refused; /* the actor's right, as read at this turn; w->fault has the sentence */
    /* the chain's own */
    struct loop *loop;
    enum chain_next next;
    struct event *timer;
    int64_t until_ms;
};

/* On the loop given. */
void chain_start(struct chain *c, struct loop *loop);

/* In turn(): decides whose credential of the connection is used, fills the request's document and
 * opens the secret. *ret_call is made even when filling fails: it tells whose it would have been.
 * *ret_fatal 1: no call of this connection could be made now, whatever the values. The call is the
 * chain's; chain_forget() frees it. */
MUST_USE enum err chain_prepare(struct chain *c, struct work *w, str connection,
                                const json_t *document, const struct fill_scope *scope,
                                int *ret_fatal);
/* In turn(), when it was made: notes what Jira said of the credential; committed, and if that fails
 * only the note is lost. */
void chain_note(struct chain *c, struct work *w);
void chain_forget(struct chain *c);

#endif
