/* The worker's side of a request: input, the two halves, the form once more, the answer's text.
 * The loop's side is dispatch.c. A half that is told ERR_RETRY starts again from what the exchange
 * was before it.
 */
#include <time.h>

#include "base/check.h"
#include "base/doc.h"
#include "crypto/random.h"
#include "http/dispatch_int.h"

#define ATTEMPTS_MAX 5

/* 5 to 20 ms, twice as long with each attempt. */
static void sleep_jittered(int attempt)
{
    unsigned char random;

    random_bytes(&random, 1);
    long ms = (5 + random % 16) * (1L << attempt);
    struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
    (void)nanosleep(&pause, NULL);
}

static json_t *copy_doc(struct exchange *x, json_t *doc)
{
    if (doc == NULL)
        return NULL;
    json_t *copy = doc_object(x->arena);
    json_t *deep = json_deep_copy(doc);
    must(deep && json_object_update(copy, deep) == 0);
    json_decref(deep);
    return copy;
}

/* doc: what before->doc was, which the half has changed since. */
static void restore(struct exchange *x, const struct exchange *before, json_t *doc)
{
    *x = *before;
    x->doc = copy_doc(x, doc);
    x->field_errors = NULL;
}

static enum err run_once(struct dispatch *d, struct exchange *x, route_handler *handler,
                         void *state)
{
    enum err e = d->config.hooks.open(d->config.hooks.arg, x, state);

    if (e == ERR_OK)
        e = handler(x);
    return d->config.hooks.close(d->config.hooks.arg, x, e);
}

static enum err run_half(struct dispatch *d, struct exchange *x, route_handler *handler,
                         void *state)
{
    const struct exchange before = *x;
    json_t *doc_before = copy_doc(x, x->doc);

    for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        if (attempt) {
            sleep_jittered(attempt - 1);
            restore(x, &before, doc_before);
        }
        enum err e = run_once(d, x, handler, state);
        if (e != ERR_RETRY)
            return e;
    }
    return fail(&x->fault, ERR_STORAGE_BUSY, "");
}

/* -- a form that failed -- */

static const struct route *page_of(const struct dispatch *d, route_handler *handler)
{
    for (size_t i = 0; i < d->config.routes.count; i++)
        if (d->config.routes.routes[i].method == ROUTE_GET &&
            d->config.routes.routes[i].begin == handler)
            return &d->config.routes.routes[i];
    return NULL;
}

/* Runs the form's own page as a GET with the same parameters; 1 when that can show the failure. */
static int show_again(struct dispatch *d, struct exchange *x, void *state)
{
    const struct route *page = x->route->again ? page_of(d, x->route->again) : NULL;
    const struct exchange failed = *x;

    if (page == NULL || !x->is_form || x->representation != EXCHANGE_PAGE)
        return 0;
    x->private->problem = x->fault;
    x->private->problem_retry_after_s = x->retry_after_s;
    x->private->problem_errors = x->field_errors;
    x->private->problem_extras = x->doc;
    exchange_clear_answer(x);
    x->route = page;
    x->method = STR("GET");
    x->path = x->private->page_path = route_path(x->arena, page, x->params);
    enum err e = run_half(d, x, page->begin, state);
    if (e == ERR_OK && str_empty(x->location) && x->wait.start == NULL) {
        x->private->failed = 1;
        x->set_cookie = failed.set_cookie;
        return 1;
    }
    *x = failed;
    return 0;
}

static void settle(struct dispatch *d, struct exchange *x, enum err e, void *state)
{
    if (e && x->fault.code != e)
        (void)fail(&x->fault, e, "");
    if (e && show_again(d, x, state))
        e = ERR_OK;
    represent_exchange(d->represent, x, e);
    loop_post(x->private->loop, dispatch_deliver, x);
}

/* -- the two halves -- */

static void finish(void *arg, void *worker_state)
{
    struct exchange *x = arg;
    struct dispatch *d = x->private->dispatch;

    x->wait = (struct exchange_wait){0};
    enum err e = run_half(d, x, x->route->finish, worker_state);
    if (e == ERR_STORAGE_BUSY || e == ERR_STORAGE_FAILED) { /* "Nothing was changed" may be wrong */
        struct fault cause = x->fault;
        (void)fail(&x->fault, e,
                   "The database could not be used at the end. What you asked for may have been "
                   "done: look before you send it again.");
        (void)fault_detail(&x->fault, "%s", cause.detail); /* for the log */
    }
    settle(d, x, e, worker_state);
}

static void wait_done(void *token)
{
    struct exchange *x = token;

    pool_submit_always(x->private->dispatch->config.pool, finish, x);
}

static void wait_start(void *arg)
{
    struct exchange *x = arg;

    x->wait.start(x->wait.arg, x->private->loop, wait_done, x);
}

static enum err read_input(struct exchange *x)
{
    enum err e = input_read_query(x);

    return e ? e : input_read_body(x, x->private->body_type, &x->private->body);
}

void dispatch_begin(void *arg, void *worker_state)
{
    struct exchange *x = arg;
    struct dispatch *d = x->private->dispatch;
    enum err e = read_input(x);

    if (e == ERR_OK)
        e = run_half(d, x, x->route->begin, worker_state);
    if (e == ERR_OK && x->wait.start) {
        must(x->route->finish != NULL);
        loop_post(x->private->loop, wait_start, x);
        return;
    }
    settle(d, x, e, worker_state);
}
