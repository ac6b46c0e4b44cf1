/* Asking Jira: the request as it goes out, what becomes of the answer. Everything named on_... here
 * is called by upstream; on_head, on_data and more from within libcurl, so that they only decide,
 * copy and write, and done acts on it.
 */
#include <stdio.h>

#include "base/check.h"
#include "base/clock.h"
#include "core/settings.h"
#include "relay/call.h"

static const struct provider *provider_of(const struct call *c)
{
    return c->lane->relay->config.services->provider;
}

/* --- the answer's head ------------------------------------------------------------------------ */

static int is_json(str type)
{
    type = str_trim(str_take_until(&type, ';'));
    return str_eq_nocase(type, STR("application/json")) || str_ends(type, STR("+json"));
}

/* The length that the caller will see, or -1: rewritten and unpacked bodies have another one. */
static int64_t length_of(const struct call *c)
{
    str text = upstream_reply_header(&c->up, STR("Content-Length"));
    int64_t n;

    if (c->rewrite || upstream_reply_header(&c->up, STR("Content-Encoding")).p ||
        !str_to_int64(text, &n) || n < 0)
        return -1;
    return n;
}

/* "https://mortise.example/jira/desk/jira/rest/" */
str call_own_prefix(const struct call *c)
{
    str parts[] = {c->lane->relay->config.services->settings->public_url, c->address.base,
                   STR("/rest/")};

    return arena_join(c->arena, parts, 3);
}

str call_own_links(const struct call *c, str name, str value)
{
    const struct provider_place *place = &c->use->is.place;

    return (name.n == 4 ? links_link : links_location)(c->arena, value, place->prefixes,
                                                       place->prefix_count, call_own_prefix(c));
}

/* Milliseconds with one decimal. */
static void add_duration(struct buf *b, str name, int64_t us)
{
    int64_t tenths = us > 0 ? (us + 50) / 100 : 0;

    buf_add(b, name);
    buf_add_int(b, tenths / 10);
    buf_add_char(b, '.');
    buf_add_int(b, tenths % 10);
}

/* What is spent where, for whoever wonders (W3C Server Timing). */
str call_timing(const struct call *c)
{
    struct buf *b = &c->lane->scratch;

    buf_clear(b);
    add_duration(b, STR("mortise;dur="),
                 clock_monotonic_us() - c->started_us - c->up_us - c->wait_us);
    add_duration(b, STR(", jira;dur="), c->up_us);
    add_duration(b, STR(", wait;dur="), c->wait_us);
    buf_add(b, STR(", repeats;desc="));
    buf_add_int(b, c->tries - 1);
    return arena_str(c->arena, buf_str(b));
}

static struct rewrite *rewrite_for(struct call *c)
{
    const struct provider_place *place = &c->use->is.place;
    struct rewrite *r;

    if (c->pass.is_bulk || place->prefix_count == 0 ||
        !is_json(upstream_reply_header(&c->up, STR("Content-Type"))))
        return NULL;
    r = arena_new_of(c->arena, struct rewrite);
    rewrite_init(r, place->prefixes, place->prefix_count, call_own_prefix(c));
    return r;
}

static void pass_head(struct call *c)
{
    struct http_header headers[HEADERS_MAX + 3];
    size_t n = headers_of_answer(&c->up, headers);

    for (size_t i = 0; i < n; i++) {
        if (links_are_in(headers[i].name))
            headers[i].value = call_own_links(c, headers[i].name, headers[i].value);
    }
    headers[n++] = (struct http_header){STR("X-Content-Type-Options"), STR("nosniff")};
    headers[n++] = (struct http_header){STR("Content-Security-Policy"), STR("sandbox")};
    headers[n++] = (struct http_header){STR("Server-Timing"), call_timing(c)};
    c->rewrite = rewrite_for(c);
    call_go(c, CALL_ANSWERING);
    c->status = c->up.status;
    http_start(c->stream, c->up.status, headers, n, length_of(c));
}

int call_may_be_expired(const struct call *c)
{
    return (c->up.status == 403 || c->up.status == 404) && c->use->is.grant.grant.p && !c->forced &&
           c->use->is.grant.access_expires <= clock_now_ms() + LIFE_STALE_MS;
}

/* Answers that speak of the credential are judged whole: whether a 401 lacks a scope stands in its
 * body. */
static enum reply_fate fate_of(struct call *c)
{
    const struct provider *p = provider_of(c);

    if (c->content.p)
        return REPLY_PASSED; /* it says nothing of the credential */
    c->verdict = p->pass_judge(p->self, c->arena, &c->up, STR(""), &c->use->is.target);
    c->up.outcome = UPSTREAM_ANSWERED;
    c->repeat_ms = call_repeat_after(c);
    call_answered(c);
    if (c->repeat_ms >= 0)
        return REPLY_DROPPED;
    if (c->pass.is_bulk && str_eq(c->pass.method, STR("GET"))) {
        c->content = p->pass_content(p->self, c->arena, &c->up);
        if (c->content.p)
            return REPLY_FOLLOWED;
    }
    c->expired = call_may_be_expired(c);
    if (c->verdict.meaning == MEANING_REFUSED_TOKEN || c->verdict.meaning == MEANING_LOCKED ||
        c->expired)
        return REPLY_HELD;
    return REPLY_PASSED;
}

static void on_head(struct upstream_call *up, void *token)
{
    struct call *c = token;

    c->up_us += clock_monotonic_us() - c->up_began_us;
    if (c->state != CALL_SENDING || up->status < 200 || up->status > 599)
        return; /* the caller has gone, or it is no HTTP */
    c->fate = fate_of(c);
    if (c->fate == REPLY_PASSED)
        pass_head(c);
}

/* --- the answer's body ------------------------------------------------------------------------ */

static int write_piece(struct call *c, str piece)
{
    struct buf *scratch = &c->lane->scratch;

    if (!c->rewrite)
        return http_write(c->stream, piece);
    buf_clear(scratch);
    rewrite_piece(c->rewrite, piece, scratch);
    must(buf_ok(scratch));
    return http_write(c->stream, buf_str(scratch));
}

static int on_data(struct upstream_call *up, str piece, void *token)
{
    struct call *c = token;

    (void)up;
    c->moved = 1;
    if (c->state == CALL_ANSWERING)
        return write_piece(c, piece);
    if (c->state == CALL_SENDING && c->fate == REPLY_HELD)
        buf_add(&c->held, piece); /* what is more than CALL_REPLY_HELD is not worth judging */
    return 1;
}

static size_t more(struct upstream_call *up, char *to, size_t room, void *token)
{
    struct call *c = token;
    size_t n = body_take(&c->body, to, room);

    (void)up;
    c->moved |= n > 0;
    if (c->paused && c->stream && body_left(&c->body) < BODY_LOW) {
        c->paused = 0;
        http_resume_body(c->stream);
    }
    c->flow.ended = c->body.ended;
    return n;
}

/* --- what follows ----------------------------------------------------------------------------- */

/* Said as soon as it is known; the rest of the work comes after it. */
static void end_answer(struct call *c)
{
    struct buf *scratch = &c->lane->scratch;

    if (c->rewrite) {
        buf_clear(scratch);
        rewrite_end(c->rewrite, scratch);
        (void)http_write(c->stream, buf_str(scratch));
    }
    http_end(c->stream);
    c->stream = NULL;
}

static void on_whole(struct upstream_call *up, void *token)
{
    struct call *c = token;

    (void)up;
    if (c->state == CALL_ANSWERING)
        end_answer(c);
}

static void finish_answer(struct call *c)
{
    if (c->up.outcome != UPSTREAM_ANSWERED)
        http_abort(c->stream); /* a broken answer, not a short one */
    else if (c->stream)
        end_answer(c);
    call_end(c);
}

/* 401 to a token that was fine a moment ago: it may have been replaced or have died early. */
static int may_renew(const struct call *c, const struct provider_verdict *v)
{
    return c->expired || (v->meaning == MEANING_REFUSED_TOKEN && c->up.status == 401 &&
                          c->use->is.grant.grant.p && !c->forced);
}

static void renew(struct call *c)
{
    c->forced = 1;
    if (c->body.kept) {
        call_refresh(c);
        return;
    }
    call_refresh_behind(c);
    call_refuse(c,
                fail(&c->fault, ERR_OVERLOADED,
                     "The authorisation had to be renewed just then. Jira has done nothing; send "
                     "the request again."),
                STR(""), 1);
}

static void refuse_for_credential(struct call *c, const struct provider_verdict *v)
{
    str connection = c->use->is.connection;

    if (v->meaning == MEANING_SCOPE_MISSING) {
        call_refuse(c, fail(&c->fault, ERR_SCOPE_MISSING, "%.*s", STR_ARG(v->sentence)), connection,
                    0);
    } else if (v->meaning == MEANING_LOCKED) {
        if (c->use->is.target.auth == PROVIDER_BASIC)
            call_note(c, CREDENTIAL_LOCKED, v->sentence);
        call_refuse(c, fail(&c->fault, ERR_FORBIDDEN, "%.*s", STR_ARG(v->sentence)), STR(""), 0);
    } else if (c->forced && c->up.status == 401) {
        call_refuse(c,
                    fail(&c->fault, ERR_FORBIDDEN,
                         "Jira refused this call (401) although the authorisation was renewed a "
                         "moment ago, so it is about this call."),
                    STR(""), 0);
    } else {
        call_note(c, CREDENTIAL_REFUSED, v->sentence);
        call_refuse(c, fail(&c->fault, ERR_NEEDS_RECONNECT, "%.*s", STR_ARG(v->sentence)),
                    connection, 0);
    }
}

void call_judge(struct call *c, const struct provider_verdict *v)
{
    c->verdict = *v;
    if (may_renew(c, v))
        renew(c);
    else
        refuse_for_credential(c, v);
}

static void judge_whole(struct call *c)
{
    const struct provider *p = provider_of(c);
    struct provider_verdict v =
        p->pass_judge(p->self, c->arena, &c->up, buf_str(&c->held), &c->use->is.target);

    call_judge(c, &v);
}

static void no_answer(struct call *c)
{
    enum err e;

    c->repeat_ms = call_repeat_after(c);
    if (c->repeat_ms >= 0) {
        call_wait(c, c->repeat_ms);
        return;
    }
    if (c->timed_out)
        c->up.outcome = UPSTREAM_SLOW;
    if (c->up.outcome == UPSTREAM_ANSWERED) /* with a status that HTTP does not know */
        c->up.outcome = UPSTREAM_GARBLED;
    e = provider_of(c)->pass_failure(&c->fault, &c->up);
    call_refuse(c, e, STR(""), 0);
}

/* --- the request ------------------------------------------------------------------------------ */

static void done(struct upstream_call *up, void *token);

static int64_t length_to_send(const struct call *c)
{
    if (c->body.ended && c->body.kept)
        return (int64_t)c->body.data.n;
    return c->length;
}

static void begin(struct call *c)
{
    c->fate = REPLY_PASSED;
    c->expired = 0;
    c->up.arena = c->arena;
    c->up.method = c->pass.method;
    c->up.stream = &c->flow;
    c->up.done = done;
    c->up.token = c;
    c->up_began_us = clock_monotonic_us();
    c->in_flight = 1;
    upstream_call(provider_of(c)->upstream, c->lane->loop, &c->up);
}

void call_send(struct call *c)
{
    const struct key_call *is = &c->use->is;
    const struct provider_pass *pass = &c->pass;
    str url[] = {is->place.base, pass->path, pass->query.n ? STR("?") : STR(""), pass->query};

    if (c->tries++ > 0 && c->body.kept)
        body_rewind(&c->body);
    call_go(c, CALL_SENDING);
    c->content = (str){NULL, 0};
    buf_done(&c->held);
    buf_init(&c->held, CALL_REPLY_HELD);
    c->flow = (struct upstream_stream){
        .on_head = on_head,
        .on_data = on_data,
        .on_whole = on_whole,
        .more = more,
        .body_length = length_to_send(c),
        .ended = c->body.ended,
        .is_bulk = pass->is_bulk,
    };
    c->up = (struct upstream_call){
        .url = arena_join(c->arena, url, 4),
        .headers = c->asked,
        .header_count = c->asked_count,
        .credential = c->use->shown,
    };
    begin(c);
}

/* Content is asked for with nothing but the part that is wanted of it. */
static void follow(struct call *c)
{
    struct upstream_header *headers =
        arena_alloc_array(c->arena, c->asked_count + 1, sizeof(*headers));
    size_t n = 0;

    for (size_t i = 0; i < c->asked_count; i++) {
        if (str_eq_nocase(c->asked[i].name, STR("Range")) ||
            str_eq_nocase(c->asked[i].name, STR("If-Range")))
            headers[n++] = c->asked[i];
    }
    c->flow.body_length = 0;
    c->up = (struct upstream_call){.url = c->content, .headers = headers, .header_count = n};
    begin(c);
}

static void done(struct upstream_call *up, void *token)
{
    struct call *c = token;

    c->in_flight = 0;
    call_came_back(c, 0);
    if (c->state == CALL_ENDED) {
        call_free_if_over(c);
    } else if (c->state == CALL_ANSWERING) {
        finish_answer(c);
    } else if (up->outcome != UPSTREAM_ANSWERED || up->status < 200 || up->status > 599) {
        if (up->outcome != UPSTREAM_ANSWERED)
            c->up_us += clock_monotonic_us() - c->up_began_us;
        no_answer(c);
    } else if (c->fate == REPLY_DROPPED && c->verdict.limit != LIMIT_NONE) {
        call_next(c); /* waits at the gate that it has closed, in turn */
    } else if (c->fate == REPLY_DROPPED) {
        call_wait(c, c->repeat_ms);
    } else if (c->fate == REPLY_FOLLOWED) {
        follow(c);
    } else {
        judge_whole(c);
    }
}
