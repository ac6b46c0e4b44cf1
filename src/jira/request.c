/* One request of a person's: sent once, judged, handed back with its headers cleaned. */
#include "base/check.h"
#include "jira/failure.h"
#include "jira/jira_int.h"
#include "jira/paths.h"

#define REPLY_MAX ((size_t)8 * 1024 * 1024)

static int has_header(const struct provider_request *r, str name)
{
    for (size_t i = 0; i < r->header_count; i++) {
        if (str_eq_nocase(r->headers[i].name, name))
            return 1;
    }
    return 0;
}

/* The person's headers, and what Jira wants where they say nothing: it answers 415 to a POST
 * without a JSON media type, before it looks at anything else. */
static void set_headers(struct jira_flow *f, const struct provider_request *r)
{
    struct upstream_header *all =
        arena_alloc_array(f->op->arena, r->header_count + 2, sizeof(*all));
    size_t n = 0;

    for (size_t i = 0; i < r->header_count; i++)
        all[n++] = (struct upstream_header){r->headers[i].name, r->headers[i].value};
    if (!has_header(r, STR("Accept")))
        all[n++] = (struct upstream_header){STR("Accept"), STR("application/json")};
    if (!has_header(r, STR("Content-Type")) && !str_eq(r->method, STR("GET")) &&
        (r->body.n || !str_eq(r->method, STR("DELETE"))))
        all[n++] = (struct upstream_header){STR("Content-Type"), STR("application/json")};
    f->call.headers = all;
    f->call.header_count = n;
}

/* Sessions, framing, and what concerns this connection only. */
static int is_withheld(str name)
{
    static const char *const names[] = {
        "Connection",       "Content-Encoding",
        "Content-Length",   "Keep-Alive",
        "Proxy-Connection", "Set-Cookie",
        "Set-Cookie2",      "Strict-Transport-Security",
        "Trailer",          "Transfer-Encoding",
        "Upgrade",          "X-ASESSIONID",
        "Alt-Svc",          "NEL",
        "Report-To",
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (str_eq_nocase(name, str_from(names[i])))
            return 1;
    }
    return 0;
}

static void keep_headers(struct provider_request *r, struct arena *a,
                         const struct upstream_call *call)
{
    struct provider_header *kept =
        arena_alloc_array(a, call->reply_header_count + 1, sizeof(*kept));
    size_t n = 0;

    for (size_t i = 0; i < call->reply_header_count; i++) {
        const struct upstream_header *h = &call->reply_headers[i];
        if (!is_withheld(h->name))
            kept[n++] = (struct provider_header){h->name, h->value};
    }
    r->reply_headers = kept;
    r->reply_header_count = n;
}

void jira_request_heard(struct jira_flow *f)
{
    struct upstream_call *call = &f->call;
    struct provider_request *r = &f->op->request;
    struct jira_verdict verdict;

    must(call->outcome == UPSTREAM_ANSWERED);
    verdict = jira_classify(f->op->arena, call, f->route, r->target.auth);
    r->status = call->status;
    r->reply_body = call->reply_body;
    r->meaning = verdict.meaning;
    r->sentence = verdict.sentence;
    r->retry_after_s = verdict.retry_after_s;
    keep_headers(r, f->op->arena, call);
    jira_flow_end(f, ERR_OK);
}

static void heard(struct upstream_call *call, void *token)
{
    struct jira_flow *f = token;

    f->op->request.jira_ms = call->took_ms;
    if (call->outcome == UPSTREAM_ANSWERED)
        jira_request_heard(f);
    else
        jira_flow_end(f, jira_failure(&f->op->fault, call));
}

void jira_request_begin(struct jira_flow *f)
{
    struct provider_request *r = &f->op->request;
    struct arena *a = f->op->arena;
    enum err e = jira_request_check(a, &f->op->fault, r); /* again: it decides where secrets go */

    if (!e)
        e = jira_flow_route(f, r->target.auth, r->target.origin, r->target.base_path, &f->route);
    if (e) {
        jira_flow_end(f, e);
        return;
    }
    f->call.method = r->method;
    f->call.url = arena_printf(a, "%.*s%.*s%.*s%s%.*s", STR_ARG(r->target.origin),
                               STR_ARG(r->target.base_path), STR_ARG(r->path),
                               r->query.n ? "?" : "", STR_ARG(r->query));
    f->call.auth = r->target.auth == PROVIDER_BEARER ? UPSTREAM_BEARER : UPSTREAM_BASIC;
    f->call.username = r->target.username;
    f->call.secret = &r->target.secret;
    f->call.body = r->body;
    f->call.body_max = REPLY_MAX;
    set_headers(f, r);
    jira_flow_call(f, heard);
}
