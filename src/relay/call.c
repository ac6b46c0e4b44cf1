/* The way of one call. States and invariants: the header. */
#include "relay/call.h"

#include "base/check.h"
#include "base/clock.h"
#include "core/health.h"
#include "core/settings.h"
#include "relay/problem.h"

#define REFRESHES_MAX 3
#define CALL_ARENA_MAX ((size_t)256 << 20) /* the removed search makes its answer in it */

#define TO(state) (1u << (state))
static const unsigned leads[] = {
    [CALL_DECIDING] = TO(CALL_REFRESHING) | TO(CALL_RECEIVING) | TO(CALL_WAITING) |
                      TO(CALL_SENDING) | TO(CALL_ENDED),
    [CALL_REFRESHING] = TO(CALL_DECIDING) | TO(CALL_RECEIVING) | TO(CALL_WAITING) |
                        TO(CALL_SENDING) | TO(CALL_ENDED),
    [CALL_RECEIVING] = TO(CALL_DECIDING) | TO(CALL_REFRESHING) | TO(CALL_WAITING) |
                       TO(CALL_SENDING) | TO(CALL_ENDED),
    [CALL_WAITING] = TO(CALL_DECIDING) | TO(CALL_REFRESHING) | TO(CALL_SENDING) | TO(CALL_ENDED),
    [CALL_SENDING] = TO(CALL_DECIDING) | TO(CALL_REFRESHING) | TO(CALL_WAITING) |
                     TO(CALL_ANSWERING) | TO(CALL_ENDED),
    [CALL_ANSWERING] = TO(CALL_ENDED),
    [CALL_ENDED] = 0,
};

static int is_waiting(enum call_state s)
{
    return s == CALL_DECIDING || s == CALL_REFRESHING || s == CALL_WAITING;
}

void call_go(struct call *c, enum call_state to)
{
    int64_t now = is_waiting(c->state) || is_waiting(to) ? clock_monotonic_us() : 0;

    if (c->state == to)
        return;
    must(leads[c->state] & TO(to));
    if (c->state == CALL_WAITING)
        must(event_del(&c->pause) == 0);
    if (is_waiting(c->state) && c->wait_began_us)
        c->wait_us += now - c->wait_began_us;
    c->wait_began_us = is_waiting(to) ? now : 0;
    c->state = to;
}

/* --- memory ----------------------------------------------------------------------------------- */

static struct arena *take_arena(struct lane *lane)
{
    struct arena *a;

    if (lane->spare_count)
        return lane->spare[--lane->spare_count];
    a = arena_new(CALL_ARENA_MAX);
    arena_share(a, &lane->spare_block);
    return a;
}

static void give_arena(struct lane *lane, struct arena *a)
{
    if (lane->spare_count == SPARE_ARENAS) {
        arena_free(a);
        return;
    }
    arena_clear(a);
    lane->spare[lane->spare_count++] = a;
}

/* --- the end ---------------------------------------------------------------------------------- */

void call_free_if_over(struct call *c)
{
    struct relay *r = c->lane->relay;

    if (c->state != CALL_ENDED || c->deciding || c->refreshing || c->in_flight || c->searching ||
        c->gating)
        return;
    must(event_del(&c->timer) == 0 && event_del(&c->pause) == 0);
    decision_release(c->use);
    body_done(&c->body);
    buf_done(&c->held);
    if (c->flight)
        secret_wipe(&c->flight->access);
    give_arena(c->lane, c->arena);
    count_end(&r->count);
}

/* By the credential's or Jira's fault, in words that admins may read; not what the caller's own
 * patience or Jira's limits came to. */
static str failure_of(const struct call *c)
{
    const struct provider_verdict *v = &c->verdict;
    const str none = {NULL, 0};

    if (c->fault.code == ERR_OK)
        return c->status && health_of_meaning(v->meaning) == HEALTH_FAILED ? v->plain : none;
    if (c->timed_out && (c->timeout_asked || c->up.outcome != UPSTREAM_SLOW))
        return none;
    if (c->fault.code == ERR_FORBIDDEN && v->meaning == MEANING_LOCKED)
        return v->plain;
    return health_of_error(c->fault.code) == HEALTH_FAILED ? str_from(fault_text(&c->fault)) : none;
}

/* By Jira, whether the caller got that answer or ours in its place. */
static int was_answered(const struct call *c)
{
    if (c->fault.code == ERR_OK)
        return c->status != 0;
    return c->fault.code == ERR_SCOPE_MISSING && c->verdict.meaning == MEANING_SCOPE_MISSING;
}

/* What it names there, if that was no slip. */
static str sample_of(const struct call *c)
{
    int reached = was_answered(c) &&
                  (c->verdict.meaning == MEANING_OK || c->verdict.meaning == MEANING_FORBIDDEN);

    return c->pass.names_in_body && c->body.kept && reached ? buf_str(&c->body.data)
                                                            : (str){NULL, 0};
}

/* For the app's admins. A call that nobody was let through with has no app that it belongs to. */
static void record(const struct call *c)
{
    const struct key_call *is = &c->use->is;
    const struct provider_pass *pass = &c->pass;

    records_add(c->lane->records,
                &(struct call_kind){
                    .app = is->app,
                    .connection = is->connection,
                    .connection_name = is->connection_name,
                    .key = is->key,
                    .key_name = is->key_name,
                    .user = is->user,
                    .credential = is->credential,
                    .method = pass->method,
                    .template = pass->template,
                    .code = str_from(c->fault.code ? err_code(c->fault.code) : NULL),
                    .generation = is->generation,
                    .has_scopes = is->place.has_scopes,
                    .project = pass->issue.n ? (str){NULL, 0} : pass->project,
                    .body = sample_of(c),
                    .failure = failure_of(c),
                },
                &(struct call_note){
                    .issue = pass->issue.n ? pass->issue : (str){NULL, 0},
                    .status = c->status,
                    .at = clock_now_ms(),
                    .ms = (clock_monotonic_us() - c->started_us) / 1000,
                    .repeats = c->tries > 0 ? c->tries - 1 : 0,
                    .answered = (unsigned char)was_answered(c),
                    .meaning = (unsigned char)c->verdict.meaning,
                    .project_n = (unsigned char)(pass->issue.n ? pass->project.n : 0),
                });
}

/* Nothing more is said to the caller; what is pending comes back. */
void call_end(struct call *c)
{
    call_go(c, CALL_ENDED);
    if (c->use)
        record(c);
    c->stream = NULL;
    must(event_del(&c->timer) == 0 && event_del(&c->pause) == 0);
    call_came_back(c, 0);
    if (c->in_flight)
        upstream_give_up(&c->up);
    call_free_if_over(c);
}

static str connect_url(const struct call *c, str connection)
{
    if (connection.n == 0)
        return STR("");
    return arena_printf(c->arena, "%.*s/apps/%.*s/connections/%.*s/connect",
                        STR_ARG(c->lane->relay->config.services->settings->public_url),
                        STR_ARG(c->address.app), STR_ARG(connection));
}

static void log_refusal(const struct call *c, str id)
{
    int status = err_status(c->fault.code);

    log_event(c->lane->relay->config.log, status >= 500 ? LOG_ERROR : LOG_DEBUG, "relay_refused",
              LOG_STR("method", c->pass.method), LOG_INT("status", status), LOG_STR("id", id),
              LOG_STR("code", str_from(err_code(c->fault.code))),
              LOG_STR("where", str_from(c->fault.where)),
              LOG_STR("detail", str_from(c->fault.detail)));
}

void call_refuse(struct call *c, enum err e, str connection, int retry_after_s)
{
    struct arena *a = c->arena;
    struct http_header headers[7];
    size_t n = 0;
    str id = id_new(a);
    struct problem p = {&c->fault, connect_url(c, connection), c->reason, id};

    must(c->fault.code == e && e != ERR_OK);
    if (e == ERR_STORAGE_BUSY || e == ERR_STORAGE_FAILED || e == ERR_OVERLOADED || e == ERR_RETRY)
        retry_after_s = retry_after_s ? retry_after_s : 1;
    headers[n++] = (struct http_header){STR("Content-Type"), STR("application/problem+json")};
    headers[n++] = (struct http_header){STR("Cache-Control"), STR("no-store")};
    headers[n++] = (struct http_header){STR("X-Content-Type-Options"), STR("nosniff")};
    headers[n++] = (struct http_header){STR("Content-Security-Policy"), STR("sandbox")};
    if (retry_after_s)
        headers[n++] =
            (struct http_header){STR("Retry-After"), arena_printf(a, "%d", retry_after_s)};
    if (c->reason.n)
        headers[n++] = (struct http_header){STR("RateLimit-Reason"), c->reason};
    if (err_status(e) == 401) /* not Basic: browsers would ask people for a password */
        headers[n++] =
            (struct http_header){STR("WWW-Authenticate"), STR("Bearer realm=\"Mortise\"")};
    log_refusal(c, id);
    c->status = err_status(e);
    if (c->stream)
        http_respond(c->stream, err_status(e), headers, n, problem_body(a, &p));
    call_end(c);
}

/* When it is over whatever happens. */
static int64_t last_moment(const struct call *c)
{
    return c->timeout_asked ? c->deadline_ms : c->started_us / 1000 + CALL_TIMEOUT_MAX_MS;
}

static void set_clock(struct call *c, int64_t ms)
{
    struct timeval tv = {ms > 0 ? ms / 1000 : 0, ms > 0 ? ms % 1000 * 1000 : 0};

    c->moved = 0;
    must(event_add(&c->timer, &tv) == 0);
}

/* A body on a slow line is no call that hangs, unless the caller said how long it may take. */
static int goes_on(const struct call *c)
{
    int has_body =
        c->state == CALL_RECEIVING || c->state == CALL_SENDING || c->state == CALL_ANSWERING;

    return c->moved && has_body && clock_monotonic_ms() < last_moment(c);
}

/* A refresh ends by itself, however long the token endpoint takes. Who waited for one has all of
 * the time for Jira then. */
static void start_anew(struct call *c)
{
    if (c->timeout_asked)
        return;
    c->deadline_ms = clock_monotonic_ms() + c->lane->relay->config.timeout_ms;
    set_clock(c, c->lane->relay->config.timeout_ms);
}

static void say_time_is_over(struct call *c)
{
    const char *of = c->timeout_asked ? "The time for this call (X-Mortise-Timeout)"
                                      : "The time that a call has to begin";

    call_refuse(c,
                fail(&c->fault, ERR_UPSTREAM_TIMEOUT,
                     "%s was over before Jira could be asked with success. Nothing was changed.",
                     of),
                STR(""), 0);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    struct call *c = arg;

    (void)fd;
    (void)what;
    if (!c->timeout_asked && (goes_on(c) || c->state == CALL_REFRESHING)) {
        set_clock(c, c->lane->relay->config.timeout_ms);
        return;
    }
    c->timed_out = 1;
    if (c->state == CALL_SENDING && c->in_flight) {
        upstream_give_up(&c->up); /* what became of it is said when it is known */
    } else if (c->state == CALL_ANSWERING) {
        http_abort(c->stream);
        call_end(c);
    } else {
        say_time_is_over(c);
    }
}

static void start_clock(struct call *c)
{
    c->clock_runs = 1;
    set_clock(c, c->deadline_ms - clock_monotonic_ms());
}

/* --- waiting ---------------------------------------------------------------------------------- */

static void on_pause_over(evutil_socket_t fd, short what, void *arg)
{
    struct call *c = arg;
    int64_t again_ms;

    (void)fd;
    (void)what;
    if (!c->gating) {
        call_next(c);
        return;
    }
    again_ms = gates_look(c->lane->relay->gates, &c->gate);
    if (again_ms)
        call_wait(c, again_ms);
}

void call_wait(struct call *c, int64_t ms)
{
    struct timeval tv = {ms / 1000, ms % 1000 * 1000};

    call_go(c, CALL_WAITING);
    must(event_add(&c->pause, &tv) == 0);
}

/* --- the body --------------------------------------------------------------------------------- */

static void on_body(void *arg, str chunk)
{
    struct call *c = arg;

    if (c->state == CALL_ANSWERING && !c->in_flight)
        return;
    c->moved = 1;
    int full = body_add(&c->body, chunk);
    if (full) {
        c->paused = 1;
        http_pause_body(c->stream);
    }
    if (c->in_flight)
        upstream_wake(&c->up);
    else if (c->state == CALL_RECEIVING && !c->body.kept)
        call_next(c);
}

static void on_end(void *arg)
{
    struct call *c = arg;

    c->body.ended = 1;
    if (c->in_flight) {
        c->flow.ended = 1;
        upstream_wake(&c->up);
    } else if (c->state == CALL_RECEIVING) {
        call_next(c);
    }
}

static void on_gone(void *arg)
{
    call_end(arg);
}

static void on_drain(void *arg)
{
    struct call *c = arg;

    if (c->in_flight)
        upstream_wake(&c->up);
}

static void receive(struct call *c)
{
    c->accepted = 1;
    call_go(c, CALL_RECEIVING);
    http_accept_body(c->stream,
                     (struct http_callbacks){.on_body = on_body,
                                             .on_end = c->body.ended ? NULL : on_end,
                                             .on_gone = on_gone,
                                             .on_drain = on_drain,
                                             .arg = c},
                     SIZE_MAX / 2);
}

/* --- the decision ----------------------------------------------------------------------------- */

static void decided(void *arg)
{
    struct call *c = arg;

    c->deciding = 0;
    if (c->state == CALL_ENDED) {
        decision_release(c->waiter->decision);
        call_free_if_over(c);
        return;
    }
    if (c->waiter->err) {
        c->fault = c->waiter->fault;
        call_refuse(c, c->waiter->err, str_from(c->waiter->connection), 0);
        return;
    }
    decision_release(c->use);
    c->use = c->waiter->decision;
    c->outdated = 0;
    call_next(c);
}

static void wait_for_decision(struct call *c)
{
    if (!c->waiter)
        c->waiter = arena_new_of(c->arena, struct decision_waiter);
    *c->waiter = (struct decision_waiter){.decided = decided, .arg = c};
    c->deciding = 1;
    call_go(c, CALL_DECIDING);
    decisions_wait(c->lane->decisions, &c->question, c->waiter);
}

/* 1 when it is there. */
static int have_decision(struct call *c)
{
    struct decisions *ds = c->lane->decisions;

    if (c->use && !c->outdated && decisions_hold(ds, c->use))
        return 1;
    must(!c->deciding);
    struct proven *fresh = decisions_get(ds, &c->question);
    if (fresh == NULL) {
        wait_for_decision(c);
        return 0;
    }
    decision_release(c->use);
    c->use = fresh;
    c->outdated = 0;
    return 1;
}

/* --- the token -------------------------------------------------------------------------------- */

static void landed(void *arg)
{
    struct call *c = arg;
    enum err e = c->flight->err;
    int64_t lives_until = c->use->is.grant.access_expires;

    c->refreshing = 0;
    secret_wipe(&c->flight->access); /* read with the next decision */
    if (c->state == CALL_ENDED) {
        call_free_if_over(c);
    } else if (e == ERR_OK) {
        start_anew(c);
        decisions_drop(c->lane->decisions, &c->question);
        c->outdated = 1;
        call_next(c);
    } else if (e != ERR_NEEDS_RECONNECT && !c->forced && lives_until > clock_now_ms()) {
        start_anew(c);
        c->refreshes = REFRESHES_MAX; /* the token is old, and serves as long as it lives */
        call_next(c);
    } else {
        c->fault = c->flight->fault;
        call_refuse(c, e, e == ERR_NEEDS_RECONNECT ? c->use->is.connection : STR(""), 0);
    }
}

static struct flight_wish wish_of(const struct call *c)
{
    const struct key_call *is = &c->use->is;

    return (struct flight_wish){c->lane->loop, is->grant.grant, is->grant.generation,
                                is->app,       is->connection,  GRANT_OBEY_BACKOFF};
}

void call_refresh(struct call *c)
{
    call_go(c, CALL_REFRESHING);
    c->refreshes++;
    c->refreshing = 1;
    if (!c->flight)
        c->flight = arena_new_of(c->arena, struct flight_waiter);
    *c->flight = (struct flight_waiter){.wish = wish_of(c), .landed = landed, .arg = c};
    life_tend(c->lane->relay->config.services->life, c->flight);
}

void call_refresh_behind(struct call *c)
{
    struct flight_wish wish = wish_of(c);

    life_tend_behind(c->lane->relay->config.services->life, &wish);
}

/* 1 when the token lives long enough. */
static int have_token(struct call *c)
{
    const struct key_call *is = &c->use->is;
    int64_t left;

    if (is->grant.grant.p == NULL || c->refreshes >= REFRESHES_MAX)
        return 1;
    left = is->grant.access_expires - clock_now_ms();
    if (left > LIFE_SOON_MS)
        return 1;
    if (left > LIFE_STALE_MS) {
        call_refresh_behind(c);
        return 1;
    }
    call_refresh(c);
    return 0;
}

/* --- the way ---------------------------------------------------------------------------------- */

void call_next(struct call *c)
{
    if (!c->clock_runs)
        start_clock(c);
    if (!have_decision(c))
        return;
    enum err e = key_call_permits(&c->use->is, &c->fault, c->pass.method, c->pass.path);
    if (e) {
        call_refuse(c, e, STR(""), 0);
        return;
    }
    if (!have_token(c))
        return;
    if (!c->accepted)
        receive(c);
    if (!c->body.ended && c->body.kept)
        call_go(c, CALL_RECEIVING);
    else if (call_is_in_doubt(c) || !call_have_turn(c))
        return;
    else if (c->pass.is_old_search && c->use->is.old_search && c->body.kept)
        call_search(c);
    else
        call_send(c);
}

/* --- the beginning ---------------------------------------------------------------------------- */

/* X-Mortise-Timeout: seconds. */
static int64_t timeout_of(const struct lane *lane, const struct http_request *h)
{
    int64_t s;

    if (!str_to_int64(str_trim(http_header_get(h, STR("x-mortise-timeout"))), &s) || s < 1)
        return lane->relay->config.timeout_ms;
    return s > CALL_TIMEOUT_MAX_MS / CLOCK_SECOND_MS ? CALL_TIMEOUT_MAX_MS : s * CLOCK_SECOND_MS;
}

struct call *call_new(struct lane *lane, struct http_stream *s, const struct http_request *h)
{
    struct arena *a = take_arena(lane);
    struct call *c = arena_new_of(a, struct call);

    c->lane = lane;
    c->arena = a;
    c->stream = s;
    c->started_us = clock_monotonic_us();
    c->deadline_ms = c->started_us / 1000 + timeout_of(lane, h);
    c->timeout_asked = http_header_get(h, STR("x-mortise-timeout")).p != NULL;
    c->length = h->content_length;
    c->asked_count = headers_of_request(a, h, &c->asked);
    body_init(&c->body, &lane->relay->budget, lane->relay->config.keep_max, c->length);
    must(event_assign(&c->timer, loop_base(lane->loop), -1, 0, on_deadline, c) == 0);
    must(event_assign(&c->pause, loop_base(lane->loop), -1, 0, on_pause_over, c) == 0);
    count_begin(&lane->relay->count);
    return c;
}
