/* The search that Jira has removed, for scripts that were written before: the provider answers it
 * as one operation (core/provider.h: PROVIDER_SEARCH), whole; what is the relay's stays so: links,
 * refusals of the credential, time, repeats, Jira's limits. It only reads, by POST too, and is made
 * again as a GET is; what it has found so far is kept. */
#include "base/check.h"
#include "base/clock.h"
#include "relay/call.h"

#define ANSWER_MAX ((size_t)64 << 20)

static const struct provider *provider_of(const struct call *c)
{
    return c->lane->relay->config.services->provider;
}

static size_t put_headers(const struct call *c, struct http_header *to)
{
    const struct provider_request *r = &c->search->request;
    size_t n = 0;

    for (size_t i = 0; i < r->reply_header_count && n < HEADERS_MAX; i++) {
        const struct provider_header *h = &r->reply_headers[i];
        if ((headers_answered(h->name) || str_starts(h->name, STR("X-Mortise-"))) &&
            !str_has_control(h->value))
            to[n++] = (struct http_header){
                h->name, links_are_in(h->name) ? call_own_links(c, h->name, h->value) : h->value};
    }
    to[n++] = (struct http_header){STR("X-Content-Type-Options"), STR("nosniff")};
    to[n++] = (struct http_header){STR("Content-Security-Policy"), STR("sandbox")};
    to[n++] = (struct http_header){STR("Server-Timing"), call_timing(c)};
    return n;
}

static void answer(struct call *c)
{
    const struct provider_request *r = &c->search->request;
    const struct provider_place *place = &c->use->is.place;
    struct http_header headers[HEADERS_MAX + 3];
    size_t n = put_headers(c, headers);
    BUF_AUTO struct buf body;
    struct rewrite rewrite;

    buf_init(&body, ANSWER_MAX);
    rewrite_init(&rewrite, place->prefixes, place->prefix_count, call_own_prefix(c));
    rewrite_piece(&rewrite, r->reply_body, &body);
    rewrite_end(&rewrite, &body);
    if (!buf_ok(&body)) {
        call_refuse(c, fail(&c->fault, ERR_UPSTREAM_TOO_LARGE, ""), STR(""), 0);
        return;
    }
    http_respond(c->stream, r->status, headers, n, buf_str(&body));
    c->status = r->status;
    call_end(c);
}

/* What came of it in the end, in the place where a call that passes through has its own. */
static void take_last(struct call *c)
{
    const struct provider *p = provider_of(c);
    const struct upstream_call *last = c->search->request.last;

    c->up = (struct upstream_call){0};
    c->verdict = (struct provider_verdict){0};
    if (last == NULL)
        return; /* nothing was asked */
    c->up.outcome = last->outcome;
    c->up.status = last->status;
    c->up.sent = last->sent;
    if (last->outcome == UPSTREAM_ANSWERED)
        c->verdict = p->pass_judge(p->self, c->arena, last, last->reply_body, &c->use->is.target);
}

/* 1 when it is made again: as a GET is. */
static int goes_again(struct call *c)
{
    c->repeat_ms = call_repeat_after(c);
    call_answered(c);
    if (c->repeat_ms < 0)
        return 0;
    if (c->verdict.limit != LIMIT_NONE)
        call_next(c); /* waits at the gate that it has closed, in turn */
    else
        call_wait(c, c->repeat_ms);
    return 1;
}

static void end_search(struct call *c)
{
    const struct provider_op *op = c->search;
    const struct provider_verdict *v = &c->verdict;

    c->expired = op->err == ERR_OK && call_may_be_expired(c);
    if (op->err) {
        c->fault = op->fault;
        call_refuse(c, op->err, STR(""), 0);
    } else if (v->meaning == MEANING_REFUSED_TOKEN || v->meaning == MEANING_LOCKED ||
               v->meaning == MEANING_SCOPE_MISSING || c->expired) {
        call_judge(c, v);
    } else {
        answer(c);
    }
}

static void done(void *token)
{
    struct call *c = token;

    c->searching = 0;
    c->up_us += clock_monotonic_us() - c->up_began_us;
    secret_wipe(&c->search->request.target.secret);
    if (c->state == CALL_ENDED) {
        call_free_if_over(c);
        return;
    }
    take_last(c);
    if (!goes_again(c))
        end_search(c);
}

/* One that goes on where it was, unless it would go on as somebody else. */
static struct provider_op *operation(struct call *c)
{
    const struct key_call *is = &c->use->is;

    if (c->search && c->search_generation == is->generation &&
        str_eq(c->search_credential, is->credential))
        return c->search;
    c->search = arena_new_of(c->arena, struct provider_op);
    c->search_credential = arena_str(c->arena, is->credential);
    c->search_generation = is->generation;
    return c->search;
}

static void set_target(struct call *c, struct provider_target *to)
{
    const struct provider_target *target = &c->use->is.target;

    *to = *target;
    to->secret = (struct secret){0};
    secret_copy(&to->secret, &target->secret);
}

void call_search(struct call *c)
{
    const struct provider *p = provider_of(c);
    struct provider_op *op = operation(c);

    call_go(c, CALL_SENDING);
    c->tries++;
    op->kind = PROVIDER_SEARCH;
    op->arena = c->arena;
    set_target(c, &op->request.target);
    op->request.method = c->pass.method;
    op->request.path = c->pass.path;
    op->request.query = c->pass.query;
    op->request.body = buf_str(&c->body.data);
    c->searching = 1;
    c->up_began_us = clock_monotonic_us();
    p->begin(p->self, c->lane->loop, op, done, c);
}
