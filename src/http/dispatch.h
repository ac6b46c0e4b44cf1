/* From the transport to handlers and back: matches the route, refuses what is too large before a
 * body byte is read, parses the input, runs the two halves on workers, writes the answer. Decides
 * nothing about rights itself: that is the hooks'.
 *
 * What happens to a request, in this order:
 *   loop    host check (another name than the public one: pages are redirected, cookies do not
 *           count) -> /assets -> route -> Origin of writes -> body limit -> body
 *   worker  input -> open (session, CSRF, permission, unit of work) -> begin -> close (commit)
 *   loop    wait, if any -> worker  open -> finish -> close
 *   worker  a form that failed: open -> again -> close; represent
 *   loop    respond -> one log line (method, route, status, ms, request id; never the path
 *           itself, which may hold a one-time link)
 *
 * A client that disappears stops nothing that was handed to a worker; only the answer is dropped.
 *
 * To end: http_close(), dispatch_drain(), pool_stop(), loops_stop(), dispatch_free().
 */
#ifndef HTTP_DISPATCH_H
#define HTTP_DISPATCH_H

#include "base/log.h"
#include "http/exchange.h"
#include "http/forwarded.h"
#include "http/server.h"
#include "io/pool.h"

struct dispatch;
struct ui; /* http/asset.h */

struct dispatch_hooks {
    /* On a worker, before each half: makes x->work on the worker's own state (NULL when the
     * database is away), finds the session, checks CSRF for writes by cookie, checks the route's
     * permission. Fills x->fault on refusal. The session is looked for first, so that a refusal
     * too is shown with x->me and x->session_csrf where they are known. x->route may be one of
     * dispatch's own, with permission PUBLIC, whose page says "not found". */
    enum err (*open)(void *arg, struct exchange *x, void *worker_state);
    /* After every open, with the result of the half (or of open itself, when that refused):
     * commits on ERR_OK, else rolls back; returns the final result (ERR_RETRY: the half is run
     * again, at most five times). Releases x->work, which may be NULL. */
    enum err (*close)(void *arg, struct exchange *x, enum err result);
    void *arg;
};

struct dispatch_config {
    struct route_table routes;
    struct dispatch_hooks hooks;
    struct pool *pool;
    struct log *log;            /* may be NULL */
    const struct ui *ui;        /* NULL: the embedded one */
    str public_url;             /* "http://localhost:8080", no slash at the end */
    struct forwarded forwarded; /* whose X-Forwarded-For is believed */
    str extra_form_action;      /* origins for CSP form-action besides 'self', or empty */
};

/* What config points to must outlive it. doc_init() (base/doc.h) must have been called. ERR_CONFIG
 * names a template that cannot be used. */
MUST_USE enum err dispatch_new(struct fault *f, const struct dispatch_config *config,
                               struct dispatch **ret);
/* Nothing may be under way any more. Accepts NULL. */
void dispatch_free(struct dispatch *d);
/* What http_listen() is given. */
struct http_serving dispatch_serving(struct dispatch *d);
/* After http_close(): waits for exchanges whose clients are gone but whose handlers still work,
 * at most timeout_ms. Returns how many are left. Not on a loop or worker. */
size_t dispatch_drain(struct dispatch *d, int timeout_ms);

#endif
