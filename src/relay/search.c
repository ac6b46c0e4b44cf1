/* The search that Jira has removed, for scripts that were written before: the provider answers it
 * as one operation (core/provider.h: PROVIDER_SEARCH), whole; what is the relay's stays so: links,
 * refusals of the credential, time. */
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

static void done(void *token)
{
    struct call *c = token;
    const struct provider_op *op = c->search;
    const struct provider_request *r = &op->request;
    struct provider_verdict v = {r->meaning, r->sentence, r->retry_after_s, LIMIT_NONE};

    c->searching = 0;
    call_came_back(c, op->err == ERR_OK && r->status == 429);
    c->up_us += clock_monotonic_us() - c->up_began_us;
    secret_wipe(&c->search->request.target.secret);
    if (c->state == CALL_ENDED) {
        call_free_if_over(c);
    } else if (op->err) {
        c->fault = op->fault;
        call_refuse(c, op->err, STR(""), 0);
    } else if (r->meaning == MEANING_REFUSED_TOKEN || r->meaning == MEANING_LOCKED ||
               r->meaning == MEANING_SCOPE_MISSING) {
        c->up.status = r->status;
        call_judge(c, &v);
    } else {
        answer(c);
    }
}

void call_search(struct call *c)
{
    const struct provider *p = provider_of(c);
    struct provider_op *op = arena_new_of(c->arena, struct provider_op);
    const struct provider_target *target = &c->use->is.target;

    call_go(c, CALL_SENDING);
    c->tries++;
    op->kind = PROVIDER_SEARCH;
    op->arena = c->arena;
    op->request.target = *target;
    op->request.target.secret = (struct secret){0};
    secret_copy(&op->request.target.secret, &target->secret);
    op->request.method = c->pass.method;
    op->request.path = c->pass.path;
    op->request.query = c->pass.query;
    op->request.body = buf_str(&c->body.data);
    c->search = op;
    c->searching = 1;
    c->up_began_us = clock_monotonic_us();
    p->begin(p->self, c->lane->loop, op, done, c);
}
