/* Jira's rate limits as gates: when Jira says 429, calls of that kind wait here until it said to
 * come back, then go through one after the other, fairly between keys.
 *
 * What a gate is for, by the limit (core/provider.h):
 *   LIMIT_BURST  one place, method and kind of path        LIMIT_ISSUE  one place and issue, writes
 *   LIMIT_QUOTA, LIMIT_QUOTA_ALL  one place, whatever is called
 * A gate:
 *   (none)  -- a call is answered 429 -->                          closed until then
 *   closed  -- its time is over -->                                trying: one call goes through
 *   trying  -- answered by anything but 429 -->                    twice as many go through, and so
 * on trying  -- answered 429 -->                                    closed until then trying  --
 * nobody waits, all who went through are back -->     (none) Invariants:
 *   - while there is a gate, calls of its kind go through it only, in turns between keys, those of
 * one key in the order they came;
 *   - at most waiting_max wait at one gate, and GATES_WAITING times as many at all; who comes then
 * is told when to come back;
 *   - no gate, no cost: with none, passing is one look at a counter.
 * Threads: any loop; one mutex, never held across anything that blocks. Who waits is told on its
 * own loop.
 */
#ifndef RELAY_GATES_H
#define RELAY_GATES_H

#include "core/provider.h"
#include "io/loop.h"

#define GATES_WAITING 10
#define GATES_MAX 1024

struct gates;
struct gate;

/* A call in the eyes of the gates; borrowed. */
struct gate_call {
    str place; /* base of the target */
    str method;
    str template;
    str issue; /* empty: none */
    int writes;
};

/* Who waits, or went through. The caller's; left alone until released (go) or left (gates_leave).
 */
struct gate_pass {
    struct loop *loop;
    str key;               /* fairness is between these; borrowed */
    void (*go)(void *arg); /* on the loop, later: may go through now */
    void *arg;
    struct gate *gate; /* NULL: at none */
    int through;       /* went through, and is not back yet */
    int64_t turn;
    struct gate_pass *next;
};

enum gate_answer { GATE_OPEN, GATE_WAIT, GATE_FULL };

/* waiting_max: from 1 on. */
MUST_USE struct gates *gates_new(size_t waiting_max);
/* Nobody may be at any. Accepts NULL. */
void gates_free(struct gates *gs);
/* GATE_WAIT: go() comes, unless gates_leave() comes first. *ret_wait_ms: with GATE_WAIT and
 * GATE_FULL, how long at least; *ret_limit: which. */
enum gate_answer gates_enter(struct gates *gs, const struct gate_call *call, struct gate_pass *pass,
                             int64_t *ret_wait_ms, enum provider_limit *ret_limit);
/* A call that was told LIMIT_...: closes its gate for so long. */
void gates_close(struct gates *gs, const struct gate_call *call, enum provider_limit limit,
                 int64_t ms);
/* Who waits looks again after so many milliseconds, since nobody else may: lets through who may go.
 * 0: it is through, and go() is on its way. */
int64_t gates_look(struct gates *gs, struct gate_pass *pass);
/* It waits no longer, or has come back: limited or not. Does nothing at none. 1: it had been let
 * through, so that a go() that has not come yet will come. */
int gates_leave(struct gates *gs, struct gate_pass *pass, int limited);

#endif
