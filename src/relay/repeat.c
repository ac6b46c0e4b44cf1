/* Which calls are made again: GET, HEAD and the removed search (by POST, too) after bad luck on the
 * way to Jira (no connection, 502, 503, 504) and 429; writes when Jira surely did nothing: 429, or
 * nothing was sent. Only with a body that was kept, and never beyond the call's deadline. */
#include "base/clock.h"
#include "relay/call.h"

#define TRIES_MAX 4
#define PAUSE_MS 250

static int is_read(const struct call *c)
{
    return str_eq(c->pass.method, STR("GET")) || str_eq(c->pass.method, STR("HEAD")) ||
           c->pass.is_old_search;
}

static int is_safe(const struct call *c)
{
    const struct upstream_call *up = &c->up;

    if (up->outcome == UPSTREAM_ANSWERED && up->status == 429)
        return 1;
    if (up->outcome == UPSTREAM_ANSWERED)
        return up->status >= 502 && up->status <= 504 && is_read(c);
    if (up->outcome == UPSTREAM_REFUSED || up->outcome == UPSTREAM_NO_HOST)
        return !up->sent;
    return up->outcome == UPSTREAM_CUT && is_read(c);
}

/* 250, 500, 1000 ms, give or take a third, or what Jira asks for and a little, so that not all who
 * wait come at the same moment. */
static int64_t pause_of(const struct call *c)
{
    int64_t asked = c->verdict.retry_after_s * CLOCK_SECOND_MS;
    int64_t own = PAUSE_MS << (c->tries - 1);
    int64_t spread = asked ? 300 : own * 2 / 3;
    int64_t jitter = clock_monotonic_us() % (spread + 1);

    return asked ? asked + jitter : own - own / 3 + jitter;
}

int64_t call_repeat_after(const struct call *c)
{
    if (!is_safe(c) || !c->body.kept || c->tries >= TRIES_MAX || c->timed_out)
        return -1;
    int64_t ms = pause_of(c);
    return clock_monotonic_ms() + ms < c->deadline_ms ? ms : -1;
}
