/* See the header. */
#include "web_support.h"

#include <netinet/in.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/buf.h"
#include "base/doc.h"
#include "http/cookie.h"

#define PATIENCE_S 10

static enum err hook_open(void *arg, struct exchange *x, void *worker_state)
{
    struct web_calls *calls = arg;
    int write = !str_eq(x->method, STR("GET"));

    assert_non_null(worker_state);
    calls->opens++;
    if (str_eq(cookie_get(x->cookie, STR("mortise")), STR("anna"))) {
        x->session_csrf = STR("token-anna");
        x->me = doc_object(x->arena);
        doc_set_cstring(x->me, "name", "Anna");
    }
    if (x->me && write && !str_eq(x->csrf_header, x->session_csrf))
        return fail(&x->fault, ERR_CSRF, "");
    if (x->route->permission != PERMISSION_PUBLIC && x->me == NULL)
        return ERR_NOT_SIGNED_IN; /* without a fault: the table's sentence */
    if (x->route->permission == PERMISSION_APP_ADMIN)
        return fail(&x->fault, ERR_NOT_APP_ADMIN, "");
    return ERR_OK;
}

static enum err hook_close(void *arg, struct exchange *x, enum err result)
{
    struct web_calls *calls = arg;

    (void)x;
    calls->closes++;
    if (result == ERR_OK && calls->retries > 0) {
        calls->retries--;
        return ERR_RETRY;
    }
    return result;
}

struct dispatch_hooks web_hooks(struct web_calls *calls)
{
    static struct web_calls nobody_looks;

    return (struct dispatch_hooks){hook_open, hook_close, calls ? calls : &nobody_looks};
}

static void *open_worker(void *arg)
{
    return arg;
}

static void close_worker(void *state, void *arg)
{
    (void)state;
    (void)arg;
}

void web_start(struct web *w, const struct web_setup *setup)
{
    struct fault f = {0};
    struct http_limits limits = http_limits_default();

    (void)signal(SIGPIPE, SIG_IGN);
    w->arena = arena_new((size_t)64 << 20);
    w->log_file = memfd_create("log", MFD_CLOEXEC);
    w->log = log_new(w->log_file, LOG_INFO);
    w->pool = pool_start(setup->workers ? setup->workers : 2, setup->queue ? setup->queue : 64,
                         (struct pool_hooks){open_worker, close_worker, w});
    w->loops = loops_start(2);
    struct dispatch_config config = {.routes = setup->routes,
                                     .hooks = setup->hooks,
                                     .pool = w->pool,
                                     .log = w->log,
                                     .ui = setup->ui,
                                     .public_url = STR(WEB_PUBLIC_URL),
                                     .extra_form_action = STR("https://auth.atlassian.com")};
    if (dispatch_new(&f, &config, &w->dispatch))
        fail_msg("%s", fault_text(&f));
    if (http_listen(&f, w->loops, "127.0.0.1:0", limits, dispatch_serving(w->dispatch), NULL,
                    &w->http))
        fail_msg("%s", fault_text(&f));
}

str web_stop(struct web *w)
{
    char text[65536];

    http_close(w->http, 1000);
    assert_int_equal(dispatch_drain(w->dispatch, PATIENCE_S * 1000), 0);
    pool_stop(w->pool);
    loops_stop(w->loops);
    dispatch_free(w->dispatch);
    log_free(w->log);
    ssize_t n = pread(w->log_file, text, sizeof(text), 0);
    assert_true(n >= 0);
    (void)close(w->log_file);
    return arena_str(w->arena, (str){text, (size_t)n});
}

void web_free(struct web *w)
{
    arena_free(w->arena);
}

int web_connect(struct web *w, str bytes)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)http_server_port(w->http)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {PATIENCE_S, 0};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    while (bytes.n) {
        ssize_t n = send(fd, bytes.p, bytes.n, 0);

        assert_true(n > 0);
        bytes = str_slice(bytes, (size_t)n, bytes.n);
    }
    return fd;
}

str web_read(struct web *w, int fd)
{
    char piece[16384];
    struct buf all = {0};
    ssize_t n;

    buf_init(&all, (size_t)32 << 20);
    while ((n = recv(fd, piece, sizeof(piece), 0)) > 0)
        buf_add_bytes(&all, piece, (size_t)n);
    assert_true(n == 0 && buf_ok(&all));
    str text = arena_str(w->arena, buf_str(&all));
    buf_done(&all);
    (void)close(fd);
    return text;
}

str web_ask(struct web *w, const char *bytes)
{
    return web_read(w, web_connect(w, str_from(bytes)));
}

str web_post(struct web *w, const char *target, const char *type, const char *more_head,
             const char *body)
{
    return web_ask(w, arena_printf(w->arena,
                                   "POST %s HTTP/1.1\r\n" WEB_HOST
                                   "Content-Type: %s\r\nContent-Length: %zu\r\n%s\r\n%s",
                                   target, type, strlen(body), more_head, body)
                          .p);
}

int web_status(str answer)
{
    int64_t status = 0;

    if (!str_starts(answer, STR("HTTP/1.1 ")) || !str_to_int64(str_slice(answer, 9, 12), &status))
        return 0;
    return (int)status;
}

str web_header(str answer, const char *name, size_t nth)
{
    str head = str_slice(answer, 0, str_find(answer, STR("\r\n\r\n")));

    while (head.p) {
        str line = str_trim(str_take_until(&head, '\n'));
        str key = str_take_until(&line, ':');

        if (line.p && str_eq_nocase(key, str_from(name)) && nth-- == 0)
            return str_trim(line);
    }
    return (str){NULL, 0};
}

str web_body(str answer)
{
    size_t end = str_find(answer, STR("\r\n\r\n"));

    return end == SIZE_MAX ? (str){NULL, 0} : str_slice(answer, end + 4, answer.n);
}

int web_has(str text, const char *part)
{
    return str_find(text, str_from(part)) != SIZE_MAX;
}
