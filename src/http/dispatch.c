/* The loop's side of a request: see the header. The worker's side is half.c.
 *
 * States of an exchange, and who may touch it:
 *   reading   loop    until the body is complete; on_gone frees it
 *   submitted worker  (x->private->stream stays the loop's; on_gone only clears it)
 *   waiting   loop    between begin and finish, owned by what x->wait.start began
 *   answered  loop    responded, logged, freed
 * Every exchange is counted from on_head to its end, so that dispatch_drain can wait for them.
 */
#include "http/dispatch.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/mem.h"
#include "http/asset.h"
#include "http/authorization.h"
#include "http/dispatch_int.h"
#include "http/guard.h"

#define API_PREFIX "/api/v1"
#define PATH_MAX_RETURN 2000
#define BODY_FREE ((size_t)64 * 1024)
#define BODIES_MAX ((size_t)256 * 1024 * 1024)
#define QUEUED_MAX ((size_t)256 * 1024 * 1024)

/* For pages that are not there: shown with the session's own menu. */
static enum err nothing_here(struct exchange *x)
{
    return fail(&x->fault, ERR_NOT_FOUND, "");
}

static const struct route route_nothing = {
    ROUTE_GET, "", PERMISSION_PUBLIC, ROUTE_BODY_NONE, "problem", nothing_here, NULL, NULL};

enum err dispatch_new(struct fault *f, const struct dispatch_config *config, struct dispatch **ret)
{
    struct dispatch *d = mem_new(struct dispatch);
    pthread_condattr_t monotonic;

    d->config = *config;
    if (d->config.ui == NULL)
        d->config.ui = ui_embedded();
    enum err e = represent_new(f, d->config.ui, config->public_url, config->extra_form_action,
                               &d->represent);
    if (e) {
        mem_free(d);
        return e;
    }
    must(pthread_mutex_init(&d->lock, NULL) == 0);
    must(pthread_condattr_init(&monotonic) == 0);
    must(pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0);
    must(pthread_cond_init(&d->idle, &monotonic) == 0);
    must(pthread_condattr_destroy(&monotonic) == 0);
    *ret = d;
    return ERR_OK;
}

void dispatch_free(struct dispatch *d)
{
    if (d == NULL)
        return;
    must(d->alive == 0);
    must(pthread_cond_destroy(&d->idle) == 0);
    must(pthread_mutex_destroy(&d->lock) == 0);
    represent_free(d->represent);
    mem_free(d);
}

size_t dispatch_drain(struct dispatch *d, int timeout_ms)
{
    struct timespec until;
    size_t left;

    must(clock_gettime(CLOCK_MONOTONIC, &until) == 0);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    must(pthread_mutex_lock(&d->lock) == 0);
    while (d->alive && pthread_cond_timedwait(&d->idle, &d->lock, &until) != ETIMEDOUT)
        ;
    left = d->alive;
    must(pthread_mutex_unlock(&d->lock) == 0);
    return left;
}

static void count_alive(struct dispatch *d, int change)
{
    must(pthread_mutex_lock(&d->lock) == 0);
    d->alive = change > 0 ? d->alive + 1 : d->alive - 1;
    if (d->alive == 0)
        must(pthread_cond_broadcast(&d->idle) == 0);
    must(pthread_mutex_unlock(&d->lock) == 0);
}

/* -- the end -- */

static void log_missing(struct dispatch *d, const struct exchange *x)
{
    const struct answer *a = &x->private->answer;

    if (a->template && !str_empty(a->missing))
        log_event(d->config.log, LOG_WARNING, "template_missing",
                  LOG_STR("template", str_from(a->template)), LOG_STR("name", a->missing),
                  LOG_STR("id", x->private->request_id));
}

static void log_request(struct dispatch *d, const struct exchange *x)
{
    const struct exchange_private *p = x->private;
    const struct fault *fault = p->failed ? &p->problem : &x->fault;
    int64_t ms = (clock_monotonic_us() - p->started_us) / 1000;
    int status = p->answer.status;

    struct log_field fields[] = {
        LOG_STR("method", p->asked_method),
        LOG_STR("route", str_from(p->asked && p->asked->path[0] ? p->asked->path : "-")),
        LOG_INT("status", status),
        LOG_INT("ms", ms),
        LOG_STR("id", p->request_id),
        LOG_INT("gone", p->stream == NULL),
        LOG_STR("code", str_from(status >= 400 ? err_code(fault->code) : "-")),
        LOG_STR("where", str_from(fault->where)),
        LOG_STR("detail", str_from(fault->detail)),
    };
    size_t count = sizeof(fields) / sizeof(fields[0]);
    log_write(d->config.log, status >= 500 ? LOG_ERROR : LOG_INFO, "request", fields,
              status >= 500 ? count : count - 2);
}

/* Bodies beyond their first BODY_FREE bytes share BODIES_MAX: anybody may begin to send a large one
 * before it is known who it is. Returns 0 when there is no room. */
static int hold_body(struct exchange *x, size_t n)
{
    struct exchange_private *p = x->private;
    struct dispatch *d = p->dispatch;
    int fits = 1;

    if (p->body.n + n <= BODY_FREE)
        return 1;
    must(pthread_mutex_lock(&d->lock) == 0);
    fits = d->held + n <= BODIES_MAX;
    if (fits) {
        d->held += n;
        p->held += n;
    }
    must(pthread_mutex_unlock(&d->lock) == 0);
    return fits;
}

static void let_go_of_body(struct dispatch *d, size_t n)
{
    if (n == 0)
        return;
    must(pthread_mutex_lock(&d->lock) == 0);
    must(d->held >= n);
    d->held -= n;
    must(pthread_mutex_unlock(&d->lock) == 0);
}

static void finish_exchange(struct exchange *x)
{
    struct dispatch *d = x->private->dispatch;

    log_missing(d, x);
    log_request(d, x);
    let_go_of_body(d, x->private->held);
    exchange_free(x);
    count_alive(d, -1);
}

/* Clients that ask for much and read slowly must not fill the memory: beyond QUEUED_MAX of answers
 * on their way, large ones are not sent. */
static void shed(struct exchange *x)
{
    struct answer *a = &x->private->answer;

    if (buf_str(&a->body).n <= BODY_FREE || http_queued(x->private->stream) <= QUEUED_MAX)
        return;
    x->private->failed = 0;
    represent_exchange(x->private->dispatch->represent, x,
                       fail(&x->fault, ERR_OVERLOADED,
                            "Mortise waits for many large answers to be read and did not send "
                            "this one. What was asked for may have been done: look before you send "
                            "it again."));
}

void dispatch_deliver(void *arg)
{
    struct exchange *x = arg;
    struct answer *a = &x->private->answer;

    if (x->private->stream)
        shed(x);
    if (x->private->stream)
        http_respond(x->private->stream, a->status, a->headers, a->header_count,
                     a->content.p ? a->content : buf_str(&a->body));
    finish_exchange(x);
}

/* Answers on the loop, without any handler. */
static void answer_now(struct exchange *x, enum err e)
{
    represent_exchange(x->private->dispatch->represent, x, e);
    dispatch_deliver(x);
}

/* -- the body -- */

static void on_body(void *arg, str chunk)
{
    struct exchange *x = arg;

    if (hold_body(x, chunk.n))
        input_body_add(&x->private->body, chunk);
    else
        answer_now(x, fail(&x->fault, ERR_OVERLOADED, ""));
}

static void on_end(void *arg)
{
    struct exchange *x = arg;

    x->private->submitted = 1;
    if (!pool_submit(x->private->dispatch->config.pool, dispatch_begin, x))
        answer_now(x, fail(&x->fault, ERR_OVERLOADED, ""));
}

static void on_gone(void *arg)
{
    struct exchange *x = arg;

    x->private->stream = NULL;
    if (!x->private->submitted)
        finish_exchange(x);
}

/* -- the head -- */

/* The order in which a client names the two is what counts; browsers name HTML first. */
static enum exchange_representation representation_of(const struct exchange *x, str accept)
{
    size_t json = str_find(accept, STR("application/json"));
    size_t html = str_find(accept, STR("text/html"));

    if (x->private->prefixed || (json != SIZE_MAX && json < html))
        return EXCHANGE_JSON;
    return EXCHANGE_PAGE;
}

static void take_path(struct exchange *x, str path)
{
    str rest = str_slice(path, sizeof(API_PREFIX) - 1, path.n);

    x->private->prefixed =
        str_starts(path, STR(API_PREFIX)) && (str_empty(rest) || rest.p[0] == '/');
    if (x->private->prefixed)
        path = str_empty(rest) ? STR("/") : rest;
    x->path = arena_str(x->arena, path);
}

static void take_head(struct exchange *x, const struct http_request *r)
{
    struct exchange_private *p = x->private;

    p->request_id = id_new(x->arena);
    p->started_us = clock_monotonic_us();
    p->asked_method = arena_str(x->arena, r->method);
    x->is_head = str_eq(r->method, STR("HEAD"));
    x->method = x->is_head ? STR("GET") : p->asked_method;
    take_path(x, r->path);
    x->query = arena_str(x->arena, r->query);
    x->remote = arena_str(x->arena, forwarded_client(&p->dispatch->config.forwarded, r));
    x->agent = arena_str(x->arena, http_header_get(r, STR("user-agent")));
    x->representation = representation_of(x, http_header_get(r, STR("accept")));
    x->csrf_header = arena_str(x->arena, http_header_get(r, STR("x-csrf-token")));
    x->key = authorization_key(x->arena, http_header_get(r, STR("authorization")));
    x->at_home = guard_host_is_public(p->dispatch->config.public_url, r->host);
    if (x->at_home)
        x->cookie = arena_str(x->arena, http_header_get(r, STR("cookie")));
}

/* A path that a later GET leads to: for return_to. */
static void set_page_path(struct exchange *x)
{
    struct dispatch *d = x->private->dispatch;
    struct route_match get;
    str allow, path = x->path;

    if (!str_eq(x->method, STR("GET")) &&
        route_find(&d->config.routes, x->arena, STR("GET"), x->path, &get, &allow) != ERR_OK)
        path = STR("/");
    else if (!str_empty(x->query))
        path = arena_printf(x->arena, "%.*s?%.*s", STR_ARG(path), STR_ARG(x->query));
    if (path.n > PATH_MAX_RETURN || !str_is_utf8(path))
        path = STR("/");
    x->private->page_path = path;
}

/* A form's ?_method= (HTML knows GET and POST only). */
static enum err take_method(struct exchange *x)
{
    if (x->private->body_type != INPUT_FORM || !str_eq(x->method, STR("POST")))
        return ERR_OK;
    str method = input_take_method(x->arena, &x->query);
    if (str_empty(method))
        return ERR_OK;
    if (!str_eq(method, STR("PATCH")) && !str_eq(method, STR("DELETE")))
        return fail(&x->fault, ERR_MALFORMED, "_method may be PATCH or DELETE.");
    x->method = method;
    return ERR_OK;
}

static enum err take_route(struct exchange *x)
{
    struct exchange_private *p = x->private;
    struct route_match match;
    enum err e =
        route_find(&p->dispatch->config.routes, x->arena, x->method, x->path, &match, &p->allow);

    if (e == ERR_NOT_FOUND && x->representation == EXCHANGE_PAGE && !str_empty(x->cookie) &&
        str_eq(x->method, STR("GET"))) {
        match = (struct route_match){.route = &route_nothing};
        e = ERR_OK;
    }
    if (e)
        return fail(&x->fault, e, "");
    x->route = p->asked = match.route;
    for (size_t i = 0; i < ROUTE_PARAMS_MAX; i++)
        x->params[i] = match.params[i];
    return ERR_OK;
}

static enum err check_body(struct exchange *x, const struct http_request *r)
{
    size_t limit = route_body_limit(x->route->body);

    if (r->content_length == 0)
        return ERR_OK;
    if (limit == 0)
        return fail(&x->fault, ERR_MALFORMED, "This address takes no body.");
    if (r->content_length > (int64_t)limit)
        return fail(&x->fault, ERR_TOO_LARGE, "The request is too large: at most %zu KiB here.",
                    limit / 1024);
    if (x->private->body_type == INPUT_NONE)
        return fail(&x->fault, ERR_UNSUPPORTED_MEDIA_TYPE, "");
    return ERR_OK;
}

static enum err check_write(struct exchange *x, const struct http_request *r)
{
    if (str_eq(x->method, STR("GET")) || (!x->is_form && str_empty(x->cookie)))
        return ERR_OK;
    return guard_origin(&x->fault, x->private->dispatch->config.public_url,
                        http_header_get(r, STR("origin")),
                        http_header_get(r, STR("sec-fetch-site")));
}

/* All that may be refused before a byte of the body is read. */
static enum err check_head(struct exchange *x, const struct http_request *r)
{
    struct fault type_fault = {0};
    enum err type_e =
        input_type_of(&type_fault, http_header_get(r, STR("content-type")), &x->private->body_type);
    x->is_form = type_e == ERR_OK && x->private->body_type == INPUT_FORM;

    enum err e = type_e ? ERR_OK : take_method(x);
    if (e == ERR_OK)
        e = take_route(x);
    if (e)
        return e;
    set_page_path(x);
    if (type_e && r->content_length != 0) {
        x->fault = type_fault;
        return type_e;
    }
    e = check_write(x, r);
    return e ? e : check_body(x, r);
}

static int is_health(str path)
{
    return str_eq(path, STR("/healthz")) || str_eq(path, STR("/readyz"));
}

/* Pages live under one name only. Returns 1 when that has answered. */
static int redirect_to_public(struct exchange *x, const struct http_request *r)
{
    struct dispatch *d = x->private->dispatch;
    str url = d->config.public_url;

    if (x->representation == EXCHANGE_JSON || is_health(x->path) || x->at_home)
        return 0;
    if (!str_eq(x->method, STR("GET"))) {
        answer_now(x, fail(&x->fault, ERR_FORBIDDEN, "Please open Mortise at %.*s.", STR_ARG(url)));
        return 1;
    }
    enum err e = input_read_query(x); /* a secret in it is not passed on */
    if (e) {
        answer_now(x, e);
        return 1;
    }
    represent_moved(d->represent, x,
                    arena_printf(x->arena, "%.*s%.*s", STR_ARG(url), STR_ARG(r->target)));
    dispatch_deliver(x);
    return 1;
}

/* Returns 1 when it was one. */
static int serve_asset(struct exchange *x)
{
    struct dispatch *d = x->private->dispatch;
    const struct asset *asset = asset_find(d->config.ui, x->path);

    if (asset == NULL || x->private->prefixed || !str_eq(x->method, STR("GET")))
        return 0;
    represent_asset(d->represent, x, asset);
    dispatch_deliver(x);
    return 1;
}

static void on_head(void *arg, struct http_stream *s, const struct http_request *r)
{
    struct dispatch *d = arg;
    struct exchange *x = exchange_new();

    count_alive(d, 1);
    x->private->dispatch = d;
    x->private->stream = s;
    x->private->loop = http_stream_loop(s);
    take_head(x, r);
    set_page_path(x);
    if (serve_asset(x) || redirect_to_public(x, r))
        return;
    enum err e = check_head(x, r);
    if (e) {
        answer_now(x, e);
        return;
    }
    http_accept_body(
        s,
        (struct http_callbacks){.on_body = on_body, .on_end = on_end, .on_gone = on_gone, .arg = x},
        route_body_limit(x->route->body));
}

struct http_serving dispatch_serving(struct dispatch *d)
{
    return (struct http_serving){on_head, d};
}
