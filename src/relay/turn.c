/* A call at the gates of Jira's rate limits (relay/gates.h). */
#include "base/check.h"
#include "base/clock.h"
#include "relay/call.h"

#define TURN_LIMIT_MS 1000 /* when Jira did not say how long */

static struct gate_call seen_by_gates(const struct call *c)
{
    int reads = str_eq(c->pass.method, STR("GET")) || str_eq(c->pass.method, STR("HEAD"));

    return (struct gate_call){
        .place = c->use->is.place.base,
        .method = c->pass.method,
        .template = c->pass.template,
        .issue = c->pass.issue,
        .writes = !reads,
    };
}

static const char *words_of(enum provider_limit limit)
{
    switch (limit) {
    case LIMIT_ISSUE:
        return "too many changes to this issue in a short time";
    case LIMIT_QUOTA:
        return "this hour's allowance of calls is used up";
    case LIMIT_QUOTA_ALL:
        return "this hour's allowance of calls, which all sites share, is used up";
    case LIMIT_BURST:
    case LIMIT_NONE:
        break;
    }
    return "too many calls of this kind at once";
}

static void refuse(struct call *c, enum provider_limit limit, int64_t ms)
{
    const struct provider *p = c->lane->relay->config.services->provider;

    c->reason = p->limit_name(limit);
    call_refuse(c,
                fail(&c->fault, ERR_RATE_LIMITED,
                     "Jira asks to slow down (%s), and others wait already or it would take longer "
                     "than this call has. Nothing was sent.",
                     words_of(limit)),
                STR(""), (int)((ms + 999) / 1000));
}

static void go(void *arg)
{
    struct call *c = arg;

    c->gating = 0;
    if (c->state == CALL_ENDED)
        call_free_if_over(c);
    else
        call_next(c);
}

int call_have_turn(struct call *c)
{
    struct gate_call seen = seen_by_gates(c);
    enum provider_limit limit = LIMIT_NONE;
    int64_t ms = 0;

    if (c->gate.through)
        return 1;
    c->gate = (struct gate_pass){c->lane->loop, c->use->is.key, go, c, NULL, 0, 0, NULL};
    switch (gates_enter(c->lane->relay->gates, &seen, &c->gate, &ms, &limit)) {
    case GATE_OPEN:
        return 1;
    case GATE_FULL:
        refuse(c, limit, ms);
        return 0;
    case GATE_WAIT:
        break;
    }
    if (clock_monotonic_ms() + ms >= c->deadline_ms) {
        if (!gates_leave(c->lane->relay->gates, &c->gate, 1)) {
            refuse(c, limit, ms);
            return 0;
        }
    }
    c->gating = 1;
    call_wait(c, ms);
    return 0;
}

static void close_gate(struct call *c)
{
    struct gate_call seen = seen_by_gates(c);
    int64_t ms = c->repeat_ms >= 0 ? c->repeat_ms : c->verdict.retry_after_s * CLOCK_SECOND_MS;

    gates_close(c->lane->relay->gates, &seen, c->verdict.limit, ms > 0 ? ms : TURN_LIMIT_MS);
}

void call_came_back(struct call *c, int limited)
{
    if (!gates_leave(c->lane->relay->gates, &c->gate, limited))
        c->gating = 0;
}

void call_answered(struct call *c)
{
    int limited = c->verdict.limit != LIMIT_NONE;

    if (limited)
        close_gate(c);
    call_came_back(c, limited);
}
